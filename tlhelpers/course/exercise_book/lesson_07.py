"""Exercises of lesson 07."""

from functools import partial

import numpy as np

from tlhelpers.course.exercise_book.in_turn import counted_as, in_turn, of_result, parts_of
from tlhelpers.course.exercise_book.lesson_07_coral import CORAL
from tlhelpers.course.exercise_book.lesson_07_pseudo import PSEUDO
from tlhelpers.course.exercise_kinds import Choice, Function, on_drawn

# ---------------------------------------------------------------- a distance of domains


def _wrong(rng, mistaken: int, rows: int) -> np.ndarray:
    return rng.permutation(np.arange(rows) < mistaken)


def _draw_mistakes(rng):
    n, m = int(rng.integers(20, 40)), int(rng.integers(4, 9))
    return {
        "where the source has more rows": (_wrong(rng, n // 4, n), _wrong(rng, 1, m)),
        "where the target has more rows": (_wrong(rng, 3, m), _wrong(rng, n // 7, n)),
        "where both domains have as many rows": (_wrong(rng, n // 3, n), _wrong(rng, 2, n)),
        "where no row is mistaken": (_wrong(rng, 0, n), _wrong(rng, 0, m)),
        "where half of the rows are mistaken": (_wrong(rng, n, 2 * n), _wrong(rng, m, 2 * m)),
        "where more than half are mistaken": (_wrong(rng, n - 2, n), _wrong(rng, m - 1, m)),
        "where every row is mistaken": (_wrong(rng, n, n), _wrong(rng, m, m)),
        "where a domain has one row": (_wrong(rng, n // 5, n), _wrong(rng, 1, 1)),
    }


def _error(wrong_source, wrong_target):
    return (np.mean(wrong_source) + np.mean(wrong_target)) / 2


def _distance(wrong_source, wrong_target):
    return 2 * (1 - 2 * _error(wrong_source, wrong_target))


# ---------------------------------------------------------------- each domain by itself


def _domain(rng, n, d):
    """Features that differ in place and in scale."""
    return rng.normal(size=(n, d)) * np.geomspace(0.3, 4, d) + rng.uniform(-4, 4, d)


def _draw_domains(rng):
    source, target = _domain(rng, 9, 4), _domain(rng, 6, 4)
    tight = _domain(rng, 7, 2) * [1e-6, 1]
    return {
        "where the source has more rows": (source, target),
        "where the target has more rows": (_domain(rng, 5, 3), _domain(rng, 12, 3)),
        "where there are as many rows as features": (_domain(rng, 4, 4), _domain(rng, 4, 4)),
        "where there is one feature": (_domain(rng, 6, 1), _domain(rng, 3, 1)),
        "where a domain has two rows": (_domain(rng, 8, 3), _domain(rng, 2, 3)),
        "where a feature varies very little": (tight, _domain(rng, 5, 2)),
        "where the features are float32": (source.astype("f4"), target.astype("f4")),
        "where a feature is 0 but for one row": (_rare(rng, 6, 3), _rare(rng, 4, 2)),
    }


def _rare(rng, n, row):
    """The first feature counts something that one row alone has, as words of a text do."""
    rows = _domain(rng, n, 2)
    rows[:, 0] = 2 * (np.arange(n) == row)
    return rows


def _constant(rng, n, d):
    """Each feature has one value, of which floats make a mean that differs in its last digit."""
    while True:
        rows = np.tile(rng.uniform(0.1, 0.9, d).round(1), (n, 1))
        if (rows.std(axis=0) > 0).all():
            return rows


def _draw_constants(rng):
    source, target = _domain(rng, 5, 3), _domain(rng, 4, 3)
    source[:, 0] = target[:, 1] = int(rng.integers(2, 6))
    source[:, 2] = target[:, 2] = -4
    return {
        "where a feature is constant": (source, target),
        "where a constant is 0": (_domain(rng, 5, 2) * [0, 1], _domain(rng, 4, 2)),
        "where a constant is no whole number": (_constant(rng, 3, 1), _constant(rng, 6, 1)),
    }


def _varies(seen, axis):
    return np.ptp(seen, axis, keepdims=True) > 0


def _has_spread(seen, axis):
    return np.std(seen, axis, keepdims=True) > 0


def _scaled(rows, seen, axis=0, ddof=0, power=1, constant=None, add=0.0, varies=_varies):
    """Rows by the mean and the spread of `seen`; `constant` is what a feature without any gets."""
    mean = np.mean(seen, axis, keepdims=True)
    spread = np.std(seen, axis, ddof=ddof, keepdims=True)
    if constant == "divided by 0":
        return (rows - mean) / spread
    varies = varies(seen, axis)
    scaled = (rows - mean) / (np.where(varies, spread, 1) ** power + add)
    return np.where(varies, scaled, rows) if constant == "kept" else scaled


def _each(source, target, **options):
    return _scaled(source, source, **options), _scaled(target, target, **options)


def _by_both(source, target):
    both = np.concatenate([source, target])
    return _scaled(source, both), _scaled(target, both)


def _to_length_one(source, target):
    rows = [domain - domain.mean(axis=0) for domain in (source, target)]
    return tuple(x / np.linalg.norm(x, axis=1, keepdims=True) for x in rows)


def _to_range(source, target):
    ranges = [np.ptp(x, axis=0) for x in (source, target)]
    return tuple((x - x.min(0)) / r for x, r in zip((source, target), ranges, strict=True))


# ---------------------------------------------------------------- the gap that is closed


def _draw_accuracies(rng):
    low, gap = rng.uniform(0.4, 0.55), rng.uniform(0.2, 0.4)
    within, above = rng.uniform(0.2, 0.8), rng.uniform(1.1, 1.3)
    return {
        "where the adapted model lies between": (low, low + within * gap, low + gap),
        "where the adaptation does harm": (low, low - within * gap, low + gap),
        "where the adapted model beats the oracle": (low, low + above * gap, low + gap),
        "where nothing is gained": (low, low, low + gap),
        "where the oracle is reached": (low, low + gap, low + gap),
        "where the gap is small": (low, low + within * 0.01, low + 0.01),
        "where the gap is very small": (low, low - 2e-4, low + 1e-4),
        "where all accuracies are low": (0.02, 0.02 + within * gap, 0.02 + gap),
    }


def _draw_no_gap(rng):
    low, more = rng.uniform(0.5, 0.7), rng.uniform(0.05, 0.2)
    return {
        "where the oracle equals source only": (low, low + more, low),
        "where all three are equal": (low, low, low),
        "where the oracle is below source only": (low, low + more, low - more),
        "where the adapted model lies below, too": (low, low - more / 2, low - more),
    }


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
        observe=on_drawn(_draw_mistakes),
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
            (
                lambda s, t: 2 * (1 - 2 * max(np.mean(s), np.mean(t))),
                "You took the larger of the two shares. The error is their mean.",
            ),
            (
                lambda s, t: round(_distance(s, t)),
                "You rounded to a whole number. Return the distance as it comes out.",
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
            "A constant feature becomes 0: what is left after the mean is subtracted. Where "
            "np.ptp(rows, axis=0), largest minus smallest, is 0, divide by 1: the standard "
            "deviation of 0.1, 0.1, 0.1 is not 0, but 1e-17.",
        ),
        reference=_each,
        observe=in_turn(
            _each,
            of_result(parts_of, on_drawn(_draw_domains)),
            of_result(parts_of, on_drawn(_draw_constants)),
        ),
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
            (
                partial(_each, varies=_has_spread),
                "Right where a feature varies, or is 0 or 4 everywhere. But floats round: of 0.1, "
                "0.1, 0.1 the standard deviation is 1e-17, and you divide by that. Ask whether the "
                "largest equals the smallest, or whether the deviation is below 1e-12.",
            ),
            (
                partial(_each, add=1e-8),
                "You added a small number to the standard deviation. Where a feature varies very "
                "little it shows: divide by the deviation as it is.",
            ),
            (
                partial(_each, add=1e-3),
                "You added 0.001 to the standard deviation. Divide by the deviation as it is.",
            ),
            (
                lambda s, t: _each(s, t)[::-1],
                "The two are swapped: return source, target.",
            ),
            (
                lambda s, t: tuple(
                    (x - np.median(x, axis=0)) / np.where(_varies(x, 0)[0], x.std(axis=0), 1)
                    for x in (s, t)
                ),
                "You subtracted the median. Subtract the mean.",
            ),
            (
                _to_length_one,
                "You brought each row to length one. Here each feature is divided by its standard "
                "deviation.",
            ),
            (
                _to_range,
                "You brought each feature between 0 and 1. Subtract the mean and divide by the "
                "standard deviation.",
            ),
            (
                lambda s, t: (_scaled(s, s), _scaled(s, s)),
                "The source came back twice. The second one is the target, by its own numbers.",
            ),
        ],
    ),
    CORAL,
    PSEUDO,
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
        observe=in_turn(
            _share_closed,
            on_drawn(_draw_accuracies),
            counted_as(np.inf, ZeroDivisionError, on_drawn(_draw_no_gap)),
        ),
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
                lambda s, a, o: np.nan if o <= s else (o - s) / (a - s) if a != s else np.inf,
                "The fraction is upside down: the gain stands above the line, the gap below it.",
            ),
            (
                lambda s, a, o: np.nan if a <= s else _share_closed(s, a, o),
                "You return nan where the adaptation does harm or gains nothing. Only where there "
                "is no gap the share is nan.",
            ),
            (
                lambda s, a, o: a - o,
                "That is the distance from the oracle. Divide the gain by the whole gap.",
            ),
            (
                lambda s, a, o: np.nan if o - s < 0.01 else _share_closed(s, a, o),
                "You return nan where the gap is small. There is a gap as soon as the oracle lies "
                "above source_only.",
            ),
            (
                lambda s, a, o: s + _share_closed(s, a, o),
                "You added source_only again. The share alone is asked for.",
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
                _instead(np.inf),
                "Right where there is a gap. Where there is none, infinity would say that it was "
                "closed many times over. Return nan.",
            ),
            (
                _instead(None),
                "Right where there is a gap. Where there is none, your function returns None. "
                'Return float("nan"), which is a number that a table can hold.',
            ),
        ],
    ),
]
