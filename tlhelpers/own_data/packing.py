"""A backbone or encoder as files and a few words, from which it is built without any network."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import torch
from torch import nn

from tlhelpers.checks import whole
from tlhelpers.errors import CourseError
from tlhelpers.models.backbones import CARDS, Backbone, Transform, load_backbone
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.encoders import Encoder
from tlhelpers.models.hub_models import is_named
from tlhelpers.models.small import SmallCNN
from tlhelpers.own_data.forms import CentredFeatures, RawPixels

ENCODER, BACKBONE = "encoder", "backbone"  # sub-folders
LARGEST = 4096  # pixels: a damaged file must not ask for any memory


def pack(backbone: nn.Module, source: str, folder: Path) -> dict:
    """Write to `folder` what builds it but for the weights; gives the words that go with it.

    `source` is what `load_backbone` or `load_encoder` was given.
    """
    if isinstance(backbone, CentredFeatures):
        return pack(backbone.backbone, source, folder) | {"centred": True}
    if isinstance(backbone, Encoder):
        return _pack_encoder(backbone, folder)
    settings = {"transform": backbone.transform.settings()}
    if isinstance(backbone, SmallCNN):
        width = backbone.blocks[0][0].out_channels
        return {"kind": "small network", "size": backbone.transform.size, "width": width}
    if isinstance(backbone, RawPixels):
        return {"kind": "raw pixels", "size": backbone.transform.size, "edge": backbone.edge}
    if not isinstance(backbone, Backbone):
        raise ValueError(f"a {type(backbone).__name__} cannot be built from a saved folder")
    told = {"name": backbone.name, "provenance": backbone.provenance, **settings}
    if _is_known(source):
        return {"kind": "backbone", **told}
    (folder / BACKBONE).mkdir()
    shutil.copyfile(_config_of(source), folder / BACKBONE / "config.json")
    return {"kind": "backbone with settings", **told}


def unpack(told: dict, folder: Path) -> nn.Module:
    """Build what `pack` has written, with weights that are still to be filled in.

    A ValueError, KeyError, TypeError or CourseError says what of `told` is not as `pack` writes it.
    """
    if told.get("centred"):
        return CentredFeatures(unpack(told | {"centred": False}, folder))
    makers = {
        "encoder": _unpacked_encoder,
        "small network": lambda told, folder: SmallCNN(
            _pixels(told["size"]), _pixels(told["width"])
        ),
        "raw pixels": lambda told, folder: RawPixels(_pixels(told["size"]), _pixels(told["edge"])),
        "backbone": _unpacked_backbone,
        "backbone with settings": _unpacked_backbone,
    }
    return makers[told["kind"]](told, folder)


def _pixels(number) -> int:
    return whole("size", number, most=LARGEST)


def _is_known(source: str) -> bool:
    """Whether a name leads to no file and no network."""
    return str(source).replace("-", "_") in CARDS or is_named(str(source))


def _config_of(source: str) -> Path:
    """The config.json of a folder, or of a model of the hub, which was loaded just now."""
    from huggingface_hub import try_to_load_from_cache

    path = Path(source).expanduser()
    if path.is_dir():
        return path / "config.json"
    name, _, revision = str(source).partition("@")
    found = try_to_load_from_cache(name, "config.json", revision=revision or None)
    if not isinstance(found, str):
        raise CourseError(f"cannot find the config.json of {source}, which its network needs")
    return Path(found)


def _pack_encoder(encoder: Encoder, folder: Path) -> dict:
    inside = folder / ENCODER
    encoder.model.config.save_pretrained(inside)
    encoder.tokenizer.save_pretrained(inside)
    return {
        "kind": "encoder",
        "name": encoder.name,
        "provenance": encoder.provenance,
        "options": encoder.options,
        "tokenizer": encoder.transform.card(),
    }


def _unpacked_encoder(told: dict, folder: Path) -> Encoder:
    pool, max_length = told["options"]["pool"], told["options"]["max_length"]
    inside = folder / ENCODER
    if not inside.is_dir():
        raise CourseError(f"the folder {inside} is missing")
    encoder = load_encoder(inside, False, pool=pool, max_length=max_length)
    if encoder.transform.card() != told["tokenizer"]:
        raise CourseError(
            f"the tokenizer in {inside} is another one than the model was trained with"
        )
    encoder.name, encoder.provenance = str(told["name"]), dict(told["provenance"])
    return encoder


def _unpacked_backbone(told: dict, folder: Path) -> Backbone:
    transform = Transform(**told["transform"])
    size, name = _pixels(transform.size), told["name"]
    source: object = folder / BACKBONE
    if told["kind"] == "backbone":
        # A file of somebody's leads to no other file and to no network.
        if not isinstance(name, str) or not re.fullmatch(r"[\w./-]+", name) or not _is_known(name):
            raise ValueError(f"it names an unknown backbone {name!r}")
        source = name
    backbone = load_backbone(source, pretrained=False, size=size)
    backbone.transform, backbone.provenance = transform, dict(told["provenance"])
    backbone.name = str(name)
    return backbone


def tensors_apart(module: nn.Module) -> dict[str, torch.Tensor]:
    """All tensors of a network, each in memory of its own: the file format knows no two names."""
    state = module.state_dict().items()
    return {name: value.detach().cpu().clone().contiguous() for name, value in state}
