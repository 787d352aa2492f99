"""A learner's seat: run as that learner, makes the working copy and becomes the Jupyter server.

python seat.py BYTES [option of jupyterhub-singleuser ...]
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tlhelpers.setup import environment, working_copy  # noqa: E402
from tlhelpers.setup.launcher import QUIET  # noqa: E402
from tlhelpers.setup.paths import venv_dir  # noqa: E402

# torch asks for much more than it takes: lesson 06 for more than 4 GB. So the system says no only
# above four times the seat's memory, to whoever asks for all at once; what is taken step by step,
# the watch sees in time.
ASKED_FOR = 4


def main(arguments: list[str]) -> None:
    """Make what the learner needs and start the server in place of this process."""
    home, limit = Path.home(), int(arguments[0])
    shared = Path(os.environ["TLHUB_SHARED"])
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_DATA, (ASKED_FOR * limit, ASKED_FOR * limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a dump would be as large as the memory
    os.environ |= places(home)
    link_cache(shared, home / "cache")
    put_notice(home / ".ipython" / "profile_default" / "startup")
    lesson = working_copy.make_working_copy(print)
    variables = environment.child_environment(venv_dir())
    python = str(environment.venv_python(venv_dir()))
    command = [
        python, "-m", "jupyterhub.singleuser", *QUIET, *arguments[1:],
        f"--ServerApp.root_dir={lesson.parent}",
        f"--LabApp.default_url=/lab/tree/{lesson.name}",
    ]  # fmt: skip
    os.chdir(home)
    os.execve(python, command, variables)


def places(home: Path) -> dict[str, str]:
    """Where the course and Jupyter keep a learner's files: all in the learner's own folder."""
    found = {
        "TLHELPERS_WORK": home / "work",
        "TLHELPERS_CACHE": home / "cache",
        "JUPYTER_CONFIG_DIR": home / ".jupyter",
        "JUPYTER_DATA_DIR": home / ".local" / "share" / "jupyter",
        "JUPYTER_RUNTIME_DIR": home / ".run",
        "IPYTHONDIR": home / ".ipython",
        "MPLCONFIGDIR": home / ".config" / "matplotlib",
        "TMPDIR": home / ".tmp",
    }
    for folder in found.values():
        folder.mkdir(parents=True, exist_ok=True)
    # Without this file, Jupyter would look for settings of an older Jupyter.
    (home / ".jupyter" / "migrated").touch()
    return {name: str(folder) for name, folder in found.items()}


def link_cache(shared: Path, cache: Path) -> None:
    """A cache of the learner's own, with a link to each file of the shared one.

    Archives, weights and features that are there need not be made; new ones go beside the links."""
    for path in sorted(shared.rglob("*")):
        twin = cache / path.relative_to(shared)
        if path.is_dir():
            twin.mkdir(exist_ok=True)
        elif path.name != "fetch.lock" and not twin.exists():
            twin.unlink(missing_ok=True)  # a link to an archive of an earlier version
            twin.symlink_to(path)


def put_notice(startup: Path) -> None:
    """Let every kernel tell why an earlier one was ended."""
    startup.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(__file__).with_name("seat_notice.py"), startup / "00-seat.py")


if __name__ == "__main__":
    main(sys.argv[1:])
