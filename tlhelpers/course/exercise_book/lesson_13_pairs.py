"""Exercise 13.3: pairs of two articles, sorted by the side on which both halves stand."""

import numpy as np

from tlhelpers.course.exercise_book.in_turn import of_result, parts_of
from tlhelpers.course.exercise_kinds import Function, on_drawn


def _pairs(rng, articles, learned, n=30, among=None):
    """Halves drawn from the articles: every third pair from one article, as with true pairs."""
    first, second = rng.choice(articles if among is None else among, (2, n))
    second[::3] = first[::3]
    order = rng.permutation(n)
    return first[order], second[order], rng.permutation(learned).tolist()


def _one_of_each(rng, articles, learned):
    """Pairs that all stand on both sides."""
    rest = np.setdiff1d(articles, learned)
    halves = np.stack([rng.choice(learned, 8), rng.choice(rest, 8)])
    first, second = rng.permuted(halves, axis=0)
    return first, second, learned.tolist()


def _draw_pairs(rng):
    few = np.arange(int(rng.integers(7, 11)))
    some = rng.choice(few, len(few) // 2, replace=False)
    others = np.setdiff1d(few, some)
    large = rng.choice(np.arange(100, 5_000_000), 9, replace=False)
    signed = rng.permutation(np.arange(-6, 5))
    first, second, learned = _pairs(rng, few, some)
    return {
        "where articles are numbered from 0": (first, second, learned),
        "where there are many pairs": _pairs(rng, np.arange(40), rng.permutation(40)[:25], 300),
        "where the numbers of articles are large": _pairs(rng, large, large[:5]),
        "where some numbers of articles are below 0": _pairs(rng, signed, signed[:6]),
        "where one article is to learn from": _pairs(rng, few, some[:1], 40),
        "where one article is for the test": _pairs(rng, few, few[1:], 40),
        "where learned holds articles of no pair": _pairs(rng, few, [*some, 77, 91, 1000]),
        "where the arrays are int32": (first.astype("i4"), second.astype("i4"), learned[::-1]),
        "where learned holds numpy ints": (second, first, list(some)),
        "where no pair is for the test": _pairs(rng, few, few, 12),
        "where no pair is to learn from": _pairs(rng, few, some, 12, among=others),
        "where learned is empty": _pairs(rng, few, few[:0], 12),
        "where every pair stands on both sides": _one_of_each(rng, few, some),
        "where there is one pair": (some[:1], some[:1].copy(), some.tolist()),
    }


def _known(first, second, learned):
    return np.isin(first, learned), np.isin(second, learned)


def _sorted_by(learn, test, give=np.flatnonzero):
    """A function that keeps what two rules say of the masks of both halves."""

    def sort_pairs(first, second, learned):
        known = _known(first, second, learned)
        return give(learn(*known)), give(test(*known))

    return sort_pairs


def _both(a, b):
    return a & b


def _one_at_least(a, b):
    return a | b


def _neither(a, b):
    return ~a & ~b


def _not_both(a, b):
    return ~(a & b)


def _second_alone(test):
    """What Python makes of `first[i] and second[i] in learned`."""

    def sort_pairs(first, second, learned):
        known, some = np.isin(second, learned), first != 0
        return np.flatnonzero(some & known), np.flatnonzero(test(known, some))

    return sort_pairs


def _neither_misread(first, second, learned):
    """What Python makes of `first[i] and second[i] not in learned`."""
    known_first, known_second = _known(first, second, learned)
    test = (first != 0) & ~known_second
    return np.flatnonzero(known_first & known_second), np.flatnonzero(test)


def _articles(first, second, learned):
    known = _known(first, second, learned)
    return first[_both(*known)], first[_neither(*known)]


_right = _sorted_by(_both, _neither)

PAIRS = Function(
    "13.3",
    praise="What stands on both sides is lost, and that is the price: with half of the articles to "
    "learn from, about half of the pairs of two articles go. Blocks of articles keep all pairs.",
    hints=(
        "A pair has two halves. For each half ask by itself: is its article to learn from?",
        "np.isin(first, learned) marks the pairs whose first half is to learn from. Do the same "
        "for second: & means both, and ~ turns a mask round.",
        "np.flatnonzero(mask) gives the places at which a mask is True. For the test, neither half "
        "may be in learned: ~of_first & ~of_second.",
    ),
    reference=_right,
    observe=of_result(parts_of, on_drawn(_draw_pairs)),
    mistakes=[
        (
            _sorted_by(_both, _not_both),
            "Your test has the pairs that stand on both sides: not both in learned is something "
            "else than both not in learned.",
        ),
        (
            _sorted_by(_one_at_least, _neither),
            "You learn from pairs of which one half is for the test: you said or where and is "
            "meant (`&`).",
        ),
        (
            _sorted_by(_one_at_least, _not_both),
            "Pairs that stand on both sides are in both of your arrays. They are left out.",
        ),
        (
            _sorted_by(lambda a, b: a, lambda a, b: ~a),
            "You look at the first half only. The second may be an article of the other side.",
        ),
        (
            _sorted_by(lambda a, b: b, lambda a, b: ~b),
            "You look at the second half only. The first may be an article of the other side.",
        ),
        (
            _second_alone(lambda known, some: ~(some & known)),
            "`first[i] and second[i] in learned` asks of the first half only whether it is unlike "
            "0. Ask for each half by itself whether it is in learned; and what is not to learn "
            "from is not yet for the test.",
        ),
        (
            _second_alone(lambda known, some: some & ~known),
            "`first[i] and second[i] in learned` asks about the second half alone: `first[i]` by "
            "itself is true for every article but 0. Ask for each half whether it is in learned.",
        ),
        (
            _neither_misread,
            "Right for the pairs to learn from. For the test, `first[i] and second[i] not in "
            "learned` asks about the second half alone: ask for each half.",
        ),
        (
            _sorted_by(_both, lambda a, b: ~a),
            "Right for the pairs to learn from. For the test you look at the first half only; the "
            "second may be an article to learn from.",
        ),
        (
            _sorted_by(_both, lambda a, b: ~b),
            "Right for the pairs to learn from. For the test you look at the second half only; the "
            "first may be an article to learn from.",
        ),
        (
            _sorted_by(_neither, _both),
            "The two arrays are swapped: the pairs to learn from come first.",
        ),
        (
            _sorted_by(_both, lambda a, b: a ^ b),
            "Your second array holds the pairs that stand on both sides: just those that are to be "
            "left out.",
        ),
        (
            _sorted_by(_both, _neither, give=lambda mask: mask),
            "These are masks, True and False for each pair. Return the places at which they are "
            "True: np.flatnonzero(mask).",
        ),
        (
            _sorted_by(_both, _neither, give=np.where),
            "np.where(mask) and np.nonzero(mask) give a tuple that holds one array. Take it out "
            "with [0], or use np.flatnonzero(mask).",
        ),
        (
            _sorted_by(_both, _neither, give=np.argwhere),
            "The places are right, but they stand in a column: np.argwhere does that. "
            "np.flatnonzero gives them in one row.",
        ),
        (
            _articles,
            "These are articles, not places of pairs. Return np.flatnonzero(mask).",
        ),
        (
            _sorted_by(_both, _neither, give=lambda mask: np.flatnonzero(mask) + 1),
            "Your places count from 1. The first pair has the place 0.",
        ),
        (
            _sorted_by(_both, _neither, give=lambda mask: np.flatnonzero(mask)[::-1]),
            "The places are right, but in descending order. Return them in ascending order.",
        ),
        (
            lambda first, second, learned: (np.arange(0), np.arange(len(first))),
            "Every pair is for the test here. Do you give np.isin a set? It takes a set for one "
            "single thing: give it the list.",
        ),
        (
            _sorted_by(lambda a, b: (a + b) == 2, _neither),
            "No pair is left to learn from. Two masks added with + give True and False again, "
            "never 2: use & for both.",
        ),
    ],
)
