"""Plain data between a learner's process and the judge: nothing in it can run when it is read."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

import numpy as np
import pandas as pd
import torch

MOST_BYTES = 64 * 2**20  # of one message
PLAIN = (type(None), bool, str)
KINDS = "biufcUS"  # of arrays


class NotPlainError(ValueError):
    """Something that cannot go as plain data, a model for example."""


class Other:
    """What stands for a result that is no plain data; it is like nothing, not even itself."""

    def __init__(self, kind: str):
        self.kind = kind

    def __repr__(self) -> str:
        return f"<{self.kind}>"


def pack(value: Any, strict: bool = True) -> bytes:
    """A value as bytes. What is no plain data raises, or is named if not `strict`."""
    return json.dumps(_plain(value, strict)).encode()


def unpack(message: bytes) -> Any:
    """The value out of bytes; a ValueError if they are no such message."""
    try:
        return _value(json.loads(message))
    except (KeyError, TypeError, IndexError, RecursionError, OverflowError) as error:
        raise ValueError(f"no message of this kind ({type(error).__name__})") from None


def _plain(value: Any, strict: bool) -> Any:
    if isinstance(value, PLAIN):
        return str(value) if isinstance(value, str) else value
    if type(value) is int and abs(value) < 2**63:
        return value
    if isinstance(value, float):
        # A number of numpy's is also a float, and comes back as one of Python's.
        return {"float": float(value).hex() if math.isfinite(value) else repr(float(value))}
    if value is Ellipsis:
        return {"...": 0}
    if type(value) in (list, tuple, set):
        return {type(value).__name__: [_plain(one, strict) for one in value]}
    if isinstance(value, dict):
        return {"dict": [[_plain(k, strict), _plain(v, strict)] for k, v in value.items()]}
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in KINDS:
        return {"scalar" if isinstance(value, np.generic) else "array": _numbers(value)}
    if torch.is_tensor(value) and not value.is_sparse and (not strict or not value.requires_grad):
        return _tensor(value, strict)
    if isinstance(value, (pd.Series, pd.Index)) and not strict:
        return _plain(value.to_numpy(), strict)
    if strict:
        raise NotPlainError(f"{type(value).__name__} is no plain data")
    return {"other": type(value).__name__}


def _numbers(value: Any) -> dict:
    array = np.asarray(value)
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"dtype": array.dtype.str, "shape": list(array.shape), "data": data}


def _tensor(value: torch.Tensor, strict: bool) -> dict:
    value = value.detach().cpu()
    if value.dtype == torch.bfloat16:
        value = value.float()
    return {"tensor": _numbers(value.numpy())}


def _value(plain: Any) -> Any:
    if not isinstance(plain, dict):
        if isinstance(plain, (*PLAIN, int)):
            return plain
        raise ValueError("no message of this kind")
    ((kind, held),) = plain.items()
    return _READERS[kind](held)


def _float(text: str) -> float:
    return float(text) if text in ("nan", "inf", "-inf") else float.fromhex(text)


def _array(held: dict) -> np.ndarray:
    dtype = np.dtype(str(held["dtype"]))
    if dtype.kind not in KINDS:
        raise ValueError("an array of no plain kind")
    shape = tuple(int(size) for size in held["shape"])
    return np.frombuffer(base64.b64decode(held["data"]), dtype).reshape(shape).copy()


_READERS = {
    "float": _float,
    "...": lambda held: Ellipsis,
    "list": lambda held: [_value(one) for one in held],
    "tuple": lambda held: tuple(_value(one) for one in held),
    "set": lambda held: {_value(one) for one in held},
    "dict": lambda held: {_value(key): _value(value) for key, value in held},
    "array": _array,
    "scalar": lambda held: _array(held)[()],
    "tensor": lambda held: torch.from_numpy(_array(held)),
    "other": lambda held: Other(str(held)[:80]),
}
