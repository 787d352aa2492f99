"""Word vectors that others have trained: GloVe, files in all forms, and what is wrong is told."""

import bz2
import gzip
import hashlib
import json
import lzma
import os
import pickle
import re
import socket
import struct
import subprocess
import sys
import tarfile
import threading
import warnings
from contextlib import suppress
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import torch
from gensim.models import KeyedVectors
from gensim.test.utils import datapath
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tlhelpers.errors import CourseError, repo_root
from tlhelpers.models.vector_files import keyed_vectors, load_vectors
from tlhelpers.models.words import composed

WORDS = ["the", "café", "寿司", "👋", "don't", "1990"]
ROWS = np.random.default_rng(0).normal(0, 0.5, (6, 4)).astype(np.float32)
FORMS = [  # ending, what gensim is told
    (".txt", {}),
    (".txt.gz", {}),
    (".txt", {"write_header": False}),
    (".txt.gz", {"write_header": False}),
    (".bin", {"binary": True}),
    (".bin.gz", {"binary": True}),
]
each_form = pytest.mark.parametrize(
    ("ending", "how"), FORMS, ids=lambda x: x if isinstance(x, str) else "-".join(x) or "plain"
)
GOOD = "3 2\na 1 2\nb 3 4\nc 5 6\n"


def saved(path, words, rows, **how):
    """Written by gensim; only it knows its formats."""
    keyed_vectors(list(words), np.asarray(rows, dtype=np.float32)).save_word2vec_format(path, **how)
    return path


def file(tmp_path, content, name="mine.txt"):
    path = tmp_path / name
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def binary(*pairs, head=None, size=2):
    """A binary file by hand."""
    rows = [word + b" " + np.array(row, dtype="<f4").tobytes() + b"\n" for word, row in pairs]
    return (head or f"{len(pairs)} {size}").encode() + b"\n" + b"".join(rows)


def same(found, words, rows):
    assert found.index_to_key == list(words)
    assert found.vectors.dtype == np.float32
    np.testing.assert_array_equal(found.vectors, np.asarray(rows, dtype=np.float32))
    for word, row in zip(words, rows, strict=True):
        np.testing.assert_array_equal(found[word], row)


def refused(path, *parts, limit=None):
    """One error that names the file, and one line of text."""
    with pytest.raises(CourseError) as raised:
        load_vectors(path, limit)
    text = str(raised.value)
    assert str(path) in text and "\n" not in text
    for part in parts:
        assert part in text, text


# ---------------------------------------------------------------- GloVe


def test_glove_has_its_words_and_sizes(glove):
    assert glove.vectors.shape == (400_000, 50) and glove.vectors.dtype == np.float32
    assert glove.index_to_key[:3] == ["the", ",", "."] and len(set(glove.index_to_key)) == 400_000
    assert np.isfinite(glove.vectors).all()
    assert "<unk>" not in glove and "King" not in glove
    # The first line of glove.6B.50d.txt as Stanford publishes it.
    np.testing.assert_allclose(glove["the"][:4], [0.418, 0.24968, -0.41242, 0.1217], rtol=1e-6)


def test_king_without_man_and_with_woman_is_queen(glove):
    def unit(word):
        return glove[word].astype(float) / np.linalg.norm(glove[word].astype(float))

    wanted = unit("king") - unit("man") + unit("woman")
    (word, cosine), *_ = glove.most_similar(positive=["king", "woman"], negative=["man"])
    assert word == "queen"
    assert cosine == pytest.approx(unit("queen") @ wanted / np.linalg.norm(wanted), abs=1e-6)
    assert glove.similarity("king", "queen") == pytest.approx(unit("king") @ unit("queen"))


def test_a_limit_takes_the_most_frequent_words(glove):
    few = load_vectors("glove-50d", limit=7)
    assert few.index_to_key == glove.index_to_key[:7]
    np.testing.assert_array_equal(few.vectors, glove.vectors[:7])


def test_what_is_done_to_loaded_vectors_does_not_reach_those_loaded_next():
    one = load_vectors(limit=3)
    before = one.vectors.copy()
    one.vectors[:] = 0
    one.index_to_key[0] = "changed"
    again = load_vectors(limit=3)
    np.testing.assert_array_equal(again.vectors, before)
    assert again.index_to_key == ["the", ",", "."]


@pytest.mark.parametrize("limit", [0, 2.0])
def test_a_limit_that_is_none_is_refused(limit):
    with pytest.raises(ValueError, match="limit must be a whole number from 1 on"):
        load_vectors(limit=limit)


# ---------------------------------------------------------------- what gensim writes


@each_form
def test_what_gensim_writes_comes_back(tmp_path, ending, how):
    path = saved(tmp_path / f"mine{ending}", WORDS, ROWS, **how)
    same(load_vectors(path), WORDS, ROWS)
    same(load_vectors(str(path)), WORDS, ROWS)


@each_form
@pytest.mark.parametrize("limit", [1, 4, 6, 99])
def test_a_limit_takes_the_first(tmp_path, ending, how, limit):
    path = saved(tmp_path / f"mine{ending}", WORDS, ROWS, **how)
    same(load_vectors(path, limit), WORDS[:limit], ROWS[:limit])


def test_one_line_of_sizes_and_numpy_limits_will_do(tmp_path):
    same(load_vectors(file(tmp_path, GOOD), np.int64(2)), ["a", "b"], [[1, 2], [3, 4]])


plain_words = st.lists(
    st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=8).map(composed),
    min_size=1,
    max_size=6,
    unique=True,
)


@st.composite
def vocabularies(draw):
    """Words, their rows, and a form."""
    words, how = draw(plain_words), draw(st.sampled_from([how for _, how in FORMS[::2]]))
    # A file of a few numbers all of whose bytes happen to be figures would pass for a text; short
    # numbers have a byte of 0.
    finite = st.floats(width=16 if how.get("binary") else 32, allow_nan=False, allow_infinity=False)
    shape = (len(words), draw(st.integers(2, 5)))
    return words, draw(arrays(np.float32, shape, elements=finite)), how


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(vocabularies())
def test_any_words_and_numbers_survive_each_form(tmp_path, drawn):
    words, rows, how = drawn
    same(load_vectors(saved(tmp_path / "any.txt", words, rows, **how)), words, rows)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.decimals(-99, 99, places=6), min_size=6, max_size=6))
def test_a_file_of_glove_is_read_as_gensim_reads_it(tmp_path, numbers):
    lines = [f"{word} {numbers[2 * i]} {numbers[2 * i + 1]}\n" for i, word in enumerate(WORDS[:3])]
    path = file(tmp_path, "".join(lines))
    theirs = KeyedVectors.load_word2vec_format(path, no_header=True)
    same(load_vectors(path), theirs.index_to_key, theirs.vectors)


def test_a_trained_space_reads_back_with_the_same_neighbours(tmp_path):
    path = saved(tmp_path / "glove.bin", *_first_of_glove(500), binary=True)
    theirs = KeyedVectors.load_word2vec_format(path, binary=True)
    assert load_vectors(path).most_similar("she") == theirs.most_similar("she")


def _first_of_glove(n):
    glove = load_vectors(limit=n)
    return glove.index_to_key, glove.vectors


# A binary file of which no byte is below 9, so that one must look at the numbers.
def test_a_small_binary_file_is_no_text(tmp_path):
    rows = np.array([[0.1, 0.7], [0.3, -0.3]], dtype=np.float32)
    assert min(rows.tobytes()) >= 9
    same(load_vectors(saved(tmp_path / "two", ["a", "b"], rows, binary=True)), ["a", "b"], rows)


def test_a_binary_file_of_another_machine_with_line_ends_is_read(tmp_path):
    path = file(tmp_path, binary((b"a", [1, 2]), ("é".encode(), [3, 4])), "x.bin")
    same(load_vectors(path), ["a", "é"], [[1, 2], [3, 4]])


# ---------------------------------------------------------------- odd text that is right


@pytest.mark.parametrize(
    ("content", "words", "rows"),
    [
        ("cat 0.5\ndog 1\n", ["cat", "dog"], [[0.5], [1]]),
        ("cat 5\n", ["cat"], [[5]]),
        ("cat 1 2\n", ["cat"], [[1, 2]]),
        ("7 1 2\n8 3 4\n", ["7", "8"], [[1, 2], [3, 4]]),
        ("2 2\n7 1 2\n8 3 4", ["7", "8"], [[1, 2], [3, 4]]),
        ("1 2\nnew york 1 2\n", ["new york"], [[1, 2]]),
        ("1 2\ncafé 寿司 1 2\n", ["café 寿司"], [[1, 2]]),
        ("a 1 2\nat the é 3 4\n. . . 5 6\n", ["a", "at the é", ". . ."], [[1, 2], [3, 4], [5, 6]]),
        ("1 2 \na 1 2 \n", ["a"], [[1, 2]]),
        ("2 2\r\na 1 2\r\nb 3 4\r\n", ["a", "b"], [[1, 2], [3, 4]]),
        ("a 1 2\n\nb 3 4\n\n", ["a", "b"], [[1, 2], [3, 4]]),
        ("a\x85b\u2028c 1 2\n\xa0 3 4\n", ["a\x85b\u2028c", "\xa0"], [[1, 2], [3, 4]]),
        ("\ufeff2 2\na 1 2\nb 3 4\n", ["a", "b"], [[1, 2], [3, 4]]),
        ("\ufeffa 1 2\nb 3 4\n", ["a", "b"], [[1, 2], [3, 4]]),
        ("a -1e-3 +2E2\n", ["a"], np.float32([[-1e-3, 200]])),
        ("nan 1 2\ninf 3 4\n", ["nan", "inf"], [[1, 2], [3, 4]]),
    ],
)
def test_odd_text_that_is_right(tmp_path, content, words, rows):
    same(load_vectors(file(tmp_path, content)), words, rows)


# ---------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("a 1 2\nb 3\n", ["line 2: a word and 2 numbers", "'b 3'"]),
        ("a 1 2\nb 3 4 5\n", ["line 2: a word and 2 numbers", "'b 3 4 5'"]),
        ("3 2\na 1 2\nb 3\nc 1 2\n", ["line 3: a word and 2 numbers"]),
        ("3 2\na 1 2\nb 3 4\nc 5 6 7\n", ["line 4: a word and 2 numbers"]),
        ("a 1 2\nb\n", ["line 2: a word and 2 numbers"]),
        ("a 1 2\nb 3 x\n", ["line 2: a word and 2 numbers", "'b 3 x'"]),
        ("a 1  2\n", ["line 1: a word and"]),
        ("a\t1\t2\n", ["line 1: a word and 1 numbers, parted by spaces"]),
        ("just words\n", ["line 1: a word and 1 numbers", "'just words'"]),
        ("2 0\na\nb\n", ["line 2"]),
        ("4" + GOOD[1:], ["first line of 4 words, but holds 3"]),
        ("2" + GOOD[1:], ["first line of 2 words, but holds 3"]),
        (GOOD[:-6], ["first line of 3 words, but holds 2"]),
        ("a 1 2\nb nan 4\n", ["line 2: the vector of 'b'", "not finite"]),
        ("2 2\na 1 2\nb 3 -inf\n", ["line 3: the vector of 'b'", "not finite"]),
        ("a 1 2\nb 3 1e39\n", ["line 2: the vector of 'b'", "not finite"]),
        ("a 1 2\nb 3 4\na 5 6\n", ["line 3: the word 'a' stands in line 1 already"]),
        ("2 2\na 1 2\na 1 2\n", ["line 3: the word 'a' stands in line 2 already"]),
        ("a 1 2\nschön 3 4\n".encode("latin-1"), ["line 2 is not UTF-8", "save it in UTF-8"]),
        ("2 2\nschön 1 2\nb 3 4\n".encode("latin-1"), ["line 2 is not UTF-8"]),
        ("a 1 2\n".encode("utf-16"), ["line 1 is not UTF-8"]),
        ("", ["holds no vectors"]),
        ("\n \n", ["holds no vectors"]),
        ("0 5\n", ["holds no vectors"]),
        ("3 2\n", ["holds no vectors"]),
    ],
)
def test_a_text_that_will_not_do_is_named_with_its_fault(tmp_path, content, parts):
    refused(file(tmp_path, content), *parts)


def test_packed_files_that_will_not_do_are_named_with_their_fault(tmp_path):
    refused(file(tmp_path, "a 1 2\nb 3\n", "mine.txt.gz"), "line 2: a word and 2 numbers")
    refused(file(tmp_path, binary(A, B)[:-3], "mine.bin.gz"), "unexpected end")


def test_what_lies_behind_the_limit_is_not_looked_at_and_a_promise_is_kept(tmp_path):
    same(load_vectors(file(tmp_path, "a 1 2\nb 3 nan\n"), 1), ["a"], [[1, 2]])
    refused(file(tmp_path, "9" + GOOD[1:]), "of 9 words, but holds 3", limit=5)


A, B = (b"a", [1, 2]), (b"b", [3, 4])


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (binary(A, B, head="3 2"), ["unexpected end"]),
        (binary(A, B)[:-3], ["unexpected end"]),
        (binary(A, B, A), ["word 3: the word 'a' stands in word 1 already"]),
        (binary(A, (b"b", [np.nan, 1])), ["the vector of 'b'", "not finite"]),
        (binary(A, ("ö".encode("latin-1"), [3, 4])), ["word 2 is not UTF-8"]),
        (binary(A, head="0 2"), ["holds no vectors"]),
        (binary(A, head="1 0"), ["holds no vectors"]),
        (binary(A, head="9999999999999999999 2"), ["of 9999999999999999999 words, but holds 1"]),
        (
            binary(A, head="1 99999999999"),
            ["99999999999 numbers per word", "first line is damaged"],
        ),
        (b"2 2\n" + b"\0" * 99_999, ["a word that does not end"]),
    ],
)
def test_a_binary_that_will_not_do_is_named_with_its_fault(tmp_path, content, parts, capfd):
    refused(file(tmp_path, content, "mine.bin"), *parts)
    assert capfd.readouterr() == ("", "")


def test_a_binary_cut_behind_the_limit_still_gives_its_first_words(tmp_path):
    path = file(tmp_path, binary(A, B)[:-3], "x.bin")
    same(load_vectors(path, 1), ["a"], [[1, 2]])


def _cut(data):
    return data[: len(data) // 2]


def _without_end(data):
    return data[:-8]


def _flipped(data):
    """Whatever is flipped, the checksum at the end finds it, or the unpacking itself fails."""
    middle = len(data) // 2
    return (
        data[:middle] + bytes(255 - byte for byte in data[middle : middle + 9]) + data[middle + 9 :]
    )


@pytest.mark.parametrize("damage", [_cut, _without_end, _flipped])
@pytest.mark.parametrize("how", [{}, {"binary": True}], ids=["text", "binary"])
def test_a_damaged_gz_is_told(tmp_path, damage, how):
    path = saved(tmp_path / "mine.gz", *_first_of_glove(300), **how)
    path.write_bytes(damage(path.read_bytes()))
    refused(path)


def test_broken_blocks_of_a_gz_are_told_as_what_they_are(tmp_path):
    path = tmp_path / "mine.gz"
    path.write_bytes(gzip.compress(GOOD.encode())[:10] + b"\xff" * 40)
    refused(path, "cannot read the vectors", "invalid block type")


def test_a_folder_is_told(tmp_path):
    refused(tmp_path, "cannot read the vectors")


# ---------------------------------------------------------------- what it is, by its content

PACKERS = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("how", PACKERS)
@pytest.mark.parametrize("ending", [".txt", "", ".gz", ".bz2"])
@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_what_is_packed_is_unpacked_whatever_its_name_says(tmp_path, how, ending, binary):
    data = saved(tmp_path / "plain", WORDS, ROWS, binary=binary).read_bytes()
    path = tmp_path / f"mine{ending}"
    path.write_bytes(PACKERS[how](data))
    same(load_vectors(path), WORDS, ROWS)
    path.write_bytes(PACKERS[how](data)[:-5])
    refused(path)


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz"])
def test_what_was_unpacked_on_the_way_is_read(tmp_path, ending):
    path = tmp_path / f"mine{ending}"
    path.write_text(GOOD)
    same(load_vectors(path), ["a", "b", "c"], [[1, 2], [3, 4], [5, 6]])


def _numpys(folder):
    np.save(folder / "x.npy", np.eye(3))
    return folder / "x.npy"


def _npz(folder):
    np.savez(folder / "x.npz", np.eye(3))
    return folder / "x.npz"


def _gensims(folder):
    keyed_vectors(WORDS, ROWS).save(str(folder / "x.kv"))
    return folder / "x.kv"


def _tar(folder):
    (folder / "glove.txt").write_text(GOOD)
    with tarfile.open(folder / "x.tar.gz", "w:gz") as archive:
        archive.add(folder / "glove.txt", "glove.txt")
    return folder / "x.tar.gz"


def _torchs(folder):
    torch.save({"a": torch.ones(2)}, folder / "x.pt")
    return folder / "x.pt"


def _safetensors(folder):
    safetensors.numpy.save_file({"a": np.eye(2)}, folder / "x.safetensors")
    return folder / "x.safetensors"


def _page(folder):
    (folder / "x.txt").write_text("\n<!DOCTYPE html>\n<html><body>Not found</body></html>")
    return folder / "x.txt"


def _pointer(folder):
    (folder / "x.txt").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    return folder / "x.txt"


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (_numpys, ["an array of NumPy", "keyed_vectors(words, numpy.load("]),
        (
            _gensims,
            ["a pickle, as gensim's save() writes it", "save_word2vec_format('vectors.bin'"],
        ),
        (_npz, ["a zip archive: unpack it first"]),
        (_tar, ["a tar archive: unpack it first"]),
        (_torchs, ["a zip archive"]),
        (_safetensors, ["a file of safetensors"]),
        (_page, ["a web page: download the file itself"]),
        (_pointer, ["only a pointer of Git LFS"]),
    ],
)
def test_a_file_of_another_kind_is_told_as_what_it_is(tmp_path, make, parts):
    refused(make(tmp_path), *parts)


class _Bomb:
    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


def test_a_binary_file_of_an_unknown_kind_is_not_told_as_a_text():
    refused(Path(datapath("lee_fasttext.bin")), "is a binary file, but neither word2vec nor")


def test_no_pickle_is_opened_in_whatever_it_lies(tmp_path):
    bomb = _Bomb(tmp_path / "exploded")
    for protocol in range(6):
        path = file(tmp_path, pickle.dumps(bomb, protocol), f"{protocol}.kv")
        refused(path, *(["a pickle"] if protocol > 1 else []))
        refused(file(tmp_path, gzip.compress(path.read_bytes()), "packed.kv"))
    np.save(tmp_path / "objects.npy", np.array([bomb], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "objects.npz", np.array([bomb], dtype=object))
    for name in ("objects.npy", "objects.npz"):
        refused(tmp_path / name)
    assert not (tmp_path / "exploded").exists()
    pickle.loads(path.read_bytes())
    assert (tmp_path / "exploded").exists(), "the bomb is none, so the test above shows nothing"


def test_a_home_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    file(tmp_path, GOOD)
    assert load_vectors("~/mine.txt").index_to_key == ["a", "b", "c"]


# ---------------------------------------------------------------- models of fastText

FASTTEXT = Path(datapath("crime-and-punishment.bin"))


def test_a_model_of_fasttext_gives_the_vectors_that_fasttext_writes():
    found = load_vectors(FASTTEXT)
    lines = FASTTEXT.with_suffix(".vec").read_text("utf-8").splitlines()[1:]
    rows = {line.split(" ")[0]: line.split(" ")[1:6] for line in lines}
    assert len(rows) == len(found.index_to_key) == 291 and "landlord" not in found
    for word, row in rows.items():
        np.testing.assert_allclose(found[word], np.float32(row), atol=1e-4)
    assert load_vectors(FASTTEXT, 7).index_to_key == found.index_to_key[:7]


def changed(place, form, value):
    data = bytearray(FASTTEXT.read_bytes())
    struct.pack_into(form, data, place, value)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (FASTTEXT.read_bytes()[:30], "cannot be read"),
        (FASTTEXT.read_bytes()[:900], "cut off among its words"),
        (FASTTEXT.read_bytes()[:9000], "cut off among its numbers"),
        (changed(4, "<i", 13), "version 13, not 12"),
        (changed(8, "<i", 10**9), "sizes contradict each other"),
        (changed(8 + 32, "<i", 10**9), "sizes contradict each other"),
        (changed(8 + 32, "<i", 0), "options are damaged"),
        (changed(64, "<i", 2**31 - 1), "it tells classes of texts apart"),
        (changed(72, "<i", 5), "it tells classes of texts apart"),
        (changed(84, "<q", 9), "quantized"),
    ],
    ids=range(10),
)  # fmt: skip
def test_a_model_of_fasttext_whose_sizes_are_false_is_refused_and_not_waited_for(
    tmp_path, data, part
):
    refused(file(tmp_path, data, "mine.bin"), "a model of fastText that cannot be read", part)


def test_a_packed_model_of_fasttext_is_told(tmp_path):
    path = file(tmp_path, FASTTEXT.read_bytes(), "mine.bin.gz")
    refused(path, "a packed model of fastText: unpack it")


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 100), st.integers(0, 255))
def test_one_changed_byte_of_its_head_ends_in_vectors_or_one_error(tmp_path, place, byte):
    data = bytearray(FASTTEXT.read_bytes())
    data[place] = byte
    with suppress(CourseError):
        load_vectors(file(tmp_path, bytes(data), "mine.bin"))


# ---------------------------------------------------------------- damaged words left out


def with_damage(path, words, rows, *parts, limit=None):
    """The good words, and one warning that names the file."""
    with pytest.warns(UserWarning, match=re.escape(str(path))) as told:
        same(load_vectors(path, limit, skip_damaged=True), words, rows)
    assert len(told) == 1 and all(part in str(told[0].message) for part in parts), told[0].message
    assert told[0].filename == __file__


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        ("b 7 8", "1 come again"),
        ("x nan 1", "1 are not finite"),
        ("x 1", "1 have another form"),
        ("x 1 2 3", "1 have another form"),
        ("x", "1 have another form"),
        ("schön 1 2".encode("latin-1"), "1 are not UTF-8"),
    ],
)
@pytest.mark.parametrize("head", ["", "4 2\n"], ids=["plain", "sizes"])
def test_one_damaged_line_is_left_out_and_told(tmp_path, bad, kind, head):
    bad = bad if isinstance(bad, bytes) else bad.encode()
    path = file(tmp_path, f"{head}a 1 2\nb 3 4\n".encode() + bad + b"\nc 5 6\n")
    refused(path, "skip_damaged=True leaves such words out")
    line = 4 if head else 3
    where = f"the first: {path}, line {line}"
    three = (["a", "b", "c"], [[1, 2], [3, 4], [5, 6]])
    with_damage(path, *three, f"1 of 4 words were left out ({kind})", where)
    with_damage(path, *three, limit=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same(load_vectors(path, 2, skip_damaged=True), ["a", "b"], [[1, 2], [3, 4]])


def test_damaged_words_of_a_binary_are_left_out_and_told(tmp_path):
    good = [(b"a", [1, 2]), (b"b", [3, 4]), (b"c", [5, 6]), (b"d", [7, 8])]
    bad = [(b"a", [9, 9]), ("ö".encode("latin-1"), [3, 4]), (b"x", [np.inf, 0])]
    path = file(tmp_path, binary(*good[:2], *bad, *good[2:]), "mine.bin")
    refused(path, "word 3: the word 'a' stands in word 1 already; skip_damaged=True")
    told = "3 of 7 words were left out (1 come again, 1 are not UTF-8, 1 are not finite)"
    rows = [[1, 2], [3, 4], [5, 6], [7, 8]]
    with_damage(path, list("abcd"), rows, told, "word 3: the word 'a'")
    with_damage(path, list("abc"), rows[:3], limit=3)


def test_what_is_there_of_a_file_that_was_cut_off_is_taken(tmp_path):
    for content in (GOOD[:-6], binary(A, B, (b"c", [5, 6]))[:-3]):
        path = file(tmp_path, content, "cut")
        refused(path, "skip_damaged=True takes what there is")
        with_damage(path, ["a", "b"], [[1, 2], [3, 4]], "of 3 words, but holds 2")


def test_a_file_of_which_little_would_be_left_is_refused_all_the_same(tmp_path):
    path = file(tmp_path, "a 1 2\nb\nc\nd\n")
    with pytest.raises(CourseError, match=r"line 2: a word and 2 .* 2 of 4 words are no better"):
        load_vectors(path, skip_damaged=True)
    for content in (b"\x80\x04\x95", b"", "a 1 2\n".encode("utf-16")):
        with pytest.raises(CourseError):
            load_vectors(file(tmp_path, content), skip_damaged=True)


lines = st.lists(
    st.one_of(
        st.sampled_from(["a 1 2", "b 3 4", "c 5 6", "d", "e 1", "f nan 1", "g 1 x", "", "h 1 2 3"]),
        st.builds("w{} 1 2".format, st.integers(0, 9)),
    ),
    max_size=9,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines)
def test_what_is_kept_and_what_is_told_make_the_whole_file(tmp_path, drawn):
    path = file(tmp_path, "\n".join(["zero 0 0", *drawn]) + "\n")
    full = ["zero 0 0", *filter(None, drawn)]
    good = list(
        dict.fromkeys(line.split(" ")[0] for line in full if re.fullmatch(r"\w+ \d \d", line))
    )
    lost = len(full) - len(good)
    if lost > len(good):
        with pytest.raises(CourseError, match=f"and {lost - 1} of {len(full)} words"):
            load_vectors(path, skip_damaged=True)
        return
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert load_vectors(path, skip_damaged=True).index_to_key == good
    assert len(told) == bool(lost)
    assert not lost or f"{lost} of {len(full)} words were left out" in str(told[0].message)


def test_rows_that_are_not_as_many_as_the_words_are_refused():
    with pytest.raises(ValueError, match="got 2 words and 3 rows"):
        keyed_vectors(["a", "b"], np.eye(3))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="all may be read here")
def test_a_file_that_must_not_be_read_is_told(tmp_path):
    path = file(tmp_path, GOOD)
    path.chmod(0)
    refused(path, "cannot read the vectors")


@pytest.mark.parametrize("name", ["none.txt", "none.bin", "none.vec", "none.gz", "glove.6B"])
def test_a_missing_file_is_told_and_nobody_is_asked_for_it(tmp_path, name, nobody_is_asked):
    refused(tmp_path / name, "there is no file")


@pytest.mark.parametrize("name", ["none.txt", "none.vec", "vectors/none"])
def test_a_missing_file_here_is_told(name, nobody_is_asked):
    refused(name, "there is no file")


@pytest.fixture
def nobody_is_asked(monkeypatch):
    import gensim.downloader

    monkeypatch.setattr(gensim.downloader, "load", lambda *_, **__: pytest.fail("asked"))


# ---------------------------------------------------------------- by name


def test_offline_a_name_is_refused_and_nobody_is_asked(monkeypatch, nobody_is_asked):
    monkeypatch.setenv("TLHELPERS_OFFLINE", "1")
    refused("word2vec-google-news-300", "TLHELPERS_OFFLINE forbids", "'glove-50d'")


# gensim fixes its folder when it is imported, so downloads are made in a process of their own; its
# addresses lead to a server of this machine.
DOWNLOADS = """
import re, sys, urllib.request
from tlhelpers.errors import CourseError
from tlhelpers.models.vector_files import load_vectors
address = None
def led_here(true):
    plain = lambda url: getattr(url, "full_url", url)
    here = lambda url: re.sub("https://.*/(master|download)/", address + "/", plain(url))
    return lambda url, *rest, **named: true(here(url), *rest, **named)
for name in ("urlopen", "urlretrieve"):
    setattr(urllib.request, name, led_here(getattr(urllib.request, name)))
for name in sys.argv[1:]:
    if name.startswith("http://"):
        address = name
        continue
    try:
        found = load_vectors(name, 2)
        print("<got>", found.index_to_key, found.vectors.tolist())
    except CourseError as error:
        print("<told>", error)
"""
GOT = "<got> ['a', 'b'] [[1.0, 0.0], [0.0, 1.0]]"


def downloads(tmp_path, *names, **variables):
    """What is said of each name, asked of the address before it; the home folder stays empty."""
    for folder in ("cache", "tmp", "home"):
        (tmp_path / folder).mkdir(exist_ok=True)
    ours = ("TLHELPERS_OFFLINE", "GENSIM_DATA_DIR")
    kept = {key: value for key, value in os.environ.items() if key not in ours}
    folders = {"TLHELPERS_CACHE": "cache", "TMPDIR": "tmp", "HOME": "home", "USERPROFILE": "home"}
    own = {key: str(tmp_path / value) for key, value in folders.items()}
    done = subprocess.run(
        [sys.executable, "-c", DOWNLOADS, *names],
        cwd=repo_root(),
        env={**kept, **own, "PYTHONUTF8": "1", **variables},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert not list((tmp_path / "home").iterdir())
    return re.findall("<(?:got|told)>.*", done.stdout)


@pytest.fixture
def shelf(tmp_path):
    """A server on this machine with two sets of vectors, one spoilt: its address and callers."""
    folder, asked, models = tmp_path / "shelf", [], {}
    for name in ("tiny", "spoilt"):
        (folder / name).mkdir(parents=True)
        path = saved(folder / name / f"{name}.gz", ["a", "b", "c"], np.eye(3, 2), binary=True)
        (folder / name / "__init__.py").write_text("")
        checksum = hashlib.md5(path.read_bytes()).hexdigest()
        models[name] = {"file_name": path.name, "parts": 1, "checksum": checksum}
    path.write_bytes(path.read_bytes()[:-9])
    (folder / "list.json").write_text(json.dumps({"corpora": {}, "models": models}))

    class Noting(SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=folder)

        def log_message(self, *_):
            asked.append(self.path)

    with ThreadingHTTPServer(("127.0.0.1", 0), Noting) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()
        thread.join(timeout=5)


def test_a_name_is_fetched_once_and_what_cannot_be_had_is_told(tmp_path, shelf):
    address, asked = shelf
    first, again, unknown, spoilt = downloads(
        tmp_path, address, "tiny", "tiny", "tinny", "spoilt", GENSIM_DATA_DIR=str(tmp_path / "own")
    )
    assert first == again == GOT and asked.count("/tiny/tiny.gz") == 1
    assert (tmp_path / "own" / "tiny" / "tiny.gz").exists()
    assert unknown.startswith("<told> 'tinny' is no file, and gensim's downloader did not bring")
    assert "Incorrect model/corpus name" in unknown
    assert spoilt.startswith("<told> gensim's spoilt could not be had from")
    assert "what came does not have the hash that the makers tell" in spoilt


def test_a_download_goes_into_the_cache_and_what_cannot_be_had_is_told(
    tmp_path, shelf, nobody_listens
):
    broken = tmp_path / "cache" / "gensim" / "spoilt"
    broken.mkdir(parents=True)
    google = "word2vec-google-news-300"
    got, broke_off, offline = downloads(
        tmp_path, shelf[0], "tiny", "spoilt", nobody_listens, google
    )
    assert got == GOT and (tmp_path / "cache" / "gensim" / "tiny" / "tiny.gz").exists()
    assert "what came does not have the hash" in broke_off, "a folder that broke off is filled"
    assert not list(broken.iterdir())
    assert offline.startswith(f"<told> {google!r} is no file")
    assert "look at the name and at the network, or give 'glove-50d'" in offline


@pytest.fixture
def nobody_listens():
    """A port of this machine that is held, so that nobody else takes it, and refuses callers."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"
