"""Frozen features of every word of a sentence: the vector of its first subword, at each layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from tlhelpers.checks import listed, whole
from tlhelpers.models.devices import on_device
from tlhelpers.models.encoders import Encoder
from tlhelpers.models.evaluating import evaluating


def cut_words(encoder: Encoder, sentences: Sequence[Sequence[str]]) -> tuple[list, list]:
    """The token numbers of sentences that come as words, and where each word begins.

    Parameters
    ----------
    encoder : Encoder
    sentences : sequence of sequences of str

    Returns
    -------
    numbers : list of list of int
        With the marks of start and end.
    firsts : list of int64 array
        For each word of a sentence, the place of its first subword.

    Raises
    ------
    ValueError
        If there is no sentence, a sentence has no words or is no list of them, the tokenizer leaves
        a word out, or a sentence has more tokens than the encoder takes.
    """
    _refuse_texts(sentences)
    if not len(sentences) or not all(map(len, sentences)):
        raise ValueError("each sentence needs at least one word")
    cut = encoder.tokenizer(list(map(list, sentences)), is_split_into_words=True, verbose=False)
    firsts = []
    for place, words in enumerate(sentences):
        of_word = cut.word_ids(place)
        starts = {word: i for i, word in reversed(list(enumerate(of_word))) if word is not None}
        if lost := [word for i, word in enumerate(words) if i not in starts]:
            raise ValueError(f"the tokenizer leaves {lost[0]!r} of sentence {place} out")
        if len(of_word) > encoder.transform.max_length:
            raise ValueError(
                f"sentence {place} has {len(of_word)} tokens, the encoder takes "
                f"{encoder.transform.max_length}: cut it into two"
            )
        firsts.append(np.array([starts[i] for i in range(len(words))], dtype=np.int64))
    return cut["input_ids"], firsts


def _refuse_texts(sentences) -> None:
    """A text would be taken for a list of its letters."""
    for place, words in enumerate([sentences] if isinstance(sentences, str) else sentences):
        if isinstance(words, str):
            raise ValueError(f"sentence {place} is a text: give its words, text.split() say")
        if odd := [word for word in words if not isinstance(word, str)]:
            raise ValueError(f"sentence {place} holds {odd[0]!r}, which is no text: give words")


def read_words(
    encoder: Encoder,
    network: nn.Module,
    sentences: Sequence[Sequence[str]],
    read: Callable[..., torch.Tensor],
    batch_size: int = 32,
) -> list[np.ndarray]:
    """What ``read(input_ids=…, attention_mask=…)`` gives for the first subword of each word.

    Parameters
    ----------
    encoder : Encoder
        Cuts the words.
    network : nn.Module
        What `read` runs, in evaluation mode and on its device; it is left as it is.
    sentences : sequence of sequences of str
    read : callable
        Gives a tensor of shape (n, length, …).
    batch_size : int
        Sentences per step; those of like length go together.

    Returns
    -------
    list of array, shape (words of the sentence, …)

    Raises
    ------
    ValueError
        As `cut_words` does.
    """
    whole("batch_size", batch_size)
    numbers, firsts = cut_words(encoder, sentences)
    order = np.argsort([len(row) for row in numbers], kind="stable")
    rows: list = [None] * len(numbers)
    with evaluating(network), torch.inference_mode(), on_device(network, changes=False) as device:
        for items in np.array_split(order, -(-len(order) // batch_size)):
            given = encoder.transform.padded([numbers[i] for i in items])
            found = read(**{name: x.to(device) for name, x in given.items()}).cpu().numpy()
            for i, of_one in zip(items, found, strict=True):
                rows[i] = of_one[firsts[i]]
    return rows


def encode_words(
    encoder: Encoder,
    sentences: Sequence[Sequence[str]],
    layers: Sequence[int] | None = None,
    batch_size: int = 32,
) -> dict[int, np.ndarray]:
    """The vector of every word in its sentence, at several layers out of one forward pass.

    Parameters
    ----------
    encoder : Encoder
        It is left as it is, and where it is.
    sentences : sequence of sequences of str
    layers : list of int, optional
        0 is the embeddings, before any context, −1 the last layer; all when left out.
    batch_size : int
        Sentences per step; those of like length go together.

    Returns
    -------
    dict of int to float32 array, shape (words, feature_size)
        By layer, the words of all sentences in their order. A word of several subwords has the
        vector of the first.

    Raises
    ------
    ValueError
        As `cut_words` does, and if a layer does not exist.
    """
    layers = encoder.layers if layers is None else listed("layers", layers)
    inside = [encoder.layer_number(layer) for layer in layers]

    def states(**given: torch.Tensor) -> torch.Tensor:
        every = encoder.hidden_states(**given)
        return torch.stack([every[layer] for layer in inside], dim=2).float()

    rows = read_words(encoder, encoder, sentences, states, batch_size)
    return {layer: np.concatenate([row[:, k] for row in rows]) for k, layer in enumerate(layers)}
