"""The vectors in a model that Facebook's fastText saved, read by gensim once its sizes are true."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

import numpy as np

from tlhelpers.errors import CourseError
from tlhelpers.models.vector_formats import is_packed

HEAD = struct.Struct("<2i12id")  # mark, version, twelve options, threshold
COUNTS = struct.Struct("<3i2q")  # entries, words, labels, running words, entries pruned
ROWS = struct.Struct("<?2q")  # quantized, rows, numbers per row


def read_fasttext(path: Path) -> tuple[list[str], np.ndarray]:
    """Words and their rows, float32 (n, size); that of a word holds those of its parts."""
    from gensim.models.fasttext import load_facebook_vectors

    if is_packed(path) or path.suffix in (".gz", ".bz2", ".xz", ".zst"):
        raise CourseError(f"{path} is a packed model of fastText: unpack it, and name it .bin")
    try:
        # gensim waits for ever for the end of a word that was cut off, and believes all sizes.
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            _refuse_false_sizes(data)
        vectors = load_facebook_vectors(str(path))
    except (AssertionError, IndexError, ValueError, struct.error) as error:
        raise CourseError(f"{path} is a model of fastText that cannot be read: {error}") from error
    # The mark of a line's end has no parts, but gensim gives it some.
    end = [place for word, place in vectors.key_to_index.items() if word == "</s>"]
    vectors.vectors[end] = vectors.vectors_vocab[end]
    return vectors.index_to_key, vectors.vectors


def _refuse_false_sizes(data: mmap.mmap) -> None:
    """A ValueError says what is no model of words, or where its sizes do not fit its length."""
    _, version, size, *_, bucket, shortest, longest, _, often = HEAD.unpack_from(data)
    if version not in (11, 12):
        raise ValueError(f"it has version {version}, not 12")
    if size < 1 or bucket < 0 or shortest < 0 or longest > 1000 or (longest > 0 and not bucket):
        raise ValueError("its options are damaged")
    if not 0 <= often <= 1:
        raise ValueError("its threshold for frequent words is damaged")
    entries, words, labels, _, pruned = COUNTS.unpack_from(data, HEAD.size)
    if labels or entries != words:
        raise ValueError("it tells classes of texts apart, it is no model of words")
    place, names = HEAD.size + COUNTS.size, set()
    for _ in range(words):
        end = data.find(b"\0", place)
        if end < 0:
            raise ValueError("it was cut off among its words")
        names.add(data[place:end])
        place = end + 10  # a count and a kind
    quantized, rows, columns = ROWS.unpack_from(data, place)
    if quantized or pruned > 0:
        raise ValueError("its numbers are quantized (.ftz): give the .bin or the .vec file")
    if (rows, columns, len(names)) != (words + bucket, size, words):
        raise ValueError("its sizes contradict each other")
    if len(data) - place - ROWS.size < 4 * rows * columns:
        raise ValueError("it was cut off among its numbers")
