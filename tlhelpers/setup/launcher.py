"""Start programs in the course's environment, after setting up what is missing."""

from __future__ import annotations

import errno
import ipaddress
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

from tlhelpers.errors import CourseError, repo_root
from tlhelpers.setup import environment, fetching, torch_build, working_copy
from tlhelpers.setup.bundle import beside
from tlhelpers.setup.jupyter_folders import lab_variables
from tlhelpers.setup.paths import venv_dir

LAB_SETTINGS = Path(__file__).resolve().parent / "lab_settings"
# JupyterLab would look for news, updates and extensions online. The page itself asks about news
# all the same; that and nbgrader's menus, which serve a lecturer, go in LAB_SETTINGS.
QUIET = (
    f"--LabApp.app_settings_dir={LAB_SETTINGS}",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
    # Leaves the address, and what goes wrong.
    "--ServerApp.log_level=WARN",
    *(
        f"--ServerApp.jpserver_extensions=nbgrader.server_extensions.{name}=False"
        for name in ("assignment_list", "course_list", "formgrader", "validate_assignment")
    ),
)


def check_port(ip: str, port: int | None) -> None:
    """Refuse with a CourseError an address or a port on which nothing can listen.

    None for a port is JupyterLab's choice.
    """
    addresses = _addresses(ip, port or 0)
    # "localhost" has an address in two families, and JupyterLab listens on both.
    refused = [error for error in map(_refusal, addresses) if error]
    taken = [error for error in refused if error.errno in (errno.EADDRINUSE, errno.EACCES)]
    if taken or len(refused) == len(addresses):
        reason = (taken or refused)[0].strerror
        if port is None:
            raise CourseError(
                f"cannot listen on {ip} ({reason}): give --ip an address of this machine, or leave "
                "it out"
            )
        raise CourseError(
            f"cannot listen on {ip}, port {port} ({reason}): "
            "give another --port, or none to let JupyterLab find a free one"
        )


def _addresses(ip: str, port: int) -> list[tuple]:
    if not ip:
        raise CourseError("--ip needs an address: leave it out to serve this machine only")
    try:
        return socket.getaddrinfo(
            None if ip == "*" else ip, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CourseError(f"{ip} is no address of this machine ({reason})") from None


def opening(ip: str) -> str:
    """What a lab that listens on `ip` opens to others; empty if to this machine alone."""
    addresses = [ipaddress.ip_address(info[4][0].partition("%")[0]) for info in _addresses(ip, 0)]
    if all(address.is_loopback for address in addresses):
        return ""
    everywhere = any(address.is_unspecified for address in addresses)
    where = "any of this machine's addresses" if everywhere else ip
    return (
        f"Warning: --ip {ip} opens the lab to every computer that reaches {where}. Whoever has the "
        "address with its token can run programs as you and read your files, and nothing that is "
        "sent is encrypted. Leave --ip out to serve this machine only."
    )


def lab_command(python: Path, lesson: Path, ip: str, port: int | None, browser: bool) -> list[str]:
    """The command that starts JupyterLab on a lesson, whose folder is all that it serves.

    `port` is the only one to try; None lets JupyterLab find a free one. The token stays on.
    """
    command = [str(python), "-m", "jupyterlab", *QUIET]
    command += [f"--ServerApp.root_dir={lesson.parent}", f"--ServerApp.ip={ip}"]
    # Given as a file it would open in the browser only; so the printed address leads there too.
    command.append(f"--LabApp.default_url=/lab/tree/{quote(lesson.name)}")
    if port is not None:
        command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # Containers run as root. The token and localhost guard the server all the same.
        command.append("--allow-root")
    return command if browser else [*command, "--no-browser"]


def lab(ip: str, port: int | None, browser: bool, torch: str | None = None) -> int:
    """Set up what is missing and hand over to JupyterLab; arguments as in `lab_command`.

    `torch` is the build to take; None asks, where there is a choice and somebody to ask.
    """
    if not beside.is_bundled(repo_root()):  # a bundle holds one build
        torch = torch_build.choose(torch, venv_dir())
    python = environment.ensure(torch=torch)
    fetching.fetch(python)
    lesson = working_copy.make_working_copy(print)
    if not lesson.exists():
        raise CourseError(f"{lesson} is missing: run `python3 -m tlhelpers build`, then this again")
    return open_lab(python, lesson, ip, port, browser)


def open_lab(python: Path, lesson: Path, ip: str, port: int | None, browser: bool) -> int:
    """Say what `ip` opens and hand over to JupyterLab; arguments as in `lab_command`."""
    if opening(ip):
        print(opening(ip))
    places = lab_variables(venv_dir(), python, environment.child_environment(venv_dir()))
    print("Starting JupyterLab. Leave it with File > Shut Down, or Ctrl-C here.")
    return hand_over(lab_command(python, lesson, ip, port, browser), **places)


def module(name: str, arguments: list[str], data: bool = True) -> int:
    """Set up what is missing, also data if wanted, and hand over to ``python -m name``."""
    python = environment.ensure()
    if data:
        fetching.fetch(python)
    return hand_over([str(python), "-m", name, *arguments])


def hand_over(command: list[str], **more: str) -> int:
    """Run a command in the course's folder and environment, in place of this process.

    `more` are variables on top. Only Windows comes back, with the exit status.
    """
    variables = {**environment.child_environment(venv_dir()), **more}
    os.chdir(repo_root())
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name != "nt":
        os.execve(command[0], command, variables)
    # Windows starts a new process for exec, and the prompt would come back at once.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return subprocess.call(command, env=variables)


def _refusal(address_info: tuple) -> OSError | None:
    family, kind, protocol, _, address = address_info
    try:
        with socket.socket(family, kind, protocol) as probe:
            if os.name != "nt":
                # As JupyterLab does it: a port that was just left is free.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind(address)
    except OSError as error:
        return error
    return None
