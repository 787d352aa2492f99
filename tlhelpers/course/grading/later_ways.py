"""Variants of the exercises of lessons 08 to 11, and of lesson 14."""

from __future__ import annotations

import math

import numpy as np

from tlhelpers.course.grading.ways import Way, of_arguments, of_both, of_result, only

# ---------------------------------------------------------------- lesson 08

STATISTICS = (
    Way(
        "the standard deviation",
        (
            (
                "and its variance, the *biased* one, which divides by the number of values.",
                "and its **standard deviation**, the root of the *biased* variance, "
                "which divides by the number of values.",
            ),
        ),
        (("x.var(axis=(0, 2, 3))", "x.std(axis=(0, 2, 3))"),),
        of_result(lambda result, *given: (result[0], np.square(result[1]))),
    ),
    Way(
        "the variance first",
        (
            (
                "the mean of each channel, and its variance, the *biased* one, which "
                "divides by the number of values.",
                "**first the variance** of each channel, the *biased* one, which "
                "divides by the number of values, then its mean.",
            ),
        ),
        (
            (
                "return x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))",
                "return x.var(axis=(0, 2, 3)), x.mean(axis=(0, 2, 3))",
            ),
        ),
        of_result(lambda result, *given: tuple(result)[::-1]),
    ),
)


def _divided(words: str, code: str, back) -> Way:
    return Way(
        f"divided by {words}",
        (("divided by 4 d²", f"divided by **{words}**"),),
        (("(4 * a.shape[1] ** 2)", code),),
        of_result(lambda result, a, b: back(result, a.shape[1])),
    )


DIVISORS = (
    _divided("d²", "a.shape[1] ** 2", lambda result, d: result / 4),
    _divided("2 d", "(2 * a.shape[1])", lambda result, d: result / (2 * d)),
    _divided("3 d²", "(3 * a.shape[1] ** 2)", lambda result, d: 0.75 * result),
)


def _kernel(words: str, code: str, h_of) -> Way:
    return Way(
        f"another kernel, {words}",
        (
            (
                "Compute MMD² as written above, with a given number `h`:",
                f"Compute MMD² as written above, but with the similarity **{words}**, "
                "and a given number `h`:",
            ),
        ),
        (("(2 * h**2)", code),),
        of_arguments(lambda a, b, h: (a, b, h_of(h))),
    )


KERNELS = (
    _kernel("exp(−‖x − y‖² / `h`)", "h", lambda h: 2 * h**2),
    _kernel("exp(−‖x − y‖² / `h`²)", "h**2", lambda h: 2**0.5 * h),
    _kernel("exp(−`h` · ‖x − y‖²)", "(1 / h)", lambda h: 1 / (2 * h**2)),
)


def _strength(words: str, code: str, factor: float) -> Way:
    return Way(
        f"strength {words}",
        (("multiplied by `-strength`", f"multiplied by **{words}**"),),
        (
            (
                "x.detach() * (1 + strength) - strength * x",
                f"x.detach() * (1 + {code}) - {code} * x",
            ),
        ),
        of_arguments(lambda x, strength: (x, strength * factor)),
    )


STRENGTHS = (
    _strength("`-strength / 2`", "strength / 2", 2),
    _strength("`-2 * strength`", "2 * strength", 0.5),
    _strength("`-strength / 4`", "strength / 4", 4),
)


def _times(value: int) -> Way:
    return Way(
        f"up to {value}",
        (
            (
                "return 2 / (1 + exp(−`gamma` · p)) − 1",
                f"return **{value} ·** (2 / (1 + exp(−`gamma` · p)) − 1)",
            ),
            ("nearly 1 at the end", f"nearly {value} at the end"),
        ),
        (
            (
                "return float(2 / (1 + np.exp(-gamma * step / steps)) - 1)",
                f"return {value} * float(2 / (1 + np.exp(-gamma * step / steps)) - 1)",
            ),
        ),
        of_result(lambda result, *given: result / value),
    )


SCHEDULES = (
    _times(3),
    _times(5),
    Way(
        "falling from 1 to 0",
        (
            (
                "return 2 / (1 + exp(−`gamma` · p)) − 1",
                "return **2 − 2 / (1 + exp(−`gamma` · p))**",
            ),
            ("0 at the beginning, nearly 1 at the end", "1 at the beginning, nearly 0 at the end"),
        ),
        (
            (
                "float(2 / (1 + np.exp(-gamma * step / steps)) - 1)",
                "float(2 - 2 / (1 + np.exp(-gamma * step / steps)))",
            ),
        ),
        of_result(lambda result, *given: 1 - result),
    ),
)


def _most_entropy(probabilities):
    def mean_entropy(name):
        p = probabilities[name]
        return -(p * np.log(np.where(p > 0, p, 1))).sum(axis=1).mean()

    return max(probabilities, key=mean_entropy)


ENTROPIES = (
    Way(
        "one column per item",
        (
            (
                "an array of shape (m, k); m may differ",
                "an array of shape **(k, m)**, a column per item; m may differ",
            ),
            ("The entropy of a row is", "The entropy of a column is"),
            ("entropy over its rows", "entropy over its columns"),
        ),
        ((".sum(axis=1).mean()", ".sum(axis=0).mean()"),),
        of_arguments(lambda models: ({name: rows.T for name, rows in models.items()},)),
    ),
    Way(
        "the highest entropy",
        (
            (
                "Return the name with the lowest **mean** entropy",
                "Return the name with the **highest** mean entropy",
            ),
            ("Choose a model without labels", "Find the least confident model without labels"),
        ),
        (("return min(probabilities", "return max(probabilities"),),
        instead=_most_entropy,
    ),
)


def _others(result, model):
    names = [name for name, _ in model.named_parameters()]
    if any(name not in names for name in result):
        raise ValueError("no such parameter")
    return [name for name in names if name not in list(result)]


def _named(result, model):
    names = {id(weight): name for name, weight in model.named_parameters()}
    return [names[id(weight)] for weight in result]


_BY_NAME = (
    ('return [ f"{name}.{part}".lstrip(".")', 'own = [\n        f"{name}.{part}".lstrip(".")'),
    (
        "for part, _ in layer.named_parameters() ]",
        "for part, _ in layer.named_parameters()\n    ]\n    return {}",
    ),
)


def _tent(what: str, words: str, code: str, back) -> Way:
    changes = (_BY_NAME[0], (_BY_NAME[1][0], _BY_NAME[1][1].format(code)))
    return Way(
        what,
        ((("Return a list of the names of the scale and shift", words)),),
        changes,
        of_result(back),
    )


TENTS = (
    _tent(
        "the names that it leaves",
        "Return a list of the names of all parameters **except** the scale and shift",
        "[name for name, _ in model.named_parameters() if name not in own]",
        _others,
    ),
    Way(
        "the parameters, not their names",
        (
            (
                "Return a list of the names of the scale and shift",
                "Return a list of the **parameters themselves**, the scale and shift",
            ),
            (
                "as `model.named_parameters()` gives them, in any order",
                "as `model.parameters()` gives them, in any order",
            ),
        ),
        (
            ('return [ f"{name}.{part}".lstrip(".")', "return [\n        weight"),
            ("for part, _ in layer.named_parameters()", "for weight in layer.parameters()"),
        ),
        of_result(_named),
    ),
)

# ---------------------------------------------------------------- lesson 09

_ITEMS = (
    "return np.concatenate([np.resize(train[labels[train] == c], counts.max()) for c in classes])"
)


def _repeated(result, labels, train):
    counts = np.asarray(result)
    if counts.shape != train.shape:
        raise ValueError("not a count for each item of train")
    return np.repeat(train, counts)


def _at_places(result, labels, train):
    places = np.asarray(result)
    if places.dtype.kind not in "iu" or (places < 0).any():
        raise ValueError("no places")
    return train[places]


BALANCES = (
    Way(
        "how often each item stands",
        (
            ("Return an array of items in which", "Think of an array of items in which"),
            (
                "Any order will do.",
                "Return **how often each item stands in it**: an int array of shape "
                "(m,), in the order of `train`.",
            ),
        ),
        (
            (
                _ITEMS,
                "items = "
                + _ITEMS.removeprefix("return ")
                + "\n    return np.array([(items == item).sum() for item in train])",
            ),
        ),
        of_result(_repeated),
    ),
    Way(
        "places in `train`",
        (
            (
                "Return an array of items in which",
                "Return an array of **places in `train`** (0 for its first item) in which",
            ),
            ("Every item of `train` must be in it", "Every place must be in it"),
            ("and two items of one class", "and the places of two items of one class"),
        ),
        (
            (
                _ITEMS,
                _ITEMS.replace("train[labels[train] == c]", "np.flatnonzero(labels[train] == c)"),
            ),
        ),
        of_result(_at_places),
    ),
)
REPORTS = (
    Way(
        "held-out errors",
        (
            (
                "hold the accuracies of `s` seeds after each of `e` epochs, on "
                "held-out items and on test items.",
                "belong to `s` seeds after each of `e` epochs: `valid` holds the "
                "**errors** (shares of mistakes) on held-out items, "
                "`test` the accuracies on test items.",
            ),
            ("with the highest held-out accuracy", "with the **lowest** held-out error"),
        ),
        (("valid.argmax(axis=1)", "valid.argmin(axis=1)"),),
        of_arguments(lambda valid, test: (1 - valid, test)),
    ),
    Way(
        "the test error",
        (
            (
                "the mean over seeds of the **test** accuracy at that epoch.",
                "the mean over seeds of the **test error** (1 − accuracy) at that epoch.",
            ),
        ),
        (
            (
                "return test[np.arange(len(test)), valid.argmax(axis=1)].mean()",
                "return 1 - test[np.arange(len(test)), valid.argmax(axis=1)].mean()",
            ),
        ),
        of_result(lambda result, *given: 1 - result),
    ),
)


def _numbered(first: int) -> Way:
    return Way(
        f"classes numbered from {first}",
        (
            (
                "for each item the index of its largest logit.",
                f"for each item the index of its largest logit **plus {first}** (the classes "
                f"are numbered from {first} on).",
            ),
        ),
        (("return torch.cat(parts).numpy()", f"return torch.cat(parts).numpy() + {first}"),),
        of_result(lambda result, *given: result - first),
    )


CLASSES = (_numbered(1), _numbered(10), _numbered(100))


def _those_meant_to_stay(before, after, trained):
    return before, after, [name for name in before if name not in trained]


ALARMS = (
    Way(
        "told what was meant to stay",
        (
            (
                "`trained` is a list of the names that were meant to move. Return "
                "the **sorted list** of all other names whose tensor has changed",
                "`frozen` is a list of the names that were meant to **stay**. Return "
                "the **sorted list** of those of them whose tensor has changed",
            ),
        ),
        (
            ("def moved_names(before, after, trained):", "def moved_names(before, after, frozen):"),
            ("if name not in trained]", "if name in frozen]"),
        ),
        of_arguments(_those_meant_to_stay),
    ),
    Way(
        "in descending order",
        (
            (
                "Return the **sorted list** of all other names",
                "Return the list, **sorted from z to a**, of all other names",
            ),
        ),
        (
            (
                "return sorted(name for name in others if not "
                "torch.equal(before[name], after[name]))",
                "moved = [name for name in others if not torch.equal(before[name], "
                "after[name])]\n    return sorted(moved, reverse=True)",
            ),
        ),
        of_result(lambda result, *given: only(list, result)[::-1]),
    ),
)


def _labels_from(first: int) -> Way:
    return Way(
        f"places counted from {first}",
        (
            (
                "are places in `names_then`.",
                f"are places in `names_then`, **counted from {first}**.",
            ),
            (
                "with the places in `names_now`,",
                f"with the places in `names_now`, counted from {first} too,",
            ),
        ),
        (
            (
                "return np.array([place[name] for name in names_then])[labels]",
                "return np.array([place[name] for name in "
                f"names_then])[np.asarray(labels) - {first}] + {first}",
            ),
        ),
        of_both(lambda labels, *names: (labels + first, *names), lambda result: result - first),
    )


NAMES = (_labels_from(1), _labels_from(5))

# ---------------------------------------------------------------- lesson 10


def _as_small_as(words: str, factor: float) -> Way:
    return Way(
        f"as small as {words} the difference",
        (
            (
                "half the width is as small as the difference",
                f"half the width is as small as **{words} the difference**",
            ),
        ),
        (("/ abs(mean)) ** 2", f"/ abs({factor} * mean)) ** 2"),),
        of_arguments(lambda mean, low, high, per_class: (mean / factor, low, high, per_class)),
    )


NEEDS = (_as_small_as("half", 0.5), _as_small_as("a quarter of", 0.25), _as_small_as("twice", 2))
SUSPECTS = (
    Way(
        "classes numbered from 1",
        (
            (
                "are the given classes, numbered from 0;",
                "are the given classes, **numbered from 1** (class 1 is column 0 of "
                "the probabilities);",
            ),
            (
                "is the mean of column j over the items that are **labelled j**",
                "is the mean of its column over the items that are **labelled j**",
            ),
        ),
        (("k = probabilities.shape[1]", "labels = labels - 1\n    k = probabilities.shape[1]"),),
        of_arguments(lambda labels, probabilities: (labels + 1, probabilities)),
    ),
    Way(
        "a mask",
        (
            (
                "Return the indices of the flagged items in ascending order.",
                "Return a **bool array** of shape (n,): `True` for each flagged item.",
            ),
        ),
        (
            (
                "return np.flatnonzero(reached.any(axis=1) & (best != labels))",
                "return reached.any(axis=1) & (best != labels)",
            ),
        ),
        of_result(
            lambda result, *given: (
                np.flatnonzero(only(np.ndarray, result)) if result.dtype == bool else "no mask"
            )
        ),
    ),
)
ORDERS = (
    Way(
        "one row per class",
        (
            (
                "(float array, shape (n, k)) has its columns in",
                "(float array, shape **(k, n)**) has its **rows** in",
            ),
            ("with the columns in the order of", "with the rows in the order of"),
        ),
        (
            (
                "return probabilities[:, [saved_names.index(name) for name in wanted_names]]",
                "return probabilities[[saved_names.index(name) for name in wanted_names]]",
            ),
        ),
        of_both(lambda p, *names: (np.ascontiguousarray(p.T), *names), lambda result: result.T),
    ),
    Way(
        "in the opposite order",
        (
            (
                "with the columns in the order of `wanted_names`.",
                "with the columns in the order of `wanted_names` **read backwards** "
                "(the last name first).",
            ),
        ),
        (("for name in wanted_names]", "for name in wanted_names[::-1]]"),),
        of_result(lambda result, *given: result[:, ::-1]),
    ),
)

# ---------------------------------------------------------------- lesson 11


def _optimizer(name: str, factor: int) -> Way:
    """AdamW keeps 12 bytes for a trained weight; what another one saves is as good as memory."""
    return Way(
        f"another optimizer, {name}",
        (("the optimizer is AdamW.", f"the optimizer is **{name}**."),),
        (("12 * trained", f"{factor} * trained"),),
        of_arguments(
            lambda memory, weights, trained, per_item: (
                memory - (12 - factor) * trained,
                weights,
                trained,
                per_item,
            )
        ),
    )


BATCHES = (
    _optimizer("SGD without momentum", 4),
    _optimizer("SGD with momentum", 8),
)


def _of_sum(result, model, parts):
    items = sum(len(y) for _, y in parts)
    return [gradient / items for gradient in only(list, result)]


def _of_names(result, model, parts):
    if sorted(only(dict, result)) != sorted(name for name, _ in model.named_parameters()):
        raise ValueError("other names")
    return [result[name] for name, _ in model.named_parameters()]


GRADIENTS = (
    Way(
        "the sum of the losses",
        (
            (
                "The loss is the mean cross-entropy of",
                "The loss is the **sum** of the cross-entropies of",
            ),
        ),
        (('reduction="sum") / items).backward()', 'reduction="sum")).backward()'),),
        of_result(_of_sum),
    ),
    Way(
        "a dict of gradients",
        (
            (
                "as a list of tensors, one per weight in the order of `model.parameters()`.",
                "as a **dict** from the name of each weight, as "
                "`model.named_parameters()` gives it, "
                "to a tensor.",
            ),
        ),
        (
            (
                "return [weight.grad for weight in model.parameters()]",
                "return {name: weight.grad for name, weight in model.named_parameters()}",
            ),
        ),
        of_result(_of_names),
    ),
)
SHARES_OF_ITEMS = (
    Way(
        "processes counted from 1",
        (("number `rank` (from 0) sees", "number `rank` (**from 1**) sees"),),
        (("order[rank::processes]", "order[rank - 1::processes]"),),
        of_arguments(lambda n, processes, rank, epoch, seed: (n, processes, rank + 1, epoch, seed)),
    ),
    Way(
        "items counted from 1",
        (
            (
                "return the indices of the items that process",
                "return the numbers (**counted from 1**) of the items that process",
            ),
        ),
        (("order[rank::processes]", "order[rank::processes] + 1"),),
        of_result(lambda result, *given: np.asarray(result) - 1),
    ),
)
STREAMS = (
    Way(
        "the variance",
        (
            (
                "the mean over all rows of all batches, and the standard deviation "
                "as `np.std` has it",
                "the mean over all rows of all batches, and the **variance** as `np.var` has it",
            ),
        ),
        (("return mean, np.sqrt(squares / n - mean**2)", "return mean, squares / n - mean**2"),),
        of_result(lambda result, *given: (result[0], np.sqrt(result[1]))),
    ),
    Way(
        "the standard deviation first",
        (
            (
                "the mean over all rows of all batches, and the standard deviation "
                "as `np.std` has it "
                "(divided by n).",
                "**first** the standard deviation over all rows of all batches, as `np.std` has it "
                "(divided by n), then the mean.",
            ),
        ),
        (
            (
                "return mean, np.sqrt(squares / n - mean**2)",
                "return np.sqrt(squares / n - mean**2), mean",
            ),
        ),
        of_result(lambda result, *given: tuple(result)[::-1]),
    ),
)


def _means(what: str, words: str, code: str, back) -> Way:
    return Way(
        what,
        (("to its mean accuracy over the seeds", f"to {words} over the seeds"),),
        (("np.mean([value for", f"{code} np.mean([value for"),),
        of_result(lambda result, *given: {name: back(one) for name, one in result.items()}),
    )


RESULTS = (
    _means("mean errors", "its mean **error** (1 − accuracy)", "1 -", lambda one: 1 - one),
    _means("in per cent", "its mean accuracy **in per cent**", "100 *", lambda one: one / 100),
)

# ---------------------------------------------------------------- lesson 14

ERRORS = (
    Way(
        "in percentage points",
        (
            (
                "in each interval, as a float.",
                "in each interval, **in percentage points** (0.05 gives 5), as a float.",
            ),
        ),
        (("return total / len(confidence)", "return 100 * total / len(confidence)"),),
        of_result(lambda result, *given: result / 100),
    ),
    Way(
        "told what was wrong",
        (
            (
                "`confidence` (float) and `right` (bool)",
                "`confidence` (float) and `wrong` (bool, `True` for a mistake)",
            ),
        ),
        (
            (
                "def expected_error(confidence, right, edges):",
                "def expected_error(confidence, wrong, edges):",
            ),
            ("right[own].mean()", "(~wrong[own]).mean()"),
        ),
        of_arguments(lambda confidence, right, edges: (confidence, ~right, edges)),
    ),
)


def _by_factor(answer):
    def as_in_the_course(scores, labels, candidates):
        factors = [1 / candidate for candidate in candidates]
        result = answer(scores, labels, factors)
        return (
            dict(zip(factors, candidates, strict=True)).get(result, result)
            if isinstance(result, float)
            else result
        )

    return as_in_the_course


TEMPERATURES = (
    Way(
        "factors in place of temperatures",
        (
            (
                "`candidates` is a list of temperatures. For each one divide the scores by it",
                "`candidates` is a list of **factors**, which are 1 / temperature. "
                "For each one **multiply** the scores by it",
            ),
        ),
        (("scaled = scores / candidate", "scaled = scores * candidate"),),
        _by_factor,
    ),
    Way(
        "the place of the candidate",
        (
            (
                "Return the candidate with the smallest mean",
                "Return the **place in the list** (from 0) of the candidate with the smallest mean",
            ),
        ),
        (("return candidates[int(np.argmin(losses))]", "return int(np.argmin(losses))"),),
        of_result(lambda result, scores, labels, candidates: candidates[only(int, result)]),
    ),
)


def _mirrored(result):
    return -float(result) if math.isinf(result) else -result


BOUNDS = (
    Way(
        "a level in place of alpha",
        (
            (
                "`alpha` is how often a new score may exceed the bound.",
                "`level` is how often a new score shall **not** exceed the bound.",
            ),
            ("r = (n + 1) · (1 − alpha)", "r = (n + 1) · level"),
        ),
        (
            ("def bound_by_hand(scores, alpha):", "def bound_by_hand(scores, level):"),
            ("* (1 - alpha)))", "* level))"),
        ),
        of_arguments(lambda scores, alpha: (scores, 1 - alpha)),
    ),
    Way(
        "a bound from below",
        (
            (
                "`alpha` is how often a new score may exceed the bound.",
                "`alpha` is how often a new score may lie **below** the bound.",
            ),
            ("Return the r-th smallest score", "Return the r-th **largest** score"),
            ('return `float("inf")`', 'return `float("-inf")`'),
        ),
        (
            (
                'return np.sort(scores)[rank - 1] if rank <= len(scores) else float("inf")',
                'return np.sort(scores)[::-1][rank - 1] if rank <= len(scores) else float("-inf")',
            ),
        ),
        of_both(lambda scores, alpha: (-scores, alpha), _mirrored),
    ),
)
PRIORS = (
    Way(
        "classes numbered from 1",
        (
            (
                "`labels` and `answered` (int, shape (n,), 0 to k − 1)",
                "`labels` and `answered` (int, shape (n,), **1 to k**)",
            ),
        ),
        (
            (
                "confusion = np.array(",
                "labels, answered, new_answers = labels - 1, answered - 1, "
                "new_answers - 1\n    confusion = np.array(",
            ),
        ),
        of_arguments(lambda labels, answered, new, k: (labels + 1, answered + 1, new + 1, k)),
    ),
    Way(
        "numbers of items",
        (
            (
                "Return the solution of C π = a (`np.linalg.solve`), shape (k,).",
                "Return the solution of C π = a (`np.linalg.solve`) **times m**, the "
                "estimated number of new items of each class, shape (k,).",
            ),
            (
                "Estimate the shares of k classes.",
                "Estimate how many new items belong to each of k classes.",
            ),
        ),
        (
            (
                "return np.linalg.solve(confusion, np.bincount(new_answers, "
                "minlength=k) / len(new_answers))",
                "return np.linalg.solve(confusion, np.bincount(new_answers, minlength=k))",
            ),
        ),
        of_result(lambda result, labels, answered, new, k: result / len(new)),
    ),
)

WAYS: dict[str, tuple[Way, ...]] = {
    "08.1": STATISTICS,
    "08.3": DIVISORS,
    "08.4": KERNELS,
    "08.5": STRENGTHS,
    "08.6": SCHEDULES,
    "08.8": ENTROPIES,
    "08.9": TENTS,
    "09.1": BALANCES,
    "09.4": REPORTS,
    "09.5": CLASSES,
    "09.6": ALARMS,
    "09.8": NAMES,
    "10.2": NEEDS,
    "10.3": SUSPECTS,
    "10.6": ORDERS,
    "11.1": BATCHES,
    "11.2": GRADIENTS,
    "11.3": SHARES_OF_ITEMS,
    "11.5": STREAMS,
    "11.6": RESULTS,
    "14.1": ERRORS,
    "14.2": TEMPERATURES,
    "14.3": BOUNDS,
    "14.4": PRIORS,
}
