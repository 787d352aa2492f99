"""Exercise 12.4: a part for choosing and a part to report on, with whole groups in each."""

from __future__ import annotations

import numpy as np

from tlhelpers.course.exercise_book.inspected import Inspected, with_keys
from tlhelpers.course.exercise_book.made_project import EACH, made_parts, made_set, with_a_copy
from tlhelpers.course.watched_answer import Fault

KEYS = ("choosing", "reporting")
INDICES = '"{name}" must be a list of whole numbers, each the place of an item in the data.'
TWICE = '"{name}" holds an item twice, e.g. {item}.'
BOTH = "{n} items stand in both parts, e.g. {item}. What is chosen on them is tested on them."
LEFT_OUT = (
    "{n} items stand in neither part. Leave something out only with a reason, and then before you "
    "load the data."
)
TORN = (
    "{n} groups stand in both parts, e.g. {name!r}. Whatever is chosen on a group knows the rest "
    "of it: split by group."
)
COPIES = (
    "Item {a} and item {b} have the same content and stand in different parts. Put both groups on "
    "one side."
)
CLASSES = (
    'The class {name!r} has fewer than two groups in "{part}": it cannot be split again. Take '
    "a share of 0.3 or 0.4, or another seed."
)
SIZE = (
    "The part for choosing holds {share:.0%} of the items. Take a tenth to a half: enough to "
    "choose on, and most of the data for the number that you report."
)


def _inspect(data, parts) -> None:
    parts = with_keys(parts, KEYS, "my_parts")
    sides = {name: _indices(name, parts[name], len(data.labels)) for name in KEYS}
    choosing, reporting = sides.values()
    shared = np.intersect1d(choosing, reporting)
    if shared.size:
        raise Fault(BOTH.format(n=shared.size, item=shared[0]))
    missing = len(data.labels) - len(choosing) - len(reporting)
    if missing:
        raise Fault(LEFT_OUT.format(n=missing))
    groups = np.asarray(data.groups)
    torn = np.intersect1d(groups[choosing], groups[reporting])
    if torn.size:
        raise Fault(TORN.format(n=torn.size, name=str(torn[0])))
    _refuse_copies(data, choosing, reporting)
    _refuse_lost_classes(data, sides)
    share = len(choosing) / len(data.labels)
    if not 0.1 <= share <= 0.5:
        raise Fault(SIZE.format(share=share))


def _indices(name: str, given, count: int) -> np.ndarray:
    items = np.asarray(given)
    if items.ndim != 1 or items.dtype.kind not in "iu" or not items.size:
        raise Fault(INDICES.format(name=name))
    if items.min() < 0 or items.max() >= count:
        raise Fault(INDICES.format(name=name))
    found, times = np.unique(items, return_counts=True)
    if times.max() > 1:
        raise Fault(TWICE.format(name=name, item=found[times.argmax()]))
    return items


def _refuse_copies(data, choosing: np.ndarray, reporting: np.ndarray) -> None:
    prints = getattr(data, "fingerprints", None)
    if prints is None:  # a set of somebody's own that keeps none
        return
    prints = np.asarray(prints)
    shared = np.intersect1d(prints[choosing], prints[reporting])
    if shared.size:
        a, b = (part[prints[part] == shared[0]][0] for part in (choosing, reporting))
        raise Fault(COPIES.format(a=a, b=b))


def _refuse_lost_classes(data, sides: dict) -> None:
    labels, groups = np.asarray(data.labels), np.asarray(data.groups)
    for part, items in sides.items():
        for label, name in enumerate(data.class_names):
            if len(np.unique(groups[items][labels[items] == label])) < 2:
                raise Fault(CLASSES.format(name=name, part=part))


def _parts(data=None, **changes) -> dict:
    return {"data": made_set() if data is None else data, "parts": made_parts() | changes}


def _wrong_parts() -> list:
    whole = made_parts()
    count = len(made_set())
    order = np.random.default_rng(0).permutation(count)
    torn = len(np.intersect1d(made_set().groups[order[:45]], made_set().groups[order[45:]]))
    first = str(np.intersect1d(made_set().groups[order[:45]], made_set().groups[order[45:]])[0])
    left = np.flatnonzero((np.arange(count) // EACH) % 2 == 0)[:60]
    few = np.arange(4 * EACH)
    copied = {"choosing": np.arange(2 * EACH, 17 * EACH)}
    copied["reporting"] = np.setdiff1d(np.arange(count), copied["choosing"])
    return [
        (
            _parts(choosing=np.sort(order[:45]), reporting=np.sort(order[45:])),
            TORN.format(n=torn, name=first),
        ),
        (_parts(reporting=np.arange(count)), BOTH.format(n=45, item=0)),
        (_parts(reporting=whole["reporting"][EACH:]), LEFT_OUT.format(n=EACH)),
        (_parts(with_a_copy(), **copied), COPIES.format(a=2 * EACH, b=0)),
        (
            _parts(choosing=left, reporting=np.setdiff1d(np.arange(count), left)),
            CLASSES.format(name="right", part="choosing"),
        ),
        (
            _parts(choosing=few, reporting=np.arange(len(few), count)),
            SIZE.format(share=len(few) / count),
        ),
        (_parts(choosing=np.zeros(45, np.int64)), TWICE.format(name="choosing", item=0)),
        (_parts(choosing=whole["choosing"] / 1.0), INDICES.format(name="choosing")),
    ]


PARTS = Inspected(
    "12.4",
    praise="No group stands in both parts, nothing is there twice, and each class can be split "
    "again. Whatever you choose from now on, choose it on the first part.",
    hints=(
        "Which groups stand in the part for choosing, and which of them in the other?",
        "split_by_group(data, share, seed) gives a split whose two sides share no group; .test and "
        ".train are indices.",
        'my_parts = {"choosing": split.test, "reporting": split.train}, with a share of 0.3, say.',
    ),
    parts=("data", "parts"),
    inspect=_inspect,
    right=lambda: [_parts(), _parts(choosing=made_parts()["choosing"][::-1].tolist())],
    wrong=_wrong_parts,
)
