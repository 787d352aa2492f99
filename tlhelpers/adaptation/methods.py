"""Shallow methods of adaptation, each beside the source alone in the same preparation of rows.

A method does two things: it prepares rows, and it adapts. What it gains is told by a row that is
prepared in the same way and does not adapt, and by no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from tlhelpers.adaptation.across import ORACLE, REFERENCE
from tlhelpers.adaptation.shallow import align_covariance, importance_weights, self_train
from tlhelpers.adaptation.skada_methods import TARGET, new_adapter, skada_routing, stack_domains
from tlhelpers.checks import known
from tlhelpers.evaluation.trials import Outcome, Strategy, Trial
from tlhelpers.models.heads import new_linear_head

# ---------------------------------------------------------------- preparations

LENGTH_ONE, TOGETHER = "length one", "standardised together"
PREPARATIONS = {
    LENGTH_ONE: "after adapting: minus the mean of the rows learned from, then to length one",
    TOGETHER: "before adapting: each feature to mean 0 and variance 1 over both domains",
}


def _new_head(preparation: str, C: float) -> Pipeline:
    """A head whose last step is named as `new_linear_head` names it."""
    if preparation == LENGTH_ONE:
        return new_linear_head(C)
    return Pipeline([("logisticregression", LogisticRegression(C=C, max_iter=2000))])


def _prepared(trial: Trial, preparation: str):
    """Source rows, labels, target rows and tests of a trial, before anything is adapted."""
    source, labels, target, tests = trial.rows()
    if preparation == TOGETHER:
        prepare = StandardScaler().fit(np.concatenate([source, target])).transform
        source, target = prepare(source), prepare(target)
        tests = {name: prepare(rows) for name, rows in tests.items()}
    return source, labels, target, tests


# ---------------------------------------------------------------- methods


def _as_they_are(rows: np.ndarray) -> np.ndarray:
    return rows


@dataclass(frozen=True, eq=False)
class _Adapted:
    """A trained head, and how rows of each domain are moved before it sees them."""

    head: object
    of_target: Callable = _as_they_are
    of_source: Callable = _as_they_are


def _leave(new_head, source, labels, target) -> _Adapted:
    return _Adapted(new_head().fit(source, labels))


def _scale_each(new_head, source, labels, target, with_std: bool) -> _Adapted:
    own, other = (StandardScaler(with_std=with_std).fit(rows) for rows in (source, target))
    head = new_head().fit(own.transform(source), labels)
    return _Adapted(head, other.transform, own.transform)


def _move(new_head, source, labels, target, move: Callable) -> _Adapted:
    return _Adapted(new_head().fit(move(source, target), labels))


def _weigh(new_head, source, labels, target, **options) -> _Adapted:
    weights = importance_weights(source, target, **options)
    return _Adapted(new_head().fit(source, labels, logisticregression__sample_weight=weights))


def _guess(new_head, source, labels, target, **options) -> _Adapted:
    return _Adapted(self_train(new_head, source, labels, target, **options).head)


def _by_skada(new_head, source, labels, target, name: str, **options) -> _Adapted:
    X, y, domain = stack_domains(source, labels, target)
    with skada_routing():
        adapter = new_adapter(name, X, domain, options)
        found = adapter.fit_transform(X, y, sample_domain=domain)
    if isinstance(found, tuple):  # rows as they are, and how much each counts
        weights = found[1]["sample_weight"][: len(source)]
        return _Adapted(new_head().fit(source, labels, logisticregression__sample_weight=weights))

    def move(rows: np.ndarray) -> np.ndarray:
        with skada_routing():
            return adapter.transform(rows, sample_domain=np.full(len(rows), TARGET))

    return _Adapted(new_head().fit(found[: len(source)], labels), move, move)


@dataclass(frozen=True, eq=False)
class Method:
    """A shallow method of adaptation.

    Attributes
    ----------
    adapt : callable
        Takes a function that gives a new head, source rows, labels and target rows.
    preparation : str
        Its own, one of `PREPARATIONS`: that of the course for the course's functions, and that of
        `AdaptedClassifier` for methods of skada.
    beside : tuple of str
        What it is compared with: the source alone, and a simpler method where it holds one.
    does : str
        In a few words.
    """

    adapt: Callable
    preparation: str
    does: str
    beside: tuple[str, ...] = (REFERENCE,)


CENTRING = "centring"
BETWEEN = "; "  # names in a note
_each = partial(partial, _scale_each)
_skada = partial(partial, _by_skada)
METHODS = {
    CENTRING: Method(_each(with_std=False), LENGTH_ONE, "each domain minus its own mean"),
    "standardising": Method(
        _each(with_std=True), LENGTH_ONE, "each domain to mean 0 and variance 1 by itself",
        (REFERENCE, CENTRING),
    ),
    "CORAL": Method(
        partial(_move, move=align_covariance), LENGTH_ONE,
        "source rows to the mean and nearer to the covariance of the target",
        (REFERENCE, CENTRING),
    ),
    "importance weights": Method(
        partial(_weigh, C=0.01), LENGTH_ONE, "source rows that look like the target count for more"
    ),
    "self-training": Method(
        partial(_guess, share=0.6, rounds=3), LENGTH_ONE, "learns from its own guesses too"
    ),
    "optimal transport": Method(
        _skada(name="optimal transport"), TOGETHER,
        "each source row to a target row, with the least way in all",
    ),
    "linear optimal transport": Method(
        _skada(name="linear optimal transport"), TOGETHER,
        "source rows by one matrix to the mean and covariance of the target", (REFERENCE, CENTRING),
    ),
    "subspace alignment": Method(
        _skada(name="subspace alignment"), TOGETHER,
        "each domain minus its mean in its own principal directions, those turned to the target's",
        (REFERENCE, CENTRING),
    ),
    "transfer component analysis": Method(
        _skada(name="transfer component analysis"), TOGETHER,
        "both domains in directions of much variance in which their means are near",
    ),
    "reweighting by KLIEP": Method(
        _skada(name="reweighting by KLIEP"), TOGETHER,
        "source rows where the target is dense count for more",
    ),
}  # fmt: skip


def describe_methods() -> pd.DataFrame:
    """What each shallow method does, and how it prepares rows unless told otherwise.

    Returns
    -------
    pandas.DataFrame
        One row per method that `fair_rows` knows: `does`, `preparation`, `when` (what the
        preparation does, and whether before or after), `beside` (what it is compared with).
    """
    rows = {
        name: (one.does, one.preparation, PREPARATIONS[one.preparation], ", ".join(one.beside))
        for name, one in METHODS.items()
    }
    columns = ["does", "preparation", "when", "beside"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


# ---------------------------------------------------------------- strategies


def fair_rows(
    methods: Iterable[str] | Mapping[str, str | Callable],
    target,
    preparation: str | None = None,
    C: float = 1.0,
) -> dict[str, Strategy]:
    """Strategies for `repeat`: methods, and for each preparation its source only and its oracle.

    Parameters
    ----------
    methods : iterable of str, or mapping of str to str or callable
        Names that `describe_methods` lists; of a mapping the keys name the rows. A function takes
        source rows and target rows and gives moved source rows, as `align_covariance` does. What a
        method is to stand beside, e.g. centring beside CORAL, is put in if it is not asked for.
    target : ImageSet or TextSet
        With its labels, which the oracles alone get; the set that `repeat` is given as the second.
    preparation : str, optional
        One of `PREPARATIONS`, for all methods, so that they share one source only and one oracle.
        When left out, each method has its own, and every row is named after its preparation if
        there are several.
    C : float
        Inverse strength of the head's L2 penalty.

    Returns
    -------
    dict of str to callable
        Source only first, its oracle last, for each preparation. The notes of a run tell its
        `preparation`, `beside` (what `fair_table` compares it with) and `used_target_labels`. Test
        rows of the source are treated as those of the target, but for centring and standardising,
        which treat each domain by itself.

    Raises
    ------
    ValueError
        If a method or preparation is not known, there is none, or a name is taken.
    """
    if preparation is not None:
        known("preparation", preparation, PREPARATIONS)
    asked = _methods_asked(methods, preparation)
    used = list(dict.fromkeys(one.preparation for one in asked.values()))
    strategies = {}
    for each in used:
        ending = f" ({each})" if len(used) > 1 else ""
        alone = Method(_leave, each, "learns from the source alone", ())
        for name, one in {REFERENCE: alone, **_with_controls(asked, each)}.items():
            notes = _notes(each, one.beside, ending)
            strategies[name + ending] = _adapt_by(one.adapt, each, C, notes)
        notes = _notes(each, (REFERENCE,), ending, used_labels=True)
        strategies[ORACLE + ending] = _learn_from(target, each, C, notes)
    return strategies


def _methods_asked(methods, preparation: str | None) -> dict[str, Method]:
    if isinstance(methods, str):
        raise ValueError(f"give a list of methods, e.g. [{methods!r}]")
    named = dict(methods) if isinstance(methods, Mapping) else {name: name for name in methods}
    if not named:
        raise ValueError(f"there is no method: give some of {', '.join(METHODS)}")
    asked = {}
    for name, method in named.items():
        own = _method(method)
        if name in (REFERENCE, ORACLE) or METHODS.get(name, own) is not own:
            raise ValueError(f"{name!r} is the name of another row: give yours its own")
        asked[name] = replace(own, preparation=preparation or own.preparation)
    return asked


def _method(method: str | Method | Callable) -> Method:
    if isinstance(method, Method):
        return method
    if callable(method):
        return Method(partial(_move, move=method), LENGTH_ONE, "source rows, moved")
    known("method", method, METHODS)
    return METHODS[method]


def _with_controls(asked: Mapping[str, Method], preparation: str) -> dict[str, Method]:
    """Those of one preparation, each after the simpler methods that it stands beside."""
    found = {}
    for name, one in asked.items():
        if one.preparation == preparation:
            found |= {control: METHODS[control] for control in one.beside if control != REFERENCE}
            found[name] = one
    return found


def _notes(preparation: str, beside: Iterable[str], ending: str, used_labels: bool = False) -> dict:
    names = BETWEEN.join(name + ending for name in beside)
    return {"preparation": preparation, "beside": names, "used_target_labels": used_labels}


def _adapt_by(adapt: Callable, preparation: str, C: float, notes: dict) -> Strategy:
    def strategy(trial: Trial) -> Outcome:
        source, labels, target, tests = _prepared(trial, preparation)
        with threadpool_limits(1):
            found = adapt(partial(_new_head, preparation, C), source, labels, target)
            predicted = {
                name: found.head.predict(
                    (found.of_source if name == trial.name else found.of_target)(rows)
                )
                for name, rows in tests.items()
            }
        return Outcome(predicted, dict(notes))

    return strategy


def _learn_from(target, preparation: str, C: float, notes: dict) -> Strategy:
    def strategy(trial: Trial) -> Outcome:
        _, _, rows, tests = _prepared(trial, preparation)
        [hidden] = trial.targets.values()
        if not np.array_equal(hidden.data.groups, target.groups):
            raise ValueError("fair_rows() got another target than repeat(): give both the same")
        with threadpool_limits(1):
            head = _new_head(preparation, C).fit(rows, target.labels[hidden.train])
            predicted = {name: head.predict(rows) for name, rows in tests.items()}
        return Outcome(predicted, dict(notes))

    return strategy
