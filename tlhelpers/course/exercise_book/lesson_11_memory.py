"""Exercise 11.1: the largest batch that fits into memory."""

from functools import partial

import numpy as np

from tlhelpers.course.exercise_kinds import Function, on_drawn


def _situation(rng, share: float, batch: int | None, exact: bool = False, short: bool = False):
    """Memory for so many items and a rest; `share` of the weights is trained."""
    weights = int(rng.integers(10**6, 10**8))
    trained, per_item = int(weights * share), int(rng.integers(10**5, 10**7))
    rest = 0 if exact else int(rng.integers(1, per_item))
    needed = 4 * weights + 12 * trained
    memory = needed // 2 if short else needed + batch * per_item + rest
    return memory, weights, trained, per_item


def _draw(rng):
    return {
        "where everything trains": _situation(rng, 1.0, int(rng.integers(3, 40))),
        "where a part of it trains": _situation(rng, 0.3, int(rng.integers(3, 40))),
        "where hardly anything trains": _situation(rng, 0.004, int(rng.integers(3, 40))),
        "where the last item just fits": _situation(rng, 0.5, int(rng.integers(3, 40)), exact=True),
        "where one item fits": _situation(rng, 0.5, 1),
        "where no item fits": _situation(rng, 1.0, 0),
        "where weights, gradients and optimizer do not fit": _situation(rng, 1.0, None, short=True),
    }


def _largest(memory, weights, trained, per_item, own=4, other=12, up=np.floor, least=0):
    """Bytes of each weight and of each trained one beside it, and how the result is rounded."""
    return max(least, int(up((memory - own * weights - other * trained) / per_item)))


def _unrounded(memory, weights, trained, per_item):
    return max(0, (memory - 4 * weights - 12 * trained) / per_item)


def _without_least(memory, weights, trained, per_item):
    return (memory - 4 * weights - 12 * trained) // per_item


def _none(memory, weights, trained, per_item):
    found = _without_least(memory, weights, trained, per_item)
    return found if found > 0 else None


def _all_trained(memory, weights, trained, per_item):
    return _largest(memory, weights, weights, per_item)


def _with_each_item(memory, weights, trained, per_item):
    return memory // (4 * weights + 12 * trained + per_item)


def _activations_in_numbers(memory, weights, trained, per_item):
    return _largest(memory, weights, trained, 4 * per_item)


def _in_bytes(memory, weights, trained, per_item):
    return max(0, memory - 4 * weights - 12 * trained)


LARGEST_BATCH = Function(
    "11.1",
    praise="Weights, gradients and what the optimizer remembers are there whatever the batch; what "
    "is left over decides how many items go through at once. For a large model that is often "
    "none, and the way out is to train fewer weights, not to take a smaller batch.",
    hints=(
        "Which three of the four parts do not depend on the batch? Take them away from the memory "
        "first.",
        "Each weight takes 4 bytes. Each weight that trains takes 4 more for its gradient and two "
        "times 4 for what AdamW remembers.",
        "left = memory - 4 * weights - 12 * trained; the batch is left // per_item, and 0 where "
        "that is negative.",
    ),
    reference=_largest,
    observe=on_drawn(_draw),
    mistakes=[
        (
            partial(_largest, other=4),
            "AdamW is missing: it remembers two numbers of 4 bytes for each weight that trains.",
        ),
        (
            partial(_largest, other=8),
            "One of three is missing: a weight that trains has its gradient, and AdamW remembers "
            "two numbers for it.",
        ),
        (
            partial(_largest, other=0),
            "You count the weights alone. Each one that trains has a gradient, and AdamW remembers "
            "two numbers for it.",
        ),
        (
            partial(_largest, other=16),
            "You count trained weights twice: they are among the weights already.",
        ),
        (
            partial(_largest, own=0),
            "The weights themselves are missing, 4 bytes each.",
        ),
        (
            partial(_largest, own=0, other=16),
            "Frozen weights take memory, too: 4 bytes for each weight, trained or not.",
        ),
        (
            _all_trained,
            "You give a gradient and AdamW's numbers to all weights. Those that are frozen have "
            "none.",
        ),
        (
            partial(_largest, own=8, other=8),
            "You give a gradient to all weights. Those that are frozen have none.",
        ),
        (
            partial(_largest, own=12, other=4),
            "You give AdamW's two numbers to all weights. It keeps none for those that are frozen.",
        ),
        (
            _with_each_item,
            "You count weights, gradients and optimizer for each item. They are there once: take "
            "them away from the memory first.",
        ),
        (
            _activations_in_numbers,
            "`per_item` is in bytes already: do not multiply it by 4.",
        ),
        (
            partial(_largest, own=2, other=6),
            "You count 2 bytes for a number. Numbers in float32 take 4.",
        ),
        (
            partial(_largest, own=1, other=3),
            "You count numbers, not bytes: each takes 4.",
        ),
        (
            partial(_largest, up=np.ceil),
            "You rounded up: the last item no longer fits. Round down.",
        ),
        (
            partial(_largest, up=np.round),
            "You rounded to the nearest whole number. Where that is above, the last item no longer "
            "fits: round down.",
        ),
        (
            partial(_largest, least=1),
            "Right but where not even one item fits: then the answer is 0.",
        ),
        (
            _without_least,
            "Right but where weights, gradients and optimizer take more than there is: a batch "
            "cannot be negative, return 0.",
        ),
        (
            _none,
            "Right but where not even one item fits, where your function returns None: return 0.",
        ),
        (
            _unrounded,
            "Right but for rounding: there is no part of an item. Round down to a whole number.",
        ),
        (
            _in_bytes,
            "These are the bytes that are left. How many items do they hold?",
        ),
    ],
)  # fmt: skip
