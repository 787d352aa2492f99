"""Pictures of another domain: whose labels a strategy may see, and what sets two apart."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from tlhelpers.adaptation.choosing import SCORERS, compute_scores
from tlhelpers.adaptation.deep import adapt_batchnorm
from tlhelpers.adaptation.evidence import extract_head_inputs, gather_evidence
from tlhelpers.data.digit_frames import median_frame
from tlhelpers.data.images import ImageSet, load_digits_pair
from tlhelpers.data.splits import split_by_group
from tlhelpers.evaluation.trials import Trial, plan_trials
from tlhelpers.experiments import vision_across
from tlhelpers.experiments.image_domains import (
    STRENGTHS,
    TRAINERS,
    Training,
    adapt_network,
    learn_from_target,
    train_on_source,
)
from tlhelpers.experiments.staleness import import_closure
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.small import SmallCNN
from tlhelpers.training.batches import Unlabelled, hide_labels
from tlhelpers.training.fitting import fit
from tlhelpers.training.freezing import hold_statistics
from tlhelpers.training.predicting import predict

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


def new_trial(domains, seed=0) -> Trial:
    """As a sweep plans it: learned from bright digits, tested on both."""
    [trial] = plan_trials(domains, [None], [seed])
    return trial


@pytest.fixture(scope="module")
def trial(domains):
    return new_trial(domains)


@pytest.fixture(scope="module")
def source(trial):
    """What is learned from."""
    return trial.source.subset(trial.train)


@pytest.fixture(scope="module")
def dim(domains, trial):
    """The target's training side, with its labels."""
    return domains["dim"].subset(trial.targets["dim"].train)


def new_model(seed: int = 0) -> Classifier:
    return Classifier(SmallCNN(16, seed=seed), 10, [str(d) for d in range(10)], seed)


def same(a, b) -> bool:
    b = b.state_dict()
    return all(torch.equal(value, b[name]) for name, value in a.state_dict().items())


def relabelled(images: ImageSet) -> ImageSet:
    """Each label another one; all classes are there."""
    return replace(images, labels=np.random.default_rng(0).permutation(images.labels))


def same_predictions(a, b) -> bool:
    return list(a) == list(b) and all(np.array_equal(a[name], b[name]) for name in a)


def predictions(model, trial) -> dict:
    return {name: predict(model, test) for name, test in trial.tests().items()}


# ---------------------------------------------------------------- whose labels are seen


def test_the_trainers_that_are_compared():
    assert list(TRAINERS) == [
        "source only", "AdaBN", "both in BatchNorm", "DeepCORAL 10", "DeepCORAL 100",
        "DeepCORAL 1000", "MMD 1", "DANN 0.03", "DANN 0.1", "DANN 0.3", "DANN 1",
    ]  # fmt: skip
    assert [f"DANN {s:g}" for s in STRENGTHS] == list(TRAINERS)[-4:]
    assert set(LABELLED) < set(TRAINERS)


@pytest.mark.parametrize("name", LABELLED)
def test_the_labels_of_the_target_change_no_weight(name, domains, trial):
    """The sides are held: splits are drawn per class, as they are for any comparison."""
    changed = relabelled(domains["dim"])
    assert (changed.labels != domains["dim"].labels).mean() > 0.5
    found = []
    for data in (trial.targets["dim"].data, changed):
        target = replace(trial.targets["dim"], data=data)
        strategy = adapt_network(TRAINERS[name], HOW)
        found.append(strategy(replace(trial, targets={"dim": target})))
    assert same(found[0].model, found[1].model) and found[0].notes == found[1].notes
    assert same_predictions(found[0].predicted, found[1].predicted)


def test_a_trainer_gets_training_items_of_the_source_and_a_target_without_labels(
    domains, trial, source, dim
):
    given = []

    def train(*arguments):
        given.append(arguments)
        return arguments[0]

    outcome = adapt_network(train, HOW)(trial)
    [(model, learned, target, seed, how)] = given
    np.testing.assert_array_equal(learned.groups, domains["bright"].groups[trial.train])
    np.testing.assert_array_equal(learned.labels, domains["bright"].labels[trial.train])
    assert type(target) is Unlabelled and set(vars(target)) == {"batches", "count"}
    assert target.count == len(dim)
    wanted = model.transform(dim.pixels)
    torch.testing.assert_close(target.batches(np.arange(target.count)), wanted, rtol=0, atol=0)
    assert (seed, how) == (0, HOW) and outcome.model is model


@pytest.mark.parametrize("seed", [0, 3])
def test_what_is_adapted_to_and_the_first_weights_follow_the_seed(domains, seed):
    given = []

    def train(model, source, target, seed, how):
        given.append(target.batches(np.arange(target.count)))
        return model

    outcome = adapt_network(train, HOW)(new_trial(domains, seed))
    part = split_by_group(domains["dim"], 0.3, seed).train
    assert torch.equal(given[0], new_model().transform(domains["dim"].pixels[part]))
    assert same(outcome.model, new_model(seed))


def test_predictions_are_those_of_the_model_in_the_order_of_the_tests(trial):
    outcome = adapt_network(TRAINERS["AdaBN"], HOW)(trial)
    assert same_predictions(outcome.predicted, predictions(outcome.model, trial))


def test_the_oracle_learns_from_labels_of_the_target_s_training_side(domains, trial, dim):
    loads = [lambda d=d: {"dim": d} for d in (domains["dim"], relabelled(domains["dim"]))]
    one, other = (learn_from_target(load, HOW)(trial) for load in loads)
    assert not same(one.model, other.model)
    by_hand = new_model()
    train_on_source(by_hand, dim, None, 0, HOW)
    assert same(one.model, by_hand) and one.notes == {}
    assert same_predictions(one.predicted, predictions(by_hand, trial))


# ---------------------------------------------------------------- what sets trainers apart


def trained_by(name: str, source, target, prepare=None):
    model = new_model()
    if prepare:
        prepare(model)
    return TRAINERS[name](model, source, hide_labels(model, target), 0, HOW)


def test_the_source_alone_never_sees_the_target(source, dim):
    one, other = (trained_by("source only", source, t) for t in (dim, dim.subset([5, 7])))
    assert same(one, other)
    by_hand = new_model()
    options = {"epochs": 1, "lr": 3e-3, "batch_size": 16, "schedule": "cosine", "quiet": True}
    fit(by_hand, source, seed=0, **options)
    assert same(one, by_hand)


def test_adabn_is_the_source_alone_with_statistics_of_the_target(source, dim):
    plain, adapted = (trained_by(name, source, dim) for name in ("source only", "AdaBN"))
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
    trial, source, dim, prepare
):
    """No gradient comes from the target: without batch statistics both are one training."""
    names = ("source only", "both in BatchNorm")
    one, other = (trained_by(name, source, dim, prepare) for name in names)
    rows = [extract_head_inputs(model, trial.tests()["bright"]) for model in (one, other)]
    apart = np.abs(rows[0] - rows[1]).max() / np.abs(rows[0]).max()
    assert apart > 0.05 if prepare is None else apart < 0.01, apart


def test_a_weight_or_a_strength_that_counts_changes_the_training(source, dim):
    names = ("both in BatchNorm", "DeepCORAL 1000", "MMD 1", "DANN 0.03", "DANN 1")
    found = [trained_by(name, source, dim).linear_head.weight for name in names]
    for place, one in enumerate(found):
        for other in found[:place]:
            assert not torch.equal(one, other)


# ---------------------------------------------------------------- what may be looked at


def test_the_notes_hold_every_score_of_the_model_that_came_out(trial, dim):
    outcome = adapt_network(TRAINERS["DeepCORAL 100"], HOW)(trial)
    assert tuple(outcome.notes) == SCORERS
    assert all(isinstance(value, float) for value in outcome.notes.values())
    hidden = hide_labels(outcome.model, dim)
    wanted = compute_scores(gather_evidence(outcome.model, trial.tests()["bright"], hidden))
    assert outcome.notes == {name: round(value, 5) for name, value in wanted.items()}


# ---------------------------------------------------------------- digits in one frame


def test_framed_digits_are_the_same_items_in_the_frame_of_the_others():
    """So the two groups of sweeps can be compared item by item."""
    before, after = vision_across.digit_domains(), vision_across.framed_domains()
    assert list(after) == list(before) == ["mnist", "digits"]
    for name, images in after.items():
        np.testing.assert_array_equal(images.labels, before[name].labels)
        np.testing.assert_array_equal(images.groups, before[name].groups)
        assert images.pixels.shape == before[name].pixels.shape
    np.testing.assert_array_equal(after["digits"].pixels, before["digits"].pixels)
    high = {name: median_frame(images) for name, images in after.items()}
    assert [high["mnist"].top, high["mnist"].bottom] == [high["digits"].top, high["digits"].bottom]
    assert median_frame(before["mnist"]).top > 0.1


@pytest.mark.parametrize("source", ["mnist", "digits"])
def test_the_sweeps_differ_in_the_pictures_only(source):
    by_name = {one.name: one for one in vision_across.SWEEPS}
    before, after = (by_name[f"{group}-{source}"] for group in ("vision-domains", "vision-framed"))
    assert list(after.sets()) == list(before.sets()) and next(iter(after.sets())) == source
    assert list(after.strategies()) == list(before.strategies())
    assert (after.seeds, after.labels, after.test) == (before.seeds, before.labels, before.test)
    assert not np.array_equal(after.sets()["mnist"].pixels, before.sets()["mnist"].pixels)
    assert "tlhelpers.data.digit_frames" in import_closure(after.module)
