"""What the makers of an encoder say of its use, in the files that sentence-transformers writes."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from tlhelpers.checks import is_int
from tlhelpers.errors import CourseError
from tlhelpers.models.encoders import LONGEST, POOLS

MODULES, LENGTHS, PROMPTS = (
    "modules.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
)
# Older folders tell each way to pool by a yes or no.
MODES = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}


@dataclass(frozen=True)
class Recipe:
    """How vectors are made; None where the makers do not say.

    `found` is false if they did not write any, `inside` the sub-folder of network and tokenizer,
    `also` what they do besides and this does not.
    """

    found: bool = False
    pool: str | None = None
    max_length: int | None = None
    inside: str = ""
    normalized: bool = False
    also: tuple[str, ...] = ()

    def __str__(self) -> str:
        unlike = ", but not scaled to length 1" * self.normalized
        return f", pooled by {self.pool} as its makers do{unlike}" if self.pool else ""


def read_recipe(read: Callable[[str], bytes | None], name: str) -> Recipe:
    """The makers' recipe; `read` gives a file's content, None where there is none of that name."""
    modules = _parsed(read, MODULES, name, list)
    if modules is None:
        return Recipe()
    kinds = [_kind_and_folder(module, name) for module in modules]
    inside = next((folder for kind, folder in kinds if kind == "Transformer"), "")
    pools = [folder for kind, folder in kinds if kind == "Pooling"]
    rest = [kind for kind, _ in kinds if kind not in ("Transformer", "Pooling", "Normalize")]
    lengths = _parsed(read, f"{inside}/{LENGTHS}".lstrip("/"), name, dict) or {}
    prompts = _parsed(read, PROMPTS, name, dict) or {}
    known_prompts = prompts.get("prompts") or {}
    if not isinstance(known_prompts, dict):
        raise CourseError(f"cannot read {PROMPTS} of {name}: its prompts have no names")
    prompt = known_prompts.get(prompts.get("default_prompt_name"))
    return Recipe(
        found=True,
        pool=_pool(_parsed(read, f"{pools[0]}/config.json", name, dict) or {}) if pools else None,
        max_length=_length(lengths.get("max_seq_length"), name),
        inside=inside,
        normalized=any(kind == "Normalize" for kind, _ in kinds),
        also=(
            *rest,
            *(["small letters before the tokenizer"] if lengths.get("do_lower_case") else []),
            *([f"the prompt {prompt!r} before each text"] if prompt else []),
        ),
    )


def chosen_pool(recipe: Recipe, pool: str | None, name: str) -> str:
    """The pooling asked for, else the makers'; what of theirs is not followed is told."""
    if pool is not None:
        return pool
    if recipe.also:
        warnings.warn(
            f"the makers of {name} also use {', '.join(recipe.also)}, which is not followed here: "
            "its vectors are others than theirs. Give pool to say that you know",
            stacklevel=3,
        )
    if recipe.pool is not None and recipe.pool not in POOLS:
        raise CourseError(
            f"the makers of {name} pool by {recipe.pool}, which is not known here: give pool, "
            f"one of {', '.join(POOLS)}; its vectors are then others than theirs"
        )
    return recipe.pool or "mean"


def chosen_length(recipe: Recipe, tokenizer, max_length: int | None) -> int:
    """The number of tokens asked for, else the makers', else `LONGEST`."""
    if max_length is not None:
        return max_length
    # Newer folders leave it to the tokenizer, which has a very large number if nobody told it.
    own = getattr(tokenizer, "model_max_length", None)
    tellable = recipe.found and is_int(own) and 3 <= own < 1 << 20
    return recipe.max_length or (own if tellable else LONGEST)


def _parsed(read, file: str, name: str, kind: type):
    data = read(file)
    if data is None:
        return None
    try:
        told = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise CourseError(f"cannot read {file} of {name} ({error})") from error
    if not isinstance(told, kind):
        raise CourseError(f"cannot read {file} of {name}: it holds no {kind.__name__}")
    return told


def _kind_and_folder(module, name: str) -> tuple[str, str]:
    """The last part of a module's type, and its folder, which must lie within the model's."""
    if not isinstance(module, dict) or not isinstance(module.get("type"), str):
        raise CourseError(f"cannot read {MODULES} of {name}: a module has no type")
    folder = str(module.get("path") or "")
    path = PurePosixPath(folder.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in folder:
        raise CourseError(f"{MODULES} of {name} leads out of its folder: {folder}")
    return module["type"].rpartition(".")[2], folder


def _pool(told: dict) -> str:
    mode = told.get("pooling_mode") or [kind for key, kind in MODES.items() if told.get(key)]
    modes = mode if isinstance(mode, list) else [mode]
    return " and ".join(map(str, modes)) or "mean"


def _length(told, name: str) -> int | None:
    if told is not None and (not is_int(told) or told < 3):  # start, one token, end
        raise CourseError(f"{LENGTHS} of {name} tells of {told!r} tokens: give max_length")
    return told
