"""Exercise 03.7: a whole transfer by fine-tuning, data in, a number with its interval out."""

import copy
import random
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np
import torch
from scipy import stats
from torch import nn
from torch.nn.functional import cross_entropy

from tlhelpers.course.answer_differences import array_of
from tlhelpers.course.exercise_book.lesson_03_faults import SAYS, must
from tlhelpers.course.exercise_book.lesson_03_rounds import Rounds, are_same
from tlhelpers.course.exercise_book.watched_training import Net, Pass, Record, weights_of
from tlhelpers.course.exercise_kinds import Function
from tlhelpers.course.watched_answer import Fault, Watched, random_numbers_kept
from tlhelpers.evaluation.significance import wilson

# ---------------------------------------------------------------- what is asked


def _rows_net(n_in: int, n_classes: int) -> Net:
    return Net(nn.Linear(n_in, 16), nn.Tanh(), nn.Linear(16, n_classes))


def _dropping_net(n_in: int, n_classes: int) -> Net:
    """Dropout and LayerNorm, which has no running statistics."""
    layers = nn.Linear(n_in, 24), nn.LayerNorm(24), nn.GELU(), nn.Dropout(0.3)
    return Net(nn.Dropout(0.1), *layers, nn.Linear(24, n_classes))


def _pictures_net(channels: int, n_classes: int) -> Net:
    """Two blocks, of which the first is frozen with its BatchNorm, and dropout."""
    early = nn.Conv2d(channels, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU()
    late = nn.Conv2d(8, 10, 3, bias=False), nn.BatchNorm2d(10), nn.ReLU()
    head = nn.Flatten(), nn.Dropout(0.5), nn.Linear(40, n_classes)
    net = Net(*early, *late, *head)
    net.layers[:2].requires_grad_(False)
    return net


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


def _data(rng, n: int, n_classes: int, shape: tuple, spread: float):
    """Items around the middle of their class; the first class is twice as large as the others."""
    labels = rng.permutation(np.arange(n) % (n_classes + 1) % n_classes)
    middles = rng.normal(size=(n_classes, *shape))
    middles *= 4 / np.linalg.norm(middles.reshape(n_classes, -1), axis=1).reshape(
        -1, *(1 for _ in shape)
    )
    x = middles[labels] + spread * rng.normal(size=(n, *shape))
    return torch.tensor(x, dtype=torch.float32), torch.tensor(labels)


def _case(where, seed, make, shape, sizes, lr=0.05, epochs=14, spread=0.4) -> Case:
    """Training labels are right; one in five of the others is not, so that errors are left."""
    rng = np.random.default_rng(seed)
    n_train, n_test, n_idle, n_classes = sizes
    x, y = _data(rng, n_train + n_test + n_idle, n_classes, shape, spread)
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
    unlike = "where the test items are unlike"
    unlike = _case(unlike, 2, _dropping_net, (5,), (24, 41, 9, 4), 0.04, 20, 1.5)
    return (
        rows,
        replace(rows, where="where there is one epoch", lr=0.3, epochs=1),
        _judged_by_the_old_model(unlike),
        _case(
            "where each item is a picture", 3, _pictures_net, (2, 6, 6), (40, 27, 11, 3), spread=1.0
        ),
        _case("where only the head trains", 4, _only_the_head, (7,), (32, 22, 6, 2)),
    )


# ---------------------------------------------------------------- what a call leaves behind


class Trace:
    """What the learner's function returned for a case, and what it left of the model."""

    def __init__(self, transfer, case: Case):
        self.case = case
        self.model = copy.deepcopy(case.model)
        self.model.record = self.record = Record(case.x, case.y, self.model)
        self.before, self.weights_before = _state(self.model), weights_of(self.model)
        self.flags = [weight.requires_grad for weight in self.model.parameters()]
        _seed_all()
        try:
            given = case.x.clone(), case.y.clone(), case.train.copy(), case.test.copy()
            with self.record.follows_optimizers():
                self.result = transfer(self.model, *given, case.lr, case.epochs)
        except Exception as error:
            if isinstance(transfer, Watched) and "frozen tensors moved" in str(error):
                raise Fault(SAYS["statistics"]) from error  # what the course's fit found
            raise
        self.model.record = None
        self.model.cpu()
        self.after, self.weights_after = _state(self.model), weights_of(self.model)
        self.is_same_kind = self.before.keys() == self.after.keys() and all(
            old.shape == self.after[name].shape for name, old in self.before.items()
        )

    @property
    def passes(self) -> list[Pass]:
        """All forward passes, in their order."""
        return self.record.passes

    def moved(self, names) -> list[str]:
        """Those of these tensors that are no longer what they were."""
        return [name for name in names if not torch.equal(self.before[name], self.after[name])]

    def weights(self, trained: bool) -> list[str]:
        """The names of the weights that were given to be trained, or of the frozen ones."""
        named = self.case.model.named_parameters()
        return [name for name, weight in named if weight.requires_grad == trained]

    def is_untouched(self) -> bool:
        """Whether nothing was done with the model."""
        return self.is_same_kind and not self.passes and not self.moved(self.before)

    def logits(self, items, model=None) -> torch.Tensor:
        """What the model that is left gives for these items in evaluation mode, or another one."""
        with torch.no_grad():
            return (model or self.model).eval()(self.case.x[items])

    def accuracy(self, items, model=None) -> float:
        """The share of these items that the model has right, or another one."""
        right = self.logits(items, model).argmax(dim=1) == self.case.y[items]
        return right.double().mean().item()

    @cached_property
    def at_the_end(self) -> list[Pass]:
        """The passes of the tuned model, or of a copy of it."""
        return [one for one in self.passes if are_same(one.weights, self.weights_after)]

    @cached_property
    def looks(self) -> list[Pass]:
        """The passes of test items through a model that was not yet, or not, tuned to the end."""
        tests = [one for one in self.passes if np.isin(one.items, self.case.test).any()]
        return [one for one in tests if not are_same(one.weights, self.weights_after)]


def _state(model) -> dict[str, torch.Tensor]:
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}


def _seed_all() -> None:
    """So that two calls draw the same dropout, and differ by what they are given alone."""
    torch.default_generator.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002
    random.seed(5)


# ---------------------------------------------------------------- the judgement


def _look_at_transfer(transfer):
    """Raises what is wrong with a transfer in one of several cases, "right" if nothing is."""
    with random_numbers_kept(), _one_thread():
        for case in _cases():
            trace = Trace(transfer, case)
            if (trace.result is None or trace.result is Ellipsis) and trace.is_untouched():
                return [None]
            numbers = _three_numbers(trace)
            _look_at_model(trace)
            _look_at_steps(trace)
            _look_at_accuracy(trace, *numbers)
            _look_at_interval(trace, *numbers)
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
    must(result is not None and result is not Ellipsis, "nothing")
    arrays = None
    with suppress(TypeError, ValueError, OverflowError):
        arrays = [array_of(one) for one in result] if not isinstance(result, (dict, set)) else None
    must(arrays is not None and len(arrays) == 3, "form")
    must(all(a is not None and a.size == 1 and a.dtype.kind in "iuf" for a in arrays), "form")
    return [float(a.reshape(())) for a in arrays]


def _look_at_model(trace: Trace) -> None:
    """It is the same model, and what is frozen has stayed."""
    must(trace.is_same_kind and repr(trace.model) == repr(trace.case.model), "another")
    for name, old in trace.before.items():
        new = trace.after[name].dtype
        must(old.dtype == new, "kind", old=_name_of(old.dtype), new=_name_of(new))
    must([w.requires_grad for w in trace.model.parameters()] == trace.flags, "flags")
    must(not trace.moved(trace.weights(trained=False)), "frozen moved")
    frozen = {name.rpartition(".")[0] for name in trace.weights(trained=False)}
    buffers = dict(trace.case.model.named_buffers())
    held = [name for name in buffers if name.rpartition(".")[0] in frozen]
    must(not trace.moved(held), "statistics")


def _name_of(kind: torch.dtype) -> str:
    return str(kind).removeprefix("torch.")


def _look_at_steps(trace: Trace) -> None:
    """As many steps as epochs, each on all training items, and on nothing else."""
    has_moved = bool(trace.moved(trace.weights(trained=True)))
    must(not (has_moved and trace.record.lost), "unseen")
    rounds = Rounds(trace.case, trace.weights_before, has_looked=bool(trace.looks))
    rounds.follow(trace.record.events)
    must(has_moved or not rounds.steps, "copy")
    must(not has_moved or rounds.round or rounds.steps, "unseen")
    rounds.end(trace.weights_after)
    for one in trace.passes:
        if one.in_training_mode and not one.came_back:  # where BatchNorm learns from them
            must((one.items >= 0).all(), "changed")
            must(np.isin(one.items, [*trace.case.train, *trace.case.test]).all(), "idle")


def _look_at_accuracy(trace: Trace, accuracy: float, low: float, high: float) -> None:
    """The accuracy is what the tuned model was seen to have on the test items."""
    case, n = trace.case, len(trace.case.test)
    passes = [one for one in trace.at_the_end if np.isin(one.items, case.test).any()]
    must(not any(one.in_training_mode for one in passes), "training mode")
    said = {i: name for one in passes for i, name in zip(one.items, one.predicted, strict=True)}
    is_whole = set(case.test) <= set(said)
    hits = sum(said[i] == case.y[i] for i in case.test) if is_whole else -n
    is_changed = any((one.items < 0).any() for one in trace.at_the_end)
    if is_whole and np.isclose(accuracy, hits / n, rtol=0, atol=1e-5):
        must(not trace.looks, "looked")
        must(not is_changed, "changed")
        return
    _look_at_other_accuracies(trace, accuracy, low, high)
    must(not is_changed, "changed")
    is_old = all(are_same(one.weights, trace.weights_before) for one in trace.looks)
    must(is_whole or not trace.looks, "old" if is_old else "early")
    must(is_whole, "unmeasured")
    raise Fault(SAYS["accuracy"].format(right=int(hits), n=n, given=accuracy))


def _look_at_other_accuracies(trace: Trace, accuracy: float, low: float, high: float) -> None:
    """What is returned may be known: in percent, in another order, of other items."""
    n, actual = len(trace.case.test), trace.accuracy(trace.case.test)
    if np.isclose(accuracy, actual, rtol=0, atol=1e-5):
        return
    ends = wilson(round(actual * n), n)
    must(not np.allclose([accuracy, low, high], 100 * np.array([actual, *ends])), "percent")
    must(not np.isclose(accuracy, 100 * actual), "percent")
    must(not np.allclose(sorted([accuracy, low, high]), [ends[0], actual, ends[1]]), "order")
    for fault, value in _other_accuracies(trace, actual):
        must(not np.isclose(accuracy, value, rtol=0, atol=1e-5), fault)
    must(not any(accuracy == round(actual, places) for places in range(5)), "rounded")
    must(len(trace.looks) < 2, "looked")


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
    yield "loss of test", cross_entropy(trace.logits(case.test), truth).item()
    yield "by class", float(np.mean(classes))


def _look_at_interval(trace: Trace, accuracy: float, low: float, high: float) -> None:
    """The interval is that of the count that the accuracy stands for."""
    n = len(trace.case.test)
    right = round(accuracy * n)
    ends = np.array(wilson(right, n))
    if np.allclose([low, high], ends, rtol=0, atol=1e-5):
        return
    must(not np.allclose([high, low], ends, rtol=0, atol=1e-5), "swapped")
    must(not np.allclose([low, high], 100 * ends), "percent")
    must(not any(np.allclose([low, high], ends.round(k), rtol=0) for k in range(6)), "rounded")
    for fault, others in _other_intervals(trace, right, n):
        must(not np.allclose([low, high], others, rtol=0, atol=2e-3), fault)
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
        (
            lambda *given: _transfer(*given[:-1], 7),
            SAYS["few"].format(count=7, epochs=14),
        ),
        (
            lambda *given: _transfer(*given[:-1], 2 * given[-1]),
            SAYS["many"].format(count=28, epochs=14),
        ),
        (
            lambda *given: _transfer(*given[:-2], 0.01, given[-1]),
            SAYS["rate"].format(rate=0.01, lr=0.05),
        ),
        (_tune_a_copy, SAYS["copy"]),
        (_measure_the_old, SAYS["old"]),
        (lambda m, x, y, a, b, *how: _measure(m, x[b], y[b]), SAYS["no step"]),
        (_unfreeze, SAYS["flags"]),
        (_let_statistics_move, SAYS["statistics"]),
        (_measure_in_training_mode, SAYS["training mode"]),
        (_choose_the_epoch, SAYS["chosen"]),
        (_report_the_best, SAYS["looked"]),
        (_climb, SAYS["upwards"]),
    ],
)
