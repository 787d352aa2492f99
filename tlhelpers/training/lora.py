"""LoRA: small matrices beside frozen weights, through peft, with the head trained and saved."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import nn

from tlhelpers.checks import whole
from tlhelpers.errors import CourseError, nearest
from tlhelpers.models.backbones import Transform, seeded
from tlhelpers.models.classifier import refuse_other_classes
from tlhelpers.models.layers import layer_groups
from tlhelpers.models.saving import user_path
from tlhelpers.setup.files import write_atomically
from tlhelpers.training.freezing import combined_hash, freeze, frozen_hash, frozen_hashes

CARD, CONFIG, WEIGHTS = "tlhelpers.json", "adapter_config.json", "adapter_model.safetensors"
OWN_SETTINGS = ("r", "lora_alpha", "target_modules", "modules_to_save")
NO_SETTINGS = ("base_model_name_or_path", "inference_mode", "auto_mapping", "revision",
               "peft_version", "task_type")  # fmt: skip
ATTENTION = ("query", "value")


def add_lora(
    model: nn.Module,
    rank: int = 8,
    alpha: float = 16,
    targets: Sequence[str] | None = None,
    seed: int = 0,
):
    """Freeze the backbone and put a trainable product of two small matrices beside its layers.

    A frozen weight W of shape (out, in) acts as W + alpha / rank · B A, with A of shape
    (rank, in) and B of shape (out, rank) [1]_; B starts at zero, so that the first outputs are
    those of the given model. The head trains in full and is saved along. BatchNorm statistics are
    held still: the adapter does not save them.

    Parameters
    ----------
    model : nn.Module
        With a head, as for `layer_groups`. It is changed in place: use what is returned.
    rank : int
    alpha : float
        Scales the product by alpha / rank.
    targets : list of str, optional
        Names of linear or ungrouped convolution layers, or the ends of their names. When left
        out: the query and value layers, as in [1]_, where the backbone has layers of these
        names, else all its pointwise (1×1) convolutions and linear layers.
    seed : int
        Draws A.

    Returns
    -------
    peft.PeftModel
        For `fit`, `predict` and `save_lora`.

    Raises
    ------
    ValueError
        If the model has no head, a head whose name peft would confuse, or adapters already, the
        rank is below 1, or a target is unknown, in the head, or a grouped convolution (A and B
        would hold more than the layer itself, and peft cannot merge them).

    References
    ----------
    .. [1] Hu et al., LoRA: low-rank adaptation of large language models, ICLR 2022,
       arXiv:2106.09685.
    """
    from peft import LoraConfig, get_peft_model

    if hasattr(model, "peft_config"):
        raise ValueError("the model has adapters already: start from a new one")
    whole("rank", rank)
    head = _head_names(model)
    layers = _target_layers(model, head, targets)
    freeze(model)
    config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=layers, modules_to_save=head)
    with seeded(seed):
        return get_peft_model(model, config)


def _head_names(model: nn.Module) -> list[str]:
    if hasattr(model, "feature_size"):
        raise ValueError("this model has no head to train: give Classifier(backbone, …)")
    names = {id(module): name for name, module in model.named_modules()}
    group = layer_groups(model)[-1]
    head = [names[id(module)] for module in group if any(True for _ in module.parameters())]
    # peft compares ends of names: a head "head" would catch EfficientNet's conv_head too.
    also = [n for n in names.values() for h in head if n.endswith(h) and n not in head]
    if also:
        raise ValueError(
            f"peft would take {also[0]} for the head {head}: give it a name of its own"
        )
    return head


def _target_layers(model: nn.Module, head: list[str], targets) -> list[str]:
    candidates = {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, (nn.Linear, nn.Conv2d))
        and not any(f"{name}.".startswith(f"{part}.") for part in head)
    }
    if targets is None:
        usual = [name for name, module in candidates.items() if _is_usual(module)]
        return [n for n in usual if n.rpartition(".")[2] in ATTENTION] or _some(usual)
    chosen = [_ending_in(target, candidates) for target in targets]
    return _some([name for names in chosen for name in names])


def _some(names: list[str]) -> list[str]:
    if not names:
        raise ValueError("there is no layer to adapt: name linear or convolution layers in targets")
    return list(dict.fromkeys(names))


def _is_usual(module: nn.Module) -> bool:
    return isinstance(module, nn.Linear) or (module.groups == 1 and set(module.kernel_size) == {1})


def _ending_in(target: str, candidates: dict[str, nn.Module]) -> list[str]:
    names = [name for name in candidates if f".{name}".endswith(f".{target}")]
    if not names:
        ends = dict.fromkeys(name.rpartition(".")[2] for name in candidates)
        raise ValueError(f"no layer of the backbone is called {target!r}: {nearest(target, ends)}")
    for name in names:
        if getattr(candidates[name], "groups", 1) > 1:
            raise ValueError(f"{name} is a grouped convolution, for which LoRA has no use")
    return names


# ---------------------------------------------------------------- on disk


def save_lora(model, folder) -> None:
    """Write a PeftModel's adapter and head, and what a model must be that takes them again."""
    folder = user_path(folder, "adapter")
    names = getattr(model, "class_names", None)
    card = {"class_names": names, "base": base_hash(model), "input": _input_of(model)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        model.save_pretrained(folder)
        write_atomically(folder / CARD, json.dumps(card).encode())
    except (OSError, SafetensorError) as error:
        raise CourseError(f"cannot write the adapter to {folder} ({error})") from error


def _input_of(model) -> dict:
    """How the backbone's input and features are made, apart from its weights, as JSON has it."""
    transform = getattr(model, "transform", None)
    card = transform.card() if hasattr(transform, "card") else {}
    if isinstance(transform, Transform):
        card = {"size": transform.size, "mean": transform.mean, "std": transform.std}
    told = {"transform": type(transform).__name__, **card}
    return json.loads(json.dumps(told | getattr(_backbone_of(model), "options", {})))


def _backbone_of(model):
    return getattr(model, "backbone", None)


def base_hash(model) -> str:
    """The `frozen_hash` that a PeftModel's base had before the adapters were put beside it."""
    hashes = {}
    for name, value in frozen_hashes(model.get_base_model()).items():
        parts = name.split(".")
        adapter = any(part.startswith("lora_") for part in parts)
        # peft keeps the first head and trains a copy; of neither is the hash.
        if not adapter and "modules_to_save" not in parts and "original_module" not in parts:
            hashes[".".join(part for part in parts if part != "base_layer")] = value
    return combined_hash(hashes)


def load_lora(model: nn.Module, folder):
    """Put a saved adapter and head on a new model with the same backbone, built as the first was.

    It is changed in place: use the PeftModel returned, in evaluation mode and not to train further.
    """
    from peft import PeftModel

    folder = user_path(folder, "adapter")
    card = _read_card(folder / CARD, ("class_names", "base"))
    config = _config(folder / CONFIG)
    names, shapes = card["class_names"], _shapes(folder / WEIGHTS)
    if names is not None:
        refuse_other_classes(
            names, getattr(model, "class_names", None) or [], f"the adapter {folder}"
        )
    _refuse_other_input(card.get("input"), _input_of(model), folder)
    freeze(model)
    if frozen_hash(model) != card["base"]:
        raise CourseError(f"the adapter in {folder} was trained on a backbone with other weights")
    try:
        with warnings.catch_warnings(), seeded(0):
            warnings.simplefilter("ignore")  # what is missing is told below
            loaded = PeftModel.from_pretrained(model, folder, config=config, torch_device="cpu")
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise CourseError(f"the adapter in {folder} does not fit the model ({reason})") from error
    _refuse_other_layers(loaded, shapes, folder)
    return loaded.eval()


def _read_card(path: Path, keys: Sequence[str]) -> dict:
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CourseError(f"cannot read the adapter in {path.parent} ({error})") from error
    missing = [key for key in keys if not isinstance(card, dict) or key not in card]
    if missing:
        raise CourseError(
            f"cannot read the adapter in {path.parent}: {path.name} does not tell {missing[0]}"
        )
    return card


def _config(path: Path):
    """The settings that `add_lora` makes; others could name code, and would change the outputs."""
    from peft import LoraConfig

    told = _read_card(path, OWN_SETTINGS)
    try:
        config = LoraConfig(**{key: told[key] for key in OWN_SETTINGS}, inference_mode=True)
    except (TypeError, ValueError) as error:
        raise CourseError(f"cannot read the adapter in {path.parent} ({error})") from error
    usual = config.to_dict()
    known = (*OWN_SETTINGS, *NO_SETTINGS)
    other = [key for key, value in told.items() if key not in known and value != usual.get(key)]
    if other:
        raise CourseError(
            f"cannot read the adapter in {path.parent}: {path.name} sets {other[0]}, which "
            "save_lora does not; load it with peft itself"
        )
    return config


def _shapes(path: Path) -> dict[str, list[int]]:
    """Name and shape of each tensor of an adapter's file; it is opened without running code."""
    if not path.is_file():
        raise CourseError(
            f"the adapter in {path.parent} lacks its weights: there is no {path.name}"
        )
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise CourseError(f"cannot read the adapter in {path.parent} ({error})") from error


def _refuse_other_input(trained: dict | None, given: dict, folder: Path) -> None:
    if trained is None:  # an adapter of an earlier version does not tell
        return
    for key in (*trained, *given):
        if trained.get(key) != given.get(key):
            raise ValueError(
                f"the adapter {folder} was trained with {key}={trained.get(key)!r}, not with "
                f"{given.get(key)!r}: build the model as it was then"
            )


def _refuse_other_layers(loaded, shapes: dict[str, list[int]], folder: Path) -> None:
    """A CourseError unless the file has just the tensors that the model takes."""
    from peft import get_peft_model_state_dict

    taken = get_peft_model_state_dict(loaded, save_embedding_layers=False)
    wanted = {name: list(tensor.shape) for name, tensor in taken.items()}
    for name in sorted({*wanted, *shapes}):
        if wanted.get(name) != shapes.get(name):
            raise CourseError(
                f"the adapter in {folder} does not fit the model: {name} has shape "
                f"{shapes.get(name)} there and {wanted.get(name)} here"
            )
