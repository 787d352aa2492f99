"""Exercise 08.3: the loss of Deep CORAL."""

from functools import partial

import torch

from tlhelpers.course.exercise_book.in_turn import in_turn
from tlhelpers.course.exercise_kinds import Function, on_drawn
from tlhelpers.course.watched_answer import Fault


def _rows(rng, n, d, kind=torch.float64):
    """Rows whose features differ in place and scale and go together."""
    mixed = torch.eye(d, dtype=torch.float64) + torch.tensor(rng.uniform(-0.6, 0.6, (d, d)))
    rows = torch.tensor(rng.normal(size=(n, d))) * torch.linspace(0.5, 2, d) @ mixed
    return (rows + torch.tensor(rng.normal(0, 2, d))).to(kind)


def _draw_pairs(rng):
    """Batches of the same size, on which every mistake runs."""
    a = _rows(rng, 6, 3)
    return {
        "where both batches have as many rows": (_rows(rng, 7, 3), _rows(rng, 7, 3)),
        "where there are two features": (_rows(rng, 5, 2), _rows(rng, 5, 2)),
        "where there are as many rows as features": (_rows(rng, 4, 4), _rows(rng, 4, 4)),
        "where the batches differ by a shift alone": (a, a + 3),
        "where the features are float32": tuple(_rows(rng, 6, 3, torch.float32) for _ in "ab"),
    }


def _draw_other_pairs(rng):
    n = int(rng.integers(9, 14))
    return {
        "where a has more rows": (_rows(rng, n, 3), _rows(rng, 4, 3)),
        "where b has more rows": (_rows(rng, 2, 4), _rows(rng, n, 4)),
    }


def _losses(draw):
    """The loss of each pair and its gradients; what no gradient reaches counts as 0."""

    def look(function):
        def call(a, b):
            leaves = a.clone().requires_grad_(), b.clone().requires_grad_()
            given = [1 * leaf for leaf in leaves]  # features come out of a network, as here
            loss = function(*given)
            if loss is None or loss is Ellipsis:
                return None
            for name, before, after in zip("ab", leaves, given, strict=True):
                if not torch.equal(before, after):
                    raise Fault(
                        f"Your function changes `{name}`, whose features the class head still "
                        "needs. Make a new tensor: a minus sign between two tensors makes one, "
                        "-= does not."
                    )
            _look_at_form(loss)
            return [loss, *_gradients(loss, leaves)]

        return on_drawn(draw)(call)

    return look


def _look_at_form(loss):
    shape = tuple(getattr(loss, "shape", ()))
    if shape:
        raise Fault(f"Your loss is of shape {shape}. One number is asked for, of shape ().")
    if isinstance(loss, (list, tuple, dict, set, str)):
        kind = "text" if isinstance(loss, str) else type(loss).__name__
        raise Fault(f"Your function returned a {kind}. A tensor is asked for.")


def _gradients(loss, leaves):
    found = [None, None]
    if isinstance(loss, torch.Tensor) and loss.requires_grad:
        try:
            found = torch.autograd.grad(loss.sum(), leaves, allow_unused=True)
        except RuntimeError as error:
            said = str(error).rstrip(".")
            raise Fault(f"No gradient passes through your result: torch says {said}.") from error
    return [
        torch.zeros_like(leaf) if gradient is None else gradient
        for leaf, gradient in zip(leaves, found, strict=True)
    ]


def _centred(x, axis=0):
    return x - x.mean(dim=axis, keepdim=True)


def _covariance(x, centre=_centred, fewer=1):
    rows = centre(x)
    return rows.T @ rows / (len(x) - fewer)


def _squares(difference, a):
    return difference.square().sum() / (4 * a.shape[1] ** 2)


def _coral_loss(a, b, measure=_squares, covariance=_covariance):
    return measure(covariance(a) - covariance(b), a)


def _centred_on_both(a, b):
    middle = torch.cat([a, b]).mean(dim=0)
    return _coral_loss(a, b, covariance=partial(_covariance, centre=lambda x: x - middle))


def _same_number_for_both(a, b):
    rows = _centred(b)
    return _squares(_covariance(a) - rows.T @ rows / (len(a) - 1), a)


CORAL_LOSS = Function(
    "08.3",
    praise="It is 0 where both batches have the same covariance, wherever they lie: a shift of "
    "the mean goes unnoticed. Since gradients pass through it, the backbone can make it "
    "smaller.",
    hints=(
        "Compute both covariances, subtract them, and add up the squares of all that is left.",
        "The columns are the features. With rows = x - x.mean(dim=0), the covariance is "
        "rows.T @ rows / (n - 1), n being the number of rows. In the end divide by 4 d².",
        "Compare with torch.cov(x.T), and with your function's result for two equal batches. "
        "help(fit_deep_coral) has the formula.",
    ),
    reference=_coral_loss,
    observe=in_turn(_coral_loss, _losses(_draw_pairs), _losses(_draw_other_pairs)),
    mistakes=[
        (
            partial(_coral_loss, measure=lambda c, a: c.norm() / (4 * a.shape[1] ** 2)),
            "You took the norm itself. It is squared: drop the root.",
        ),
        (
            partial(_coral_loss, covariance=partial(_covariance, centre=lambda x: x)),
            "You did not subtract the means. A covariance looks at what is left without them.",
        ),
        (
            _centred_on_both,
            "You subtracted the mean of both batches together. Each batch has its own.",
        ),
        (
            partial(_coral_loss, covariance=partial(_covariance, centre=partial(_centred, axis=1))),
            "You subtracted the mean of each row. A feature is a column: dim=0.",
        ),
        (
            partial(_coral_loss, covariance=torch.cov),
            "torch.cov takes features as rows. Yours are columns: torch.cov(x.T).",
        ),
        (
            partial(_coral_loss, measure=lambda c, a: c.square().sum() / (4 * a.shape[1])),
            "You divided by 4 d. The number of features is squared.",
        ),
        (
            partial(_coral_loss, measure=lambda c, a: c.square().mean()),
            "You divided by d² alone: the 4 is missing.",
        ),
        (
            partial(_coral_loss, measure=lambda c, a: c.square().sum()),
            "That is the sum of the squares. Divide it by 4 d².",
        ),
        (
            partial(_coral_loss, measure=lambda c, a: _squares(c, a) / a.shape[1] ** 2),
            "You divided by d² twice: a mean over all entries has done it once already.",
        ),
        (
            partial(_coral_loss, measure=lambda c, a: c.square().sum() / (4 * len(a) ** 2)),
            "You divided by the number of rows. d is the number of features, a.shape[1].",
        ),
        (
            partial(_coral_loss, measure=lambda c, a: c.sum().square() / (4 * a.shape[1] ** 2)),
            "You summed first and squared then, so that entries below and above 0 cancel. "
            "Square each of them first.",
        ),
        (
            partial(_coral_loss, measure=lambda c, a: _squares(c.diag(), a)),
            "You compared the variances alone. How features go together is in the rest of the "
            "covariance.",
        ),
        (
            partial(
                _coral_loss,
                measure=lambda c, a: torch.linalg.norm(c, 2) ** 2 / (4 * a.shape[1] ** 2),
            ),
            "For a matrix, the norm of order 2 is its largest singular value. Here all squares "
            "are added up: the norm without an order, or .square().sum().",
        ),
        (
            partial(_coral_loss, covariance=partial(_covariance, fewer=0)),
            "Your covariances divide by n. Here they divide by n − 1.",
        ),
        (
            partial(_coral_loss, covariance=lambda x: _centred(x).T @ _centred(x)),
            "You did not divide by n − 1: the more rows, the larger your matrices.",
        ),
        (
            partial(_coral_loss, covariance=lambda x: x.mean(dim=0)[None]),
            "You compared the means. What is asked for is the distance of the covariances.",
        ),
        (
            lambda a, b: _coral_loss(a, b).item(),
            "The number is right, but no gradient passes through it, so nothing can be "
            "trained. Leave out .item(), .detach() and numpy.",
        ),
        (
            lambda a, b: _coral_loss(a.detach(), b),
            "The number is right, but no gradient reaches a. Both domains should move.",
        ),
        (
            partial(_coral_loss, measure=lambda c, a: c.abs().sum() / (4 * a.shape[1] ** 2)),
            "You added up absolute values. Square the entries.",
        ),
        (
            partial(_coral_loss, measure=lambda c, a: c.square().sum() / (2 * a.shape[1] ** 2)),
            "You divided by 2 d². Divide by 4 d².",
        ),
        (
            partial(_coral_loss, measure=lambda c, a: c.square().sum() / (4 * a.shape[1]) ** 2),
            "You squared the 4 as well. d alone is squared: 4 * d**2.",
        ),
        (
            partial(_coral_loss, covariance=lambda x: torch.corrcoef(x.T)),
            "You took the correlations. The covariance keeps the scale of each feature.",
        ),
        (
            lambda a, b: -_coral_loss(a, b),
            "The sign is turned round: a loss that is made smaller should bring both together.",
        ),
        (
            lambda a, b: _coral_loss(a, b.detach()),
            "The number is right, but no gradient reaches b. Both domains should move.",
        ),
        (
            _same_number_for_both,
            "Right for batches of the same size. Otherwise each has its own n.",
        ),
    ],
)
