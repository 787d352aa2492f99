"""Exercise 08.8: the model with the least mean entropy."""

import numpy as np

from tlhelpers.course.exercise_book.drawn_words import draw_words
from tlhelpers.course.exercise_book.in_turn import of_result
from tlhelpers.course.exercise_kinds import Function, on_drawn


def _softmax(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _steady(rng, m, k, entropy):
    """Rows that are all about as confident, with this mean entropy."""
    scores = rng.normal(size=(m, k))
    low, high = 0.0, 400.0
    for _ in range(60):
        middle = (low + high) / 2
        above = _mean_entropy(_softmax(middle * scores)) > entropy
        low, high = (middle, high) if above else (low, middle)
    return _softmax(low * scores)


def _mixed(rng, m, k):
    """Some rows that are very confident, and others that are not at all."""
    sharp = _softmax(12 * rng.normal(size=(m, k)))
    return np.concatenate([sharp, _softmax(0.4 * rng.normal(size=(m // 2, k)))])


def _with_zeros(rng, m, k):
    """Rows of two classes, the rest 0; some with one class alone, and some without a 0."""
    rows = np.zeros((m, k))
    for place, row in enumerate(rows):
        share = rng.uniform(0.55, 0.9) if place % 3 else 1.0
        row[rng.choice(k, 2, replace=False)] = share, 1 - share
        if place % 4 == 1:
            row[:] = rng.dirichlet(np.full(k, 3.0))
    return rows


def _one_class(rng, m, k):
    """Every row the same guess: the mean row is as confident as each of them."""
    return np.tile(_steady(rng, 1, k, 0.5), (m, 1))


def _against(rng, rows, other_m, by):
    """Two models, the second of steady rows and of an entropy that is `by` above the first's."""
    steady = _steady(rng, other_m, rows.shape[1], _mean_entropy(rows) + by)
    models = [rows, steady] if rng.random() < 0.5 else [steady, rows]
    return (dict(zip(draw_words(rng, 2), models, strict=True)),)


def _draw_models(rng):
    found = {}
    for word, by in (("less", 0.004), ("more", -0.004)):
        mixed, zeros = _mixed(rng, 6, 3), _with_zeros(rng, 9, 3)
        two, many = _mixed(rng, 4, 2), _with_zeros(rng, 8, 9)
        found |= {
            f"where confident rows mix with others and the other is {word} confident": _against(
                rng, mixed, 5, by
            ),
            f"where probabilities are 0 and the other is {word} confident": _against(
                rng, zeros, 4, by / 8
            ),
            f"where one class is guessed and the other is {word} confident": _against(
                rng, _one_class(rng, 4, 4), 7, by
            ),
            f"where there are two classes and the other is {word} confident": _against(
                rng, two, 9, by
            ),
            f"where there are many classes and the other is {word} confident": _against(
                rng, many, 8, by
            ),
        }
    names, rows = draw_words(rng, 4), _with_zeros(rng, 6, 3)
    worse, certain = _steady(rng, 6, 3, 0.9), np.eye(3)[rng.integers(0, 3, 5)]
    equal = dict(zip(names, [worse, rows, rows.copy(), rows.copy()], strict=True))
    return found | {
        "where several are equal": (equal,),
        "where all are equal": (dict.fromkeys(names[:2], rows),),
        "where there is one model": ({names[0]: worse},),
        "where a model is certain": (dict(zip(names, [rows, certain, worse], strict=False)),),
        "where the probabilities are float32": _of_float32(_against(rng, mixed, 5, 0.02)),
    }


def _of_float32(arguments):
    return ({name: rows.astype(np.float32) for name, rows in arguments[0].items()},)


def _entropies(rows):
    """The entropy of each row, where 0 · log 0 is 0."""
    return -(rows * np.log(np.where(rows > 0, rows, 1))).sum(axis=1)


def _unguarded(rows):
    return -(rows * np.log(rows)).sum(axis=1)


def _lowest(score):
    """The first of the names whose score is lowest."""
    return lambda probabilities: min(probabilities, key=lambda name: score(probabilities[name]))


def _mean_entropy(rows):
    return _entropies(rows).mean()


def _of_rows_without_zeros(rows):
    kept = rows[(rows > 0).all(axis=1)]
    return _mean_entropy(kept) if len(kept) else np.nan


_least = _lowest(_mean_entropy)


def _place_of_nan(probabilities):
    return list(probabilities)[
        int(np.argmin([_unguarded(x).mean() for x in probabilities.values()]))
    ]


def _as_text(name):
    """A text out of numpy counts as a text."""
    return str(name) if isinstance(name, str) else name


ENTROPY = Function(
    "08.8",
    praise="No label was needed. But low entropy says that a model is sure, not that it is "
    "right: one that gives every item the same class would win here, too.",
    hints=(
        "The entropy of a row is the sum of -p · log p over its classes. Then take the mean "
        "over the rows, and the name with the lowest one.",
        "np.where(p > 0, p, 1) can stand inside the logarithm: its log is 0 where p is 0.",
        "Work out the rows [1, 0] and [0.5, 0.5] by hand: 0 and log 2. "
        "min(names, key=…) takes the first of equals.",
    ),
    reference=_least,
    observe=of_result(_as_text, on_drawn(_draw_models)),
    mistakes=[
        (
            _lowest(lambda rows: -_mean_entropy(rows)),
            "That is the highest entropy, or the minus is missing: p · log p is never above 0.",
        ),
        (
            _lowest(lambda rows: -rows.max(axis=1).mean()),
            "You took the mean of the highest probabilities. It is often near, but it does not "
            "see how the rest is spread over the other classes.",
        ),
        (
            _lowest(lambda rows: _unguarded(rows).mean()),
            "Where a probability is 0, your entropy is nan, and a comparison with nan is never "
            "true, so the order of the names decides. 0 · log 0 counts as 0.",
        ),
        (
            _place_of_nan,
            "Where a probability is 0, your entropy is nan, and argmin takes the first nan. "
            "0 · log 0 counts as 0.",
        ),
        (
            _lowest(_of_rows_without_zeros),
            "You left out every row with a probability of 0. These are the most confident "
            "ones: there "
            "0 · log 0 counts as 0.",
        ),
        (
            _lowest(lambda rows: _entropies(rows.mean(axis=0, keepdims=True))[0]),
            "You took the mean of the probabilities first. Its entropy is low where one class "
            "is guessed for all items. Take the entropy of each row first.",
        ),
        (
            _lowest(lambda rows: _entropies(rows).sum()),
            "You summed over the rows, so whoever has fewer of them wins. Take the mean.",
        ),
        (
            _lowest(lambda rows: np.median(_entropies(rows))),
            "You took the median of the entropies. The mean is asked for.",
        ),
        (
            _lowest(lambda rows: 1 - (rows**2).sum(axis=1).mean()),
            "You took the Gini impurity, 1 minus the sum of squares. The entropy is the sum of "
            "-p · log p.",
        ),
        (
            _lowest(lambda rows: -(rows * np.log(rows + 0.01)).sum(axis=1).mean()),
            "You added 0.01 inside the logarithm, which lowers the entropy of every row. Add "
            "nothing: np.where(p > 0, p, 1) keeps 0 out of it.",
        ),
        (
            _lowest(lambda rows: -(rows * np.log(rows + 0.1)).sum(axis=1).mean()),
            "You added 0.1 inside the logarithm, which lowers the entropy of every row. Add "
            "nothing: np.where(p > 0, p, 1) keeps 0 out of it.",
        ),
        (
            lambda probabilities: min(
                probabilities, key=lambda name: round(_mean_entropy(probabilities[name]), 2)
            ),
            "You rounded the entropies to two places, so that two which are nearly equal count as "
            "equal. Compare them as they come out.",
        ),
        (
            lambda probabilities: next(iter(probabilities)),
            "That is the first name, whatever the probabilities are.",
        ),
        (
            _lowest(lambda rows: -(rows * np.log(rows + 0.001)).sum(axis=1).mean()),
            "You added about 0.001 inside the logarithm, or cut p off at a small number: that "
            "changes the entropy of every row. Add nothing: np.where(p > 0, p, 1) keeps 0 out of "
            "it.",
        ),
        (
            _lowest(lambda rows: _entropies(rows)[0]),
            "You looked at the first row alone. All rows count: take the mean.",
        ),
        (
            _lowest(lambda rows: _entropies(rows).max()),
            "You took the least confident row alone. All rows count: take the mean.",
        ),
        (
            _lowest(lambda rows: _entropies(rows).min()),
            "You took the most confident row alone. All rows count: take the mean.",
        ),
        (
            lambda probabilities: _least(dict(reversed(probabilities.items()))),
            "Among equal ones you took the last. Take the first.",
        ),
        (
            lambda probabilities: min(_mean_entropy(x) for x in probabilities.values()),
            "That is the lowest mean entropy. What is asked for is the name.",
        ),
        (
            lambda probabilities: list(probabilities).index(_least(probabilities)),
            "That is the place of the name. What is asked for is the name itself.",
        ),
    ],
)
