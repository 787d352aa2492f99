"""Exercise 01.2: a split by whole groups."""

import numpy as np

from tlhelpers.course.exercise_kinds import Function, alike
from tlhelpers.course.other_process import results_elsewhere
from tlhelpers.course.watched_answer import Fault, Watched

SAYS = {
    "not two arrays": "Return two arrays of indices: the training items, then the test items.",
    "arrays in tuples": "Each array is wrapped in a tuple, as np.where returns it. Take its first "
    "part, or use np.flatnonzero.",
    "masks": "These are masks of True and False. Return the indices: np.flatnonzero makes them.",
    "names": "These are the names of the groups. Return the indices of the items that belong to "
    "them.",
    "no indices": "These are no indices: an index is a whole number, the place of an item in "
    "`groups`.",
    "places of groups": "You numbered the groups. Return the indices of the items: np.isin finds "
    "the items of the chosen groups.",
    "items lost": "Some items are on neither side. A group takes all of its items with it.",
    "no such item": "Some indices belong to no item: they run from 0 to len(groups) - 1.",
    "items twice": "Some items come twice. The test items must be taken out of the training side.",
    "groups on both sides": "Some groups stand on both sides, because items were shuffled one by "
    "one. Shuffle the names of the groups.",
    "sides swapped": "The two sides are swapped. Training comes first, and `share` is the share of "
    "the test side.",
    "another share": "The test side does not hold about `share` of the groups. Count groups, not "
    "items, and round up or down.",
    "not the same again": "The same seed gave two different splits. Hand the seed to "
    "np.random.default_rng.",
    "always the same": "The split does not follow the seed: another seed must give another split.",
    "never tested": "Some groups never come to the test side, whatever the seed: shuffle all "
    "names.",
    "in a row": "The test groups are always neighbours in a list, so which groups come together is "
    "no chance. Let the seed shuffle the names.",
    "other process": "In another Python process the same seed gives another split: the order of a "
    "set of texts changes from process to process. np.unique or sorted(set(...)) keeps an order.",
}


def _draw_groups(rng, sizes, length=4):
    """Names of random letters, shuffled, so that neither places nor sizes follow the alphabet.

    Every third one begins with the name before it: a name is not what a text begins with."""
    letters = list("abcdefghijklmnopqrstuvwxyz")
    names = ["".join(rng.choice(letters, rng.integers(2, length + 1))) for _ in sizes]
    names = [f"{name} {i}" for i, name in enumerate(names)]
    for i in range(2, len(names), 3):
        names[i] = f"{names[i - 1]} {names[i]}"
    return rng.permutation(np.repeat(np.array(names), sizes))


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


def _split_in_a_row(groups, share, seed):
    names = np.roll(np.unique(groups), seed)
    return _sides(groups, names[: round(share * len(names))])


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
    try:
        sides = [np.asarray(side) for side in sides]
    except ValueError:  # lists of unequal length
        return "not two arrays"
    if any(side.ndim != 1 for side in sides):
        return "not two arrays"
    kinds = {side.dtype.kind for side in sides if side.size}
    if kinds and kinds <= set("iub") and "b" in kinds:
        return "masks"
    return "" if kinds <= set("iu") else "names" if kinds <= set("U") else "no indices"


def _fault(sides, groups, share):
    """The first thing that is wrong with one split, "" if nothing is."""
    if form := _form(sides):
        return form
    train, test = (np.asarray(side).tolist() for side in sides)
    items, names = sorted(train + test), np.unique(groups)
    if items == list(range(len(names))) and len(names) < len(groups):
        return "places of groups"
    if not set(items) <= set(range(len(groups))):
        return "no such item"
    if set(items) != set(range(len(groups))):
        return "items lost"
    if len(items) > len(groups):
        return "items twice"
    groups_of = [set(groups[side].tolist()) if side else set() for side in (train, test)]
    if groups_of[0] & groups_of[1]:
        return "groups on both sides"
    off = [abs(len(names_there) - share * len(names)) for names_there in groups_of]
    return "" if off[1] < 1 - 1e-9 else "sides swapped" if off[0] < 1 - 1e-9 else "another share"


def _asked():
    """Groups, share and seed of many splits; the first forty differ in share and seed only."""
    rng = np.random.default_rng(1)
    # Groups of very different size, so that a share of the groups is no share of the items.
    many = _draw_groups(rng, [*rng.integers(1, 4, 21), 12, 9, 7])
    for share in (0.3, 0.2):
        yield from ((many, share, seed) for seed in range(20))
    for sizes, share in (([9, 1, 1, 2, 1, 5, 1, 3, 1, 1], 0.5), ([1] * 8, 0.25), ([2] * 3, 0.6)):
        few = _draw_groups(rng, sizes, length=9)
        yield from ((few, share, seed) for seed in (0, 7, 2**31 - 1))


def _look_at_splits(split):
    """Raises what is wrong over many seeds, "right" if nothing is."""
    asked = list(_asked())
    first = split(asked[0][0].copy(), *asked[0][1:])
    if first is None or first is Ellipsis:
        return [None]
    made = [split(groups.copy(), share, seed) for groups, share, seed in asked]
    faults = [
        _fault(sides, groups, share) for sides, (groups, share, _) in zip(made, asked, strict=True)
    ]
    # A fault may look like another one for some seed: name the most frequent one.
    if any(faults):
        raise Fault(SAYS[max(filter(None, faults), key=faults.count)])
    _look_at_seeds(split, asked, [_tests(sides) for sides in made])
    return ["right"]


def _tests(sides):
    return sorted(np.asarray(sides[1]).tolist())


def _look_at_seeds(split, asked, tests):
    """Same seed, same split, in another process too; another seed, another split."""
    if tests != [_tests(split(groups.copy(), share, seed)) for groups, share, seed in asked]:
        raise Fault(SAYS["not the same again"])
    if len(set(map(tuple, tests[:20]))) <= 10:
        raise Fault(SAYS["always the same"])
    groups = asked[0][0]
    if len(np.unique(groups[np.concatenate(tests[:40])])) < len(np.unique(groups)):
        raise Fault(SAYS["never tested"])
    if _always_in_a_row(groups, tests[:20]):
        raise Fault(SAYS["in a row"])
    if isinstance(split, Watched):
        elsewhere = results_elsewhere(split.function, asked[:3])
        if elsewhere and not alike([_tests(sides) for sides in elsewhere], tests[:3]):
            raise Fault(SAYS["other process"])


def _always_in_a_row(groups, tests):
    """Whether the test groups are neighbours in the list of names, sorted or as they come."""
    for names in (np.unique(groups).tolist(), list(dict.fromkeys(groups.tolist()))):
        chosen = [np.isin(names, groups[test]) for test in tests]
        if all((one != np.roll(one, 1)).sum() == 2 for one in chosen):
            return True
    return False


SPLIT = Function(
    "01.2",
    praise="Whole groups change sides, so no test item has a sibling in training, and the "
    "seed says which groups they are.",
    hints=(
        "Shuffle the names of the groups, not the items, and give the first few to the test side.",
        "np.unique(groups) lists each name once, sorted; np.random.default_rng(seed) shuffles "
        "the list with .permutation.",
        "in_test = np.isin(groups, test_names) is a mask over the items; np.flatnonzero makes "
        "indices out of a mask.",
    ),
    reference=_split_by_name,
    observe=_look_at_splits,
    mistakes=[
        (_split_the_items, SAYS["groups on both sides"]),
        (lambda groups, share, seed: _split_by_name(groups, share, 0), SAYS["always the same"]),
        (
            lambda groups, share, seed: _split_by_name(groups, share, None),
            SAYS["not the same again"],
        ),
        (
            lambda groups, share, seed: _split_by_name(groups, share, seed)[::-1],
            SAYS["sides swapped"],
        ),
        (_split_into_masks, SAYS["masks"]),
        (_split_into_names, SAYS["names"]),
        (_split_into_places, SAYS["places of groups"]),
        (_split_one_of_each, SAYS["items lost"]),
        (
            lambda groups, share, seed: (
                np.arange(len(groups)),
                _split_by_name(groups, share, seed)[1],
            ),
            SAYS["items twice"],
        ),
        (_split_by_share_of_items, SAYS["another share"]),
        (_split_in_a_row, SAYS["in a row"]),
        (
            lambda groups, share, seed: tuple(
                (side,) for side in _split_by_name(groups, share, seed)
            ),
            SAYS["arrays in tuples"],
        ),
    ],
)
