"""A learner's folder of pictures: what comes back, and what is refused."""

from __future__ import annotations

import io
import os
import struct
import tempfile
import unicodedata
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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


@pytest.mark.parametrize("ending", ["jpg", "JPEG", "gif", "bmp", "webp", "tif", "avif", "jp2"])
def test_other_formats_are_read(folder, ending):
    loaded = read_one(folder, picture().save, ending)
    assert np.abs(loaded.astype(int) - np.asarray(picture())).mean() < 12


def test_what_a_file_is_is_told_by_its_content(folder):
    zoo, square = folder / "zoo", np.asarray(picture())
    for name in ("a.jfif", "b.jpe", "c.JPG", "d", "e.dat", "f.txt", ".g.jpg"):
        picture().save(zoo / name, "PNG")
    picture().save(zoo / "cat.png.apng", "PNG")
    loaded, told = load_and_listen(folder)
    names = ["a.jfif", "b.jpe", "c.JPG", "cat.png", "cat.png.apng", "d", "dog2.png", "e.dat"]
    assert loaded.groups[loaded.labels == 0].tolist() == [f"zoo/{n}" for n in [*names, "f.txt"]]
    assert told == ""
    for pixels in loaded.pixels[loaded.labels == 0][[0, 1, 2, 4, 5, 7, 8]]:
        np.testing.assert_array_equal(pixels, square)


def test_nested_folders_belong_to_the_class_above_them(folder):
    deep = folder / "zoo" / "2024" / "may"
    deep.mkdir(parents=True)
    picture().save(deep / "x.png")
    picture("pear").save(deep.parent / "y.png")
    for passed_over in (".ipynb_checkpoints", "__MACOSX"):
        (deep / passed_over).mkdir()
        picture().save(deep / passed_over / "z.png")
    loaded, told = load_and_listen(folder)
    files = ["zoo/2024/may/x.png", "zoo/2024/y.png", "zoo/cat.png", "zoo/dog2.png"]
    assert loaded.groups[loaded.labels == 0].tolist() == files
    assert told == ""


def test_all_that_is_left_out_is_told_with_reason_and_count(folder):
    (folder / "labels.csv").write_text("x", encoding="utf-8")
    (folder / "zoo" / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    (folder / "zoo" / "notes.txt").write_text("no picture", encoding="utf-8")
    (folder / "Äpfel" / "drawing.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n")
    (folder / "Äpfel" / "nothing.png").touch()
    (folder / "Äpfel" / "cut.png").write_bytes(cut_off((folder / "zoo/cat.png").read_bytes()))
    loaded, told = load_and_listen(folder)
    assert len(loaded) == 4
    lines = told.splitlines()
    assert lines[0] == f"left out of the folder {folder}: 6"
    assert lines[1:5] == [
        "- 1 in no sub-folder of a class: labels.csv",
        "- 1 that are empty: Äpfel/nothing.png",
        "- 3 not recognised as pictures: zoo/notes.txt, zoo/phone.heic, Äpfel/drawing.eps",
        "- 1 that cannot be read: Äpfel/cut.png (image file is truncated)",
    ]
    assert "save pictures of other kinds as JPEG or PNG" in lines[5] and len(lines) == 6


def test_many_that_are_left_out_are_counted_and_the_first_named(folder):
    for number in range(100):
        (folder / "zoo" / f"{number:03}.txt").write_text("no picture", encoding="utf-8")
    told = load_and_listen(folder)[1]
    assert "100 not recognised as pictures: zoo/000.txt, " in told
    assert "zoo/009.txt and 90 more" in told and "zoo/010.txt" not in told


def test_a_class_that_lost_its_pictures_says_how(folder):
    (folder / "zoo" / "cat.png").write_bytes(b"nothing of the kind")
    (folder / "Äpfel" / "other.txt").write_text("elsewhere", encoding="utf-8")
    message = damage(folder)
    assert "'zoo'" in message and "has 1 picture(s)" in message
    assert "1 not recognised as pictures: zoo/cat.png" in message and "other.txt" not in message


def test_pictures_that_lie_in_no_class_are_named(tmp_path):
    picture().save(tmp_path / "cat.png")
    assert "found none; 1 in no sub-folder of a class: cat.png" in damage(tmp_path)


def test_the_home_folder_can_be_written_short(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.setenv("USERPROFILE", str(folder.parent))
    assert len(load_folder(f"~/{folder.name}", 32)) == 4
    assert len(load_folder(Path("~") / folder.name, 32)) == 4


@pytest.mark.parametrize("path", ["~nobody-of-this-name/x", "a\0b", "x" * 5000])
def test_a_path_that_cannot_be_one_is_told(path):
    assert "folder" in damage(path)


@pytest.mark.parametrize("size", [0, -1, 2.5, None, True])
def test_a_size_that_is_none_is_refused(folder, size):
    with pytest.raises(ValueError, match="size must be a whole number from 1 on"):
        load_folder(folder, size)


def test_a_damaged_exif_field_stops_nothing_and_a_damaged_rotation_is_told(folder):
    lying = picture().transpose(Image.Transpose.ROTATE_90)
    for name, (kind, value) in {"text": (2, b"ab\0\0"), "good": (3, b"\6\0\0\0")}.items():
        count = len(value.rstrip(b"\0"))
        entries = struct.pack("<HHI", 0x0100, 2, 3) + b"ab\0\0"
        entries += struct.pack("<HHI", 0x0112, kind, count) + value
        block = b"Exif\0\0II" + struct.pack("<HIH", 42, 8, 2) + entries + b"\0\0\0\0"
        lying.save(folder / "zoo" / f"{name}.png", exif=block)
    loaded, told = load_and_listen(folder)
    pixels = dict(zip(loaded.groups.tolist(), loaded.pixels, strict=True))
    np.testing.assert_array_equal(pixels["zoo/good.png"], np.asarray(picture()))
    np.testing.assert_array_equal(pixels["zoo/text.png"], np.asarray(lying))
    assert told.startswith("read with a doubt: 1\n- zoo/text.png (its EXIF data are damaged")


def test_a_warning_about_a_picture_names_its_file(folder, monkeypatch):
    picture(size=80).save(folder / "zoo" / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 64 * 64)
    loaded, told = load_and_listen(folder)
    assert len(loaded) == 5
    assert told.startswith(
        "read with a doubt: 1\n- zoo/large.png (Image size (6400 pixels) exceeds"
    )


@pytest.mark.parametrize(("bits", "kind"), [(12, "PNG"), (12, "TIFF"), (8, "PNG"), (16, "PNG")])
def test_deep_gray_pictures_of_a_folder_are_scaled_alike(folder, bits, kind):
    gray = np.asarray(picture().convert("L")).astype(np.uint16)
    bright = np.where(gray == gray.max(), 2**bits - 1, gray << (bits - 8)).astype(np.uint16)
    dark = (gray >> 5) << (bits - 8)
    Image.fromarray(bright).save(folder / "zoo" / "bright", kind)
    Image.fromarray(dark).save(folder / "Äpfel" / "dark", kind)
    loaded, told = load_and_listen(folder)
    pixels = dict(zip(loaded.groups.tolist(), loaded.pixels[..., 0], strict=True))
    np.testing.assert_array_equal(pixels["Äpfel/dark"], gray >> 5)
    np.testing.assert_array_equal(pixels["zoo/bright"], bright >> (bits - 8))
    assert told == ""


def test_a_picture_of_which_nothing_says_what_is_white_is_left_out(folder):
    Image.fromarray(np.array([[0, 10**6]], np.int32)).save(folder / "zoo" / "ids.tif")
    loaded, told = load_and_listen(folder)
    assert len(loaded) == 4
    assert "zoo/ids.tif (its gray values go from 0 to 1e+06" in told


# Names and links -------------------------------------------------------------------------


def test_names_come_in_composed_letters_and_in_their_order(tmp_path):
    root = tmp_path / "o\u0308l"
    for name in ("U\u0308bung", "Ubung", "z"):
        (root / name).mkdir(parents=True)
        for file in ("e\u0301.png", "f.png"):
            picture().save(root / name / file)
    loaded = load_folder(root, 32)
    assert loaded.class_names == ["Ubung", "z", "\u00dcbung"]
    assert loaded.groups.tolist()[4:] == ["\u00dcbung/f.png", "\u00dcbung/\u00e9.png"]
    assert loaded.domain == "\u00f6l"


@pytest.mark.parametrize(
    "names", [("U\u0308bung", "\u00dcbung"), ("cat", "cat ")], ids=["NFD", " "]
)
def test_two_folders_of_one_name_are_refused(folder, names):
    for name in names:
        (folder / name).mkdir()
    if len({path.name for path in folder.iterdir()}) < 4:
        pytest.skip("this file system holds the two for one")
    message = damage(folder)
    assert str(folder) in message and repr(unicodedata.normalize("NFC", names[0])) in message
    assert "rename a sub-folder, or join two of one name" in message


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names, pipes or free links")
def test_odd_files_of_unix_neither_stop_nor_hang(folder):
    zoo = folder / "zoo"
    picture().save(str(zoo).encode() + b"/caf\xe9.png", "PNG")
    os.mkfifo(zoo / "pipe.png")
    (zoo / "gone.png").symlink_to("nowhere")
    (zoo / "turn.png").symlink_to("turn.png")
    (zoo / "loop").symlink_to(zoo)
    (zoo / "linked.png").symlink_to(folder / "Äpfel" / "pear.png")
    (folder.parent / "more").mkdir()
    picture().save(folder.parent / "more" / "x.png")
    (zoo / "more").symlink_to(folder.parent / "more")
    loaded, told = load_and_listen(folder)
    zoo_files = loaded.groups[loaded.labels == 0].tolist()
    names = ["caf\\udce9.png", "cat.png", "dog2.png", "linked.png", "more/x.png"]
    assert zoo_files == [f"zoo/{name}" for name in names]
    assert told.encode()  # it can be printed
    assert "1 that are no ordinary files: zoo/pipe.png" in told
    assert "1 that lead back to a folder above: zoo/loop" in told
    assert "zoo/gone.png (No such file" in told and "zoo/turn.png (Too many levels" in told


WORDS = [
    "Zoo",
    "猫",
    "🍐 pear",
    "$x^2$",
    "e\u0301te\u0301",
    "Übung ß",
    "a b",
    "%s",
    "{n}",
    "ﬁ",
    "नमस्ते",
    "-1",
]
LETTERS = st.sampled_from([*WORDS, "nan", "None", "#", "'", "a\nb", "__", "cafe\u0301.old", "..x"])
FOLDERS = st.lists(LETTERS.filter(lambda name: not name.startswith(".")), max_size=2)
SAVED = {"PNG": "png", "JPEG": "jfif", "GIF": "", "TIFF": "tif", "WEBP": "x", "BMP": "JPG"}
OTHERS = {
    "text": b"no picture",
    "HEIC": b"\0\0\0\x18ftypheic",
    "empty": b"",
    "TGA": b"\0\0\2" + bytes(60),
}


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_in_any_folder_every_file_is_read_or_named(data):
    classes = data.draw(st.lists(st.sampled_from(WORDS), min_size=2, max_size=4, unique=True))
    kinds = st.sampled_from([*SAVED, *OTHERS])
    with tempfile.TemporaryDirectory() as place:
        root, pictures, others = Path(place) / data.draw(LETTERS), {}, set()
        for label, name in enumerate(classes):
            made = data.draw(st.lists(st.tuples(FOLDERS, kinds, LETTERS), max_size=3))
            made += [([], "PNG", "one"), (["below"], "GIF", "two")]
            for number, (folders, kind, word) in enumerate(made):
                ending = SAVED.get(kind, "png")
                file = root.joinpath(
                    name, *folders, f"{number} {word}" + f".{ending}" * bool(ending)
                )
                file.parent.mkdir(parents=True, exist_ok=True)
                shown = unicodedata.normalize("NFC", file.relative_to(root).as_posix())
                if kind in SAVED:
                    gray = 20 + 40 * label + 5 * number
                    Image.new("RGB", (9, 8), (gray, gray, gray)).save(file, kind)
                    pictures[shown] = (unicodedata.normalize("NFC", name), gray)
                else:
                    file.write_bytes(OTHERS[kind])
                    others.add(shown)
        loaded, told = load_and_listen(root, 8)
    assert loaded.class_names == sorted(unicodedata.normalize("NFC", name) for name in classes)
    assert sorted(loaded.groups.tolist()) == sorted(pictures)
    for group, label, pixels in zip(loaded.groups, loaded.labels, loaded.pixels, strict=True):
        name, gray = pictures[str(group)]
        assert loaded.class_names[label] == name
        assert np.abs(pixels.astype(int) - gray).max() <= 3
    assert bool(told) == bool(others) and (not others or f": {len(others)}\n" in told)
    assert all(shown in told for shown in others)


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
