"""What the command tells: a learner's table, and one CSV for a class, whatever its files are."""

import csv
import json
import os
import re
import subprocess
import sys

import pytest

from tlhelpers.errors import CourseError, repo_root
from tlhelpers.setup import progress_report as report
from tlhelpers.setup import progress_store as store


def command(*arguments, folder, **variables):
    """``python -m tlhelpers progress`` with the standard library alone, in a folder."""
    return subprocess.run(
        [sys.executable, "-S", "-m", "tlhelpers", "progress", *map(str, arguments)],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(repo_root()),
            "PYTHONIOENCODING": "utf-8",
            **variables,
        },
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def learner(path, name, solved=(), tried=(), quizzes=None):
    """A progress file as the course writes it."""

    def fill(content):
        content["name"] = name
        for one in (*solved, *tried):
            time = "2026-01-02T03:04:05Z" if one in solved else None
            content["exercises"][one] = {"tries": 2, "solved": time}
        for lesson, best in (quizzes or {}).items():
            entry = {"seed": 0, "rounds": 1, "best": best, "last": best, "questions": 6}
            content["quizzes"][lesson] = {**entry, "answers": {}}
        return True

    store.change(path, fill)
    return path


def foretell(path, **entries):
    """Add predictions of lesson 00 as the course keeps them."""

    def fill(content):
        for name, (kind, given, outcome, interval) in entries.items():
            content["predictions"][f"00.{name}"] = {
                "kind": kind, "given": given, "later": None, "outcome": outcome,
                "interval": interval, "shown": outcome is not None,
            }  # fmt: skip
        return True

    store.change(path, fill)


def test_predictions_of_a_class_are_columns_of_counts(tmp_path):
    files = [learner(tmp_path / f"{name}.json", name) for name in ("Ada", "Bo", "Cy")]
    foretell(
        files[0],
        first=("number", 40.0, 50.0, [44.0, 56.0]),
        gain=("number", 3.0, 4.5, [2.0, 7.0]),
        rivals=("choice", "x", "x", None),
        deep=("choice", "x", "not resolved", None),
        words=("sentence", "=1+1", None, None),
        ahead=("choice", "x", None, None),  # made, and its outcome not seen yet
    )
    foretell(files[1], late=("choice", None, "x", None))
    assert report.merge(list(map(str, files)), tmp_path / "out.csv") == 0
    rows = [[row[key] for key in report.PREDICTED] for row in read_csv(tmp_path / "out.csv")]
    nothing = ["0", "0", "0", "0", "", "0", "0"]
    assert rows == [["6", "2", "1", "2", "5.8", "2", "1"], nothing, nothing]
    assert "=1+1" not in (tmp_path / "out.csv").read_text(encoding="utf-8-sig")


def read_csv(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_parts_of_the_course_are_those_of_its_notebooks():
    parts = report.course_parts()
    assert parts["00"] == (["00.1", "00.2", "00.3"], True)
    assert all(asked == sorted(set(asked)) for asked, _ in parts.values())


def test_the_command_prints_what_is_kept_without_an_environment(tmp_path):
    kept = learner(tmp_path / "p.json", "Ada", ["00.1", "00.2"], ["00.3"], {"00": 5})
    done = command("--name", "Ada L.", folder=tmp_path, TLHELPERS_PROGRESS=str(kept))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Progress of Ada L.\n")
    assert re.search(r"^00 +2 of 3 +██░ +5/6 +0 of \d+$", done.stdout, re.MULTILINE)
    assert store.read(kept).name == "Ada L."
    again = command(folder=tmp_path, TLHELPERS_PROGRESS="off")
    assert again.returncode == 0 and "switched off" in again.stdout


def test_the_command_refuses_a_newer_file_in_one_sentence(tmp_path):
    (tmp_path / "p.json").write_text('{"format": 9}')
    done = command(folder=tmp_path, TLHELPERS_PROGRESS=str(tmp_path / "p.json"))
    assert done.returncode == 1 and done.stdout == ""
    [line] = done.stderr.splitlines()
    assert "newer version of this course (format 9" in line


def test_thirty_files_of_which_three_are_damaged_and_one_edited(tmp_path):
    for i in range(30):
        solved = ["00.1", "00.2", "02.1"][: i % 4]
        learner(tmp_path / f"p{i:02}.json", f"Learner {i}", solved, ["00.3"], {"02": i % 7})
    (tmp_path / "p03.json").write_bytes((tmp_path / "p03.json").read_bytes()[:50])
    (tmp_path / "p11.json").write_bytes(b"")
    (tmp_path / "p11.json").write_bytes(b"\xff\x00\xff")
    (tmp_path / "p20.json").write_text("[]")
    edited = tmp_path / "p05.json"
    edited.write_text(edited.read_text().replace('"solved": null', '"solved": ""'))
    done = command("--merge", "*.json", "--out", "class.csv", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    told = done.stdout.splitlines()
    damaged = ["p03.json", "p11.json", "p20.json"]
    assert [line.split(":")[0] for line in told[:-1]] == sorted([*damaged, "p05.json"])
    assert told[-1] == "class.csv: 30 rows, 3 of them of damaged files"
    rows = {row["file"]: row for row in read_csv(tmp_path / "class.csv")}
    assert len(rows) == 30 and rows["p05.json"]["note"] == report.EDITED
    for name in damaged:
        assert rows[name]["note"].startswith("damaged: ") and rows[name]["solved"] == ""
    row = rows["p02.json"]
    assert [row[key] for key in ("name", "solved", "tried", "tries")] == [
        "Learner 2",
        "2",
        "3",
        "6",
    ]
    assert [row[key] for key in ("00.1", "00.2", "00.3", "02.1", "quiz 02")] == [
        "1",
        "1",
        "0",
        "",
        "2",
    ]
    assert not store.read(tmp_path / "p03.json").exercises  # it was read and stays as it is


def test_fields_that_a_spreadsheet_would_run_are_made_inert(tmp_path):
    names = ["=1+1", "+1", "-1", "@SUM(A1)", "Ada = Lovelace"]
    files = [learner(tmp_path / f"{i}.json", name) for i, name in enumerate(names)]
    assert report.merge(list(map(str, files)), tmp_path / "out.csv") == 0
    shown = [row["name"] for row in read_csv(tmp_path / "out.csv")]
    assert shown == [*(f"'{name}" for name in names[:4]), names[4]]


def test_what_a_file_and_a_name_may_be_otherwise_is_noted_and_not_fatal(tmp_path, capsys):
    learner(tmp_path / "a.json", "Ada", ["00.1"])
    learner(tmp_path / "b.json", "Ada")
    (tmp_path / "c.json").write_text('{"format": 9}')
    (tmp_path / "d.json").mkdir()
    (tmp_path / "e.json").write_text('{"00.1": "right"}')
    files = [str(tmp_path / f"{name}.json") for name in "abcdef"]
    assert report.merge([*files, files[0]], tmp_path / "out.csv") == 0
    notes = [row["note"] for row in read_csv(tmp_path / "out.csv")]
    assert notes[:2] == ["this name comes more than once"] * 2
    assert "newer version" in notes[2] and "cannot be read: " in notes[3]
    assert notes[4:] == ["", "there is no such file"]
    assert len(capsys.readouterr().out.splitlines()) == 6
    assert report.merge([files[3], files[5]], tmp_path / "none.csv") == 1


def test_no_learners_file_is_written_over_by_the_table(tmp_path):
    kept = learner(tmp_path / "a.json", "Ada")
    before = kept.read_bytes()
    with pytest.raises(CourseError, match="is one of the files to read"):
        report.merge([str(kept)], kept)
    assert kept.read_bytes() == before
    with pytest.raises(CourseError, match="no file is named like"):
        report.merge([str(tmp_path / "x*.json")], tmp_path / "out.csv")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["--out", "a.csv"], "say with --merge"), (["--merge", "a", "--name", "b"], "leave it out")],
    ids=["out", "name"],
)
def test_options_that_do_not_go_together_are_told(tmp_path, arguments, told):
    done = command(*arguments, folder=tmp_path)
    assert done.returncode == 1 and told in done.stderr


def test_a_table_of_an_old_checksum_is_json_that_anybody_reads(tmp_path):
    kept = learner(tmp_path / "a.json", "Ada", ["00.1"])
    content = json.loads(kept.read_text())
    assert content["checksum"] == store.checksum(content)
