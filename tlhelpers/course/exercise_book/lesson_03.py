"""Exercises of lesson 03."""

from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from tlhelpers.course.exercise_kinds import Choice, Function, Number, alike, on_inputs

# ---------------------------------------------------------------- one step by hand

_DRAW = torch.Generator().manual_seed(3)
X, Y = torch.randn(12, 5, generator=_DRAW), torch.arange(12) % 3
RATE = 0.5


def _small_net() -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return nn.Sequential(nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, 3))


def _weights(model) -> torch.Tensor:
    return torch.cat([weight.detach().flatten() for weight in model.parameters()])


def _step(model, x, y, lr, sign=-1.0, clear="before", loss_of=cross_entropy):
    """The step, right or with one thing wrong."""
    if clear == "before":
        model.zero_grad()
    loss = loss_of(model(x), y)
    loss.backward()
    with torch.no_grad():
        for weight in model.parameters():
            weight += sign * lr * weight.grad
    if clear == "after":
        model.zero_grad()
    return loss.item()


def _loss_only(model, x, y, lr):
    return cross_entropy(model(x), y).item()


def _loss_after(model, x, y, lr):
    _step(model, x, y, lr)
    return _loss_only(model, x, y, lr)


def _loss_of_probabilities(logits, y):
    return cross_entropy(logits.softmax(dim=1), y)


def _look_at_step(step):
    """Two steps of a new model, and one of a model that still holds the gradients of another."""
    seen = []
    for steps, old in ((2, False), (1, True)):
        model = _small_net()
        if old:
            (model(X) ** 2).sum().backward()
        before = _weights(model)
        losses = [step(model, X.clone(), Y.clone(), RATE) for _ in range(steps)]
        moved = not torch.equal(before, _weights(model))
        if not moved and all(loss is None or loss is Ellipsis for loss in losses):
            return [None]
        seen += [losses, [isinstance(loss, torch.Tensor) for loss in losses], _weights(model)]
    return seen


# ---------------------------------------------------------------- what trains


def _half_frozen() -> nn.Module:
    """A frozen convolution; a BatchNorm layer and a linear layer that train."""
    backbone = (nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
    net = nn.Sequential(*backbone, nn.Flatten(), nn.Linear(4, 2))
    net[0].requires_grad_(False)
    return net


def _sizes(model, wanted=(True,)) -> list[int]:
    return [p.numel() for p in model.parameters() if p.requires_grad in wanted]


# ---------------------------------------------------------------- a rate for each layer group


def _rates(low, high, n):
    return [high] if n == 1 else list(np.geomspace(low, high, n))


def _same_factor(low, factor, n):
    return [low * factor**i for i in range(n)]


def _look_at_rates(rates):
    """Several groups; and, once these are right, a single one."""
    seen = [rates(0.1, 100.0, 4), rates(2.0, 32.0, 5), rates(3.0, 3.0, 3)]
    if alike(seen, [_rates(0.1, 100.0, 4), _rates(2.0, 32.0, 5), _rates(3.0, 3.0, 3)]):
        try:
            seen.append(rates(0.5, 4.0, 1))
        except ZeroDivisionError:
            seen.append("division by zero")
    return seen


# ---------------------------------------------------------------- LoRA


def _lora_input(n: int, n_in: int, n_out: int, rank: int, alpha: float) -> tuple:
    rng = np.random.default_rng(3)
    shapes = (n, n_in), (n_out, n_in), (rank, n_in), (n_out, rank)
    return (*(rng.normal(size=shape) for shape in shapes), alpha)


def _lora(x, W, A, B, alpha):
    return x @ (W + alpha / len(A) * B @ A).T


def _look_at_lora(forward):
    """A square layer, on which every mistake runs; and, once it is right, one that is not."""
    square, other = on_inputs(_lora_input(3, 4, 4, 2, 16)), on_inputs(_lora_input(2, 6, 5, 3, 4))
    seen = square(forward)
    return seen + other(forward) if alike(seen, square(_lora)) else seen


EXERCISES = [
    Function(
        "03.1",
        praise="Clear, forward, backward, and then every weight goes a little way against its "
        "gradient: torch.optim.SGD does no more than this.",
        hints=(
            "Four things in this order: clear old gradients, compute the loss, call "
            "loss.backward(), and change every weight.",
            "Each weight of model.parameters() has its gradient in weight.grad; change it in place "
            "under torch.no_grad(): weight -= lr * weight.grad.",
            "Write down loss.item() before you change a weight, and start with model.zero_grad().",
        ),
        reference=_step,
        observe=_look_at_step,
        mistakes=[
            (
                partial(_step, sign=1.0),
                "The loss climbs: the gradient points to where the loss grows, so a step goes the "
                "other way, with a minus.",
            ),
            (
                partial(_step, clear="never"),
                "backward() adds to the gradients that are already there, so old ones leak into "
                "this step: clear them first, with model.zero_grad().",
            ),
            (
                partial(_step, clear="after"),
                "You clear the gradients at the end. The model may come with gradients from "
                "somewhere else, so clear them before backward().",
            ),
            (
                lambda model, x, y, lr: _step(model, x, y, 1.0),
                "The step has the length of the whole gradient: multiply it by lr.",
            ),
            (
                _loss_only,
                "The loss is right, but no weight has moved. `weight = weight - ...` only makes "
                "a new tensor: change the weight itself, with `weight -= ...` under "
                "torch.no_grad().",
            ),
            (
                partial(_step, loss_of=partial(cross_entropy, reduction="sum")),
                "You summed the losses of the items. Take their mean, as cross_entropy does by "
                "itself, or the step grows with the batch.",
            ),
            (
                _loss_after,
                "The weights are right, but this is the loss after the step: keep the one that "
                "you computed before it.",
            ),
            (
                lambda model, x, y, lr: torch.tensor(_step(model, x, y, lr)),
                "The numbers are right, but the loss is still a tensor: loss.item() makes a float "
                "of it.",
            ),
            (
                lambda model, x, y, lr: _step(model, x, y, lr) and None,
                "The weights are right, but nothing is returned: return the loss as a float.",
            ),
            (
                partial(_step, loss_of=_loss_of_probabilities),
                "You took the softmax first. cross_entropy takes what the model gives, the "
                "logits, and makes the softmax itself.",
            ),
        ],
    ),
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
        observe=on_inputs(
            (_half_frozen(),),
            (_small_net(),),
            (_small_net().requires_grad_(False),),
        ),
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
]
