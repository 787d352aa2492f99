"""Exercise 08.5: gradient reversal without a class."""

import torch

from tlhelpers.course.exercise_kinds import Function, on_drawn
from tlhelpers.course.watched_answer import Fault

SAYS = {
    "no tensor": "Your function returns no tensor, but {}. The domain head needs a tensor that "
    "gradients pass through.",
    "a class": "You used a torch.autograd.Function, which this exercise forbids: write it without "
    "a class of your own. One line with x.detach() is enough.",
    "changed": "Your function changes `x`, which the class head still needs. Make a new tensor.",
}


def _features(rng, *shape):
    """Features, and how much each counts for the domain head and for the class head."""
    return tuple(torch.tensor(rng.normal(size=shape)) for _ in range(3))


def _draw_features(rng):
    return {
        "where strength is below 1": (rng.uniform(0.2, 0.8), *_features(rng, 3, 4)),
        "where strength is above 1": (rng.uniform(1.5, 3), *_features(rng, 5)),
        "where strength is 1": (1.0, *_features(rng, 2, 3)),
        "where strength is 0": (0.0, *_features(rng, 2, 2)),
        "where strength is a whole number": (2, *_features(rng, 4, 1)),
        "where strength is very small": (0.01, *_features(rng, 4, 2)),
        "where x has four axes": (0.7, *_features(rng, 2, 3, 2, 2)),
        "where x is float32": (0.4, *(x.float() for x in _features(rng, 3, 3))),
    }


def _look_at_reverse(reverse):
    """What comes out, and the gradient of both heads together, for leaves and for features."""

    def call(strength, features, by_domain, by_class):
        seen = []
        for is_leaf in (True, False):
            leaf = features.clone().requires_grad_()
            x = leaf if is_leaf else 1 * leaf
            y = reverse(x, strength)
            if y is None or y is Ellipsis:
                return None
            _look_at_form(y, x, features)
            loss = (by_domain * y).sum() + (by_class * x).sum()
            seen += [y, torch.autograd.grad(loss, leaf)[0]]
        return seen

    return on_drawn(_draw_features)(call)


def _look_at_form(y, x, features):
    if not isinstance(y, torch.Tensor):
        raise Fault(SAYS["no tensor"].format(type(y).__name__))
    if not torch.equal(x, features):
        raise Fault(SAYS["changed"])
    if _uses_a_class(y.grad_fn):
        raise Fault(SAYS["a class"])
    if y.shape != x.shape:
        raise Fault(f"The result has the shape {tuple(y.shape)}, and x {tuple(x.shape)}.")


def _uses_a_class(node) -> bool:
    """Whether a torch.autograd.Function made a step on the way back."""
    if node is None:
        return False
    a_class = isinstance(node, torch.autograd.function.BackwardCFunction)
    # torch's own, as the hooks of a module use one, are no class of the learner's.
    own = a_class and not type(node)._forward_cls.__module__.startswith("torch.")
    return own or any(_uses_a_class(before) for before, _ in node.next_functions)


def _reverse(x, strength):
    return x.detach() * (1 + strength) - strength * x


def _hooked(x, strength):
    x.register_hook(lambda gradient: -strength * gradient)
    return x


REVERSE = Function(
    "08.5",
    praise="Forward nothing has happened; backward the domain head pushes the backbone away "
    "from "
    "what would help it. One network, two heads that pull in opposite directions.",
    hints=(
        "Build a sum of two parts: one that a gradient passes through, and one that it does not.",
        "x.detach() has the values of x, but no gradient passes through it. Which part must "
        "be -strength * x, and what has to be added so that the values are those of x?",
        "x.detach() * (1 + strength) brings the values back. Try it on a tensor with "
        "requires_grad=True: call .sum().backward() and look at x.grad.",
    ),
    reference=_reverse,
    observe=_look_at_reverse,
    mistakes=[
        (
            lambda x, strength: -strength * x,
            "The gradient is right, but the values have changed, too. The domain head should "
            "see the features as they are.",
        ),
        (
            lambda x, strength: -x,
            "You turned the values round. They should stay, and only the gradient should be "
            "multiplied by -strength.",
        ),
        (
            lambda x, strength: x.detach(),
            "The values are right, but no gradient passes at all: the backbone would not "
            "hear of "
            "the domain head.",
        ),
        (
            lambda x, strength: x.detach() * (1 - strength) + strength * x,
            "The gradient has the right size and the wrong sign: the backbone would help to "
            "tell "
            "the domains apart.",
        ),
        (
            lambda x, strength: x.clone(),
            "Nothing is reversed: the gradient passes as it is.",
        ),
        (
            lambda x, strength: 2 * x.detach() - x,
            "The gradient is reversed, but always at full strength: multiply it by strength.",
        ),
        (
            lambda x, strength: x.detach() - strength * x,
            "The gradient is right, but the values are (1 - strength) times those of x. How "
            "much of x.detach() is needed?",
        ),
        (
            lambda x, strength: x * (1 + strength) - strength * x.detach(),
            "You detached the other part: the gradient passes where it should be held back.",
        ),
        (
            lambda x, strength: x.detach() * (1 + strength) + strength * x,
            "There is a plus where a minus belongs: values and gradient are both wrong.",
        ),
        (
            lambda x, strength: x.detach() + strength * (x.detach() - x) * (1 + strength),
            "The values are right, but strength enters the gradient twice.",
        ),
        (
            lambda x, strength: 2 * x - x.detach(),
            "You detached the other part, and strength is missing: the gradient passes doubled.",
        ),
        (
            lambda x, strength: (
                x.detach() * (1 + 1 / strength) - x / strength if strength else x.detach()
            ),
            "You divided by strength. Multiply by it.",
        ),
        (
            lambda x, strength: x.detach() * (1 + 2 * strength) - 2 * strength * x,
            "The values are right, but the gradient is twice as strong as it should be.",
        ),
        (
            _hooked,
            "You hooked x itself, so whatever comes back to x is reversed, even the gradient "
            "of the class head. Only what passes through your output should be.",
        ),
    ],
)
