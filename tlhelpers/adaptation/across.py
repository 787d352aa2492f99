"""From one domain to another, repeated: what adaptation gains or loses, and what labels would."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from tlhelpers.checks import is_int, whole_numbers
from tlhelpers.data.splits import draw_labels, mean_per_class, split_by_group
from tlhelpers.evaluation.repeated import compare_all, judged

REFERENCE, ORACLE = "source only", "oracle"
Adapt = Callable[[np.ndarray, np.ndarray, np.ndarray, list[np.ndarray], int], list[np.ndarray]]


def repeat_across(
    strategies: Mapping[str, Adapt],
    source,
    target,
    source_rows: np.ndarray,
    target_rows: np.ndarray,
    *,
    oracle: Callable[[], object],
    per_class: int | None = None,
    seeds: int = 10,
    test: float = 0.3,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run strategies of domain adaptation on rows, with a source-only and an oracle row.

    Each seed splits both domains, each by itself, as the sweeps do. A strategy gets no target label.

    Parameters
    ----------
    strategies : dict of str to callable
        ``strategy(rows, labels, target_rows, tests, seed)``: training rows of the source, float
        (n, d), with labels, int64 (n,); training rows of the target, float (m, d); a list of two
        arrays of rows to predict, of the target and of the source. It gives one int array for each.
    source, target : ImageSet or TextSet
        With the same classes.
    source_rows, target_rows : float array, shape (items, d)
        Features of all items.
    oracle : callable
        Gives an untrained head as scikit-learn has it. Trained on the source it is "source only",
        trained on the target's labels "oracle".
    per_class : int, optional
        Labels per class of the source; all when left out.
    seeds : int
    test : float
        Share of the test side, of both domains.

    Returns
    -------
    pandas.DataFrame
        Runs on the target, as `evaluate.repeat` returns them but for seconds.
    pandas.DataFrame
        The same models on the source.

    Raises
    ------
    ValueError
        If the classes differ, rows do not fit the items, or a strategy takes a name that is taken.
    """
    _check(strategies, source, target, source_rows, target_rows, seeds)
    found, splits = ([], []), [split_by_group(source, test, seed) for seed in range(seeds)]
    count = per_class or mean_per_class(splits, len(source.class_names))
    for seed, own in enumerate(splits):
        other = split_by_group(target, test, seed)
        drawn = draw_labels(source.labels[own.train], per_class, seed, source.class_names)
        items = own.train[drawn]
        learned = source_rows[items], source.labels[items]
        seen = target_rows[other.train], target.labels[other.train]
        tests = [target_rows[other.test], source_rows[own.test]]
        predicted = {REFERENCE: _head_on(oracle, learned, tests)}
        for name, strategy in strategies.items():
            # Copies: a strategy that changes its rows in place must not change the next one's.
            given = [rows.copy() for rows in (*learned, seen[0])]
            guesses = strategy(*given, [rows.copy() for rows in tests], seed)
            predicted[name] = _checked(name, guesses, tests)
        predicted[ORACLE] = _head_on(oracle, seen, tests)
        sides = (target, other.test), (source, own.test)
        for place, (data, judged_items) in enumerate(sides):
            truth, groups = data.labels[judged_items], data.groups[judged_items]
            found[place].extend(
                {"seed": seed, "labels": count, "strategy": name}
                | judged(truth, guesses[place], groups)
                for name, guesses in predicted.items()
            )
    return pd.DataFrame(found[0]), pd.DataFrame(found[1])


def _head_on(new_head: Callable, learned: tuple, tests: list[np.ndarray]) -> list[np.ndarray]:
    head = new_head().fit(*learned)
    return [head.predict(rows) for rows in tests]


def _checked(name: str, guesses, tests: list[np.ndarray]) -> list[np.ndarray]:
    found, wanted = [np.shape(one) for one in guesses], [(len(rows),) for rows in tests]
    if found != wanted:
        raise ValueError(
            f"strategy {name!r} returned shapes {found}, not {wanted}: one label per row of the "
            "target's test side, and of the source's"
        )
    return [whole_numbers(one, f"predictions of strategy {name!r}") for one in guesses]


def _check(strategies, source, target, source_rows, target_rows, seeds) -> None:
    if source.class_names != target.class_names:
        raise ValueError(f"other classes: {source.class_names} and {target.class_names}")
    for name, data, rows in (("source", source, source_rows), ("target", target, target_rows)):
        if np.ndim(rows) != 2 or len(rows) != len(data.labels):
            raise ValueError(
                f"{name} has {len(data.labels)} items, but rows of shape {np.shape(rows)}"
            )
    if np.shape(source_rows)[1] != np.shape(target_rows)[1]:
        widths = np.shape(source_rows)[1], np.shape(target_rows)[1]
        raise ValueError(f"source rows have {widths[0]} features, target rows {widths[1]}")
    for name in (REFERENCE, ORACLE):
        if name in strategies:
            raise ValueError(f"{name!r} is always there: give your strategy another name")
    if not is_int(seeds) or seeds < 2:
        raise ValueError(f"seeds must be a whole number from 2 on, got {seeds!r}")


def adaptation_table(
    runs: pd.DataFrame,
    source_runs: pd.DataFrame | None = None,
    reference: str = REFERENCE,
    oracle: str = ORACLE,
) -> pd.DataFrame:
    """Each strategy on the target, beside what the source alone gives and what labels would give.

    Parameters
    ----------
    runs : pandas.DataFrame
        As `evaluate.repeat` returns it, on the target; one label count, two seeds or more.
    source_runs : pandas.DataFrame, optional
        The same models on the source.
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
    strategies = list(dict.fromkeys(runs["strategy"]))
    for name in (reference, oracle):
        if name not in strategies:
            raise ValueError(f"the runs hold no {name!r}: a gain is told between both, never alone")
    if runs["labels"].nunique() != 1:
        raise ValueError(f"give one label count, not {sorted(runs['labels'].unique())}")
    order = [reference, *(m for m in strategies if m not in (reference, oracle)), oracle]
    table = pd.DataFrame({"target": runs.groupby("strategy")["accuracy"].mean()}).loc[order]
    if source_runs is not None:
        table["source"] = source_runs.groupby("strategy")["accuracy"].mean().reindex(order)
    tested = compare_all(runs[runs["strategy"] != oracle], reference) if len(order) > 2 else None
    best = compare_all(runs[runs["strategy"].isin([reference, oracle])], reference)
    found = pd.concat([tested, best], ignore_index=True).set_index("a")
    for column in ("difference", "low", "high"):
        table[column] = found[column].reindex(order)
    gap = found.loc[oracle, "difference"]
    table["gap_closed"] = table["difference"] / gap if gap > 0 else float("nan")
    table["verdict"] = [_verdict(found, name, reference, oracle) for name in order]
    return table


def _verdict(found: pd.DataFrame, name: str, reference: str, oracle: str) -> str:
    if name in (reference, oracle):
        return "no adaptation" if name == reference else "used target labels"
    if found.loc[name, "verdict"] != "resolved":
        return "not resolved"
    return "better" if found.loc[name, "difference"] > 0 else "negative transfer"
