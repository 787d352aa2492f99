"""Exercise 08.4: the squared maximum mean discrepancy, unbiased, with a Gaussian kernel."""

from functools import partial

import numpy as np

from tlhelpers.course.exercise_book.in_turn import in_turn, of_result
from tlhelpers.course.exercise_kinds import Function, on_drawn


def _rows(rng, n, d, shift=0.0):
    return rng.normal(size=(n, d)) + shift


def _draw_pairs(rng):
    """As many rows in both sets, so that every mistake runs."""
    a = _rows(rng, 5, 3)
    return {
        "where both sets have as many rows": (a, _rows(rng, 5, 3, 1.5), rng.uniform(1.2, 2.0)),
        "where the sets lie far apart": (_rows(rng, 4, 2), _rows(rng, 4, 2, 6), 1.5),
        "where both sets hold the same rows": (a, a.copy(), rng.uniform(1.0, 1.5)),
        "where there is one feature": (_rows(rng, 6, 1), _rows(rng, 6, 1, 1), 0.7),
        "where h is large": (_rows(rng, 4, 3), _rows(rng, 4, 3, 3), rng.uniform(3, 4)),
        "where h is 1": (_rows(rng, 4, 2), _rows(rng, 4, 2, 1), 1),
        "where there are two rows each": (_rows(rng, 2, 3), _rows(rng, 2, 3, 1), 2.0),
        "where the rows are whole numbers": (
            rng.integers(-2, 2, (5, 2)) * 1.0, rng.integers(0, 4, (5, 2)) * 1.0, 1.5,
        ),
    }  # fmt: skip


def _draw_other_pairs(rng):
    n = int(rng.integers(7, 11))
    twice = np.repeat(_rows(rng, 3, 2), 2, axis=0)
    return {
        "where a has more rows": (_rows(rng, n, 3), _rows(rng, 4, 3, 1), rng.uniform(1, 2)),
        "where b has more rows": (_rows(rng, 3, 2), _rows(rng, n, 2, 1), rng.uniform(1, 2)),
        "where a set holds rows twice": (twice, _rows(rng, 5, 2, 1), 1.0),
    }


def _similarity(x, y, h):
    """The Gaussian kernel of every row of x with every row of y, shape (n, m)."""
    squared = ((x[:, None].astype(float) - y[None]) ** 2).sum(axis=2)
    return np.exp(-squared / (2 * h**2))


def _within(k):
    """The mean over all pairs of two different rows."""
    return (k.sum() - np.trace(k)) / (len(k) * (len(k) - 1))


def _parts(a, b, h, kernel=_similarity, within=_within):
    return within(kernel(a, a, h)), within(kernel(b, b, h)), kernel(a, b, h).mean()


def _mmd(a, b, h, **changed):
    of_a, of_b, across = _parts(a, b, h, **changed)
    return of_a + of_b - 2 * across


def _double_sum(a, b, h):
    """The formula read out word by word: the closed loop that answers are compared with."""

    def k(x, y):
        return np.exp(-sum((p - q) ** 2 for p, q in zip(x, y, strict=True)) / (2 * h**2))

    def mean(pairs):
        return sum(pairs) / len(pairs)

    a, b = a.astype(float), b.astype(float)
    of_a, of_b = (
        mean([k(x, y) for i, x in enumerate(rows) for j, y in enumerate(rows) if i != j])
        for rows in (a, b)
    )
    return of_a + of_b - 2 * mean([k(x, y) for x in a for y in b])


def _weighed(of_a=1, of_b=1, across=-2):
    """The three means, added up with other numbers in front."""
    return lambda a, b, h: np.dot(_parts(a, b, h), (of_a, of_b, across))


def _less_n(k):
    """As `_within`, where the diagonal is taken for n ones: with another kernel it differs."""
    return (k.sum() - len(k)) / (len(k) * (len(k) - 1))


def _of_distance(make, within=_within):
    """The discrepancy whose kernel is made of squared distances, h and the number of features."""
    return partial(
        _mmd,
        within=within,
        kernel=lambda x, y, h: make(
            ((x[:, None].astype(float) - y[None]) ** 2).sum(axis=2), h, x.shape[1]
        ),
    )


def _median_for_h(a, b, h):
    rows = np.concatenate([a, b]).astype(float)
    apart = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    return _mmd(a, b, np.median(apart[np.triu_indices(len(rows), 1)]))


def _counted_as_a(a, b, h):
    """The pairs of b are divided by the number of those of a."""
    n = len(a)
    return _mmd(a, b, h, within=lambda k: (k.sum() - len(k)) / (n * (n - 1)))


def _row_by_row(a, b, h):
    """Across, each row of a meets the row of b that stands in the same place alone."""
    of_a, of_b, _ = _parts(a, b, h)
    return of_a + of_b - 2 * np.diag(_similarity(a, b, h)).mean()


def _across(mean):
    """The discrepancy with another mean of the similarities across."""

    def mmd(a, b, h):
        of_a, of_b, _ = _parts(a, b, h)
        return of_a + of_b - 2 * mean(_similarity(a, b, h))

    return mmd


def _of_means(a, b, h):
    return ((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum()


def _equal_left_out(k):
    """Every pair of similarity 1 is left out, also two different rows that are equal."""
    kept = k[k < 1]
    return kept.mean() if len(kept) else 0.0


MMD = Function(
    "08.4",
    praise="Two sets of rows, one number, and no label. Both means within leave out a row's pair "
    "with itself, so for equal distributions the estimate is 0 on average and often below.",
    hints=(
        "Three means are needed: within a, within b, and across. Write the similarity of two sets "
        "of rows once, as a function of its own.",
        "With x[:, None] - y[None], numpy subtracts every row of y from every row of x, shape "
        "(n, m, d). Square, sum over the last axis, divide by 2 h², take exp of minus that.",
        "Within a there are n² pairs, n of which are a row with itself, with similarity 1: "
        "(k.sum() - n) / (n * (n - 1)). Compare with two loops over four rows.",
    ),
    reference=_double_sum,
    observe=of_result(
        lambda result: result,
        in_turn(_double_sum, on_drawn(_draw_pairs), on_drawn(_draw_other_pairs)),
    ),
    mistakes=[
        (
            partial(_mmd, within=np.mean),
            "You paired each row with itself. That is the biased estimate: it is never below 0, "
            "and for few rows far above. Leave out these n pairs, and divide by n (n − 1).",
        ),
        (
            partial(_mmd, within=lambda k: (k.sum() - len(k)) / len(k) ** 2),
            "You left out the pairs of a row with itself, but divided by n². There are n (n − 1) "
            "pairs left.",
        ),
        (
            partial(_mmd, within=lambda k: k.sum() / (len(k) * (len(k) - 1))),
            "You divided by n (n − 1), but the pairs of a row with itself are still in the sum.",
        ),
        (
            partial(_mmd, within=lambda k: np.triu(k, 1).sum() / (len(k) * (len(k) - 1))),
            "You counted each pair within a domain once, and divided by n (n − 1), where each "
            "stands twice. Divide by n (n − 1) / 2, or count both.",
        ),
        (
            _weighed(across=-1),
            "The mean across is taken off once. It is taken off twice.",
        ),
        (
            _weighed(across=2),
            "You added the mean across. The more alike the domains are, the larger it is: it is "
            "taken off.",
        ),
        (
            _weighed(across=0),
            "The mean across is missing: without it, nothing compares the two domains.",
        ),
        (
            _weighed(-1, -1, 2),
            "The sign is turned round: what lies far apart should get the large number.",
        ),
        (
            _weighed(of_b=0),
            "The mean within b is missing.",
        ),
        (
            _weighed(of_a=0),
            "The mean within a is missing.",
        ),
        (
            _weighed(of_a=2, of_b=0),
            "You counted the mean within a twice. One of them is that within b.",
        ),
        (
            _weighed(0.5, 0.5, -1),
            "That is half of it. Both means within count whole, the mean across twice.",
        ),
        (
            _of_distance(lambda squared, h, d: np.exp(-np.sqrt(squared) / (2 * h**2))),
            "You took the distance. In the Gaussian kernel it is squared: drop the root.",
        ),
        (
            _of_distance(lambda squared, h, d: np.exp(-(squared**2) / (2 * h**2))),
            "You squared the distance twice.",
        ),
        (
            _of_distance(lambda squared, h, d: np.exp(-squared / h**2)),
            "You divided by h². Divide by 2 h².",
        ),
        (
            _of_distance(lambda squared, h, d: np.exp(-squared / (2 * h))),
            "You divided by 2 h. h is squared: 2 * h**2.",
        ),
        (
            _of_distance(lambda squared, h, d: np.exp(-squared / (2 * h) ** 2)),
            "You squared the 2 as well. h alone is squared: 2 * h**2.",
        ),
        (
            _of_distance(lambda squared, h, d: np.exp(-squared / 2 * h**2)),
            "You multiplied by h²: d² / 2 * h**2 is worked out from left to right. Put 2 * h**2 "
            "in brackets.",
        ),
        (
            _of_distance(lambda squared, h, d: np.exp(-squared * (2 * h**2))),
            "You multiplied by 2 h². Divide by it.",
        ),
        (
            _of_distance(lambda squared, h, d: np.exp(-squared / 2)),
            "h is missing: d² is divided by 2 h².",
        ),
        (
            _of_distance(lambda squared, h, d: np.exp(-squared / d / (2 * h**2))),
            "You took the mean over the features. The squared distance is their sum.",
        ),
        (
            _of_distance(lambda squared, h, d: np.exp(squared / (2 * h**2))),
            "The minus in the exponent is missing: similarity should fall with the distance.",
        ),
        (
            _of_distance(lambda squared, h, d: -squared / (2 * h**2)),
            "exp is missing: the similarity is exp of what you have, between 0 and 1.",
        ),
        (
            _of_distance(lambda squared, h, d: -squared / (2 * h**2), _less_n),
            "exp is missing: the similarity is exp of what you have, and 1 for a row with itself.",
        ),
        (
            _of_distance(lambda squared, h, d: squared),
            "You compared squared distances. The similarity is exp(−d² / (2 h²)).",
        ),
        (
            _of_distance(lambda squared, h, d: squared, _less_n),
            "You compared squared distances. The similarity is exp(−d² / (2 h²)), which is 1 for a "
            "row with itself.",
        ),
        (
            _median_for_h,
            "You used the median distance in place of h, which is given.",
        ),
        (
            lambda a, b, h: max(_mmd(a, b, h), 0.0),
            "You set what is below 0 to 0. By chance the unbiased estimate falls below 0: leave "
            "it, else it is too large on average.",
        ),
        (
            lambda a, b, h: abs(_mmd(a, b, h)),
            "You took the absolute value. By chance the estimate falls below 0: leave it.",
        ),
        (
            lambda a, b, h: np.sqrt(max(_mmd(a, b, h), 0.0)),
            "You took the root. MMD² is asked for.",
        ),
        (
            lambda a, b, h: np.sqrt(_mmd(a, b, h)),
            "You took the root, which is nan below 0. MMD² is asked for.",
        ),
        (
            _of_means,
            "That is the squared distance of the two means. It does not see the spread: use the "
            "similarities of pairs.",
        ),
        (
            _row_by_row,
            "Across, you paired the first row of a with the first of b, and so on. Every row of a "
            "meets every row of b.",
        ),
        (
            _across(lambda k: (k.sum() - np.trace(k)) / (k.size - min(k.shape))),
            "Across, you left out the pairs of rows in the same place. These are different rows: "
            "every row of a meets every row of b.",
        ),
        (
            _across(lambda k: k[k < 1].mean()),
            "Across, you left out pairs of equal rows. They count: what is left out is a row with "
            "itself, within a domain.",
        ),
        (
            lambda a, b, h: _parts(a, b, h)[2],
            "That is the mean across alone. The means within belong to it.",
        ),
        (
            _counted_as_a,
            "Right for sets of the same size. Otherwise each has its own number of rows.",
        ),
        (
            partial(_mmd, within=_equal_left_out),
            "You left out every pair of similarity 1. Two different rows that are equal count: "
            "leave out the diagonal alone.",
        ),
    ],
)
