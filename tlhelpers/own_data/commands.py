"""The work of the verbs `compare` and `predict` of the command line."""

from __future__ import annotations

import json
import os
import re
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, TextIO

from tlhelpers.errors import CourseError, nearest
from tlhelpers.models.saving import user_path
from tlhelpers.setup.files import read_json, refusal, write_json
from tlhelpers.setup.stopping import run_stoppable

if TYPE_CHECKING:
    from tlhelpers.own_data.comparison import Comparison

MARK = "comparison.json"  # says whose report lies in a folder
MODEL = "model"
ARGUMENTS = "(picture|text|label|group)"

tell = partial(print, flush=True)


# ---------------------------------------------------------------- compare


def compare(options: SimpleNamespace, paths: Sequence[Path]) -> int:
    """Read a folder or table, compare, save the model and write the report."""
    started = time.monotonic()
    (source,) = paths
    _refuse_missing(source)
    out = checked_out(_given(options.out, "folder of the report"), source)
    # It takes seconds to load: what can be refused without it is refused at once.
    from tlhelpers.own_data.comparing import compare_own
    from tlhelpers.own_data.material import refuse_unknown

    of_pictures = reads_pictures(source, options)
    if options.model is not None:  # to read many pictures takes long, for a name that there is not
        refuse_unknown(options.model, "pictures" if of_pictures else "texts")
    data, reading = read_own(source, options, of_pictures)
    reading.notes = [as_options(note) for note in reading.notes]  # the report tells them too
    for line in reading.lines():
        tell(line)
    make_out(out, source)
    comparison = compare_own(
        data,
        reading,
        minutes=options.minutes,
        out=out,
        model_name=options.model,
        seed=options.seed,
        tell=tell,
        already_seconds=time.monotonic() - started,
    )
    problems = _keep(comparison, out, options.export == "onnx")
    return max([0, *map(_fail, problems)])


def _keep(comparison: Comparison, out: Path, onnx: bool) -> list[str]:
    """Save model and report, and say the answer and where all lies; gives what did not come off."""
    from tlhelpers.own_data.best_model import save_best
    from tlhelpers.own_data.report import write_report

    tell(f"The chosen strategy is trained on all items{_how_long(comparison)}.")
    model, problems = out / MODEL, []
    try:
        save_best(comparison, model)
    except CourseError as error:  # what was measured is told all the same
        problems.append(str(error))
    report = write_report(comparison, out, None if problems else model)
    tell(f"\n{comparison.answer.sentence}\n\nreport: {report}")
    if problems:
        return problems
    tell(f"model:  {model}")
    tell(f"use it: python3 -m tlhelpers predict {_quoted(model)} {_example(comparison.kind)}")
    return _with_onnx(model, comparison) if onnx else []


def _how_long(comparison: Comparison) -> str:
    from tlhelpers.own_data.final_training import expected_seconds

    expected = (expected_seconds(comparison) or 0) / 60
    return f", about {expected:.0f} minutes" if expected >= 1.5 else ""


def _with_onnx(model: Path, comparison: Comparison) -> list[str]:
    from tlhelpers.own_data.best_model import some_items
    from tlhelpers.own_data.onnx_export import add_onnx

    try:
        add_onnx(model, some_items(comparison.data))
    except CourseError as error:
        return [str(error)]
    tell(_onnx_line(model))
    return []


def as_options(line: str) -> str:
    """What a line says of arguments of Python, said of the options of the command line."""
    line = re.sub(rf"\b{ARGUMENTS}=… or (?=--\1\b)", "", line)
    # Some say both by themselves.
    line = re.sub(rf" \((?:on the command line )?--{ARGUMENTS}(?: …)?\)", "", line)
    return re.sub(rf"\b{ARGUMENTS}=(?=…|\.\.\.|['\"])", r"--\1 ", line)


def read_own(source: Path, options: SimpleNamespace, of_pictures: bool):
    """The set in a folder or table and what came out of reading it; tells what it was taken for."""
    if of_pictures:
        from tlhelpers.data.picture_files import open_pictures

        tell(f"{source} is read as pictures.")
        columns = {"picture": options.picture, "label": options.label, "group": options.group}
        return open_pictures(source, options.size or 224, **columns)
    from tlhelpers.data.text_files import open_texts

    if options.size is not None:
        tell("--size is for pictures, and without effect here.")
    tell(f"{source} is read as a table of texts.")
    gone = _paths_in(source) if options.text is None else []
    hint = (
        f"its paths to pictures, {gone[0]!r} say, count from {source.absolute().parent}, where the "
        "table lies, and none leads to a file"
    ) if gone else ""  # fmt: skip
    try:
        texts, reading = open_texts(
            source, text=options.text, label=options.label, group=options.group
        )
    except CourseError as error:
        raise CourseError(f"{error}; {hint}" if gone else str(error)) from error
    if set(texts.texts) <= set(gone):
        raise CourseError(
            f"{source} holds no pictures: {hint}; if they are the texts, name their column with "
            "--text"
        )
    return texts, reading


def reads_pictures(source: Path, options: SimpleNamespace) -> bool:
    """A folder is pictures; a table is texts, unless a column of it holds paths to pictures."""
    if options.text and options.picture:
        raise CourseError("--text and --picture were both given: a table is either of the two")
    if source.is_dir():
        if options.text:
            raise CourseError(f"{source} is a folder, read as pictures: --text is for tables")
        return True
    if options.text or options.picture:
        return bool(options.picture)
    return any(_is_file(source.parent / path.strip()) for path in _paths_in(source))


def _paths_in(source: Path) -> Sequence[str]:
    """What a column of a table holds that looks as if it held paths to pictures, if one does."""
    from tlhelpers.data.picture_tables import read_picture_table
    from tlhelpers.data.reading import Reading

    columns = {"picture": None, "label": "", "group": None}
    try:
        _, paths, *_ = read_picture_table(source, Reading(""), columns)
    except CourseError:  # there is no such column; if nothing can be read, texts cannot either
        return []
    return paths


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long, or in a folder that is closed
        return False


def checked_out(out: Path, source: Path) -> Path:
    """The folder of the report in full; one that holds something else is refused."""
    out = Path(os.path.abspath(out))  # noqa: PTH100 (a link stays one)
    if out.is_symlink() and not out.exists():
        raise CourseError(f"{out} is a link that leads nowhere: name another --out")
    if source.is_dir() and Path(_full(out)).is_relative_to(_full(source)):
        raise CourseError(f"{out} lies in the folder that is read: name another --out")
    if out.exists() and not out.is_dir():
        raise CourseError(f"{out} is a file: name another --out")
    if out.is_dir() and any(out.iterdir()):
        _refuse_other(out, _full(source))
    why = refusal(out)
    if why:
        raise CourseError(f"the report cannot be written to {out} ({why}): name another --out")
    return out


def make_out(out: Path, source: Path) -> None:
    """Make the folder of the report, and say in it whose it is."""
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / MARK, {"source": _full(source)})


def _full(path: Path) -> str:
    return os.path.realpath(path)  # a link that leads round in a circle stays one


def _refuse_other(out: Path, source: str) -> None:
    told = read_json(out / MARK).get("source")
    if told is None:
        raise CourseError(f"the folder {out} holds something else: name another --out")
    if told != source:
        raise CourseError(f"the folder {out} holds the comparison of {told}: name another --out")


def _example(kind: str) -> str:
    return "PICTURE…" if kind == "pictures" else "TABLE --text COLUMN"


def _quoted(path: Path) -> str:
    import shlex

    return shlex.quote(str(path)) if os.name != "nt" else f'"{path}"'


# ---------------------------------------------------------------- predict


def predict(options: SimpleNamespace, paths: Sequence[Path]) -> int:
    """Write a table of predictions; what was left out is told on standard error too."""
    from tlhelpers.own_data.predicting import table_file

    out = None if options.out is None else _given(options.out, "table of predictions")
    # Standard output is the table's: progress bars, which go there for notebooks, must not.
    with table_file(out) as file, redirect_stdout(sys.stderr):
        count = _write_table(options, *paths, file=file)
    if out is not None:
        print(f"{count} predictions are in {out}", file=sys.stderr)
    if not count:
        raise CourseError("there was nothing that could be predicted")
    return 0


def _write_table(options: SimpleNamespace, folder: Path, *items: Path, file: TextIO) -> int:
    from tlhelpers.own_data.predicting import write_predictions
    from tlhelpers.own_data.saved_model import load_saved

    saved = load_saved(folder)
    columns = {"texts": options.text, "pictures": options.picture}
    column = columns.pop(saved.kind)
    for kind, other in columns.items():
        if other:
            raise CourseError(f"a column of {kind} was named, and the model takes {saved.kind}")
    if options.export == "onnx":
        _export(folder, saved, items, column)
    count, readings = write_predictions(saved, items, file, column)
    _tell_left_out(readings)
    return count


def _export(folder: Path, saved, items: Sequence[Path], column: str | None) -> None:
    from tlhelpers.own_data.onnx_export import add_onnx
    from tlhelpers.own_data.predicting import first_items

    add_onnx(folder, first_items(saved, items, column))
    print(_onnx_line(folder), file=sys.stderr)


def _onnx_line(folder: Path) -> str:
    from tlhelpers.own_data.model_folder import ONNX, read_card

    apart = read_card(folder)["onnx_apart"]
    return (
        f"{folder / ONNX} was written: on some of the items no probability differs by more than "
        f"{apart:.1g}."
    )


def _tell_left_out(readings: Sequence) -> None:
    from tlhelpers.data.reading import name_some

    for reading in readings:
        for reason, items in reading.left_out.items():
            told = f"{len(items)} left out {reason}: {name_some(items.items())}"
            print(told.encode("utf-8", "backslashreplace").decode(), file=sys.stderr)


# ---------------------------------------------------------------- both


def _given(text: str, what: str) -> Path:
    """A path of the command line, where an empty one is what a shell makes of an unset name."""
    if not text:
        raise CourseError(f"the {what} is an empty text: write which one is meant")
    return user_path(text, what)


def _refuse_missing(path: Path) -> None:
    if path.is_dir() or path.is_file():
        return
    if path.exists():  # a pipe may never end
        raise CourseError(f"{path} is neither a file nor a folder: save what it gives as a file")
    if path.is_symlink():
        raise CourseError(f"{path} is a link that leads nowhere: give the file or folder itself")
    folder = path.absolute().parent
    names = [found.name for found in folder.iterdir()] if folder.is_dir() else []
    hint = nearest(path.name, names) if names else "look at the folder"
    raise CourseError(f"there is no file or folder {path}: {hint}")


VERBS: dict[str, Callable] = {"compare": compare, "predict": predict}
STOPPED = {
    "compare": "stopped; the same command goes on where it was",
    "predict": "stopped; nothing was kept, run the same command again",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb: its name, its options as JSON, and paths; gives the exit status.

    `here` of the options is the folder that paths are relative to: the course's own is another.
    """
    verb, options, *paths = sys.argv[1:] if arguments is None else arguments
    options = SimpleNamespace(**json.loads(options))
    warnings.showwarning = _show_warning
    return run_stoppable(lambda: _run(verb, options, paths), f"tlhelpers: {STOPPED[verb]}")


def _run(verb: str, options: SimpleNamespace, paths: Sequence[str]) -> int:
    """The work of a verb; what goes wrong is said in one line."""
    try:
        os.chdir(options.here)
        return VERBS[verb](options, [_given(path, "path") for path in paths])
    except BrokenPipeError:
        raise
    except MemoryError:
        return _fail("there is not enough memory: close other programs, and run the same again")
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail(f"{where}{error.strerror or error}")
    except (CourseError, ValueError) as error:
        # What the data make of an argument, a class of one item say, is told by a ValueError.
        return _fail(str(error))


def _fail(message: str) -> int:
    line = " ".join(as_options(message).split()).encode("utf-8", "backslashreplace").decode()
    print(f"tlhelpers: {line}", file=sys.stderr)
    return 1


def _show_warning(message, category, filename, lineno, file=None, line=None) -> None:
    print(f"note: {' '.join(str(message).split())}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
