"""Exercises of lesson 01."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from tlhelpers.course.exercise_kinds import Choice, Function, Number, alike, on_inputs

# Not every whole number is a label, so that a label and its place in a list differ.
TRAIN = np.repeat([1, 2, 5], [2, 4, 1])
TEST = np.repeat([5, 1, 2], [5, 1, 2])


def _always_the_same(train_labels, test_labels):
    return (test_labels == np.bincount(train_labels).argmax()).mean()


def _place_instead_of_label(train_labels, test_labels):
    counts = np.unique(train_labels, return_counts=True)[1]
    return (test_labels == counts.argmax()).mean()


# Groups of very different size, so that a share of the groups is no share of the items.
SIZES = [1, 1, 1, 2, 2, 2, 3, 3, 1, 1, 1, 12, 1, 2, 4, 1, 1, 9, 1, 2, 1, 1, 3, 1]
NAMES = np.array([f"name {i:02}" for i in range(len(SIZES))])
GROUPS = np.random.default_rng(1).permutation(np.repeat(NAMES, SIZES))


def _sides(groups, in_test):
    in_test = np.isin(groups, in_test)
    return np.flatnonzero(~in_test), np.flatnonzero(in_test)


def _shuffled_names(groups, seed):
    return np.random.default_rng(seed).permutation(np.unique(groups))


def _split_by_name(groups, share, seed):
    names = _shuffled_names(groups, seed)
    return _sides(groups, names[: round(share * len(names))])


def _split_the_items(groups, share, seed):
    order = np.random.default_rng(seed).permutation(len(groups))
    cut = round(share * len(groups))
    return order[cut:], order[:cut]


def _split_by_share_of_items(groups, share, seed):
    names = _shuffled_names(groups, seed)
    sizes = np.cumsum([(groups == name).sum() for name in names])
    return _sides(groups, names[sizes <= share * len(groups)])


def _split_one_of_each(groups, share, seed):
    order = np.random.default_rng(seed).permutation(np.unique(groups, return_index=True)[1])
    cut = round(share * len(order))
    return order[cut:], order[:cut]


def _split_into_places(groups, share, seed):
    order = np.random.default_rng(seed).permutation(len(np.unique(groups)))
    cut = round(share * len(order))
    return order[cut:], order[:cut]


def _split_into_names(groups, share, seed):
    names = _shuffled_names(groups, seed)
    cut = round(share * len(names))
    return names[cut:], names[:cut]


def _split_into_masks(groups, share, seed):
    in_test = np.isin(np.arange(len(groups)), _split_by_name(groups, share, seed)[1])
    return ~in_test, in_test


def _form(sides):
    """What is wrong with the form of an answer, "" if nothing is."""
    if not isinstance(sides, (list, tuple, np.ndarray)) or len(sides) != 2:
        return "not two arrays"
    if any(isinstance(side, tuple) and np.ndim(side) == 2 for side in sides):
        return "arrays in tuples"
    sides = [np.asarray(side) for side in sides]
    if any(side.ndim != 1 for side in sides):
        return "not two arrays"
    kinds = {side.dtype.kind for side in sides if side.size}
    if kinds and kinds <= set("iub") and "b" in kinds:
        return "masks"
    return "" if kinds <= set("iu") else "names" if kinds <= set("U") else "no indices"


def _fault(sides, share):
    """The first thing that is wrong with one split of GROUPS, "" if nothing is."""
    train, test = (np.asarray(side).tolist() for side in sides)
    items = sorted(train + test)
    if items == list(range(len(NAMES))):
        return "places of groups"
    if set(items) != set(range(len(GROUPS))):
        return "items lost"
    if len(items) > len(GROUPS):
        return "items twice"
    groups_of = [set(GROUPS[side].tolist()) for side in (train, test)]
    if groups_of[0] & groups_of[1]:
        return "groups on both sides"
    off = [abs(len(names) - share * len(NAMES)) for names in groups_of]
    return "" if off[1] <= 1 else "sides swapped" if off[0] <= 1 else "another share"


def _look_at_splits(split):
    """The first thing that is wrong over many seeds, "right" if nothing is."""
    first = split(GROUPS.copy(), 0.3, 0)
    if first is None or first is Ellipsis:
        return [None]
    if _form(first):
        return [_form(first)]
    asked = [(share, seed) for share in (0.3, 0.2) for seed in range(20)]
    made = [split(GROUPS.copy(), share, seed) for share, seed in asked]
    faults = [_fault(sides, share) for sides, (share, _) in zip(made, asked, strict=True)]
    # A fault may look like another one for some seed: name the most frequent one.
    if any(faults):
        return [max(filter(None, faults), key=faults.count)]
    tests = [sorted(np.asarray(test).tolist()) for _, test in made]
    again = [sorted(np.asarray(split(GROUPS.copy(), *a)[1]).tolist()) for a in asked]
    if tests != again:
        return ["not the same again"]
    different = len(set(map(tuple, tests[:20])))
    return ["right" if different > 10 else "always the same"]


def _conv_block(channels_in, channels_out):
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )


def _other_block(padding=1, stride=1, norm=nn.BatchNorm2d, relu=nn.ReLU, pool=None):
    """A function like `_conv_block` with something changed."""
    pool = pool or (lambda: nn.MaxPool2d(2))
    return lambda channels_in, channels_out: nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=padding, stride=stride),
        norm(channels_out),
        relu(),
        pool(),
    )


def _nothing(*given):
    return nn.Identity()


def _norm_first(channels_in, channels_out):
    convolution = nn.Conv2d(channels_in, channels_out, 3, padding=1)
    return nn.Sequential(nn.BatchNorm2d(channels_in), convolution, nn.ReLU(), nn.MaxPool2d(2))


def _frozen_block(channels_in, channels_out):
    block = _conv_block(channels_in, channels_out)
    block[0].requires_grad_(False)
    return block


def _look_at_block(make_block):
    """The shape that comes out, or the first thing that is wrong, "right" if nothing is."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        block = make_block(3, 5)
        if block is None or block is Ellipsis:
            return [None]
        if not isinstance(block, nn.Module):
            return ["no network"]
        return [_fault_of_block(block.train(), torch.randn(2, 3, 8, 8))]


def _fault_of_block(block, x):
    convolutions = [m for m in block.modules() if isinstance(m, nn.Conv2d)]
    norms = [m for m in block.modules() if isinstance(m, nn.BatchNorm2d)]
    if len(convolutions) != 1 or convolutions[0].kernel_size != (3, 3):
        return "another convolution"
    if not norms:
        return "no BatchNorm"
    [convolution], norm = convolutions, norms[0]
    if convolution.stride != (1, 1):
        return "a stride"
    in_training = block(x)
    if in_training.shape != (2, 5, 4, 4):
        return list(in_training.shape)
    if norm.num_features != 5:
        return "BatchNorm elsewhere"
    with torch.no_grad():
        in_evaluation = block.eval()(x)
        expected = functional.max_pool2d(functional.relu(norm(convolution(x))), 2)
    if min(in_training.min(), in_evaluation.min()) < 0:
        return "negative"
    if in_training.requires_grad:
        in_training.sum().backward()
    if convolution.weight.grad is None or not convolution.weight.grad.any():
        return "no gradient"
    return "right" if alike(in_evaluation, expected) else "other numbers"


EXERCISES = [
    Function(
        "01.1",
        praise="This line needs no pixel at all. What a network learns from scratch begins above "
        "it.",
        hints=(
            "Two steps: find the most common training label, then count how often the test "
            "labels are equal to it.",
            "np.bincount(train_labels).argmax() is the most common training label.",
            "(test_labels == label).mean() is the accuracy of always saying label.",
        ),
        reference=_always_the_same,
        observe=on_inputs((TRAIN, TEST), (TEST, TRAIN)),
        mistakes=[
            (
                lambda train, test: _always_the_same(test, test),
                "You chose the label on the test side. Nobody knows the test labels beforehand: "
                "choose on the training labels.",
            ),
            (
                lambda train, test: _always_the_same(train, train),
                "That is the share of this label in training. Count on the test labels.",
            ),
            (
                lambda train, test: 1 / len(np.unique(train)),
                "That is chance, one divided by the number of classes. It is reached by guessing, "
                "not by always saying the same.",
            ),
            (
                lambda train, test: np.bincount(train).argmax(),
                "That is the label which is always said. What is its accuracy on the test labels?",
            ),
            (
                lambda train, test: (test == np.bincount(train).argmax()).sum(),
                "That is how many test items are right. Divide by the number of test items.",
            ),
            (
                lambda train, test: (test == np.bincount(train).max()).mean(),
                "np.bincount(labels).max() is how often the label comes. argmax() is the label.",
            ),
            (
                _place_instead_of_label,
                "You used the place of the label in the list of np.unique. The label itself "
                "stands at that place.",
            ),
            (
                lambda train, test: 100 * _always_the_same(train, test),
                "That is in percent. Give the accuracy as a share between 0 and 1.",
            ),
        ],
    ),
    Function(
        "01.2",
        praise="Whole groups change sides, so no test item has a sibling in training, and the "
        "seed says which groups they are.",
        hints=(
            "Shuffle the names of the groups, not the items, and give the first few to the test "
            "side.",
            "np.unique(groups) lists each name once, sorted; np.random.default_rng(seed) shuffles "
            "the list with .permutation.",
            "in_test = np.isin(groups, test_names) is a mask over the items; np.flatnonzero makes "
            "indices out of a mask.",
        ),
        reference=_split_by_name,
        observe=_look_at_splits,
        mistakes=[
            (
                _split_the_items,
                "Some groups stand on both sides, because items were shuffled one by one. "
                "Shuffle the names of the groups.",
            ),
            (
                lambda groups, share, seed: _split_by_name(groups, share, 0),
                "The split does not follow the seed: another seed must give another split.",
            ),
            (
                lambda groups, share, seed: _split_by_name(groups, share, None),
                "The same seed gave two different splits. Hand the seed to np.random.default_rng.",
            ),
            (
                lambda groups, share, seed: _split_by_name(groups, share, seed)[::-1],
                "The two sides are swapped. Training comes first, and `share` is the share of the "
                "test side.",
            ),
            (
                _split_into_masks,
                "These are masks of True and False. Return the indices: np.flatnonzero makes them.",
            ),
            (
                _split_into_names,
                "These are the names of the groups. Return the indices of the items that belong "
                "to them.",
            ),
            (
                _split_into_places,
                "You numbered the groups. Return the indices of the items: np.isin finds the "
                "items of the chosen groups.",
            ),
            (
                _split_one_of_each,
                "Some items are on neither side. A group takes all of its items with it.",
            ),
            (
                lambda groups, share, seed: (
                    np.arange(len(groups)),
                    _split_by_name(groups, share, seed)[1],
                ),
                "Some items come twice. The test items must be taken out of the training side.",
            ),
            (
                _split_by_share_of_items,
                "The test side does not hold about `share` of the groups. Count groups, not items.",
            ),
            (
                lambda groups, share, seed: tuple(
                    (side,) for side in _split_by_name(groups, share, seed)
                ),
                "Each array is wrapped in a tuple, as np.where returns it. Take its first part, or "
                "use np.flatnonzero.",
            ),
        ],
    ),
    Choice(
        "01.3",
        praise="The winner owes a part of its lead to luck on just these drawings. A validation "
        "part can be used up by choosing; the test set is then still unused for the judgement.",
        hints=(
            "Suppose all twelve settings were equally good. Would they all get the same number?",
            "The largest of twelve numbers is picked. Which way does luck push it?",
            "Look for the drawings that had no part in training and no part in choosing.",
        ),
        right="d",
        why_not={
            "a": "No weight saw the test drawings, that is true. But the setting was chosen by "
            "them, and a choice is a kind of learning too.",
            "b": "The eleven others do not enter the number at all: only the best one is reported.",
            "c": "A list of all twelve tells the reader about the search, which is good. The best "
            "of the list is still too high.",
        },
    ),
    Number(
        "01.4",
        praise="Each of the 64 filters has 3 · 3 · 32 weights, and BatchNorm adds two numbers for "
        "each of its 64 channels.",
        hints=(
            "Count in two parts: the filters of the convolution, then what BatchNorm learns.",
            "One filter looks at 3 × 3 places in all 32 channels, and there is one filter for "
            "each channel that comes out.",
            "Build both layers with torch.nn and add up p.numel() over their parameters().",
        ),
        value=18_560,
        tolerance=0.1,
        mistakes=[
            (
                18_432,
                "That is the convolution alone. BatchNorm has a weight and a bias per channel.",
            ),
            (
                18_624,
                "You counted a bias in the convolution. Here it has none: the bias of BatchNorm "
                "does its work.",
            ),
            (
                2_176,
                "You left out the 3 × 3: a filter has one weight for each of its nine places.",
            ),
            (
                18_688,
                "You counted the running mean and variance too. They are kept, but no gradient "
                "trains them.",
            ),
            (
                18_496,
                "You counted one number for each channel beside the filters. BatchNorm has two: a "
                "weight and a bias.",
            ),
            (
                6_272,
                "You counted three places for a filter. It has 3 · 3 of them.",
            ),
            (
                416,
                "You counted a single filter. There are 64 of them, one for each channel that "
                "comes out.",
            ),
        ],
    ),
    Function(
        "01.5",
        praise="The padding keeps height and width, the pooling halves them. A few such blocks in "
        "a row make a small network.",
        hints=(
            "Put four layers in a row: convolution, BatchNorm, ReLU, max pooling.",
            "nn.Conv2d(channels_in, channels_out, 3, padding=1) keeps height and width; "
            "nn.BatchNorm2d needs the number of channels that come out of it.",
            "nn.Sequential(first, second, third, fourth) runs its layers one after the other; "
            "nn.MaxPool2d(2) halves height and width.",
        ),
        reference=_conv_block,
        observe=_look_at_block,
        mistakes=[
            (
                _other_block(padding=0),
                "The output is too small: without padding a 3×3 convolution cuts off the border.",
            ),
            (
                _other_block(pool=_nothing),
                "Height and width are as they were: the pooling is missing.",
            ),
            (
                _other_block(relu=_nothing),
                "Some outputs are negative: the ReLU is missing, or a later layer undoes it.",
            ),
            (
                _other_block(norm=_nothing),
                "There is no nn.BatchNorm2d in the block.",
            ),
            (
                _other_block(pool=lambda: nn.MaxPool2d(2, stride=1)),
                "The pooling moves by one place at a time, so it hardly makes the picture "
                "smaller. Let it move by two.",
            ),
            (
                _other_block(stride=2, pool=_nothing),
                "The convolution jumps over places, which is its stride. Let it visit all of them "
                "and leave the halving to the pooling.",
            ),
            (
                _norm_first,
                "BatchNorm stands before the convolution. Put it behind, on the channels that come "
                "out.",
            ),
            (
                _other_block(pool=lambda: nn.AvgPool2d(2)),
                "The size is right, but the numbers are not those of convolution, BatchNorm, ReLU "
                "and max pooling in this order. Did you take the average instead of the maximum?",
            ),
            (
                _frozen_block,
                "No gradient reaches the weights of the convolution, so it could not learn.",
            ),
            (
                lambda channels_in, channels_out: nn.Sequential(
                    nn.Conv2d(channels_in, channels_out, 1), nn.BatchNorm2d(channels_out)
                ),
                "There must be one convolution, and its filters must be 3×3.",
            ),
            (
                lambda channels_in, channels_out: list(_conv_block(channels_in, channels_out)),
                "These are layers, not yet a network: put them into one nn.Sequential.",
            ),
        ],
    ),
]
