"""What doctor tells of this machine's speed: the environment's Python measures it once."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tlhelpers.errors import repo_root
from tlhelpers.setup import environment

_MODULE = "tlhelpers.course.times"


def speed(venv: Path) -> str:
    """The sentence of ``python -m tlhelpers.course.times``; why there is none, if it fails.

    The first time it takes about two seconds, and what torch needs to load."""
    command = [str(environment.venv_python(venv)), "-m", _MODULE]
    variables = environment.child_environment(venv)
    try:
        done = subprocess.run(
            command,
            cwd=repo_root(),
            env=variables,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"not measured ({type(error).__name__})"
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        return f"not measured ({reason.removeprefix('tlhelpers: ')})"
    return done.stdout.strip()
