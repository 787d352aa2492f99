"""For the tests of models: encoders and word vectors, the real ones and tiny ones."""

import numpy as np
import pytest
from tiny_encoders import checkpoint

from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.vector_files import keyed_vectors, load_vectors


@pytest.fixture(scope="module")
def minilm(one_thread):
    """The real one; nothing here changes it."""
    return load_encoder()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return checkpoint(tmp_path_factory.mktemp("models") / "small")


@pytest.fixture(scope="module")
def small(folder, one_thread):
    return load_encoder(folder)


@pytest.fixture(scope="module")
def glove():
    return load_vectors("glove-50d")


@pytest.fixture(scope="module")
def five():
    """Five words with two numbers each."""
    rows = np.array([[1, 0], [0, 2], [-1, 4], [3, 3], [8, -8]], dtype=np.float32)
    return keyed_vectors(["good", "bad", "film", "!", "'s"], rows)
