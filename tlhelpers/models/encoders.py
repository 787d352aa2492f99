"""BERT-like encoders: texts in, one vector per text out."""

from __future__ import annotations

import torch
from torch import nn

from tlhelpers.checks import is_int, known, whole
from tlhelpers.models.backbones import weights_digest
from tlhelpers.models.tokenizing import Tokens, refuse_other_tokenizer

POOLS = ("mean", "cls", "max")
LONGEST = 256


class Encoder(nn.Module):
    """A BERT-like network and the tokenizer that belongs to it; gives one vector per text.

    Parameters
    ----------
    model : transformers.PreTrainedModel
    tokenizer : transformers.PreTrainedTokenizerBase
    name : str
    provenance : dict
        Where the weights come from.
    pool : {"mean", "cls", "max"}
        How the vectors of a text's tokens become one: their mean or maximum, without those that
        only fill up, or the first token's.
    max_length : int
        Longer texts are cut to so many tokens, and a warning tells of it.

    Attributes
    ----------
    feature_size : int
    layers : list of int
        Numbers of the layers: 0 is the embeddings, before any context.
    transform : callable
        Texts to ``input_ids`` and ``attention_mask``, int64 (n, length of the longest).

    Raises
    ------
    ValueError
        If the tokenizer does not belong to the network, `pool` is unknown, or `max_length` leaves
        no place for a word.
    """

    def __init__(
        self,
        model,
        tokenizer,
        name: str,
        provenance: dict,
        pool: str = "mean",
        max_length: int = LONGEST,
    ):
        super().__init__()
        known("pool", pool, POOLS)
        max_length = whole("max_length", max_length, 3)  # start, one token, end
        refuse_other_tokenizer(model.config, tokenizer)
        self.model, self.name, self.provenance, self.pool = model, name, provenance, pool
        self.feature_size = model.config.hidden_size
        self.layers = list(range(model.config.num_hidden_layers + 1))
        self.transform = Tokens(tokenizer, min(max_length, _places(model, max_length)))
        # What it adds is trained for another task, and no pooling here asks for it.
        if getattr(model, "pooler", None) is not None:
            model.pooler = None

    @property
    def options(self) -> dict:
        """What `load_encoder` must be given to build one like it."""
        return {"pool": self.pool, "max_length": self.transform.max_length}

    @property
    def tokenizer(self):
        """The tokenizer that belongs to the network."""
        return self.transform.tokenizer

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """int64 (n, length) each to float (n, feature_size)."""
        hidden = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return pooled(hidden, attention_mask, self.pool)

    def hidden_states(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        """What each of `layers` gives, float (n, length, feature_size)."""
        inputs = {"input_ids": input_ids, "attention_mask": attention_mask}
        return self.model(**inputs, output_hidden_states=True).hidden_states

    def layer_number(self, layer: int) -> int:
        """The number of a layer, counted from 0 also where it was counted from the end."""
        count = len(self.layers)
        if not is_int(layer) or not -count <= layer < count:
            raise ValueError(
                f"layer must lie between 0 and {count - 1} or be negative, got {layer!r}"
            )
        return layer % count

    def layer_groups(self) -> list[list[nn.Module]]:
        """Embeddings, then each layer of the encoder."""
        stack = getattr(self.model, "encoder", None) or getattr(self.model, "transformer", None)
        if not hasattr(stack, "layer") or not hasattr(self.model, "embeddings"):
            kind = type(self.model).__name__
            raise ValueError(f"the layers of {kind} are not known: take a model like BERT")
        return [[self.model.embeddings], *([layer] for layer in stack.layer)]

    def fingerprint(self) -> str:
        """SHA-256 over the names and values of all weights."""
        return weights_digest(self.model.state_dict())

    def __repr__(self) -> str:
        millions = sum(p.numel() for p in self.parameters()) / 1e6
        return (
            f"{self.name}: {millions:.1f} M weights, {self.provenance['weights']}, "
            f"{self.feature_size} features, {self.model.config.num_hidden_layers} layers"
        )


def _places(model, otherwise: int) -> int:
    """How many tokens a network has positions for."""
    table = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    if table is None:
        return getattr(model.config, "max_position_embeddings", otherwise)
    # RoBERTa counts its positions from the number after the one for what fills up.
    return table.num_embeddings - (0 if table.padding_idx is None else table.padding_idx + 1)


def pooled(hidden: torch.Tensor, mask: torch.Tensor, pool: str = "mean") -> torch.Tensor:
    """One vector per text out of one per token; tokens that fill up are left out.

    Parameters
    ----------
    hidden : float tensor, shape (n, length, d)
    mask : int tensor, shape (n, length)
        1 for a token, 0 for what fills up.
    pool : {"mean", "cls", "max"}

    Returns
    -------
    float tensor, shape (n, d)

    Raises
    ------
    ValueError
        If `pool` is unknown.
    """
    known("pool", pool, POOLS)
    there = mask.unsqueeze(2).to(hidden.dtype)
    if pool == "cls":
        return hidden[:, 0]
    if pool == "max":
        return hidden.masked_fill(there == 0, -torch.inf).amax(1)
    return (hidden * there).sum(1) / there.sum(1)
