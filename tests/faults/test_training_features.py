"""Features kept on disk: killed, at once, damaged or without room, the right ones come back."""

from __future__ import annotations

import itertools
import json
import os
import random
import tempfile
import warnings
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import tiny
import tiny_kills
from tiny_faults import posix, tree, with_mounts
from tiny_kills import after, at_step, at_time, ended, in_writing, limited, start

from tlhelpers.models.feature_cache import keep, kept_at, keys_of, read_or_make

ROWS = {
    "final": np.arange(200_000, dtype=np.float32).reshape(100, -1),
    "stem": np.linspace(-1, 1, 3000, dtype=np.float32).reshape(100, 30),
}
KEYS = keys_of(ROWS, "a test")


def compute(cache: Path) -> list[str]:
    """The features, asked for as all helpers do; gives the layers that had to be computed."""
    made = []

    def make(layers):
        made.extend(layers)
        return {layer: ROWS[layer] for layer in layers}

    with use(cache):
        found = read_or_make(KEYS, make, cache=True)
    for layer, rows in ROWS.items():
        assert found[layer].dtype == rows.dtype and np.array_equal(found[layer], rows)
    return made


@contextmanager
def use(cache: Path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLHELPERS_CACHE", str(cache))
        yield


def own_cache(folder: Path) -> Path:
    cache = Path(tempfile.mkdtemp(dir=folder))
    (cache / "features").mkdir()
    (cache / "features/thesis.safetensors").write_text("precious")
    return cache


def goes_on(cache: Path) -> None:
    """What is asked for comes, then it is kept, and what is the user's is there."""
    compute(cache)
    assert compute(cache) == []
    assert (cache / "features/thesis.safetensors").read_text() == "precious"


def with_warnings(work) -> list[str]:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        work()
    return [str(one.message) for one in told]


# The faults --------------------------------------------------------------------------------


def killed_at_random_moments(folder: Path) -> int:
    draw, cache = random.Random(2), own_cache(folder)
    killed = 0
    for _ in range(25):
        for path in cache.glob("features/[0-9a-f]*"):
            path.unlink()
        killed += not after(draw.uniform(0, 0.006), partial(compute, cache))
        goes_on(cache)
    assert killed > 3
    return killed


def killed_at_each_step_on_its_files(folder: Path) -> int:
    for number in itertools.count(1):
        cache = own_cache(folder)
        if at_step(number, cache, partial(compute, cache)):
            break
        goes_on(cache)
    assert number > 6
    return number - 1


def killed_in_writing(folder: Path) -> int:
    for size in (0, 7, 100, 12_100, 400_000, 800_000):
        cache = own_cache(folder)
        assert not in_writing(size, partial(compute, cache))
        goes_on(cache)
    return 6


def several_at_once(folder: Path) -> int:
    for _ in range(8):
        cache = own_cache(folder)
        children = [start(partial(goes_on, cache)) for _ in range(3)]
        assert all(map(ended, children)) and compute(cache) == []
        assert len(list(cache.glob("features/*"))) == 3
    return 8


def files_that_were_cut(folder: Path) -> int:
    cache = own_cache(folder)
    compute(cache)
    with use(cache):
        path = kept_at(KEYS["stem"])
    content = path.read_bytes()
    sizes = [0, 1, 7, 8, 9, 60, len(content) // 2, len(content) - 1]
    for size in sizes:
        path.write_bytes(content[:size])
        told = with_warnings(partial(compute, cache))
        assert len(told) == 1 and f"{path.name} are damaged: computing them anew" in told[0], told
        assert not with_warnings(partial(compute, cache)) and compute(cache) == []
    path.write_bytes(content + b"\0")
    assert with_warnings(partial(compute, cache)) and compute(cache) == []
    return len(sizes) + 1


def files_with_a_bit_turned(folder: Path) -> int:
    """Some of each byte of the header, and of the numbers: noticed, or it changes nothing."""
    cache = own_cache(folder)
    compute(cache)
    with use(cache):
        path = kept_at(KEYS["stem"])
    content, draw = path.read_bytes(), random.Random(1)
    header = 8 + int.from_bytes(content[:8], "little")
    bits = [
        *range(0, 8 * header, 5),
        *(draw.randrange(8 * header, 8 * len(content)) for _ in range(60)),
    ]
    noticed = 0
    for bit in bits:
        turned = bytearray(content)
        turned[bit // 8] ^= 1 << bit % 8
        path.write_bytes(bytes(turned))
        told = with_warnings(partial(compute, cache))
        assert all("damaged" in one for one in told) and len(told) < 2, told
        noticed += len(told)
    assert noticed > 0.9 * len(bits)
    return len(bits)


def a_header_that_gives_the_numbers_another_type_or_shape(folder: Path) -> int:
    wrecks = [{"dtype": "I32"}, {"dtype": "U32"}, {"shape": [30, 100]}, {"shape": [3000]}]
    for wreck in wrecks:
        cache = own_cache(folder)
        compute(cache)
        with use(cache):
            path = kept_at(KEYS["stem"])
        content = path.read_bytes()
        end = 8 + int.from_bytes(content[:8], "little")
        header = json.loads(content[8:end])
        header["features"] |= wreck
        head = json.dumps(header).encode()
        path.write_bytes(len(head).to_bytes(8, "little") + head + content[end:])
        assert any("damaged" in one for one in with_warnings(partial(compute, cache)))
    return len(wrecks)


def a_disk_that_takes_no_more(folder: Path) -> int:
    for most, kept in ((5000, 0), (20_000, 1)):  # nothing has a place, or the smaller file has
        cache = own_cache(folder)
        with limited("FSIZE", most):
            told = with_warnings(partial(compute, cache))
        assert len(told) == 2 - kept and "could not be kept" in told[0], told
        assert len(list(cache.glob("features/*"))) == 1 + kept, "half a file stayed"
        goes_on(cache)
    return 2


def a_clock_that_jumps(folder: Path) -> int:
    for moment in tiny_kills.MOMENTS.values():
        cache = own_cache(folder)
        compute(cache)
        with at_time(moment, cache):
            assert compute(cache) == []
    return 2


FAULTS = [
    killed_at_random_moments,
    killed_at_each_step_on_its_files,
    killed_in_writing,
    several_at_once,
    files_that_were_cut,
    files_with_a_bit_turned,
    a_header_that_gives_the_numbers_another_type_or_shape,
    a_disk_that_takes_no_more,
    a_clock_that_jumps,
]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return tiny_kills.results_of(Path(__file__).stem, tmp_path_factory.mktemp("features"))


@posix
@pytest.mark.parametrize("fault", [fault.__name__ for fault in FAULTS])
def test_features_survive(results, fault):
    count, harm = results[fault]
    assert count and not harm, harm


# Real disks --------------------------------------------------------------------------------


def on_bad_disks(folder: Path) -> int:
    """In mounts of its own: first there is no room or the cache is closed, then it is as usual."""
    cache = Path(os.environ["CACHE"])
    told = with_warnings(partial(compute, cache))
    assert told and all("\n" not in one for one in told), told
    print("told:", *told)
    return 1


ON_BAD_DISKS = [on_bad_disks]


@posix
@pytest.mark.parametrize("how", ["full", "closed"])
def test_on_a_real_disk_that_is_full_or_closed_they_come_all_the_same(tmp_path, how):
    (tmp_path / "disk").mkdir()
    disk = tmp_path / "disk"
    if how == "closed":
        (disk / "cache").mkdir()
        with use(disk / "cache"):
            keep("other", ROWS["stem"])
    before = tree(disk)
    mounted = f"mount -t tmpfs -o size=300k tmpfs '{disk}'" if how == "full" else f"closed '{disk}'"
    code = tiny_kills.command(Path(__file__).stem, "ON_BAD_DISKS")
    done = with_mounts(
        f"""{mounted}; mkdir -p '{tmp_path}/temporary'; cd '{tiny.ROOT}'; "$PYTHON" -c "$CODE" """,
        CODE=code, FOLDER=str(tmp_path / "faults"), CACHE=str(disk / "cache"),
        TMPDIR=str(tmp_path / "temporary"), **tiny_kills.QUIET,
    )  # fmt: skip
    assert tiny_kills.read_results(done)["on_bad_disks"] == (1, ""), done
    words = {"full": "could not be kept", "closed": "nothing can be written to"}
    assert words[how] in done.stdout, done.stdout
    assert tree(disk) == before
