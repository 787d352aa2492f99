"""Exercise 03.1: one step of gradient descent by hand."""

from functools import cache, partial
from unittest.mock import patch

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from tlhelpers.course.exercise_book.nested_models import Residual
from tlhelpers.course.exercise_kinds import Function, alike
from tlhelpers.course.watched_answer import Fault, Watched

SAYS = {
    "optimizer": "You used torch.optim, which this exercise forbids: it does inside what you are "
    "to write. Change the weights yourself, under torch.no_grad().",
    "no gradient": "Your function stops where a layer is frozen, with {}. A frozen weight gets no "
    "gradient, so its weight.grad is None: leave such weights as they are.",
    "frozen moved": "A frozen weight moved. It may still hold a gradient from before: change only "
    "weights with requires_grad, or clear the gradients of all.",
    "thawed": "Your function opens or freezes weights: leave requires_grad as it is.",
    "mode": "Your function leaves the model in another mode: it came in training mode.",
}


def _net(seed: int, n_in=5, n_classes=3, nested=False) -> nn.Module:
    """Two linear layers, or layers inside modules inside modules."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        layers = [nn.Linear(n_in, 6), nn.Tanh(), nn.Linear(6, n_classes)]
        if nested:
            deep = Residual(nn.Sequential(Residual(nn.Linear(n_in, n_in)), nn.Tanh()))
            layers.insert(0, deep)
        return nn.Sequential(*layers)


def _batch(seed: int, n: int, n_in=5, n_classes=3) -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(n, n_in, generator=draw)
    return x, torch.randint(n_classes, (n,), generator=draw)


def _weights(model) -> torch.Tensor:
    return torch.cat([weight.detach().flatten() for weight in model.parameters()])


def _leave_gradients(model, x):
    (model(x) ** 2).sum().backward()
    return model


def _freeze_first(model):
    next(model.children()).requires_grad_(False)
    return model


def _step(model, x, y, lr, sign=-1.0, clear="before", loss_of=cross_entropy):
    """The step, right or with one thing wrong."""
    if clear == "before":
        model.zero_grad()
    loss = loss_of(model(x), y)
    loss.backward()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.grad is not None:
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


def _clipped(model, x, y, lr):
    loss = cross_entropy(model(x), y)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    gradients = torch.autograd.grad(loss, weights)
    norm = torch.stack([gradient.norm() for gradient in gradients]).norm()
    with torch.no_grad():
        for weight, gradient in zip(weights, gradients, strict=True):
            weight -= lr * gradient / norm.clamp(min=1)
    return loss.item()


def _without_biases(model, x, y, lr):
    return _on_some(model, x, y, lr, lambda name, weight: weight.dim() > 1)


def _last_layer(model, x, y, lr):
    last = str(len(model) - 1)
    return _on_some(model, x, y, lr, lambda name, weight: name.startswith(last))


def _on_some(model, x, y, lr, wanted):
    """The step for some weights only."""
    kept = {n: w.detach().clone() for n, w in model.named_parameters() if not wanted(n, w)}
    loss = _step(model, x, y, lr)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name in kept:
                weight.copy_(kept[name])
    return loss


def _with_decay(model, x, y, lr):
    before = [weight.detach().clone() for weight in model.parameters()]
    loss = _step(model, x, y, lr)
    with torch.no_grad():
        for weight, old in zip(model.parameters(), before, strict=True):
            weight -= lr * 0.01 * old
    return loss


def _situations():
    """Models and batches by situation, each with the rate and the number of steps."""
    x, y = _batch(1, 12)
    wide_x, wide_y = _batch(2, 7, 4, 5)
    yield "with a new model", _net(1), x, y, 0.5, 2
    yield "where the model holds old gradients", _leave_gradients(_net(2), x), x, y, 0.5, 1
    yield "where the batch is one item", _net(3), x[:1], y[:1], 0.3, 1
    steep = _net(4, 4, 5).double()
    steep[2].weight.data.mul_(60)
    yield "where the gradient is large", steep, wide_x.double(), wide_y, 0.1, 1
    yield "where modules lie in modules", _net(5, nested=True), x, y, 0.2, 2


def _frozen_situations():
    x, y = _batch(6, 9)
    yield "where a layer is frozen", _freeze_first(_net(6)), x, y, 0.5, 2
    stale = _freeze_first(_leave_gradients(_net(7), x))
    yield "where a frozen layer holds old gradients", stale, x, y, 0.5, 1
    yield "where the first module is frozen", _freeze_first(_net(8, nested=True)), x, y, 0.5, 1


def _look_at_step(step):
    """The losses and the weights afterwards; with frozen layers once all others are right."""
    seen = _follow(step, _situations())
    if not seen or not alike(seen, _right_without_frozen()):
        return seen or [None]
    return seen | _follow(step, _frozen_situations(), frozen=True)


@cache
def _right_without_frozen():
    return _follow(_step, _situations())


def _follow(step, situations, frozen=False):
    """By situation each loss, whether it is a tensor, and the weights in the end."""
    seen = {}
    for where, model, x, y, lr, steps in situations:
        before, flags = _weights(model), [w.requires_grad for w in model.parameters()]
        losses = [_call(step, (model, x, y, lr), frozen) for _ in range(steps)]
        moved = not torch.equal(before, _weights(model))
        if not moved and all(loss is None or loss is Ellipsis for loss in losses):
            return {}
        _look_at_the_rest(model, before, flags)
        seen[where] = [*losses, *(float(torch.is_tensor(loss)) for loss in losses), _weights(model)]
    return seen


def _call(step, arguments, frozen):
    built = []
    init = torch.optim.Optimizer.__init__

    def note(self, *given, **named):
        built.append(self)
        init(self, *given, **named)

    try:
        with patch.object(torch.optim.Optimizer, "__init__", note):
            loss = step(*arguments)
    except Exception as error:
        if frozen and isinstance(step, Watched) and error is step.error:
            text = f"{type(error).__name__}: {error}".rstrip(".")
            raise Fault(SAYS["no gradient"].format(text)) from error
        raise
    if built:
        raise Fault(SAYS["optimizer"])
    return loss


def _look_at_the_rest(model, before, flags):
    if [weight.requires_grad for weight in model.parameters()] != flags:
        raise Fault(SAYS["thawed"])
    if not all(module.training for module in model.modules()):
        raise Fault(SAYS["mode"])
    sizes = [weight.numel() for weight in model.parameters()]
    is_frozen = ~torch.repeat_interleave(torch.tensor(flags), torch.tensor(sizes))
    if not torch.equal(before[is_frozen], _weights(model)[is_frozen]):
        raise Fault(SAYS["frozen moved"])


STEP = Function(
    "03.1",
    praise="Clear, forward, backward, and then every weight goes a little way against its "
    "gradient: torch.optim.SGD does no more than this.",
    hints=(
        "Four things in this order: clear old gradients, compute the loss, call "
        "loss.backward(), and change every weight.",
        "Each weight that requires a gradient has it in weight.grad after backward(); change the "
        "weight in place under torch.no_grad(): weight -= lr * weight.grad. A frozen one has None "
        "there.",
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
            _clipped,
            "You clipped the gradient. Plain gradient descent takes it as it is, however large.",
        ),
        (
            _without_biases,
            "The biases have not moved: every weight that requires a gradient makes the step.",
        ),
        (
            _last_layer,
            "Only the last layer has moved: every weight that requires a gradient makes the step.",
        ),
        (
            _with_decay,
            "The weights shrink a little beside the step: leave weight decay out.",
        ),
        (
            partial(_step, loss_of=_loss_of_probabilities),
            "You took the softmax first. cross_entropy takes what the model gives, the "
            "logits, and makes the softmax itself.",
        ),
    ],
)
