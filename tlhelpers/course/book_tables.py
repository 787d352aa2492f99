"""Pages of the stored tables, and the page that says how every number of the course was made."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tlhelpers.course.book_execution import ExecutedLesson
from tlhelpers.course.book_links import Links
from tlhelpers.course.claims import read_claims
from tlhelpers.errors import CourseError, repo_root
from tlhelpers.experiments.provenance import split_provenance

ROWS_SHOWN = 12
LONG = ("predicted",)  # one character for every test item: for programs, not for a page
MEANING = {
    "seed": "which repetition: draws, initial weights and order of batches follow from it",
    "labels": "labels per class; `all` is all of the training side",
    "strategy": "what was tried",
    "tested_on": "the test set",
    "cpu_seconds": "CPU seconds of this run",
    "chosen": "what was chosen among the trials, without looking at the test set",
    "trials": "how many settings the strategy tried",
    "trained_weights": "how many weights moved",
    "epochs": "after how many epochs the chosen network stood",
    "agreement": "a strategy's own note of the run",
    "predicted": "the label given to each test item, one character an item",
}  # fmt: skip


def stored_tables() -> list[Path]:
    """The tables in ``data/results``."""
    return sorted((repo_root() / "data" / "results").glob("*.csv"))


def read_table(path: Path) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Provenance and rows of a stored table, as text; a damaged one is a CourseError."""
    try:
        provenance, body = split_provenance(path.read_text(encoding="utf-8"))
        return provenance, list(csv.DictReader(io.StringIO(body), strict=True))
    except (ValueError, csv.Error) as error:
        raise CourseError(f"{path.name} cannot be read ({error}): fetch it again") from None


def table_page(path: Path, links: Links, page: str) -> str:
    """A stored table's page: how it was made, what its columns are, its first rows, the file."""
    provenance, rows = read_table(path)
    columns = list(rows[0]) if rows else []
    shown = [name for name in columns if name not in LONG]
    head = rows[:ROWS_SHOWN]
    meanings = [(f"`{name}`", MEANING[name]) for name in columns if name in MEANING]
    parts = [
        f"# {path.stem}",
        f"{len(rows):,} rows. {_download(path, links, page)}",
        "## How it was made",
        markdown_table(("what", "value"), [(k, f"`{v}`") for k, v in provenance.items()])
        if provenance
        else "Its command, date and machine stand in its rows.",
    ]
    if meanings:
        parts += ["## Its columns", markdown_table(("column", "meaning"), meanings)]
    title = "All rows" if len(rows) <= ROWS_SHOWN else f"The first {ROWS_SHOWN} rows"
    parts += [f"## {title}", markdown_table(shown, [[row[c] for c in shown] for row in head])]
    return "\n\n".join(parts) + "\n"


def _download(path: Path, links: Links, page: str) -> str:
    return f"[Download the table]({links.to_file(f'data/results/{path.name}', page)})."


def tables_page(paths: Iterable[Path]) -> str:
    """The list of all stored tables, with a hidden list for the book's contents."""
    rows, names = [], []
    for path in paths:
        provenance, table = read_table(path)
        made = provenance or (table[0] if table else {})
        date = made.get("date", "–").replace("-", "\N{NON-BREAKING HYPHEN}")  # in one line
        row = (f"[{path.stem}]({path.stem}.md)", f"{len(table):,}", date)
        rows.append((*row, f"`{made.get('command', '–')}`"))
        names.append(path.stem)
    return "\n\n".join(
        [
            "# Tables of results",
            "What takes longer than a lesson may was computed once and is stored, with what made "
            "it. Lessons read these tables, run a slice of each again and compare.",
            markdown_table(("table", "rows", "date", "command"), rows),
            contents(names),
        ]
    )


def contents(pages: Sequence[str], hidden: bool = True, depth: int = 1, caption: str = "") -> str:
    """A list of pages for Sphinx; one may be given as ``"title <page>"``."""
    options = [":hidden:"] * hidden + [f":maxdepth: {depth}"]
    options += [f":caption: {caption}"] if caption else []
    return "\n".join(["```{toctree}", *options, "", *pages, "```", ""])


def claims_parts(lessons: Iterable[ExecutedLesson]) -> str:
    """For each lesson when and where it was executed, and every claim with what was measured."""
    parts = []
    for lesson in lessons:
        claims, stamp = read_claims(lesson.notebook), lesson.stamp
        parts.append(f"### {title_of(lesson.notebook)}")
        if stamp:
            parts.append(
                f"[The lesson](lessons/{lesson.stem}.ipynb), executed on {stamp['date']} in "
                f"{stamp['seconds']:.0f} seconds with Python {stamp['python']} on "
                f"{stamp['processor']}. Claims: {len(claims)}, all held."
            )
        else:
            parts.append(f"[The lesson](lessons/{lesson.stem}.ipynb) did not run to its end.")
        if claims:
            cells = [(c["name"], c["sentence"], c["measured"]) for c in claims]
            parts.append(markdown_table(("claim", "what the lesson says", "measured"), cells))
    return "\n\n".join(parts)


def heading_of(notebook: Mapping) -> str:
    """A lesson's first heading."""
    first = next((c.source for c in notebook["cells"] if c.source.startswith("# ")), "# Untitled")
    return first.splitlines()[0].removeprefix("# ")


def title_of(notebook: Mapping) -> str:
    """A lesson's first heading, up to the colon before its question."""
    return heading_of(notebook).split(":")[0].strip()


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; what would end a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")
