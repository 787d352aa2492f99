"""From one domain to another: what adaptation gains or loses, and what labels would."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from tlhelpers.checks import whole
from tlhelpers.evaluation.comparisons import compare_all
from tlhelpers.evaluation.runs import Runs, as_runs
from tlhelpers.evaluation.trials import (
    Strategy,
    Target,
    Trial,
    relabel,
    run_trial,
    without_labels,
)

REFERENCE, ORACLE = "source only", "oracle"
HELD_OUT = 0.3


def with_bounds(
    strategies: Mapping[str, Strategy], new_head: Callable[[], object], target
) -> dict[str, Strategy]:
    """Put strategies of adaptation between "source only" and "oracle", for `repeat`.

    Both prepare rows as `new_head` does. A strategy that prepares them otherwise, as
    `AdaptedClassifier` does, differs in that too: `fair_rows` gives each its own bounds.

    Parameters
    ----------
    strategies : dict of str to callable
        Each takes a trial and sees ``trial.rows()``: no label of the target is in it.
    new_head : callable
        Gives an untrained classifier as scikit-learn has it. Trained on the source it is "source
        only", trained on the target's labels "oracle".
    target : ImageSet or TextSet
        With its labels, which the oracle alone gets; the set that `repeat` is given as the second.

    Returns
    -------
    dict of str to callable

    Raises
    ------
    ValueError
        If a strategy takes a name that is taken.
    """
    for name in (REFERENCE, ORACLE):
        if name in strategies:
            raise ValueError(f"{name!r} is always there: give your strategy another name")

    def learn_from_source(trial: Trial) -> dict[str, np.ndarray]:
        source, labels, _, tests = trial.rows()
        return predict_all(new_head().fit(source, labels), tests)

    def learn_from_target(trial: Trial) -> dict[str, np.ndarray]:
        _, _, rows, tests = trial.rows()
        [hidden] = trial.targets.values()
        if not np.array_equal(hidden.data.groups, target.groups):
            raise ValueError("with_bounds() got another target than repeat(): give both the same")
        return predict_all(new_head().fit(rows, target.labels[hidden.train]), tests)

    return {REFERENCE: learn_from_source, **strategies, ORACLE: learn_from_target}


def predict_all(head, tests: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The classes that a trained head gives the rows of each test set.

    Parameters
    ----------
    head : object
        With ``predict``, as scikit-learn has it.
    tests : mapping of str to float array, shape (n, d)

    Returns
    -------
    dict of str to int array, shape (n,)
    """
    return {name: head.predict(rows) for name, rows in tests.items()}


# ---------------------------------------------------------------- what came out


def adaptation_table(
    runs: pd.DataFrame,
    source_runs: pd.DataFrame | None = None,
    reference: str = REFERENCE,
    oracle: str = ORACLE,
) -> pd.DataFrame:
    """Each strategy on the target, beside what the source alone gives and what labels would give.

    Parameters
    ----------
    runs : Runs
        Tested on the target; one label count, two seeds or more.
    source_runs : Runs, optional
        The same models tested on the source.
    reference : str
        The strategy without adaptation; it must be there.
    oracle : str
        The strategy that learned from target labels; it must be there.

    Returns
    -------
    pandas.DataFrame
        One row per strategy, in the order of the runs, the oracle last: `target` and `source` (mean
        accuracies), `difference` to the reference with its 95 % interval `low` and `high`,
        `gap_closed` (difference over that of the oracle; NaN if the oracle is no better) and
        `verdict`: "better" or "negative transfer" if resolved after Holm's correction over all
        strategies but the oracle; otherwise "not resolved". The oracle's verdict is "used target
        labels", whatever came out.

    Raises
    ------
    ValueError
        If reference or oracle are missing, there are several label counts, or runs do not pair.
    """
    runs = as_runs(runs)
    for name in (reference, oracle):
        if name not in runs.strategies:
            raise ValueError(f"the runs hold no {name!r}: a gain stands between both, never alone")
    runs = runs.at_one_count()
    inner = [name for name in runs.strategies if name not in (reference, oracle)]
    order = [reference, *inner, oracle]
    table = pd.DataFrame({"target": runs.groupby("strategy")["accuracy"].mean()}).loc[order]
    if source_runs is not None:
        source_runs = as_runs(source_runs, ("strategy", "accuracy"))
        table["source"] = source_runs.groupby("strategy")["accuracy"].mean().reindex(order)
    differences = _differences(runs, inner, reference, oracle)
    for column in ("difference", "low", "high"):
        table[column] = differences[column].reindex(order)
    gap = differences.loc[oracle, "difference"]
    table["gap_closed"] = table["difference"] / gap if gap > 0 else float("nan")
    table["verdict"] = [_verdict(differences, name, reference, oracle) for name in order]
    return table


def _differences(runs: Runs, inner: list[str], reference: str, oracle: str) -> pd.DataFrame:
    """Each strategy against the reference; the oracle apart, since it is no rival."""
    groups = [[reference, *inner]] if inner else []
    parts = [
        compare_all(runs[runs["strategy"].isin(names)], reference)
        for names in [*groups, [reference, oracle]]
    ]
    return pd.concat(parts, ignore_index=True).set_index("a")


def _verdict(differences: pd.DataFrame, name: str, reference: str, oracle: str) -> str:
    if name in (reference, oracle):
        return "no adaptation" if name == reference else "used target labels"
    if differences.loc[name, "verdict"] != "resolved":
        return "not resolved"
    return "better" if differences.loc[name, "difference"] > 0 else "negative transfer"


# ---------------------------------------------------------------- there and back


def circular_validation(strategy: Strategy, trial: Trial, seed: int = 0) -> float:
    """Adapt to the target, adapt back from the guesses made there, judge on the source [1]_ [2]_.

    The strategy learns source to target from 70 % of each class of the trial's training items;
    then it learns target to source from the classes that it gave to the target's items, and is
    judged on the 30 % that it has not seen.

    Parameters
    ----------
    strategy : callable
        As for `repeat`; the oracle is none, since it looks at what is to be guessed.
    trial : Trial
        With one target, and with features if the strategy asks for them.
    seed : int
        Of the training items that are held out; 0 or more.

    Returns
    -------
    float
        Accuracy on held-out source items, 0 … 1. If all target items get one class, that of
        this class.

    Raises
    ------
    ValueError
        If a class has one training item only, the trial has not exactly one target, or `seed` is no
        whole number from 0 on.

    References
    ----------
    .. [1] Bruzzone and Marconcini, Domain adaptation problems: a DASVM classification technique and
       a circular validation strategy, IEEE Transactions on Pattern Analysis and Machine
       Intelligence 32, 2010.
    .. [2] Zhong, Fan, Yang, Verscheure and Ren, Cross validation framework to choose amongst models
       and datasets for transfer learning, ECML 2010.
    """
    whole("seed", seed, 0, 2**32 - 1)
    if len(trial.targets) != 1:
        raise ValueError(
            f"there and back takes one target, but this trial has {list(trial.targets)}: give "
            "plan_trials() two sets"
        )
    [(other, target)] = trial.targets.items()
    labels = np.asarray(trial.source.labels)
    learn, judge = train_test_split(
        trial.train, test_size=HELD_OUT, stratify=labels[trial.train], random_state=int(seed)
    )
    there = replace(trial, train=learn, targets={other: replace(target, test=target.train)})
    outcome, *_ = run_trial("there", strategy, there)
    guessed = outcome.predicted[other]
    if len(np.unique(guessed)) == 1:  # nothing to learn from
        return float(np.mean(labels[judge] == guessed[0]))
    outcome, *_ = run_trial("back", strategy, _back(there, target, guessed, judge))
    return float(np.mean(outcome.predicted[trial.name] == labels[judge]))


def _back(there: Trial, target: Target, guessed: np.ndarray, judge: np.ndarray) -> Trial:
    """The trial the other way round: the target with guessed labels is now what is learned from."""
    [other] = there.targets
    classes = np.zeros(len(target.data.labels), dtype=np.int64)
    classes[target.train] = guessed
    hidden = Target(without_labels(there.source), there.train, judge)
    return replace(
        there,
        source=relabel(target.data, classes),
        train=target.train,
        test=target.train,
        name=other,
        targets={there.name: hidden},
    )
