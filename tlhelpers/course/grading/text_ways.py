"""Variants of the exercises of lessons 05 to 07."""

from __future__ import annotations

import numpy as np

from tlhelpers.course.grading.ways import Way, of_arguments, of_both, of_result, only

# ---------------------------------------------------------------- lesson 05


def _by_cosine(place: int):
    def word_at(word, words, rows):
        unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        here = words.index(word)
        order = [i for i in np.argsort(-(unit @ unit[here])).tolist() if i != here]
        return words[order[place]]

    return word_at


def _neighbour(words: str, place: int) -> Way:
    return Way(
        f"the {words} word",
        (("that is nearest to `word` by cosine", f"that is **{words}** to `word` by cosine"),),
        (
            ("cosines[words.index(word)] = -np.inf", "order = np.argsort(-cosines).tolist()"),
            (
                "return words[int(cosines.argmax())]",
                f"order.remove(words.index(word))\n    return words[order[{place}]]",
            ),
        ),
        instead=_by_cosine(place),
    )


NEIGHBOURS = (
    _neighbour("second nearest", 1),
    _neighbour("third nearest", 2),
    _neighbour("farthest (smallest cosine)", -1),
)


def _known_of_unknown(result, texts, vocabulary):
    return 1 - result if any(texts) else result


SHARES = (
    Way(
        "the share of unknown words",
        (("that are in it, as they are written.", "that are **not** in it, as they are written."),),
        (("sum(word in vocabulary", "sum(word not in vocabulary"),),
        of_result(_known_of_unknown),
    ),
    Way(
        "in per cent",
        (
            (
                "Return the share of the running words",
                "Return **how many per cent** of the running words",
            ),
            ("without any word the share is 0", "without any word that is 0"),
        ),
        (("return sum(word in vocabulary", "return 100 * sum(word in vocabulary"),),
        of_result(lambda result, *given: result / 100),
    ),
)


def _weights(words: str, code: str, given_as) -> Way:
    """`given_as` makes of a weight of the course what the variant must be given for it."""

    def change(text, vectors, weights, size):
        return text, vectors, {word: given_as(weight) for word, weight in weights.items()}, size

    return Way(
        f"weighted by {words}",
        (("each weighted by `weights[word]`", f"each weighted by **{words}**"),),
        (("weights.get(word, 1.0)", code),),
        of_arguments(change),
    )


WEIGHTS = (
    _weights("1 / `weights[word]`", "1 / weights.get(word, 1.0)", lambda w: 1 / w),
    _weights("`weights[word]` squared", "weights.get(word, 1.0) ** 2", lambda w: w**0.5),
    _weights("the root of `weights[word]`", "weights.get(word, 1.0) ** 0.5", lambda w: w**2),
)


def _sample_spread(result, x, y):
    n = len(x) + len(y)
    return result * ((n - 1) / n) ** 0.5


EFFECTS = (
    Way(
        "n in the denominator",
        (("with n − 1 in the denominator", "with **n** in the denominator"),),
        (("both.std(ddof=1)", "both.std()"),),
        of_result(_sample_spread),
    ),
    Way(
        "y minus x",
        (("the difference of their means", "the difference of their means, **y minus x**"),),
        (("(np.mean(x) - np.mean(y))", "(np.mean(y) - np.mean(x))"),),
        of_result(lambda result, *given: -result),
    ),
)

# ---------------------------------------------------------------- lesson 06


def _mark(sign: str) -> Way:
    """Another sign than #; in what comes back it is the course's again."""

    def change(pieces):
        return ([piece.replace("#", sign) for piece in pieces],)

    def back(words):
        return [word.replace(sign, "#") for word in only(list, words)]

    return Way(
        f"the mark {2 * sign}",
        (
            ("`##`", f"`{2 * sign}`"),
            ('"##bel", "##ievable"', f'"{2 * sign}bel", "{2 * sign}ievable"'),
            ("a single `#`", f"a single `{sign}`"),
        ),
        (('"##"', f'"{2 * sign}"'),),
        of_both(change, back),
    )


MARKS = (_mark("~"), _mark("+"), _mark("="))
MEANS = (
    Way(
        "the mask the other way round",
        (("with 1 for a token and 0 for padding", "with **0 for a token and 1 for padding**"),),
        (("mask = mask[:, :, None]", "mask = 1 - mask[:, :, None]"),),
        of_arguments(lambda hidden, mask: (hidden, 1 - mask)),
    ),
    Way(
        "the axes of `hidden` in another order",
        (("`hidden` has the shape (n, length, d)", "`hidden` has the shape **(length, n, d)**"),),
        (
            (
                "mask = mask[:, :, None]",
                "hidden = hidden.swapaxes(0, 1)\n    mask = mask[:, :, None]",
            ),
        ),
        of_arguments(lambda hidden, mask: (hidden.swapaxes(0, 1), mask)),
    ),
)

# ---------------------------------------------------------------- lesson 07

DISTANCES = (
    Way(
        "told what was right",
        (
            ("`True` where it was mistaken.", "`True` where it was **right**."),
            ("`wrong_source` and `wrong_target`", "`right_source` and `right_target`"),
        ),
        (
            (
                "def proxy_distance(wrong_source, wrong_target)",
                "def proxy_distance(right_source, right_target)",
            ),
            (
                "error = (wrong_source.mean() + wrong_target.mean()) / 2",
                "error = 1 - (right_source.mean() + right_target.mean()) / 2",
            ),
        ),
        of_arguments(lambda source, target: (~source, ~target)),
    ),
    Way(
        "another scale",
        (
            (
                "the distance, 2 · (1 − 2 · error), as a float.",
                "the distance **in per cent**, 100 · (1 − 2 · error), as a float.",
            ),
        ),
        (("return 2 * (1 - 2 * error)", "return 100 * (1 - 2 * error)"),),
        of_result(lambda result, *given: result / 50),
    ),
)


def _spread(value: int) -> Way:
    return Way(
        f"a standard deviation of {value}",
        (
            (
                "subtract a feature's mean and divide by its standard deviation",
                f"subtract a feature's mean and bring its standard deviation to **{value}**",
            ),
            (
                "add nothing to the standard deviation of the others",
                "add nothing to the standard deviation that you divide by",
            ),
        ),
        (
            (
                "return (rows - rows.mean(axis=0)) /",
                f"return {value} * (rows - rows.mean(axis=0)) /",
            ),
        ),
        of_result(lambda result, *given: tuple(rows / value for rows in result)),
    )


SPREADS = (_spread(2), _spread(5), _spread(10))


def _identities(root: int) -> Way:
    """With λ = root², data in another unit give the same: cov(x) + λ 1 = λ (cov(x / root) + 1)."""
    return Way(
        f"{root * root} times the identity",
        (
            (
                "add the identity, `np.eye(d)`, to both",
                f"add **{root * root} times** the identity, `{root * root} * np.eye(d)`, to both",
            ),
        ),
        (("+ np.eye(rows.shape[1])", f"+ {root * root} * np.eye(rows.shape[1])"),),
        of_both(lambda source, target: (source * root, target * root), lambda moved: moved / root),
    )


IDENTITIES = (_identities(2), _identities(3), _identities(4))
GUESSES = (
    Way(
        "the items in descending order",
        (("`items`, in ascending order", "`items`, in **descending** order"),),
        (
            (
                "items = np.sort(np.concatenate(chosen))",
                "items = np.sort(np.concatenate(chosen))[::-1]",
            ),
        ),
        of_result(lambda result, *given: tuple(array[::-1] for array in result)),
    ),
    Way(
        "the classes first",
        (
            (
                "Return two int arrays: `items`, in ascending order, and their predicted classes.",
                "Return two int arrays: the **predicted classes** of the chosen "
                "items, and **then** the `items` themselves, "
                "in ascending order.",
            ),
        ),
        (("return items, predicted[items]", "return predicted[items], items"),),
        of_result(lambda result, *given: tuple(result)[::-1]),
    ),
)
GAPS = (
    Way(
        "in per cent",
        (
            ("Return the share of the gap", "Return, **in per cent**, the share of the gap"),
            ("above 1 where it beats", "above 100 where it beats"),
        ),
        (("return (adapted - source_only)", "return 100 * (adapted - source_only)"),),
        of_result(lambda result, *given: result / 100),
    ),
    Way(
        "errors in place of accuracies",
        (
            (
                "Given are three accuracies on the target",
                "Given are three **errors** (shares of mistakes) on the target",
            ),
            (
                "If the oracle is **not above** `source_only`",
                "If the oracle's error is **not below** `source_only`",
            ),
        ),
        (("if oracle <= source_only:", "if oracle >= source_only:"),),
        of_arguments(lambda *accuracies: tuple(1 - one for one in accuracies)),
    ),
)

WAYS: dict[str, tuple[Way, ...]] = {
    "05.1": NEIGHBOURS,
    "05.2": SHARES,
    "05.4": WEIGHTS,
    "05.6": EFFECTS,
    "06.1": MARKS,
    "06.2": MEANS,
    "07.1": DISTANCES,
    "07.2": SPREADS,
    "07.3": IDENTITIES,
    "07.4": GUESSES,
    "07.7": GAPS,
}
