"""More pretraining: masked language modelling on texts without labels."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from tlhelpers.checks import whole
from tlhelpers.models.devices import best_device
from tlhelpers.models.encoders import Encoder
from tlhelpers.models.masked_words import (
    MaskedLM,
    cut_to_pieces,
    mask_words,
    masked_loss,
    measure_guesses,
)
from tlhelpers.training.by_steps import train_by_steps
from tlhelpers.training.optimizers import check_rate


@dataclass(frozen=True, eq=False)
class Pretraining:
    """A network that was pretrained further, and how that went.

    Attributes
    ----------
    model : MaskedLM
        For `fill_in`.
    losses : pandas.DataFrame
        `step` (from 1) and `loss` on what the step learned from, before it did.
    held_out : pandas.DataFrame or None
        `measure_guesses` on the held-out texts, in the rows *before* and *after*.
    """

    model: MaskedLM
    losses: pd.DataFrame
    held_out: pd.DataFrame | None

    @property
    def encoder(self) -> Encoder:
        """The encoder as it is now, for `encode` and `Classifier`."""
        return self.model.encoder


def pretrain(
    model: Encoder | MaskedLM,
    texts: Sequence[str],
    *,
    steps: int = 300,
    held_out: Sequence[str] | None = None,
    lr: float = 1e-4,
    head_lr: float = 1e-3,
    batch_size: int = 16,
    share: float = 0.15,
    longest: int = 64,
    seed: int = 0,
    precision: str = "float32",
    progress: bool = True,
) -> Pretraining:
    """Train an encoder to guess hidden words of texts without labels [1]_; a copy is trained.

    AdamW; the rates climb over a tenth of the steps, then go down to 0 in a line. What is frozen in
    the encoder stays still, so that with all of it frozen the head is trained alone.

    Parameters
    ----------
    model : Encoder or MaskedLM
        An encoder gets a freshly drawn head.
    texts : sequence of str
        A long one is cut into several pieces; nothing of it is left out.
    steps : int
    held_out : sequence of str, optional
        Texts to measure the guesses on, before and after. Leave them out of `texts`.
    lr, head_lr : float
        Of the encoder, and of what the head has beyond the encoder's word embeddings.
    batch_size : int
        Pieces per step.
    share : float
        As in `mask_words`.
    longest : int
        Tokens in a piece, at most; never more than the encoder takes.
    seed : int
        Draws head, order, what is hidden, and dropout.
    precision : {"float32", "bfloat16", "auto"}
        As in `fit`.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Pretraining

    Raises
    ------
    ValueError
        If an argument is out of range, or a text is empty.
    CourseError
        If the loss stops being a number.

    References
    ----------
    .. [1] Gururangan et al., Don't stop pretraining: adapt language models to domains and tasks,
       ACL 2020, arXiv:2004.10964.
    """
    whole("steps", steps)
    whole("seed", seed, 0)
    learned = _own_copy(model, seed)
    transform = learned.transform
    rows = cut_to_pieces(transform, texts, longest)
    optimizer = _optimizer(learned, lr, head_lr)
    rng = np.random.default_rng(seed)
    measured = (
        [] if held_out is None else [measure_guesses(learned, held_out, seed, share, longest)]
    )

    def loss_of(items: np.ndarray, device: torch.device) -> torch.Tensor:
        inputs = transform.padded([rows[i] for i in items])
        hidden, labels = mask_words(inputs["input_ids"], transform.tokenizer, rng, share)
        inputs = {name: x.to(device) for name, x in (inputs | {"input_ids": hidden}).items()}
        return masked_loss(learned, inputs, labels.to(device))

    options = {"steps": steps, "batch_size": batch_size, "seed": seed}
    losses = train_by_steps(
        learned, optimizer, loss_of, len(rows), precision=precision, progress=progress, **options
    )
    _note(learned.encoder, steps)
    table = pd.DataFrame({"step": np.arange(1, steps + 1), "loss": losses})
    if held_out is None:
        return Pretraining(learned, table, None)
    measured.append(measure_guesses(learned, held_out, seed, share, longest))
    return Pretraining(learned, table, pd.DataFrame(measured, ["before", "after"]))


def _own_copy(model: Encoder | MaskedLM, seed: int) -> MaskedLM:
    if isinstance(model, MaskedLM):
        return copy.deepcopy(model)
    if not isinstance(model, Encoder):
        raise TypeError(f"give an Encoder or a MaskedLM, got {type(model).__name__}")
    return MaskedLM(model, seed)


def _optimizer(model: MaskedLM, lr: float, head_lr: float) -> torch.optim.AdamW:
    # On a processor one pass over each weight takes a quarter of the time, and no copies of it.
    fused = best_device().type == "cpu"
    return torch.optim.AdamW(_groups(model, lr, head_lr), fused=fused)


def _groups(model: MaskedLM, lr: float, head_lr: float) -> list[dict]:
    """The encoder's weights at one rate, what the head has beyond them at another."""
    check_rate("lr", lr)
    check_rate("head_lr", head_lr)
    shared = {id(weight) for weight in model.encoder.parameters()}
    head = [weight for weight in model.head.parameters() if id(weight) not in shared]
    encoder = [weight for weight in model.encoder.parameters() if weight.requires_grad]
    groups = [{"params": encoder, "lr": lr}, {"params": head, "lr": head_lr}]
    return [group for group in groups if group["params"]]


def _note(encoder: Encoder, steps: int) -> None:
    where = encoder.provenance.get("weights", "weights")
    encoder.provenance["weights"] = f"{where}; {steps} more steps of masked language modelling"
