"""The frozen forward pass of an encoder: texts in, feature vectors out, cached on disk."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence

import numpy as np
import torch

from tlhelpers.checks import is_int, progress_bar
from tlhelpers.data.texts import TextSet
from tlhelpers.errors import nearest
from tlhelpers.models.encoders import POOLS, Encoder, check_layer, pooled
from tlhelpers.models.feature_cache import read_or_make
from tlhelpers.models.features import PRECISIONS, planned, refuse_not_finite, sample

CACHE_FORMAT = 1


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
    """
    [found] = encode_layers(encoder, texts, [layer], **options).values()
    return found


def encode_layers(
    encoder: Encoder,
    texts: Sequence[str] | TextSet,
    layers: Sequence[int] | None = None,
    *,
    pool: str | None = None,
    precision: str = "float32",
    batch_size: int = 32,
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
    precision : {"float32", "bfloat16", "auto"}
        ``"auto"`` takes bfloat16 where the processor computes in it and a sample of 16 texts agrees
        with float32 (cosine of at least 0.999 for each), else float32.
    batch_size : int
        Texts per step.
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
    count = encoder.model.config.num_hidden_layers + 1
    layers = list(dict.fromkeys(range(count) if layers is None else layers))
    for layer in layers:
        check_layer(layer, count)
    pool = pool or encoder.pool
    for value, known in ((pool, POOLS), (precision, PRECISIONS)):
        if value not in known:
            raise ValueError(f"unknown setting {value!r}: {nearest(str(value), known)}")
    if not is_int(batch_size) or batch_size < 1:
        raise ValueError(f"batch_size must be a whole number from 1 on, got {batch_size!r}")
    rows = encoder.transform.numbers(texts.texts if isinstance(texts, TextSet) else texts)
    places = {layer: layer % count for layer in layers}
    inside = sorted(set(places.values()))
    dtype, keys = planned(
        precision,
        lambda name: _keys(encoder, rows, inside, f"{pool} {name}"),
        lambda dtype: _forward(encoder, sample(rows, 16), inside, pool, dtype, 16, False),
    )

    def make(missing: list[int]) -> dict[int, np.ndarray]:
        return _forward(encoder, rows, missing, pool, dtype, batch_size, progress)

    found = read_or_make(keys, make, cache)
    return {layer: found[place] for layer, place in places.items()}


def _keys(encoder, rows, places, setting: str) -> dict[int, str]:
    tokens = hashlib.sha256(repr(rows).encode()).hexdigest()
    parts = (CACHE_FORMAT, encoder.fingerprint(), _network(encoder), setting, tokens)
    common = "\n".join(map(str, parts))
    return {
        place: hashlib.sha256(f"text {common}\n{place}".encode()).hexdigest() for place in places
    }


def _network(encoder: Encoder) -> list[tuple[str, object]]:
    """What the weights do not tell, e.g. the number of attention heads."""
    told = encoder.model.config.to_dict()
    where = ("_name_or_path", "transformers_version", "architectures", "dtype")
    return sorted((key, value) for key, value in told.items() if key not in where)


def _forward(encoder, rows, places, pool, dtype, batch_size, progress) -> dict[int, np.ndarray]:
    twin = copy.deepcopy(encoder).eval()
    device = next(twin.parameters()).device
    order = np.argsort([len(row) for row in rows], kind="stable")[::-1]
    found = {
        place: np.empty((len(rows), encoder.feature_size), dtype=np.float32) for place in places
    }
    starts = range(0, len(rows), batch_size)
    last_only = list(places) == [encoder.model.config.num_hidden_layers]
    with (
        torch.inference_mode(),
        torch.autocast(device.type, torch.bfloat16, enabled=dtype == torch.bfloat16),
    ):
        for start in progress_bar(starts, "features", "batch", progress and len(starts) >= 8):
            items = order[start : start + batch_size]
            given = twin.transform.padded([rows[i] for i in items])
            given = {name: tensor.to(device) for name, tensor in given.items()}
            states = _states(twin, given, last_only, places)
            for place, hidden in states.items():
                vectors = pooled(hidden.float(), given["attention_mask"], pool)
                found[place][items] = vectors.cpu().numpy()
    refuse_not_finite(found, encoder.name)
    return found


def _states(twin, given, last_only: bool, places) -> dict[int, torch.Tensor]:
    if last_only:
        return {places[0]: twin.model(**given).last_hidden_state}
    states = twin.hidden_states(**given)
    return {place: states[place] for place in places}
