"""A dask cluster of this machine alone, as one would start it by hand: to try things on it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tlhelpers.checks import whole
from tlhelpers.errors import CourseError, repo_root

READY = 300.0  # seconds: each process loads dask first
LOOK = 0.1
# Without the second, their pages of figures would be open to the whole network, dashboard or not.
HERE = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0", "--no-dashboard")


@contextmanager
def local_cluster(workers: int = 2) -> Iterator[str]:
    """A scheduler and workers, each a process that listens on this machine only.

    They end with the block, and with the process that started them.

    Parameters
    ----------
    workers : int
        Each makes one call at a time.

    Yields
    ------
    str
        The scheduler's address, ``tcp://127.0.0.1:40123`` say, for ``sweep --cluster``.

    Raises
    ------
    CourseError
        If they do not start; the message holds the last that they said.
    """
    whole("workers", workers)
    with started(workers) as cluster:
        yield cluster.address


@contextmanager
def started(workers: int, *options: str) -> Iterator[Cluster]:
    """The same with its processes at hand; `options` go to each worker."""
    with tempfile.TemporaryDirectory(prefix="tlhelpers-dask-") as folder:
        cluster = Cluster(Path(folder))
        try:
            cluster.start_scheduler()
            for _ in range(workers):
                cluster.start_worker(*options)
            cluster.wait_for_workers(workers)
            yield cluster
        finally:
            cluster.end()


class Cluster:
    """The processes of a cluster on this machine."""

    def __init__(self, folder: Path):
        self.folder, self.address = folder, ""
        self.scheduler: subprocess.Popen | None = None
        self.workers: list[subprocess.Popen] = []

    def start_scheduler(self, port: int | None = None) -> None:
        """Start it and wait until it listens."""
        port = port or _free_port()
        self.address = f"tcp://127.0.0.1:{port}"
        self.scheduler = self._start("scheduler", "--port", str(port), "--no-show", *HERE)
        self._until(lambda: _listens(port), [self.scheduler])

    def start_worker(self, *options: str) -> subprocess.Popen:
        """Start one more; it finds the scheduler by itself."""
        # Without a nanny, which would start one that was killed again.
        how = ["--nthreads", "1", "--no-nanny", "--death-timeout", "60"]
        how += ["--local-directory", str(self.folder), *HERE, *options]
        self.workers.append(self._start("worker", self.address, *how))
        return self.workers[-1]

    def wait_for_workers(self, count: int) -> None:
        """Until so many have told the scheduler that they are there."""
        from distributed import Client

        with Client(self.address, timeout=READY, set_as_default=False) as client:
            enough = lambda: len(client.scheduler_info()["workers"]) >= count  # noqa: E731
            self._until(enough, [self.scheduler, *self.workers])

    def end(self) -> None:
        """End all of them, workers first."""
        everyone = [*self.workers, *([self.scheduler] if self.scheduler else [])]
        for process in everyone:
            process.kill()
        for process in everyone:
            process.wait()

    def told(self) -> str:
        """The last line that any of them wrote."""
        logs = sorted(self.folder.glob("*.log"), key=lambda path: path.stat().st_mtime)
        lines = [line for log in logs for line in log.read_text("utf-8", "replace").splitlines()]
        return lines[-1] if lines else "nothing"

    def _start(self, kind: str, *arguments: str) -> subprocess.Popen:
        path = os.pathsep.join(filter(None, [str(repo_root()), os.environ.get("PYTHONPATH")]))
        with (self.folder / f"{kind}-{len(self.workers)}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tlhelpers.experiments.cluster_here", kind, *arguments],
                env={**os.environ, "PYTHONPATH": path},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _until(self, ready, processes: list[subprocess.Popen]) -> None:
        deadline = time.monotonic() + READY
        while not ready():
            ended = any(process.poll() is not None for process in processes)
            if ended or time.monotonic() > deadline:
                raise CourseError(
                    "the cluster of this machine did not start: look whether programs may listen "
                    f"on 127.0.0.1 here (the last that it said: {self.told()})"
                )
            time.sleep(LOOK)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


# ---------------------------------------------------------------- inside of a process


def _main(kind: str, arguments: list[str]) -> None:
    """Become a scheduler or a worker that ends with whoever has started it."""
    _end_with(os.getppid())
    if kind == "scheduler":
        from distributed.cli.dask_scheduler import main
    else:
        from distributed.cli.dask_worker import main
    main(arguments)


def _end_with(parent: int) -> None:
    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    if os.name != "nt":  # there the number of the parent stays when it is gone
        threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2:])
