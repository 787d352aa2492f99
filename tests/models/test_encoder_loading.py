"""Encoders by name: the right weights, a random twin, folders, clear errors, and the hub."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import threading
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import tiny
import torch
from tiny_encoders import WEIGHTS, WORDS, checkpoint, its_own, random_states, unpacked

from tlhelpers.errors import CourseError
from tlhelpers.models import encoder_loading
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.layers import layer_groups
from tlhelpers.models.text_features import encode
from tlhelpers.setup import sources


@pytest.fixture
def spoiled(folder, tmp_path):
    """A copy of the folder to spoil."""
    return shutil.copytree(folder, tmp_path / "spoiled")


# ---------------------------------------------------------------- the one that comes with it


def test_the_size_and_what_is_told_of_it(minilm):
    assert sum(p.numel() for p in minilm.parameters()) == 22_565_376
    assert minilm.model.config.num_hidden_layers == 6 and minilm.feature_size == 384
    assert (minilm.pool, minilm.transform.max_length) == ("mean", 256)
    assert not minilm.training and minilm.provenance["licence"] == "Apache-2.0"
    assert repr(minilm).startswith("minilm-l6: 22.6 M weights, all-MiniLM-L6-v2: six of twelve")
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


# ---------------------------------------------------------------- what the makers say of its use

TEXTS = ["good bank of the river", "a film", "bad plot , poor walk . " * 5]


@pytest.fixture(scope="module")
def made(folder, tmp_path_factory):
    """Folders that sentence-transformers writes, by the ways to pool, and the makers' vectors."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules

    found = {}
    for pool in ("cls", "mean", "max"):
        for normalized in (False, True):
            parts = [modules.Transformer(str(folder), max_seq_length=9)]
            parts += [modules.Pooling(16, pool), *([modules.Normalize()] * normalized)]
            model = SentenceTransformer(modules=parts, device="cpu")
            place = tmp_path_factory.mktemp("made") / f"{pool}-{normalized}"
            model.save(str(place))
            found[pool, normalized] = place, model.encode(TEXTS)
    return found


def its_vectors(encoder):
    with pytest.warns(UserWarning, match="are cut"), torch.no_grad():
        return encoder(**encoder.transform(TEXTS)).numpy()


@pytest.mark.parametrize("normalized", [False, True])
@pytest.mark.parametrize("pool", ["cls", "mean", "max"])
def test_a_folder_of_sentence_transformers_gives_its_makers_vectors(made, pool, normalized):
    place, wanted = made[pool, normalized]
    encoder = load_encoder(place)
    assert encoder.options == {"pool": pool, "max_length": 9}
    assert f"pooled by {pool} as its makers do" in repr(encoder)
    assert ("not scaled to length 1" in repr(encoder)) == normalized
    found = its_vectors(encoder)
    if normalized:
        found = found / np.linalg.norm(found, axis=1, keepdims=True)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        encode(encoder, TEXTS[:2], cache=False), its_rows(encoder), atol=1e-5
    )


def its_rows(encoder):
    with torch.no_grad():
        return encoder(**encoder.transform(TEXTS[:2])).numpy()


def test_what_is_asked_for_counts_more_than_what_the_makers_say(made):
    place, _ = made["cls", False]
    assert load_encoder(place, pool="max").options == {"pool": "max", "max_length": 9}
    assert load_encoder(place, max_length=30).options == {"pool": "cls", "max_length": 30}
    twin = load_encoder(place, pretrained=False)
    assert twin.options == {"pool": "cls", "max_length": 9}
    assert twin.provenance["weights"] == "random weights, seed 0"


def say(place: Path, file: str, told) -> None:
    (place / file).parent.mkdir(exist_ok=True)
    (place / file).write_text(told if isinstance(told, str) else json.dumps(told))


def modules_of(*kinds):
    start = "sentence_transformers.models."
    return [
        {"idx": i, "name": str(i), "path": f"{i}_{kind}" * bool(i), "type": start + kind}
        for i, kind in enumerate(("Transformer", *kinds))
    ]


@pytest.mark.parametrize(
    ("told", "pool"),
    [
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls"),
        ({"pooling_mode_max_tokens": True}, "max"),
        ({"pooling_mode_mean_tokens": False}, "mean"),
        ({"pooling_mode": "cls", "pooling_mode_mean_tokens": True}, "cls"),
        ({"pooling_mode": ["max"]}, "max"),
        ({}, "mean"),
    ],
)
def test_older_ways_to_tell_the_pooling_are_understood(spoiled, told, pool):
    say(spoiled, "modules.json", modules_of("Pooling"))
    say(spoiled, "1_Pooling/config.json", told)
    assert load_encoder(spoiled).options == {"pool": pool, "max_length": 40}


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ({"pooling_mode_lasttoken": True}, "lasttoken"),
        ({"pooling_mode": "weightedmean"}, "weightedmean"),
        ({"pooling_mode_cls_token": True, "pooling_mode_max_tokens": True}, "cls and max"),
        ({"pooling_mode": 3}, "3"),
    ],
)
def test_pooling_that_is_not_known_is_told_and_pool_leads_on(spoiled, told, named):
    say(spoiled, "modules.json", modules_of("Pooling"))
    say(spoiled, "1_Pooling/config.json", told)
    with pytest.raises(CourseError, match=f"the makers of .*spoiled pool by {named}, which is not"):
        load_encoder(spoiled)
    assert load_encoder(spoiled, pool="mean").pool == "mean"


@pytest.mark.parametrize(
    ("file", "told", "named"),
    [
        ("modules.json", modules_of("Pooling", "Dense", "Normalize"), "also use Dense, which"),
        ("modules.json", modules_of("LSTM", "Pooling", "Dense"), "also use LSTM, Dense, which"),
        ("sentence_bert_config.json", {"do_lower_case": True}, "also use small letters before"),
        (
            "config_sentence_transformers.json",
            {"prompts": {"query": "query: "}, "default_prompt_name": "query"},
            "also use the prompt 'query: ' before each text",
        ),
    ],
)
def test_what_of_the_makers_is_not_followed_is_told(spoiled, file, told, named):
    say(spoiled, "modules.json", modules_of("Pooling"))
    say(spoiled, "1_Pooling/config.json", {"pooling_mode": "cls"})
    say(spoiled, file, told)
    with pytest.warns(UserWarning, match=named) as warned:
        assert load_encoder(spoiled).pool in ("cls", "mean")
    assert len(warned) == 1 and warned[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_encoder(spoiled, pool="cls")


def test_an_older_folder_keeps_its_network_in_a_folder_within(folder, tmp_path, small):
    shutil.copytree(folder, tmp_path / "old" / "0_Transformer")
    first = modules_of("Pooling")
    first[0]["path"] = "0_Transformer"
    say(tmp_path / "old", "modules.json", first)
    say(tmp_path / "old", "0_Transformer/sentence_bert_config.json", {"max_seq_length": 7})
    encoder = load_encoder(tmp_path / "old")
    assert encoder.fingerprint() == small.fingerprint()
    assert encoder.options == {"pool": "mean", "max_length": 7}


@pytest.mark.parametrize(
    ("file", "told", "message"),
    [
        ("modules.json", "{", "cannot read modules.json of .*spoiled"),
        ("modules.json", {}, "cannot read modules.json of .*spoiled: it holds no list"),
        ("modules.json", [{"path": ""}], "a module has no type"),
        ("modules.json", [{"type": "a.Transformer", "path": "../x"}], "leads out of its folder"),
        ("modules.json", [{"type": "a.Pooling", "path": "/etc"}], "leads out of its folder"),
        ("1_Pooling/config.json", "no", "cannot read 1_Pooling/config.json of .*spoiled"),
        ("1_Pooling/config.json", [1], "1_Pooling/config.json of .*spoiled: it holds no dict"),
        ("sentence_bert_config.json", {"max_seq_length": "many"}, "tells of 'many' tokens: give"),
        ("sentence_bert_config.json", {"max_seq_length": 2}, "tells of 2 tokens"),
        ("config_sentence_transformers.json", {"prompts": 3}, "cannot read config_sentence_tra"),
    ],
)
def test_what_the_makers_say_is_refused_where_it_is_damaged(spoiled, file, told, message):
    say(spoiled, "modules.json", modules_of("Pooling"))
    say(spoiled, file, told)
    with pytest.raises(CourseError, match=message):
        load_encoder(spoiled)


# ---------------------------------------------------------------- no code is run


class _Bomb:
    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


def test_weights_that_run_code_are_refused(spoiled, tmp_path):
    (spoiled / WEIGHTS).unlink()
    place = spoiled / "pytorch_model.bin"
    torch.save({"embeddings.word_embeddings.weight": _Bomb(tmp_path / "exploded")}, place)
    with pytest.raises(CourseError, match="cannot read the model in"):
        load_encoder(spoiled)
    place.rename(spoiled / WEIGHTS)
    with pytest.raises(CourseError, match="cannot read the model in"):
        load_encoder(spoiled)
    assert not (tmp_path / "exploded").exists()
    torch.load(io.BytesIO((spoiled / WEIGHTS).read_bytes()), weights_only=False)
    assert (tmp_path / "exploded").exists(), "the bomb is none, so the test above shows nothing"


def test_code_that_comes_with_a_model_is_not_run_and_nobody_is_asked(
    spoiled, tmp_path, monkeypatch
):
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("asked"))
    code = f"import os\nos.mkdir({str(tmp_path / 'exploded')!r})\n"
    (spoiled / "own.py").write_text(code)
    configure(model_type="own", auto_map={"AutoConfig": "own.C", "AutoModel": "own.M"})(spoiled)
    with pytest.raises(CourseError, match="cannot read the model in"):
        load_encoder(spoiled)
    say(spoiled, "modules.json", [{"type": "own.Own", "path": ""}])
    with pytest.raises(CourseError, match="cannot read"), pytest.warns(UserWarning, match="Own"):
        load_encoder(spoiled)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("length", [60, 2**40, 2**62])
def test_a_header_that_lies_is_told(spoiled, length):
    told = {"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}
    header = json.dumps(told).encode()
    (spoiled / WEIGHTS).write_bytes(length.to_bytes(8, "little") + header + b"0000")
    with pytest.raises(CourseError, match="cannot read the model in"):
        load_encoder(spoiled)


def test_a_home_folder_is_found(folder, tmp_path, monkeypatch, small):
    shutil.copytree(folder, tmp_path / "mine")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert load_encoder("~/mine").fingerprint() == small.fingerprint()


def test_a_disk_without_room_for_the_encoder_is_told(own_cache):
    resource = pytest.importorskip("resource", reason="there are no such limits here")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
    try:
        with pytest.raises(CourseError, match=r"minilm-l6 cannot be unpacked to .*cache.*weights"):
            load_encoder()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert all(not path.name.startswith(".") for path in own_cache.rglob("*"))


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
        if path == "from-here-offline":
            self.answer(200)
            return
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
def hub(folder, tmp_path_factory):
    """A server on this machine with three models, and the requests that it got."""
    pooled = shutil.copytree(folder, tmp_path_factory.mktemp("hub") / "pooled")
    say(pooled, "modules.json", modules_of("Pooling"))
    say(pooled, "1_Pooling/config.json", {"pooling_mode_cls_token": True})
    Hub.repositories = {"someone/tiny": folder, "google-bert/bert-base-uncased": folder}
    Hub.repositories["someone/pooled"] = pooled
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
import os, sys, time, urllib.request
time.sleep = lambda seconds: None  # between two tries
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.errors import CourseError
for name in sys.argv[1:]:
    if name == "--offline":  # from here on; the server can tell what is asked after it
        urllib.request.urlopen(os.environ["HF_ENDPOINT"] + "/from-here-offline")
        os.environ["TLHELPERS_OFFLINE"] = "1"
        continue
    try:
        encoder = load_encoder(name)
    except CourseError as error:
        print("refused", error)
    else:
        print(encoder.fingerprint(), encoder.transform.card()["vocabulary"], encoder)
"""


def loaded_in_a_child(port: int, home: Path, *names: str) -> list[str]:
    environment = tiny.environ(HF_ENDPOINT=f"http://127.0.0.1:{port}", HF_HOME=str(home))
    environment |= {"HF_HUB_OFFLINE": "0", "TRANSFORMERS_OFFLINE": "0"}
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
    two = ("someone/tiny", "someone/unknown")
    first, second, third, by_cls, again, refused, by_cls_again = loaded_in_a_child(
        port,
        hub_home,
        "bert-base-uncased",
        *(*two, "someone/pooled"),
        *("--offline", *two, "someone/pooled"),
    )
    assert by_cls == by_cls_again and "model hub, someone/pooled, pooled by cls as its" in by_cls
    assert first == f"{wanted} bert-base-uncased: 0.0 M weights, model hub, bert-base-uncased, " \
                    "16 features, 3 layers"  # fmt: skip
    assert second.startswith(f"{wanted} someone/tiny")
    assert third.startswith("refused the model 'someone/unknown' does not come with the course")
    assert "look at the name and the network, or give 'minilm-l6' or a folder" in third
    assert any(line.startswith("GET /google-bert/bert-base-uncased/") for line in Hub.asked)

    assert again == second
    assert "TLHELPERS_OFFLINE forbids it, or give 'minilm-l6' or a folder" in refused
    assert Hub.asked[-1] == "GET /from-here-offline", "offline, nobody is asked"

    hub.shutdown()
    hub.server_close()
    again, refused = loaded_in_a_child(port, hub_home, *two)
    assert again == second
    assert refused.startswith("refused the model 'someone/unknown' does not come with the course")
    assert "look at the name and the network" in refused
