"""The command `run`: what it tells of a lesson, and of one that fails."""

import nbformat
import pandas as pd
import pytest
from tiny_faults import with_mounts

from tlhelpers.course import execution, runner, times
from tlhelpers.course.on_screen import as_on_screen
from tlhelpers.errors import CourseError, repo_root

CLAIM = """
from tlhelpers.course.claims import claim_value
claim_value("99.a", "one is at least {bound}", 1.0, at_least={bound})
"""


def notebook_file(folder, *cells):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    nbformat.write(notebook, folder / "99_made.ipynb")
    return folder / "99_made.ipynb"


WIDGET = """
from IPython.display import HTML
from tlhelpers.figures.widgets import Explorer
import ipywidgets
Explorer(ipywidgets.IntSlider(3), lambda value: (f"value {value}", HTML("<img alt='still'/>")))
"""


BARS = """
import sys
from IPython.display import HTML, display
from tqdm import tqdm
print("before")
for name, leave in (("cleared", False), ("left", True)):
    for _ in tqdm(range(3), desc=name, leave=leave, mininterval=0, file=sys.stdout):
        sys.stdout.flush()
display(HTML("<b>drawn</b>"))
print("after", flush=True)
for _ in tqdm(range(3), desc="cleared", leave=False, mininterval=0, file=sys.stdout):
    pass
"""


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """A lesson that ran to its end: what was told meanwhile, the result, and the page."""
    folder, lines = tmp_path_factory.mktemp("held"), []
    path = notebook_file(
        folder, CLAIM.format(bound=0.5), "import time; time.sleep(1)", WIDGET, BARS
    )
    run = execution.run_lesson(path, folder / "out", lines.append)
    return lines, run, (folder / "out" / "99_made.html").read_text(encoding="utf-8")


def test_a_lesson_that_holds(held):
    lines, run, page = held
    assert run.ok and run.held == "1/1", run.error
    assert len(run.cell_seconds) == 4 and run.cell_seconds[1] >= 1
    assert run.slowest_seconds == pytest.approx(max(run.cell_seconds), abs=0.01)
    assert run.slowest_seconds < run.seconds
    assert run.peak_mb >= run.own_mb > 20
    assert [line.split()[1:3] for line in lines] == [["cell", f"{cell}/4"] for cell in (1, 2, 3, 4)]
    assert "one is at least 0.5" in page
    assert "99.a   held     one is at least 0.5" in runner.report([run])


def test_the_page_shows_a_widgets_still_figure(held):
    page = held[2]
    assert 'value 3<img alt="still"/>' in page
    assert "widget-view+json" not in page


def test_a_bar_that_was_cleared_leaves_no_line_on_the_page(held):
    page = held[2]
    assert "cleared:" not in page
    assert page.count("left: 100%") == 1 and "left:   0%" not in page
    assert page.index(">before") < page.index("<b>drawn</b>") < page.index(">after")


@pytest.mark.parametrize(
    ("written", "left"),
    [
        (["one\n", "two"], ["one\ntwo"]),
        (["a:  0%", "\ra: 50%", "\r      \r"], []),
        (["a:  0%\ra: 50%\r      \rdone\n"], ["done\n"]),
        (["a: 99%\ra: 100%\n"], ["a: 100%\n"]),
        (["kept  \nx"], ["kept  \nx"]),
        (["Windows\r\nends\r\n"], ["Windows\nends\n"]),
        ([], []),
    ],
)
def test_what_was_overwritten_is_gone(written, left):
    streams = [nbformat.v4.new_output("stream", name="stdout", text=text) for text in written]
    assert [output.text for output in as_on_screen(streams)] == left


def test_streams_stay_where_they_were_written():
    def stream(name, text):
        return nbformat.v4.new_output("stream", name=name, text=text)

    drawn = nbformat.v4.new_output("display_data", {"text/plain": "x"})
    outputs = [stream("stdout", "a"), stream("stderr", "b"), drawn, stream("stdout", "c")]
    assert as_on_screen([*outputs, stream("stdout", "d")])[:3] == outputs[:3]
    assert as_on_screen(outputs)[-1].text == "cd"


def test_a_claim_that_does_not_hold_fails_the_run_and_is_still_in_the_table(tmp_path):
    path = notebook_file(tmp_path, CLAIM.format(bound=2), "later = 1")
    run = execution.run_lesson(path, tmp_path / "out", lambda line: None)
    assert not run.ok and run.held == "0/1"
    table = runner.report([run])
    assert "99.a   NOT HELD one is at least 2" in table
    assert "FAILED" in table and "AssertionError" in table and "\x1b" not in table


def test_a_kernel_that_dies_is_told(tmp_path):
    path = notebook_file(tmp_path, "import os; os._exit(1)")
    run = execution.run_lesson(path, tmp_path / "out", lambda line: None)
    assert "died" in run.error.lower()
    assert (tmp_path / "out" / "99_made.ipynb").exists()


RUN = f"""
import sys
sys.path.insert(0, {str(repo_root())!r})
from pathlib import Path
from tlhelpers.course import calibration, runner, times
runner.find_lessons = lambda *names: [Path("99_made.ipynb")]
times.times_file = lambda: Path("closed/times.csv")
calibration.calibration_by_itself = lambda anew: 0.5
sys.exit(runner.main(["--out", "full", "--record"]))
"""
DISKS = """
cd "$FOLDER"
mkdir full closed
mount -t tmpfs -o size=64k tmpfs full
closed "$FOLDER/closed"
"$PYTHON" -c "$CODE" && exit 7 || test $? = 1
ls -A full
"""


def test_the_tables_come_before_what_a_disk_refuses(tmp_path):
    notebook_file(tmp_path, CLAIM.format(bound=0.5))
    done = with_mounts(DISKS, CODE=RUN, FOLDER=str(tmp_path), TLHELPERS_PROGRESS="off")
    assert done.returncode == 0, done.stderr
    full, table = tmp_path / "full", tmp_path / "closed" / "times.csv"
    assert "99.a   held     one is at least 0.5" in done.stdout
    assert f"99_made could not be kept: {full}: No space left on device\n" in done.stdout
    assert done.stderr == (
        f"tlhelpers: {table.relative_to(tmp_path)} could not be written (Read-only file system); "
        "free or mend it\n"
    )
    assert done.stdout.splitlines()[-2:] == ["99_made.ipynb", "run.json"], "and nothing half-made"


def test_lessons_are_found_by_number_or_name():
    for name in ("02", "02_feature_extraction", "notebooks/02_feature_extraction.ipynb"):
        assert [path.stem for path in runner.find_lessons([name])] == ["02_feature_extraction"]
    assert len(runner.find_lessons([])) >= 2
    with pytest.raises(CourseError, match="did you mean 02_feature_extraction"):
        runner.find_lessons(["02_feature_extration"])


@pytest.mark.parametrize("jobs", ["0", "-1", "two", "1.5", "²"])
def test_a_number_of_jobs_that_is_none_is_refused(jobs, capsys):
    with pytest.raises(SystemExit):
        runner.main(["02", "--jobs", jobs])
    assert "a number of processes is 1 or more" in capsys.readouterr().err


def test_the_kernel_is_told_how_many_processes_it_may_start(tmp_path):
    path = notebook_file(tmp_path, "import os; assert os.environ['TLHELPERS_JOBS'] == '1'")
    assert execution.run_lesson(path, tmp_path / "out", lambda line: None, jobs=1).ok


def test_an_unknown_lesson_is_one_line_and_status_1(capsys):
    assert runner.main(["77"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_recorded_times_replace_the_lessons_own_row_only(tmp_path):
    path = tmp_path / "results" / "times.csv"
    runner.record([execution.LessonRun("00_a", 1.0), execution.LessonRun("02_b", 2.0)], path)
    runner.record([execution.LessonRun("00_a", 3.0)], path)
    table = pd.read_csv(path).set_index("lesson")
    assert table.seconds.to_dict() == {"00_a": 3.0, "02_b": 2.0}
    assert table.loc["00_a", "command"] == "python3 -m tlhelpers run 00 --record"
    assert table.processor.str.len().min() > 0
    assert set(table.cache) == {"empty"}
    runner.record([execution.LessonRun("02_b", 1.0, cache="filled")], path)
    table = pd.read_csv(path).set_index("lesson")
    assert table.cache.to_dict() == {"00_a": "empty", "02_b": "filled"}


def test_what_was_kept_by_an_earlier_run_is_told_with_the_times(tmp_path, monkeypatch):
    monkeypatch.setenv("TLHELPERS_CACHE", str(tmp_path / "cache"))
    assert runner._state_of_cache() == "empty"
    features = tmp_path / "cache" / "features"
    features.mkdir(parents=True)
    assert runner._state_of_cache() == "empty"
    (features / "some.safetensors").touch()
    assert runner._state_of_cache() == "filled"
    monkeypatch.setenv("TLHELPERS_CACHE", str(features / "some.safetensors"))
    assert runner._state_of_cache() == "empty"


def test_of_two_lessons_in_a_row_the_second_finds_what_the_first_left(tmp_path, monkeypatch):
    monkeypatch.setenv("TLHELPERS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(times, "times_file", lambda: tmp_path / "times.csv")
    monkeypatch.setattr(runner, "_calibration", lambda *_: None)

    def run_lesson(path, *_):
        (tmp_path / "cache" / "features").mkdir(parents=True, exist_ok=True)
        (tmp_path / "cache" / "features" / path.stem).touch()
        return execution.LessonRun(path.stem, 1.0)

    monkeypatch.setattr(execution, "run_lesson", run_lesson)
    assert runner.main(["00", "02", "--record", "--out", str(tmp_path / "out")]) == 0
    assert pd.read_csv(tmp_path / "times.csv").cache.tolist() == ["empty", "filled"]
