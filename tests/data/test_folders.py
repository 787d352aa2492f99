"""A learner's folder of pictures: what comes back, and what is refused."""

from __future__ import annotations

import io
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tlhelpers.data import images
from tlhelpers.data.folders import load_folder
from tlhelpers.errors import CourseError


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
    (folder / "zoo" / "._cat.png").write_bytes(b"a Mac's resource fork")
    (folder / "zoo" / "sub.png").mkdir()
    for system in (".hidden", "__MACOSX", "@eaDir"):
        (folder / system).mkdir()
    (folder / "zoo" / "Thumbs.db").write_bytes(b"what Windows keeps")
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


def load_and_listen(folder: Path, size: int = 64) -> tuple[images.ImageSet, str]:
    """The pictures, and what a warning says of the rest."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        loaded = load_folder(folder, size)
    assert len(told) <= 1
    assert all(warning.filename == __file__ for warning in told)
    return loaded, "".join(str(warning.message) for warning in told)


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


def cut_off(data: bytes) -> bytes:
    return data[: len(data) // 2]


def no_picture(data: bytes) -> bytes:
    return b"no picture at all"


def broken_header(data: bytes) -> bytes:
    return data[:20] + b"\xff" * 8 + data[28:]


@pytest.mark.parametrize("how", [cut_off, no_picture, broken_header, lambda data: b""])
@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_an_unreadable_picture_is_left_out_and_named(folder, how, ending):
    good = io.BytesIO()
    picture(size=128).save(good, "PNG" if ending == "png" else "JPEG")
    (folder / "zoo" / f"bad.{ending}").write_bytes(how(good.getvalue()))
    loaded, told = load_and_listen(folder)
    assert "zoo/bad" not in "".join(loaded.groups) and len(loaded) == 4
    assert f"zoo/bad.{ending}" in told
    assert "left out" in told and ("replace damaged ones" in told or "empty" in told)


def test_a_bitmap_with_an_impossible_depth_is_named(folder):
    good = io.BytesIO()
    picture().save(good, "BMP")
    data = bytearray(good.getvalue())
    data[14:18] = struct.pack("<I", 40)
    data[18:26] = struct.pack("<ii", 0, 64)  # no pixel wide
    (folder / "zoo" / "bad.bmp").write_bytes(data)
    assert "zoo/bad.bmp" in load_and_listen(folder)[1]


def test_a_picture_too_large_for_memory_is_named(folder, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 64 * 64 // 2 - 1)
    assert "decompression bomb" in damage(folder)
