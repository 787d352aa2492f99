"""Masked language modelling: hide words of a text, and let an encoder guess them."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import torch
from torch import nn

from tlhelpers.checks import full_texts, is_number, whole
from tlhelpers.models.backbones import seeded
from tlhelpers.models.devices import on_device
from tlhelpers.models.encoders import Encoder

UNASKED = -100  # what cross-entropy passes over, in torch as in transformers


def mask_words(
    ids: torch.Tensor,
    tokenizer,
    seed=0,
    share: float = 0.15,
    masks: float = 0.8,
    swaps: float = 0.1,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Hide some tokens, as BERT [1]_ is pretrained: 80 % become ``[MASK]``, 10 % another token.

    The last 10 % stay as they are, and are asked for all the same: so every token's vector has to
    be worth something, not that of ``[MASK]`` alone.

    Parameters
    ----------
    ids : int64 tensor, shape (n, length)
        Token numbers; it is left as it is.
    tokenizer : transformers.PreTrainedTokenizerBase
        Its special tokens (start, end, padding, unknown, mask) are never chosen.
    seed : int or numpy.random.Generator
    share : float
        How likely each other token is chosen, from 0 to 1.
    masks, swaps : float
        Shares of the chosen ones that become ``[MASK]``, and any token of the vocabulary.

    Returns
    -------
    hidden : int64 tensor, shape (n, length)
    labels : int64 tensor, shape (n, length)
        The true token where one was chosen, else −100, which cross-entropy passes over.

    Raises
    ------
    ValueError
        If a share is none, or the tokenizer has no token for what is hidden.

    References
    ----------
    .. [1] Devlin et al., BERT: pre-training of deep bidirectional transformers for language
       understanding, NAACL 2019, arXiv:1810.04805, section 3.1.
    """
    for name, value in {"share": share, "masks": masks, "swaps": swaps}.items():
        _refuse_no_share(name, value)
    _refuse_no_share("masks + swaps", masks + swaps)
    if tokenizer.mask_token_id is None:
        raise ValueError("the tokenizer has no token for what is hidden: take one like BERT's")
    given = isinstance(seed, np.random.Generator)
    rng = seed if given else np.random.default_rng(whole("seed", seed, 0))
    chance, fate = torch.from_numpy(rng.random((2, *ids.shape)))
    others = torch.from_numpy(rng.integers(len(tokenizer), size=ids.shape))

    special = torch.isin(ids, torch.tensor(tokenizer.all_special_ids))
    chosen = (chance < share) & ~special
    labels = ids.where(chosen, UNASKED)
    hidden = ids.masked_fill(chosen & (fate < masks), tokenizer.mask_token_id)
    swapped = chosen & (fate >= masks) & (fate < masks + swaps)
    return hidden.where(~swapped, others), labels


def _refuse_no_share(name: str, value) -> None:
    if not is_number(value) or not 0 <= value <= 1 + 1e-9:
        raise ValueError(f"{name} must be a share from 0 to 1, got {value!r}")


class MaskedLM(nn.Module):
    """An encoder with a masked-LM head: for each token, how likely each word is in its place.

    The head is that of transformers: a dense layer, then the table of word embeddings once more
    (*tied*: the same weights), turned around, with a bias per word. The dense layer and the biases
    are freshly drawn, so it guesses nothing until it was trained.

    Parameters
    ----------
    encoder : Encoder
        It is copied.
    seed : int
        Draws the head.

    Attributes
    ----------
    encoder : Encoder
    head : nn.Module

    Raises
    ------
    ValueError
        If transformers knows no masked-LM head for this kind of network.
    """

    def __init__(self, encoder: Encoder, seed: int = 0):
        super().__init__()
        self.encoder = copy.deepcopy(encoder)
        with seeded(whole("seed", seed, 0)):
            self.head = _new_head(self.encoder.model)
        self.eval()

    @property
    def transform(self):
        """The encoder's own: texts to ``input_ids`` and ``attention_mask``."""
        return self.encoder.transform

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, places: torch.Tensor
    ) -> torch.Tensor:
        """Logits at the `places` (bool, as `input_ids`) alone, float (places, vocabulary)."""
        inputs = {"input_ids": input_ids, "attention_mask": attention_mask}
        return self.head(self.encoder.model(**inputs).last_hidden_state[places])

    @torch.inference_mode()
    def guess(self, input_ids, attention_mask, places) -> torch.Tensor:
        """Logarithms of the probabilities at the places, on the processor; in evaluation mode."""
        self.eval()
        with on_device(self, changes=False) as device:
            inputs = [x.to(device) for x in (input_ids, attention_mask, places)]
            return self(*inputs).float().log_softmax(1).cpu()


def _new_head(model: nn.Module) -> nn.Module:
    """The head that transformers puts on such a network, tied to its word embeddings."""
    from transformers import AutoModelForMaskedLM

    config = copy.deepcopy(model.config)
    config.tie_word_embeddings = True
    try:
        whole_model = AutoModelForMaskedLM.from_config(
            config, dtype=torch.float32, trust_remote_code=False
        )
    except ValueError as error:
        kind = type(model).__name__
        raise ValueError(f"{kind} has no masked-LM head: take a model like BERT") from error
    setattr(whole_model, whole_model.base_model_prefix, model)
    whole_model.tie_weights()
    for name in ("cls", "lm_head"):  # BERT and its like, RoBERTa
        if hasattr(whole_model, name):
            return getattr(whole_model, name)
    names = ("vocab_transform", "activation", "vocab_layer_norm", "vocab_projector")
    if not all(hasattr(whole_model, name) for name in names):
        raise ValueError(f"the head of {type(whole_model).__name__} is not known")
    return nn.Sequential(*(getattr(whole_model, name) for name in names))  # DistilBERT


def masked_loss(model: MaskedLM, inputs: dict, labels: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy over the places that are asked for; 0 where there is none."""
    places = labels != UNASKED
    losses = nn.functional.cross_entropy(
        model(**inputs, places=places), labels[places], reduction="sum"
    )
    return losses / places.sum().clamp(min=1)


def fill_in(guesser, text: str, k: int = 5) -> pd.DataFrame:
    """The likeliest words for each ``[MASK]`` of a text.

    Parameters
    ----------
    guesser : MaskedLM or NeighbourCounts
    text : str
        E.g. ``"I ate a [MASK] ."``, with the mask as the tokenizer writes it.
    k : int
        How many words for each.

    Returns
    -------
    pandas.DataFrame
        `gap` (from 1), `word`, which may be a part of one, and `probability`.

    Raises
    ------
    ValueError
        If the text holds no mask, or none is left after it was cut to what the encoder takes.
    """
    transform, [text] = guesser.transform, full_texts([text])
    tokenizer = transform.tokenizer
    whole("k", k, 1, len(tokenizer))
    inputs = transform([text])
    places = inputs["input_ids"] == tokenizer.mask_token_id
    if not places.any():
        raise ValueError(f"{text!r} holds no {tokenizer.mask_token} that the encoder would see")
    best = guesser.guess(**inputs, places=places).exp().topk(k)
    return pd.DataFrame(
        {
            "gap": np.repeat(np.arange(len(best.values)) + 1, k),
            "word": tokenizer.convert_ids_to_tokens(best.indices.flatten().tolist()),
            "probability": best.values.flatten().numpy(),
        }
    )


def cut_to_pieces(transform, texts, longest: int = 64) -> list[list[int]]:
    """Texts as rows of at most `longest` tokens, each with marks of start and end; none is lost."""
    size = min(whole("longest", longest, 3), transform.max_length) - 2
    pieces = []
    for row in transform.tokenizer(full_texts(texts), verbose=False)["input_ids"]:
        start, *inner, end = row
        pieces += [[start, *inner[i : i + size], end] for i in range(0, len(inner), size)]
    if not pieces:
        raise ValueError("the tokenizer leaves nothing of these texts: look at what they hold")
    return pieces


def measure_guesses(
    guesser, texts, seed: int = 0, share: float = 0.15, longest: int = 64, batch_size: int = 32
) -> dict[str, float]:
    """How well hidden tokens are guessed; all that are chosen become ``[MASK]``.

    Parameters
    ----------
    guesser : MaskedLM or NeighbourCounts
        Both see the same texts with the same gaps.
    texts : sequence of str
    seed : int
        Chooses what is hidden.
    share, longest : float, int
        As in `mask_words` and `pretrain`.
    batch_size : int

    Returns
    -------
    dict
        `loss` (mean cross-entropy), `accuracy` (share of first guesses that are right) and
        `places` (how many were asked for).

    Raises
    ------
    ValueError
        If no token was chosen.
    """
    rows = sorted(cut_to_pieces(guesser.transform, texts, longest), key=len)
    rng = np.random.default_rng(whole("seed", seed, 0))
    loss = right = count = 0
    for start in range(0, len(rows), whole("batch_size", batch_size)):
        inputs = guesser.transform.padded(rows[start : start + batch_size])
        tokenizer = guesser.transform.tokenizer
        hidden, labels = mask_words(inputs["input_ids"], tokenizer, rng, share, 1.0, 0.0)
        places = labels != UNASKED
        guessed = guesser.guess(hidden, inputs["attention_mask"], places)
        loss -= guessed.gather(1, labels[places][:, None]).sum().item()
        right += (guessed.argmax(1) == labels[places]).sum().item()
        count += len(guessed)
    if not count:
        raise ValueError("no token was hidden: give more texts, or a larger share")
    return {"loss": loss / count, "accuracy": right / count, "places": count}
