"""The verb compare: what it takes a path for, where it writes, what it refuses."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from made_answers import answered
from PIL import Image
from tiny_nets import tiny_images

from tlhelpers.errors import CourseError
from tlhelpers.own_data import commands
from tlhelpers.own_data.commands import as_options, checked_out, make_out, reads_pictures

USUAL = {
    "out": "report", "minutes": 5.0, "model": None, "size": None, "picture": None, "text": None,
    "label": None, "group": None, "seed": 0, "export": None,
}  # fmt: skip


def options(**changes) -> SimpleNamespace:
    return SimpleNamespace(**USUAL | changes)


@pytest.fixture
def photos(tmp_path):
    """Thirty pictures in three folders, a table of them, and one of texts."""
    images = tiny_images(30, noise=20)
    rows = []
    for place, (pixels, label) in enumerate(zip(images.pixels, images.labels, strict=True)):
        folder = tmp_path / "my photos" / images.class_names[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{place}.png")
        rows.append((f"my photos/{images.class_names[label]}/{place}.png", label, "a text"))
    table = pd.DataFrame(rows, columns=["file", "label", "said"])
    table.to_csv(tmp_path / "pictures.csv", index=False)
    table.drop(columns="file").to_csv(tmp_path / "texts.csv", index=False)
    table.assign(file="gone/" + table["file"]).to_csv(tmp_path / "gone.csv", index=False)
    return tmp_path


# ---------------------------------------------------------------- pictures or texts


@pytest.mark.parametrize(
    ("name", "asked", "wanted"),
    [
        ("my photos", {}, True),
        ("pictures.csv", {}, True),
        ("texts.csv", {}, False),
        ("gone.csv", {}, False),
        ("gone.csv", {"picture": "file"}, True),
        ("pictures.csv", {"text": "said"}, False),
        ("none.csv", {}, False),
    ],
    ids=["folder", "paths", "texts", "paths to nothing", "named", "text named", "missing"],
)
def test_pictures_or_texts(photos, name, asked, wanted):
    assert reads_pictures(photos / name, options(**asked)) is wanted


def test_a_folder_has_no_column_of_texts(photos):
    with pytest.raises(CourseError, match="--text is for tables"):
        reads_pictures(photos / "my photos", options(text="said"))
    with pytest.raises(CourseError, match="either of the two"):
        reads_pictures(photos / "texts.csv", options(text="said", picture="file"))


# ---------------------------------------------------------------- where the report goes


def test_folder_of_a_report_is_that_of_one_comparison(tmp_path):
    source, other = tmp_path / "photos", tmp_path / "others"
    for folder in (source, other):
        folder.mkdir()
    out = checked_out(tmp_path / "report", source)
    assert not out.exists()  # nothing is made before the data are read
    make_out(out, source)
    assert checked_out(out, source) == out
    with pytest.raises(CourseError, match=r"holds the comparison of .*photos: name another --out"):
        checked_out(out, other)
    (tmp_path / "link").symlink_to(source)
    assert checked_out(out, tmp_path / "link") == out
    for taken in (source, source / "report", source / "a/b"):
        with pytest.raises(CourseError, match="lies in the folder that is read"):
            checked_out(taken, source)
    (other / "letter.txt").write_text("mine")
    with pytest.raises(CourseError, match="holds something else"):
        checked_out(other, source)
    with pytest.raises(CourseError, match="is a file"):
        checked_out(other / "letter.txt", source)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="rights of POSIX, not for root")
def test_folder_that_cannot_be_written_to_is_told_first(tmp_path):
    (tmp_path / "shut").mkdir(mode=0o500)
    with pytest.raises(CourseError, match="cannot be written to"):
        checked_out(tmp_path / "shut/report", tmp_path / "photos")


# ---------------------------------------------------------------- the verb as a whole


def verb(*paths, **changes):
    told = USUAL | changes | {"verb": "compare"}
    return commands.main(["compare", json.dumps(told), *map(str, paths)])


@pytest.fixture
def quick(monkeypatch):
    """A comparison whose answer is known; all before and after it is real."""
    asked = []

    def compare_own(data, reading, **given):
        asked.append(given)
        (given["out"] / "state").mkdir(exist_ok=True)
        comparison = answered(data, "raw pixels, linear head")
        comparison.reading = reading
        return comparison

    monkeypatch.setattr("tlhelpers.own_data.comparing.compare_own", compare_own)
    return asked


def test_pictures_to_report_and_model_and_back(photos, quick, capfd, monkeypatch):
    monkeypatch.chdir(photos)
    (photos / "my photos/red/empty.png").write_bytes(b"")
    for _ in range(2):  # the same command a second time
        assert verb("my photos", here=str(photos), export="onnx", size=16) == 0
    out, err = capfd.readouterr()
    assert err == ""
    told = out.splitlines()
    assert "my photos is read as pictures." in told
    assert any("red/empty.png" in line for line in told)
    assert any("model.onnx was written" in line for line in told)
    assert quick[0]["minutes"] == 5
    assert 0 < quick[0]["already_seconds"] < 60
    for line in ("report: ", "model:  "):
        (where,) = {text.removeprefix(line) for text in told if text.startswith(line)}
        assert Path(where).exists()
    usual = {"out": None, "text": None, "picture": None, "export": None, "here": str(photos)}
    assert commands.main(["predict", json.dumps(usual), "report/model", "my photos"]) == 0
    rows = capfd.readouterr().out.splitlines()
    assert len(rows) == 32
    assert sum("red/empty.png" in row for row in rows) == 1


def test_what_cannot_be_saved_does_not_take_the_report_along(photos, quick, capfd, monkeypatch):
    monkeypatch.chdir(photos)
    monkeypatch.setattr("tlhelpers.own_data.onnx_export.APART", -1.0)
    assert verb("my photos", here=str(photos), size=16, export="onnx") == 1
    out, err = capfd.readouterr()
    assert "model:  " in out
    assert "the model as ONNX gives other probabilities" in err
    assert not (photos / "report/model/model.onnx").exists()
    (photos / "report/report.html").unlink()
    (photos / "report/model/README.md").write_text("mine")
    assert verb("my photos", here=str(photos), size=16) == 1
    out, err = capfd.readouterr()
    assert "README.md was changed by hand" in err
    assert "model:  " not in out
    assert (photos / "report/report.html").exists()
    assert (photos / "report/model/README.md").read_text() == "mine"


def test_table_of_paths(photos, quick, capfd, monkeypatch):
    monkeypatch.chdir(photos)
    assert verb("pictures.csv", here=str(photos), size=16, label="label") == 0
    assert "pictures.csv is read as pictures." in capfd.readouterr().out


@pytest.mark.parametrize(
    ("paths", "changes", "told"),
    [
        (["my phots"], {}, "there is no file or folder my phots: did you mean my photos?"),
        (["my photos"], {"text": "x"}, "--text is for tables"),
        (["my photos"], {"out": "my photos/report"}, "lies in the folder that is read"),
        (["my photos"], {"label": "x"}, "is a folder, which has no columns"),
        (["my photos"], {"group": "x"}, "leave out --group …, or give"),
        (["pictures.csv"], {"label": "lable"}, "has no column 'lable': did you mean label?"),
        ([""], {}, "the path is an empty text"),
        (["my photos"], {"out": ""}, "the folder of the report is an empty text"),
        (["loop"], {}, "loop is a link that leads nowhere"),
        (["dangling"], {}, "dangling is a link that leads nowhere"),
        (["pipe"], {}, "pipe is neither a file nor a folder"),
        (["my photos"], {"out": "loop"}, "loop is a link that leads nowhere: name another --out"),
        (["my photos"], {"out": "loop/report"}, "loop/report"),
        (["texts.csv"], {"picture": "said"}, "30 left out whose picture is not there"),
        (["texts.csv"], {"text": "label", "label": "said"}, "needs two classes: name another"),
        (["gone.csv"], {}, "gone.csv holds no pictures: its paths to pictures, 'gone/my photos/"),
        (["one.csv"], {}, "its paths to pictures, 'a.png' say, count from "),
        (["my photos"], {"model": "efficentnet"}, "unknown backbone 'efficentnet': did you mean"),
        (["texts.csv"], {"model": "minilm"}, "'minilm"),
        (["texts.csv"], {"model": ""}, "the name of the model is an empty text"),
        (["twice.csv"], {}, "name it with --text … and --label …. The columns are"),
    ],
    ids=[
        "missing",
        "a column",
        "inside",
        "a label",
        "a group",
        "a wrong column",
        "no path",
        "no out",
        "a loop",
        "a dangling link",
        "a pipe",
        "out is a loop",
        "out in a loop",
        "no pictures",
        "one class",
        "paths to nothing",
        "one path to nothing",
        "unknown backbone",
        "unknown encoder",
        "no model",
        "two texts",
    ],
)
def test_errors_are_one_line_and_leave_nothing(photos, capfd, monkeypatch, paths, changes, told):
    monkeypatch.chdir(photos)
    Path("loop").symlink_to("loop")
    Path("dangling").symlink_to("nowhere")
    os.mkfifo("pipe")
    Path("one.csv").write_text("path,label\na.png,x\n")
    Path("twice.csv").write_text("text,text\n" + "".join(f"one {i},two {i}\n" for i in range(9)))
    assert verb(*paths, here=str(photos), **changes) == 1
    out, err = capfd.readouterr()
    (line,) = err.splitlines()
    assert line.startswith("tlhelpers: ")
    assert told in line
    assert " items read from" not in out  # a wrong name is told before anything is read
    assert not (photos / "report").exists()


def test_what_python_calls_arguments_are_options_here():
    given = "Column 'a' was taken for the paths; picture=… names another, say group='day'."
    wanted = "Column 'a' was taken for the paths; --picture … names another, say --group 'day'."
    assert as_options(given) == wanted
    assert as_options("text=… or --text names another") == "--text names another"
    assert as_options("a text=1 stays") == "a text=1 stays"
    assert as_options("say group='day' (--group): else") == "say --group 'day': else"
    both = "with text=… (on the command line --text …) and label=… (on the command line --label …)"
    assert as_options(both) == "with --text … and --label …"


# A name may be too long for the system, or lie in a folder that is closed.
@pytest.mark.parametrize("name", ["x" * 300, "x" * 5000, "a\0b", "red/" * 2000, "\ud800"],
                         ids=["long", "very long", "nul", "deep", "half a letter"])  # fmt: skip
def test_a_path_that_no_file_can_have_costs_its_row_alone(photos, quick, capfd, monkeypatch, name):
    monkeypatch.chdir(photos)
    rows = [json.dumps({"file": f"{name}.png", "label": 1})]
    rows += [json.dumps({"file": str(file), "label": file.parent.name})
             for file in sorted(Path("my photos").rglob("*.png"))]  # fmt: skip
    Path("paths.jsonl").write_text("\n".join(rows))
    assert verb("paths.jsonl", here=str(photos), size=16) == 0
    out = capfd.readouterr().out
    assert "30 items read" in out
    assert "1 left out whose picture" in out
    assert max(map(len, out.splitlines())) < 400


def test_notes_of_the_report_speak_of_options(photos, quick, monkeypatch):
    monkeypatch.chdir(photos)
    assert verb("pictures.csv", here=str(photos), size=16, label="label") == 0
    page = (photos / "report/report.html").read_text(encoding="utf-8")
    assert "picture=…" not in page
    assert "--picture" in page
