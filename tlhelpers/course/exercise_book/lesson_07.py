"""Exercises of lesson 07."""

from functools import partial

import numpy as np

from tlhelpers.course.exercise_kinds import Choice, Function, alike, on_inputs


def _arrays(result):
    """The parts of a result as arrays; a single array of numbers is one part."""
    if result is None or result is Ellipsis:
        return None
    if not isinstance(result, (list, tuple)):
        result = np.asarray(result, dtype=float)
        result = [result] if result.ndim < 2 else list(result)
    return [np.asarray(part, dtype=float) for part in result]


def _in_arrays(*inputs):
    """Like `on_inputs`, but with `_arrays`; what numpy says about 0 and nan is not shown."""

    def observe(function):
        with np.errstate(all="ignore"):
            return [_arrays(result) for result in on_inputs(*inputs)(function)]

    return observe


def _and_then(reference, first, then):
    """What `first` observes; and, once that is right, what `then` observes as well."""

    def observe(function):
        seen = first(function)
        return seen + then(function) if alike(seen, first(reference)) else seen

    return observe


# ---------------------------------------------------------------- a distance of domains


def _wrong(mistaken: int, rows: int) -> np.ndarray:
    return np.arange(rows) < mistaken


# Unequal sizes; no mistake at all, half of the rows mistaken, and more than half.
JUDGED = [
    (_wrong(3, 10), _wrong(1, 4)),
    (_wrong(1, 20), _wrong(4, 5)),
    (_wrong(0, 6), _wrong(0, 3)),
    (_wrong(3, 6), _wrong(4, 8)),
    (_wrong(7, 8), _wrong(3, 4)),
]


def _error(wrong_source, wrong_target):
    return (np.mean(wrong_source) + np.mean(wrong_target)) / 2


def _distance(wrong_source, wrong_target):
    return 2 * (1 - 2 * _error(wrong_source, wrong_target))


# ---------------------------------------------------------------- each domain by itself

_RNG = np.random.default_rng(7)
DOMAINS = [
    (
        _RNG.normal(size=(6, 3)) * [1, 4, 0.3] + [0, 5, -1],
        _RNG.normal(size=(4, 3)) * [3, 0.5, 1] + [2, -1, 0],
    )
]
# Constant in the source, in the target, in both.
CONSTANT = [
    (
        np.array([[2.5, 1, -4], [2.5, 3, -4], [2.5, 8, -4], [2.5, 0, -4]]),
        np.array([[1.0, 7, 2], [4, 7, 2]]),
    )
]


def _scaled(rows, seen, axis=0, ddof=0, power=1, constant=None):
    """Rows by the mean and the spread of `seen`; `constant` is what a feature without any gets."""
    mean, spread = (
        np.mean(seen, axis, keepdims=True),
        np.std(seen, axis, ddof=ddof, keepdims=True),
    )
    if constant == "divided by 0":
        return (rows - mean) / spread
    scaled = (rows - mean) / np.where(spread > 0, spread, 1) ** power
    return np.where(spread > 0, scaled, rows) if constant == "kept" else scaled


def _each(source, target, **options):
    return _scaled(source, source, **options), _scaled(target, target, **options)


def _by_both(source, target):
    both = np.concatenate([source, target])
    return _scaled(source, both), _scaled(target, both)


# ---------------------------------------------------------------- CORAL

_MIXED = np.array([[1.0, -0.8, 0.4], [0.0, 0.7, -0.9], [0.3, 0.2, 1.1]])
ROWS = [
    (
        _RNG.normal(size=(9, 3)) @ _MIXED + [1, -2, 0.5],
        _RNG.normal(size=(6, 3)) * [3, 0.4, 1] @ _MIXED.T + [0, 4, -1],
    )
]
# A feature that is constant in the source, and fewer rows than features.
FLAT = [
    (ROWS[0][0] * [1, 0, 1], ROWS[0][1]),
    (ROWS[0][0][:2], ROWS[0][1] * [1, 1, 0]),
]


def _power(matrix, exponent):
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * values**exponent) @ vectors.T


def _power_of_rows(matrix, exponent):
    values, vectors = np.linalg.eigh(matrix)
    return (vectors.T * values**exponent) @ vectors


def _cholesky(matrix, exponent):
    root = np.linalg.cholesky(matrix).T
    return root if exponent > 0 else np.linalg.inv(root)


def _matrices(source, target, own=-0.5, wanted=0.5, add=np.eye, bias=False, power=_power):
    covariance = partial(np.cov, rowvar=False, bias=bias)
    own = power(covariance(source) + add(source.shape[1]), own)
    return own, power(covariance(target) + add(source.shape[1]), wanted)


def _coral(source, target, **options):
    white, colour = _matrices(source, target, **options)
    return (source - source.mean(axis=0)) @ white @ colour + target.mean(axis=0)


def _coral_not_centred(source, target):
    white, colour = _matrices(source, target)
    return source @ white @ colour + target.mean(axis=0)


def _coral_centred_late(source, target):
    white, colour = _matrices(source, target)
    return source @ white @ colour - source.mean(axis=0) + target.mean(axis=0)


def _coral_swapped(source, target):
    white, colour = _matrices(target, source)
    return (source - source.mean(axis=0)) @ white @ colour + target.mean(axis=0)


def _coral_colour_first(source, target):
    white, colour = _matrices(source, target)
    return (source - source.mean(axis=0)) @ colour @ white + target.mean(axis=0)


def _coral_one_identity(source, target):
    white, _ = _matrices(source, target)
    colour = _power(np.cov(target, rowvar=False), 0.5)
    return (source - source.mean(axis=0)) @ white @ colour + target.mean(axis=0)


# ---------------------------------------------------------------- pseudo-labels


def _of_two(*first):
    return np.stack([first, 1 - np.array(first)], axis=1)


# Unequal classes, equal probabilities at the cut, a class never predicted, one of a single item;
# in the third, items of one class have more probability for another than that one's own items.
GUESSED = [
    (_of_two(0.9, 0.3, 0.75, 0.05, 0.99, 0.6, 0.8, 0.45, 0.75, 0.7, 0.52), 0.4),
    (
        np.array(
            [
                [0.2, 0.1, 0.7],
                [0.85, 0.1, 0.05],
                [0.4, 0.25, 0.35],
                [0.1, 0.05, 0.85],
                [0.6, 0.3, 0.1],
                [0.3, 0.2, 0.5],
                [0.6, 0.05, 0.35],
                [0.95, 0.03, 0.02],
                [0.15, 0.4, 0.45],
            ]
        ),
        0.55,
    ),
    (
        np.array(
            [
                [0.36, 0.34, 0.3],
                [0.45, 0.47, 0.08],
                [0.4, 0.3, 0.3],
                [0.1, 0.8, 0.1],
                [0.44, 0.46, 0.1],
            ]
        ),
        0.6,
    ),
    (
        np.array([[0.1, 0.8, 0.1], [0.2, 0.5, 0.3], [0.1, 0.7, 0.2], [0.3, 0.1, 0.6]]),
        0.3,
    ),
    (_of_two(0.1, 0.8, 0.2, 0.7), 1.0),
]


def _number(share, own, probabilities):
    return round(share * len(own))


def _most_confident(confidence, number):
    return np.argsort(-confidence, kind="stable")[:number]


def _of_each_class(probabilities, share, pick=_most_confident, number=_number):
    """The chosen items of each predicted class, class after class, as `pick` orders them."""
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    owns = [np.flatnonzero(predicted == label) for label in np.unique(predicted)]
    return [own[pick(confidence[own], int(number(share, own, probabilities)))] for own in owns]


def _pseudo(probabilities, share, **options):
    items = np.sort(np.concatenate(_of_each_class(probabilities, share, **options)))
    return items, probabilities.argmax(axis=1)[items]


def _class_after_class(probabilities, share, order=np.array):
    items = np.concatenate([order(part) for part in _of_each_class(probabilities, share)])
    return items, probabilities.argmax(axis=1)[items]


def _labels_left_behind(probabilities, share):
    _, labels = _class_after_class(probabilities, share)
    return _pseudo(probabilities, share)[0], labels


def _most_confident_of_all(probabilities, share):
    items = np.sort(_most_confident(probabilities.max(axis=1), round(share * len(probabilities))))
    return items, probabilities.argmax(axis=1)[items]


def _above_share(probabilities, share):
    items = np.flatnonzero(probabilities.max(axis=1) >= share)
    return items, probabilities.argmax(axis=1)[items]


def _by_column(probabilities, share):
    """Whatever an item's predicted class is, the highest probabilities of each column."""
    counts = np.bincount(probabilities.argmax(axis=1), minlength=probabilities.shape[1])
    parts = [
        _most_confident(column, round(share * count))
        for column, count in zip(probabilities.T, counts, strict=True)
    ]
    items = np.concatenate(parts)
    order = np.argsort(items, kind="stable")
    return items[order], np.repeat(np.arange(len(parts)), [len(part) for part in parts])[order]


def _places_within_classes(probabilities, share):
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    found = []
    for label in np.unique(predicted):
        own = confidence[predicted == label]
        found += [(place, label) for place in _most_confident(own, round(share * len(own)))]
    items, labels = np.array(sorted(found)).T
    return items, labels


def _as_mask(probabilities, share):
    items, labels = _pseudo(probabilities, share)
    return np.isin(np.arange(len(probabilities)), items), labels


# ---------------------------------------------------------------- the gap that is closed

# Between, harm, beyond the oracle, nothing gained.
GAPS = [(0.5, 0.625, 0.75), (0.625, 0.5, 0.875), (0.5, 0.875, 0.75), (0.75, 0.75, 0.875)]
NO_GAP = [(0.75, 0.875, 0.75), (0.75, 0.75, 0.75), (0.75, 0.875, 0.5), (0.75, 0.625, 0.5)]


def _without_a_gap(function):
    """What comes out where there is no gap; a division by 0 counts as infinity."""
    found = []
    for given in NO_GAP:
        try:
            with np.errstate(all="ignore"):
                found.append(function(*given))
        except ZeroDivisionError:
            found.append(np.inf)
    return found


def _share_closed(source_only, adapted, oracle):
    if oracle <= source_only:
        return np.nan
    return (adapted - source_only) / (oracle - source_only)


def _without_guard(source_only, adapted, oracle):
    return (adapted - source_only) / (oracle - source_only)


def _instead(value):
    """The right share where there is a gap, `value` where there is none."""
    return lambda s, a, o: value if o <= s else _share_closed(s, a, o)


EXERCISES = [
    Function(
        "07.1",
        praise="Both domains weigh the same, however many rows each has. A guesser mistakes half "
        "of them and gets 0; whoever tells all rows apart gets 2.",
        hints=(
            "Find the share of mistaken rows in each domain first. The error is the mean of the "
            "two shares.",
            "wrong_source.mean() is the share of mistaken source rows. The distance is "
            "2 * (1 - 2 * error).",
            "help(proxy_a_distance) says what the error is and what the distance makes of it. Try "
            "an error of 0 and one of a half by hand.",
        ),
        reference=_distance,
        observe=on_inputs(*JUDGED),
        mistakes=[
            (
                lambda s, t: 2 * (1 - 2 * np.concatenate([s, t]).mean()),
                "You put the rows of both domains together. Then the domain with more rows decides "
                "nearly alone. Take the share of each domain, then their mean.",
            ),
            (
                lambda s, t: 1 - 2 * _error(s, t),
                "That is half of the distance: where nothing is mistaken, it should be 2.",
            ),
            (
                lambda s, t: 2 * (1 - _error(s, t)),
                "The error is subtracted once. A guesser's error is a half, and it should get 0.",
            ),
            (
                lambda s, t: 2 * (1 - 2 * (np.mean(s) + np.mean(t))),
                "You added the two shares. The error is their mean.",
            ),
            (
                lambda s, t: 2 * (1 - 2 * (1 - _error(s, t))),
                "The sign is turned round: True stands for a mistaken row, not for a right one.",
            ),
            (
                lambda s, t: max(0.0, _distance(s, t)),
                "Right, but for what lies below 0. More than half can be mistaken by chance; cut "
                "off, such a result would make the mean over many draws too high.",
            ),
            (
                lambda s, t: abs(_distance(s, t)),
                "You dropped the sign. An error above a half gives a distance below 0.",
            ),
            (
                lambda s, t: 2 * (1 - 2 * np.mean(s)),
                "You used the source alone. Rows of the target can be mistaken as well.",
            ),
            (
                lambda s, t: 2 * (1 - 2 * np.mean(t)),
                "You used the target alone. Rows of the source can be mistaken as well.",
            ),
            (
                _error,
                "That is the error. The distance is 2 · (1 − 2 · error).",
            ),
            (
                lambda s, t: 1 - _error(s, t),
                "That is the share of rows told apart. The distance is 2 · (1 − 2 · error).",
            ),
            (
                lambda s, t: 2 * (1 - 2 * (np.sum(s) + np.sum(t))),
                "You counted the mistaken rows. The error is a share: divide by the number of rows "
                "of each domain.",
            ),
        ],
    ),
    Function(
        "07.2",
        praise="Each domain has lost its own place and its own scale, and no label was needed. "
        "What also differs in the shape of the cloud is still there.",
        hints=(
            "Do the same to both domains, each with its own numbers: subtract a mean, divide by a "
            "standard deviation.",
            "rows.mean(axis=0) and rows.std(axis=0) give one number per feature. What happens "
            "where the standard deviation is 0?",
            "A constant feature becomes 0: what is left after the mean is subtracted. "
            "np.where(std > 0, std, 1) can be divided by without harm.",
        ),
        reference=_each,
        observe=_and_then(_each, _in_arrays(*DOMAINS), _in_arrays(*CONSTANT)),
        mistakes=[
            (
                lambda s, t: (_scaled(s, s), _scaled(t, s)),
                "You scaled the target by the source's numbers. That is right for test items of "
                "the same domain; here the two domains differ, and each takes its own.",
            ),
            (
                lambda s, t: (_scaled(s, t), _scaled(t, t)),
                "You scaled the source by the target's numbers. Each domain takes its own.",
            ),
            (
                lambda s, t: (_scaled(s, t), _scaled(t, s)),
                "Each domain got the numbers of the other one.",
            ),
            (
                _by_both,
                "You took mean and standard deviation over both domains. Then the difference "
                "between them stays. Each domain takes its own.",
            ),
            (
                partial(_each, axis=1),
                "You scaled each row. A feature is a column: axis=0.",
            ),
            (
                partial(_each, axis=None),
                "You took one mean over all numbers of a domain. Each feature has its own: axis=0.",
            ),
            (
                partial(_each, ddof=1),
                "Your standard deviation divides by n − 1, as pandas and torch do by themselves. "
                "Here it divides by n: ddof=0.",
            ),
            (
                partial(_each, power=0),
                "The means are gone, the scales are still there: divide by the standard deviation.",
            ),
            (
                partial(_each, power=2),
                "You divided by the variance. Its root is the standard deviation.",
            ),
            (
                lambda s, t: tuple(rows / rows.std(axis=0) for rows in (s, t)),
                "The scales are gone, the means are still there: subtract them first.",
            ),
            (
                lambda s, t: (_scaled(s, s), t),
                "The target came back as it was. It is standardised as well, by its own numbers.",
            ),
            (
                lambda s, t: np.concatenate(_each(s, t)),
                "You put both domains into one array. Return two: return source, target.",
            ),
            (
                partial(_each, constant="divided by 0"),
                "Right where a feature varies. A constant one has the standard deviation 0, and 0 "
                "divided by 0 is nan. It should become 0.",
            ),
            (
                partial(_each, constant="kept"),
                "Right where a feature varies. A constant one came back as it was. It should "
                "become 0: subtract its mean, too.",
            ),
        ],
    ),
    Function(
        "07.3",
        praise="First the source's own pattern is taken out, then the target's is put in, and no "
        "label was asked for. The identity keeps small variances from being blown up, so the "
        "match is not exact.",
        hints=(
            "Four steps in this order: subtract the source's mean, whiten, colour, add the "
            "target's mean.",
            "For a symmetric matrix, values, vectors = np.linalg.eigh(matrix), and its power p is "
            "(vectors * values**p) @ vectors.T. Whitening takes p = −1/2 of the source, colouring "
            "p = 1/2 of the target.",
            "np.eye(d) is the identity. Print the covariance of the rows after whitening and after "
            "colouring: what should it be near? help(align_covariance) names the paper.",
        ),
        reference=_coral,
        observe=_and_then(_coral, _in_arrays(*ROWS), _in_arrays(*FLAT)),
        mistakes=[
            (
                _coral_not_centred,
                "You did not subtract the source's mean, so the matrices moved it along, and the "
                "target's mean was added to that.",
            ),
            (
                _coral_centred_late,
                "You subtracted the source's mean after the matrices. By then it has become "
                "another one: centre first.",
            ),
            (
                lambda s, t: _coral(s, t) - t.mean(axis=0),
                "The rows now lie around 0. Add the target's mean at the end.",
            ),
            (
                lambda s, t: _coral(s, t) - t.mean(axis=0) + s.mean(axis=0),
                "You put the source's own mean back. The rows should lie around the target's.",
            ),
            (
                _coral_swapped,
                "The covariances are swapped: whiten by the source's, colour by the target's.",
            ),
            (
                lambda s, t: _coral(t, s),
                "You moved the target to the source. It is the source that is moved: a head "
                "trained on it is then used on target rows as they are.",
            ),
            (
                _coral_colour_first,
                "You coloured before you whitened. The order of matrices counts: take the source's "
                "own pattern out first.",
            ),
            (
                partial(_coral, own=-1, wanted=1),
                "You took the powers −1 and 1. A covariance holds squares, so its roots are "
                "needed: −1/2 and 1/2.",
            ),
            (
                partial(_coral, own=-1),
                "You whitened with the power −1, the inverse. Take the root of it: −1/2.",
            ),
            (
                partial(_coral, wanted=1),
                "You coloured with the covariance itself. Take its root, the power 1/2.",
            ),
            (
                partial(_coral, own=0.5),
                "You multiplied by the source's pattern once more. To take it out, the power is "
                "−1/2.",
            ),
            (
                partial(_coral, wanted=0),
                "The rows are whitened and moved to the target's mean, but not coloured.",
            ),
            (
                partial(_coral, own=0),
                "The rows are coloured, but not whitened: the source's own pattern is still there.",
            ),
            (
                partial(_coral, power=lambda matrix, exponent: matrix**exponent),
                "You took the power of each number by itself, and a root of a number below 0 is "
                "nan. The power of a matrix is another thing: use np.linalg.eigh.",
            ),
            (
                partial(_coral, power=lambda m, p: np.diag(np.diag(m) ** p)),
                "You used the variances alone. How features go together is in the rest of the "
                "covariance.",
            ),
            (
                partial(_coral, add=lambda d: np.zeros((d, d))),
                "The identity is missing: add np.eye(d) to both covariances before you take a "
                "power.",
            ),
            (
                _coral_one_identity,
                "You added the identity to the source's covariance only. The target's gets it too.",
            ),
            (
                partial(_coral, add=lambda d: 1),
                "You added 1 to every number of the covariances. The identity has ones on its "
                "diagonal only: np.eye(d).",
            ),
            (
                partial(_coral, bias=True),
                "Your covariances divide by n. np.cov by itself divides by n − 1.",
            ),
            (
                partial(_coral, power=_power_of_rows),
                "np.linalg.eigh puts its vectors into the columns. Put the matrix together as "
                "(vectors * values**p) @ vectors.T.",
            ),
            (
                partial(_coral, power=_cholesky),
                "A Cholesky factor is a root of another kind: it turns the rows as well. Use the "
                "symmetric one, by np.linalg.eigh.",
            ),
        ],
    ),
    Function(
        "07.4",
        praise="Each class sends its most confident items, so an easy class does not crowd out "
        "the others. "
        "The labels are guesses all the same: a mistake the model is sure of goes in, too.",
        hints=(
            "Find for each item its predicted class and its confidence. Then go through the "
            "classes one by one.",
            "probabilities.argmax(axis=1) and probabilities.max(axis=1) are the two. "
            "np.flatnonzero(predicted == label) are the items of one class; order these by how "
            "sure they are, and take the first round(share * len(own)).",
            'Go through a table of five rows by hand. np.argsort(-confidence, kind="stable") '
            "keeps equal "
            "ones in order; sort the items at the very end, then look their labels up.",
        ),
        reference=_pseudo,
        observe=_in_arrays(*GUESSED),
        mistakes=[
            (
                _most_confident_of_all,
                "You took the most confident items of all classes together. A class about which "
                "the model "
                "is less confident then sends few or none. Choose within each predicted class.",
            ),
            (
                _above_share,
                "You used the share as a threshold of the probability. It says how many items of "
                "each class to take.",
            ),
            (
                partial(
                    _pseudo, pick=lambda confidence, number: _most_confident(-confidence, number)
                ),
                "You took the least confident items. np.argsort puts the smallest first.",
            ),
            (
                _class_after_class,
                "The right items, but class after class, the most confident first. Return them in "
                "ascending order, their labels with them.",
            ),
            (
                partial(_class_after_class, order=np.sort),
                "The right items, ascending within each class only. Sort all of them, and their "
                "labels with them.",
            ),
            (
                _labels_left_behind,
                "You sorted the items and left the labels in their old order: they belong to "
                "others now. Look them up again: predicted[items].",
            ),
            (
                partial(_pseudo, number=lambda share, own, p: share * len(own)),
                "You rounded down. round() goes to the nearest whole number.",
            ),
            (
                partial(_pseudo, number=lambda share, own, p: np.ceil(share * len(own))),
                "You rounded up. round() goes to the nearest whole number.",
            ),
            (
                partial(_pseudo, number=lambda share, own, p: round((1 - share) * len(own))),
                "You left out as many as should be taken: share is the part that is kept.",
            ),
            (
                partial(_pseudo, number=lambda share, own, p: round(share * p.size / p.shape[1])),
                "You took round(share * m) items of each class, m being the number of all items. "
                "Multiply by the number of items with that predicted class.",
            ),
            (
                partial(_pseudo, number=lambda share, own, p: round(share * len(p) / p.shape[1])),
                "You took as many items of each class. A class that is predicted often sends more: "
                "multiply by its own number of items.",
            ),
            (
                _by_column,
                "You searched each column among all items. An item counts for its predicted class "
                "alone, so search among the items with that class.",
            ),
            (
                _places_within_classes,
                "These are places within a class. own[places] gives the items' numbers in the "
                "whole array.",
            ),
            (
                partial(
                    _pseudo,
                    pick=lambda confidence, n: np.argsort(confidence, kind="stable")[
                        len(confidence) - n :
                    ],
                ),
                "Among equally confident items at the edge you took the last ones. Take the first.",
            ),
            (
                _as_mask,
                "You gave True and False for every item. The items' numbers are asked for: "
                "np.flatnonzero makes them out of a mask.",
            ),
            (
                lambda p, share: (_pseudo(p, share)[0], p.argmax(axis=1)),
                "These are the labels of all items. Return those of the chosen ones alone.",
            ),
            (
                lambda p, share: _pseudo(p, share)[0],
                "The items are right, but their labels are missing: return items, labels.",
            ),
            (
                lambda p, share: _pseudo(p, share)[::-1],
                "Items and labels are swapped: the items come first.",
            ),
        ],
    ),
    Choice(
        "07.5",
        praise="The labels trained nothing, but they chose. Call it an oracle's choice: what these "
        "strategies could reach if somebody knew the answers. Promise only what was chosen without "
        "them.",
        hints=(
            "Go through all the steps that led to this number. Which of them looked at a label of "
            "a tweet?",
            "Imagine that the tweets had no labels at all. Could your colleague have taken the "
            "same strategy with the same setting?",
            "Exercise 06.3 was about choosing and judging on the same side. What is worse here is "
            "that whoever adapts without labels has no labels to choose by.",
        ),
        right="b",
        why_not={
            "a": "The trainings saw none, but the choice did: twenty times labels said how good a "
            "setting is. Without labels nobody could have chosen this one.",
            "c": "It is good to show all twenty. But it remains that, without labels, nobody knows "
            "which of them to take.",
            "d": "Labels may judge, once, what was chosen without them. And what a choice by "
            "labels would reach is worth knowing, as long as it bears its name.",
        },
    ),
    Choice(
        "07.6",
        praise="The question is about the target, so target items answer it, and items that "
        "neither model has learned from. Several draws show whether the difference is more than "
        "luck.",
        hints=(
            "Which two models must be compared, and on items of which domain?",
            "You have labels of the target. Some of them can judge instead of training.",
            "Lesson 04 chose between strategies with a validation part inside the training items. "
            "Do the same here, with and without the source.",
        ),
        right="d",
        why_not={
            "a": "That shows how the model does in the source. It can hold there and be worse in "
            "the target, and only the target matters.",
            "b": "A distance tells how much the texts differ. Whether the source's labels help in "
            "the target it does not tell: a far source may help, a near one may harm.",
            "c": "The test side would choose and judge at once, so the number that you publish is "
            "high partly by luck. Choose inside the labelled items.",
        },
    ),
    Function(
        "07.7",
        praise="It says how much of what labels would have brought came without them. Below 0 the "
        "adaptation did harm, and where labels bring nothing there is no gap to speak of.",
        hints=(
            "How large is the whole gap, and how much of it is behind you after the adaptation?",
            "Both are measured from source_only: adapted - source_only is what was gained, "
            "oracle - source_only is all there is.",
            "Divide the first by the second, but look at oracle <= source_only before that and "
            'return float("nan") there.',
        ),
        reference=_share_closed,
        observe=_and_then(_share_closed, on_inputs(*GAPS), _without_a_gap),
        mistakes=[
            (
                lambda s, a, o: (o - a) / (o - s),
                "That is the part of the gap that is still open. What is asked for is the part "
                "that is closed.",
            ),
            (
                lambda s, a, o: a - s,
                "That is the gain itself. Divide it by the whole gap.",
            ),
            (
                lambda s, a, o: a / o,
                "You compared with 0. Both the gain and the gap begin at source_only.",
            ),
            (
                lambda s, a, o: (a - s) / s,
                "You divided the gain by source_only. Divide it by the gap up to the oracle.",
            ),
            (
                lambda s, a, o: (a - s) / o,
                "You divided the gain by the oracle's accuracy. The gap is what lies between "
                "source_only and the oracle.",
            ),
            (
                lambda s, a, o: (s - a) / (o - s),
                "The sign is turned round: a gain should be above 0.",
            ),
            (
                lambda s, a, o: max(0.0, _share_closed(s, a, o)),
                "You cut off what is below 0. An adaptation that does harm must show it.",
            ),
            (
                lambda s, a, o: abs(_share_closed(s, a, o)),
                "You dropped the sign. An adaptation that does harm must show it.",
            ),
            (
                lambda s, a, o: min(1.0, _share_closed(s, a, o)),
                "You cut off what is above 1. An adapted model may come out above the oracle.",
            ),
            (
                lambda s, a, o: min(1.0, max(0.0, _share_closed(s, a, o))),
                "You cut the share to between 0 and 1. Harm lies below 0, and an adapted model may "
                "come out above the oracle.",
            ),
            (
                lambda s, a, o: 100 * _share_closed(s, a, o),
                "These are percent. What is asked for is a share: 1 for the whole gap.",
            ),
            (
                _without_guard,
                "Right where there is a gap. Where the oracle is not above source_only there is "
                "none: return nan before you divide.",
            ),
            (
                lambda s, a, o: np.nan if o == s else _without_guard(s, a, o),
                "You thought of an oracle that equals source_only. It can also be below: then the "
                "share would turn harm into a gain. Return nan there, too.",
            ),
            (
                lambda s, a, o: np.nan if o < s else np.inf if o == s else _without_guard(s, a, o),
                "You thought of an oracle below source_only. Where both are equal you still divide "
                "by 0: compare with <=.",
            ),
            (
                _instead(0.0),
                "Right where there is a gap. Where there is none, 0 would say that nothing of it "
                "was closed. Return nan.",
            ),
            (
                _instead(1.0),
                "Right where there is a gap. Where there is none, 1 would say that all of it was "
                "closed. Return nan.",
            ),
            (
                _instead(None),
                "Right where there is a gap. Where there is none, your function returns None. "
                'Return float("nan"), which is a number that a table can hold.',
            ),
        ],
    ),
]
