"""Strategies for a classifier of texts, from counted words to a tuned encoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial

import numpy as np
from threadpoolctl import threadpool_limits

from tlhelpers.data.streams import random_stream
from tlhelpers.data.texts import TextSet
from tlhelpers.evaluation.trials import Outcome, Strategy, Trial
from tlhelpers.experiments.strategies import BATCH, HEAD, TWINS, choose_setting, train_on
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.embedding import MeanOfWords, WordIds, embedding_layer
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.encoders import Encoder
from tlhelpers.models.heads import new_tfidf_head
from tlhelpers.models.text_features import encode
from tlhelpers.models.vector_files import load_vectors
from tlhelpers.models.words import document_vectors
from tlhelpers.training.fitting import fit_head
from tlhelpers.training.freezing import freeze_to
from tlhelpers.training.lora import add_lora

FEWEST_STEPS = 40
WORD_STEPS = 1000


def epochs_for_texts(items: int, batch_size: int = BATCH) -> int:
    """How many epochs an encoder is tuned for: at least three, and few items are seen more often.

    About 40 steps and one more for every ten items.
    """
    return max(3, round((FEWEST_STEPS + 0.1 * items) / np.ceil(items / batch_size)))


def warm_texts() -> None:
    """Load what all runs of a process share, so that the first one does not pay for the others.

    But for the random twins: five of them would take half a gigabyte in each process.
    """
    import accelerate  # noqa: F401
    import peft  # noqa: F401

    shared_vectors()
    shared_encoder()


shared_vectors = cache(load_vectors)


@cache
def _loaded_encoder(pretrained: bool, seed: int) -> Encoder:
    return load_encoder(pretrained=pretrained, seed=seed)


def shared_encoder(pretrained: bool = True, seed: int = 0) -> Encoder:
    """The encoder of the course, loaded once per process."""
    # Written out in full: to the cache, a default and the same value given are two calls.
    return _loaded_encoder(pretrained, seed)


# ---------------------------------------------------------------- counted words


def train_tfidf_head(grid: Sequence[dict]) -> Strategy:
    """A strategy: TF-IDF and a linear classifier; its penalty is chosen in the training items."""

    def strategy(trial: Trial) -> Outcome:
        part = trial.source.subset(trial.train)

        def accuracy(learn, judge, C: float) -> float:
            head = new_tfidf_head(C).fit(part.texts[learn], part.labels[learn])
            return (head.predict(part.texts[judge]) == part.labels[judge]).mean()

        with threadpool_limits(1):
            chosen, notes = choose_setting(grid, part.labels, trial.seed, accuracy)
            head = new_tfidf_head(**chosen).fit(part.texts, part.labels)
            notes["trained_weights"] = head[-1].coef_.size + head[-1].intercept_.size
            tests = trial.tests().items()
            return Outcome({name: head.predict(test.texts) for name, test in tests}, notes)

    return strategy


# ---------------------------------------------------------------- rows for a linear head


def glove_rows(seed: int) -> Callable[[TextSet], np.ndarray]:
    """The mean of the GloVe vectors of a text's words."""
    return lambda texts: document_vectors(shared_vectors(), texts.texts)


def encoder_rows(seed: int, twin: bool = False) -> Callable[[TextSet], np.ndarray]:
    """Frozen features of the encoder, or of a random twin; five twins take turns over the seeds.

    Computed anew, so that they are paid for.
    """
    encoder = shared_encoder(not twin, seed % TWINS if twin else 0)
    return partial(encode, encoder, cache=False, progress=False)


# ---------------------------------------------------------------- trained networks


def train_mean_of_words(
    texts: TextSet,
    items: np.ndarray,
    seed: int,
    start: str = "glove",
    frozen: bool = False,
    lr: float = 1e-2,
):
    """One embedding layer, a mean and a linear head; with `frozen` the head alone is trained.

    The words are those of GloVe that occur in the texts at all; one that no training text holds
    keeps its first vector: by `start` that of GloVe, a random one, or ("shuffled") another word's.
    """
    words = _known_words(texts)
    if start == "random":
        layer = embedding_layer(shared_vectors().vector_size, words, frozen, seed)
    else:
        layer = embedding_layer(shared_vectors(), words, frozen, seed)
    if start == "shuffled":
        rows = layer.weight.data[2:]
        rows[:] = rows[random_stream(seed, "shuffled words").permutation(len(rows))]
    model = Classifier(MeanOfWords(layer, words), len(texts.class_names), texts.class_names, seed)
    steps = np.ceil(len(items) / BATCH)
    epochs = max(1, round(WORD_STEPS / steps))
    # Weight decay would shorten the vectors of words that no training text holds.
    options = {"lr": lr, "schedule": "linear", "weight_decay": 0.0}
    return train_on(model, texts.subset(items), seed, epochs, **options)


def _known_words(texts: TextSet) -> WordIds:
    return WordIds([word for word in WordIds.of(texts.texts).words if word in shared_vectors()])


def fine_tune_encoder(
    texts: TextSet,
    items: np.ndarray,
    seed: int,
    lr: float = 1e-4,
    frozen_groups: int = 0,
    head_first: bool = True,
    epochs: int | None = None,
    times: int = 1,
    precision: str = "auto",
    **options,
):
    """The encoder, tuned from the end down to a depth, its head first or all at once.

    Its eight layer groups are embeddings, six layers and head. It is trained `times` as long as
    `epochs_for_texts` has it; further options are those of `fit`.
    """
    part = texts.subset(items)
    model = _with_head(part, seed, head_first)
    freeze_to(model, frozen_groups)
    epochs = times * (epochs or epochs_for_texts(len(items)))
    options = {"lr": lr, "precision": precision, "schedule": "linear"} | options
    return train_on(model, part, seed, epochs, **options)


def adapt_encoder_low_rank(
    texts: TextSet,
    items: np.ndarray,
    seed: int,
    lr: float = 1e-3,
    rank: int = 8,
    precision: str = "auto",
):
    """LoRA: the encoder frozen, small trained matrices beside query and value; head first."""
    part = texts.subset(items)
    model = add_lora(_with_head(part, seed), rank=rank, seed=seed)
    options = {"lr": lr, "precision": precision, "schedule": "linear"}
    return train_on(model, part, seed, epochs_for_texts(len(items)), **options)


def _with_head(part: TextSet, seed: int, head_first: bool = True) -> Classifier:
    model = Classifier(shared_encoder(), len(part.class_names), part.class_names, seed)
    if head_first:
        rows = encode(model.backbone, part, cache=False, progress=False)
        fit_head(model, rows, part.labels, **HEAD, seed=seed, quiet=True)
    return model
