"""nbgrader's execution of a learner's notebook, with limits, and with marks from outside of it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbgrader.preprocessors import Execute
from traitlets import Bool, Float, Integer, Unicode, default

from tlhelpers.course.exercise_kinds import Exercise
from tlhelpers.course.grading.course_folder import read_record
from tlhelpers.course.grading.fenced_kernel import FENCE, MEGABYTES
from tlhelpers.course.grading.judge import Judge, Ruling
from tlhelpers.course.grading.private_items import read_private
from tlhelpers.course.grading.sheet import STAMP, exercise_of
from tlhelpers.course.grading.variants import variant
from tlhelpers.course.grading.watch import Watch
from tlhelpers.errors import repo_root

# Why a point was not given: the name of the error that stands in the graded notebook.
OPEN, WRONG, FAILED, TIMEOUT, MEMORY, ENDED = "Open", "Wrong", "Error", "Timeout", "Memory", "Ended"
SAYS = {
    TIMEOUT: "a cell took longer than it may",
    MEMORY: "more memory was asked for than there may be",
    ENDED: "the notebook's process ended itself",
}
MOST_OUTPUT = 2**20  # bytes of what one cell may print


class _OwnKernel(AsyncKernelManager):
    """The kernel of this very Python, with limits."""

    @default("kernel_spec_manager")
    def _without_folders(self):
        return KernelSpecManager(kernel_dirs=[], parent=self)

    def format_kernel_cmd(self, extra_arguments=None):
        """Jupyter's command with another module, and without the learner's folder on the path."""
        command = super().format_kernel_cmd(extra_arguments)
        rest = command[command.index("ipykernel_launcher") + 1 :]
        return [sys.executable, "-P", "-m", "tlhelpers.course.grading.fenced_kernel", *rest]


class GuardedExecute(Execute):
    """Runs the cells one by one; whatever a notebook does, each check gets its ruling."""

    course = Unicode("", help="the course's folder").tag(config=True)
    memory_mb = Integer(4000, help="the most memory of a notebook, in MB").tag(config=True)
    cell_seconds = Float(120, help="the most seconds of computing of a cell").tag(config=True)
    timeout = Integer(300, help="the most seconds of a cell by the clock").tag(config=True)
    startup_timeout = Integer(300, help="seconds for a kernel to come up").tag(config=True)
    notebook_seconds = Float(1800, help="the most seconds of a notebook by the clock").tag(
        config=True
    )
    kernel_name = Unicode("python3", help="not what a notebook says").tag(config=True)
    fence = Bool(True, help="whether a notebook is kept from the teacher's files").tag(config=True)

    def __init__(self, *arguments, **options):
        options["kernel_manager_class"] = _OwnKernel
        super().__init__(*arguments, **options)

    def preprocess(self, nb, resources=None, km=None):
        """Execute a notebook; its checks come out as the judge said."""
        NotebookClient.__init__(self, nb, km)
        self.reset_execution_trackers()
        self._check_assign_resources(resources)
        self.printed: dict[int, int] = {}
        self.stopped = ""
        assignment = resources["nbgrader"]["assignment"]
        record = read_record(Path(self.course))[assignment]
        self.seed_changed = nb.metadata.get(STAMP, {}).get("seed") != record["seed"]
        with ExitStack() as stack:
            judge = stack.enter_context(Judge(_exercises_of(record)))
            folder = stack.enter_context(_work_folder(Path(self.course) / "source" / assignment))
            stack.enter_context(self._kernel(folder, judge))
            self._run_cells(judge)
        if self.seed_changed:
            nb.metadata[STAMP] = {**record, "seed_in_the_notebook": "another one"}
            nb.metadata[STAMP].pop("private", None)
        return nb, self.resources

    @contextmanager
    def _kernel(self, folder: Path, judge: Judge):
        """A kernel with limits and its watch; no process of it is left afterwards."""
        variables = _variables(folder) | judge.variables
        variables |= {MEGABYTES: str(self.memory_mb), FENCE: "yes" if self.fence else "no"}
        with self.setup_kernel(env=variables, cwd=str(folder)):
            self.watch = Watch(self.km.provisioner.pid, self.memory_mb, self.cell_seconds)
            self.watch.start()
            try:
                self.nb.metadata.setdefault("language_info", {"name": "python"})
                yield
            finally:
                self.watch.stop()

    def _run_cells(self, judge: Judge) -> None:
        last = time.monotonic() + self.notebook_seconds
        since_check: list[Any] = []
        for index, cell in enumerate(self.nb.cells):
            exercise_id = exercise_of(cell)
            judge.expect(exercise_id)
            if cell.cell_type == "code":
                since_check.append(cell)
                self._run(cell, index, last)
            if exercise_id:
                self._settle(cell, judge.rulings.get(exercise_id), since_check)
                since_check = []

    def _run(self, cell: Any, index: int, last: float) -> None:
        """Run a cell unless the notebook was stopped before."""
        if self.stopped:
            cell.outputs = []
            return
        if time.monotonic() > last:
            self.stopped = TIMEOUT
            self.watch.end()
            return
        self.watch.begin_cell()
        try:
            self.execute_cell(cell, index, store_history=True)
            if self.watch.too_long:
                cell.outputs.append(_error(TIMEOUT, SAYS[TIMEOUT]))
        except Exception as error:  # the process has gone, or does not heed an interruption
            died = type(error).__name__ == "DeadKernelError"
            gone = TIMEOUT if self.watch.too_long or not died else ENDED
            self.stopped = MEMORY if self.watch.exceeded else gone
            self.watch.end()
            cell.outputs = [*cell.get("outputs", []), _error(self.stopped, SAYS[self.stopped])]

    def _settle(self, cell: Any, ruling: Ruling | None, cells: list[Any]) -> None:
        """Put the ruling in place of whatever the check's cell has shown."""
        if ruling and ruling.verdict.state == "right":
            text = f"right: {ruling.verdict.message}"
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
            return
        why, said = self._why(ruling, cells)
        cell.outputs = [_error(why, said)]

    def _why(self, ruling: Ruling | None, cells: list[Any]) -> tuple[str, str]:
        errors = [error for cell in cells for error in _errors_of(cell)]
        kinds = [error.ename for error in errors] + [ruling.error if ruling else ""]
        if self.stopped or set(kinds) & {TIMEOUT, "CellTimeoutError"}:
            why = self.stopped or TIMEOUT
            return why, SAYS[why]
        if set(kinds) & {MEMORY, "MemoryError"}:
            return MEMORY, SAYS[MEMORY]
        before_check = [error for cell in cells[:-1] for error in _errors_of(cell)]
        if ruling and not before_check:
            state = ruling.verdict.state
            kind = FAILED if ruling.error else OPEN if state == "open" else WRONG
            return kind, ruling.verdict.message or "there is no answer"
        if errors := before_check or errors:
            return FAILED, f"{errors[-1].ename}: {errors[-1].evalue}"
        return WRONG, "the check was not asked"

    def output(self, outs, msg, display_id, cell_index):
        """Keep what a cell shows, up to a limit."""
        size = len(str(msg["content"]))
        self.printed[cell_index] = self.printed.get(cell_index, 0) + size
        if self.printed[cell_index] > MOST_OUTPUT and msg["msg_type"] != "error":
            return None
        return super().output(outs, msg, display_id, cell_index)


def _errors_of(cell: Any) -> list[Any]:
    return [output for output in cell.get("outputs", []) if output.output_type == "error"]


def _error(kind: str, said: str) -> Any:
    return nbformat.v4.new_output("error", ename=kind, evalue=said, traceback=[f"{kind}: {said}"])


def _variables(folder: Path) -> dict[str, str]:
    """The kernel's: its own home and folder for passing files, the course on the path."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("JUPYTER")}
    path = os.pathsep.join(filter(None, [str(repo_root()), os.environ.get("PYTHONPATH", "")]))
    own = dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP"), str(folder))
    own |= {"IPYTHONDIR": str(folder / ".ipython"), "MPLCONFIGDIR": str(folder / ".matplotlib")}
    quiet = {"TLHELPERS_PROGRESS": "off", "PYTHONDONTWRITEBYTECODE": "1"}
    return kept | own | quiet | {"PYTHONPATH": path}


@contextmanager
def _work_folder(source: Path):
    """An empty folder for a notebook to run in, with the files that the teacher gave along."""
    folder = Path(tempfile.mkdtemp(prefix="graded-")).resolve()
    try:
        for path in sorted(source.rglob("*")):
            if path.is_file() and path.suffix != ".ipynb":
                target = folder / path.relative_to(source)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _exercises_of(record: dict):
    """How the judge finds an exercise: a private one, or the variant of the teacher's seed."""
    private = _private(record["private"]) if record.get("private") else {}
    return lambda name: private[name] if name in private else variant(name, record["seed"])


@cache
def _private(path: str) -> dict[str, Exercise]:
    return read_private(Path(path)).exercises
