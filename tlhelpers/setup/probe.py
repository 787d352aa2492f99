"""Say which packages of the requirements are not as pinned, from inside an environment.

``python -I probe.py FOLDER`` is run by the environment's own Python, which need have no package
but pip: so this file imports nothing else, and nothing of the course.
"""

from __future__ import annotations

import csv
import json
import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

REQUIREMENTS, CONSTRAINTS = "requirements.txt", "constraints.txt"
MARK = "tlhelpers:"  # begins the line of the answer


@dataclass(frozen=True)
class Installed:
    """What one package says of itself; reading that takes time, so it is read once."""

    version: str
    needs: list[str]
    files: metadata.Distribution


def examine(folder: Path, deep: bool = False) -> dict:
    """Follow the requirements in `folder` through all that they need in turn.

    The answer has ``versions`` (package to version or None), ``faults`` (package to what is wrong,
    for those that are missing or of another version) and, if `deep`, ``lacking``: the same for
    those that have lost files.
    """
    found = dict(_installed())
    pinned = {name_of(one): one for one in requirements_in(folder / CONSTRAINTS)}
    needed = _applying(requirements_in(folder / REQUIREMENTS), set(), REQUIREMENTS)
    asked = [name_of(one) for one, _ in needed]
    faults: dict[str, str] = {}
    seen: set[tuple[str, frozenset]] = set()
    while needed:
        one, source = needed.pop()
        name, extras = name_of(one), frozenset(one.extras)
        fault = _fault(one, pinned.get(name), found.get(name), source)
        if fault:
            faults.setdefault(name, fault)
        if name in found and (name, extras) not in seen:
            seen.add((name, extras))
            needed += _applying(map(parsed, found[name].needs), set(extras), one.name)
    versions = {name: found[name].version if name in found else None for name in asked}
    answer = {"versions": versions, "faults": dict(sorted(faults.items()))}
    if deep:
        lacking = {name: _lost_files(found[name]) for name in sorted({name for name, _ in seen})}
        answer["lacking"] = {name: text for name, text in lacking.items() if text}
    return answer


def parsed(text: str):
    """A requirement as pip reads it."""
    from pip._vendor.packaging.requirements import Requirement

    return Requirement(text)


def name_of(requirement) -> str:
    """The one spelling of the name of the package that a requirement asks for."""
    from pip._vendor.packaging.utils import canonicalize_name

    return canonicalize_name(requirement.name)


def _installed() -> Iterator[tuple[str, Installed]]:
    # The environment's own folders only: what PYTHONPATH or a link brings does not count.
    from pip._vendor.packaging.utils import canonicalize_name

    folders = dict.fromkeys(sysconfig.get_path(kind) for kind in ("platlib", "purelib"))
    for one in metadata.distributions(path=list(folders)):
        said = one.metadata
        if said["Name"] and said["Version"]:
            needs = said.get_all("Requires-Dist") or []
            yield canonicalize_name(said["Name"]), Installed(said["Version"], needs, one)


def requirements_in(path: Path) -> Iterator:
    """The requirements in a file; its options, and files and addresses in it, are left out."""
    from pip._vendor.packaging.requirements import InvalidRequirement

    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.partition(" #")[0].partition(" --")[0].strip()
        if text and not text.startswith(("#", "-")):
            try:
                yield parsed(text)
            except InvalidRequirement:
                continue  # a file or an address, which has no pin


def _applying(requirements: Iterable, extras: set[str], source: str) -> list[tuple]:
    """Those that count on this system and for these extras, with who asks for them."""
    return [
        (one, source)
        for one in requirements
        if one.marker is None
        or any(one.marker.evaluate({"extra": extra}) for extra in extras | {""})
    ]


def _fault(one, pin, there: Installed | None, source: str) -> str:
    wish = f"{one.name}{one.specifier if source == REQUIREMENTS or pin is None else pin.specifier}"
    asker = "" if source == REQUIREMENTS else f" (needed by {source})"
    if there is None:
        return f"{wish} is missing{asker}"
    # A build for the CPU carries a suffix, 2.14.1+cpu say, and is the same release.
    for limit in (one, pin):
        if limit is not None and not limit.specifier.contains(there.version, prereleases=True):
            return f"{one.name} is {there.version}, but {limit.specifier} is wanted{asker}"
    return ""


def _lost_files(one: Installed) -> str:
    record = one.files.read_text("RECORD") or ""
    base = str(one.files.locate_file(""))
    files = [row[0] for row in csv.reader(record.splitlines()) if row and row[0][-4:] != ".pyc"]
    lost = [file for file in files if not os.path.lexists(f"{base}/{file}")]
    more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
    return f"has lost {lost[0]}{more}" if lost else ""


if __name__ == "__main__":
    print(MARK + json.dumps(examine(Path(sys.argv[1]), deep="--deep" in sys.argv[2:])))
