"""The frozen forward pass: pictures in, feature vectors out, cached on disk."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Sequence
from functools import lru_cache, partial

import numpy as np
import torch
from torch import nn

from tlhelpers.checks import known, listed, progress_bar, whole
from tlhelpers.data.images import ImageSet
from tlhelpers.models.backbones import Backbone, Transform
from tlhelpers.models.devices import best_device
from tlhelpers.models.engine import run_frozen
from tlhelpers.models.feature_cache import checksum, keys_of, read_or_make
from tlhelpers.models.precision import (
    PRECISIONS,
    choose_precision,
    has_bfloat16,
    refuse_not_finite,
    sample,
)

RANDOM_TRANSFORMS = (
    "Random",
    "ColorJitter",
    "AutoAugment",
    "RandAugment",
    "TrivialAugment",
    "AugMix",
    "ElasticTransform",
    "GaussianNoise",
    "GaussianBlur",
    "MixUp",
    "CutMix",
    "ScaleJitter",
)
# Planning takes about a second; so few pictures are through before.
WORTH_PLANNING = 48
CACHE_FORMAT = 3


def extract_features(
    backbone: Backbone, images: ImageSet, layer: str = "final", **options
) -> np.ndarray:
    """Feature vectors of a frozen model, one per picture.

    Parameters
    ----------
    backbone : Backbone
        Its weights, its mode and its gradients are left as they are: the forward pass runs on a
        copy in evaluation mode, without gradients.
    images : ImageSet
    layer : str
        One of ``backbone.layers``; its output is averaged over height and width.
    **options
        As in `extract_layers`.

    Returns
    -------
    float32 array, shape (n, d)

    Raises
    ------
    ValueError
        As `extract_layers` does.
    """
    return extract_layers(backbone, images, [layer], **options)[layer]


def extract_layers(
    backbone: Backbone,
    images: ImageSet,
    layers: Sequence[str] | None = None,
    *,
    grid: int | Sequence[int] = 1,
    precision: str = "float32",
    batch_size: int | None = None,
    cache: bool = True,
    progress: bool = True,
) -> dict[Hashable, np.ndarray]:
    """Feature vectors at several layers out of one forward pass.

    Parameters
    ----------
    backbone : Backbone
    images : ImageSet
    layers : list of str, optional
        Out of ``backbone.layers``; all of them when left out.
    grid : int, or several
        Average over the cells of a grid of this many rows and columns instead of over the whole
        picture: 1 forgets where something was seen, 4 keeps 16 places. Of several, each layer is
        averaged over each.
    precision : {"float32", "bfloat16", "auto"}
        ``"auto"`` takes bfloat16 on a graphics card that computes in it, where a sample of 16
        pictures agrees with float32 (cosine of at least 0.999 for each), else float32.
    batch_size : int, optional
        Pictures per step; when left out, what suits the device.
    cache : bool
        Keep the result in ``data/cache/features``, under a hash of the weights, the transform,
        the layer, the grid, the precision and the pictures. A damaged file is computed anew.
    progress : bool
        Show a progress bar.

    Returns
    -------
    dict of str to float32 array, shape (n, channels * grid * grid)
        By layer; where several grids were asked for, by layer and grid, ``("stem", 4)`` say.

    Raises
    ------
    ValueError
        If the transform is random (features would differ from call to call), an argument is
        unknown or below 1, there is no picture, or a feature is not finite.
    """
    layers = backbone.layers if layers is None else listed("layers", layers)
    for name in layers:
        backbone.stage(name)
    layers = list(dict.fromkeys(layers))
    known("precision", precision, PRECISIONS)
    if batch_size is not None:
        whole("batch_size", batch_size)
    grids = [grid] if np.ndim(grid) == 0 else list(grid)
    wanted = [(layer, whole("grid", size)) for layer in layers for size in grids]
    if len(images) == 0:
        raise ValueError("there are no images to extract features from")
    refuse_random_transform(backbone.transform, images.pixels[0])
    dtype, keys = choose_precision(
        precision,
        lambda name: _keys(backbone, images, wanted, name),
        lambda dtype: _forward(backbone, sample(images.pixels, 16), wanted, dtype, 8, False),
        pays=_bfloat16_pays(best_device()),
    )

    def make(missing: list[tuple[str, int]]) -> dict[tuple[str, int], np.ndarray]:
        return _forward(backbone, images.pixels, missing, dtype, batch_size, progress)

    features = read_or_make(keys, make, cache)
    return {key[0] if np.ndim(grid) == 0 else key: values for key, values in features.items()}


def raw_pixels(images: ImageSet, size: int = 32) -> np.ndarray:
    """The pictures themselves as feature vectors: what a model without any network sees.

    Parameters
    ----------
    images : ImageSet
    size : int
        Height and width in pixels that the pictures are averaged down to.

    Returns
    -------
    float32 array, shape (n, size * size * 3)
        Values from 0 to 1.
    """
    parts = []
    for i in range(0, max(1, len(images)), 64):  # as floats, all at once take four times the memory
        pixels = torch.tensor(np.ascontiguousarray(images.pixels[i : i + 64]))
        x = pixels.permute(0, 3, 1, 2).float() / 255
        parts.append(nn.functional.adaptive_avg_pool2d(x, size).flatten(1))
    return torch.cat(parts).numpy()


def refuse_random_transform(transform, pixels: np.ndarray) -> None:
    """Raise a ValueError if a part of `transform` is random by its name, or eight calls differ."""
    for part in _parts(transform):
        if type(part).__name__.startswith(RANDOM_TRANSFORMS):
            raise ValueError(
                f"the transform holds the random part {type(part).__name__}: features of a frozen "
                "model need the checkpoint's own fixed transform; augment only while training"
            )
    results = [torch.as_tensor(transform(pixels[None])) for _ in range(8)]
    if any(not torch.equal(results[0], other) for other in results[1:]):
        raise ValueError(
            "the transform gives another result at each call: features of a frozen "
            "model need the checkpoint's own fixed transform"
        )


def _parts(transform):
    yield transform
    children = getattr(transform, "transforms", None) or []
    if isinstance(transform, nn.Module):
        children = [*children, *transform.children()]
    for child in children:
        yield from _parts(child)


class _PooledLayers(nn.Module):
    """A frozen copy of a backbone that gives averages of its layers' outputs.

    `wanted` lists them as pairs of a layer and how many rows and columns of cells it is cut into.
    """

    def __init__(self, backbone: Backbone, wanted: Sequence[tuple[str, int]]):
        super().__init__()
        self.backbone, self.wanted = copy.deepcopy(backbone).eval(), list(wanted)
        self.outputs: dict[str, torch.Tensor] = {}
        for layer in dict(self.wanted):
            self.backbone.stage(layer).register_forward_hook(partial(self._keep, layer))

    def extra_repr(self) -> str:
        """What else decides the result: a kept export is of this network alone."""
        return str(self.wanted)

    def _keep(self, layer: str, module, given, out: torch.Tensor) -> None:
        self.outputs[layer] = out.float()

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        self.outputs.clear()
        self.backbone(x.to(next(self.parameters()).dtype))
        return tuple(_cell_averages(self.outputs[layer], grid) for layer, grid in self.wanted)


def _cell_averages(out: torch.Tensor, grid: int) -> torch.Tensor:
    """float (n, c, height, width) to (n, c * grid * grid): adaptive_avg_pool2d, as one product."""
    if grid == 1:
        return out.mean((2, 3))
    weights = _cell_weights(*map(int, out.shape[2:]), grid).to(out.device)
    return (out.flatten(2) @ weights).flatten(1)


@lru_cache
def _cell_weights(height: int, width: int, grid: int) -> torch.Tensor:
    """What each place counts in the average of each cell, float32 (height * width, grid * grid)."""
    places = torch.eye(height * width).view(-1, 1, height, width)
    return nn.functional.adaptive_avg_pool2d(places, grid).flatten(1)


def _forward(backbone, pixels, wanted, dtype, batch_size, progress) -> dict:
    """Run a frozen copy over all pictures and keep what `_PooledLayers` gives, under each pair."""
    device = best_device()
    network = _PooledLayers(backbone, wanted).to(dtype, memory_format=torch.channels_last)
    starts = range(0, len(pixels), batch_size or (8 if device.type == "cpu" else 256))
    batches = ({"x": _input(backbone, pixels[i : i + starts.step], device)} for i in starts)
    planned = dtype == torch.float32 and len(pixels) >= WORTH_PLANNING
    compared = {"x": _input(backbone, sample(pixels, 4), device)} if planned else None
    outputs = run_frozen(network, batches, device, compared)
    bar = progress_bar(outputs, "features", "batch", progress and len(starts) >= 8, len(starts))
    parts = [np.concatenate(rows) for rows in zip(*bar, strict=True)]
    features = dict(zip(wanted, parts, strict=True))
    refuse_not_finite(((layer, rows) for (layer, _), rows in features.items()), backbone.name)
    return features


def _bfloat16_pays(device: torch.device) -> bool:
    """On a processor, what is planned in float32 is as quick, and exact."""
    return device.type != "cpu" and has_bfloat16(device)


def _input(backbone: Backbone, pixels: np.ndarray, device: torch.device) -> torch.Tensor:
    """What the network is fed with; bytes travel to the device, a quarter of what floats are."""
    if isinstance(backbone.transform, Transform):
        return backbone.transform(pixels, device)
    return torch.as_tensor(backbone.transform(pixels)).float()


def _keys(backbone, images, wanted, precision: str) -> dict[tuple[str, int], str]:
    # A transform of the learner's own need not print all its settings: what it gives counts too.
    given = torch.as_tensor(backbone.transform(sample(images.pixels, 8))).numpy()
    parts = (CACHE_FORMAT, backbone.fingerprint(), backbone.transform, checksum(given))
    return {
        (layer, grid): keys_of([layer], *parts, f"{grid} {precision}", images.fingerprint)[layer]
        for layer, grid in wanted
    }
