"""How long a lesson takes: counted minutes, and seconds scaled to the machine."""

import json
import os
import re
import subprocess
import sys

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tlhelpers.course import build, calibration, contents, execution, lesson_times, runner, times
from tlhelpers.course.exercise_book import exercises
from tlhelpers.course.times import Minutes, Recorded, count_minutes
from tlhelpers.errors import CourseError, repo_root

prose = nbformat.v4.new_markdown_cell


def code(source, **marks):
    return nbformat.v4.new_code_cell(source, metadata={"nbgrader": marks} if marks else {})


LETTER = code("answer = None  # a letter", solution=True)
FUNCTION = code("def best(runs):\n    ### BEGIN SOLUTION\n    return max(runs)", solution=True)
CHECK = code('check("99.1", answer)', grade=True, solution=False)


def test_a_made_notebook_is_counted_by_hand():
    cells = [
        prose("# Nine | 10\n\n---\n" + "word " * 298),  # 300 words; rules and bars are none
        code("a = 1\n\n# why\nb = 2"),  # 3 lines, one look
        *[code("c = 3\nd = 4")] * 2,  # 4 lines, two looks
        *[LETTER, CHECK, FUNCTION, CHECK, LETTER, CHECK],
        nbformat.v4.new_raw_cell("left out"),
    ]
    assert count_minutes(cells) == Minutes(reading=round(2 + 0.7 + 1), exercises=12, count=3)


def test_the_solutions_cost_no_reading_time():
    long = code("def f():\n" + "    x = 1\n" * 100, solution=True)
    assert count_minutes([long]) == Minutes(reading=1, exercises=6, count=1)


def test_a_quiz_takes_its_minutes_and_is_no_cell_to_read():
    quiz = code('quiz("99")')
    assert count_minutes([quiz]) == Minutes(reading=1, exercises=4, count=0, quiz=True)
    assert count_minutes([LETTER, CHECK, quiz]) == Minutes(1, exercises=7, count=1, quiz=True)


cells = some.sampled_from([prose("word " * 75), code("x = 1\n" * 5), LETTER, FUNCTION, CHECK])


@settings(max_examples=25, deadline=None)
@given(some.lists(cells, max_size=30), some.randoms())
def test_no_order_changes_the_minutes_and_more_cells_never_take_less(made, random):
    counted = count_minutes(made)
    assert count_minutes(random.sample(made, len(made))) == counted
    more = count_minutes([*made, *made])
    assert more.reading >= counted.reading >= 1
    assert (more.exercises, more.count) == (2 * counted.exercises, 2 * counted.count)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (Minutes(1, 0, 0), ("1 minute", "0 minutes for no exercises")),
        (Minutes(2, 3, 1), ("2 minutes", "3 minutes for 1 exercise")),
        (Minutes(20, 12, 3), ("20 minutes", "12 minutes for 3 exercises")),
        (Minutes(20, 16, 3, True), ("20 minutes", "16 minutes for 3 exercises and a quiz")),
    ],
)
def test_minutes_in_words(minutes, words):
    assert (minutes.reading_in_words, minutes.exercises_in_words) == words


def test_every_first_cell_states_what_is_counted_and_recorded(monkeypatch):
    monkeypatch.setattr(times, "calibration", lambda: 1.0)
    table, recorded = lesson_times(), times.recorded_times()
    sources = sorted(contents.source_dir().glob("[0-9][0-9]_*.py"))
    assert table.index.tolist() == [source.stem[:2] for source in sources]
    for source in sources:
        row = table.loc[source.stem[:2]]
        first = nbformat.read(repo_root() / "notebooks" / f"{source.stem}.ipynb", 4).cells[0].source
        stated = re.search(
            r"(\d+) minutes of reading, (\d+) minutes for \d exercises(?: and a quiz)?, "
            r"(.+) of computing",
            first,
        ).groups()
        seconds = recorded.get(source.stem)
        assert stated == (
            str(row.reading_minutes),
            str(row.exercise_minutes),
            "an unmeasured time" if seconds is None else f"{round(seconds)} seconds",
        )
        assert "{{" not in first
        assert row.exercise_minutes >= 3 * len(exercises(source.stem[:2]))


# ---------------------------------------------------------------- scaled seconds

TABLE = "lesson,seconds,calibration_seconds\n00_start_here,30,0.5\n01_from_scratch,80,\n"


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A stored table in place of the repo's."""
    path = tmp_path / "lesson_times.csv"
    path.write_text(TABLE)
    monkeypatch.setattr(times, "times_file", lambda: path)
    return path


def test_seconds_are_scaled_where_both_machines_were_timed(table, monkeypatch):
    monkeypatch.setattr(times, "calibration", lambda: 1.25)
    rows = lesson_times().loc[["00", "01"]]
    assert rows.computing_seconds.tolist() == [75, 80]
    assert rows.scaled.tolist() == [True, False]
    assert lesson_times().computing_seconds.isna().sum() == len(lesson_times()) - 2
    assert times.speed_in_words() == (
        "calibration 1.25 s: 2 lessons take about 3 min to compute (1 as recorded elsewhere)"
    )


def test_an_old_table_without_a_score_and_no_table_serve(table):
    table.write_text("lesson,seconds\n00_start_here,30\n")
    assert times.read_records() == {"00_start_here": Recorded(30.0, None)}
    assert Recorded(30.0, None).expected(1.25) == Recorded(30.0, 0.5).expected(None) == 30.0
    table.unlink()
    assert times.read_records() == {}
    assert times.computing_in_words("00_start_here") == "an unmeasured time"


@pytest.mark.parametrize(
    "row",
    [
        "00_a,many,0.5", "00_a,,0.5", "00_a", "00_a,30,fast", "00_a,nan,1", "00_a,-1,1",
        "<<<<<<< x", ",30,1", "00_a,30,1,7",
    ],
)  # fmt: skip
def test_a_damaged_row_is_named(table, row):
    table.write_text(TABLE + row + "\n")
    with pytest.raises(CourseError, match=r"lesson_times\.csv, row 4: .*git checkout"):
        times.read_records()


@pytest.mark.parametrize("head", ["", "\n", "a,b\n", "\ufefflesson,seconds\n00_a,3\n"])
def test_a_table_without_its_columns_is_damaged(table, head):
    table.write_text(head, encoding="utf-8")
    with pytest.raises(
        CourseError, match=r"row 1: it needs the columns lesson and seconds; restore"
    ):
        runner.record([execution.LessonRun("02_b", 10.0)], table)


@pytest.mark.parametrize("cells", [b"00_\xff,3,1", b"x" * 200_000])
def test_a_table_that_cannot_be_read_is_one_error(table, cells):
    table.write_bytes(TABLE.encode() + cells + b"\n")
    with pytest.raises(CourseError, match=r"lesson_times\.csv cannot be read \(.*git checkout"):
        runner.record([execution.LessonRun("02_b", 10.0)], table)
    table.unlink()
    table.mkdir()
    with pytest.raises(CourseError, match=r"lesson_times\.csv cannot be read \(.*directory"):
        times.read_records()


def test_rows_of_before_the_later_columns_stay_as_they_were(table):
    runner.record([execution.LessonRun("02_b", 10.0, peak_mb=1200, own_mb=812)], table)
    first, _, new = table.read_text().splitlines()[1:]
    assert first.startswith("00_start_here,30,0.5,") and first.replace(",", "") == (
        "00_start_here300.5"
    )
    assert new.startswith("02_b,10.0,,0.0,1200,812,")
    before = table.read_text().splitlines()
    runner.record([execution.LessonRun("03_c", 1.0)], table, here=0.5)
    assert table.read_text().splitlines()[:-1] == before


@pytest.mark.parametrize(
    ("counted", "words"),
    [("shared once", "shared parts once.*of its own:\nwithout pages of libraries"),
     ("summed", "each with shared parts.*\nof its own: the same")],
)  # fmt: skip
def test_the_report_says_how_memory_was_counted(monkeypatch, counted, words):
    monkeypatch.setattr(execution, "MEMORY_COUNTED", counted)
    assert re.search(words, runner.report([execution.LessonRun("00_a")]))


def test_the_report_has_what_was_recorded_expected_and_measured(table):
    run = execution.LessonRun("00_start_here", seconds=70.0, peak_mb=1234.4, own_mb=800)
    shown = runner.report([run], times.read_records(), 1.25)
    assert re.search(r"recorded +expected +measured +slowest cell +peak memory", shown)
    assert re.search(r"00_start_here +30\.0 +75\.0 +70\.0 +0\.0 s +1234 MB +800 MB +0/0", shown)
    assert "here 1.25 s" in shown and "not calibrated" not in shown
    other = execution.LessonRun("01_from_scratch", seconds=70.0)
    shown = runner.report([run, other], times.read_records(), 1.25)
    assert re.search(r"01_from_scratch +80\.0 +80\.0 +70\.0", shown)
    assert "1 of 2 were recorded on a machine that was not calibrated" in shown
    unknown = execution.LessonRun("99_made", seconds=7.0)
    assert re.search(r"99_made +- +- +7\.0", runner.report([unknown], times.read_records(), None))


def test_a_recorded_score_stands_beside_the_seconds_and_old_rows_stay(table):
    runner.record([execution.LessonRun("02_b", 10.0)], table, here=0.4)
    assert times.read_records() == {
        "00_start_here": Recorded(30.0, 0.5),
        "01_from_scratch": Recorded(80.0, None),
        "02_b": Recorded(10.0, 0.4),
    }
    table.write_text(TABLE + "<<<<<<< x\n")
    before = table.read_bytes()
    with pytest.raises(CourseError, match="row 4"):
        runner.record([execution.LessonRun("02_b", 10.0)], table, here=0.4)
    assert table.read_bytes() == before


# ---------------------------------------------------------------- the calibration


@pytest.fixture
def counted(monkeypatch, empty_cache):
    """How often it was measured; each time gives another number."""
    calls = []

    def measure():
        calls.append(1)
        return {"part": 0.25 * len(calls), "other": 0.5}

    monkeypatch.setattr(calibration, "measure", measure)
    return calls


def test_a_machine_is_measured_once(counted, empty_cache):
    assert [calibration.calibration() for _ in range(3)] == [0.75] * 3
    assert calibration.calibration(anew=True) == calibration.calibration() == 1.0
    assert len(counted) == 2
    [file] = (empty_cache / "calibration").iterdir()
    kept = json.loads(file.read_text())
    assert kept["parts"] == {"part": 0.5, "other": 0.5}
    assert set(kept["machine"]["libraries"]) == {"numpy", "torch"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "another"), ("processor", "another"), ("cores", 64), ("python", "3.99"),
        ("libraries", {"torch": "99"}), ("settings", {"OMP_NUM_THREADS": "7"}),
    ],
)  # fmt: skip
def test_whatever_decides_the_speed_asks_for_a_new_measurement(counted, monkeypatch, name, value):
    calibration.calibration()
    there = calibration.describe_machine() | {name: value}
    monkeypatch.setattr(calibration, "describe_machine", lambda: there)
    assert calibration.calibration() == 1.0


@pytest.mark.parametrize("damage", ["{", '{"seconds": 0.1}', "[]", ""])
def test_a_damaged_score_is_measured_again(counted, empty_cache, damage):
    calibration.calibration()
    [file] = (empty_cache / "calibration").iterdir()
    file.write_text(damage)
    assert calibration.calibration() == 1.0


def test_a_cache_that_cannot_be_made_only_means_measuring_again(counted, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TLHELPERS_CACHE", str(tmp_path / "file" / "cache"))
    assert [calibration.calibration() for _ in range(2)] == [0.75, 1.0]


def test_the_real_work_takes_time_in_every_part_and_draws_no_random_number(monkeypatch):
    import random

    import torch

    monkeypatch.setattr(calibration, "MOST_REPEATS", 1)
    monkeypatch.setattr(calibration, "LEAST_REPEATS", 1)
    before = torch.get_rng_state(), random.getstate()
    parts = calibration.measure()
    assert set(parts) == {"convolutions", "matrices", "memory", "interpreter"}
    assert all(0.001 < seconds < 30 for seconds in parts.values())
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == random.getstate()


def test_the_median_of_the_repeats_counts(monkeypatch):
    clock = iter([0.0, 0.1, 1.0, 10.0, 10.0, 10.2])  # 0.1 s, 9 s, 0.2 s
    monkeypatch.setattr(calibration.time, "perf_counter", lambda: next(clock))
    assert calibration._median_seconds(lambda: None) == pytest.approx(0.2)


def test_the_score_of_another_process_is_kept_and_its_failure_is_no_score(counted, monkeypatch):
    calibration.calibration()
    assert calibration.calibration_by_itself() == 0.75  # as kept: no process is needed
    monkeypatch.setattr(calibration.sys, "executable", str(repo_root() / "no such python"))
    assert calibration.calibration_by_itself(anew=True) is None


def test_the_sentence_for_doctor_is_one_line(empty_cache):
    machine = calibration.describe_machine()
    calibration._keep(machine, {"machine": machine, "seconds": 0.5})
    command = [sys.executable, "-m", "tlhelpers.course.times"]
    done = subprocess.run(command, cwd=repo_root(), env=os.environ, capture_output=True, text=True)
    assert re.fullmatch(r"calibration 0\.50 s: \d+ lessons take about \d+ min .*\n", done.stdout)


def test_what_build_cannot_write_is_one_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "notebooks").write_text("a file in the way")
    monkeypatch.setattr(build, "repo_root", lambda: tmp_path)
    monkeypatch.setattr(build, "source_dir", lambda: tmp_path)
    (tmp_path / "99_made.py").write_text("# %%\nx = 1\n")
    assert build.main([]) == 1
    assert re.fullmatch(r"tlhelpers: .*notebooks.*build again\n", capsys.readouterr().err)
