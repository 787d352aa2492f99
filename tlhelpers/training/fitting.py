"""Training: of what is not frozen, of the head on features, and head first, then everything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import nn

from tlhelpers.checks import whole
from tlhelpers.data.images import ImageSet
from tlhelpers.data.texts import TextSet
from tlhelpers.models.devices import on_device
from tlhelpers.setup.memory import give_back_memory
from tlhelpers.training.batches import SETS, Batches, Labelled, attach_labels
from tlhelpers.training.checkpoints import Checkpoint, settings_of
from tlhelpers.training.early_stopping import EarlyStopping
from tlhelpers.training.freezing import (
    freeze,
    frozen_hashes,
    hold_statistics,
    refuse_moved,
    unfreeze,
)
from tlhelpers.training.imbalance import correct_imbalance
from tlhelpers.training.loop import Run
from tlhelpers.training.optimizers import check_rate, follow_weights, make_optimizer
from tlhelpers.training.saving_memory import Ways
from tlhelpers.training.schedules import check_schedule
from tlhelpers.training.team import join_team


@dataclass(frozen=True, eq=False)
class History:
    """What happened while a model trained.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per epoch: `epoch` (from 1), `loss` and `accuracy` on the training items as they
        were learned from (before each step, augmented, in train mode), `valid_loss` and
        `valid_accuracy` if there was validation (after the epoch), `seconds`.
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
    class_weights=None,
    balanced_draws: bool = False,
    optimizer: torch.optim.Optimizer | None = None,
    seed: int = 0,
    precision: str = "float32",
    accumulate: int = 1,
    recompute: bool = False,
    compile: bool | str = False,
    checkpoint=None,
    resume: bool = True,
    quiet: bool = False,
) -> History:
    """Train what is not frozen to tell the classes apart; the model is changed in place.

    Cross-entropy and AdamW [1]_ unless told otherwise, on the accelerator there is; afterwards the
    model lies where it was. Each epoch draws its random numbers from the seed and its own number,
    and the random state of the process is put back at the end. The model is left in evaluation
    mode.

    In a script that ``accelerate launch`` or ``torchrun`` has started in several processes, each
    takes its share of every step, and their gradients are averaged: but for rounding the result is
    that of one process, unless BatchNorm layers learn, which see a share each, or random numbers
    are drawn, as by dropout. The first process alone prints and writes the checkpoint.

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
        How the rates change over all steps. In the warm-up, a share of all steps from 0 on and
        below 1, they climb from 0 in a straight line; then they stay, or go down to 0 in a straight
        line or along half a cosine [2]_.
    batch_size : int
        At most so many items per step, of all processes together; an epoch is cut into steps of
        equal size, so that no step is left with a single item (with steps of two, an odd number
        leaves three to one).
    validation : ImageSet, TextSet, or tuple of data and labels, optional
        Measured after each epoch; never augmented.
    patience : int, optional
        Stop after so many epochs without a lower loss on `validation`, and go back to the weights
        of the best epoch.
    augment : callable, optional
        For an ImageSet only: uint8 tensor (3, height, width) to a uint8 tensor of one shape for
        all, as those of ``torchvision.transforms.v2``. It is called for each picture by itself,
        before the transform.
    class_weights : "balanced" or float array, shape (n_classes,), optional
        How much an item of each class counts in the loss of training and of validation; only the
        ratios count, since they are scaled to 1 on average over the training items. ``"balanced"``
        weighs against the number of training items, as scikit-learn has it.
    balanced_draws : bool
        Show as many items per epoch as there are, but of each class the same number: large classes
        show another part of their items in each epoch, small ones their items again.
    optimizer : torch.optim.Optimizer, optional
        Instead of AdamW; `lr` and `weight_decay` are then its own.
    seed : int
        0 or more.
    precision : {"float32", "bfloat16", "auto"}
        ``"auto"`` takes bfloat16 where the device computes in it. Weights stay float32.
    accumulate : int
        Compute each step in so many parts and sum up their gradients: memory for a part is enough,
        and but for rounding the step is the same, unless BatchNorm layers learn.
    recompute : bool
        Keep the input of each block alone and compute the rest again for the gradient: less memory,
        about a third more time. For networks of timm and transformers; BatchNorm layers that learn
        note each batch twice.
    compile : bool or str
        Let torch.compile merge what the network does, by its own choice or by the backend that is
        named. It pays on an accelerator and for many steps of equal size.
    checkpoint : path, optional
        A file that is replaced after each epoch. With it, a run that is cut off leaves the model
        as it was given, so that the same call goes on.
    resume : bool
        Go on from `checkpoint`, if it exists: the result is that of a run without interruption.
        A run that had come to its end only loads it. With False it is written anew. Before the
        first epoch all items are looked at once: if they, their labels, the start weights, the
        transform, the augmentation or an option differ, the file is refused.
    quiet : bool
        Print no line per epoch.

    Returns
    -------
    History

    Raises
    ------
    ValueError
        If the arguments do not fit together, there is one class only, all is frozen, the optimizer
        lacks a weight that should train, or data for a run with a checkpoint differ each time.
    CourseError
        If the loss stops being a number (the message names epoch and step), a frozen weight has
        moved, the checkpoint is of another run (the message says what differs), or it cannot be
        written.

    References
    ----------
    .. [1] Loshchilov and Hutter, Decoupled weight decay regularization, ICLR 2019,
       arXiv:1711.05101.
    .. [2] Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts, ICLR 2017,
       arXiv:1608.03983.
    """
    check_options(epochs, batch_size, seed, schedule, warmup)
    ways, team = Ways(accumulate, recompute, compile), join_team()
    stopping, store = EarlyStopping(patience, validation), Checkpoint(checkpoint)
    train = attach_labels(model, data, labels, augment)
    valid = None if validation is None else _held_out(model, validation)
    train, valid = correct_imbalance(model, train, valid, class_weights, balanced_draws)
    optimizer = make_optimizer(model, optimizer, lr, weight_decay)
    with follow_weights(optimizer), on_device(model) as device:
        how = (precision, batch_size, seed, schedule, warmup, team, ways)
        run = Run(model, optimizer, device, *how)
        with store.put_back_if_cut(model, optimizer):
            team.begin(model, train.labels)
            store.settings = store.path and settings_of(run, epochs, patience, train, valid)
            rows, stopping.weights = store.read(model, optimizer, epochs) if resume else ([], None)
            rows = _train(run, train, valid, epochs, rows, stopping, store, quiet)
        stopping.restore(model)
    return History(pd.DataFrame(rows), stopping.best_epoch(rows))


def _train(
    run: Run,
    train: Labelled,
    valid: Labelled | None,
    epochs: int,
    rows: list[dict],
    stopping: EarlyStopping,
    store: Checkpoint,
    quiet: bool,
) -> list[dict]:
    """Go on after `rows`; each epoch is measured, proves that what is frozen stood, and is kept."""
    frozen = frozen_hashes(run.model)

    def one_epoch(number: int) -> dict[str, float]:
        row = run.train_epoch(train, number, epochs)
        refuse_moved(frozen, run.model)
        return row | (run.measure(valid, number) if valid else {})

    def after_epoch(rows: list[dict]) -> None:
        stopping.keep(rows, run.model)
        if run.team.rank == 0:
            store.write(run.model, run.optimizer, rows, stopping.weights)
        run.team.wait()  # until it is written: who reads it next finds it whole
        give_back_memory()

    quiet = quiet or run.team.rank > 0
    rows = run.repeat(one_epoch, epochs, quiet, rows, stopping.is_over, after_epoch)
    run.optimizer.zero_grad()  # gradients of the last step are as large as the weights
    return rows


def check_options(
    epochs: int, batch_size: int, seed: int, schedule: str, warmup: float = 0.0, smallest: int = 1
) -> None:
    """Refuse numbers that no training can have; `smallest` is that of a batch."""
    whole("epochs", epochs)
    whole("batch_size", batch_size, smallest)
    whole("seed", seed, 0)
    check_schedule(schedule, warmup)


def _held_out(model: nn.Module, validation) -> Labelled:
    """The validation items, from a set or from a tuple of data and labels."""
    if isinstance(validation, SETS):
        return attach_labels(model, validation)
    if not isinstance(validation, tuple) or len(validation) != 2:
        raise ValueError("validation must be an ImageSet, a TextSet or a tuple of data and labels")
    return attach_labels(model, *validation)


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
    """Head first, then everything: a random head at a high rate would spoil the backbone.

    The head learns on frozen features before the first gradient reaches the backbone, which then
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
        What the backbone gives for the items, e.g. from `extract_features`. The head of a
        `Classifier` then learns on them in seconds: no epoch of the first part runs through the
        backbone, which stands still anyway.
    checkpoint : path, optional
        Two files are made out of it: its name with ``.head`` and with ``.all``.
    **options
        As in `fit`, for both parts.

    Returns
    -------
    History
        The table has a column `part` ("head" or "all"), and epochs count on.

    References
    ----------
    .. [1] Kumar et al., Fine-tuning can distort pretrained features and underperform
       out-of-distribution, ICLR 2022, arXiv:2202.10054.
    """
    if "optimizer" in options:
        raise ValueError("fine_tune builds an optimizer for each part: call fit twice for your own")
    if head_lr is None:
        head_lr = lr.stop if isinstance(lr, slice) else lr
    if train_bn and features is not None:
        raise ValueError("features stand still: leave out features or train_bn")
    whole("head_epochs", head_epochs)
    whole("epochs", epochs)
    check_rate("head_lr", head_lr)
    check_rate("lr", lr)
    ends = [None if checkpoint is None else f"{checkpoint}.{part}" for part in ("head", "all")]
    stores = [Checkpoint(path) for path in ends]
    train = attach_labels(model, data, labels, options.get("augment"))
    first = {"epochs": head_epochs, "lr": head_lr, "checkpoint": ends[0], **options}
    with stores[0].put_back_if_cut(model):
        freeze(model, train_bn)
        if features is None:
            head = fit(model, train, **first)
        else:
            head = fit_head(model, features, train.labels, **first)
        unfreeze(model)
        if hold_bn:
            hold_statistics(model)
        rest = fit(model, train, epochs=epochs, lr=lr, checkpoint=ends[1], **options)
    tables = [head.table.assign(part="head"), rest.table.assign(part="all")]
    tables[1]["epoch"] += len(head.table)
    return History(pd.concat(tables, ignore_index=True), len(head.table) + rest.best_epoch)


def fit_head(model: nn.Module, features: np.ndarray, labels, **options) -> History:
    """Train the linear head of a `Classifier` on features of its backbone, which stands still.

    Parameters
    ----------
    model : Classifier
    features : float array, shape (n, feature_size)
        What the backbone gives for the items, e.g. from `extract_features`.
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
    if not isinstance(features, torch.Tensor):
        features = torch.tensor(np.ascontiguousarray(features, dtype=np.float32))
    features = features.detach().to("cpu", torch.float32)
    if features.ndim != 2 or features.shape[1] != size:
        raise ValueError(f"features must have the shape (n, {size}), got {tuple(features.shape)}")
    if labels is None or len(features) != len(labels):
        given = 0 if labels is None else len(labels)
        raise ValueError(f"{len(features)} rows of features, but {given} labels")
    forbidden = [n for n in ("augment", "validation", "patience") if options.get(n) is not None]
    if forbidden:
        raise ValueError(f"features stand still: leave out features or {forbidden[0]}")
    return fit(nn.Sequential(model.linear_head), lambda i: features[i], labels, **options)
