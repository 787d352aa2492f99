"""Files that a learner is given: none runs code, and none unfolds or promises to any size."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import struct
import zipfile
import zlib
from functools import partial

import numpy as np
import psutil
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file
from tiny_faults import posix
from tiny_kills import limited
from tiny_nets import tiny_backbone, tiny_classifier, tiny_images

from tlhelpers.data.folders import load_folder
from tlhelpers.data.tables import load_table
from tlhelpers.errors import CourseError
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.vector_files import load_vectors
from tlhelpers.training.fitting import fit

MB = 2**20
pytestmark = pytest.mark.filterwarnings("ignore:Detected pickle protocol")


class Bomb:
    """A pickle of it makes a folder when it is opened."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


def train(path):
    fit(tiny_classifier(), tiny_images(), epochs=1, quiet=True, checkpoint=path)


def load_pictures(path):
    load_folder(path.parent.parent, 16)


READERS = {
    "checkpoint": ("classes/a/c", train),
    "model": ("classes/a/m.safetensors", partial(Classifier.load, backbone=tiny_backbone())),
    "vectors": ("classes/a/v.txt", load_vectors),
    "vectors with an ending": ("classes/a/v.bin", load_vectors),
    "table": ("classes/a/t.csv", load_table),
    "picture": ("classes/a/p.png", load_pictures),
}


def in_zip(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/version", "3\n")
    return file.getvalue()


def of_torch(bomb: Bomb, new: bool) -> bytes:
    file = io.BytesIO()
    state = {"settings": bomb, "rows": [], "best": None, "model": {}, "optimizer": {}}
    torch.save(state, file, _use_new_zipfile_serialization=new)
    return file.getvalue()


def of_numpy(bomb: Bomb, save) -> bytes:
    file = io.BytesIO()
    save(file, np.array([bomb], dtype=object), allow_pickle=True)
    return file.getvalue()


KINDS = {
    "pickle": pickle.dumps,
    "old pickle": partial(pickle.dumps, protocol=0),
    "pickle in a zip": lambda bomb: in_zip(pickle.dumps(bomb)),
    "torch": partial(of_torch, new=True),
    "old torch": partial(of_torch, new=False),
    "npy": partial(of_numpy, save=np.save),
    "npz": partial(of_numpy, save=np.savez),
    "packed pickle": lambda bomb: gzip.compress(pickle.dumps(bomb)),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", KINDS)
def test_no_file_runs_code_whatever_its_name(tmp_path, reader, kind):
    name, read = READERS[reader]
    path, exploded = tmp_path / name, tmp_path / "exploded"
    for folder in ("a", "b"):
        (tmp_path / "classes" / folder).mkdir(parents=True)
    path.write_bytes(KINDS[kind](Bomb(exploded)))
    with pytest.raises(CourseError) as told:
        read(path)
    assert str(path) in str(told.value) or path.name in str(told.value)
    assert not exploded.exists()


def test_the_bombs_are_such(tmp_path):
    """Each one goes off where a file is opened without care."""
    for number, kind in enumerate(["pickle", "old pickle", "torch", "old torch", "npy", "npz"]):
        exploded = tmp_path / str(number)
        file = io.BytesIO(KINDS[kind](Bomb(exploded)))
        if "torch" in kind:
            torch.load(file, weights_only=False)
        elif "np" in kind:
            loaded = np.load(file, allow_pickle=True)
            _ = loaded["arr_0"] if kind == "npz" else loaded
        else:
            pickle.load(file)
        assert exploded.exists(), kind


# Sizes ---------------------------------------------------------------------------------------


def little_memory():
    """A quarter of what the bombs below unfold to."""
    return limited("AS", psutil.Process().memory_info().vms + 128 * MB)


PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


@posix
@pytest.mark.parametrize("ending", PACKERS)
@pytest.mark.parametrize("start", [b"", b"word ", b"2 3\nword "], ids=["", "word", "sizes"])
def test_packed_vectors_that_unfold_without_an_end_are_refused_at_once(tmp_path, ending, start):
    path, pack = tmp_path / f"v.txt.{ending}", PACKERS[ending]
    path.write_bytes(pack(start) + 512 * pack(b"1" * MB))
    with little_memory(), pytest.raises(CourseError, match="does not end: it is no text"):
        load_vectors(path)


def png(width: int, height: int, data: bytes = b"") -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = data or zlib.compress(bytes(MB), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0" + bytes(6) + b";"


@posix
def test_pictures_that_unfold_to_any_size_are_left_out_and_named(tmp_path, capsys):
    for name, number in (("cat", 2), ("dog", 3)):
        (tmp_path / name).mkdir()
        for place in range(number):
            Image.new("RGB", (20, 20), (place, 9, 9)).save(tmp_path / name / f"{place}.png")
    bombs = {
        "a.png": png(60_000, 60_000),
        "b.png": png(2**31 - 1, 2**31 - 1),
        "c.gif": gif(65535, 65535),
    }
    for name, content in bombs.items():
        (tmp_path / "cat" / name).write_bytes(content)
    with little_memory(), pytest.warns(UserWarning) as told:
        loaded = load_folder(tmp_path, 16)
    assert len(loaded) == 5
    text = "\n".join(str(one.message) for one in told)
    assert "left out" in text and all(f"cat/{name}" in text for name in bombs)


@pytest.mark.parametrize("length", [0, 7, 60, 2**40, 2**62, 2**64 - 1])
def test_a_saved_model_whose_header_lies_about_sizes_is_told(tmp_path, length):
    told = {"linear_head.weight": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}
    header = json.dumps(told).encode()
    path = tmp_path / "m.safetensors"
    path.write_bytes(length.to_bytes(8, "little") + header + b"0000")
    with pytest.raises(CourseError, match=r"cannot read the model .*m\.safetensors"):
        Classifier.load(path, backbone=tiny_backbone())


ODD_CARDS = {
    "brackets without end": {"transform": "[" * 100_000},
    "no number of classes": {"n_classes": None},
    "no names": {"class_names": None},
    "names that are a number": {"class_names": "3"},
    "a number of classes that fills any memory": {"n_classes": str(10**13), "class_names": "null"},
    "options for code": {"backbone": '"minilm-l6"', "options": '{"pretrained": true}'},
    "a backbone that is a list": {"backbone": "[1]"},
}


@pytest.mark.parametrize("card", ODD_CARDS)
def test_a_saved_model_with_an_odd_card_is_told(tmp_path, card):
    path = tmp_path / "m.safetensors"
    tiny_classifier().save(path)
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() | ODD_CARDS[card]
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    save_file(tensors, path, {key: value for key, value in metadata.items() if value is not None})
    known = None if "backbone" in ODD_CARDS[card] else tiny_backbone()
    with pytest.raises(CourseError, match=r"m\.safetensors"):
        Classifier.load(path, backbone=known)


@posix
def test_a_checkpoint_that_unfolds_to_any_size_is_refused_at_once(tmp_path):
    train(tmp_path / "whole")
    with (
        zipfile.ZipFile(tmp_path / "whole") as whole,
        zipfile.ZipFile(tmp_path / "c", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as bomb,
    ):
        for one in whole.infolist():
            big = one.filename.endswith("data/0")
            bomb.writestr(one.filename, bytes(512 * MB) if big else whole.read(one))
    before = psutil.Process().memory_info().vms
    with limited("AS", before + 128 * MB), pytest.raises(CourseError, match="compressed"):
        train(tmp_path / "c")


def test_a_checkpoint_whose_numbers_are_said_to_fill_any_memory_is_refused(tmp_path):
    state = {"settings": {}, "rows": [], "best": None, "model": {"a": torch.zeros(7)}}
    file = io.BytesIO()
    torch.save(state, file, _use_new_zipfile_serialization=False)
    lie = file.getvalue().replace(b"K\x07", b"\x8a\x06" + (10**13).to_bytes(6, "little"))
    assert lie != file.getvalue()
    (tmp_path / "c").write_bytes(lie)
    with pytest.raises(CourseError, match="cannot read the checkpoint"):
        train(tmp_path / "c")
