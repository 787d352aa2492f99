"""Somebody's pictures or texts together with the network whose knowledge is transferred to them."""

from __future__ import annotations

import numpy as np
from torch import nn

from tlhelpers.data.images import ImageSet
from tlhelpers.data.texts import TextSet
from tlhelpers.errors import CourseError
from tlhelpers.models.backbones import load_backbone
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.features import extract_features, raw_pixels
from tlhelpers.models.text_features import encode

SIZES = (160, 96)  # pixels, tried where the network's own size takes too long to tune
LENGTHS = (128, 48)  # tokens


class Material:
    """What pictures and texts have in common for whoever compares strategies on them.

    Attributes
    ----------
    data : ImageSet or TextSet
    name : str
        Of the backbone or encoder.
    kind : {"pictures", "texts"}
    unit : str
        What sizes are counted in: ``"px"`` or ``"tokens"``.
    chunk : int
        Items of one step of the frozen pass.
    """

    kind = unit = default = ""
    chunk = 0

    def __init__(self, data, name: str | None):
        self.data, self.name = data, str(name or self.default)
        self._networks: dict[int, nn.Module] = {}
        first = self._first()
        self.full = self._size_of(first)
        self._networks[self.full] = first

    def _first(self) -> nn.Module:
        """The network at the size that the strategies are compared at."""
        return self._load(None)

    def network(self, size: int) -> nn.Module:
        """The pretrained network that takes inputs of a size; loaded once."""
        if size not in self._networks:
            self._networks[size] = self._load(size)
        return self._networks[size]

    def sizes(self) -> list[int]:
        """Sizes that may be tuned at, the network's own first."""
        smaller = [size for size in self._smaller() if size < 0.8 * self.full]
        return [self.full, *(size for size in smaller if self._takes(size))]

    def _takes(self, size: int) -> bool:
        try:
            self.network(size)
        except ValueError:  # a network whose inputs have one size
            return False
        return True

    def suffix(self, size: int) -> str:
        """What is added to a strategy's name where it ran at another size than the network's."""
        return "" if size == self.full else f", {size} {self.unit}"


class Pictures(Material):
    """An `ImageSet` and a backbone."""

    kind, unit, default, chunk = "pictures", "px", "efficientnet_lite0", 256

    def _first(self) -> nn.Module:
        """At the size that the pictures were read with, where it is the smaller one."""
        own, read = self._load(None), int(self.data.pixels.shape[1])
        if read >= self._size_of(own):
            return own
        try:
            return self._load(read)
        except ValueError:  # a network whose inputs have one size
            return own

    def _load(self, size: int | None) -> nn.Module:
        return load_backbone(self.name, size=size)

    def _size_of(self, network: nn.Module) -> int:
        return int(network.transform.size)

    def _smaller(self) -> tuple[int, ...]:
        return SIZES

    def features(self, items: np.ndarray, size: int) -> np.ndarray:
        """Frozen features of some items, float32 (m, d)."""
        part = self.data.subset(items)
        return extract_features(self.network(size), part, cache=False, progress=False)

    def plain(self, items: np.ndarray, edge: int = 32) -> np.ndarray:
        """Raw pixels, float32 (m, 3 · edge · edge)."""
        return raw_pixels(self.data.subset(items), edge)


class Texts(Material):
    """A `TextSet` and an encoder; the size is the number of tokens that a text is cut to."""

    kind, unit, default, chunk = "texts", "tokens", "minilm-l6", 1024

    def _load(self, size: int | None) -> nn.Module:
        return load_encoder(self.name, max_length=size)

    def _size_of(self, network: nn.Module) -> int:
        return int(network.transform.max_length)

    def _smaller(self) -> list[int]:
        """Only where many texts are longer; what is never cut costs the same."""
        some = self.data.texts[:: max(1, len(self.data) // 200)]
        words = np.quantile([len(text.split()) for text in some], 0.9)
        return [length for length in LENGTHS if words > length]

    def features(self, items: np.ndarray, size: int) -> np.ndarray:
        """Frozen features of some items, float32 (m, d)."""
        texts = list(self.data.texts[items])
        return encode(self.network(size), texts, cache=False, progress=False)


def material_of(data, model_name: str | None) -> Material:
    """Pictures or texts, with the network that is named or the course's own."""
    if isinstance(data, ImageSet):
        return Pictures(data, model_name)
    if isinstance(data, TextSet):
        return Texts(data, model_name)
    raise ValueError(f"data must be an ImageSet or a TextSet, not a {type(data).__name__}")


def refuse_unknown(model_name: str, kind: str) -> None:
    """Load the network of this name once: a CourseError says that there is none, or why not."""
    if not model_name:
        raise CourseError("the name of the model is an empty text: write which one is meant")
    try:
        load_backbone(model_name) if kind == "pictures" else load_encoder(model_name)
    except ValueError as error:
        raise CourseError(str(error)) from error
