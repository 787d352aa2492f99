"""Which packages the course needs on another kind of machine, read from wheels in a folder.

``python -m tlhelpers.setup.bundle.needs`` is run by the environment's Python, whose pip can read
requirements. pip itself judges their conditions by the machine it runs on, so it is not asked.
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from email.parser import Parser
from pathlib import Path

from tlhelpers.setup import probe


@dataclass(frozen=True)
class Held:
    """A wheel that is there: version, file name, the Pythons it takes, what it needs in turn."""

    version: str
    file: str
    pythons: str
    needs: list[str]


def examine(folder: Path, wheels: list[Path], places: list[dict[str, str]]) -> dict:
    """Follow the requirements in `folder` through the wheels that are there.

    `places` are the conditions to judge by. Returns ``wishes`` (package to a line for pip, for
    those that are needed and not there), ``needed`` (package to the file name of its wheel, for
    those that are), ``unfit`` (package to a phrase, for those of another version) and
    ``oldest_python``, the first release of that Python which all of them take.
    """
    held = dict(map(_read, wheels))
    limits = _limits(folder, held, places)
    for name in (probe.CONSTRAINTS, probe.REQUIREMENTS):
        for one in probe.requirements_in(folder / name):
            if probe.name_of(one) in limits:
                limits[probe.name_of(one)].update(map(str, one.specifier))
    lines = {name: name + ",".join(sorted(limits[name])) for name in sorted(limits)}
    return {
        "wishes": {name: line for name, line in lines.items() if name not in held},
        "needed": {name: held[name].file for name in lines if name in held},
        "unfit": {
            name: f"{name} is {held[name].version}, and {line} is wanted"
            for name, line in lines.items()
            if name in held
            and not probe.parsed(line).specifier.contains(held[name].version, prereleases=True)
        },
        "oldest_python": _oldest_python(
            [held[name].pythons for name in limits if name in held], places
        ),
    }


def _oldest_python(asked: list[str], places: list[dict[str, str]]) -> str:
    limits = [probe.parsed(f"python{text}").specifier for text in asked if text]
    releases = [f"{places[0]['python_version']}.{number}" for number in range(100)]
    fitting = (one for one in releases if all(limit.contains(one) for limit in limits))
    return next(fitting, releases[0])


def _limits(folder: Path, held: dict[str, Held], places: list) -> dict[str, set[str]]:
    """Each package that is needed, with all that is asked of its version."""
    todo = _applying(probe.requirements_in(folder / probe.REQUIREMENTS), frozenset(), places)
    limits: dict[str, set[str]] = defaultdict(set)
    seen: set[tuple[str, frozenset]] = set()
    while todo:
        one = todo.pop()
        name, extras = probe.name_of(one), frozenset(one.extras)
        limits[name].update(map(str, one.specifier))
        if name in held and (name, extras) not in seen:
            seen.add((name, extras))
            todo += _applying(map(probe.parsed, held[name].needs), extras, places)
    return limits


def _read(wheel: Path) -> tuple[str, Held]:
    with zipfile.ZipFile(wheel) as archive:
        card = next(
            name
            for name in archive.namelist()
            if name.count("/") == 1 and name.endswith(".dist-info/METADATA")
        )
        said = Parser().parsestr(archive.read(card).decode("utf-8", "replace"), headersonly=True)
    name = probe.name_of(probe.parsed(said["Name"]))
    pythons, needs = said["Requires-Python"] or "", said.get_all("Requires-Dist") or []
    return name, Held(said["Version"], wheel.name, pythons, needs)


def _applying(requirements, extras: frozenset, places: list[dict[str, str]]) -> list:
    """Those that count in any of these places and for any of these extras."""
    return [
        one
        for one in requirements
        if one.marker is None
        or any(
            one.marker.evaluate({**place, "extra": extra})
            for place in places
            for extra in extras | {""}
        )
    ]


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    there = [Path(name) for name in json.loads(sys.stdin.read())]
    print(probe.MARK + json.dumps(examine(Path(asked["folder"]), there, asked["places"])))
