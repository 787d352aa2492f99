"""Single words in their sentence: their subwords, their vectors, and what they look at."""

from __future__ import annotations

import re

import torch
from torch import nn

from tlhelpers.checks import full_texts
from tlhelpers.models.encoders import Encoder
from tlhelpers.models.evaluating import evaluating
from tlhelpers.models.words import MARK, composed


def split_words(encoder: Encoder, text: str) -> list[str]:
    """The subwords of a text, without the marks of start and end.

    Parameters
    ----------
    encoder : Encoder
    text : str

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If the text is empty.
    """
    return encoder.tokenizer.tokenize(full_texts([text])[0])


def word_vector(encoder: Encoder, text: str, word: str, layer: int = -1) -> torch.Tensor:
    """The vector of one word in its sentence: the mean over its subwords.

    Parameters
    ----------
    encoder : Encoder
        Each of its parts is left in the mode it was in.
    text : str
    word : str
        Its first occurrence in the text counts, as it is written there; é is the same as one sign
        and as e with an accent.
    layer : int
        Number 0 is the embeddings, before any context; -1 the last layer.

    Returns
    -------
    float32 tensor, shape (feature_size,)

    Raises
    ------
    ValueError
        If the word does not stand in the text as a word of its own, the text is longer than the
        encoder takes, or the layer does not exist.
    """
    number = encoder.layer_number(layer)
    return word_layers(encoder, text, word)[number]


def word_layers(encoder: Encoder, text: str, word: str) -> torch.Tensor:
    """The vectors of one word in its sentence at all layers, out of one forward pass.

    Parameters
    ----------
    encoder, text, word
        As for `word_vector`.

    Returns
    -------
    float32 tensor, shape (layers + 1, feature_size)
        Number 0 is the embeddings.

    Raises
    ------
    ValueError
        As `word_vector` does.
    """
    text = composed(*full_texts([text]))
    start, end = _place_of(word, text)
    cut = encoder.tokenizer(text, return_offsets_mapping=True, verbose=False)
    length, longest = len(cut["input_ids"]), encoder.transform.max_length
    if length > longest:
        raise ValueError(f"the text has {length} tokens, the encoder takes {longest}: shorten it")
    inside = [a < end and b > start for a, b in cut["offset_mapping"]]
    if not any(inside):
        raise ValueError(f"the tokenizer leaves {word!r} out")
    inputs = _to_device_of(encoder, encoder.transform.padded([cut["input_ids"]]))
    with evaluating(encoder), torch.no_grad():
        states = torch.stack(encoder.hidden_states(**inputs))
    return states[:, 0].cpu()[:, torch.tensor(inside)].mean(1)


def attention_weights(encoder: Encoder, text: str) -> tuple[list[str], torch.Tensor]:
    """Which token each token of a text looks at.

    Parameters
    ----------
    encoder : Encoder
    text : str

    Returns
    -------
    tokens : list of str
        With the marks of start and end.
    weights : float32 tensor, shape (layers, heads, length, length)
        Each row (a token that looks) sums to 1.

    Raises
    ------
    ValueError
        If the text is empty.
    """
    inputs = _to_device_of(encoder, encoder.transform([text]))
    quick = encoder.model.config._attn_implementation
    encoder.model.set_attn_implementation("eager")  # the fast one keeps no weights
    try:
        with evaluating(encoder), torch.no_grad():
            attentions = encoder.model(**inputs, output_attentions=True).attentions
    finally:
        encoder.model.set_attn_implementation(quick)
    tokens = encoder.tokenizer.convert_ids_to_tokens(inputs["input_ids"][0].tolist())
    return tokens, torch.cat(attentions).cpu().clone()


def _place_of(word: str, text: str) -> tuple[int, int]:
    """Start and end of the first place where the word stands by itself."""
    if not isinstance(word, str) or not word.strip():
        raise ValueError(f"the word {word!r} does not stand in {text!r}")
    word = composed(word)
    # A sign like the full stop may stand right after a word; an accent is part of it.
    left = rf"(?<!\w)(?<!{MARK})" * word[0].isalnum()
    right = rf"(?!\w|{MARK})" * bool(re.search(rf"[^\W_]{MARK}*\Z", word))
    match = re.search(left + re.escape(word) + right, text)
    if not match:
        raise ValueError(f"the word {word!r} does not stand in {text!r}")
    return match.span()


def _to_device_of(module: nn.Module, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    device = next(module.parameters()).device
    return {name: tensor.to(device) for name, tensor in inputs.items()}
