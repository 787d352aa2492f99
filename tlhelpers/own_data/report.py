"""The report of a comparison: one page that opens alone, and tables of what it only names."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import jinja2
import pandas as pd

from tlhelpers.errors import CourseError
from tlhelpers.own_data import report_parts
from tlhelpers.own_data.comparison import Comparison
from tlhelpers.own_data.report_examples import Examples
from tlhelpers.own_data.report_numbers import curve_points
from tlhelpers.own_data.report_words import (
    breakable,
    count_of,
    interval_words,
    lead_and_rest,
    readable,
    unbroken,
    with_options,
)
from tlhelpers.own_data.safe_csv import write_csv
from tlhelpers.setup.files import write_atomically

PAGE = "report.html"
TEMPLATE = "report.html.jinja"


def write_report(
    comparison: Comparison, folder: str | Path, model_folder: str | Path | None = None
) -> Path:
    """Write what a comparison came to as one HTML page, with tables beside it.

    The page needs no network and no script. It shows at most some examples of each kind; the
    tables beside it hold all: ``mistakes.csv``, ``label_errors.csv``, ``duplicates.csv``,
    ``confusions.csv``, ``classes.csv`` and ``reading.csv``.

    Parameters
    ----------
    comparison : Comparison
    folder : str or Path
        Made where it does not exist. What an earlier report wrote there is replaced.
    model_folder : str or Path, optional
        Where the chosen model was saved; the page names it as it is given here.

    Returns
    -------
    Path
        Of ``report.html``.

    Raises
    ------
    CourseError
        If the folder cannot be made or written to.
    """
    folder = Path(folder)
    parts = _parts(comparison, model_folder)
    page = _render(comparison, parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in _tables(comparison, parts).items():
            write_csv(folder / name, table)
        write_atomically(folder / PAGE, page.encode())
    except OSError as error:
        reason = error.strerror or error
        raise CourseError(
            f"the report cannot be written to {folder} ({reason}): give another folder, or close "
            "the program that has one of its files open"
        ) from error
    return folder / PAGE


def _parts(comparison: Comparison, model_folder: str | Path | None) -> dict:
    examples = Examples(comparison)
    points = curve_points(comparison.runs)
    parts = {
        "strategies": report_parts.strategies_part(comparison, points),
        "labels": report_parts.labels_part(comparison, points),
        "classes": report_parts.classes_part(comparison),
        "mistakes": report_parts.mistakes_part(comparison, examples),
        "duplicates": report_parts.duplicates_part(comparison, examples),
        "reading": report_parts.reading_part(comparison),
        "costs": report_parts.cost_part(comparison),
        "measured": report_parts.settings_part(comparison),
        "model": report_parts.model_part(model_folder),
    }
    return parts | {"steps": report_parts.next_steps(comparison, parts)}


def _render(comparison: Comparison, parts: dict) -> str:
    """The page; each text that comes from the data is escaped, wherever it stands."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=readable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "breakable": breakable,
        "unbroken": unbroken,
        "with_options": with_options,
    }
    return environment.get_template(TEMPLATE).render(
        parts,
        answer=comparison.answer,
        sentences=lead_and_rest(comparison.answer.sentence),
        accuracy=interval_words(*comparison.answer.accuracy),
        kind=comparison.kind,
        count_of=count_of,
        today=date.today().isoformat(),
    )


def _tables(comparison: Comparison, parts: dict) -> dict[str, pd.DataFrame]:
    """The tables beside the page: all that it shows a part of."""
    examples, found = Examples(comparison), parts["mistakes"]
    tables = {
        "mistakes.csv": examples.written(found["all_mistakes"]),
        "label_errors.csv": examples.written(found["all_errors"]),
        "duplicates.csv": parts["duplicates"]["table"],
        "reading.csv": parts["reading"]["table"],
    }
    if parts["classes"]:
        tables["confusions.csv"] = parts["classes"]["all_pairs"]
        tables["classes.csv"] = parts["classes"]["per_class"]
    return tables
