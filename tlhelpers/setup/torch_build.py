"""Which build of torch comes on Linux: pip's default one for NVIDIA GPUs, or the small CPU build.

The default build brings about 7 GB, most of it libraries for such GPUs; the CPU build of the same
version 0.8 GB. It does not lie on the index that pip asks, but on one of PyTorch's own.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

# PyTorch's own index of its CPU builds. From it come the two packages below and nothing else.
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PACKAGES = ("torch", "torchvision")
BUILDS = ("cpu", "default")

_DRIVER = Path("/proc/driver/nvidia")
_QUESTION = (
    "No NVIDIA graphics card is seen here. pip's default build of torch brings libraries for one:\n"
    "the environment takes about 7 GB. PyTorch's CPU build of the same version takes 0.8 GB.\n"
    f"It comes from PyTorch's own index, {CPU_INDEX}\n"
    "(`--torch cpu` or `--torch default` answers this beforehand.)\n"
    "Take the small CPU build? [Y/n] "
)


def choose(
    asked: str | None,
    venv: Path,
    read: Callable[[str], str] = input,
    in_terminal: bool | None = None,
) -> str | None:
    """The build that the learner asked for, in words or now; None if nobody is or can be asked.

    Asked is once, on Linux without an NVIDIA card, in a terminal, and while there is no torch.
    """
    if asked or installed(venv) or not offers_a_choice() or has_card():
        return asked
    if in_terminal is None:
        in_terminal = sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
    if not in_terminal:
        return None
    try:
        answer = read(_QUESTION)
    except EOFError:
        return None
    return "default" if answer.strip().lower() in ("n", "no") else "cpu"


def offers_a_choice() -> bool:
    """Whether pip's default build is another one than the CPU build: on Linux only."""
    return sys.platform.startswith("linux")


def has_card() -> bool:
    """Whether the driver of an NVIDIA card is here, or the program that comes with it."""
    return _DRIVER.exists() or shutil.which("nvidia-smi") is not None


def installed(venv: Path) -> str:
    """The build that an environment holds, ``"cpu"`` or ``"default"``; empty if it has no torch."""
    folder = "Lib" if os.name == "nt" else "lib/python3.*"
    names = [path.name for path in venv.glob(f"{folder}/site-packages/torch-*.dist-info")]
    if not names:
        return ""
    return "cpu" if any("+cpu" in name for name in names) else "default"


def is_small(asked: str | None, venv: Path) -> bool:
    """Whether the CPU build is to be fetched: asked for, or what an environment had until now."""
    return offers_a_choice() and (asked or installed(venv)) == "cpu"


def mismatch(asked: str | None, venv: Path) -> str:
    """What to tell a learner who asks for one build and has the other; empty if all is well."""
    here = installed(venv)
    if not asked or not here or asked == here or not offers_a_choice():
        return ""
    return (
        f"torch is here as the {here} build, and stays so. To take the other one, remove the "
        f"folder {venv} and run the same command again."
    )


def cpu_arguments(requirements: Path) -> list[str]:
    """pip's arguments for the CPU builds of what is pinned; empty if nothing of it is.

    What these need in turn is left out: it comes with all else, from the index that pip asks.
    """
    pins = cpu_pins(requirements)
    return ["install", "--no-deps", "--index-url", CPU_INDEX, *pins] if pins else []


def cpu_pins(requirements: Path) -> list[str]:
    """The pins of the packages that come as CPU builds."""
    pin = re.compile(rf"^(?:{'|'.join(PACKAGES)})==[^\s;]+", re.MULTILINE)
    return pin.findall(requirements.read_text(encoding="utf-8"))


def hint(failed: bool) -> str:
    """What to add to a cause if it was the CPU build that could not be had."""
    if not failed:
        return ""
    return (
        f" (this was the CPU build of torch, from {CPU_INDEX}; `--torch default` takes pip's own "
        "build instead)"
    )
