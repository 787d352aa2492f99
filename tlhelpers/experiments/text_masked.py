"""Which word is missing? Counts of neighbours against an encoder that is trained to guess."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache, partial

import numpy as np

from tlhelpers.data.texts import Newsgroups, TextSet
from tlhelpers.evaluation.trials import Strategy, Trial
from tlhelpers.experiments.sweep import Sweep
from tlhelpers.experiments.text_strategies import shared_encoder
from tlhelpers.models.neighbour_counts import NeighbourCounts
from tlhelpers.training.pretraining import pretrain

WORDS = 20
WINDOW = slice(60, 90)  # words from the middle of a post, as in lesson 06
RUN = 6  # words in a row that two windows may not share: posts quote each other
STEPS = (60, 1000)
TRAINING = {"lr": 5e-4, "head_lr": 3e-3, "longest": 32}  # as in lesson 06
MASK = "[MASK]"
BATCH = 64


# ---------------------------------------------------------------- texts with one gap each


def windows_of(posts: Sequence[Sequence[str]]) -> list[list[str]]:
    """Thirty words of each post that has so many; of windows that share a run, the first."""
    kept, seen = [], set()
    for post in posts:
        window = list(post)[WINDOW]
        if len(window) < WINDOW.stop - WINDOW.start:
            continue
        runs = {tuple(window[i : i + RUN]) for i in range(len(window) - RUN + 1)}
        if not runs & seen:
            kept.append(window)
        seen |= runs
    return kept


def commonest_words(windows: Sequence[Sequence[str]], count: int = WORDS) -> list[str]:
    """The words that most windows hold; of equally common ones, the first by alphabet."""
    held = Counter(word for window in windows for word in sorted(set(window)))
    return sorted(held, key=lambda word: (-held[word], word))[:count]


def cut_gaps(windows: Sequence[Sequence[str]], words: Sequence[str], seed: int = 0) -> TextSet:
    """Each window with a gap in place of one of the words; the label says which word stood there.

    The gap is drawn among all their places but the first and the last of the window. A window
    without such a place is left out.
    """
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for window in windows:
        places = [i for i, word in enumerate(window) if word in words and 0 < i < len(window) - 1]
        if places:
            place = rng.choice(places)
            texts.append(" ".join([*window[:place], MASK, *window[place + 1 :]]))
            labels.append(words.index(window[place]))
    groups = np.array([f"post-{i}" for i in range(len(texts))])
    unrated = np.full(len(texts), np.nan)
    return TextSet(texts, np.array(labels), list(words), groups, unrated, "newsgroups")


def fill_gaps(texts: TextSet) -> list[str]:
    """The texts as they were: each gap with the word of its label."""
    pairs = zip(texts.texts, texts.labels, strict=True)
    return [text.replace(MASK, texts.class_names[label]) for text, label in pairs]


def load_gaps() -> dict[str, TextSet]:
    """The one set: windows of newsgroup posts, one of twenty common words missing in each."""
    return {"newsgroups": _gaps()}


@cache
def _gaps() -> TextSet:
    windows = windows_of(Newsgroups())
    return cut_gaps(windows, commonest_words(windows))


# ---------------------------------------------------------------- who guesses


def guess_among(guesser, texts: TextSet) -> np.ndarray:
    """The likeliest of the class names in each gap, int64 (n,)."""
    transform = guesser.transform
    names = transform.tokenizer.convert_tokens_to_ids(list(texts.class_names))
    guessed = []
    for start in range(0, len(texts), BATCH):
        inputs = transform(list(texts.texts[start : start + BATCH]))
        places = inputs["input_ids"] == transform.tokenizer.mask_token_id
        guessed.append(guesser.guess(**inputs, places=places)[:, names].argmax(1).numpy())
    return np.concatenate(guessed)


def guess_after(learn: Callable[[list[str], int], object]) -> Strategy:
    """A strategy: what ``learn(texts, seed)`` gives of the filled training texts, then guesses."""

    def strategy(trial: Trial) -> np.ndarray:
        guesser = learn(fill_gaps(trial.source.subset(trial.train)), trial.seed)
        return guess_among(guesser, trial.source.subset(trial.test))

    return strategy


def count_neighbours(texts: list[str], seed: int, neighbours: bool = True) -> NeighbourCounts:
    """Counts of what stands beside each other in the texts; the seed decides nothing."""
    return NeighbourCounts(shared_encoder(), texts, neighbours=neighbours)


def train_to_guess(texts: list[str], seed: int, steps: int):
    """The encoder with a new masked-LM head, both trained on the texts."""
    quiet = {"precision": "auto", "progress": False}
    return pretrain(shared_encoder(), texts, steps=steps, seed=seed, **TRAINING, **quiet).model


def _guessers() -> dict[str, Strategy]:
    counted = {
        "commonest word": guess_after(partial(count_neighbours, neighbours=False)),
        "counts of both neighbours": guess_after(count_neighbours),
    }
    trained = {f"{steps:,} steps": guess_after(partial(train_to_guess, steps=steps))
               for steps in STEPS}  # fmt: skip
    return counted | trained


MASKED = Sweep("text-masked", __name__, load_gaps, _guessers, (None,), 2, warm=shared_encoder)
SWEEPS = (MASKED,)
