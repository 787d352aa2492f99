"""Exercises of lesson 05."""

import numpy as np

from tlhelpers.course.exercise_book.drawn_words import draw_words
from tlhelpers.course.exercise_book.in_turn import counted_as, in_turn
from tlhelpers.course.exercise_kinds import Choice, Function, alike, on_drawn
from tlhelpers.course.watched_answer import Fault

# ---------------------------------------------------------------- the nearest word


def _vectors_of(rng, n, d, spread=20.0):
    """Rows of very different length, some with few large values, so that measures disagree."""
    rows = rng.normal(size=(n, d)) + 0.2
    rows[::2] *= rng.random((len(rows[::2]), d)) ** 4
    return rows * rng.permutation(np.geomspace(1 / spread, spread, n))[:, None]


def _table(rng, n, d):
    return draw_words(rng, n), _vectors_of(rng, n, d)


def _apart(rng, n, d):
    """A word from which all others lie more than a right angle away."""
    words, rows = _table(rng, n, d)
    row = int(rng.integers(1, n))
    rows = -np.abs(rows)
    rows[row] *= -1
    return words[row], words, rows


def _only_the_last_numbers_count(rng, n, d):
    words, rows = _table(rng, n, d)
    rows[:, -4:] *= 9
    return words[2], words, rows


def _draw_tables(rng):
    words, rows = _table(rng, 25, 6)
    few, short = _table(rng, 9, 3)
    return {
        "where the word is the first": (words[0], words, rows),
        "where the word is the last": (words[-1], words, rows),
        "where the word stands in the middle": (words[11], words, rows),
        "where the vectors have three numbers": (few[3], few, short),
        "where the vectors have many numbers": _only_the_last_numbers_count(rng, 12, 80),
        "where every other cosine is below 0": _apart(rng, 7, 5),
        "where the vectors are float32": (words[4], words[:14], rows[:14].astype(np.float32)),
        "where the word has the longest vector": _with_length(rng, "longest"),
        "where the word has the shortest vector": _with_length(rng, "shortest"),
    }


def _with_length(rng, which):
    words, rows = _table(rng, 10, 4)
    lengths = np.linalg.norm(rows, axis=1)
    place = lengths.argmax() if which == "longest" else lengths.argmin()
    return words[place], words, rows


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


def _third_nearest(word, words, rows):
    return words[int(_cosine(rows, rows[words.index(word)]).argsort()[-3])]


def _nearest_centred(word, words, rows):
    return _nearest(word, words, rows - rows.mean(axis=0))


def _nearest_by_sum(word, words, rows):
    return _best(_product)(word, words, rows / np.abs(rows).sum(axis=1, keepdims=True))


# ---------------------------------------------------------------- the share of known words


def _draw_texts(rng, words, lengths):
    return [rng.choice(words, n).tolist() for n in lengths]


def _draw_running_words(rng):
    words = draw_words(rng, 20)
    known = words[: int(rng.integers(7, 13))]
    texts = _draw_texts(rng, words, [2, 9, int(rng.integers(4, 8)), 1])
    often = [[words[0]] * 5 + words[-2:], [words[1], words[-1], words[1]], [words[-1]] * 4]
    capitals = [[word.title() for word in known[:4]] + words[2:15], known[1:3]]
    first, last = texts[1][:2], texts[0] + texts[1]
    parts = [[known[0] + known[1], known[2][:1], known[3]], [known[4] + "s", known[5]]]
    signs = [[f"{known[0]}!", f"#{known[1]}", "1994"], [f"{known[2]}'s", known[3], ":)", "80"]]
    return {
        "where texts are of unequal length": (texts, set(known)),
        "where words come often": (often, set(known)),
        "where a text is empty": ([[], *texts, []], set(known)),
        "where words differ by capitals": (capitals, set(known)),
        "where words are parts of others": (parts, set(known)),
        "where words hold other signs than letters": (signs, {*known, "80", f"{known[4]}'s"}),
        "where a text comes twice": ([known[:3], words[-2:], known[:3]], set(known)),
        "where the first text is unlike the rest": ([first, last, *texts], set(known[3:])),
        "where there is one text": (texts[1:2], set(known)),
        "where the vocabulary is large": (texts, set(known + draw_words(rng, 40, 9, 12))),
        "where no word is known": (texts, set(draw_words(rng, 5, 8, 9))),
        "where every word is known": (texts, set(words)),
    }


def _draw_without_words(rng):
    known = set(draw_words(rng, 5))
    return {
        "where there is no text": ([], known),
        "where every text is empty": ([[], [], []], known),
    }


def _all_words(texts):
    return [word for text in texts for word in text]


def _share(words, vocabulary, without=0.0):
    return sum(word in vocabulary for word in words) / len(words) if words else without


def _share_known(texts, vocabulary):
    return _share(_all_words(texts), vocabulary)


def _share_of_types(texts, vocabulary):
    return _share(set(_all_words(texts)), vocabulary)


def _share_of_types_of_each_text(texts, vocabulary):
    return _share([word for text in texts for word in set(text)], vocabulary)


def _share_of_vocabulary(texts, vocabulary):
    return len(vocabulary & set(_all_words(texts))) / len(vocabulary)


def _mean_share(texts, vocabulary):
    shares = [_share(text, vocabulary) for text in texts if text]
    return sum(shares) / len(shares) if shares else 0.0


def _mean_share_with_empty_texts(texts, vocabulary):
    shares = [_share(text, vocabulary) for text in texts]
    return sum(shares) / len(shares) if shares else 0.0


def _mean_share_unguarded(texts, vocabulary):
    shares = [_share(text, vocabulary, np.nan) for text in texts]
    return sum(shares) / len(shares) if shares else np.nan


def _share_in_small_letters(texts, vocabulary):
    return _share([word.lower() for word in _all_words(texts)], vocabulary)


def _share_of_the_first(texts, vocabulary):
    return _share(texts[0], vocabulary) if texts else 0.0


def _share_up_to_an_empty_text(texts, vocabulary):
    end = texts.index([]) if [] in texts else len(texts)
    return _share_known(texts[:end], vocabulary)


def _share_of_parts(texts, vocabulary):
    joined = " ".join(sorted(vocabulary))
    return _share([word in joined for word in _all_words(texts)], {True})


def _for_each_text(texts, vocabulary):
    words = _all_words(texts)
    return sum(word in vocabulary for word in words) / len(texts) if texts else 0.0


def _share_of_known_texts(texts, vocabulary):
    return _share([bool(vocabulary & set(text)) for text in texts], {True})


def _look_at_running_words(function):
    """The shares by situation; a Fault if they are the same for sets without a common word."""
    seen = on_drawn(_draw_running_words)(function)
    none, every = seen["where no word is known"], seen["where every word is known"]
    if alike(none + every, [0.0] * len(none + every)):
        raise Fault(
            "Your function gives 0 even where every word is in `vocabulary`. Look up each word of "
            "each text, not its letters nor the text as a whole, in the set that is given."
        )
    if not all(share is None or share is Ellipsis for share in none) and alike(none, every):
        raise Fault(
            "Your function does not use `vocabulary`: with another set, the same texts give the "
            "same share."
        )
    return seen


_look_at_shares = in_turn(
    _share_known,
    _look_at_running_words,
    counted_as(np.nan, ZeroDivisionError, on_drawn(_draw_without_words)),
)

# ---------------------------------------------------------------- the vector of a text


def _draw_weighted(rng, size, n=12):
    """Words, their vectors and weights, and three words that have no vector."""
    words = draw_words(rng, n + 3)
    vectors = {word: rng.normal(0.4, 2, size) for word in words[:n]}
    weights = {word: float(10 ** rng.uniform(-2, 1)) for word in words}
    return words[:n], words[n:], vectors, weights


def _draw_text_vectors(rng):
    known, unknown, vectors, weights = _draw_weighted(rng, 3)
    some = {word: weights[word] for word in [*known[:5], unknown[0]]}
    text = rng.permutation(known).tolist()
    long_words, _, long_vectors, long_weights = _draw_weighted(rng, 60, 6)
    two, _, flat, whole = _draw_weighted(rng, 2, 5)
    whole = {word: int(rng.integers(1, 9)) for word in two}
    tiny = {word: weight * 1e-4 for word, weight in weights.items()}
    return {
        "where every word has a vector and a weight": (text, vectors, weights, 3),
        "where a word comes several times": (text[:3] + text[:1] * 4, vectors, weights, 3),
        "where a word is unknown": ([unknown[0], *text[:4], unknown[1]], vectors, weights, 3),
        "where words have no weight": (text + unknown, vectors, some, 3),
        "where no word has a weight": (text[:5], vectors, {}, 3),
        "where one word is known": ([unknown[2], text[5]], vectors, weights, 3),
        "where all weights are small": (text[2:8] + unknown, vectors, tiny, 3),
        "where the weights are whole numbers": (two, flat, whole, 2),
        "where the vectors have many numbers": (long_words, long_vectors, long_weights, 60),
    }


def _draw_unknown_texts(rng):
    _, unknown, vectors, weights = _draw_weighted(rng, 7)
    return {
        "where no word is known": (unknown, vectors, weights, 7),
        "where the text is empty": ([], vectors, weights, 7),
        "where there are no vectors at all": (unknown, {}, weights, 4),
    }


def _weighted(divisor, without=np.zeros, keep=lambda words, weights: words, power=1, default=1.0):
    """A weighted sum of known words, divided by `divisor(words, known, weights)`."""

    def text_vector(words, vectors, weights, size):
        words = keep(words, weights)
        known = [word for word in words if word in vectors]
        if not known:
            return without(size)
        weights = {word: weight**power for word, weight in weights.items()}
        total = sum(weights.get(word, default) * vectors[word] for word in known)
        return total / divisor(words, known, weights)

    return text_vector


def _sum_of_weights(words, known, weights):
    return sum(weights.get(word, 1.0) for word in known)


def _sum_of_all_weights(words, known, weights):
    return sum(weights.get(word, 1.0) for word in words)


def _sum_of_weights_once(words, known, weights):
    return sum(weights.get(word, 1.0) for word in set(known))


def _plain_mean_with_zeros(words, vectors, weights, size):
    return sum((vectors.get(word, np.zeros(size)) for word in words), np.zeros(size)) / (
        len(words) or 1
    )


def _unweighted(words, vectors, weights, size):
    return _weighted(_sum_of_weights)(words, vectors, {}, size)


def _as_many_zeros_as_a_vector_has(words, vectors, weights, size):
    size = len(next(iter(vectors.values())))
    return _weighted(_sum_of_weights)(words, vectors, weights, size)


def _of_length_one(words, vectors, weights, size):
    vector = _weighted(_sum_of_weights)(words, vectors, weights, size)
    return vector / (np.linalg.norm(vector) or 1)


def _stopped_or_nan(result):
    """A nan in any form is one nan: each way to divide by nothing has its own."""
    kind = getattr(getattr(result, "dtype", None), "kind", "")
    numbers = isinstance(result, float) or kind == "f"
    return np.nan if numbers and np.isnan(result).any() else result


def _look_at_unknown(function):
    """Texts without a known word; an error or a nan counts as nan."""
    with np.errstate(all="ignore"):
        seen = counted_as(np.nan, Exception, on_drawn(_draw_unknown_texts))(function)
    return {where: [_stopped_or_nan(result) for result in found] for where, found in seen.items()}


# ---------------------------------------------------------------- the effect size


def _groups(rng, n, m, effect, offset=0.0):
    spread = rng.uniform(0.05, 0.3)
    return offset + effect + rng.normal(0, spread, n), offset + rng.normal(0, 3 * spread, m)


def _draw_groups(rng):
    """Groups of the same size, but not of the same spread."""
    n = int(rng.integers(5, 9))
    x, y = _groups(rng, n, n, 0.2)
    return {
        "where the first group lies higher": (np.abs(x) + 0.3, -np.abs(y)),
        "where the first group lies lower": (-np.abs(x) - 0.1, np.abs(y)),
        "where all associations are far from 0": _groups(rng, n, n, 0.1, offset=4.0),
        "where the groups have three words": _groups(rng, 3, 3, -0.1),
        "where the associations are float32": tuple(g.astype(np.float32) for g in (x, y)),
    }


def _draw_unequal_groups(rng):
    return {
        "where the first group has more words": _groups(rng, 9, 4, 0.1),
        "where the second group has more words": _groups(rng, 3, 11, -0.2),
    }


def _gap(x, y):
    return np.mean(x) - np.mean(y)


def _effect_size(x, y):
    return _gap(x, y) / np.concatenate([x, y]).std(ddof=1)


def _effect_within(x, y):
    within = (len(x) - 1) * x.var(ddof=1) + (len(y) - 1) * y.var(ddof=1)
    return _gap(x, y) / np.sqrt(within / (len(x) + len(y) - 2))


def _test_statistic(x, y):
    return _gap(x, y) / np.sqrt(x.var(ddof=1) / len(x) + y.var(ddof=1) / len(y))


def _of_as_many(x, y):
    n = min(len(x), len(y))
    return _effect_size(x[:n], y[:n])


# Stopping at groups of unequal size counts as nan.
_look_at_effects = in_turn(
    _effect_size,
    on_drawn(_draw_groups),
    counted_as(np.nan, (ValueError, RuntimeError), on_drawn(_draw_unequal_groups)),
)


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
        observe=on_drawn(_draw_tables),
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
            (
                _third_nearest,
                "That is the second nearest word: the word itself was left out twice.",
            ),
            (
                _nearest_centred,
                "You subtracted the mean vector first. Here the plain cosine is asked for: leave "
                "the mean in.",
            ),
            (
                lambda word, words, rows: _nearest(
                    word, words, rows - rows.mean(axis=1, keepdims=True)
                ),
                "You subtracted the mean of each row, which makes a correlation of the cosine. "
                "Leave the mean in.",
            ),
            (
                _nearest_by_sum,
                "You divided each row by the sum of its absolute values. Its length is the root of "
                "the sum of squares, as np.linalg.norm gives it.",
            ),
            (
                lambda word, words, rows: _nearest(word, words, rows[:, :50]),
                "You used the first fifty numbers of each vector. Vectors may be longer: use all "
                "columns.",
            ),
            (
                lambda word, words, rows: _nearest(word, words, rows[:, :3]),
                "You used the first three numbers of each vector. Use all columns.",
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
        observe=_look_at_shares,
        mistakes=[
            (
                _share_of_types,
                "You counted each different word once. A word that comes often should count often.",
            ),
            (
                _share_of_types_of_each_text,
                "You counted each different word of a text once. Each occurrence counts, within a "
                "text as well.",
            ),
            (
                _share_up_to_an_empty_text,
                "You stopped at the first empty text. The texts behind it count as well.",
            ),
            (
                _share_of_parts,
                "You took a word for known if it stands inside another one. Ask whether the whole "
                "word is in the set.",
            ),
            (
                _share_of_known_texts,
                "That is the share of texts that hold a known word. Count words, not texts.",
            ),
            (
                _for_each_text,
                "You divided by the number of texts. Divide by the number of their words.",
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
            "d": "Three words fix one point in space, and the tool answers with the word nearest "
            "to it, the same one each time. Which words were candidates is another question.",
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
        observe=in_turn(_weighted(_sum_of_weights), on_drawn(_draw_text_vectors), _look_at_unknown),
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
                _weighted(_sum_of_weights_once),
                "A word that comes twice counts twice above the line, but once below it. Add up "
                "its weight as often as its vector.",
            ),
            (
                _weighted(lambda words, known, weights: sum(weights.values()) or 1),
                "You divided by the sum of the whole dict. Only the weights of this text's known "
                "words count.",
            ),
            (
                _weighted(_sum_of_weights, power=-1),
                "You divided by the weights. A word with a large weight should count more: "
                "multiply.",
            ),
            (
                _weighted(_sum_of_weights, power=2),
                "Your weights count squared: multiply each vector by its weight once.",
            ),
            (
                _of_length_one,
                "You brought the vector to length one. The mean is asked for as it is.",
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
            (
                _as_many_zeros_as_a_vector_has,
                "You asked a vector how many zeros there should be. `vectors` may be empty: `size` "
                "says it.",
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
            "d": "One matrix, but each row has a gradient of its own, and that of a row which was "
            "not looked up is 0. Nothing moves the mean as a whole.",
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
        observe=_look_at_effects,
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
                lambda x, y: np.concatenate([x, y]).std(ddof=1) / _gap(x, y),
                "The fraction is upside down: the difference of the means stands above the line.",
            ),
            (
                lambda x, y: _gap(x, y) / np.concatenate([x, y]).std(ddof=2),
                "You took n − 2. There is one mean in the standard deviation of all numbers, so it "
                "is n − 1.",
            ),
            (
                _test_statistic,
                "That is a test statistic, which grows with the number of words. Divide by the "
                "standard deviation itself, not by that of the means.",
            ),
            (
                lambda x, y: (np.median(x) - np.median(y)) / np.concatenate([x, y]).std(ddof=1),
                "You took medians. The difference of the means is asked for.",
            ),
            (
                _of_as_many,
                "You cut the larger group to the size of the smaller one. Use all the numbers: the "
                "groups may differ in size.",
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
