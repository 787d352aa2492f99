"""Exercises of lesson 06."""

import numpy as np

from tlhelpers.course.exercise_book.drawn_words import draw_words
from tlhelpers.course.exercise_book.in_turn import in_turn, of_result
from tlhelpers.course.exercise_kinds import Choice, Function, Number, on_drawn
from tlhelpers.course.watched_answer import Fault

# ---------------------------------------------------------------- pieces to words


def _cut(rng, word, n):
    """A word in n pieces, all but the first with the mark."""
    places = np.sort(rng.choice(np.arange(1, len(word)), n - 1, replace=False))
    first, *rest = [word[a:b] for a, b in zip([0, *places], [*places, None], strict=True)]
    return [first, *(f"##{piece}" for piece in rest)]


def _draw_pieces(rng):
    words = draw_words(rng, 12, shortest=6, longest=9)
    two, three, five = _cut(rng, words[0], 2), _cut(rng, words[1], 3), _cut(rng, words[2], 5)
    whole = words[3:6]
    lone = [*two, "#", words[6], *three, "@", words[7], "!"]
    tags = [words[3], f"#{words[4]}", *two, f"#{words[5]}", *_cut(rng, f"#{words[8]}", 3)]
    # The mark is taken off once, in front: behind it any sign may stand.
    signs = [*two, "###", words[9], f"##{words[10]}##", f"{words[11]}##", "c", "###x"]
    unknown = [whole[0], "[UNK]", *two, "[UNK]", "[UNK]"]
    other = ["20", "##24", "é", *three, "grü", "##ße", ":", "7"]
    return {
        "where a word has two pieces": ([*two, words[7], "!", *_cut(rng, words[8], 2), words[9]],),
        "where a word has three pieces or more": ([whole[0], *three, *five, whole[1]],),
        "where no word is cut": (whole,),
        "where a lone # stands among the pieces": (lone,),
        "where a piece begins with one #": (tags,),
        "where the list ends in the middle of a word": ([*whole, *five[:-1]],),
        "where all pieces are one word": (five,),
        "where words come twice": ([*two, *two, whole[0], whole[0], *three],),
        "where a # stands behind the mark": (signs,),
        "where a piece is [UNK]": (unknown,),
        "where words hold digits or other letters than a to z": (other,),
        "where there is one piece": (whole[:1],),
    }


def _draw_no_pieces(rng):
    return {"where there is no piece": ([],)}


def _texts_of(result):
    """Texts and lists out of numpy count as texts and lists."""
    if isinstance(result, (set, frozenset)):
        raise Fault(
            "You returned a set, which has no order and keeps a word that comes twice once. Return "
            "a list."
        )
    if isinstance(result, str):
        return str(result)
    if isinstance(result, np.ndarray):
        result = result.tolist()
    return [_texts_of(x) for x in result] if isinstance(result, (list, tuple)) else result


def _goes_on(mark, cut):
    """Pieces that begin with `mark` are added to the word before, as `cut` returns them."""

    def join(pieces):
        words = []
        for piece in pieces:
            if words and piece.startswith(mark):
                words[-1] += cut(piece)
            else:
                words.append(piece)
        return words

    return join


_join = _goes_on("##", lambda piece: piece[2:])


def _join_two_at_most(pieces):
    words = []
    for before, piece in zip(["", *pieces], pieces, strict=False):
        if piece.startswith("##"):
            words[-1] = before.removeprefix("##") + piece[2:]
        else:
            words.append(piece)
    return words


def _split_at_spaces(pieces):
    return " ".join(pieces).replace(" ##", "").split()


def _join_text_without_marks(pieces):
    return "".join(p.replace("##", "") if p.startswith("##") else f" {p}" for p in pieces).split()


def _word_left_over(pieces):
    """A loop that puts the last word away behind its end, whether there is one or not."""
    return _join(pieces) or [""]


_look_at_pieces = in_turn(
    _join,
    of_result(_texts_of, on_drawn(_draw_pieces)),
    of_result(_texts_of, on_drawn(_draw_no_pieces, seeds=(1,))),
)

# ---------------------------------------------------------------- the masked mean


def _mask(rng, n, length, side):
    """Ones for tokens: at least one in each row, and one row without padding."""
    counts = rng.integers(1, length + 1, n)
    counts[rng.integers(n)] = length
    places = np.arange(length)[None]
    front = places < counts[:, None]
    return (front if side == "behind" else front[:, ::-1]).astype(int)


def _batch(rng, n, length, d, side="behind"):
    # Padding is no zero, and the mean is not 0 either.
    return rng.normal(0.5, 1, (n, length, d)), _mask(rng, n, length, side)


def _draw_batches(rng):
    hidden, mask = _batch(rng, 4, 6, 3)
    mixed, sides = _batch(rng, 4, 5, 2)
    sides[::2] = sides[::2, ::-1]
    loud = np.where(mask[:, :, None] == 1, hidden, 500.0)
    single = np.zeros((3, 4), int)
    single[range(3), rng.integers(0, 4, 3)] = 1
    return {
        "where padding stands behind": (hidden, mask),
        "where padding stands in front": _batch(rng, 3, 5, 4, "in front"),
        "where padding stands on either side": (mixed, sides),
        "where padding holds large numbers": (loud, mask),
        "where nothing is padded": (hidden[:, :3], np.ones((4, 3), int)),
        "where there is one text": (hidden[:1], np.array([[1, 1, 1, 1, 0, 0]])),
        "where each text has one token": (rng.normal(size=(3, 4, 5)), single),
        "where there are many texts": _batch(rng, 20, 3, 2),
        "where all three sizes are equal": _batch(rng, 4, 4, 4),
        "where the vectors are float32": (hidden.astype(np.float32) * 3, mask.astype(np.int64)),
    }


def _real(hidden, mask):
    return hidden * mask[:, :, None]


def _per_row(mask):
    return mask.sum(axis=1, keepdims=True)


def _masked_mean(hidden, mask):
    return _real(hidden, mask).sum(axis=1) / _per_row(mask)


def _first_tokens(hidden, mask):
    return np.array([row[: m.sum()].mean(axis=0) for row, m in zip(hidden, mask, strict=True)])


def _last_token(hidden, mask):
    last = mask.shape[1] - 1 - mask[:, ::-1].argmax(axis=1)
    return hidden[np.arange(len(hidden)), last]


def _last_tokens(hidden, mask):
    return np.array([row[-m.sum() :].mean(axis=0) for row, m in zip(hidden, mask, strict=True)])


def _mask_as_places(hidden, mask):
    return np.array([row[m].mean(axis=0) for row, m in zip(hidden, mask, strict=True)])


def _over_the_batch(hidden, mask):
    return _real(hidden, mask).sum(axis=(0, 1)) / mask.sum()


def _largest_of_tokens(hidden, mask):
    return np.where(mask[:, :, None] == 1, hidden, -np.inf).max(axis=1)


def _of_length_one(hidden, mask):
    rows = _masked_mean(hidden, mask)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _look_at_means(mean):
    """The means by situation; in half precision, three digits are enough."""

    def call(hidden, mask):
        right, result = _masked_mean(hidden, mask), mean(hidden, mask)
        kind = str(getattr(result, "dtype", "")).removeprefix("torch.")
        if kind in ("float16", "bfloat16"):
            tolerance = 0.005 if kind == "float16" else 0.04
            numbers = np.asarray(result.tolist())
            near = numbers.shape == right.shape and np.abs(numbers - right).max() <= tolerance
            return right if near else numbers
        return result

    with np.errstate(all="ignore"):
        return on_drawn(_draw_batches)(call)


EXERCISES = [
    Function(
        "06.1",
        praise="The mark tells where a word goes on, so the pieces give back the words. What is "
        "lost is what the tokenizer dropped: capitals, and whatever became [UNK].",
        hints=(
            "Go through the pieces one by one. Each either begins a word or goes on with the last "
            "one.",
            'piece.startswith("##") tells which. words[-1] is the last word so far, and piece[2:] '
            "is the piece without its mark.",
            "Look at the outputs of split_words in section 1, and do one of them by hand.",
        ),
        reference=_join,
        observe=_look_at_pieces,
        mistakes=[
            (
                _goes_on("##", lambda piece: piece),
                "The words are whole, but the marks are still inside them.",
            ),
            (
                _goes_on("##", lambda piece: ""),
                "Only the first piece of each word is left. The rest of the word belongs to it.",
            ),
            (
                lambda pieces: [piece.removeprefix("##") for piece in pieces],
                "The marks are gone, but every piece still stands alone: nothing was joined.",
            ),
            (
                lambda pieces: list(pieces),
                "These are the pieces as they came.",
            ),
            (
                lambda pieces: " ".join(pieces),
                "You put a space between all pieces and made one text of them. Pieces of one word "
                "belong together without a space, and a list of words is asked for.",
            ),
            (
                lambda pieces: " ".join(piece.removeprefix("##") for piece in pieces),
                "You took the marks away and put a space between all pieces. Now nobody can tell "
                "where a word ends; and a list is asked for.",
            ),
            (
                lambda pieces: " ".join(_join(pieces)),
                "The words are right, but they stand in one text. A list of words is asked for.",
            ),
            (
                lambda pieces: ["".join(piece.removeprefix("##") for piece in pieces)],
                "Everything has become one word. A piece without a mark begins a new one.",
            ),
            (
                _goes_on("##", lambda piece: " " + piece[2:]),
                "The pieces of a word are together, but with spaces in between.",
            ),
            (
                lambda pieces: _join(pieces)[:-1],
                "The last word is missing. What happens to it when the loop ends?",
            ),
            (
                lambda pieces: ["", *_join(pieces)[:-1]],
                "An empty word stands in front, and the last word is missing: what happens at the "
                "first piece, and what when the loop ends?",
            ),
            (
                _join_two_at_most,
                "A word of three pieces lost its first one. Add to the word as it has grown so "
                "far, not to the piece before.",
            ),
            (
                lambda pieces: "".join(piece.removeprefix("##") for piece in pieces),
                "Everything has become one text without a gap. A list of words is asked for.",
            ),
            (
                lambda pieces: ["", *_join(pieces)],
                "An empty word stands in front: at the first piece there is no word yet to put "
                "away.",
            ),
            (
                _goes_on("#", lambda piece: piece.lstrip("#")),
                "A lone # was lost. One # is a piece like others (it begins hashtags); the mark "
                "is two of them.",
            ),
            (
                _goes_on("#", lambda piece: piece.removeprefix("##")),
                "A piece with a single # was joined. One # begins a hashtag; the mark is two of "
                "them.",
            ),
            (
                _goes_on("##", lambda piece: piece.lstrip("#")),
                "lstrip takes off every # in front, even one that belongs to the text. The mark is "
                "two of them: piece[2:].",
            ),
            (
                _goes_on("##", lambda piece: piece.replace("##", "")),
                "replace takes ## off in every place of the piece. Only the mark in front goes: "
                "piece[2:].",
            ),
            (
                _goes_on("##", lambda piece: piece.strip("#")),
                "strip takes # off at both ends. Only the mark in front goes: piece[2:].",
            ),
            (
                _goes_on("##", lambda piece: piece[1:]),
                "One # of each mark is still there. The mark is two of them: piece[2:].",
            ),
            (
                _goes_on("##", lambda piece: piece[3:]),
                "The first letter behind each mark is lost: piece[2:] begins behind two signs.",
            ),
            (
                lambda pieces: list(dict.fromkeys(_join(pieces))),
                "A word that comes twice is in your list once. Keep each occurrence.",
            ),
            (
                lambda pieces: _join(pieces) or "",
                "An empty list of pieces gives a text. It should give an empty list.",
            ),
            (
                lambda pieces: sorted(_join(pieces)),
                "You sorted the words. Keep the order in which they come.",
            ),
            (
                lambda pieces: _join(pieces)[::-1],
                "The words stand in reverse. Keep the order in which they come.",
            ),
            (
                lambda pieces: [word.lower() for word in _join(pieces)],
                "You made all letters small, so [UNK] has become [unk]. Take the pieces as they "
                "are.",
            ),
            (
                lambda pieces: _join([piece for piece in pieces if piece != "[UNK]"]),
                "You left out [UNK]. It has no mark, so it is a word like others.",
            ),
            (
                _word_left_over,
                "An empty list of pieces gives a list with an empty word. It should give an empty "
                "list.",
            ),
        ],
    ),
    Function(
        "06.2",
        praise="The mask counts twice: padding adds nothing to the sum, and nothing to the number "
        "it is divided by.",
        hints=(
            "A mean is a sum divided by a number. What must padding not touch?",
            "mask[:, :, None] has the shape (n, length, 1), so that it can be multiplied with "
            "hidden. What should the sum over the tokens be divided by?",
            "Section 4 shows what goes wrong: the plain mean divides by the length of the batch. "
            "help(pooled) says what the mean should be.",
        ),
        reference=_masked_mean,
        observe=_look_at_means,
        mistakes=[
            (
                lambda hidden, mask: hidden.mean(axis=1),
                "That is the plain mean: padding takes part in it.",
            ),
            (
                lambda hidden, mask: _real(hidden, mask).mean(axis=1),
                "The sum is right, but it is divided by the length of the batch: the more padding, "
                "the shorter the vector.",
            ),
            (
                lambda hidden, mask: _real(hidden, mask).sum(axis=1),
                "That is the masked sum: long texts get long vectors. It is not yet a mean.",
            ),
            (
                lambda hidden, mask: hidden.sum(axis=1) / _per_row(mask),
                "You divide by the right number, but padding is still in the sum.",
            ),
            (
                lambda hidden, mask: _real(hidden, mask).sum(axis=1) / mask.sum(),
                "You divided by the number of tokens of the whole batch. Each text has its own.",
            ),
            (
                _over_the_batch,
                "That is one vector for the whole batch. Each text should get its own.",
            ),
            (
                _first_tokens,
                "You took as many tokens from the front as there are. The mask says which ones: "
                "some tokenizers put the padding in front.",
            ),
            (
                _mask_as_places,
                "hidden[mask] with whole numbers picks the places 0 and 1. To pick where the mask "
                "is 1, it must hold True and False.",
            ),
            (
                lambda hidden, mask: hidden[:, 0],
                "That is the vector in the first place. The mean of all tokens is asked for.",
            ),
            (
                _largest_of_tokens,
                "That is the maximum over the tokens. The mean is asked for.",
            ),
            (
                _last_tokens,
                "You took as many tokens from the end as there are. The mask says which ones: most "
                "tokenizers put the padding behind.",
            ),
            (
                lambda hidden, mask: hidden[np.arange(len(hidden)), mask.argmax(axis=1)],
                "That is the vector of the first token. The mean of all tokens is asked for.",
            ),
            (
                lambda hidden, mask: _real(hidden, mask).sum(axis=1) // _per_row(mask),
                "// drops everything behind the point. Divide with /.",
            ),
            (
                lambda hidden, mask: _real(hidden, mask).sum(axis=1) / np.sqrt(_per_row(mask)),
                "You divided by the root of the number of tokens. Divide by the number itself.",
            ),
            (
                _last_token,
                "That is the vector of the last token. The mean of all tokens is asked for.",
            ),
            (
                lambda hidden, mask: np.median(hidden, axis=1),
                "That is the plain median, with padding in it. The mean of the tokens is asked "
                "for.",
            ),
            (
                lambda hidden, mask: _real(hidden, 1 - mask).sum(axis=1) / _per_row(mask),
                "You summed the padding. The mask is 1 for a token and 0 for padding.",
            ),
            (
                lambda hidden, mask: _real(hidden, mask).sum(axis=1) / (_per_row(mask) + 1),
                "You divided by one more than the number of tokens. Every row has at least one "
                "token, so nothing has to be added.",
            ),
            (
                lambda hidden, mask: _real(hidden, mask).mean(axis=2),
                "You went over the numbers of each vector. The mean goes over the tokens: axis=1.",
            ),
            (
                _of_length_one,
                "You brought the means to length one. They are asked for as they are.",
            ),
        ],
    ),
    Choice(
        "06.3",
        praise="The training items choose, the test items judge, once. The layer may not be the "
        "best of the seven on the test side, but its number is one you can promise.",
        hints=(
            "Which items choose the layer, and which ones judge it?",
            "The highest of seven noisy numbers is high partly by luck. How can the choice be kept "
            "away from the number?",
            "Read again what section 5 says about taking the highest of seven; lesson 02 did the "
            "same with the layers of a vision network.",
        ),
        right="b",
        why_not={
            "a": "Ten seeds make each of the seven numbers steadier, but the same items still "
            "chose and judged.",
            "c": "The same items chose and judged. The highest of seven is high partly by luck, "
            "which its interval does not know of, and your customer will not see that luck again.",
            "d": "Its number would be honest, but nothing was chosen: the curve over layers shows "
            "what that habit can cost.",
        },
    ),
    Number(
        "06.4",
        praise="Query and value in six layers make twelve pairs, each of 2 · 8 · 384 numbers: less "
        "than one per cent of the weights that full tuning moves.",
        hints=(
            "Count one pair of thin matrices first, then how many pairs there are.",
            "A matrix of 8 × 384 holds 8 · 384 numbers, and so does its partner.",
            "The pairs stand beside query and value, in each of six layers. Lesson 03, section "
            "7, counts such weights.",
        ),
        value=73728,
        tolerance=0.5,
        mistakes=[
            (
                36864,
                "That is half of it. There are two thin matrices in a pair, and there are both "
                "query and value: one of these is missing.",
            ),
            (
                18432,
                "That is a quarter of it: one thin matrix at one place in each layer. Each place "
                "has two, and there are query and value.",
            ),
            (12288, "That is one layer of the encoder. The encoder has six of them."),
            (6144, "That is a single pair of thin matrices. How many pairs are there?"),
            (3072, "That is a single thin matrix. It has a partner, and there are many pairs."),
            (
                147456,
                "384 · 384 is one matrix that LoRA leaves alone; the thin ones beside it are to "
                "be counted. (Twelve layers would give the same number. Here there are fewer.)",
            ),
            (
                1769472,
                "These are the query and value matrices themselves. LoRA does not train them: "
                "count the thin ones beside them.",
            ),
            (
                1843200,
                "You counted the query and value matrices along. LoRA leaves them as they are.",
            ),
            (
                110592,
                "You counted three places in each layer. Here key gets no pair.",
            ),
            (
                9408,
                "You added the two sides of each matrix. A matrix of 8 × 384 holds 8 · 384 "
                "numbers.",
            ),
            (
                113246208,
                "You multiplied the sizes of the two thin matrices. To count them, add.",
            ),
        ],
    ),
    Choice(
        "06.5",
        praise="The reader learns that the setting is unsafe, how often, and what cures it. New "
        "seeds keep the repair from being chosen by the runs that it is judged by.",
        hints=(
            "Imagine that a reader wants to repeat it. What does the reader have to know?",
            "Two groups of seeds, and nothing in between: what does a mean say about them, and "
            "what does leaving some out?",
            "Look at the picture in section 8, in which every seed is drawn. Which of the four "
            "reports keeps what it shows?",
        ),
        right="d",
        why_not={
            "a": "No run came out near 0.73. The mean lies between two groups, and hides that "
            "there are two.",
            "b": "The failed seeds belong to the setting as much as the best one does. Whoever "
            "trains next may draw one of them.",
            "c": "The note is good, but the mean now tells what happens if all goes well, and "
            "with this setting it often does not.",
        },
    ),
    Choice(
        "06.6",
        praise="A weight says from where a token takes, in one head of one layer. What reaches the "
        "answer goes through all layers, so it has to be tested.",
        hints=(
            "What exactly is a weight of attention: who takes from whom, and where?",
            "Between this picture and the answer there are other heads, other layers and the mean. "
            "What can be said without them?",
            "Section 9 measures how well attention tells what leaving a token out does. Look at "
            "its spread over tweets.",
        ),
        right="a",
        why_not={
            "b": "The picture shows one head of one layer. It does not show what the classifier "
            "made of it.",
            "c": "That is a guess about another input. Nobody has run the encoder on it yet.",
            "d": "The weights are computed from the text, the same each time. That they do not "
            "explain the answer does not make them random.",
        },
    ),
]
