"""Training: one short loop for pictures and texts, and head first then body."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch
from scipy.special import softmax
from torch import nn

from tlhelpers.checks import is_int
from tlhelpers.data.images import ImageSet
from tlhelpers.data.texts import TextSet
from tlhelpers.errors import CourseError
from tlhelpers.models.precision import PRECISIONS
from tlhelpers.training.batches import SETS, Batches, Labelled, batches_of, labelled, steps
from tlhelpers.training.checkpoints import Checkpoint
from tlhelpers.training.freezing import (
    freeze,
    frozen_hashes,
    hold_statistics,
    param_groups,
    unfreeze,
)
from tlhelpers.training.loop import Run, apply_to, random_state_put_back
from tlhelpers.training.schedules import SCHEDULES, rate_factor


@dataclass(frozen=True, eq=False)
class History:
    """What happened while a model trained.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per epoch: `epoch` (from 1), `loss` and `accuracy` on the training items as they
        were learned from, `valid_loss` and `valid_accuracy` if there was validation, `seconds`.
    best_epoch : int
        Whose weights the model has now.
    """

    table: pd.DataFrame
    best_epoch: int

    @property
    def seconds(self) -> float:
        """Wall time of all epochs, validation included."""
        return float(self.table["seconds"].sum())


def fit(
    model: nn.Module,
    data: ImageSet | TextSet | Batches,
    labels=None,
    *,
    epochs: int = 5,
    lr: float | slice = 1e-3,
    weight_decay: float = 0.01,
    schedule: str = "constant",
    warmup: float = 0.0,
    batch_size: int = 16,
    validation=None,
    patience: int | None = None,
    augment=None,
    optimizer: torch.optim.Optimizer | None = None,
    seed: int = 0,
    precision: str = "float32",
    checkpoint=None,
    resume: bool = True,
    quiet: bool = False,
) -> History:
    """Train what is not frozen to tell the classes apart; the model is changed in place.

    Cross-entropy and AdamW [1]_ unless told otherwise; accelerate chooses the device. Each epoch
    draws its random numbers from the seed and its own number, and the random state of the process
    is put back at the end. The model is left in evaluation mode.

    Parameters
    ----------
    model : nn.Module
        Gives logits, float (k, n_classes).
    data : ImageSet, TextSet or callable
        Pictures or texts, which the model's own ``transform`` makes ready, or a function that takes
        indices (int array (k,)) and returns what the model takes: a tensor, a tuple of arguments
        or a mapping of named ones.
    labels : int array, shape (n,), optional
        Those of the set when left out.
    epochs : int
    lr, weight_decay : float or slice, float
        As in `param_groups`.
    schedule : {"constant", "linear", "cosine"}
    warmup : float
        How the rates change over all steps, as in `schedules.rate_factor`.
    batch_size : int
        At most so many items per step; an epoch is cut into steps of equal size, so that no step
        is left with a single item.
    validation : ImageSet, TextSet, or tuple of data and labels, optional
        Measured after each epoch; never augmented.
    patience : int, optional
        Stop after so many epochs without a lower loss on `validation`, and go back to the weights
        of the best epoch.
    augment : callable, optional
        As in `image_batches`; for an ImageSet only.
    optimizer : torch.optim.Optimizer, optional
        Instead of AdamW; `lr` and `weight_decay` are then its own.
    seed : int
        0 or more.
    precision : {"float32", "bfloat16", "auto"}
        ``"auto"`` takes bfloat16 where the device computes in it. Weights stay float32.
    checkpoint : path, optional
        A file that is replaced after each epoch.
    resume : bool
        Go on from `checkpoint`, if it exists: the result is that of a run without interruption.
        A run that had come to its end only loads it. With False it is written anew.
    quiet : bool
        Print no line per epoch.

    Returns
    -------
    History

    Raises
    ------
    ValueError
        If the arguments do not fit together, there is one class only, all is frozen, or the
        optimizer lacks a weight that should train.
    CourseError
        If the loss stops being a number (the message names epoch and step), a frozen weight has
        moved, or the checkpoint is of another run.

    References
    ----------
    .. [1] Loshchilov and Hutter, Decoupled weight decay regularization, ICLR 2019,
       arXiv:1711.05101.
    """
    _check_numbers(epochs, batch_size, patience, seed, validation, precision, schedule, warmup)
    train = labelled(model, data, labels, augment)
    valid = None if validation is None else _held_out(model, validation)
    optimizer = _checked_optimizer(model, optimizer, lr, weight_decay)
    factor = partial(rate_factor, schedule=schedule, warmup=warmup)
    run, frozen = Run(model, optimizer, precision, batch_size, seed, factor), frozen_hashes(model)
    numbers = {"batch_size": batch_size, "seed": seed, "precision": precision}
    numbers |= {"augmentation": augment is not None, "early stopping": patience is not None}
    numbers |= _schedule_setting(schedule, warmup, epochs)
    store = Checkpoint(checkpoint, numbers | _settings(model, train, valid, optimizer, frozen))
    rows, best = store.read(model, run.optimizer, epochs) if resume else ([], None)
    with random_state_put_back(run.device):
        while len(rows) < epochs and not _is_over(rows, patience):
            rows.append(_one_epoch(run, train, valid, frozen, len(rows) + 1, epochs))
            if patience and _best(rows) == len(rows):
                best = {k: v.detach().cpu().clone() for k, v in model.state_dict().items()}
            store.write(model, run.optimizer, rows, best)
            _tell(rows[-1], epochs, quiet)
    if patience:
        model.load_state_dict(best)
    model.eval()
    return History(pd.DataFrame(rows), _best(rows) if patience else len(rows))


def fine_tune(
    model: nn.Module,
    data: ImageSet | TextSet | Batches,
    labels=None,
    *,
    head_epochs: int = 3,
    epochs: int = 5,
    lr: float | slice = slice(1e-5, 1e-3),
    head_lr: float | None = None,
    train_bn: bool = False,
    hold_bn: bool = True,
    features: np.ndarray | None = None,
    checkpoint=None,
    **options,
) -> History:
    """Head first, then everything: a random head at a high rate would spoil the body.

    The head learns on frozen features before the first gradient reaches the body, so that the body
    has less to change [1]_. The words are fastai's.

    Parameters
    ----------
    model : nn.Module
        As for `layer_groups`; all of it is unfrozen at the end.
    data, labels
        As in `fit`.
    head_epochs, epochs : int
        With the head alone, and then with everything.
    lr : float or slice
        Of the second part, as in `param_groups`.
    head_lr : float, optional
        Of the first part; the head's rate in `lr` when left out.
    train_bn : bool
        As in `freeze_to`, for the first part.
    hold_bn : bool
        Hold BatchNorm statistics in the second part too, as `hold_statistics` does; False lets
        them follow the batches, as torch and fastai do unless told otherwise.
    features : float array, shape (n, feature_size), optional
        What the body gives for the items, e.g. from `extract_features`. The head of a `Classifier`
        then learns on them in seconds: no epoch of the first part runs through the body, which
        stands still anyway.
    checkpoint : path, optional
        Two files are made out of it: its name with ``.head`` and with ``.body``.
    **options
        As in `fit`, for both parts.

    Returns
    -------
    History
        The table has a column `part` ("head" or "body"), and epochs count on.

    References
    ----------
    .. [1] Kumar et al., Fine-tuning can distort pretrained features and underperform
       out-of-distribution, ICLR 2022, arXiv:2202.10054.
    """
    if "optimizer" in options:
        raise ValueError("fine_tune builds an optimizer for each part: call fit twice for your own")
    if head_lr is None:
        head_lr = lr.stop if isinstance(lr, slice) else lr
    paths = [checkpoint and f"{checkpoint}.{part}" for part in ("head", "body")]
    freeze(model, train_bn)
    first = {"epochs": head_epochs, "lr": head_lr, "checkpoint": paths[0], **options}
    if features is None:
        head = fit(model, data, labels, **first)
    else:
        given = data.labels if labels is None and isinstance(data, SETS) else labels
        if train_bn:
            raise ValueError("features stand still: leave out features or train_bn")
        head = fit_head(model, features, given, **first)
    unfreeze(model)
    if hold_bn:
        hold_statistics(model)
    body = fit(model, data, labels, epochs=epochs, lr=lr, checkpoint=paths[1], **options)
    tables = [head.table.assign(part="head"), body.table.assign(part="body")]
    tables[1]["epoch"] += len(head.table)
    return History(pd.concat(tables, ignore_index=True), len(head.table) + body.best_epoch)


def fit_head(model: nn.Module, features: np.ndarray, labels, **options) -> History:
    """Train the linear head of a `Classifier` on features of its body, which stands still.

    Parameters
    ----------
    model : Classifier
    features : float array, shape (n, feature_size)
        What the body gives for the items, e.g. from `extract_features`.
    labels : int array, shape (n,)
    **options
        As in `fit`, without augmentation and validation.

    Returns
    -------
    History

    Raises
    ------
    ValueError
        If features and labels do not fit the model or each other, or an option has no place.
    """
    size = getattr(getattr(model, "linear_head", None), "in_features", None)
    features = torch.as_tensor(features, dtype=torch.float32)
    if features.ndim != 2 or features.shape[1] != size:
        raise ValueError(f"features must have the shape (n, {size}), got {tuple(features.shape)}")
    if labels is None or len(features) != len(labels):
        given = 0 if labels is None else len(labels)
        raise ValueError(f"{len(features)} rows of features, but {given} labels")
    forbidden = [n for n in ("augment", "validation", "patience") if options.get(n) is not None]
    if forbidden:
        raise ValueError(f"features stand still: leave out features or {forbidden[0]}")
    return fit(nn.Sequential(model.linear_head), lambda i: features[i], labels, **options)


def predict(
    model: nn.Module,
    data: ImageSet | TextSet | Batches,
    count: int | None = None,
    batch_size: int = 32,
) -> np.ndarray:
    """The most likely class of each item; the model is left in evaluation mode.

    Parameters
    ----------
    model : nn.Module
    data : ImageSet, TextSet or callable
        As in `fit`.
    count : int, optional
        How many items a callable has.
    batch_size : int

    Returns
    -------
    int64 array, shape (n,)
    """
    return outputs(model, data, count, batch_size).argmax(axis=1)


def predict_proba(
    model: nn.Module,
    data: ImageSet | TextSet | Batches,
    count: int | None = None,
    batch_size: int = 32,
) -> np.ndarray:
    """The probability of each class, a softmax of what the model gives; as `predict`.

    Parameters
    ----------
    model, data, count, batch_size
        As in `predict`.

    Returns
    -------
    float64 array, shape (n, number of classes)
    """
    return softmax(outputs(model, data, count, batch_size).astype(np.float64), axis=1)


def outputs(
    model: nn.Module,
    data: ImageSet | TextSet | Batches,
    count: int | None = None,
    batch_size: int = 32,
) -> np.ndarray:
    """What the model gives for each item, as it is; as `predict`.

    Parameters
    ----------
    model, data, count, batch_size
        As in `predict`.

    Returns
    -------
    float32 array, shape (n, k)
    """
    if not isinstance(data, SETS) and not is_int(count):
        raise ValueError("say how many items there are to predict: count=…")
    items = np.arange(len(data) if count is None else count)
    if isinstance(data, TextSet):  # texts of like length go together: little is filled up
        items = np.argsort([len(text) for text in data.texts], kind="stable")
    device = next(model.parameters()).device
    batches = batches_of(model, data)
    model.eval()
    with torch.inference_mode():
        parts = [apply_to(model, batches(part), device) for part in steps(items, batch_size)]
    found = torch.cat(parts).float().cpu().numpy()
    in_order = np.empty_like(found)
    in_order[items] = found
    return in_order


def _one_epoch(
    run: Run, train: Labelled, valid: Labelled | None, frozen: dict, number: int, epochs: int
) -> dict:
    start = time.perf_counter()
    row = {"epoch": number, **run.epoch(train, number, epochs)}
    _refuse_moved(frozen, run.model)
    row |= run.measure(valid, number) if valid else {}
    return {**row, "seconds": time.perf_counter() - start}


def _tell(row: dict, epochs: int, quiet: bool) -> None:
    if quiet:
        return
    text = f"epoch {row['epoch']}/{epochs}: loss {row['loss']:.3f}, accuracy {row['accuracy']:.2f}"
    if "valid_loss" in row:
        text += f"; validation {row['valid_loss']:.3f}, {row['valid_accuracy']:.2f}"
    print(f"{text} ({row['seconds']:.1f} s)", flush=True)


# ---------------------------------------------------------------- early stopping


def _best(rows: list[dict]) -> int:
    """The epoch with the lowest loss on the validation items; of equals the first."""
    return 1 + min(range(len(rows)), key=lambda i: rows[i]["valid_loss"])


def _is_over(rows: list[dict], patience: int | None) -> bool:
    return bool(patience and rows) and len(rows) - _best(rows) >= patience


# ---------------------------------------------------------------- guards


def _check_numbers(
    epochs, batch_size, patience, seed, validation, precision, schedule, warmup
) -> None:
    for name, value in {"epochs": epochs, "batch_size": batch_size}.items():
        if not is_int(value) or value < 1:
            raise ValueError(f"{name} must be a whole number from 1 on, got {value!r}")
    if not is_int(seed) or seed < 0:
        raise ValueError(f"seed must be a whole number from 0 on, got {seed!r}")
    if patience is not None and (not is_int(patience) or patience < 1):
        raise ValueError(f"patience must be a whole number from 1 on, got {patience!r}")
    if patience is not None and validation is None:
        raise ValueError("patience needs validation=… to tell which epoch is the best")
    if precision not in PRECISIONS:
        raise ValueError(f"unknown precision {precision!r}: known: {', '.join(PRECISIONS)}")
    if schedule not in SCHEDULES:
        raise ValueError(f"unknown schedule {schedule!r}: known: {', '.join(SCHEDULES)}")
    if not 0 <= warmup < 1:
        raise ValueError(f"warmup is a share of all steps, from 0 on and below 1, got {warmup!r}")


def _held_out(model: nn.Module, validation) -> Labelled:
    if isinstance(validation, SETS):
        return labelled(model, validation)
    if not isinstance(validation, tuple) or len(validation) != 2:
        raise ValueError("validation must be an ImageSet, a TextSet or a tuple of data and labels")
    return labelled(model, *validation)


def _checked_optimizer(model: nn.Module, optimizer, lr, weight_decay) -> torch.optim.Optimizer:
    """AdamW on what trains, or the user's own if it holds every weight that trains."""
    if not any(p.requires_grad for p in model.parameters()):
        raise ValueError("every weight is frozen: unfreeze(model) or freeze_to(model, -1) first")
    if optimizer is None:
        optimizer = torch.optim.AdamW(param_groups(model, lr, weight_decay))
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    missing = [name for name, p in trained.items() if id(p) not in held]
    if missing:
        raise ValueError(
            f"the optimizer lacks {len(missing)} of {len(trained)} weights that should train, "
            f"e.g. {missing[0]}: build it after unfreezing, from this model's param_groups"
        )
    return optimizer


def _refuse_moved(before: dict[str, str], model: nn.Module) -> None:
    after = frozen_hashes(model)
    moved = [name for name, value in before.items() if after.get(name) != value]
    if moved:
        raise CourseError(
            f"{len(moved)} frozen tensors moved while training, e.g. {moved[0]}: freeze with "
            "freeze(model), which holds BatchNorm statistics too, and build the optimizer after it"
        )


def _schedule_setting(schedule: str, warmup: float, epochs: int) -> dict:
    """Nothing for a constant rate; else each step depends on how many there will be."""
    if (schedule, warmup) == ("constant", 0):
        return {}
    return {"schedule": f"{schedule}, warm-up {warmup}, {epochs} epochs"}


def _settings(model, train: Labelled, valid: Labelled | None, optimizer, frozen) -> dict:
    """What must be the same for a checkpoint to go on; the number of epochs may change."""
    groups = [{k: v for k, v in g.items() if k != "params"} for g in optimizer.param_groups]
    trained = [(name, tuple(p.shape)) for name, p in model.named_parameters() if p.requires_grad]
    return {
        "class_names": repr(getattr(model, "class_names", None)),
        "training data": train.fingerprint,
        "validation data": valid and valid.fingerprint,
        "optimizer": f"{type(optimizer).__name__} {groups}",
        "trained weights": repr(trained),
        "frozen weights": repr(sorted(frozen.items())),
    }
