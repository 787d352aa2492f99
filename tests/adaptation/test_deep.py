"""Adapting networks: gradients by hand, penalties in closed form, labels that cannot be read."""

import copy
import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_nets import assert_same_step, tiny_classifier, tiny_images
from torch import nn

from tlhelpers.adaptation import shift
from tlhelpers.adaptation.deep import (
    GradientReversal,
    ReverseGradient,
    adapt_batchnorm,
    coral_loss,
    fit_aligned,
    fit_dann,
    fit_deep_coral,
    mmd_loss,
    new_domain_head,
    reversal_strength,
)
from tlhelpers.data.images import ImageSet, load_digits_pair
from tlhelpers.data.texts import TextSet
from tlhelpers.errors import CourseError
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.small import SmallCNN
from tlhelpers.training.batches import Unlabelled, attach_labels, hide_labels
from tlhelpers.training.fitting import fit
from tlhelpers.training.freezing import freeze, freeze_to, frozen_hash
from tlhelpers.training.optimizers import param_groups
from tlhelpers.training.predicting import predict

SEEDS = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=20, deadline=None)
SOURCE = tiny_images()
TARGET = tiny_images(36, seed=1)
STRATEGIES = {"coral": fit_deep_coral, "dann": fit_dann}


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


class Sealed(ImageSet):
    """A set that raises when anybody looks at a label."""

    def __getattribute__(self, name):
        if name in ("labels", "counts", "class_names", "subset"):
            raise AssertionError(f"{name} of the target was read")
        return super().__getattribute__(name)


def sealed(images: ImageSet) -> Sealed:
    found = object.__new__(Sealed)
    for name, value in vars(images).items():
        object.__setattr__(found, name, value)
    return found


def quiet(strategy, model, source=SOURCE, target=TARGET, **options):
    return strategy(
        model, source, target, **{"epochs": 2, "batch_size": 8, "quiet": True, **options}
    )


def same(a, b):
    b = b.state_dict()
    return all(torch.equal(value, b[name]) for name, value in a.state_dict().items())


def randn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# ---------------------------------------------------------------- gradient reversal


def test_forward_is_the_identity_and_backward_the_gradient_times_minus_strength():
    x = randn(4, 3).requires_grad_()
    weights = randn(4, 3, seed=1)
    out = GradientReversal.apply(x, 0.7)
    assert torch.equal(out, x)
    (out.square() * weights).sum().backward()
    torch.testing.assert_close(x.grad, -0.7 * 2 * x.detach() * weights)


@FEW
@given(SEEDS, st.floats(0, 5))
def test_a_network_behind_it_has_the_gradient_of_one_without_it_turned(seed, strength):
    x, head = randn(5, 3, seed=seed % 1000), new_domain_head(3, 4).double()
    plain, turned = x.clone().requires_grad_(), x.clone().requires_grad_()
    own = torch.autograd.grad(head(plain).sin().sum(), [plain, *head.parameters()])
    out = head(ReverseGradient(strength)(turned))
    reversed_ = torch.autograd.grad(out.sin().sum(), [turned, *head.parameters()])
    torch.testing.assert_close(reversed_[0], -strength * own[0])
    for a, b in zip(own[1:], reversed_[1:], strict=True):  # the head itself learns as ever
        torch.testing.assert_close(a, b)


def test_reversed_twice_it_passes_a_numeric_check_of_gradients():
    def twice(x):
        return GradientReversal.apply(GradientReversal.apply(x.tanh(), 0.5), 2.0)

    assert torch.autograd.gradcheck(twice, randn(3, 2).requires_grad_())


def test_the_strength_may_be_set_anew():
    layer, x = ReverseGradient(), torch.ones(2, requires_grad=True)
    for strength in (1.0, 0.25):
        layer.strength = strength
        assert torch.autograd.grad(layer(x).sum(), x)[0].tolist() == [-strength] * 2


def test_the_schedule_goes_from_0_to_nearly_1_whatever_the_length_of_the_run():
    values = [reversal_strength(p) for p in np.linspace(0, 1, 11)]
    assert values[0] == 0 and values[-1] == pytest.approx(0.99991, abs=1e-5)
    assert values == sorted(values) and values[1] == pytest.approx(0.46212, abs=1e-5)
    assert reversal_strength(0.5, 2) == pytest.approx(np.tanh(0.5))  # tanh(γ p / 2)
    for bad in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match="progress is a share of the training"):
            reversal_strength(bad)


# skada 0.6.0 is no oracle: its domain head ends in a softmax over one output, which is always 1.
def test_the_domain_head_gives_one_logit_that_has_a_gradient():
    head, x = new_domain_head(6, 5, seed=3), torch.randn(7, 6, requires_grad=True)
    logits = head(x)
    assert logits.shape == (7, 1) and logits.std() > 0
    loss = nn.functional.binary_cross_entropy_with_logits(logits, torch.ones(7, 1))
    loss.backward()
    assert x.grad.abs().max() > 0
    again, other = (new_domain_head(6, 5, seed=seed) for seed in (3, 4))
    assert same(again, head) and not same(other, head)


# ---------------------------------------------------------------- penalties


def test_coral_loss_by_hand():
    # cov(a) = [[2, 2], [2, 2]], cov(b) = [[2, -2], [-2, 2]]: difference² = 0 + 16 + 16 + 0
    a, b = torch.tensor([[0.0, 0], [2, 2]]), torch.tensor([[0.0, 2], [2, 0]])
    assert coral_loss(a, b).item() == pytest.approx(32 / (4 * 2**2))


@FEW
@given(SEEDS)
def test_coral_loss_is_0_for_equal_batches_symmetric_and_blind_to_order_and_mean(seed):
    a, b = randn(6, 3, seed=seed % 10**6), randn(9, 3, seed=seed % 10**6 + 1) * 2
    value = coral_loss(a, b)
    assert coral_loss(a, a).item() == 0 and value.item() > 0
    torch.testing.assert_close(coral_loss(b, a), value)
    torch.testing.assert_close(coral_loss(a.flip(0) + 5, b - 3), value)
    torch.testing.assert_close(coral_loss(2 * a, 2 * b), 16 * value)
    own, other = np.cov(a.numpy().T), np.cov(b.numpy().T)
    assert value.item() == pytest.approx(np.sum((own - other) ** 2) / 36)


@FEW
@given(SEEDS)
def test_mmd_loss_is_the_measure_of_shift(seed):
    a, b = randn(6, 3, seed=seed % 10**6), randn(9, 3, seed=seed % 10**6 + 1) + 1
    for bandwidth in (None, 0.8):
        other = "median" if bandwidth is None else bandwidth
        wanted = shift.mmd(a.numpy(), b.numpy(), other, permutations=0).mmd2
        assert mmd_loss(a, b, bandwidth).item() == pytest.approx(wanted, abs=1e-9)


def test_the_gradients_of_both_penalties_are_right_also_where_rows_are_equal():
    a, b = randn(4, 2).requires_grad_(), (randn(3, 2, seed=1) + 1).requires_grad_()
    assert torch.autograd.gradcheck(coral_loss, (a, b))
    assert torch.autograd.gradcheck(lambda a, b: mmd_loss(a, b, 1.2), (a, b))
    equal = torch.zeros(4, 2, requires_grad=True)
    for loss in (coral_loss, mmd_loss):
        assert torch.isfinite(torch.autograd.grad(loss(equal, equal + 0), equal)[0]).all()


@pytest.mark.parametrize("loss", [coral_loss, mmd_loss])
@pytest.mark.parametrize(
    ("a", "b", "told"),
    [
        (torch.ones(3, 2), torch.ones(3, 4), r"got \(3, 2\) and \(3, 4\)"),
        (torch.ones(3), torch.ones(3, 2), r"got \(3,\) and \(3, 2\)"),
        (torch.ones(3, 2), torch.ones(1, 2), "at least two rows of each domain .* got 3 and 1"),
    ],
)
def test_features_that_do_not_fit_are_refused(loss, a, b, told):
    with pytest.raises(ValueError, match=told):
        loss(a, b)


# ---------------------------------------------------------------- training on two domains


def test_one_step_of_deep_coral_is_the_one_by_hand():
    model, twin = tiny_classifier(), tiny_classifier()
    source, target = tiny_images(30), tiny_images(30, seed=1)
    history = quiet(
        fit_deep_coral, model, source, target, epochs=1, batch_size=30, lr=0.01, weight=5.0
    )
    optimizer = torch.optim.AdamW(param_groups(twin, 0.01, 0.01))
    x = torch.cat([twin.transform(source.pixels), twin.transform(target.pixels)])
    a, b = twin.train().backbone(x).split(30)
    class_loss = nn.functional.cross_entropy(twin.linear_head(a), torch.tensor(source.labels))
    penalty = coral_loss(a, b)
    (class_loss + 5 * penalty).backward()
    optimizer.step()
    assert_same_step(model, twin)
    assert history.table.loss[0] == pytest.approx(class_loss.item(), rel=1e-5)
    assert history.table.penalty[0] == pytest.approx(penalty.item(), rel=1e-3)


def test_one_step_of_dann_moves_the_backbone_against_the_domain_head():
    model, twin = tiny_classifier(), tiny_classifier()
    source, target = tiny_images(30), tiny_images(30, seed=1)
    options = {"epochs": 1, "batch_size": 30, "lr": 0.01, "strength": 3.0, "seed": 4}
    history = quiet(fit_dann, model, source, target, **options)
    head = new_domain_head(8, 100, seed=4)
    x = torch.cat([twin.transform(source.pixels), twin.transform(target.pixels)])
    features = twin.train().backbone(x)
    logits = twin.linear_head(features[:30])
    class_loss = nn.functional.cross_entropy(logits, torch.tensor(source.labels))
    domains = torch.cat([torch.zeros(30, 1), torch.ones(30, 1)])
    domain_loss = nn.functional.binary_cross_entropy_with_logits(head(features), domains)
    weights = list(twin.parameters())
    ours = torch.autograd.grad(class_loss, weights, retain_graph=True)
    theirs = torch.autograd.grad(domain_loss, weights, allow_unused=True)
    strength = 3 * reversal_strength(0.5)  # the middle of the only step
    for a, b, own, other in zip(
        model.parameters(), tiny_classifier().parameters(), ours, theirs, strict=True
    ):
        gradient = own if other is None else own - strength * other
        clear = gradient.abs() > 1e-5
        moved = (a - b)[clear]
        assert torch.equal(moved.sign(), -gradient[clear].sign())
    row = history.table.iloc[0]
    assert row.domain_loss == pytest.approx(domain_loss.item(), rel=1e-5)
    assert row.loss == pytest.approx(class_loss.item(), rel=1e-5)
    assert row.strength == pytest.approx(strength)


def test_the_tables_say_what_happened_and_quiet_is_quiet(capsys):
    history = quiet(fit_deep_coral, tiny_classifier(), epochs=3)
    columns = ["epoch", "loss", "accuracy", "penalty", "seconds"]
    assert list(history.table.columns) == columns and history.best_epoch == 3
    assert history.table.epoch.tolist() == [1, 2, 3] and history.seconds > 0
    history = quiet(fit_dann, tiny_classifier(), epochs=3, strength=0.5)
    columns = ["epoch", "loss", "accuracy", "domain_loss", "domain_accuracy", "strength", "seconds"]
    assert list(history.table.columns) == columns
    assert history.table.accuracy.between(0, 1).all() and history.table.accuracy.max() > 0
    assert history.table.domain_accuracy.between(0, 1).all()
    assert history.table.strength.is_monotonic_increasing and history.table.strength[2] < 0.5
    assert capsys.readouterr().out == ""
    quiet(fit_dann, tiny_classifier(), quiet=False)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and lines[1].startswith("epoch 2/2: loss ")


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_labels_of_the_target_are_never_read(strategy):
    target = sealed(TARGET)
    with pytest.raises(AssertionError, match="labels of the target was read"):
        len(target)
    a, b = tiny_classifier(), tiny_classifier()
    quiet(strategy, a, target=target)
    wrong = (TARGET.labels + 1) % 3
    others = ImageSet(TARGET.pixels, wrong, ["x", "y", "z"], TARGET.groups)
    quiet(strategy, b, target=others)
    assert same(a, b) and not a.training
    assert same(adapt_batchnorm(a, target, fewest=10), adapt_batchnorm(b, others, fewest=10))


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_the_seed_decides_all_and_the_process_random_numbers_stay(strategy):
    models = [tiny_classifier() for _ in range(3)]
    for model, seed in zip(models, (0, 0, 1), strict=True):
        torch.rand(seed + 1), random.random()
        states = random.getstate(), torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
        quiet(strategy, model, seed=seed)
        adapt_batchnorm(model, TARGET, fewest=10)
        assert random.getstate() == states[0] and torch.equal(torch.get_rng_state(), states[1])
        assert np.array_equal(np.random.get_state()[1], states[2])  # noqa: NPY002
    assert same(models[0], models[1]) and not same(models[0], models[2])


def test_each_epoch_shows_source_items_once_and_target_items_about_equally_often():
    seen = []

    def batches(items):
        seen.extend(items.tolist())
        return torch.randn(len(items), 3, 16, 16)

    quiet(fit_deep_coral, tiny_classifier(), target=Unlabelled(batches, 12), epochs=2)
    for epoch in (seen[:30], seen[30:]):
        counts = np.bincount(epoch, minlength=12)
        assert set(counts) == {2, 3} and counts.sum() == 30
    seen.clear()
    quiet(fit_deep_coral, tiny_classifier(), target=Unlabelled(batches, 45), epochs=2)
    assert len(set(seen[:30])) == len(set(seen[30:])) == 30 and seen[:30] != seen[30:]


def test_a_distance_of_ones_own_and_weight_0():
    def calls(a, b):
        shapes.append((tuple(a.shape), tuple(b.shape)))
        return (a.mean() - b.mean()) ** 2

    shapes, a, b = [], tiny_classifier(), tiny_classifier()
    quiet(fit_aligned, a, distance=calls, epochs=1, weight=0.0)
    assert set(shapes) <= {((8, 8), (8, 8)), ((7, 8), (7, 8))} and len(shapes) == 4
    quiet(fit_aligned, b, distance=lambda a, b: coral_loss(a, b), epochs=1, weight=0.0)
    assert same(a, b)


def test_what_is_frozen_stays():
    model = tiny_classifier()
    freeze_to(model, 2)
    before = frozen_hash(model)
    for strategy in STRATEGIES.values():
        quiet(strategy, model, lr=slice(1e-4, 1e-2))
    assert frozen_hash(model) == before


class Words:
    """A transform as those of text models: numbers of words, filled up with 0."""

    def numbers(self, texts):
        return [[1 + sum(map(ord, word)) % 19 for word in text.split()] for text in texts]

    def padded(self, rows):
        width = max(map(len, rows))
        ids = torch.tensor([row + [0] * (width - len(row)) for row in rows])
        return {"input_ids": ids, "attention_mask": (ids > 0).float()}


class Bag(nn.Module):
    feature_size = 8

    def __init__(self):
        super().__init__()
        first = torch.randn(20, 8, generator=torch.Generator().manual_seed(0))
        self.words, self.transform = nn.Embedding.from_pretrained(first, freeze=False), Words()

    def layer_groups(self):
        return [[self.words]]

    def forward(self, input_ids, attention_mask):
        return (self.words(input_ids) * attention_mask[..., None]).sum(1)


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_texts_of_different_lengths_are_aligned_too(strategy):
    words = [("good " * (1 + i % 3), "bad " * (1 + i % 4))[i % 2] for i in range(24)]
    groups, none = [str(i) for i in range(24)], np.full(24, np.nan)
    source = TextSet(words, np.arange(24) % 2, ["plus", "minus"], groups, none)
    texts = [2 * word for word in words]
    target = TextSet(texts, np.zeros(24), ["unknown"], groups, none)
    model = Classifier(Bag(), 2, ["plus", "minus"])
    history = quiet(strategy, model, source, target, epochs=8, lr=0.05)
    assert history.table.accuracy.iloc[-1] == pytest.approx(1)
    assert np.array_equal(predict(model, target), source.labels)


# ---------------------------------------------------------------- BatchNorm anew


def test_statistics_are_those_of_the_target_and_weights_stay():
    model = tiny_classifier()
    fit(model, SOURCE, epochs=2, quiet=True)
    before = copy.deepcopy(model)
    adapted = adapt_batchnorm(model, TARGET, fewest=10)
    assert same(model, before) and not adapted.training
    for (name, a), b in zip(adapted.named_parameters(), model.parameters(), strict=True):
        assert torch.equal(a, b), name
    twin = copy.deepcopy(model.backbone).model
    x = model.transform(TARGET.pixels)
    for found, layer, given_ in _layers_and_inputs(adapted, twin, x):
        torch.testing.assert_close(found.running_mean, given_.mean((0, 2, 3)))
        torch.testing.assert_close(found.running_var, given_.transpose(0, 1).flatten(1).var(1))
        assert found.momentum == layer.momentum == 0.1


def _layers_and_inputs(adapted, twin, x):
    """The BatchNorm layers and what they are given where all items are one batch."""
    inputs = []
    layers = [part for part in twin.modules() if isinstance(part, nn.BatchNorm2d)]
    for layer in layers:
        layer.register_forward_pre_hook(lambda module, given_: inputs.append(given_[0]))
    with torch.no_grad():
        twin.train()(x)
    found = [part for part in adapted.modules() if isinstance(part, nn.BatchNorm2d)]
    return list(zip(found, layers, inputs, strict=True))


def test_many_batches_are_averaged_none_is_forgotten():
    model = tiny_classifier()
    images = tiny_images(96, seed=5)
    parts = adapt_batchnorm(model, images, batch_size=12).backbone.model.bn1
    x = model.backbone.model.conv_stem(model.transform(images.pixels)).detach()
    torch.testing.assert_close(parts.running_mean, x.mean((0, 2, 3)))
    variance = x.transpose(0, 1).flatten(1).var(1)
    torch.testing.assert_close(parts.running_var, variance, rtol=0.05, atol=0)


def test_items_that_are_sorted_by_class_do_not_come_class_by_class():
    images = tiny_images(96, seed=5)
    order = np.argsort(images.labels, kind="stable")
    seen = []

    def batches(items):
        seen.append(np.bincount(images.labels[order][items], minlength=3))
        return torch.randn(len(items), 3, 16, 16)

    adapt_batchnorm(tiny_classifier(), Unlabelled(batches, 96), batch_size=24)
    assert len(seen) == 4 and all((counts > 0).all() for counts in seen)


def test_a_held_layer_takes_the_new_statistics_and_stays_held():
    model = tiny_classifier()
    freeze(model)
    adapted = adapt_batchnorm(model, TARGET, fewest=10)
    free = adapt_batchnorm(tiny_classifier(), TARGET, fewest=10)
    assert same(adapted, free) and not same(adapted, model)
    before = frozen_hash(adapted)
    with torch.no_grad():
        adapted.train()(torch.randn(9, 3, 16, 16))
    assert frozen_hash(adapted) == before
    assert not any(p.requires_grad for p in adapted.backbone.parameters())


def test_too_few_items_or_no_statistics_are_refused():
    with pytest.raises(ValueError, match="target has 36 items, AdaBN asks for 64"):
        adapt_batchnorm(tiny_classifier(), TARGET)
    plain = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3, track_running_stats=False))
    view = Unlabelled(lambda items: torch.randn(len(items), 4), 80)
    with pytest.raises(ValueError, match="no BatchNorm layer with statistics"):
        adapt_batchnorm(plain, view)


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"epochs": 0}, "epochs must be a whole number from 1 on, got 0"),
        ({"batch_size": 1}, "batch_size must be a whole number from 2 on, got 1"),
        ({"seed": -1}, "seed must be a whole number from 0 on, got -1"),
        ({"schedule": "steep"}, "unknown schedule 'steep'"),
        ({"lr": 0}, "lr must be a positive number"),
        ({"target": TARGET.pixels}, "target must be an ImageSet, a TextSet or Unlabelled"),
        ({"target": TARGET.subset([0])}, r"target has 1 item\(s\): at least two"),
        ({"target": TARGET.subset([])}, r"target has 0 item\(s\): at least two"),
        ({"source": SOURCE.subset(SOURCE.labels == 1)}, "all labels are 1"),
        ({"source": SOURCE.subset([])}, "labels are empty"),
    ],
)
@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_what_cannot_be_trained_is_refused(strategy, options, told):
    model = tiny_classifier()
    with pytest.raises(ValueError, match=told):
        quiet(strategy, model, **options)
    assert same(model, tiny_classifier())


def test_weights_below_0_and_models_without_parts_are_refused():
    for bad in (-1, np.nan, np.inf, "1"):
        with pytest.raises(ValueError, match="weight must be a number from 0 on"):
            quiet(fit_deep_coral, tiny_classifier(), weight=bad)
        with pytest.raises(ValueError, match="strength must be a number from 0 on"):
            quiet(fit_dann, tiny_classifier(), strength=bad)
    for strategy in STRATEGIES.values():
        with pytest.raises(ValueError, match="Sequential has no backbone: build a Classifier"):
            quiet(strategy, nn.Sequential(nn.Linear(4, 3)))
    model = tiny_classifier()
    freeze_to(model, 5)
    with pytest.raises(ValueError, match="every weight is frozen"):
        quiet(fit_dann, model)


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_a_loss_that_is_no_number_stops_the_training(strategy):
    def batches(items):
        return torch.full((len(items), 3, 16, 16), np.nan)

    with pytest.raises(CourseError, match="the loss is nan in epoch 1, batch 1: try a lower"):
        quiet(strategy, tiny_classifier(), target=Unlabelled(batches, 12))


def test_a_view_holds_no_labels():
    view = hide_labels(tiny_classifier(), sealed(TARGET))
    assert vars(view).keys() == {"batches", "count"} and view.count == 36
    assert hide_labels(None, view) is view


# ---------------------------------------------------------------- real data


@pytest.fixture(scope="module")
def digits_pair():
    rng = np.random.default_rng(0)
    sets = [load_digits_pair(name) for name in ("mnist", "digits")]
    return [one.subset(rng.permutation(len(one))[:500]) for one in sets]


def small(seed=0):
    return Classifier(SmallCNN(width=8, seed=seed), 10, [str(d) for d in range(10)], seed)


def test_new_statistics_and_aligned_covariances_help_on_other_digits(digits_pair):
    mnist, digits = digits_pair
    options = {"epochs": 4, "lr": 3e-3, "schedule": "cosine", "batch_size": 32, "quiet": True}
    alone, aligned = small(), small()
    fit(alone, mnist, **options)
    history = fit_deep_coral(aligned, mnist, sealed(digits), weight=100.0, **options)
    adapted = adapt_batchnorm(alone, sealed(digits))

    def accuracy(model, data):
        return np.mean(predict(model, data, batch_size=256) == data.labels)

    before = accuracy(alone, digits)
    assert accuracy(adapted, digits) > before + 0.1
    assert accuracy(aligned, digits) > before + 0.1
    assert accuracy(aligned, mnist) > 0.85 and history.table.accuracy.iloc[-1] > 0.85


class OnRows(nn.Module):
    """A backbone whose BatchNorm has one number per item, and so needs two items."""

    feature_size = 6

    def __init__(self):
        super().__init__()
        self.transform = lambda pixels: torch.tensor(pixels).float().mean((1, 2)) / 255
        self.layers = nn.Sequential(nn.Linear(3, 6), nn.BatchNorm1d(6))

    def forward(self, x):
        return self.layers(x)

    def layer_groups(self):
        return [[self.layers]]


def test_batches_of_two_take_an_odd_number_of_items():
    """Seen: the item that was left alone stopped BatchNorm and the covariance midway."""
    source, target = tiny_images(9), tiny_images(7, seed=1)
    pictures = Unlabelled(lambda items: OnRows().transform(target.pixels[items]), 7)
    for strategy in (fit_deep_coral, fit_dann):
        model = Classifier(OnRows(), 3)
        model.backbone.transform = None
        view = Unlabelled(pictures.batches, 7)
        labelled = attach_labels(
            model, lambda items: OnRows().transform(source.pixels[items]), source.labels
        )
        quiet(strategy, model, labelled, view, batch_size=2)
    adapted = adapt_batchnorm(model, view, batch_size=2, fewest=2)
    assert int(adapted.backbone.layers[1].num_batches_tracked) == 3
