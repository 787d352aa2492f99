"""Exercise 03.7: whether a transfer steps as it should, told by what its model wrote down."""

from __future__ import annotations

from collections import Counter

import numpy as np
import torch

from tlhelpers.course.exercise_book.lesson_03_faults import must
from tlhelpers.course.exercise_book.lesson_03_loss import look_at_loss
from tlhelpers.course.exercise_book.watched_training import Pass, Step, Tensors

PART = 5e-3  # of a gradient's length may be missing: an accelerator rounds
ROUGH = 5e-2  # and this in bfloat16


def are_same(one: Tensors, other: Tensors) -> bool:
    """Whether two sets of weights are equal, were one of them kept in another number format."""
    return all(torch.allclose(one[name], other[name], rtol=1e-6, atol=1e-7) for name in one)


class Rounds:
    """Follows the passes and steps of a training: a round is one gradient and the step on it."""

    def __init__(self, case, before: Tensors, has_looked: bool):
        self.case = case
        self.has_looked = has_looked  # at test items, before the end
        self.open = [n for n, weight in case.model.named_parameters() if weight.requires_grad]
        self.at = before
        self.earlier: list[Tensors] = []
        self.round: list[Pass] = []  # the passes whose gradients the next step gets
        self.wanted: Tensors = {}
        self.part = PART
        self.given: Tensors = {}  # what the optimizer got in the round before
        self.sum: Tensors = {}  # of all rounds
        self.done: set[str] = set()  # the weights that have stepped in this round
        self.steps: Counter[str] = Counter()

    def follow(self, events: list[Pass | Step]) -> None:
        """Judge each event of the network that is trained."""
        trained = _trained_net(events)
        for event in events:
            if event.net == trained:
                self._pass(event) if isinstance(event, Pass) else self._step(event)

    def end(self, after: Tensors) -> None:
        """Judge what the training has left, and how many steps it had."""
        self._arrive(after)
        count, least = self.steps[self.open[0]], min(self.steps[name] for name in self.open)
        epochs = self.case.epochs
        must(least, "no step" if not self.steps else "some still")
        must(count == max(self.steps.values()) == least, "unequal")
        must(count >= epochs or not self.has_looked, "chosen")
        must(count >= epochs, "few", count=count, epochs=epochs)
        must(count <= epochs, "many", count=count, epochs=epochs)

    def _is_over(self) -> bool:
        return bool(self.done) or not self.round

    def _pass(self, one: Pass) -> None:
        self._arrive(one.weights)
        if one.came_back:
            if self.done:
                self.round, self.done = [], set()
            self.round.append(one)

    def _arrive(self, weights: Tensors) -> None:
        """What has moved since then is a step by hand, or should not have moved."""
        if are_same(self.at, weights):
            return
        must(self.round or self.earlier, "restart")
        is_back = any(are_same(weights, old) for old in self.earlier)
        must(not is_back, "chosen" if self.has_looked else "earlier")
        must(not self._is_over(), "outside")
        self._judge_round(self.round)
        self._judge_by_hand(weights)
        self._has_stepped(self.open, weights)

    def _has_stepped(self, names, weights: Tensors) -> None:
        self.done |= set(names)
        self.steps.update(names)
        self.earlier.append(self.at)
        self.at = weights

    def _step(self, step: Step) -> None:
        self._arrive(step.before)
        inside = [one for one in step.inside if one.came_back]
        for one in inside:
            self._judge_round([one])
        if inside:
            self.done = set()
        names = [name for name in self.open if name in step.gradients]
        if not names:
            return
        must(not self.done & set(names), "twice")
        if not self.done and not inside:
            must(self.round, "gradient")
            self._judge_round(self.round)
        self._judge_gradients({name: step.gradients[name] for name in names})
        self._judge_rates({name: step.rates[name] for name in names if name in step.rates})
        if not self.earlier:
            climbs = sum(((step.after[n] - step.before[n]) * self.wanted[n]).sum() for n in names)
            must(not step.goes_up and climbs <= 0, "upwards")
        self._has_stepped(names, step.after)

    # ------------------------------------------------------------ one round

    def _judge_round(self, passes: list[Pass]) -> None:
        """Each training item was there once, with the right loss; keep the right gradient."""
        case, n = self.case, len(self.case.train)
        must(all((one.items >= 0).all() for one in passes), "changed")
        items = np.concatenate([one.items for one in passes])
        count = np.sqrt(np.concatenate([(sum(one.came_back) ** 2).sum(1) for one in passes]))
        others = ~np.isin(items, case.train)
        must(not (np.isin(items, case.test) & (count > 0)).any(), "seen")
        must(not (others & (count > 0)).any(), "idle")
        must(not others.any(), "along")
        must(len(set(items)) == len(items), "again")
        must(len(items) == n, "part", part=len(items), n=n)
        for one in passes:
            look_at_loss(one, case.y, n)
        must(not any(one.moves_frozen for one in passes), "held")
        self.part = ROUGH if any(one.is_rough for one in passes) else PART
        self.wanted = {
            name: sum(one.gradients[name] for one in passes) / n for name in passes[0].gradients
        }
        must(set(self.open) <= set(self.wanted), "flags")
        old = self.sum or dict.fromkeys(self.wanted, 0.0)
        self.sum = {name: old[name] + value for name, value in self.wanted.items()}

    def _judge_gradients(self, given: Tensors) -> None:
        """The optimizer gets the gradient of this round alone, as it is."""
        got, wanted = _joined(given), _joined(self.wanted, given)
        if not self._is_near(got, wanted):
            before = _joined(self.given, given) if set(given) <= set(self.given) else got
            must(not self._is_near(got, _joined(self.sum, given)), "old gradients")
            must(not self._is_near(got, wanted + before), "old gradients")
            must(got.any(), "erased")
            times = float(got @ wanted / (wanted @ wanted))
            must(times <= 0 or not self._is_near(got, times * wanted), "clipped", times=times)
            must(False, "gradient")
        self.given = self.given | given

    def _judge_rates(self, rates: dict[str, float]) -> None:
        lr = self.case.lr
        other = [rate for rate in rates.values() if not np.isclose(rate, lr, rtol=1e-4, atol=0)]
        if other:
            fault = "rate" if not self.earlier else "schedule"
            is_mixed = len(other) < len(rates) or len({float(f"{r:.4g}") for r in other}) > 1
            must(False, "rates" if is_mixed else fault, rate=other[0], lr=lr)

    def _judge_by_hand(self, weights: Tensors) -> None:
        """Without an optimizer a step is weight − lr · gradient."""
        moved = {name: self.at[name] - weights[name] for name in self.open}
        got, wanted = _joined(moved), self.case.lr * _joined(self.wanted, moved)
        rounding = 1e-6 * _joined(self.at).norm()
        if self._is_near(got, wanted, rounding):
            return
        is_still = [n for n in moved if not moved[n].any() and self.wanted[n].any()]
        must(len(is_still) in (0, len(moved)), "some still")
        must(
            not self._is_near(got, self.case.lr * _joined(self.sum, moved), rounding),
            "old gradients",
        )
        times = float(got @ wanted / (wanted @ wanted))
        is_along = self._is_near(got, times * wanted, rounding)
        must(not (is_along and times < 0), "upwards")
        must(not is_along, "hand rate", times=times)
        must(False, "hand")

    def _is_near(self, got: torch.Tensor, wanted: torch.Tensor, rounding: float = 1e-6) -> bool:
        return bool((got - wanted).norm() <= self.part * wanted.norm() + rounding)


def _trained_net(events: list[Pass | Step]) -> int | None:
    """The network, the one that was given or a copy, that a gradient went through at last."""
    passes = [one for e in events for one in ([e] if isinstance(e, Pass) else e.inside)]
    return next((one.net for one in reversed(passes) if one.came_back), None)


def _joined(tensors: Tensors, names=None) -> torch.Tensor:
    return torch.cat([tensors[name].flatten() for name in names or tensors])
