"""The state of a training run on disk: whole after each epoch, refused where it does not belong."""

from __future__ import annotations

import copy
import io
import pickle
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from tlhelpers.data.images import ImageSet
from tlhelpers.errors import CourseError
from tlhelpers.models.backbones import Transform, weights_digest
from tlhelpers.models.saving import file_to_write
from tlhelpers.setup.files import write_atomically
from tlhelpers.training.batches import SETS, ImageBatches, Labelled, cut_into_steps
from tlhelpers.training.fingerprints import describe_network, digest, digest_of_batches
from tlhelpers.training.freezing import frozen_names
from tlhelpers.training.loop import Run
from tlhelpers.training.saving_memory import PLAIN

START = "start weights"
DAMAGES = (
    OSError,
    RuntimeError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    EOFError,
    pickle.UnpicklingError,
    zipfile.BadZipFile,
)
PROBED = 64  # pictures that an augmentation is tried on


class Checkpoint:
    """One file that holds all a run needs to go on after its last whole epoch.

    Random states need no place in it: each epoch is seeded by its own number. Without a path
    nothing is written or read; a file of a run with other settings is refused.
    """

    def __init__(self, path):
        self.path = None if path is None else file_to_write(path, "checkpoint")
        self.settings: dict[str, str] | None = None

    def write(self, model, optimizer, rows: list[dict], best: dict | None) -> None:
        """Replace the file in one step: rows of the history so far, weights of the best epoch."""
        from accelerate.utils import send_to_device

        if self.path is None:
            return
        weights = model.state_dict()
        for name, value in weights.items():
            weights[name] = value.cpu()
        state = {"model": weights, "optimizer": send_to_device(optimizer.state_dict(), "cpu")}
        data = io.BytesIO()
        torch.save({"settings": self.settings, "rows": rows, "best": best, **state}, data)
        try:
            write_atomically(self.path, data.getvalue())
        except OSError as error:
            warnings.warn(
                f"epoch {len(rows)} could not be written to the checkpoint {self.path} ({error}): "
                "training goes on, and the file stays as it was",
                stacklevel=2,
            )

    def read(self, model, optimizer, epochs: int) -> tuple[list[dict], dict | None]:
        """Put the saved state into model and optimizer; rows and best weights, none without a file.

        What cannot be read, is of another run or has more epochs raises a CourseError.
        """
        if self.path is None or not self.path.exists():
            return [], None
        try:
            _refuse_damage(self.path)
            state = torch.load(self.path, map_location="cpu", weights_only=True)
            settings, rows, best = dict(state["settings"]), list(state["rows"]), state["best"]
            left = [weights_digest(weights) for weights in (state["model"], best) if weights]
        except DAMAGES as error:
            raise self._unreadable(error) from error
        self._refuse_other_run(settings, left)
        if len(rows) > epochs:
            raise CourseError(
                f"the checkpoint {self.path} holds {len(rows)} epochs, more than the {epochs} "
                "asked for: give another path, or resume=False to start anew"
            )
        try:
            model.load_state_dict(state["model"])
            optimizer.load_state_dict(state["optimizer"])
        except DAMAGES as error:
            raise self._unreadable(error) from error
        return rows, best

    def _unreadable(self, error: Exception) -> CourseError:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        return CourseError(
            f"cannot read the checkpoint {self.path}: delete it or give resume=False ({reason})"
        )

    def _refuse_other_run(self, settings: dict, left: list[str]) -> None:
        """Raise unless all is as it was; a model may also be as the run has left it."""
        other = [k for k in self.settings | settings if self.settings.get(k) != settings.get(k)]
        if START in other and self.settings[START] in left:
            other.remove(START)
        if other:
            raise CourseError(
                f"the checkpoint {self.path} belongs to another run, which differs in its "
                f"{', '.join(other)}: build model, data and options as they were, give another "
                "path, or resume=False to start anew"
            )

    @contextmanager
    def put_back_if_cut(self, model: nn.Module, optimizer=None) -> Iterator[None]:
        """A run that is cut off leaves model and optimizer as they were given to it.

        The same call then finds its checkpoint fit and goes on. Without a path they stay as they
        are.
        """
        if self.path is None:
            yield
            return
        weights = {name: value.clone() for name, value in model.state_dict().items()}
        state = optimizer and copy.deepcopy(optimizer.state_dict())
        try:
            yield
        except BaseException:
            model.load_state_dict(weights)
            if optimizer is not None:
                optimizer.load_state_dict(state)
            raise


def _refuse_damage(path) -> None:
    """A ValueError where a byte has changed, or more would unfold than lies on the disk.

    torch.load compares no checksums, and unfolds what was compressed, which torch.save never does.
    """
    with zipfile.ZipFile(path) as archive:
        if any(one.compress_type != zipfile.ZIP_STORED for one in archive.infolist()):
            raise ValueError("it was compressed, which no checkpoint of the course is")
        if damaged := archive.testzip():
            raise ValueError(f"{damaged} in it is damaged")


# ---------------------------------------------------------------- what decides a run


def settings_of(
    run: Run, epochs: int, patience: int | None, train: Labelled, valid: Labelled | None
) -> dict[str, str]:
    """All that decides what a run ends with, under the names that a message gives."""
    return {
        **settings_of_run(run, epochs, patience),
        **settings_of_model(run.model, run.optimizer),
        **settings_of_data(train, valid, run.batch_size, run.seed),
    }


def settings_of_run(run: Run, epochs: int, patience: int | None) -> dict[str, str]:
    """How a run trains: where the rate is not constant, each step depends on the epochs to come."""
    settings = {name: repr(int(getattr(run, name))) for name in ("batch_size", "seed")}
    settings["precision"] = "bfloat16" if run.bfloat16 else "float32"
    settings["patience"] = repr(patience and int(patience))
    if run.team.size > 1:  # sums are rounded otherwise
        settings["number of processes"] = repr(run.team.size)
    for name, value in vars(run.ways).items():
        if value != getattr(PLAIN, name):
            settings[name] = repr(value)
    if (run.schedule, run.warmup) != ("constant", 0):
        settings["schedule"] = f"{run.schedule}, warm-up {run.warmup}, {epochs} epochs"
    return settings


def settings_of_model(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, str]:
    """The network and its weights as they start, what of it trains, and how it steps."""
    names = {id(p): name for name, p in model.named_parameters()}
    groups = [
        {k: [names.get(id(p)) for p in v] if k == "params" else v for k, v in group.items()}
        for group in optimizer.param_groups
    ]
    state = {names.get(id(p)): value for p, value in optimizer.state.items()}
    trained = [name for name, p in model.named_parameters() if p.requires_grad]
    return {
        "network": digest(describe_network(model)),
        "class names": repr(getattr(model, "class_names", None)),
        START: weights_digest(model.state_dict()),
        "trained weights": digest(trained),
        "frozen weights": digest(sorted(frozen_names(model))),
        "optimizer": f"{type(optimizer).__qualname__} {digest([groups, state])}",
    }


def settings_of_data(
    train: Labelled, valid: Labelled | None, batch_size: int, seed: int
) -> dict[str, str]:
    """The items and their labels, and what is made of them before the model sees them."""
    settings = {}
    for name, data in (("training", train), ("validation", valid)):
        if data is not None:
            settings[f"{name} labels"] = digest(data.labels)
            settings[f"{name} data"] = _digest_of_items(data, batch_size, seed, name)
    if train.weights is not None:
        settings["class weights"] = digest(train.weights)
    if train.balanced:
        settings["draws"] = "balanced"
    settings["transform"] = digest(train.transform)
    settings["augmentation"] = _digest_of_augmentation(train, seed)
    return settings


def _digest_of_items(data: Labelled, batch_size: int, seed: int, name: str) -> str:
    """Of a set its content; of a function, or behind a transform of one's own, what it gives."""
    content = ""
    if isinstance(data.data, SETS):
        items = data.data.pixels if isinstance(data.data, ImageSet) else data.data.texts
        content = digest(items)
        if type(data.transform) is Transform or hasattr(data.transform, "card"):
            return content
    parts = cut_into_steps(np.arange(len(data.labels)), batch_size)
    return content + digest_of_batches(data.plain, parts, seed, f"the {name} data")


def _digest_of_augmentation(data: Labelled, seed: int) -> str:
    """Its settings and code, and what it makes of some pictures."""
    if data.augment is None:
        return ""
    some = np.linspace(0, len(data.labels) - 1, min(PROBED, len(data.labels)), dtype=np.int64)
    batches = ImageBatches(data.data, torch.tensor, data.augment)
    made = digest_of_batches(batches, [some], seed, "the augmentation")
    return f"{digest(data.augment)} {made}"
