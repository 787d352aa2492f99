"""Texts to the numbers that an encoder takes, with the tokenizer that belongs to it."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence

import torch

from tlhelpers.checks import full_texts

SPARE_ROWS = 128  # some checkpoints round their number of embedding rows up


class Tokens:
    """Texts to what the network takes, cut to `max_length` tokens; a warning tells how many."""

    def __init__(self, tokenizer, max_length: int):
        self.tokenizer, self.max_length = tokenizer, max_length

    def card(self) -> dict:
        """What a saved model must find again."""
        vocabulary = repr(sorted(self.tokenizer.get_vocab().items()))
        return {
            "max_length": self.max_length,
            "vocabulary": hashlib.sha256(vocabulary.encode()).hexdigest(),
        }

    def __repr__(self) -> str:
        return f"Tokens({type(self.tokenizer).__name__}, max_length={self.max_length})"

    def __call__(self, texts: Sequence[str]) -> dict[str, torch.Tensor]:
        """Texts (n,) to ``input_ids`` and ``attention_mask``, int64 (n, length of the longest)."""
        return self.padded(self.numbers(texts))

    def numbers(self, texts: Sequence[str]) -> list[list[int]]:
        """The token numbers of each text, with those that mark start and end."""
        checked = full_texts(texts)
        rows = self.tokenizer(checked, add_special_tokens=True, verbose=False)["input_ids"]
        long = [place for place, row in enumerate(rows) if len(row) > self.max_length]
        if long:
            warnings.warn(
                f"{len(long)} of {len(rows)} texts are longer than {self.max_length} tokens and "
                f"are cut: the first is text {long[0]} with {len(rows[long[0]])} tokens",
                stacklevel=3,
            )
            # The tokenizer cuts by itself, so that the mark of the end stays.
            cut = self.tokenizer(
                [checked[place] for place in long], truncation=True, max_length=self.max_length
            )["input_ids"]
            for place, row in zip(long, cut, strict=True):
                rows[place] = row
        return rows

    def padded(self, rows: Sequence[Sequence[int]]) -> dict[str, torch.Tensor]:
        """Rows of numbers, filled up to the longest, and the mask that tells them apart."""
        longest = max(map(len, rows))
        fill = self.tokenizer.pad_token_id
        ids = torch.full((len(rows), longest), fill, dtype=torch.int64)
        mask = torch.zeros_like(ids)
        for place, row in enumerate(rows):
            ids[place, : len(row)] = torch.tensor(row)
            mask[place, : len(row)] = 1
        return {"input_ids": ids, "attention_mask": mask}


def refuse_other_tokenizer(config, tokenizer) -> None:
    """Raise a ValueError unless a tokenizer fits a network, as far as its `config` tells."""
    rows, known = config.vocab_size, len(tokenizer)
    if not rows - SPARE_ROWS <= known <= rows:
        raise ValueError(
            f"the tokenizer knows {known} tokens, the network {rows}: take the tokenizer that was "
            "saved with these weights"
        )
    fill = getattr(config, "pad_token_id", None)
    if fill is not None and tokenizer.pad_token_id != fill:
        raise ValueError(
            f"the tokenizer fills up with number {tokenizer.pad_token_id}, the network was trained "
            f"with {fill}: take the tokenizer that was saved with these weights"
        )
    if tokenizer.pad_token_id is None:
        raise ValueError("the tokenizer has no token to fill up with")
