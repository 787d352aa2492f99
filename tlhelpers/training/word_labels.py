"""A label for each word of a sentence: an encoder with a linear layer on every word, tuned."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from tlhelpers.checks import whole, whole_numbers
from tlhelpers.data.cased_words import NOT_ASKED
from tlhelpers.models.backbones import seeded
from tlhelpers.models.encoders import Encoder
from tlhelpers.models.word_features import cut_words, read_words
from tlhelpers.training.by_steps import train_by_steps
from tlhelpers.training.optimizers import check_rate


class WordClassifier(nn.Module):
    """An encoder and a linear layer that gives each token of a text a score for every class.

    Parameters
    ----------
    encoder : Encoder
        A copy of it is held.
    classes : int
    seed : int
        Draws the weights of the linear layer.
    """

    def __init__(self, encoder: Encoder, classes: int, seed: int = 0):
        super().__init__()
        self.encoder = copy.deepcopy(encoder)
        with seeded(whole("seed", seed, 0)):
            self.head = nn.Linear(encoder.feature_size, whole("classes", classes, 2))

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """int64 (n, length) each to float (n, length, classes)."""
        given = {"input_ids": input_ids, "attention_mask": attention_mask}
        return self.head(self.encoder.model(**given).last_hidden_state)

    def predict(self, sentences: Sequence[Sequence[str]], batch_size: int = 32) -> list[np.ndarray]:
        """The class of each word of each sentence, read at its first subword; int64 arrays."""

        def classes(**given: torch.Tensor) -> torch.Tensor:
            return self(**given).argmax(2)

        return read_words(self.encoder, self, sentences, classes, batch_size)


def label_tokens(numbers, firsts, labels) -> list[np.ndarray]:
    """A label per token: a word's label at its first subword, −100 everywhere else.

    Parameters
    ----------
    numbers, firsts
        As `cut_words` gives them.
    labels : sequence of int array
        For each sentence one number per word; −100 for a word that is not asked for.

    Returns
    -------
    list of int64 array

    Raises
    ------
    ValueError
        If a sentence has another number of labels than of words, or one that is no class, or no
        word has a label.
    """
    if len(labels) != len(numbers):
        raise ValueError(f"{len(numbers)} sentences, but labels for {len(labels)}")
    rows = []
    for place, (tokens, starts, own) in enumerate(zip(numbers, firsts, labels, strict=True)):
        own = whole_numbers(own, f"the labels of sentence {place}")
        if len(own) != len(starts):
            raise ValueError(f"sentence {place} has {len(starts)} words and {len(own)} labels")
        if (wrong := own[(own < 0) & (own != NOT_ASKED)]).size:
            raise ValueError(f"sentence {place} has the label {wrong[0]}: take 0, 1, … or −100")
        row = np.full(len(tokens), NOT_ASKED, dtype=np.int64)
        row[starts] = own
        rows.append(row)
    if all((row == NOT_ASKED).all() for row in rows):
        raise ValueError("no word has a label: all are −100")
    return rows


def fit_words(
    encoder: Encoder,
    sentences: Sequence[Sequence[str]],
    labels: Sequence[np.ndarray],
    *,
    epochs: int = 3,
    lr: float = 1e-4,
    batch_size: int = 16,
    seed: int = 0,
    precision: str = "float32",
    progress: bool = True,
) -> WordClassifier:
    """Tune an encoder to give each word of a sentence its label; a copy is tuned.

    Parameters
    ----------
    encoder : Encoder
    sentences : sequence of sequences of str
    labels : sequence of int array
        For each sentence one number per word, from 0; −100 for a word that is not asked for.
    epochs : int
    lr : float
        Of all weights. It climbs over a tenth of the steps, then goes down to 0 in a line.
    batch_size : int
        Sentences per step.
    seed : int
        Draws the linear layer, the order and dropout.
    precision : {"float32", "bfloat16", "auto"}
        As in `fit`.
    progress : bool
        Show a progress bar.

    Returns
    -------
    WordClassifier

    Raises
    ------
    ValueError
        As `cut_words` and `label_tokens` do, and if there are fewer than two classes.
    CourseError
        If the loss stops being a number.
    """
    check_rate("lr", lr)
    whole("epochs", epochs)
    whole("batch_size", batch_size)
    numbers, firsts = cut_words(encoder, sentences)
    wanted = label_tokens(numbers, firsts, labels)
    model = WordClassifier(encoder, int(max(row.max() for row in wanted)) + 1, seed)

    def loss_of(items: np.ndarray, device: torch.device) -> torch.Tensor:
        given = encoder.transform.padded([numbers[i] for i in items])
        asked = torch.full(given["input_ids"].shape, NOT_ASKED)
        for row, i in zip(asked, items, strict=True):
            row[: len(wanted[i])] = torch.from_numpy(wanted[i])
        scores = model(**{name: x.to(device) for name, x in given.items()}).float()
        return nn.functional.cross_entropy(scores.flatten(0, 1), asked.flatten().to(device))

    steps = epochs * -(-len(numbers) // batch_size)
    options = {"steps": steps, "batch_size": batch_size, "seed": seed, "precision": precision}
    optimizer = torch.optim.AdamW(model.parameters(), lr)
    train_by_steps(model, optimizer, loss_of, len(numbers), progress=progress, **options)
    return model
