"""Image models of timm and torchvision: their networks, weights and how their input must look."""

from __future__ import annotations

import inspect
import json
import os
import re
import warnings
import zipfile
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from tlhelpers.data.downloads import download
from tlhelpers.errors import CourseError, nearest
from tlhelpers.models.hub_files import (
    card_licence,
    impatient,
    is_held,
    reason_of,
    refuse_other_content,
)
from tlhelpers.setup.paths import derived_dir, offline

# What is believed of a config.json that somebody made: how the input looks, and names.
BELIEVED = ("input_size", "mean", "std", "crop_pct", "interpolation", "classifier", "first_conv",
            "license", "fixed_input_size", "pool_size")  # fmt: skip
FILES = ("model.safetensors", "pytorch_model.bin")
PATTERNS = ("*.safetensors", "*.pth", "*.pt", "*.bin")
INTERPOLATIONS = ("bicubic", "bilinear")
# Without these, torchvision leaves out what its files hold.
EXTRAS = {
    name: {"aux_logits": True, "transform_input": True, "init_weights": False}
    for name in ("googlenet", "inception_v3")
}
UNSTATED = "not stated"


@dataclass
class OpenNetwork:
    """A network without its classifier, what its `Transform` takes, and where it comes from."""

    name: str  # which `load_backbone` knows without a network
    model: nn.Module
    settings: dict
    provenance: dict


def open_network(name, pretrained: bool, weights=None) -> OpenNetwork:
    """The network of a name, folder, or name and file, with its weights or freshly drawn ones."""
    text = os.fspath(name) if isinstance(name, os.PathLike) else name
    if not isinstance(text, str):
        raise ValueError(f"unknown backbone {name!r}: give a name, or the path of a folder")
    found = _known(text)
    # What begins so can be no model of the hub: torchvision keeps none there.
    named = weights is not None or text.startswith("torchvision/")
    if found is None and (named or not _is_place(text)):
        raise ValueError(f"unknown backbone {text!r}: {_near(text)}")
    if found is None:
        found = _of_folder(Path(text).expanduser()) if _is_path(text) else _of_hub(text)
    if weights is not None:
        found.place, found.where = Path(weights).expanduser(), None
    return found.opened(pretrained)


def is_named(text: str) -> bool:
    """Tell whether timm or torchvision know the name: then it leads to no file and no network."""
    return _known(text) is not None


def _is_place(text: str) -> bool:
    return _is_path(text) or re.fullmatch(r"[\w.-]+/[\w.-]+(@[\w.-]+)?", text) is not None


def _is_path(text: str) -> bool:
    known_end = text.endswith(tuple(pattern[1:] for pattern in PATTERNS))
    begins = text.startswith((".", "~", os.sep))
    return bool(text) and (begins or known_end or Path(text).exists())


def _known(text: str) -> _Timm | _Torchvision | None:
    """What timm or torchvision call so, or None."""
    import timm
    import torchvision

    plain = text.removeprefix("torchvision/")
    if text == plain and timm.is_model(text.partition(".")[0]):
        tags = timm.list_pretrained(f"{text.partition('.')[0]}.*")
        if "." in text and text not in tags:
            raise ValueError(f"unknown backbone {text!r}: {nearest(text, tags)}")
        return _Timm(text, timm.get_pretrained_cfg(text).to_dict(), {})
    if plain in torchvision.models.list_models(module=torchvision.models):
        return _Torchvision(plain)
    return None


def _near(text: str) -> str:
    """Names near this one: the course's own before timm's thousand."""
    import timm
    import torchvision

    own = [f"efficientnet_lite{number}" for number in range(3)]
    others = [*timm.list_models(), *torchvision.models.list_models(module=torchvision.models)]
    for names in (own, others):
        if (near := nearest(text, names)).startswith("did you mean"):
            return near
    return f"{nearest(text, own)}, and all of timm.list_models() and torchvision's"


# ---------------------------------------------------------------- timm


class _Timm:
    """A network of timm with what is told of its weights."""

    def __init__(self, name: str, told: dict, options: dict, place: Path | None = None):
        self.name, self.told, self.options, self.place = name, told, options, place
        self.repository = told.get("hf_hub_id")
        self.where = None

    def opened(self, pretrained: bool) -> OpenNetwork:
        """Build it; a CourseError says why its weights cannot be had or do not fit."""
        import timm

        where, licence = "freshly drawn", self.told.get("license")
        with _clear(f"timm's {self.name}"):
            model = timm.create_model(self.name, num_classes=0, **self.options)
            settings = _timm_settings(self.told)
        if pretrained:
            path, where = self._found()
            self._fill(model, read_tensors(path), path)
            # Of a file of one's own, nobody has told a licence.
            licence = licence if self.where or not self.place else None
            if not self.place:
                licence = licence or card_licence(self.repository, _is_local())
        provenance = _provenance(where, f"timm {self.name}", licence or UNSTATED)
        return OpenNetwork(self.name, model, settings, provenance)

    def _found(self) -> tuple[Path, str]:
        if self.place is not None:
            return _weights_in(self.place), self.where or f"file {self.place.name}"
        if not self.repository:
            raise CourseError(
                f"timm has no weights for {self.name}: name a file with weights=..., choose "
                "another name, or take freshly drawn weights with pretrained=False"
            )
        file = self.told.get("hf_hub_filename") or FILES[0]
        if not file.endswith(".safetensors"):  # a pickle, which could run code
            file = FILES[0]
        return _from_hub(self.repository, [file]), f"model hub, {self.repository}"

    def _fill(self, model: nn.Module, tensors: dict, path: Path) -> None:
        heads = self.told.get("classifier") or ()
        heads = (heads,) if isinstance(heads, str) else tuple(heads)
        ends = tuple(f"{head}." for head in heads)
        rest = {key: tensor for key, tensor in tensors.items() if not key.startswith(ends)}
        fill(model, rest, str(path), f"timm's {self.name}")


def _timm_settings(told: dict) -> dict:
    import timm

    config = timm.data.resolve_data_config(pretrained_cfg=told)
    channels, height, width = config["input_size"]
    if channels != 3 or height != width:
        raise ValueError(f"it takes input of {config['input_size']}, and not squares of 3 colours")
    resize = int(height / config["crop_pct"])
    return _settings(height, resize, config["mean"], config["std"], config["interpolation"])


def _settings(size: int, resize: int, mean, std, interpolation: str) -> dict:
    if interpolation not in INTERPOLATIONS:
        warnings.warn(
            f"pictures are scaled with {INTERPOLATIONS[0]} interpolation and not with "
            f"{interpolation}, with which this network was trained",
            stacklevel=6,
        )
        interpolation = INTERPOLATIONS[0]
    mean, std = (tuple(map(float, values)) for values in (mean, std))
    settings = {"size": int(size), "mean": mean, "std": std}
    return {**settings, "resize": int(resize), "interpolation": interpolation}


def _of_folder(path: Path) -> _Timm:
    """The network of a folder as timm and the model hub write it."""
    if path.is_file():
        raise CourseError(
            f"{path} holds weights and does not say of which network: name it, as in "
            f"load_backbone('resnet18', weights={str(path)!r})"
        )
    if not path.is_dir():
        raise CourseError(f"there is no file or folder {path}")
    if not (path / "config.json").is_file():
        raise CourseError(
            f"the folder {path} holds no config.json that says which network it is: name it, as in "
            f"load_backbone('resnet18', weights={str(path)!r})"
        )
    network = _configured(path / "config.json", str(path))
    network.place, network.where = path, f"folder {path.name}"
    return network


def _of_hub(repository: str) -> _Timm:
    network = _configured(_from_hub(repository, ["config.json"]), repository)
    network.repository = repository
    return network


def _configured(file: Path, what: str) -> _Timm:
    """The network that a config.json of timm describes; of what it says, little is believed."""
    import timm

    with _clear(f"the config.json of {what}"):
        told = json.loads(file.read_bytes())
        name, options = told["architecture"], told.get("model_args") or {}
        if not isinstance(name, str) or not timm.is_model(name):
            raise ValueError(f"timm has no network {name!r}")
        # These would open files or change how the network is built.
        odd = options.keys() & {*inspect.signature(timm.create_model).parameters, "num_classes"}
        if odd - {"num_classes"}:
            raise ValueError(f"model_args must not hold {sorted(odd)[0]!r}")
        options = {key: value for key, value in options.items() if key != "num_classes"}
        details = told.get("pretrained_cfg", told)
        defaults = timm.get_pretrained_cfg(name).to_dict()
        believed = {key: details[key] for key in BELIEVED if details.get(key) is not None}
        unknown = {"license": None, "hf_hub_filename": None}
        return _Timm(name, {**defaults, **unknown, **believed}, options)


# ---------------------------------------------------------------- torchvision


class _Torchvision:
    """A network of torchvision with the weights that it recommends."""

    def __init__(self, name: str):
        from torchvision.models import get_model_weights

        self.name, self.place, self.where = name, None, None
        self.weights = get_model_weights(name).DEFAULT

    def opened(self, pretrained: bool) -> OpenNetwork:
        """Build it; a CourseError says why its weights cannot be had or do not fit."""
        from torchvision.models import get_model

        with _clear(f"torchvision's {self.name}"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that drawing weights takes long
            model = get_model(self.name, weights=None, **EXTRAS.get(self.name, {}))
        head = _last_linear(model)
        if head is None:
            raise CourseError(
                f"torchvision's {self.name} ends in no linear layer that could be taken away: "
                "choose another network"
            )
        model.set_submodule(head, nn.Identity())
        where, licence = "freshly drawn", self.weights.meta.get("license")
        if pretrained:
            path, where = self._found()
            tensors = {k: v for k, v in read_tensors(path).items() if not k.startswith(f"{head}.")}
            fill(model, tensors, str(path), f"torchvision's {self.name}")
            licence = None if self.place else licence
        shown = self.weights.transforms()
        settings = _settings(shown.crop_size[0], shown.resize_size[0], shown.mean, shown.std,
                             shown.interpolation.value)  # fmt: skip
        provenance = _provenance(where, f"torchvision {self.name}", licence or UNSTATED)
        return OpenNetwork(f"torchvision/{self.name}", model, settings, provenance)

    def _found(self) -> tuple[Path, str]:
        if self.place is not None:
            return _weights_in(self.place), f"file {self.place.name}"
        url, file = self.weights.url, self.weights.url.rpartition("/")[2]
        start = re.search(r"-([0-9a-f]{8,})\.", file)
        what = f"torchvision's {self.name}"
        path = derived_dir("weights") / file
        download(url, path, "sha256", start[1] if start else "", what)
        return path, f"torchvision, {self.weights}"


def _last_linear(model: nn.Module) -> str | None:
    """The name of the linear layer in which a network ends, if it does."""
    with_weights = [
        (name, module)
        for name, module in model.named_modules()
        if getattr(module, "weight", None) is not None
    ]
    name, module = with_weights[-1]
    return name if isinstance(module, nn.Linear) else None


# ---------------------------------------------------------------- weights


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a file by name; nothing in it is run. A CourseError says why it is refused."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        _refuse_packed(path)
        held = torch.load(path, map_location="cpu", weights_only=True)
        for inner in ("state_dict", "model"):
            held = held[inner] if isinstance(held.get(inner), dict) else held
        held = {key.removeprefix("module."): value for key, value in held.items()}
        if not held or not all(isinstance(value, torch.Tensor) for value in held.values()):
            raise ValueError("it is no table of names and tensors")
    # A file of another kind, or a pickle with more than tensors, brings torch to raise anything.
    except Exception as error:
        first = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise CourseError(
            f"cannot read the weights in {path} ({first}): only tensors are read, for anything "
            "else in such a file could run code; save them as safetensors"
        ) from error
    return held


def _refuse_packed(path: Path) -> None:
    # torch packs nothing; a few packed kilobytes could unfold to any size.
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist()):
                raise ValueError("it is compressed, which torch does not do")


def _weights_in(path: Path) -> Path:
    """The file with the weights: it itself, or the one in a folder."""
    if path.is_file():
        return path
    if not path.is_dir():
        raise CourseError(f"there is no file or folder {path}")
    for pattern in (*FILES, *PATTERNS):
        if files := sorted(path.glob(pattern)):
            if len(files) > 1:
                raise CourseError(f"the folder {path} holds several {pattern}: name one of them")
            return files[0]
    raise CourseError(f"the folder {path} holds no weights ({', '.join(PATTERNS)})")


def fill(model: nn.Module, tensors: dict[str, torch.Tensor], file: str, what: str) -> None:
    """Put the tensors into the network; a CourseError names those that do not fit."""
    own = model.state_dict()
    # Files of old versions of torch lack these counters, which no forward pass uses.
    missing = [k for k in own if k not in tensors and not k.endswith("num_batches_tracked")]
    other = [k for k in own if k in tensors and own[k].shape != tensors[k].shape]
    unknown = [k for k in tensors if k not in own]
    faults = [
        *_named("are missing", missing),
        *_named("have another shape", [_shapes(k, tensors, own) for k in other]),
        *_named("are unknown there", unknown),
    ]
    if faults:
        raise CourseError(f"the weights in {file} are not those of {what}: {'; '.join(faults)}")
    model.load_state_dict({**own, **tensors})


def _shapes(name: str, tensors: dict, own: dict) -> str:
    return f"{name} ({tuple(tensors[name].shape)}, not {tuple(own[name].shape)})"


def _named(fault: str, names: list[str]) -> Iterable[str]:
    if names:
        more = ", ..." if len(names) > 3 else ""
        yield f"{len(names)} {fault} ({', '.join(names[:3])}{more})"


# ---------------------------------------------------------------- the model hub


def _is_local() -> bool:
    from huggingface_hub import constants

    return offline() or constants.HF_HUB_OFFLINE


def _from_hub(repository: str, files: list[str]) -> Path:
    """The first of these files that the repository has; kept in the hub's own cache."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    name, _, revision = repository.partition("@")
    local = _is_local()
    for file in files:
        held = is_held(name, file, revision or None)
        try:
            with impatient():
                found = hf_hub_download(
                    name, file, revision=revision or None, local_files_only=local
                )
            if not held:
                refuse_other_content(Path(found))
            return Path(found)
        except Exception as error:  # each kind of failure has errors of its own
            gone = isinstance(error, EntryNotFoundError)
            # Without a network it is not known whether the repository has it.
            if (gone and not isinstance(error, LocalEntryNotFoundError)) or (
                local and file != files[-1]
            ):
                continue
            raise CourseError(_why(repository, error)) from error
    raise CourseError(
        f"the model {repository!r} of the model hub holds no {' or '.join(files)}, and other files "
        "are not taken from there: weights in them could run code"
    )


def _why(repository: str, error: Exception) -> str:
    from huggingface_hub import constants

    first, advice = reason_of(error)
    how = advice or "look at the name and the network"
    if offline():
        how = "TLHELPERS_OFFLINE forbids it"
    elif constants.HF_HUB_OFFLINE:
        # The course sets it for all that it starts, lest a lesson depends on a network.
        how = "HF_HUB_OFFLINE forbids it, start with HF_HUB_OFFLINE=0"
    return (
        f"the weights of {repository!r} do not come with the course and could not be had from the "
        f"model hub ({first}): {how}, name a file with weights=..., or take 'efficientnet_lite0'"
    )


def _provenance(where: str, architecture: str, licence: str) -> dict:
    return {"weights": where, "architecture": architecture, "package": None, "licence": licence}


@contextmanager
def _clear(what: str):
    """Whatever goes wrong inside is one CourseError."""
    try:
        yield
    except CourseError:
        raise
    except Exception as error:  # timm and torchvision raise anything for settings they do not know
        first = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise CourseError(f"{what} cannot be used ({type(error).__name__}: {first})") from error
