"""The frozen forward pass of an encoder: texts in, feature vectors out, cached on disk."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import nn

from tlhelpers.checks import known, listed, progress_bar, whole
from tlhelpers.data.texts import TextSet
from tlhelpers.models.devices import best_device
from tlhelpers.models.encoders import POOLS, Encoder, pooled
from tlhelpers.models.engine import run_frozen
from tlhelpers.models.feature_cache import keys_of, read_or_make
from tlhelpers.models.precision import (
    PRECISIONS,
    choose_precision,
    has_bfloat16,
    refuse_not_finite,
    sample,
)

# Planning takes about two seconds; so few texts are through before.
WORTH_PLANNING = 200
CACHE_FORMAT = 1

Place = tuple[str, int]  # how it is pooled, and the number of the layer whose output that is


def encode(
    encoder: Encoder, texts: Sequence[str] | TextSet, layer: int = -1, **options
) -> np.ndarray:
    """Feature vectors of a frozen encoder, one per text.

    Parameters
    ----------
    encoder : Encoder
        Its weights and its mode are left as they are: the forward pass runs on a copy in evaluation
        mode, without gradients.
    texts : sequence of str, or TextSet
        Texts longer than the encoder takes are cut, with a warning.
    layer : int
        Whose output is pooled: 0 is the embeddings, before any context, -1 the last layer.
    **options
        As in `encode_layers`.

    Returns
    -------
    float32 array, shape (n, d)

    Raises
    ------
    ValueError
        As `encode_layers` does.
    """
    return encode_layers(encoder, texts, [layer], **options)[layer]


def encode_layers(
    encoder: Encoder,
    texts: Sequence[str] | TextSet,
    layers: Sequence[int] | None = None,
    *,
    pool: str | None = None,
    precision: str = "float32",
    batch_size: int | None = None,
    cache: bool = True,
    progress: bool = True,
) -> dict[int, np.ndarray]:
    """Feature vectors at several layers out of one forward pass.

    Texts of like length go together, so that little is filled up; a text's vector does not depend
    on the others.

    Parameters
    ----------
    encoder : Encoder
    texts : sequence of str, or TextSet
    layers : list of int, optional
        As in `encode`; all of them when left out.
    pool : {"mean", "cls", "max"}, optional
        The encoder's own when left out.
    precision : {"float32", "bfloat16", "int8", "auto"}
        ``"int8"`` rounds weights and what flows through to whole numbers of seven bits: quicker for
        thousands of texts, and coarse (benchmarks/README.md says what it costs MiniLM's heads).
        ``"auto"`` takes bfloat16 where the device computes in it and a sample of 16 texts agrees
        with float32 (cosine of at least 0.999 for each), else float32.
    batch_size : int, optional
        Texts per step; when left out, what suits the device.
    cache : bool
        Keep the result in ``data/cache/features``, under a hash of the weights, the tokens, the
        pooling, the layer and the precision.
    progress : bool
        Show a progress bar.

    Returns
    -------
    dict of int to float32 array, shape (n, d)
        By the numbers that were asked for.

    Raises
    ------
    ValueError
        If a text is empty, an argument is unknown, or a feature is not finite.
    """
    layers = encoder.layers if layers is None else listed("layers", layers)
    pool = encoder.pool if pool is None else _known_pool(pool)
    places = {layer: (pool, encoder.layer_number(layer)) for layer in layers}
    vectors = _vectors(encoder, texts, places.values(), precision, batch_size, cache, progress)
    return {layer: vectors[place] for layer, place in places.items()}


def encode_pools(
    encoder: Encoder,
    texts: Sequence[str] | TextSet,
    pools: Sequence[str] = POOLS,
    layer: int = -1,
    *,
    precision: str = "float32",
    batch_size: int | None = None,
    cache: bool = True,
    progress: bool = True,
) -> dict[str, np.ndarray]:
    """Feature vectors pooled in several ways out of one forward pass.

    Parameters
    ----------
    encoder : Encoder
    texts : sequence of str, or TextSet
    pools : sequence of {"mean", "cls", "max"}
    layer : int
        As in `encode`.
    precision, batch_size, cache, progress
        As in `encode_layers`.

    Returns
    -------
    dict of str to float32 array, shape (n, d)
        By the names that were asked for.

    Raises
    ------
    ValueError
        As `encode_layers` does.
    """
    number = encoder.layer_number(layer)
    places = {pool: (_known_pool(pool), number) for pool in listed("pools", pools)}
    vectors = _vectors(encoder, texts, places.values(), precision, batch_size, cache, progress)
    return {pool: vectors[place] for pool, place in places.items()}


def _known_pool(pool: str) -> str:
    known("pool", pool, POOLS)
    return pool


def _vectors(
    encoder: Encoder,
    texts: Sequence[str] | TextSet,
    places: Iterable[Place],
    precision: str,
    batch_size: int | None,
    cache: bool,
    progress: bool,
) -> dict[Place, np.ndarray]:
    """The feature vectors at each place, float32 (n, d), from the cache or out of one pass."""
    places = sorted(set(places))
    known("precision", precision, (*PRECISIONS, "int8"))
    if batch_size is not None:
        whole("batch_size", batch_size)
    rows = encoder.transform.numbers(texts.texts if isinstance(texts, TextSet) else texts)
    dtype, keys = choose_precision(
        precision,
        lambda name: _keys(encoder, rows, places, name),
        lambda dtype: _forward(encoder, sample(rows, 16), places, dtype, 16, False),
        pays=has_bfloat16(best_device()),
    )

    def make(missing: list[Place]) -> dict[Place, np.ndarray]:
        return _forward(encoder, rows, missing, dtype, batch_size, progress)

    return read_or_make(keys, make, cache)


def _keys(encoder, rows, places: list[Place], precision: str) -> dict[Place, str]:
    tokens = hashlib.sha256(repr(rows).encode()).hexdigest()
    weights, network = encoder.fingerprint(), _network(encoder)
    keys = {}
    for pool in dict.fromkeys(pool for pool, _ in places):
        numbers = [number for name, number in places if name == pool]
        parts = (f"text {CACHE_FORMAT}", weights, network, f"{pool} {precision}", tokens)
        keys |= {(pool, number): key for number, key in keys_of(numbers, *parts).items()}
    return keys


def _network(encoder: Encoder) -> list[tuple[str, object]]:
    """What the weights do not tell, e.g. the number of attention heads."""
    where = ("_name_or_path", "transformers_version", "architectures", "dtype")
    config = encoder.model.config.to_dict()
    return sorted((key, value) for key, value in config.items() if key not in where)


def _forward(encoder, rows, places, dtype, batch_size, progress) -> dict[Place, np.ndarray]:
    """Run a frozen copy over all texts, those of like length together, and pool at each place."""
    int8 = dtype == torch.int8
    device = torch.device("cpu") if int8 else best_device()
    order = np.argsort([len(row) for row in rows], kind="stable")[::-1]
    starts = range(0, len(rows), batch_size or (8 if device.type == "cpu" else 128))
    items = [order[i : i + starts.step] for i in starts]
    batches = (encoder.transform.padded([rows[i] for i in part]) for part in items)
    planned = int8 or (dtype == torch.float32 and len(rows) >= WORTH_PLANNING)
    compared = encoder.transform.padded(sample(rows, 4)) if planned else None
    network = _PooledStates(encoder, places, dtype)
    outputs = run_frozen(network, batches, device, compared, (0, 1), int8)
    vectors = {place: np.empty((len(rows), encoder.feature_size), np.float32) for place in places}
    bar = progress_bar(outputs, "features", "batch", progress and len(starts) >= 8, len(starts))
    for part, pooled_rows in zip(items, bar, strict=True):
        for place, values in zip(places, pooled_rows, strict=True):
            vectors[place][part] = values
    refuse_not_finite(((number, rows) for (_, number), rows in vectors.items()), encoder.name)
    return vectors


class _PooledStates(nn.Module):
    """A frozen copy of an encoder that gives pooled vectors of some layers."""

    def __init__(self, encoder: Encoder, places: Sequence[Place], dtype: torch.dtype):
        super().__init__()
        self.encoder = copy.deepcopy(encoder).eval()
        self.places, self.bfloat16 = list(places), dtype == torch.bfloat16

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        with torch.autocast(input_ids.device.type, torch.bfloat16, enabled=self.bfloat16):
            states = self._states(input_ids=input_ids, attention_mask=attention_mask)
        return tuple(
            pooled(states[number].float(), attention_mask, pool) for pool, number in self.places
        )

    def extra_repr(self) -> str:
        """What else decides the result: a kept export is of this network alone."""
        return f"{self.places} {self.bfloat16} {self.encoder.model.config}"

    def _states(self, **inputs: torch.Tensor) -> Mapping[int, torch.Tensor]:
        """What the layers give, by number; the last one alone takes less memory."""
        last = self.encoder.layers[-1]
        if {number for _, number in self.places} == {last}:
            return {last: self.encoder.model(**inputs).last_hidden_state}
        return dict(enumerate(self.encoder.hidden_states(**inputs)))
