"""A training that is killed, or out of disk or memory, goes on to the weights of a whole run."""

from __future__ import annotations

import itertools
import random
import tempfile
import time
import warnings
from functools import partial
from pathlib import Path

import pytest
import tiny_kills
from tiny_faults import posix
from tiny_kills import after, at_step, at_time, in_writing, limited

from tlhelpers.errors import CourseError

OPTIONS = {"quiet": True, "batch_size": 10, "lr": 0.01}


def train(folder: Path | None, way: str):
    """A tiny network, trained with what draws random numbers; its checkpoint lies in a folder."""
    from tiny_nets import tiny_classifier, tiny_images
    from torchvision.transforms import v2

    from tlhelpers.training import fine_tune, fit, fit_head

    model, images = tiny_classifier(), tiny_images(20)
    options = OPTIONS | {"checkpoint": folder and folder / "c", "seed": 3}
    if way == "fit":
        turn = v2.RandomHorizontalFlip()
        held = tiny_images(9, seed=1)
        fit(model, images, epochs=4, augment=turn, validation=held, patience=3, **options)
    elif way == "head":
        rows = images.pixels.reshape(20, -1)[:, :8].astype("float32")
        fit_head(model, rows, images.labels, epochs=4, **options)
    else:
        fine_tune(model, images, head_epochs=2, epochs=2, **options)
    return model


def same(one, other) -> bool:
    weights = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(a.equal(b) for a, b in weights)


def goes_on(folder: Path, way: str) -> None:
    """The same call ends with the weights of a run that nobody cut; the user's file is there."""
    assert same(train(folder, way), whole(way)), f"{way} in {folder} ended with other weights"
    assert (folder / "thesis.txt").read_text() == "precious"


WHOLE = {}


def whole(way: str):
    if way not in WHOLE:
        WHOLE[way] = train(None, way)
    return WHOLE[way]


def own_folder(folder: Path) -> Path:
    folder = Path(tempfile.mkdtemp(dir=folder))
    (folder / "thesis.txt").write_text("precious")
    return folder


# The faults --------------------------------------------------------------------------------


def killed_at_random_moments_again_and_again(folder: Path) -> int:
    draw, killed = random.Random(5), 0
    for way in ("fit", "fine-tuning"):
        whole(way)
        start = time.perf_counter()
        train(own_folder(folder), way)
        seconds = time.perf_counter() - start
        for _ in range(2):
            place = own_folder(folder)
            for _ in range(3):
                killed += not after(draw.uniform(0, seconds), partial(train, place, way))
            goes_on(place, way)
    assert killed > 3
    return killed


def killed_at_each_step_on_its_files(folder: Path) -> int:
    killed = 0
    for way in ("fit", "head", "fine-tuning"):
        for number in itertools.count(1):
            place = own_folder(folder)
            if at_step(number, place, partial(train, place, way)):
                break
            killed += 1
            goes_on(place, way)
        assert number > 8, f"{way} wrote nothing"
    return killed


def killed_while_the_checkpoint_is_written(folder: Path) -> int:
    place = own_folder(folder)
    train(place, "fit")
    size = (place / "c").stat().st_size
    for share in (0, 0.3, 0.9):
        place = own_folder(folder)
        assert not in_writing(int(size * share), partial(train, place, "fit"))
        goes_on(place, "fit")
    return 3


def a_disk_that_takes_no_more(folder: Path) -> int:
    for most in (0, 2000):
        place = own_folder(folder)
        with limited("FSIZE", most), warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            assert same(train(place, "fit"), whole("fit"))
        told = [str(one.message) for one in told if "checkpoint" in str(one.message)]
        assert len(told) == 4 and "training goes on" in told[0], told
        assert [path.name for path in place.iterdir()] == ["thesis.txt"]
        goes_on(place, "fit")
    return 2


def memory_that_runs_out(folder: Path) -> int:
    """Of the network, when a picture as large as a wall is asked for."""
    import psutil
    import torch
    from tiny_nets import tiny_classifier, tiny_images

    from tlhelpers.training import fit

    def greedy(items):
        return torch.zeros(len(items), 3, 30_000, 30_000)

    place, model = own_folder(folder), tiny_classifier()
    with limited("AS", psutil.Process().memory_info().vms + 2**30):
        try:
            fit(model, greedy, tiny_images(20).labels, epochs=1, checkpoint=place / "c", **OPTIONS)
        except (MemoryError, RuntimeError) as error:
            assert "allocate" in str(error) and "108000000000" in str(error).replace(",", ""), error
        else:
            raise AssertionError("there was room for it")
    assert same(model, tiny_classifier())
    goes_on(place, "fit")
    return 1


def is_refused_or_harmless(content: bytes, folder: Path) -> bool:
    """Whether a damaged checkpoint is refused, in one sentence; else it must not matter."""
    place = own_folder(folder)
    (place / "c").write_bytes(content)
    try:
        goes_on(place, "fit")
    except CourseError as error:
        assert "\n" not in str(error) and str(place / "c") in str(error), error
        assert "resume=False" in str(error), error
        assert (place / "c").read_bytes() == content, "what cannot be read is the user's"
        return True
    return False


def checkpoint_of_a_run(folder: Path) -> bytes:
    place = own_folder(folder)
    train(place, "fit")
    return (place / "c").read_bytes()


def a_checkpoint_that_was_cut(folder: Path) -> int:
    content, shares = checkpoint_of_a_run(folder), (0, 0.001, 0.1, 0.5, 0.9, 0.999)
    for share in shares:
        assert is_refused_or_harmless(content[: int(len(content) * share)], folder)
    return len(shares)


def a_checkpoint_with_a_bit_turned(folder: Path) -> int:
    content, draw = checkpoint_of_a_run(folder), random.Random(6)
    refused = 0
    for _ in range(20):
        turned, at = bytearray(content), draw.randrange(len(content))
        turned[at] ^= 1 << draw.randrange(8)
        refused += is_refused_or_harmless(bytes(turned), folder)
    assert refused > 5
    return 20


def a_clock_that_jumps(folder: Path) -> int:
    for moment in tiny_kills.MOMENTS.values():
        place = own_folder(folder)
        assert not at_step(9, place, partial(train, place, "fit"))
        with at_time(moment, place):
            goes_on(place, "fit")
    return len(tiny_kills.MOMENTS)


FAULTS = [
    killed_at_random_moments_again_and_again,
    killed_at_each_step_on_its_files,
    killed_while_the_checkpoint_is_written,
    a_disk_that_takes_no_more,
    memory_that_runs_out,
    a_checkpoint_that_was_cut,
    a_checkpoint_with_a_bit_turned,
    a_clock_that_jumps,
]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return tiny_kills.results_of(Path(__file__).stem, tmp_path_factory.mktemp("training"))


@posix
@pytest.mark.parametrize("fault", [fault.__name__ for fault in FAULTS])
def test_a_training_survives(results, fault):
    count, harm = results[fault]
    assert count and not harm, harm
