"""Batches of pictures: what is kept is what would be made anew."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny_nets import tiny_images

from tlhelpers.models.backbones import Transform
from tlhelpers.training import batches
from tlhelpers.training.batches import ImageBatches

IMAGES = tiny_images(24)
SMALLER = Transform(16, (0.5,) * 3, (0.25,) * 3)
ORDER = np.array([5, 0, 3, 3])


class Counting(Transform):
    """A transform of the learner's own, however much like ours."""

    calls = 0

    def __call__(self, pixels, device="cpu"):
        self.calls += 1
        return super().__call__(pixels, device)


@pytest.mark.parametrize("chunk", [1, 4, 64])
def test_what_is_kept_equals_what_is_made_anew(chunk, monkeypatch):
    true = batches.cut_into_batches
    monkeypatch.setattr(batches, "cut_into_batches", lambda order, size: true(order, chunk))
    kept = ImageBatches(IMAGES, SMALLER)
    first, again = kept(ORDER), kept(ORDER)
    anew = SMALLER(IMAGES.pixels[ORDER])
    assert torch.equal(first, anew) and torch.equal(again, anew)
    assert first.is_contiguous(memory_format=torch.channels_last)


def test_a_batch_that_is_changed_changes_nothing_that_is_kept():
    kept = ImageBatches(IMAGES, SMALLER)
    before = kept(ORDER).clone()
    kept(ORDER).zero_()
    assert torch.equal(kept(ORDER), before)


@pytest.mark.parametrize("kind", ["own transform", "augmentation", "too large"])
def test_what_may_differ_or_is_large_is_made_anew(kind, monkeypatch):
    transform = Counting(16, (0.5,) * 3, (0.25,) * 3) if kind == "own transform" else SMALLER
    flips = iter([False, True])
    augment = (lambda x: x.flip(-1) if next(flips) else x) if kind == "augmentation" else None
    if kind == "too large":
        monkeypatch.setattr(batches, "KEPT_BYTES", len(IMAGES) * 3 * 16 * 16 * 4 - 1)
    made = ImageBatches(IMAGES, transform, augment)
    one, two = made(ORDER[:1]), made(ORDER[:1])
    assert made._kept == {}
    if kind == "own transform":
        assert transform.calls == 2
    assert torch.equal(two, one.flip(-1) if kind == "augmentation" else one)
