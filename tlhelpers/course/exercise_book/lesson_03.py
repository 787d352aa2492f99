"""Exercises of lesson 03."""

from functools import partial

import numpy as np
from torch import nn

from tlhelpers.course.answer_differences import array_of
from tlhelpers.course.exercise_book.lesson_03_step import STEP
from tlhelpers.course.exercise_book.lesson_03_transfer import TRANSFER
from tlhelpers.course.exercise_book.nested_models import Residual, states
from tlhelpers.course.exercise_kinds import Choice, Function, Number, alike, on_drawn
from tlhelpers.course.watched_answer import Fault

# ---------------------------------------------------------------- what trains


def _net(frozen=()) -> nn.Sequential:
    """Four layers with weights, of which some are frozen."""
    backbone = (nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
    net = nn.Sequential(*backbone, nn.Flatten(), nn.Linear(4, 5), nn.Linear(5, 2))
    for place in frozen:
        net[place].requires_grad_(False)
    return net


def _nested() -> nn.Module:
    model = Residual(nn.Sequential(Residual(_net(frozen=[0])), nn.Sequential(_net())))
    model.inner[1][0][5].requires_grad_(False)
    return model


def _sharing() -> nn.Module:
    """Two layers that use one weight, as the first and the last layer of a language model do."""
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 3))
    model[2].weight = model[0].weight
    return model


MODELS = {
    "where the first layer is frozen": partial(_net, [0]),
    "where nothing is frozen": _net,
    "where layers in the middle are frozen": partial(_net, [1, 5]),
    "where modules lie in modules": _nested,
    "where two layers share a weight": _sharing,
}


def _sizes(model, wanted=(True,)) -> list[int]:
    return [p.numel() for p in model.parameters() if p.requires_grad in wanted]


def _of_direct_children(model):
    weights = [weight for child in model.children() for weight in child._parameters.values()]
    return sum(weight.numel() for weight in weights if weight.requires_grad)


def _shared_twice(model):
    weights = [w for module in model.modules() for w in module.parameters(recurse=False)]
    return sum(weight.numel() for weight in weights if weight.requires_grad)


def _look_at_counts(count):
    """The counts by situation; a Fault if the model is not what it was."""
    seen = {}
    for where, make in MODELS.items():
        model = make()
        before = states(model)
        seen[where] = [count(model)]
        if not alike(before, states(model)):
            raise Fault("Your function changes the model. Counting must leave it as it is.")
    if alike(seen, {where: [sum(_sizes(make()))] for where, make in MODELS.items()}):
        seen["where all is frozen"] = [_count_nothing(count)]
    return seen


def _count_nothing(count):
    """Zero also for answers that join all trained weights: torch cannot join none."""
    try:
        return count(_net().requires_grad_(False))
    except (RuntimeError, ValueError, TypeError):
        return 0


# ---------------------------------------------------------------- a rate for each layer group


def _rates(low, high, n):
    return [high] if n == 1 else list(np.geomspace(low, high, n))


def _same_factor(low, factor, n):
    return [low * factor**i for i in range(n)]


def _draw_rates(rng):
    low, factor = rng.uniform(0.1, 2), rng.uniform(20, 200)
    tiny = 10 ** rng.uniform(-7, -5)
    return {
        "with several groups": (low, low * factor, int(rng.integers(4, 8))),
        "where there are three groups": (low, 3 * low, 3),
        "where there are two groups": (low, low * factor, 2),
        "where low and high are equal": (low, low, 4),
        "where the rates are very small": (tiny, 100 * tiny, 5),
        "where low and high are whole numbers": (1, 1000, 4),
    }


def _look_at_rates(rates):
    """Several groups; and, once these are right, a single one."""

    def compare_with_low(low, high, n):
        result = rates(low, high, n)
        array = array_of(result)
        numbers = array is not None and array.dtype.kind in "iuf" and result is not None
        return array / low if numbers else result

    seen = on_drawn(_draw_rates)(compare_with_low)
    if alike(seen, on_drawn(_draw_rates)(_relative_rates)):
        try:
            single = rates(0.5, 4.0, 1)
        except ZeroDivisionError:
            single = "division by zero"
        seen["where there is one group"] = [single]
    return seen


def _relative_rates(low, high, n):
    return np.array(_rates(low, high, n)) / low


# ---------------------------------------------------------------- LoRA


def _lora_input(rng, n: int, n_in: int, n_out: int, rank: int, alpha: float) -> tuple:
    shapes = (n, n_in), (n_out, n_in), (rank, n_in), (n_out, rank)
    return (*(rng.normal(size=shape) for shape in shapes), alpha)


def _lora(x, W, A, B, alpha):
    return x @ (W + alpha / len(A) * B @ A).T


# Every mistake runs on a square layer, so that it is known by its numbers.
_SQUARE = on_drawn(
    lambda rng: {
        "where the layer is square": _lora_input(rng, 3, 4, 4, 2, 16),
        "where alpha / rank is no whole number": _lora_input(rng, 5, 4, 4, 3, 4),
    }
)
_OTHER = on_drawn(
    lambda rng: {
        "where more comes in than goes out": _lora_input(rng, 2, 6, 5, 3, 4.5),
        "where more goes out than comes in": _lora_input(rng, 1, 3, 7, 2, 5),
        "where the rank is 1": _lora_input(rng, 4, 5, 6, 1, 3),
    }
)


def _look_at_lora(forward):
    """Square layers first; and, once they are right, others."""
    seen = _SQUARE(forward)
    return seen | _OTHER(forward) if alike(seen, _SQUARE(_lora)) else seen


EXERCISES = [
    STEP,
    Function(
        "03.2",
        praise="Only what requires a gradient can be trained. Compare this number with the whole "
        "before you train: a backbone that you forgot to freeze shows at once.",
        hints=(
            "Go through model.parameters() and keep what may be trained.",
            "A weight that is open to training has requires_grad set to True, and numel() says "
            "how many numbers it holds.",
            "Read help(count_weights): the first of its two numbers is asked for here.",
        ),
        reference=lambda model: sum(_sizes(model)),
        observe=_look_at_counts,
        mistakes=[
            (
                lambda model: sum(_sizes(model, (True, False))),
                "You counted all weights, the frozen ones too: ask each one for requires_grad.",
            ),
            (
                lambda model: len(_sizes(model)),
                "That is the number of tensors. How many numbers they hold is what counts: add "
                "up numel().",
            ),
            (
                lambda model: sum(_sizes(model, (False,))),
                "You counted the frozen ones: requires_grad is True where a weight may be trained.",
            ),
            (
                lambda model: sum(_sizes(model)) + sum(b.numel() for b in model.buffers()),
                "The running statistics of BatchNorm are buffers. They are not trained by a "
                "gradient, so leave them out: model.parameters() holds none of them.",
            ),
            (
                lambda model: sum(v.numel() for v in model.state_dict().values()),
                "state_dict() holds everything that is saved, frozen weights and running "
                "statistics too: go through model.parameters().",
            ),
            (
                lambda model: sum(len(p) for p in model.parameters() if p.requires_grad),
                "len() gives the length of the first dimension only: numel() counts all numbers "
                "of a tensor.",
            ),
            (
                _of_direct_children,
                "You looked at the outermost modules alone. Modules lie in modules: "
                "model.parameters() holds the weights of all of them.",
            ),
            (
                lambda model: sum(p.numel() for p in model.parameters() if p.dim() > 1),
                "You left out biases, and other weights with one dimension, or forgot to ask for "
                "requires_grad.",
            ),
            (
                lambda model: sum(size for size in _sizes(model) if size > 1),
                "You left out weights that are one number.",
            ),
            (
                _shared_twice,
                "You counted a weight twice that two layers share. model.parameters() gives it "
                "once.",
            ),
        ],
    ),
    Choice(
        "03.3",
        praise="An optimizer moves the weights that it was given, and no others. Torch is silent "
        "about it, so build the optimizer after you unfreeze. (The course's fit refuses such an "
        "optimizer.)",
        hints=(
            "Ask two questions: does backward() reach the backbone, and who moves its weights?",
            "What an optimizer moves is the list of weights that it was given when it was built.",
            "Try it on a network of two linear layers, and look at weight.grad and at the weights.",
        ),
        right="d",
        why_not={
            "a": "It would be good to get an error, but torch does not compare the optimizer with "
            "the model.",
            "b": "Unfreezing changes the weights' requires_grad. It does not change the list "
            "of weights that the optimizer keeps.",
            "c": "Gradients do not ask for the optimizer: backward() gives one to every weight "
            "that requires it now.",
        },
    ),
    Function(
        "03.4",
        praise="The same factor from each group to the next: the early layers, which are the most "
        "general ones, move least.",
        hints=(
            "From each group to the next the rate is multiplied by one and the same number.",
            "There are n - 1 steps from low to high, so the factor is "
            "(high / low) ** (1 / (n - 1)); with n = 1 there is no step.",
            "np.geomspace(low, high, n) makes the steps; treat n = 1 by itself, since the only "
            "group is the last one.",
        ),
        reference=_rates,
        observe=_look_at_rates,
        mistakes=[
            (
                np.linspace,
                "You have the same difference from each to the next. What is asked for is the "
                "same factor: the rates are multiplied, not added to.",
            ),
            (
                lambda low, high, n: _rates(low, high, n)[::-1],
                "The order is the other way round: the first layer group gets low, the last one "
                "high.",
            ),
            (
                lambda low, high, n: list(np.geomspace(low, high, n + 1)),
                "That is one rate too many: n groups need n rates.",
            ),
            (
                lambda low, high, n: list(np.geomspace(low, high, n + 1))[1:],
                "The first rate is not low any more: both ends belong to the n rates.",
            ),
            (
                lambda low, high, n: list(np.geomspace(low, high, n))[:-1],
                "That is one rate too few: low and high both belong to the n rates.",
            ),
            (
                lambda low, high, n: _same_factor(low, (high / low) ** (1 / n), n),
                "The last rate does not reach high: from the first of n to the last there are "
                "n - 1 steps, not n.",
            ),
            (
                lambda low, high, n: _same_factor(low, (high / low) / max(1, n - 1), n),
                "The factor is a root, not a quotient: multiplied with itself n - 1 times, it "
                "must give high / low.",
            ),
            (
                lambda low, high, n: [low] * (n - 1) + [high],
                "Only the last group differs here. The groups between climb, too, each by the "
                "same factor.",
            ),
            (
                np.geomspace,
                "Right for two groups and more. A single group is the last one, so with n = 1 "
                "the answer is [high]; you gave [low].",
            ),
            (
                lambda low, high, n: _same_factor(low, (high / low) ** (1 / (n - 1)), n),
                "Right for two groups and more. With n = 1 you divide by n - 1, which is zero: "
                "treat a single group by itself, it gets high.",
            ),
        ],
    ),
    Function(
        "03.5",
        praise="The frozen weight stays as it is, and the small product is added. With B at zero, "
        "where LoRA starts, this is the layer as it was.",
        hints=(
            "Build the adapted weight first; then it is used as in any linear layer.",
            "The adapted weight is W plus B times A, and that product is scaled by alpha / rank; "
            "the rank is the number of rows of A.",
            "Compare with help(add_lora), and remember that a linear layer computes x @ weight.T.",
        ),
        reference=_lora,
        observe=_look_at_lora,
        mistakes=[
            (
                lambda x, W, A, B, alpha: x @ (W + alpha * B @ A).T,
                "You scaled by alpha alone: divide it by the rank, so that another rank does not "
                "ask for another learning rate.",
            ),
            (
                lambda x, W, A, B, alpha: x @ (alpha / len(A) * B @ A).T,
                "The frozen weight W is missing: the product of B and A is added to it.",
            ),
            (
                lambda x, W, A, B, alpha: x @ (W + A.T @ B.T * alpha / len(A)).T,
                "A and B stand in the wrong order: B @ A has the shape of W, (out, in). Yours "
                "fits only because this layer is square.",
            ),
            (
                lambda x, W, A, B, alpha: x @ (W + len(A) / alpha * B @ A).T,
                "You divided by alpha: the factor is alpha / rank, not rank / alpha.",
            ),
            (
                lambda x, W, A, B, alpha: x @ (W + alpha / A.shape[1] * B @ A).T,
                "You divided by the size of the input. The rank is the number of rows of A, "
                "A.shape[0].",
            ),
            (
                lambda x, W, A, B, alpha: x @ (W + B @ A).T,
                "The scale is missing: the product is multiplied by alpha / rank.",
            ),
            (
                lambda x, W, A, B, alpha: x @ (alpha / len(A) * (W + B @ A)).T,
                "You scaled W as well: alpha / rank belongs to the product of B and A alone.",
            ),
            (
                lambda x, W, A, B, alpha: x @ (W + alpha / len(A) * B @ A),
                "The adapted weight has the shape (out, in), so x is multiplied by its transpose. "
                "Yours fits only because this layer is square.",
            ),
        ],
    ),
    Number(
        "03.6",
        praise="8 · 640 for A and 1,280 · 8 for B: less than 2 % of the 819,200 numbers of the "
        "layer itself.",
        hints=(
            "LoRA puts two matrices beside the layer and trains them, not the layer itself.",
            "A has the shape (rank, in) and B the shape (out, rank).",
            "Add the sizes of both matrices: rank times in, and out times rank.",
        ),
        value=8 * (640 + 1280),
        tolerance=0.5,
        mistakes=[
            (640 * 1280, "That is the layer itself, which stays frozen: count what LoRA adds."),
            (8 * 640, "That is A alone: B is trained as well."),
            (8 * 1280, "That is B alone: A is trained as well."),
            (
                2 * 8,
                "The rank is only one side of each matrix: A has 8 rows of 640 numbers each.",
            ),
            (640 + 1280, "That would be rank 1: with rank 8 both matrices are eight times larger."),
            (
                8 * 640 * 1280,
                "You multiplied the two sides with each other. They stand in two matrices, whose "
                "sizes are added.",
            ),
            (
                640 * 1280 + 8 * (640 + 1280),
                "That is all there is in the adapted layer: the 819,200 numbers of the layer "
                "itself are frozen.",
            ),
        ],
    ),
    TRANSFER,
]
