"""A room's face: the names that lessons use, each loaded when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module


def make_face(package: str, names: Mapping[str, str]) -> tuple[Callable, Callable, list[str]]:
    """What a package's ``__init__`` calls ``__getattr__``, ``__dir__`` and ``__all__``.

    `names` maps each module of the package to the names that it adds to the face, with spaces
    between. So a process that needs one module does not wait for the whole room.
    """
    home = {name: module for module, row in names.items() for name in row.split()}

    def get(name: str):
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{home[name]}"), name)

    return get, lambda: sorted(home), sorted(home)
