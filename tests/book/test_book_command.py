"""The verb `book`: what it hands over, and what it refuses in one line."""

from pathlib import Path

import pytest

from tlhelpers import __main__ as cli
from tlhelpers.course import book
from tlhelpers.setup import environment, fetching, launcher


def test_the_verb_hands_over_its_options_with_folders_from_here(monkeypatch, tmp_path):
    calls = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(environment, "ensure", lambda: Path("python"))
    monkeypatch.setattr(fetching, "fetch", lambda python: calls.append(["fetch"]))
    monkeypatch.setattr(launcher, "hand_over", lambda command: calls.append(command) or 3)
    assert cli.main(["book", "02", "--out", "site", "--pdf", "--jobs", "1"]) == 3
    given = ["02", "--out", str(tmp_path / "site"), "--jobs", "1", "--pdf"]
    assert calls == [["fetch"], ["python", "-m", "tlhelpers.course.book", *given]]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["02_feature_extractoin"], "there is no lesson '02_feature_extractoin': did you mean"),
        (["00", "--out", "{made}"], "holds files that are no book: name an empty folder"),
        (["00", "--out", "{made}/file/x"], "cannot be written (Not a directory): name another"),
        (["00", "--pdf"], "a PDF needs one of these programs on the path"),
    ],
    ids=["lesson", "folder", "file", "browser"],
)
def test_what_cannot_be_is_told_in_one_line_before_anything_runs(
    arguments, told, tmp_path, capsys, monkeypatch
):
    (tmp_path / "file").write_text("mine")
    if "--pdf" in arguments:
        monkeypatch.setenv("PATH", str(tmp_path))
    assert book.main([word.replace("{made}", str(tmp_path)) for word in arguments]) == 1
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert err.startswith("tlhelpers: ") and told in err


def test_a_number_of_jobs_is_checked(capsys):
    with pytest.raises(SystemExit) as stopped:
        book.main(["--jobs", "0"])
    assert stopped.value.code == 2
    assert "a number of processes is 1 or more, not 0" in capsys.readouterr().err
