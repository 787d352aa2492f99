"""Backbones of timm and torchvision: from a hub, an address, a file or a folder, and refusals."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import timm
import tiny
import torch
import torchvision
from PIL import Image
from safetensors.torch import load_file, save_file
from sklearn.datasets import load_sample_image
from tiny_nets import CLASSES, tiny_images
from torch import nn

from tlhelpers.data import downloads
from tlhelpers.errors import CourseError
from tlhelpers.models.backbones import load_backbone
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.features import extract_features, extract_layers
from tlhelpers.models.hub_models import read_tensors
from tlhelpers.models.layers import layer_groups

NET = "test_resnet"  # timm's own smallest, for tests
SHUFFLE = "shufflenet_v2_x0_5"


def drawn(name: str, seed: int = 5, **options) -> nn.Module:
    """A network with random weights and running statistics."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        kind = torchvision.models.get_model if name == SHUFFLE else timm.create_model
        model = kind(name, **options)
        for buffer in model.buffers():
            if buffer.is_floating_point():
                buffer.uniform_(0.5, 1.5)
    return model.eval()


@pytest.fixture(scope="module")
def resnet(one_thread):
    return drawn(NET, num_classes=7)


@pytest.fixture(scope="module")
def saved(resnet, tmp_path_factory):
    """A folder as timm writes it for the hub."""
    folder = tmp_path_factory.mktemp("saved") / "tiny"
    cfg = resnet.pretrained_cfg | {"mean": (0.1, 0.2, 0.3), "input_size": (3, 64, 64)}
    timm.models.save_for_hf(
        resnet, folder, model_config={"pretrained_cfg": cfg}, safe_serialization=True
    )
    (folder / "README.md").write_text("---\nlicense: cc0-1.0\n---\n# tiny\n")
    told = json.loads((folder / "config.json").read_text())
    told["pretrained_cfg"].pop("license", None)
    (folder / "config.json").write_text(json.dumps(told))
    return folder


def features_of(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return model.forward_head(model.forward_features(x), pre_logits=True)


# ---------------------------------------------------------------- files and folders


def test_a_folder_gives_the_network_its_weights_and_its_own_transform(saved, resnet):
    backbone = load_backbone(saved)
    assert (backbone.transform.size, backbone.transform.mean) == (64, (0.1, 0.2, 0.3))
    x = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(backbone(x), features_of(resnet, x))
    assert backbone.feature_size == 96 and not backbone.training
    assert backbone.provenance == {
        "weights": "folder tiny", "architecture": f"timm {NET}", "package": None,
        "licence": "not stated",
    }  # fmt: skip
    assert repr(backbone).endswith("folder tiny, 96 features, licence not stated")


@pytest.mark.parametrize("kind", ["safetensors", "pth", "wrapped", "old"])
def test_a_file_of_any_kind_and_number_of_classes_serves(resnet, tmp_path, kind):
    path, state = tmp_path / f"w.{kind}", resnet.state_dict()
    if kind == "safetensors":
        save_file(state, path)
    elif kind == "wrapped":
        torch.save({"epoch": 3, "state_dict": {f"module.{k}": v for k, v in state.items()}}, path)
    else:
        kept = {k: v for k, v in state.items() if "num_batches" not in k or kind != "old"}
        torch.save(kept, path, _use_new_zipfile_serialization=kind != "old")
    backbone = load_backbone(NET, weights=path)
    x = torch.rand(1, 3, 160, 160)
    with torch.inference_mode():
        torch.testing.assert_close(backbone(x), features_of(resnet, x))
    assert backbone.provenance["weights"] == f"file w.{kind}"
    assert backbone.provenance["licence"] == "not stated", "timm's is not the file's"


def test_a_file_of_torchvision_serves(tmp_path):
    model = drawn(SHUFFLE, num_classes=4)
    torch.save(model.state_dict(), tmp_path / "w.pth")
    backbone = load_backbone(f"torchvision/{SHUFFLE}", weights=tmp_path)
    model.fc = nn.Identity()
    x = torch.rand(1, 3, 224, 224)
    with torch.inference_mode():
        torch.testing.assert_close(backbone(x), model(x))
    assert backbone.name == f"torchvision/{SHUFFLE}" and backbone.feature_size == 1024


class _Bomb:
    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


@pytest.mark.parametrize("end", ["pth", "safetensors", "bin"])
def test_a_pickle_that_runs_code_is_refused(tmp_path, end):
    bomb, place = _Bomb(tmp_path / "exploded"), tmp_path / f"w.{end}"
    torch.save({"conv1.weight": bomb}, place)
    with pytest.raises(CourseError, match=rf"cannot read the weights in .*w\.{end}.*only tensors"):
        load_backbone(NET, weights=place)
    assert not (tmp_path / "exploded").exists()
    torch.load(io.BytesIO(place.read_bytes()), weights_only=False)
    assert (tmp_path / "exploded").exists(), "the bomb is none, so the test above shows nothing"


def test_what_would_unfold_to_any_size_is_refused(tmp_path):
    torch.save({"a": torch.zeros(10)}, tmp_path / "w.pth")
    with zipfile.ZipFile(tmp_path / "w.pth") as whole:
        files = {name: whole.read(name) for name in whole.namelist()}
    with zipfile.ZipFile(tmp_path / "p.pth", "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    assert read_tensors(tmp_path / "w.pth").keys() == {"a"}
    with pytest.raises(CourseError, match="compressed"):
        read_tensors(tmp_path / "p.pth")


@pytest.mark.parametrize("held", [[], {}, {"a": 1}, {"a": {"b": torch.zeros(1)}}, torch.zeros(2)],
                         ids=["list", "empty", "number", "nested", "tensor"])  # fmt: skip
def test_a_file_that_is_no_table_of_tensors_is_refused(tmp_path, held):
    torch.save(held, tmp_path / "w.pth")
    with pytest.raises(CourseError, match=r"cannot read the weights in .*w\.pth"):
        load_backbone(NET, weights=tmp_path / "w.pth")


def without(state, start):
    return {k: v for k, v in state.items() if not k.startswith(start)}


WRONG = {
    "missing": (
        lambda state: without(state, "layer1."),
        r"\d+ are missing \(layer1\.0\.conv1\.weight, .*, \.\.\.\)",
    ),
    "unknown": (
        lambda state: {**state, "more.weight": torch.zeros(2)},
        r"1 are unknown there \(more\.weight\)",
    ),
    "shape": (
        lambda state: {**state, "bn1.weight": torch.zeros(3)},
        r"1 have another shape \(bn1\.weight \(\(3,\), not \(\d+,\)\)\)",
    ),
}


@pytest.mark.parametrize("which", WRONG)
def test_tensors_of_another_network_are_named(resnet, tmp_path, which):
    change, message = WRONG[which]
    save_file(change(resnet.state_dict()), tmp_path / "w.safetensors")
    with pytest.raises(CourseError, match=rf"are not those of timm's {NET}: {message}"):
        load_backbone(NET, weights=tmp_path / "w.safetensors")


def test_what_a_path_lacks_is_told(saved, tmp_path):
    (tmp_path / "empty").mkdir()
    file = saved / "model.safetensors"
    for arguments, message in {
        (file, None): r"does not say of which network: name it, .*weights=",
        (tmp_path / "empty", None): r"holds no config\.json",
        (tmp_path / "none.pth", None): "there is no file or folder",
        ("~/no/such/place", None): "there is no file or folder",
        (NET, tmp_path / "empty"): r"empty holds no weights",
        (NET, tmp_path / "none.pth"): "there is no file or folder",
    }.items():
        with pytest.raises(CourseError, match=message):
            load_backbone(arguments[0], weights=arguments[1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architecture": "nonesuch"}, "timm has no network 'nonesuch'"),
        ({"architecture": ["x"]}, "timm has no network"),
        ({"model_args": {"checkpoint_path": "x.pth"}}, "must not hold 'checkpoint_path'"),
        ({"model_args": {"pretrained": True}}, "must not hold 'pretrained'"),
        ({"model_args": {"no_such": 1}}, "cannot be used .*no_such"),
        ({"model_args": [1]}, "cannot be used"),
        ({"pretrained_cfg": {"input_size": [1, 28, 28]}}, "not squares of 3 colours"),
        ({"pretrained_cfg": {"mean": "x"}}, "cannot be used"),
        ({"pretrained_cfg": 3}, "cannot be used"),
    ],
)
def test_a_config_that_is_odd_is_refused(saved, tmp_path, changes, message):
    told = json.loads((saved / "config.json").read_text()) | changes
    (tmp_path / "config.json").write_text(json.dumps(told))
    save_file(load_file(saved / "model.safetensors"), tmp_path / "model.safetensors")
    with pytest.raises(CourseError, match=message):
        load_backbone(tmp_path)


# ---------------------------------------------------------------- names, transforms, stages


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("efficientnet_lite9", "did you mean .*efficientnet_lite2"),
        ("resnet-18", "did you mean .*resnet18"),
        ("resnet18.a9_in1k", r"did you mean .*resnet18\.a1_in1k"),
        ("xyz", "known: efficientnet_lite0"),
        ("", "known: efficientnet_lite0"),
        (3, "known: efficientnet_lite0"),
        ("torchvision/resnt18", "did you mean"),
    ],
)
def test_an_unknown_name_brings_near_ones(name, answer):
    with pytest.raises(ValueError, match=f"unknown backbone {name!r}: {answer}"):
        load_backbone(name)


def test_the_courses_own_may_be_written_with_hyphens():
    assert load_backbone("efficientnet-lite1", pretrained=False).name == "efficientnet_lite1"


@pytest.mark.parametrize("name", [NET, "test_vit", "test_convnext", f"torchvision/{SHUFFLE}"])
def test_twins_need_no_network_and_follow_their_seed(name):
    state = torch.get_rng_state()
    first, again, other = (load_backbone(name, pretrained=False, seed=s) for s in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert first.fingerprint() == again.fingerprint() != other.fingerprint()
    weights = sum(p.numel() for group in layer_groups(first) for m in group for p in m.parameters())
    assert weights == sum(p.numel() for p in first.parameters()) and len(layer_groups(first)) > 3
    assert first.layers[-1] == "final" and "seed 1" in repr(first)


@pytest.mark.parametrize("name", [NET, "resnet18", "convnext_atto", "torchvision/resnet18"])
def test_the_transform_is_the_makers_own(name):
    given = load_backbone(name, pretrained=False).transform
    square = load_sample_image("china.jpg")
    if name.startswith("torchvision/"):
        makers = torchvision.models.ResNet18_Weights.DEFAULT.transforms()
    else:
        cfg = timm.get_pretrained_cfg(name).to_dict()
        makers = timm.data.create_transform(**timm.data.resolve_data_config(pretrained_cfg=cfg))
    wanted = makers(Image.fromarray(square))
    assert given(square[None])[0].shape == wanted.shape
    # Pillow rounds to whole numbers between its two passes.
    assert (given(square[None])[0] - wanted).abs().quantile(0.99) < 0.03


def test_another_size_keeps_the_share_of_the_picture():
    small = load_backbone(NET, pretrained=False, size=80).transform
    assert (small.size, small.resize) == (80, 84) and small(np.zeros((1, 9, 12, 3), np.uint8)).shape
    with pytest.raises(ValueError, match="test_vit takes no pictures of 90 px"):
        load_backbone("test_vit", pretrained=False, size=90)


def test_features_and_layers_are_those_of_hooks(resnet, tmp_path):
    save_file(resnet.state_dict(), tmp_path / "w.safetensors")
    backbone = load_backbone(NET, weights=tmp_path / "w.safetensors", size=32)
    images = tiny_images(6)
    found = extract_layers(backbone, images, ["layer2", "final"], cache=False, progress=False)
    with torch.inference_mode():
        x = backbone.transform(images.pixels)
        inner = nn.Sequential(*list(resnet.children())[:6])(x)
        torch.testing.assert_close(torch.tensor(found["layer2"]), inner.mean((2, 3)))
        torch.testing.assert_close(torch.tensor(found["final"]), features_of(resnet, x))


def test_many_pictures_are_planned_and_agree():
    backbone = load_backbone("test_vit", pretrained=False)
    images = tiny_images(50)
    found = extract_features(backbone, images, cache=False, progress=False)
    with torch.inference_mode():
        wanted = backbone(backbone.transform(images.pixels[:5]))
    torch.testing.assert_close(torch.tensor(found[:5]), wanted, rtol=1e-3, atol=1e-3)


def test_a_saved_classifier_comes_back_with_its_transform(resnet, tmp_path):
    save_file(resnet.state_dict(), tmp_path / "w.safetensors")
    backbone = load_backbone(NET, weights=tmp_path / "w.safetensors", size=32)
    model = Classifier(backbone, 3, CLASSES).eval()
    model.save(tmp_path / "m")
    again = Classifier.load(tmp_path / "m")
    assert repr(again.transform) == repr(model.transform)
    x = torch.rand(2, 3, 32, 32)
    with torch.inference_mode():
        torch.testing.assert_close(again(x), model(x))


@pytest.mark.parametrize("name", ["someone/model", "/tmp", "./x"])
def test_a_saved_model_leads_to_no_other_place(tmp_path, name):
    backbone = load_backbone(NET, pretrained=False, size=32)
    backbone.name = name
    Classifier(backbone, 3, CLASSES).save(tmp_path / "m")
    with pytest.raises(ValueError, match=f"unknown backbone '{name}': known: efficientnet_lite0"):
        Classifier.load(tmp_path / "m")


# ---------------------------------------------------------------- networks


class Server(BaseHTTPRequestHandler):
    """The model hub, as far as one file after the other goes, and plain addresses."""

    def do_GET(self):
        self.server.asked.append(self.path)
        path, commit = self.path.strip("/"), "c" * 40
        for name, folder in self.server.repositories.items():
            for revision in ("main", commit):
                start = f"{name}/resolve/{revision}/"
                if path.startswith(start):
                    file = Path(folder) / path.removeprefix(start)
                    self.give(file.read_bytes() if file.is_file() else None, commit)
                    return
        self.give(self.server.files.get(path), commit)

    do_HEAD = do_GET

    def give(self, data, commit):
        self.send_response(404 if data is None else 200)
        if data is None:
            known = any(self.path.startswith(f"/{name}/") for name in self.server.repositories)
            self.send_header("X-Error-Code", "EntryNotFound" if known else "RepoNotFound")
        data = data or b""
        self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", commit)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data[: len(data) // 2] if self.server.cut else data)

    def log_message(self, *_):
        """Keep still."""


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as running:
        running.asked, running.files, running.repositories = [], {}, {}
        running.cut = False
        threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()
        yield running
        running.shutdown()


LOAD = """
import os, sys
from tlhelpers.errors import CourseError
from tlhelpers.models.backbones import load_backbone
for name in sys.argv[1:]:
    if name == "--offline":
        os.environ["TLHELPERS_OFFLINE"] = "1"
        continue
    try:
        backbone = load_backbone(name)
    except CourseError as error:
        print("refused", error)
    else:
        print(backbone.fingerprint(), backbone.transform, backbone)
"""


def test_models_of_the_hub_are_fetched_kept_and_their_licence_is_told(
    server, saved, resnet, tmp_path
):
    plain = tmp_path / "plain"  # as timm's own: weights for 1000 classes, a licence in the registry
    plain.mkdir()
    save_file(drawn(NET).state_dict(), plain / "model.safetensors")
    server.repositories = {"someone/tiny": saved, f"timm/{NET}.r160_in1k": plain}
    port = server.server_port
    environment = tiny.environ(HF_ENDPOINT=f"http://127.0.0.1:{port}", HF_HOME=str(tmp_path / "h"))
    environment |= {"HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    environment |= {"no_proxy": "127.0.0.1", "HF_HUB_DISABLE_XET": "1"}
    for name in ("HF_TOKEN", "HF_HUB_CACHE", "TLHELPERS_OFFLINE", "HTTP_PROXY", "http_proxy"):
        environment.pop(name, None)
    names = ["someone/tiny", NET, "someone/unknown", "--offline", "someone/tiny", "someone/other"]
    done = subprocess.run(
        [sys.executable, "-c", LOAD, *names],
        env=environment, cwd=tiny.ROOT, capture_output=True, encoding="utf-8", timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, second, third, fourth, fifth = done.stdout.splitlines()
    assert first.startswith(f"{load_backbone(saved).fingerprint()} Transform(size=64")
    assert "model hub, someone/tiny" in first and first.endswith("licence cc0-1.0")
    assert f"model hub, timm/{NET}.r160_in1k" in second and second.endswith("licence apache-2.0")
    assert third.startswith("refused the weights of 'someone/unknown' do not come with the course")
    assert "look at the name and the network" in third and fourth == first
    assert "TLHELPERS_OFFLINE forbids it" in fifth
    assert not any("other" in path for path in server.asked), "offline, nobody is asked"


@pytest.fixture
def shuffle_weights(server, empty_cache, monkeypatch, tmp_path):
    """torchvision's address of one network leads to this machine; gives how the file begins."""
    torch.save(drawn(SHUFFLE).state_dict(), tmp_path / "w.pth")
    data = (tmp_path / "w.pth").read_bytes()
    file = f"shuffle-{hashlib.sha256(data).hexdigest()[:8]}.pth"
    server.files[file] = data
    value = torchvision.models.ShuffleNet_V2_X0_5_Weights.DEFAULT.value
    before = value.url
    object.__setattr__(value, "url", f"http://127.0.0.1:{server.server_port}/{file}")
    monkeypatch.delenv("TLHELPERS_OFFLINE", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(downloads, "PATIENCE", 5)
    yield file
    object.__setattr__(value, "url", before)


def test_weights_of_torchvision_are_fetched_once_and_checked(server, shuffle_weights):
    name, model = f"torchvision/{SHUFFLE}", drawn(SHUFFLE)
    whole = server.files[shuffle_weights]
    server.files[shuffle_weights] = whole[:-1] + b"x"
    with pytest.raises(CourseError, match="does not have the hash"):
        load_backbone(name)
    server.files[shuffle_weights], server.cut = whole, True
    with pytest.raises(CourseError, match="broke off after"):
        load_backbone(name)
    server.cut = False
    backbone = load_backbone(name)
    model.fc = nn.Identity()
    wanted = model.state_dict()
    assert all(torch.equal(wanted[k], v) for k, v in backbone.model.state_dict().items())
    assert "torchvision, ShuffleNet_V2_X0_5_Weights.IMAGENET1K_V1" in repr(backbone)
    asked = len(server.asked)
    assert load_backbone(name).fingerprint() == backbone.fingerprint()
    assert len(server.asked) == asked


def test_without_a_network_torchvision_is_one_error(shuffle_weights, monkeypatch):
    monkeypatch.setenv("TLHELPERS_OFFLINE", "1")
    with pytest.raises(CourseError, match=f"torchvision's {SHUFFLE} is not in .*OFFLINE forbids"):
        load_backbone(f"torchvision/{SHUFFLE}")
