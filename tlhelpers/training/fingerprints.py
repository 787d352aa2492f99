"""Hashes of what decides a training run, equal in every process in which it is the same."""

from __future__ import annotations

import functools
import hashlib
import random
import re
import sys
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType

import numpy as np
import torch
from torch import nn

import tlhelpers
from tlhelpers.models.backbones import tensor_bytes
from tlhelpers.training.randomness import random_state_put_back, seed_all

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
SIMPLE = (type(None), bool, int, float, complex, str, bytes)
NAMED = (type, BuiltinFunctionType, np.ufunc, torch.dtype, torch.device)
DEEPEST = 8


def digest(value) -> str:
    """SHA-256 of all that `describe` tells."""
    return hashlib.sha256(describe(value).encode()).hexdigest()


def describe(value, depth: int = 0) -> str:
    """What a value is, without where it lies in memory: numbers, settings, and code of one's own.

    Of a function its code and the numbers, texts and functions that it uses; lists around it are
    left out, since many are there to note something down.
    """
    if isinstance(value, SIMPLE):
        return repr(value)
    if depth > DEEPEST:
        return type(value).__name__
    tell = functools.partial(describe, depth=depth + 1)
    if isinstance(value, (np.ndarray, np.generic, torch.Tensor)):
        return _describe_array(value)
    if isinstance(value, Mapping):
        return f"{{{', '.join(sorted(f'{tell(k)}: {tell(v)}' for k, v in value.items()))}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(tell, value))}]"
    if isinstance(value, (set, frozenset)):
        return f"set({', '.join(sorted(map(tell, value)))})"
    if isinstance(value, (FunctionType, MethodType, functools.partial)):
        return _describe_function(value, tell)
    if isinstance(value, NAMED):
        return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', value)}"
    return _describe_object(value, tell)


def _describe_array(array) -> str:
    if isinstance(array, torch.Tensor):
        kind, shape, values = array.dtype, tuple(array.shape), tensor_bytes(array)
    else:
        kind, shape, values = array.dtype, array.shape, np.ascontiguousarray(array)
        if array.dtype.hasobject:
            return f"array {shape} {describe(array.tolist())}"
    return f"array {kind} {shape} {hashlib.sha256(values).hexdigest()}"


def _describe_function(function, tell: Callable) -> str:
    if isinstance(function, functools.partial):
        return f"partial {tell(function.func)} {tell(function.args)} {tell(function.keywords)}"
    if isinstance(function, MethodType):
        return f"method {function.__name__} {tell(function.__self__)} {tell(function.__func__)}"
    around = _plain(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    if _is_installed(function.__module__):
        return f"{function.__module__}.{function.__qualname__} {tell(around)}"
    defaults = (function.__defaults__, function.__kwdefaults__)
    codes = list(_codes(function.__code__))
    names = sorted({name for code in codes for name in code.co_names})
    used = {n: function.__globals__[n] for n in names if n in function.__globals__}
    used = {name: value for name, value in used.items() if _is_plain(value)}
    code = [[c.co_code, c.co_names, [x for x in c.co_consts if _is_plain(x)]] for c in codes]
    return f"function {tell(code)} {tell(defaults)} {tell(around)} {tell(used)}"


def _plain(cells) -> dict:
    """The values around a function, of those kinds that are told."""
    found = {}
    for name, cell in cells:
        try:
            value = cell.cell_contents
        except ValueError:  # not yet there
            continue
        if not isinstance(value, (list, dict, set)):
            found[name] = value
    return found


def _is_plain(value) -> bool:
    return isinstance(value, (*SIMPLE, tuple, FunctionType, functools.partial))


def _codes(code: CodeType):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


@functools.cache
def _is_installed(module: str) -> bool:
    """Whether a module comes with Python, the course or a package: its name then says enough."""
    top = module.split(".")[0]
    if top == tlhelpers.__name__ or top in sys.stdlib_module_names - {"__main__"}:
        return True
    file = getattr(sys.modules.get(top), "__file__", None)
    folders = {Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib")}
    return bool(file) and bool(folders & set(Path(file).resolve().parents))


def _describe_object(value, tell: Callable) -> str:
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if hasattr(value, "card"):  # a tokenizer, which is large: its card is its hash
        return f"{kind} {tell(value.card())}"
    if isinstance(value, nn.Module):
        state = {k: v for k, v in value.state_dict().items() if isinstance(v, torch.Tensor)}
        return f"{describe_network(value)} {tell(state)}"
    if isinstance(value, (random.Random, np.random.Generator, torch.Generator)):
        return f"{kind} {tell(_state_of(value))}"
    if hasattr(value, "__dict__") and vars(value):
        return f"{kind} {tell(vars(value))} {_own_code(value, tell)}"
    return f"{kind} {ADDRESS.sub('', repr(value))} {_own_code(value, tell)}"


def describe_network(model: nn.Module) -> str:
    """Layers, their numbers (e.g. of dropout) and one's own code, but no weight."""
    parts = []
    for name, part in model.named_modules():
        numbers = {k: v for k, v in vars(part).items() if isinstance(v, SIMPLE)}
        numbers = {k: v for k, v in numbers.items() if k != "training" and not k.startswith("_")}
        kind = f"{type(part).__module__}.{type(part).__qualname__}"
        parts.append(f"{name}: {kind} {describe(numbers)} {_own_code(part, describe)}")
    return f"{ADDRESS.sub('', repr(model))} {' '.join(parts)}"


def _own_code(value, tell: Callable) -> str:
    """The methods of classes that are no package's."""
    own = [kind for kind in type(value).__mro__ if not _is_installed(kind.__module__)]
    own = [kind for kind in own if kind is not object]
    methods = [f for kind in own for f in vars(kind).values() if isinstance(f, FunctionType)]
    return tell(methods) if methods else ""


def _state_of(generator):
    if isinstance(generator, random.Random):
        return generator.getstate()
    if isinstance(generator, torch.Generator):
        return generator.get_state()
    return generator.bit_generator.state


# ---------------------------------------------------------------- what a model is shown


def digest_of_batches(batches: Callable, parts: list[np.ndarray], seed: int, what: str) -> str:
    """SHA-256 of what a function gives for parts of the items, each under a seed of its own.

    One that gives something else when it is asked again is refused: no run could go on with it.
    """
    found = []
    with random_state_put_back():
        for number, items in enumerate(parts):
            seed_all(seed, number)
            found.append(digest(batches(items)))
            if number == 0:
                seed_all(seed, number)
                if digest(batches(items)) != found[0]:
                    raise ValueError(
                        f"{what} gives something else for the same items each time, also under "
                        "the same seed, so that a run could not go on from its checkpoint: draw "
                        "from the random numbers of torch, NumPy or Python, which fit seeds, or "
                        "leave out checkpoint"
                    )
    return digest(found)
