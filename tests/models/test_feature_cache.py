"""Features kept on disk: whole, damaged, or with no room for them."""

import json

import numpy as np
import pytest

from tlhelpers.models.feature_cache import are_kept, keep, kept_at, read_kept, read_or_make

VALUES = np.arange(600_000, dtype=np.float32).reshape(2, -1)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TLHELPERS_CACHE", str(tmp_path))


def test_what_is_kept_comes_back():
    assert read_kept("a") is None and not are_kept({0: "a"})
    keep("a", VALUES)
    np.testing.assert_array_equal(read_kept("a"), VALUES)
    assert are_kept({0: "a"}) and not are_kept({0: "a", 1: "b"})


def a_header_that_lies(path):
    told = {"features": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}
    header = json.dumps(told).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"0000")


def one_without_end(path):
    path.write_bytes((2**62).to_bytes(8, "little") + b"{}")


def another_sum(path):
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")


def an_array_of_objects(path):
    with path.open("wb") as file:
        np.savez(file, np.array([print], dtype=object))


@pytest.mark.parametrize(
    "harm", [a_header_that_lies, one_without_end, another_sum, an_array_of_objects]
)
def test_what_is_damaged_is_made_anew_with_a_warning(harm):
    keep("a", VALUES)
    harm(kept_at("a"))
    with pytest.warns(UserWarning, match=r"a\.safetensors are damaged: computing them anew"):
        found = read_or_make({0: "a"}, lambda layers: dict.fromkeys(layers, VALUES), cache=True)
    np.testing.assert_array_equal(found[0], VALUES)
    np.testing.assert_array_equal(read_kept("a"), VALUES)


def test_without_room_the_features_are_there_all_the_same():
    resource = pytest.importorskip("resource", reason="there are no such limits here")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
    try:
        with pytest.warns(UserWarning, match="the features could not be kept"):
            found = read_or_make({0: "a"}, lambda layers: dict.fromkeys(layers, VALUES), cache=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    np.testing.assert_array_equal(found[0], VALUES)
    assert not list(kept_at("a").parent.iterdir())
