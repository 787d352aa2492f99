"""Let a notebook on a foreign Jupyter, Colab's say, go on in the course's own environment."""

from __future__ import annotations

import os
import sys
import threading

from tlhelpers.errors import CourseError
from tlhelpers.setup import environment
from tlhelpers.setup.paths import venv_dir

_REPLY = 1.0  # seconds in which the running cell tells its notebook that it is done


def move_in() -> None:
    """Exchange this kernel's process for the course's Python, which listens where it listened.

    What the notebook has computed so far is lost. A CourseError says why it is not possible.
    """
    command, variables = successor(sys.argv)
    threading.Timer(_REPLY, os.execve, (command[0], command, variables)).start()
    print("From the next cell on this notebook runs in the course's environment.")


def successor(arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    """The command of a kernel of the course for a kernel's `arguments`, and its variables."""
    python = environment.venv_python(venv_dir())
    if not python.exists():
        raise CourseError("the environment is not made yet: run `python3 -m tlhelpers fetch` first")
    if "-f" not in arguments[1:-1]:
        raise CourseError("this is no notebook's kernel: run it in a cell of a notebook")
    connection = arguments[arguments.index("-f") + 1]
    variables = environment.child_environment(venv_dir())
    variables.pop("MPLBACKEND", None)  # may name a module of the host's
    return [str(python), "-m", "ipykernel_launcher", "-f", connection], variables
