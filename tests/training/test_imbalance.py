"""Class weights and balanced draws: against torch and scikit-learn, and the default left alone."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_sample_weight
from tiny_nets import CLASSES, tiny_classifier, tiny_images
from torch import nn

from tlhelpers.training.batches import Labelled, cut_into_steps
from tlhelpers.training.fitting import fine_tune, fit, fit_head
from tlhelpers.training.imbalance import draw_order, weigh_classes
from tlhelpers.training.optimizers import param_groups
from tlhelpers.training.randomness import random_state_put_back, seed_all

IMAGES = tiny_images(40).subset([*range(0, 30, 3), *range(1, 40, 9), 2, 5])  # 10 or more, 5, 2


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


def same(a, b):
    b = b.state_dict()
    return all(torch.equal(value, b[name]) for name, value in a.state_dict().items())


def quiet_fit(model, data=IMAGES, *arguments, **options):
    return fit(model, data, *arguments, **{"epochs": 2, "quiet": True, **options})


# ---------------------------------------------------------------- nothing asked for


def train_by_hand(model, images, epochs: int, lr: float, batch_size: int) -> None:
    """The loop as it always was: its orders, its steps, plain cross-entropy."""
    optimizer = torch.optim.AdamW(param_groups(model, lr))
    x, y = model.transform(images.pixels), torch.tensor(images.labels)
    x = x.contiguous(memory_format=torch.channels_last)
    with random_state_put_back():
        for epoch in range(1, epochs + 1):
            order = seed_all(0, epoch).permutation(len(images))
            model.train()
            for items in cut_into_steps(order, batch_size):
                loss = nn.functional.cross_entropy(model(x[items]), y[items])
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()


@pytest.mark.parametrize("batch_size", [4, 7, 30])
def test_without_weights_and_draws_it_trains_as_before_to_the_last_bit(batch_size):
    images, model, twin = tiny_images(), tiny_classifier(), tiny_classifier()
    fit(model, images, epochs=3, lr=0.01, batch_size=batch_size, quiet=True)
    train_by_hand(twin, images, 3, 0.01, batch_size)
    assert same(model, twin)
    weighted = tiny_classifier()
    fit(
        weighted, images, epochs=3, lr=0.01, batch_size=batch_size, quiet=True,
        class_weights=[1, 1, 5],
    )  # fmt: skip
    assert not same(model, weighted), "then this shows nothing"


# ---------------------------------------------------------------- weights


def test_balanced_weights_are_those_of_scikit_learn():
    labels = np.array([0] * 7 + [1] * 2 + [3])
    weights = weigh_classes("balanced", labels, 5)
    np.testing.assert_allclose(weights[labels], compute_sample_weight("balanced", labels))
    assert weights[[2, 4]].tolist() == [1, 1], "classes without items"
    assert len(weigh_classes("balanced", labels)) == 4


@given(st.lists(st.integers(0, 4), min_size=2, max_size=40), st.integers(0, 99))
def test_weights_are_one_on_average_and_keep_their_ratios(labels, seed):
    labels = np.array(labels)
    given_ones = np.random.default_rng(seed).uniform(0.01, 50, 5)
    weights = weigh_classes(given_ones, labels)
    assert weights[labels].mean() == pytest.approx(1)
    np.testing.assert_allclose(weights / weights[0], given_ones / given_ones[0])
    balanced = weigh_classes("balanced", labels, 5)
    sums = np.bincount(labels, balanced[labels])
    assert balanced[labels].mean() == pytest.approx(1)
    np.testing.assert_allclose(sums[sums > 0], sums.max())


def test_a_step_over_all_items_takes_the_weighted_loss_of_torch():
    given_ones = [1.0, 4.0, 0.5]
    model, twin = tiny_classifier(), tiny_classifier()
    held_out = tiny_images(12, seed=1).subset(np.arange(10))
    history = quiet_fit(
        model, epochs=1, batch_size=99, class_weights=given_ones, validation=held_out,
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
    )  # fmt: skip
    loss_of = nn.CrossEntropyLoss(weight=torch.tensor(given_ones))
    optimizer = torch.optim.SGD(twin.parameters(), lr=0.1)
    loss = loss_of(twin.train()(twin.transform(IMAGES.pixels)), torch.tensor(IMAGES.labels))
    loss.backward()
    optimizer.step()
    for a, b in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)
    logits = twin.eval()(twin.transform(held_out.pixels))
    wanted = loss_of(logits, torch.tensor(held_out.labels)).item()
    assert history.table.loss[0] == pytest.approx(loss.item(), rel=1e-5)
    assert history.table.valid_loss[0] == pytest.approx(wanted, rel=1e-4)
    hits = (logits.argmax(1).numpy() == held_out.labels).mean()
    assert history.table.valid_accuracy[0] == pytest.approx(hits), "accuracy has no weights"


def test_items_that_count_twice_are_as_items_shown_twice():
    rows = torch.tensor(np.random.default_rng(0).normal(size=(9, 4)), dtype=torch.float32)
    labels = np.arange(9) % 3
    twice = np.concatenate([np.arange(9), np.flatnonzero(labels == 2)])
    models = [nn.Sequential(nn.Linear(4, 3)) for _ in range(2)]
    models[1].load_state_dict(models[0].state_dict())
    for model, items, weights in zip(models, (np.arange(9), twice), ([1, 1, 2], None), strict=True):
        fit(
            model, lambda i, own=items: rows[own[i]], labels[items], epochs=5, batch_size=99,
            class_weights=weights, optimizer=torch.optim.SGD(model.parameters(), lr=0.5),
            quiet=True,
        )  # fmt: skip
    for a, b in zip(*(model.parameters() for model in models), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_a_class_that_only_validation_has_counts_as_the_average_item():
    model = nn.Sequential(nn.Linear(2, 4))
    rows = torch.eye(2)[[0, 1, 0, 1]]
    history = fit(
        model, lambda i: rows[i], [0, 1, 1, 1], epochs=1, class_weights="balanced", quiet=True,
        validation=(lambda i: rows[i], [0, 1, 2, 3]),
    )  # fmt: skip
    with torch.no_grad():
        losses = nn.functional.cross_entropy(model(rows), torch.arange(4), reduction="none")
    weights = torch.tensor([2, 2 / 3, 1, 1])
    assert history.table.valid_loss[0] == pytest.approx((weights * losses).sum() / weights.sum())


def rare_class(n: int, share: float, seed: int):
    """Two classes that overlap on a line; the second is rare."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(n) < share * n).astype(int)
    return torch.tensor(rng.normal(size=(n, 1)) + 2 * labels[:, None]).float(), labels


@pytest.mark.parametrize(
    "options", [{"class_weights": "balanced"}, {"balanced_draws": True}], ids=str
)
def test_both_find_the_rare_class_that_plain_training_leaves_out(options):
    x, labels = rare_class(600, 0.04, 0)
    test, truth = rare_class(2000, 0.5, 1)
    found = {}
    for name, extra in (("plain", {}), ("corrected", options)):
        model = nn.Sequential(nn.Linear(1, 2))
        fit(model, lambda i: x[i], labels, epochs=20, lr=0.1, batch_size=100, quiet=True, **extra)
        predicted = model(test).argmax(1).numpy()
        found[name] = [(predicted == truth)[truth == one].mean() for one in (0, 1)]
    assert found["plain"][1] < 0.5 < 0.75 < found["corrected"][1]
    assert np.mean(found["corrected"]) > np.mean(found["plain"]) + 0.1


# ---------------------------------------------------------------- draws


@given(st.lists(st.integers(0, 4), min_size=2, max_size=60), st.integers(0, 99))
def test_balanced_draws_show_each_class_equally_often_and_none_twice_before_all_once(labels, seed):
    labels = np.array(labels)
    data = Labelled(None, labels, None, None, balanced=True)
    order = draw_order(data, np.random.default_rng(seed))
    assert len(order) == len(labels)
    shown = np.bincount(labels[order], minlength=5)[np.unique(labels)]
    assert shown.max() - shown.min() <= 1
    for one in np.unique(labels):
        often = np.bincount(order, minlength=len(labels))[labels == one]
        assert often.max() - often.min() <= 1


def test_other_epochs_show_another_part_of_the_large_class():
    labels = np.array([0] * 20 + [1] * 4)
    seen = []

    def batches(items):
        seen.extend(items.tolist())
        return torch.zeros(len(items), 3)

    fit(nn.Sequential(nn.Linear(3, 2)), batches, labels, epochs=4, balanced_draws=True, quiet=True)
    epochs = [{i for i in seen[k : k + 24] if i < 20} for k in range(0, 96, 24)]
    assert [len(one) for one in epochs] == [12] * 4 and len(set.union(*epochs)) > 16
    counts = np.bincount(seen, minlength=24)
    assert (counts[20:] == 12).all()


def test_the_seed_decides_the_draws():
    models = [tiny_classifier() for _ in range(3)]
    for model, seed in zip(models, (0, 0, 1), strict=True):
        quiet_fit(model, balanced_draws=True, seed=seed, batch_size=5)
    assert same(models[0], models[1]) and not same(models[0], models[2])


# ---------------------------------------------------------------- with everything else


def test_head_first_and_features_take_them_too():
    plain, weighted, on_features = (tiny_classifier() for _ in range(3))
    options = {"head_epochs": 1, "epochs": 1, "quiet": True}
    fine_tune(plain, IMAGES, **options)
    fine_tune(weighted, IMAGES, class_weights="balanced", **options)
    assert not same(plain, weighted)
    rows = np.random.default_rng(0).normal(size=(len(IMAGES), 8))
    fit_head(on_features, rows, IMAGES.labels, class_weights=[1, 2, 3], epochs=1, quiet=True)
    fit_head(on_features, rows, IMAGES.labels, balanced_draws=True, epochs=1, quiet=True)


def test_a_checkpoint_of_other_weights_or_draws_is_refused_and_an_old_one_still_fits(tmp_path):
    path = tmp_path / "run.pt"
    quiet_fit(tiny_classifier(), epochs=1, checkpoint=path)
    state = torch.load(path, weights_only=True)
    assert not {"class weights", "draws"} & set(state["settings"])
    for options, what in (
        ({"class_weights": "balanced"}, "class weights"),
        ({"balanced_draws": True}, "draws"),
    ):
        with pytest.raises(RuntimeError, match=f"differs in its {what}:"):
            quiet_fit(tiny_classifier(), checkpoint=path, **options)
        whole, cut = tiny_classifier(), tiny_classifier()
        quiet_fit(whole, **options)
        own = tmp_path / what
        quiet_fit(tiny_classifier(), epochs=1, checkpoint=own, **options)
        quiet_fit(cut, checkpoint=own, **options)
        assert same(whole, cut)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"class_weights": "balance"}, "unknown class_weights 'balance': did you mean balanced"),
        ({"class_weights": [1, 2]}, "holds 2 numbers for 3 classes"),
        ({"class_weights": [1, 2, 3, 4]}, "holds 4 numbers for 3 classes"),
        ({"class_weights": [1, 0, 2]}, r"above 0, got 0\.0 for class 1: to leave"),
        ({"class_weights": [1, 2, float("nan")]}, "above 0, got nan for class 2"),
        ({"class_weights": {"red": 2}}, "one number for each class, got"),
        ({"class_weights": 3}, "one number for each class, got 3"),
        ({"class_weights": [[1, 2, 3]]}, "one number for each class"),
        ({"balanced_draws": "yes"}, "balanced_draws must be True or False, got 'yes'"),
        ({"balanced_draws": True, "class_weights": "balanced"}, "correct the imbalance twice"),
    ],
    ids=str,
)
def test_what_is_no_weight_is_refused_before_anything_trains(options, message):
    model = tiny_classifier()
    with pytest.raises(ValueError, match=message):
        quiet_fit(model, **options)
    assert same(model, tiny_classifier()) and len(CLASSES) == 3
