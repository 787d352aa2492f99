"""The state of a training run on disk: whole after each epoch, refused where it does not belong."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import torch

from tlhelpers.errors import CourseError
from tlhelpers.setup.files import write_atomically


class Checkpoint:
    """One file that holds all a run needs to go on after its last whole epoch.

    Random states need no place in it: `fit` seeds each epoch by its own number, so that epoch 7
    draws the same whether or not the process ran epochs 1 to 6.

    Parameters
    ----------
    path : str or Path, or None
        In a folder that exists; with None nothing is written or read.
    settings : dict of str to str, int, bool or None
        What makes a run this run; a file with other settings is refused.
    """

    def __init__(self, path, settings: dict):
        self.path, self.settings = path and Path(path), settings

    def write(self, model, optimizer, rows: list[dict], best: dict | None) -> None:
        """Replace the file in one step.

        Parameters
        ----------
        model, optimizer : objects with ``state_dict()``
        rows : list of dict of str to float or int
            One per epoch, the history so far.
        best : dict of str to tensor, or None
            Weights of the best epoch.
        """
        if self.path is None:
            return
        state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
        data = io.BytesIO()
        torch.save({"settings": self.settings, "rows": rows, "best": best, **state}, data)
        write_atomically(self.path, data.getvalue())

    def read(self, model, optimizer, epochs: int) -> tuple[list[dict], dict | None]:
        """Put the saved state into model and optimizer; nothing happens where no file lies.

        Parameters
        ----------
        model, optimizer : objects with ``load_state_dict()``
        epochs : int
            How many epochs the run is to have.

        Returns
        -------
        rows : list of dict
            Empty without a file.
        best : dict of str to tensor, or None

        Raises
        ------
        CourseError
            If the file cannot be read, belongs to another run (the message says what differs), or
            holds more epochs.
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
