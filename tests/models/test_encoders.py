"""Encoders: a tokenizer that fits, texts to numbers, and a classifier on top."""

from __future__ import annotations

import copy
import shutil

import pytest
import torch
from tiny_encoders import SIZES, WEIGHTS, WORDS, checkpoint, opinions

from tlhelpers.models.classifier import Classifier
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.encoders import Encoder
from tlhelpers.models.layers import layer_groups
from tlhelpers.training.fitting import fit
from tlhelpers.training.freezing import count_weights, freeze_to, frozen_hash
from tlhelpers.training.lora import add_lora, load_lora, save_lora
from tlhelpers.training.predicting import predict

# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pool": "men"}, "unknown pool 'men': did you mean mean"),
        ({"pool": ""}, "unknown pool ''"),
        ({"max_length": "9"}, "max_length must be a whole number from 3 on, got '9'"),
        ({"max_length": 2}, "max_length must be a whole number from 3 on, got 2"),
    ],
)
def test_options_that_make_no_sense_are_refused(folder, options, message):
    with pytest.raises(ValueError, match=message):
        load_encoder(folder, **options)


def test_the_tokenizer_of_another_model_is_refused(minilm, small, folder, tmp_path):
    with pytest.raises(ValueError, match="the tokenizer knows 30522 tokens, the network 29: take"):
        Encoder(copy.deepcopy(small.model), minilm.tokenizer, "mixed", {})
    with pytest.raises(ValueError, match="the tokenizer knows 29 tokens, the network 30522: take"):
        Encoder(copy.deepcopy(minilm.model), small.tokenizer, "mixed", {})
    other = copy.deepcopy(small.tokenizer)
    other.pad_token = "[MASK]"
    with pytest.raises(ValueError, match="fills up with number 4, the network was trained with 0"):
        Encoder(copy.deepcopy(small.model), other, "mixed", {})
    checkpoint(tmp_path / "longer", words=[*WORDS, "one", "more"])
    for name in ("tokenizer.json", "vocab.txt", "tokenizer_config.json"):
        shutil.copy(tmp_path / "longer" / name, tmp_path / name)
    shutil.copy(folder / "config.json", tmp_path)
    shutil.copy(folder / WEIGHTS, tmp_path)
    with pytest.raises(ValueError, match="the tokenizer knows 31 tokens, the network 29"):
        load_encoder(tmp_path)


def test_rows_that_only_round_up_a_number_are_no_other_tokenizer(tmp_path):
    import transformers

    place = checkpoint(tmp_path / "round")
    config = transformers.BertConfig(vocab_size=64, **SIZES)
    transformers.BertModel(config).save_pretrained(place)
    assert load_encoder(place).model.config.vocab_size == 64


# ---------------------------------------------------------------- texts to numbers


def test_numbers_and_mask_are_those_of_transformers(minilm):
    texts = ["A short one.", "One that is a good deal longer than the first, by far!", "ok"]
    found, wanted = minilm.transform(texts), minilm.tokenizer(
        texts, padding=True, return_tensors="pt"
    )  # fmt: skip
    for name in ("input_ids", "attention_mask"):
        assert found[name].dtype == torch.int64 and torch.equal(found[name], wanted[name])


def test_a_model_takes_the_fill_number_of_its_own_tokenizer(tmp_path):
    encoder = load_encoder(checkpoint(tmp_path / "r", "roberta"))
    given = encoder.transform(["good", "a"])
    assert given["input_ids"][1].tolist() == [0, 6, 2, 1, 1, 1]
    assert given["attention_mask"][1].tolist() == [1, 1, 1, 0, 0, 0]


def test_a_cut_text_keeps_the_mark_of_its_end(small):
    with pytest.warns(UserWarning, match=r"2 of 3 texts are longer than 40 tokens and are cut: "
                      r"the first is text 1 with 62 tokens") as told:  # fmt: skip
        rows = small.transform.numbers(["bad", "good " * 60, "film " * 70])
    assert len(told) == 1 and [len(row) for row in rows] == [3, 40, 40]
    good, start, end = (WORDS.index(word) for word in ("good", "[CLS]", "[SEP]"))
    assert rows[1] == [start, *[good] * 38, end]
    assert rows[0] == [start, WORDS.index("bad"), end]


@pytest.mark.filterwarnings("error")
def test_a_text_that_just_fits_is_not_cut(small, capfd):
    assert len(small.transform.numbers(["good " * 38])[0]) == 40
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("one text", "give a list of texts, not one text"),
        (None, "give a list of texts, not None"),
        (3, "give a list of texts, not 3"),
        ([], "there are no texts"),
        (["a", ""], "text 1 is '': leave empty and missing texts out"),
        (["a", " \n\t"], "text 1 is ' .*leave empty"),
        (["a", "b", None], "text 2 is None: leave empty"),
        ([float("nan")], "text 0 is nan"),
        ([b"bytes"], "text 0 is b'bytes'"),
        (["good", "half \ud83d"], "text 1 holds half a character"),
    ],
)
def test_texts_that_are_none_are_refused(small, texts, message):
    with pytest.raises(ValueError, match=message):
        small.transform(texts)


# ---------------------------------------------------------------- as the backbone of a classifier


def test_a_classifier_on_a_folder_learns(small):
    texts = opinions()
    before = small.fingerprint()
    model = Classifier(small, 2, texts.class_names)
    first = copy.deepcopy(model)
    options = {"epochs": 15, "batch_size": 8, "schedule": "linear", "warmup": 0.1, "quiet": True}
    history = fit(model, texts, lr=7e-3, **options)
    assert history.table.loss.iloc[-1] < 0.8 * history.table.loss.iloc[0]
    assert (predict(model, texts) == texts.labels).mean() >= 0.75
    for name, weight in model.backbone.named_parameters():
        assert not torch.equal(weight, first.backbone.get_parameter(name)), name
    assert small.fingerprint() == before, "the classifier trains a copy"


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert"])
def test_frozen_groups_stand_still(tmp_path, kind):
    model = Classifier(load_encoder(checkpoint(tmp_path / kind, kind)), 2, ["no", "yes"])
    assert len(layer_groups(model)) == 5
    freeze_to(model, 3)
    trains = {name for name, p in model.named_parameters() if p.requires_grad}
    stack = "transformer" if kind == "distilbert" else "encoder"
    assert {name for name in trains if "linear_head" not in name} == {
        name for name, _ in model.named_parameters() if f"{stack}.layer.2." in name
    }
    held = frozen_hash(model)
    fit(model, opinions(8), epochs=1, lr=1e-2, quiet=True)
    assert frozen_hash(model) == held


def test_lora_adapts_query_and_value_and_comes_back(small, tmp_path):
    texts = opinions()
    model = add_lora(Classifier(small, 2, texts.class_names, seed=2), rank=4, seed=2)
    adapted = {
        name.partition(".lora_")[0] for name, _ in model.named_parameters() if "lora" in name
    }
    ends = [f"layer.{i}.attention.self.{part}" for i in range(3) for part in ("query", "value")]
    assert len(adapted) == 6 and all(any(name.endswith(e) for name in adapted) for e in ends)
    assert count_weights(model)[0] == 6 * 4 * (16 + 16) + 16 * 2 + 2
    base = frozen_hash(model)
    options = {"epochs": 20, "batch_size": 8, "schedule": "linear", "warmup": 0.1, "quiet": True}
    fit(model, texts, lr=1e-2, seed=2, **options)
    assert frozen_hash(model) == base
    assert (predict(model, texts) == texts.labels).mean() >= 0.75
    save_lora(model, tmp_path / "adapter")
    loaded = load_lora(Classifier(small, 2, texts.class_names, seed=9), tmp_path / "adapter")
    given = small.transform(texts.texts[:6])
    assert torch.equal(loaded.eval()(**given), model.eval()(**given))


def test_a_saved_classifier_predicts_the_same(tmp_path, one_thread):
    options = {"pool": "cls", "max_length": 12}
    model = Classifier(load_encoder(**options), 2, ["no", "yes"], seed=5).eval()
    with torch.no_grad():
        model.backbone.model.encoder.layer[5].output.dense.bias += 0.1  # as if it had been trained
    model.save(tmp_path / "model")
    loaded = Classifier.load(tmp_path / "model", ["no", "yes"])
    assert loaded.backbone.options == options
    assert loaded.backbone.provenance == model.backbone.provenance
    texts = ["A wonderful film!", "it was good and long " * 5]
    with pytest.warns(UserWarning, match="1 of 2 texts are longer than 12 tokens"):
        given = loaded.transform(texts)
    assert given["input_ids"].shape == (2, 12)
    with torch.no_grad():
        assert torch.equal(loaded(**given), model(**given))


def test_a_classifier_on_a_folder_is_loaded_with_its_backbone_alone(folder, small, tmp_path):
    model = Classifier(small, 2, ["no", "yes"]).eval()
    model.save(tmp_path / "model")
    twin = load_encoder(folder, pretrained=False)
    loaded = Classifier.load(tmp_path / "model", ["no", "yes"], twin)
    given = small.transform(["the bank was good", "a"])
    assert torch.equal(loaded(**given), model(**given))
    with pytest.raises(ValueError, match="was trained with the transform Tokens"):
        Classifier.load(tmp_path / "model", backbone=load_encoder(folder, max_length=10))


def test_a_backbone_that_pools_otherwise_is_refused(folder, tmp_path, one_thread):
    Classifier(load_encoder(folder, pool="cls"), 2, ["no", "yes"]).save(tmp_path / "model")
    backbone = load_encoder(folder, pool="mean")
    with pytest.raises(ValueError, match=r"was trained with .*'cls'.* not with .*'mean'"):
        Classifier.load(tmp_path / "model", backbone=backbone)


def test_a_network_of_another_build_says_that_its_layers_are_not_known(small):
    odd = copy.deepcopy(small)
    odd.model = torch.nn.Linear(2, 2)
    with pytest.raises(ValueError, match="the layers of Linear are not known: take a model like"):
        odd.layer_groups()
