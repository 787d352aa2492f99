"""LoRA: small matrices beside frozen weights, through peft, with the head trained and saved."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from torch import nn

from tlhelpers.checks import whole
from tlhelpers.errors import CourseError, nearest
from tlhelpers.models.backbones import seeded
from tlhelpers.models.classifier import refuse_other_classes
from tlhelpers.models.layers import layer_groups
from tlhelpers.setup.files import write_atomically
from tlhelpers.training.freezing import combined_hash, freeze, frozen_hash, frozen_hashes

CARD = "tlhelpers.json"
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
    """Write a PeftModel's adapter and head, with class names and the hash of its backbone."""
    folder = Path(folder)
    model.save_pretrained(folder)
    card = {"class_names": getattr(model, "class_names", None), "base": base_hash(model)}
    write_atomically(folder / CARD, json.dumps(card).encode())


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

    path = Path(folder) / CARD
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CourseError(f"cannot read the adapter in {folder} ({error})") from error
    if card["class_names"] is not None:
        refuse_other_classes(card["class_names"], model.class_names or [], f"the adapter {folder}")
    freeze(model)
    if frozen_hash(model) != card["base"]:
        raise CourseError(f"the adapter in {folder} was trained on a backbone with other weights")
    return PeftModel.from_pretrained(model, Path(folder)).eval()
