"""Strategies for texts: each trains what it says it trains, and learns from no test text."""

import math
from functools import cache, partial
from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from tiny_encoders import CALM, checkpoint, opinions

from tlhelpers.data.splits import draw_labels, split_by_group
from tlhelpers.data.texts import DOMAINS, TextSet, load_sentiment
from tlhelpers.evaluation.trials import Target, Trial, without_labels
from tlhelpers.experiments import strategies, text_across, text_few, text_strategies
from tlhelpers.experiments.registry import SWEEPS
from tlhelpers.experiments.running import run_task
from tlhelpers.experiments.stored import load_sweep
from tlhelpers.experiments.strategies import HEAD, TWINS, train_head_on, tune_settings
from tlhelpers.experiments.text import PENALTIES
from tlhelpers.experiments.text_strategies import (
    adapt_encoder_low_rank,
    encoder_rows,
    epochs_for_texts,
    fine_tune_encoder,
    glove_rows,
    shared_vectors,
    train_mean_of_words,
    train_tfidf_head,
    warm_texts,
)
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.embedding import PADDING, UNKNOWN, WordIds
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.layers import layer_groups
from tlhelpers.models.text_features import encode
from tlhelpers.models.words import document_vectors, tokens
from tlhelpers.training.predicting import predict

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


def trial_of(texts, items=ITEMS, seed=0, first=40) -> Trial:
    """The last sixty texts stand for another domain, in their opposite order."""
    test, last = np.arange(first, len(texts)), np.arange(len(texts) - 1, len(texts) - 61, -1)
    targets = {"other": Target(without_labels(texts), items, last)}
    return Trial(texts, items, test, seed, targets, "tweets")


@pytest.fixture(scope="module")
def trial(tweets):
    return trial_of(tweets)


@pytest.fixture(scope="module")
def test(trial):
    """What is to be predicted of the domain that is learned from."""
    return trial.tests()["tweets"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return checkpoint(tmp_path_factory.mktemp("models") / "small", **CALM)


@pytest.fixture
def small(folder, monkeypatch):
    """Let a tiny encoder be the one of the course."""
    shared = cache(lambda pretrained=True, seed=0: load_encoder(folder, pretrained, seed=seed))
    monkeypatch.setattr(text_strategies, "shared_encoder", shared)
    return shared()


def spied(monkeypatch, trains: bool) -> list:
    """The options of each call of `fit` and `fit_head`, by name, as they come."""
    calls = []
    for module, name in ((strategies, "fit"), (text_strategies, "fit_head")):
        true = getattr(module, name)

        def spy(model, *given, true=true, name=name, **options):
            calls.append((name, options))
            return true(model, *given, **options) if trains else None

        monkeypatch.setattr(module, name, spy)
    return calls


@pytest.fixture
def fitted(monkeypatch):
    """Each call of `fit` and `fit_head`: its name and its options."""
    return spied(monkeypatch, trains=True)


@pytest.fixture
def asked(monkeypatch):
    """The same, but nothing is trained."""
    return spied(monkeypatch, trains=False)


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
    assert epochs_for_texts(items, batch_size) == epochs


def test_what_runs_share_is_loaded_once(folder, monkeypatch):
    loaded = []

    def loading(pretrained, seed):
        loaded.append((pretrained, seed))
        return load_encoder(folder, pretrained, seed=seed)

    monkeypatch.setattr(text_strategies, "load_encoder", loading)
    text_strategies._loaded_encoder.cache_clear()
    try:
        warm_texts()
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
def test_the_penalty_is_chosen_inside_the_training_items(tweets, heads, seed):
    grid = [{"C": c} for c in (1e-3, 10.0, 1e3)]
    outcome = train_tfidf_head(grid)(trial_of(tweets, seed=seed))
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


def test_no_word_of_a_test_text_is_known(trial, test, heads):
    train_tfidf_head(PENALTIES)(trial)
    for one in heads:
        vocabulary = set(one["head"][0].vocabulary_)
        assert vocabulary == {gram for text in one["learned"] for gram in grams(text)}
    others = {gram for text in test.texts for gram in grams(text)}
    assert len(others - vocabulary) > 500


@pytest.mark.parametrize("C", [0.5, 100.0])
def test_counted_words_predict_as_a_plain_pipeline(tweets, trial, C):
    outcome = train_tfidf_head([{"C": C}])(trial)
    plain = counted(tweets.texts[ITEMS], tweets.labels[ITEMS], C)
    assert list(outcome.predicted) == ["tweets", "other"]
    for name, part in trial.tests().items():
        assert outcome.predicted[name].tolist() == plain(part.texts).tolist()
    assert 0 < outcome.predicted["tweets"].mean() < 1
    known = {gram for text in tweets.texts[ITEMS] for gram in grams(text)}
    assert outcome.notes == {"chosen": f"C {C}", "trials": 0, "trained_weights": len(known) + 1}


# ---------------------------------------------------------------- rows


def test_glove_rows_are_the_means_of_the_words(tweets):
    wanted = document_vectors(shared_vectors(), tweets.texts)
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


def assert_other_is_the_end_of(predicted) -> None:
    np.testing.assert_array_equal(predicted["other"], predicted["tweets"][:-61:-1])


def test_a_head_on_rows_takes_texts(trial, test):
    outcome = train_head_on(glove_rows, PENALTIES)(trial)
    assert np.mean(outcome.predicted["tweets"] == test.labels) > 0.55
    assert_other_is_the_end_of(outcome.predicted)
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
    network, notes = train_mean_of_words(tweets, ITEMS, 0, frozen=True)
    words, rows = parts(network)
    assert set(words) == {word for word in occurring(tweets) if word in shared_vectors()}
    np.testing.assert_array_equal(rows, shared_vectors()[words])
    assert notes == {"trained_weights": 2 * 50 + 2, "epochs": 20}  # 60 / 3 steps of 40 items


def test_tuned_only_the_words_of_training_texts_move(tweets, monkeypatch):
    """Weight decay once shortened the others."""
    monkeypatch.setattr(text_strategies, "WORD_STEPS", 150)
    network, notes = train_mean_of_words(tweets, ITEMS, 0)
    words, rows = parts(network)
    given, seen = shared_vectors()[words], occurring(tweets, ITEMS)
    trained = np.array([word in seen for word in words])
    assert 100 < trained.sum() < len(words) - 100
    np.testing.assert_array_equal(rows[~trained], given[~trained])
    assert (np.abs(rows[trained] - given[trained]).max(axis=1) > 1e-3).all()
    assert notes == {"trained_weights": (len(words) + 2) * 50 + 2 * 50 + 2, "epochs": 50}
    assert not network.model.backbone.embedding.weight[PADDING].any()
    learned = network(tweets.subset(ITEMS))
    assert (learned == tweets.labels[ITEMS]).all()


def test_the_row_of_unknown_words_moves_only_if_one_was_seen(quick):
    for text, moves in (("a qqxxyyzz film", True), ("a plain film", False)):
        texts = TextSet([text, "bad"] * 3, [1, 0] * 3, ["no", "yes"], list("abcdef"), np.zeros(6))
        rows = [
            train_mean_of_words(texts, np.arange(6), 0, frozen=frozen)[
                0
            ].model.backbone.embedding.weight
            for frozen in (True, False)
        ]
        assert torch.equal(rows[0][UNKNOWN], rows[1][UNKNOWN]) != moves


def test_shuffled_rows_are_the_same_ones_of_other_words(tweets, quick):
    plain, shuffled, again, other = (
        parts(train_mean_of_words(tweets, ITEMS, seed, start=start, frozen=True)[0])
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
        train_mean_of_words(tweets, ITEMS, seed, start="random", frozen=True)[0]
        for seed in (0, 0, 1)
    )
    (words, rows), (_, same), (_, different) = map(parts, (one, again, other))
    np.testing.assert_array_equal(rows, same)
    assert (rows != different).all() and rows.std() == pytest.approx(0.4, abs=0.01)
    assert words == parts(train_mean_of_words(tweets, ITEMS, 0, frozen=True)[0])[0]
    for name, weight in one.model.state_dict().items():
        assert torch.equal(weight, again.model.state_dict()[name]), name


def test_random_rows_that_are_tuned_move_for_seen_words_only(tweets, quick):
    words, before = parts(train_mean_of_words(tweets, ITEMS, 0, start="random", frozen=True)[0])
    _, after = parts(train_mean_of_words(tweets, ITEMS, 0, start="random")[0])
    seen = occurring(tweets, ITEMS)
    trained = np.array([word in seen for word in words])
    np.testing.assert_array_equal((before != after).any(axis=1), trained)


def test_what_glove_holds_is_left_as_it_is(tweets, quick):
    before = shared_vectors().vectors[:2000].copy()
    for start in ("glove", "shuffled"):
        train_mean_of_words(tweets, ITEMS, 0, start=start)
    np.testing.assert_array_equal(shared_vectors().vectors[:2000], before)


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
    network, notes = fine_tune_encoder(texts, ITEMS[:16], 0, frozen_groups=frozen, epochs=1)
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
    network, _ = fine_tune_encoder(texts, ITEMS[:16], 3, epochs=1, lr=1e-9)
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


def test_all_at_once_trains_no_head_first(small, asked):
    fine_tune_encoder(opinions(), ITEMS[:16], 0, head_first=False, epochs=1)
    assert [name for name, _ in asked] == ["fit"]


@pytest.mark.parametrize(
    ("options", "epochs"),
    [({}, 42), ({"times": 2}, 84), ({"epochs": 2}, 2), ({"epochs": 2, "times": 3}, 6)],
)
def test_epochs_are_those_of_the_number_of_items(small, asked, options, epochs):
    _, notes = fine_tune_encoder(opinions(), ITEMS[:16], 0, **options)
    assert notes["epochs"] == asked[-1][1]["epochs"] == epochs


def test_options_reach_the_training(small, asked):
    fine_tune_encoder(opinions(), ITEMS[:16], 5, epochs=1)
    usual = asked[-1][1]
    assert (usual["schedule"], usual["warmup"], usual["batch_size"]) == ("linear", 0.1, 16)
    assert (usual["lr"], usual["seed"], usual["precision"]) == (1e-4, 5, "auto")
    fine_tune_encoder(opinions(), ITEMS[:16], 5, lr=2e-3, epochs=1, schedule="constant", warmup=0.0)
    changed = asked[-1][1]
    assert (changed["schedule"], changed["warmup"], changed["lr"]) == ("constant", 0.0, 2e-3)


def test_one_seed_gives_one_network(small):
    train = partial(fine_tune_encoder, opinions(), ITEMS[:16], epochs=2, lr=1e-3)
    one, again, other = (train(seed=seed)[0].model.state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not torch.equal(one["linear_head.weight"], other["linear_head.weight"])


def test_low_rank_matrices_and_the_head_train_alone(small, fitted):
    texts, before = opinions(), small.fingerprint()
    network, notes = adapt_encoder_low_rank(texts, ITEMS, 0, lr=1e-2, rank=4)
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


def test_the_real_encoder_is_tuned_on_real_tweets(tweets):
    train = partial(fine_tune_encoder, epochs=1, frozen_groups=6)
    trial = trial_of(tweets, ITEMS[:16], first=100)
    outcome = tune_settings(train, [{}])(trial)
    layer = sum(p.numel() for p in load_encoder().layer_groups()[-1][0].parameters())
    assert outcome.notes == {
        "chosen": "", "trials": 0, "trained_weights": layer + 2 * 384 + 2, "epochs": 1,
    }  # fmt: skip
    test = trial.tests()["tweets"]
    assert np.mean(outcome.predicted["tweets"] == test.labels) > 0.6
    assert_other_is_the_end_of(outcome.predicted)
    np.testing.assert_array_equal(outcome.predicted["tweets"], predict(outcome.model, test))


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
    stored = load_sweep("text-strategies").query(
        "seed == 0 and labels == 8 and strategy == 'TF-IDF'"
    )
    [(predicted, accuracy, chosen)] = stored[["predicted", "accuracy", "chosen"]].to_numpy()
    now = np.array([int(sign) for sign in one_run["predicted"]["tweets"]])
    assert (now == predicted).mean() > 0.99 and chosen == one_run["notes"]["chosen"]
    truth = every_tweet.labels[split_by_group(every_tweet, 0.3, 0).test]
    assert math.isclose(accuracy, (predicted == truth).mean())


def test_tuning_by_pairs_tells_made_opinions_apart_and_counts_its_weights(small, monkeypatch):
    monkeypatch.setattr(text_few, "shared_encoder", lambda: small)
    before = {name: weight.clone() for name, weight in small.state_dict().items()}
    outcome = text_few.tune_pairs(trial_of(opinions(68), np.arange(16), first=16))
    truth = opinions(68).labels[16:]
    assert (outcome.predicted["tweets"] == truth).mean() > 0.7  # guessing: .5, of 52
    encoder = sum(weight.numel() for weight in small.parameters())
    assert outcome.notes["trained_weights"] == encoder + small.feature_size + 1
    after = small.state_dict()  # the shared encoder is tuned as a copy
    assert all(torch.equal(weight, after[name]) for name, weight in before.items())


def test_what_the_sweeps_compare(monkeypatch):
    monkeypatch.setattr(text_across, "load_equal_domains", lambda: dict.fromkeys(DOMAINS))
    across = {f"text-domains-{name}" for name in ("news", "tweets", "movies", "products")}
    within = {"text-embeddings", "text-rates", "text-strategies", "text-few-labels"}
    sweeps = {name: sweep for name, sweep in SWEEPS.items() if name.startswith("text-")}
    others = {"text-after-news", "text-contrastive", "text-pairs", "text-topics", "text-words"}
    others |= {"text-deep", "text-pretrained", "text-lora", "text-tables", "text-masked"}
    assert set(sweeps) == across | within | others
    compared = {name: set(sweep.strategies()) for name, sweep in sweeps.items()}
    assert compared["text-strategies"] == {
        "TF-IDF", "GloVe mean", "frozen", "frozen random", "fine-tuned", "LoRA",
    }  # fmt: skip
    assert len(compared["text-embeddings"]) == 5 and len(compared["text-rates"]) == 6
    assert all(list(SWEEPS[name].sets()) == ["tweets"] for name in within)
    for name in across:
        source, *others = SWEEPS[name].sets()
        assert name.endswith(f"-{source}") and len({source, *others}) == 4


def test_the_settings_that_are_compared_are_those_that_they_are_named_after(small, asked):
    wanted = {
        "rate 1e-4": (1e-4, "constant", 0.0, 12, False),
        "rate 3e-4": (3e-4, "constant", 0.0, 12, False),
        "rate 1e-3": (1e-3, "constant", 0.0, 12, False),
        "1e-3, warm-up": (1e-3, "linear", 0.1, 12, False),
        "1e-3, warm-up, head first": (1e-3, "linear", 0.1, 12, True),
        "1e-4, warm-up, 3× as long": (1e-4, "linear", 0.1, 36, False),
    }
    for name, strategy in SWEEPS["text-rates"].strategies().items():
        asked.clear()
        strategy(trial_of(opinions(68), np.arange(64), first=64))
        last = asked[-1][1]
        found = (*(last[key] for key in ("lr", "schedule", "warmup", "epochs")), len(asked) == 2)
        assert found == wanted[name], name


def test_the_words_of_a_network_are_those_of_all_texts_that_glove_knows(tweets):
    known = text_strategies._known_words(tweets)
    assert isinstance(known, WordIds) and set(known.words) <= set(shared_vectors().key_to_index)
    assert set(known.words) == occurring(tweets) & set(shared_vectors().key_to_index)
