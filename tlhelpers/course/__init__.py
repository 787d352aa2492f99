"""The course itself: its lessons, claims, exercises; each is loaded when it is first asked for."""

from __future__ import annotations

from importlib import import_module

_WHERE = {
    "COURSE": "contents",
    "check": "exercises",
    "claim": "claims",
    "claim_value": "claims",
    "claims_table": "claims",
    "progress": "progress_file",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str):
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
