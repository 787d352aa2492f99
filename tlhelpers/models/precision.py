"""The number format that a frozen pass computes in, and whether its results can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

import numpy as np
import torch

from tlhelpers.models.feature_cache import are_kept

PRECISIONS = ("auto", "float32", "bfloat16")
PARITY = 0.999
CPU = torch.device("cpu")


def has_bfloat16(device: torch.device = CPU) -> bool:
    """Whether the device computes in bfloat16 (elsewhere it is emulated, and slow)."""
    if device.type != "cpu":
        return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    # oneDNN calls bfloat16 supported from AVX-512 on, but such processors only emulate it.
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def choose_precision(
    precision: str,
    keys_in: Callable[[str], dict],
    try_in: Callable[[torch.dtype], dict[Hashable, np.ndarray]],
    pays: bool,
) -> tuple[torch.dtype, dict]:
    """The format to compute in, and the keys under which the features of each layer are kept.

    `keys_in` gives these keys for the name of a format, `try_in` each layer's features of a sample;
    `pays` says whether bfloat16 is quicker here.
    """
    name = "float32" if precision == "auto" else precision
    keys = keys_in(name)
    if precision == "auto" and pays:
        # A name of its own: what was asked for as "bfloat16" has not been compared.
        quick = keys_in("bfloat16, compared")
        if are_kept(quick) or (not are_kept(keys) and _agree(try_in)):
            return torch.bfloat16, quick
    return getattr(torch, name), keys


def _agree(try_in: Callable[[torch.dtype], dict[Hashable, np.ndarray]]) -> bool:
    """Whether bfloat16 gives what float32 gives."""
    exact, quick = (try_in(dtype) for dtype in (torch.float32, torch.bfloat16))
    return all((row_cosine(exact[name], quick[name]) >= PARITY).all() for name in exact)


def row_cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cosine between each row of one array and the same row of another.

    Parameters
    ----------
    a, b : float array, shape (n, d)

    Returns
    -------
    float64 array, shape (n,)
        1 where both rows are zero, 0 where one is.
    """
    a, b = a.astype(np.float64), b.astype(np.float64)
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    same = (a == b).all(axis=1)
    return np.where(same, 1.0, (a * b).sum(axis=1) / np.where(norms == 0, 1, norms))


def sample(items, most: int):
    """Of an array or a list at most so many items, evenly spread from the first on."""
    return items[:: max(1, len(items) // most)][:most]


def refuse_not_finite(features: Iterable[tuple[Hashable, np.ndarray]], model: str) -> None:
    """Raise a ValueError that names the first layer of `model` with a value that is no number.

    A layer may come several times, as it was pooled or averaged in several ways."""
    for layer, values in features:
        if not np.isfinite(values).all():
            raise ValueError(f"layer {layer!r} of {model} gives values that are not finite")
