"""Run lessons without a browser: progress per cell, times, memory, and the table of claims."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import nbformat
import pandas as pd
import psutil
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from traitlets.config import Config

from tlhelpers.course.claims import read_claims
from tlhelpers.errors import CourseError, nearest, repo_root
from tlhelpers.setup.files import write_atomically
from tlhelpers.setup.machine import processor_name

CELL_SECONDS = 600
ANSI_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class LessonRun:
    """What one run of a lesson gave."""

    lesson: str
    seconds: float = 0.0
    slowest_cell: str = ""
    slowest_seconds: float = 0.0
    peak_mb: float = 0.0
    cell_seconds: list[float] = field(default_factory=list)
    claims: list[dict] = field(default_factory=list)
    error: str = ""

    @property
    def held(self) -> str:
        """Claims held out of claims made, e.g. ``"7/7"``."""
        return f"{sum(c['held'] for c in self.claims)}/{len(self.claims)}"

    @property
    def ok(self) -> bool:
        """Whether the lesson ran to its end and every claim held."""
        return not self.error and all(c["held"] for c in self.claims)


def find_lessons(names: list[str], learner: bool = False) -> list[Path]:
    """The notebooks, with or without solutions, for names such as "02" or "02_feature_extraction".

    All lessons when there is no name; a CourseError lists the names near an unknown one."""
    folder = repo_root() / "notebooks" / ("" if learner else "solutions")
    known = {path.stem: path for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))}
    chosen = []
    for name in names or known:
        stem = Path(name).name.removesuffix(".ipynb")
        fits = [path for key, path in known.items() if stem in (key, key[:2])]
        if not fits:
            raise CourseError(f"there is no lesson {name!r}: {nearest(stem, known)}")
        chosen += fits
    return chosen


class _PeakMemory(threading.Thread):
    """Watch the resident memory of the kernel and its children, ten times a second."""

    def __init__(self, client: NotebookClient):
        super().__init__(daemon=True)
        self.client, self.peak, self.done = client, 0, threading.Event()

    def run(self):
        while not self.done.wait(0.1):
            pid = getattr(getattr(self.client.km, "provisioner", None), "pid", None)
            if pid:
                self.peak = max(self.peak, _resident(pid))


def _resident(pid: int) -> int:
    total = 0
    try:
        process = psutil.Process(pid)
        for one in [process, *process.children(recursive=True)]:
            total += one.memory_info().rss
    except psutil.Error:
        pass
    return total


def run_lesson(path: Path, out: Path, echo=print) -> LessonRun:
    """Execute a notebook and write it with outputs into the folder `out`, also as HTML.

    A failing cell ends the lesson: its message is in the result. `echo` takes a line per cell."""
    notebook = nbformat.read(path, as_version=4)
    out.mkdir(parents=True, exist_ok=True)
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],
        store_widget_state=False,
        resources={"metadata": {"path": str(out)}},
    )
    run, started = LessonRun(path.stem), {}
    total = sum(cell.cell_type == "code" for cell in notebook.cells)

    def begin(cell, cell_index):
        started[cell_index] = time.perf_counter()

    def end(cell, cell_index, execute_reply):
        seconds = time.perf_counter() - started[cell_index]
        run.cell_seconds.append(round(seconds, 3))
        title = next((line for line in cell.source.splitlines() if line.strip()), "")[:60]
        if seconds > run.slowest_seconds:
            run.slowest_seconds, run.slowest_cell = round(seconds, 2), title
        echo(f"{path.stem[:2]}  cell {len(run.cell_seconds):3d}/{total}  {seconds:6.2f} s  {title}")

    client.on_cell_start, client.on_cell_executed = begin, end
    _execute(client, run)
    run.claims = read_claims(notebook)
    _write_outputs(notebook, out, path.stem)
    return run


def _execute(client: NotebookClient, run: LessonRun) -> None:
    memory, start = _PeakMemory(client), time.perf_counter()
    memory.start()
    try:
        client.execute(env=_kernel_environment())
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        run.error = ANSI_COLOURS.sub("", str(error)).strip()
    finally:
        memory.done.set()
    run.seconds = round(time.perf_counter() - start, 1)
    run.peak_mb = round(memory.peak / 2**20)


def _kernel_environment() -> dict[str, str]:
    return os.environ | {"TLHELPERS_PROGRESS": "off"}


def _write_outputs(notebook, out: Path, stem: str) -> None:
    from nbconvert import HTMLExporter

    nbformat.write(notebook, out / f"{stem}.ipynb")
    # A page has no kernel behind its widgets: their still figures are shown instead.
    shown = ["text/html", "text/markdown", "image/png", "text/plain"]
    config = Config({"NbConvertBase": {"display_data_priority": shown}})
    exporter = HTMLExporter(config=config, require_js_url="", jquery_url="")
    html, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": stem}})
    (out / f"{stem}.html").write_text(html, encoding="utf-8")


def report(runs: list[LessonRun]) -> str:
    """Two tables as text: the lessons, then every claim with its interval."""
    lines = [f"{'lesson':26} {'seconds':>8} {'slowest cell':>13} {'peak memory':>12} {'claims':>7}"]
    for run in runs:
        state = "" if run.ok else "  FAILED"
        lines.append(
            f"{run.lesson:26} {run.seconds:8.1f} {run.slowest_seconds:11.1f} s "
            f"{run.peak_mb:9.0f} MB {run.held:>7}{state}"
        )
    lines += ["", *(line for run in runs for line in map(_claim_line, run.claims))]
    lines += [f"\n{run.lesson} stopped:\n{run.error}" for run in runs if run.error]
    return "\n".join(lines)


def _claim_line(claim: dict) -> str:
    state = "held" if claim["held"] else "NOT HELD"
    return f"{claim['name']:6} {state:8} {claim['sentence']}\n{'':15} {claim['measured']}"


def record(runs: list[LessonRun], path: Path) -> None:
    """Keep the lessons' times, and what they were measured on, in a CSV; other rows stay."""
    known = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=["lesson"])
    new = pd.DataFrame(
        [
            {
                "lesson": run.lesson,
                "seconds": run.seconds,
                "slowest_cell_seconds": run.slowest_seconds,
                "peak_mb": run.peak_mb,
                "date": time.strftime("%Y-%m-%d"),
                "processor": processor_name(),
                "cores": os.cpu_count(),
                "command": f"python3 -m tlhelpers run {run.lesson[:2]} --record",
            }
            for run in runs
        ]
    )
    kept = known[~known.lesson.isin(new.lesson)]
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.concat([kept, new] if len(kept) else [new]).sort_values("lesson").to_csv(path, index=False)


def main(arguments: list[str] | None = None) -> int:
    """The command ``python3 -m tlhelpers run``: 0 if all lessons ran and all claims held."""
    parser = argparse.ArgumentParser(prog="tlhelpers run")
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help="e.g. 02; all when left out")
    parser.add_argument(
        "--learner", action="store_true", help="run the notebooks without solutions"
    )
    parser.add_argument("--record", action="store_true", help="keep the times in data/results")
    parser.add_argument("--out", type=Path, default=repo_root() / "build" / "run")
    options = parser.parse_args(arguments)
    try:
        return _run_all(find_lessons(options.lessons, options.learner), options)
    except CourseError as error:
        print(f"tlhelpers: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ntlhelpers: stopped; nothing of yours was changed", file=sys.stderr)
        return 130


def _run_all(paths: list[Path], options) -> int:
    options.out.mkdir(parents=True, exist_ok=True)
    runs = [run_lesson(path, options.out) for path in paths]
    print("\n" + report(runs))
    summary = json.dumps([asdict(run) for run in runs], indent=1)
    write_atomically(options.out / "run.json", summary.encode())
    if options.record and all(run.ok for run in runs):
        record(runs, repo_root() / "data" / "results" / "lesson_times.csv")
    print(f"\nexecuted notebooks and HTML: {options.out}")
    return int(not all(run.ok for run in runs))


if __name__ == "__main__":
    sys.exit(main())
