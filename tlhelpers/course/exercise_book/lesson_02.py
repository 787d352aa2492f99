"""Exercises of lesson 02."""

import numpy as np
import torch
from torch import nn

from tlhelpers.course.exercise_kinds import Choice, Function, on_inputs

_RNG = np.random.default_rng(2)
# Rows of very different length, so that angle and distance disagree.
TRAIN = _RNG.normal(size=(12, 5)) * np.geomspace(0.2, 20, 12)[:, None]
LABELS = np.array([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8])
QUERIES = _RNG.normal(size=(20, 5)) * np.geomspace(0.2, 20, 20)[:, None] + 0.3


def _rows(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def _nearest_by_cosine(train_features, train_labels, test_features):
    cosine = _rows(test_features) @ _rows(train_features).T
    return train_labels[cosine.argmax(axis=1)]


def _nearest_centred(train_features, train_labels, test_features):
    centre = train_features.mean(axis=0)
    return _nearest_by_cosine(train_features - centre, train_labels, test_features - centre)


def _nearest_by_distance(train_features, train_labels, test_features):
    gaps = np.linalg.norm(test_features[:, None] - train_features[None], axis=2)
    return train_labels[gaps.argmin(axis=1)]


def _centred(train, test):
    centre = train.mean(axis=0)
    return _rows(train - centre), _rows(test - centre)


def _centred_on_everything(train, test):
    centre = np.concatenate([train, test]).mean(axis=0)
    return _rows(train - centre), _rows(test - centre)


DRAW_FROM = np.repeat(np.arange(4), [9, 12, 10, 30])


def _draw(labels, per_class, seed):
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(np.flatnonzero(labels == c)) for c in np.unique(labels)]
    return np.concatenate([order[:per_class] for order in orders])


def _draw_not_nested(labels, per_class, seed):
    rng = np.random.default_rng([seed, per_class])
    classes = np.unique(labels)
    return np.concatenate(
        [rng.choice(np.flatnonzero(labels == c), per_class, replace=False) for c in classes]
    )


def _draw_from_all(labels, per_class, seed):
    order = np.random.default_rng(seed).permutation(len(labels))
    return order[: per_class * len(np.unique(labels))]


def _draw_with_repeats(labels, per_class, seed):
    rng = np.random.default_rng(seed)
    chosen = [rng.choice(np.flatnonzero(labels == c), 8) for c in np.unique(labels)]
    return np.concatenate([order[:per_class] for order in chosen])


def _draw_the_first(labels, per_class, seed):
    return np.concatenate([np.flatnonzero(labels == c)[:per_class] for c in np.unique(labels)])


def _draw_the_same_places(labels, per_class, seed):
    order = np.random.default_rng(seed).permutation(9)[:per_class]
    return np.concatenate([np.flatnonzero(labels == c)[order] for c in np.unique(labels)])


def _draw_as_list(labels, per_class, seed):
    rng = np.random.default_rng(seed)
    return [rng.permutation(np.flatnonzero(labels == c))[:per_class] for c in np.unique(labels)]


def _draw_as_mask(labels, per_class, seed):
    return np.isin(np.arange(len(labels)), _draw(labels, per_class, seed))


def _look_at_draws(draw):
    """One array? k of each class, no repeats, nested, again the same, in time every item?"""
    draws = {k: draw(DRAW_FROM.copy(), k, 7) for k in (1, 2, 8)}
    if any(drawn is None or drawn is Ellipsis for drawn in draws.values()):
        return [None]
    for drawn in draws.values():
        parts = [np.ndim(part) for part in drawn] if isinstance(drawn, (list, tuple)) else []
        if any(parts):
            return ["several arrays"]
        if np.asarray(drawn).dtype == bool:
            return ["a mask"]
    draws = {k: np.asarray(drawn) for k, drawn in draws.items()}
    exact = all((np.bincount(DRAW_FROM[d], minlength=4) == k).all() for k, d in draws.items())
    once = all(len(set(d.tolist())) == len(d) for d in draws.values())
    nested = set(draws[1].tolist()) <= set(draws[2].tolist()) <= set(draws[8].tolist())
    again = set(draws[8].tolist()) == set(np.asarray(draw(DRAW_FROM.copy(), 8, 7)).tolist())
    many = [np.asarray(draw(DRAW_FROM.copy(), 2, seed)).tolist() for seed in range(200)]
    everyone = len({item for drawn in many for item in drawn}) == len(DRAW_FROM)
    different = len({tuple(sorted(drawn)) for drawn in many}) > 20
    return [exact, once, nested, again, different, everyone]


def small_net() -> nn.Module:
    """A convolution, a BatchNorm layer and a linear layer, in training mode."""
    torch.manual_seed(0)
    backbone = (nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
    return nn.Sequential(*backbone, nn.Flatten(), nn.Linear(4, 2))


def _look_at_frozen(make_frozen):
    """Is a weight still open to gradients, do the running statistics still move?"""
    net = small_net()
    returned = make_frozen(net)
    untouched = net.training and all(p.requires_grad for p in net.parameters())
    if untouched and returned in (None, Ellipsis):
        return [None]
    net = returned if isinstance(returned, nn.Module) else net
    before = net[1].running_mean.clone(), net[0].weight.detach().clone()
    one, others = torch.rand(1, 3, 9, 9), torch.rand(7, 3, 9, 9) + 5
    with torch.no_grad():
        alone = net(torch.cat([one, others * 0]))[0]
        crowded = net(torch.cat([one, others]))[0]
    return [
        any(p.requires_grad for p in net.parameters()),
        all(p.requires_grad for p in net.parameters()),
        not torch.equal(before[0], net[1].running_mean),
        not torch.allclose(alone, crowded, atol=1e-5),
        bool((before[1] == 0).all()),
    ]


def _make_frozen(model):
    for parameter in model.parameters():
        parameter.requires_grad = False
    return model.eval()


def _only_gradients(model):
    for parameter in model.parameters():
        parameter.requires_grad = False
    return model


def _only_the_first_layer(model):
    for parameter in model[0].parameters():
        parameter.requires_grad = False
    return model.eval()


def _no_momentum(model):
    for parameter in model.parameters():
        parameter.requires_grad = False
    model[1].momentum = 0.0
    return model


def _weights_to_zero(model):
    for parameter in model.parameters():
        parameter.requires_grad = False
        parameter.zero_()
    return model.eval()


EXERCISES = [
    Function(
        "02.1",
        praise="Length one first, then the largest product: that is the nearest neighbour by "
        "cosine.",
        hints=(
            "Bring every row to length one; then the cosine of two rows is their product.",
            "x / np.linalg.norm(x, axis=1, keepdims=True) brings the rows to length one.",
            "(test @ train.T).argmax(axis=1) gives, for each test row, the index of the most "
            "similar training row; train_labels[index] is its label.",
        ),
        reference=_nearest_by_cosine,
        observe=on_inputs((TRAIN, LABELS, QUERIES)),
        mistakes=[
            (
                _nearest_by_distance,
                "That is the nearest by distance: long rows look far away from everything. "
                "The cosine leaves lengths out.",
            ),
            (
                lambda x, y, q: y[(q @ x.T).argmax(axis=1)],
                "You took the plain product: the longest training row wins too often. Bring the "
                "rows to length one first.",
            ),
            (
                lambda x, y, q: (_rows(q) @ _rows(x).T).argmax(axis=1),
                "These are the indices of the neighbours. What is asked for is their labels.",
            ),
            (
                lambda x, y, q: y[(_rows(q) @ _rows(x).T).argmin(axis=1)],
                "You took the least similar row: a cosine is large where rows are alike.",
            ),
            (
                _nearest_centred,
                "You centred the rows first, as `nearest` in this lesson does. Here the plain "
                "cosine is asked for: leave the mean in.",
            ),
        ],
    ),
    Choice(
        "02.2",
        praise="The random twin has the same shape, the same input and the same 1,280 numbers. "
        "Only the training on ImageNet is missing, so the gap is what the training brought.",
        hints=(
            "A control is equal in everything but one thing. Which thing is in question?",
            "The question is what the *training on ImageNet* adds.",
            "Read again the cell that makes the random twin.",
        ),
        right="c",
        why_not={
            "a": "Against raw pixels two things differ at once: the network's shape and what it "
            "learnt. The gap could come from either.",
            "b": "Chance shows that something was learnt at all, not from where it came.",
            "d": "k-NN on the same features asks which head to put on top, not where the features "
            "come from.",
        },
    ),
    Function(
        "02.3",
        praise="One shuffled order per class and seed, cut at k: each larger draw holds the "
        "smaller one, so a curve over k does not jump because of other drawings.",
        hints=(
            "Shuffle the items of each class once, then take the first k.",
            "rng = np.random.default_rng(seed) once; rng.permutation(np.flatnonzero(labels == c)) "
            "for each class c.",
            "Read the help of draw_labels: help(draw_labels).",
        ),
        reference=_draw,
        observe=_look_at_draws,
        mistakes=[
            (
                _draw_not_nested,
                "The draw of 2 does not hold the draw of 1: points of a learning curve then "
                "differ in their drawings too. Shuffle once, then cut.",
            ),
            (
                _draw_from_all,
                "Not every class has k items: drawn from all at once, large classes get more.",
            ),
            (
                _draw_with_repeats,
                "Some items come twice, so there are fewer labels than you count: draw without "
                "replacement.",
            ),
            (
                _draw_the_first,
                "Every seed gives the same items: then ten seeds are one draw, ten times.",
            ),
            (
                _draw_the_same_places,
                "Some items are never drawn, whatever the seed: shuffle all items of each class, "
                "each class for itself.",
            ),
            (
                _draw_as_list,
                "That is one array per class: return a single array of indices "
                "(np.concatenate joins them).",
            ),
            (
                _draw_as_mask,
                "That is a mask of True and False: return the indices, whole numbers.",
            ),
        ],
    ),
    Choice(
        "02.4",
        praise="The best of nine on the test items is the best partly by luck. Choose on the "
        "training side, and let the test side judge the choice once.",
        hints=(
            "Nine layers were looked at. What happens to the largest of nine noisy numbers?",
            "Think of nine equally good layers: what would the best one's measured accuracy be?",
            "Read again the cell in which the layer is chosen inside the training side.",
        ),
        right="b",
        why_not={
            "a": "The number is real for these test items, but it was picked for being large: on "
            "new items it will be smaller on average.",
            "c": "More seeds narrow the interval of each layer; they do not undo that the best was "
            "picked by looking.",
            "d": "The layers can be compared well; what cannot be done is to choose and to judge "
            "on the same items.",
        },
    ),
    Function(
        "02.5",
        praise="Everything that is estimated, even a mean, is estimated on the training rows "
        "alone and then used on both sides.",
        hints=(
            "Two steps in this order: subtract one mean per feature; bring each row to length one.",
            "One centre, from the training rows; subtract it on both sides, then lengths to one.",
            "Compare with help(new_linear_head).",
        ),
        reference=_centred,
        observe=on_inputs((TRAIN, QUERIES)),
        mistakes=[
            (
                _centred_on_everything,
                "The mean was taken over training and test rows together: the test set leaked "
                "into the model.",
            ),
            (
                lambda train, test: (_rows(train - train.mean(0)), _rows(test - test.mean(0))),
                "Each side has its own mean: the same drawing would get other features on the "
                "other side. The test rows must be treated as the training rows were.",
            ),
            (
                lambda train, test: (train - train.mean(0), test - train.mean(0)),
                "Centred, but the rows are not yet of length one.",
            ),
            (
                lambda train, test: (_rows(train), _rows(test)),
                "Of length one, but not centred: subtract the mean of the training rows first.",
            ),
            (
                lambda train, test: _centred(_rows(train), _rows(test)),
                "You brought the rows to length one before you centred them: the other way round.",
            ),
            (
                lambda train, test: (_rows(train - train.mean()), _rows(test - train.mean())),
                "train.mean() is one number for everything: take one mean per feature, axis=0.",
            ),
            (
                lambda train, test: tuple(
                    (rows - train.mean(0)) / train.std(0) for rows in (train, test)
                ),
                "That divides each feature by its spread. Here each row is divided by its length.",
            ),
        ],
    ),
    Function(
        "02.6",
        praise="No gradient reaches a weight, and in evaluation mode BatchNorm uses its running "
        "statistics without moving them.",
        hints=(
            "Two things move in a network: what the optimizer changes, and what a forward pass "
            "changes.",
            "requires_grad = False stops the optimizer. Which mode stops BatchNorm?",
            "Read again the section on the BatchNorm trap: which call was missing there?",
        ),
        reference=_make_frozen,
        observe=_look_at_frozen,
        mistakes=[
            (
                _only_gradients,
                "The weights stand still, but a forward pass still moved BatchNorm's running "
                "mean: requires_grad says nothing about it.",
            ),
            (
                lambda model: model.eval(),
                "The statistics stand still, but the weights are still open to gradients. "
                "(model.requires_grad = False does nothing; model.requires_grad_(False) does.)",
            ),
            (
                _only_the_first_layer,
                "Some weights are frozen and some are not: go through model.parameters(), which "
                "holds those of all layers.",
            ),
            (
                _weights_to_zero,
                "The weights are zero now: frozen means kept as they are, not erased.",
            ),
            (
                _no_momentum,
                "The running statistics stand still, but in training mode BatchNorm does not use "
                "them: the output for a picture depends on the others in its batch.",
            ),
        ],
    ),
]
