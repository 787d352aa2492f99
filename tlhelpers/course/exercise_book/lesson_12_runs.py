"""Exercise 12.6: runs in which all strategies were tested on the same items, none of them used."""

from __future__ import annotations

from functools import cache

import numpy as np

from tlhelpers.course.exercise_book.inspected import Inspected
from tlhelpers.course.exercise_book.made_project import (
    made_parts,
    made_runs,
    made_set,
    made_strategies,
)
from tlhelpers.course.watched_answer import Fault
from tlhelpers.evaluation.repeated import repeat
from tlhelpers.evaluation.runs import RUN_COLUMNS, SEEDS_TO_CLAIM, Runs

NO_TABLE = "my_runs must be the table that repeat() returns; {names} is missing in it."
COUNTS = (
    "The runs are of several label counts, {counts}. Report one number: run the count that your "
    "plan names. A curve over others may stand beside it, in a table of its own."
)
SEEDS = "There are {n} seeds. Below ten it is an illustration: run seeds=10."
USED = (
    "{n} groups of your part for choosing are among the tested ones, e.g. {name!r}. Give repeat() "
    'the reporting part alone: data.subset(my_parts["reporting"]).'
)
OTHER_DATA = "The runs were tested on groups that are not in the data, e.g. {name!r}."
UNPAIRED = (
    "{a!r} and {b!r} were not tested on the same items at seed {seed}. Run all strategies in one "
    "call of repeat()."
)
MISSING = "{name!r} of your plan was not run."
ONE_SPLIT = "All seeds have the same test items, so only one split was made. Let repeat() split."
EDITED = (
    "The accuracy of {name!r} at seed {seed} is not the mean of its right answers: the table was "
    "changed after the run."
)


def _inspect(data, parts, plan, runs) -> None:
    missing = sorted(set(RUN_COLUMNS) - set(getattr(runs, "columns", ())))
    if missing:
        raise Fault(NO_TABLE.format(names=", ".join(missing)))
    for name in (*plan["compared"], plan["baseline"], plan["control"]):
        if name not in set(runs["strategy"]):
            raise Fault(MISSING.format(name=name))
    counts = sorted(set(runs["labels"]))
    if len(counts) > 1:
        raise Fault(COUNTS.format(counts=", ".join(map(str, counts))))
    _refuse_used(np.asarray(data.groups), parts, runs)
    _refuse_unpaired(runs)
    if runs["seed"].nunique() < SEEDS_TO_CLAIM:
        raise Fault(SEEDS.format(n=runs["seed"].nunique()))
    if len({tuple(items) for items in runs["items"]}) == 1:
        raise Fault(ONE_SPLIT)
    for row in runs.itertuples():
        if abs(row.accuracy - np.mean(row.correct)) > 1e-9:
            raise Fault(EDITED.format(name=row.strategy, seed=row.seed))


def _refuse_used(groups: np.ndarray, parts: dict, runs) -> None:
    tested = np.unique(np.concatenate([np.asarray(items, dtype=str) for items in runs["items"]]))
    used = np.intersect1d(tested, groups[np.asarray(parts["choosing"])].astype(str))
    if used.size:
        raise Fault(USED.format(n=used.size, name=str(used[0])))
    strange = np.setdiff1d(tested, groups.astype(str))
    if strange.size:
        raise Fault(OTHER_DATA.format(name=str(strange[0])))


def _refuse_unpaired(runs) -> None:
    for seed, rows in runs.groupby("seed", sort=True):
        first = rows.iloc[0]
        for row in rows.itertuples():
            same = np.array_equal(row.items, first["items"])
            if not same or ("truth" in rows and not np.array_equal(row.truth, first["truth"])):
                raise Fault(UNPAIRED.format(a=first["strategy"], b=row.strategy, seed=seed))
    of_each = runs.groupby("strategy")["seed"].agg(lambda seeds: tuple(sorted(seeds)))
    for name, seeds in of_each.items():
        if seeds != of_each.iloc[0]:
            only = sorted(set(seeds) ^ set(of_each.iloc[0]))
            a, seed = of_each.index[0], only[0] if only else seeds[0]
            raise Fault(UNPAIRED.format(a=a, b=name, seed=seed))


# ---------------------------------------------------------------- wrong ones, known by name

PLAN = {
    "compared": ("good rows", "noise"),
    "baseline": "majority",
    "control": "noise",
}


def _given(runs) -> dict:
    return {"data": made_set(), "parts": made_parts(), "plan": PLAN, "runs": runs}


@cache
def _of_all_items() -> Runs:
    data = made_set()
    return repeat(made_strategies(data), data, labels=[10], seeds=10, progress=False)


def _in_two_calls() -> Runs:
    """The control on other splits than the rest, by other seeds under the same numbers."""
    runs = made_runs().copy()
    place = runs["strategy"] == "noise"
    turned = runs[place].assign(seed=(runs[place]["seed"] + 1) % SEEDS_TO_CLAIM)
    return Runs(
        [*runs[~place].to_dict("records"), *turned.to_dict("records")]
    ).sort_values("seed", kind="stable", ignore_index=True)  # fmt: skip


def _edited() -> Runs:
    runs = made_runs().copy()
    runs.loc[2, "accuracy"] += 0.05
    return runs


def _one_split() -> Runs:
    rows = made_runs().query("seed == 0").to_dict("records")
    return Runs([row | {"seed": seed} for seed in range(SEEDS_TO_CLAIM) for row in rows])


def _from_elsewhere() -> Runs:
    runs = made_runs().copy()
    runs["items"] = [np.char.add("guest ", items) for items in runs["items"]]
    return runs


@cache
def _of_two_counts() -> Runs:
    data = made_set().subset(made_parts()["reporting"])
    return repeat(made_strategies(data), data, labels=[5, 10], seeds=10, progress=False)


def _wrong_runs() -> list:
    choosing = np.unique(made_set().groups[made_parts()["choosing"]])
    tested = np.unique(np.concatenate(list(_of_all_items()["items"])))
    used = np.intersect1d(choosing, tested)
    strange = np.unique(np.concatenate(list(_from_elsewhere()["items"])))
    return [
        (_given(_of_all_items()), USED.format(n=len(used), name=str(used[0]))),
        (_given(_from_elsewhere()), OTHER_DATA.format(name=str(strange[0]))),
        (_given(_in_two_calls()), UNPAIRED.format(a="majority", b="noise", seed=0)),
        (_given(made_runs().query("seed < 5")), SEEDS.format(n=5)),
        (_given(_of_two_counts()), COUNTS.format(counts="5, 10")),
        (_given(made_runs().query("strategy != 'majority'")), MISSING.format(name="majority")),
        (_given(_one_split()), ONE_SPLIT),
        (_given(_edited()), EDITED.format(name="good rows", seed=0)),
        (_given(made_runs().drop(columns="correct")), NO_TABLE.format(names="correct")),
    ]


RUNS = Inspected(
    "12.6",
    praise="All strategies met the same items at each of ten seeds or more, and nothing was tested "
    "on a group that had a part in a choice.",
    hints=(
        "Which data did repeat() get, and were all strategies in that one call?",
        'reporting = data.subset(my_parts["reporting"]); then repeat(my_strategies(reporting), '
        "reporting, labels=[…], seeds=10).",
        "The table has one row for each seed and strategy, all of one label count.",
    ),
    parts=("data", "parts", "plan", "runs"),
    inspect=_inspect,
    right=lambda: [_given(made_runs()), _given(made_runs().sample(frac=1, random_state=0))],
    wrong=_wrong_runs,
)
