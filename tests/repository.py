"""This checkout: where it lies, and which of its files changed.

Not in conftest.py: there are several files of that name, and `import conftest` takes
whichever was loaded first.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NO_NETWORK = ROOT / "tests" / "no_network"


def changed_files(root: Path = ROOT) -> set[str]:
    """What git calls changed or new; empty where there is no git checkout to ask."""
    command = ["git", "--no-optional-locks", "-c", "core.quotepath=off", "status"]
    if shutil.which("git") is None or not (root / ".git").exists():
        return set()
    done = subprocess.run(
        [*command, "--porcelain", "--untracked-files=all"],
        cwd=root,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return set(done.stdout.splitlines())
