"""Lessons: the notebooks that are made from one source each."""

from __future__ import annotations

import argparse
import copy
import json
import re
import sys
from pathlib import Path

from tlhelpers.course.contents import source_dir
from tlhelpers.course.times import Minutes, computing_in_words, count_minutes
from tlhelpers.errors import CourseError, repo_root
from tlhelpers.setup.files import write_atomically
from tlhelpers.setup.stopping import Stopped, stoppable

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def build(check: bool = False, echo=print) -> list[Path]:
    """Make the learner's and the solution's notebook of each source; return what was written.

    With `check` nothing is written: what is returned are the notebooks that are stale."""
    changed = []
    for source in sorted(source_dir().glob("[0-9][0-9]_*.py")):
        for path, text in notebooks_of(source).items():
            if path.exists() and path.read_text(encoding="utf-8") == text:
                continue
            changed.append(path)
            echo(f"{'stale' if check else 'wrote'}: {path.relative_to(repo_root())}")
            if not check:
                write_atomically(path, text.encode())
    return changed


def notebooks_of(source: Path) -> dict[Path, str]:
    """Where each of a source's two notebooks belongs, and its text: the same at every call.

    A source is in jupytext's percent format, with solutions between nbgrader's marks."""
    import jupytext
    import nbformat

    notebook = jupytext.read(source, fmt="py:percent")
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.cells = _with_times(source.stem, notebook.cells)
    for i, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{source.stem[:2]}-{i:03d}"
    folder = repo_root() / "notebooks"
    made = {
        folder / "solutions" / f"{source.stem}.ipynb": _one_folder_deeper(notebook),
        folder / f"{source.stem}.ipynb": _without_solutions(notebook),
    }
    for node in made.values():
        nbformat.validate(node)
    return {path: nbformat.writes(node) + "\n" for path, node in made.items()}


def _one_folder_deeper(notebook):
    """A copy whose links to files of the repository start one folder further up."""
    deeper = copy.deepcopy(notebook)
    for cell in deeper.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace("](../", "](../../")
    return deeper


def _with_times(stem: str, cells) -> list:
    """The cells with minutes that are counted, and seconds of a stored run, in place of marks."""
    # Counted as the lesson will stand, with what it says of exercises and quiz; after that the
    # words are as many, whatever the numbers are.
    stated = count_minutes(_filled(stem, cells, Minutes(0, 0, 0)))
    return _filled(stem, cells, count_minutes(_filled(stem, cells, stated)))


def _filled(stem: str, cells, minutes: Minutes) -> list:
    texts = {
        "{{reading}}": minutes.reading_in_words,
        "{{exercises}}": minutes.exercises_in_words,
        "{{computing}}": computing_in_words(stem),
    }
    filled = copy.deepcopy(cells)
    for cell in filled:
        for mark, text in texts.items():
            cell.source = cell.source.replace(mark, text)
    return filled


def _without_solutions(notebook):
    """nbgrader's own preprocessor takes out what stands between its marks."""
    from nbgrader.preprocessors import ClearSolutions

    strip = ClearSolutions(code_stub={"python": "pass"})
    stripped, _ = strip.preprocess(copy.deepcopy(notebook), {})
    if re.search(r"(BEGIN|END) SOLUTION", json.dumps(stripped)):
        raise CourseError(
            "a solution mark is left in a learner's notebook: give its cell the "
            'nbgrader metadata with "solution": true'
        )
    return stripped


def role_of(cell) -> str:
    """What nbgrader's marks make of a cell: an "answer", a "check", or neither of them ("")."""
    marks = cell.metadata.get("nbgrader", {})
    return "answer" if marks.get("solution") else "check" if marks.get("grade") else ""


def with_solutions_after(learner, solution):
    """The learner's notebook with, after each check, the solution and the same check once more.

    One run of it shows that a lesson works without an answer, and that its solutions are right."""
    combined, answers = copy.deepcopy(learner), []
    combined.cells = []
    for cell, solved in zip(learner.cells, solution.cells, strict=True):
        combined.cells.append(cell)
        if role_of(solved) == "answer":
            answers.append(solved)
        elif role_of(solved) == "check":
            combined.cells += [_once_more(one) for one in (*answers, solved)]
            answers = []
    return combined


def _once_more(cell):
    """A copy of a cell; no two cells of a notebook may have one id."""
    twin = copy.deepcopy(cell)
    twin["id"] += "-solved"
    return twin


def main(arguments: list[str] | None = None) -> int:
    """The command ``python3 -m tlhelpers build``: 1 if `--check` finds a stale notebook."""
    parser = argparse.ArgumentParser(prog="tlhelpers build")
    parser.add_argument("--check", action="store_true", help="write nothing, only report")
    check = parser.parse_args(arguments).check
    try:
        with stoppable():
            changed = build(check)
    except CourseError as error:
        print(f"tlhelpers: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(
            f"tlhelpers: {where}{error.strerror or error}; mend that and", end=" ", file=sys.stderr
        )
        print("build again", file=sys.stderr)
        return 1
    except KeyboardInterrupt as stopped:
        print("\ntlhelpers: stopped; build again, it goes on where it was", file=sys.stderr)
        return stopped.status if isinstance(stopped, Stopped) else 130
    if not changed:
        print("all notebooks are up to date")
    return int(check and bool(changed))


if __name__ == "__main__":
    sys.exit(main())
