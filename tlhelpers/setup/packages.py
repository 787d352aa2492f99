"""Whether the environment really holds what the requirements name."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tlhelpers.setup import installer, probe


def look(python: Path, root: Path, deep: bool = False) -> dict:
    """What `probe.examine` answers in the environment of `python`; ``{}`` if it cannot be asked."""
    command = [str(python), "-I", probe.__file__, str(root), *(["--deep"] if deep else [])]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            encoding="utf-8",
            env=installer.clean_environment(),
            timeout=600,
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    lines = [line for line in done.stdout.splitlines() if line.startswith(probe.MARK)]
    return json.loads(lines[-1].removeprefix(probe.MARK)) if lines else {}


def absent(python: Path, root: Path) -> str:
    """One phrase that says what of the requirements is not in the environment; empty if all is."""
    answer = look(python, root)
    if not answer:
        return "the environment's Python cannot say which packages it has"
    faults = list(answer["faults"].values())
    more = f" and {len(faults) - 3} more" if len(faults) > 3 else ""
    return "; ".join(faults[:3]) + more
