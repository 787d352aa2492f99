"""Texts of other domains: equal sets, one part of the source for all, no label of the target."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from tiny_encoders import CALM, checkpoint

from tlhelpers.data.splits import split_by_group
from tlhelpers.data.texts import (
    DOMAINS,
    TextSet,
    join_texts,
    load_equal_domains,
    load_sentiment,
)
from tlhelpers.evaluation.trials import Outcome, Trial, plan_trials, without_labels
from tlhelpers.experiments import registry, text_domains, text_strategies
from tlhelpers.experiments.registry import SWEEPS
from tlhelpers.experiments.running import run_task
from tlhelpers.experiments.strategies import Network, tune_settings
from tlhelpers.experiments.text_domains import (
    PER_CLASS,
    SHARE,
    TUNING,
    learn_beside,
    load_tuned,
    self_train_encoder,
    shared_encoder_rows,
    source_part,
    take_tuned,
    training_side,
    tune_further,
)
from tlhelpers.experiments.text_strategies import epochs_for_texts
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.text_features import encode
from tlhelpers.training.fitting import fit
from tlhelpers.training.predicting import predict, predict_proba

FEW = 8
THINGS = ["a", "the", "river", "money", "bank", "of", "rob", "was", "near", "film", "plot"]
SAID = (("bad", "poor"), ("good", "fine"))


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    yield
    text_domains._kept_rows.cache_clear()
    registry.warm_up.cache_clear()


def assert_same_texts(a: TextSet, b: TextSet) -> None:
    for part in ("texts", "labels", "groups", "scores"):
        np.testing.assert_array_equal(getattr(a, part), getattr(b, part))
    assert (a.class_names, a.domain) == (b.class_names, b.domain)


def same(a, b) -> bool:
    b = b.state_dict()
    return all(torch.equal(value, b[name]) for name, value in a.state_dict().items())


# ---------------------------------------------------------------- four domains of one size


def rows_of(texts: TextSet):
    return texts.texts, texts.groups, texts.labels, texts.scores


def test_all_domains_have_as_many_texts_of_each_class():
    domains = load_equal_domains()
    assert list(domains) == list(DOMAINS)
    counts = {tuple(texts.counts().values()) for texts in domains.values()}
    assert len(counts) == 1 and len(set(*counts)) == 1
    whole = {name: load_sentiment(name) for name in DOMAINS}
    assert set(*counts) == {min(min(texts.counts().values()) for texts in whole.values())}
    for name, texts in domains.items():
        known = set(zip(*rows_of(whole[name]), strict=True))
        found = list(zip(*rows_of(texts), strict=True))
        assert len(found) == len(texts) and set(found) <= known
        assert texts.domain == name and texts.class_names == whole[name].class_names


def test_the_tweets_are_those_of_the_other_lessons():
    """Sweeps over tweets alone and over all domains must learn from and test on the same."""
    assert_same_texts(load_equal_domains()["tweets"], load_sentiment("tweets"))


@pytest.fixture
def watched(monkeypatch):
    """What a strategy gets in the sweep over movies."""
    given = []

    def strategy(trial):
        given.append(trial)
        return {name: test.labels for name, test in trial.tests().items()}

    sweep = SWEEPS["text-domains-movies"]
    changed = replace(sweep, strategies=lambda: {"watched": strategy}, warm=None)
    monkeypatch.setitem(SWEEPS, sweep.name, changed)
    return given


@pytest.mark.parametrize("seed", [0, 4])
def test_the_part_of_the_source_is_what_a_sweep_learns_from(watched, seed):
    assert SWEEPS["text-domains-movies"].labels == (PER_CLASS,)
    run_task("text-domains-movies", seed, PER_CLASS, "watched")
    [trial] = watched
    assert_same_texts(trial.source.subset(trial.train), source_part("movies", seed))
    assert set(source_part("movies", seed).counts().values()) == {PER_CLASS}
    tests = trial.tests()
    assert list(tests) == ["movies", "tweets", "news", "products"]
    for name, test in tests.items():
        side = training_side(name, seed)
        assert not set(side.groups) & set(test.groups) and test.domain == name
        assert len(side) + len(test) == len(load_equal_domains()[name])


def test_the_part_of_the_source_lies_in_the_training_side_and_follows_the_seed():
    parts = [source_part("news", seed, 20) for seed in (0, 0, 1)]
    assert_same_texts(parts[0], parts[1])
    assert set(parts[0].texts) != set(parts[2].texts)
    side = training_side("news", 0)
    assert set(parts[0].texts) <= set(side.texts) and len(parts[0]) == 40
    split = split_by_group(load_equal_domains()["news"], 0.3, 0)
    assert_same_texts(side, load_equal_domains()["news"].subset(split.train))


# ---------------------------------------------------------------- small domains, small encoder


def opinions(name: str, seed: int, n: int = 60) -> TextSet:
    """Sentences that one word decides, of words that the small encoder knows."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    texts = [
        f"{' '.join(rng.choice(THINGS, rng.integers(2, 7)))} {rng.choice(SAID[label])} ."
        for label in labels
    ]
    groups = [f"{name}-{i}" for i in range(n)]
    return TextSet(texts, labels, ["negative", "positive"], groups, labels * 2.0 - 1, name)


LITTLE = {name: opinions(name, seed) for seed, name in enumerate(DOMAINS)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return checkpoint(tmp_path_factory.mktemp("models") / "small", **CALM)


def use(monkeypatch, encoder) -> None:
    for module in (text_domains, text_strategies):
        monkeypatch.setattr(module, "shared_encoder", lambda *given: encoder)


@pytest.fixture
def small(folder, monkeypatch, empty_cache):
    """A tiny encoder is the one of the course, the domains are small; nothing is cached yet."""
    encoder = load_encoder(folder)
    use(monkeypatch, encoder)
    monkeypatch.setattr(text_domains, "load_equal_domains", lambda: LITTLE)
    monkeypatch.setattr(text_domains, "source_part", partial(source_part, per_class=FEW))
    text_domains._kept_rows.cache_clear()
    return encoder


@pytest.fixture
def tunings(monkeypatch):
    """Each tuning of an encoder on a part of the source: domain, items and seed."""
    made, true = [], text_strategies.fine_tune_encoder

    def tuning(texts, items, seed, **options):
        made.append((texts.domain, len(items), seed))
        return true(texts, items, seed, epochs=2, lr=3e-3, **options)

    tuning.__module__ = true.__module__
    monkeypatch.setattr(text_domains, "fine_tune_encoder", tuning)
    return made


@pytest.fixture
def second(monkeypatch):
    """Each second training: the model as it came, what it is trained on, and how."""
    seen, true = [], text_domains.train_on

    def train_on(model, part, seed, epochs, **options):
        before = {name: value.clone() for name, value in model.state_dict().items()}
        seen.append((before, part, seed, epochs, options))
        return true(model, part, seed, 1, **options)

    monkeypatch.setattr(text_domains, "train_on", train_on)
    return seen


# ---------------------------------------------------------------- joined sets


def test_joined_sets_stand_one_after_the_other():
    a, b, c = LITTLE["news"].subset(np.arange(9, 2, -1)), LITTLE["tweets"], LITTLE["movies"]
    whole = join_texts(a, b, c)
    for part in ("texts", "labels", "groups", "scores"):
        wanted = np.concatenate([getattr(one, part) for one in (a, b, c)])
        np.testing.assert_array_equal(getattr(whole, part), wanted)
    assert whole.domain == "news and tweets and movies"
    assert whole.class_names == a.class_names and len(whole) == 7 + 60 + 60
    assert_same_texts(join_texts(a), a)


@pytest.mark.parametrize("names", [["positive", "negative"], ["negative", "positive", "none"]])
def test_sets_with_other_classes_are_not_join_texts(names):
    other = replace(LITTLE["tweets"], class_names=names)
    with pytest.raises(ValueError, match="the sets have different classes"):
        join_texts(LITTLE["news"], other)


@pytest.fixture
def trial() -> Trial:
    """As a sweep plans it: learned from tweets, tested on news too."""
    sets = {name: LITTLE[name] for name in ("tweets", "news")}
    [trial] = plan_trials(sets, [4], [2])
    return trial


def test_beside_puts_the_source_before_the_items_and_leaves_the_tests(small, trial):
    given, wanted = [], Outcome({})
    assert learn_beside("news", lambda one: (given.append(one), wanted)[1])(trial) is wanted
    [both] = given
    part = text_domains.source_part("news", 2)
    assert len(part) == 2 * FEW and both.seed == 2
    learned = both.source.subset(both.train)
    assert_same_texts(learned, join_texts(part, trial.source.subset(trial.train)))
    tests, theirs = trial.tests(), both.tests()
    assert list(tests) == list(theirs) == ["tweets", "news"] and both.targets == trial.targets
    for name in tests:
        np.testing.assert_array_equal(theirs[name].texts, tests[name].texts)
    assert not set(both.train) & set(both.test)


# ---------------------------------------------------------------- frozen rows


def test_kept_rows_are_those_of_the_encoder_and_computed_once(small, monkeypatch):
    calls, true = [], text_domains.encode

    def counting(encoder, texts, **options):
        calls.append(texts.domain)
        return true(encoder, texts, **options)

    monkeypatch.setattr(text_domains, "encode", counting)
    mixed = join_texts(LITTLE["movies"].subset([5, 2, 41]), LITTLE["tweets"].subset([0, 59]))
    wanted = encode(small, mixed, cache=False, progress=False)
    for seed in (0, 3):
        rows = shared_encoder_rows(seed)
        np.testing.assert_allclose(rows(mixed), wanted, rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(rows(mixed.subset([3, 1])), rows(mixed)[[3, 1]])
    assert sorted(calls) == sorted(DOMAINS)


# ---------------------------------------------------------------- tuned on the source


def test_it_is_trained_once_and_then_read(small, tunings, empty_cache):
    before = small.fingerprint()
    first = load_tuned("news", 0)
    again = load_tuned("news", 0)
    assert tunings == [("news", 2 * FEW, 0)]
    assert same(first, again) and first is not again and not first.training
    assert small.fingerprint() == before and first.backbone.fingerprint() != before
    assert all(p.requires_grad for p in again.parameters())
    [path] = (empty_cache / "tuned").iterdir()
    assert path.name.startswith("news-0-") and path.suffix == ".safetensors"
    part = text_domains.source_part("news", 0)
    network, _ = text_domains.fine_tune_encoder(part, np.arange(len(part)), 0)
    assert same(network.model, first)


def test_what_is_given_is_one_s_own(small, tunings):
    model = load_tuned("news", 0)
    with torch.no_grad():
        model.linear_head.weight.zero_()
    assert load_tuned("news", 0).linear_head.weight.any() and len(tunings) == 1


def test_whatever_the_weights_come_from_has_a_file_of_its_own(
    small, tunings, empty_cache, monkeypatch
):
    load_tuned("news", 0)
    load_tuned("news", 1)
    load_tuned("movies", 0)
    with torch.no_grad():
        next(small.parameters()).mul_(1.01)
    load_tuned("news", 0)
    monkeypatch.setattr(text_domains, "source_part", partial(source_part, per_class=FEW - 1))
    load_tuned("news", 0)
    sides = [(domain, n) for domain, n, _ in tunings]
    assert sides == [("news", 16), ("news", 16), ("movies", 16), ("news", 16), ("news", 14)]
    code, libraries = text_domains._code()
    assert {"torch", "transformers"} <= set(libraries)
    for other in ((code[::-1], libraries), (code, libraries | {"torch": "0"})):
        monkeypatch.setattr(text_domains, "_code", lambda other=other: other)
        load_tuned("news", 0)
    assert len(tunings) == len(list((empty_cache / "tuned").iterdir())) == 7


def test_what_is_taken_is_that_network_and_refuses_other_items(small, tunings):
    texts, train = LITTLE["news"], take_tuned("news")
    learned = {text: i for i, text in enumerate(texts.texts)}
    items = np.array([learned[text] for text in text_domains.source_part("news", 0).texts])
    network, notes = train(texts, items, 0)
    assert isinstance(network, Network) and notes == {}
    assert same(network.model, load_tuned("news", 0))
    test = texts.subset(np.arange(20, 50))
    outcome = tune_settings(train, [{}])(Trial(texts, items, np.arange(20, 50), 0, name="news"))
    np.testing.assert_array_equal(outcome.predicted["news"], predict(load_tuned("news", 0), test))
    for other in (items[1:], items[::-1], np.arange(16)):
        with pytest.raises(ValueError, match="these are not the 400 texts per class of news"):
            train(texts, other, 0)
    for texts_, seed in ((texts, 1), (LITTLE["movies"], 0)):
        with pytest.raises(ValueError, match="these are not"):
            train(texts_, items, seed)


def test_tuning_further_goes_on_from_the_tuned_weights(small, tunings, second):
    tweets, items = LITTLE["tweets"], np.array([4, 9, 1, 12])
    network, notes = tune_further("news")(tweets, items, 3)
    [(before, part, seed, epochs, options)] = second
    start = load_tuned("news", 3).state_dict()
    assert set(before) == set(start) and all(torch.equal(before[n], start[n]) for n in start)
    assert_same_texts(part, tweets.subset(items))
    assert (seed, epochs, options) == (3, epochs_for_texts(4), TUNING)
    assert tunings == [("news", 2 * FEW, 3)]
    by_hand = load_tuned("news", 3)
    usual = {"batch_size": 16, "warmup": 0.1, "quiet": True}
    fit(by_hand, tweets.subset(items), seed=3, epochs=1, **usual, **TUNING)
    assert same(network.model, by_hand) and not same(by_hand, load_tuned("news", 3))
    assert notes["trained_weights"] == sum(p.numel() for p in by_hand.parameters())


# ---------------------------------------------------------------- its own guesses


def test_self_training_learns_from_the_surest_guesses_of_each_class(small, tunings, second):
    for share in (SHARE, 0.25):
        second.clear()
        given = {} if share == SHARE else {"share": share, "epochs": 5}
        self_train_encoder("news", "tweets", **given)(LITTLE["news"], np.arange(4), 0)
        [(before, part, seed, epochs, options)] = second
        model, side = load_tuned("news", 0), training_side("tweets", 0)
        assert all(torch.equal(before[n], value) for n, value in model.state_dict().items())
        probability = predict_proba(model, side)
        guessed, sure = probability.argmax(axis=1), probability.max(axis=1)
        chosen = []
        for label in (0, 1):
            own = np.flatnonzero(guessed == label)
            assert len(own) > 4
            chosen += sorted(own, key=lambda i: -sure[i])[: round(share * len(own))]
        chosen = np.sort(chosen)
        np.testing.assert_array_equal(part.texts, side.texts[chosen])
        np.testing.assert_array_equal(part.labels, guessed[chosen])
        assert np.isnan(part.scores).all()
        assert (seed, epochs, options) == (0, given.get("epochs", 2), TUNING)
    assert len(tunings) == 1


def test_self_training_gets_no_label_of_the_target(small, tunings, monkeypatch):
    """The sides are held: splits are drawn per class, as they are for any comparison."""
    true = text_domains.training_side

    def turned(domain, seed):
        side = true(domain, seed)
        if domain == "news":
            return side
        return replace(side, labels=1 - side.labels, scores=-side.scores)

    models = []
    for sides in (true, turned):
        monkeypatch.setattr(text_domains, "training_side", sides)
        models.append(
            self_train_encoder("news", "tweets")(LITTLE["news"], np.arange(4), 0)[0].model
        )
    assert same(*models) and not same(models[0], load_tuned("news", 0))


def test_self_training_sees_texts_of_the_target_s_training_side_alone(small, tunings, second):
    self_train_encoder("news", "tweets")(LITTLE["news"], np.arange(4), 1)
    [(_, part, *_)] = second
    test = LITTLE["tweets"].subset(split_by_group(LITTLE["tweets"], 0.3, 1).test)
    assert set(part.groups) <= set(training_side("tweets", 1).groups)
    assert not set(part.groups) & set(test.groups)


def test_texts_without_labels_are_the_same_texts():
    hidden = without_labels(LITTLE["tweets"])
    assert not hidden.labels.any() and np.isnan(hidden.scores).all()
    assert hidden.fingerprint == LITTLE["tweets"].fingerprint
    assert LITTLE["tweets"].labels.any()
