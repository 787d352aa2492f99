"""The chosen strategy, trained on all items and saved with all that it takes to use it."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tlhelpers.errors import CourseError
from tlhelpers.own_data.comparison import Comparison
from tlhelpers.own_data.final_training import Trained, train_chosen
from tlhelpers.own_data.forms import CountedWords
from tlhelpers.own_data.model_card import write_model_card
from tlhelpers.own_data.model_folder import (
    FORMAT,
    README,
    WEIGHTS,
    new_folder,
    write_card,
    write_tensors,
)
from tlhelpers.own_data.onnx_export import add_onnx
from tlhelpers.own_data.packing import pack, tensors_apart
from tlhelpers.own_data.saved_model import load_saved
from tlhelpers.setup.files import write_atomically

COMPARED = 16  # items on which the saved model must say what the trained one says
APART = 1e-4


def save_best(comparison: Comparison, folder, onnx: bool = False) -> Path:
    """Train the chosen strategy on all items, and save it with a model card.

    Parameters
    ----------
    comparison : Comparison
    folder : str or Path
        Made anew; a saved model that lies there is replaced as a whole.
    onnx : bool
        Write ``model.onnx`` too, compared with the model on some of the items.

    Returns
    -------
    Path
        The folder, for `load_saved` and ``python3 -m tlhelpers predict``.

    Raises
    ------
    CourseError
        If the folder cannot be written or holds something else, or the model as ONNX gives other
        probabilities.
    """
    return save_trained(train_chosen(comparison), comparison, folder, onnx)


def save_trained(trained: Trained, comparison: Comparison, folder, onnx: bool = False) -> Path:
    """Write what `train_chosen` gives; arguments as of `save_best`."""
    with new_folder(folder) as made:
        card = _card(trained, comparison)
        if isinstance(trained.model, nn.Module):
            card["network"] = pack(trained.model.backbone, trained.source, made)
        write_tensors(made / WEIGHTS, _tensors(trained.model), card)
        write_atomically(made / README, write_model_card(card, comparison).encode())
        write_card(made, card)
        some = some_items(comparison.data)
        _refuse_other_answers(trained, made, some)
        if onnx:
            add_onnx(made, some)
    return Path(folder).expanduser()


def some_items(data):
    """A few items, on which two forms of a model are compared."""
    return data.subset(np.arange(min(COMPARED, len(data))))


def _card(trained: Trained, comparison: Comparison) -> dict:
    data, answer = comparison.data, comparison.answer
    pixels = getattr(data, "pixels", None)
    card = {
        "format": FORMAT,
        "kind": comparison.kind,
        "form": trained.form,
        "class_names": list(data.class_names),
        "strategy": answer.strategy,
        "accuracy": [float(v) if np.isfinite(v) else None for v in answer.accuracy],
        "sentence": answer.sentence,
        "picture_size": None if pixels is None else int(pixels.shape[1]),
        "brightest": getattr(pixels, "brightest", {}),
        "network": None,
        "data": {
            "items": len(data),
            "counts": data.counts(),
            "groups": len(set(data.groups)),
            "fingerprint": data.fingerprint,
        },
        "settings": {key: value for key, value in comparison.settings.items() if _is_plain(value)},
        "versions": comparison.versions,
        "date": time.strftime("%Y-%m-%d"),
        **trained.notes,
    }
    if isinstance(trained.model, CountedWords):
        card["vocabulary"] = trained.model.vocabulary
    if card["form"] == "neighbours":
        card["neighbours"] = trained.model.linear_head.k
    return card


def _is_plain(value) -> bool:
    return value is None or isinstance(value, (str, int, float, bool))


def _tensors(model) -> dict[str, torch.Tensor]:
    if isinstance(model, nn.Module):
        return tensors_apart(model)
    if isinstance(model, CountedWords):
        parts = {"idf": model.counts.idf_, "weights": model.weights, "biases": model.biases}
        return {name: torch.tensor(np.ascontiguousarray(part)) for name, part in parts.items()}
    return {"shares": torch.tensor(model)}


def _refuse_other_answers(trained: Trained, folder: Path, some) -> None:
    """The folder is worth nothing unless it says what the model says that was trained."""
    saved = load_saved(folder)
    given, wanted = saved.predict_proba(some), saved.with_model(trained.model).predict_proba(some)
    apart = float(np.abs(given - wanted).max())
    if not apart <= APART:
        raise CourseError(
            f"the saved model gives other probabilities than the trained one (by {apart:.2g}): it "
            f"was not kept; choose another model than {trained.source!r}"
        )
