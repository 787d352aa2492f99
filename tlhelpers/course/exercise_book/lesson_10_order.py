"""Exercise 10.6: probabilities in the order of another list of classes."""

import string

import numpy as np

from tlhelpers.course.exercise_kinds import Function, on_drawn


def _situation(rng, k, n, order=None):
    """Probabilities in the order of the saved names, and the same names in another order."""
    letters = list(string.ascii_lowercase)
    names = ["".join(rng.choice(letters, 5)) for _ in range(k)]
    order = rng.permutation(k) if order is None else order
    rows = rng.dirichlet(np.ones(k), n)
    return rows, names, [names[place] for place in order]


def _numbered(rng):
    """Names with numbers: sorted as texts, "class 10" comes before "class 2"."""
    names = [f"class {number}" for number in range(1, 12)]
    wanted = [names[place] for place in rng.permutation(len(names))]
    return rng.dirichlet(np.ones(11), 4), names, wanted


def _draw_orders(rng):
    turn = list(np.roll(np.arange(5), 2))  # no permutation that is its own inverse
    return {
        "where three classes are turned round": _situation(rng, 3, 4, [1, 2, 0]),
        "where five classes are shifted": _situation(rng, 5, 6, turn),
        "where the order is the same": _situation(rng, 4, 3, [0, 1, 2, 3]),
        "where names hold numbers": _numbered(rng),
        "where there are many classes": _situation(rng, 12, 3),
        "where there is one item": _situation(rng, 4, 1, [3, 0, 1, 2]),
    }


def _ordered(rows, saved, wanted):
    return rows[:, [saved.index(name) for name in wanted]]


def _sort(rows, saved, wanted):
    return rows[:, np.argsort(saved)]


ORDER = Function(
    "10.6",
    praise="By name, never by place. A model whose columns are read in another order gives "
    "confident nonsense and no error: so the names go into the file with the weights.",
    hints=(
        "For each wanted name: in which column of the saved order does it stand?",
        "saved_names.index(name) is the column of one name. Make a list of these for all wanted "
        "names, in the order in which they are wanted.",
        "probabilities[:, columns] takes columns in a new order, all rows at once.",
    ),
    reference=_ordered,
    observe=on_drawn(_draw_orders),
    mistakes=[
        (
            lambda rows, saved, wanted: rows[:, [wanted.index(name) for name in saved]],
            "You asked where each saved name is wanted. That is the way back: ask where each "
            "wanted name was saved.",
        ),
        (
            lambda rows, saved, wanted: rows,
            "The columns are still in the saved order.",
        ),
        (
            _sort,
            "You sorted the columns by name. They are wanted in the order of `wanted_names`, which "
            "need not be sorted.",
        ),
        (
            lambda rows, saved, wanted: np.sort(rows, axis=1),
            "You sorted the numbers of each row: nobody knows any more whose they are.",
        ),
        (
            lambda rows, saved, wanted: rows[:, np.argsort(wanted)],
            "You took the order that would sort the wanted names, as if the saved ones were "
            "sorted. Look each name up.",
        ),
        (
            lambda rows, saved, wanted: _ordered(rows, saved, wanted).argmax(axis=1),
            "The order is right. Return the probabilities, not the likeliest class.",
        ),
        (
            lambda rows, saved, wanted: _ordered(rows, saved, wanted).T,
            "The values are right, but rows and columns are swapped: one row for each item.",
        ),
        (
            lambda rows, saved, wanted: [saved.index(name) for name in wanted],
            "These are the columns. Return the probabilities in that order.",
        ),
        (
            lambda rows, saved, wanted: _ordered(rows, saved, wanted).T.reshape(rows.shape),
            "You made rows of the columns, and `reshape` does not turn them back: it cuts the "
            "numbers anew in the order in which they lie. Turn them with .T.",
        ),
    ],
)
