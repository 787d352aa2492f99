"""The folder of a saved model: written as a whole, and read only if it is what was written."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from tlhelpers.checks import is_int, is_number
from tlhelpers.errors import CourseError
from tlhelpers.models.saving import user_path
from tlhelpers.setup.files import is_link, refusal, remove, sha256_of, write_atomically

FORMAT = 1
CARD, WEIGHTS, README, ONNX = "model.json", "model.safetensors", "README.md", "model.onnx"
INSIDE = re.compile(r"[\w.-]+(/[\w.-]+)?", re.ASCII)  # what such a folder holds: files, one deep
KINDS = ("pictures", "texts")
FORMS = ("network", "neighbours", "words", "majority")
LARGEST_CARD = 2**28  # bytes: counted words are listed in it


@contextmanager
def new_folder(folder) -> Iterator[Path]:
    """A folder to fill, which takes the place of `folder` at the end, whole or not at all.

    Only a saved model may lie there before, and no file that somebody put or changed beside it.
    """
    folder = user_path(folder, "folder of the model").absolute()
    refuse_other_content(folder)
    why = refusal(folder.parent)
    if why:
        raise CourseError(f"cannot write the model to {folder} ({why}): name another folder")
    made = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    try:
        made.mkdir(parents=True)
        yield made
        _put_in_place(made, folder)
    except OSError as error:
        raise CourseError(
            f"cannot write the model to {folder} ({error.strerror or error}): make room there, or "
            "name another folder"
        ) from error
    finally:
        if made.exists():
            remove(made)


def _put_in_place(made: Path, folder: Path) -> None:
    old = folder.with_name(f"{made.name}.old")
    if folder.exists():
        folder.rename(old)
    try:
        made.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    if old.exists():
        remove(old)


def refuse_other_content(folder: Path) -> None:
    """A CourseError unless `folder` is missing, empty, or a saved model as it was written."""
    if not folder.exists() and not folder.is_symlink():
        return
    advice = "name another folder, or move it away"
    if is_link(folder) or not folder.is_dir():
        raise CourseError(f"{folder} is no folder: {advice}")
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    if not there:
        return
    if CARD not in there:
        raise CourseError(f"the folder {folder} holds something else than a model: {advice}")
    card = read_card(folder)
    other = sorted(there - {CARD, README, *card["files"]})
    if other:
        raise CourseError(f"the folder {folder} also holds {other[0]}, not of the model: {advice}")
    if README in there and sha256_of(folder / README) != card["readme_sha256"]:
        raise CourseError(f"{folder / README} was changed by hand and is kept: {advice}")


# ---------------------------------------------------------------- writing


def write_tensors(path: Path, tensors: dict[str, torch.Tensor], card: dict) -> None:
    """Write tensors, and with them what must not be lost: the classes in their order."""
    metadata = {key: json.dumps(card[key]) for key in ("format", *TOLD)}
    # Its own way to write a file lets nobody else read it.
    write_atomically(path, save(tensors, metadata=metadata))


TOLD = ("class_names", "kind", "form")  # in both files


def write_card(folder: Path, card: dict) -> None:
    """Write `model.json` with the hash of every other file, and the whole folder is complete."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in files}
    own = {name: sha256_of(path) for name, path in names.items() if name not in (CARD, README)}
    if README in names:
        card = card | {"readme_sha256": sha256_of(names[README])}
    _write_json(folder, card | {"files": own})


# ---------------------------------------------------------------- reading


def read_card(folder: Path) -> dict:
    """What `model.json` tells; a CourseError says what of it is damaged, or of another version."""
    path = folder / CARD
    if not folder.is_dir():
        raise CourseError(f"there is no folder {folder}: give the folder of a saved model")
    if not path.is_file():
        raise CourseError(f"the folder {folder} holds no {CARD}: it is no saved model")
    try:
        if path.stat().st_size > LARGEST_CARD:
            raise ValueError("it is too large")
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CourseError(f"cannot read {path} ({error})") from error
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        told = card.get("format") if isinstance(card, dict) else None
        raise CourseError(
            f"{path} is of format {told!r}, and this version reads format {FORMAT}: take the "
            "version that wrote it, or compare anew"
        )
    odd = [key for key, fits in FITS.items() if not fits(card.get(key))]
    if odd:
        raise CourseError(f"{path} is damaged: {odd[0]!r} is not as it was written")
    return card


def _are_names(told) -> bool:
    texts = isinstance(told, list) and all(isinstance(name, str) and name for name in told)
    return texts and len(told) >= 2 and len(set(told)) == len(told)


def _are_files(told) -> bool:
    return (
        isinstance(told, dict)
        and WEIGHTS in told
        and all(INSIDE.fullmatch(name) and ".." not in name for name in told)
        and all(isinstance(digest, str) for digest in told.values())
    )


FITS: dict[str, Callable] = {
    "class_names": _are_names,
    "kind": lambda told: told in KINDS,
    "form": lambda told: told in FORMS,
    "strategy": lambda told: isinstance(told, str),
    "files": _are_files,
    "readme_sha256": lambda told: isinstance(told, str),
    "network": lambda told: told is None or isinstance(told, dict),
    "brightest": lambda told: isinstance(told, dict) and all(map(is_number, told.values())),
    "picture_size": lambda told: told is None or is_int(told),
}


def refuse_changed_files(folder: Path, card: dict) -> None:
    """A CourseError if a file is missing or is not the one that was written with `model.json`."""
    for name, digest in card["files"].items():
        path = folder / name
        try:
            found = sha256_of(path)
        except OSError as error:
            why = error.strerror or error
            raise CourseError(f"the model in {folder} is incomplete: {name} ({why})") from error
        if found != digest:
            raise CourseError(
                f"{path} is not the file that was saved with {CARD}: it is damaged, or of another "
                "model; copy the whole folder again, or compare anew"
            )


def read_tensors(folder: Path, card: dict) -> dict[str, torch.Tensor]:
    """The tensors of a folder, refused if they were written with other classes than `card` has."""
    path = folder / WEIGHTS
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
            told = {key: json.loads(value) for key, value in (file.metadata() or {}).items()}
    except (SafetensorError, OSError, ValueError, RecursionError) as error:
        raise CourseError(f"cannot read {path} ({error})") from error
    for key in TOLD:
        if told.get(key) != card[key]:
            raise CourseError(
                f"{CARD} and {WEIGHTS} in {folder} do not belong together: {key} is "
                f"{card[key]!r} in the one and {told.get(key)!r} in the other"
            )
    return tensors


def add_file(folder: Path, name: str, data: bytes, **told) -> Path:
    """Put a finished file beside the others of a saved model, and its hash into `model.json`.

    `told` is written there too.
    """
    card = read_card(folder) | told
    write_atomically(folder / name, data)
    card["files"][name] = sha256_of(folder / name)
    _write_json(folder, card)
    return folder / name


def _write_json(folder: Path, card: dict) -> None:
    text = json.dumps(card, indent=1, ensure_ascii=False)
    # Names may hold bytes of a file system that are no text: JSON writes them the same way.
    write_atomically(folder / CARD, text.encode("utf-8", "backslashreplace"))
