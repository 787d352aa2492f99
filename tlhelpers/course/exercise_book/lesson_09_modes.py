"""Exercise 09.5: predictions that depend on no neighbour and leave the model as it was."""

import copy

import numpy as np
import torch
from torch import nn

from tlhelpers.course.answer_differences import array_of
from tlhelpers.course.exercise_book.nested_models import Residual
from tlhelpers.course.exercise_kinds import Function
from tlhelpers.course.watched_answer import Fault

SAYS = {
    "classes": "Return the classes, whole numbers of shape (n,): for each item the place of its "
    "largest logit, argmax(dim=1).",
    "length": "There are {n} items, and you return {given} classes. Is the last, smaller batch in "
    "it?",
    "large": "More than `batch` items went through the model at once: cut x into parts, "
    "x.split(batch).",
    "training": "The answers are given in training mode, where BatchNorm uses the batch at hand "
    "and dropout drops: call model.eval() first.",
    "some training": "Some layers are still in training mode, such as dropout, or layers in "
    "other layers: model.eval() reaches all of them.",
    "moved": "The running statistics are no longer what they were: in training mode each forward "
    "pass moves them. Call model.eval() before the first.",
    "gradients": "The weights have gradients, or other flags, than before: leave requires_grad as "
    "it is, and call no backward().",
    "left": "The model is left in evaluation mode, and it was in training mode. Note the mode of "
    "each module before, and put it back.",
    "thawed": "A layer that was in evaluation mode is in training mode now, or the other way "
    "round: model.train() sets all modules to one mode. Note `module.training` for each of "
    "model.modules(), and put each back.",
    "weights": "The weights are no longer what they were.",
    "order": "The classes are not those of the items in their order.",
}


class _Diary:
    """How many items went through at once, and in which mode; a copied model writes into it too."""

    def __init__(self):
        self.sizes, self.some, self.all = [], False, False

    def __deepcopy__(self, memo):
        return self


class _Noted(nn.Module):
    """A network that writes into its diary."""

    def __init__(self, inner: nn.Module):
        super().__init__()
        self.inner, self.diary = inner, _Diary()

    def forward(self, x):
        moving = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd)
        modes = [m.training for m in self.modules() if isinstance(m, moving)]
        self.diary.sizes.append(len(x))
        self.diary.some |= any(modes)
        self.diary.all |= bool(modes) and all(modes)
        return self.inner(x)


def _flat() -> nn.Module:
    layers = (nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 4))
    return nn.Sequential(*layers)


def _nested() -> nn.Module:
    block = nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6), nn.Dropout(0.4))
    return nn.Sequential(Residual(Residual(block)), nn.ReLU(), nn.Linear(6, 5))


def _half_frozen() -> nn.Module:
    """In training mode, but for its first BatchNorm layer, which stands still."""
    model = nn.Sequential(nn.BatchNorm1d(6), nn.Linear(6, 7), nn.BatchNorm1d(7), nn.Linear(7, 3))
    model[0].eval()
    return model


def _plain() -> nn.Module:
    return nn.Sequential(nn.Linear(6, 9), nn.Tanh(), nn.Linear(9, 3))


# How each model is made, whether it begins in evaluation mode, how many items, how large a batch.
CASES = [
    (_flat, False, 37, 8),
    (_flat, True, 16, 16),
    (_nested, False, 22, 5),
    (_half_frozen, False, 24, 24),
    (_half_frozen, False, 13, 1),
    (_plain, False, 5, 64),
    (_nested, True, 9, 2),
]


def _must(holds, fault, **words):
    if not holds:
        raise Fault(SAYS[fault].format(**words))


def _look(function):
    """Raises what is wrong with the answers, or with what is left of the model."""
    with torch.random.fork_rng(devices=[]):
        for seed, (make, still, n, batch) in enumerate(CASES):
            torch.default_generator.manual_seed(seed)
            model, x = _prepared(make), torch.randn(n, 6) * 2
            if still:
                model.eval()
            before = copy.deepcopy(model)
            model.diary = _Diary()
            result = function(model, x, batch)
            if result is None or result is Ellipsis:
                return [None]
            _look_at_answers(result, model, before, x, batch)
            _look_at_model(model, before)
    return ["right"]


def _prepared(make) -> _Noted:
    """A model whose running statistics are not those of the start, and far from a batch's."""
    inner = make()
    for module in inner.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.running_mean.uniform_(-2, 2)
            module.running_var.uniform_(0.2, 4)
    return _Noted(inner)


def _look_at_answers(result, model, before, x, batch) -> None:
    given = array_of(result)
    _must(given is not None and given.dtype.kind in "iu" and given.ndim == 1, "classes")
    _must(max(model.diary.sizes, default=0) <= batch, "large")
    _must(len(given) == len(x), "length", n=len(x), given=len(given))
    _must(not model.diary.all, "training")
    _must(not model.diary.some, "some training")
    with torch.no_grad():
        expected = copy.deepcopy(before).eval()(x).argmax(dim=1).numpy()
    _must(np.array_equal(given, expected), "order")


def _look_at_model(model, before) -> None:
    old, new = before.state_dict(), model.state_dict()
    statistics = [name for name in old if "running" in name or "num_batches" in name]
    _must(all(torch.equal(old[name], new[name]) for name in statistics), "moved")
    _must(all(torch.equal(old[name], new[name]) for name in old), "weights")
    flags = [[(p.requires_grad, p.grad is None) for p in m.parameters()] for m in (model, before)]
    _must(flags[0] == flags[1], "gradients")
    pairs = list(zip(model.modules(), before.modules(), strict=True))
    _must(any(m.training for m, _ in pairs) >= any(b.training for _, b in pairs), "left")
    _must(all(m.training == b.training for m, b in pairs), "thawed")


def _answers(model, x, batch):
    with torch.no_grad():
        return torch.cat([model(part).argmax(dim=1) for part in x.split(batch)]).numpy()


def _predicted(model, x, batch):
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    found = _answers(model, x, batch)
    for module, mode in modes:
        module.training = mode
    return found


def _left_in_evaluation(model, x, batch):
    return _answers(model.eval(), x, batch)


def _all_back_to_train(model, x, batch):
    found = _answers(model.eval(), x, batch)
    model.train()
    return found


def _only_batch_norm(model, x, batch):
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm1d) and m.training]
    for module in norms:
        module.eval()
    found = _answers(model, x, batch)
    for module in norms:
        module.train()
    return found


def _at_once(model, x, batch):
    return _predicted(model, x, len(x))


def _last_batch_lost(model, x, batch):
    whole = max(1, len(x) // batch) * batch
    return _predicted(model, x[:whole], batch)


def _logits(model, x, batch):
    with torch.no_grad():
        return copy.deepcopy(model).eval()(x[:batch])


def _frozen(model, x, batch):
    found = _predicted(model, x, batch)
    model.requires_grad_(False)
    return found


def _backwards(model, x, batch):
    return _predicted(model, x, batch)[::-1].copy()


MODES = Function(
    "09.5",
    praise="Evaluation mode for all modules, no gradients, and every module back in the mode in "
    "which it was: whoever calls this in the middle of a training will not notice it.",
    hints=(
        "Three things: the mode before the passes, the passes in parts, the mode after them.",
        "modes = [(module, module.training) for module in model.modules()] notes the mode of each "
        "module; model.eval() comes after it.",
        "with torch.no_grad(): go through x.split(batch), keep model(part).argmax(dim=1), and join "
        "with torch.cat. Afterwards module.training = mode for each pair. (Or work on "
        "copy.deepcopy(model).eval() and leave the model alone.)",
    ),
    reference=_predicted,
    observe=_look,
    mistakes=[
        (_answers, SAYS["training"]),
        (_left_in_evaluation, SAYS["left"]),
        (_all_back_to_train, SAYS["thawed"]),
        (_only_batch_norm, SAYS["some training"]),
        (_at_once, SAYS["large"]),
        (_last_batch_lost, SAYS["length"].format(n=37, given=32)),
        (_logits, SAYS["classes"]),
        (_frozen, SAYS["gradients"]),
        (_backwards, SAYS["order"]),
    ],
)
