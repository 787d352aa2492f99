"""Exercise 09.1: repeat the items of small classes inside the training side."""

from collections.abc import Callable

import numpy as np

from tlhelpers.course.answer_differences import array_of
from tlhelpers.course.exercise_kinds import Function
from tlhelpers.course.watched_answer import Fault


def _sides(rng, counts, classes=None, outside=2) -> tuple[np.ndarray, np.ndarray]:
    """Labels of all items, and the training items: `counts` of each class, and others beside."""
    classes = np.arange(len(counts)) if classes is None else np.asarray(classes)
    inside = np.repeat(classes, counts)
    labels = np.concatenate([inside, np.repeat(classes, outside)])
    place = rng.permutation(len(labels))
    mixed = np.empty_like(labels)
    mixed[place] = labels
    return mixed, np.sort(place[: len(inside)])


def _draw(rng) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    plain = _sides(rng, [3, 9, 5])
    unsorted = _sides(rng, [2, 6, 7])
    return {
        "where classes are of unequal size": plain,
        "where a class is as large as two others together": _sides(rng, [2, 12, 3], outside=5),
        "where most items are outside of the training side": _sides(rng, [2, 5, 1], outside=30),
        "where the largest class is another one outside": _sides(rng, [2, 8, 3], outside=9),
        "where all classes are of one size": _sides(rng, [4, 4], outside=3),
        "where the labels have gaps": _sides(rng, [4, 10, 3], classes=[2, 5, 11]),
        "where a class occurs outside of the training side only": _sides(rng, [0, 5, 3]),
        "where the training items stand in no order": (unsorted[0], rng.permutation(unsorted[1])),
    }


def _look(function: Callable) -> dict[str, list]:
    """What is asked of each result, as numbers: its order and which items come twice are free."""
    seen: dict[str, list] = {}
    for seed in (1, 2, 3):
        for where, (labels, train) in _draw(np.random.default_rng(seed)).items():
            result = function(labels, train)
            seen.setdefault(where, []).append(_read(labels, train, result))
    return seen


def _read(labels, train, result):
    if result is None or result is Ellipsis:
        return None
    items = array_of(result)
    if items is None or items.dtype.kind not in "iu" or items.ndim != 1:
        raise Fault("Return one array of items: whole numbers, shape (k,).")
    if len(items) and (items.min() < 0 or items.max() >= len(labels)):
        raise Fault(f"There are {len(labels)} items, counted from 0: what you return has others.")
    inside = items[np.isin(items, train)]
    times = np.array([(inside == item).sum() for item in train])
    spread = max(np.ptp(times[labels[train] == c]) for c in np.unique(labels[train]))
    counts = [(labels[inside] == c).sum() for c in np.unique(labels)]
    return np.array([*counts, len(items) - len(inside), (times == 0).sum(), max(spread, 1)])


def _parts(labels, items) -> list[np.ndarray]:
    return [items[labels[items] == c] for c in np.unique(labels[items])]


def _balanced(labels, train, most=None):
    parts = _parts(labels, train)
    most = max(map(len, parts)) if most is None else most
    return np.concatenate([np.resize(part, most) for part in parts])


def _of_all(labels, train):
    return _balanced(labels, np.arange(len(labels)))


def _size_of_all(labels, train):
    return _balanced(labels, train, np.bincount(labels).max())


def _only_copies(labels, train):
    most = max(map(len, _parts(labels, train)))
    return np.concatenate([np.resize(part, most)[len(part) :] for part in _parts(labels, train)])


def _drawn_at_random(labels, train):
    rng, most = np.random.default_rng(0), max(map(len, _parts(labels, train)))
    return np.concatenate([rng.choice(part, most) for part in _parts(labels, train)])


def _kept_and_drawn(labels, train):
    rng, most = np.random.default_rng(0), max(map(len, _parts(labels, train)))
    more = [rng.choice(part, most - len(part)) for part in _parts(labels, train)]
    return np.concatenate([train, *more])


def _first_again(labels, train):
    most = max(map(len, _parts(labels, train)))
    return np.concatenate([train, *(np.repeat(p[0], most - len(p)) for p in _parts(labels, train))])


def _cut(labels, train):
    least = min(map(len, _parts(labels, train)))
    return np.concatenate([part[:least] for part in _parts(labels, train)])


def _places(labels, train):
    return _balanced(labels[train], np.arange(len(train)))


def _whole_times(labels, train):
    most = max(map(len, _parts(labels, train)))
    return np.concatenate([np.tile(part, most // len(part)) for part in _parts(labels, train)])


def _every_label(labels, train):
    """np.resize makes zeros of an empty class: item 0 comes in."""
    most = np.bincount(labels[train]).max()
    classes = range(labels.max() + 1)
    return np.concatenate([np.resize(train[labels[train] == c], most) for c in classes])


BALANCE = Function(
    "09.1",
    praise="No item outside of the training side is in it, so no copy of a test item can be. "
    "Whatever repeats, draws or changes items comes after the split.",
    hints=(
        "Take the classes of labels[train], and for each one its items of train.",
        "train[labels[train] == c] are the training items of class c. How many has the largest "
        "class?",
        "np.resize(items, size) repeats items in turn until there are `size` of them; put the "
        "classes together with np.concatenate.",
    ),
    reference=_balanced,
    observe=_look,
    mistakes=[
        (
            _of_all,
            "Items outside of `train` are in it: those are test items. Go through train alone.",
        ),
        (
            _size_of_all,
            "Your classes are as large as the largest class of all items. Count inside `train`: "
            "how large the test side is must not matter.",
        ),
        (
            _only_copies,
            "These are the repeated items alone. Those of `train` belong to it, too.",
        ),
        (
            _cut,
            "You cut all classes to the size of the smallest one. Here small classes grow.",
        ),
        (
            _places,
            "These are places in `train`, not items. train[places] gives the items.",
        ),
        (
            _whole_times,
            "You repeated each class a whole number of times, so most are too small. Every class "
            "ends with the size of the largest one: np.resize cuts where it must.",
        ),
        (
            _drawn_at_random,
            "You drew with replacement: some items of `train` are missing, and others stand in it "
            "more often than asked for. Repeat in turn.",
        ),
        (
            _kept_and_drawn,
            "All items are there, but those that come again were drawn at random, some several "
            "times before others come at all. Repeat in turn: counts in a class differ by one at "
            "most.",
        ),
        (
            _first_again,
            "One item of each class stands for all its repetitions. Repeat them in turn: counts in "
            "a class differ by one at most.",
        ),
        (
            _every_label,
            "Right where each number from 0 on is a class of `train`. Where one does not occur "
            "there, np.resize of nothing gives zeros, and item 0 comes in: take "
            "np.unique(labels[train]).",
        ),
        (
            lambda labels, train: train,
            "That is the training side as it was: no class has grown.",
        ),
        (
            lambda labels, train: labels[_balanced(labels, train)],
            "These are labels. Return the items, so that features[items] can be taken.",
        ),
    ],
)
