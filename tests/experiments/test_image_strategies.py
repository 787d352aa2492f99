"""Strategies: tuning sees training items only, and each trainer trains what it says it trains."""

import zlib
from functools import partial

import numpy as np
import pytest
import torch
from tiny_nets import tiny_backbone

from tlhelpers.data.images import load_emoji
from tlhelpers.data.splits import draw_labels, split_by_group
from tlhelpers.evaluation.trials import Target, Trial, without_labels
from tlhelpers.experiments import image_strategies
from tlhelpers.experiments.image_strategies import (
    HEAD_ONLY,
    adapt_low_rank,
    epochs_for,
    fine_tune_backbone,
    frozen_rows,
    pixel_rows,
    train_large,
    train_small,
)
from tlhelpers.experiments.strategies import train_head_on, tune_settings
from tlhelpers.models.backbones import load_backbone
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.features import raw_pixels
from tlhelpers.models.heads import linear_head
from tlhelpers.models.small import SmallCNN
from tlhelpers.training.freezing import count_weights, freeze, frozen_hash, frozen_hashes

CLASSES = ["bird", "plant", "electronic_device"]
RATES = [{"lr": rate} for rate in (1, 2, 3)]


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


@pytest.fixture(scope="module")
def emoji():
    return load_emoji("twemoji", CLASSES, size=32)


@pytest.fixture(scope="module")
def split(emoji):
    return split_by_group(emoji, seed=0)


def drawn(emoji, split, per_class):
    return split.train[draw_labels(emoji.labels[split.train], per_class, seed=0)]


def trial_of(emoji, split, items, seed=0) -> Trial:
    return Trial(emoji, items, split.test, seed, name="twemoji")


class Watched:
    """Stands for a trainer: right with some settings, wrong with the others; sees all."""

    def __init__(self, *right):
        self.right, self.trained, self.judged = right, [], []

    def __call__(self, images, items, seed, lr=None):
        self.trained.append((lr, sorted(items.tolist())))

        def predictor(part):
            self.judged.append((lr, sorted(part.groups.tolist())))
            return part.labels if lr in self.right else (part.labels + 1) % 3

        return predictor, {"seen": len(items)}


# ---------------------------------------------------------------- tuning


def test_every_trial_learns_and_judges_on_training_items_only(emoji, split):
    train, items = Watched(2), drawn(emoji, split, 10)
    tune_settings(train, RATES)(trial_of(emoji, split, items))
    assert [lr for lr, _ in train.trained] == [lr for lr, _ in train.judged] == [1, 2, 3, 2]
    for (_, learned), (_, judged) in zip(train.trained[:3], train.judged[:3], strict=True):
        known = set(emoji.groups[learned])
        assert not known & set(judged)
        assert known | set(judged) == set(emoji.groups[items])
        assert np.bincount(emoji.labels[learned]).tolist() == [7, 7, 7]
    assert len({tuple(learned) for _, learned in train.trained[:3]}) == 1
    assert train.trained[3] == (2, sorted(items.tolist()))
    assert train.judged[3][1] == sorted(emoji.groups[split.test])


def test_another_seed_sets_others_aside(emoji, split):
    aside = []
    for seed in (0, 0, 1):
        train = Watched(1)
        tune_settings(train, RATES)(trial_of(emoji, split, drawn(emoji, split, 10), seed))
        aside.append(train.judged[0])
    assert aside[0] == aside[1] != aside[2]


@pytest.mark.parametrize(
    ("right", "best"), [((1,), 1), ((3,), 3), ((2, 3), 2), ((1, 2, 3), 1), ((), 1)]
)
def test_the_best_setting_is_taken_and_the_first_of_equals(emoji, split, right, best):
    outcome = tune_settings(Watched(*right), RATES)(trial_of(emoji, split, drawn(emoji, split, 5)))
    assert outcome.notes == {"chosen": f"lr {best}", "trials": 3, "seen": 15}


@pytest.mark.parametrize(("per_class", "trials"), [(1, 0), (2, 0), (3, 3)])
def test_with_fewer_than_three_labels_per_class_the_default_is_taken(
    emoji, split, per_class, trials
):
    train, items = Watched(3), drawn(emoji, split, per_class)
    outcome = tune_settings(train, RATES)(trial_of(emoji, split, items))
    assert outcome.notes["trials"] == trials and len(train.trained) == trials + 1
    assert outcome.notes["chosen"] == ("lr 3" if trials else "lr 1")
    assert train.trained[-1][1] == sorted(items.tolist())


def test_one_class_with_two_labels_is_enough_to_forbid_tuning(emoji, split):
    items = drawn(emoji, split, 5)
    few = np.concatenate([items[emoji.labels[items] != 1], items[emoji.labels[items] == 1][:2]])
    outcome = tune_settings(Watched(3), RATES)(trial_of(emoji, split, few))
    assert outcome.notes["trials"] == 0


def test_a_single_setting_costs_no_trial(emoji, split):
    train = Watched()
    outcome = tune_settings(train, [{}])(trial_of(emoji, split, drawn(emoji, split, 5)))
    assert outcome.notes == {"chosen": "", "trials": 0, "seen": 15} and len(train.trained) == 1


def by_name(images):
    """A guess that comes from the name of the item alone."""
    return np.array([zlib.crc32(group.encode()) % 3 for group in images.groups])


@pytest.mark.parametrize("strategy", ["tuned", "head"])
def test_every_test_set_is_predicted_in_its_own_order(emoji, split, strategy):
    asked = []
    strategy = {
        "tuned": tune_settings(lambda *given: (by_name, {}), [{}]),
        "head": train_head_on(
            lambda seed: lambda part: (asked.append(len(part)), raw_pixels(part))[1], [{"C": 1.0}]
        ),
    }[strategy]
    other = Target(without_labels(emoji), split.train, split.test[::-1][:7])
    trial = Trial(emoji, drawn(emoji, split, 2), split.test, 0, {"other": other}, "twemoji")
    outcome = strategy(trial)
    assert list(outcome.predicted) == ["twemoji", "other"] and outcome.model is None
    np.testing.assert_array_equal(
        outcome.predicted["other"], outcome.predicted["twemoji"][::-1][:7]
    )
    if not asked:
        np.testing.assert_array_equal(
            outcome.predicted["twemoji"], by_name(emoji.subset(split.test))
        )


# ---------------------------------------------------------------- heads on rows


@pytest.mark.parametrize("C", [0.1, 10.0])
def test_the_head_on_rows_is_the_linear_head_of_the_same_penalty(emoji, split, C):
    items = drawn(emoji, split, 5)
    trial = trial_of(emoji, split, items)
    outcome = train_head_on(pixel_rows, [{"C": C}])(trial)
    wanted = linear_head(raw_pixels(emoji), emoji.labels, C)(trial)
    assert np.array_equal(outcome.predicted["twemoji"], wanted)
    weights = (32 * 32 * 3 + 1) * 3
    assert outcome.notes == {"chosen": f"C {C}", "trials": 0, "trained_weights": weights}


def test_the_chosen_penalty_is_the_one_the_head_is_trained_with(emoji, split):
    """Rows on which a strong penalty drowns what tells the classes apart."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(len(emoji), 40)) + 0.6 * np.eye(3, 40)[emoji.labels]
    place = {group: i for i, group in enumerate(emoji.groups)}

    def rows_of(images):
        return rows[[place[group] for group in images.groups]]

    trial = trial_of(emoji, split, split.train)
    outcome = train_head_on(lambda seed: rows_of, [{"C": c} for c in (1e-3, 1.0, 100.0)])(trial)
    key, C = outcome.notes["chosen"].split()
    assert key == "C" and C != "0.001" and outcome.notes["trials"] == 3
    wanted = linear_head(rows, emoji.labels, float(C))(trial)
    assert np.array_equal(outcome.predicted["twemoji"], wanted)


def test_rows_are_computed_once_however_many_penalties_are_tried(emoji, split):
    asked = []

    def rows(seed):
        return lambda images: (asked.append((seed, len(images))), raw_pixels(images))[1]

    trial = trial_of(emoji, split, drawn(emoji, split, 4), seed=7)
    train_head_on(rows, [{"C": c} for c in (10.0, 1.0)])(trial)
    assert asked == [(7, 12), (7, len(split.test))]


def test_five_twins_take_turns_and_none_is_the_pretrained_network(emoji, monkeypatch):
    def load(pretrained, seed, size):
        return tiny_backbone(seed if not pretrained else 99)

    monkeypatch.setattr(image_strategies, "load_backbone", load)
    image_strategies._loaded_backbone.cache_clear()
    try:
        part = emoji.subset(np.arange(4))
        rows = [frozen_rows(seed, 32, twin=True)(part) for seed in range(7)]
        pretrained = [frozen_rows(seed, 32)(part) for seed in (0, 1)]
    finally:
        image_strategies._loaded_backbone.cache_clear()
    assert np.array_equal(*pretrained) and pretrained[0].shape == rows[0].shape == (4, 8)
    for i, one in enumerate(rows):
        assert not np.allclose(one, pretrained[0])
        for k, other in enumerate(rows[:i]):
            assert np.array_equal(one, other) == (i - k == 5)


# ---------------------------------------------------------------- networks


@pytest.mark.parametrize(("items", "epochs"), [(10, 43), (50, 14), (200, 8)])
def test_few_items_are_seen_more_often(items, epochs):
    assert epochs_for(items) == epochs


def test_there_are_two_epochs_at_least():
    assert epochs_for(1000, batch_size=1) == 2


def test_a_smaller_input_keeps_weights_and_normalisation(backbone):
    small = image_strategies._shared_backbone(32)
    assert small.transform.size == 32 and small.fingerprint() == backbone.fingerprint()
    assert (small.transform.mean, small.transform.std) == (
        backbone.transform.mean,
        backbone.transform.std,
    )
    assert backbone.transform.size == 224


def small_tuning(emoji, split, **options):
    items = drawn(emoji, split, 4)
    predictor, notes = fine_tune_backbone(emoji, items, 0, size=32, epochs=1, **options)
    return predictor, notes, emoji.subset(items)


def test_with_all_but_the_head_frozen_the_body_stays_and_the_head_learns(backbone, emoji, split):
    predictor, notes, part = small_tuning(emoji, split, frozen_groups=HEAD_ONLY)
    untouched = Classifier(backbone, 3)
    freeze(untouched)
    assert frozen_hash(predictor.model) == frozen_hash(untouched)
    assert predictor.model.backbone.fingerprint() == backbone.fingerprint()
    assert notes == {"trained_weights": 1280 * 3 + 3}
    assert np.mean(predictor(part) == part.labels) > 0.9


def test_a_head_alone_that_is_not_trained_first_is_refused(emoji, split):
    with pytest.raises(ValueError, match="would train nothing"):
        fine_tune_backbone(emoji, split.train, 0, size=32, frozen_groups=9, head_first=False)


def test_with_nothing_frozen_the_body_moves_and_the_kept_network_does_not(backbone, emoji, split):
    predictor, notes, _ = small_tuning(emoji, split, frozen_groups=0)
    ours, given = (body.state_dict() for body in (predictor.model.backbone, backbone))
    moved = {name for name in given if not torch.equal(ours[name], given[name])}
    assert moved == {name for name, _ in backbone.named_parameters()}  # statistics are held
    assert notes == {"trained_weights": count_weights(backbone)[1] + 1280 * 3 + 3, "epochs": 1}
    assert image_strategies._shared_backbone(32).fingerprint() == backbone.fingerprint()


def test_a_depth_between_moves_the_late_groups_alone(backbone, emoji, split):
    predictor, _, _ = small_tuning(emoji, split, frozen_groups=6)
    ours, given = (body.state_dict() for body in (predictor.model.backbone, backbone))
    moved = {name for name, _ in backbone.named_parameters() if (ours[name] != given[name]).any()}
    late = ("model.blocks.5.", "model.blocks.6.", "model.conv_head.", "model.bn2.")
    assert moved == {n for n, _ in backbone.named_parameters() if n.startswith(late)}


def test_statistics_move_only_if_asked(backbone, emoji, split):
    predictor, _, _ = small_tuning(emoji, split, hold_bn=False)
    ours, given = (body.model.bn1.running_mean for body in (predictor.model.backbone, backbone))
    assert not torch.equal(ours, given)


def test_head_first_means_that_the_head_knows_something_when_the_body_starts(
    emoji, split, monkeypatch
):
    heads = []
    true = image_strategies.train_on

    def watched(model, *arguments, **options):
        heads.append(model.linear_head.weight.detach().clone())
        return true(model, *arguments, **options)

    monkeypatch.setattr(image_strategies, "train_on", watched)
    for head_first in (True, False):
        small_tuning(emoji, split, frozen_groups=8, head_first=head_first)
    fresh = Classifier(image_strategies._shared_backbone(32), 3).linear_head.weight
    assert not torch.equal(heads[0], fresh) and torch.equal(heads[1], fresh)


def test_low_rank_trains_adapters_and_head_and_leaves_the_body(backbone, emoji, monkeypatch):
    monkeypatch.setattr(image_strategies, "epochs_for", lambda items: 1)
    items = draw_labels(emoji.labels, 2, seed=0)
    predictor, notes = adapt_low_rank(emoji, items, 0, size=32)
    assert notes == {"trained_weights": 182_272 + 1280 * 3 + 3, "epochs": 1}
    assert predictor(emoji.subset(items)).shape == (6,)
    adapters = [p for name, p in predictor.model.named_parameters() if "lora_B" in name]
    assert adapters and all(p.any() for p in adapters)
    untouched = Classifier(backbone, 3)
    freeze(untouched)
    hashes = frozen_hashes(predictor.model)
    assert set(frozen_hashes(untouched).values()) <= set(hashes.values())


def test_a_small_network_from_scratch_is_decided_by_its_seed(emoji, split):
    items = drawn(emoji, split, 5)
    strategy = tune_settings(partial(train_small, epochs=2), [{}])
    one, again, other = (strategy(trial_of(emoji, split, items, seed)) for seed in (0, 0, 1))
    assert np.array_equal(one.predicted["twemoji"], again.predicted["twemoji"])
    first = [outcome.model.backbone.blocks[0][0].weight for outcome in (one, again, other)]
    assert torch.equal(first[0], first[1]) and not torch.equal(first[0], first[2])
    assert one.notes["trained_weights"] == count_weights(one.model)[1] and one.notes["epochs"] == 2


def test_each_seed_starts_a_network_from_scratch_with_weights_of_its_own(emoji, split):
    items = drawn(emoji, split, 1)
    for seed in (0, 1):
        predictor, _ = train_small(emoji, items, seed, lr=1e-9, epochs=1)
        fresh = SmallCNN(32, seed=seed).blocks[0][0].weight
        torch.testing.assert_close(predictor.model.backbone.blocks[0][0].weight, fresh)
        predictor, _ = train_large(emoji, items, seed, lr=1e-9, epochs=1, size=32)
        fresh = load_backbone(pretrained=False, seed=seed, size=32).model.conv_stem.weight
        torch.testing.assert_close(predictor.model.backbone.model.conv_stem.weight, fresh)


def test_the_large_network_from_scratch_trains_in_full_and_is_not_the_pretrained_one(
    backbone, emoji, split
):
    predictor, notes = train_large(emoji, drawn(emoji, split, 2), 0, epochs=1, size=32)
    assert notes["trained_weights"] == count_weights(backbone)[1] + 1280 * 3 + 3
    ours, given = (body.model.conv_stem.weight for body in (predictor.model.backbone, backbone))
    assert (ours - given).abs().mean() > 0.01
