"""Exercise 14.2: a temperature, chosen among some by the log loss."""

from functools import partial

import numpy as np
from scipy.special import log_softmax, softmax

from tlhelpers.course.exercise_kinds import Function, on_drawn


def _items(rng, n, classes, true_temperature, large=1.0):
    """Scores whose softmax at a temperature is what the labels are drawn by."""
    scores = rng.normal(size=(n, classes)) * 2 * large
    chances = softmax(scores / true_temperature, axis=1)
    labels = np.array([rng.choice(classes, p=row) for row in chances])
    return scores, labels


def _all_right(rng, right=True):
    scores = rng.normal(size=(12, 3))
    order = scores.argsort(axis=1)
    return scores, order[:, -1] if right else order[:, 0]


def _draw_scores(rng):
    tried = [0.2, 0.5, 0.8, 1.25, 2.0, 3.0, 5.0]
    return {
        "where the head says too much": (*_items(rng, 60, 2, 3.0), tried),
        "where the head says too little": (*_items(rng, 50, 2, 0.4), [0.25, 0.5, 1.0, 2.0]),
        "where there are four classes": (*_items(rng, 70, 4, 2.0), tried),
        "where the candidates stand in no order": (*_items(rng, 60, 3, 3.0), [5.0, 0.5, 3.0, 1.0]),
        "where every answer is right": (*_all_right(rng), [2.0, 0.5, 1.0]),
        "where every answer is wrong": (*_all_right(rng, False), [1.0, 4.0, 2.0]),
        "where there is one candidate": (*_items(rng, 9, 2, 1.0), [1.5]),
        "where all candidates are equally good": (np.zeros((6, 3)), np.arange(6) % 3, [3.0, 1.0]),
        "where the scores are in the thousands": (
            *_items(rng, 40, 3, 2000.0, large=1000.0),
            [500.0, 1.0, 2000.0, 9000.0],
        ),
    }


def _loss(scores, labels):
    return -log_softmax(scores, axis=1)[np.arange(len(labels)), labels].mean()


def _best(scores, labels, candidates, loss=_loss, pick=np.argmin):
    losses = [loss(scores / T, labels) for T in candidates]
    return candidates[int(pick(losses))]


def _last_of_equals(losses):
    return len(losses) - 1 - int(np.argmin(losses[::-1]))


def _plain_loss(scores, labels):
    with np.errstate(all="ignore"):
        powers = np.exp(scores)
        chances = powers / powers.sum(axis=1, keepdims=True)
        return -np.log(chances[np.arange(len(labels)), labels]).mean()


def _of_answer(scores, labels):
    return _loss(scores, scores.argmax(axis=1))


def _probability(scores, labels):
    return -softmax(scores, axis=1)[np.arange(len(labels)), labels].mean()


def _gap(scores, labels):
    chances = softmax(scores, axis=1)
    return abs(chances.max(axis=1).mean() - (scores.argmax(axis=1) == labels).mean())


def _brier(scores, labels):
    return ((softmax(scores, axis=1) - np.eye(scores.shape[1])[labels]) ** 2).sum(axis=1).mean()


def _over_items(scores, labels):
    return -log_softmax(scores, axis=0)[np.arange(len(labels)), labels].mean()


def _middle(scores, labels):
    return np.median(-log_softmax(scores, axis=1)[np.arange(len(labels)), labels])


TEMPERATURE = Function(
    "14.2",
    praise="The log loss punishes a true class that got nearly no chance, and one that got less "
    "than it could as well: it is smallest where the probabilities fit. No answer has changed.",
    hints=(
        "For one candidate: divide, take the softmax of each row, and look up the probability of "
        "the true class. What is the mean of its −log?",
        "scaled = scores / candidate; scaled -= scaled.max(axis=1, keepdims=True). Then "
        "scaled[np.arange(len(labels)), labels] - np.log(np.exp(scaled).sum(axis=1)) is the "
        "logarithm of the probability of the true class.",
        "Collect -that.mean() for every candidate, and return candidates[np.argmin(losses)]: of "
        "equal ones np.argmin takes the first.",
    ),
    reference=_best,
    observe=on_drawn(_draw_scores),
    mistakes=[
        (
            lambda s, y, candidates: candidates[np.argmin([_loss(s * T, y) for T in candidates])],
            "You multiplied the scores by the temperature. Divide them.",
        ),
        (
            partial(_best, pick=np.argmax),
            "You took the candidate with the largest loss. The smallest is asked for.",
        ),
        (
            partial(_best, loss=_of_answer),
            "You took the probability of the class that the head names. Take that of the true "
            "class, labels: a confidence can always be raised, and that does not make it fit.",
        ),
        (
            partial(_best, loss=_probability),
            "You left out the logarithm: the mean of the probability itself is not the log loss.",
        ),
        (
            partial(_best, loss=_gap),
            "You chose by the distance of mean confidence and accuracy. The log loss looks at each "
            "item.",
        ),
        (
            partial(_best, loss=_brier),
            "You chose by the squared distance of probabilities and truth (Brier). Take −log of "
            "the probability of the true class.",
        ),
        (
            partial(_best, loss=_over_items),
            "You took the softmax over the items. It is over the classes of each row: axis=1.",
        ),
        (
            partial(_best, loss=_middle),
            "You took the median of the losses. Take the mean.",
        ),
        (
            lambda s, y, candidates: int(np.argmin([_loss(s / T, y) for T in candidates])),
            "That is the place of the best candidate in the list. Return the candidate itself.",
        ),
        (
            lambda s, y, candidates: min(_loss(s / T, y) for T in candidates),
            "That is the smallest loss. Return the temperature that gives it.",
        ),
        (
            lambda s, y, candidates: candidates[0],
            "Your choice is always the first candidate. Accuracy cannot choose: a temperature "
            "changes no answer. And probabilities that are divided and made to add up to 1 again "
            "are the same as before: divide the scores.",
        ),
        (
            partial(_best, pick=_last_of_equals),
            "Right where one candidate is best. Of equally good ones take the first.",
        ),
        (
            partial(_best, loss=_plain_loss),
            "Right where the scores are small. np.exp of several thousand is infinite: subtract "
            "each row's maximum first, and do not take the logarithm of a probability of 0.",
        ),
        (
            lambda s, y, candidates: min(candidates),
            "Your choice is always the smallest candidate, which makes every answer as "
            "confident as possible.",
        ),
        (
            lambda s, y, candidates: max(candidates),
            "Your choice is always the largest candidate, which makes all classes alike.",
        ),
        (
            lambda s, y, candidates: 1 / _best(s, y, candidates),
            "That is 1 divided by the temperature.",
        ),
    ],
)
