"""Encoders for the tests of models: the real one, and a tiny one with a checkpoint of its own."""

import pytest
from tiny_encoders import checkpoint

from tlhelpers.models.encoder_loading import load_encoder


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
