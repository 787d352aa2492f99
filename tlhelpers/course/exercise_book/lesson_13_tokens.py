"""Exercise 13.1: the labels of words, put on the first piece of each."""

import numpy as np

from tlhelpers.course.exercise_book.in_turn import in_turn
from tlhelpers.course.exercise_kinds import Function, on_drawn

MARK = [None]


def _word_of_token(sizes):
    """Numbers of words, each as often as it has pieces; large ones are objects of their own."""
    return np.repeat(np.arange(len(sizes)), sizes).tolist()


def _sentence(rng, sizes, classes=2, marks=1):
    """Marks at both ends, or none at all."""
    labels = rng.integers(0, classes, len(sizes)).tolist()
    return MARK * (marks > 0) + _word_of_token(sizes) + MARK * marks, labels


def _sizes(rng):
    return rng.permutation([1, 1, 1, 2, 2, 3, 5, 1 + int(rng.integers(0, 4))])


def _draw_plain(rng):
    in_runs = rng.permutation(3).repeat(3)[:8].tolist()
    return {
        "where words have several pieces": _sentence(rng, _sizes(rng)),
        "where neighbours have the same label": (_sentence(rng, _sizes(rng))[0], in_runs),
        "where there are many classes": _sentence(rng, _sizes(rng), classes=9),
    }


def _draw_hard(rng):
    sizes = _sizes(rng)
    holes, cut = sizes.copy(), sizes.copy()
    holes[[2, 5]], cut[-3:] = 0, 0
    left_out = np.where(rng.permutation(len(sizes)) < 4, -100, rng.integers(0, 2, len(sizes)))
    left, right = _word_of_token(sizes[:4]), _word_of_token(sizes)[sum(sizes[:4]) :]
    return {
        "where each word has one piece": _sentence(rng, np.ones(int(rng.integers(5, 9)), int)),
        "where some labels are −100 already": (_sentence(rng, sizes)[0], left_out.tolist()),
        "where marks fill up the end": _sentence(rng, _sizes(rng), marks=4),
        "where a mark stands between two words": (
            MARK + left + MARK + right + MARK,
            _sentence(rng, sizes, classes=4)[1],
        ),
        "where there are no marks": _sentence(rng, _sizes(rng), marks=0),
        "where there is one word of five pieces and no mark": ([0] * 5, [int(rng.integers(0, 5))]),
        "where there is no word": (MARK * 2, []),
        "where the labels are an array": (_sentence(rng, sizes)[0], rng.integers(0, 3, len(sizes))),
        "where the end of the text is cut off": _sentence(rng, cut, classes=4),
        "where a word has no token": _sentence(rng, holes, classes=6),
        "where there are more than 256 words": _sentence(rng, rng.integers(1, 4, 280)),
    }


def _is_first(place, tokens):
    return place == 0 or tokens[place - 1] != tokens[place]


def _is_last(place, tokens):
    return place == len(tokens) - 1 or tokens[place + 1] != tokens[place]


def _chosen(where, rest=-100, mark=-100, value=lambda labels, word: labels[word]):
    """A function that puts labels where `where(place, tokens)` says so."""

    def labels_of_tokens(tokens, labels):
        return [
            mark if word is None else value(labels, word) if where(place, tokens) else rest
            for place, word in enumerate(tokens)
        ]

    return labels_of_tokens


_right = _chosen(_is_first)


def _where_the_label_changes(tokens, labels):
    of_words = [None if word is None else labels[word] for word in tokens]
    return [
        -100 if of is None or (place and of_words[place - 1] == of) else of
        for place, of in enumerate(of_words)
    ]


def _begin_and_inside(tokens, labels):
    """Odd labels begin a name, and the even one after it goes on."""
    firsts, all_pieces = _right(tokens, labels), _chosen(lambda *given: True)(tokens, labels)
    return [
        of + 1 if first == -100 and of % 2 == 1 else of
        for first, of in zip(firsts, all_pieces, strict=True)
    ]


def _in_turn(tokens, labels):
    """The next label at each first piece, whatever the number of its word is."""
    rest = iter(labels)
    return [
        next(rest) if word is not None and _is_first(place, tokens) else -100
        for place, word in enumerate(tokens)
    ]


TOKENS = Function(
    "13.1",
    praise="Each word counts once in the loss, however many pieces it was cut into, and what has "
    "−100 counts nowhere. Whether a new word begins is told by the numbers of the words; the "
    "labels cannot tell it.",
    hints=(
        "Go through the tokens one by one. When does a new word begin?",
        "A token is the first piece of its word if it is no mark and the token before it belongs "
        "to another word, or to none. Keep the number before in a variable.",
        "For [None, 0, 1, 1, 1, None] and the labels [1, 0] the result is "
        "[-100, 1, 0, -100, -100, -100].",
    ),
    reference=_right,
    observe=in_turn(_right, on_drawn(_draw_plain), on_drawn(_draw_hard)),
    mistakes=[
        (
            _chosen(_is_last),
            "You put the label on the last piece of a word. The first one carries it.",
        ),
        (
            _chosen(lambda *given: True),
            "You put the label on every piece. Then a word of five pieces counts five times: all "
            "pieces but the first get −100.",
        ),
        (
            _where_the_label_changes,
            "You compare labels. Two words next to each other may have the same one, and the "
            "second then gets none: compare the numbers of the words.",
        ),
        (
            _chosen(lambda place, tokens: tokens[place] and _is_first(place, tokens)),
            "Word 0 gets no label. In an `if` the number 0 counts as False: ask `word is None`. "
            "And what is compared with the first word must not begin as 0.",
        ),
        (
            _chosen(lambda place, tokens: tokens[place - 1] != tokens[place]),
            "Right in most cases. For the first token you look at the place before it, and place "
            "−1 is the last token. A text of one word without marks then gets no label.",
        ),
        (
            _chosen(lambda place, tokens: not place or tokens[place - 1] is not tokens[place]),
            "Right up to word 256. `is` asks whether two objects are the same one, which equal "
            "numbers need not be: compare with == or !=.",
        ),
        (
            _chosen(_is_first, mark=0),
            "You gave the marks the label 0, so that the network learns them as words of class 0. "
            "They get −100.",
        ),
        (
            _chosen(_is_first, rest=0),
            "You gave the other pieces of a word the label 0, so that they count as words of "
            "class 0. They get −100.",
        ),
        (
            _chosen(_is_first, rest=0, mark=0),
            "You gave 0 to all that has no label, and 0 is a class. Give −100.",
        ),
        (
            _chosen(_is_first, rest=-1, mark=-1),
            "You wrote −1 where nothing is asked for. The number that the loss leaves out is −100.",
        ),
        (
            _chosen(_is_first, rest=None, mark=None),
            "You wrote None where nothing is asked for. A tensor cannot hold it: write −100.",
        ),
        (
            _chosen(_is_first, rest=None),
            "You wrote None at the other pieces of a word. A tensor cannot hold it: write −100.",
        ),
        (
            _begin_and_inside,
            "That is how labels of the kinds B- and I- are put on every piece. Here all pieces but "
            "the first get −100.",
        ),
        (
            _chosen(lambda place, tokens: _is_first(place, tokens) and _is_last(place, tokens)),
            "Words of several pieces get no label at all. Their first piece carries it.",
        ),
        (
            _chosen(_is_first, value=lambda labels, word: labels[word - 1]),
            "Each word has the label of the word before it. Words are counted from 0: "
            "labels[word].",
        ),
        (
            lambda tokens, labels: [-100, *_right(tokens, labels)[:-1]],
            "All labels stand one place too late. No error would tell it: the network would learn "
            "the label of the neighbour.",
        ),
        (
            lambda tokens, labels: [*_right(tokens, labels)[1:], -100],
            "All labels stand one place too early. No error would tell it: the network would learn "
            "the label of the neighbour.",
        ),
        (
            lambda tokens, labels: [
                of
                for of, word in zip(_right(tokens, labels), tokens, strict=True)
                if word is not None
            ],
            "You left out the marks. They are tokens too, and get −100: one int per token.",
        ),
        (
            lambda tokens, labels: [
                of
                for place, of in enumerate(_right(tokens, labels))
                if tokens[place] is None or _is_first(place, tokens)
            ],
            "You left out the other pieces of words. They are tokens too, and get −100: one int "
            "per token.",
        ),
        (
            lambda tokens, labels: list(labels),
            "These are the labels of the words. Return one int per token.",
        ),
        (
            _chosen(_is_first, value=lambda labels, word: word),
            "You wrote the number of the word. Its label is labels[word].",
        ),
        (
            _in_turn,
            "Right while each word has a token. You take the labels in turn, and after a word "
            "without a token all others slip by one: take labels[word].",
        ),
    ],
)
