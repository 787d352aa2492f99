"""Words of random letters, for exercises on texts."""

import numpy as np

LETTERS = "abcdefghijklmnoprstuvwyz"


def draw_words(rng: np.random.Generator, n: int, shortest: int = 2, longest: int = 7) -> list[str]:
    """Different words in no order."""
    words: dict[str, None] = {}
    while len(words) < n:
        places = rng.integers(0, len(LETTERS), rng.integers(shortest, longest + 1))
        words["".join(LETTERS[place] for place in places)] = None
    return list(words)
