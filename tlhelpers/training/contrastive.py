"""Few labels, the SetFit way: pairs of texts pull an encoder into shape, then a linear head."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import numpy as np
import torch

from tlhelpers.checks import whole, whole_numbers
from tlhelpers.data.texts import TextSet
from tlhelpers.models.encoders import Encoder
from tlhelpers.models.heads import new_linear_head
from tlhelpers.models.text_features import encode
from tlhelpers.training.by_steps import train_by_steps
from tlhelpers.training.optimizers import check_rate


def draw_pairs(labels, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of different items, by turns of one class and of two.

    Parameters
    ----------
    labels : int array, shape (n,)
    count : int
    seed : int

    Returns
    -------
    first, second : int64 array, shape (count,)
    same : bool array, shape (count,)

    Raises
    ------
    ValueError
        If there is one class only, or no class has two items.
    """
    labels = whole_numbers(labels, "labels")
    rng = np.random.default_rng(whole("seed", seed, 0))
    alike = labels[:, None] == labels
    mates = {True: alike & ~np.eye(len(labels), dtype=bool), False: ~alike}
    for kind, table in mates.items():
        if not table.any():
            need = "two texts of one class" if kind else "texts of two classes"
            raise ValueError(f"pairs need {need}: draw more labels")
    same = np.arange(whole("count", count)) % 2 == 0
    first, second = np.empty(count, np.int64), np.empty(count, np.int64)
    for place, kind in enumerate(same.tolist()):
        table = mates[kind]
        first[place] = rng.choice(np.flatnonzero(table.any(1)))
        second[place] = rng.choice(np.flatnonzero(table[first[place]]))
    return first, second, same


def tune_contrastively(
    encoder: Encoder,
    texts: Sequence[str],
    labels,
    *,
    steps: int = 40,
    lr: float = 1e-4,
    batch_size: int = 16,
    seed: int = 0,
    precision: str = "float32",
    progress: bool = True,
) -> Encoder:
    """Bring texts of one class together and those of two apart [1]_; a copy is tuned.

    The loss is the squared distance of a pair's cosine from 1 (one class) or 0 (two classes). Few
    labels make many pairs: 16 texts make 120.

    Parameters
    ----------
    encoder : Encoder
    texts : sequence of str
    labels : int array, shape (n,)
    steps : int
    lr : float
        It climbs over a tenth of the steps, then goes down to 0 in a line.
    batch_size : int
        Pairs per step, half of them of one class.
    seed : int
        Draws pairs and dropout.
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
        If texts and labels do not fit each other, or make no pairs.
    CourseError
        If the loss stops being a number.

    References
    ----------
    .. [1] Tunstall et al., Efficient few-shot learning without prompts, 2022, arXiv:2209.11055.
    """
    check_rate("lr", lr)
    whole("steps", steps)
    whole("batch_size", batch_size, 2)
    labels, rows = whole_numbers(labels, "labels"), encoder.transform.numbers(texts)
    if len(rows) != len(labels):
        raise ValueError(f"{len(rows)} texts, but {len(labels)} labels")
    first, second, same = draw_pairs(labels, steps * batch_size, seed)
    tuned = copy.deepcopy(encoder)
    trained = [weight for weight in tuned.parameters() if weight.requires_grad]
    if not trained:
        raise ValueError("every weight is frozen: unfreeze(encoder) first")

    def loss_of(items: np.ndarray, device: torch.device) -> torch.Tensor:
        # A text in several pairs goes through the encoder once.
        own, back = np.unique([first[items], second[items]], return_inverse=True)
        a, b = torch.from_numpy(back.reshape(2, -1)).to(device)
        given = encoder.transform.padded([rows[i] for i in own])
        vectors = tuned(**{name: x.to(device) for name, x in given.items()}).float()
        cosine = torch.cosine_similarity(vectors[a], vectors[b])
        wanted = torch.from_numpy(same[items]).to(device, torch.float32)
        return torch.nn.functional.mse_loss(cosine, wanted)

    options = {"steps": steps, "batch_size": batch_size, "seed": seed, "precision": precision}
    optimizer = torch.optim.AdamW(trained, lr)
    train_by_steps(tuned, optimizer, loss_of, len(first), progress=progress, **options)
    return tuned


def contrastive_head(encoder: Encoder, C: float = 10.0, **options) -> Callable:
    """A strategy for `evaluation.repeat`: `tune_contrastively`, then a linear head on the vectors.

    Parameters
    ----------
    encoder : Encoder
        Each trial starts from it; it is left as it is.
    C : float
        As in `new_linear_head`.
    **options
        As in `tune_contrastively`, but for the seed, which is the trial's.

    Returns
    -------
    callable
        ``strategy(trial)`` gives the predicted labels of each test set of texts, by its name.
    """

    def strategy(trial) -> dict[str, np.ndarray]:
        part: TextSet = trial.source.subset(trial.train)
        usual = {"progress": False} | options
        tuned = tune_contrastively(encoder, part.texts, part.labels, seed=trial.seed, **usual)

        def rows_of(texts: TextSet) -> np.ndarray:
            return encode(tuned, texts, cache=False, progress=False)

        head = new_linear_head(C).fit(rows_of(part), part.labels)
        return {name: head.predict(rows_of(test)) for name, test in trial.tests().items()}

    return strategy
