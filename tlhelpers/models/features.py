"""The frozen forward pass: pictures in, feature vectors out, cached on disk."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np
import torch
from torch import nn

from tlhelpers.checks import progress_bar
from tlhelpers.data.images import ImageSet
from tlhelpers.models.backbones import Backbone
from tlhelpers.models.feature_cache import are_kept, checksum, read_or_make
from tlhelpers.models.folding import fold_batchnorm

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
PRECISIONS = ("auto", "float32", "bfloat16")
PARITY = 0.999
FOLDED_PARITY = 1 - 1e-6
CACHE_FORMAT = 3


def extract_features(
    backbone: Backbone, images: ImageSet, layer: str = "head", **options
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
        If the transform is random (features would differ from call to call), a layer or the
        precision is unknown, `batch_size` or `grid` is below 1, there is no picture, or a
        feature is not finite.
    """
    layers = list(dict.fromkeys(backbone.layers if layers is None else layers))
    for name in layers:
        backbone.stage(name)
    if precision not in PRECISIONS:
        raise ValueError(f"unknown precision {precision!r}: known: {', '.join(PRECISIONS)}")
    for name, value in {"batch_size": batch_size, "grid": grid}.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    if len(images) == 0:
        raise ValueError("there are no images to extract features from")
    refuse_random_transform(backbone.transform, images.pixels[0])
    dtype, keys = planned(
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
    """Raise if `transform` would not give the same result twice.

    Parameters
    ----------
    transform : callable
        uint8 (1, height, width, 3) to float tensor. Nested parts are looked through by name, and
        eight calls on one picture are compared.
    pixels : uint8 array, shape (height, width, 3)

    Raises
    ------
    ValueError
        If a part is random by its name, or two calls differ.
    """
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


def has_bfloat16() -> bool:
    """Whether this processor computes in bfloat16 (elsewhere it is emulated, and slow)."""
    # oneDNN calls bfloat16 supported from AVX-512 on, but such processors only emulate it.
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def planned(
    precision: str,
    keys_in: Callable[[str], dict],
    try_in: Callable[[torch.dtype], dict[Hashable, np.ndarray]],
) -> tuple[torch.dtype, dict]:
    """The precision to compute in, and the keys under which the results are kept.

    Parameters
    ----------
    precision : {"float32", "bfloat16", "auto"}
    keys_in : callable
        Takes the name of a precision, and gives the key of each layer's features.
    try_in : callable
        Takes a precision, and gives each layer's features of a sample from the whole set.

    Returns
    -------
    torch.dtype
    dict of layer to str
    """
    name = "float32" if precision == "auto" else precision
    keys = keys_in(name)
    if precision == "auto" and has_bfloat16():
        # A name of its own: what was asked for as "bfloat16" has not been compared.
        quick = keys_in("bfloat16, compared")
        if are_kept(quick) or (not are_kept(keys) and _agree(try_in)):
            return torch.bfloat16, quick
    return getattr(torch, name), keys


def _agree(try_in: Callable[[torch.dtype], dict[Hashable, np.ndarray]]) -> bool:
    """Whether bfloat16 gives what float32 gives."""
    exact, quick = (try_in(dtype) for dtype in (torch.float32, torch.bfloat16))
    return all((row_cosine(exact[name], quick[name]) >= PARITY).all() for name in exact)


def sample(items, most: int):
    """Of an array or a list at most so many items, evenly spread from the first on."""
    return items[:: max(1, len(items) // most)][:most]


def refuse_not_finite(found: Mapping[Hashable, np.ndarray], model: str) -> None:
    """Raise a ValueError that names the first layer with a value that is no number.

    Parameters
    ----------
    found : mapping of layer to float array
    model : str
        Whose layers they are, for the message.
    """
    for layer, values in found.items():
        if not np.isfinite(values).all():
            raise ValueError(f"layer {layer!r} of {model} gives values that are not finite")


def row_cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cosine between the rows of two arrays of shape (n, d); 1 where both rows are zero."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    same = (a == b).all(axis=1)
    return np.where(same, 1.0, (a * b).sum(axis=1) / np.where(norms == 0, 1, norms))


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
    found = {name: torch.cat(parts).cpu().numpy() for name, parts in caught.items()}
    refuse_not_finite(found, backbone.name)
    return found


def _frozen_copy(backbone: Backbone, pixels: np.ndarray) -> Backbone:
    """A copy in evaluation mode, with BatchNorm folded away where that changes nothing."""
    exact = copy.deepcopy(backbone).eval()
    folded = copy.deepcopy(exact)
    fold_batchnorm(folded.model)
    x = backbone.transform(sample(pixels, 4)).to(next(exact.parameters()).device)
    with torch.inference_mode():
        a, b = (model(x).flatten(1).cpu().numpy() for model in (exact, folded))
    return folded if (row_cosine(a, b) > FOLDED_PARITY).all() else exact


def _keys(backbone, images, layers, precision: str) -> dict[str, str]:
    # A transform of the learner's own need not print all its settings: what it gives counts too.
    given = torch.as_tensor(backbone.transform(sample(images.pixels, 8)))
    parts = (
        CACHE_FORMAT,
        backbone.fingerprint(),
        backbone.transform,
        checksum(given.numpy()),
        precision,
        images.fingerprint,
    )
    common = "\n".join(map(str, parts))
    return {name: hashlib.sha256(f"{common}\n{name}".encode()).hexdigest() for name in layers}
