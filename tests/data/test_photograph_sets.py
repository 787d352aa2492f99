"""Sets of photographs: fetched once, whole or not at all, and told of before."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat
from torchvision import datasets

from tlhelpers.data import downloads
from tlhelpers.data.photograph_sets import PHOTOGRAPH_SETS, load_photographs
from tlhelpers.errors import CourseError

EACH = 4  # photographs of each class
COLOURS = {0: (200, 30, 30), 1: (30, 200, 30)}


def jpeg(label: int, number: int) -> bytes:
    """A picture that is wider than high; the outer parts are black and belong to no class."""
    picture = Image.new("RGB", (90, 60), "black")
    picture.paste(Image.new("RGB", (60, 60), COLOURS[label]), (15, 0))
    picture.paste(Image.new("RGB", (8, 8), (9 * number, 9 * number, 255)), (40, 20))
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=95)
    return data.getvalue()


def packed(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


def pets() -> dict[str, bytes]:
    names = [f"{kind}_{i}" for kind in ("Abyssinian", "great_pyrenees") for i in range(EACH)]
    images = {f"images/{n}.jpg": jpeg(i // EACH, i) for i, n in enumerate(names)}
    rows = [f"{n} {i // EACH + 1} {i // EACH + 1} 1\n" for i, n in enumerate(names)]
    parts = {"trainval": rows[::2], "test": rows[1::2]}
    lists = {f"annotations/{k}.txt": "".join(v).encode() for k, v in parts.items()}
    return {"images.tar.gz": packed(images), "annotations.tar.gz": packed(lists)}


def imagenette() -> dict[str, bytes]:
    files = {
        f"imagenette2-320/{part}/{wnid}/p{part}{i}.jpeg": jpeg(label, i + 3 * (part == "val"))
        for label, wnid in enumerate(("n01440764", "n03888257"))
        for part in ("train", "val")
        for i in range(EACH // 2)
    }
    return {"imagenette2-320.tgz": packed(files)}


def flowers() -> dict[str, bytes]:
    labels = np.array([1, 2] * EACH)
    files = {f"jpg/image_{i + 1:05d}.jpg": jpeg(k - 1, i) for i, k in enumerate(labels)}
    parts = {"trnid": [1, 2], "valid": [3, 4], "tstid": [5, 6, 7, 8]}
    tables = {}
    for name, content in {"imagelabels": {"labels": labels}, "setid": parts}.items():
        data = io.BytesIO()
        savemat(data, content)
        tables[f"{name}.mat"] = data.getvalue()
    return {"102flowers.tgz": packed(files), **tables}


MADE = {"pets": pets, "imagenette": imagenette, "flowers": flowers}


class Handler(BaseHTTPRequestHandler):
    """Gives the files, or does what servers do at their worst."""

    def do_GET(self):
        self.server.asked.append(self.path)
        data, mode = self.server.files[self.path.strip("/")], self.server.mode
        if mode == "is closed":
            self.send_error(503, "Closed for today")
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if mode == "breaks off":
            data = data[: len(data) // 2]
        elif mode == "lies":
            data = bytes([data[0] ^ 1]) + data[1:]
        elif mode == "stalls":
            self.wfile.write(data[:20])
            self.server.over.wait(20)
            return
        elif mode == "trickles":
            for place in range(0, len(data), 5):
                if self.server.over.wait(0.05):
                    return
                self.wfile.write(data[place : place + 5])
            return
        self.wfile.write(data)

    def log_message(self, *_):
        """Keep still."""


@pytest.fixture
def server(empty_cache, monkeypatch):
    """A server on this machine with all three sets; torchvision's addresses lead to it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.files, running.asked, running.mode = {}, [], "gives"
        running.over = threading.Event()
        for make in MADE.values():
            running.files.update(make())
        start = f"http://127.0.0.1:{running.server_port}/"
        md5 = {
            n: hashlib.md5(d, usedforsecurity=False).hexdigest() for n, d in running.files.items()
        }
        at = {name: (start + name, md5[name]) for name in running.files}
        pet_files = (at["images.tar.gz"], at["annotations.tar.gz"])
        flower_files = {"image": "102flowers.tgz", "label": "imagelabels.mat", "setid": "setid.mat"}
        monkeypatch.setattr(datasets.OxfordIIITPet, "_RESOURCES", pet_files)
        monkeypatch.setattr(datasets.Imagenette, "_ARCHIVES", {"320px": at["imagenette2-320.tgz"]})
        monkeypatch.setattr(datasets.Flowers102, "_download_url_prefix", start)
        monkeypatch.setattr(
            datasets.Flowers102, "_file_dict", {k: (v, md5[v]) for k, v in flower_files.items()}
        )
        monkeypatch.delenv("TLHELPERS_OFFLINE", raising=False)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        thread = threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield running
        running.over.set()
        running.shutdown()


def left_over(cache) -> list[str]:
    folder = cache / "photographs"
    return sorted(p.name for p in folder.iterdir() if not p.name.endswith((".lock", "-archives")))


@pytest.mark.parametrize("name", MADE)
def test_a_set_is_fetched_once_and_cut_to_squares(server, empty_cache, name):
    told = []
    images = load_photographs(name, size=30, per_class=None, echo=told.append)
    assert images.counts() == dict.fromkeys(images.class_names, 0) | dict.fromkeys(
        [images.class_names[k] for k in (0, 1)], EACH
    )
    assert (images.domain, images.pixels.shape[1:]) == (name, (30, 30, 3))
    for label, colour in COLOURS.items():
        corner = images.pixels[images.labels == label, 2, 2].astype(int)
        assert np.abs(corner - colour).max() < 20, "the black sides are cut off"
    assert len(set(images.groups)) == len(images) == 2 * EACH
    assert f"Licence: {PHOTOGRAPH_SETS[name].licence}" in told[0] and " MB are fetched" in told[1]
    assert left_over(empty_cache) == [name]
    archives = (empty_cache / "photographs" / name).rglob("*gz")
    assert list(archives) == [], "no archive is kept"

    asked = list(server.asked)
    assert sorted(asked) == sorted(f"/{file}" for file in MADE[name]())
    server.mode = "is closed"
    again = load_photographs(name, size=30, per_class=None, echo=told.append)
    assert again.fingerprint == images.fingerprint and again.class_names == images.class_names
    assert server.asked == asked and len(told) == 2


def test_class_names_are_those_of_the_makers(server):
    names = {name: load_photographs(name, size=8, echo=list).class_names for name in MADE}
    assert names["pets"] == ["Abyssinian", "Great Pyrenees"]
    assert names["imagenette"] == ["tench", "parachute"]
    assert names["flowers"][:2] == ["pink primrose", "hard-leaved pocket orchid"]


def test_so_many_of_each_class_are_drawn_by_the_seed_alone(server):
    def groups(**options):
        return load_photographs("pets", size=8, echo=list, **options).groups.tolist()

    two, three = groups(per_class=2), groups(per_class=3)
    assert len(two) == 4 and set(two) < set(three) and two == groups(per_class=2)
    assert len({tuple(groups(per_class=2, seed=seed)) for seed in range(6)}) > 2
    assert load_photographs("pets", size=8, per_class=1, echo=list).counts() == {
        "Abyssinian": 1, "Great Pyrenees": 1,
    }  # fmt: skip


FAULTS = {
    "breaks off": r"it broke off after [\d,]+ of [\d,]+ bytes",
    "lies": "does not have the hash that the makers tell",
    "stalls": "timed out",
    "trickles": r"sends only \d+ bytes per second",
    "is closed": "Closed for today",
}


@pytest.mark.parametrize("mode", FAULTS)
def test_a_server_at_its_worst_is_one_error_and_the_next_call_mends_it(
    server, empty_cache, monkeypatch, mode
):
    monkeypatch.setattr(downloads, "PATIENCE", 0.4)
    server.mode = mode
    start = time.monotonic()
    with pytest.raises(CourseError, match=f"Oxford-IIIT Pet.*could not be had.*{FAULTS[mode]}"):
        load_photographs("pets", size=8, echo=list)
    assert time.monotonic() - start < 60, "it hung"
    assert left_over(empty_cache) == []
    assert list((empty_cache / "photographs" / "pets-archives").iterdir()) == []
    server.mode = "gives"
    assert len(load_photographs("pets", size=8, echo=list)) == 2 * EACH


def test_what_came_whole_is_not_fetched_again(server):
    del server.files["annotations.tar.gz"]
    with pytest.raises(CourseError, match="could not be had"):
        load_photographs("pets", size=8, echo=list)
    server.files.update(pets())
    load_photographs("pets", size=8, echo=list)
    assert server.asked.count("/images.tar.gz") == 1


def test_without_a_network_one_error_says_what_to_do(server, monkeypatch):
    monkeypatch.setenv("TLHELPERS_OFFLINE", "1")
    with pytest.raises(CourseError, match="TLHELPERS_OFFLINE forbids"):
        load_photographs("flowers", echo=list)
    monkeypatch.delenv("TLHELPERS_OFFLINE")
    server.shutdown()
    server.socket.close()
    with pytest.raises(CourseError, match=r"refused.*look at the network and run the same again"):
        load_photographs("flowers", echo=list)


def test_what_was_unpacked_in_part_is_not_taken_for_whole(server, empty_cache, monkeypatch):
    half = empty_cache / "photographs" / "partial-pets-dead" / "oxford-iiit-pet" / "images"
    half.mkdir(parents=True)
    from torchvision.datasets import utils

    def breaks(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setitem(utils._ARCHIVE_EXTRACTORS, ".tar", breaks)
        with pytest.raises(CourseError, match=r"could not be unpacked .*No space left"):
            load_photographs("pets", size=8, echo=list)
    assert left_over(empty_cache) == []
    assert len(load_photographs("pets", size=8, echo=list)) == 2 * EACH


def test_a_set_that_was_damaged_later_is_told(server, empty_cache):
    load_photographs("pets", size=8, echo=list)
    folder = empty_cache / "photographs" / "pets" / "oxford-iiit-pet"
    (folder / "images" / "Abyssinian_1.jpg").write_bytes(b"no picture")
    with pytest.warns(UserWarning, match=r"1 picture.* left out: Abyssinian_1\.jpg") as warned:
        images = load_photographs("pets", size=8, echo=list)
    assert warned[0].filename == __file__
    assert images.counts() == {"Abyssinian": EACH - 1, "Great Pyrenees": EACH}
    assert not any(group.endswith("/Abyssinian_1.jpg") for group in images.groups)
    (folder / "annotations" / "test.txt").unlink()
    with pytest.raises(CourseError, match=r"pets are not whole .*remove that folder"):
        load_photographs("pets", size=8, echo=list)


def test_equal_photographs_are_one_group(server, empty_cache):
    load_photographs("pets", size=8, echo=list)
    folder = empty_cache / "photographs" / "pets" / "oxford-iiit-pet" / "images"
    (folder / "Abyssinian_3.jpg").write_bytes((folder / "Abyssinian_0.jpg").read_bytes())
    images = load_photographs("pets", size=8, echo=list)
    assert len(images) == 2 * EACH and len(set(images.groups)) == 2 * EACH - 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "pet"}, "unknown set of photographs 'pet': did you mean pets"),
        ({"size": 0}, "size must be a whole number from 1 on"),
        ({"per_class": 0}, "per_class must be a whole number from 1 on"),
        ({"seed": -1}, "seed must be a whole number from 0 on"),
    ],
)
def test_odd_arguments_are_refused_before_anything_is_fetched(server, options, message):
    with pytest.raises(ValueError, match=message):
        load_photographs(**options)
    assert server.asked == []
