"""Exercises of lesson 08."""

from functools import partial

import numpy as np
import torch

from tlhelpers.course.exercise_kinds import Choice, Function, alike, on_inputs

# ---------------------------------------------------------------- gradient reversal

_DRAW = torch.Generator().manual_seed(8)


def _draw(*shape) -> torch.Tensor:
    return torch.randn(*shape, generator=_DRAW)


# Features, strength, and how much each of them counts for the domain head and for the class head.
REVERSED = [
    (_draw(3, 4), 0.3, _draw(3, 4), _draw(3, 4)),
    (_draw(5), 2.5, _draw(5), _draw(5)),
    (_draw(2, 2), 0.0, _draw(2, 2), _draw(2, 2)),
    (_draw(2, 3), 1.0, _draw(2, 3), _draw(2, 3)),
]


def _look_at_reverse(reverse):
    """What comes out, its gradient, and whether the class head's gradient is left alone."""
    seen = []
    for features, strength, by_domain, by_class in REVERSED:
        x = features.clone().requires_grad_()
        y = reverse(x, strength)
        if y is None or y is Ellipsis:
            seen.append(None)
            continue
        if not isinstance(y, torch.Tensor):
            seen.append("no tensor")
            continue
        seen.append(y)
        if not y.requires_grad:
            seen.append("no gradient")
            continue
        loss = (by_domain * y).sum() + (by_class * x).sum()
        seen.append(torch.autograd.grad(loss, x)[0])
    return seen


def _reverse(x, strength):
    return x.detach() * (1 + strength) - strength * x


def _hooked(x, strength):
    x.register_hook(lambda gradient: -strength * gradient)
    return x


# ---------------------------------------------------------------- how strongly


def _progress_to_strength(progress, gamma=10.0):
    return 2 / (1 + np.exp(-gamma * progress)) - 1


def _strength(step, steps, gamma=10.0):
    return _progress_to_strength(step / steps, gamma)


# The beginning, the end, and runs of different lengths.
STEPS = [(0, 50), (50, 50), (3, 40), (25, 100), (7, 200, 5.0), (500, 1000), (30, 2000, 20.0)]

# ---------------------------------------------------------------- Deep CORAL

PAIRS = [
    (_draw(6, 3) * torch.tensor([1.0, 3.0, 0.5]) + 2, _draw(6, 3) - torch.tensor([0.0, 1.0, 4.0])),
    (_draw(5, 2) + 1, _draw(5, 2) * 2),
]
UNEQUAL = [(_draw(9, 3) * 2 + 1, _draw(4, 3) - 2)]


def _centred(x, axis=0):
    return x - x.mean(dim=axis, keepdim=True)


def _covariance(x, centre=_centred, fewer=1):
    rows = centre(x)
    return rows.T @ rows / (len(x) - fewer)


def _squares(difference, a):
    return difference.square().sum() / (4 * a.shape[1] ** 2)


def _coral_loss(a, b, measure=_squares, covariance=_covariance):
    return measure(covariance(a) - covariance(b), a)


def _centred_on_both(a, b):
    middle = torch.cat([a, b]).mean(dim=0)
    return _coral_loss(a, b, covariance=partial(_covariance, centre=lambda x: x - middle))


def _same_number_for_both(a, b):
    rows = _centred(b)
    return _squares(_covariance(a) - rows.T @ rows / (len(a) - 1), a)


def _losses(*pairs):
    """The loss of each pair, its shape, and its gradient, if there is one."""

    def observe(function):
        seen = []
        for a, b in pairs:
            a, b = a.clone().requires_grad_(), b.clone().requires_grad_()
            loss = function(a, b)
            if loss is None or loss is Ellipsis:
                seen.append(None)
                continue
            seen.append(loss)
            if isinstance(loss, torch.Tensor) and loss.requires_grad and loss.ndim == 0:
                found = torch.autograd.grad(loss, [a, b], allow_unused=True)
                seen += ["no gradient" if gradient is None else gradient for gradient in found]
            else:
                seen += ["no gradient"] * 2
        return seen

    return observe


def _look_at_loss(function):
    """Batches of the same size, on which every mistake runs; and, once it is right, of others."""
    equal, unequal = _losses(*PAIRS), _losses(*UNEQUAL)
    seen = equal(function)
    return seen + unequal(function) if alike(seen, equal(_coral_loss)) else seen


# ---------------------------------------------------------------- the least entropy

_SHARP, _FLAT = [0.98, 0.01, 0.01], [0.4, 0.35, 0.25]
# Probabilities of 0 in all places, unequal numbers of items, and equal entropies.
GUESSES = [
    {
        "dann": np.array([[0.62, 0.19, 0.19], [0.19, 0.62, 0.19]]),
        "coral": np.array([[0.59, 0.4, 0.01], [0.4, 0.01, 0.59]]),
        "adabn": np.array([_FLAT, _FLAT]),
    },
    {"dann": np.array([[1, 0], [0.5, 0.5]]), "coral": np.array([[0.9, 0.1], [0.9, 0.1]])},
    {"coral": np.array([[0.9, 0.1], [0.9, 0.1]]), "dann": np.array([[1, 0], [0.99, 0.01]])},
    {
        "adabn": np.array([[0.85, 0.15], [0.85, 0.15], [0.15, 0.85]]),
        "dann": np.array([[1, 0], [0, 1], [0.6, 0.4]]),
    },
    {
        "few": np.array([[0.7, 0.3], [0.3, 0.7]]),
        "many": np.array([[0.9, 0.1]] * 4 + [[0.1, 0.9]] * 3),
    },
    {
        "one sure": np.array([[0.97, 0.03], [0.5, 0.5]]),
        "steady": np.array([[0.9, 0.1], [0.1, 0.9]]),
    },
    {
        "one class": np.array([[0.8, 0.2], [0.8, 0.2]]),
        "two classes": np.array([[0.97, 0.03], [0.03, 0.97]]),
    },
    {
        "flat": np.array([_FLAT, _FLAT]),
        "first": np.array([_SHARP, _FLAT]),
        "second": np.array([_SHARP, _FLAT]),
        "third": np.array([_SHARP, _FLAT]),
    },
]


def _names(function):
    """The name for each dict; a text out of numpy counts as a text."""
    with np.errstate(all="ignore"):
        found = on_inputs(*((guesses,) for guesses in GUESSES))(function)
    return [str(name) if isinstance(name, str) else name for name in found]


def _entropies(rows):
    """The entropy of each row, where 0 · log 0 is 0."""
    return -(rows * np.log(np.where(rows > 0, rows, 1))).sum(axis=1)


def _unguarded(rows):
    return -(rows * np.log(rows)).sum(axis=1)


def _lowest(score):
    """The first of the names whose score is lowest."""
    return lambda probabilities: min(probabilities, key=lambda name: score(probabilities[name]))


def _mean_entropy(rows):
    return _entropies(rows).mean()


_least = _lowest(_mean_entropy)


def _place_of_nan(probabilities):
    return list(probabilities)[
        int(np.argmin([_unguarded(x).mean() for x in probabilities.values()]))
    ]


# ---------------------------------------------------------------- BatchNorm

_RNG = np.random.default_rng(8)
_SPREAD = np.array([1.0, 3.0, 0.5])[None, :, None, None]
IMAGES = [
    (_RNG.normal(size=(4, 3, 5, 2)) * _SPREAD + 2 * _SPREAD + _RNG.normal(size=(4, 1, 1, 1)),),
    # A batch of one, and a channel that is constant.
    (_RNG.normal(2, 3, size=(1, 2, 3, 4)) * np.array([1, 0])[None, :, None, None] + 1,),
]


def _pair(function):
    """Mean and variance of each batch as arrays; a single array of numbers is one part."""
    return [_arrays(result) for result in on_inputs(*IMAGES)(function)]


def _arrays(result):
    if result is None or result is Ellipsis:
        return None
    if not isinstance(result, (list, tuple)):
        result = np.asarray(result, dtype=float)
        result = [result] if result.ndim < 2 else list(result)
    return [np.asarray(part, dtype=float) for part in result]


def _statistics(x, axis=(0, 2, 3), **options):
    return x.mean(axis=axis), x.var(axis=axis, **options)


def _deviation(x):
    mean, variance = _statistics(x)
    return mean, np.sqrt(variance)


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
        observe=_pair,
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
                partial(_statistics, ddof=1),
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
    Function(
        "08.3",
        praise="It is 0 where both batches have the same covariance, wherever they lie: a shift of "
        "the mean goes unnoticed. Since gradients pass through it, the backbone can make it "
        "smaller.",
        hints=(
            "Compute both covariances, subtract them, and add up the squares of all that is left.",
            "The columns are the features. With rows = x - x.mean(dim=0), the covariance is "
            "rows.T @ rows / (n - 1), n being the number of rows. In the end divide by 4 d².",
            "Compare with torch.cov(x.T), and with your function's result for two equal batches. "
            "help(fit_deep_coral) has the formula.",
        ),
        reference=_coral_loss,
        observe=_look_at_loss,
        mistakes=[
            (
                partial(_coral_loss, measure=lambda c, a: c.norm() / (4 * a.shape[1] ** 2)),
                "You took the norm itself. It is squared: drop the root.",
            ),
            (
                partial(_coral_loss, covariance=partial(_covariance, centre=lambda x: x)),
                "You did not subtract the means. A covariance looks at what is left without them.",
            ),
            (
                _centred_on_both,
                "You subtracted the mean of both batches together. Each batch has its own.",
            ),
            (
                partial(
                    _coral_loss, covariance=partial(_covariance, centre=partial(_centred, axis=1))
                ),
                "You subtracted the mean of each row. A feature is a column: dim=0.",
            ),
            (
                partial(_coral_loss, covariance=torch.cov),
                "torch.cov takes features as rows. Yours are columns: torch.cov(x.T).",
            ),
            (
                partial(_coral_loss, measure=lambda c, a: c.square().sum() / (4 * a.shape[1])),
                "You divided by 4 d. The number of features is squared.",
            ),
            (
                partial(_coral_loss, measure=lambda c, a: c.square().mean()),
                "You divided by d² alone: the 4 is missing.",
            ),
            (
                partial(_coral_loss, measure=lambda c, a: c.square().sum()),
                "That is the sum of the squares. Divide it by 4 d².",
            ),
            (
                partial(_coral_loss, measure=lambda c, a: _squares(c, a) / a.shape[1] ** 2),
                "You divided by d² twice: a mean over all entries has done it once already.",
            ),
            (
                partial(_coral_loss, measure=lambda c, a: c.square().sum() / (4 * len(a) ** 2)),
                "You divided by the number of rows. d is the number of features, a.shape[1].",
            ),
            (
                partial(_coral_loss, measure=lambda c, a: c.sum().square() / (4 * a.shape[1] ** 2)),
                "You summed first and squared then, so that entries below and above 0 cancel. "
                "Square each of them first.",
            ),
            (
                partial(_coral_loss, measure=lambda c, a: _squares(c.diag(), a)),
                "You compared the variances alone. How features go together is in the rest of the "
                "covariance.",
            ),
            (
                partial(
                    _coral_loss,
                    measure=lambda c, a: torch.linalg.norm(c, 2) ** 2 / (4 * a.shape[1] ** 2),
                ),
                "For a matrix, the norm of order 2 is its largest singular value. Here all squares "
                "are added up: the norm without an order, or .square().sum().",
            ),
            (
                partial(_coral_loss, covariance=partial(_covariance, fewer=0)),
                "Your covariances divide by n. Here they divide by n − 1.",
            ),
            (
                partial(_coral_loss, covariance=lambda x: _centred(x).T @ _centred(x)),
                "You did not divide by n − 1: the more rows, the larger your matrices.",
            ),
            (
                partial(_coral_loss, covariance=lambda x: x.mean(dim=0)[None]),
                "You compared the means. What is asked for is the distance of the covariances.",
            ),
            (
                lambda a, b: _coral_loss(a, b).item(),
                "The number is right, but no gradient passes through it, so nothing can be "
                "trained. Leave out .item(), .detach() and numpy.",
            ),
            (
                lambda a, b: _coral_loss(a, b.detach()),
                "The number is right, but no gradient reaches b. Both domains should move.",
            ),
            (
                _same_number_for_both,
                "Right for batches of the same size. Otherwise each has its own n.",
            ),
        ],
    ),
    Function(
        "08.4",
        praise="Forward nothing has happened; backward the domain head pushes the backbone away "
        "from "
        "what would help it. One network, two heads that pull in opposite directions.",
        hints=(
            "Build a sum of two parts: one that a gradient passes through, and one that it does "
            "not.",
            "x.detach() has the values of x, but no gradient passes through it. Which part must "
            "be -strength * x, and what has to be added so that the values are those of x?",
            "x.detach() * (1 + strength) brings the values back. Try it on a tensor with "
            "requires_grad=True: call .sum().backward() and look at x.grad.",
        ),
        reference=_reverse,
        observe=_look_at_reverse,
        mistakes=[
            (
                lambda x, strength: -strength * x,
                "The gradient is right, but the values have changed, too. The domain head should "
                "see the features as they are.",
            ),
            (
                lambda x, strength: -x,
                "You turned the values round. They should stay, and only the gradient should be "
                "multiplied by -strength.",
            ),
            (
                lambda x, strength: x.detach(),
                "The values are right, but no gradient passes at all: the backbone would not "
                "hear of "
                "the domain head.",
            ),
            (
                lambda x, strength: x.detach() * (1 - strength) + strength * x,
                "The gradient has the right size and the wrong sign: the backbone would help to "
                "tell "
                "the domains apart.",
            ),
            (
                lambda x, strength: x.clone(),
                "Nothing is reversed: the gradient passes as it is.",
            ),
            (
                lambda x, strength: 2 * x.detach() - x,
                "The gradient is reversed, but always at full strength: multiply it by strength.",
            ),
            (
                lambda x, strength: x.detach() - strength * x,
                "The gradient is right, but the values are (1 - strength) times those of x. How "
                "much of x.detach() is needed?",
            ),
            (
                lambda x, strength: x * (1 + strength) - strength * x.detach(),
                "You detached the other part: the gradient passes where it should be held back.",
            ),
            (
                lambda x, strength: x.detach() * (1 + strength) + strength * x,
                "There is a plus where a minus belongs: values and gradient are both wrong.",
            ),
            (
                _hooked,
                "You hooked x itself, so whatever comes back to x is reversed, even the gradient "
                "of the class head. Only what passes through your output should be.",
            ),
        ],
    ),
    Function(
        "08.5",
        praise="It begins at 0, while the domain head still knows nothing, and comes near 1 before "
        "the end, however many steps the training has.",
        hints=(
            "First find out which share of the training is done.",
            "The share is step / steps. It goes into 2 / (1 + exp(-gamma * share)) - 1.",
            "np.exp is the exponential function. At step 0 the answer is 0, since exp(0) is 1.",
        ),
        reference=_strength,
        observe=on_inputs(*STEPS),
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
                lambda step, steps, gamma=10.0: _progress_to_strength(step // steps, gamma),
                "// drops everything behind the point, so the share is 0 up to the end. Use /.",
            ),
        ],
    ),
    Choice(
        "08.6",
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
    Function(
        "08.7",
        praise="No label was needed. But low entropy says that a model is sure, not that it is "
        "right: one that gives every item the same class would win here, too.",
        hints=(
            "The entropy of a row is the sum of -p · log p over its classes. Then take the mean "
            "over the rows, and the name with the lowest one.",
            "np.where(p > 0, p, 1) can stand inside the logarithm: its log is 0 where p is 0.",
            "Work out the rows [1, 0] and [0.5, 0.5] by hand: 0 and log 2. "
            "min(names, key=…) takes the first of equals.",
        ),
        reference=_least,
        observe=_names,
        mistakes=[
            (
                _lowest(lambda rows: -_mean_entropy(rows)),
                "That is the highest entropy, or the minus is missing: p · log p is never above 0.",
            ),
            (
                _lowest(lambda rows: -rows.max(axis=1).mean()),
                "You took the mean of the highest probabilities. It is often near, but it does not "
                "see how the rest is spread over the other classes.",
            ),
            (
                _lowest(lambda rows: _unguarded(rows).mean()),
                "Where a probability is 0, your entropy is nan, and a comparison with nan is never "
                "true, so the order of the names decides. 0 · log 0 counts as 0.",
            ),
            (
                _place_of_nan,
                "Where a probability is 0, your entropy is nan, and argmin takes the first nan. "
                "0 · log 0 counts as 0.",
            ),
            (
                _lowest(lambda rows: _mean_entropy(rows[(rows > 0).all(axis=1)])),
                "You left out every row with a probability of 0. These are the most confident "
                "ones: there "
                "0 · log 0 counts as 0.",
            ),
            (
                _lowest(lambda rows: _entropies(rows.mean(axis=0, keepdims=True))[0]),
                "You took the mean of the probabilities first. Its entropy is low where one class "
                "is guessed for all items. Take the entropy of each row first.",
            ),
            (
                _lowest(lambda rows: _entropies(rows).sum()),
                "You summed over the rows, so whoever has fewer of them wins. Take the mean.",
            ),
            (
                _lowest(lambda rows: _entropies(rows).min()),
                "You took the most confident row alone. All rows count: take the mean.",
            ),
            (
                lambda probabilities: _least(dict(reversed(probabilities.items()))),
                "Among equal ones you took the last. Take the first.",
            ),
            (
                lambda probabilities: min(_mean_entropy(x) for x in probabilities.values()),
                "That is the lowest mean entropy. What is asked for is the name.",
            ),
            (
                lambda probabilities: list(probabilities).index(_least(probabilities)),
                "That is the place of the name. What is asked for is the name itself.",
            ),
        ],
    ),
]
