"""Choosing without target labels: scores in closed form, and the run that a score picks."""

import copy
import inspect
import warnings
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_deep import sealed
from tiny_nets import tiny_classifier, tiny_images

from tlhelpers.adaptation import choosing
from tlhelpers.adaptation.choosing import SCORERS, choose_by, compute_scores, controlled_risk
from tlhelpers.adaptation.evidence import Evidence, extract_head_inputs, gather_evidence
from tlhelpers.adaptation.shallow import importance_weights
from tlhelpers.training.batches import hide_labels
from tlhelpers.training.fitting import fit
from tlhelpers.training.predicting import predict_proba

SEEDS = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=8, deadline=None)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def evidence(n=24, m=20, k=3, d=4, gap=0.3, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.normal(0, 1, (n, d)), rng.normal(gap, 1, (m, d))
    p, q = (softmax(rng.normal(0, 2, (rows, k))) for rows in (n, m))
    return Evidence(features[0], p, rng.integers(0, k, n), features[1], q)


def one(name, given):
    return compute_scores(given, [name])[name]


def with_target(p, n=24):
    """Evidence with these probabilities of the target."""
    p = np.asarray(p, dtype=float)
    base = evidence(n, len(p), p.shape[1])
    return replace(base, target_probabilities=p)


# ---------------------------------------------------------------- closed forms

FIVE = [[1, 0], [1, 0], [0.5, 0.5], [0, 1], [0.5, 0.5]]


def test_scores_of_probabilities_are_those_worked_out_by_hand():
    given = with_target(FIVE)
    log2 = np.log(2)
    assert one("entropy", given) == pytest.approx(-2 / 5 * log2)
    whole = -(0.6 * np.log(0.6) + 0.4 * np.log(0.4))
    assert one("mutual information", given) == pytest.approx(whole - 2 / 5 * log2)
    assert one("matrix norm", given) == pytest.approx(((3 + 4 / 16) / 10) ** 0.25)


def test_neighbours_at_right_angles_do_not_count():
    # Each item has one twin among three others, with cosine 1, the rest 0.
    given = with_target([[1, 0], [1, 0], [0, 1], [0, 1]])
    far = 1 / (np.exp(20) + 2)
    near = 1 - 2 * far
    wanted = -(near * np.log(near) + 2 * far * np.log(far))
    assert one("soft neighbourhood density", given) == pytest.approx(wanted, rel=1e-3)
    wide = with_target(np.repeat(np.eye(2), 10, axis=0))
    assert one("soft neighbourhood density", wide) == pytest.approx(np.log(9), abs=1e-6)


def test_neighbourhoods_are_those_of_the_paper():
    p = evidence(m=15, seed=3).target_probabilities
    unit = p / np.sqrt((p**2).sum(axis=1, keepdims=True))
    found = []
    for i in range(15):
        e = np.array([np.exp(unit[i] @ unit[j] / 0.05) for j in range(15) if j != i])
        found.append(-(e / e.sum() * np.log(e / e.sum())).sum())
    wanted = np.mean(found)
    assert one("soft neighbourhood density", with_target(p)) == pytest.approx(wanted, rel=1e-6)


def source_of(confidence, right, target):
    """Two classes; the model says 0 of every source item, with this confidence."""
    p = np.c_[confidence, 1 - np.asarray(confidence)]
    q = np.c_[target, 1 - np.asarray(target)]
    base = evidence(len(p), len(q), 2)
    labels = 1 - np.asarray(right, dtype=int)
    return replace(base, source_probabilities=p, source_labels=labels, target_probabilities=q)


def test_source_accuracy_counts_hits():
    given = source_of([0.9, 0.8, 0.7, 0.6], [1, 0, 1, 1], [0.9] * 4)
    assert one("source accuracy", given) == 0.75


def test_thresholded_confidence_counts_target_items_above_the_errors():
    # One error, so the threshold lies just above 0.6, and three target items pass.
    given = source_of([0.9, 0.8, 0.7, 0.6], [1, 0, 1, 1], [0.55, 0.6, 0.7, 0.99, 0.65])
    assert one("thresholded confidence", given) == pytest.approx(3 / 5)
    tied = source_of([0.9, 0.8, 0.8, 0.8], [1, 0, 1, 0], [0.8, 0.8, 0.95, 0.7])
    # Two errors among the three tied ones: a third of them lies above.
    assert one("thresholded confidence", tied) == pytest.approx((1 / 3 + 1 / 3 + 1 + 0) / 4)


@FEW
@given(SEEDS, st.integers(1, 8))
def test_on_the_source_itself_thresholded_confidence_is_accuracy(seed, steps):
    base = evidence(30, 30, seed=seed)
    p = softmax(np.round(steps * np.log(base.source_probabilities)) / steps)  # with ties
    given = replace(base, source_probabilities=p, target_probabilities=p)
    assert one("thresholded confidence", given) == pytest.approx(one("source accuracy", given))


def test_a_weighted_hit_counts_as_its_weight():
    given = evidence(gap=1.0)
    weights = importance_weights(given.source_features, given.target_features, C=0.01)
    hits = given.source_probabilities.argmax(axis=1) == given.source_labels
    wanted = weights[hits].sum() / weights.sum()
    assert one("importance weighted", given) == pytest.approx(wanted)
    assert one("importance weighted", given) != pytest.approx(hits.mean(), abs=1e-3)


def test_the_controlled_risk_is_that_of_the_paper_by_hand():
    losses, ratios = np.array([1.0, 2.0, 4.0]), np.array([0.5, 1.0, 3.0])
    # Weighted they are 0.5, 2, 12, with mean 29/6; the mean weight is 3/2, its variance 7/4, and
    # the covariance (0.5 · −1 + 2 · −0.5 + 12 · 1.5) / 2 = 33/4.
    wanted = 29 / 6 - (33 / 4) / (7 / 4) * (3 / 2 - 1)
    assert controlled_risk(losses, ratios) == pytest.approx(wanted)
    assert controlled_risk(losses, np.ones(3)) == pytest.approx(7 / 3)


@FEW
@given(SEEDS, st.floats(0.1, 5))
def test_the_control_is_exact_for_equal_losses(seed, loss):
    ratios = np.random.default_rng(seed).gamma(1, 1, 12)
    assert controlled_risk(np.full(12, loss), ratios) == pytest.approx(loss)


def test_weighting_finds_the_accuracy_of_a_target_that_is_shifted():
    # Right on the left only; the target lies right, the source lies about 0.
    rng = np.random.default_rng(0)
    x, y = rng.normal(0, 1, (2000, 1)), rng.normal(1, 1, (2000, 1))
    p = np.tile([0.9, 0.1], (2000, 1))
    given = Evidence(x, p, (x[:, 0] > 0).astype(int), y, p)
    truth = np.mean(y < 0)
    assert one("source accuracy", given) == pytest.approx(0.5, abs=0.03)
    assert one("importance weighted", given) == pytest.approx(truth, abs=0.05)
    risk = truth * -np.log(0.9) + (1 - truth) * -np.log(0.1)
    assert -one("deep embedded validation", given) == pytest.approx(risk, abs=0.15)


# ---------------------------------------------------------------- properties


@FEW
@given(SEEDS)
def test_the_order_of_the_items_does_not_matter(seed):
    base = evidence(seed=seed)
    rng = np.random.default_rng(seed)
    a, b = rng.permutation(24), rng.permutation(20)
    mixed = Evidence(
        base.source_features[a],
        base.source_probabilities[a],
        base.source_labels[a],
        base.target_features[b],
        base.target_probabilities[b],
    )
    first, second = compute_scores(base), compute_scores(mixed)
    assert tuple(first) == SCORERS
    for name in SCORERS:
        assert first[name] == pytest.approx(second[name], rel=1e-3, abs=1e-3), name


@FEW
@given(SEEDS)
def test_the_numbers_of_the_classes_do_not_matter(seed):
    base = evidence(seed=seed)
    new = np.random.default_rng(seed).permutation(3)
    renamed = replace(
        base,
        source_probabilities=base.source_probabilities[:, np.argsort(new)],
        target_probabilities=base.target_probabilities[:, np.argsort(new)],
        source_labels=new[base.source_labels],
    )
    first, second = compute_scores(base), compute_scores(renamed)
    for name in SCORERS:
        assert first[name] == pytest.approx(second[name], rel=1e-9, abs=1e-9), name


@FEW
@given(SEEDS)
def test_values_lie_in_their_ranges(seed):
    found = compute_scores(evidence(seed=seed))
    assert all(type(value) is float for value in found.values())
    for name in ("source accuracy", "importance weighted", "thresholded confidence"):
        assert 0 <= found[name] <= 1, name
    assert -np.log(3) <= found["entropy"] <= 0
    assert 0 <= found["soft neighbourhood density"] <= np.log(19) + 1e-9
    assert 0 <= found["mutual information"] <= np.log(3)
    assert 1 / 3 <= found["matrix norm"] <= 3**-0.25


@FEW
@given(SEEDS)
def test_a_more_confident_model_and_one_that_is_right_score_better(seed):
    base = evidence(seed=seed)
    sharper = replace(base, target_probabilities=softmax(3 * np.log(base.target_probabilities)))
    for name in ("entropy", "matrix norm", "thresholded confidence"):
        assert one(name, sharper) >= one(name, base), name
    right = replace(base, source_labels=base.source_probabilities.argmax(axis=1))
    wrong = replace(base, source_labels=base.source_probabilities.argmin(axis=1))
    for name in ("source accuracy", "importance weighted"):
        assert one(name, right) == pytest.approx(1) and one(name, wrong) == pytest.approx(0), name
    # Items of more confidence than all of the source pass any threshold.
    highest = base.source_probabilities.max()
    passed = np.mean(base.target_probabilities.max(axis=1) > highest)
    assert one("thresholded confidence", right) == 1
    assert one("thresholded confidence", wrong) == pytest.approx(passed)


def test_one_class_for_all_deceives_the_scores_that_look_at_confidence_alone():
    k, m = 4, 40
    labels = np.arange(m) % k
    truth = 0.9 * np.eye(k)[labels] + 0.1 / k
    constant = np.tile(np.eye(k)[0], (m, 1))
    base = replace(evidence(m, m, k), source_labels=labels)
    good = compute_scores(replace(base, source_probabilities=truth, target_probabilities=truth))
    bad = compute_scores(
        replace(base, source_probabilities=constant, target_probabilities=constant)
    )
    assert bad["entropy"] == 0 and bad["matrix norm"] == pytest.approx(k**-0.25)
    assert bad["soft neighbourhood density"] == pytest.approx(np.log(m - 1))
    for name in ("entropy", "matrix norm", "soft neighbourhood density"):
        assert bad[name] > good[name], name
    assert bad["mutual information"] == 0
    assert bad["thresholded confidence"] == pytest.approx(1 / k)
    for name in set(SCORERS) - {"entropy", "matrix norm", "soft neighbourhood density"}:
        assert bad[name] < good[name], name


def test_a_probability_of_0_for_the_true_class_costs_much_but_not_all():
    base = evidence()
    p = np.eye(3)[(base.source_labels + 1) % 3]
    found = one("deep embedded validation", replace(base, source_probabilities=p))
    assert found == pytest.approx(np.log(1e-7))


# ---------------------------------------------------------------- choose_by


ABC = ["a", "b", "c"]


def runs(scorers=((0.1, 0.2, 0.3), (0.3, 0.2, 0.3)), labels=(5,)):
    rows = [
        {"seed": seed, "labels": k, "strategy": strategy, "accuracy": 0.5 + 0.1 * place, "s": score}
        for k in labels
        for seed, values in enumerate(scorers)
        for place, (strategy, score) in enumerate(zip(ABC, values, strict=True))
    ]
    return pd.DataFrame(rows)


def test_the_best_score_of_each_seed_is_picked():
    table = runs()
    before = table.copy()
    found = choose_by(table, "s", ["a", "b", "c"])
    assert found["seed"].tolist() == [0, 1] and found["picked"].tolist() == ["c", "a"]
    assert set(found["strategy"]) == {"chosen by s"} and found["accuracy"].tolist() == [0.7, 0.5]
    assert choose_by(table, "s", ["c", "b", "a"])["picked"].tolist() == ["c", "c"]  # of equals
    assert choose_by(table, "s", ["a", "b"], "mine")["picked"].tolist() == ["b", "a"]
    assert set(choose_by(table, "s", "b", "mine")["strategy"]) == {"mine"}
    pd.testing.assert_frame_equal(table, before)


def test_the_oracle_looks_at_the_target_and_is_named_so():
    found = choose_by(runs(), "accuracy", ABC)
    assert set(found["strategy"]) == {"oracle choice"} and found["picked"].tolist() == ["c", "c"]
    assert set(choose_by(runs(), "accuracy", ABC, "x")["strategy"]) == {"x"}


def test_label_counts_are_apart_and_an_odd_index_does_no_harm():
    table = runs(labels=(5, 1))
    table.index = [7] * len(table)
    found = choose_by(table.iloc[::-1], "s", ["a", "b", "c"])
    assert found[["seed", "labels"]].to_numpy().tolist() == [[0, 1], [0, 5], [1, 1], [1, 5]]
    assert found["picked"].tolist() == ["c", "c", "a", "a"]


@FEW
@given(SEEDS)
def test_no_choice_is_better_than_the_oracles(seed):
    rng = np.random.default_rng(seed)
    table = runs(rng.normal(size=(4, 3)))
    table["accuracy"] = rng.random(12)
    picked = choose_by(table, "s", ABC)["accuracy"].to_numpy()
    assert (picked <= choose_by(table, "accuracy", ABC)["accuracy"].to_numpy()).all()


def test_a_score_that_is_missing_is_never_picked():
    table = runs([(np.nan, -5.0, np.nan), (np.nan, np.nan, 1.0)])
    assert choose_by(table, "s", ABC)["picked"].tolist() == ["b", "c"]
    with pytest.raises(ValueError, match="s is NaN for all strategies at seed 1 with 5 labels"):
        choose_by(table, "s", ["a", "b"])


@pytest.mark.parametrize(
    ("change", "scorer", "among", "told"),
    [
        (lambda t: t, "acuracy", ABC, "unknown scorer 'acuracy': did you mean accuracy"),
        (lambda t: t, "s", ["a", "q"], "unknown strategy 'q': known: a, b, c"),
        (lambda t: t, "s", [], "among is empty"),
        (lambda t: t.drop(columns="seed"), "s", ABC, "runs have no column 'seed'"),
        (lambda t: t.astype({"s": str}), "s", ABC, "s must hold numbers"),
        (lambda t: t[:-1], "s", ABC, "c has 0 runs at seed 1 with 5 labels"),
        (lambda t: pd.concat([t, t[:1]]), "s", ABC, "a has 2 runs at seed 0 with 5 labels"),
    ],
)
def test_a_choice_that_cannot_be_made_is_refused(change, scorer, among, told):
    with pytest.raises(ValueError, match=told):
        choose_by(change(runs()), scorer, among)


# ---------------------------------------------------------------- what is refused, what is left


def test_target_labels_are_out_of_reach():
    assert [field.name for field in fields(Evidence)] == [
        "source_features",
        "source_probabilities",
        "source_labels",
        "target_features",
        "target_probabilities",
    ]
    for name, function in inspect.getmembers(choosing, inspect.isfunction):
        assert "target_labels" not in inspect.signature(function).parameters, name


GOOD = evidence()
NAN, NEGATIVE = (GOOD.source_probabilities.copy() for _ in range(2))
NAN[2, 0] = np.nan
NEGATIVE[3] = [-0.5, 0.5, 1]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"source_features": GOOD.source_features[:3]}, r"source has 3 row\(s\): at least 4"),
        ({"source_features": np.ones((24, 5))}, "source rows have 5 features, target rows 4"),
        ({"target_features": np.full((20, 4), np.inf)}, r"20 target row\(s\) hold NaN or infinity"),
        ({"source_probabilities": NAN}, r"1 source row\(s\) of probabilities .* the first is 2"),
        ({"source_probabilities": NEGATIVE}, "less than 0, the first is 3"),
        ({"target_probabilities": GOOD.target_probabilities * 1.01}, "20 target .*add up to 1"),
        ({"target_probabilities": np.ones((20, 1))}, r"shape \(20, k\) with two classes or more"),
        ({"target_probabilities": np.full((19, 3), 1 / 3)}, r"got \(19, 3\)"),
        ({"target_probabilities": np.full((20, 4), 0.25)}, "3 classes, target probabilities 4"),
        ({"source_labels": GOOD.source_labels[:-1]}, "24 source rows, but 23 source labels"),
        ({"source_labels": GOOD.source_labels + 1}, r"must lie in 0\.\.2 .*got 1\.\.3"),
        ({"source_labels": GOOD.source_labels - 1}, r"got -1\.\.1"),
        ({"source_labels": GOOD.source_labels + 0.5}, "source labels must be whole numbers"),
    ],
)
def test_evidence_that_does_not_fit_is_refused(change, told):
    with pytest.raises(ValueError, match=told):
        replace(GOOD, **change)


def test_evidence_takes_what_a_network_gives():
    rounded = GOOD.target_probabilities.astype(np.float32)
    given = replace(GOOD, target_probabilities=rounded, source_labels=list(GOOD.source_labels))
    assert given.target_probabilities.dtype == np.float64 and given.source_labels.dtype == np.int64
    assert compute_scores(given)["entropy"] == pytest.approx(
        compute_scores(GOOD)["entropy"], rel=1e-5
    )


def test_scores_by_name():
    assert list(compute_scores(GOOD, ["entropy", "source accuracy"])) == [
        "entropy",
        "source accuracy",
    ]
    assert list(compute_scores(GOOD, "entropy")) == ["entropy"]
    with pytest.raises(ValueError, match="unknown scorer 'entropie': did you mean entropy"):
        compute_scores(GOOD, ["entropie"])


def test_nothing_else_changes():
    copies = {field.name: getattr(GOOD, field.name).copy() for field in fields(Evidence)}
    configuration, state = sklearn.get_config(), np.random.get_state()  # noqa: NPY002
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        certain = replace(GOOD, target_probabilities=np.eye(3)[np.arange(20) % 3])
        first, again = compute_scores(GOOD), compute_scores(GOOD)
        compute_scores(certain)  # a 0 has no logarithm
    assert first == again and sklearn.get_config() == configuration
    after = np.random.get_state()  # noqa: NPY002
    assert np.array_equal(state[1], after[1]) and state[2:] == after[2:]
    for name, kept in copies.items():
        assert np.array_equal(getattr(GOOD, name), kept), name


# ---------------------------------------------------------------- evidence on a network


@pytest.fixture(scope="module")
def network(one_thread):
    """A small one that knows something, to be looked at and left alone."""
    model = tiny_classifier()
    fit(model, tiny_images(), epochs=3, lr=0.03, quiet=True)
    return model


def test_evidence_holds_source_labels_and_no_target_label(network):
    source, target = tiny_images(20, seed=1), tiny_images(16, seed=2)
    found = gather_evidence(network, source, sealed(target))
    assert isinstance(found, Evidence)
    np.testing.assert_array_equal(found.source_labels, source.labels)
    np.testing.assert_array_equal(found.source_features, extract_head_inputs(network, source))
    np.testing.assert_array_equal(found.target_features, extract_head_inputs(network, target))
    for probabilities, data in (
        (found.source_probabilities, source),
        (found.target_probabilities, target),
    ):
        np.testing.assert_allclose(probabilities, predict_proba(network, data), atol=1e-5)
    again = gather_evidence(network, source, hide_labels(network, target))
    np.testing.assert_array_equal(again.target_probabilities, found.target_probabilities)


@pytest.mark.parametrize("batch_size", [64, 9])
def test_what_the_head_takes_are_the_features_in_evaluation_mode(network, batch_size):
    model, images = copy.deepcopy(network), tiny_images()
    with torch.no_grad():
        wanted = model.eval().backbone(model.transform(images.pixels)).double().numpy()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for data in (images, hide_labels(model, images)):
        rows = extract_head_inputs(model.train(), data, batch_size)
        np.testing.assert_allclose(rows, wanted, rtol=1e-4, atol=1e-6)
        assert rows.dtype == np.float64 and not model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
