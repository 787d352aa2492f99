"""Word vectors trained on one's own texts, with gensim: of words, or of words and their parts."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence

from gensim.models import KeyedVectors
from gensim.models.fasttext import FastTextKeyedVectors

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

    numbers = {"epochs": epochs, "window": window, "min_count": min_count, "negative": negative}
    whole_options = {"vector_size": size, "workers": workers, **numbers}
    options = {"sg": int(skip_gram), "seed": seed}
    return _train(Word2Vec, sentences, whole_options, options, after_epoch)


def train_fasttext(
    sentences: Iterable[Sequence[str]],
    size: int = 100,
    *,
    epochs: int = 3,
    window: int = 5,
    min_count: int = 5,
    negative: int = 5,
    skip_gram: bool = True,
    parts: tuple[int, int] = (3, 6),
    buckets: int = 100_000,
    seed: int = 0,
    workers: int = 1,
    after_epoch=None,
) -> FastTextKeyedVectors:
    """Train vectors of words and of their parts, so that words never seen get one too [1]_.

    A word's vector is the mean of its own and of those of its parts, all runs of 3 to 6 letters.
    It takes several times as long as `train_word2vec`.

    Parameters
    ----------
    sentences, size, epochs, window, min_count, negative, skip_gram, seed, workers, after_epoch
        As for `train_word2vec`.
    parts : tuple of int, int
        Letters of the shortest and of the longest parts; the ends of a word count as one each.
    buckets : int
        Rows for all parts together; parts that fall into the same one share it. gensim's own two
        million need 800 MB at 100 numbers each.

    Returns
    -------
    gensim.models.fasttext.FastTextKeyedVectors
        It has a vector for any word, so `coverage` tells nothing; `key_to_index` holds the words it
        was trained on. A word of which no part was seen gets what chance put there.

    Raises
    ------
    ValueError
        As for `train_word2vec`, or if `parts` are not two whole numbers, the smaller first.

    References
    ----------
    .. [1] Bojanowski, Grave, Joulin and Mikolov, Enriching word vectors with subword information,
       Transactions of the ACL 5, 2017, arXiv:1607.04606.
    """
    from gensim.models import FastText

    try:
        shortest, longest = parts
    except (TypeError, ValueError):
        raise ValueError(f"parts must be two whole numbers, e.g. (3, 6), got {parts!r}") from None
    whole("the longest part", longest, whole("the shortest part", shortest))
    numbers = {"epochs": epochs, "window": window, "min_count": min_count, "negative": negative}
    whole_options = {"vector_size": size, "workers": workers, "bucket": buckets, **numbers}
    options = {"sg": int(skip_gram), "seed": seed, "min_n": shortest, "max_n": longest}
    return _train(FastText, sentences, whole_options, options, after_epoch)


# What an argument is called here, where gensim has another name for it.
NAMES = {"vector_size": "size", "bucket": "buckets"}


def _train(kind: type, sentences, numbers: dict[str, int], options: dict, after_epoch):
    """The vectors of a model of gensim, trained; `numbers` must be 1 or more."""
    _check_sentences(sentences)
    # With some of them below 1, gensim waits for ever, or trains nothing and says nothing.
    for name, number in numbers.items():
        whole(NAMES.get(name, name), number)
    if numbers["workers"] > 1:
        warnings.warn("with several workers the vectors differ from run to run", stacklevel=3)
    sentences = _Composed(sentences)
    model = kind(**numbers, **options)
    model.build_vocab(sentences)
    if not model.wv.key_to_index:
        raise ValueError(f"no word occurs {numbers['min_count']} times in the sentences")
    told = {"total_examples": model.corpus_count, "epochs": numbers["epochs"]}
    callbacks = [_after_epoch(after_epoch)] if after_epoch else []
    model.train(sentences, **told, callbacks=callbacks)
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
            if hasattr(model.wv, "adjust_vectors"):  # fastText joins words and parts at the end
                model.wv.adjust_vectors()
            model.wv.norms = None  # else most_similar divides by the lengths of an earlier epoch
            call(self.epoch, model.wv)

    return AfterEpoch()
