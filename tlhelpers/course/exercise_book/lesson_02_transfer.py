"""Exercise 02.7: a whole transfer, from features to an accuracy with its interval."""

import copy
from functools import cache

import numpy as np
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from tlhelpers.course.exercise_kinds import Function
from tlhelpers.evaluation.significance import wilson


def _new_head(C=10.0):
    """The lesson's new_linear_head: this room imports no models."""
    centre = StandardScaler(with_std=False)
    return make_pipeline(centre, Normalizer(), LogisticRegression(C=C, max_iter=2000))


def _answers(head, features, labels, train, test):
    """What a head that learned on the rows `train` says of the rows `test`."""
    return head.fit(features[train], labels[train]).predict(features[test])


def _transfer(features, labels, groups, held_out, make_head=_new_head, score=None):
    test = np.isin(groups, held_out)
    answers = _answers(make_head(), features, labels, ~test, test)
    return (score or _by_group)(answers == labels[test], groups[test])


def _shares(right, groups):
    return np.array([right[groups == name].mean() for name in np.unique(groups)])


def _mean_and_ends(values, ddof=1, times=1.96, root_of=None):
    error = times * values.std(ddof=ddof) / np.sqrt(root_of or len(values))
    return values.mean(), values.mean() - error, values.mean() + error


def _by_group(right, groups):
    return _mean_and_ends(_shares(right, groups))


# ---------------------------------------------------------------- what it is tried on

NOISE = 1.1  # so that about half of the held-out rows are named rightly
CLEAR = 0.03  # in probability: what lies nearer to a border may fall to either side


def _clear_rows(features, labels, groups, held_out):
    """Without held-out rows on a border, where two solvers of one problem could disagree."""
    test = np.isin(groups, held_out)
    head = _new_head().fit(features[~test], labels[~test])
    first_two = np.sort(head.predict_proba(features), axis=1)[:, -2:]
    keep = ~test | (first_two[:, 1] - first_two[:, 0] > CLEAR)
    left = held_out[np.isin(held_out, groups[keep])]
    return features[keep], labels[keep], groups[keep], left


def _all_wrong_but_one(features, labels, groups, held_out):
    """The rows of all held-out groups but one are named otherwise, so the lower end is below 0."""
    classes = np.unique(labels)
    place = np.searchsorted(classes, labels)
    place[np.isin(groups, held_out[1:])] += 1
    return features, classes[place % len(classes)], groups, held_out


def _drawn(rng, sizes, classes=(0, 1, 2), noise=NOISE, shift=0.0, kept_back=10, kind=np.float64):
    """Groups of `sizes` rows in several classes, shuffled; held-out rows may lie elsewhere."""
    classes = np.array(classes)
    label_of = rng.permutation(np.resize(classes, len(sizes)))
    names = np.array([f"emoji-{i}" for i in rng.permutation(len(sizes))])
    held_out = rng.choice(names, kept_back, replace=False)
    labels, groups = label_of.repeat(sizes), names.repeat(sizes)
    centres = rng.normal(size=(len(classes), 8))[np.searchsorted(classes, labels)]
    own = rng.normal(size=(len(sizes), 8)).repeat(sizes, axis=0)  # what a group's rows share
    rows = centres + noise * (own + rng.normal(size=(len(labels), 8))) / np.sqrt(2) + 1.5
    rows *= rng.uniform(0.3, 3.0, (len(rows), 1))
    rows[np.isin(groups, held_out)] += shift
    order = rng.permutation(len(labels))
    return _clear_rows(rows[order].astype(kind), labels[order], groups[order], held_out)


def _unlike(*given, **options):
    """Drawn until the shares of the held-out groups differ: else the interval has no length."""
    while True:
        drawn = _drawn(*given, **options)
        mean, low, _ = _transfer(*drawn)
        if low < mean:
            return drawn


@cache
def _sets_of(seed):
    """Situations with what is given; with no spread alone, many a wrong interval would be right."""
    rng = np.random.default_rng(seed)
    uneven = rng.integers(1, 6, 36)
    all_right, few_right = (_drawn(rng, np.full(24, 3), noise=0.05) for _ in range(2))
    return [
        ("where each group has two rows", _unlike(rng, np.full(36, 2), noise=2.0)),
        ("where groups differ in size", _unlike(rng, uneven, kept_back=12)),
        ("where labels are not 0, 1, 2", _unlike(rng, uneven, (3, 7, 40, 41), kept_back=14)),
        ("where held-out rows lie elsewhere", _unlike(rng, np.full(40, 2), shift=1.2)),
        ("where most rows are held out", _unlike(rng, np.full(40, 3), noise=1.3, kept_back=30)),
        ("where all or almost none are right", all_right),
        ("where all or almost none are right", _all_wrong_but_one(*few_right)),
        ("where the features are float32", _unlike(rng, uneven, (2, 5), kind=np.float32)),
    ]


def _observe(transfer):
    """What comes out in each situation; copies are given, since an answer may change them."""
    seen = {}
    for seed in (1, 2):
        for where, given in copy.deepcopy(_sets_of(seed)):
            seen.setdefault(where, []).append(transfer(*given))
    return seen


# ---------------------------------------------------------------- wrong ways


def _learn_from_all(features, labels, groups, held_out):
    test = np.isin(groups, held_out)
    answers = _answers(_new_head(), features, labels, np.full(len(test), True), test)
    return _by_group(answers == labels[test], groups[test])


def _learn_from_own_answers(features, labels, groups, held_out):
    test = np.isin(groups, held_out)
    said = np.where(test, _answers(_new_head(), features, labels, ~test, slice(None)), labels)
    answers = _answers(_new_head(), features, said, slice(None), test)
    return _by_group(answers == labels[test], groups[test])


def _tested_on(chosen):
    def transfer(features, labels, groups, held_out):
        test = np.isin(groups, held_out)
        rows = chosen(test)
        answers = _answers(_new_head(), features, labels, ~test, rows)
        return _by_group(answers == labels[rows], groups[rows])

    return transfer


def _other_side(features, labels, groups, held_out):
    return _transfer(features, labels, groups, np.setdiff1d(groups, held_out))


def _centred_on_all(features, labels, groups, held_out):
    return _transfer(features - features.mean(axis=0), labels, groups, held_out, _without_centre)


def _without_centre(C=10.0):
    return make_pipeline(Normalizer(), LogisticRegression(C=C, max_iter=2000))


def _without_length():
    centre = StandardScaler(with_std=False)
    return make_pipeline(centre, LogisticRegression(C=10, max_iter=2000))


def _plain():
    return LogisticRegression(max_iter=2000)


def _neighbours():
    return KNeighborsClassifier(1, metric="cosine")


def _scored(score):
    return lambda *given: _transfer(*given, score=score)


def _with_head(make_head):
    return lambda *given: _transfer(*given, make_head=make_head)


def _changed(change):
    return lambda *given: change(*_transfer(*given))


def _wilson_of(right):
    return right.mean(), *wilson(int(right.sum()), len(right))


def _by_majority(right, groups):
    return _mean_and_ends((_shares(right, groups) > 0.5).astype(float))


def _all_or_nothing(right, groups):
    return _mean_and_ends((_shares(right, groups) == 1).astype(float))


def _nan_without_spread(low, high):
    return (low, high) if low < high else (np.nan, np.nan)


def _by_students_t(right, groups):
    shares = _shares(right, groups)
    return _mean_and_ends(shares, times=stats.t.ppf(0.975, len(shares) - 1))


def _spread_of_rows(right, groups):
    mean = _shares(right, groups).mean()
    _, low, high = _mean_and_ends(right.astype(float))
    return mean, mean + low - right.mean(), mean + high - right.mean()


TRANSFER = Function(
    "02.7",
    praise="Features in, a number with its interval out: the head never met a held-out group, and "
    "each group counts once, since rows of one group are no independent trials.",
    hints=(
        "Three steps: a mask of the held-out rows, a head on the others, a share of right answers "
        "for each held-out group.",
        "test = np.isin(groups, held_out); new_linear_head().fit(features[~test], labels[~test]) "
        "learns. One share per group: right[groups[test] == name].mean().",
        "With the shares in one array: error = 1.96 * shares.std(ddof=1) / np.sqrt(len(shares)). "
        "Return the mean, the mean minus and the mean plus this error.",
    ),
    reference=_transfer,
    observe=_observe,
    mistakes=[
        (
            _learn_from_all,
            "The head has learned from the held-out rows too, and then is tested on what it knows.",
        ),
        (
            _learn_from_own_answers,
            "A second head has learned from the held-out rows, with the first one's answers for "
            "labels. Train one head, on the rows of the other groups.",
        ),
        (
            _tested_on(lambda test: ~test),
            "That is measured on the rows that the head learned from. Test on the held-out groups.",
        ),
        (
            _tested_on(lambda test: np.full(len(test), True)),
            "That is measured on all rows, those of training among them.",
        ),
        (
            _other_side,
            "The sides are swapped: `held_out` names the groups to test on, not those to learn "
            "from.",
        ),
        (
            _centred_on_all,
            "The centre was taken over all rows, the held-out ones among them: fit every step of "
            "the head on the training rows alone.",
        ),
        (
            _with_head(_without_centre),
            "The rows are made of length one and not centred before: new_linear_head() subtracts "
            "the mean of its training rows first.",
        ),
        (
            _with_head(_without_length),
            "The rows are centred but not of length one: new_linear_head() does both.",
        ),
        (
            _with_head(lambda: _new_head(1.0)),
            "The penalty is another one: new_linear_head() has C=10, LogisticRegression() C=1.",
        ),
        (
            _with_head(_plain),
            "A plain LogisticRegression() has no centring, no lengths of one and another penalty: "
            "take new_linear_head().",
        ),
        (_with_head(_neighbours), "That is the nearest neighbour. Take new_linear_head()."),
        (
            _scored(lambda right, groups: _mean_and_ends(right.astype(float))),
            "Each row counts once here, so that large groups count more and the interval is too "
            "narrow. Take the share within each group first.",
        ),
        (
            _scored(lambda right, groups: _wilson_of(right)),
            "Wilson's interval takes rows for independent trials; rows of one group are not. Take "
            "the share within each group, and the spread of the shares.",
        ),
        (
            _scored(_spread_of_rows),
            "The mean is right, but the interval comes from single rows. Its spread and its number "
            "are those of the groups.",
        ),
        (
            _scored(_by_majority),
            "You counted a group as right if most of its rows are. Take the share of them.",
        ),
        (
            _scored(_all_or_nothing),
            "You counted a group as right only if all of its rows are. Take the share of them.",
        ),
        (
            _scored(lambda right, groups: _mean_and_ends(_shares(right, groups), ddof=0)),
            "The spread is that of np.std without ddof=1, which is a little too small.",
        ),
        (
            _scored(lambda right, groups: _mean_and_ends(_shares(right, groups), root_of=1)),
            "That is the spread of single groups. The error of a mean is smaller: divide by the "
            "root of their number.",
        ),
        (
            _scored(
                lambda right, groups: _mean_and_ends(_shares(right, groups), root_of=len(right))
            ),
            "You divided by the root of the number of rows. What was averaged are groups.",
        ),
        (
            _scored(lambda right, groups: _mean_and_ends(_shares(right, groups), times=1)),
            "One standard error to either side holds about two thirds. For 95 % take 1.96.",
        ),
        (
            _changed(lambda mean, low, high: (mean, max(low, 0.0), min(high, 1.0))),
            "You cut the interval off at 0 and 1. Return it as the formula gives it.",
        ),
        (
            _changed(lambda mean, low, high: (mean, max(low, 0.0), high)),
            "You cut the lower end off at 0. Return it as the formula gives it.",
        ),
        (
            _changed(lambda mean, low, high: (mean, low, min(high, 1.0))),
            "You cut the upper end off at 1. Return it as the formula gives it.",
        ),
        (
            _changed(lambda mean, low, high: (mean, *(_nan_without_spread(low, high)))),
            "Where all shares are the same, s is 0 and both ends are the mean. Yours are nan, "
            "as scipy.stats.norm.interval has it for a scale of 0.",
        ),
        (
            _scored(_by_students_t),
            "That is Student's t in place of 1.96. Take 1.96, as the exercise asks.",
        ),
        (
            _changed(lambda mean, low, high: (mean, high, low)),
            "The two ends are swapped: the lower one comes first.",
        ),
        (
            _changed(lambda mean, low, high: (low, mean, high)),
            "The order is another one: the accuracy first, then its lower and its upper end.",
        ),
        (
            _changed(lambda mean, low, high: (mean, mean - low, high - mean)),
            "These are distances to the ends. Return the ends themselves.",
        ),
        (
            _changed(lambda *three: tuple(100 * one for one in three)),
            "These are per cent. Return shares, from 0 to 1.",
        ),
        (
            _changed(lambda mean, low, high: (1 - mean, 1 - high, 1 - low)),
            "That is the share of errors. Return the share of right answers.",
        ),
        (
            _changed(lambda *three: tuple(round(one, 2) for one in three)),
            "You rounded. Return the numbers as they are; round when you print them.",
        ),
        (
            _changed(lambda mean, low, high: mean),
            "The accuracy alone says nothing about how sure it is: return three numbers, with the "
            "lower and the upper end of the interval.",
        ),
    ],
)
