"""Encoders: the right weights, a tokenizer that fits, clear errors, single words, and the hub."""

from __future__ import annotations

import copy
import hashlib
import json
import random
import shutil
import string
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import tiny
import torch

from tlhelpers.data.texts import TextSet
from tlhelpers.errors import CourseError
from tlhelpers.models import encoder_loading
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.contextual import attention_weights, split_words, word_vector
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.encoders import Encoder
from tlhelpers.models.layers import layer_groups
from tlhelpers.setup import sources
from tlhelpers.training.fitting import fit
from tlhelpers.training.freezing import count_weights, freeze_to, frozen_hash
from tlhelpers.training.lora import add_lora, load_lora, save_lora
from tlhelpers.training.predicting import predict

WORDS = """
    [PAD] [UNK] [CLS] [SEP] [MASK] a the river money bank of rob was near good bad fine poor
    film plot walk ##s ##ing ##ed , . ! c +
""".split()  # noqa: SIM905
SIZES = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2,
         "intermediate_size": 32, "max_position_embeddings": 40}  # fmt: skip
WEIGHTS = "model.safetensors"


def checkpoint(folder: Path, kind: str = "bert", words=WORDS, **changes) -> Path:
    """Write a small network with random weights and its tokenizer, as transformers saves them."""
    import transformers
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    folder.mkdir(parents=True)
    sizes = SIZES | changes
    if kind == "roberta":
        signs = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "Ġ", *string.ascii_lowercase]
        vocabulary = {sign: place for place, sign in enumerate(signs)}
        tokenizer = transformers.RobertaTokenizer(vocab=vocabulary, merges=[])
        config = transformers.RobertaConfig(vocab_size=len(signs), **sizes)
    else:
        (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
        tokenizer = transformers.BertTokenizerFast(vocab=str(folder / "vocab.txt"))
        maker = {"bert": transformers.BertConfig, "distilbert": transformers.DistilBertConfig}[kind]
        config = maker(vocab_size=len(words), **sizes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = transformers.AutoModel.from_config(config)
        for weight in model.parameters():
            if weight.ndim > 1:  # the usual ones are so small that all texts look alike
                torch.nn.init.normal_(weight, std=0.3)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return folder


def opinions(n: int = 40) -> TextSet:
    """Short texts that one word decides."""
    said = {0: ("bad", "poor"), 1: ("good", "fine")}
    things = ("film", "plot", "walk", "bank", "river")
    labels = np.arange(n) % 2
    texts = [f"the {things[i % 5]} was {said[i % 2][i // 2 % 2]} ." for i in range(n)]
    return TextSet(texts, labels, ["no", "yes"], [str(i) for i in range(n)], np.zeros(n))


@pytest.fixture(scope="module")
def minilm(one_thread):
    """The real one; nothing here changes it."""
    return load_encoder()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return checkpoint(tmp_path_factory.mktemp("models") / "small")


@pytest.fixture(scope="module")
def small(folder, one_thread):
    return load_encoder(folder)


@pytest.fixture
def spoiled(folder, tmp_path):
    """A copy of the folder to spoil."""
    return shutil.copytree(folder, tmp_path / "spoiled")


def its_own(source, **options):
    """The network as transformers itself reads it."""
    import transformers

    return transformers.AutoModel.from_pretrained(source, **options).eval()


def unpacked() -> str:
    return str(encoder_loading._unpacked("minilm-l6"))


def random_states() -> tuple:
    return torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002


def state_of(encoder: Encoder) -> tuple:
    modes = [(name, part.training) for name, part in encoder.named_modules()]
    weights = [(name, p.requires_grad, p.grad, p.dtype) for name, p in encoder.named_parameters()]
    config = encoder.model.config
    return (
        modes,
        weights,
        encoder.fingerprint(),
        config.to_json_string(),
        config._attn_implementation,
    )


# ---------------------------------------------------------------- the one that comes with it


def test_the_size_and_what_is_told_of_it(minilm):
    assert sum(p.numel() for p in minilm.parameters()) == 22_565_376
    assert minilm.model.config.num_hidden_layers == 6 and minilm.feature_size == 384
    assert (minilm.pool, minilm.transform.max_length) == ("mean", 256)
    assert not minilm.training and minilm.provenance["licence"] == "Apache-2.0"
    assert repr(minilm).startswith("minilm-l6: 22.6 M weights, all-MiniLM-L6-v2: distilled")
    assert repr(minilm).endswith("384 features, 6 layers")
    assert "folder" not in minilm.provenance["weights"]


def test_the_weights_are_those_of_the_archive(minilm):
    card = encoder_loading.EMBEDDED["minilm-l6"]
    data = sources.read_member(card["package"], card["folder"] + WEIGHTS)
    wanted = safetensors.torch.load(data)
    found = minilm.model.state_dict()
    for name, tensor in found.items():
        assert tensor.dtype == torch.float32 and torch.equal(tensor, wanted[name]), name
    rest = {name for name in wanted if name not in found}
    assert rest <= {"pooler.dense.weight", "pooler.dense.bias", "embeddings.position_ids"}


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """A cache with the archive of the weights, and nothing made from it."""
    cache = tmp_path / "cache"
    cache.mkdir()
    archive = sources.archive(encoder_loading.EMBEDDED["minilm-l6"]["package"])
    (cache / archive.name).symlink_to(archive)
    monkeypatch.setenv("TLHELPERS_CACHE", str(cache))
    return cache


def test_what_is_damaged_in_the_cache_is_mended(own_cache, minilm):
    assert load_encoder().fingerprint() == minilm.fingerprint()
    (place,) = (own_cache / "weights").iterdir()
    good = {path: path.read_bytes() for path in place.iterdir()}
    (place / WEIGHTS).write_bytes(good[place / WEIGHTS][:-4] + b"\0\0\0\1")
    (place / "config.json").write_bytes(b"")
    (place / "vocab.txt").write_bytes(good[place / "vocab.txt"][:1000])
    (place / "tokenizer.json").unlink()
    mended = load_encoder()
    assert mended.fingerprint() == minilm.fingerprint()
    assert mended.transform.card() == minilm.transform.card()
    for path, data in good.items():
        assert path.read_bytes() == data, path.name


def test_what_is_whole_in_the_cache_is_left_alone(minilm):
    times = {path: path.stat().st_mtime_ns for path in Path(unpacked()).iterdir()}
    load_encoder(pretrained=False)
    assert {path: path.stat().st_mtime_ns for path in Path(unpacked()).iterdir()} == times


# ---------------------------------------------------------------- the random twin


def test_the_twin_of_the_real_one_has_its_shapes_and_other_weights(minilm):
    before = random_states()
    twin = load_encoder(pretrained=False)
    assert random_states() == before
    own, other = minilm.model.state_dict(), twin.model.state_dict()
    assert {k: v.shape for k, v in own.items()} == {k: v.shape for k, v in other.items()}
    for name, tensor in own.items():
        if tensor.is_floating_point() and not name.endswith(("bias", "LayerNorm.weight")):
            assert not torch.allclose(tensor, other[name], atol=0.01), name
    assert twin.transform.card() == minilm.transform.card()
    assert twin.provenance["weights"] == "random weights, seed 0"


def test_the_seed_alone_decides_on_the_twin(folder, small):
    first = load_encoder(folder, pretrained=False, seed=3)
    torch.manual_seed(99)
    assert load_encoder(folder, pretrained=False, seed=3).fingerprint() == first.fingerprint()
    assert load_encoder(folder, pretrained=False, seed=4).fingerprint() != first.fingerprint()
    assert first.fingerprint() != small.fingerprint()


def test_a_twin_needs_no_weights(spoiled, folder):
    wanted = load_encoder(folder, pretrained=False).fingerprint()
    (spoiled / WEIGHTS).unlink()
    assert load_encoder(spoiled, pretrained=False).fingerprint() == wanted


# ---------------------------------------------------------------- folders


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert"])
def test_a_folder_is_read_and_its_groups_are_known(tmp_path, kind, capfd):
    place = checkpoint(tmp_path / kind, kind)
    capfd.readouterr()
    before = random_states()
    encoder = load_encoder(place)
    assert random_states() == before, "drawing weights that the file lacks must not show"
    assert capfd.readouterr() == ("", "")
    own = {k: v for k, v in its_own(place).state_dict().items() if not k.startswith("pooler.")}
    assert encoder.model.state_dict().keys() == own.keys()
    assert all(torch.equal(own[name], v) for name, v in encoder.model.state_dict().items())
    groups = layer_groups(encoder)
    assert len(groups) == 1 + 3 and groups[0] == [encoder.model.embeddings]
    with torch.no_grad():
        given = encoder.transform(["good bank", "a"])
        assert encoder(**given).shape == (2, 16)
        alone = encoder(**encoder.transform(["a"]))
        torch.testing.assert_close(encoder(**given)[1:], alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("kind", "places"), [("bert", 40), ("distilbert", 40), ("roberta", 38)])
def test_as_many_tokens_are_taken_as_there_are_positions(tmp_path, kind, places):
    encoder = load_encoder(checkpoint(tmp_path / kind, kind), max_length=1000)
    assert encoder.transform.max_length == places
    with pytest.warns(UserWarning, match=f"longer than {places} tokens"):
        given = encoder.transform(["a " * 99])
    assert given["input_ids"].shape == (1, places)
    assert encoder(**given).isfinite().all()


def test_a_file_without_the_pooler_is_whole_and_nothing_is_printed(spoiled, small, capfd):
    keep(spoiled, lambda name: "pooler" not in name)
    capfd.readouterr()
    before = random_states()
    assert load_encoder(spoiled).fingerprint() == small.fingerprint()
    assert random_states() == before and capfd.readouterr() == ("", "")


def test_weights_for_another_task_are_read_and_the_rest_is_left_out(spoiled, small, capfd):
    tensors = safetensors.torch.load_file(spoiled / WEIGHTS)
    named = {f"bert.{name}": tensor for name, tensor in tensors.items()}
    named["cls.predictions.bias"] = torch.zeros(len(WORDS))
    safetensors.torch.save_file(named, spoiled / WEIGHTS, metadata={"format": "pt"})
    capfd.readouterr()
    assert load_encoder(spoiled).fingerprint() == small.fingerprint()
    assert capfd.readouterr() == ("", "")


def test_half_precision_is_read_as_float32(spoiled):
    tensors = safetensors.torch.load_file(spoiled / WEIGHTS)
    half = {name: tensor.half() for name, tensor in tensors.items()}
    safetensors.torch.save_file(half, spoiled / WEIGHTS, metadata={"format": "pt"})
    found = load_encoder(spoiled).model.state_dict()
    assert {tensor.dtype for tensor in found.values()} == {torch.float32}
    assert all(torch.equal(tensor, half[name].float()) for name, tensor in found.items())


def test_how_loud_transformers_is_stays_as_it_was(folder):
    from transformers.utils import logging

    before = logging.get_verbosity()
    load_encoder(folder)
    with pytest.raises(CourseError):
        load_encoder("/nowhere/at/all")
    assert logging.get_verbosity() == before


# ---------------------------------------------------------------- refused


def keep(place: Path, wanted) -> None:
    tensors = safetensors.torch.load_file(place / WEIGHTS)
    kept = {name: tensor for name, tensor in tensors.items() if wanted(name)}
    assert 0 < len(kept) < len(tensors)
    safetensors.torch.save_file(kept, place / WEIGHTS, metadata={"format": "pt"})


def cut(name: str, size: int | None = None):
    def harm(place: Path) -> None:
        data = (place / name).read_bytes()
        (place / name).write_bytes(data[: len(data) // 2 if size is None else size])

    return harm


def remove(*names: str):
    return lambda place: [(place / name).unlink() for name in names]


def configure(**changes):
    def harm(place: Path) -> None:
        path = place / "config.json"
        told = json.loads(path.read_text(encoding="utf-8")) | changes
        path.write_text(json.dumps(told), encoding="utf-8")

    return harm


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (remove("config.json"), r"folder .*spoiled holds no config\.json: it is no model"),
        (remove(WEIGHTS), r"folder .*spoiled holds no weights \(model\.safetensors\)"),
        (remove("tokenizer.json", "vocab.txt"), r"folder .*spoiled holds no tokenizer"),
        (cut(WEIGHTS), r"cannot read the model in .*spoiled \("),
        (cut(WEIGHTS, 0), r"cannot read the model in .*spoiled \("),
        (cut("config.json"), r"cannot read .*spoiled \(.*config\.json' is not a valid JSON file"),
        (cut("tokenizer.json"), r"cannot read the model in .*spoiled \("),
        (configure(model_type="nonesuch"), r"cannot read .*spoiled \(.*model type `nonesuch`"),
        (lambda place: keep(place, lambda name: ".1." not in name), r"spoiled lacks 16 weights"),
        (lambda place: keep(place, lambda name: "pooler" in name), r"lacks 53 weights .*\. embed"),
        (configure(intermediate_size=33), r"spoiled lacks 9 weights .* another shape"),
        (configure(num_hidden_layers=4), r"spoiled lacks 16 weights .*encoder\.layer\.3\."),
    ],
)  # fmt: skip
def test_a_folder_that_is_not_whole_is_refused(spoiled, harm, message, capfd):
    harm(spoiled)
    capfd.readouterr()
    with pytest.raises(CourseError, match=message):
        load_encoder(spoiled)
    assert capfd.readouterr() == ("", ""), "one error, and no table besides"


@pytest.mark.parametrize("name", ["/nowhere/model", "./nothing", "../a", "a/b/c", "~/no/such"])
def test_a_folder_that_is_not_there_is_told_so(name):
    with pytest.raises(CourseError, match=f"there is no folder {name}"):
        load_encoder(name)


def test_what_the_course_itself_sets_is_named(monkeypatch):
    from huggingface_hub import constants

    monkeypatch.delenv("TLHELPERS_OFFLINE", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(CourseError, match="HF_HUB_OFFLINE forbids it, start with HF_HUB_OFFLINE=0"):
        load_encoder("nobody/nothing")
    assert constants.HF_HUB_OFFLINE is True


def test_offline_an_unknown_name_is_refused_at_once(monkeypatch):
    monkeypatch.setenv("TLHELPERS_OFFLINE", "1")
    with pytest.raises(CourseError, match=r"'nobody/nothing' does not come .*TLHELPERS_OFFLINE fo"
                       r".*or give 'minilm-l6' or a folder"):  # fmt: skip
        load_encoder("nobody/nothing")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pool": "men"}, "unknown pool 'men': did you mean mean"),
        ({"pool": None}, "unknown pool None"),
        ({"max_length": 2}, "max_length must be a whole number from 3 on, got 2"),
        ({"max_length": -5}, "got -5"),
        ({"max_length": 9.5}, r"got 9\.5"),
        ({"max_length": True}, "got True"),
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


# ---------------------------------------------------------------- single words


def test_split_words_leaves_the_marks_out(small, minilm):
    assert split_words(small, "The banks, walking!") == ["the", "bank", "##s", ",", "walk",
                                                         "##ing", "!"]  # fmt: skip
    assert split_words(minilm, "embeddings") == ["em", "##bed", "##ding", "##s"]
    with pytest.raises(ValueError, match="empty"):
        split_words(minilm, "")


def test_a_words_vector_is_the_mean_over_its_subwords(minilm):
    text = "Their embeddings, in short: embeddings."
    pieces = minilm.tokenizer.tokenize(text)
    first = 1 + pieces.index("em")  # 1 for the mark of the start
    with torch.no_grad():
        given = minilm.tokenizer(text, return_tensors="pt")
        states = its_own(unpacked())(**given, output_hidden_states=True).hidden_states
    for layer in (0, 1, 5, 6, -1, -3, -7):
        wanted = states[layer][0, first : first + 4].mean(0)
        found = word_vector(minilm, text, "embeddings", layer)
        assert found.shape == (384,) and found.dtype == torch.float32
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
    assert torch.equal(word_vector(minilm, text, "embeddings"),
                       word_vector(minilm, text, "embeddings", 6))  # fmt: skip


def test_a_word_means_something_else_elsewhere(minilm):
    money = [word_vector(minilm, f"{who} put the cash into the bank.", "bank") for who in
             ("She", "Nobody")]  # fmt: skip
    river = word_vector(minilm, "They sat on the grassy bank of the river.", "bank")
    near, far = (torch.cosine_similarity(money[0], other, 0) for other in (money[1], river))
    assert near > far + 0.1


def test_before_any_context_only_the_place_counts(small):
    # Both stand at place 2; in the third text the same word stands at place 3.
    texts = ("the bank was good", "a bank near the river", "the river bank")
    first, second, third = (word_vector(small, text, "bank", 0) for text in texts)
    assert torch.equal(first, second)
    table = small.model.embeddings
    number = WORDS.index("bank")
    for found, place in ((first, 2), (third, 3)):
        summed = (
            table.word_embeddings.weight[number]
            + table.position_embeddings.weight[place]
            + table.token_type_embeddings.weight[0]
        )
        torch.testing.assert_close(found, table.LayerNorm(summed).detach())
    deep = [word_vector(small, text, "bank") for text in texts[:2]]
    assert not torch.allclose(*deep, atol=1e-3)


def test_the_first_occurrence_counts(small):
    text = "bank of the bank"
    with torch.no_grad():
        hidden = small.hidden_states(**small.transform([text]))[-1][0]
    torch.testing.assert_close(word_vector(small, text, "bank"), hidden[1])
    assert not torch.allclose(hidden[1], hidden[4], atol=1e-3)


def test_a_word_within_another_is_passed_over(small):
    text = "banks near the bank"
    with torch.no_grad():
        hidden = small.hidden_states(**small.transform([text]))[-1][0]
    torch.testing.assert_close(word_vector(small, text, "bank"), hidden[5])
    torch.testing.assert_close(word_vector(small, text, "banks"), hidden[1:3].mean(0))


@pytest.mark.parametrize(
    ("text", "word", "places"),
    [
        ("a c++ film", "c++", [2, 3, 4]),
        ("a film (good)", "(good)", [3, 4, 5]),
        ("the plot . good", ".", [3]),
        ("the bank of a river", "bank of a", [2, 3, 4]),
        ("The Bank", "Bank", [2]),
        ("ä bank", "bank", [2]),
    ],
)
def test_signs_that_mean_something_in_a_pattern_are_signs(small, text, word, places):
    with torch.no_grad():
        hidden = small.hidden_states(**small.transform([text]))[-1][0]
    torch.testing.assert_close(word_vector(small, text, word), hidden[places].mean(0))


def test_words_of_a_tokenizer_that_marks_spaces(tmp_path):
    encoder = load_encoder(checkpoint(tmp_path / "r", "roberta"))
    with torch.no_grad():
        hidden = encoder.hidden_states(**encoder.transform(["good bank"]))[-1][0]
    torch.testing.assert_close(word_vector(encoder, "good bank", "bank"), hidden[6:10].mean(0))


@pytest.mark.parametrize(
    ("text", "word", "message"),
    [
        ("the river", "bank", "the word 'bank' does not stand in 'the river'"),
        ("the banks", "bank", "does not stand"),
        ("the bank", "ban", "does not stand"),
        ("the bank", "Bank", "does not stand"),
        ("the bank", "b.nk", "does not stand"),
        ("the bank", "", "does not stand"),
        ("a . ( b", " ", "does not stand"),
        ("the bank", None, "the word None does not stand"),
        ("", "bank", "text 0 is ''"),
        ("the \u200b bank", "\u200b", "the tokenizer leaves '.*' out"),
        ("good " * 60 + "bank", "bank", "the text has 63 tokens, the encoder takes 40: shorten"),
    ],
)
def test_words_that_do_not_stand_there_are_refused(small, text, word, message, capfd):
    with pytest.raises(ValueError, match=message):
        word_vector(small, text, word)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("layer", [4, -5, 1.0, True, None, "last"])
def test_a_layer_that_does_not_exist_is_refused(small, layer):
    with pytest.raises(ValueError, match="layer must lie between 0 and 3 or be negative, got"):
        word_vector(small, "the bank", "bank", layer)


def test_attention_is_that_of_transformers(minilm):
    text = "The bank raised its rates."
    tokens, found = attention_weights(minilm, text)
    assert tokens == ["[CLS]", "the", "bank", "raised", "its", "rates", ".", "[SEP]"]
    assert found.shape == (6, 12, 8, 8) and found.dtype == torch.float32
    torch.testing.assert_close(found.sum(-1), torch.ones(6, 12, 8))
    with torch.no_grad():
        given = minilm.tokenizer(text, return_tensors="pt")
        model = its_own(unpacked(), attn_implementation="eager")
        wanted = model(**given, output_attentions=True).attentions
    torch.testing.assert_close(found, torch.cat(wanted), rtol=1e-4, atol=1e-5)
    assert found[0].std() > 0.01


@pytest.mark.parametrize("kind", ["roberta", "distilbert"])
def test_attention_of_other_networks_has_its_shape_too(tmp_path, kind):
    tokens, found = attention_weights(load_encoder(checkpoint(tmp_path / kind, kind)), "good bank")
    assert found.shape == (3, 2, len(tokens), len(tokens))
    torch.testing.assert_close(found.sum(-1), torch.ones(found.shape[:-1]))


@pytest.mark.parametrize("training", [True, False])
def test_looking_at_words_leaves_the_encoder_as_it_was(small, training):
    encoder = copy.deepcopy(small).train(training)
    encoder.model.encoder.layer[0].train(not training)
    encoder.model.embeddings.requires_grad_(False)
    before, draws = state_of(encoder), random_states()
    still = copy.deepcopy(small)
    for way in (lambda e: word_vector(e, "the bank", "bank"),
                lambda e: attention_weights(e, "the bank")[1]):  # fmt: skip
        # Dropout would make both differ.
        assert torch.equal(way(encoder), way(still))
        assert not way(encoder).requires_grad
        assert state_of(encoder) == before and random_states() == draws


def test_vectors_of_words_can_be_computed_with(small):
    vector = word_vector(small, "the bank", "bank").requires_grad_()
    (vector**2).sum().backward()
    torch.testing.assert_close(vector.grad, 2 * vector.detach())
    attention_weights(small, "the bank")[1].mul_(2)


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


@pytest.mark.parametrize("options", [{}, {"pool": "cls", "max_length": 12}])
def test_a_saved_classifier_predicts_the_same(options, tmp_path, one_thread):
    model = Classifier(load_encoder(**options), 2, ["no", "yes"], seed=5).eval()
    with torch.no_grad():
        model.backbone.model.encoder.layer[5].output.dense.bias += 0.1  # as if it had been trained
    model.save(tmp_path / "model")
    loaded = Classifier.load(tmp_path / "model", ["no", "yes"])
    assert loaded.backbone.options == {"pool": "mean", "max_length": 256} | options
    assert loaded.backbone.provenance == model.backbone.provenance
    texts = ["A wonderful film!", "it was good and long " * 5]
    if options:
        with pytest.warns(UserWarning, match="1 of 2 texts are longer than 12 tokens"):
            given = loaded.transform(texts)
        assert given["input_ids"].shape == (2, 12)
    else:
        given = loaded.transform(texts)
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


# ---------------------------------------------------------------- the model hub


class Hub(BaseHTTPRequestHandler):
    """Gives the files of repositories the way the model hub does."""

    repositories: dict[str, Path] = {}
    moved = {"bert-base-uncased": "google-bert/bert-base-uncased"}
    asked: list[str] = []
    commit = "c" * 40

    def do_HEAD(self):
        self.asked.append(f"{self.command} {self.path}")
        path = self.path.partition("?")[0].strip("/")
        for old, new in self.moved.items():
            if path.startswith((f"{old}/", f"api/models/{old}")):
                self.answer(307, headers={"Location": "/" + path.replace(old, new, 1)})
                return
        for name, folder in self.repositories.items():
            if path == f"api/models/{name}":
                card = {"id": name, "tags": [], "sha": self.commit, "siblings": []}
                self.answer(200, json.dumps(card | {"private": False}).encode())
                return
            for revision in ("main", self.commit):
                start = f"{name}/resolve/{revision}/"
                if path.startswith(start):
                    self.give(folder / path.removeprefix(start))
                    return
            if path.startswith(f"api/models/{name}/"):
                self.answer(404, headers={"X-Error-Code": "EntryNotFound"})
                return
        self.answer(404, headers={"X-Error-Code": "RepoNotFound"})

    do_GET = do_HEAD

    def give(self, path: Path) -> None:
        if not path.is_file():
            self.answer(404, headers={"X-Error-Code": "EntryNotFound"})
            return
        data = path.read_bytes()
        etag = hashlib.sha256(data).hexdigest()
        self.answer(200, data, {"ETag": f'"{etag}"'})

    def answer(self, status: int, data: bytes = b"", headers=()) -> None:
        self.send_response(status)
        common = {"X-Repo-Commit": self.commit, "Content-Length": str(len(data))}
        for name, value in {**common, **dict(headers)}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, *_):
        """Keep still."""


@pytest.fixture(scope="module")
def hub(folder):
    """A server on this machine with two models, and the requests that it got."""
    Hub.repositories = {"someone/tiny": folder, "google-bert/bert-base-uncased": folder}
    Hub.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    if thread.is_alive():
        server.shutdown()
    server.server_close()
    thread.join(timeout=5)


@pytest.fixture(scope="module")
def hub_home(tmp_path_factory):
    return tmp_path_factory.mktemp("hub")


LOAD = """
import sys, time
time.sleep = lambda seconds: None  # between two tries
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.errors import CourseError
for name in sys.argv[1:]:
    try:
        encoder = load_encoder(name)
    except CourseError as error:
        print("refused", error)
    else:
        print(encoder.fingerprint(), encoder.transform.card()["vocabulary"], encoder)
"""


def loaded_in_a_child(port: int, home: Path, *names: str, **variables: str) -> list[str]:
    environment = tiny.environ(HF_ENDPOINT=f"http://127.0.0.1:{port}", HF_HOME=str(home))
    environment |= {"HF_HUB_OFFLINE": "0", "TRANSFORMERS_OFFLINE": "0", **variables}
    for name in ("HF_TOKEN", "HF_HUB_CACHE",
                 "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):  # fmt: skip
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", LOAD, *names],
        env=environment,
        cwd=tiny.ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr and "LOAD REPORT" not in done.stderr
    assert all("unknown" in line for line in done.stderr.splitlines() if "requesting" in line)
    return done.stdout.splitlines()


def test_a_name_of_the_hub_is_fetched_kept_and_used_again(hub, hub_home, small):
    wanted = f"{small.fingerprint()} {small.transform.card()['vocabulary']}"
    port = hub.server_address[1]
    first, second, third = loaded_in_a_child(
        port, hub_home, "bert-base-uncased", "someone/tiny", "someone/unknown"
    )
    assert first == f"{wanted} bert-base-uncased: 0.0 M weights, model hub, bert-base-uncased, " \
                    "16 features, 3 layers"  # fmt: skip
    assert second.startswith(f"{wanted} someone/tiny")
    assert third.startswith("refused the model 'someone/unknown' does not come with the course")
    assert "look at the name and the network, or give 'minilm-l6' or a folder" in third
    assert any(line.startswith("GET /google-bert/bert-base-uncased/") for line in Hub.asked)

    Hub.asked.clear()
    again, refused = loaded_in_a_child(
        port, hub_home, "someone/tiny", "someone/unknown", TLHELPERS_OFFLINE="1"
    )
    assert again == second
    assert "TLHELPERS_OFFLINE forbids it, or give 'minilm-l6' or a folder" in refused
    assert Hub.asked == []

    hub.shutdown()
    hub.server_close()
    again, refused = loaded_in_a_child(port, hub_home, "someone/tiny", "someone/unknown")
    assert again == second
    assert refused.startswith("refused the model 'someone/unknown' does not come with the course")
    assert "look at the name and the network" in refused


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
