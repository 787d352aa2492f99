"""The frozen forward pass: pictures in, feature vectors out, cached on disk."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from tlhelpers.checks import known, progress_bar, whole
from tlhelpers.data.images import ImageSet
from tlhelpers.models.backbones import Backbone
from tlhelpers.models.feature_cache import checksum, keys_of, read_or_make
from tlhelpers.models.folding import fold_batchnorm
from tlhelpers.models.precision import (
    PRECISIONS,
    choose_precision,
    refuse_not_finite,
    row_cosine,
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
FOLDED_PARITY = 1 - 1e-6
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
    grid: int = 1,
    precision: str = "float32",
    batch_size: int = 8,
    cache: bool = True,
    progress: bool = True,
) -> dict[str, np.ndarray]:
    """Feature vectors at several layers out of one forward pass.

    Parameters
    ----------
    backbone : Backbone
    images : ImageSet
    layers : list of str, optional
        Out of ``backbone.layers``; all of them when left out.
    grid : int
        Average over the cells of a grid of this many rows and columns instead of over the whole
        picture: 1 forgets where something was seen, 4 keeps 16 places.
    precision : {"float32", "bfloat16", "auto"}
        ``"auto"`` takes bfloat16 where the processor computes in it and a sample of 16 pictures
        agrees with float32 (cosine of at least 0.999 for each), else float32.
    batch_size : int
        Pictures per step.
    cache : bool
        Keep the result in ``data/cache/features``, under a hash of the weights, the transform,
        the layer, the grid, the precision and the pictures. A damaged file is computed anew.
    progress : bool
        Show a progress bar.

    Returns
    -------
    dict of str to float32 array, shape (n, channels * grid * grid)

    Raises
    ------
    ValueError
        If the transform is random (features would differ from call to call), an argument is
        unknown or below 1, there is no picture, or a feature is not finite.
    """
    layers = list(dict.fromkeys(backbone.layers if layers is None else layers))
    for name in layers:
        backbone.stage(name)
    known("precision", precision, PRECISIONS)
    whole("batch_size", batch_size)
    whole("grid", grid)
    if len(images) == 0:
        raise ValueError("there are no images to extract features from")
    refuse_random_transform(backbone.transform, images.pixels[0])
    dtype, keys = choose_precision(
        precision,
        lambda name: _keys(backbone, images, layers, f"{grid} {name}"),
        lambda dtype: _forward(backbone, sample(images.pixels, 16), layers, grid, dtype, 8, False),
    )

    def make(missing: list[str]) -> dict[str, np.ndarray]:
        return _forward(backbone, images.pixels, missing, grid, dtype, batch_size, progress)

    return read_or_make(keys, make, cache)


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
    x = torch.tensor(images.pixels).permute(0, 3, 1, 2).float() / 255
    return nn.functional.adaptive_avg_pool2d(x, size).flatten(1).numpy()


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


def _forward(backbone, pixels, layers, grid, dtype, batch_size, progress) -> dict[str, np.ndarray]:
    """Run a frozen copy over all pictures and keep the averages of each layer's output."""
    twin = _frozen_copy(backbone, pixels).to(dtype, memory_format=torch.channels_last)
    device = next(twin.parameters()).device
    caught: dict[str, list[torch.Tensor]] = {name: [] for name in layers}
    for name in layers:
        twin.stage(name).register_forward_hook(
            lambda module, given, out, name=name: caught[name].append(
                nn.functional.adaptive_avg_pool2d(out.float(), grid).flatten(1)
            )
        )
    starts = range(0, len(pixels), batch_size)
    with torch.inference_mode():
        for i in progress_bar(starts, "features", "batch", progress and len(starts) >= 8):
            batch = backbone.transform(pixels[i : i + batch_size])
            twin(batch.to(device, dtype, memory_format=torch.channels_last))
    features = {name: torch.cat(parts).cpu().numpy() for name, parts in caught.items()}
    refuse_not_finite(features, backbone.name)
    return features


def _frozen_copy(backbone: Backbone, pixels: np.ndarray) -> Backbone:
    """A copy in evaluation mode, with BatchNorm folded away where that changes nothing."""
    exact = copy.deepcopy(backbone).eval()
    folded = copy.deepcopy(exact)
    fold_batchnorm(folded.model)
    x = backbone.transform(sample(pixels, 4)).to(next(exact.parameters()).device)
    with torch.inference_mode():
        a, b = (model(x).flatten(1).cpu().numpy() for model in (exact, folded))
    return folded if (row_cosine(a, b) > FOLDED_PARITY).all() else exact


def _keys(backbone, images, layers, setting: str) -> dict[str, str]:
    # A transform of the learner's own need not print all its settings: what it gives counts too.
    given = torch.as_tensor(backbone.transform(sample(images.pixels, 8))).numpy()
    parts = (CACHE_FORMAT, backbone.fingerprint(), backbone.transform, checksum(given))
    return keys_of(layers, *parts, setting, images.fingerprint)
