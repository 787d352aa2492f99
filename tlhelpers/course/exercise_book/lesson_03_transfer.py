"""Exercise 03.7: a whole transfer by fine-tuning, data in, a number with its interval out."""

import copy
import random
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from scipy import stats
from torch import nn
from torch.nn.functional import cross_entropy

from tlhelpers.course.answer_differences import array_of
from tlhelpers.course.exercise_kinds import Function
from tlhelpers.course.watched_answer import Fault, Watched, random_numbers_kept
from tlhelpers.evaluation.significance import wilson

# ---------------------------------------------------------------- models that tell who used them


class Call(NamedTuple):
    """One forward pass: the items that went in, -1 for what is none of them, and how."""

    items: np.ndarray
    in_training_mode: bool
    with_gradient: bool
    predicted: np.ndarray
    sum_of_weights: float


class Record:
    """The forward passes of a model and of its copies."""

    def __init__(self, x: torch.Tensor):
        self.first_numbers = x.flatten(1)[:, 0].clone()  # no two items have the same
        self.calls: list[Call] = []
        self.is_whole = True

    def __deepcopy__(self, memo):
        return self  # a copy of the model writes into the same record

    def note(self, model, x, logits) -> None:
        """Keep what can be seen of a pass; inside torch.func there is little to see."""
        self.is_whole = False
        with torch.no_grad(), suppress(Exception):
            found = x.detach().cpu().flatten(1)[:, :1] == self.first_numbers
            items = torch.where(found.any(dim=1), found.float().argmax(dim=1), -1).numpy()
            total = float(sum(weight.double().sum() for weight in model.parameters()))
            predicted = logits.detach().argmax(dim=1).cpu().numpy()
            call = Call(items, model.training, logits.requires_grad, predicted, total)
            self.calls.append(call)
            self.is_whole = True


class Net(nn.Module):
    """Layers in a row that write down what goes through them."""

    def __init__(self, *layers: nn.Module):
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.record: Record | None = None

    def layer_groups(self) -> list[list[nn.Module]]:
        """What the course's fit asks a model for."""
        return [[layer] for layer in self.layers if any(True for _ in layer.parameters())]

    def forward(self, x):
        logits = self.layers(x)
        if self.record is not None:
            self.record.note(self, x, logits)
        return logits


def _rows_net(n_in: int, n_classes: int) -> Net:
    return Net(nn.Linear(n_in, 16), nn.Tanh(), nn.Linear(16, n_classes))


def _pictures_net(channels: int, n_classes: int) -> Net:
    """Two blocks, of which the first is frozen with its BatchNorm, and dropout."""
    early = nn.Conv2d(channels, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU()
    late = nn.Conv2d(8, 10, 3, bias=False), nn.BatchNorm2d(10), nn.ReLU()
    head = nn.Flatten(), nn.Dropout(0.5), nn.Linear(40, n_classes)
    net = Net(*early, *late, *head)
    net.layers[:2].requires_grad_(False)
    return net


# ---------------------------------------------------------------- what is asked


@dataclass(frozen=True)
class Case:
    """One call of the learner's function, and the situation in words."""

    where: str
    model: Net
    x: torch.Tensor
    y: torch.Tensor
    train: np.ndarray
    test: np.ndarray
    lr: float
    epochs: int

    @property
    def has_tiny_rate(self) -> bool:
        """Whether steps are too small to learn anything."""
        return self.lr < 1e-6

    def with_another_test_side(self) -> "Case":
        """The same training items; the others are like them instead, and fewer are tested.

        So what is learned helps there, whatever the test side of the case is like."""
        rng = np.random.default_rng(9)
        others = np.setdiff1d(np.arange(len(self.x)), self.train)
        like = rng.choice(self.train, len(others))
        x, y = self.x.clone(), self.y.clone()
        x[others] = x[like] + torch.tensor(0.3 * rng.normal(size=x[like].shape), dtype=x.dtype)
        y[others] = y[like]
        return replace(self, x=x, y=y, test=self.test[:-3])


def _data(rng, n: int, n_classes: int, shape: tuple) -> tuple[torch.Tensor, torch.Tensor]:
    """Items around the middle of their class, which lie far from each other."""
    labels = rng.permutation(np.arange(n) % n_classes)
    middles = rng.normal(size=(n_classes, *shape))
    middles *= 4 / np.linalg.norm(middles.reshape(n_classes, -1), axis=1).reshape(
        -1, *(1 for _ in shape)
    )
    x = middles[labels] + 0.4 * rng.normal(size=(n, *shape))
    return torch.tensor(x, dtype=torch.float32), torch.tensor(labels)


def _case(where, seed, make, shape, sizes, lr=0.05, epochs=24) -> Case:
    """Training labels are right; one in five of the others is not, so that errors are left."""
    rng = np.random.default_rng(seed)
    n_train, n_test, n_idle, n_classes = sizes
    x, y = _data(rng, n_train + n_test + n_idle, n_classes, shape)
    order = rng.permutation(len(x))
    others = order[n_train:]
    wrong = rng.permutation(others[:n_test])[: n_test // 5]
    y[wrong] = (y[wrong] + 1) % n_classes
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        model = make(shape[0], n_classes)
        with torch.no_grad():
            for _ in range(20):  # running statistics that are not those of the start
                model(torch.randn(32, *shape) * 1.5)
    return Case(where, model, x, y, order[:n_train], others[:n_test], lr, epochs)


def _judged_by_the_old_model(case: Case) -> Case:
    """Test labels that the model knows before it is tuned, and that tuning moves it away from."""
    model = copy.deepcopy(case.model).eval()
    y = case.y.clone()
    with torch.no_grad():
        y[case.test] = model(case.x[case.test]).argmax(dim=1)
    y[case.test[:3]] = (y[case.test[:3]] + 1) % (int(case.y.max()) + 1)
    return replace(case, y=y)


def _only_the_head(n_in: int, n_classes: int) -> Net:
    net = _rows_net(n_in, n_classes)
    net.layers[:1].requires_grad_(False)
    return net


@cache
def _cases() -> tuple[Case, ...]:
    rows = _case("where each item is a row", 1, _rows_net, (6,), (36, 25, 14, 3))
    unlike = _case("where the test items are unlike", 2, _rows_net, (5,), (24, 41, 9, 4), 0.02, 40)
    return (
        rows,
        replace(rows, where="where the rate is tiny", lr=1e-7, epochs=3),
        _judged_by_the_old_model(unlike),
        _case("where each item is a picture", 3, _pictures_net, (2, 6, 6), (40, 27, 11, 3)),
        _case("where only the head trains", 4, _only_the_head, (7,), (32, 22, 6, 2)),
    )


# ---------------------------------------------------------------- what a call leaves behind


class Trace:
    """What the learner's function returned for a case, and what it left of the model."""

    def __init__(self, transfer, case: Case):
        self.case = case
        self.model = copy.deepcopy(case.model)
        self.model.record = self.record = Record(case.x)
        self.before = _state(self.model)
        self.flags = [weight.requires_grad for weight in self.model.parameters()]
        _seed_all()
        try:
            given = case.x.clone(), case.y.clone(), case.train.copy(), case.test.copy()
            self.result = transfer(self.model, *given, case.lr, case.epochs)
        except Exception as error:
            if isinstance(transfer, Watched) and "frozen tensors moved" in str(error):
                raise Fault(SAYS["statistics"]) from error  # what the course's fit found
            raise
        self.model.record = None
        self.model.cpu()
        self.after = _state(self.model)
        self.is_same_kind = self.before.keys() == self.after.keys()

    @property
    def calls(self) -> list[Call]:
        """All forward passes, in their order."""
        return self.record.calls

    def moved(self, names) -> list[str]:
        """Those of these tensors that are no longer what they were."""
        return [name for name in names if not torch.equal(self.before[name], self.after[name])]

    def weights(self, trained: bool) -> list[str]:
        """The names of the weights that were given to be trained, or of the frozen ones."""
        named = self.case.model.named_parameters()
        return [name for name, weight in named if weight.requires_grad == trained]

    def is_untouched(self) -> bool:
        """Whether nothing was done with the model."""
        return self.is_same_kind and not self.calls and not self.moved(self.before)

    def logits(self, items, model=None) -> torch.Tensor:
        """What the model that is left gives for these items in evaluation mode, or another one."""
        with torch.no_grad():
            return (model or self.model).eval()(self.case.x[items])

    def accuracy(self, items, model=None) -> float:
        """The share of these items that the model has right, or another one."""
        right = self.logits(items, model).argmax(dim=1) == self.case.y[items]
        return right.double().mean().item()

    def steps(self) -> list[int]:
        """The places of the passes with a gradient that training items went through."""
        known = [*self.case.train, -1]
        return [
            place
            for place, call in enumerate(self.calls)
            if call.with_gradient and np.isin(call.items, known).any()
        ]

    def passes(self) -> float:
        """How often the training items went through with a gradient, on average."""
        known = [*self.case.train, -1]
        count = sum(np.isin(self.calls[place].items, known).sum() for place in self.steps())
        return count / len(self.case.train)

    def on_test_items(self) -> list[int]:
        """The places of the passes that test items went through, without training ones."""
        return [
            place
            for place, call in enumerate(self.calls)
            if np.isin(call.items, self.case.test).any()
            and not np.isin(call.items, self.case.train).any()
        ]


def _state(model) -> dict[str, torch.Tensor]:
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}


def _seed_all() -> None:
    """So that two calls draw the same dropout, and differ by what they are given alone."""
    torch.default_generator.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002
    random.seed(5)


# ---------------------------------------------------------------- the judgement

SAYS = {
    "nothing": "The model is tuned, but nothing is returned: return the accuracy on the test "
    "items and the two ends of its interval.",
    "form": "Return three numbers: the accuracy on the test items and the lower and the upper end "
    "of its interval.",
    "another": "The model is no longer what it was: it has other layers or names. Tune the weights "
    "that it has.",
    "flags": "Your function opens or freezes weights: leave requires_grad as it is.",
    "frozen moved": "A frozen weight moved: what is frozen must stay as it is. Give the optimizer "
    "only weights with requires_grad.",
    "statistics": "The running statistics of a frozen BatchNorm layer moved: in training mode each "
    "forward pass moves them, whatever requires_grad says. Call hold_statistics(model), or put "
    "such layers into evaluation mode after each model.train().",
    "copy": "You tuned a copy: the model that was given is as it was. Tune the model itself.",
    "no step": "No weight has moved. Each round needs a loss, its backward() and the optimizer's "
    "step().",
    "some still": "Some weights that may train have not moved: tune all that are not frozen.",
    "seen": "Other test items lead to other weights: the model is trained on them, or they go "
    "through it in training mode. Take x[train] and y[train] before you train.",
    "idle": "Items that are neither in `train` nor in `test` have a part in the training. Tune on "
    "the training items alone.",
    "chosen": "The test items decide about the training: when it stops, or which epoch is kept. "
    "Then the number is too good. Train to the end, then measure once.",
    "the best": "That is what the test items gave at some earlier point of the training. The best "
    "of several looks at the test side is too good: measure once, after the last step.",
    "not again": "Two calls on the same items give different weights, so that nobody can see "
    "whether the test items have a part in it. Seed what you draw.",
    "few": "The training items go through the model fewer than `epochs` times: make a step in "
    "each epoch, and do not stop early.",
    "lr": "With a tiny rate the weights move far: hand `lr` to the optimizer.",
    "epochs": "`epochs` makes no difference: the number of steps must follow it.",
    "training mode": "The test items are measured in training mode, where dropout drops and "
    "BatchNorm uses the batch at hand: call model.eval() first.",
    "percent": "That is in percent. Return shares between 0 and 1.",
    "order": "The three numbers are in another order: accuracy, lower end, upper end.",
    "swapped": "Lower and upper end are swapped: the lower one comes first.",
    "rounded": "You rounded the numbers. Return them as they come out.",
    "errors": "That is the share of wrong answers: the accuracy is the share of right ones.",
    "count": "That is the number of right answers: divide it by the number of test items.",
    "loss": "That is the loss on the test items: the accuracy is the share that is right.",
    "old": "That is the accuracy before tuning, measured with the old weights: measure the tuned "
    "model.",
    "of train": "That is the accuracy on the training items, which the model has learned: measure "
    "on the test items.",
    "of all": "That is the accuracy on all items. The training items are among them: measure on "
    "the test items alone.",
    "of others": "That is the accuracy on all items outside of `train`. Some of them are not in "
    "`test`: measure on x[test].",
    "by class": "That is the mean over the classes. The accuracy counts each test item the same.",
    "accuracy": "After your call the model is right on {right} of {n} test items in evaluation "
    "mode, and you return {given:.3f}.",
    "normal": "That is the normal approximation, accuracy ± 1.96 standard errors, which goes wrong "
    "near 0 and 1. Use wilson(right, n).",
    "n of train": "The interval is for as many items as `train` has: its n is the number of test "
    "items.",
    "n of all": "The interval is for as many items as there are in all: its n is the number of "
    "test items.",
    "interval of train": "That is the interval of the accuracy on the training items: it belongs "
    "to the count on the test items.",
    "interval of old": "That is the interval of the accuracy before tuning.",
    "distances": "The ends are given as distances from the accuracy: return the ends themselves.",
    "level": "That is an interval of another level: 95 % are asked for.",
    "other kind": "That is another kind of interval (exact, or with a correction). Use "
    "wilson(right, n).",
    "interval": "For {right} right of {n} the 95 % Wilson interval goes from {low:.3f} to "
    "{high:.3f}.",
    "not learned": "The model has hardly learned: afterwards it does not even know its training "
    "items, {where}. Does each step go against the gradient of the cross-entropy, at the rate lr?",
}


def _must(holds, fault, **words):
    if not holds:
        raise Fault(SAYS[fault].format(**words))


def _look_at_transfer(transfer):
    """Raises what is wrong with a transfer in one of several cases, "right" if nothing is."""
    passes = {}
    with random_numbers_kept(), _one_thread():
        for case in _cases():
            trace = Trace(transfer, case)
            if (trace.result is None or trace.result is Ellipsis) and trace.is_untouched():
                return [None]
            numbers = _three_numbers(trace)
            _look_at_weights(trace)
            _look_at_the_test_side(transfer, trace)
            _look_at_steps(trace, passes)
            _look_at_accuracy(trace, *numbers)
            _look_at_interval(trace, *numbers)
            _look_at_learning(trace)
    return ["right"]


@contextmanager
def _one_thread():
    """Tiny models are quicker on one core, above all where others use the cores as well."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _three_numbers(trace: Trace) -> list[float]:
    """What was returned as floats, or a Fault that says what it is instead."""
    result = trace.result
    _must(result is not None and result is not Ellipsis, "nothing")
    arrays = None
    with suppress(TypeError, ValueError, OverflowError):
        arrays = [array_of(one) for one in result] if not isinstance(result, (dict, set)) else None
    _must(arrays is not None and len(arrays) == 3, "form")
    _must(all(a is not None and a.size == 1 and a.dtype.kind in "iuf" for a in arrays), "form")
    return [float(a.reshape(())) for a in arrays]


def _look_at_weights(trace: Trace) -> None:
    """What is frozen has stayed, the rest has moved."""
    _must(trace.is_same_kind, "another")
    _must([w.requires_grad for w in trace.model.parameters()] == trace.flags, "flags")
    _must(not trace.moved(trace.weights(trained=False)), "frozen moved")
    frozen = {name.rpartition(".")[0] for name in trace.weights(trained=False)}
    buffers = dict(trace.case.model.named_buffers())
    held = [name for name in buffers if name.rpartition(".")[0] in frozen]
    _must(not trace.moved(held), "statistics")
    if trace.case.has_tiny_rate:  # a step may be too small for float32
        return
    trained = trace.weights(trained=True)
    moved = trace.moved(trained)
    if not moved:
        several = {call.sum_of_weights for call in trace.calls}
        raise Fault(SAYS["copy" if len(several) > 1 else "no step"])
    _must(len(moved) == len(trained), "some still")


def _look_at_the_test_side(transfer, trace: Trace) -> None:
    """Another test side must lead to the same weights."""
    if trace.case.has_tiny_rate or _alike(
        trace, Trace(transfer, trace.case.with_another_test_side())
    ):
        return
    _must(_alike(trace, Trace(transfer, trace.case)), "not again")
    steps = trace.steps()
    _must(steps, "seen")
    trained_on = np.concatenate([trace.calls[place].items for place in steps])
    _must(not np.isin(trained_on, trace.case.test).any(), "seen")
    known = [*trace.case.train, -1]
    _must(np.isin(trained_on, known).all(), "idle")
    tests = trace.on_test_items()
    _must(not (steps and tests and tests[0] < steps[-1]), "chosen")
    _must(not any(trace.calls[place].in_training_mode for place in tests), "training mode")
    raise Fault(SAYS["seen"])


def _alike(one: Trace, other: Trace) -> bool:
    """Whether two calls left the same model, but for what an accelerator rounds."""
    return one.after.keys() == other.after.keys() and all(
        torch.allclose(value.double(), other.after[name].double(), rtol=1e-3, atol=1e-3)
        for name, value in one.after.items()
    )


def _look_at_steps(trace: Trace, passes: dict[int, float]) -> None:
    """As many steps as epochs, at the rate that was given."""
    case = trace.case
    if case.has_tiny_rate:
        names = trace.weights(trained=True)
        farthest = max((trace.after[n] - trace.before[n]).abs().max().item() for n in names)
        _must(farthest < 1e-3, "lr")
    if not trace.record.is_whole or not trace.calls:
        return
    count = trace.passes()
    _must(all(e == case.epochs or c != count for e, c in passes.items()), "epochs")
    passes[case.epochs] = count
    if count < case.epochs - 0.01:
        steps, tests = trace.steps(), trace.on_test_items()
        raise Fault(SAYS["chosen" if steps and tests and tests[0] < steps[-1] else "few"])


def _look_at_accuracy(trace: Trace, accuracy: float, low: float, high: float) -> None:
    """The accuracy is the one that the tuned model has on the test items."""
    case = trace.case
    n, actual = len(case.test), trace.accuracy(case.test)
    if _is_that_of(trace, accuracy):
        return
    ends = wilson(round(actual * n), n)
    _must(not np.allclose([accuracy, low, high], 100 * np.array([actual, *ends])), "percent")
    _must(not np.isclose(accuracy, 100 * actual), "percent")
    _must(not np.allclose(sorted([accuracy, low, high]), [ends[0], actual, ends[1]]), "order")
    tests = trace.on_test_items()
    if tests and trace.calls[tests[-1]].in_training_mode:
        raise Fault(SAYS["training mode"])
    for fault, value in _other_accuracies(trace, actual):
        _must(not np.isclose(accuracy, value, rtol=0, atol=1e-5), fault)
    _must(not any(accuracy == round(actual, places) for places in range(5)), "rounded")
    looks = [_share_right(trace, trace.calls[place]) for place in tests]
    _must(len(looks) < 2 or not np.isclose(looks, accuracy, atol=1e-5).any(), "the best")
    raise Fault(SAYS["accuracy"].format(right=round(actual * n), n=n, given=accuracy))


def _is_that_of(trace: Trace, accuracy: float) -> bool:
    """Whether the model has this accuracy, were items that lie on a border on its other side.

    An accelerator computes a little less exactly, so that such an item may fall to either."""
    case = trace.case
    logits = trace.logits(case.test)
    first, second = logits.topk(2, dim=1).values.T
    unsure = int((first - second < 1e-3 * logits.abs().max()).sum())
    right = accuracy * len(case.test)
    off = abs(round(right) - round(trace.accuracy(case.test) * len(case.test)))
    return abs(right - round(right)) < 1e-3 and off <= unsure


def _other_accuracies(trace: Trace, actual: float):
    """What known mistakes return instead, the likely ones first."""
    case = trace.case
    everything = np.arange(len(case.x))
    truth, predicted = case.y[case.test], trace.logits(case.test).argmax(dim=1)
    classes = [(predicted[truth == c] == c).double().mean().item() for c in truth.unique()]
    yield "errors", 1 - actual
    yield "count", actual * len(case.test)
    yield "old", trace.accuracy(case.test, copy.deepcopy(case.model))
    yield "of train", trace.accuracy(case.train)
    yield "of all", trace.accuracy(everything)
    yield "of others", trace.accuracy(np.setdiff1d(everything, case.train))
    yield "loss", cross_entropy(trace.logits(case.test), truth).item()
    yield "by class", float(np.mean(classes))


def _share_right(trace: Trace, call: Call) -> float:
    is_item = call.items >= 0
    truth = trace.case.y.numpy()[call.items[is_item]]
    return float((call.predicted[is_item] == truth).mean())


def _look_at_interval(trace: Trace, accuracy: float, low: float, high: float) -> None:
    """The interval is that of the count that the accuracy stands for."""
    n = len(trace.case.test)
    right = round(accuracy * n)
    ends = np.array(wilson(right, n))
    if np.allclose([low, high], ends, rtol=0, atol=1e-5):
        return
    _must(not np.allclose([high, low], ends, rtol=0, atol=1e-5), "swapped")
    _must(not np.allclose([low, high], 100 * ends), "percent")
    _must(not any(np.allclose([low, high], ends.round(k), rtol=0) for k in range(6)), "rounded")
    for fault, others in _other_intervals(trace, right, n):
        _must(not np.allclose([low, high], others, rtol=0, atol=2e-3), fault)
    raise Fault(SAYS["interval"].format(right=right, n=n, low=ends[0], high=ends[1]))


def _other_intervals(trace: Trace, right: int, n: int):
    """What known mistakes return instead, each with the words for it."""
    share = right / n
    low, high = wilson(right, n)
    error = 1.96 * (share * (1 - share) / n) ** 0.5
    yield "normal", (share - error, share + error)
    yield "normal", np.clip([share - error, share + error], 0, 1)
    yield "distances", (share - low, high - share)
    yield "distances", (error, error)
    for fault, items in (("n of train", trace.case.train), ("n of all", trace.case.x)):
        if right <= len(items):
            yield fault, wilson(right, len(items))
        yield fault, wilson(round(share * len(items)), len(items))
    for fault, items, model in (
        ("interval of train", trace.case.train, trace.model),
        ("interval of old", trace.case.test, copy.deepcopy(trace.case.model)),
    ):
        yield fault, wilson(round(trace.accuracy(items, model) * len(items)), len(items))
    test = stats.binomtest(right, n)
    for level in (0.68, 0.9, 0.99):
        yield "level", tuple(test.proportion_ci(level, method="wilson"))
    for method in ("exact", "wilsoncc"):
        yield "other kind", tuple(test.proportion_ci(0.95, method=method))


def _look_at_learning(trace: Trace) -> None:
    """The model knows the items that it was trained on, which it did not before."""
    if not trace.case.has_tiny_rate:
        _must(trace.accuracy(trace.case.train) >= 0.85, "not learned", where=trace.case.where)


# ---------------------------------------------------------------- the right way, and wrong ones


def _tune(model, x, y, lr, epochs, sign=1.0, weights=None):
    """Full-batch steps on these items; a frozen BatchNorm layer keeps its statistics."""
    weights = weights or [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=lr)
    model.train()
    for module in model.modules():
        own = list(module.parameters(recurse=False))
        if own and not any(weight.requires_grad for weight in own):
            module.eval()
    for _ in range(epochs):
        optimizer.zero_grad()
        (sign * cross_entropy(model(x), y)).backward()
        optimizer.step()


def _measure(model, x, y, interval=wilson, of=float):
    with torch.no_grad():
        right = int((model.eval()(x).argmax(dim=1) == y).sum())
    return (of(right / len(y)), *interval(right, len(y)))


def _transfer(model, x, y, train, test, lr, epochs, tuned_on=None, measured_on=None, **options):
    """The whole way, right or with other items or another interval."""
    items = train if tuned_on is None else tuned_on
    _tune(model, x[items], y[items], lr, epochs)
    items = test if measured_on is None else measured_on
    return _measure(model, x[items], y[items], **options)


def _tune_a_copy(model, x, y, train, test, lr, epochs):
    return _transfer(copy.deepcopy(model), x, y, train, test, lr, epochs)


def _measure_the_old(model, x, y, train, test, lr, epochs):
    old = copy.deepcopy(model)
    _tune(model, x[train], y[train], lr, epochs)
    return _measure(old, x[test], y[test])


def _unfreeze(model, *given):
    return _transfer(model.requires_grad_(True), *given)


def _let_statistics_move(model, x, y, train, test, lr, epochs):
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=lr)
    for _ in range(epochs):
        optimizer.zero_grad()
        cross_entropy(model.train()(x[train]), y[train]).backward()
        optimizer.step()
    return _measure(model, x[test], y[test])


def _measure_in_training_mode(model, x, y, train, test, lr, epochs):
    _tune(model, x[train], y[train], lr, epochs)
    right = int((model(x[test]).argmax(dim=1) == y[test]).sum())
    return right / len(test), *wilson(right, len(test))


def _choose_the_epoch(model, x, y, train, test, lr, epochs):
    best, kept = (-1.0, 0.0, 0.0), None
    for _ in range(epochs):
        _tune(model, x[train], y[train], lr, 1)
        measured = _measure(model, x[test], y[test])
        if measured[0] > best[0]:
            best, kept = measured, _state(model)
    model.load_state_dict(kept)
    return best


def _report_the_best(model, x, y, train, test, lr, epochs):
    found = []
    for _ in range(epochs):
        _tune(model, x[train], y[train], lr, 1)
        found.append(_measure(model, x[test], y[test]))
    return max(found)


def _climb(model, x, y, train, test, lr, epochs):
    _tune(model, x[train], y[train], lr, epochs, sign=-1.0)
    return _measure(model, x[test], y[test])


def _normal(right, n):
    error = 1.96 * (right / n * (1 - right / n) / n) ** 0.5
    return right / n - error, right / n + error


TRANSFER = Function(
    "03.7",
    praise="Data in, a number with its interval out: what is frozen stood, the test items were "
    "asked once, at the end, and the interval says how much one test set can tell.",
    hints=(
        "Four parts: hold what must stay, tune on x[train] and y[train], predict x[test] in "
        "evaluation mode, and count what is right.",
        "hold_statistics(model) first. Then fit with a function of indices, lambda items: "
        "x[train][items], with y[train] as labels and batch_size=len(train); predict takes such "
        "a function for the test items.",
        "Read help(fit) and help(predict) for functions as data. The last line returns "
        "right / len(test) and both numbers of wilson(right, len(test)).",
    ),
    reference=_transfer,
    observe=_look_at_transfer,
    mistakes=[
        (
            lambda m, x, y, a, b, *how: _transfer(m, x, y, a, b, *how, measured_on=a),
            SAYS["of train"],
        ),
        (
            lambda m, x, y, a, b, *how: _transfer(m, x, y, a, b, *how, tuned_on=np.r_[a, b]),
            SAYS["seen"],
        ),
        (
            lambda m, x, y, a, b, *how: _transfer(m, x, y, a, b, *how, measured_on=slice(None)),
            SAYS["of all"],
        ),
        (lambda *given: _transfer(*given, interval=_normal), SAYS["normal"]),
        (lambda *given: _transfer(*given, interval=lambda *c: wilson(*c)[::-1]), SAYS["swapped"]),
        (lambda *given: _transfer(*given, of=lambda share: 100 * share), SAYS["percent"]),
        (lambda *given: _transfer(*given) and None, SAYS["nothing"]),
        (lambda *given: _transfer(*given)[0], SAYS["form"]),
        (lambda *given: _transfer(*given[:-1], 1), SAYS["few"]),
        (lambda *given: _transfer(*given[:-2], 0.01, given[-1]), SAYS["lr"]),
        (_tune_a_copy, SAYS["copy"]),
        (_measure_the_old, SAYS["old"]),
        (lambda m, x, y, a, b, *how: _measure(m, x[b], y[b]), SAYS["no step"]),
        (_unfreeze, SAYS["flags"]),
        (_let_statistics_move, SAYS["statistics"]),
        (_measure_in_training_mode, SAYS["training mode"]),
        (_choose_the_epoch, SAYS["chosen"]),
        (_report_the_best, SAYS["the best"]),
        (_climb, SAYS["not learned"].format(where="where each item is a row")),
    ],
)
