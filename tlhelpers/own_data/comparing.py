"""Which way of transfer to take for somebody's own pictures or texts, within stated minutes."""

from __future__ import annotations

import hashlib
import platform
import re
import time
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import numpy as np

from tlhelpers import __version__
from tlhelpers.checks import number, whole
from tlhelpers.data.reading import Reading
from tlhelpers.models.precision import row_cosine
from tlhelpers.own_data.comparison import Comparison
from tlhelpers.own_data.frozen_pass import earlier_costs, in_order, pass_all
from tlhelpers.own_data.held_out import fold_count, held_out_probabilities
from tlhelpers.own_data.job import Job
from tlhelpers.own_data.material import Material, material_of
from tlhelpers.own_data.running import plan_splits, run_cheap
from tlhelpers.own_data.sampling import TEST, check_splittable, stratified_order
from tlhelpers.own_data.state import State, key_of
from tlhelpers.own_data.stepwise import run_stepwise
from tlhelpers.own_data.strategies import LINEAR, C
from tlhelpers.own_data.timing import Budget, in_words
from tlhelpers.own_data.verdict import answer_from
from tlhelpers.setup.machine import processor_name

CUT = re.compile(r"^(\d+) of \d+ texts are longer than \d+ tokens and are cut")
COMPARED, ALIKE = 64, 0.999  # given features that are computed again, and their cosine at least
PACKAGES = ("torch", "numpy", "scikit-learn", "timm", "transformers", "peft")


def compare_own(
    data,
    reading: Reading,
    *,
    minutes: float,
    out,
    model_name: str | None = None,
    features: np.ndarray | None = None,
    seed: int = 0,
    tell: Callable[[str], object] = print,
    already_seconds: float = 0.0,
    clock: Callable[[], float] = time.monotonic,
) -> Comparison:
    """Compare the ways of transfer on somebody's own items, within the minutes.

    All strategies see the same splits by group and the same labels. It measures itself first, runs
    what fits, and keeps what is finished in ``out/state``: killed, the same call goes on. The
    minutes count what all sessions on the same data, settings and code took together; with more
    minutes it goes on too.

    Parameters
    ----------
    data : ImageSet or TextSet
    reading : Reading
        Of `data`.
    minutes : float
        Of wall time; 15 % of it are left for report and saving the model.
    out : str or Path
        Folder of the report.
    model_name : str, optional
        As for `load_backbone` and `load_encoder`; the course's own when left out.
    features : float array, shape (n, d), optional
        Frozen features of all items, where they are at hand: from `extract_features` or `encode`
        with the same network at the size of the pictures. The frozen pass is left out then.
    seed : int
        Of the first split.
    tell : callable
        Is given one line at a time.
    already_seconds : float
        Spent before, on reading.
    clock : callable
        Gives seconds.

    Returns
    -------
    Comparison

    Raises
    ------
    CourseError
        If the data cannot be split by group: the message names the class.
    ValueError
        If the minutes are not above 0, or the features are not those of these items.
    """
    number("minutes", minutes)
    if not minutes:
        raise ValueError("minutes must be more than 0")
    whole("seed", seed, 0)
    budget = Budget(minutes, already_seconds, clock)
    check_splittable(data)
    material = material_of(data, model_name)
    state = State(Path(out), _key(material, seed))
    with state.alone():
        budget = _with_earlier(budget, state, tell)
        job = Job(material, budget, state, tell, seed)
        with _cut_texts_told_once(job):
            probabilities = _compare(job, features)
        return _finished(job, reading, probabilities)


def _compare(job: Job, features: np.ndarray | None) -> np.ndarray:
    """All steps, the cheap ones first; gives the held-out probabilities."""
    if features is None:
        _pass(job)
    else:
        _take(job, np.asarray(features, dtype=np.float32))
    plan_splits(job)
    _tell_found(job)
    run_cheap(job)
    probabilities = _held_out(job)
    run_stepwise(job)
    job.state.add(kind="end", spent=job.budget.spent())
    return probabilities


@contextmanager
def _cut_texts_told_once(job: Job):
    """Say in one line that texts are cut, not again for each split of them."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        # So it is with few labels of many classes, and nobody takes them for a regression.
        warnings.filterwarnings("ignore", "The number of unique classes")
        yield
    for one in {str(warning.message): warning for warning in caught}.values():
        if not CUT.search(str(one.message)):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    cut = [CUT.search(str(one.message)) for one in caught]
    if most := max((int(found[1]) for found in cut if found), default=0):
        job.tell(f"Texts longer than {job.material.full} tokens are cut, {most:,} at least.")


def _key(material: Material, seed: int) -> str:
    """Of what is compared, by what, and of the code that does."""
    data, network = material.data, material.network(material.full)
    labels = hashlib.sha256(np.ascontiguousarray(data.labels)).hexdigest()
    names = "\n".join([*data.class_names, *map(str, data.groups)])
    code = [hashlib.sha256(Path(__file__).with_name(name).read_bytes()).hexdigest()
            for name in ("strategies.py", "sampling.py")]  # fmt: skip
    used = [version(name) for name in PACKAGES]
    return key_of(
        material.kind, data.fingerprint, labels, names, network.fingerprint(), material.full,
        seed, __version__, *code, *used,
    )  # fmt: skip


def _with_earlier(budget: Budget, state: State, tell) -> Budget:
    """The budget with what earlier sessions have spent of it."""
    earlier = max((float(one.get("spent", 0.0)) for one in state.records), default=0.0)
    if not earlier:
        return budget
    tell(
        f"Going on where an earlier session was: it has spent {earlier / 60:.1f} of "
        f"{in_words(budget.minutes)}, which count all sessions together."
    )
    return Budget(budget.minutes, earlier + budget.spent(), budget.clock)


def _pass(job: Job) -> None:
    """The frozen features of all items, or of as many as fit."""
    data = job.material.data
    job.costs |= earlier_costs(job.state)
    order = stratified_order(np.asarray(data.labels), data.groups, job.seed)
    rows = pass_all(job, order, job.state.last("used"))
    items = order[: len(rows)]
    job.order = items
    job.used = np.sort(items)
    job.features[job.material.full] = in_order(rows, items)
    if len(items) < len(data):
        job.tell(
            f"All {len(data):,} items do not fit into {in_words(job.budget.minutes)}: a sample of "
            f"{len(items):,} is compared on, with the classes in their proportions."
        )


def _take(job: Job, features: np.ndarray) -> None:
    """Frozen features that somebody has; some are computed again, to see that they are these."""
    data, size = job.material.data, job.material.full
    if features.ndim != 2 or len(features) != len(data):
        raise ValueError(f"there are {len(data)} items, but features of shape {features.shape}")
    order = stratified_order(np.asarray(data.labels), data.groups, job.seed)
    some, started = order[:COMPARED], job.budget.clock()
    again = job.material.features(some, size)
    job.costs["pass"] = (job.budget.clock() - started) / len(some)
    if again.shape[1] != features.shape[1] or row_cosine(features[some], again).min() < ALIKE:
        raise ValueError(
            f"the features are not those of {job.material.name} at {size} {job.material.unit}: "
            "leave them out, and they are computed"
        )
    job.order, job.used = order, np.arange(len(data))
    job.features[size] = features


def _tell_found(job: Job) -> None:
    found = job.load_results()
    if found:
        job.tell(f"{found} runs of an earlier session are taken up.")


def _held_out(job: Job) -> np.ndarray:
    """Probabilities of all items; those that are not compared on have none."""
    data, size = job.material.data, job.material.full
    name = f"probabilities-{len(job.used)}"
    found, part = job.state.array(name), job.part
    everywhere = np.full((len(data), len(data.class_names)), np.nan)
    job.settings["folds"] = fold_count(part.labels, part.groups)
    if found is None or found.shape != (len(job.used), len(data.class_names)):
        if 1.2 * job.settings["folds"] * job.paces.of((LINEAR, 1.0, size)) > job.budget.left(0.95):
            job.tell("There is no time left to look for label errors.")
            return everywhere
        found = held_out_probabilities(
            job.features[size], part.labels, part.groups, len(data.class_names), job.seed
        )
        job.state.keep(name, found)
        job.state.add(kind="held out", spent=job.budget.spent())
    everywhere[job.used] = found
    return everywhere


def _finished(job: Job, reading: Reading, probabilities: np.ndarray) -> Comparison:
    material, part, runs = job.material, job.part, job.runs()
    per_class = len(part) / len(np.unique(part.labels))
    answer = answer_from(
        runs, full=material.full, unit=material.unit, per_class=per_class, labels=part.labels
    )
    job.costs |= _scaled_costs(job) | {"minutes": job.budget.spent() / 60}
    return Comparison(
        material.kind,
        material.data,
        reading,
        material.name,
        runs,
        answer,
        probabilities,
        job.not_run,
        job.costs,
        {**_settings(job), **job.settings},
        _versions(),
        job.used,
        job.features[material.full],
    )


def _scaled_costs(job: Job) -> dict[str, float]:
    """Minutes that frozen features with a linear head take for more items, on this machine."""
    head = job.paces.taken((LINEAR, 1.0, job.material.full)) / max(1, len(job.part))
    each = job.costs.get("pass", 0.0) + head
    return {f"minutes for {count:,} items": count * each / 60 for count in (1_000, 100_000)}


def _settings(job: Job) -> dict:
    return {
        "minutes": job.budget.minutes,
        "seed": job.seed,
        "size": job.material.full,
        "test": TEST,
        "C": C,
        "labels": sorted(job.counts.values()),
        "items": len(job.used),
        "of": len(job.material.data),
    }


def _versions() -> dict[str, str]:
    own = {"tlhelpers": __version__, "python": platform.python_version()}
    return own | {name: version(name) for name in PACKAGES} | {"processor": processor_name()}
