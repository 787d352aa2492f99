"""What stands in each section of a report; the page itself is a template beside this file."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tlhelpers.checks import is_number
from tlhelpers.evaluation.mistakes import (
    accuracy_per_class,
    confident_mistakes,
    count_confusions,
    largest_confusions,
)
from tlhelpers.own_data.comparison import Comparison
from tlhelpers.own_data.label_errors import find_label_errors, known_rows
from tlhelpers.own_data.report_examples import Examples, class_names
from tlhelpers.own_data.report_figures import draw_curve, draw_strategies
from tlhelpers.own_data.report_numbers import (
    StrategyRow,
    chosen_in,
    is_majority,
    last_gain,
    strategy_rows,
)
from tlhelpers.own_data.report_words import (
    count_of,
    difference_words,
    interval_words,
    number,
    span,
)

SHOWN = 24  # mistakes and label errors with a picture
CONFLICTS, OTHERS, MEMBERS = 12, 4, 6  # groups of duplicates that are shown, and items of each
NAMED = 10  # items of a reason, by name
WEAKEST = 3  # classes to label more of
PAIRS = 15  # confusions as a list
MATRIX = 60  # classes of which the whole matrix is on the page
SHADES = 8


# ---------------------------------------------------------------- strategies and labels


def strategies_part(comparison: Comparison, points: pd.DataFrame) -> dict:
    """The table of strategies, their figure, what was not run, and who learned nothing."""
    rows = strategy_rows(comparison, points)
    order = comparison.runs.strategies
    return {
        "rows": [_strategy_cells(row, comparison.runs.whole) for row in rows],
        "figure": draw_strategies(rows, order),
        "not_run": comparison.not_run,
        "nothing_learned": any(row.chosen and row.learned is False for row in rows),
    }


def _strategy_cells(row: StrategyRow, whole: int | None) -> dict:
    gap, verdict, needed = "", "", ""
    if row.chosen:
        verdict = "taken"
    elif row.difference:
        one = row.difference
        gap = difference_words(one["mean"], one["low"], one["high"])
        if one["labels"] != row.labels:
            gap += f" at {count_of(one['labels'], 'label')} per class"
        verdict = "is resolved" if one["resolved"] else "no difference is resolved"
        if one.get("labels_needed"):
            needed = f"about {one['labels_needed']:,} more labels per class would tell"
    elif not is_majority(row.name):
        verdict = "not compared"
    return {
        "name": row.name,
        "chosen": row.chosen,
        "accuracy": interval_words(row.mean, row.low, row.high),
        "labels": f"{row.labels:,} (all)" if row.labels == whole else f"{row.labels:,}",
        "seeds": row.seeds,
        "seconds": span(row.seconds),
        "gap": gap,
        "verdict": verdict,
        "needed": needed,
        "learned": row.learned,
    }


def labels_part(comparison: Comparison, points: pd.DataFrame) -> dict:
    """The learning curve as figure and table, and what the last step to more labels brought."""
    runs, order = comparison.runs, comparison.runs.strategies
    counts = sorted(set(points["labels"]))
    cells = {
        (row.strategy, row.labels): interval_words(row.mean, row.low, row.high)
        for row in points.itertuples()
    }
    return {
        "figure": draw_curve(points, order, runs.whole) if len(counts) > 1 else None,
        "counts": [f"all ({count:,})" if count == runs.whole else f"{count:,}" for count in counts],
        "rows": [(name, [cells.get((name, count), "–") for count in counts]) for name in order],
        "more": _more_labels(comparison),
    }


def _more_labels(comparison: Comparison) -> list[str]:
    answer, lines = comparison.answer, []
    gain = last_gain(comparison.runs, chosen_in(comparison))
    if gain:
        one = gain.compared
        verdict = "is resolved" if one.resolved else "is not resolved"
        lines.append(
            f"From {gain.fewer:,} to {count_of(gain.more, 'label')} per class the accuracy of "
            f"{gain.strategy} changed by {difference_words(one.mean, one.low, one.high)}; "
            f"that more labels helped {verdict if one.mean >= 0 else 'is not resolved'}."
        )
        lines.append(
            f"Learning curves flatten: a step by the same factor, to about "
            f"{round(gain.more**2 / gain.fewer):,} labels per class, will hardly bring more than "
            "this one did."
            if one.low > 0
            else "More of the same labels may bring little; better labels, other pictures or texts "
            "of the weak classes, and a look at the mistakes below may bring more."
        )
    for one in answer.differences:
        if one.get("labels_needed"):
            lines.append(
                f"About {one['labels_needed']:,} more labels per class would tell whether "
                f"{answer.strategy} or {one['strategy']} is better."
            )
    return lines


# ---------------------------------------------------------------- classes


def classes_part(comparison: Comparison) -> dict | None:
    """Confusions and the accuracy of each class, by the heads that did not see the item."""
    known, names = known_rows(comparison.probabilities), class_names(comparison.data)
    if not len(known):
        return None
    truth = np.asarray(comparison.data.labels)[known]
    predicted = np.asarray(comparison.probabilities)[known].argmax(axis=1)
    confusions = count_confusions(truth, predicted, names)
    pairs = largest_confusions(confusions, max(1, len(names) ** 2))
    return {
        "items": len(known),
        "unknown": len(comparison.data) - len(known),
        "right": int((truth == predicted).sum()),
        "share": number((truth == predicted).mean()),
        "matrix": _matrix(confusions) if len(names) <= MATRIX else None,
        "pairs": pairs[:PAIRS].to_dict("records"),
        "more_pairs": max(0, len(pairs) - PAIRS),
        "all_pairs": pairs,
        "classes": _class_cells(accuracy_per_class(truth, predicted, names)),
        "per_class": accuracy_per_class(truth, predicted, names),
    }


def _matrix(confusions: pd.DataFrame) -> dict:
    counts = confusions.to_numpy()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shades = np.ceil(shares * SHADES).astype(int)
    names = list(confusions.index)
    rows = [
        (name, list(zip(counts[place].tolist(), shades[place].tolist(), strict=True)), place)
        for place, name in enumerate(names)
    ]
    return {"names": names, "rows": rows, "many": len(names) > 14}


def _class_cells(table: pd.DataFrame) -> list[dict]:
    """The weakest class first, those without items last; `left` and `width` place its bar."""
    rows = table.sort_values("accuracy", kind="stable", na_position="last").to_dict("records")
    for row in rows:
        row["words"] = interval_words(row["accuracy"], row["low"], row["high"])
        row["precise"] = number(row["precision"])
        if row["items"]:
            row["bar"] = {
                "left": f"{100 * row['low']:.1f}",
                "width": f"{100 * (row['high'] - row['low']):.1f}",
                "dot": f"{100 * row['accuracy']:.1f}",
            }
    return rows


# ---------------------------------------------------------------- single items


def mistakes_part(comparison: Comparison, examples: Examples) -> dict:
    """The most confident mistakes and the likely label errors: some to see, all for the CSVs."""
    names = class_names(comparison.data)
    errors = find_label_errors(comparison.data.labels, comparison.probabilities, names)
    mistakes = _all_mistakes(comparison)
    elsewhere = mistakes["item"].isin(errors["item"][:SHOWN])  # nothing is shown twice
    others = mistakes[~elsewhere]
    return {
        "mistakes": examples.of_mistakes(others[:SHOWN], "predicted", errors["item"]),
        "mistake_count": len(mistakes),
        "shown_as_errors": int(elsewhere.sum()),
        "more_mistakes": max(0, len(others) - SHOWN),
        "errors": examples.of_mistakes(errors[:SHOWN], "likely"),
        "more_errors": max(0, len(errors) - SHOWN),
        "error_count": len(errors),
        "all_mistakes": mistakes,
        "all_errors": errors,
    }


def _all_mistakes(comparison: Comparison) -> pd.DataFrame:
    known = known_rows(comparison.probabilities)
    if not len(known):
        return pd.DataFrame(columns=["item", "given", "predicted", "confidence", "of_given"])
    truth = np.asarray(comparison.data.labels)[known]
    rows = np.clip(np.asarray(comparison.probabilities, dtype=float)[known], 0, 1)
    table = confident_mistakes(truth, rows, class_names(comparison.data), max(1, len(known)))
    table["item"] = known[table["item"]]
    return table.rename(columns={"true": "given", "of_true": "of_given"})


@dataclass(frozen=True)
class Alike:
    """Items that are equal or nearly so."""

    examples: list
    conflict: bool
    more: int


def duplicates_part(comparison: Comparison, examples: Examples) -> dict:
    """Groups of duplicates, those of two classes first: some to see, all for the CSV."""
    reading = comparison.reading
    places = {name: place for place, name in enumerate(reading.names)}
    conflicts = {tuple(group) for group in reading.conflicts}
    groups = [tuple(group) for group in reading.duplicates]
    groups += [group for group in conflicts if group not in groups]
    groups.sort(key=lambda group: group not in conflicts)
    shown = [
        Alike(
            [examples.of(places[name]) for name in group if name in places][:MEMBERS],
            group in conflicts,
            max(0, len(group) - MEMBERS),
        )
        for group in [*groups[: len(conflicts)][:CONFLICTS], *groups[len(conflicts) :][:OTHERS]]
    ]
    rows = [
        {
            "group": number_,
            "name": name,
            "class": examples.label(places[name]) if name in places else "",
            "two_classes": "yes" if group in conflicts else "no",
        }
        for number_, group in enumerate(groups, start=1)
        for name in group
    ]
    return {
        "groups": shown,
        "count": len(groups),
        "items": len(rows),
        "conflicts": len(conflicts),
        "more": len(groups) - len(shown),
        "table": pd.DataFrame(
            rows, columns=["group", "name", "class", "two_classes"], dtype=object
        ),
    }


# ---------------------------------------------------------------- reading, cost, what to do


def reading_part(comparison: Comparison) -> dict:
    """What was left out and why, what is doubtful, and the notes; all of it for the CSV."""
    reading = comparison.reading
    rows = [
        {"name": name, "what": "left out", "reason": reason, "detail": detail}
        for reason, items in reading.left_out.items()
        for name, detail in items.items()
    ]
    rows += [
        {"name": name, "what": "kept, doubtful", "reason": "", "detail": detail}
        for name, detail in reading.doubts.items()
    ]
    return {
        "source": reading.source,
        "kept": len(comparison.data),
        "left_out": reading.count_left_out(),
        "reasons": [
            (
                _noun(items),
                reason,
                len(items),
                list(items.items())[:NAMED],
                max(0, len(items) - NAMED),
            )
            for reason, items in sorted(reading.left_out.items(), key=lambda one: -len(one[1]))
        ],
        "doubts": list(reading.doubts.items())[:NAMED],
        "doubt_count": len(reading.doubts),
        "notes": list(reading.notes),
        "table": pd.DataFrame(rows, columns=["name", "what", "reason", "detail"], dtype=object),
    }


def _noun(names) -> str:
    """What was left out, with which a reason makes a heading: rows that are empty."""
    return "Rows" if all(name.startswith("row ") for name in names) else "Files"


COST_NAMES = {
    "pass": "One item through the frozen network",
    "minutes": "The whole comparison",
    "head": "Training one head on frozen features",
}


def cost_part(comparison: Comparison) -> list[tuple[str, str]]:
    """What was paid, and what many items would cost."""
    costs, rows = dict(comparison.costs), []
    if "pass" in costs:
        each = float(costs.pop("pass"))
        rows.append((COST_NAMES["pass"], span(each)))
        if not any(name.startswith("minutes for") for name in costs):
            counts = (1_000, 100_000)
            rows += [(f"{count:,} {comparison.kind}", span(count * each)) for count in counts]
    for name, value in sorted(costs.items(), key=lambda one: not one[0].startswith("minutes for")):
        rows.append(_cost_row(name, value, comparison.kind))
    return rows


def _cost_row(name: str, value, kind: str) -> tuple[str, str]:
    """A cost in words; what its name does not call minutes is in seconds."""
    if not is_number(value):
        return name.replace("_", " "), _plain(value)
    if name.startswith("minutes"):
        told = name.removeprefix("minutes for ").replace("items", kind)
        return COST_NAMES.get(name, told), span(60 * float(value))
    return COST_NAMES.get(name, name.replace("step of", "One training step of")), span(float(value))


def _plain(value) -> str:
    """A setting or a cost as a person writes it."""
    if isinstance(value, float):
        return f"{value:,.4g}"
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_plain(one)}" for name, one in value.items()) or "–"
    if isinstance(value, (list, tuple, set)):
        return ", ".join(_plain(one) for one in value) or "–"
    return str(value)


SETTING_NAMES = {
    "test": "share of the test side",
    "C": "C of a linear head",
    "labels": "labels per class",
    "items": "items compared on",
    "of": "items in all",
    "size": "size of the inputs",
}


def settings_part(comparison: Comparison) -> dict:
    """How it was measured, what was asked for, and the versions."""
    runs = comparison.runs
    groups = len(set(np.asarray(comparison.data.groups).tolist()))
    return {
        "seeds": int(runs["seed"].nunique()),
        "groups": groups,
        "items": len(comparison.data),
        "classes": len(comparison.data.class_names),
        "model": comparison.model_name,
        "settings": [
            (SETTING_NAMES.get(name, name.replace("_", " ")), _plain(one))
            for name, one in comparison.settings.items()
        ],
        "versions": list(comparison.versions.items()),
    }  # fmt: skip


def model_part(model_folder: str | Path | None) -> dict | None:
    """Where the model lies, what files it has, and the command that predicts with it."""
    if model_folder is None:
        return None
    folder = Path(model_folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    return {
        "folder": str(model_folder),
        "files": [
            (path.relative_to(folder).as_posix(), f"{path.stat().st_size / 1e6:,.2f} MB")
            for path in files[:NAMED]
        ],
        "more": max(0, len(files) - NAMED),
        "command": f"python3 -m tlhelpers predict {shlex.quote(str(model_folder))} ",
    }


def next_steps(comparison: Comparison, parts: dict) -> list[dict]:
    """At most five things to do now, the most useful first."""
    steps = []
    found, alike, classes = parts["mistakes"], parts["duplicates"], parts["classes"]
    if found["error_count"]:
        text = (
            f"Look at the {count_of(found['error_count'], 'likely label error')}, from the top of "
            "label_errors.csv on; stop when ten in a row turn out right, and correct what is wrong."
        )
        steps.append({"text": text})
    if alike["conflicts"]:
        what = (
            "the group" if alike["conflicts"] == 1 else f"each of the {alike['conflicts']:,} groups"
        )
        text = (
            f"Decide about {what} of equal {comparison.kind} that have two classes: keep the right "
            "one, or remove them all (duplicates.csv)."
        )
        steps.append({"text": text})
    if classes:
        weak = [row["class"] for row in classes["classes"] if row["items"]]
        weak = weak[: min(WEAKEST, len(weak) - 1)]
        text = (
            f"Label more {comparison.kind} of {'these classes' if len(weak) > 1 else 'the class'}"
        )
        steps.append({"text": f"{text} first, the weakest now:", "names": weak})
    if parts["model"]:
        after = "new_pictures/" if comparison.kind == "pictures" else "new_texts.csv"
        steps.append({"text": "Predict new items:", "code": parts["model"]["command"] + after})
    steps.append(
        {"text": "Then run the comparison again: after corrections the answer may change."}
    )
    return steps
