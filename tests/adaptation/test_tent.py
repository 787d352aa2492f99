"""Tent: against a plain loop, on what it moves and leaves, and how it collapses."""

import copy
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_nets import tiny_classifier, tiny_images
from torch import nn

from tlhelpers.adaptation.deep import adapt_batchnorm
from tlhelpers.adaptation.tent import (
    adapt_tent,
    follow_tent,
    largest_share,
    mean_entropy,
    scales_and_shifts,
)
from tlhelpers.data.images import ImageSet
from tlhelpers.data.streams import random_stream
from tlhelpers.errors import CourseError
from tlhelpers.evaluation.repeated import repeat
from tlhelpers.training.batches import Unlabelled
from tlhelpers.training.fitting import fit
from tlhelpers.training.freezing import freeze_to
from tlhelpers.training.predicting import predict, predict_outputs

FEW = settings(max_examples=25, deadline=None)
TARGET = tiny_images(72, seed=1)


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


def state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def moved(before, model) -> set[str]:
    after = model.state_dict()
    return {name for name, value in before.items() if not torch.equal(value, after[name])}


def by_plain_loop(model, images, steps, lr, batch_size, seed=0):
    """Tent as the lesson writes it out, with the entropy as a double sum."""
    learner = copy.deepcopy(model).train()
    trained = [
        parameter
        for layer in learner.modules()
        if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d))
        for parameter in layer.parameters()
    ]
    optimizer = torch.optim.Adam(trained, lr=lr)
    rng, left = random_stream(seed, "batches of the target"), []
    for _ in range(steps):
        if not left:
            order = rng.permutation(len(images.pixels))
            left = np.array_split(order, -(-len(order) // batch_size))
        probabilities = learner(learner.transform(images.pixels[left.pop(0)])).softmax(dim=1)
        entropy = sum(-p * p.log() for row in probabilities for p in row) / len(probabilities)
        optimizer.zero_grad()
        entropy.backward()
        optimizer.step()
    return learner


# ---------------------------------------------------------------- one network


@pytest.mark.parametrize(
    ("steps", "lr", "batch_size"), [(1, 0.1, 72), (5, 0.01, 24), (7, 0.03, 20)]
)
def test_it_does_what_a_plain_loop_does(steps, lr, batch_size):
    model = tiny_classifier()
    by_loop = by_plain_loop(model, TARGET, steps, lr, batch_size)
    found = adapt_tent(model, TARGET, steps=[steps], lr=lr, batch_size=batch_size)[steps]
    for a, b in zip(scales_and_shifts(found), scales_and_shifts(by_loop), strict=True):
        # Adam's steps follow the sign of a gradient, also where it is little more than rounding.
        torch.testing.assert_close(a, b, rtol=0, atol=0.1 * lr)
    expected = adapt_batchnorm(by_loop, TARGET)
    np.testing.assert_allclose(
        predict_outputs(found, TARGET), predict_outputs(expected, TARGET), rtol=0, atol=0.2 * lr
    )


def test_without_a_step_it_is_adabn():
    model = tiny_classifier()
    assert not moved(state(adapt_batchnorm(model, TARGET)), adapt_tent(model, TARGET, steps=0)[0])


def test_scales_and_shifts_move_and_nothing_else_but_the_statistics():
    model = tiny_classifier()
    before, names = state(model), {id(one): name for name, one in model.named_parameters()}
    allowed = {names[id(one)] for one in scales_and_shifts(model)}
    found = adapt_tent(model, TARGET, steps=[3], lr=0.01)[3]
    assert moved(before, model) == set(), "the model that is given stays as it is"
    parameters = moved(before, found) & set(names.values())
    assert parameters == allowed and len(allowed) >= 2
    assert not found.training
    assert all(one.requires_grad for one in model.parameters())


def test_a_frozen_model_is_adapted_like_one_that_is_open():
    model = tiny_classifier()
    frozen = copy.deepcopy(model)
    freeze_to(frozen, 1)
    a, b = (adapt_tent(one, TARGET, steps=[4], lr=0.01)[4] for one in (model, frozen))
    assert not moved(state(a), b)


def test_copies_after_few_steps_are_those_of_a_shorter_run_and_of_a_run_again():
    model = tiny_classifier()
    along = adapt_tent(model, TARGET, steps=[6, 2, 2, 0], lr=0.01, seed=3)
    assert list(along) == [0, 2, 6]
    for count, found in along.items():
        alone = adapt_tent(model, TARGET, steps=[count], lr=0.01, seed=3)[count]
        assert not moved(state(alone), found)
    other = adapt_tent(model, TARGET, steps=[6], lr=0.01, seed=4, batch_size=24)[6]
    assert moved(state(along[6]), other)


def test_random_numbers_of_the_process_go_on_as_if_nothing_was():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    adapt_tent(tiny_classifier(), TARGET, steps=[2])
    assert torch.equal(torch.rand(3), expected)


def test_it_learns_where_gradients_are_switched_off():
    model = tiny_classifier()
    expected = adapt_tent(model, TARGET, steps=[2], lr=0.01)[2]
    with torch.no_grad():
        assert not moved(state(expected), adapt_tent(model, TARGET, steps=[2], lr=0.01)[2])


class Sealed(ImageSet):
    """A set that raises when anybody looks at a label."""

    def __getattribute__(self, name):
        if name in ("labels", "counts", "class_names", "subset"):
            raise AssertionError(f"{name} of the target was read")
        return super().__getattribute__(name)


def test_no_label_of_the_target_is_read():
    sealed = object.__new__(Sealed)
    for name, value in vars(TARGET).items():
        object.__setattr__(sealed, name, value)
    adapt_tent(tiny_classifier(), sealed, steps=[2])


def test_many_steps_on_items_of_one_class_give_that_class_to_all():
    """The collapse: the entropy falls to nothing, and one class takes what others had."""
    model = tiny_classifier()
    fit(model, tiny_images(64, noise=20), epochs=20, lr=0.01, quiet=True)
    one_class = tiny_images(240, seed=1, noise=20).subset(np.arange(0, 240, 3))
    found = adapt_tent(model, one_class, steps=[0, 150], lr=0.1)
    target = tiny_images(72, seed=1, noise=20)
    entropy = {
        count: mean_entropy(torch.from_numpy(predict_outputs(one, target))).item()
        for count, one in found.items()
    }
    share = {count: largest_share(predict(one, target)) for count, one in found.items()}
    print(entropy, share)
    assert entropy[150] < 0.2 * entropy[0] and share[150] > share[0] + 0.2


# ---------------------------------------------------------------- numbers


@FEW
@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.floats(0.01, 100))
def test_the_mean_entropy_is_a_double_sum(seed, classes, spread):
    logits = torch.tensor(np.random.default_rng(seed).normal(0, spread, (5, classes)))
    rows = logits.softmax(dim=1).tolist()
    by_hand = sum(-p * math.log(p) for row in rows for p in row if p > 0) / 5
    assert mean_entropy(logits).item() == pytest.approx(by_hand, abs=1e-9)


@FEW
@given(st.lists(st.integers(0, 9), min_size=1, max_size=30))
def test_the_largest_share_is_counted(predicted):
    most = max(predicted.count(label) for label in predicted)
    assert largest_share(np.array(predicted)) == pytest.approx(most / len(predicted))


@pytest.mark.parametrize("predicted", [[], [0.5], [[0, 1]], ["a"]])
def test_what_is_no_prediction_has_no_largest_share(predicted):
    with pytest.raises(ValueError, match="predicted labels"):
        largest_share(predicted)


def test_batchnorm_alone_has_what_tent_trains():
    bare = nn.BatchNorm2d(3, affine=False)
    kept_nothing = nn.BatchNorm2d(3, track_running_stats=False)
    model = nn.Sequential(nn.Conv2d(3, 3, 1), nn.LayerNorm(3), bare, kept_nothing)
    assert scales_and_shifts(model) == []
    norm = nn.BatchNorm1d(4)
    found = scales_and_shifts(nn.Sequential(model, norm))
    assert [id(one) for one in found] == [id(norm.weight), id(norm.bias)]


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": []}, "steps is empty"),
        ({"steps": [-1]}, "steps must be a whole number from 0 on, got -1"),
        ({"steps": [1.5]}, "steps must be a whole number"),
        ({"steps": True}, "steps"),
        ({"lr": 0}, "lr must be above 0"),
        ({"lr": float("nan")}, "lr must be a number"),
        ({"batch_size": 1}, "batch_size must be a whole number from 2 on"),
    ],
    ids=lambda value: str(value),
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        adapt_tent(tiny_classifier(), TARGET, **options)


def test_a_model_without_scales_and_a_target_of_few_items_are_refused():
    with pytest.raises(ValueError, match="no BatchNorm layer with statistics, scale and shift"):
        adapt_tent(nn.Linear(2, 2), Unlabelled(lambda items: torch.zeros(len(items), 2), 80))
    with pytest.raises(ValueError, match="target has 20 items"):
        adapt_tent(tiny_classifier(), TARGET.subset(np.arange(20)), steps=[1])


def test_an_entropy_that_is_no_number_stops_with_advice():
    broken = Unlabelled(lambda items: torch.full((len(items), 3, 16, 16), torch.nan), 80)
    with pytest.raises(CourseError, match="entropy stopped being a number: give a smaller lr"):
        adapt_tent(tiny_classifier(), broken, steps=[1])


# ---------------------------------------------------------------- as strategies


def test_strategies_give_what_the_networks_say_and_train_once_per_trial():
    trained = []

    def train(trial):
        trained.append((trial.name, trial.seed))
        return tiny_classifier()

    def last_ones(name, items):
        assert name == "target"
        return items[-64:]

    sets = {"source": tiny_images(200), "target": tiny_images(240, seed=1)}
    all_items = follow_tent(train, name="all", steps=(0, 3), lr=0.01)
    some = follow_tent(train, name="some", steps=(0, 3), lr=0.01, choose=last_ones)
    assert [name for name, _ in some.values()] == ["some, 0 steps", "some, 3 steps"]
    strategies = dict((*all_items.values(), *some.values()))
    runs = repeat(strategies, sets, labels=[None], seeds=2, progress=False).on("target")
    assert trained == [("source", 0)] * 2 + [("source", 1)] * 2
    assert runs.entropy.between(0, np.log(10)).all()
    means = runs.groupby("strategy").entropy.mean()
    assert means["all, 3 steps"] < means["all, 0 steps"]
