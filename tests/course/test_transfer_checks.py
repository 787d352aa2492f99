"""Exercises 02.7 and 03.7 refuse whole kinds of wrong transfers, and pass kinds of right ones."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from tlhelpers.course.exercise_book.lesson_02_transfer import _sets_of
from tlhelpers.course.exercise_book.lesson_02_transfer import _transfer as from_features
from tlhelpers.course.exercises import examine
from tlhelpers.evaluation import wilson

# One takes matrices alone, one sparse gradients, one a closure.
SPECIAL = {"Optimizer", "Muon", "SparseAdam", "LBFGS"}
OPTIMIZERS = sorted(name for name in set(torch.optim.__all__) - SPECIAL if name[0].isupper())
few = settings(max_examples=20, deadline=None)
fewer = settings(max_examples=4, deadline=None)  # of what takes a whole check


def transfer(
    kind="Adam", rate=1.0, more=0, times=1.0, items=lambda train: train, measured=lambda test: test
):
    """A right transfer, but for what is given."""

    def answer(model, x, y, train, test, lr, epochs):
        weights = [weight for weight in model.parameters() if weight.requires_grad]
        optimizer = getattr(torch.optim, kind)(weights, lr=rate * lr)
        train, test = items(train), measured(test)
        for _ in range(epochs + more):
            optimizer.zero_grad()
            (times * cross_entropy(model.eval()(x[train]), y[train])).backward()
            optimizer.step()
        with torch.no_grad():
            right = int((model(x[test]).argmax(1) == y[test]).sum())
        return right / len(test), *wilson(right, len(test))

    return answer


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_each_optimizer_of_torch_passes(kind):
    assert examine("03.7", transfer(kind)).state == "right"


UNLIKE_1 = st.floats(0.01, 100).filter(lambda factor: abs(factor - 1) > 0.02)


@few
@given(kind=st.sampled_from(OPTIMIZERS), rate=UNLIKE_1)
def test_any_other_rate_is_named(kind, rate):
    state, message = examine("03.7", transfer(kind, rate))
    assert state == "wrong"
    assert f"at the rate {0.05 * rate:.6g}, where lr is 0.05" in message


@few
@given(kind=st.sampled_from(OPTIMIZERS), more=st.integers(-13, 9).filter(bool))
def test_any_other_number_of_steps_is_named(kind, more):
    state, message = examine("03.7", transfer(kind, more=more))
    assert state == "wrong"
    assert f"The number of steps is {14 + more}, {'more' if more > 0 else 'fewer'} than" in message


@few
@given(times=UNLIKE_1.filter(lambda times: abs(times - 36) > 1))
def test_a_loss_of_another_scale_is_named(times):
    state, message = examine("03.7", transfer(times=times))
    assert state == "wrong"
    assert f"The loss is {times:.3g} times" in message


@few
@given(st.integers(0, 2**31), st.sampled_from(["fewer", "repeated", "test item"]))
def test_any_other_choice_of_training_items_is_refused(seed, kind):
    rng = np.random.default_rng(seed)

    def items(train):
        size = rng.integers(1, len(train))
        if kind == "repeated":
            return rng.choice(train, len(train))
        return rng.choice(train, size, replace=False)

    said = {"fewer": "takes", "repeated": "several times"}
    if kind == "test item":
        answer = transfer(items=lambda train: np.setdiff1d(np.arange(75), train)[: len(train)])
        assert "have a part in the training" in examine("03.7", answer).message
    else:
        state, message = examine("03.7", transfer(items=items))
        assert state == "wrong" and said[kind] in message


@fewer
@given(st.integers(0, 2**31))
def test_items_in_any_order_pass(seed):
    rng = np.random.default_rng(seed)
    assert examine("03.7", transfer(items=rng.permutation, measured=rng.permutation))[0] == "right"


def changed(change):
    return lambda *given: change(*from_features(*given))


@fewer
@given(low=st.floats(-0.05, 1), high=st.floats(0, 1.02))
def test_an_interval_that_is_cut_anywhere_is_refused(low, high):
    def cut(mean, lower, upper):
        return mean, max(lower, low), min(upper, high)

    assert examine("02.7", changed(cut)).state == "wrong"


@fewer
@given(st.floats(0.5, 2).filter(lambda factor: abs(factor - 1) > 1e-3))
def test_an_interval_of_another_length_is_refused(factor):
    def stretch(mean, lower, upper):
        return mean, mean - factor * (mean - lower), mean + factor * (upper - mean)

    assert examine("02.7", changed(stretch)).state == "wrong"


def test_each_situation_but_one_tells_a_wrong_interval():
    sets = [pair for seed in (1, 2) for pair in copy.deepcopy(_sets_of(seed))]
    flat = [where for where, given in sets if np.ptp(from_features(*given)) == 0]
    assert set(flat) == {"where all or almost none are right"}
    assert min(from_features(*given)[1] for _, given in sets) < 0
    assert max(from_features(*given)[2] for _, given in sets) > 1
