"""Models by name where the hub is slow, breaks off, lies, asks for a token or has pickles only."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import timm
import tiny
import torch
from tiny_encoders import checkpoint

from tlhelpers.models import hub_files
from tlhelpers.models.vector_files import keyed_vectors

NET = "test_resnet"  # timm's own smallest, for tests
COMMIT = "c" * 40


class Hub(BaseHTTPRequestHandler):
    """A model hub whose first part of a path says what goes wrong with the weights."""

    def do_HEAD(self):
        self.server.asked.append(f"{self.command} {self.path}")
        path = self.path.partition("?")[0].strip("/")
        match = re.fullmatch(rf"(\w+)/(\w+)/resolve/(?:main|{COMMIT})/(.+)", path)
        if match:
            self.give(*match.groups())
        elif path.startswith("api/models/") and path.count("/") > 3:  # what else there may be
            self.answer(404, headers={"X-Error-Code": "EntryNotFound"})
        elif path.startswith("api/models/"):
            card = {"id": path[11:], "tags": [], "sha": COMMIT, "siblings": [], "private": False}
            self.answer(200, json.dumps(card).encode())
        elif (self.server.folder / path).is_file():  # gensim's
            fault = path.partition("/")[0]
            self.answer(200, (self.server.folder / path).read_bytes(), fault=fault)
        else:
            self.answer(404)

    do_GET = do_HEAD

    def give(self, fault: str, name: str, file: str) -> None:
        if fault == "token" and self.headers.get("authorization") != "Bearer hf_right":
            self.answer(401, headers={"X-Error-Code": "GatedRepo"})
            return
        path = self.server.folder / name / file
        if not path.is_file():
            self.answer(404, headers={"X-Error-Code": "EntryNotFound"})
            return
        data = path.read_bytes()
        headers = {"ETag": f'"{hashlib.sha256(data).hexdigest()}"'}
        weights = file.endswith(".safetensors")
        if fault == "lies" and weights:
            data = data[:-1] + bytes([data[-1] ^ 1])
        self.answer(200, data, headers, fault if weights else "")

    def answer(self, status, data=b"", headers=(), fault="") -> None:
        self.send_response(status)
        common = {"X-Repo-Commit": COMMIT, "Content-Length": str(len(data))}
        for name, value in {**common, **dict(headers)}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "GET":
            return
        if fault == "slow":
            self.trickle(data)
        elif fault == "cut":
            self.wfile.write(data[: len(data) // 2])
        else:
            self.wfile.write(data)

    def trickle(self, data: bytes) -> None:
        """One byte now and then, as long as somebody waits; never nothing for long."""
        for place in range(len(data)):
            try:
                self.wfile.write(data[place : place + 1])
                self.wfile.flush()
            except OSError:
                return
            if self.server.over.wait(0.1):
                return

    def log_message(self, *_):
        """Keep still."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory, one_thread):
    """A server on this machine that holds a network of timm, an encoder and word vectors."""
    folder = tmp_path_factory.mktemp("hub")
    with torch.random.fork_rng(devices=[]):
        network = timm.create_model(NET)
        timm.models.save_for_hf(network, folder / "net", safe_serialization=True)
    told = json.loads((folder / "net/config.json").read_text())
    told["pretrained_cfg"].pop("license", None)  # then its card tells
    (folder / "net/config.json").write_text(json.dumps(told))
    encoder = checkpoint(folder / "encoder")
    for place in ("net", "encoder"):
        (folder / place / "README.md").write_text("---\nlicense: cc0-1.0\n---\n")
    for name, source in (("oldnet", "net"), ("oldencoder", "encoder")):
        shutil.copytree(folder / source, folder / name)
        (folder / name / "model.safetensors").unlink()
        torch.save({}, folder / name / "pytorch_model.bin")
    (encoder / "modeling_own.py").write_text("raise SystemExit('code was run')")
    models = {}
    for name in ("fine", "slow", "cut", "lies"):
        vectors = keyed_vectors(["a", "b"], np.eye(2))
        (folder / name).mkdir()
        vectors.save_word2vec_format(folder / name / "vectors.bin", binary=True)
        path = (folder / name / "vectors.bin").rename(folder / name / f"{name}.gz")
        told = hashlib.md5(path.read_bytes() + b"x" * (name == "lies")).hexdigest()
        models[name] = {"file_name": f"{name}.gz", "parts": 1, "checksum": told, "license": "PDDL"}
    whole = (folder / "fine/fine.gz").read_bytes()
    (folder / "parts").mkdir()
    told = {"file_name": "parts.gz", "parts": 2, "license": "MIT"}
    for number, piece in enumerate([whole[:9], whole[9:]]):
        (folder / "parts" / f"parts.gz_0{number}").write_bytes(piece)
        told[f"checksum-{number}"] = hashlib.md5(piece).hexdigest()
    models["parts"] = told
    (folder / "list.json").write_text(json.dumps({"corpora": {}, "models": models}))
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        server.folder, server.asked, server.over = folder, [], threading.Event()
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.over.set()
        server.shutdown()


LOAD = """
import os, re, sys, time, urllib.request
from tlhelpers.data import downloads
from tlhelpers.models import hub_files, vector_files
for module in (downloads, hub_files, vector_files):
    module.PATIENCE = 1.0
real_sleep, time.sleep = time.sleep, lambda seconds: None  # between two tries
from tlhelpers.errors import CourseError
from tlhelpers.models.backbones import load_backbone
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.vector_files import load_vectors
address, true = os.environ["HF_ENDPOINT"], urllib.request.urlopen
def here(url, *rest, **named):
    url = url.full_url if hasattr(url, "full_url") else url
    return true(re.sub("https://.*/(master|download)/", address + "/", url), *rest, **named)
urllib.request.urlopen = here
kinds = {"net": load_backbone, "encoder": load_encoder, "vectors": load_vectors}
for asked in sys.argv[1:]:
    kind, name = asked.split(":")
    if kind == "token":
        os.environ["HF_TOKEN"] = name
        continue
    started = time.monotonic()
    try:
        found = kinds[kind](name)
        told = "got " + found.provenance["licence"]
    except CourseError as error:
        told = "refused " + str(error)
    print(f"<{asked}> {time.monotonic() - started:.1f} {told}")
"""
ASKED = [
    "net:fine/net", "net:slow/net", "net:cut/net", "net:lies/net", "net:token/net",
    "net:fine/oldnet", "net:lies/net",
    "encoder:fine/encoder", "encoder:slow/encoder", "encoder:cut/encoder", "encoder:lies/encoder",
    "encoder:token/encoder", "encoder:fine/oldencoder", "encoder:lies/encoder",
    "vectors:fine", "vectors:slow", "vectors:cut", "vectors:lies", "vectors:parts",
    "token:hf_right", "net:token/net", "encoder:token/encoder",
]  # fmt: skip


@pytest.fixture(scope="module")
def told(hub, tmp_path_factory):
    """What one process was told of each name, in turn: a list by name."""
    home = tmp_path_factory.mktemp("home")
    environment = tiny.environ(HF_ENDPOINT=f"http://127.0.0.1:{hub.server_port}", HF_HOME=str(home))
    environment |= {"HF_HUB_OFFLINE": "0", "TRANSFORMERS_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
    environment |= {"GENSIM_DATA_DIR": str(home / "gensim"), "HF_HUB_DOWNLOAD_TIMEOUT": "2"}
    environment |= {"no_proxy": "127.0.0.1", "TLHELPERS_CACHE": str(home / "cache")}
    for name in ("HF_TOKEN", "HF_HUB_CACHE", "TLHELPERS_OFFLINE", "HTTP_PROXY", "http_proxy"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", LOAD, *ASKED], env=environment, cwd=tiny.ROOT, capture_output=True,
        encoding="utf-8", timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    lines: dict[str, list[str]] = {}
    for name, text in re.findall(r"<(.*?)> (.*)", done.stdout):
        lines.setdefault(name, []).append(text)
    return lines


KINDS = {"net": "net:{}/net", "encoder": "encoder:{}/encoder", "vectors": "vectors:{}"}


@pytest.mark.parametrize("kind", KINDS)
def test_what_comes_whole_serves_and_its_licence_is_told(told, kind):
    licence = "PDDL" if kind == "vectors" else "cc0-1.0"
    assert told[KINDS[kind].format("fine")][0].endswith(f"got {licence}")


FAULTS = {"slow": "sends only [0-9]+ bytes per second", "lies": "does not have the hash",
          "cut": "broke off|peer closed|incomplete|closed without"}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_goes_wrong_on_the_way_is_one_sentence_within_seconds(told, kind, fault):
    text = told[KINDS[kind].format(fault)][0]
    seconds, words = text.split(" ", 1)
    assert words.startswith("refused ") and re.search(FAULTS[fault], words), text
    assert "look at the" in words and "network" in words
    assert float(seconds) < 60, "the server would have gone on for hours"


@pytest.mark.parametrize("kind", ["net", "encoder"])
def test_what_has_another_hash_is_not_kept(told, kind):
    first, again = told[KINDS[kind].format("lies")]
    assert "does not have the hash" in first and "does not have the hash" in again


@pytest.mark.parametrize("kind", ["net", "encoder"])
def test_a_model_that_asks_for_a_token_says_so_and_comes_with_it(told, kind):
    without, with_it = told[KINDS[kind].format("token")]
    assert "it asks for a token: accept its terms" in without and "HF_TOKEN=" in without
    assert with_it.endswith("got cc0-1.0")


@pytest.mark.parametrize("name", ["net:fine/oldnet", "encoder:fine/oldencoder"])
def test_weights_in_pickles_are_not_even_fetched(told, hub, name):
    assert "holds no model.safetensors" in told[name][0] and "could run code" in told[name][0]
    assert not [line for line in hub.asked if "GET" in line and line.endswith("pytorch_model.bin")]


def test_code_that_comes_with_a_model_is_not_even_fetched(told, hub):
    assert told and not [line for line in hub.asked if line.endswith(".py")]


def test_vectors_in_parts_are_put_together(told):
    assert told["vectors:parts"][0].endswith("got MIT")


def test_a_file_of_git_is_told_by_its_own_kind_of_hash(tmp_path):
    blobs, data = tmp_path / "blobs", b'{"a": 1}'
    blobs.mkdir()
    right = blobs / hashlib.sha1(b"blob 8\0" + data).hexdigest()
    right.write_bytes(data)
    (tmp_path / "config.json").symlink_to(right)
    hub_files.refuse_other_content(tmp_path / "config.json")
    right.write_bytes(b'{"a": 2}')
    with pytest.raises(OSError, match=r"config.json does not have the hash"):
        hub_files.refuse_other_content(tmp_path / "config.json")
    assert not right.exists() and not (tmp_path / "config.json").is_symlink()
