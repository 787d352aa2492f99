"""Tables of predictions: each item in its order, also what was left out; nothing a sheet runs."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from made_answers import answered
from PIL import Image
from tiny_encoders import checkpoint, opinions
from tiny_nets import CLASSES, tiny_images

from tlhelpers.errors import CourseError
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.text_features import encode
from tlhelpers.own_data import commands, final_training, predicting
from tlhelpers.own_data.best_model import save_trained
from tlhelpers.own_data.predicting import heading, table_file, write_predictions
from tlhelpers.own_data.saved_model import load_saved

posix = pytest.mark.skipif(os.name == "nt", reason="names that Windows does not take")


@pytest.fixture(scope="module")
def pictures_model(tmp_path_factory):
    images = tiny_images(60, noise=20)
    trained = final_training.linear_head_on_pixels(images)
    return save_trained(
        trained, answered(images, "raw pixels"), tmp_path_factory.mktemp("own") / "pictures"
    )


@pytest.fixture(scope="module")
def texts_model(tmp_path_factory, one_thread):
    texts = opinions()
    encoder = load_encoder(checkpoint(tmp_path_factory.mktemp("encoders") / "small"))
    rows = encode(encoder, texts, cache=False)
    model = final_training.linear_head_on_features(texts, encoder, rows)
    trained = final_training.Trained(model, encoder.name)
    return save_trained(
        trained, answered(texts, "frozen features"), tmp_path_factory.mktemp("own") / "texts"
    )


@pytest.fixture
def photos(tmp_path):
    """Eight pictures in two folders, and files that are none."""
    images = tiny_images(8, seed=1, noise=20)
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    names = [
        "a.png",
        "b c.png",
        "d.png",
        "=1+1.png",
        "more/@x.png",
        "more/z.png",
        "é.png",
        "😀.png",
    ]
    for name, pixels in zip(names, images.pixels, strict=True):
        Image.fromarray(pixels).save(folder / name)
    (folder / "c empty.png").write_bytes(b"")
    (folder / "more/text.jpg").write_text("no picture")
    return folder


def predicted(model, *paths, column=None):
    """The rows as csv reads them, and how many were predicted."""
    file = io.StringIO(newline="")
    count, readings = write_predictions(load_saved(model), list(paths), file, column)
    rows = list(csv.DictReader(io.StringIO(file.getvalue(), newline="")))
    return rows, count, readings


def verb(name, *paths, **options):
    """Run a verb as the command line does, in this process."""
    usual = {"out": None, "text": None, "picture": None, "export": None, "here": os.getcwd()}  # noqa: PTH109
    return commands.main([name, json.dumps(usual | options), *map(str, paths)])


def test_each_item_stands_in_the_table_in_its_order(pictures_model, photos):
    rows, count, (reading,) = predicted(pictures_model, photos)
    names = [row["item"] for row in rows]
    assert count == 8
    assert len(rows) == 10
    assert [name.lstrip("'") for name in names] == sorted(name.lstrip("'") for name in names)
    assert "'=1+1.png" in names
    assert "more/@x.png" in names  # harmless: its first character is a letter
    left_out = {row["item"]: row["left_out"] for row in rows if not row["predicted"]}
    assert set(left_out) == {"c empty.png", "more/text.jpg"}
    assert left_out["c empty.png"].startswith("empty")
    assert all(left_out.values())
    assert reading.count_left_out() == 2
    for row in rows:
        if row["predicted"]:
            shares = {name: float(row[name]) for name in CLASSES}
            assert row["predicted"] == max(shares, key=shares.get)
            assert float(row["confidence"]) == max(shares.values())
            assert sum(shares.values()) == pytest.approx(1, abs=2e-4)


def test_table_says_what_the_model_says_in_a_notebook(pictures_model, photos):
    rows, *_ = predicted(pictures_model, photos)
    saved = load_saved(pictures_model)
    files = [photos / row["item"].lstrip("'") for row in rows if row["predicted"]]
    for shares, row in zip(
        saved.predict_proba(files), [row for row in rows if row["predicted"]], strict=True
    ):
        assert [f"{share:.4f}" for share in shares] == [row[name] for name in CLASSES]
        assert row["predicted"] == CLASSES[shares.argmax()]


def test_files_and_folders_in_any_order_keep_it(pictures_model, photos):
    given = [photos / "d.png", photos / "more", photos / "c empty.png", photos / "a.png"]
    rows, count, _ = predicted(pictures_model, *given)
    below = [str(photos / "more" / name) for name in ("@x.png", "text.jpg", "z.png")]
    wanted = [str(photos / "d.png"), *below, str(photos / "c empty.png"), str(photos / "a.png")]
    assert [row["item"] for row in rows] == wanted
    assert count == 4
    # The same picture says the same, whatever it is asked with.
    alone, *_ = predicted(pictures_model, photos / "a.png")
    assert {**rows[-1], "item": ""} == {**alone[0], "item": ""}


def test_files_of_one_name_are_told_apart(pictures_model, photos):
    (photos / "other").mkdir()
    shutil.copy(photos / "d.png", photos / "other/a.png")
    rows, *_ = predicted(pictures_model, photos / "a.png", photos / "other/a.png", photos / "d.png")
    assert [row["item"] for row in rows] == [
        str(photos / name) for name in ("a.png", "other/a.png", "d.png")
    ]
    assert rows[1]["red"] == rows[2]["red"]


def test_a_part_that_cannot_be_read_does_not_stop_the_rest(pictures_model, photos):
    (photos / "none").mkdir()
    rows, count, _ = predicted(pictures_model, photos / "none", photos / "a.png")
    assert [bool(row["predicted"]) for row in rows] == [False, True]
    assert rows[0]["left_out"]
    assert count == 1
    with pytest.raises(CourseError, match="no picture"):
        predicted(pictures_model, photos / "none")


def test_many_items_are_predicted_part_by_part(pictures_model, tmp_path, monkeypatch):
    monkeypatch.setattr(predicting, "AT_ONCE", 4)
    images = tiny_images(19, seed=3)
    for place, pixels in enumerate(images.pixels):
        Image.fromarray(pixels).save(tmp_path / f"{place:02}.png")
    rows, count, _ = predicted(pictures_model, tmp_path)
    assert count == 19
    wanted = load_saved(pictures_model).predict_proba(images)
    given = np.array([[float(row[name]) for name in CLASSES] for row in rows])
    np.testing.assert_allclose(given, wanted, atol=6e-5)


# ---------------------------------------------------------------- texts


def table(path, texts, column="text"):
    pd.DataFrame({column: texts, "n": range(len(texts))}).to_csv(path, index=False)
    return path


def test_texts_of_a_table(texts_model, tmp_path):
    said = ["the film was good .", "", "the walk was poor .", "=SUM(A1)"]
    rows, count, _ = predicted(texts_model, table(tmp_path / "a.csv", said))
    assert [row["item"] for row in rows] == ["row 1", "row 2", "row 3", "row 4"]
    assert [bool(row["predicted"]) for row in rows] == [True, False, True, True]
    assert count == 3
    shares = load_saved(texts_model).predict_proba([text for text in said if text])
    kept = [row for row in rows if row["predicted"]]
    assert [[row["no"], row["yes"]] for row in kept] == [
        [f"{share:.4f}" for share in row] for row in shares
    ]


def test_rows_are_in_the_order_of_numbers(texts_model, tmp_path):
    said = ["the film was good ."] * 12
    said[10] = ""
    rows, *_ = predicted(texts_model, table(tmp_path / "a.csv", said))
    assert [row["item"] for row in rows] == [f"row {number}" for number in range(1, 13)]


def test_several_tables_name_themselves(texts_model, tmp_path):
    paths = [table(tmp_path / name, ["good", "bad"], "words") for name in ("a.csv", "b.csv")]
    rows, *_ = predicted(texts_model, *paths, column="words")
    assert [row["item"] for row in rows] == [f"{path} row {n}" for path in paths for n in (1, 2)]


# ---------------------------------------------------------------- what does not fit


def test_what_the_model_does_not_take_is_refused(pictures_model, texts_model, photos, tmp_path):
    with pytest.raises(CourseError, match=r"takes texts, and .* is a folder"):
        predicted(texts_model, photos)
    with pytest.raises(CourseError, match=r"takes texts, and .* is a picture"):
        predicted(texts_model, photos / "a.png")
    disguised = shutil.copy(photos / "a.png", tmp_path / "a.csv")
    with pytest.raises(CourseError, match=r"takes texts, and .* is a picture"):
        predicted(texts_model, tmp_path / "a.csv")
    assert disguised
    with pytest.raises(CourseError, match="no column holds paths of pictures"):
        predicted(pictures_model, table(tmp_path / "b.csv", ["good", "bad"]))
    with pytest.raises(CourseError, match=r"there is no file or folder .*did you mean a\.png"):
        predicted(pictures_model, photos / "aa.png")


# ---------------------------------------------------------------- what a spreadsheet does


def test_columns_that_look_alike_are_told_apart():
    assert heading(["item", "left_out", "cat", "=x", "-1"]) == [
        "item", "predicted", "confidence", "class item", "class left_out", "cat", "'=x", "-1",
        "left_out",
    ]  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=6))
def test_no_field_is_a_formula_and_numbers_stay(text):
    shown = predicting.field_of(text)
    assert shown.lstrip("'") == text.lstrip("'")
    if not predicting.NUMBER.fullmatch(shown):
        assert not shown.startswith(("=", "+", "-", "@"))


# ---------------------------------------------------------------- the file


def test_file_is_written_as_a_whole(tmp_path):
    path = tmp_path / "p.csv"
    with pytest.raises(RuntimeError), table_file(path) as file:
        file.write("item,predicted,confidence,\n")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    for content in ("item,predicted,confidence,a\n1\n", "item,predicted,confidence,b\n"):
        with table_file(path) as file:
            file.write(content)
        assert path.read_bytes() == content.encode()
    path.write_text("my notes")
    with pytest.raises(CourseError, match="something else"), table_file(path):
        pass
    assert path.read_text() == "my notes"
    assert list(tmp_path.iterdir()) == [path]


# ---------------------------------------------------------------- the verb


def test_verb_writes_the_table_and_tells_the_rest(pictures_model, photos, tmp_path, capfd):
    out = tmp_path / "table.csv"
    assert verb("predict", pictures_model, photos, out=str(out)) == 0
    told = capfd.readouterr()
    assert told.out == ""
    assert "8 predictions are in" in told.err
    assert "c empty.png" in told.err
    assert verb("predict", pictures_model, photos) == 0
    assert capfd.readouterr().out == out.read_text(encoding="utf-8")


def test_standard_output_is_the_tables_alone(pictures_model, photos, capfd, monkeypatch):
    """Bars of progress go there, which notebooks need."""
    honest = predicting._open

    def with_a_bar(*given):
        print("pictures: 44%")
        return honest(*given)

    monkeypatch.setattr(predicting, "_open", with_a_bar)
    assert verb("predict", pictures_model, photos) == 0
    out, err = capfd.readouterr()
    assert out.startswith("item,predicted,confidence,")
    assert "44%" not in out
    assert "44%" in err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"text": "words"}, "a column of texts was named, and the model takes pictures"),
        ({"out": "no/such/folder/a.csv"}, "there is no folder"),
    ],
    ids=["a column of texts", "no folder"],
)
def test_errors_are_one_line(pictures_model, photos, capfd, options, told):
    assert verb("predict", pictures_model, photos, **options) == 1
    out, err = capfd.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("tlhelpers: ")
    assert told in line


@posix
def test_names_that_are_no_text_and_paths_of_all_kinds(pictures_model, photos, tmp_path):
    """A real process in a folder of the user's: relative paths, a leading dash, bytes, ~."""
    odd = os.fsdecode(b"\xff.png")
    (tmp_path / "home").mkdir()
    for name in (odd, "-x.png", "home/h.png"):
        shutil.copy(photos / "a.png", tmp_path / name)
    options = {"out": None, "text": None, "picture": None, "export": None, "here": str(tmp_path)}
    paths = [os.path.relpath(pictures_model, tmp_path), "-x.png", odd, "~/h.png"]
    path = os.pathsep.join([os.environ["PYTHONPATH"], str(tiny.ROOT)])
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tlhelpers.own_data.commands",
            "predict",
            json.dumps(options),
            *paths,
        ],
        env=os.environ | {"PYTHONPATH": path, "HOME": str(tmp_path / "home"), "PYTHONUTF8": "1"},
        cwd=tiny.ROOT,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    rows = list(csv.reader(io.StringIO(done.stdout.decode("utf-8"))))
    assert [row[0] for row in rows[1:]] == [
        "'-x.png", "\\udcff.png", str(tmp_path / "home/h.png"),
    ]  # fmt: skip
    assert len({tuple(row[1:]) for row in rows[1:]}) == 1
