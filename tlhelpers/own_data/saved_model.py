"""A model that was saved by a comparison: it predicts, and knows its classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tlhelpers.checks import whole
from tlhelpers.data.images import ImageSet
from tlhelpers.data.texts import TextSet
from tlhelpers.errors import CourseError
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.saving import user_path
from tlhelpers.own_data.forms import CountedWords, NeighbourHead
from tlhelpers.own_data.model_folder import read_card, read_tensors, refuse_changed_files
from tlhelpers.own_data.packing import unpack
from tlhelpers.training.predicting import predict_proba


@dataclass(eq=False)
class SavedModel:
    """What `load_saved` gives.

    Attributes
    ----------
    kind : {"pictures", "texts"}
        What it takes.
    class_names : list of str
        In the order of the probabilities.
    model : Classifier, CountedWords or float array, shape (k,)
        A network (also for `training.predict_proba`), a classifier of counted words, or the shares
        of the classes where the most frequent class is all that it says.
    picture_size : int or None
        Height and width in pixels that pictures were read with.
    card : dict
        What ``model.json`` tells.
    """

    kind: str
    class_names: list[str]
    model: Classifier | CountedWords | np.ndarray
    picture_size: int | None = None
    card: dict = field(default_factory=dict)

    @property
    def transform(self):
        """What makes the network's input out of raw items; None where there is no network."""
        return getattr(self.model, "transform", None)

    def predict_proba(self, data) -> np.ndarray:
        """The probability of each class.

        Parameters
        ----------
        data : ImageSet or TextSet, or list of paths or texts
            Pictures are read with `picture_size`.

        Returns
        -------
        float64 array, shape (n, k)

        Raises
        ------
        ValueError
            If the model takes pictures and `data` are texts, or the reverse.
        CourseError
            If a picture cannot be read.
        """
        data = self._checked(data)
        if isinstance(self.model, nn.Module):
            return predict_proba(self.model, data)
        if isinstance(self.model, CountedWords):
            return self.model.predict_proba(data.texts)
        return np.tile(self.model, (len(data), 1))

    def predict(self, data) -> np.ndarray:
        """The most likely class of each item, int64 (n,), by its place in `class_names`."""
        return self.predict_proba(data).argmax(axis=1)

    def with_model(self, model) -> SavedModel:
        """The same with another model, e.g. the one that it was made out of."""
        return replace(self, model=model)

    def _checked(self, data) -> ImageSet | TextSet:
        wanted = ImageSet if self.kind == "pictures" else TextSet
        if isinstance(data, (ImageSet, TextSet)) and not isinstance(data, wanted):
            raise ValueError(f"the model takes {self.kind}, got {data}")
        if isinstance(data, wanted):
            return data
        if isinstance(data, (str, Path)) or not isinstance(data, (Sequence, np.ndarray)):
            raise ValueError(f"give a set or a list of {self.kind}, not {type(data).__name__}")
        return self._pictures(data) if wanted is ImageSet else as_text_set(list(data))

    def _pictures(self, paths) -> ImageSet:
        from tlhelpers.data.picture_files import open_unlabelled

        brightest = self.card.get("brightest")
        data, reading = open_unlabelled(list(paths), self.picture_size, brightest=brightest)
        if reading.count_left_out():
            reason, items = next(iter(reading.left_out.items()))
            name, detail = next(iter(items.items()))
            raise CourseError(f"{name} cannot be predicted: it is of those {reason} {detail}")
        return data

    def __repr__(self) -> str:
        names = ", ".join(self.class_names[:5]) + ", ..." * (len(self.class_names) > 5)
        count = len(self.class_names)
        return f"{self.card.get('strategy', '')}: {self.kind} to {count} classes ({names})"


def as_text_set(texts: list[str]) -> TextSet:
    """Texts whose classes nobody knows."""
    none = np.zeros(len(texts), dtype=np.int64)
    groups = [str(place) for place in range(len(texts))]
    return TextSet(texts, none, ["?", "??"], groups, np.full(len(texts), np.nan))


def load_saved(folder) -> SavedModel:
    """Read the model that `save_best` wrote; no network is needed and no code in it is run.

    Parameters
    ----------
    folder : str or Path

    Returns
    -------
    SavedModel
        In evaluation mode.

    Raises
    ------
    CourseError
        If the folder holds no model, was written by another version, or a file of it is missing,
        damaged, or of another model.
    """
    folder = user_path(folder, "folder of the model")
    card = read_card(folder)
    refuse_changed_files(folder, card)
    tensors = read_tensors(folder, card)
    try:
        model = MAKERS[card["form"]](card, tensors, folder)
    # What is not as `save_best` writes it makes each library raise errors of its own.
    except Exception as error:
        first = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise CourseError(f"cannot build the model in {folder} ({first})") from error
    return SavedModel(card["kind"], card["class_names"], model, card["picture_size"], card)


def _network(card: dict, tensors: dict[str, torch.Tensor], folder: Path) -> Classifier:
    model = _classifier(card, folder)
    model.load_state_dict(tensors)
    return model.eval()


def _neighbours(card: dict, tensors: dict[str, torch.Tensor], folder: Path) -> Classifier:
    model, k = _classifier(card, folder), whole("k", card["neighbours"])
    rows, labels = tensors["linear_head.rows"], tensors["linear_head.labels"]
    if rows.shape != (len(labels), model.backbone.feature_size) or not len(rows):
        raise ValueError(f"its rows have the shape {tuple(rows.shape)}")
    model.linear_head = NeighbourHead(rows, labels, len(card["class_names"]), k)
    model.load_state_dict(tensors)
    return model.eval()


def _classifier(card: dict, folder: Path) -> Classifier:
    names = card["class_names"]
    return Classifier(unpack(card["network"], folder), len(names), names)


def _words(card: dict, tensors: dict[str, torch.Tensor], folder: Path) -> CountedWords:
    parts = [tensors[name].numpy() for name in ("idf", "weights", "biases")]
    model = CountedWords(card["vocabulary"], *parts)
    wanted = (len(card["class_names"]), len(model.vocabulary))
    if model.weights.shape != wanted or model.biases.shape != wanted[:1]:
        raise ValueError(f"its weights have the shape {model.weights.shape}, not {wanted}")
    return model


def _majority(card: dict, tensors: dict[str, torch.Tensor], folder: Path) -> np.ndarray:
    shares = tensors["shares"].numpy()
    if shares.shape != (len(card["class_names"]),):
        raise ValueError(f"it has {shares.shape} shares of classes")
    return shares


MAKERS = {
    "network": _network,
    "neighbours": _neighbours,
    "words": _words,
    "majority": _majority,
}
