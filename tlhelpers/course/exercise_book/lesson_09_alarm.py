"""Exercise 09.6: the names of what moved and should have stood still."""

import numpy as np
import torch

from tlhelpers.course.exercise_book.in_turn import of_result
from tlhelpers.course.exercise_kinds import Function, on_drawn
from tlhelpers.course.watched_answer import Fault

STATE = {
    "stem.weight": (4, 3),
    "stem.norm.running_mean": (4,),
    "stem.norm.running_var": (4,),
    "stem.norm.num_batches_tracked": (),
    "blocks.10.weight": (3, 3),
    "blocks.2.weight": (3, 3),
    "head.weight": (2, 3),
    "head.bias": (2,),
    "overhead.weight": (2, 3),
    "head.weight_norm": (1,),
}
HEAD = ["head.weight", "head.bias"]


def _state(rng) -> dict[str, torch.Tensor]:
    """Weights and statistics in no order."""
    names = rng.permutation(list(STATE)).tolist()
    state = {n: torch.tensor(rng.normal(size=STATE[n]), dtype=torch.float32) for n in names}
    return state | {"stem.norm.num_batches_tracked": torch.tensor(int(rng.integers(5, 90)))}


def _moved(rng, state, names, how=lambda tensor: tensor * 1.5 + 0.1) -> dict[str, torch.Tensor]:
    """A copy in which some tensors are others, with the names in another order."""
    new = {name: value.clone() for name, value in state.items()}
    new |= {name: how(state[name]) for name in names}
    return {name: new[name] for name in rng.permutation(list(new)).tolist()}


def _least(tensor):
    """The last number, moved to the next one that float32 has."""
    moved = tensor.clone()
    flat = moved.view(-1)
    flat[-1] = torch.nextafter(flat[-1], torch.tensor(torch.inf))
    return moved


def _one_number(tensor):
    moved = tensor.clone()
    moved.view(-1)[0] += 1
    return moved


def _turned_round(tensor):
    return tensor.flatten().flip(0).view(tensor.shape).clone()


def _draw(rng) -> dict[str, tuple]:
    def situation(names, trained=HEAD, **how):
        state = _state(rng)
        return state, _moved(rng, state, [*names, *trained], **how), list(trained)

    some = ["stem.weight", "blocks.2.weight", "blocks.10.weight"]
    counted = ["stem.norm.running_mean", "stem.norm.running_var", "stem.norm.num_batches_tracked"]
    one_step = {"how": lambda tensor: tensor + 1}
    state = _state(rng)
    return {
        "where frozen weights have moved": situation(some),
        "where only what trains has moved": situation([]),
        "where nothing has moved at all": (state, _moved(rng, state, []), list(HEAD)),
        "where running statistics have moved": situation(counted, **one_step),
        "where everything has moved": situation([n for n in STATE if n not in HEAD], **one_step),
        "where nothing was meant to move": situation(["head.bias", "stem.weight"], trained=[]),
        "where names hold a trained name": situation(["overhead.weight", "head.weight_norm"]),
        "where a weight has moved by the smallest amount": situation(
            ["blocks.2.weight"], how=_least
        ),
        "where one number of a weight has moved": situation(["stem.weight"], how=_one_number),
        "where the numbers of a weight have changed their places": situation(
            ["stem.weight"], how=_turned_round
        ),
    }


def _names(before, after, trained, differ=lambda a, b: not torch.equal(a, b)):
    moved = [name for name in before if differ(before[name], after[name])]
    return sorted(name for name in moved if name not in trained)


def _read(result):
    """The names one a line: a list that lacks one is then no other form of result."""
    if isinstance(result, (set, dict)):
        raise Fault("Your function returned something without an order. Return a sorted list.")
    texts = isinstance(result, (list, tuple)) and all(isinstance(name, str) for name in result)
    return "\n".join(result) if texts else result


def _not_near(a, b):
    return not torch.allclose(a.float(), b.float())


def _other_sum(a, b):
    return bool((a.float().sum() - b.float().sum()).abs() > 1e-12)


def _no_trained_part(before, after, trained):
    found = _names(before, after, [])
    return [name for name in found if not any(part in name for part in trained)]


def _no_statistics(before, after, trained):
    return [name for name in _names(before, after, trained) if "norm.r" not in name]


def _weights_only(before, after, trained):
    return [name for name in _names(before, after, trained) if name.endswith("weight")]


def _floats_only(before, after, trained):
    return [n for n in _names(before, after, trained) if before[n].is_floating_point()]


def _as_they_come(before, after, trained):
    found = set(_names(before, after, trained))
    return [name for name in before if name in found]


def _all_of_it(a, b):
    return bool((a != b).all())


def _average(a, b):
    return bool((a - b).float().mean().abs() > 1e-6)


ALARM = Function(
    "09.6",
    praise="Bit for bit, statistics included. Called before and after a training, these few lines "
    "find decay, momentum, BatchNorm and an optimizer that was given too much.",
    hints=(
        "Go through the names of `before`, leave out those in `trained`, and compare two tensors.",
        "torch.equal(a, b) is True where two tensors agree in every number.",
        "sorted(name for name in before if name not in trained and not torch.equal(before[name], "
        "after[name]))",
    ),
    reference=_names,
    observe=of_result(_read, on_drawn(_draw)),
    mistakes=[
        (
            lambda before, after, trained: _names(before, after, []),
            "The names in `trained` are in it, too: they were meant to move.",
        ),
        (
            lambda before, after, trained: sorted(
                set(before) - set(trained) - set(_names(before, after, trained))
            ),
            "These are the names that stood still. Return those that moved.",
        ),
        (
            lambda before, after, trained: len(_names(before, after, trained)),
            "That is how many have moved. Return their names.",
        ),
        (
            lambda before, after, trained: bool(_names(before, after, trained)),
            "That says whether something moved. Return the names.",
        ),
        (
            lambda before, after, trained: _names(before, after, trained)[:1],
            "That is the first name alone. Return all of them.",
        ),
        (
            lambda before, after, trained: sorted(set(before) - set(trained)),
            "These are all names that were to stand still. Return those of them whose tensor has "
            "changed.",
        ),
        (
            lambda before, after, trained: [
                name for name in _names(before, after, []) if name in trained
            ],
            "These are the names that were meant to move. Return the others that moved.",
        ),
        (
            _weights_only,
            "You looked at weights alone. Running statistics and all else in the state count, too.",
        ),
        (
            _no_statistics,
            "Running statistics have moved as well: they are no parameters, and they are in "
            "state_dict().",
        ),
        (
            _floats_only,
            "A whole number that moved is missing: num_batches_tracked counts the passes in "
            "training mode, and shows that there were some.",
        ),
        (
            _no_trained_part,
            "You left out every name that *holds* a trained name: overhead.weight is not "
            "head.weight. Ask whether the name is in the list.",
        ),
        (
            lambda before, after, trained: _names(before, after, trained, _not_near),
            "torch.allclose takes small moves for none, and decay moves a weight by little in each "
            "step. Compare bit for bit: torch.equal.",
        ),
        (
            lambda before, after, trained: _names(before, after, trained, _other_sum),
            "You compared sums. Numbers can move and leave their sum as it was: compare each one.",
        ),
        (
            lambda before, after, trained: _names(before, after, trained, _average),
            "You compared means. Numbers can move and leave their mean as it was: compare each.",
        ),
        (
            lambda before, after, trained: _names(before, after, trained, _all_of_it),
            "A tensor has moved if *one* of its numbers has, not only if all have.",
        ),
        (
            _as_they_come,
            "The names are right, and not sorted.",
        ),
        (
            lambda before, after, trained: np.array(_names(before, after, trained))[::-1].tolist(),
            "The names are sorted from the end: sort from a to z.",
        ),
    ],
)
