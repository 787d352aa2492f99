"""Run pip (and venv) with their output shown live, and say in one line why they failed.

Of what the user has told pip elsewhere, in files or variables, only that counts which says how to
reach a package index: all else (``target``, ``no-deps``, ``constraint`` ...) would lead astray.
"""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from typing import TextIO

from tlhelpers.errors import CourseError

_LINES_KEPT = 400
_PATIENCE = 10  # seconds that a stopped child has to clean up

# Options of pip, under every name they have, that the set-up takes over from its user.
_KEPT = frozenset(
    (
        *("index-url", "pypi-url", "extra-index-url", "find-links", "no-index", "trusted-host"),
        *("proxy", "cert", "client-cert", "timeout", "default-timeout", "retries"),
        *("resume-retries", "cache-dir", "no-cache-dir", "keyring-provider", "use-feature"),
        *("use-deprecated", "no-input", "no-color", "progress-bar", "prefer-binary"),
        *("disable-pip-version-check", "root-user-action"),
    )
)

_NO_VERSION = ("Could not find a version", "No matching distribution")

# pip shows what went wrong in English only. The order matters: a lost network also ends in
# "Could not find a version", and only the earlier lines tell the two apart.
_CAUSES = (
    (
        ("DO NOT MATCH THE HASHES",),
        "the download does not have the pinned hash, so it was not kept; "
        "try again later or over another network, and report it if it stays so",
    ),
    (
        ("No space left", "Disk quota exceeded", "not enough space", "File too large"),
        "no space left on the disk; free some and run the same command again",
    ),
    (
        ("certificate is not yet valid", "certificate has expired"),
        "the network's certificate is not valid on the date of this computer's clock; "
        "set the clock and run the same command again",
    ),
    (
        ("CERTIFICATE_VERIFY_FAILED", "SSLError"),
        "the network's certificate is not trusted; give pip your network's one "
        "(`pip config set global.cert FILE`) and run the same command again",
    ),
    (
        (
            "Temporary failure in name resolution",
            "Name or service not known",
            "nodename nor servname",
            "getaddrinfo failed",
            "NewConnectionError",
            "Network is unreachable",
            "ProxyError",
            "Max retries exceeded",
            "ConnectTimeout",
            "Read timed out",
            "Connection broken",
            "Connection reset",
            "Connection aborted",
            "' located at ",  # how an older pip calls a wheel that came in half
            "IncompleteRead",
            "not enough bytes were received",
            "RemoteDisconnected",
            "ProtocolError",
        ),
        "no network, or it broke off; connect and run the same command again",
    ),
    (
        _NO_VERSION,
        "the package index offers no pinned version for this system and Python, or it broke off "
        "while it told what it has; look at the network and run the same command again",
    ),
    (
        ("Permission denied", "Access is denied", "PermissionError"),
        "a file may not be written; close programs that use the course "
        "(JupyterLab, say) and check that the folder is yours",
    ),
)


def clean_environment(**changes: str) -> dict[str, str]:
    """The variables for a child Python, with `changes` on top.

    Those that point Python or Jupyter to other packages, and pip to anything but another index,
    are left out.
    """
    astray = {
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "PYTHONINSPECT",
        "__PYVENV_LAUNCHER__",
        "JUPYTER_PATH",
        "JUPYTER_CONFIG_PATH",
    }
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper() not in astray and _is_harmless(name)
    }
    return {**kept, "PYTHONUTF8": "1", "PIP_USER": "0", **changes}


def _is_harmless(variable: str) -> bool:
    prefix, _, option = variable.upper().partition("_")
    return prefix != "PIP" or option == "CONFIG_FILE" or _spelled(option) in _KEPT


def _spelled(option: str) -> str:
    return option.lower().replace("_", "-").removeprefix("--")


def pip_settings(python: Path, verb: str) -> dict[str, str]:
    """The user's configuration for ``pip VERB`` as variables, without what would lead astray.

    A CourseError says that pip cannot read that configuration.
    """
    command = [str(python), "-m", "pip", "config", "list"]
    variables = clean_environment(PIP_QUIET="0", PIP_VERBOSE="0", PIP_NO_COLOR="1")
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", env=variables)
    except OSError as error:
        raise CourseError(f"{python} could not be started: {error.strerror}") from None
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split()[:60])
        raise CourseError(f"pip's configuration could not be read, mend it first; pip said: {said}")
    settings: dict[str, str] = {}
    lines = [line.partition("=") for line in done.stdout.splitlines()]
    for section in ("global", verb):
        for key, _, value in lines:
            option = key.removeprefix(f"{section}.")
            if option != key and option in _KEPT:
                settings[f"PIP_{option.upper().replace('-', '_')}"] = str(ast.literal_eval(value))
    own = {name: value for name, value in os.environ.items() if name in settings}
    # With this name for a file, pip reads none.
    return {**settings, **own, "PIP_CONFIG_FILE": os.devnull}


def run(
    command: list[str], *, lock: int | None = None, cwd: Path | None = None, **variables: str
) -> tuple[int, str]:
    """Run a command; return its exit status and the last lines of standard error, shown as well.

    Its standard output is inherited, so progress bars stay alive. The child holds `lock`, an open
    file, too (not on Windows, where a child's open files keep a folder from being replaced).
    """
    inherited = () if lock is None or os.name == "nt" else (lock,)
    sys.stdout.flush()
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env=clean_environment(**variables),
        pass_fds=inherited,
        encoding="utf-8",
        errors="replace",
    )
    lines: deque[str] = deque(maxlen=_LINES_KEPT)
    withheld: list[str] = []
    tee = threading.Thread(target=_tee, args=(process.stderr, lines, withheld), daemon=True)
    tee.start()
    try:
        status = process.wait()
    except BaseException:
        _stop(process)
        raise
    tee.join(timeout=10)
    output = "".join(lines)
    if not (status and _known_cause(output)):
        sys.stderr.write("".join(withheld))
    return status, output


def run_pip(
    python: Path, arguments: list[str], temporary: Path, settings: dict[str, str], **options: object
) -> tuple[int, str]:
    """Run ``python -m pip`` as `run` does, with the `pip_settings` and temporary files in a folder.

    The system's own one is often small and lies in memory; wheels of torch do not fit there.
    """
    command = [str(python), "-m", "pip", "--disable-pip-version-check", *arguments]
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))
    return run(command, **options, **settings, **places)


def explain(output: str) -> str:
    """Say in one line why pip failed, and the mend, out of what it wrote to standard error."""
    cause = _known_cause(output)
    if cause:
        return cause
    errors = [line.strip() for line in output.splitlines() if line.strip()]
    marked = [line for line in errors if "ERROR" in line] or errors
    return f"pip said: {marked[-1]}" if marked else "pip gave no reason"


def offers_none(output: str) -> bool:
    """Whether pip failed because the place that it looked in has no version that fits."""
    fitting = (signs for signs, _ in _CAUSES if any(sign in output for sign in signs))
    return next(fitting, None) is _NO_VERSION


def _known_cause(output: str) -> str:
    fitting = (cause for signs, cause in _CAUSES if any(sign in output for sign in signs))
    return next(fitting, "")


def _tee(stream: TextIO, lines: deque[str], withheld: list[str]) -> None:
    # After Ctrl-C or on a full disk the child writes a traceback of its own, which tells a learner
    # nothing. So what follows one is shown only if the child was not stopped and nobody knows why.
    for line in stream:
        lines.append(line)
        if withheld or line.startswith("Traceback (most recent call last)"):
            withheld.append(line)
        else:
            sys.stderr.write(line)
            sys.stderr.flush()


def _stop(process: subprocess.Popen) -> None:
    # An interrupted Python stops its own children too; a killed one would leave them behind.
    if os.name == "nt":
        process.terminate()
    else:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=_PATIENCE)
    except BaseException:
        process.kill()
        process.wait()
