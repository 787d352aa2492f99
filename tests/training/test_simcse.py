"""SimCSE: the loss of sentence-transformers, no label read, and the given encoder as it was."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_encoders import CALM, checkpoint, opinions, random_states, state_of

from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.training.freezing import freeze
from tlhelpers.training.simcse import pretrain_simcse, simcse_loss

QUIET = {"progress": False}


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    pass


@pytest.fixture
def small(tmp_path):
    return load_encoder(checkpoint(tmp_path / "small"))


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 9), st.integers(1, 6), st.integers(0, 99))
def test_the_loss_is_that_of_sentence_transformers(n, size, seed):
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    made = torch.Generator().manual_seed(seed)
    a, b = torch.randn(2, n, size, generator=made)
    theirs = MultipleNegativesRankingLoss(torch.nn.Identity(), scale=20.0)
    wanted = theirs.compute_loss_from_embeddings([a, b], None)
    torch.testing.assert_close(simcse_loss(a, b), wanted)


def test_two_texts_by_hand():
    """Cosines 1 and 0: −log of e^20 / (e^20 + 1) at the usual temperature, log 2 without a clue."""
    same = torch.eye(2)
    torch.testing.assert_close(
        simcse_loss(same, same, 1.0), torch.log1p(torch.exp(torch.tensor(-1.0)))
    )
    torch.testing.assert_close(
        simcse_loss(torch.ones(2, 2), same, 1.0), torch.log(torch.tensor(2.0))
    )


@torch.no_grad()
def hardness(encoder, texts):
    """The loss over ten draws of dropout."""
    torch.manual_seed(0)
    given = encoder.train().transform(texts)
    losses = [simcse_loss(encoder(**given), encoder(**given)).item() for _ in range(10)]
    encoder.eval()
    return np.mean(losses)


def test_each_text_finds_itself_sooner_and_the_given_encoder_and_the_random_state_stay(small):
    texts = list(dict.fromkeys(opinions().texts))
    before, states = state_of(small), random_states()
    tuned = pretrain_simcse(small, texts, steps=100, lr=1e-3, batch_size=8, **QUIET)
    assert state_of(small) == before and random_states() == states
    assert not any(module.training for module in tuned.modules())
    assert hardness(tuned, texts) < hardness(small, texts) - 0.5


def test_the_seed_decides_all(small):
    texts = opinions(12).texts
    prints = [
        pretrain_simcse(small, texts, steps=2, batch_size=4, seed=seed, **QUIET).fingerprint()
        for seed in (1, 1, 2)
    ]
    assert prints[0] == prints[1] != prints[2]


@pytest.mark.parametrize(
    ("texts", "options", "message"),
    [
        (["one"], {}, "two or more, not 1"),
        (["one", " "], {}, "text 1 is"),
        (["one", "two"], {"batch_size": 1}, "batch_size"),
        (["one", "two"], {"temperature": 0}, "temperature must be above 0"),
        (["one", "two"], {"temperature": float("nan")}, "temperature"),
        (["one", "two"], {"steps": 0}, "steps"),
        (["one", "two"], {"lr": -1.0}, "lr"),
    ],
    ids=["one text", "an empty one", "alone", "zero", "nan", "no step", "rate"],
)
def test_what_makes_no_sense_is_refused(small, texts, options, message):
    with pytest.raises(ValueError, match=message):
        pretrain_simcse(small, texts, **options, **QUIET)


def test_without_dropout_or_with_nothing_to_train_it_is_refused(small, tmp_path):
    calm = load_encoder(checkpoint(tmp_path / "calm", **CALM))
    with pytest.raises(ValueError, match="no dropout"):
        pretrain_simcse(calm, ["one", "two"], **QUIET)
    freeze(small)
    small.requires_grad_(False)
    with pytest.raises(ValueError, match="frozen"):
        pretrain_simcse(small, ["one", "two"], **QUIET)
