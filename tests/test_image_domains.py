"""Pictures of another domain: whose labels a way may see, and what sets two ways apart."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from test_adversarial import sealed
from torch import nn

from tlhelpers.adaptation.choosing import SCORERS, Evidence, scores
from tlhelpers.adaptation.deep import Unlabelled, adapt_batchnorm, unlabelled
from tlhelpers.data.images import ImageSet, load_digits_pair
from tlhelpers.data.splits import split_by_group
from tlhelpers.experiments import image_domains
from tlhelpers.experiments.image_domains import (
    STRENGTHS,
    Training,
    adapting,
    backbone_rows,
    oracle,
    seen,
    source_only,
    ways,
)
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.small import SmallCNN
from tlhelpers.training.fitting import fit, predict, predict_proba
from tlhelpers.training.freezing import hold_statistics

HOW = Training(epochs=1, lr=3e-3, batch_size=16)
LABELLED = ("source only", "AdaBN", "both in BatchNorm", "DeepCORAL 100", "MMD 1", "DANN 0.3")


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


@pytest.fixture(scope="module")
def domains():
    """Some digits, and others that are dim and gray."""
    digits = load_digits_pair("digits", size=16)
    bright, dim = (digits.subset(np.arange(start, start + 150)) for start in (0, 150))
    return {"bright": bright, "dim": replace(dim, pixels=dim.pixels // 3 + 90)}


@pytest.fixture(scope="module")
def split(domains):
    return split_by_group(domains["bright"], image_domains.TEST, 0)


@pytest.fixture(scope="module")
def other_split(domains):
    """Of the target."""
    return split_by_group(domains["dim"], image_domains.TEST, 0)


@pytest.fixture(scope="module")
def tests(domains, split, other_split):
    return [domains["bright"].subset(split.test), domains["dim"].subset(other_split.test)]


@pytest.fixture(scope="module")
def trained(domains, split):
    """A network that knows something of the bright digits, to be looked at and left alone."""
    model = new_model()
    fit(model, domains["bright"].subset(split.train), epochs=3, lr=3e-3, quiet=True)
    return model


def new_model(seed: int = 0) -> Classifier:
    return Classifier(SmallCNN(16, seed=seed), 10, [str(d) for d in range(10)], seed)


def same(a, b) -> bool:
    b = b.state_dict()
    return all(torch.equal(value, b[name]) for name, value in a.state_dict().items())


def relabelled(images: ImageSet) -> ImageSet:
    """Each label another one; all classes are there."""
    return replace(images, labels=np.random.default_rng(0).permutation(images.labels))


def run(strategy, domains, split, tests, seed=0):
    return strategy(domains["bright"], split.train, tests, seed)


# ---------------------------------------------------------------- whose labels are seen


def test_the_ways_that_are_compared():
    assert list(ways()) == [
        "source only", "AdaBN", "both in BatchNorm", "DeepCORAL 10", "DeepCORAL 100",
        "DeepCORAL 1000", "MMD 1", "DANN 0.03", "DANN 0.1", "DANN 0.3", "DANN 1",
    ]  # fmt: skip
    assert [f"DANN {s:g}" for s in STRENGTHS] == list(ways())[-4:]
    assert set(LABELLED) < set(ways())


@pytest.mark.parametrize("name", LABELLED)
def test_the_labels_of_the_target_change_no_weight(
    name, domains, split, other_split, tests, monkeypatch
):
    """The sides are held: splits are drawn per class, as they are for any comparison."""
    monkeypatch.setattr(image_domains, "split_by_group", lambda data, test, seed: other_split)
    changed = relabelled(domains["dim"])
    assert (changed.labels != domains["dim"].labels).mean() > 0.5
    found = [
        run(adapting(lambda d=d: {"dim": d}, "dim", ways()[name], HOW), domains, split, tests)
        for d in (domains["dim"], changed)
    ]
    assert same(found[0].model, found[1].model) and found[0].notes == found[1].notes
    for a, b in zip(found[0].predicted, found[1].predicted, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_way_gets_training_items_of_the_source_and_a_target_without_labels(
    domains, split, other_split, tests
):
    given = []

    def way(*arguments):
        given.append(arguments)
        return arguments[0]

    outcome = run(adapting(lambda: domains, "dim", way, HOW), domains, split, tests, seed=0)
    [(model, source, target, seed, how)] = given
    np.testing.assert_array_equal(source.groups, domains["bright"].groups[split.train])
    np.testing.assert_array_equal(source.labels, domains["bright"].labels[split.train])
    assert type(target) is Unlabelled and set(vars(target)) == {"batches", "count"}
    assert target.count == len(other_split.train)
    wanted = model.transform(domains["dim"].pixels[other_split.train])
    torch.testing.assert_close(target.batches(np.arange(target.count)), wanted, rtol=0, atol=0)
    assert (seed, how) == (0, HOW) and outcome.model is model


@pytest.mark.parametrize("seed", [0, 1])
def test_what_is_adapted_to_follows_the_seed(domains, split, tests, seed):
    counted = []

    def way(model, source, target, seed, how):
        counted.append(target.batches(np.arange(target.count)))
        return model

    run(adapting(lambda: domains, "dim", way, HOW), domains, split, tests, seed)
    part = split_by_group(domains["dim"], 0.3, seed).train
    wanted = new_model().transform(domains["dim"].pixels[part])
    assert torch.equal(counted[0], wanted)


def test_predictions_are_those_of_the_model_in_the_order_of_the_tests(domains, split, tests):
    outcome = run(adapting(lambda: domains, "dim", ways()["AdaBN"], HOW), domains, split, tests)
    assert [len(p) for p in outcome.predicted] == [len(test) for test in tests]
    for predicted, test in zip(outcome.predicted, tests, strict=True):
        np.testing.assert_array_equal(predicted, predict(outcome.model, test))


def test_each_seed_starts_with_weights_of_its_own(domains, split, tests):
    def way(model, *rest):
        return model

    for seed in (0, 3):
        outcome = run(adapting(lambda: domains, "dim", way, HOW), domains, split, tests, seed)
        assert same(outcome.model, new_model(seed))


def test_the_oracle_learns_from_labels_of_the_target_s_training_side(
    domains, split, other_split, tests, monkeypatch
):
    monkeypatch.setattr(image_domains, "split_by_group", lambda data, test, seed: other_split)
    loads = [lambda d=d: {"dim": d} for d in (domains["dim"], relabelled(domains["dim"]))]
    one, other = (run(oracle(load, "dim", HOW), domains, split, tests) for load in loads)
    assert not same(one.model, other.model)
    by_hand = new_model()
    source_only(by_hand, domains["dim"].subset(other_split.train), None, 0, HOW)
    assert same(one.model, by_hand) and one.notes == {}
    for predicted, test in zip(one.predicted, tests, strict=True):
        np.testing.assert_array_equal(predicted, predict(by_hand, test))


# ---------------------------------------------------------------- what sets ways apart


def trained_by(name: str, domains, split, target, prepare=None, seed: int = 0):
    model = new_model(seed)
    if prepare:
        prepare(model)
    source = domains["bright"].subset(split.train)
    hidden = unlabelled(model, target)
    return ways()[name](model, source, hidden, seed, HOW)


def test_the_source_alone_never_sees_the_target(domains, split, other_split):
    dim = domains["dim"].subset(other_split.train)
    one, other = (trained_by("source only", domains, split, t) for t in (dim, dim.subset([5, 7])))
    assert same(one, other)
    by_hand = new_model()
    options = {"epochs": 1, "lr": 3e-3, "batch_size": 16, "schedule": "cosine", "quiet": True}
    fit(by_hand, domains["bright"].subset(split.train), seed=0, **options)
    assert same(one, by_hand)


def test_adabn_is_the_source_alone_with_statistics_of_the_target(domains, split, other_split):
    dim = domains["dim"].subset(other_split.train)
    plain, adapted = (trained_by(name, domains, split, dim) for name in ("source only", "AdaBN"))
    assert same(adapted, adapt_batchnorm(plain, dim))
    for a, b in zip(plain.parameters(), adapted.parameters(), strict=True):
        assert torch.equal(a, b)
    statistics = [model.backbone.blocks[0][1].running_mean for model in (plain, adapted)]
    assert not torch.allclose(*statistics)


def without_batchnorm(model):
    for block in model.backbone.blocks:
        block[1] = nn.Identity()


@pytest.mark.parametrize("prepare", [without_batchnorm, hold_statistics, None])
def test_the_control_differs_from_the_source_alone_through_batchnorm_only(
    domains, split, other_split, prepare
):
    """No gradient comes from the target: without batch statistics both are one training."""
    dim = domains["dim"].subset(other_split.train)
    one, other = (
        trained_by(name, domains, split, dim, prepare)
        for name in ("source only", "both in BatchNorm")
    )
    rows = [backbone_rows(model, domains["bright"].subset(split.test)) for model in (one, other)]
    apart = np.abs(rows[0] - rows[1]).max() / np.abs(rows[0]).max()
    assert apart > 0.05 if prepare is None else apart < 0.01, apart


def test_a_weight_or_a_strength_that_counts_changes_the_training(domains, split, other_split):
    dim = domains["dim"].subset(other_split.train)
    names = ("both in BatchNorm", "DeepCORAL 1000", "MMD 1", "DANN 0.03", "DANN 1")
    found = [trained_by(name, domains, split, dim).linear_head.weight for name in names]
    for place, one in enumerate(found):
        for other in found[:place]:
            assert not torch.equal(one, other)


# ---------------------------------------------------------------- what may be looked at


def test_the_notes_hold_every_score_of_the_model_that_came_out(domains, split, other_split, tests):
    strategy = adapting(lambda: domains, "dim", ways()["DeepCORAL 100"], HOW)
    outcome = run(strategy, domains, split, tests)
    assert tuple(outcome.notes) == SCORERS
    assert all(isinstance(value, float) for value in outcome.notes.values())
    hidden = unlabelled(outcome.model, domains["dim"].subset(other_split.train))
    wanted = scores(seen(outcome.model, tests[0], hidden))
    assert outcome.notes == {name: round(value, 5) for name, value in wanted.items()}


def test_seen_holds_source_labels_and_no_target_label(trained, tests, domains):
    target = sealed(domains["dim"])
    found = seen(trained, tests[0], target)
    assert isinstance(found, Evidence)
    np.testing.assert_array_equal(found.source_labels, tests[0].labels)
    np.testing.assert_array_equal(found.source_features, backbone_rows(trained, tests[0]))
    np.testing.assert_array_equal(found.target_features, backbone_rows(trained, target))
    for probabilities, data in (
        (found.source_probabilities, tests[0]),
        (found.target_probabilities, domains["dim"]),
    ):
        np.testing.assert_allclose(probabilities, predict_proba(trained, data), atol=1e-5)
    again = seen(trained, tests[0], unlabelled(trained, domains["dim"]))
    np.testing.assert_array_equal(again.target_probabilities, found.target_probabilities)


def test_rows_are_the_features_in_evaluation_mode(domains):
    model, images = new_model(), domains["bright"].subset(np.arange(70))
    with torch.no_grad():
        model.train().backbone(model.transform(images.pixels))  # statistics of its own
        wanted = model.eval().backbone(model.transform(images.pixels)).double().numpy()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for data in (images, unlabelled(model, images)):
        for batch_size in (64, 9):
            rows = backbone_rows(model.train(), data, batch_size)
            np.testing.assert_allclose(rows, wanted, rtol=1e-4, atol=1e-6)
            assert rows.dtype == np.float64 and not model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
