"""Exercise 07.3: CORAL by hand."""

from functools import partial

import numpy as np

from tlhelpers.course.exercise_book.in_turn import in_turn
from tlhelpers.course.exercise_kinds import Function, on_drawn


def _rows(rng, n, d, scale=1.0):
    """Rows whose features go together, around a mean that is not 0."""
    mixed = np.eye(d) + rng.uniform(-0.8, 0.8, (d, d))
    return scale * rng.normal(size=(n, d)) * np.geomspace(0.4, 3, d) @ mixed + rng.normal(0, 3, d)


def _draw_domains(rng):
    n, m = int(rng.integers(9, 14)), int(rng.integers(6, 9))
    return {
        "where the source has more rows": (_rows(rng, n, 3), _rows(rng, m, 3)),
        "where the target has more rows": (_rows(rng, m, 4), _rows(rng, n, 4)),
        "where there are two features": (_rows(rng, m, 2), _rows(rng, n, 2)),
        "where there are many features": (_rows(rng, 20, 7), _rows(rng, 15, 7)),
        "where the target is spread wider": (_rows(rng, n, 3), _rows(rng, m, 3, 6.0)),
        "where variances are small": (_rows(rng, n, 3, 0.1), _rows(rng, m, 3, 0.2)),
    }


def _draw_flat_domains(rng):
    """A covariance without an inverse."""
    source, target = _rows(rng, 9, 3), _rows(rng, 6, 3)
    return {
        "where a feature is constant in the source": (source * [1, 0, 1], target),
        "where there are fewer rows than features": (source[:2], target * [1, 1, 0]),
        "where both domains have two rows": (_rows(rng, 2, 5), _rows(rng, 2, 5)),
    }


def _power(matrix, exponent):
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * values**exponent) @ vectors.T


def _power_of_rows(matrix, exponent):
    values, vectors = np.linalg.eigh(matrix)
    return (vectors.T * values**exponent) @ vectors


def _power_of_values(matrix, exponent):
    return np.diag(np.linalg.eigvalsh(matrix) ** exponent)


def _cholesky(matrix, exponent):
    root = np.linalg.cholesky(matrix).T
    return root if exponent > 0 else np.linalg.inv(root)


def _matrices(source, target, own=-0.5, wanted=0.5, add=np.eye, bias=False, power=_power):
    covariance = partial(np.cov, rowvar=False, bias=bias)
    own = power(covariance(source) + add(source.shape[1]), own)
    return own, power(covariance(target) + add(source.shape[1]), wanted)


def _coral(source, target, **options):
    white, colour = _matrices(source, target, **options)
    return (source - source.mean(axis=0)) @ white @ colour + target.mean(axis=0)


def _coral_by(covariance):
    """CORAL with another matrix in the place of the covariance."""

    def coral(source, target):
        own, wanted = (covariance(rows) + np.eye(rows.shape[1]) for rows in (source, target))
        moved = (source - source.mean(axis=0)) @ _power(own, -0.5) @ _power(wanted, 0.5)
        return moved + target.mean(axis=0)

    return coral


def _coral_of_one_mean(source, target):
    white, colour = _matrices(source, target)
    return (source - source.mean()) @ white @ colour + target.mean()


def _coral_in_units(source, target):
    """The identity in units of the mean variance, as `align_covariance` adds it."""
    covariances = [np.cov(rows, rowvar=False) for rows in (source, target)]
    a, b = (c + np.trace(c) / len(c) * np.eye(len(c)) for c in covariances)
    return (source - source.mean(axis=0)) @ _power(a, -0.5) @ _power(b, 0.5) + target.mean(axis=0)


def _coral_not_centred(source, target):
    white, colour = _matrices(source, target)
    return source @ white @ colour + target.mean(axis=0)


def _coral_centred_late(source, target):
    white, colour = _matrices(source, target)
    return source @ white @ colour - source.mean(axis=0) + target.mean(axis=0)


def _coral_swapped(source, target):
    white, colour = _matrices(target, source)
    return (source - source.mean(axis=0)) @ white @ colour + target.mean(axis=0)


def _coral_colour_first(source, target):
    white, colour = _matrices(source, target)
    return (source - source.mean(axis=0)) @ colour @ white + target.mean(axis=0)


def _coral_of_both(source, target):
    """Whitened by the covariance of all rows together."""
    both = np.cov(np.concatenate([source, target]), rowvar=False)
    _, colour = _matrices(source, target)
    white = _power(both + np.eye(len(both)), -0.5)
    return (source - source.mean(axis=0)) @ white @ colour + target.mean(axis=0)


def _coral_one_identity(source, target):
    white, _ = _matrices(source, target)
    colour = _power(np.cov(target, rowvar=False), 0.5)
    return (source - source.mean(axis=0)) @ white @ colour + target.mean(axis=0)


CORAL = Function(
    "07.3",
    praise="First the source's own pattern is taken out, then the target's is put in, and no "
    "label was asked for. The identity keeps small variances from being blown up, so the "
    "match is not exact.",
    hints=(
        "Four steps in this order: subtract the source's mean, whiten, colour, add the "
        "target's mean.",
        "For a symmetric matrix, values, vectors = np.linalg.eigh(matrix), and its power p is "
        "(vectors * values**p) @ vectors.T. Whitening takes p = −1/2 of the source, colouring "
        "p = 1/2 of the target.",
        "np.eye(d) is the identity. Print the covariance of the rows after whitening and after "
        "colouring: what should it be near? help(align_covariance) names the paper.",
    ),
    reference=_coral,
    observe=in_turn(
        _coral,
        on_drawn(_draw_domains),
        on_drawn(_draw_flat_domains),
    ),
    mistakes=[
        (
            _coral_not_centred,
            "You did not subtract the source's mean, so the matrices moved it along, and the "
            "target's mean was added to that.",
        ),
        (
            _coral_centred_late,
            "You subtracted the source's mean after the matrices. By then it has become "
            "another one: centre first.",
        ),
        (
            lambda s, t: _coral(s, t) - t.mean(axis=0),
            "The rows now lie around 0. Add the target's mean at the end.",
        ),
        (
            lambda s, t: _coral(s, t) - t.mean(axis=0) + s.mean(axis=0),
            "You put the source's own mean back. The rows should lie around the target's.",
        ),
        (
            _coral_swapped,
            "The covariances are swapped: whiten by the source's, colour by the target's.",
        ),
        (
            lambda s, t: _coral(t, s),
            "You moved the target to the source. It is the source that is moved: a head "
            "trained on it is then used on target rows as they are.",
        ),
        (
            _coral_colour_first,
            "You coloured before you whitened. The order of matrices counts: take the source's "
            "own pattern out first.",
        ),
        (
            partial(_coral, own=-1, wanted=1),
            "You took the powers −1 and 1. A covariance holds squares, so its roots are "
            "needed: −1/2 and 1/2.",
        ),
        (
            partial(_coral, own=-1),
            "You whitened with the power −1, the inverse. Take the root of it: −1/2.",
        ),
        (
            partial(_coral, wanted=1),
            "You coloured with the covariance itself. Take its root, the power 1/2.",
        ),
        (
            partial(_coral, own=0.5),
            "You multiplied by the source's pattern once more. To take it out, the power is −1/2.",
        ),
        (
            partial(_coral, wanted=0),
            "The rows are whitened and moved to the target's mean, but not coloured.",
        ),
        (
            partial(_coral, own=0),
            "The rows are coloured, but not whitened: the source's own pattern is still there.",
        ),
        (
            partial(_coral, power=lambda matrix, exponent: matrix**exponent),
            "You took the power of each number by itself, and a root of a number below 0 is "
            "nan. The power of a matrix is another thing: use np.linalg.eigh.",
        ),
        (
            partial(_coral, power=lambda m, p: np.diag(np.diag(m) ** p)),
            "You used the variances alone. How features go together is in the rest of the "
            "covariance.",
        ),
        (
            partial(_coral, add=lambda d: np.zeros((d, d))),
            "The identity is missing: add np.eye(d) to both covariances before you take a power.",
        ),
        (
            _coral_one_identity,
            "You added the identity to the source's covariance only. The target's gets it too.",
        ),
        (
            _coral_of_both,
            "You whitened by the covariance of both domains together. Take the source's own.",
        ),
        (
            partial(_coral, add=lambda d: 1),
            "You added 1 to every number of the covariances. The identity has ones on its "
            "diagonal only: np.eye(d).",
        ),
        (
            partial(_coral, bias=True),
            "Your covariances divide by n. np.cov by itself divides by n − 1.",
        ),
        (
            partial(_coral, power=_power_of_rows),
            "np.linalg.eigh puts its vectors into the columns. Put the matrix together as "
            "(vectors * values**p) @ vectors.T.",
        ),
        (
            partial(_coral, power=_cholesky),
            "A Cholesky factor is a root of another kind: it turns the rows as well. Use the "
            "symmetric one, by np.linalg.eigh.",
        ),
        (
            partial(_coral, power=_power_of_values),
            "You used the eigenvalues alone, without their vectors. The power of the matrix is "
            "(vectors * values**p) @ vectors.T.",
        ),
        (
            _coral_by(partial(np.corrcoef, rowvar=False)),
            "You took the correlations. The covariance keeps the scale of each feature: np.cov.",
        ),
        (
            _coral_by(lambda rows: rows.T @ rows / len(rows)),
            "You multiplied rows that were not centred. np.cov subtracts the mean by itself.",
        ),
        (
            _coral_of_one_mean,
            "You took one mean over all numbers of a domain. Each feature has its own: axis=0.",
        ),
        (
            lambda s, t: _coral(s, t) - t.mean(axis=0) + t.mean(),
            "You added one mean over all numbers of the target. Each feature has its own: axis=0.",
        ),
        (
            partial(_coral, add=lambda d: 2 * np.eye(d)),
            "You added the identity twice. Add np.eye(d) once to each covariance.",
        ),
        (
            _coral_in_units,
            "You added the identity in units of the mean variance, as align_covariance does. Here "
            "it is added as it is.",
        ),
        (
            partial(_coral, add=lambda d: 1e-6 * np.eye(d)),
            "You added a small multiple of the identity. Add np.eye(d) as it is.",
        ),
        (
            lambda s, t: s - s.mean(axis=0) + t.mean(axis=0),
            "You moved the mean alone. Between the two steps come whitening by the source's matrix "
            "and colouring by the target's: with the same one for both, they undo each other.",
        ),
        (
            lambda s, t: _coral(s, t).T,
            "The result is transposed: rows stay rows, so the matrices stand on the right.",
        ),
    ],
)
