"""All sweeps of the course, by name."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache

from tlhelpers.errors import CourseError, nearest
from tlhelpers.experiments import (
    text,
    text_across,
    text_deep,
    text_few,
    text_further,
    text_hub,
    text_masked,
    text_pairs,
    text_topics,
    text_words,
    vision,
    vision_across,
    vision_choosing,
    vision_mixes,
    vision_recipe,
    vision_sizes,
    vision_wild,
)
from tlhelpers.experiments.sweep import Sweep
from tlhelpers.setup.memory import give_back_memory

SWEEPS: dict[str, Sweep] = {
    sweep.name: sweep
    for module in (
        vision,
        vision_wild,
        vision_recipe,
        vision_choosing,
        vision_mixes,
        vision_sizes,
        vision_across,
        text,
        text_across,
        text_deep,
        text_few,
        text_further,
        text_masked,
        text_pairs,
        text_topics,
        text_words,
    )
    for sweep in module.SWEEPS
}
# No table of these comes with the course: they fetch models of a hub, or nobody has run them yet.
ON_REQUEST: dict[str, Sweep] = {
    sweep.name: sweep for sweep in (*text_hub.SWEEPS, *text_deep.UNSTORED)
}


def find_sweep(name: str) -> Sweep:
    """The sweep of this name.

    Raises
    ------
    CourseError
        If there is none; the message lists near names.
    """
    every = SWEEPS | ON_REQUEST
    if name not in every:
        raise CourseError(f"there is no sweep {name!r}: {nearest(name, every)}")
    return every[name]


def find_sweeps(asked: str) -> list[Sweep]:
    """The sweep of this name, or all whose names begin with it and a hyphen.

    What has no table in the course is asked for by its whole name.
    """
    group = [sweep for name, sweep in SWEEPS.items() if name.startswith(f"{asked}-")]
    return [SWEEPS[asked]] if asked in SWEEPS else group or [find_sweep(asked)]


@cache
def sets_of(name: str) -> Mapping[str, object]:
    """The sets of a sweep, loaded once per process."""
    return find_sweep(name).sets()


def labelled_sets(name: str) -> Mapping[str, object]:
    """Sets with the items and labels of a sweep's, to read its table with."""
    make = find_sweep(name).labelled
    return make() if make else sets_of(name)


@cache
def warm_up(name: str) -> None:
    """Load, once per process, what all runs of a sweep share."""
    sweep = find_sweep(name)
    if sweep.warm:
        sweep.warm()


def let_go() -> None:
    """Forget what runs in this process have loaded, sets and networks: hundreds of megabytes.

    What stored tables are read with stays.
    """
    readers = {sweep.labelled for sweep in SWEEPS.values()}
    folder = __name__.rpartition(".")[0]
    for name, module in list(sys.modules.items()):
        if name.startswith(f"{folder}."):
            for value in vars(module).values():
                if isinstance(value, _REMEMBERING) and value not in readers:
                    value.cache_clear()
    give_back_memory()


_REMEMBERING = type(sets_of)  # of functions under `cache`
