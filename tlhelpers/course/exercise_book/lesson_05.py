"""Exercises of lesson 05."""

import copy

import numpy as np

from tlhelpers.course.exercise_kinds import Choice, Function, on_inputs

_RNG = np.random.default_rng(5)
WORDS = ["tea", "coffee", "cup", "rain", "river", "boat", "violin", "song"]
# Rows of very different length, so that angle, product and distance disagree.
ROWS = _RNG.normal(size=(8, 3)) * np.geomspace(0.3, 8, 8)[_RNG.permutation(8), None]
# From "up", every other word lies more than a right angle away.
FAR = (["up", "down", "left", "right"], np.array([[1, 0], [-1, 0.5], [-1, -2], [-0.2, 3]]))


def _texts(*inputs):
    """Like `on_inputs`; a text out of a numpy array counts as a text."""
    call = on_inputs(*inputs)
    return lambda function: [str(x) if isinstance(x, str) else x for x in call(function)]


def _unit(rows, axis=1):
    return rows / np.linalg.norm(rows, axis=axis, keepdims=True)


def _best(score, but_itself=-np.inf):
    """The word with the highest score; `score` takes all rows and the row of the word."""

    def nearest(word, words, rows):
        place = words.index(word)
        scores = score(rows, rows[place])
        scores[place] = scores[place] if but_itself is None else but_itself
        return words[int(scores.argmax())]

    return nearest


def _cosine(rows, row):
    return _unit(rows) @ row / np.linalg.norm(row)


def _product(rows, row):
    return rows @ row


def _minus_distance(rows, row):
    return -np.linalg.norm(rows - row, axis=1)


def _minus_cosine(rows, row):
    return -_cosine(rows, row)


_nearest = _best(_cosine)


def _nearest_in_shifted_places(word, words, rows):
    place = words.index(word)
    return words[int(np.delete(_cosine(rows, rows[place]), place).argmax())]


def _second_by_product(word, words, rows):
    return words[int((rows @ rows[words.index(word)]).argsort()[-2])]


def _largest_cosine(word, words, rows):
    place = words.index(word)
    return np.delete(_cosine(rows, rows[place]), place).max()


VOCABULARY = {"good", "film", "the", "not", "plot", "music"}
TEXTS = [
    [["the", "good", "film", "the"], ["lmao"], ["the", "not", "wow", "gr8", "wow"]],
    [["wow", "wow", "wow"], ["good"], ["gr8", "The"]],
    [["good", "music"], [], ["wow", "wow", "good", "u2"]],
    [["wow"], ["gr8", "lmao"]],
]
WITHOUT_WORDS = [[], [[], []]]


def _shares(function):
    """What comes out for each list of texts; a division by zero counts as nan."""
    found = on_inputs(*((texts, VOCABULARY) for texts in TEXTS[:2]))(function)
    for texts in [*TEXTS[2:], *WITHOUT_WORDS]:
        try:
            found.append(function(copy.deepcopy(texts), set(VOCABULARY)))
        except ZeroDivisionError:
            found.append(np.nan)
    return found


def _all_words(texts):
    return [word for text in texts for word in text]


def _share(words, vocabulary, without=0.0):
    return sum(word in vocabulary for word in words) / len(words) if words else without


def _share_known(texts, vocabulary):
    return _share(_all_words(texts), vocabulary)


def _share_of_types(texts, vocabulary):
    return _share(set(_all_words(texts)), vocabulary)


def _share_of_vocabulary(texts, vocabulary):
    return len(vocabulary & set(_all_words(texts))) / len(vocabulary)


def _mean_share(texts, vocabulary):
    shares = [_share(text, vocabulary) for text in texts if text]
    return sum(shares) / len(shares) if shares else 0.0


def _mean_share_with_empty_texts(texts, vocabulary):
    shares = [_share(text, vocabulary) for text in texts]
    return sum(shares) / len(shares) if shares else 0.0


def _mean_share_unguarded(texts, vocabulary):
    return sum(_share(text, vocabulary, np.nan) for text in texts) / len(texts)


def _share_in_small_letters(texts, vocabulary):
    return _share([word.lower() for word in _all_words(texts)], vocabulary)


def _share_of_the_first(texts, vocabulary):
    return _share(texts[0], vocabulary) if texts else 0.0


VECTORS = {
    "good": np.array([1.0, 2.0, 0.5]),
    "film": np.array([-1.0, 0.3, 2.0]),
    "the": np.array([0.2, -3.0, 1.0]),
    "plot": np.array([4.0, 0.1, -0.7]),
    "not": np.array([-2.0, 1.5, 0.4]),
}
# "plot" and "not" have no weight; "gr8" has one, but no vector.
WEIGHTS = {"good": 2.0, "film": 0.5, "the": 0.1, "gr8": 4.0}
KNOWN = [
    ["the", "good", "film"],
    ["good", "plot", "good", "the"],
    ["not", "gr8", "wow", "film", "film"],
    ["gr8", "plot"],
]
UNKNOWN = [["gr8", "wow"], []]


def _vectors(function):
    """The vector of each text; without a known word, an error or a nan counts as nan."""
    found = on_inputs(*((words, VECTORS, WEIGHTS, 3) for words in KNOWN))(function)
    for words in UNKNOWN:
        given = copy.deepcopy((words, VECTORS, WEIGHTS, 3))
        try:
            vector = function(*given)
        except Exception:  # dividing by nothing, stacking nothing: each way to write it has its own
            vector = np.nan
        if isinstance(vector, (float, np.ndarray)) and np.isnan(vector).any():
            vector = np.nan
        found.append(vector)
    return found


def _weighted(divisor, without=np.zeros, keep=lambda words, weights: words):
    """A weighted sum of known words, divided by `divisor(words, known, weights)`."""

    def text_vector(words, vectors, weights, size):
        words = keep(words, weights)
        known = [word for word in words if word in vectors]
        if not known:
            return without(size)
        total = sum(weights.get(word, 1.0) * vectors[word] for word in known)
        return total / divisor(words, known, weights)

    return text_vector


def _sum_of_weights(words, known, weights):
    return sum(weights.get(word, 1.0) for word in known)


def _sum_of_all_weights(words, known, weights):
    return sum(weights.get(word, 1.0) for word in words)


def _plain_mean_with_zeros(words, vectors, weights, size):
    return sum((vectors.get(word, np.zeros(size)) for word in words), np.zeros(size)) / (
        len(words) or 1
    )


def _unweighted(words, vectors, weights, size):
    return _weighted(_sum_of_weights)(words, vectors, {}, size)


# Groups of the same size but not of the same spread; one effect is above 0, the other below.
GROUPS = [
    (np.array([0.11, 0.05, 0.09, 0.16]), np.array([-0.02, 0.01, -0.2, 0.03])),
    (np.array([-0.3, 0.1, 0.02]), np.array([0.04, 0.08, 0.05])),
]
UNEQUAL = (np.array([0.2, 0.15, 0.4, 0.1, 0.12]), np.array([0.05, -0.1]))


def _effects(function):
    """The effect of each pair of groups; stopping at groups of unequal size counts as nan."""
    found = on_inputs(*GROUPS)(function)
    try:
        return found + on_inputs(UNEQUAL)(function)
    except ValueError:
        return [*found, np.nan]


def _gap(x, y):
    return np.mean(x) - np.mean(y)


def _effect_size(x, y):
    return _gap(x, y) / np.concatenate([x, y]).std(ddof=1)


def _effect_within(x, y):
    within = (len(x) - 1) * x.var(ddof=1) + (len(y) - 1) * y.var(ddof=1)
    return _gap(x, y) / np.sqrt(within / (len(x) + len(y) - 2))


EXERCISES = [
    Function(
        "05.1",
        praise="Length one first, so that only the angle counts, and the word itself is out: its "
        "own cosine is 1, and nothing can beat that.",
        hints=(
            "Find the row of the word, score every row against it, and keep the word itself from "
            "winning.",
            "Divide each row by its length: np.linalg.norm(rows, axis=1, keepdims=True). Then "
            "the cosines are products, and words.index(word) is the place to rule out.",
            "Section 1 says what nearness is, and exercise 02.1 was nearly the same. Try your "
            "function on nearest_word('hockey', words, own[words]).",
        ),
        reference=_nearest,
        observe=_texts(*((word, WORDS, ROWS) for word in WORDS), ("up", *FAR)),
        mistakes=[
            (
                _best(_cosine, None),
                "The answer is always the word itself: nothing is nearer to it. Leave it out.",
            ),
            (
                _best(_product),
                "You took the plain product: words with long vectors win too often. Bring each row "
                "to length one first (mind the axis).",
            ),
            (
                _best(_product, None),
                "Two things: the plain product lets long vectors win, and the word itself still "
                "takes part.",
            ),
            (
                _second_by_product,
                "The second largest product is not the nearest word: by the plain product a word "
                "need not come first in its own list, and long vectors win too often.",
            ),
            (
                _best(_minus_distance),
                "That is the nearest by distance, in which lengths count. The cosine asks for the "
                "angle alone.",
            ),
            (
                _best(_minus_cosine),
                "That is the word that is least alike. Where two words are alike, is the cosine "
                "small or large?",
            ),
            (
                _best(_cosine, 0.0),
                "You gave the word itself the score 0. Where all other cosines are below 0, it "
                "wins again: put something there that can never win.",
            ),
            (
                _nearest_in_shifted_places,
                "You took the word's own row out, but not its name: behind it, names and rows no "
                "longer fit together.",
            ),
            (
                lambda *given: given[1].index(_nearest(*given)),
                "That is the place of the nearest word. What is asked for is the word.",
            ),
            (
                _largest_cosine,
                "That is the cosine of the nearest word. What is asked for is the word.",
            ),
            (
                _best(lambda rows, row: np.abs(_cosine(rows, row))),
                "You dropped the sign: a cosine near −1 means that two vectors point in opposite "
                "directions.",
            ),
            (
                lambda word, words, rows: _nearest(word, words, _unit(rows, 0)),
                "You brought the columns to length one. A word is a row: axis=1.",
            ),
        ],
    ),
    Function(
        "05.2",
        praise="All texts are one long row of words, and each occurrence counts. The guard makes "
        "an empty column of your table a 0, not a crash.",
        hints=(
            "Put the words of all texts into one list, then count.",
            "[word for text in texts for word in text] is that list. `word in vocabulary` is True "
            "or False, and sum counts the True ones.",
            "Compare with what coverage does in section 3, and think of texts = [].",
        ),
        reference=_share_known,
        observe=_shares,
        mistakes=[
            (
                _share_of_types,
                "You counted each different word once. A word that comes often should count often.",
            ),
            (
                _mean_share,
                "That is the mean of one share per text: a text of one word weighs as much as a "
                "long one. Each word should weigh the same.",
            ),
            (
                _mean_share_with_empty_texts,
                "That is the mean of one share per text, in which even an empty text weighs as "
                "much as a long one. Each word should weigh the same.",
            ),
            (
                _mean_share_unguarded,
                "That is the mean of one share per text: a short text weighs as much as a long "
                "one, and an empty text leads to a division by 0.",
            ),
            (
                lambda *given: _share(_all_words(given[0]), given[1], np.nan),
                "Right where there are words. Without any, your function divides by 0: say what "
                "comes out then.",
            ),
            (
                lambda *given: _share(_all_words(given[0]), given[1], None),
                "Right where there are words. Without any, your function returns None.",
            ),
            (
                lambda *given: _share(_all_words(given[0]), given[1], 1.0),
                "Right where there are words. Without any, read again what should come out.",
            ),
            (
                _share_of_vocabulary,
                "That is the share of the vocabulary that occurs in the texts. The question goes "
                "the other way round.",
            ),
            (
                lambda *given: sum(word in given[1] for word in _all_words(given[0])),
                "That is how many are known. What is asked for is their share.",
            ),
            (
                lambda *given: 100 * _share_known(*given),
                "These are percent. What is asked for is a share, between 0 and 1.",
            ),
            (
                lambda texts, vocabulary: _share(
                    [word not in vocabulary for word in _all_words(texts)], {True}
                ),
                "That is the share of the words that are not in the vocabulary.",
            ),
            (
                _share_in_small_letters,
                "You changed the words before you looked them up. Cutting and small letters were "
                "somebody else's job: take the words as they are.",
            ),
            (
                _share_of_the_first,
                "That is the share of the first text alone. Does a return stand inside the loop?",
            ),
        ],
    ),
    Choice(
        "05.3",
        praise="The tool searches among all words but three. It could not say programmer, so its "
        "answer does not show that programmer is further away.",
        hints=(
            "What was the tool allowed to answer?",
            "Which words are left out, and what if one of them were the nearest?",
            "Section 4 asks the same questions twice. What changed the second time?",
        ),
        right="b",
        why_not={
            "a": "Perhaps it is, perhaps not: was every word a candidate when the tool searched?",
            "c": "A vector tells which words stood near each other. From there to what women did "
            "is a long way, and the tool's own rule stands in between.",
            "d": "Too much doubt: that the vectors do hold such traces is measured in section 7. "
            "Here the question is what this one answer shows.",
        },
    ),
    Function(
        "05.4",
        praise="Weights above and below the line: dividing by their sum makes it a mean, whatever "
        "their size. Zeros keep a text without known words from stopping everything.",
        hints=(
            "Keep the known words, with one weight for each; then a weighted mean.",
            "weights.get(word, 1.0) is the weight of a word. Above the line weights times vectors, "
            "below it the sum of the same weights.",
            "Look at document_vectors in section 5 for the plain mean, and at section 3 for what a "
            "text without a known word becomes.",
        ),
        reference=_weighted(_sum_of_weights),
        observe=_vectors,
        mistakes=[
            (
                _unweighted,
                "That is the plain mean: every word counts the same. The weights are missing.",
            ),
            (
                _plain_mean_with_zeros,
                "That is the plain mean, in which unknown words count as zeros. The weights are "
                "missing, and unknown words should not count at all.",
            ),
            (
                _weighted(lambda words, known, weights: 1),
                "That is a weighted sum: a long text gets a long vector. Make it a mean.",
            ),
            (
                _weighted(lambda words, known, weights: len(known)),
                "You divided by the number of known words. If all weights were doubled, the mean "
                "should stay the same, and yours does not.",
            ),
            (
                _weighted(lambda words, known, weights: len(words)),
                "You divided by the number of all words, the unknown ones too. A mean is divided "
                "by what has gone into it, and here that is weighted.",
            ),
            (
                _weighted(_sum_of_all_weights),
                "You divided by the weights of all words. An unknown word adds nothing above the "
                "line, so it must not count below it.",
            ),
            (
                _weighted(
                    _sum_of_weights,
                    keep=lambda words, weights: [word for word in words if word in weights],
                ),
                "A known word that has no weight is left out. It should count 1.",
            ),
            (
                _weighted(_sum_of_weights, keep=lambda words, weights: list(dict.fromkeys(words))),
                "A word that comes twice counts once in your mean. Each occurrence counts.",
            ),
            (
                _weighted(_sum_of_weights, lambda size: np.nan),
                "Right where a word is known. Where none is, your function stops, or gives nan "
                "for want of anything to divide by.",
            ),
            (
                _weighted(_sum_of_weights, lambda size: None),
                "Right where a word is known. Where none is, your function returns None instead "
                "of an array.",
            ),
            (
                _weighted(_sum_of_weights, lambda size: 0.0),
                "Right where a word is known. Where none is, a single 0 comes out: an array of "
                "`size` numbers is asked for.",
            ),
        ],
    ),
    Choice(
        "05.5",
        praise="Gradients reach only rows that were looked up. Those of seen words move, "
        "dreadful stays behind, and the head was fitted to the ones that moved.",
        hints=(
            "Which rows of the table does a step of training touch?",
            "A gradient reaches a row only if its word stood in the batch. What does that mean for "
            "a word that stood in none?",
            "In section 6, the text below the second figure speaks of words that no training tweet "
            "holds.",
        ),
        right="c",
        why_not={
            "a": "Each row is a set of numbers of its own. What would pull it along when a row "
            "next to it moves?",
            "b": "Zeros are for a text without any known word. This word has a row of its own, and "
            "training does not wipe it out.",
            "d": "The word stands in GloVe, so its row had numbers before the tuning began.",
        },
    ),
    Function(
        "05.6",
        praise="The difference of the means, in units of the spread of all words. It has no unit, "
        "so it can be compared between probes.",
        hints=(
            "Two parts: a difference of two means, and one standard deviation to divide it by.",
            "np.concatenate([x, y]) holds all of them together. Which argument of .std() puts "
            "n − 1 into the denominator?",
            "Section 7 says in words what the effect size is. Check by hand: np.array([1, 3]) "
            "and np.array([0, 0]) give √2.",
        ),
        reference=_effect_size,
        observe=_effects,
        mistakes=[
            (
                lambda x, y: _gap(x, y) / np.concatenate([x, y]).std(),
                "The denominator of your standard deviation is n. numpy takes n unless it is told "
                "otherwise.",
            ),
            (
                lambda x, y: _gap(x, y) / x.std(ddof=1),
                "That is divided by the spread of x alone. Take both groups together.",
            ),
            (
                lambda x, y: _gap(x, y) / y.std(ddof=1),
                "That is divided by the spread of y alone. Take both groups together.",
            ),
            (
                lambda x, y: -_effect_size(x, y),
                "The sign is turned: it is the first group minus the second.",
            ),
            (
                lambda x, y: abs(_effect_size(x, y)),
                "You dropped the sign. It says which of the two groups lies nearer.",
            ),
            (
                lambda x, y: (np.sum(x) - np.sum(y)) / np.concatenate([x, y]).std(ddof=1),
                "That is the difference of the sums: with more words it would grow. Take means.",
            ),
            (
                lambda x, y: _gap(x, y) / np.concatenate([x, y]).var(ddof=1),
                "You divided by the variance. The standard deviation is its square root.",
            ),
            (
                _gap,
                "That is the difference of the means. It is not yet divided by the spread.",
            ),
            (
                _effect_within,
                "That is the spread within the groups. Here the standard deviation is that of all "
                "numbers in one heap.",
            ),
            (
                lambda x, y: _gap(x, y) / ((x.std(ddof=1) + y.std(ddof=1)) / 2),
                "That is the mean of two standard deviations. Put all numbers into one heap, and "
                "take one.",
            ),
            (
                lambda x, y: _effect_size(x, y) if len(x) == len(y) else np.nan,
                "Right for two groups of the same size. With five words and two, your function "
                "stops: the two arrays have to be joined end to end.",
            ),
            (
                lambda x, y: _gap(x, y) / (x + y).std(ddof=1) if len(x) == len(y) else np.nan,
                "x + y adds the two arrays number by number. They have to be joined end to end.",
            ),
        ],
    ),
]
