"""Exercise 02.6: a model that neither an optimizer nor a forward pass can move."""

import copy

import torch
from torch import nn

from tlhelpers.course.exercise_book.nested_models import Residual
from tlhelpers.course.exercise_kinds import Function, alike
from tlhelpers.course.watched_answer import Fault

SAYS = {
    "not returned": "The model is not returned: end with `return model`.",
    "copy": "You froze a copy: the model that was given is as it was. Change it itself.",
    "weights open": "The statistics stand still, but the weights are still open to gradients. "
    "(model.requires_grad = False does nothing; model.requires_grad_(False) does.)",
    "some open": "Some weights are frozen and some are not: go through model.parameters(), which "
    "holds those of all layers, however deep they lie.",
    "changed": "The weights are not what they were: frozen means kept as they are, not erased or "
    "drawn anew.",
    "statistics": "The weights stand still, but a forward pass still moved BatchNorm's running "
    "mean: requires_grad says nothing about it.",
    "deep statistics": "In a model of nested modules a forward pass still moves running "
    "statistics: model.children() lists the outermost modules alone, and model.eval() reaches all.",
    "some statistics": "Some running statistics still move: there is more than one kind of "
    "BatchNorm, and a model may be a BatchNorm layer itself. model.eval() reaches all of them.",
    "erased": "BatchNorm is no longer what it was: alone in evaluation mode, a picture must come "
    "out as before.",
    "batch": "The running statistics stand still, but in training mode BatchNorm does not use "
    "them: the output for a picture depends on the others in its batch.",
}


def _flat() -> nn.Module:
    """A convolution, a BatchNorm layer and a linear layer."""
    backbone = (nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
    return nn.Sequential(*backbone, nn.Flatten(), nn.Linear(4, 2))


def _nested() -> nn.Module:
    def block(n):
        return nn.Sequential(nn.Conv2d(n, n, 3, padding=1), nn.BatchNorm2d(n), nn.ReLU())

    stages = nn.ModuleDict({"early": Residual(block(3)), "late": Residual(Residual(block(3)))})
    return Residual(nn.Sequential(*stages.values()))


def _with_a_head() -> nn.Module:
    head = nn.Sequential(nn.BatchNorm1d(5), nn.Linear(5, 2))
    return nn.Sequential(nn.Conv2d(3, 5, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)


def _alone() -> nn.Module:
    return nn.BatchNorm2d(3)


# Each kind of model, with what moving statistics mean there.
MODELS = [
    (_flat, "statistics"),
    (_nested, "deep statistics"),
    (_with_a_head, "some statistics"),
    (_alone, "some statistics"),
]


def _must(holds, fault):
    if not holds:
        raise Fault(SAYS[fault])


def _look_at_frozen(make_frozen):
    """Raises what is still open or moves in one of several models, "right" if nothing is."""
    with torch.random.fork_rng(devices=[]):
        for place, (make, statistics) in enumerate(MODELS):
            torch.default_generator.manual_seed(place)
            model = make()
            model(torch.rand(6, 3, 9, 9) * 2)  # running statistics that are not those of the start
            before = copy.deepcopy(model)
            returned = make_frozen(model)
            if returned in (None, Ellipsis) and _untouched(model, before):
                return [None]
            _must(returned not in (None, Ellipsis), "not returned")
            _must(isinstance(returned, nn.Module), "not returned")
            _must(returned is model or not _untouched(model, before), "copy")
            _look_at_weights(returned, before, "some open" if place else "weights open")
            _look_at_statistics(returned, before, statistics)
    return ["right"]


def _untouched(model, before):
    flags = [[p.requires_grad for p in one.parameters()] for one in (model, before)]
    modes = [[module.training for module in one.modules()] for one in (model, before)]
    same = all(map(torch.equal, model.state_dict().values(), before.state_dict().values()))
    return flags[0] == flags[1] and modes[0] == modes[1] and same


def _look_at_weights(model, before, if_all_are_open):
    is_open = [p.requires_grad for p in model.parameters()]
    _must(not all(is_open), if_all_are_open)
    _must(not any(is_open), "some open")
    old, new = before.state_dict(), model.state_dict()
    _must(old.keys() == new.keys(), "erased")
    weights = [name for name, _ in before.named_parameters()]
    _must(all(torch.equal(old[name], new[name]) for name in weights), "changed")


def _look_at_statistics(model, before, statistics):
    one, others = torch.rand(1, 3, 9, 9), torch.rand(7, 3, 9, 9) + 5
    kept = copy.deepcopy(model.state_dict())
    with torch.no_grad():
        alone = model(torch.cat([one, others * 0]))[0]
        crowded = model(torch.cat([one, others]))[0]
        expected = before.eval()(one)[0]
    moved = [name for name, value in model.state_dict().items() if not alike(kept[name], value)]
    _must(not moved, statistics)
    _must(torch.allclose(alone, crowded, atol=1e-5), "batch")
    _must(torch.allclose(alone, expected, atol=1e-5), "erased")


def _make_frozen(model):
    for parameter in model.parameters():
        parameter.requires_grad = False
    return model.eval()


def _only_gradients(model):
    return model.requires_grad_(False)


def _only_the_first_layer(model):
    next(iter(model.children()), model).requires_grad_(False)
    return model.eval()


def _only_direct_children(model):
    model.requires_grad_(False)
    for child in model.children():
        child.training = False
    return model


def _only_batch_norm_2d(model):
    model.requires_grad_(False)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    return model


def _no_momentum(model):
    model.requires_grad_(False)
    for module in model.modules():
        module.momentum = 0.0
        module.track_running_stats = False
    return model


def _weights_to_zero(model):
    for parameter in model.requires_grad_(False).parameters():
        parameter.zero_()
    return model.eval()


FREEZE = Function(
    "02.6",
    praise="No gradient reaches a weight, and in evaluation mode BatchNorm uses its running "
    "statistics without moving them.",
    hints=(
        "Two things move in a network: what the optimizer changes, and what a forward pass "
        "changes.",
        "requires_grad = False stops the optimizer. Which mode stops BatchNorm?",
        "Read again the section on the BatchNorm trap: which call was missing there?",
    ),
    reference=_make_frozen,
    observe=_look_at_frozen,
    mistakes=[
        (_only_gradients, SAYS["statistics"]),
        (lambda model: model.eval(), SAYS["weights open"]),
        (_only_the_first_layer, SAYS["some open"]),
        (_weights_to_zero, SAYS["changed"]),
        (_no_momentum, SAYS["batch"]),
        (_only_direct_children, SAYS["deep statistics"]),
        (_only_batch_norm_2d, SAYS["some statistics"]),
        (lambda model: _make_frozen(copy.deepcopy(model)), SAYS["copy"]),
        (lambda model: _make_frozen(model) and None, SAYS["not returned"]),
    ],
)
