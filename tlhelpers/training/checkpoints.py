"""The state of a training run on disk: whole after each epoch, refused where it does not belong."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import torch
from torch import nn

from tlhelpers.errors import CourseError
from tlhelpers.setup.files import write_atomically
from tlhelpers.training.batches import Labelled
from tlhelpers.training.loop import Run


class Checkpoint:
    """One file that holds all a run needs to go on after its last whole epoch.

    Random states need no place in it: each epoch is seeded by its own number. Without a path
    nothing is written or read; a file of a run with other settings is refused.
    """

    def __init__(self, path, settings: dict):
        self.path, self.settings = path and Path(path), settings

    def write(self, model, optimizer, rows: list[dict], best: dict | None) -> None:
        """Replace the file in one step: rows of the history so far, weights of the best epoch."""
        if self.path is None:
            return
        state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
        data = io.BytesIO()
        torch.save({"settings": self.settings, "rows": rows, "best": best, **state}, data)
        write_atomically(self.path, data.getvalue())

    def read(self, model, optimizer, epochs: int) -> tuple[list[dict], dict | None]:
        """Put the saved state into model and optimizer; rows and best weights, none without a file.

        What cannot be read, is of another run or has more epochs raises a CourseError.
        """
        if self.path is None or not self.path.exists():
            return [], None
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)
            settings, rows, best = state["settings"], state["rows"], state["best"]
        except (OSError, RuntimeError, KeyError, TypeError, EOFError, pickle.UnpicklingError) as e:
            raise CourseError(
                f"cannot read the checkpoint {self.path}: delete it or give resume=False"
            ) from e
        other = [key for key in self.settings | settings if self._differs(key, settings)]
        if other:
            raise CourseError(
                f"the checkpoint {self.path} belongs to another run (its {', '.join(other)} "
                "differs): give another path, or resume=False to start anew"
            )
        if len(rows) > epochs:
            raise CourseError(
                f"the checkpoint {self.path} holds {len(rows)} epochs, more than the {epochs} "
                "asked for: give another path, or resume=False to start anew"
            )
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        return rows, best

    def _differs(self, key: str, settings: dict) -> bool:
        return self.settings.get(key) != settings.get(key)


def settings_of_run(run: Run, epochs: int, augment, patience: int | None) -> dict:
    """How a run trains: where the rate is not constant, each step depends on the epochs to come."""
    settings = {"batch_size": run.batch_size, "seed": run.seed, "precision": run.precision}
    settings |= {"augmentation": augment is not None, "early stopping": patience is not None}
    if (run.schedule, run.warmup) != ("constant", 0):
        settings["schedule"] = f"{run.schedule}, warm-up {run.warmup}, {epochs} epochs"
    return settings


def settings_of_data(
    model: nn.Module, train: Labelled, valid: Labelled | None, optimizer, frozen: dict[str, str]
) -> dict:
    """What is trained, at which rates, and on what."""
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
