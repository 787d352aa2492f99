"""Exercises of lesson 08."""

from functools import partial

import numpy as np

from tlhelpers.course.exercise_book.in_turn import of_result, parts_of
from tlhelpers.course.exercise_book.lesson_08_coral import CORAL_LOSS
from tlhelpers.course.exercise_book.lesson_08_entropy import ENTROPY
from tlhelpers.course.exercise_book.lesson_08_mmd import MMD
from tlhelpers.course.exercise_book.lesson_08_reverse import REVERSE
from tlhelpers.course.exercise_book.lesson_08_tent import TENT
from tlhelpers.course.exercise_kinds import Choice, Function, on_drawn

# ---------------------------------------------------------------- BatchNorm


def _images(rng, n, c, h, w):
    """Channels that differ in place and scale, and items that differ, too."""
    spread = np.geomspace(0.5, 3, c)[None, :, None, None]
    return rng.normal(size=(n, c, h, w)) * spread + 2 * spread + rng.normal(size=(n, 1, 1, 1))


def _draw_images(rng):
    constant = _images(rng, 3, 2, 3, 4)
    constant[:, 1] = rng.uniform(1, 3)
    return {
        "where all four sizes differ": (_images(rng, 4, 3, 5, 2),),
        "where all four sizes are equal": (_images(rng, 3, 3, 3, 3),),
        "where the batch is one item": (_images(rng, 1, 2, 3, 4),),
        "where there are many items": (_images(rng, 20, 4, 2, 3),),
        "where an image has one place": (_images(rng, 6, 3, 1, 1),),
        "where there is one channel": (_images(rng, 5, 1, 4, 3),),
        "where a channel is constant": (constant,),
        "where the values are float32": (_images(rng, 5, 2, 4, 3).astype("f4"),),
    }


def _statistics(x, axis=(0, 2, 3), **options):
    return x.mean(axis=axis), x.var(axis=axis, **options)


def _deviation(x):
    mean, variance = _statistics(x)
    return mean, np.sqrt(variance)


def _unbiased(x):
    n = x.size // x.shape[1]
    return _statistics(x, ddof=1 if n > 1 else 0)


# ---------------------------------------------------------------- how strongly


def _draw_steps(rng):
    steps, few = int(rng.integers(300, 900)), int(rng.integers(20, 60))
    return {
        "at the beginning": (0, steps, 10.0),
        "at the end": (few, few, 10.0),
        "in a short training": (int(rng.integers(1, 5)), few, 10.0),
        "in a long training": (int(rng.integers(20, 80)), steps, 10.0),
        "half way": (few, 2 * few, 10.0),
        "where gamma is small": (int(rng.integers(50, 200)), steps, 1.5),
        "where gamma is large": (int(rng.integers(3, 9)), steps, 40.0),
        "where the training has one step": (1, 1, 3.0),
        "where gamma is a whole number": (few // 3, few, 5),
    }


def _progress_to_strength(progress, gamma=10.0):
    return 2 / (1 + np.exp(-gamma * progress)) - 1


def _strength(step, steps, gamma=10.0):
    return _progress_to_strength(step / steps, gamma)


EXERCISES = [
    Function(
        "08.1",
        praise="One mean and one variance per channel, over all items and all places. So in "
        "training mode each item's output depends on the others in its batch.",
        hints=(
            "One number per channel: over which axes does the mean go?",
            "x has the axes item, channel, row, column: 0, 1, 2, 3. numpy takes several axes at "
            "once, as in axis=(0, 2).",
            "Take x.mean and x.var over axis=(0, 2, 3), and compare with nn.BatchNorm2d: its "
            "output has mean 0 and, nearly, variance 1 in each channel.",
        ),
        reference=_statistics,
        observe=of_result(parts_of, on_drawn(_draw_images)),
        mistakes=[
            (
                partial(_statistics, axis=(2, 3)),
                "You have one number per item and channel. BatchNorm goes over the items, too.",
            ),
            (
                partial(_statistics, axis=0),
                "You went over the items alone, so each place of the image has its own number. Go "
                "over rows and columns, too.",
            ),
            (
                partial(_statistics, axis=None),
                "You have one number for everything. Each channel has its own.",
            ),
            (
                partial(_statistics, axis=(1, 2, 3)),
                "You have one number per item. It is the channels that each have one.",
            ),
            (
                partial(_statistics, axis=(0, 1, 2)),
                "You took the last axis for the channels. In torch the channels are axis 1.",
            ),
            (
                _unbiased,
                "Your variance divides by one less than the number of values. That is what torch "
                "puts into running_var, but a batch in training is divided by the biased one.",
            ),
            (
                _deviation,
                "The second one is the standard deviation. The variance is its square.",
            ),
            (
                lambda x: (x.mean(axis=(0, 2, 3)), x.var(axis=(2, 3)).mean(axis=0)),
                "You took the variance within each item, then the mean of these. How far the items "
                "lie apart is then lost: take it over all at once.",
            ),
            (
                lambda x: (x.mean(axis=(0, 2, 3)), x.mean(axis=(2, 3)).var(axis=0)),
                "You took the variance of the items' means. How far values lie apart within an "
                "item is then lost: take it over all at once.",
            ),
            (
                lambda x: (x.mean(axis=(0, 2, 3)), (x**2).mean(axis=(0, 2, 3))),
                "That is the mean of the squares. Subtract the mean before you square.",
            ),
            (
                lambda x: [part[None, :, None, None] for part in _statistics(x)],
                "The numbers are right, but their shape is (1, c, 1, 1). Return the shape (c,).",
            ),
            (
                lambda x: (x.mean(axis=(0, 2, 3)), np.abs(x).var(axis=(0, 2, 3))),
                "You took the variance of the absolute values. Take that of the values.",
            ),
            (
                lambda x: (x.sum(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))),
                "The first one is the sum of each channel. Divide it by the number of values.",
            ),
            (
                lambda x: (np.median(x, axis=(0, 2, 3)), x.var(axis=(0, 2, 3))),
                "The first one is the median of each channel. The mean is asked for.",
            ),
            (
                partial(_statistics, axis=(0, 1, 3)),
                "You have one number per row of the image. The channels are axis 1, so the mean "
                "goes over 0, 2 and 3.",
            ),
            (
                lambda x: _statistics(x.reshape(x.shape[1], -1), axis=1),
                "reshape takes the values as they lie, item after item, so it mixes the channels. "
                "Bring axis 1 to the front first, or name the axes: axis=(0, 2, 3).",
            ),
            (
                lambda x: (_statistics(x)[0], x.var(axis=(0, 2, 3)) * x.shape[2] * x.shape[3]),
                "You divided the squares by the number of items. A channel has n · h · w values.",
            ),
            (
                lambda x: _statistics(x[:1]),
                "You used the first item alone. BatchNorm goes over all items of the batch.",
            ),
            (
                lambda x: _statistics(x)[::-1],
                "The order is the other way round: mean first, then variance.",
            ),
            (
                lambda x: _statistics(x)[0],
                "That is the mean alone. Return both: return mean, variance.",
            ),
        ],
    ),
    Choice(
        "08.2",
        praise="Within such a batch, what all items share is taken for the domain's and is "
        "subtracted, and what they share is their class. AdaBN wants many items of all classes, "
        "in the shares that come later.",
        hints=(
            "What does BatchNorm do with the mean of a batch?",
            "In a batch of sevens only, what do all items have in common? Where is it after the "
            "mean has been subtracted?",
            "help(adapt_batchnorm) says in which order it takes the items, and why.",
        ),
        right="c",
        why_not={
            "a": "Labels are not read, but the features of a class are in the batch. Its mean is "
            "that of this class.",
            "b": "They become exact for this one class. What is needed are those of the domain, "
            "with all of its classes.",
            "d": "BatchNorm does not move items to a class. It makes the batches more alike, each "
            "by its own mean.",
        },
    ),
    CORAL_LOSS,
    MMD,
    REVERSE,
    Function(
        "08.6",
        praise="It begins at 0, while the domain head still knows nothing, and comes near 1 before "
        "the end, however many steps the training has.",
        hints=(
            "First find out which share of the training is done.",
            "The share is step / steps. It goes into 2 / (1 + exp(-gamma * share)) - 1.",
            "np.exp is the exponential function. At step 0 the answer is 0, since exp(0) is 1.",
        ),
        reference=_strength,
        observe=on_drawn(_draw_steps),
        mistakes=[
            (
                lambda step, steps, gamma=10.0: _progress_to_strength(step / 1000, gamma),
                "You divided by a fixed number of steps. A short run would never come to full "
                "strength: divide by steps.",
            ),
            (
                lambda step, steps, gamma=10.0: _progress_to_strength(step, gamma),
                "You put in the step itself. Then it is at full strength nearly at once: divide "
                "by steps.",
            ),
            (
                lambda step, steps, gamma=10.0: _strength(step, steps, gamma) + 1,
                "The -1 at the end is missing: it should begin at 0.",
            ),
            (
                lambda step, steps, gamma=10.0: (_strength(step, steps, gamma) + 1) / 2,
                "That is 1 / (1 + exp(…)): it begins at a half. Twice of it, less 1, begins at 0.",
            ),
            (
                lambda step, steps, gamma=10.0: step / steps,
                "That is the share of the training, a straight line. It still has to go into the "
                "formula.",
            ),
            (
                lambda step, steps, gamma=10.0: -_strength(step, steps, gamma),
                "The sign in front of gamma is wrong: yours falls towards -1.",
            ),
            (
                lambda step, steps, gamma=10.0: _strength(step, steps),
                "You wrote 10 where gamma belongs: it may be given as another number.",
            ),
            (
                lambda step, steps, gamma=10.0: _strength(step, steps, 1.0),
                "gamma is missing: it multiplies the share.",
            ),
            (
                lambda step, steps, gamma=10.0: _progress_to_strength((step + 1) / steps, gamma),
                "You counted one step too many: step is 0 at the beginning, so the share is "
                "step / steps.",
            ),
            (
                lambda step, steps, gamma=10.0: _progress_to_strength(
                    step / max(steps - 1, 1), gamma
                ),
                "You divided by steps - 1. step counts from 0 to steps, so the share is "
                "step / steps.",
            ),
            (
                lambda step, steps, gamma=10.0: _progress_to_strength(step / steps / gamma, 1),
                "You divided by gamma. It multiplies the share.",
            ),
            (
                lambda step, steps, gamma=10.0: _progress_to_strength(1 - step / steps, gamma),
                "You put in the share that is still to come: yours falls from 1 to 0.",
            ),
            (
                lambda step, steps, gamma=10.0: _strength(step, steps, gamma) / 2,
                "You wrote 1 where 2 belongs: yours ends at a half.",
            ),
            (
                lambda step, steps, gamma=10.0: _strength(step, steps, 2 * gamma),
                "Yours is the hyperbolic tangent of gamma · p. The formula is that of "
                "gamma · p / 2.",
            ),
            (
                lambda step, steps, gamma=10.0: 1 - np.exp(-gamma * step / steps),
                "That is 1 − exp(−gamma · p). The exponential stands in a denominator: "
                "2 / (1 + exp(−gamma · p)) − 1.",
            ),
            (
                lambda step, steps, gamma=10.0: _progress_to_strength(step // steps, gamma),
                "// drops everything behind the point, so the share is 0 up to the end. Use /.",
            ),
        ],
    ),
    Choice(
        "08.7",
        praise="Mixed domains are not yet mixed class by class. Where shares of classes differ or "
        "classes look alike, the wrong ones may come to lie together; whether they do, only "
        "labels of the target can tell.",
        hints=(
            "What does the domain head see of an item, and what does it not see?",
            "Imagine two clouds of points for two classes in each domain, and lay them on top of "
            "each other in the wrong order. What would the domain head say?",
            "Gradient reversal never asks for the class. Draw two classes in two domains, and "
            "swap them in one.",
        ),
        right="a",
        why_not={
            "b": "The head fits the source's classes where they lie. That the target lies in the "
            "same place does not say which of its classes lies where.",
            "c": "Half is what gradient reversal tries to reach: the features no longer tell it. "
            "Whether that is enough is another question.",
            "d": "The source's accuracy tells about the source. It would be just as high if the "
            "target's classes lay swapped.",
        },
    ),
    ENTROPY,
    TENT,
]
