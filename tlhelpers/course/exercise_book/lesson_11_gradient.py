"""Exercise 11.2: the gradient of a whole batch, part after part."""

import weakref
from functools import partial

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from tlhelpers.course.exercise_book.nested_models import Residual
from tlhelpers.course.exercise_kinds import Function
from tlhelpers.course.watched_answer import Fault

SAYS = {
    "at once": "More items than the largest part went through the model at once. Memory would not "
    "hold them: send one part after the other.",
    "held": "A part goes through the model before backward() was called for the one before it: the "
    "activations of both then lie in memory. Call backward() for each part, then take the next.",
    "moved": "The weights of the model have changed. Only the gradient is asked for: make no step.",
    "never": "backward() adds to the gradients that are there, so old ones leak in: clear them "
    "before the first part, with model.zero_grad().",
    "none": "Among your gradients stands None. A weight has a gradient after backward(), until "
    "model.zero_grad() clears it: read it in between.",
    "inside": "These are the gradients of the last part alone: you clear them before each part. "
    "Clear them once, before the first.",
}


def _net(seed: int, n_in: int, n_classes: int, nested: bool = False) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        layers = [nn.Linear(n_in, 6), nn.Tanh(), nn.Linear(6, n_classes)]
        if nested:
            layers.insert(0, Residual(nn.Sequential(Residual(nn.Linear(n_in, n_in)), nn.Tanh())))
        return nn.Sequential(*layers)


def _parts(seed: int, sizes: list[int], n_in: int, n_classes: int) -> list:
    draw = torch.Generator().manual_seed(seed)
    return [
        (torch.randn(n, n_in, generator=draw), torch.randint(n_classes, (n,), generator=draw))
        for n in sizes
    ]


def _with_old_gradients(model: nn.Module, parts: list) -> nn.Module:
    (model(parts[0][0]) ** 2).sum().backward()
    return model


def _situations():
    """A model and its parts by situation."""
    for name, seed, sizes, n_in, n_classes in (
        ("where all parts are alike in size", 1, [4, 4, 4], 5, 3),
        ("where the last part is smaller", 2, [6, 6, 2], 4, 4),
        ("where parts differ much in size", 3, [1, 9, 3, 5], 5, 3),
        ("where there is one part", 4, [7], 3, 2),
        ("where each part is one item", 5, [1, 1, 1, 1, 1], 5, 3),
    ):
        yield name, _net(seed, n_in, n_classes), _parts(seed, sizes, n_in, n_classes)
    parts = _parts(6, [5, 2], 5, 3)
    yield "where the model holds old gradients", _with_old_gradients(_net(6, 5, 3), parts), parts
    yield "where modules lie in modules", _net(7, 5, 3, nested=True), _parts(7, [3, 6], 5, 3)


def _observe(function):
    """By situation, the gradients that were returned; what went through the model is watched."""
    seen = {}
    for where, model, parts in _situations():
        passes, hook = _note_passes(model)
        before = [weight.detach().clone() for weight in model.parameters()]
        result = function(model, parts)
        hook.remove()
        if result is None or result is Ellipsis:
            return {where: [result]}
        if max((items for items, _ in passes), default=0) > max(len(y) for _, y in parts):
            raise Fault(SAYS["at once"])
        if any(waits for _, waits in passes):
            raise Fault(SAYS["held"])
        if not all(map(torch.equal, before, model.parameters())):
            raise Fault(SAYS["moved"])
        if isinstance(result, (list, tuple)) and any(one is None for one in result):
            raise Fault(SAYS["none"])
        seen[where] = [_kept(result)]
    return seen


class _Graph:
    """Lies in the graph of an output as long as that is kept; told when the gradient comes."""

    def __init__(self):
        self.used = False

    def __call__(self, gradient):
        self.used = True


def _note_passes(model: nn.Module):
    """Of each forward pass, its items, and whether an earlier one waits for its backward pass."""
    graphs: list[weakref.ref] = []
    passes: list[tuple[int, bool]] = []

    def note(module, inputs, output):
        there = [one() for one in graphs]
        waits = any(graph is not None and not graph.used for graph in there)
        passes.append((len(output), waits))
        if output.requires_grad:
            graph = _Graph()
            output.register_hook(graph)
            graphs.append(weakref.ref(graph))

    # Its last layer is called, too, where model.forward(x) or layer after layer is.
    return passes, model[-1].register_forward_hook(note)


def _kept(result):
    """Copies of what was returned, since a gradient may be changed in place later."""
    if isinstance(result, (list, tuple)):
        return [one.detach().clone() if torch.is_tensor(one) else one for one in result]
    return result


def _gradient(model, parts, clear="first", share=None, reduction="sum", scale=1.0):
    """The gradients of the mean loss, right or with one thing wrong."""
    if clear == "first":
        model.zero_grad()
    items = sum(len(y) for _, y in parts)
    for x, y in parts:
        if clear == "inside":
            model.zero_grad()
        part = 1 / items if share is None else share(len(y), parts)
        (scale * part * cross_entropy(model(x), y, reduction=reduction)).backward()
    return [weight.grad.clone() for weight in model.parameters()]


def _at_once(model, parts):
    x, y = (torch.cat(some) for some in zip(*parts, strict=True))
    return _gradient(model, [(x, y)])


def _one_backward(model, parts):
    model.zero_grad()
    items = sum(len(y) for _, y in parts)
    losses = [cross_entropy(model(x), y, reduction="sum") for x, y in parts]
    (torch.stack(losses).sum() / items).backward()
    return [weight.grad for weight in model.parameters()]


def _as_one_vector(model, parts):
    return torch.cat([one.flatten() for one in _gradient(model, parts)])


def _after_a_step(model, parts):
    gradients = _gradient(model, parts)
    with torch.no_grad():
        for weight, gradient in zip(model.parameters(), gradients, strict=True):
            weight -= 0.1 * gradient
    return gradients


def _of_parts(model, parts):
    """One list of gradients for each part."""
    return [_gradient(model, [part]) for part in parts]


def _softmax_first(model, parts):
    return _gradient(nn.Sequential(model, nn.Softmax(dim=1)), parts)


GRADIENT = Function(
    "11.2",
    praise="The gradient of a mean is the mean of the gradients, if each part counts by its items. "
    "So memory limits the part, not the batch, and it does not matter whether the parts come one "
    "after the other or in several processes at once.",
    hints=(
        "backward() adds to weight.grad. What must each part's loss be divided by, so that the sum "
        "over all parts is the mean over all items?",
        "First count the items of all parts. For each part take the sum of its losses "
        '(reduction="sum") divided by that number, and call backward().',
        "model.zero_grad() once; then for x, y in parts: (cross_entropy(model(x), y, "
        'reduction="sum") / items).backward(); at the end [w.grad for w in model.parameters()].',
    ),
    reference=_gradient,
    observe=_observe,
    mistakes=[
        (
            partial(_gradient, share=lambda n, parts: 1 / len(parts), reduction="mean"),
            "That is the mean of the parts' means. Where parts differ in size, the items of a "
            "small one count too much: weigh each part by its items.",
        ),
        (
            partial(_gradient, share=lambda n, parts: 1, reduction="mean"),
            "You added up the parts' means. Divide, so that the sum is the mean over all items.",
        ),
        (
            partial(_gradient, share=lambda n, parts: 1),
            "That is the gradient of the sum of all losses. Divide by the number of all items.",
        ),
        (
            partial(_gradient, share=lambda n, parts: 1 / len(parts)),
            "You divided the sum of the losses by the number of parts. Divide by the number of "
            "items.",
        ),
        (
            partial(_gradient, share=lambda n, parts: n / len(parts[0][1]) / len(parts),
                    reduction="mean"),
            "You took the size of the first part for that of all. Parts may differ: divide by the "
            "number of all items.",
        ),
        (partial(_gradient, clear="inside"), SAYS["inside"]),
        (partial(_gradient, clear="never"), SAYS["never"]),
        (
            partial(_gradient, reduction="mean"),
            "You took the mean of each part and divided it by the number of all items, too. Take "
            'the sum of a part\'s losses (reduction="sum") and divide it once.',
        ),
        (
            partial(_gradient, scale=0.0),
            "All your gradients are 0. What stands in weight.grad is not copied when you put it "
            "into a list: clear the gradients before the first part, not after the last.",
        ),
        (_at_once, SAYS["at once"]),
        (_one_backward, SAYS["held"]),
        (_after_a_step, SAYS["moved"]),
        (
            partial(_gradient, scale=-1.0),
            "The sign is turned round. That is the direction of the step; the gradient itself is "
            "asked for.",
        ),
        (
            _as_one_vector,
            "The numbers are right, in one long vector. Return a list with one tensor for each "
            "weight, in the order of model.parameters().",
        ),
        (
            _of_parts,
            "You return a list for each part. One gradient for all parts together is asked for: a "
            "list with one tensor for each weight.",
        ),
        (
            _softmax_first,
            "You took the softmax first. cross_entropy takes what the model gives, the logits, and "
            "makes the softmax itself.",
        ),
    ],
)  # fmt: skip
