"""One file from a public address: checked against its hash before it has its name."""

from __future__ import annotations

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tlhelpers.errors import CourseError
from tlhelpers.setup.paths import PARTIAL, offline

CHUNK = 2**18
# A server that sends nothing for so long, or on average less than that, is given up.
PATIENCE = 30.0  # seconds
LEAST = 4_000  # bytes per second


def download(url: str, path: Path, algorithm: str, start: str, what: str) -> Path:
    """Bring a file to `path` unless a file with the right hash lies there.

    `start` is how its hash by `algorithm` begins; `what` names it in the one CourseError that tells
    of no network, a server that breaks off, is too slow, or sends something else.
    """
    if path.is_file() and _hash_of(path, algorithm).startswith(start):
        return path
    if offline():
        raise CourseError(
            f"{what} is not in {path.parent}, and TLHELPERS_OFFLINE forbids to get it: start "
            "once without that variable, where there is a network"
        )
    partial = path.with_name(f"{PARTIAL}{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _receive(url, partial)
        if not _hash_of(partial, algorithm).startswith(start):
            raise OSError("what came does not have the hash that the makers tell")
        partial.replace(path)
    # The library's errors for names that are not found, refusals, stalls and breaks.
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise CourseError(
            f"{what} could not be had from {url} ({reason or type(error).__name__}): look at the "
            "network and run the same again, or work on without it"
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    return path


def _receive(url: str, path: Path) -> None:
    """Write what the address gives; an OSError where it stalls or ends too early."""
    request = urllib.request.Request(url, headers={"User-Agent": "tlhelpers"})
    with closing(urllib.request.urlopen(request, timeout=PATIENCE)) as answer, path.open("wb") as f:
        total, began, received = answer.length, time.monotonic(), 0
        # `read1` returns with what has come; `read` would wait until a whole chunk is there.
        while chunk := answer.read1(CHUNK):
            f.write(chunk)
            received += len(chunk)
            _refuse_slow(received, time.monotonic() - began)
        if total is not None and received != total:
            raise OSError(f"it broke off after {received:,} of {total:,} bytes")


def _refuse_slow(received: int, seconds: float) -> None:
    if seconds > PATIENCE and received < LEAST * seconds:
        raise OSError(f"it sends only {received / seconds:,.0f} bytes per second")


def _hash_of(path: Path, algorithm: str) -> str:
    # MD5 is what torchvision tells; the library refuses it in some places unless told so.
    digest: Callable = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()
