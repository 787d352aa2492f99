"""Vectors of texts: equal to sentence-transformers, each text by itself, and their cache."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tiny_encoders import checkpoint, its_own, opinions, random_states, state_of, unpacked

from tlhelpers.data.texts import load_sentiment
from tlhelpers.models import text_features
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.encoders import POOLS, Encoder, pooled
from tlhelpers.models.precision import has_bfloat16, row_cosine
from tlhelpers.models.text_features import encode, encode_layers, encode_pools
from tlhelpers.models.word_features import encode_words

QUIET = {"progress": False, "cache": False}
SHORT = ("the bank was good", "a river", "bad", "the plot of the film was fine , a walk near rob !")


@pytest.fixture(scope="module")
def minilm(one_thread):
    return load_encoder()


@pytest.fixture(scope="module")
def tweets():
    """Sixty real ones, the longest and the shortest among them."""
    every = load_sentiment("tweets")
    order = np.argsort([len(text) for text in every.texts])
    return every.subset(order[np.linspace(0, len(order) - 1, 60).astype(int)])


@pytest.fixture(scope="module")
def small(tmp_path_factory, one_thread):
    return load_encoder(checkpoint(tmp_path_factory.mktemp("models") / "small"))


@pytest.fixture
def own(small):
    """A copy to change."""
    return copy.deepcopy(small)


@pytest.fixture
def passes(monkeypatch):
    """Counts the forward passes over whole lists."""
    counted = []
    true = text_features._forward

    def counting(encoder, rows, places, dtype, *rest):
        counted.append((len(rows), tuple(places), dtype))
        return true(encoder, rows, places, dtype, *rest)

    monkeypatch.setattr(text_features, "_forward", counting)
    return counted


def files(folder):
    return sorted((folder / "features").glob("*"))


# Right -----------------------------------------------------------------------------------


def test_float32_equals_sentence_transformers(minilm, tweets):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    network = Transformer(unpacked(), max_seq_length=256)
    for pool in POOLS:
        reference = SentenceTransformer(modules=[network, Pooling(384, pool)], device="cpu")
        wanted = reference.encode(list(tweets.texts), show_progress_bar=False)
        found = encode(minilm, tweets, pool=pool, **QUIET)
        assert found.dtype == np.float32 and found.shape == (60, 384)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-4)


@pytest.fixture(scope="module")
def by_hand(tweets):
    """All hidden states of transformers' own network, each text alone."""
    from transformers import AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(unpacked()), its_own(unpacked())
    found = []
    with torch.no_grad():
        for text in tweets.texts[::6]:
            rows = tokenizer(text, return_tensors="pt")
            states = model(**rows, output_hidden_states=True).hidden_states
            found.append([state[0].numpy() for state in states])
    return found


POOLING = {"mean": lambda x: x.mean(0), "cls": lambda x: x[0], "max": lambda x: x.max(0)}


@pytest.mark.parametrize("pool", POOLS)
def test_each_layer_is_that_of_transformers(minilm, tweets, by_hand, pool):
    found = encode_layers(minilm, tweets.texts[::6], pool=pool, **QUIET)
    assert list(found) == list(range(7))
    for layer, values in found.items():
        wanted = [POOLING[pool](states[layer]) for states in by_hand]
        np.testing.assert_allclose(values, wanted, rtol=1e-4, atol=1e-4)


def test_layers_from_the_end_are_those_from_the_start(small):
    together = encode_layers(small, SHORT, [3, 0, -1, -4, 1, -3], **QUIET)
    assert list(together) == [3, 0, -1, -4, 1, -3]
    for negative, layer in ((-1, 3), (-4, 0), (-3, 1)):
        np.testing.assert_array_equal(together[negative], together[layer])
        np.testing.assert_allclose(encode(small, SHORT, layer, **QUIET), together[layer], atol=1e-6)
    assert np.abs(together[0] - together[3]).max() > 0.1
    np.testing.assert_array_equal(encode(small, SHORT, **QUIET), encode(small, SHORT, 3, **QUIET))


def test_the_encoders_own_pooling_is_taken_unless_another_is_asked_for(small):
    other = Encoder(copy.deepcopy(small.model), small.tokenizer, "cls", {}, pool="cls").eval()
    own, mean = encode(other, SHORT, **QUIET), encode(other, SHORT, pool="mean", **QUIET)
    np.testing.assert_array_equal(own, encode(small, SHORT, pool="cls", **QUIET))
    np.testing.assert_array_equal(mean, encode(small, SHORT, **QUIET))
    with torch.no_grad():
        np.testing.assert_allclose(other(**other.transform(SHORT)), own, atol=1e-5)


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(batch_size=st.integers(1, 13), order=st.permutations(range(12)))
def test_batches_and_order_do_not_count(minilm, tweets, batch_size, order):
    texts = tweets.subset(np.arange(0, 60, 5))
    wanted = encode(minilm, texts, **QUIET)
    found = encode(minilm, texts.subset(order), batch_size=batch_size, **QUIET)
    np.testing.assert_allclose(found, wanted[order], rtol=0, atol=1e-5)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    texts=st.lists(st.sampled_from(SHORT), min_size=1, max_size=9),
    batch_size=st.integers(1, 10),
    pool=st.sampled_from(POOLS),
)
def test_a_text_has_one_vector_wherever_it_stands(small, texts, batch_size, pool):
    alone = {text: encode(small, [text], pool=pool, **QUIET)[0] for text in SHORT}
    found = encode(small, texts, batch_size=batch_size, pool=pool, **QUIET)
    np.testing.assert_allclose(found, [alone[text] for text in texts], rtol=0, atol=1e-5)


@given(
    hidden=arrays(np.float32, (3, 5, 2), elements=st.floats(-9, 9, width=16)),
    lengths=st.lists(st.integers(1, 5), min_size=3, max_size=3),
    rubbish=st.floats(-1e6, 1e6, width=32),
)
def test_pooling_leaves_out_what_fills_up(hidden, lengths, rubbish):
    mask = (np.arange(5) < np.array(lengths)[:, None]).astype(np.int64)
    hidden[mask == 0] = rubbish
    for pool, formula in POOLING.items():
        wanted = [
            formula(row[:n].astype(np.float64)) for row, n in zip(hidden, lengths, strict=True)
        ]
        found = pooled(torch.tensor(hidden), torch.tensor(mask), pool)
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match="unknown pool 'man': did you mean mean"):
        pooled(torch.tensor(hidden), torch.tensor(mask), "man")


def test_lists_arrays_and_sets_are_the_same(small):
    texts = opinions(6)
    wanted = encode(small, texts, **QUIET)
    for same in (texts.texts, texts.texts.tolist(), np.array(texts.texts, dtype=str),
                  tuple(texts.texts)):  # fmt: skip
        np.testing.assert_array_equal(encode(small, same, **QUIET), wanted)


def test_emoji_and_writing_from_the_right_have_their_vectors(minilm):
    texts = ["😀🎉", "مرحبا بالعالم", "שלום עולם", "naïve café", "日本語", "\u200b", "plain"]
    found = encode(minilm, texts, **QUIET)
    assert np.isfinite(found).all()
    for i, text in enumerate(texts):
        np.testing.assert_allclose(encode(minilm, [text], **QUIET)[0], found[i], atol=1e-5)
    assert len(np.unique(found.round(4), axis=0)) == len(texts)


def test_a_text_too_long_is_that_cut_by_hand(minilm):
    with pytest.warns(UserWarning, match=r"1 of 2 texts are longer than 256 tokens and are cut: "
                      r"the first is text 1 with 10002 tokens") as told:  # fmt: skip
        found = encode(minilm, ["short", "good " * 10_000], **QUIET)
    assert len(told) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wanted = encode(minilm, ["short", "good " * 254], **QUIET)  # and start, and end
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("precision", ["auto", "float32", "bfloat16"])
def test_the_callers_encoder_stays_as_it_is(own, small, training, precision, monkeypatch):
    monkeypatch.setattr("tlhelpers.models.text_features.has_bfloat16", lambda device: True)
    own.train(training)
    own.model.encoder.layer[1].train(not training)
    own.model.embeddings.requires_grad_(False)
    own(**own.transform(["a"])).sum().backward()
    grads = {name: p.grad.clone() for name, p in own.named_parameters() if p.grad is not None}
    own.zero_grad(set_to_none=True)
    before, draws = state_of(own), random_states()
    found = encode_layers(own, SHORT, precision=precision, **QUIET)
    assert state_of(own) == before and random_states() == draws and torch.is_grad_enabled()
    wanted = encode_layers(small, SHORT, precision=precision, **QUIET)
    for layer, values in found.items():  # dropout would make them differ
        np.testing.assert_array_equal(values, wanted[layer])
    own.eval()(**own.transform(["a"])).sum().backward()
    assert {name for name, p in own.named_parameters() if p.grad is not None} == grads.keys()


# Precision -------------------------------------------------------------------------------


def test_what_auto_gives_agrees_row_by_row(minilm, tweets):
    exact = encode(minilm, tweets, **QUIET)
    found = encode(minilm, tweets, precision="auto", **QUIET)
    assert found.dtype == np.float32
    assert row_cosine(found, exact).min() >= 0.999
    assert np.array_equal(found, exact) is not has_bfloat16()


def test_bfloat16_is_computed_in_it_and_given_in_float32(small):
    exact, found = (encode(small, SHORT, precision=p, **QUIET) for p in ("float32", "bfloat16"))
    assert found.dtype == np.float32 and 1e-5 < np.abs(found - exact).max() < 0.1


def test_without_bfloat16_it_is_float32(small, monkeypatch, passes):
    monkeypatch.setattr("tlhelpers.models.text_features.has_bfloat16", lambda device: False)
    found = encode(small, SHORT, precision="auto", **QUIET)
    assert passes == [(4, (("mean", 3),), torch.float32)]
    np.testing.assert_array_equal(found, encode(small, SHORT, **QUIET))


def test_where_bfloat16_disagrees_it_is_float32(small, monkeypatch, empty_cache):
    true = text_features._forward

    def disagreeing(encoder, rows, places, dtype, *rest):
        found = true(encoder, rows, places, dtype, *rest)
        if dtype is torch.bfloat16:
            found[places[-1]][-1, ::2] *= 1.2
        return found

    monkeypatch.setattr("tlhelpers.models.text_features.has_bfloat16", lambda device: True)
    wanted = encode(small, SHORT, **QUIET)
    monkeypatch.setattr(text_features, "_forward", disagreeing)
    np.testing.assert_array_equal(encode(small, SHORT, precision="auto", **QUIET), wanted)
    # Nor may "auto" trust what was kept when bfloat16 was asked for by name.
    off = encode(small, SHORT, precision="bfloat16", progress=False)
    assert row_cosine(off, wanted).min() < 0.999
    np.testing.assert_array_equal(encode(small, SHORT, precision="auto", progress=False), wanted)


def test_where_bfloat16_agrees_it_is_taken_and_read_again(small, monkeypatch, passes, empty_cache):
    monkeypatch.setattr("tlhelpers.models.text_features.has_bfloat16", lambda device: True)
    first = encode(small, SHORT, precision="auto", progress=False)
    compared = [torch.float32, torch.bfloat16]
    assert [dtype for _, _, dtype in passes] == [*compared, torch.bfloat16]
    second = encode(small, SHORT, precision="auto", progress=False)
    assert len(passes) == 3
    np.testing.assert_array_equal(first, second)


def test_the_sample_comes_from_the_whole_list(small, monkeypatch, passes):
    monkeypatch.setattr("tlhelpers.models.text_features.has_bfloat16", lambda device: True)
    encode(small, SHORT * 25, precision="auto", **QUIET)
    assert [n for n, _, _ in passes] == [16, 16, 100]
    rows = [[2, 5 + i % 20, 3] for i in range(100)]
    seen = []
    monkeypatch.setattr(text_features, "_forward", lambda _, given, *rest: seen.append(given) or
                        {("mean", 3): np.ones((len(given), 2))})  # fmt: skip
    monkeypatch.setattr(small.transform, "numbers", lambda texts: rows)
    encode(small, ["x"] * 100, precision="auto", **QUIET)
    assert len(seen) == 3 and seen[2] is rows, "they agree, so all are computed"
    assert len(seen[0]) == 16 and rows.index(seen[0][-1]) >= 0 and seen[0] == rows[::6][:16]


@pytest.mark.parametrize("layer", [-1, 0, 2])
def test_several_pools_out_of_one_pass_are_those_of_passes_of_their_own(small, passes, layer):
    pools = encode_pools(small, SHORT, layer=layer, **QUIET)
    assert list(pools) == list(POOLS) and len(passes) == 1
    for pool, rows in pools.items():
        alone = encode(small, SHORT, layer, pool=pool, **QUIET)
        np.testing.assert_allclose(rows, alone, atol=1e-6)
    assert list(encode_pools(small, SHORT, ["max", "mean"], **QUIET)) == ["max", "mean"]


def test_several_pools_are_planned_as_one_is(minilm, tweets):
    pools = encode_pools(minilm, tweets, ["cls", "max"], **QUIET)
    for pool, rows in pools.items():
        np.testing.assert_allclose(
            rows, encode(minilm, tweets, pool=pool, **QUIET), atol=1e-5
        )  # fmt: skip


def test_of_several_pools_those_that_are_kept_are_read(small, empty_cache, passes):
    encode(small, SHORT, pool="cls", progress=False)
    encode_pools(small, SHORT, progress=False)
    encode(small, SHORT, pool="max", progress=False)
    assert [places for _, places, _ in passes] == [(("cls", 3),), (("max", 3), ("mean", 3))]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pools": ["mean", "sum"]}, "unknown pool 'sum'"),
        ({"pools": ["mean", 3]}, "unknown pool 3"),
        ({"pools": ["mean", None]}, "unknown pool None"),
        ({"pools": [["mean", "max"]]}, "unknown pool .'mean', 'max'.: known"),
        ({"pools": "mean"}, "give a list of pools, not 'mean'"),
        ({"pools": None}, "give a list of pools, not None"),
        ({"pools": []}, "there are no pools"),
        ({"layer": 9}, "layer must lie between 0 and 3"),
    ],
)
def test_pools_and_layers_that_are_unknown_are_refused(small, options, message):
    with pytest.raises(ValueError, match=message):
        encode_pools(small, SHORT, **options, **QUIET)


@pytest.mark.parametrize("off", POOLS)
def test_values_of_any_pool_that_are_not_finite_are_refused(small, monkeypatch, off):
    def pooled_badly(hidden, mask, pool):
        return pooled(hidden, mask, pool) * (float("inf") if pool == off else 1)

    monkeypatch.setattr(text_features, "pooled", pooled_badly)
    with pytest.raises(ValueError, match=r"layer 3 of .*small gives values that are not finite"):
        encode_pools(small, SHORT, **QUIET)


# The cache -------------------------------------------------------------------------------


def test_the_second_call_reads(small, empty_cache, monkeypatch):
    first = encode_layers(small, SHORT, progress=False)
    assert len(files(empty_cache)) == 4
    monkeypatch.setattr(text_features, "_forward", lambda *_: pytest.fail("computed, not read"))
    second = encode_layers(small, SHORT, progress=False)
    for layer, values in first.items():
        np.testing.assert_array_equal(second[layer], values)
    for layer in (0, 2, -1):
        np.testing.assert_array_equal(
            encode(small, SHORT, layer, progress=False), first[layer % 4]
        )  # fmt: skip
    np.testing.assert_array_equal(
        encode(small, SHORT, batch_size=1, pool="mean", progress=False), first[3]
    )


def test_only_what_is_missing_is_computed(small, empty_cache, passes):
    encode(small, SHORT, 1, progress=False)
    encode_layers(small, SHORT, [1, 3, -1], progress=False)
    assert [places for _, places, _ in passes] == [(("mean", 1),), (("mean", 3),)]


def test_without_the_cache_nothing_is_written_or_read(small, empty_cache, passes):
    encode(small, SHORT, **QUIET)
    assert not files(empty_cache)
    encode(small, SHORT, progress=False)
    encode(small, SHORT, **QUIET)
    assert len(passes) == 3


def test_each_thing_that_counts_has_its_own_entry(own, small, empty_cache):
    def entries(encoder=own, texts=SHORT, layer=-1, **options):
        found = encode(encoder, texts, layer, progress=False, **options)
        np.testing.assert_array_equal(found, encode(encoder, texts, layer, **options, **QUIET))
        return len(files(empty_cache))

    assert entries() == entries() == 1
    assert entries(layer=3) == 1
    assert entries(layer=2) == 2
    assert entries(pool="cls") == 3
    assert entries(pool="max") == 4
    assert entries(precision="bfloat16") == 5
    assert entries(texts=SHORT[::-1]) == 6
    assert entries(texts=SHORT[:3]) == 7
    assert entries(texts=[*SHORT[:3], "good"]) == 8
    with torch.no_grad():
        own.model.encoder.layer[2].output.dense.bias[0] += 0.5
    assert entries() == 9
    assert entries(small) == 9
    shorter = Encoder(copy.deepcopy(small.model), small.tokenizer, "short", {}, max_length=8).eval()
    with pytest.warns(UserWarning, match="longer than 8 tokens"):
        assert entries(shorter) == 10


def test_the_same_weights_in_another_network_have_their_own_entry(small, empty_cache, tmp_path):
    from transformers import AutoModel

    encode(small, SHORT, progress=False)
    config = copy.deepcopy(small.model.config)
    config.num_attention_heads = 4
    twin = AutoModel.from_config(config)
    twin.pooler = None
    twin.load_state_dict(small.model.state_dict())
    other = Encoder(twin, small.tokenizer, "four heads", {}).eval()
    assert other.fingerprint() == small.fingerprint()
    found = encode(other, SHORT, progress=False)
    assert len(files(empty_cache)) == 2
    np.testing.assert_array_equal(found, encode(other, SHORT, **QUIET))
    assert np.abs(found - encode(small, SHORT, progress=False)).max() > 1e-3


def test_where_the_weights_lie_does_not_count(small, empty_cache, tmp_path):
    encode(small, SHORT, progress=False)
    elsewhere = load_encoder(checkpoint(tmp_path / "elsewhere"))
    encode(elsewhere.train(), SHORT, progress=False)
    assert len(files(empty_cache)) == 1


def test_a_damaged_file_is_computed_anew_with_a_warning(small, empty_cache, passes):
    wanted = encode(small, SHORT, progress=False)
    (path,) = files(empty_cache)
    good = path.read_bytes()
    path.write_bytes(good[: len(good) // 2])
    with pytest.warns(UserWarning, match=f"{path.name} are damaged: computing them anew") as told:
        again = encode(small, SHORT, progress=False)
    assert len(told) == 1 and len(passes) == 2
    np.testing.assert_array_equal(again, wanted)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(encode(small, SHORT, progress=False), wanted)
    assert len(passes) == 2


# Refused ---------------------------------------------------------------------------------


def test_texts_that_are_none_are_refused_and_nothing_is_kept(small, empty_cache):
    with pytest.raises(ValueError, match="text 1 is '  ': leave empty and missing texts out"):
        encode(small, ["a", "  "], progress=False)
    assert not empty_cache.exists() or not files(empty_cache)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pool": "men"}, "unknown pool 'men': did you mean mean"),
        ({"pool": 3}, "unknown pool 3: known: mean, cls, max"),
        ({"pool": ""}, "unknown pool ''"),
        ({"pool": ["mean"]}, r"unknown pool \['mean'\]"),
        ({"precision": "float16"}, "unknown precision 'float16': did you mean bfloat16 or float32"),
        ({"layer": 4}, "layer must lie between 0 and 3 or be negative, got 4"),
        ({"layer": -5}, "got -5"),
        ({"layer": 1.0}, r"got 1\.0"),
        ({"layer": True}, "got True"),
        ({"layer": None}, "got None"),
        ({"batch_size": 0}, "batch_size must be a whole number from 1 on, got 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(small, options, message):
    with pytest.raises(ValueError, match=message):
        encode(small, SHORT, **options, **QUIET)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("12", "give a list of layers, not '12'"),
        (3, "give a list of layers, not 3"),
        ([[1, 2]], r"layer must lie between 0 and 3 or be negative, got \[1, 2\]"),
        ([], "there are no layers: name one at least"),
    ],
)
@pytest.mark.parametrize("encode_at", [encode_layers, encode_words])
def test_layers_that_are_no_list_of_them_are_refused(small, encode_at, layers, message):
    with pytest.raises(ValueError, match=message):
        encode_at(small, [["good", "bank"]] if encode_at is encode_words else SHORT, layers)


def test_values_that_are_not_finite_are_refused_and_not_kept(own, empty_cache):
    with torch.no_grad():
        own.model.encoder.layer[1].output.dense.bias[0] = float("nan")
    assert np.isfinite(encode(own, SHORT, 1, progress=False)).all()
    with pytest.raises(ValueError, match=r"layer 2 of .*small gives values that are not finite"):
        encode(own, SHORT, 2, progress=False)
    assert len(files(empty_cache)) == 1
