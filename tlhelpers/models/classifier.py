"""A backbone with a linear head that knows the names of its classes, also after it was saved."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from tlhelpers.checks import is_int, known
from tlhelpers.data.groups import composed
from tlhelpers.errors import CourseError
from tlhelpers.models.backbones import CARDS, Transform, load_backbone, seeded
from tlhelpers.models.devices import device_of
from tlhelpers.models.encoder_loading import EMBEDDED, load_encoder
from tlhelpers.models.hub_models import is_named
from tlhelpers.models.layers import layer_groups
from tlhelpers.models.saving import file_to_write, user_path
from tlhelpers.setup.files import write_atomically

FORMAT = 1
OPTIONS = {"pool", "max_length"}  # of an encoder, as its `options` tell


class Classifier(nn.Module):
    """A backbone and a linear head on its features.

    Parameters
    ----------
    backbone : nn.Module
        With ``feature_size``, and giving float (n, feature_size). It is copied: training this
        model leaves the one that was given as it was, ready for the next run.
    n_classes : int
    class_names : list of str, optional
        In the order of the labels.
    seed : int
        Draws the head's first weights.

    Attributes
    ----------
    backbone, linear_head : nn.Module
    class_names : list of str or None
    transform : callable or None
        The backbone's own.

    Raises
    ------
    ValueError
        If there are fewer than two classes, or the names do not fit their number.
    """

    def __init__(
        self,
        backbone: nn.Module,
        n_classes: int,
        class_names: Sequence[str] | None = None,
        seed: int = 0,
    ):
        super().__init__()
        if not is_int(n_classes) or n_classes < 2:
            raise ValueError(f"a classifier needs at least two classes, got {n_classes!r}")
        names = None if class_names is None else [str(name) for name in class_names]
        if names is not None and (len(names) != n_classes or len(set(names)) != n_classes):
            raise ValueError(f"{n_classes} classes need as many different names, got {names}")
        self.backbone = copy.deepcopy(backbone)
        self.class_names = names
        with seeded(seed):
            self.linear_head = nn.Linear(backbone.feature_size, n_classes)
        self.linear_head.to(device_of(self.backbone))

    @property
    def transform(self):
        """What makes the backbone's input out of raw items, or None."""
        return getattr(self.backbone, "transform", None)

    def forward(self, *inputs, **named) -> torch.Tensor:
        """What the backbone takes to logits, float (n, n_classes)."""
        return self.linear_head(self.backbone(*inputs, **named))

    def layer_groups(self) -> list[list[nn.Module]]:
        """The backbone's groups and the head as the last one."""
        return [*layer_groups(self.backbone), [self.linear_head]]

    def save(self, path) -> None:
        """Write weights, class names and transform to one safetensors file.

        What is frozen is not part of it.

        Parameters
        ----------
        path : str or Path
            In a folder that exists.

        Raises
        ------
        ValueError
            If the model holds adapters of peft.
        CourseError
            If the file cannot be written.
        """
        path = file_to_write(path, "model")
        tensors = _apart(self.state_dict())
        if any(".modules_to_save." in key or ".lora_" in key for key in tensors):
            raise ValueError("the model holds adapters: use save_lora, or merge_and_unload() first")
        metadata = {key: json.dumps(value) for key, value in self._card().items()}
        try:
            write_atomically(path, save(tensors, metadata=metadata))
        except OSError as error:
            raise CourseError(f"cannot write the model {path} ({error})") from error

    def _card(self) -> dict:
        return {
            "format": FORMAT,
            "class_names": self.class_names,
            "n_classes": self.linear_head.out_features,
            "backbone": getattr(self.backbone, "name", type(self.backbone).__name__),
            "provenance": getattr(self.backbone, "provenance", None),
            "transform": _describe(self.transform),
            "options": getattr(self.backbone, "options", {}),
        }

    @classmethod
    def load(cls, path, class_names: Sequence[str] | None = None, backbone=None) -> Classifier:
        """Read a model that `save` wrote, in evaluation mode and unfrozen.

        Parameters
        ----------
        path : str or Path
        class_names : list of str, optional
            The classes of the data at hand; refused unless the file holds them in this order.
        backbone : nn.Module, optional
            One built like the saved one, for a backbone that the course does not know by name; it
            is copied.

        Returns
        -------
        Classifier

        Raises
        ------
        CourseError
            If the file cannot be read, or the weights do not fit the backbone.
        ValueError
            If class names, their order, the transform or the pooling differ.
        """
        path = user_path(path, "model")
        tensors, card = _read(path)
        if class_names is not None:
            refuse_other_classes(card["class_names"], class_names, str(path))
        backbone = _new_backbone(card) if backbone is None else backbone
        model = cls(backbone, card["n_classes"], card["class_names"])
        if isinstance(card["transform"], dict):
            model.backbone.transform = Transform(**card["transform"])
        elif _describe(model.transform) != card["transform"]:
            raise ValueError(f"{path} was trained with the transform {card['transform']}")
        options = getattr(model.backbone, "options", {})
        if options != card.get("options", {}):
            raise ValueError(f"{path} was trained with {card['options']}, not with {options}")
        if hasattr(model.backbone, "provenance"):
            model.backbone.provenance = card["provenance"]
        try:
            model.load_state_dict(tensors)
        except RuntimeError as error:
            raise CourseError(f"the weights in {path} do not fit this backbone") from error
        return model.eval()


def refuse_other_classes(trained: Sequence[str] | None, given: Sequence[str], what: str) -> None:
    """Raise a ValueError unless `what` was trained with the class names given, in this order."""
    given = [str(name) for name in given]
    if trained is None:
        raise ValueError(f"{what} holds no class names, so it cannot be said that {given} fit")
    # A file may have been saved before names were brought into composed letters.
    if [composed(name) for name in trained] != [composed(name) for name in given]:
        pairs = enumerate(zip(trained, given, strict=False))
        where = next((f"class {i} is {a!r}, not {b!r}" for i, (a, b) in pairs if a != b), None)
        raise ValueError(
            f"{what} has other classes: {where or f'{len(trained)} of them, not {len(given)}'}; "
            "names and order must be those it was trained with"
        )


def _apart(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Each tensor in memory of its own, since the file format knows no two names of one."""
    apart, places = {}, set()
    for name, value in state.items():
        tensor = value.detach().cpu().contiguous()
        place = tensor.untyped_storage().data_ptr()
        apart[name] = tensor.clone() if place in places else tensor
        places.add(place)
    return apart


def _describe(transform) -> dict | str:
    if isinstance(transform, Transform):
        return transform.settings()
    if hasattr(transform, "card"):
        return f"{type(transform).__name__} {json.dumps(transform.card())}"
    return type(transform).__name__


def _new_backbone(card: dict) -> nn.Module:
    """A backbone or encoder that the course knows by name, to be filled with weights."""
    if card["backbone"] in EMBEDDED:
        return load_encoder(card["backbone"], pretrained=False, **card["options"])
    # A file of somebody's leads to no other file and to no network.
    if card["backbone"] not in CARDS and not is_named(card["backbone"]):
        known("backbone", card["backbone"], CARDS)
    return load_backbone(card["backbone"], pretrained=False)


def _read(path: Path) -> tuple[dict[str, torch.Tensor], dict]:
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
            card = {key: json.loads(value) for key, value in (file.metadata() or {}).items()}
    except (SafetensorError, OSError, ValueError, RecursionError) as error:
        raise CourseError(f"cannot read the model {path} ({error})") from error
    if card.get("format") != FORMAT:
        raise CourseError(f"{path} is no model that Classifier.save of this version wrote")
    _refuse_odd_card(path, tensors, card)
    return tensors, card


def _refuse_odd_card(path: Path, tensors: dict[str, torch.Tensor], card: dict) -> None:
    """What `save` wrote fits the weights beside it; other sizes could ask for any memory."""
    classes = tensors.get("linear_head.bias", torch.empty(0)).shape
    names = card.get("class_names", "")
    fits = {
        "n_classes": (card.get("n_classes"),) == tuple(classes),
        "class_names": names is None
        or (isinstance(names, list) and all(isinstance(name, str) for name in names)),
        "backbone": isinstance(card.get("backbone"), str),
        "options": isinstance(options := card.get("options", {}), dict)
        and (str(card.get("backbone")) not in EMBEDDED or set(options) <= OPTIONS),
        "transform": "transform" in card,
    }
    odd = [key for key, fit in fits.items() if not fit]
    if odd:
        raise CourseError(f"cannot read the model {path}: what it tells of its {odd[0]} is damaged")
