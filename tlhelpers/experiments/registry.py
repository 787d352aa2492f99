"""All sweeps of the course, by name."""

from __future__ import annotations

from functools import cache

from tlhelpers.errors import CourseError, nearest
from tlhelpers.experiments import (
    text,
    text_across,
    text_topics,
    vision,
    vision_across,
    vision_recipe,
    vision_wild,
)
from tlhelpers.experiments.sweep import Sweep

SWEEPS: dict[str, Sweep] = {
    sweep.name: sweep
    for module in (
        vision,
        vision_wild,
        vision_recipe,
        vision_across,
        text,
        text_across,
        text_topics,
    )
    for sweep in module.SWEEPS
}


def find_sweep(name: str) -> Sweep:
    """The sweep of this name.

    Raises
    ------
    CourseError
        If there is none; the message lists near names.
    """
    if name not in SWEEPS:
        raise CourseError(f"there is no sweep {name!r}: {nearest(name, SWEEPS)}")
    return SWEEPS[name]


def find_sweeps(asked: str) -> list[Sweep]:
    """The sweep of this name, or all whose names begin with it and a hyphen."""
    group = [sweep for name, sweep in SWEEPS.items() if name.startswith(f"{asked}-")]
    return [SWEEPS[asked]] if asked in SWEEPS else group or [find_sweep(asked)]


@cache
def sets_of(name: str) -> dict[str, object]:
    """The sets of a sweep, loaded once per process."""
    return find_sweep(name).sets()


@cache
def warm_up(name: str) -> None:
    """Load, once per process, what all runs of a sweep share."""
    sweep = find_sweep(name)
    if sweep.warm:
        sweep.warm()
