"""More pretraining, LoRA by rank and rate, tuned tables, text networks, and models of a hub."""

from dataclasses import replace

import numpy as np
import pytest
from huggingface_hub import constants
from tiny_encoders import checkpoint, opinions

from tlhelpers.errors import CourseError
from tlhelpers.evaluation.trials import Trial
from tlhelpers.experiments import (
    registry,
    running,
    text_deep,
    text_further,
    text_hub,
    text_strategies,
)
from tlhelpers.experiments.registry import ON_REQUEST, SWEEPS, find_sweep, find_sweeps
from tlhelpers.experiments.running import run_sweep
from tlhelpers.experiments.stored import load_sweep
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.text_features import encode

ITEMS = np.arange(24)


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A tiny encoder in place of the course's, and opinions in place of tweets."""
    encoder = load_encoder(checkpoint(tmp_path / "small"))
    for module in (text_further, text_deep, text_strategies):
        monkeypatch.setattr(module, "shared_encoder", lambda *_: encoder)
    for module in (text_further, text_deep):
        monkeypatch.setattr(module, "training_side", lambda domain, seed: opinions(24))
    return encoder


def trial_of(texts, train=ITEMS):
    test = np.setdiff1d(np.arange(len(texts)), train)
    return Trial(texts, train, test, 0, {}, "opinions")


def test_what_is_compared():
    assert list(text_further.PRETRAINED.strategies()) == [
        "masked words of tweets, frozen", "SimCSE of tweets, frozen",
        "masked words of tweets, fine-tuned", "SimCSE of tweets, fine-tuned",
        "masked words of news, fine-tuned",
    ]  # fmt: skip
    assert len(text_further.LORA.strategies()) == 6 and text_further.LORA.labels == (None,)
    assert list(text_deep.DEEP.strategies()) == ["source only", "MMD"]
    assert list(text_deep.DANN.strategies()) == ["DANN"]


@pytest.mark.parametrize("further", [text_further.guess_words, text_further.find_itself])
def test_more_pretraining_changes_the_weights_and_its_seed_decides(small, further):
    one, again, other = (further(opinions(24), seed, steps=2) for seed in (3, 3, 4))
    assert one.fingerprint() == again.fingerprint() != other.fingerprint()
    assert one.fingerprint() != small.fingerprint()


def test_what_was_read_is_trained_once_and_comes_back_with_its_weights(
    small, tmp_path, monkeypatch
):
    monkeypatch.setattr(text_further, "derived_dir", lambda name: tmp_path)
    made, asked = [], []

    def further(texts, seed):
        made.append(text_further.find_itself(texts, seed, steps=2))
        return made[-1]

    monkeypatch.setattr(
        text_further, "training_side", lambda *given: asked.append(given) or opinions(24)
    )
    first, again = (text_further.read_further(further, "tweets", 3) for _ in range(2))
    assert len(made) == 1 and asked == [("tweets", 3)] * 2
    assert first.fingerprint() == again.fingerprint() == made[0].fingerprint()
    text_further.read_further(further, "tweets", 4)
    assert len(made) == 2


def test_tuning_goes_on_from_what_was_pretrained(small, monkeypatch):
    monkeypatch.setitem(text_further.TUNING, "lr", 1e-2)
    texts = opinions(40)
    frozen = text_further.head_after(lambda seed: small)(trial_of(texts)).predicted
    tuned = text_further.tune_after(lambda seed: small)(texts, ITEMS, 0)[0](texts.subset(ITEMS))
    assert (tuned == texts.labels[ITEMS]).mean() > 0.9
    assert set(frozen) == {"opinions"}


def test_the_table_has_no_layer_and_gives_what_layer_0_gives(small):
    table = text_further.without_layers(small)
    texts = opinions(6)
    rows = encode(table, texts, cache=False, progress=False)
    given = small.transform(texts.texts)
    layers = small.model(**given, output_hidden_states=True).hidden_states[0]
    mask = given["attention_mask"][..., None]
    wanted = ((layers * mask).sum(1) / mask.sum(1)).detach().numpy()
    np.testing.assert_allclose(rows, wanted, atol=1e-5)
    assert len(small.model.encoder.layer) == 3  # the encoder itself keeps its layers


def test_a_tuned_table_learns_what_one_word_decides(small):
    texts = opinions(40)
    network, notes = text_further.tune_table(texts, ITEMS, 0, lr=1e-2)
    assert (network(texts.subset(np.arange(24, 40))) == texts.labels[24:]).mean() > 0.9
    assert notes["trained_weights"] < sum(p.numel() for p in small.parameters())


@pytest.mark.parametrize("name", ["source only", "MMD", "DANN"])
def test_networks_on_both_domains_learn_and_never_see_a_label_of_the_target(
    small, monkeypatch, name
):
    texts, seen = opinions(40), []

    def blank(domain, seed):
        seen.append(domain)
        return opinions(24)

    monkeypatch.setattr(text_deep, "training_side", blank)
    true = text_deep.without_labels
    monkeypatch.setattr(text_deep, "without_labels", lambda data: _all_zero(true(data)))
    monkeypatch.setitem(text_deep.TUNING, "lr", 1e-2)
    strategies = text_deep._networks() | text_deep._adversary()
    outcome = strategies[name](trial_of(texts))
    assert (outcome.predicted["opinions"] == texts.labels[24:]).mean() > 0.8
    assert set(seen) == {"tweets"}


def _all_zero(texts):
    assert not texts.labels.any()
    return texts


# ---------------------------------------------------------------- models of a hub


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The hub's models are a tiny checkpoint and a file of vectors; tables go to a folder."""
    words = {"good": (1, 0.2), "fine": (0.9, 0.1), "bad": (-1, 0.3), "poor": (-0.8, 0.2)}
    lines = [f"{len(words)} 2", *(f"{word} {a} {b}" for word, (a, b) in words.items())]
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.setattr(text_hub, "ENCODER", str(checkpoint(tmp_path / "bert")))
    monkeypatch.setattr(text_hub, "VECTORS", str(vectors))
    for loaded in (text_hub._encoder, text_hub._vectors):
        loaded.cache_clear()
        monkeypatch.setattr(text_hub, loaded.__name__, loaded)
    yield
    for loaded in (text_hub._encoder, text_hub._vectors):
        loaded.cache_clear()
    registry.sets_of.cache_clear()
    registry.warm_up.cache_clear()


HUB = ["hub-bert-base", "hub-word2vec"]


@pytest.mark.parametrize("name", HUB)
def test_a_sweep_over_a_hub_s_model_runs_and_is_stored(hub, monkeypatch, tmp_path, name):
    sweep = replace(ON_REQUEST[name], sets=lambda: {"tweets": opinions(40)}, labels=(4,), seeds=2)
    monkeypatch.setitem(ON_REQUEST, name, sweep)
    monkeypatch.setattr(type(sweep), "path", property(lambda self: tmp_path / f"{self.name}.csv"))
    monkeypatch.setattr(running, "repo_root", lambda: tmp_path)  # what an earlier test kept
    registry.sets_of.cache_clear()
    registry.warm_up.cache_clear()
    assert run_sweep(name, n_jobs=1) == tmp_path / f"{name}.csv"
    runs = load_sweep(name)
    assert set(runs["strategy"]) == set(sweep.strategies())
    assert len(runs) == 2 * len(sweep.strategies())


def test_what_has_no_table_is_asked_for_by_its_whole_name():
    assert {*HUB, "text-dann"} == set(ON_REQUEST)
    assert not set(ON_REQUEST) & set(SWEEPS)
    assert find_sweeps("hub-bert-base") == [find_sweep("hub-bert-base")]
    assert not {one.name for one in find_sweeps("text")} & set(ON_REQUEST)
    for name in ON_REQUEST:
        assert not find_sweep(name).path.exists(), "a stored table belongs among SWEEPS"
    with pytest.raises(CourseError, match="hub-word2vec"):
        find_sweep("hub-word2ve")


def test_offline_the_name_of_a_hub_s_model_says_what_to_do(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)  # as in all that the course starts
    text_hub._encoder.cache_clear()
    with pytest.raises(CourseError, match=r"bert-base-uncased.*start with HF_HUB_OFFLINE=0"):
        text_hub._encoder()
    with pytest.raises(CourseError, match="word2vec-google-news-300"):
        text_hub._vectors()


def test_lora_takes_rank_and_rate_that_it_is_named_after(small, monkeypatch):
    asked = {}

    def note(texts, items, seed, **setting):
        asked[tuple(sorted(setting.items()))] = True
        return text_strategies.adapt_encoder_low_rank(texts, items, seed, **setting)

    monkeypatch.setattr(text_further, "adapt_encoder_low_rank", note)
    strategies = text_further._low_rank()
    for name in ("rank 2, rate 0.0003", "rank 32, rate 0.001"):
        strategies[name](trial_of(opinions(40)))
    assert list(asked) == [(("lr", 3e-4), ("rank", 2)), (("lr", 1e-3), ("rank", 32))]
