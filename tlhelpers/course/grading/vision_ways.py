"""Variants of the exercises of lessons 00 to 04."""

from __future__ import annotations

import numpy as np
from torch import nn

from tlhelpers.course.grading.ways import Way, of_arguments, of_result, only

# ---------------------------------------------------------------- lesson 00


def _majority(what: str, times: str, back) -> Way:
    return Way(
        what,
        (("the accuracy on `test_labels` of", f"{what} on `test_labels` of"),),
        (("return (test_labels == most_common).mean()", f"return {times}"),),
        of_result(lambda result, *given: back(result)),
    )


MAJORITY = (
    _majority(
        "the accuracy, **in per cent** (from 0 to 100),",
        "100 * (test_labels == most_common).mean()",
        lambda r: r / 100,
    ),
    _majority("the **share of mistakes**", "(test_labels != most_common).mean()", lambda r: 1 - r),
    _majority(
        "the accuracy, **in per thousand** (from 0 to 1000),",
        "1000 * (test_labels == most_common).mean()",
        lambda r: r / 1000,
    ),
)

# ---------------------------------------------------------------- lesson 01


def _guess_by_power(power: float):
    def guess(train_labels, test_labels):
        labels, counts = np.unique(train_labels, return_counts=True)
        weights = dict(zip(labels.tolist(), (counts**power).tolist(), strict=True))
        hits = [weights.get(label, 0.0) for label in test_labels.tolist()]
        return np.mean(hits) / sum(weights.values())

    return guess


def _guesses(word: str, power: float) -> Way:
    return Way(
        f"guesses by the {word} of the counts",
        (
            (
                "**as often as it comes in training**",
                f"with a probability **in proportion to the {word} of the number of times that it "
                "comes in training**",
            ),
        ),
        (
            (
                "return np.mean([(train_labels == label).mean() for label in test_labels])",
                "labels, counts = np.unique(train_labels, return_counts=True)\n"
                f"    weights = dict(zip(labels.tolist(), (counts ** {power}).tolist()))\n"
                "    hits = [weights.get(label, 0) for label in test_labels.tolist()]\n"
                "    return np.mean(hits) / sum(weights.values())",
            ),
        ),
        instead=_guess_by_power(power),
    )


GUESSES = (_guesses("square", 2.0), _guesses("cube", 3.0), _guesses("square root", 0.5))

SPLITS = (
    Way(
        "`share` is that of the training groups",
        (("drawn at random, are test groups", "drawn at random, are **training** groups"),),
        (("names[:round(share * len(names))]", "names[round(share * len(names)):]"),),
        of_arguments(lambda groups, share, seed: (groups, 1 - share, seed)),
    ),
    Way(
        "the test items come first",
        (
            (
                "the training items, then the test items",
                "the **test** items, then the training items",
            ),
        ),
        (
            (
                "return np.flatnonzero(~in_test), np.flatnonzero(in_test)",
                "return np.flatnonzero(in_test), np.flatnonzero(~in_test)",
            ),
        ),
        of_result(lambda result, *given: tuple(result)[::-1]),
    ),
)

PARTS = ("convolution", "norm", "activation", "pooling")


def _from_dict(result, *given):
    if list(only(dict, result)) != list(PARTS):
        raise ValueError("other names")
    return nn.Sequential(*result.values())


_AS_LIST = (
    ("return nn.Sequential(", "return ["),
    ("nn.MaxPool2d(2), )", "nn.MaxPool2d(2),\n    ]"),
)
BLOCKS = (
    Way(
        "a list of layers, no network",
        (("as an `nn.Sequential`:", "as a **plain list of its four layers**, in their order:"),),
        _AS_LIST,
        of_result(lambda result, *given: nn.Sequential(*only(list, result))),
    ),
    Way(
        "a dict of layers, no network",
        (
            (
                "as an `nn.Sequential`:",
                'as a **dict** with the keys `"convolution"`, `"norm"`, `"activation"` and '
                '`"pooling"`, in this order:',
            ),
        ),
        (
            ("return nn.Sequential(", "return dict("),
            ("nn.Conv2d(channels_in", "convolution=nn.Conv2d(channels_in"),
            ("nn.BatchNorm2d(", "norm=nn.BatchNorm2d("),
            ("nn.ReLU()", "activation=nn.ReLU()"),
            ("nn.MaxPool2d(2)", "pooling=nn.MaxPool2d(2)"),
        ),
        of_result(_from_dict),
    ),
)
STOPS = (
    Way(
        "both numbers count from 0",
        (
            ("both counted from 1:", "both **counted from 0** (the first epoch is epoch 0):"),
            ("after how many epochs training stops", "after which epoch training stops"),
        ),
        (("return epoch + 1, best + 1", "return epoch, best"),),
        of_result(lambda result, *given: tuple(number + 1 for number in result)),
    ),
    Way(
        "one epoch more of patience",
        (
            (
                "as soon as `patience` epochs in a row",
                "as soon as **more than** `patience` epochs in a row",
            ),
        ),
        (("if epoch - best == patience:", "if epoch - best > patience:"),),
        of_arguments(lambda losses, patience: (losses, patience - 1)),
    ),
)

# ---------------------------------------------------------------- lesson 02


def _neighbour(place: int):
    def neighbour(train_features, train_labels, test_features):
        rows = [
            x / np.linalg.norm(x, axis=1, keepdims=True) for x in (train_features, test_features)
        ]
        return train_labels[np.argsort(rows[1] @ rows[0].T, axis=1)[:, place]]

    return neighbour


def _neighbours(words: str, place: int) -> Way:
    return Way(
        f"the {words} cosine",
        (
            ("**largest cosine**", f"**{words} cosine**"),
            ("the nearest-neighbour classifier", "a classifier by neighbours"),
        ),
        ((".argmax(axis=1)]", f".argsort(axis=1)[:, {place}]]"),),
        instead=_neighbour(place),
    )


NEIGHBOURS = (
    _neighbours("second largest", -2),
    _neighbours("third largest", -3),
    _neighbours("smallest", 0),
)


def _from_table(result, labels, per_class, seed):
    wanted = np.repeat(np.unique(labels)[:, None], per_class, axis=1)
    if np.asarray(result).dtype.kind not in "iu" or not np.array_equal(labels[result], wanted):
        raise ValueError("no such table")
    return np.ravel(result)


def _from_classes(result, labels, per_class, seed):
    if any((labels[items] != label).any() for label, items in only(dict, result).items()):
        raise ValueError("items of another class")
    return np.concatenate([np.asarray(items) for items in result.values()])


_DRAWN = "return np.concatenate([order[labels[order] == c][:per_class] for c in np.unique(labels)])"
DRAWS = (
    Way(
        "a table of indices",
        (
            (
                "Return one array of indices.",
                "Return one array of indices of shape **(classes, `per_class`)**: "
                "a row for each class, in the order of `np.unique(labels)`.",
            ),
        ),
        ((_DRAWN, _DRAWN.replace("np.concatenate", "np.array")),),
        of_result(_from_table),
    ),
    Way(
        "a dict of indices",
        (
            (
                "Return one array of indices.",
                "Return a **dict**: for each class that occurs, its array of indices.",
            ),
        ),
        (
            (
                _DRAWN,
                "return {c: order[labels[order] == c][:per_class] for c in "
                "np.unique(labels).tolist()}",
            ),
        ),
        of_result(_from_classes),
    ),
)


def _of_length(length: float) -> Way:
    return Way(
        f"rows of length {length}",
        (
            ("bring every row to length one", f"bring every row to **length {length}**"),
            (
                "the preparation that `new_linear_head` makes",
                "a preparation like that of `new_linear_head`",
            ),
        ),
        (("return tuple(rows / np", f"return tuple({length} * rows / np"),),
        of_result(lambda result, *given: tuple(rows / length for rows in result)),
    )


LENGTHS = (_of_length(2), _of_length(10), _of_length(0.5))


def _counted(of_weight):
    """A way back from a count to the model, if the count is right."""

    def decorate(answer):
        def as_in_the_course(model):
            open_before = sum(of_weight(w) for w in model.parameters() if w.requires_grad)
            result = answer(model)
            if result is None or result is Ellipsis:
                return result
            return model if type(result) is int and result == open_before else "another count"

        return as_in_the_course

    return decorate


def _frozen(what: str, each: str, of_weight) -> Way:
    return Way(
        f"returns how many {what} were open",
        (
            (
                "Return the model itself, not a copy.",
                f"Change the model itself, not a copy, and **return how many {what} were "
                "open** to gradients before (a whole number).",
            ),
        ),
        (
            (
                "model.requires_grad_(False)",
                f"count = sum({each} for w in model.parameters() if w.requires_grad)\n"
                "    model.requires_grad_(False)",
            ),
            ("return model.eval()", "model.eval()\n    return count"),
        ),
        _counted(of_weight),
    )


FREEZES = (
    _frozen("tensors of weights", "1", lambda w: 1),
    _frozen("numbers in its weights", "w.numel()", lambda w: w.numel()),
)


def _interval(percent: int, z: float) -> Way:
    def back(result, *given):
        mean, low, high = result
        return mean, mean - (mean - low) * 1.96 / z, mean + (high - mean) * 1.96 / z

    return Way(
        f"an interval of {percent} %",
        (("its 95 % interval, mean ± 1.96", f"its **{percent} %** interval, mean ± {z}"),),
        (("error = 1.96 *", f"error = {z} *"),),
        of_result(back),
    )


TRANSFERS = (_interval(90, 1.645), _interval(99, 2.576), _interval(80, 1.282))

# ---------------------------------------------------------------- lesson 03


def _rate_in(unit: str, factor: int) -> Way:
    return Way(
        f"the rate in {unit}",
        (("weight − `lr` · gradient", f"weight − `lr` / {factor} · gradient"),),
        (("weight -= lr * weight.grad", f"weight -= lr / {factor} * weight.grad"),),
        of_arguments(lambda model, x, y, lr: (model, x, y, factor * lr)),
    )


STEPS = (
    _rate_in("thousandths", 1000),
    _rate_in("hundredths", 100),
    Way(
        "returns the sum of the losses",
        (
            (
                "Return the loss **before** the step, as a float.",
                "Return the **sum of the items' losses** before the step (not their "
                "mean), as a float.",
            ),
        ),
        (("return loss.item()", "return len(y) * loss.item()"),),
        of_result(lambda result, model, x, y, lr: result / len(y)),
    ),
)


def _all_numbers(model) -> int:
    return sum(weight.numel() for weight in model.parameters())


COUNTS = (
    Way(
        "counts what is frozen",
        (
            ("are open to training?", "are **frozen**?"),
            ("that require a gradient.", "that require **no** gradient."),
        ),
        (("if weight.requires_grad)", "if not weight.requires_grad)"),),
        of_result(lambda result, model: _all_numbers(model) - result),
    ),
    Way(
        "counts in thousands",
        (
            (
                "that require a gradient.",
                "that require a gradient, **in thousands** (1,500 numbers give 1.5).",
            ),
        ),
        (("if weight.requires_grad)", "if weight.requires_grad) / 1000"),),
        of_result(lambda result, model: round(1000 * result, 6)),
    ),
)
RATES = (
    Way(
        "from high to low",
        (
            (
                "from `low` for the first group to `high` for the last",
                "from `high` for the **first** group to `low` for the **last**",
            ),
            (
                "A single group is the last one: with `n=1` return `[high]`.",
                "With `n=1` return `[high]`.",
            ),
        ),
        (
            (
                "return [low * factor**i for i in range(n)]",
                "return [high / factor**i for i in range(n)]",
            ),
        ),
        of_result(lambda result, *given: list(result)[::-1]),
    ),
    Way(
        "logarithms of the rates",
        (
            ("return `n` rates", "return the **logarithms to base 10** of `n` rates"),
            ("return `[high]`", "return the logarithm of `high`, in a list"),
        ),
        (
            ("return [high]", "return [np.log10(high)]"),
            (
                "return [low * factor**i for i in range(n)]",
                "return [np.log10(low * factor**i) for i in range(n)]",
            ),
        ),
        of_result(lambda result, *given: (10.0 ** np.asarray(result, dtype=float)).tolist()),
    ),
)


def _scale(words: str, code: str, alpha_of) -> Way:
    return Way(
        f"another scale, {words}",
        (("scaled by `alpha` / rank and", f"scaled by **{words}** and"),),
        (("alpha / rank *", f"{code} *"),),
        of_arguments(lambda x, W, A, B, alpha: (x, W, A, B, alpha_of(alpha, len(A)))),
    )


LORAS = (
    _scale("`alpha` / √rank", "alpha / rank**0.5", lambda alpha, rank: alpha / rank**0.5),
    _scale("`alpha` / rank²", "alpha / rank**2", lambda alpha, rank: alpha * rank),
    _scale("2 · `alpha` / rank", "2 * alpha / rank", lambda alpha, rank: alpha / 2),
)


def _of_errors(result, *given):
    error, low, high = result
    return 1 - error, 1 - high, 1 - low


WHOLE_WAYS = (
    Way(
        "the share of mistakes",
        (
            (
                "the accuracy on the test items, and the lower and the upper end of "
                "its 95 % interval, from `wilson(right, n)`.",
                "the **share of mistakes** on the test items, and the lower and the "
                "upper end of its 95 % interval, from "
                "`wilson(wrong, n)`.",
            ),
        ),
        (
            (
                "right = int((predicted == y[test].numpy()).sum())",
                "wrong = int((predicted != y[test].numpy()).sum())",
            ),
            ("wilson(right, len(test))", "wilson(wrong, len(test))"),
            ("return right / len(test)", "return wrong / len(test)"),
        ),
        of_result(_of_errors),
    ),
    Way(
        "the ends of the interval first",
        (
            (
                "the accuracy on the test items, and the lower and the upper end of "
                "its 95 % interval, from `wilson(right, n)`.",
                "the **lower end**, the **upper end** of the 95 % interval of the "
                "accuracy on the test items, from "
                "`wilson(right, n)`, and **then** the accuracy.",
            ),
        ),
        (("return right / len(test), low, high", "return low, high, right / len(test)"),),
        of_result(lambda result, *given: (result[2], result[0], result[1])),
    ),
)

# ---------------------------------------------------------------- lesson 04


def _second_best(budget, accuracy, seconds):
    fits = sorted((name for name in accuracy if seconds[name] <= budget), key=accuracy.get)
    return fits[-2] if len(fits) > 1 else None


def _worst_within(budget, accuracy, seconds):
    fits = [name for name in accuracy if seconds[name] <= budget]
    return min(fits, key=accuracy.get, default=None)


BUDGETS = (
    Way(
        "the second most accurate",
        (
            ("the most accurate strategy", "the **second most accurate** of the strategies"),
            (
                "whose seconds are **at most** `budget`, or `None` if no strategy fits",
                "whose seconds are **at most** `budget`, or `None` if fewer than two fit",
            ),
        ),
        (
            (
                "affordable = [name for name in accuracy if seconds[name] <= budget]",
                "affordable = sorted((name for name in accuracy if seconds[name] <= "
                "budget), key=accuracy.get)",
            ),
            (
                "return max(affordable, key=accuracy.get, default=None)",
                "return affordable[-2] if len(affordable) > 1 else None",
            ),
        ),
        instead=_second_best,
    ),
    Way(
        "the least accurate",
        (("the most accurate strategy", "the **least accurate** strategy"),),
        (("return max(affordable", "return min(affordable"),),
        instead=_worst_within,
    ),
)


def _by_margin(margin: float) -> Way:
    def verdict(low, high):
        return "A" if low > margin else "B" if high < -margin else "not resolved"

    return Way(
        f"a margin of {margin}",
        (
            (
                "A winner is named only if the interval leaves out 0, and an end of "
                "exactly 0 does not leave it out.",
                f"A winner is named only if it is better by **more than {margin}** at "
                "both ends of the interval.",
            ),
        ),
        (("if low > 0:", f"if low > {margin}:"), ("if high < 0", f"if high < -{margin}")),
        instead=verdict,
    )


VERDICTS = (
    Way(
        "the difference the other way round",
        (("accuracy(A) − accuracy(B)", "accuracy(**B**) − accuracy(**A**)"),),
        (("if low > 0:", "if high < 0:"), ('return "B" if high < 0', 'return "B" if low > 0')),
        of_arguments(lambda low, high: (-high, -low)),
    ),
    _by_margin(0.002),
    _by_margin(0.005),
)


def _dearest_of_equals(validation, seconds):
    return max(validation, key=lambda name: (validation[name], seconds[name]))


def _as_errors(validation, seconds):
    return {name: 1 - value for name, value in validation.items()}, seconds


CHOICES_OF_SETTINGS = (
    Way(
        "errors in place of accuracies",
        (
            (
                "to its validation accuracy and",
                "to its validation **error** (the share of mistakes) and",
            ),
            ("with the highest validation accuracy;", "with the **lowest** validation error;"),
        ),
        (("best = max(validation.values())", "best = min(validation.values())"),),
        of_arguments(_as_errors),
    ),
    Way(
        "the dearest of equals",
        (("are **exactly** equal, the cheapest.", "are **exactly** equal, the **dearest**."),),
        (("return min(equals", "return max(equals"),),
        instead=_dearest_of_equals,
    ),
)

WAYS: dict[str, tuple[Way, ...]] = {
    "00.2": MAJORITY,
    "01.1": GUESSES,
    "01.2": SPLITS,
    "01.5": BLOCKS,
    "01.6": STOPS,
    "02.1": NEIGHBOURS,
    "02.3": DRAWS,
    "02.5": LENGTHS,
    "02.6": FREEZES,
    "02.7": TRANSFERS,
    "03.1": STEPS,
    "03.2": COUNTS,
    "03.4": RATES,
    "03.5": LORAS,
    "03.7": WHOLE_WAYS,
    "04.2": BUDGETS,
    "04.3": VERDICTS,
    "04.5": CHOICES_OF_SETTINGS,
}
