"""More pretraining: it learns to fill in, and leaves what it was given as it was."""

import copy

import numpy as np
import pytest
import torch
from tiny_encoders import CALM, checkpoint, opinions, random_states, state_of

from tlhelpers.errors import CourseError
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.masked_words import MaskedLM, fill_in, mask_words, masked_loss
from tlhelpers.models.neighbour_counts import NeighbourCounts
from tlhelpers.models.text_features import encode
from tlhelpers.training.freezing import freeze
from tlhelpers.training.pretraining import pretrain

# What comes last is told by the first word: neighbours do not know it, the whole sentence does.
TEXTS = [f"{a} was near the {b} ." for a, b in (("rob", "bank"), ("money", "river"))] * 20
QUIET = {"progress": False}


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return load_encoder(checkpoint(tmp_path_factory.mktemp("models") / "small", **CALM))


def test_it_learns_what_counts_of_neighbours_cannot_know(small):
    before, states = state_of(small), random_states()
    done = pretrain(small, TEXTS, steps=250, lr=3e-3, head_lr=1e-2, held_out=TEXTS, **QUIET)
    assert state_of(small) == before and random_states() == states
    first, last = done.held_out.loss
    assert last < 0.7 * first and list(done.held_out.index) == ["before", "after"]
    text = "rob was near the [MASK] ."
    assert fill_in(done.model, text, 1).word[0] == "bank"
    assert fill_in(done.model, text.replace("rob", "money"), 1).word[0] == "river"
    counts = NeighbourCounts(small, TEXTS)
    best = fill_in(counts, text, 2)
    assert abs(best.probability[0] - best.probability[1]) < 1e-6
    assert len(done.losses) == 250 and not any(part.training for part in done.model.modules())


def test_the_seed_decides_all(small):
    a, b, c = (pretrain(small, TEXTS, steps=3, seed=seed, **QUIET) for seed in (1, 1, 2))
    assert a.encoder.fingerprint() == b.encoder.fingerprint() != c.encoder.fingerprint()
    assert a.losses.equals(b.losses)


def test_the_first_step_is_the_one_computed_by_hand(small):
    done = pretrain(small, TEXTS[:1], steps=1, batch_size=1, seed=5, **QUIET)
    by_hand = MaskedLM(small, seed=5)
    inputs = small.transform(TEXTS[:1])
    hidden, labels = mask_words(inputs["input_ids"], small.tokenizer, np.random.default_rng(5))
    loss = masked_loss(by_hand, inputs | {"input_ids": hidden}, labels)
    assert done.losses.loss.tolist() == [loss.item()] and loss.item() > 0
    loss.backward()
    encoder = {id(p) for p in by_hand.encoder.parameters()}
    was = {name: p.detach().clone() for name, p in by_hand.named_parameters()}
    now = dict(done.model.named_parameters())
    for name, p in by_hand.named_parameters():
        if p.grad is None:
            continue
        clear = p.grad.abs() > 1e-5  # the first step of Adam has the size of the rate
        # Half of the only step is done in its middle: the way down from 0.1 on has come to 5/9.
        rate = 5 / 9 * (1e-4 if id(p) in encoder else 1e-3)
        moved = (now[name] - was[name] * (1 - 0.01 * rate))[clear]
        torch.testing.assert_close(moved, -rate * p.grad.sign()[clear], rtol=2e-2, atol=1e-6)


def test_a_frozen_encoder_stands_still_while_its_head_learns(small):
    still = copy.deepcopy(small)
    freeze(still)
    done = pretrain(still, TEXTS, steps=60, head_lr=1e-2, held_out=TEXTS, **QUIET)
    assert done.encoder.fingerprint() == small.fingerprint()
    assert done.held_out.loss["after"] < done.held_out.loss["before"]


def test_a_head_that_was_trained_is_trained_on_from_where_it_was(small):
    first = pretrain(small, TEXTS, steps=60, lr=3e-3, head_lr=1e-2, held_out=TEXTS, **QUIET)
    before = state_of(first.encoder)
    more = pretrain(first.model, TEXTS, steps=2, held_out=TEXTS, **QUIET)
    assert more.held_out.loss["before"] == first.held_out.loss["after"]
    assert state_of(first.encoder) == before


def test_the_new_encoder_goes_on_into_features_and_tells_where_it_comes_from(small, empty_cache):
    done = pretrain(small, TEXTS, steps=2, **QUIET)
    assert done.held_out is None
    assert "2 more steps of masked language modelling" in repr(done.encoder)
    assert "more steps" not in repr(small)
    assert not np.array_equal(encode(done.encoder, opinions()), encode(small, opinions()))


def test_texts_without_a_word_to_hide_do_not_stop_it(small):
    done = pretrain(small, ["[UNK]", "good"], steps=5, share=0.15, batch_size=1, **QUIET)
    assert np.isfinite(done.losses.loss).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": 0}, "steps must be a whole number from 1 on"),
        ({"lr": 0.0}, "lr must be a positive number"),
        ({"head_lr": "high"}, "head_lr must be a positive number"),
        ({"longest": 2}, "longest must be a whole number from 3"),
        ({"share": 2}, "share must be a share from 0 to 1"),
        ({"seed": -1}, "seed must be a whole number from 0"),
        ({"batch_size": 0}, "batch_size must be a whole number from 1"),
        ({"precision": "half"}, "unknown precision 'half'"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_arguments_out_of_range_are_refused(small, wrong, message):
    with pytest.raises(ValueError, match=message):
        pretrain(small, TEXTS, **({"steps": 1} | QUIET | wrong))


def test_texts_and_models_that_are_none_are_refused(small):
    with pytest.raises(ValueError, match="text 1 is ''"):
        pretrain(small, ["good", ""], **QUIET)
    with pytest.raises(TypeError, match="give an Encoder or a MaskedLM, got Linear"):
        pretrain(torch.nn.Linear(2, 2), TEXTS, **QUIET)


def test_a_loss_that_is_no_number_is_told(small):
    broken = copy.deepcopy(small)
    broken.model.embeddings.word_embeddings.weight.data[:] = torch.nan
    with pytest.raises(CourseError, match="the loss is nan"):
        pretrain(broken, TEXTS, steps=3, **QUIET)


def test_the_real_encoder_takes_a_step():
    texts = ["I love this phone, it is so good.", "The battery died after a day."] * 4
    encoder = load_encoder()
    before = encoder.fingerprint()
    done = pretrain(encoder, texts, steps=2, held_out=texts, **QUIET)
    assert encoder.fingerprint() == before != done.encoder.fingerprint()
    assert done.held_out.loss["after"] < done.held_out.loss["before"]
