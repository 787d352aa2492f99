"""A run that is stopped, killed or cannot start: one sentence, and no process left behind."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from tlhelpers.course import execution
from tlhelpers.errors import repo_root
from tlhelpers.setup import stopping
from tlhelpers.setup.stopping import Stopped, stoppable

MARK = "TLHELPERS_TEST_MARK"
RUN = """
import sys
sys.modules["rfc3987_syntax"] = None  # jsonschema would spend seconds on what is not used here
from pathlib import Path
from tlhelpers.course import runner
runner.find_lessons = lambda *names: [Path(path) for path in sys.argv[2:]]
print("loading", flush=True)
sys.exit(runner.main(["--out", sys.argv[1]]))
"""
SENTENCE = "\ntlhelpers: stopped; nothing of yours was changed\n"
# The kernel's own child knows nothing of the run, and would outlive it.
WITH_A_CHILD = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
"""
WITH_WORKERS = """
import time
from tlhelpers.evaluation.processes import in_processes
list(in_processes(time.sleep, [(300,), (300,)], n_jobs=2))
"""
WAIT = "import time; time.sleep(300)"
not_windows = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


def notebook_file(folder, *cells, name="99_made"):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    nbformat.write(notebook, folder / f"{name}.ipynb")
    return folder / f"{name}.ipynb"


def marked(mark):
    """All processes that come from the one that was started with the mark."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def workers(mark):
    """How many of them are joblib's."""
    return sum("LokyProcess" in " ".join(process.cmdline()) for process in marked(mark))


@pytest.fixture
def started(tmp_path):
    """Start a run of notebooks; whatever it leaves is ended after the test."""
    mark = tmp_path.name

    def start(*paths, **variables):
        return subprocess.Popen(
            [sys.executable, "-c", RUN, str(tmp_path / "out"), *map(str, paths)],
            cwd=repo_root(),
            env=os.environ | {MARK: mark} | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    start.mark = mark
    yield start
    for process in marked(mark):
        process.kill()


def read_until(process, text):
    """The lines that it prints, up to one with the text."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return lines
    raise AssertionError("".join(lines) + process.stderr.read())


@not_windows
@pytest.mark.parametrize(
    ("signals", "status"),
    [(["SIGINT"], 130), (["SIGTERM", "SIGINT"], 143)],
    ids=["ctrl-c", "terminated, then ctrl-c"],
)
def test_a_stopped_run_is_one_sentence_and_leaves_no_process(started, tmp_path, signals, status):
    whole = notebook_file(tmp_path, "1", name="98_whole")
    process = started(whole, notebook_file(tmp_path, WITH_A_CHILD, WAIT))
    read_until(process, "99  cell   1/2")
    assert len(marked(started.mark)) == 3, "the run, its kernel, the kernel's child"
    for name in signals:
        process.send_signal(getattr(signal, name))
        time.sleep(0.05)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (status, SENTENCE)
    assert marked(started.mark) == []
    assert "Traceback" not in out
    assert "98_whole " in out and "99_made " not in out, "what ran before is told"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "98_whole.html", "98_whole.ipynb",
    ]  # fmt: skip


@not_windows
@pytest.mark.parametrize("seconds", [0.1, 0.6])
def test_ctrl_c_while_it_loads_is_one_sentence_too(started, tmp_path, seconds):
    process = started(notebook_file(tmp_path, WAIT))
    read_until(process, "loading")
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", SENTENCE)
    assert process.returncode == 130
    assert marked(started.mark) == []


@not_windows
def test_after_a_kill_the_processes_go_and_the_next_run_works(started, tmp_path):
    process = started(notebook_file(tmp_path, "1", WITH_WORKERS))
    read_until(process, "cell   1/2")
    deadline = time.monotonic() + 30
    while workers(started.mark) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert workers(started.mark) == 2
    process.kill()
    process.communicate(timeout=30)
    deadline = time.monotonic() + 30
    while marked(started.mark) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert marked(started.mark) == []
    again = execution.run_lesson(notebook_file(tmp_path, "1"), tmp_path / "out", lambda line: None)
    assert again.ok
    nbformat.read(tmp_path / "out" / "99_made.ipynb", 4)


@not_windows
def test_a_run_whose_output_nobody_reads_ends_quietly(started, tmp_path):
    process = started(notebook_file(tmp_path, *"123"))
    read_until(process, "loading")
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=30) == 1
    assert marked(started.mark) == []


def test_a_kernel_that_cannot_start_is_told(tmp_path, monkeypatch):
    (tmp_path / "ipykernel_launcher.py").write_text("raise SystemExit(1)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    run = execution.run_lesson(notebook_file(tmp_path, "1"), tmp_path / "out", lambda line: None)
    assert run.error.startswith("its kernel could not start (")
    assert run.error.endswith("): run `python3 -m tlhelpers doctor`")
    assert not run.ok and run.cell_seconds == []


def test_a_foreign_kernel_of_the_same_name_is_not_taken(tmp_path, monkeypatch):
    spec = tmp_path / "jupyter" / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text('{"argv": ["false"], "display_name": "foreign", "language": "python"}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    path = notebook_file(tmp_path, f"import sys; assert sys.executable == {sys.executable!r}")
    run = execution.run_lesson(path, tmp_path / "out", lambda line: None)
    assert run.error == "" and len(run.cell_seconds) == 1


def test_the_children_of_a_kernel_that_dies_are_ended(tmp_path, monkeypatch):
    monkeypatch.setenv(MARK, tmp_path.name)
    path = notebook_file(tmp_path, f"{WITH_A_CHILD}\ntime.sleep(0.5); import os; os._exit(1)")
    run = execution.run_lesson(path, tmp_path / "out", lambda line: None)
    assert "died" in run.error.lower()
    monkeypatch.delenv(MARK)
    assert [process for process in marked(tmp_path.name) if process.pid != os.getpid()] == []


def test_a_folder_that_cannot_be_made_is_one_line(started, tmp_path):
    (tmp_path / "out").write_text("a file in the way")
    process = started(notebook_file(tmp_path, "1"))
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1 and err.count("\n") == 1
    assert f"{tmp_path / 'out'} cannot be made" in err and "--out" in err


@pytest.fixture
def handlers():
    """The handlers of all signals that ask to stop are as they were, once the test is over."""
    numbers = [getattr(signal, name) for name in stopping.NAMES if hasattr(signal, name)]
    before = {number: signal.signal(number, signal.default_int_handler) for number in numbers}
    yield list(before)
    for number, handler in before.items():
        signal.signal(number, handler)


@not_windows
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_the_first_signal_stops_and_later_ones_stay_unheeded(handlers, name):
    number = getattr(signal, name)
    with pytest.raises(Stopped) as caught, stoppable():
        signal.raise_signal(number)
    assert caught.value.status == 128 + number
    for each in handlers:
        signal.raise_signal(each)


@not_windows
@pytest.mark.parametrize("error", [None, ValueError])
def test_without_a_signal_the_handlers_come_back(handlers, error):
    with contextlib.suppress(ValueError), stoppable():
        assert signal.default_int_handler not in map(signal.getsignal, handlers)
        if error:
            raise error
    assert set(map(signal.getsignal, handlers)) == {signal.default_int_handler}


@not_windows
def test_nohup_is_respected(handlers):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with stoppable():
        signal.raise_signal(signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


@not_windows
def test_impatient_signals_until_the_very_end_add_no_word():
    code = """
import atexit, os, signal, sys
from tlhelpers.setup import stopping
from tlhelpers.setup.stopping import Stopped, stoppable
atexit.register(lambda: [os.kill(os.getpid(), signal.SIGINT) for _ in range(100)])
try:
    with stoppable():
        os.kill(os.getpid(), signal.SIGTERM)
except Stopped as stopped:
    sys.exit(stopped.status)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=repo_root(), capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (143, b"", b"")


@not_windows
def test_a_stopped_sweep_is_one_sentence_with_the_status_of_its_signal():
    code = """
import runpy, sys
from tlhelpers.experiments import running
def wait(*args, **options):
    print("waiting", flush=True)
    __import__("time").sleep(60)
running.run_sweep = wait
sys.argv = ["sweep", "vision-tuning"]
runpy.run_module("tlhelpers.experiments.sweeps", run_name="__main__")
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=repo_root(), encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    read_until(process, "waiting")
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 143
    assert err == "\ntlhelpers: stopped; the same command goes on where it was\n"


def resident(code):
    """Start a process that runs the code and waits; the process, once it has done so."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"{code}\nprint('ready', flush=True)\ninput()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    read_until(process, "ready")
    return process


MEGABYTES = 60
PRIVATE = f"held = bytearray({MEGABYTES << 20})"
SHARED = """
import mmap
with open({path!r}, "rb") as file:
    held = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
assert sum(held[::4096]) == 0
"""
WITHOUT_FILE = f"""
import mmap
held = mmap.mmap(-1, {MEGABYTES << 20})
held.write(bytes({MEGABYTES << 20}))
"""


def own_memory_of(processes):
    return execution.look_at_memory(processes).own


def memory_of_two(code, count=execution.memory_of):
    """Megabytes of two processes that run the code, together."""
    processes = [resident(code) for _ in range(2)]
    try:
        return count([psutil.Process(each.pid) for each in processes]) / 2**20
    finally:
        for process in processes:
            process.communicate("\n")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux tells what is shared")
def test_what_two_processes_share_counts_once_and_their_own_twice(tmp_path):
    path = tmp_path / "shared"
    path.write_bytes(bytes(MEGABYTES << 20))
    alone = memory_of_two("")
    assert memory_of_two(PRIVATE) - alone == pytest.approx(2 * MEGABYTES, abs=6)
    assert memory_of_two(SHARED.format(path=str(path))) - alone == pytest.approx(MEGABYTES, abs=6)
    assert execution.MEMORY_COUNTED == "shared once"


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux tells what is shared")
def test_of_their_own_is_what_no_file_stands_for(tmp_path):
    path = tmp_path / "shared"
    path.write_bytes(bytes(MEGABYTES << 20))
    alone = memory_of_two("", own_memory_of)
    private = memory_of_two(PRIVATE, own_memory_of)
    assert private - alone == pytest.approx(2 * MEGABYTES, abs=6)
    mapped = memory_of_two(SHARED.format(path=str(path)), own_memory_of)
    assert mapped == pytest.approx(alone, abs=6)
    without_file = memory_of_two(WITHOUT_FILE, own_memory_of)
    assert without_file - alone == pytest.approx(MEGABYTES, abs=6)
    assert alone < memory_of_two("")
