"""Somebody's own pictures, read from disk: what comes back, and what is told of the rest."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import shutil
import struct
import subprocess
import sys
import tempfile
import unicodedata
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tiny_nets import tiny_backbone, tiny_classifier

from tlhelpers.data import file_pixels, picture_decoding
from tlhelpers.data.folders import load_folder
from tlhelpers.data.images import ImageSet, load_emoji, render_emoji
from tlhelpers.data.picture_files import open_pictures, open_unlabelled
from tlhelpers.data.splits import draw_labels, duplicates_across, split_by_group
from tlhelpers.errors import CourseError
from tlhelpers.models.features import extract_features, raw_pixels
from tlhelpers.training.fitting import fit

SIZE = 32
EMOJI = {"zoo": ["cat", "dog2", "bird"], "Äpfel": ["apple", "pear", "banana"]}
on_unix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such links or rights")


def picture(emoji: str = "cow", size: int = SIZE) -> Image.Image:
    return Image.fromarray(render_emoji(emoji, "twemoji", size))


@pytest.fixture
def folder(tmp_path):
    """Two classes of three real emoji each, as PNG."""
    root = tmp_path / "meine Bilder ü 🍎"
    for name, members in EMOJI.items():
        (root / name).mkdir(parents=True)
        for emoji in members:
            picture(emoji).save(root / name / f"{emoji}.png")
    return root


def names_left_out(reading) -> set[str]:
    return {name for items in reading.left_out.values() for name in items}


def error_of(*arguments, **options) -> str:
    with pytest.raises(CourseError) as told:
        open_pictures(*arguments, **options)
    return str(told.value)


# What comes back ---------------------------------------------------------------------------


def test_a_folder_comes_back_with_its_pixels_labels_and_names(folder):
    images, reading = open_pictures(str(folder), SIZE)
    assert images.class_names == ["zoo", "Äpfel"]
    assert reading.names == [f"{c}/{e}.png" for c, es in EMOJI.items() for e in sorted(es)]
    assert images.files == [folder / name for name in reading.names]
    assert images.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert images.domain == folder.name and len(set(images.groups)) == 6
    for pixels, name in zip(images.pixels, reading.names, strict=True):
        np.testing.assert_array_equal(pixels, render_emoji(Path(name).stem, "twemoji", SIZE))
    assert reading.left_out == {} and reading.duplicates == [] and reading.doubts == {}


def test_pixels_answer_as_an_array_does(folder):
    lazy = open_pictures(folder, SIZE)[0].pixels
    array = np.asarray(lazy)
    assert (lazy.shape, lazy.dtype, lazy.ndim, len(lazy)) == ((6, SIZE, SIZE, 3), np.uint8, 4, 6)
    half = np.arange(6) % 2 == 0
    keys = [
        0,
        -1,
        np.int64(2),
        slice(1, 4),
        slice(None, None, -2),
        [3, 0, 3],
        [],
        half,
        half.tolist(),
    ]
    keys += [np.array([5, 1]), np.array([[0, 1], [2, 3]]), ..., None, (1, 2), (slice(2), 3, 4, 0)]
    keys += [([0, 1], slice(4), slice(4)), (..., 0), slice(0, 0)]
    for key in keys:
        np.testing.assert_array_equal(lazy[key], array[key])
    for key in (6, -7, [6], np.ones(5, bool)):
        with pytest.raises(IndexError):
            _ = lazy[key]
    assert np.asarray(lazy, np.float32).dtype == np.float32


def as_image_set(images) -> ImageSet:
    parts = images.labels, images.class_names, images.groups, images.domain
    return ImageSet(np.asarray(images.pixels), *parts)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Thirty emoji of three classes on disk, and the same in memory."""
    root, emoji = tmp_path_factory.mktemp("both"), load_emoji("twemoji", size=SIZE)
    names = ["red", "green", "blue"]
    for label, name in enumerate(names):
        (root / name).mkdir()
        for place in np.flatnonzero(emoji.labels == label)[:10]:
            Image.fromarray(emoji.pixels[place]).save(root / name / f"{place}.png")
    images = open_pictures(root, SIZE)[0]
    order = [images.class_names.index(name) for name in names]
    labels = np.argsort(order)[images.labels]
    images = type(images)(images.pixels, labels, names, images.groups, images.domain)
    return images, as_image_set(images)


def test_what_takes_a_set_in_memory_gives_the_same_for_one_on_disk(both):
    disk, memory = both
    split, other = (split_by_group(images, seed=3) for images in both)
    np.testing.assert_array_equal(split.train, other.train)
    np.testing.assert_array_equal(split.test, other.test)
    assert duplicates_across(disk, split) == duplicates_across(memory, split) == []
    drawn = split.train[draw_labels(disk.labels[split.train], 3, 0, disk.class_names)]
    part, same = disk.subset(drawn), memory.subset(drawn)
    np.testing.assert_array_equal(part.pixels, same.pixels)
    assert part.groups.tolist() == same.groups.tolist() and part.counts() == same.counts()
    assert repr(part) == repr(same)
    features = [extract_features(tiny_backbone(), one, cache=False) for one in (part, same)]
    np.testing.assert_array_equal(*features)
    np.testing.assert_array_equal(raw_pixels(part, 8), raw_pixels(same, 8))
    models = [tiny_classifier(), tiny_classifier()]
    for model, one in zip(models, (part, same), strict=True):
        fit(model, one, epochs=2, quiet=True, seed=1)
    states = [model.state_dict() for model in models]
    for name in states[0]:
        assert (states[0][name] == states[1][name]).all(), name


def test_a_run_goes_on_from_its_checkpoint(both, tmp_path):
    trained = []
    for epochs in ([2], [1, 2]):
        model = tiny_classifier()
        for until in epochs:
            fit(model, both[0], epochs=until, quiet=True, checkpoint=tmp_path / f"{epochs[0]}")
        trained.append(model.state_dict())
    assert sorted(trained[0]) == sorted(trained[1])


def test_a_subset_decodes_nothing_and_takes_booleans(folder, monkeypatch):
    images = pickle.loads(pickle.dumps(open_pictures(folder, SIZE)[0]))
    monkeypatch.setattr(file_pixels, "decode_pictures", None)  # to decode would fail
    assert images.subset([5, 0]).files == [images.files[5], images.files[0]]
    assert images.subset(images.labels == 1).labels.tolist() == [1, 1, 1]
    assert len(images.subset([])) == 0


def test_a_pickle_is_small_and_gives_the_same(folder):
    images = open_pictures(folder, SIZE)[0]
    _ = images.fingerprint, np.asarray(images.pixels)
    packed = pickle.dumps(images)
    assert len(packed) < 3000 < images.pixels[:].nbytes
    code = (
        "import pickle, sys; images = pickle.load(sys.stdin.buffer)\n"
        "print(images.fingerprint, images.pixels[:].sum())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=packed, capture_output=True, check=True
    )
    assert done.stdout.decode().split() == [images.fingerprint, str(images.pixels[:].sum())]


def test_the_fingerprint_is_of_content_and_size_and_not_of_names(folder, tmp_path):
    first = open_pictures(folder, SIZE)[0]
    moved = tmp_path / "moved"
    shutil.copytree(folder, moved)
    (moved / "zoo" / "bird.png").rename(moved / "zoo" / "b.png")
    second = open_pictures(moved, SIZE)[0]
    assert second.fingerprint == first.fingerprint
    assert second.fingerprints.tolist() == first.fingerprints.tolist()
    assert second.groups.tolist() == first.groups.tolist()
    assert open_pictures(folder, SIZE + 1)[0].fingerprint != first.fingerprint
    picture("cow").save(moved / "zoo" / "b.png")
    assert open_pictures(moved, SIZE)[0].fingerprint != first.fingerprint
    assert first.subset([0, 1]).fingerprint != first.subset([1, 0]).fingerprint


def test_what_is_kept_in_memory_has_a_limit(folder, monkeypatch):
    monkeypatch.setattr(file_pixels, "KEPT_BYTES", 2 * SIZE * SIZE * 3)
    images = open_pictures(folder, SIZE)[0]
    decoded = []
    plain = file_pixels.decode_pictures

    def counted(files, *rest):
        decoded.extend(files)
        return plain(files, *rest)

    monkeypatch.setattr(file_pixels, "decode_pictures", counted)
    first = images.pixels[:]
    assert len(decoded) == 4  # two were kept when they were surveyed
    np.testing.assert_array_equal(first, images.pixels[:])
    last = images.subset([4, 5])
    np.testing.assert_array_equal(last.pixels[:], first[4:])
    decoded.clear()
    assert last.pixels[1].any() and last.pixels[0].any() and decoded == []


def change(file: Path) -> None:
    picture("cow").save(file)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:60])


@pytest.mark.parametrize("harm", [Path.unlink, change, cut, Path.touch])
def test_a_file_that_changes_after_the_survey_is_named(folder, harm):
    images = open_pictures(folder, SIZE)[0]
    expected = images.pixels[4]
    harm(images.files[4])
    np.testing.assert_array_equal(images.pixels[4], expected)  # still kept
    fresh = pickle.loads(pickle.dumps(images))
    if harm is Path.touch:
        np.testing.assert_array_equal(fresh.pixels[4], expected)
        return
    for ask in (
        lambda: fresh.pixels[4],
        lambda: fresh.pixels[:],
        lambda: fresh.subset([4]).pixels[0],
    ):
        with pytest.raises(CourseError, match=r"banana\.png .*read (its|the) folder anew"):
            ask()
    assert fresh.pixels[3].any()


# Kinds of pictures -------------------------------------------------------------------------


def read_one(folder: Path, save, ending: str = "png") -> np.ndarray:
    """The pixels of an odd picture that `save` writes into the folder."""
    save(folder / "zoo" / f"aaa.{ending}")
    images, reading = open_pictures(folder, SIZE)
    assert not reading.left_out
    return images.pixels[reading.names.index(f"zoo/aaa.{ending}")]


@pytest.mark.parametrize("held", range(1, 9))
def test_a_photograph_is_turned_as_the_camera_was_held(folder, held):
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    lying = picture(size=256)
    if held in back:
        lying = lying.transpose(Image.Transpose(back[held]))
    exif = Image.Exif()
    exif[0x0112] = held
    pixels = read_one(folder, lambda file: lying.save(file, exif=exif, quality=95), "jpg")
    assert np.abs(pixels.astype(int) - np.asarray(picture())).mean() < 4


@pytest.mark.parametrize(
    ("mode", "ending"),
    [("L", "png"), ("1", "png"), ("P", "png"), ("LA", "png"), ("RGBA", "png"), ("CMYK", "jpg"),
     ("L", "jpg"), ("RGB", "webp"), ("RGB", "gif"), ("RGB", "tif"), ("RGB", "avif")],
)  # fmt: skip
def test_modes_and_formats_become_red_green_and_blue(folder, mode, ending):
    odd = picture().convert(mode)
    pixels = read_one(folder, lambda file: odd.save(file), ending)
    assert np.abs(pixels.astype(int) - np.asarray(odd.convert("RGB"))).mean() < 10
    assert pixels.std() > 10


def test_the_first_frame_of_an_animation_is_taken(folder):
    frames = [picture("cow"), picture("pear"), picture("car")]
    for ending in ("gif", "webp"):
        pixels = read_one(
            folder,
            lambda file: frames[0].save(file, save_all=True, append_images=frames[1:]),
            ending,
        )
        assert np.abs(pixels.astype(int) - np.asarray(frames[0])).mean() < 10
        (folder / "zoo" / f"aaa.{ending}").unlink()


def test_deep_gray_pictures_are_scaled_alike_and_as_the_model_s_were(folder):
    gray = np.asarray(picture().convert("L")).astype(np.uint16)
    twelve = gray << 4
    twelve[0, 0] = 4095
    Image.fromarray(twelve).save(folder / "zoo" / "deep.png")
    Image.fromarray((gray >> 3) << 4).save(folder / "Äpfel" / "dark.png")
    images, reading = open_pictures(folder, SIZE)
    dark = images.pixels[reading.names.index("Äpfel/dark.png")]
    np.testing.assert_array_equal(dark[..., 0], gray >> 3)
    alone = open_unlabelled(folder / "Äpfel" / "dark.png", SIZE, brightest=images.pixels.brightest)
    np.testing.assert_array_equal(alone[0].pixels[0], dark)
    bare = open_unlabelled(folder / "Äpfel" / "dark.png", SIZE)[0]
    assert not np.array_equal(bare.pixels[0], dark)
    assert bare.fingerprint != alone[0].fingerprint


# Files that are left out -------------------------------------------------------------------


def in_png(width: int, height: int) -> bytes:
    """A picture in one bit per pixel, all black: a few kB, whatever its size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    lines = zlib.compress(bytes((width + 7) // 8 + 1) * height)
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


def as_bytes(kind: str, image: Image.Image | None = None) -> bytes:
    file = io.BytesIO()
    (image or picture(size=128)).save(file, kind)
    return file.getvalue()


FAULTS = {
    "empty.jpg": (b"", "that are empty"),
    "text.jpg": (b"no picture at all", "not recognised as pictures"),
    "phone.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "in HEIC"),
    "phone.jpg": (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "in HEIC"),
    "cut.jpg": (as_bytes("JPEG")[:-900], "that cannot be read"),
    "cut.png": (as_bytes("PNG")[:900], "that cannot be read"),
    "head.jpg": (b"\xff\xd8\xff\xe0" + bytes(40), "not recognised as pictures"),
    "bomb.png": (in_png(20_000, 20_000), "too large to be decoded safely"),
    "bomb2.png": (in_png(9_000, 9_000), "too large to be decoded safely"),
    ".hidden.png": (as_bytes("PNG"), "that are hidden or a system's own"),
    "Thumbs.db": (b"what Windows keeps", "that are hidden or a system's own"),
    "._cat.png": (b"a Mac's resource fork", "that are hidden or a system's own"),
    "video.mp4": (b"\0\0\0\x18ftypisom" + bytes(40), "not recognised as pictures"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_file_that_cannot_be_read_stops_nothing_and_is_named(folder, name):
    content, reason = FAULTS[name]
    (folder / "zoo" / name).write_bytes(content)
    images, reading = open_pictures(folder, SIZE)
    assert len(images) == 6
    (said, items) = next(iter(reading.left_out.items()))
    assert reason in said and list(items) == [f"zoo/{name}"] and len(reading.left_out) == 1
    assert any(f"1 left out {said}: zoo/{name}" in line for line in reading.lines())
    advised = {
        "in HEIC": "as JPEG",
        "not rec": "are read",
        "that can": "damaged",
        "too lar": "smaller",
    }
    if said[:7] in advised:
        assert advised[said[:7]] in " ".join(reading.notes)


def test_each_of_many_faults_is_counted_beside_the_others(folder):
    for name, (content, _) in FAULTS.items():
        (folder / "zoo" / name).write_bytes(content)
    images, reading = open_pictures(folder, SIZE)
    assert len(images) == 6 and names_left_out(reading) == {f"zoo/{name}" for name in FAULTS}
    assert reading.count_left_out() == len(FAULTS)


@contextlib.contextmanager
def without_rights():
    """As a user who is not root: who is root can read everything."""
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if was_root:
            os.seteuid(0)


@on_unix
def test_what_nobody_may_read_is_left_out_and_named(folder):
    with tempfile.TemporaryDirectory() as place:  # pytest's own folders are for one user alone
        root = Path(place) / "own"
        shutil.copytree(folder, root)
        Path(place).chmod(0o755)
        picture().save(root / "zoo" / "locked.png")
        (root / "zoo" / "locked.png").chmod(0)
        (root / "zoo" / "shut").mkdir(mode=0)
        with without_rights():
            images, reading = open_pictures(root, SIZE)
    assert len(images) == 6
    items = reading.left_out["that cannot be opened"]
    assert items == {"zoo/locked.png": "Permission denied", "zoo/shut": "Permission denied"}


@on_unix
def test_links_that_loop_lead_out_or_nowhere_are_named_and_others_followed(folder):
    outside = folder.parent / "outside"
    outside.mkdir()
    picture().save(outside / "secret.png")
    zoo = folder / "zoo"
    (zoo / "loop").symlink_to(zoo)
    (zoo / "root").symlink_to(folder)
    (zoo / "out").symlink_to(outside)
    (zoo / "out.png").symlink_to(outside / "secret.png")
    (zoo / "gone.png").symlink_to("nowhere")
    (zoo / "turn.png").symlink_to("turn.png")
    (zoo / "other class").symlink_to(folder / "Äpfel")
    (zoo / "same.png").symlink_to(folder / "Äpfel" / "pear.png")
    (folder / "whole").symlink_to(folder)
    (folder / "class out").symlink_to(outside)
    os.mkfifo(zoo / "pipe.png")
    images, reading = open_pictures(folder, SIZE)
    names = ["loop", "root", "out", "out.png", "gone.png", "turn.png", "other class", "pipe.png"]
    assert names_left_out(reading) == {f"zoo/{n}" for n in names} | {"whole", "class out"}
    assert len(images) == 7 and images.class_names == ["zoo", "Äpfel"]
    refused = next(items for reason, items in reading.left_out.items() if "refused" in reason)
    assert set(refused) == {"zoo/out", "zoo/out.png", "class out"}
    assert reading.conflicts == [["zoo/same.png", "Äpfel/pear.png"]]


# Classes -----------------------------------------------------------------------------------


def test_a_class_of_one_group_is_left_out_and_told(folder):
    (folder / "single").mkdir()
    picture("car").save(folder / "single" / "car.png")
    (folder / "nothing").mkdir()
    (folder / "nothing" / "x.txt").write_text("no picture", encoding="utf-8")
    images, reading = open_pictures(folder, SIZE)
    assert images.class_names == ["zoo", "Äpfel"] and len(images) == 6
    assert names_left_out(reading) == {"single/car.png", "nothing/x.txt"}
    assert "nothing (0), single (1)" in " ".join(reading.notes)
    assert "Classes with few pictures: zoo (3), Äpfel (3)" in " ".join(reading.notes)


def test_equal_pictures_alone_cannot_be_split(folder):
    (folder / "twins").mkdir()
    for number in range(3):
        picture("car").save(folder / "twins" / f"{number}.png", compress_level=number)
    images, reading = open_pictures(folder, SIZE)
    assert images.class_names == ["zoo", "Äpfel"] and "twins (3)" in " ".join(reading.notes)


def test_fewer_than_two_classes_end_in_one_error_that_says_why(folder, tmp_path):
    for file in (folder / "zoo").iterdir():
        file.write_bytes(b"no picture")
    message = error_of(folder, SIZE)
    assert "needs two classes" in message and "3 left out not recognised" in message
    assert "\n" not in message
    (tmp_path / "empty").mkdir()
    assert "found none" in error_of(tmp_path / "empty")
    picture().save(tmp_path / "empty" / "cat.png")
    (tmp_path / "empty" / "labels.csv").write_text("x", encoding="utf-8")
    told = error_of(tmp_path / "empty")
    assert "cat.png" in told and "if labels.csv tells the classes, give that file" in told
    assert "only 'meine Bilder ü 🍎'" in error_of(wrapped(tmp_path, folder))
    assert "if its sub-folders are the classes, give" in error_of(wrapped(tmp_path, folder))
    assert "cannot open" in error_of(tmp_path / "none") and "none" in error_of(tmp_path / "none")


def wrapped(tmp_path: Path, folder: Path) -> Path:
    outer = tmp_path / "outer"
    if not outer.exists():
        shutil.copytree(folder, outer / folder.name)
        for name in EMOJI["zoo"]:
            picture(name).save(outer / folder.name / "zoo" / f"{name}.png")
    return outer


def test_parts_of_a_set_are_joined_by_class(tmp_path):
    for part, names in {"train": [0, 1], "val": [2], "Test": [0, 2]}.items():
        for label, (name, emoji) in enumerate(EMOJI.items()):
            if part == "val" and label:
                continue
            (tmp_path / "set" / part / name).mkdir(parents=True)
            for place in names:
                picture(emoji[place]).save(tmp_path / "set" / part / name / f"{place}.png")
    images, reading = open_pictures(tmp_path / "set", SIZE)
    assert images.class_names == ["zoo", "Äpfel"] and images.counts() == {"zoo": 5, "Äpfel": 4}
    assert "Test/zoo/0.png" in reading.names and "train/Äpfel/1.png" in reading.names
    assert any("joined by class" in note and "Test, train, val" in note for note in reading.notes)
    assert any("val has no class Äpfel" in note for note in reading.notes)
    assert ["Test/zoo/0.png", "train/zoo/0.png"] in reading.duplicates and not reading.conflicts
    shutil.rmtree(tmp_path / "set" / "val")
    shutil.rmtree(tmp_path / "set" / "Test" / "zoo")
    picture().save(tmp_path / "set" / "Test" / "unlabelled.png")
    shutil.rmtree(tmp_path / "set" / "Test" / "Äpfel")
    images, reading = open_pictures(tmp_path / "set", SIZE)
    assert images.counts() == {"zoo": 2, "Äpfel": 2}
    assert names_left_out(reading) == {"Test/unlabelled.png"}


def test_classes_that_are_only_called_as_parts_are_stay_classes(tmp_path):
    for name, emoji in {"train": EMOJI["zoo"], "test": EMOJI["Äpfel"]}.items():
        (tmp_path / "set" / name).mkdir(parents=True)
        for one in emoji:
            picture(one).save(tmp_path / "set" / name / f"{one}.png")
    images, reading = open_pictures(tmp_path / "set", SIZE)
    assert images.class_names == ["test", "train"]
    assert any("if these are parts of one set" in note for note in reading.notes)


def test_fifty_classes_and_a_name_written_in_two_ways(tmp_path):
    emoji = load_emoji("twemoji", size=SIZE, selection="large")
    for place in range(100):
        home = tmp_path / "set" / f"{place % 50}"
        home.mkdir(parents=True, exist_ok=True)
        Image.fromarray(emoji.pixels[place * 7]).save(home / f"{place}.png")
    (tmp_path / "set" / "7 ").mkdir()
    picture("cow").save(tmp_path / "set" / "7 " / "cow.png")
    images, reading = open_pictures(tmp_path / "set", SIZE)
    assert images.class_names == [str(number) for number in range(50)]
    assert images.counts()["7"] == 3 and "'7 '" in " ".join(reading.notes)
    assert len(images) == 101


# What belongs together ---------------------------------------------------------------------


def test_copies_within_and_across_classes_are_one_group_and_told(folder):
    big = picture("cat", 256)
    big.save(folder / "zoo" / "copy.jpg", quality=60)
    big.resize((100, 100)).save(folder / "Äpfel" / "wrong.png")
    shutil.copy(folder / "zoo" / "bird.png", folder / "zoo" / "again.png")
    images, reading = open_pictures(folder, SIZE)
    cats = ["zoo/cat.png", "zoo/copy.jpg", "Äpfel/wrong.png"]
    assert sorted(map(sorted, reading.duplicates)) == [["zoo/again.png", "zoo/bird.png"], cats]
    assert list(map(sorted, reading.conflicts)) == [cats]
    groups = dict(zip(reading.names, images.groups.tolist(), strict=True))
    assert len({groups[name] for name in cats}) == 1 and len(set(groups.values())) == 6
    for seed in range(5):
        split = split_by_group(images, seed=seed)
        assert duplicates_across(images, split) == []


def test_flat_pictures_are_one_group_only_where_their_files_are_equal(folder):
    for gray in range(0, 250, 25):
        Image.new("L", (40, 40), gray).save(folder / "zoo" / f"flat {gray}.png")
    shutil.copy(folder / "zoo" / "flat 0.png", folder / "zoo" / "flat again.png")
    images, reading = open_pictures(folder, SIZE)
    assert reading.duplicates == [["zoo/flat 0.png", "zoo/flat again.png"]]
    assert len(set(images.groups)) == 16


def save_alike(root: Path, classes: dict[str, int], noise: float) -> None:
    """Pictures of one scene, with a little noise, under several classes."""
    rng = np.random.default_rng(0)
    scene = np.asarray(picture("dog2", 64)).astype(float)
    for name, count in classes.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            noisy = scene + rng.normal(0, noise, scene.shape)
            Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(root / name / f"{number}.png")


def test_where_labels_say_that_what_looks_alike_differs_nearness_counts_for_nothing(tmp_path):
    save_alike(tmp_path / "parts", {"whole": 12, "scratched": 12}, 4)
    images, reading = open_pictures(tmp_path / "parts", 64)
    assert len(images) == len(set(images.groups)) == 24 and reading.duplicates == []
    note = next(note for note in reading.notes if "look alike" in note)
    assert "50% of them would be in a group of another class" in note and "are equal" in note


def test_a_class_that_nearness_would_make_one_group_is_kept_and_told(folder):
    save_alike(folder, {"film": 20}, 4)
    images, reading = open_pictures(folder, 64)
    assert images.counts()["film"] == 20
    assert any("100% of class 'film' would be one group" in note for note in reading.notes)


def test_three_pictures_of_one_thing_are_a_class_that_cannot_be_split(folder):
    save_alike(folder, {"film": 3}, 1)
    reading = open_pictures(folder, 64)[1]
    assert "film (3)" in " ".join(reading.notes) and len(reading.names) == 6


# Tables ------------------------------------------------------------------------------------


def write_table(folder: Path, text: str, name: str = "pictures.csv", encoding="utf-8") -> Path:
    (folder / name).write_text(text, encoding=encoding)
    return folder / name


ROWS = [f"{c}/{e}.png,{c},{e[0]}" for c, members in EMOJI.items() for e in members]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_table_names_pictures_labels_and_groups(folder, delimiter, encoding):
    text = "\n".join(["file,species,group", *ROWS]).replace(",", delimiter)
    table = write_table(folder, text, "t.tsv" if delimiter == "\t" else "t.csv", encoding)
    images, reading = open_pictures(table, SIZE)
    assert images.class_names == ["zoo", "Äpfel"] and images.domain == "t"
    assert reading.names == [row.split(",")[0] for row in ROWS]
    assert images.groups.tolist() == ["c", "d", "b", "a", "p", "b"]
    notes = " ".join(reading.notes)
    assert (
        "'file' was taken for the paths" in notes and "'species' was taken for the labels" in notes
    )
    assert "'group' was taken to say what belongs together" in notes
    assert ("Windows-1252" in notes) == (encoding == "cp1252")
    np.testing.assert_array_equal(images.pixels[0], render_emoji("cat", "twemoji", SIZE))


def test_columns_can_be_named_and_a_wrong_name_lists_the_near_ones(folder):
    table = write_table(folder, "\n".join(["a,b,person", *ROWS]))
    images, reading = open_pictures(table, SIZE, picture="a", label="b", group="person")
    assert len(set(images.groups)) == 5 and not any("taken for" in note for note in reading.notes)
    assert "'persn': did you mean person?" in error_of(table, SIZE, label="b", group="persn")
    assert "label=" in error_of(table, SIZE) and "'b', 'person'" in error_of(table, SIZE)
    told = open_pictures(table, SIZE, label="b")[1].notes
    assert any("say group='person'" in note for note in told)
    assert "different columns" in error_of(table, SIZE, label="b", group="b")
    assert "no column holds paths" in error_of(write_table(folder, "a,b\n1,x\n2,y\n"), SIZE)
    assert "has no columns: leave out label" in error_of(folder, SIZE, label="b")
    for bad in ("", "a,b\n", "\0\0"):
        assert "pictures.csv" in error_of(write_table(folder, bad), SIZE)


def test_rows_that_cannot_be_used_are_named_and_paths_stay_in_the_folder(folder):
    (folder.parent / "secret.png").write_bytes(as_bytes("PNG"))
    rows = ["path,label", *(row.rsplit(",", 1)[0] for row in ROWS)]
    rows += ["../secret.png,zoo", f"{folder.parent}/secret.png,zoo", ",zoo", "zoo/cat.png,"]
    rows += ["zoo/none.png,zoo", "zoo,zoo", "zoo/cat.png,zoo", "zoo/cat.png,Äpfel", "a,b,c", ""]
    rows += ["zoo\\..\\zoo\\dog2.png,zoo", f"{folder}/zoo/bird.png,Äpfel"]
    images, reading = open_pictures(write_table(folder, "\n".join(rows)), SIZE)
    assert {reason[:30]: list(items) for reason, items in reading.left_out.items()} == {
        "with more fields than the head": ["row 15"],
        "that lead out of the folder, a": ["row 7", "row 8"],
        "without a path": ["row 9"],
        "that are empty": ["row 16"],
        "without a label": ["row 10"],
        "whose picture is not there": ["row 11"],
        "that are no ordinary files": ["row 12"],
        "that say the same as a row abo": ["row 13", "row 17"],
    }
    assert reading.names[6:] == ["zoo/cat.png (row 14)", f"{folder}/zoo/bird.png (row 18)"]
    assert len(reading.conflicts) == 2 and len(images) == 8


def test_labels_written_in_several_ways_are_one_class(folder):
    labels = ["Zoo", "zoo ", "Zoo", "äpfel", "Äpfel", "Äpfel"]
    rows = [f"{row.split(',')[0]},{label}" for row, label in zip(ROWS, labels, strict=True)]
    images, reading = open_pictures(write_table(folder, "\n".join(["path,label", *rows])), SIZE)
    assert images.class_names == ["Zoo", "Äpfel"]
    assert "'zoo ' (1) became 'Zoo'; 'äpfel' (1) became 'Äpfel'" in " ".join(reading.notes)
    letters = ["a", "A", "a", "A", "a", "A"]
    rows = [f"{row.split(',')[0]},{label}" for row, label in zip(ROWS, letters, strict=True)]
    images = open_pictures(write_table(folder, "\n".join(["path,label", *rows])), SIZE)[0]
    assert images.class_names == ["A", "a"]


@pytest.mark.parametrize("ending", ["xlsx", "jsonl", "parquet"])
def test_tables_of_other_kinds_are_read(folder, ending):
    import pandas as pd

    table = pd.DataFrame([row.split(",") for row in ROWS], columns=["path", "label", "group"])
    file = folder / f"t.{ending}"
    if ending == "xlsx":
        table.to_excel(file, index=False)
    elif ending == "jsonl":
        table.to_json(file, orient="records", lines=True, force_ascii=False)
    else:
        table.to_parquet(file)
    images, reading = open_pictures(file, SIZE)
    assert images.class_names == ["zoo", "Äpfel"] and len(images) == 6 and not reading.left_out
    file.write_bytes(b"no table")
    assert f"t.{ending} has no rows" in error_of(file, SIZE)


def test_pictures_nearly_equal_in_two_given_groups_are_told(folder):
    shutil.copy(folder / "zoo" / "cat.png", folder / "zoo" / "copy.png")
    rows = ["path,label,group", *ROWS, "zoo/copy.png,zoo,another"]
    images, reading = open_pictures(write_table(folder, "\n".join(rows)), SIZE)
    assert images.groups[-1] == "another" and reading.duplicates == []
    assert any("zoo/cat.png = zoo/copy.png" in note for note in reading.notes)


# Pictures without labels -------------------------------------------------------------------


def test_pictures_without_labels_come_from_files_folders_and_tables(folder):
    (folder / "zoo" / "bad.png").write_bytes(b"")
    images, reading = open_unlabelled(folder, SIZE)
    assert len(images) == 6 and names_left_out(reading) == {"zoo/bad.png"}
    assert images.class_names == ["?", "??"] and images.labels.tolist() == [0] * 6
    assert len(set(images.groups)) == 6
    one = open_unlabelled(folder / "zoo" / "cat.png", SIZE)[0]
    np.testing.assert_array_equal(one.pixels[0], render_emoji("cat", "twemoji", SIZE))
    table = write_table(folder, "path\n" + "\n".join(row.split(",")[0] for row in ROWS))
    assert open_unlabelled(table, SIZE)[1].names == [row.split(",")[0] for row in ROWS]
    several = [folder / "zoo", str(folder / "zoo" / "cat.png"), folder / "gone.png"]
    images, reading = open_unlabelled(several, SIZE)
    assert sorted(reading.names) == ["bird.png", "cat.png (1)", "cat.png (2)", "dog2.png"]
    assert str(folder / "gone.png") in names_left_out(reading)
    for nothing in ([], [folder / "gone.png"], folder / "zoo" / "bad.png"):
        with pytest.raises(CourseError, match="no picture can be read"):
            open_unlabelled(nothing, SIZE)


@pytest.mark.parametrize("size", [0, -1, 2.5, None, True])
def test_a_size_that_is_none_is_refused(folder, size):
    for read in (open_pictures, open_unlabelled):
        with pytest.raises(ValueError, match="size must be a whole number from 1 on"):
            read(folder, size)


# Any folder --------------------------------------------------------------------------------

CLASSES = ["Zoo", "猫", "🍐 pear", "$x^2$", "e\u0301te\u0301", "a b", "%s", "{n}", "-1", "None"]
INNER = ["", "2024", "deep er/🐈", "'"]
KINDS = ["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP", *FAULTS]


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_in_any_folder_every_file_is_read_or_named(data):
    classes = data.draw(st.lists(st.sampled_from(CLASSES), min_size=2, max_size=4, unique=True))
    made = data.draw(st.lists(st.tuples(st.sampled_from(classes), st.sampled_from(INNER),
                                        st.sampled_from(KINDS)), max_size=8))  # fmt: skip
    made += [(name, "", "PNG") for name in classes for _ in range(2)]
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as place:
        expected = {}
        for number, (name, inner, kind) in enumerate(made):
            home = Path(place) / name / inner
            home.mkdir(parents=True, exist_ok=True)
            if kind in FAULTS:
                file, content = home / kind, FAULTS[kind][0]
            else:
                pixels = rng.integers(0, 255, (9, 8, 3), dtype=np.uint8)
                file, content = (
                    home / f"{number} {inner[:1]}",
                    as_bytes(kind, Image.fromarray(pixels)),
                )
            file.write_bytes(content)
            shown = unicodedata.normalize("NFC", file.relative_to(place).as_posix())
            expected[shown] = unicodedata.normalize("NFC", name) if kind not in FAULTS else None
        images, reading = open_pictures(place, 8)
        assert images.pixels[:].shape == (len(images), 8, 8, 3)
    names = {name for name, label in expected.items() if label is not None}
    assert sorted(reading.names) == sorted(names)
    assert names_left_out(reading) == set(expected) - names
    for name, label in zip(reading.names, images.labels, strict=True):
        assert images.class_names[label] == expected[name]
    assert "\n".join(reading.lines()).encode()  # it can be printed


# Large pictures, threads ---------------------------------------------------------------------

SURVEY = """
import resource, sys
from tlhelpers.data.picture_files import open_unlabelled
open_unlabelled(sys.argv[2], 224)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
images, _ = open_unlabelled(sys.argv[1], 224)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print((after - before) // 1024, images.pixels[0].mean())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere peaks are told in other units")
def test_a_photograph_twenty_thousand_pixels_wide_takes_little_memory(folder, tmp_path):
    Image.new("L", (20_000, 9_500), 100).save(tmp_path / "wide.jpg", quality=30)
    command = [sys.executable, "-c", SURVEY, tmp_path / "wide.jpg", folder / "zoo"]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    megabytes, mean = map(float, done.stdout.split())
    assert megabytes < 100 and abs(mean - 100) < 2


def test_a_progressive_jpeg_that_would_take_all_memory_is_refused(folder, monkeypatch):
    picture(size=256).save(folder / "zoo" / "p.jpg", progressive=True)
    picture("cow", size=256).save(folder / "zoo" / "q.jpg")
    monkeypatch.setattr(picture_decoding, "MOST_PIXELS", 200 * 200)
    images, reading = open_pictures(folder, SIZE)
    assert names_left_out(reading) == {"zoo/p.jpg"} and len(images) == 7


@pytest.mark.parametrize("mode", ["RGB", "L", "LA", "RGBA", "P", "CMYK", "1", "I;16", "F"])
def test_a_large_picture_becomes_what_a_small_one_does(folder, mode, monkeypatch):
    image = picture(size=512)
    image.putalpha(picture("cow", 512).convert("L"))
    if mode in ("I;16", "F"):
        gray = np.asarray(image.convert("L"))
        image = Image.fromarray(gray.astype(np.uint16) * 257 if mode == "I;16" else gray / 255.0)
    elif mode == "P":
        image = image.convert("RGB").quantize(16)
    else:
        image = image.convert(mode)
    file = folder / "zoo" / "large.tif"
    image.save(file)
    plain = open_unlabelled(file, SIZE)[0].pixels[0].astype(int)
    monkeypatch.setattr(picture_decoding, "LARGE", 10)
    large = open_unlabelled(file, SIZE)[0].pixels[0].astype(int)
    assert np.abs(plain - large).mean() < 3 and plain.std() > 10


def test_small_pictures_are_what_load_folder_reads(folder):
    picture(size=80).convert("RGBA").save(folder / "zoo" / "x.png")
    picture("car", size=50).save(folder / "zoo" / "y.jpg")
    images, reading = open_pictures(folder, SIZE)
    loaded = load_folder(folder, SIZE)
    assert reading.names == loaded.groups.tolist()
    np.testing.assert_array_equal(images.pixels, loaded.pixels)


def test_a_doubt_about_a_picture_is_told_with_its_name_and_no_warning_comes_out(folder):
    block = b"Exif\0\0II" + struct.pack("<HIH", 42, 8, 1)
    block += struct.pack("<HHI", 0x0112, 2, 4) + b"ab\0\0" + bytes(4)
    picture().save(folder / "zoo" / "held.png", exif=block)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        images, reading = open_pictures(folder, SIZE)
        assert pickle.loads(pickle.dumps(images)).pixels[:].any()
        assert warnings.filters[0][0] == "error"
    assert list(reading.doubts) == ["zoo/held.png"]
    assert "EXIF data are damaged" in reading.doubts["zoo/held.png"]


def test_several_threads_may_read_at_once(folder, monkeypatch):
    monkeypatch.setattr(file_pixels, "KEPT_BYTES", 3 * SIZE * SIZE * 3)
    images = open_pictures(folder, SIZE)[0]
    expected = np.asarray(images.pixels)
    orders = [np.random.default_rng(seed).permutation(6) for seed in range(40)]
    with ThreadPoolExecutor(8) as pool:
        for order, pixels in zip(orders, pool.map(images.pixels.__getitem__, orders), strict=True):
            np.testing.assert_array_equal(pixels, expected[order])


# Names and headings --------------------------------------------------------------------------


@on_unix
@pytest.mark.parametrize("link", ["a link", "zz link"])
def test_a_link_to_a_class_does_not_give_it_its_name(folder, link):
    (folder / link).symlink_to(folder / "zoo")
    images, reading = open_pictures(folder, SIZE)
    assert images.class_names == ["zoo", "Äpfel"] and len(images) == 6
    assert reading.left_out == {"that lead to what was read already": {link: ""}}


def test_folders_that_differ_in_capitals_only_are_told(folder):
    _, reading = open_pictures(folder, SIZE)
    assert not any("capitals" in note for note in reading.notes)
    shutil.copytree(folder / "zoo", folder / "Zoo")
    if len(list(folder.iterdir())) < 3:
        pytest.skip("capitals make no difference on this disk")
    for file in (folder / "Zoo").iterdir():
        picture("car" if "cat" in file.name else "airplane").save(file)
    images, reading = open_pictures(folder, SIZE)
    assert images.class_names == ["Zoo", "zoo", "Äpfel"] and len(images) == 9
    assert any(
        "capitals only are classes of their own: 'Zoo' and 'zoo'" in n for n in reading.notes
    )


def test_a_table_of_paths_without_a_heading_is_told(folder):
    rows = [row.rsplit(",", 1)[0] for row in ROWS]
    _, reading = open_pictures(write_table(folder, "\n".join(rows)), SIZE)
    assert sum("The first row was taken for the heading" in note for note in reading.notes) == 1
    _, reading = open_pictures(write_table(folder, "\n".join(["path,label", *rows])), SIZE)
    assert not any("The first row" in note for note in reading.notes)


@pytest.mark.parametrize(
    "rows", [["none.png,zoo", "gone.png,b"], [",zoo", ",b"], ["/etc/passwd,a"]]
)
def test_where_no_row_can_be_used_the_reasons_are_told(folder, rows):
    table = write_table(folder, "\n".join(["path,label", *rows]))
    message = error_of(table, SIZE, picture="path", label="label")
    assert "it has 0" in message and f"{len(rows)} left out" in message
