"""Word vectors trained on one's own texts, with gensim."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence

from gensim.models import KeyedVectors

from tlhelpers.checks import whole
from tlhelpers.models.words import composed


def train_word2vec(
    sentences: Iterable[Sequence[str]],
    size: int = 100,
    *,
    epochs: int = 3,
    window: int = 5,
    min_count: int = 5,
    negative: int = 5,
    skip_gram: bool = True,
    seed: int = 0,
    workers: int = 1,
    after_epoch=None,
) -> KeyedVectors:
    """Train word vectors on texts: a word and its neighbours attract each other [1]_.

    Parameters
    ----------
    sentences : iterable of list of str
        It is gone through ``epochs + 1`` times: a list, or an object like `Newsgroups`, but not a
        generator. Words are learned in the form NFC, in which é is one sign.
    size : int
        Numbers per word.
    epochs, window, min_count, negative : int
        Passes; neighbours on each side; words rarer than `min_count` are left out; noise words per
        pair. Of a sentence, gensim learns from the first 10,000 words.
    skip_gram : bool
        Guess the neighbours out of the word; False guesses the word out of its neighbours (CBOW).
    seed : int
    workers : int
        The result is the same at each call with one worker only: several mix their steps as the
        system lets them run, whatever the seed.
    after_epoch : callable, optional
        Called with the epoch's number, from 1 on, and the vectors as they are then.

    Returns
    -------
    gensim.models.KeyedVectors

    Raises
    ------
    ValueError
        If `sentences` can be gone through only once or are not cut into words, a number is below 1,
        or no word is frequent enough.

    References
    ----------
    .. [1] Mikolov et al., Distributed representations of words and phrases and their
       compositionality, NeurIPS 2013, arXiv:1310.4546.
    """
    from gensim.models import Word2Vec

    _check_sentences(sentences)
    numbers = {"epochs": epochs, "window": window, "min_count": min_count, "negative": negative}
    # With some of them below 1, gensim waits for ever, or trains nothing and says nothing.
    for name, number in {"size": size, "workers": workers, **numbers}.items():
        whole(name, number)
    if workers > 1:
        warnings.warn("with several workers the vectors differ from run to run", stacklevel=2)
    sentences = _Composed(sentences)
    model = Word2Vec(vector_size=size, sg=int(skip_gram), seed=seed, workers=workers, **numbers)
    model.build_vocab(sentences)
    if not model.wv.key_to_index:
        raise ValueError(f"no word occurs {min_count} times in the sentences")
    callbacks = [_after_epoch(after_epoch)] if after_epoch else []
    model.train(sentences, total_examples=model.corpus_count, epochs=epochs, callbacks=callbacks)
    return model.wv


class _Composed:
    """Sentences with their words in the form NFC: é and e with an accent are one word."""

    def __init__(self, sentences: Iterable[Sequence[str]]):
        self.sentences = sentences

    def __iter__(self) -> Iterator[Sequence[str]]:
        for words in self.sentences:
            try:
                plain = "".join(words).isascii()
            except TypeError:  # gensim takes numbers too
                plain = True
            yield words if plain else [composed(word) for word in words]


def _check_sentences(sentences: Iterable[Sequence[str]]) -> None:
    if iter(sentences) is sentences:
        raise ValueError("training goes through the sentences several times: give a list of them")
    if isinstance(next(iter(sentences), None), str):
        raise ValueError("a sentence is a list of words: cut texts with tokens() first")


def _after_epoch(call):
    """A callback of gensim that calls `call` with the epoch's number and the vectors."""
    from gensim.models.callbacks import CallbackAny2Vec

    class AfterEpoch(CallbackAny2Vec):
        epoch = 0

        def on_epoch_end(self, model):
            self.epoch += 1
            model.wv.norms = None  # else most_similar divides by the lengths of an earlier epoch
            call(self.epoch, model.wv)

    return AfterEpoch()
