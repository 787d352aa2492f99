"""Near duplicates of pictures: copies are found, and different pictures stay apart."""

from __future__ import annotations

import io
import time
import tracemalloc
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from tlhelpers.data import near_pictures as module
from tlhelpers.data.images import load_digits_pair, load_emoji
from tlhelpers.data.near_pictures import LENGTH, NEAR, NEARER, near_pictures, thumbnail
from tlhelpers.data.photographs import photograph_crops

SIZE = 64


def thumbnails(pixels) -> np.ndarray:
    return np.stack([thumbnail(one) for one in pixels])


def numbers(n: int) -> list[bytes]:
    return [str(place).encode() for place in range(n)]


def groups_of(rows: np.ndarray, similarity=NEAR) -> np.ndarray:
    return near_pictures(rows, numbers(len(rows)), similarity)


def as_jpeg(image: Image.Image) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=40)
    return Image.open(file)


COPIES = {
    "JPEG": as_jpeg,
    "half the size": lambda image: image.resize((SIZE // 2, SIZE // 2)).resize((SIZE, SIZE)),
    "less contrast": lambda image: ImageEnhance.Contrast(image).enhance(0.8),
}


@cache
def some_of(what: str) -> np.ndarray:
    """Pictures of one kind."""
    return SETS[what]()


SETS = {
    "emoji": lambda: load_emoji("twemoji", size=SIZE).pixels[:100],
    "digits": lambda: load_digits_pair("mnist", SIZE).pixels[:100],
    "photographs": lambda: photograph_crops(30, SIZE).pixels,
}


@pytest.mark.parametrize("what", SETS)
@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_is_found(what, copy):
    pixels = some_of(what)
    copies = [np.asarray(COPIES[copy](Image.fromarray(one)).convert("RGB")) for one in pixels]
    found = groups_of(np.concatenate([thumbnails(pixels), thumbnails(copies)]))
    assert np.mean(found[: len(pixels)] == found[len(pixels) :]) > 0.98


def share_grouped(found: np.ndarray) -> tuple[float, int]:
    sizes = np.bincount(found)
    return float(np.mean(sizes[found] > 1)), int(sizes.max())


@pytest.mark.parametrize("style", ["twemoji", "openmoji"])
def test_different_emoji_stay_apart(style):
    share, largest = share_grouped(groups_of(thumbnails(load_emoji(style, size=SIZE).pixels)))
    assert share < 0.01 and largest <= 3


def test_handwritten_digits_chain_to_no_large_group():
    digits = load_digits_pair("mnist", 32)
    found = groups_of(thumbnails(digits.pixels))
    share, largest = share_grouped(found)
    assert share < 0.02 and largest <= 10
    assert all(len(set(digits.labels[found == group])) == 1 for group in np.unique(found))


def test_the_same_shape_in_another_colour_is_another_picture():
    gray = load_emoji("twemoji", size=SIZE).pixels[0].astype(int)
    red, blue = gray.copy(), gray.copy()
    red[..., 1:] = red[..., 1:] // 2
    blue[..., :2] = blue[..., :2] // 2
    assert len(set(groups_of(thumbnails(np.stack([red, blue]).astype(np.uint8))))) == 2


def brute_force(rows: np.ndarray, similarity: float) -> np.ndarray:
    """All pairs, joined one by one."""
    unit = rows - rows.mean(axis=1, keepdims=True)
    unit = unit / np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-9)
    group = np.arange(len(rows))
    for a, b in zip(*np.nonzero(unit @ unit.T >= similarity), strict=True):
        if rows[a].std() >= 2 and rows[b].std() >= 2:
            group[group == group[b]] = group[a]
    return group


def same_parts(a: np.ndarray, b: np.ndarray) -> bool:
    return len(set(zip(a.tolist(), b.tolist(), strict=True))) == len(set(a)) == len(set(b))


@settings(deadline=None, max_examples=25)
@given(st.integers(2, 80), st.integers(0, 10**6), st.sampled_from([NEAR, NEARER]))
def test_the_groups_are_those_of_all_pairs_in_any_order(count, seed, similarity):
    rng = np.random.default_rng(seed)
    scenes = rng.integers(0, 255, (6, 16 * 16 * 3)).astype(float)
    mixed = scenes[rng.integers(0, 6, count)]
    mixed += rng.choice([0, 2, 6, 12, 30], count)[:, None] * rng.normal(size=mixed.shape)
    rows = mixed.clip(0, 255).astype(np.uint8)
    rows[rng.random(count) < 0.1] = 7  # flat ones
    found = groups_of(rows, similarity)
    assert same_parts(found, brute_force(rows.astype(float), similarity))
    order = rng.permutation(count)
    assert same_parts(groups_of(rows[order], similarity), found[order])


def test_equal_files_are_one_group_whatever_they_show():
    rows = np.zeros((4, 16 * 16 * 3), np.uint8)
    digests = [b"a", b"b", b"a", b"c"]
    for similarity in (NEAR, None):
        assert near_pictures(rows, digests, similarity).tolist() == [0, 1, 0, 2]


def test_a_film_of_a_still_scene_is_one_group():
    rng = np.random.default_rng(0)
    scene = rng.integers(30, 220, 16 * 16 * 3)
    rows = (scene + rng.normal(0, 2, (2000, len(scene)))).astype(np.uint8)
    assert groups_of(rows).max() == 0


def smooth(n: int, rng: np.random.Generator) -> np.ndarray:
    """Thumbnails that are smooth as those of photographs."""
    coarse = rng.integers(0, 255, (n, 4, 4, 3)).astype(np.float32)
    return coarse.repeat(4, axis=1).repeat(4, axis=2).reshape(n, -1).astype(np.uint8)


def test_ten_times_the_pictures_take_no_more_than_about_ten_times_as_long():
    rng, seconds = np.random.default_rng(0), []
    for count in (1000, 10_000):
        rows = smooth(count, rng)
        start = time.process_time()
        found = groups_of(rows)
        seconds.append(time.process_time() - start)
        assert found.max() == count - 1
    assert seconds[1] < 40 * seconds[0] + 1  # all pairs would take a hundred times as long


def test_memory_grows_by_less_than_the_thumbnails_themselves(monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 128)

    def peak(n):
        rows = np.random.default_rng(0).integers(0, 256, (n, LENGTH), dtype=np.uint8)
        tracemalloc.start()
        groups_of(rows)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10)  # libraries are loaded
    assert peak(3000) - peak(1000) < 2000 * LENGTH
