"""Exercise 11.3: which items a process gets in an epoch."""

import numpy as np

from tlhelpers.course.exercise_kinds import Function
from tlhelpers.course.watched_answer import Fault

SAYS = {
    "no indices": "Return the indices of this process's items: whole numbers from 0 to n − 1 in a "
    "list or an array with one axis.",
    "varies": "Called twice with the same arguments, your function gives two different shares. "
    "Draw the order from `seed` and `epoch` alone, e.g. with np.random.default_rng([seed, epoch]).",
    "twice": "Some items are in the shares of two processes: these count twice. If each process "
    "draws an order of its own, that happens: all must cut the same one.",
    "repeated": "In one process's share, an item stands twice.",
    "missing": "Some items are in no process's share: these are never learned from. Where n "
    "cannot be divided by the number of processes, shares differ in size.",
    "uneven": "The shares differ in size by more than one item: all processes wait for the one "
    "with the largest.",
    "same epoch": "Each epoch has the same shares in the same order. Draw the order from `epoch` "
    "as well.",
    "same seed": "Another seed gives the same shares. Draw the order from `seed`, too.",
    "own items": "A process gets the same items in every epoch, in another order. Draw an order of "
    "all n items first, then cut it.",
    "handed round": "Each epoch has the same shares; only the processes take turns with them. Draw "
    "a new order of all n items in each epoch, then cut it.",
    "sorted": "The order of the items within a share is the old one: in the first epoch, too, they "
    "should come in a random order.",
}
CASES = [(24, 2), (25, 2), (31, 4), (12, 5), (40, 8), (17, 1)]


def _observe(function):
    """True for each case that is in order; what is wrong is a Fault that says what."""
    seen = {}
    for number, (n, processes) in enumerate(CASES):
        seed = 3 + number
        first = function(n, processes, 0, 0, seed)
        if first is None or first is Ellipsis:
            return {"in the first share": [first]}
        shares = _shares(function, n, processes, 0, seed)
        if not np.array_equal(_indices(first, n), shares[0]):
            raise Fault(SAYS["varies"])
        _look_at_one_epoch(shares, n)
        _look_at_others(function, shares, n, processes, seed)
        seen[f"with {n} items for {processes} processes"] = [True]
    return seen


def _shares(function, n: int, processes: int, epoch: int, seed: int) -> list[np.ndarray]:
    return [
        _indices(function(n, processes, rank, epoch, seed), n) for rank in range(processes)
    ]  # fmt: skip


def _indices(result, n: int) -> np.ndarray:
    try:
        found = np.asarray(result)
    except (TypeError, ValueError) as error:
        raise Fault(SAYS["no indices"]) from error
    whole = found.dtype.kind in "iu" or (found.dtype.kind == "f" and (found == found // 1).all())
    if found.ndim != 1 or not whole or (found < 0).any() or (found >= n).any():
        raise Fault(SAYS["no indices"])
    return found.astype(int)


def _look_at_one_epoch(shares: list[np.ndarray], n: int) -> None:
    if any(len(set(share)) < len(share) for share in shares):
        raise Fault(SAYS["repeated"])
    counts = np.bincount(np.concatenate(shares), minlength=n)
    if counts.max() > 1:
        raise Fault(SAYS["twice"])
    if counts.min() < 1:
        raise Fault(SAYS["missing"])
    sizes = [len(share) for share in shares]
    if max(sizes) - min(sizes) > 1:
        raise Fault(SAYS["uneven"])


def _look_at_others(function, shares, n: int, processes: int, seed: int) -> None:
    """Other epochs are in order by themselves and unlike the first; so are other seeds."""
    if all(np.array_equal(share, np.sort(share)) for share in shares):
        raise Fault(SAYS["sorted"])
    later = [_shares(function, n, processes, epoch, seed) for epoch in (1, 2)]
    for one in later:
        _look_at_one_epoch(one, n)
    if all(_equal(shares, one) for one in later):
        raise Fault(SAYS["same epoch"])
    if processes > 1 and all(_same_items(shares, one) for one in later):
        raise Fault(SAYS["own items"])
    if processes > 1 and all(_same_shares(shares, one) for one in later):
        raise Fault(SAYS["handed round"])
    others = [_shares(function, n, processes, 0, seed + more) for more in (100, 200)]
    if all(_equal(shares, one) for one in others):
        raise Fault(SAYS["same seed"])


def _equal(some: list[np.ndarray], others: list[np.ndarray]) -> bool:
    return all(map(np.array_equal, some, others))


def _same_items(some: list[np.ndarray], others: list[np.ndarray]) -> bool:
    return all(set(a) == set(b) for a, b in zip(some, others, strict=True))


def _same_shares(some: list[np.ndarray], others: list[np.ndarray]) -> bool:
    """The same shares, whichever process has which."""
    return {frozenset(share) for share in some} == {frozenset(share) for share in others}


def _share(n, processes, rank, epoch, seed):
    return np.random.default_rng([seed, epoch]).permutation(n)[rank::processes]


def _own_order(n, processes, rank, epoch, seed):
    return np.random.default_rng([seed, epoch, rank]).permutation(n)[rank::processes]


def _in_order(n, processes, rank, epoch, seed):
    return np.arange(n)[rank::processes]


def _no_epoch(n, processes, rank, epoch, seed):
    return np.random.default_rng(seed).permutation(n)[rank::processes]


def _no_seed(n, processes, rank, epoch, seed):
    return np.random.default_rng(epoch).permutation(n)[rank::processes]


def _rest_dropped(n, processes, rank, epoch, seed):
    size = n // processes
    return np.random.default_rng([seed, epoch]).permutation(n)[rank * size : (rank + 1) * size]


def _rest_to_the_last(n, processes, rank, epoch, seed):
    order, size = np.random.default_rng([seed, epoch]).permutation(n), n // processes
    return order[rank * size :] if rank == processes - 1 else order[rank * size : (rank + 1) * size]


def _fixed_items(n, processes, rank, epoch, seed):
    return np.random.default_rng([seed, epoch]).permutation(np.arange(n)[rank::processes])


def _handed_round(n, processes, rank, epoch, seed):
    return np.random.default_rng(seed).permutation(n)[(rank + epoch) % processes :: processes]


def _drawn_with_replacement(n, processes, rank, epoch, seed):
    return np.random.default_rng([seed, epoch, rank]).integers(0, n, n // processes)


def _mask(n, processes, rank, epoch, seed):
    return np.isin(np.arange(n), _share(n, processes, rank, epoch, seed))


def _unseeded(n, processes, rank, epoch, seed):
    return np.random.default_rng().permutation(n)[rank::processes]


SHARE = Function(
    "11.3",
    praise="All processes draw the same order, from what all of them know, and each cuts its own "
    "piece out of it: so no item is seen twice and none is left out, without a word between them.",
    hints=(
        "No process can ask another one. What do all of them know, so that all can draw the same "
        "order?",
        "np.random.default_rng([seed, epoch]).permutation(n) is the same order in every process "
        "and another one in every epoch. Which places of it belong to this process?",
        "order[rank::processes] takes every processes-th item from place `rank` on; the sizes "
        "then differ by one at most.",
    ),
    reference=_share,
    observe=_observe,
    mistakes=[
        (_own_order, SAYS["twice"]),
        (_in_order, SAYS["sorted"]),
        (_no_epoch, SAYS["same epoch"]),
        (_no_seed, SAYS["same seed"]),
        (_rest_dropped, SAYS["missing"]),
        (_rest_to_the_last, SAYS["uneven"]),
        (_fixed_items, SAYS["own items"]),
        (_handed_round, SAYS["handed round"]),
        (_drawn_with_replacement, SAYS["repeated"]),
        (_mask, SAYS["no indices"]),
        (_unseeded, SAYS["varies"]),
    ],
)  # fmt: skip
