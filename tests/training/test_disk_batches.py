"""Batches from disk: the same with any number of workers, little memory, one error for a fault."""

from __future__ import annotations

import os
import pickle
import random
import signal
import threading
from contextlib import contextmanager

import numpy as np
import psutil
import pytest
import torch
from made_pictures import pictures_of, write_pictures
from shared_training import flipped
from tiny_nets import tiny_backbone, tiny_images
from torchvision.transforms import v2

from tlhelpers.data import file_pixels
from tlhelpers.errors import CourseError
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.features import extract_features
from tlhelpers.setup.memory import give_back_memory
from tlhelpers.training import disk_batches
from tlhelpers.training.disk_batches import DiskBatches
from tlhelpers.training.fitting import fit

TRANSFORM = tiny_backbone().transform
forking = pytest.mark.skipif(os.name == "nt", reason="Windows forks no processes")


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("slopes")


@pytest.fixture(scope="module")
def pictures(folder):
    return pictures_of(write_pictures(folder, 21), 32)


def classifier() -> Classifier:
    return Classifier(tiny_backbone(), 2, ["red", "blue"])


def passed(pictures, workers, augment=flipped, seed=5, **options) -> list[torch.Tensor]:
    torch.manual_seed(seed)
    batches = DiskBatches(pictures, TRANSFORM, augment, workers=workers, **options)
    order = np.random.default_rng(0).permutation(len(pictures))
    return list(batches.one_pass(order, 4))


def equal(a, b) -> bool:
    return len(a) == len(b) and all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


# ---------------------------------------------------------------- the same batches


@pytest.mark.parametrize(
    "augment",
    [None, flipped, v2.RandomHorizontalFlip(), v2.ColorJitter(0.4)],
    ids=["none", "own", "flip", "colours"],
)
def test_any_number_of_workers_gives_the_same_batches(pictures, augment):
    none, one, two = (passed(pictures, workers, augment) for workers in (0, 1, 2))
    assert equal(none, one) and equal(none, two) and len(none) == 6
    in_memory = pictures.pixels[:]
    order = np.random.default_rng(0).permutation(21)
    if augment is None:
        wanted = [TRANSFORM(in_memory[part]) for part in np.array_split(order, 6)]
        assert all(torch.equal(a, b) for a, b in zip(none, wanted, strict=True))


def test_another_seed_or_epoch_draws_other_numbers_and_nothing_else_is_drawn(pictures):
    assert not equal(passed(pictures, 0), passed(pictures, 0, seed=6))
    batches = DiskBatches(pictures, TRANSFORM, flipped)
    torch.manual_seed(5)
    first, second = list(batches.one_pass()), list(batches.one_pass())
    assert not equal(first, second)
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    states = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    passed(pictures, 0)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states  # noqa: NPY002


def test_fit_comes_to_the_same_weights_with_any_number_of_workers(pictures):
    found = []
    for workers in (0, 2):
        model = classifier()
        batches = DiskBatches(pictures, model.transform, flipped, workers=workers)
        held = DiskBatches(pictures, model.transform, workers=workers)
        fit(model, batches, pictures.labels, epochs=2, batch_size=4, accumulate=2, quiet=True,
            validation=(held, pictures.labels))  # fmt: skip
        found.append(model.state_dict())
    assert all(torch.equal(value, found[1][name]) for name, value in found[0].items())


def test_without_augmentation_fit_comes_to_what_it_comes_to_in_memory(pictures):
    a, b = classifier(), classifier()
    fit(a, pictures, epochs=2, batch_size=4, quiet=True)
    fit(b, DiskBatches(pictures, b.transform, workers=1), pictures.labels,
        epochs=2, batch_size=4, quiet=True)  # fmt: skip
    assert all(torch.equal(value, b.state_dict()[name]) for name, value in a.state_dict().items())


def test_batches_are_asked_for_out_of_turn_and_travel(pictures):
    batches = DiskBatches(pictures, TRANSFORM, workers=1)
    batches.expect([np.arange(3), np.arange(3, 6)])
    torch.testing.assert_close(batches(np.arange(3, 6)), TRANSFORM(pictures.pixels[3:6]))
    again = pickle.loads(pickle.dumps(batches))
    assert torch.equal(again(np.arange(2)), TRANSFORM(pictures.pixels[:2]))
    assert list(DiskBatches(pictures, TRANSFORM).one_pass(np.array([], int))) == []


def test_a_run_goes_on_from_its_checkpoint(pictures, tmp_path):
    def train(epochs, path):
        model = classifier()
        batches = DiskBatches(pictures, model.transform, flipped, workers=1)
        fit(model, batches, pictures.labels, epochs=epochs, quiet=True, checkpoint=path)
        return model.state_dict()

    whole = train(3, tmp_path / "whole")
    train(1, tmp_path / "cut")
    again = train(3, tmp_path / "cut")
    assert all(torch.equal(value, again[name]) for name, value in whole.items())


# ---------------------------------------------------------------- how many workers


def test_workers_are_there_where_they_help_and_none_where_they_would_be_spawned(
    pictures, monkeypatch
):
    assert DiskBatches(pictures, TRANSFORM).workers == 0, "all of them are kept once decoded"
    monkeypatch.setattr(file_pixels, "KEPT_BYTES", 10_000)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.delenv("TLHELPERS_JOBS", raising=False)
    assert DiskBatches(tiny_images(9), TRANSFORM).workers == 0, "they are in memory"
    for methods, automatic, asked in ((["fork", "spawn"], 2, 3), (["spawn", "fork"], 0, 0)):
        monkeypatch.setattr(
            disk_batches.multiprocessing, "get_all_start_methods", lambda found=methods: found
        )
        assert DiskBatches(pictures, TRANSFORM).workers == automatic
        assert DiskBatches(pictures, TRANSFORM, workers=3).workers == asked
    monkeypatch.undo()
    monkeypatch.setattr(file_pixels, "KEPT_BYTES", 10_000)
    monkeypatch.setenv("TLHELPERS_JOBS", "1")
    assert DiskBatches(pictures, TRANSFORM).workers == 0


@pytest.mark.parametrize("options", [{"workers": -1}, {"workers": 1.5}, {"ahead": 0}])
def test_what_is_no_number_is_refused(pictures, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        DiskBatches(pictures, TRANSFORM, **options)
    with pytest.raises(ValueError, match="pictures must be an ImageSet"):
        DiskBatches([1, 2], TRANSFORM)


# ---------------------------------------------------------------- faults


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("harm", ["changed", "gone", "augmentation"])
def test_a_fault_names_the_file(tmp_path, workers, harm):
    files = write_pictures(tmp_path / "p", 12)
    pictures, augment = pictures_of(files, 32), None
    if harm == "changed":
        files[7].write_bytes(files[6].read_bytes())
    elif harm == "gone":
        files[7].unlink()
    else:
        mark = pictures.pixels[7]

        def augment(picture):
            if np.array_equal(picture.permute(1, 2, 0).numpy(), mark):
                raise ZeroDivisionError("by my own code")
            return picture

    with pytest.raises(CourseError, match=r"000007\.jpg") as told:
        passed(pictures, workers, augment)
    assert "Traceback" not in str(told.value) and "\n" not in str(told.value)
    if harm == "augmentation":
        assert "ZeroDivisionError: by my own code" in str(told.value)


@forking
def test_a_worker_that_is_killed_is_one_error_and_the_next_pass_is_whole(pictures):
    here, before = os.getpid(), psutil.Process().children()

    def dies(picture):
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return picture

    batches = DiskBatches(pictures, TRANSFORM, dies, workers=1)
    with pytest.raises(CourseError, match=r"was ended or does not answer.*workers=0"):
        list(batches.one_pass())
    batches.augment = None
    assert sum(map(len, batches.one_pass())) == 21
    batches.close()
    left = set(psutil.Process().children()) - set(before)
    assert not left, "somebody was left behind"


# ---------------------------------------------------------------- memory


@contextmanager
def peak():
    """The most memory that this process and its children hold inside, above what they hold now."""
    me, most, over = psutil.Process(), [], threading.Event()

    def held() -> int:
        found = me.memory_info().rss
        for child in me.children():
            try:
                found += child.memory_full_info().uss
            except psutil.Error:
                continue
        return found

    def watch() -> None:
        while not over.wait(0.03):
            most.append(held())

    give_back_memory()
    before, result = held(), []
    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield result
    finally:
        over.set()
        thread.join()
        result.append(max(most, default=before) - before)


BOUND = 60e6  # four times as many pictures would hold 124 MB more, were they kept


@pytest.mark.parametrize("way", ["no worker", "a worker", "frozen features"])
def test_memory_does_not_grow_with_the_number_of_pictures(tmp_path_factory, monkeypatch, way):
    monkeypatch.setattr(file_pixels, "KEPT_BYTES", 2**22)
    folder = tmp_path_factory.getbasetemp() / "many"
    files = sorted(folder.glob("*.jpg")) or write_pictures(folder, 240)
    pictures = pictures_of(files, 480)

    def use(count: int) -> None:
        some = pictures.subset(np.arange(count))
        if way == "frozen features":
            extract_features(tiny_backbone(), some, cache=False, progress=False)
            return
        batches = DiskBatches(some, TRANSFORM, flipped, workers=int(way == "a worker"))
        assert sum(map(len, batches.one_pass(batch_size=8))) == count

    def growth() -> float:
        peaks = []
        for count in (60, 240):
            with peak() as found:
                use(count)
            peaks += found
        return peaks[1] - peaks[0]

    use(60)  # what is loaded at the first time is no growth
    # How many batches are in memory at once depends on what else the machine does, now and then on
    # one more; pictures that were kept would be there each time.
    grown = []
    while not grown or (grown[-1] >= BOUND and len(grown) < 4):
        grown.append(growth())
    assert grown[-1] < BOUND, grown
