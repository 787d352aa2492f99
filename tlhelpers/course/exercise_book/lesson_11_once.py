"""Exercise 11.6: results of a cluster, each counted once."""

from collections import defaultdict
from statistics import mean, median

import pandas as pd

from tlhelpers.course.exercise_kinds import Function, on_drawn
from tlhelpers.course.watched_answer import Fault

SAYS = {
    "a table": "You return a pandas Series or DataFrame. A dict is asked for, from the name of a "
    "strategy to its mean accuracy: a Series makes one with .to_dict().",
    "other keys": "The keys of your dict are not the names of the strategies. Return one mean for "
    "each strategy, with its name as the key.",
}
NAMES = ("frozen", "fine-tuned", "LoRA", "scratch")


def _result(strategy, seed, accuracy, worker):
    return {"strategy": strategy, "seed": seed, "accuracy": accuracy, "worker": worker}


def _results(rng, names, seeds, again, shuffle=True, alike=False):
    """Results of all strategies and seeds; `again` of them were computed by two workers."""
    rows = [
        # Few different accuracies, so that two seeds often have the same.
        _result(name, seed, 0.5 if alike else float(rng.integers(4, 9)) / 10, int(rng.integers(2)))
        for name in names
        for seed in range(seeds)
    ]
    places = rng.permutation(len(rows))[:again] if shuffle else range(again)
    twice = [{**rows[place], "worker": rows[place]["worker"] + 2} for place in places]
    every = [*rows, *twice]
    order = rng.permutation(len(every)) if shuffle else range(len(every))
    return [every[place] for place in order]


def _draw(rng):
    three = _results(rng, NAMES[:2], 4, 0)
    lone = _results(rng, NAMES[:1], 5, 2)
    thrice = _results(rng, NAMES[:2], 3, 0)
    thrice += [{**thrice[0], "worker": worker} for worker in (5, 6)]
    same = _results(rng, NAMES[:2], 3, 0)
    return {
        "where nothing came twice": (three,),
        "where some came twice": (_results(rng, NAMES[:3], 5, 5),),
        "where one came three times": (thrice,),
        "where seeds have the same accuracy": (_results(rng, NAMES[:2], 4, 2, alike=True),),
        "where there is one strategy": (lone,),
        "where one worker sent the same twice": ([*same, dict(same[1])],),
        "where all came twice": (_results(rng, NAMES, 3, 12),),
    }


def _observe(function):
    """What came out by situation; a result of another form is a Fault that names the form."""
    return on_drawn(_draw)(lambda results: _of_strategies(function(results), results))


def _of_strategies(found, results):
    if isinstance(found, (pd.Series, pd.DataFrame)):
        raise Fault(SAYS["a table"])
    if isinstance(found, dict) and not set(found) <= {row["strategy"] for row in results}:
        raise Fault(SAYS["other keys"])
    return found


def _counted(rows, key, average=mean):
    once = {key(row): row for row in rows}
    by_name = defaultdict(list)
    for row in once.values():
        by_name[row["strategy"]].append(row["accuracy"])
    return {name: average(values) for name, values in by_name.items()}


def _work(row):
    return row["strategy"], row["seed"]


def _means(results):
    return _counted(results, _work)


def _all_of_them(results):
    return _counted(list(enumerate_rows(results)), lambda row: row["number"])


def enumerate_rows(results):
    """Each row with a number of its own."""
    return ({**row, "number": number} for number, row in enumerate(results))


def _by_value(results):
    return _counted(results, lambda row: (row["strategy"], row["accuracy"]))


def _with_worker(results):
    return _counted(results, lambda row: (*_work(row), row["worker"]))


def _by_seed(results):
    return _counted(results, lambda row: row["seed"])


def _without_repeated(results):
    counts = defaultdict(int)
    for row in results:
        counts[_work(row)] += 1
    return _counted([row for row in results if counts[_work(row)] == 1], _work)


def _neighbours_only(results):
    kept = [row for last, row in zip([None, *results], results, strict=False)
            if last is None or _work(last) != _work(row)]  # fmt: skip
    return _all_of_them(kept)


def _by_rows(results):
    """The sum over each piece of work once, divided by the number of all rows."""
    once = _counted(results, _work, sum)
    rows = defaultdict(int)
    for row in results:
        rows[row["strategy"]] += 1
    return {name: total / rows[name] for name, total in once.items()}


def _first_worker(results):
    return _counted([row for row in results if row["worker"] == 0], _work)


def _numbers_of(results):
    return _counted(results, _work, len)


def _running(results):
    """The mean so far and the next accuracy, halved: the last ones count most."""

    def halved(values):
        found = values[0]
        for value in values[1:]:
            found = (found + value) / 2
        return found

    return _counted(results, _work, halved)


def _as_series(results):
    return pd.Series(_means(results))


def _by_pairs(results):
    return {_work(row): row["accuracy"] for row in results}


def _in_pairs(results):
    return list(_means(results).items())


ONCE = Function(
    "11.6",
    praise="What was computed is named by its work, strategy and seed, and not by who did it or "
    "when it came. So a lost worker costs time and nothing else: doing it again changes no number.",
    hints=(
        "When are two results the same piece of work? Not when the same number came out: two seeds "
        "may have the same accuracy.",
        "The key of a result is (strategy, seed). Put the results into a dict by their key: what "
        "came twice then stands there once.",
        "once = {(row['strategy'], row['seed']): row for row in results}; then the mean accuracy "
        "over the rows of each strategy.",
    ),
    reference=_means,
    observe=_observe,
    mistakes=[
        (
            _all_of_them,
            "Right where nothing came twice. What came twice counts twice: take each strategy and "
            "seed once.",
        ),
        (
            _by_value,
            "You leave out results of a strategy with the same accuracy. Two seeds may have the "
            "same: take each strategy and seed once.",
        ),
        (
            _with_worker,
            "You take each worker's results. What two workers computed is still one piece of work: "
            "its key is (strategy, seed).",
        ),
        (
            _by_seed,
            "You take each seed once, over all strategies. The same seed of two strategies is two "
            "pieces of work.",
        ),
        (
            _without_repeated,
            "You leave out what came twice altogether. It belongs there once.",
        ),
        (
            _neighbours_only,
            "You compare each result with the one before it. The second one of a pair may come "
            "much later.",
        ),
        (
            _by_rows,
            "You add up each piece of work once and divide by the number of all rows. Divide by "
            "the number of seeds.",
        ),
        (
            _first_worker,
            "You leave out some workers. Any worker may have done the only copy of its work.",
        ),
        (
            lambda results: _counted(results, _work, median),
            "You took the median over seeds. The mean is asked for.",
        ),
        (
            lambda results: _counted(results, _work, sum),
            "You added the accuracies up. Their mean over the seeds is asked for.",
        ),
        (
            lambda results: _counted(results, _work, max),
            "You took the best seed of each strategy. The mean over all seeds is asked for.",
        ),
        (
            _numbers_of,
            "You counted the seeds of each strategy. Their mean accuracy is asked for.",
        ),
        (
            _running,
            "You take the mean of the mean so far and the next accuracy: the last seeds then count "
            "most. Gather all accuracies of a strategy, then take one mean.",
        ),
        (_as_series, SAYS["a table"]),
        (_by_pairs, SAYS["other keys"]),
        (
            _in_pairs,
            "The numbers are right. Return them as a dict from the name of a strategy to its mean.",
        ),
        (
            lambda results: mean(_means(results).values()),
            "You took the mean over all strategies. Each strategy has its own.",
        ),
    ],
)  # fmt: skip
