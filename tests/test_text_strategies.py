"""Strategies for texts: each trains what it says it trains, and no test text has a part in it."""

import math
from functools import cache, partial
from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from test_encoders import checkpoint, opinions

from tlhelpers.data.splits import draw_labels, split_by_group
from tlhelpers.data.texts import TextSet, load_sentiment
from tlhelpers.experiments import image_strategies as strategies
from tlhelpers.experiments import text_strategies
from tlhelpers.experiments.image_strategies import HEAD, TWINS, linear_head_on, tuned
from tlhelpers.experiments.sweeps import load_sweep, run_task
from tlhelpers.experiments.text import PENALTIES, SWEEPS
from tlhelpers.experiments.text_strategies import (
    encoder_rows,
    glove_rows,
    kept_vectors,
    load_texts_once,
    low_rank_encoder,
    mean_of_words,
    text_epochs,
    tfidf_head,
    tuned_encoder,
)
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.encoders import load_encoder
from tlhelpers.models.layers import layer_groups
from tlhelpers.models.text_features import encode
from tlhelpers.models.words import PADDING, UNKNOWN, WordIds, document_vectors, tokens
from tlhelpers.training.fitting import predict

ITEMS = np.arange(40)


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


@pytest.fixture(scope="module")
def every_tweet():
    return load_sentiment("tweets")


@pytest.fixture(scope="module")
def tweets(every_tweet):
    """Some of each class, one after the other; 40 to learn from, the others to test on."""
    own = [np.flatnonzero(every_tweet.labels == label)[:80] for label in (0, 1)]
    return every_tweet.subset(np.column_stack(own).ravel())


@pytest.fixture(scope="module")
def tests(tweets):
    return [tweets.subset(np.arange(40, 160)), tweets.subset(np.arange(159, 100, -1))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    calm = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    return checkpoint(tmp_path_factory.mktemp("models") / "small", **calm)


@pytest.fixture
def small(folder, monkeypatch):
    """Let a tiny encoder be the one of the course."""
    kept = cache(lambda pretrained=True, seed=0: load_encoder(folder, pretrained, seed=seed))
    monkeypatch.setattr(text_strategies, "kept_encoder", kept)
    return kept()


@pytest.fixture
def fitted(monkeypatch):
    """The options of each call of `fit` and `fit_head`, by name, as they come."""
    calls = []
    for module, name in ((strategies, "fit"), (text_strategies, "fit_head")):
        true = getattr(module, name)

        def spy(model, *given, true=true, name=name, **options):
            calls.append((name, options))
            return true(model, *given, **options)

        monkeypatch.setattr(module, name, spy)
    return calls


@pytest.mark.parametrize(
    ("items", "batch_size", "epochs"),
    [
        (16, 16, 42),  # (40 + 1.6) / 1 = 41.6
        (17, 16, 21),  # two steps: 41.7 / 2 = 20.85
        (64, 16, 12),  # four: 46.4 / 4 = 11.6
        (256, 16, 4),  # sixteen: 65.6 / 16 = 4.1
        (256, 32, 8),
        (1521, 16, 3),  # 96 steps: 192.1 / 96 = 2.0, below the fewest
        (2, 16, 40),
    ],
)
def test_how_many_epochs(items, batch_size, epochs):
    assert text_epochs(items, batch_size) == epochs


def test_what_runs_share_is_loaded_once(folder, monkeypatch):
    loaded = []

    def loading(pretrained, seed):
        loaded.append((pretrained, seed))
        return load_encoder(folder, pretrained, seed=seed)

    monkeypatch.setattr(text_strategies, "load_encoder", loading)
    text_strategies._loaded_encoder.cache_clear()
    try:
        load_texts_once()
        assert loaded == [(True, 0)]
        for seed in range(TWINS + 2):
            encoder_rows(seed)
            encoder_rows(seed, twin=True)
        text_strategies._with_head(opinions(4), 0, head_first=False)
        twins = [(False, seed) for seed in range(TWINS)]
        assert loaded == [(True, 0), *twins], "no run pays for a second loading"
    finally:
        text_strategies._loaded_encoder.cache_clear()


# ---------------------------------------------------------------- counted words


def grams(text: str) -> list[str]:
    words = tokens(text)
    return words + [f"{a} {b}" for a, b in pairwise(words)]


def counted(texts, labels, C: float):
    """TF-IDF and logistic regression, step by step."""
    counts = TfidfVectorizer(analyzer=grams, sublinear_tf=True)
    head = LogisticRegression(C=C, max_iter=2000).fit(counts.fit_transform(texts), labels)
    return lambda judged: head.predict(counts.transform(judged))


@pytest.fixture
def heads(monkeypatch):
    """Each TF-IDF head that is made, with the texts it was fitted on and the texts it judged."""
    made, true = [], text_strategies.new_tfidf_head

    def watched(C=10.0):
        head = true(C)
        seen = {"C": C, "head": head, "judged": []}
        fit, judge = head.fit, head.predict

        def fitting(texts, labels):
            seen["learned"] = list(texts)
            return fit(texts, labels)

        def judging(texts):
            seen["judged"].append(list(texts))
            return judge(texts)

        head.fit, head.predict = fitting, judging
        made.append(seen)
        return head

    monkeypatch.setattr(text_strategies, "new_tfidf_head", watched)
    return made


@pytest.mark.parametrize("seed", [0, 1])
def test_the_penalty_is_chosen_inside_the_training_items(tweets, tests, heads, seed):
    grid = [{"C": c} for c in (1e-3, 10.0, 1e3)]
    outcome = tfidf_head(grid)(tweets, ITEMS, tests, seed)
    *trials, last = heads
    known, label_of = list(tweets.texts[ITEMS]), dict(zip(tweets.texts, tweets.labels, strict=True))
    accuracies = []
    for trial, setting in zip(trials, grid, strict=True):
        [judged] = trial["judged"]
        assert trial["C"] == setting["C"] and len(judged) == 12
        assert sorted(trial["learned"] + judged) == sorted(known)
        right = counted(trial["learned"], [label_of[t] for t in trial["learned"]], trial["C"])
        accuracies.append(np.mean(right(judged) == [label_of[t] for t in judged]))
    best = grid[int(np.argmax(accuracies))]
    assert last["C"] == best["C"] and last["learned"] == known
    assert outcome.notes["chosen"] == f"C {best['C']}" and outcome.notes["trials"] == 3
    assert outcome.model is None


def test_no_word_of_a_test_text_is_known(tweets, tests, heads):
    tfidf_head(PENALTIES)(tweets, ITEMS, tests, 0)
    for one in heads:
        vocabulary = set(one["head"][0].vocabulary_)
        assert vocabulary == {gram for text in one["learned"] for gram in grams(text)}
    others = {gram for text in tests[0].texts for gram in grams(text)}
    assert len(others - vocabulary) > 500


@pytest.mark.parametrize("C", [0.5, 100.0])
def test_counted_words_predict_as_a_plain_pipeline(tweets, tests, C):
    outcome = tfidf_head([{"C": C}])(tweets, ITEMS, tests, 0)
    plain = counted(tweets.texts[ITEMS], tweets.labels[ITEMS], C)
    for predicted, part in zip(outcome.predicted, tests, strict=True):
        assert predicted.tolist() == plain(part.texts).tolist()
    assert 0 < outcome.predicted[0].mean() < 1
    known = {gram for text in tweets.texts[ITEMS] for gram in grams(text)}
    assert outcome.notes == {"chosen": f"C {C}", "trials": 0, "trained_weights": len(known) + 1}


# ---------------------------------------------------------------- rows


def test_glove_rows_are_the_means_of_the_words(tweets):
    wanted = document_vectors(kept_vectors(), tweets.texts)
    np.testing.assert_array_equal(glove_rows(0)(tweets), wanted)
    np.testing.assert_array_equal(glove_rows(7)(tweets), wanted)


def test_encoder_rows_are_those_of_the_encoder(small, empty_cache):
    few = opinions(12)
    wanted = encode(small, few, cache=False, progress=False)
    for seed in (0, 3):
        np.testing.assert_array_equal(encoder_rows(seed)(few), wanted)
    assert not empty_cache.exists(), "they are computed anew"


def test_twins_take_turns_over_the_seeds(small, folder):
    texts = opinions(6)
    rows = [encoder_rows(seed, twin=True)(texts) for seed in range(TWINS + 2)]
    for i, one in enumerate(rows):
        for k, other in enumerate(rows[:i]):
            assert np.array_equal(one, other) == (i - k == TWINS)
        twin = load_encoder(folder, pretrained=False, seed=i % TWINS)
        np.testing.assert_array_equal(one, encode(twin, texts, cache=False, progress=False))
    assert not np.array_equal(rows[0], encoder_rows(0)(texts))


def test_a_head_on_rows_takes_texts(tweets, tests):
    outcome = linear_head_on(glove_rows, PENALTIES)(tweets, ITEMS, tests, 0)
    assert [len(p) for p in outcome.predicted] == [len(part) for part in tests]
    assert np.mean(outcome.predicted[0] == tests[0].labels) > 0.55
    np.testing.assert_array_equal(outcome.predicted[1][:10], outcome.predicted[0][::-1][:10])
    assert outcome.notes["trained_weights"] == 50 + 1


# ---------------------------------------------------------------- word vectors that are trained


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(text_strategies, "WORD_STEPS", 60)


def parts(network):
    """Words and rows of the embedding, padding and unknown left out."""
    body = network.model.backbone
    return body.transform.words, body.embedding.weight.detach().numpy()[2:]


def occurring(tweets, items=slice(None)) -> set[str]:
    return {word for text in tweets.texts[items] for word in tokens(text)}


def test_frozen_vectors_are_those_of_glove_bit_for_bit(tweets, quick):
    network, notes = mean_of_words(tweets, ITEMS, 0, frozen=True)
    words, rows = parts(network)
    assert set(words) == {word for word in occurring(tweets) if word in kept_vectors()}
    np.testing.assert_array_equal(rows, kept_vectors()[words])
    assert notes == {"trained_weights": 2 * 50 + 2, "epochs": 20}  # 60 / 3 steps of 40 items


def test_tuned_only_the_words_of_training_texts_move(tweets):
    """Weight decay once shortened the others."""
    network, notes = mean_of_words(tweets, ITEMS, 0)
    words, rows = parts(network)
    given, seen = kept_vectors()[words], occurring(tweets, ITEMS)
    trained = np.array([word in seen for word in words])
    assert 100 < trained.sum() < len(words) - 100
    np.testing.assert_array_equal(rows[~trained], given[~trained])
    assert (np.abs(rows[trained] - given[trained]).max(axis=1) > 1e-3).all()
    assert notes == {"trained_weights": (len(words) + 2) * 50 + 2 * 50 + 2, "epochs": 333}
    assert not network.model.backbone.embedding.weight[PADDING].any()
    learned = network(tweets.subset(ITEMS))
    assert (learned == tweets.labels[ITEMS]).all()


def test_the_row_of_unknown_words_moves_only_if_one_was_seen(quick):
    for text, moves in (("a qqxxyyzz film", True), ("a plain film", False)):
        texts = TextSet([text, "bad"] * 3, [1, 0] * 3, ["no", "yes"], list("abcdef"), np.zeros(6))
        rows = [
            mean_of_words(texts, np.arange(6), 0, frozen=frozen)[0].model.backbone.embedding.weight
            for frozen in (True, False)
        ]
        assert torch.equal(rows[0][UNKNOWN], rows[1][UNKNOWN]) != moves


def test_shuffled_rows_are_the_same_ones_of_other_words(tweets, quick):
    plain, shuffled, again, other = (
        parts(mean_of_words(tweets, ITEMS, seed, start=start, frozen=True)[0])
        for start, seed in (("glove", 0), ("shuffled", 0), ("shuffled", 0), ("shuffled", 1))
    )
    assert plain[0] == shuffled[0]
    same = (plain[1] == shuffled[1]).all(axis=1)
    assert same.sum() < 10
    assert sorted(map(tuple, plain[1])) == sorted(map(tuple, shuffled[1]))
    np.testing.assert_array_equal(shuffled[1], again[1])
    assert (shuffled[1] != other[1]).any(axis=1).mean() > 0.9


def test_random_rows_come_from_the_seed(tweets, quick):
    one, again, other = (
        mean_of_words(tweets, ITEMS, seed, start="random", frozen=True)[0] for seed in (0, 0, 1)
    )
    (words, rows), (_, same), (_, different) = map(parts, (one, again, other))
    np.testing.assert_array_equal(rows, same)
    assert (rows != different).all() and rows.std() == pytest.approx(0.4, abs=0.01)
    assert words == parts(mean_of_words(tweets, ITEMS, 0, frozen=True)[0])[0]
    for name, weight in one.model.state_dict().items():
        assert torch.equal(weight, again.model.state_dict()[name]), name


def test_random_rows_that_are_tuned_move_for_seen_words_only(tweets, quick):
    words, before = parts(mean_of_words(tweets, ITEMS, 0, start="random", frozen=True)[0])
    _, after = parts(mean_of_words(tweets, ITEMS, 0, start="random")[0])
    seen = occurring(tweets, ITEMS)
    trained = np.array([word in seen for word in words])
    np.testing.assert_array_equal((before != after).any(axis=1), trained)


def test_what_glove_holds_is_left_as_it_is(tweets, quick):
    before = kept_vectors().vectors[:2000].copy()
    for start in ("glove", "shuffled"):
        mean_of_words(tweets, ITEMS, 0, start=start)
    np.testing.assert_array_equal(kept_vectors().vectors[:2000], before)


# ---------------------------------------------------------------- encoders that are trained


def body_of(network, name: str) -> torch.Tensor:
    return network.model.backbone.get_parameter(name)


def moved(network, encoder) -> set[str]:
    """Embeddings or number of the layer of each weight that is not as it was."""
    return {
        name.split(".")[3] if ".layer." in name else "embeddings"
        for name, weight in encoder.named_parameters()
        if not torch.equal(weight, body_of(network, name))
    }


@pytest.mark.parametrize(
    ("frozen", "layers"),
    [(0, {"embeddings", "0", "1", "2"}), (2, {"1", "2"}), (4, set())],
)
def test_frozen_groups_stand_still_and_the_others_move(small, frozen, layers):
    texts, before = opinions(), small.fingerprint()
    network, notes = tuned_encoder(texts, ITEMS[:16], 0, frozen_groups=frozen, epochs=1)
    assert moved(network, small) == layers
    assert small.fingerprint() == before, "the encoder that is kept is never trained"
    sizes = [sum(p.numel() for part in g for p in part.parameters()) for g in small.layer_groups()]
    trained = sum(sizes[frozen:]) + 16 * 2 + 2
    assert notes == {"trained_weights": trained, "epochs": 1}


def test_the_course_s_encoder_has_eight_groups():
    assert len(layer_groups(Classifier(load_encoder(), 2))) == 8


def test_the_head_is_first_trained_on_the_frozen_rows(small, fitted, monkeypatch):
    texts, given = opinions(), []
    true = text_strategies.fit_head
    monkeypatch.setattr(
        text_strategies,
        "fit_head",
        lambda m, rows, *a, **o: (given.append(rows), true(m, rows, *a, **o)),
    )
    network, _ = tuned_encoder(texts, ITEMS[:16], 3, epochs=1, lr=1e-9)
    rows = encode(small, texts.subset(ITEMS[:16]), cache=False, progress=False)
    np.testing.assert_array_equal(given[0], rows)
    (first, head), (second, body) = fitted
    assert (first, second) == ("fit_head", "fit")
    assert {key: head[key] for key in HEAD} == HEAD and head["seed"] == body["seed"] == 3
    # The body hardly moves at this rate: what is left is the head on frozen features.
    by_hand = Classifier(small, 2, texts.class_names, seed=3)
    true(by_hand, rows, texts.labels[:16], **HEAD, seed=3, quiet=True)
    for one, other in zip(
        network.model.linear_head.parameters(), by_hand.linear_head.parameters(), strict=True
    ):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=0)


def test_all_at_once_trains_no_head_first(small, fitted):
    tuned_encoder(opinions(), ITEMS[:16], 0, head_first=False, epochs=1)
    assert [name for name, _ in fitted] == ["fit"]


@pytest.mark.parametrize(
    ("options", "epochs"),
    [({}, 42), ({"times": 2}, 84), ({"epochs": 2}, 2), ({"epochs": 2, "times": 3}, 6)],
)
def test_epochs_are_those_of_the_number_of_items(small, fitted, options, epochs):
    _, notes = tuned_encoder(opinions(), ITEMS[:16], 0, **options)
    assert notes["epochs"] == fitted[-1][1]["epochs"] == epochs


def test_options_reach_the_training(small, fitted):
    tuned_encoder(opinions(), ITEMS[:16], 5, epochs=1)
    usual = fitted[-1][1]
    assert (usual["schedule"], usual["warmup"], usual["batch_size"]) == ("linear", 0.1, 16)
    assert (usual["lr"], usual["seed"], usual["precision"]) == (1e-4, 5, "auto")
    tuned_encoder(opinions(), ITEMS[:16], 5, lr=2e-3, epochs=1, schedule="constant", warmup=0.0)
    changed = fitted[-1][1]
    assert (changed["schedule"], changed["warmup"], changed["lr"]) == ("constant", 0.0, 2e-3)


def test_one_seed_gives_one_network(small):
    train = partial(tuned_encoder, opinions(), ITEMS[:16], epochs=2, lr=1e-3)
    one, again, other = (train(seed=seed)[0].model.state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not torch.equal(one["linear_head.weight"], other["linear_head.weight"])


def test_low_rank_matrices_and_the_head_train_alone(small, fitted):
    texts, before = opinions(), small.fingerprint()
    network, notes = low_rank_encoder(texts, ITEMS, 0, lr=1e-2, rank=4)
    assert notes == {"trained_weights": 3 * 2 * 4 * (16 + 16) + 16 * 2 + 2, "epochs": 15}
    assert [name for name, _ in fitted] == ["fit_head", "fit"]
    named = dict(network.model.named_parameters())
    assert {n for n, p in named.items() if p.requires_grad} == {
        n for n in named if "lora_" in n or "modules_to_save" in n
    }
    assert any(p.any() for n, p in named.items() if "lora_B" in n), "they start at zero"
    body = network.model.get_base_model().backbone
    for name, weight in small.named_parameters():
        kept = [p for n, p in body.named_parameters() if n.replace("base_layer.", "") == name]
        assert len(kept) == 1 and torch.equal(weight, kept[0]), name
    assert small.fingerprint() == before
    assert (network(texts.subset(ITEMS)) == texts.labels).mean() > 0.7


def test_the_real_encoder_is_tuned_on_real_tweets(tweets, tests):
    train = partial(tuned_encoder, epochs=1, frozen_groups=6)
    outcome = tuned(train, [{}])(tweets, ITEMS[:16], tests, 0)
    layer = sum(p.numel() for p in load_encoder().layer_groups()[-1][0].parameters())
    assert outcome.notes == {
        "chosen": "", "trials": 0, "trained_weights": layer + 2 * 384 + 2, "epochs": 1,
    }  # fmt: skip
    assert np.mean(outcome.predicted[0] == tests[0].labels) > 0.6
    np.testing.assert_array_equal(outcome.predicted[1], outcome.predicted[0][:60:-1])
    np.testing.assert_array_equal(outcome.predicted[0], predict(outcome.model, tests[0]))


# ---------------------------------------------------------------- sweeps


@pytest.fixture(scope="module")
def one_run():
    return run_task("text-strategies", 0, 8, "TF-IDF")


def test_a_run_of_a_sweep_predicts_the_test_items_in_their_order(every_tweet, one_run):
    split = split_by_group(every_tweet, 0.3, 0)
    drawn = split.train[draw_labels(every_tweet.labels[split.train], 8, 0)]
    C = float(one_run["notes"]["chosen"].removeprefix("C "))
    plain = counted(every_tweet.texts[drawn], every_tweet.labels[drawn], C)
    wanted = plain(every_tweet.texts[split.test])
    assert list(one_run["predicted"]) == ["tweets"]
    assert one_run["predicted"]["tweets"] == "".join(map(str, wanted))
    assert not set(every_tweet.groups[drawn]) & set(every_tweet.groups[split.test])


def test_it_is_the_stored_run(every_tweet, one_run):
    stored = load_sweep("text-strategies").query("seed == 0 and labels == 8 and strategy == 'TF-IDF'")
    [(predicted, accuracy, chosen)] = stored[["predicted", "accuracy", "chosen"]].to_numpy()
    now = np.array([int(sign) for sign in one_run["predicted"]["tweets"]])
    assert (now == predicted).mean() > 0.99 and chosen == one_run["notes"]["chosen"]
    truth = every_tweet.labels[split_by_group(every_tweet, 0.3, 0).test]
    assert math.isclose(accuracy, (predicted == truth).mean())


def test_what_the_sweeps_compare():
    across = {f"text-domains-{name}" for name in ("news", "tweets", "movies", "products")}
    within = {"text-embeddings", "text-rates", "text-strategies", "text-few-labels"}
    assert set(SWEEPS) == across | within | {"text-after-news"}
    compared = {name: set(sweep.strategies()) for name, sweep in SWEEPS.items()}
    assert compared["text-strategies"] == {
        "TF-IDF", "GloVe mean", "frozen", "frozen random", "fine-tuned", "LoRA",
    }  # fmt: skip
    assert len(compared["text-embeddings"]) == 5 and len(compared["text-rates"]) == 6
    assert all(list(SWEEPS[name].sets()) == ["tweets"] for name in within)
    for name in across:
        source, *others = SWEEPS[name].sets()
        assert name.endswith(f"-{source}") and len({source, *others}) == 4


def test_the_ways_that_are_compared_differ_in_what_they_are_named_after(small, fitted, tweets):
    wanted = {
        "rate 1e-4": (1e-4, "constant", 0.0, 12, False),
        "rate 3e-4": (3e-4, "constant", 0.0, 12, False),
        "rate 1e-3": (1e-3, "constant", 0.0, 12, False),
        "1e-3, warm-up": (1e-3, "linear", 0.1, 12, False),
        "1e-3, warm-up, head first": (1e-3, "linear", 0.1, 12, True),
        "1e-4, warm-up, 3× as long": (1e-4, "linear", 0.1, 36, False),
    }
    for name, strategy in SWEEPS["text-rates"].strategies().items():
        fitted.clear()
        strategy(opinions(64), np.arange(64), [], 0)
        last = fitted[-1][1]
        found = (*(last[key] for key in ("lr", "schedule", "warmup", "epochs")), len(fitted) == 2)
        assert found == wanted[name], name


def test_the_words_of_a_network_are_those_of_all_texts_that_glove_knows(tweets):
    known = text_strategies._known_words(tweets)
    assert isinstance(known, WordIds) and set(known.words) <= set(kept_vectors().key_to_index)
    assert set(known.words) == occurring(tweets) & set(kept_vectors().key_to_index)
