"""When to stop before the last epoch, and which weights to go back to."""

from __future__ import annotations

import torch
from torch import nn

from tlhelpers.checks import whole


class EarlyStopping:
    """Stops after `patience` epochs without a lower validation loss; never, where it is None."""

    def __init__(self, patience: int | None, validation):
        if patience is not None:
            whole("patience", patience)
            if validation is None:
                raise ValueError("patience needs validation=… to tell which epoch is the best")
        self.patience = patience
        self.weights: dict[str, torch.Tensor] | None = None  # of the best epoch so far

    def best_epoch(self, rows: list[dict]) -> int:
        """Whose weights the model ends with: of equal losses the first, else the last."""
        if self.patience is None:
            return len(rows)
        return 1 + min(range(len(rows)), key=lambda i: rows[i]["valid_loss"])

    def is_over(self, rows: list[dict]) -> bool:
        """True when there is nothing more to wait for."""
        patience = self.patience
        return bool(patience and rows) and len(rows) - self.best_epoch(rows) >= patience

    def keep(self, rows: list[dict], model: nn.Module) -> None:
        """Copy the weights, if the last epoch is the best."""
        if self.patience and self.best_epoch(rows) == len(rows):
            self.weights = {k: v.detach().cpu().clone() for k, v in model.state_dict().items()}

    def restore(self, model: nn.Module) -> None:
        """Give the model the weights of the best epoch."""
        if self.patience:
            model.load_state_dict(self.weights)
