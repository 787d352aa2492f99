"""Masked language modelling: what is hidden, what is asked for, and what is guessed."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from tiny_encoders import WORDS, checkpoint, random_states, state_of

from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.masked_words import (
    UNASKED,
    MaskedLM,
    cut_to_pieces,
    fill_in,
    mask_words,
    masked_loss,
    measure_guesses,
)
from tlhelpers.models.neighbour_counts import NeighbourCounts

TEXTS = ["the film was good .", "the plot was bad .", "rob was near the river", "a good film ."]


def many_ids(tokenizer, n=400, length=50):
    """Random words between marks of start and end, some rows filled up, some words unknown."""
    rng = np.random.default_rng(0)
    ids = torch.from_numpy(rng.integers(5, len(tokenizer), (n, length)))
    ids[:, 0], ids[:, -1] = tokenizer.cls_token_id, tokenizer.sep_token_id
    ids[: n // 4, length // 2 :] = tokenizer.pad_token_id
    ids[::7, 3] = tokenizer.unk_token_id
    return ids


def fates(ids, hidden, labels, tokenizer):
    """Of all tokens that may be chosen: how many there are, were chosen, masked, swapped, kept."""
    free = ~torch.isin(ids, torch.tensor(tokenizer.all_special_ids))
    chosen = labels != UNASKED
    masked = chosen & (hidden == tokenizer.mask_token_id)
    kept = chosen & (hidden == ids)
    return [int(x.sum()) for x in (free, chosen, masked, chosen & ~masked & ~kept, kept)]


def collated(ids, tokenizer):
    from transformers import DataCollatorForLanguageModeling

    collator = DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15, seed=3)
    batch = collator([{"input_ids": row} for row in ids.tolist()])
    return batch["input_ids"], batch["labels"]


@pytest.mark.parametrize("how", ["ours", "transformers"])
def test_shares_are_those_of_bert_and_of_transformers(small, how):
    tokenizer = small.tokenizer
    ids = many_ids(tokenizer)
    hidden, labels = (
        mask_words(ids, tokenizer, seed=1) if how == "ours" else collated(ids, tokenizer)
    )
    free, chosen, masked, swapped, kept = fates(ids, hidden, labels, tokenizer)
    size = len(tokenizer)
    wanted = [(chosen, free, 0.15), (masked, chosen, 0.8 + 0.1 / size)]  # a swap may draw [MASK]
    wanted += [(swapped, chosen, 0.1 * (size - 2) / size), (kept, chosen, 0.1 * (size + 1) / size)]
    for count, of, share in wanted:
        assert binomtest(count, of, share).pvalue > 0.01, (count, of, share)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 1), st.floats(0, 1), st.data())
def test_only_words_are_hidden_and_only_they_are_asked_for(small, seed, share, masks, data):
    swaps = data.draw(st.floats(0, 1 - masks))
    ids = many_ids(small.tokenizer, n=8, length=12)
    before = ids.clone()
    hidden, labels = mask_words(ids, small.tokenizer, seed, share, masks, swaps)
    assert torch.equal(ids, before)
    chosen = labels != UNASKED
    special = torch.isin(ids, torch.tensor(small.tokenizer.all_special_ids))
    assert not (chosen & special).any()
    assert torch.equal(hidden[~chosen], ids[~chosen]) and torch.equal(labels[chosen], ids[chosen])
    again = mask_words(ids, small.tokenizer, np.random.default_rng(seed), share, masks, swaps)
    assert torch.equal(hidden, again[0]) and torch.equal(labels, again[1])


def test_the_ends_of_the_shares_hide_nothing_and_everything(small):
    ids = many_ids(small.tokenizer)
    hidden, labels = mask_words(ids, small.tokenizer, share=0)
    assert torch.equal(hidden, ids) and (labels == UNASKED).all()
    hidden, labels = mask_words(ids, small.tokenizer, share=1, masks=1, swaps=0)
    free, chosen, masked, _, _ = fates(ids, hidden, labels, small.tokenizer)
    assert free == chosen == masked > 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"share": 1.2}, "share must be a share from 0 to 1, got 1.2"),
        ({"share": float("nan")}, "share must be a share"),
        ({"masks": 0.8, "swaps": 0.3}, r"masks \+ swaps must be a share"),
        ({"seed": -1}, "seed must be a whole number from 0 on, got -1"),
    ],
    ids=["share", "nan", "sum", "seed"],
)
def test_what_is_no_share_is_refused(small, wrong, message):
    with pytest.raises(ValueError, match=message):
        mask_words(many_ids(small.tokenizer, 2), small.tokenizer, **wrong)


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert"])
def test_the_head_is_that_of_transformers_with_our_weights(tmp_path, kind, one_thread):
    from transformers import AutoModelForMaskedLM

    encoder = load_encoder(checkpoint(tmp_path / kind, kind))
    before, states = state_of(encoder), random_states()
    model = MaskedLM(encoder, seed=4)
    assert state_of(encoder) == before and random_states() == states
    theirs = AutoModelForMaskedLM.from_config(encoder.model.config).eval()
    setattr(theirs, theirs.base_model_prefix, model.encoder.model)
    theirs.tie_weights()
    own = {name: w for name, w in theirs.named_parameters() if not name.startswith(kind)}
    with torch.no_grad():
        for name, weight in own.items():
            weight.copy_(_named(model, name))
    inputs = encoder.transform(["a fine film", "bad"])
    hidden, labels = mask_words(inputs["input_ids"], encoder.tokenizer, share=0.7)
    given = inputs | {"input_ids": hidden}
    wanted = theirs(**given, labels=labels)
    torch.testing.assert_close(masked_loss(model, given, labels), wanted.loss)
    places = labels != UNASKED
    torch.testing.assert_close(model(**given, places=places), wanted.logits[places])


def _named(model, name):
    heads = ["vocab_transform", "", "vocab_layer_norm", "vocab_projector"]
    first, _, rest = name.partition(".")
    path = f"{heads.index(first)}.{rest}" if first in heads else rest
    return dict(model.head.named_parameters())[path]


def test_the_table_of_words_is_one_and_is_counted_once(small):
    model = MaskedLM(small)
    table = model.encoder.model.embeddings.word_embeddings.weight
    assert model.head.predictions.decoder.weight is table
    size = small.feature_size
    head = size * size + size + 2 * size + len(WORDS)
    count = sum(p.numel() for p in model.parameters())
    assert count == sum(p.numel() for p in small.parameters()) + head


def test_the_seed_decides_the_head(small):
    heads = [MaskedLM(small, seed).head.predictions.transform.dense.weight for seed in (1, 1, 2)]
    assert torch.equal(heads[0], heads[1]) and not torch.equal(heads[0], heads[2])


def test_the_loss_is_torchs_own_over_masked_places_only(small):
    model, inputs = MaskedLM(small), small.transform(TEXTS)
    hidden, labels = mask_words(inputs["input_ids"], small.tokenizer, share=0.5)
    given = inputs | {"input_ids": hidden}
    every = model(**given, places=torch.ones_like(hidden, dtype=torch.bool))
    wanted = torch.nn.functional.cross_entropy(every, labels.flatten(), ignore_index=UNASKED)
    torch.testing.assert_close(masked_loss(model, given, labels), wanted)
    nothing = masked_loss(model, given, torch.full_like(labels, UNASKED))
    nothing.backward()
    assert nothing.item() == 0


def test_gaps_are_filled_with_the_likeliest_words(small):
    model = MaskedLM(small)
    found = fill_in(model, "the [MASK] was near the [MASK] .", k=4)
    assert found.gap.tolist() == [1] * 4 + [2] * 4 and found.word.isin(WORDS).all()
    inputs = small.transform(["the [MASK] was near the [MASK] ."])
    every = model(**inputs, places=torch.ones_like(inputs["input_ids"], dtype=torch.bool))
    first = every.softmax(1)[2].topk(4)
    assert found.word[:4].tolist() == [WORDS[i] for i in first.indices]
    np.testing.assert_allclose(found.probability[:4], first.values.detach(), rtol=1e-5)


@pytest.mark.parametrize("text", ["the film", "good " * 60 + "[MASK]"], ids=["none", "cut off"])
@pytest.mark.filterwarnings("ignore:1 of 1 texts are longer")
def test_a_text_without_a_gap_is_refused(small, text):
    with pytest.raises(ValueError, match=r"holds no \[MASK\] that the encoder would see"):
        fill_in(MaskedLM(small), text)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=5), st.integers(3, 40))
def test_pieces_hold_every_token_of_a_text(small, lengths, longest):
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(["good", "bad", "film"], n)) for n in lengths]
    pieces = cut_to_pieces(small.transform, texts, longest)
    assert max(map(len, pieces)) <= longest
    wanted = small.tokenizer(texts, add_special_tokens=False)["input_ids"]
    assert [i for row in pieces for i in row[1:-1]] == [i for row in wanted for i in row]
    marks = {(row[0], row[-1]) for row in pieces}
    assert marks == {(small.tokenizer.cls_token_id, small.tokenizer.sep_token_id)}


def test_texts_of_which_the_tokenizer_leaves_nothing_are_told(small):
    nothing = ["\u200b"]
    assert len(cut_to_pieces(small.transform, [*nothing, "good"])) == 1
    for use in (NeighbourCounts, lambda encoder, texts: measure_guesses(MaskedLM(encoder), texts)):
        with pytest.raises(ValueError, match="the tokenizer leaves nothing of these texts"):
            use(small, nothing)


# ---------------------------------------------------------------- counts


def test_counts_give_the_shares_computed_by_hand(small):
    counts = NeighbourCounts(small, ["good film", "good plot", "bad film"], prior=2.0)
    inputs = small.transform(["good [MASK]"])
    places = inputs["input_ids"] == small.tokenizer.mask_token_id
    got = counts.guess(**inputs, places=places)[0].exp().numpy()
    size = len(WORDS)
    share = {w: (n + 1 / size) / 7 for w, n in {"good": 2, "film": 2, "bad": 1, "plot": 1}.items()}
    share |= {w: 1 / size / 7 for w in WORDS if w not in share}
    after = {"film": 1, "plot": 1}  # "good": seen twice before a word
    before = {"film": 2, "plot": 1}  # the mark of the end: three words before it
    score = {
        w: (after.get(w, 0) + 2 * p) / 4 * (before.get(w, 0) + 2 * p) / 5 / p
        for w, p in share.items()
    } | dict.fromkeys(small.tokenizer.all_special_tokens, 0)  # no mark was ever hidden
    wanted = np.array([score[w] for w in WORDS]) / sum(score.values())
    np.testing.assert_allclose(got, wanted, rtol=1e-5)


def test_without_neighbours_the_commonest_word_is_guessed_everywhere(small):
    texts = ["good film", "bad film", "the film was fine"]
    found = fill_in(NeighbourCounts(small, texts, neighbours=False), "[MASK] was [MASK]", k=1)
    assert found.word.tolist() == ["film", "film"]
    with_them = fill_in(NeighbourCounts(small, texts, prior=0.01), "[MASK] was [MASK]", k=1)
    assert with_them.word.tolist() == ["film", "fine"]


def test_no_mark_is_guessed_even_where_one_follows_each_word(small):
    counts = NeighbourCounts(small, ["good", "bad", "film"] * 5, prior=1e-6)
    found = fill_in(counts, "good [MASK]", k=len(WORDS) - 5)
    assert not set(found.word) & set(small.tokenizer.all_special_tokens)
    assert found.probability.sum() == pytest.approx(1)


@pytest.mark.parametrize("prior", [0, -1, float("nan"), True])
def test_a_prior_must_be_above_0(small, prior):
    with pytest.raises(ValueError, match="prior must be a number above 0"):
        NeighbourCounts(small, TEXTS, prior=prior)


def test_both_kinds_of_guesses_are_measured_at_the_same_places(small):
    texts = TEXTS * 10
    measured = [
        measure_guesses(g, texts, 3) for g in (MaskedLM(small), NeighbourCounts(small, texts))
    ]
    assert measured[0]["places"] == measured[1]["places"] > 0
    assert measured[1]["loss"] < measured[0]["loss"]
    assert measured == [
        measure_guesses(g, texts, 3) for g in (MaskedLM(small), NeighbourCounts(small, texts))
    ]


def test_the_measure_is_that_of_all_places_together_whatever_the_batches(small):
    counts = NeighbourCounts(small, TEXTS, neighbours=False)
    found = measure_guesses(counts, TEXTS, share=1.0, batch_size=3)
    ids = [i for row in cut_to_pieces(small.transform, TEXTS) for i in row[1:-1]]
    share = np.bincount(ids, minlength=len(WORDS)) / len(ids)
    assert found["places"] == len(ids) and found["accuracy"] == pytest.approx(share.max())
    smooth = share * len(ids) + 1 / len(WORDS)
    smooth[small.tokenizer.all_special_ids] = 0
    smooth /= smooth.sum()
    assert found["loss"] == pytest.approx(-np.log(smooth[ids]).mean(), rel=1e-5)


def test_nothing_hidden_is_said(small):
    with pytest.raises(ValueError, match="no token was hidden"):
        measure_guesses(MaskedLM(small), TEXTS, share=0.0)
