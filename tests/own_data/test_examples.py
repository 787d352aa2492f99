"""The folder and the table that stand in for somebody's own."""

import csv

import numpy as np
import pytest
from PIL import Image

from tlhelpers.own_data import examples
from tlhelpers.own_data.examples import (
    CLASSES,
    PER_OPINION,
    WRONG,
    example_pictures,
    example_reviews,
    example_truth,
)


def listed():
    with (example_pictures() / "pictures.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_each_listed_picture_lies_in_the_folder_of_its_listed_class():
    rows = listed()
    assert len({row["path"] for row in rows}) == len(rows) > 500
    assert {row["class"] for row in rows} == set(CLASSES)
    for row in rows:
        assert row["path"].split("/")[0] == row["class"]
        with Image.open(example_pictures() / row["path"]) as image:
            assert image.size == (examples.SIZE, examples.SIZE)


def test_the_planted_wrong_classes_are_as_many_as_told_and_on_different_things():
    truth = example_truth()
    wrong = [row for row in listed() if truth[row["path"]] != row["class"]]
    assert len(wrong) == WRONG == len({row["thing"] for row in wrong})


def test_each_thing_has_three_views_of_one_true_class():
    truth = example_truth()
    things = {}
    for row in listed():
        things.setdefault(row["thing"], []).append(truth[row["path"]])
    assert {len(classes) for classes in things.values()} == {examples.VIEWS}
    assert all(len(set(classes)) == 1 for classes in things.values())


def test_one_picture_was_taken_with_the_camera_turned_and_comes_out_upright():
    turned = []
    for row in listed():
        with Image.open(example_pictures() / row["path"]) as image:
            if image.getexif().get(274, 1) != 1:
                turned.append(row["path"])
    assert len(turned) == 1


def test_the_reviews_are_no_utf8_and_hold_gaps_and_spellings():
    raw = example_reviews().read_bytes()
    rows = list(csv.reader(raw.decode("cp1252").splitlines(), delimiter=";"))[1:]
    opinions = [row[2] for row in rows if row[1]]
    assert len(opinions) == 2 * PER_OPINION
    assert {opinion.strip().lower() for opinion in opinions} == {"negative", "positive", ""}
    assert len(set(opinions)) > 3
    assert 3 <= opinions.count("") <= 10
    assert sum(not any(row) for row in rows) >= 3


def test_a_folder_that_was_begun_and_not_finished_is_made_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(examples, "derived_dir", lambda name: tmp_path)

    def break_off(folder):
        (folder / "half").write_text("x")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        examples._made("thing", break_off)
    made = examples._made("thing", lambda folder: (folder / "whole").write_text("x"))
    assert [path.name for path in made.iterdir()] == ["whole"]
    assert examples._made("thing", break_off) == made  # there already: not made again


def test_the_same_pictures_come_out_each_time(tmp_path):
    examples._write_pictures(tmp_path)
    for row in listed()[:20]:
        again, before = (
            np.asarray(Image.open(place / row["path"]))
            for place in (tmp_path / examples.FOLDER, example_pictures())
        )
        assert (again == before).all()
