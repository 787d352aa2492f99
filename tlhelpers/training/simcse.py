"""More pretraining without labels, the SimCSE way: a text is its own nearest neighbour."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch

from tlhelpers.checks import full_texts, number, whole
from tlhelpers.models.encoders import Encoder
from tlhelpers.training.by_steps import train_by_steps
from tlhelpers.training.optimizers import check_rate


def simcse_loss(a: torch.Tensor, b: torch.Tensor, temperature: float = 0.05) -> torch.Tensor:
    """How hard it is to find, for each row of `a`, the row of `b` that is the same text [1]_.

    Cross-entropy over the cosines of a row of `a` with all rows of `b`, divided by the temperature.
    It is what sentence-transformers calls ``MultipleNegativesRankingLoss`` (scale 20).

    Parameters
    ----------
    a, b : float tensor, shape (n, d)
        Row i of both is the same text, passed twice with another dropout.
    temperature : float

    Returns
    -------
    float tensor, shape ()

    References
    ----------
    .. [1] Gao, Yao and Chen, SimCSE: simple contrastive learning of sentence embeddings, EMNLP
       2021, arXiv:2104.08821.
    """
    cosine = torch.cosine_similarity(a[:, None], b[None], dim=2)
    itself = torch.arange(len(a), device=a.device)
    return torch.nn.functional.cross_entropy(cosine / temperature, itself)


def pretrain_simcse(
    encoder: Encoder,
    texts: Sequence[str],
    *,
    steps: int = 300,
    lr: float = 3e-5,
    batch_size: int = 32,
    temperature: float = 0.05,
    seed: int = 0,
    precision: str = "float32",
    progress: bool = True,
) -> Encoder:
    """Train a copy of an encoder so that each text stays near itself and apart from the others.

    The two vectors of a text differ by dropout alone, so no label is asked for. `simcse_loss`, and
    AdamW.

    Parameters
    ----------
    encoder : Encoder
        With dropout in its configuration.
    texts : sequence of str
        Two or more.
    steps : int
    lr : float
        It climbs over a tenth of the steps, then goes down to 0 in a line.
    batch_size : int
        2 or more: the others of a batch are what a text is held apart from.
    temperature : float
        Above 0; small ones look at the nearest others alone.
    seed : int
        Draws order and dropout.
    precision : {"float32", "bfloat16", "auto"}
        As in `fit`.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Encoder

    Raises
    ------
    ValueError
        If a number is out of range, a text is empty, there are fewer than two, the encoder has no
        dropout, or all of it is frozen.
    CourseError
        If the loss stops being a number.
    """
    check_rate("lr", lr)
    whole("batch_size", batch_size, 2)
    texts = full_texts(texts)
    if len(texts) < 2:
        raise ValueError(f"each text is held apart from others: give two or more, not {len(texts)}")
    number("temperature", temperature)
    if temperature == 0:
        raise ValueError("temperature must be above 0")
    tuned = copy.deepcopy(encoder)
    _refuse_no_dropout(tuned)
    trained = [weight for weight in tuned.parameters() if weight.requires_grad]
    if not trained:
        raise ValueError("every weight is frozen: unfreeze(encoder) first")
    rows = encoder.transform.numbers(texts)

    def loss_of(items: np.ndarray, device: torch.device) -> torch.Tensor:
        given = encoder.transform.padded([rows[i] for i in np.concatenate([items, items])])
        vectors = tuned(**{name: x.to(device) for name, x in given.items()}).float()
        return simcse_loss(*vectors.split(len(items)), temperature)

    options = {"steps": steps, "batch_size": batch_size, "seed": seed, "precision": precision}
    train_by_steps(
        tuned, torch.optim.AdamW(trained, lr), loss_of, len(rows), progress=progress, **options
    )
    return tuned


def _refuse_no_dropout(encoder: Encoder) -> None:
    parts = [part for part in encoder.modules() if isinstance(part, torch.nn.Dropout)]
    if not any(part.p > 0 for part in parts):
        raise ValueError("the encoder has no dropout: both vectors of a text would be the same")
