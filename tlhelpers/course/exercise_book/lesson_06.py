"""Exercises of lesson 06."""

import numpy as np

from tlhelpers.course.exercise_kinds import Choice, Function, Number, on_inputs

# A lone "#" is a piece of its own; some lists end in the middle of a word.
PIECES = [
    ["un", "##bel", "##ievable", "!"],
    ["so", "#", "happy", "te", "##h"],
    ["good"],
    ["lma", "##oo", "##o", "@", "anonymous", "sun", "##ny"],
]


def _plain(result):
    """Texts and lists out of numpy count as texts and lists."""
    if isinstance(result, str):
        return str(result)
    if isinstance(result, np.ndarray):
        result = result.tolist()
    return [_plain(x) for x in result] if isinstance(result, (list, tuple)) else result


def _joined(function):
    return [_plain(result) for result in on_inputs(*((pieces,) for pieces in PIECES))(function)]


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


_RNG = np.random.default_rng(6)
# Padding is no zero, and it stands behind, in front and nowhere.
BATCHES = [
    (
        _RNG.normal(0.5, 1, size=(4, 5, 3)),
        np.array([[1, 1, 0, 0, 0], [1, 1, 1, 1, 1], [0, 0, 1, 1, 1], [1, 0, 0, 0, 0]]),
    ),
    (_RNG.normal(0.5, 1, size=(1, 6, 2)), np.array([[1, 1, 1, 1, 0, 0]])),
]


def _real(hidden, mask):
    return hidden * mask[:, :, None]


def _per_row(mask):
    return mask.sum(axis=1, keepdims=True)


def _masked_mean(hidden, mask):
    return _real(hidden, mask).sum(axis=1) / _per_row(mask)


def _first_tokens(hidden, mask):
    return np.array([row[: m.sum()].mean(axis=0) for row, m in zip(hidden, mask, strict=True)])


def _mask_as_places(hidden, mask):
    return np.array([row[m].mean(axis=0) for row, m in zip(hidden, mask, strict=True)])


def _over_the_batch(hidden, mask):
    return _real(hidden, mask).sum(axis=(0, 1)) / mask.sum()


def _largest_of_tokens(hidden, mask):
    return np.where(mask[:, :, None] == 1, hidden, -np.inf).max(axis=1)


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
        observe=_joined,
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
            "Section 3 shows what goes wrong: the plain mean divides by the length of the batch. "
            "help(pooled) says what the mean should be.",
        ),
        reference=_masked_mean,
        observe=on_inputs(*BATCHES),
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
            "Read again what section 4 says about taking the highest of seven; lesson 02 did the "
            "same with the layers of a vision network.",
        ),
        right="c",
        why_not={
            "a": "The same items chose and judged. The highest of seven is high partly by luck, "
            "and your customer will not see that luck again.",
            "b": "Ten seeds make each of the seven numbers steadier, but the same items still "
            "chose and judged.",
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
            "The pairs stand beside query and value, in each of six layers. Section 5 shows the "
            "share of trained weights.",
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
            "Look at the picture in section 6, in which every seed is drawn. Which of the four "
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
            "Section 7 measures how well attention tells what leaving a token out does. Look at "
            "its spread over tweets.",
        ),
        right="c",
        why_not={
            "a": "The picture shows one head of one layer. It does not show what the classifier "
            "made of it.",
            "b": "That is a guess about another input. Nobody has run the encoder on it yet.",
            "d": "The weights are computed from the text, the same each time. That they do not "
            "explain the answer does not make them random.",
        },
    ),
]
