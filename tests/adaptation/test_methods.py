"""Methods of adaptation beside the source alone in the same preparation, and their table."""

import warnings
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from tlhelpers.adaptation import methods as module
from tlhelpers.adaptation.across import adaptation_table, predict_all, with_bounds
from tlhelpers.adaptation.gains import fair_table
from tlhelpers.adaptation.methods import METHODS, PREPARATIONS, describe_methods, fair_rows
from tlhelpers.adaptation.shallow import align_covariance, importance_weights, self_train
from tlhelpers.adaptation.skada_methods import AdaptedClassifier, stack_domains
from tlhelpers.evaluation.comparisons import compare
from tlhelpers.evaluation.repeated import repeat
from tlhelpers.evaluation.significance import holm
from tlhelpers.models.heads import new_linear_head

pytestmark = pytest.mark.usefixtures("one_thread")
LENGTH_ONE, TOGETHER = PREPARATIONS
OF_SKADA = {
    "optimal transport", "linear optimal transport", "subspace alignment",
    "transfer component analysis", "reweighting by KLIEP",
}  # fmt: skip
BOUNDS = ("source only", "oracle")


def domain(n: int, name: str):
    """Two classes in turn; every item is its own group."""
    groups = np.array([f"{name}-{i}" for i in range(n)])
    return SimpleNamespace(labels=np.arange(n) % 2, groups=groups, class_names=["no", "yes"])


def clouds(data, shift, scale=1.0, seed=0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rows = rng.normal(0, 1, (len(data.labels), 5)) + 0.8 * data.labels[:, None]
    return scale * rows @ np.diag([1, 3, 1, 0.5, 2]) + shift


SETS = {"source": domain(90, "a"), "target": domain(70, "b")}
ROWS = {"source": clouds(SETS["source"], 0), "target": clouds(SETS["target"], 1.0, 1.4, seed=1)}


def run(strategies, **options):
    options = {"seeds": 2, "features": ROWS, "progress": False} | options
    return repeat(strategies, SETS, [None], **options)


@cache
def runs_of_all(preparation):
    """Of every method under one preparation, or each under its own."""
    return run(fair_rows(METHODS, SETS["target"], preparation))


def predictions(runs, name) -> list[list[int]]:
    return [found.tolist() for found in runs[runs["strategy"] == name]["predicted"]]


def assert_same_predictions(runs, strategies) -> None:
    """Each strategy by hand predicts what the row of the same name does, on both sets."""
    by_hand = run(strategies)
    for name in strategies:
        assert predictions(runs, name) == predictions(by_hand, name), name


# ---------------------------------------------------------------- what a row is


def by_hand_at_length_one():
    """The strategies of the lesson on domain shift, as they stand there."""

    def head_on(moved, labels, tests):
        return predict_all(new_linear_head(C=1).fit(moved, labels), tests)

    def each_by_itself(trial, with_std):
        source, labels, target, tests = trial.rows()
        own, other = (StandardScaler(with_std=with_std).fit(rows) for rows in (source, target))
        moved = {n: (own if n == trial.name else other).transform(r) for n, r in tests.items()}
        return head_on(own.transform(source), labels, moved)

    def by_coral(trial):
        source, labels, target, tests = trial.rows()
        return head_on(align_covariance(source, target), labels, tests)

    def weighted(trial):
        source, labels, target, tests = trial.rows()
        weights = importance_weights(source, target, C=0.01)
        head = new_linear_head(C=1).fit(source, labels, logisticregression__sample_weight=weights)
        return predict_all(head, tests)

    def self_trained(trial):
        source, labels, target, tests = trial.rows()
        found = self_train(lambda: new_linear_head(C=1), source, labels, target, 0.6, rounds=3)
        return predict_all(found.head, tests)

    return {
        "standardising": lambda trial: each_by_itself(trial, True),
        "centring": lambda trial: each_by_itself(trial, False),
        "CORAL": by_coral,
        "importance weights": weighted,
        "self-training": self_trained,
    }


def test_at_length_one_the_rows_are_those_of_the_lesson_and_of_with_bounds():
    mine = by_hand_at_length_one()
    wanted = with_bounds(mine, lambda: new_linear_head(C=1), SETS["target"])
    assert_same_predictions(runs_of_all(LENGTH_ONE), wanted)


def by_skada(name):
    def strategy(trial):
        source, labels, target, tests = trial.rows()
        model = AdaptedClassifier(name).fit(*stack_domains(source, labels, target))
        return {place: model.predict(rows) for place, rows in tests.items()}

    return strategy


def test_standardised_together_the_rows_are_those_of_skada_and_so_is_source_only():
    names = [*sorted(OF_SKADA), "source only"]
    assert_same_predictions(runs_of_all(TOGETHER), {name: by_skada(name) for name in names})


def test_the_oracle_is_prepared_as_the_methods_are():
    def oracle(trial):
        source, _, target, tests = trial.rows()
        [hidden] = trial.targets.values()
        scaler = StandardScaler().fit(np.concatenate([source, target]))
        labels = SETS["target"].labels[hidden.train]
        head = LogisticRegression(max_iter=2000).fit(scaler.transform(target), labels)
        return {name: head.predict(scaler.transform(rows)) for name, rows in tests.items()}

    assert_same_predictions(runs_of_all(TOGETHER), {"oracle": oracle})


def test_the_preparation_alone_changes_what_source_only_predicts():
    """Else nothing here could tell whether a row stands beside the right one."""
    one, other = (predictions(runs_of_all(how), "source only") for how in PREPARATIONS)
    assert one != other


def test_optimal_transport_is_to_be_had_in_the_preparation_of_the_others():
    transported, other = (predictions(runs_of_all(p), "optimal transport") for p in PREPARATIONS)
    assert transported != other

    def by_hand(trial):
        import ot

        source, labels, target, tests = trial.rows()
        plan = ot.da.EMDTransport().fit(Xs=source, Xt=target)
        head = new_linear_head(C=1).fit(plan.transform(Xs=source), labels)
        return predict_all(head, tests)

    assert_same_predictions(runs_of_all(LENGTH_ONE), {"optimal transport": by_hand})


def test_each_method_has_its_own_preparation_unless_told_otherwise():
    own = runs_of_all(None)
    about = describe_methods()
    assert list(about.index) == list(METHODS)
    assert set(about.index[about["preparation"] == TOGETHER]) == OF_SKADA
    for name, one in about.iterrows():
        row = f"{name} ({one['preparation']})"
        assert predictions(own, row) == predictions(runs_of_all(one["preparation"]), name), name
        assert one["when"] == PREPARATIONS[one["preparation"]] and one["does"]
    for preparation in PREPARATIONS:
        for name in BOUNDS:
            row = predictions(own, f"{name} ({preparation})")
            assert row == predictions(runs_of_all(preparation), name)


@pytest.mark.parametrize("preparation", [*PREPARATIONS, None], ids=str)
def test_every_row_stands_beside_rows_of_its_own_preparation(preparation):
    runs = runs_of_all(preparation)
    of = runs.drop_duplicates("strategy").set_index("strategy")["preparation"]
    beside = runs.drop_duplicates("strategy").set_index("strategy")["beside"]
    for name, others in beside.items():
        assert all(of[other] == of[name] for other in filter(None, others.split("; ")))
        assert bool(others) != name.startswith("source only")
        assert others.startswith("source only") or not others


def test_what_a_method_stands_beside_is_put_in():
    both = fair_rows(["CORAL", "optimal transport"], SETS["target"], LENGTH_ONE)
    assert list(both) == ["source only", "centring", "CORAL", "optimal transport", "oracle"]
    own = fair_rows(["CORAL", "linear optimal transport"], SETS["target"])
    names = ["source only", "centring", "CORAL", "oracle"]
    other = ["source only", "centring", "linear optimal transport", "oracle"]
    assert list(own) == [f"{n} ({LENGTH_ONE})" for n in names] + [
        f"{n} ({TOGETHER})" for n in other
    ]
    assert list(fair_rows(["CORAL"], SETS["target"])) == names


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from(list(METHODS)), min_size=1, unique=True), st.booleans())
def test_whatever_is_asked_for_each_preparation_has_one_source_only_and_one_oracle(names, own):
    found = fair_rows(names, SETS["target"], None if own else TOGETHER)
    used = {METHODS[name].preparation for name in names} if own else {TOGETHER}
    for bound in BOUNDS:
        wanted = {f"{bound} ({p})" for p in used} if len(used) > 1 else {bound}
        assert {name for name in found if name.startswith(bound)} == wanted
    bare = {name.removesuffix(f" ({LENGTH_ONE})").removesuffix(f" ({TOGETHER})") for name in found}
    controls = {other for name in names for other in METHODS[name].beside}
    assert bare == {*names, *controls, *BOUNDS}


def test_a_method_of_ones_own_gets_fair_rows_too():
    shifted = {"shifted": lambda source, target: source - source.mean(0) + target.mean(0)}
    runs = run(fair_rows({"CORAL too": "CORAL", "left": lambda s, t: s, **shifted}, SETS["target"]))
    known = runs_of_all(LENGTH_ONE)
    assert predictions(runs, "CORAL too") == predictions(known, "CORAL")
    assert predictions(runs, "left") == predictions(known, "source only")
    on_target = runs.on("target")
    # To the target's mean: the same as centring both, once the head has centred.
    assert predictions(on_target, "shifted") == predictions(known.on("target"), "centring")
    table = fair_table(on_target).set_index(["strategy", "beside"])
    assert table.loc[("left", "source only"), "difference"] == 0


def test_no_strategy_warns_or_changes_its_rows():
    before = {name: rows.copy() for name, rows in ROWS.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(fair_rows(METHODS, SETS["target"]), seeds=[5])
    assert all(np.array_equal(ROWS[name], rows) for name, rows in before.items())


def test_constant_features_are_centred_exactly(monkeypatch):
    """0.1 three times has a standard deviation of 1e-17: divided by it, rounding becomes 1."""
    sets = {"source": domain(40, "a"), "target": domain(30, "b")}
    rows = {name: clouds(data, 0) for name, data in sets.items()}
    plain, told = {}, {}
    for found, extra in ((plain, False), (told, True)):
        features = {n: np.c_[r, np.full((len(r), 3), 0.1)] if extra else r for n, r in rows.items()}
        strategies = fair_rows(["standardising", "centring"], sets["target"])
        runs = repeat(strategies, sets, [None], seeds=2, features=features, progress=False)
        found |= {name: predictions(runs, name) for name in strategies}
    assert plain == told


# ---------------------------------------------------------------- the table


@cache
def tables():
    names = ["CORAL", "optimal transport", "importance weights"]
    runs = run(fair_rows(names, SETS["target"]), seeds=4)
    return runs, fair_table(runs.on("target"), runs.on("source"))


def test_a_row_of_the_table_is_a_comparison_within_one_preparation():
    runs, table = tables()
    on_target = runs.on("target")
    pairs = list(table[["strategy", "beside"]].itertuples(index=False, name=None))
    one, two = f" ({LENGTH_ONE})", f" ({TOGETHER})"
    assert pairs == [
        ("source only" + one, ""), ("centring" + one, "source only" + one),
        ("CORAL" + one, "source only" + one), ("CORAL" + one, "centring" + one),
        ("importance weights" + one, "source only" + one), ("oracle" + one, "source only" + one),
        ("source only" + two, ""), ("optimal transport" + two, "source only" + two),
        ("oracle" + two, "source only" + two),
    ]  # fmt: skip
    judged = []
    for row in table.itertuples():
        assert row.strategy.endswith(f"({row.preparation})")
        accuracies = [frame[frame["strategy"] == row.strategy]["accuracy"].mean()
                      for frame in (on_target, runs.on("source"))]  # fmt: skip
        assert [row.target, row.source] == pytest.approx(accuracies)
        if row.beside:
            found = compare(on_target, row.strategy, row.beside)
            assert (row.difference, row.low, row.high) == (found.difference, found.low, found.high)
            if not row.strategy.startswith("oracle"):
                judged.append(found.p)
        else:
            assert row.verdict == "no adaptation" and np.isnan(row.difference)
    corrected = table.loc[table["p_holm"].notna(), "p_holm"]
    np.testing.assert_allclose(corrected, holm(judged))


def made(**wrong) -> pd.DataFrame:
    """Runs of rows by name, of which so many of 100 items are wrong."""
    items, rows = np.array([f"i{i:03}" for i in range(100)]), []
    beside = {"source_only": "", "CORAL": "source only; centring"}
    for seed in range(3):
        for name, count in wrong.items():
            row = {"seed": seed, "labels": 5, "strategy": name.replace("_", " "), "items": items}
            row |= {"correct": np.arange(100) >= count, "accuracy": 1 - count / 100}
            row |= {"preparation": "p", "beside": beside.get(name, "source only")}
            rows.append(row | {"used_target_labels": name == "oracle"})
    return pd.DataFrame(rows)


def test_the_verdicts_and_the_share_of_the_gap():
    runs = made(source_only=50, centring=20, CORAL=40, harmful=80, alike=50, oracle=10)
    table = fair_table(runs).set_index(["strategy", "beside"])
    assert table["verdict"].to_dict() == {
        ("source only", ""): "no adaptation",
        ("centring", "source only"): "better",
        ("CORAL", "source only"): "better",
        ("CORAL", "centring"): "worse",
        ("harmful", "source only"): "negative transfer",
        ("alike", "source only"): "not resolved",
        ("oracle", "source only"): "used target labels",
    }
    closed = table["gap_closed"].tolist()
    assert closed[1:3] + closed[4:] == pytest.approx([0.75, 0.25, -0.75, 0, 1])
    assert np.isnan([closed[0], closed[3]]).all()
    assert "source" not in table
    no_gap = fair_table(made(source_only=50, centring=20, oracle=50))
    assert no_gap["gap_closed"].isna().all()


def test_within_one_preparation_it_says_what_adaptation_table_says():
    runs = run(fair_rows(["standardising", "importance weights"], SETS["target"]), seeds=4)
    plain = adaptation_table(runs.on("target"))
    table = fair_table(runs.on("target"))
    table = table[table["beside"].isin(["", "source only"])].set_index("strategy")
    assert table.index.tolist() == plain.index.tolist()
    for column in ("target", "difference", "low", "high", "gap_closed"):
        np.testing.assert_allclose(table[column], plain[column])


def test_a_method_called_like_an_oracle_is_none():
    runs = made(source_only=50, oracle_of_Delphi=20, oracle=10)
    verdicts = fair_table(runs)["verdict"].tolist()
    assert verdicts == ["no adaptation", "better", "used target labels"]


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        (["korall"], "korall"),
        ([], "there is no method: give some of centring"),
        ("CORAL", r"give a list of methods, e.g. \['CORAL'\]"),
        ({"oracle": "CORAL"}, "'oracle' is the name of another row"),
        ({"CORAL": align_covariance}, "'CORAL' is the name of another row"),
        ({"centring": "CORAL"}, "'centring' is the name of another row"),
    ],
    ids=["unknown", "none", "a text", "the oracle", "a function", "another method"],
)
def test_methods_that_cannot_be_had_are_refused(methods, message):
    with pytest.raises(ValueError, match=message):
        fair_rows(methods, SETS["target"])


def test_other_things_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="preparation"):
        fair_rows(["CORAL"], SETS["target"], "length two")
    other = fair_rows(["CORAL"], domain(70, "c"))
    with pytest.raises(ValueError, match="another target than repeat"):
        run(other)
    runs = made(source_only=50, centring=20, oracle=10)
    with pytest.raises(
        ValueError, match=r"lack beside, used_target_labels: give those of fair_rows"
    ):
        fair_table(runs.drop(columns=["beside", "used_target_labels"]))
    with pytest.raises(ValueError, match="the runs hold no strategy 'centring'"):
        fair_table(made(source_only=50, CORAL=20))
    without = runs.assign(beside=runs["beside"].where(runs["strategy"] != "centring"))
    with pytest.raises(ValueError, match="'centring' does not say what it stands beside"):
        fair_table(without)
    with pytest.raises(ValueError, match="several label counts"):
        fair_table(pd.concat([runs, runs.assign(labels=9)]))


def test_the_table_of_methods_says_what_their_rows_do():
    assert describe_methods().loc["CORAL", "beside"] == "source only, centring"
    assert set(describe_methods()["preparation"]) == set(module.PREPARATIONS)
