"""Batches of pictures that stay on disk, decoded and augmented ahead of the model."""

from __future__ import annotations

import multiprocessing
import os
import random
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from tlhelpers.checks import whole
from tlhelpers.data import file_pixels, picture_decoding
from tlhelpers.data.file_pixels import FilePixels
from tlhelpers.data.images import ImageSet
from tlhelpers.errors import CourseError
from tlhelpers.models.backbones import Transform
from tlhelpers.training.batches import cut_into_batches

MOST_WORKERS = 2
PATIENCE = 300  # seconds for one batch


class DiskBatches:
    """What `fit` takes for pictures that do not fit into memory: batches made out of indices.

    Pictures are decoded, cut and augmented ahead of the model, where that pays in processes of
    their own [1]_. Memory holds the batches that are ahead, and no more however many pictures there
    are. An augmentation draws its random numbers for each picture by itself, from the seed of the
    epoch and the picture's number: the batches are the same, to the last bit, for any number of
    workers and of training processes.

    Parameters
    ----------
    pictures : PictureFiles or ImageSet
        As `open_pictures` gives them.
    transform : callable
        The model's: ``model.transform``.
    augment : callable, optional
        As in `fit`: uint8 tensor (3, height, width) to one of one shape for all.
    workers : int, optional
        Processes that decode; 0 decodes in this one. When left out, 2 where pictures lie on disk,
        are more than the 256 MB that are kept of them, and processes can be forked; else 0, as on
        Windows and macOS, where more than 0 is taken for 0.
    ahead : int
        Batches that each worker may be ahead.

    Raises
    ------
    CourseError
        While batches are made: if a picture has changed or cannot be read any more, or an
        augmentation fails; the message names the file.

    References
    ----------
    .. [1] Mohan et al., Analyzing and mitigating data stalls in DNN training, VLDB 2021,
       arXiv:2007.06775.

    Examples
    --------
    ``fit(model, DiskBatches(pictures, model.transform, augment), pictures.labels)``
    """

    def __init__(
        self, pictures: ImageSet, transform, augment=None, *, workers: int | None = None, ahead=2
    ):
        if not isinstance(pictures, ImageSet):
            raise ValueError(f"pictures must be an ImageSet, got {type(pictures).__name__}")
        self.pictures, self.transform, self.augment = pictures, transform, augment
        self.ahead = whole("ahead", ahead)
        self.workers = _workers(pictures.pixels, workers)
        self._plan: deque[np.ndarray] = deque()
        self._coming: Iterator | None = None

    def __len__(self) -> int:
        return len(self.pictures.pixels)

    def __getstate__(self) -> dict:
        return vars(self) | {"_plan": deque(), "_coming": None}

    def __call__(self, indices: np.ndarray, device: str | torch.device = "cpu") -> torch.Tensor:
        """One batch, float (k, 3, size, size); the next of those expected, or any other."""
        indices = np.asarray(indices)
        if self._plan and np.array_equal(self._plan[0], indices):
            pixels = self._next()
        else:
            self.close()
            pixels = _made(self.pictures.pixels, indices, self.augment, _base())
        if isinstance(pixels, str):
            self.close()
            raise CourseError(pixels)
        able = isinstance(self.transform, Transform)
        x = self.transform(pixels, device) if able else torch.as_tensor(self.transform(pixels))
        return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x

    def expect(self, parts: Sequence[np.ndarray]) -> None:
        """Begin to make batches of these indices, which will be asked for in this order."""
        self.close()
        self._plan = deque(parts)
        if parts:
            self._coming = self._ahead(list(parts), _base())

    def one_pass(self, order=None, batch_size: int = 64) -> Iterator[torch.Tensor]:
        """All pictures once, batch by batch; `order`, int (m,), says which, in which order."""
        order = np.arange(len(self)) if order is None else np.asarray(order)
        parts = cut_into_batches(order, whole("batch_size", batch_size)) if len(order) else []
        self.expect(parts)
        try:
            for part in parts:
                yield self(part)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of batches that nobody has asked for, and end the processes that make them."""
        self._plan.clear()
        self._coming = None

    def _next(self) -> np.ndarray | str:
        self._plan.popleft()
        try:
            with _quiet():
                made = next(self._coming)
        except RuntimeError as error:  # what torch says of a worker that was ended or is too slow
            self.close()
            first = (str(error).splitlines() or [""])[0]
            raise CourseError(
                f"a process that decodes pictures was ended or does not answer ({first}), which "
                "the system does when memory runs out: take workers=0 or smaller batches"
            ) from error
        if not self._plan:
            self._coming = None
        return made

    def _ahead(self, parts: list[np.ndarray], base: int) -> Iterator:
        asked = _Asked(self.pictures.pixels, parts, self.augment, base)
        options = {}
        if self.workers:
            options = {"prefetch_factor": self.ahead, "timeout": PATIENCE}
            options |= {"multiprocessing_context": "fork", "worker_init_fn": _become_worker}
        # Arrays travel through pipes: the shared memory of a container is often small.
        with _quiet():
            loader = DataLoader(
                asked, batch_size=None, num_workers=self.workers, collate_fn=_as_it_is, **options
            )
            return iter(loader)


def _workers(pixels, asked: int | None) -> int:
    """How many processes decode; where they would be spawned, each would load torch anew: none."""
    forks = multiprocessing.get_all_start_methods()[0] == "fork"
    if asked is not None:
        return whole("workers", asked, 0) * forks
    if not (forks and isinstance(pixels, FilePixels)):
        return 0
    fits = np.prod(pixels.shape, dtype=np.int64) <= file_pixels.KEPT_BYTES
    alone = os.environ.get("TLHELPERS_JOBS") == "1"
    return 0 if fits or alone else min(MOST_WORKERS, os.cpu_count() or 1)


# ---------------------------------------------------------------- in a worker, or here


class _Asked(Dataset):
    """The batches of one pass, by number: pixels, or the error that came instead."""

    def __init__(self, pixels, parts: list[np.ndarray], augment, base: int):
        self.pixels, self.parts, self.augment, self.base = pixels, parts, augment, base

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, number: int) -> np.ndarray | str:
        return _made(self.pixels, self.parts[number], self.augment, self.base)


def _become_worker(number: int) -> None:
    """Several of these share the cores, and none lives long enough to need a picture again."""
    picture_decoding.THREADS = 1
    file_pixels.KEPT_BYTES = 0


def _made(pixels, items: np.ndarray, augment, base: int) -> np.ndarray | str:
    """Pixels, uint8 (k, height, width, 3), or what is to be told of a file: it travels as text."""
    try:
        squares = pixels[items]
        if augment is None:
            return squares
        with _own_numbers():
            changed = [
                _augmented(augment, square, pixels, int(item), base)
                for square, item in zip(squares, items, strict=True)
            ]
        return torch.stack(changed).permute(0, 2, 3, 1).numpy()
    except CourseError as error:
        return str(error)


def _augmented(augment, square: np.ndarray, pixels, item: int, base: int) -> torch.Tensor:
    """One picture, with random numbers that its own number decides."""
    seeds = np.random.SeedSequence([base, item]).generate_state(3)
    random.seed(int(seeds[0]))
    np.random.seed(int(seeds[1]))  # noqa: NPY002 - augmentations draw from it
    torch.default_generator.manual_seed(int(seeds[2]))  # and no accelerator's
    try:
        return torch.as_tensor(augment(torch.tensor(square).permute(2, 0, 1)))
    except Exception as error:
        name = pixels.files[item] if isinstance(pixels, FilePixels) else f"picture {item}"
        raise CourseError(
            f"the augmentation failed on {name} ({type(error).__name__}: {error})"
        ) from error


def _as_it_is(made):
    return made


def _base() -> int:
    """Drawn from torch's numbers, which `fit` seeds for each epoch."""
    return int(torch.randint(2**62, ()))


@contextmanager
def _own_numbers() -> Iterator[None]:
    """Random numbers of the processor are afterwards as they were."""
    states = random.getstate(), np.random.get_state(), torch.default_generator.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        torch.default_generator.set_state(states[2])


@contextmanager
def _quiet() -> Iterator[None]:
    """Without advice on how many workers there should be, and that forks and threads may clash."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This DataLoader will create", UserWarning)
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        yield
