"""Label shift: draws by shares, estimates against closed forms, and what cannot be estimated."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from tlhelpers.adaptation.class_shares import (
    correct_confidences,
    estimate_shares_bbse,
    estimate_shares_em,
    resample_classes,
    solve_shares,
)

FEW = settings(max_examples=25, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)
CONFUSION = np.array([[0.8, 0.1, 0.2], [0.15, 0.7, 0.3], [0.05, 0.2, 0.5]])


def some_shares(seed, classes=3):
    return np.random.default_rng(seed).dirichlet(np.full(classes, 2.0))


def gaussians(n, share, seed):
    """Classes 0 and 1 at −1 and 1 with deviation 1; the exact confidences for equal shares."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(n) < share).astype(int)
    x = rng.normal(2 * labels - 1, 1)
    of_one = 1 / (1 + np.exp(-2 * x))
    return labels, np.column_stack([1 - of_one, of_one])


# ---------------------------------------------------------------- draws


@FEW
@given(SEEDS, st.lists(st.integers(1, 60), min_size=2, max_size=4), SEEDS)
def test_a_draw_has_its_shares_and_no_item_twice_and_is_as_large_as_can_be(seed, sizes, other):
    labels = np.random.default_rng(seed).permutation(np.repeat(range(len(sizes)), sizes))
    shares = some_shares(other, len(sizes))
    if (shares * sum(sizes) < 1).any():
        shares = np.full(len(sizes), 1 / len(sizes))
    drawn = resample_classes(labels, shares, seed)
    assert (np.diff(drawn) > 0).all()
    counts = np.bincount(labels[drawn], minlength=len(sizes))
    assert (np.abs(counts - len(drawn) * shares) < 1).all()
    # One more item would need a class that has none left.
    with pytest.raises(ValueError, match=rf"at most {len(drawn)} items can be drawn"):
        resample_classes(labels, shares, seed, n=len(drawn) + 1)


def test_eighty_to_twenty_of_two_equal_classes():
    labels = np.repeat([0, 1], 100)
    drawn = resample_classes(labels, [0.8, 0.2], seed=0)
    assert np.bincount(labels[drawn]).tolist() == [100, 25]
    assert np.bincount(labels[resample_classes(labels, [0.8, 0.2], 0, n=50)]).tolist() == [40, 10]
    assert np.bincount(labels[resample_classes(labels, [1, 0], 0)]).tolist() == [100]


def test_the_seed_decides_and_every_item_of_a_class_is_as_likely():
    labels = np.repeat([0, 1], 20)
    first, again, other = (resample_classes(labels, [0.8, 0.2], seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    often = np.bincount(
        np.concatenate([resample_classes(labels, [0.8, 0.2], seed) for seed in range(400)])
    )
    assert often[:20].tolist() == [400] * 20
    assert often[20:] == pytest.approx(100, abs=45)  # 5 of 20 each; the deviation is 8.7


@pytest.mark.parametrize(
    ("labels", "shares", "message"),
    [
        ([0, 1], [0.8, 0.1], "must add up to 1"),
        ([0, 1], [1.5, -0.5], "must not lie below 0"),
        ([0, 1], [1.0], "two or more numbers"),
        ([0, 2], [0.5, 0.5], "item 1 has 2"),
        ([0, 0], [0.5, 0.5], r"class 1 has 0 item.s.: .* at most 0 items"),
        ([0, 0, 1], [0.1, 0.9], r"class 1 has 1 item.s."),
    ],
    ids=["sum", "below 0", "one", "unknown", "none there", "too few"],
)
def test_shares_that_cannot_be_drawn_are_refused(labels, shares, message):
    with pytest.raises(ValueError, match=message):
        resample_classes(labels, shares, 0, n=3 if message.endswith("1 item.s.") else None)


# ---------------------------------------------------------------- closed forms


@FEW
@given(SEEDS)
def test_a_known_confusion_gives_the_shares_exactly(seed):
    shares = some_shares(seed)
    np.testing.assert_allclose(solve_shares(CONFUSION, CONFUSION @ shares), shares, atol=1e-9)


def test_two_classes_are_the_old_formula():
    """(share answered − false positives) / (true − false positives), Rogan and Gladen 1978."""
    found = solve_shares([[0.9, 0.3], [0.1, 0.7]], [0.58, 0.42])
    assert found[1] == pytest.approx((0.42 - 0.1) / (0.7 - 0.1))


def test_answers_that_no_shares_explain_give_the_nearest_end():
    np.testing.assert_allclose(solve_shares([[0.9, 0.3], [0.1, 0.7]], [0.95, 0.05]), [1, 0])


def exact_items(shares, of_each=1000):
    """Labels and answers whose confusions are CONFUSION to the last item."""
    labels, answers = [], []
    for label, share in enumerate(shares):
        counts = np.round(CONFUSION[:, label] * of_each * share).astype(int)
        labels += [label] * counts.sum()
        answers += np.repeat(range(3), counts).tolist()
    return np.array(labels), np.array(answers)


def test_counted_confusions_give_the_shares_of_a_population_exactly():
    home, away = exact_items([1, 1, 1]), exact_items([0.6, 0.1, 0.3])
    found = estimate_shares_bbse(*home, away[1])
    np.testing.assert_allclose(found, [0.6, 0.1, 0.3], atol=1e-9)
    # Sure probabilities are labels.
    found = estimate_shares_bbse(home[0], np.eye(3)[home[1]], np.eye(3)[away[1]])
    np.testing.assert_allclose(found, [0.6, 0.1, 0.3], atol=1e-9)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_of_two_gaussians_all_find_the_share_and_the_corrected_are_the_exact_ones(share):
    home, away = gaussians(8000, 0.5, 1), gaussians(8000, share, 2)
    labels = [estimate_shares_bbse(home[0], home[1].argmax(1), away[1].argmax(1))]
    shares = [*labels, estimate_shares_bbse(home[0], home[1], away[1])]
    shares += [estimate_shares_em(away[1], [0.5, 0.5])]
    for found in shares:
        assert found[1] == pytest.approx(share, abs=0.02)
    # Bayes' rule with the right shares: the cut moves from 0 to log((1 − s)/s) / 2.
    corrected = correct_confidences(away[1], [0.5, 0.5], [1 - share, share])
    cut = np.log((1 - share) / share) / 2
    wanted = share * norm.cdf(1 - cut) + (1 - share) * norm.cdf(1 + cut)
    assert (corrected.argmax(1) == away[0]).mean() == pytest.approx(wanted, abs=0.015)
    assert corrected.mean(axis=0)[1] == pytest.approx(share, abs=0.02)


def test_em_ends_where_the_shares_are_the_mean_of_the_corrected_confidences():
    _, probabilities = gaussians(500, 0.8, 3)
    found = estimate_shares_em(probabilities, [0.3, 0.7], tolerance=1e-12)
    again = correct_confidences(probabilities, [0.3, 0.7], found).mean(axis=0)
    np.testing.assert_allclose(found, again, atol=1e-10)


def test_em_is_misled_by_confidences_that_are_not_calibrated_and_black_boxes_are_not():
    """Where confidences are too high, the mixture is taken for less mixed than it is."""
    home, away = gaussians(8000, 0.5, 1), gaussians(8000, 0.8, 2)

    def flat(rows):  # a temperature of 4: nothing but confidences changes
        return rows**0.25 / (rows**0.25).sum(axis=1, keepdims=True)

    assert abs(estimate_shares_em(flat(away[1]), [0.5, 0.5])[1] - 0.8) > 0.1
    found = estimate_shares_bbse(home[0], flat(home[1]), flat(away[1]))
    assert found[1] == pytest.approx(0.8, abs=0.02)


# ---------------------------------------------------------------- properties


@FEW
@given(SEEDS, st.floats(0.1, 0.9))
def test_shares_and_confidences_add_up_to_1_and_equal_shares_change_nothing(seed, share):
    home, away = gaussians(400, 0.5, seed), gaussians(60, share, seed + 1)
    found = [
        estimate_shares_bbse(home[0], home[1], away[1]),
        estimate_shares_bbse(home[0], home[1].argmax(1), away[1].argmax(1)),
        estimate_shares_em(away[1], [0.4, 0.6]),
    ]
    for shares in found:
        assert shares.sum() == pytest.approx(1) and (shares >= 0).all()
        corrected = correct_confidences(away[1], [0.4, 0.6], shares)
        np.testing.assert_allclose(corrected.sum(axis=1), 1)
    same = correct_confidences(away[1], [0.4, 0.6], [0.4, 0.6])
    np.testing.assert_allclose(same, away[1])
    back = correct_confidences(
        correct_confidences(away[1], [0.4, 0.6], [0.7, 0.3]), [0.7, 0.3], [0.4, 0.6]
    )
    np.testing.assert_allclose(back, away[1])


def test_without_a_shift_about_nothing_changes():
    home, away = gaussians(4000, 0.5, 4), gaussians(4000, 0.5, 5)
    for shares in (
        estimate_shares_bbse(home[0], home[1].argmax(1), away[1].argmax(1)),
        estimate_shares_em(away[1], [0.5, 0.5]),
    ):
        assert shares == pytest.approx(0.5, abs=0.03)
        answers = correct_confidences(away[1], [0.5, 0.5], shares).argmax(1)
        assert (answers != away[1].argmax(1)).mean() < 0.03


def test_the_numbers_of_classes_do_not_matter():
    home, away = exact_items([1, 1, 1]), exact_items([0.2, 0.5, 0.3])
    names = np.array([2, 0, 1])
    found = estimate_shares_bbse(names[home[0]], names[home[1]], names[away[1]])
    np.testing.assert_allclose(found[names], [0.2, 0.5, 0.3], atol=1e-9)


# ---------------------------------------------------------------- refused


def test_a_classifier_that_tells_nothing_is_refused():
    with pytest.raises(ValueError, match="confusion matrix is singular"):
        solve_shares([[0.5, 0.5], [0.5, 0.5]], [0.4, 0.6])
    labels = np.repeat([0, 1], 50)
    guesses = np.tile([0, 1], 50)
    with pytest.raises(ValueError, match="does not tell its classes apart"):
        estimate_shares_bbse(labels, guesses, guesses)
    # A little from it, by chance, is refused as well: the estimate would be noise.
    guesses[:2] = 0
    with pytest.raises(ValueError, match="or not told from it"):
        estimate_shares_bbse(labels, guesses, guesses)
    flat = np.full((100, 2), 0.5)
    with pytest.raises(ValueError, match="confusion matrix is singular"):
        estimate_shares_bbse(labels, flat, flat)
    drawn = np.random.default_rng(0).dirichlet([1, 1], 100)
    with pytest.raises(ValueError, match="or not told from it"):
        estimate_shares_bbse(labels, drawn, drawn)


def test_few_items_that_are_told_apart_well_suffice():
    labels = np.repeat(range(4), 5)
    np.testing.assert_allclose(
        estimate_shares_bbse(labels, labels, [0, 0, 1, 3]), [0.5, 0.25, 0, 0.25]
    )
    answers = labels.copy()
    answers[[0, 7]] = [1, 3]
    assert estimate_shares_bbse(labels, answers, answers) == pytest.approx(0.25)


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(ValueError, match="no held-out item is of class 0"):
        estimate_shares_bbse([1, 1], [1, 0], [0])
    with pytest.raises(ValueError, match="both be labels, or both probabilities"):
        estimate_shares_bbse([0, 1], [0, 1], [[0.5, 0.5]])
    with pytest.raises(ValueError, match="have 3 classes, but there are 2"):
        estimate_shares_bbse([0, 1], np.eye(2), np.eye(3))
    with pytest.raises(ValueError, match=r"answered labels must lie in 0 to 1 .* item 0 has 2"):
        estimate_shares_bbse([0, 1], [0, 1], [2])
    with pytest.raises(ValueError, match=r"3 held-out labels, but 2 rows"):
        estimate_shares_bbse([0, 1, 1], [0, 1], [1])
    with pytest.raises(ValueError, match="each column of the confusion matrix"):
        solve_shares([[0.9, 0.1], [0.3, 0.7]], [0.5, 0.5])
    with pytest.raises(ValueError, match=r"2 classes are answered, but .* shape .3, 3."):
        solve_shares(CONFUSION, [0.5, 0.5])


def test_em_refuses_what_it_cannot_use():
    rows = [[0.7, 0.3], [0.6, 0.4]]
    with pytest.raises(ValueError, match="no source item is of class 1"):
        estimate_shares_em(rows, [1, 0])
    with pytest.raises(ValueError, match="source shares must be 2 numbers"):
        estimate_shares_em(rows, [0.5, 0.25, 0.25])
    with pytest.raises(ValueError, match="after 2 rounds a share still moves"):
        estimate_shares_em(rows, [0.5, 0.5], most=2)
    with pytest.raises(ValueError, match="item 1 has probability 0 for every class"):
        correct_confidences([[0.5, 0.5], [1, 0]], [0.5, 0.5], [0, 1])
