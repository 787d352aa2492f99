"""Exercise 01.6: when early stopping stops, and whose weights it keeps."""

import numpy as np

from tlhelpers.course.exercise_kinds import Function, on_drawn


def _stop_early(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best == patience:
            break
    return epoch + 1, best + 1


def _wiggling(rng, length):
    """Losses that fall, then rise again, with noise: none comes twice."""
    depth = np.linspace(-1, 1.4, length) ** 2
    return (1 + depth + 0.15 * rng.random(length)).round(6).tolist()


def _draw_losses(rng):
    """Validation losses and a patience, in several situations."""
    falling = np.sort(rng.random(rng.integers(6, 12)))[::-1].round(6)
    low, twice = rng.uniform(0.5, 0.6, 2).round(6)
    middle = [0.9, 0.8, low, 0.8, 0.7, 0.65, 0.9]
    return {
        "where the loss falls to the end": (falling.tolist(), 3),
        "where the loss falls, then rises": (_wiggling(rng, int(rng.integers(20, 30))), 4),
        "where a still lower loss comes after the stop": ([*middle, 0.1, 0.05], 3),
        "where the loss falls again, but not below the lowest": (middle, 3),
        "where the patience is nearly used up": ([0.9, low, 0.8, 0.7, low / 2, 0.6], 3),
        "where the loss falls by very little": ((0.5 - 1e-6 * np.arange(6)).tolist(), 2),
        "where the lowest loss comes twice": ([0.9, twice, 0.8, twice, 0.7, 0.8], 3),
        "where the patience is 1": ([0.9, 0.7, low, 0.8, 0.2], 1),
        "where the first epoch is the best": ([low, 0.8, 0.7, 0.9], 2),
        "where the list ends before the patience does": ([0.9, low, 0.8], 5),
        "where there is one epoch only": ([float(low)], 2),
        "where the last loss has come before": ([0.9, low, 0.8, 0.7, 0.9, 0.4], 3),
        "where the losses are large": ([900.0, 800 + low, 870.0, 850.0, 700.0], 2),
    }


def _never_stop(losses, patience):
    return len(losses), int(np.argmin(losses)) + 1


def _look_ahead(losses, patience):
    return _stop_early(losses, patience)[0], int(np.argmin(losses)) + 1


def _from_zero(losses, patience):
    stop, best = _stop_early(losses, patience)
    return stop - 1, best - 1


def _against_the_last(losses, patience):
    best, waited = 0, 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        waited = waited + 1 if epoch and loss >= losses[epoch - 1] else 0
        if waited == patience:
            break
    return epoch + 1, best + 1


def _never_reset(losses, patience):
    best, waited = 0, 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        elif epoch:
            waited += 1
        if waited == patience:
            break
    return epoch + 1, best + 1


def _equal_is_lower(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss <= losses[best]:
            best = epoch
        if epoch - best == patience:
            break
    return epoch + 1, best + 1


STOP = Function(
    "01.6",
    praise="Nothing after the stop may have a say: a training that has ended cannot know that a "
    "lower loss would have come. And choosing the epoch is a choice, so it takes validation items.",
    hints=(
        "Go through the losses one by one and keep two things: the lowest loss so far and the "
        "epoch that it came from.",
        "After each epoch ask how many epochs ago the lowest loss was. If that is `patience`, "
        "training stops here.",
        "Take 0.9, 0.5, 0.8, 0.7 and a patience of 2, and count by hand: training stops after "
        "epoch 4, and epoch 2 was the best.",
    ),
    reference=_stop_early,
    observe=on_drawn(_draw_losses),
    mistakes=[
        (
            _never_stop,
            "This goes through the whole list. Training stops once `patience` epochs in a row "
            "were not lower than the lowest loss so far.",
        ),
        (
            _look_ahead,
            "The best epoch is looked for in the whole list, so it may lie after the stop, where "
            "no training took place.",
        ),
        (
            _from_zero,
            "Both numbers are counted from 0, as Python does. Count the first epoch as 1.",
        ),
        (
            lambda losses, patience: (
                _stop_early(losses, patience)[0],
                _from_zero(losses, patience)[1],
            ),
            "The best epoch is counted from 0, the stop from 1. Count both from 1.",
        ),
        (
            lambda losses, patience: (
                _from_zero(losses, patience)[0],
                _stop_early(losses, patience)[1],
            ),
            "The stop is counted from 0, the best epoch from 1. Count both from 1.",
        ),
        (
            lambda losses, patience: _stop_early(losses, patience)[::-1],
            "The two numbers are swapped: first after how many epochs training stops, then the "
            "best epoch.",
        ),
        (
            lambda losses, patience: (_stop_early(losses, patience)[0],) * 2,
            "The epoch at which training stops is not the best one: that is up to `patience` "
            "epochs earlier.",
        ),
        (
            _against_the_last,
            "Each loss is compared with the one before. Compare it with the lowest so far: a loss "
            "may fall for a while and still lie above that.",
        ),
        (
            _never_reset,
            "The epochs without a new lowest loss are counted over the whole training. Only those "
            "in a row count: a new lowest loss begins the count anew.",
        ),
        (
            _equal_is_lower,
            "An equal loss counts as lower here. Of equally low losses the first one stays the "
            "best.",
        ),
        (
            lambda losses, patience: _stop_early(losses, patience + 1),
            "Training goes on for one epoch too many: it stops as soon as there were `patience` "
            "epochs in a row without a lower loss.",
        ),
        (
            lambda losses, patience: _stop_early(losses, patience - 1),
            "Training stops one epoch too early: let `patience` epochs in a row pass without a "
            "lower loss.",
        ),
        (
            lambda losses, patience: (
                _stop_early(losses, patience)[0],
                min(losses[: _stop_early(losses, patience)[0]]),
            ),
            "The second number is the lowest loss. Return the epoch that it belongs to.",
        ),
    ],
)
