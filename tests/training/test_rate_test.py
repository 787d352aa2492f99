"""The rate test against a closed form, and that it leaves no trace."""

import copy
import random

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_nets import tiny_classifier, tiny_images
from torch import nn

from tlhelpers.errors import CourseError
from tlhelpers.training.fitting import fit
from tlhelpers.training.freezing import freeze, freeze_to, hold_statistics
from tlhelpers.training.lora import add_lora
from tlhelpers.training.optimizers import param_groups
from tlhelpers.training.rate_test import BELOW, find_rate, judge_rates, raise_rates

IMAGES = tiny_images(48)
ROWS = torch.tensor(np.random.default_rng(0).normal(size=(48, 4)), dtype=torch.float32)


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


def short_test(model, data=IMAGES, *arguments, **options):
    return find_rate(model, data, *arguments, **{"steps": 40, "low": 1e-4, "high": 10.0, **options})


def everything_of(model) -> list:
    """Weights, statistics, modes, gradients, hooks and places of a model."""
    return [
        {name: value.clone() for name, value in model.state_dict().items()},
        [part.training for part in model.modules()],
        [None if p.grad is None else p.grad.clone() for p in model.parameters()],
        [(p.requires_grad, p.device, p.data_ptr()) for p in model.parameters()],
        [len(part._forward_pre_hooks) for part in model.modules()],
    ]


# ---------------------------------------------------------------- closed form


def quadratic(curvature: float, steps: int, low: float, high: float):
    """Loss L/2 · x², plain gradient descent from x = 1; returns the table of losses."""
    x = torch.ones((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=123.0)
    losses = (curvature / 2 * x**2 for _ in range(steps))
    return raise_rates(optimizer, np.geomspace(low, high, steps), losses)


@settings(deadline=None, max_examples=25)  # the first optimizer of a process takes seconds
@given(st.floats(0.01, 100), st.integers(40, 200))
def test_a_quadratic_loss_falls_below_two_over_its_curvature_and_rises_above(curvature, steps):
    limit = 2 / curvature
    table = quadratic(curvature, steps, limit / 1e3, limit * 1e3)
    x = np.cumprod([1, *(1 - table.rate[:-1] * curvature)])
    np.testing.assert_allclose(table.loss, curvature / 2 * x**2, rtol=1e-9)
    changes = np.diff(table.loss)
    assert (changes[table.rate[:-1] < limit * 0.999] < 0).all()
    assert (changes[table.rate[:-1] > limit * 1.001] > 0).all()
    assert len(table) < steps, "it stops where the loss runs away"
    found = judge_rates(table, stopped=True)
    step = (1e6) ** (1 / (steps - 1))
    # The loss is lowest at the first rate above the limit; a mean sees three steps to each side.
    assert limit / step**3 <= found.lowest.rate <= limit * step**4.01 and found.rose
    assert found.suggested == pytest.approx(found.lowest.rate / BELOW)


def test_smoothing_is_the_mean_of_the_seven_steps_around():
    loss = np.random.default_rng(0).uniform(1, 2, 20)
    table = pd.DataFrame({"step": range(1, 21), "rate": np.geomspace(1, 2, 20), "loss": loss})
    smoothed = judge_rates(table, stopped=False).table.smoothed
    wanted = [loss[max(0, i - 3) : i + 4].mean() for i in range(20)]
    np.testing.assert_allclose(smoothed, wanted)


def judged(*losses, stopped=False):
    rates = np.geomspace(1e-3, 1e-3 * 2 ** (len(losses) - 1), len(losses))
    return judge_rates(pd.DataFrame({"rate": rates, "loss": losses}), stopped)


def test_no_rate_is_suggested_where_the_loss_never_fell():
    for losses in ([1.0] * 20, np.linspace(1, 3, 20), np.linspace(1, 0.97, 20)):
        found = judged(*losses)
        assert np.isnan(found.suggested) and "no rate suggested: from 1.0e-03 on" in str(found)
    assert not np.isnan(judged(*np.linspace(1, 0.8, 20)).suggested)


def test_it_says_whether_the_loss_rose_again():
    falling, turning = judged(*range(30, 0, -1)), judged(*range(30, 10, -1), *range(10, 20))
    assert not falling.rose and "did not rise again" in str(falling)
    assert turning.rose and "rise again" not in str(turning)
    assert str(turning).startswith(f"suggested rate {turning.suggested:.1e}: a third of ")
    assert judged(*range(30, 0, -1), stopped=True).rose


# ---------------------------------------------------------------- nothing is left behind


def frozen_in_part():
    model = tiny_classifier()
    freeze_to(model, 2)
    return model


def held():
    model = tiny_classifier().eval()
    hold_statistics(model)
    return model


def with_lora():
    return add_lora(nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3)), rank=2)


def with_gradients():
    model = tiny_classifier()
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    return model.train()


MADE = {
    "new": tiny_classifier, "part frozen": frozen_in_part, "held": held,
    "with gradients": with_gradients,
    "with dropout": lambda: nn.Sequential(tiny_classifier(), nn.Dropout()),
}  # fmt: skip


@pytest.mark.parametrize("name", MADE)
def test_the_model_and_all_random_numbers_are_as_before(name):
    model = MADE[name]()
    data = IMAGES if hasattr(model, "transform") else None
    transform = tiny_classifier().transform
    arguments = (IMAGES,) if data else (lambda i: transform(IMAGES.pixels[i]), IMAGES.labels)
    before = everything_of(model)
    torch.rand(3)
    states = random.getstate(), torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    found = short_test(model, *arguments, augment=data and (lambda p: p.flip(2)))
    after = everything_of(model)
    for old, new in zip(before[0].values(), after[0].values(), strict=True):
        assert torch.equal(old, new)
    for old, new in zip(before[2], after[2], strict=True):
        assert old is new is None or torch.equal(old, new)
    assert before[1] == after[1] and before[3:] == after[3:]
    assert random.getstate() == states[0] and torch.equal(torch.get_rng_state(), states[1])
    assert np.array_equal(np.random.get_state()[1], states[2])  # noqa: NPY002
    assert found.table.loss.iloc[-1] != found.table.loss.iloc[0], "nothing was trained"


def test_an_error_leaves_the_model_too():
    def broken(items):
        raise OSError("the disk is gone")

    model = tiny_classifier()
    before = everything_of(model)
    with pytest.raises(OSError, match="the disk is gone"):
        short_test(model, broken, IMAGES.labels)
    assert before[3] == everything_of(model)[3] and before[1] == everything_of(model)[1]


def test_the_same_call_gives_the_same_and_fit_is_not_changed_by_it():
    model, twin = tiny_classifier(), tiny_classifier()
    first, second = short_test(model), short_test(model)
    pd.testing.assert_frame_equal(first.table, second.table)
    other = short_test(model, seed=1)
    assert other.table.loss.tolist() != first.table.loss.tolist()
    for one in (model, twin):
        fit(one, IMAGES, epochs=1, quiet=True)
    for a, b in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.equal(a, b)


# ---------------------------------------------------------------- what trains, and how fast


def test_the_rates_are_a_geometric_row_of_the_last_group_and_groups_keep_their_ratios():
    model, seen = tiny_classifier(), []

    class Watched(torch.optim.SGD):
        def step(self, closure=None):
            seen.append([group["lr"] for group in self.param_groups])
            super().step(closure)

    groups = param_groups(model, slice(1e-5, 1e-3))
    optimizer = Watched(groups, lr=0.1)
    ratios = [group["lr"] / groups[-1]["lr"] for group in groups]
    rates = [group["lr"] for group in optimizer.param_groups]
    weights = [p.clone() for p in model.parameters()]
    found = short_test(model, optimizer=optimizer, high=1e-2)
    assert [group["lr"] for group in optimizer.param_groups] == rates and not optimizer.state
    assert all(map(torch.equal, weights, model.parameters()))
    np.testing.assert_allclose(found.table.rate, np.geomspace(1e-4, 1e-2, 40))
    np.testing.assert_allclose(seen, np.outer(found.table.rate, ratios))
    assert found.table.step.tolist() == list(range(1, 41))


def test_the_momentum_of_an_optimizer_given_stays():
    model = tiny_classifier()
    optimizer = torch.optim.AdamW(param_groups(model, 1e-3))
    fit(model, IMAGES, epochs=1, optimizer=optimizer, quiet=True)
    before = copy.deepcopy(optimizer.state_dict())
    short_test(model, optimizer=optimizer)
    after = optimizer.state_dict()
    assert after["param_groups"] == before["param_groups"]
    for old, new in zip(before["state"].values(), after["state"].values(), strict=True):
        assert all(torch.equal(old[name], new[name]) for name in old)


def test_what_is_frozen_does_not_train_in_the_test(monkeypatch):
    """Only the head trains: the losses are those of the head alone on features that stand."""
    model = tiny_classifier()
    freeze(model)
    model.eval()
    with torch.no_grad():
        features = model.backbone(model.transform(IMAGES.pixels))
    head = nn.Sequential(model.linear_head)
    alone = short_test(head, lambda i: features[i], IMAGES.labels)
    found = short_test(model)
    np.testing.assert_allclose(found.table.loss, alone.table.loss, rtol=1e-4)
    everything = short_test(tiny_classifier())
    assert abs(everything.table.loss.iloc[:20] - found.table.loss.iloc[:20]).max() > 1e-3


def test_statistics_that_move_in_a_frozen_network_are_reported_as_by_fit():
    model = tiny_classifier()
    model.backbone.requires_grad_(False)
    with pytest.raises(CourseError, match="frozen tensors moved"):
        short_test(model)


def test_a_model_of_peft_and_weights_against_imbalance_are_taken():
    plain, model = (with_lora() for _ in range(2))
    plain = short_test(plain, lambda i: ROWS[i], IMAGES.labels)
    weighted = short_test(model, lambda i: ROWS[i], IMAGES.labels, class_weights=[1, 2, 9])
    assert len(plain.table) > 5 and weighted.table.loss[0] != plain.table.loss[0]


def test_it_suggests_a_rate_that_learns_and_ten_thousand_times_less_does_not():
    found = find_rate(tiny_classifier(), IMAGES, low=1e-5, high=10)
    losses = []
    for rate in (found.suggested, found.suggested / 1e4):
        history = fit(tiny_classifier(), IMAGES, epochs=5, lr=rate, quiet=True)
        losses.append(history.table.loss.iloc[-1])
    assert losses[0] < 0.7 < 1 < losses[1]


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"low": 1e-2, "high": 1e-3}, "the rates must go up: low 0.01 is not below high 0.001"),
        ({"low": 1.0, "high": 1.0}, "the rates must go up"),
        ({"low": 0}, "low must be a positive number"),
        ({"high": float("inf")}, "high must be a positive number"),
        ({"low": slice(1, 2)}, "the rates must go up"),
        ({"lr": -1}, "lr must be a positive number"),
        ({"steps": 9}, "steps must be a whole number from 10 on, got 9"),
        ({"batch_size": 0}, "batch_size must be a whole number"),
        ({"class_weights": [1]}, "holds 1 numbers for 3 classes"),
    ],
    ids=str,
)
def test_what_is_no_rate_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        short_test(tiny_classifier(), **options)


def test_an_optimizer_of_another_model_and_one_that_stands_still_are_refused():
    with pytest.raises(ValueError, match="lacks 17 of 17 weights"):
        short_test(
            tiny_classifier(), optimizer=torch.optim.SGD(tiny_classifier().parameters(), lr=1)
        )
    model = tiny_classifier()
    with pytest.raises(ValueError, match="has a rate of 0"):
        short_test(model, optimizer=torch.optim.SGD(model.parameters(), lr=0.0))


def test_items_that_are_no_numbers_are_told_before_any_change():
    broken = torch.full((48, 4), float("nan"))
    with pytest.raises(CourseError, match="first step is no number, before any change"):
        short_test(nn.Sequential(nn.Linear(4, 3)), lambda i: broken[i], IMAGES.labels)
    with pytest.raises(ValueError, match="every weight is frozen"):
        model = tiny_classifier()
        model.requires_grad_(False)
        short_test(model)
