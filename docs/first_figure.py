"""Draw the README's figure for light and dark pages, or say whether it is out of date.

Start it with the environment's Python: ``.venv/bin/python docs/first_figure.py``, or with
``--check``. It writes two pictures, and beside them what they come from and say.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import matplotlib  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from tlhelpers.evaluation.comparisons import Comparison, compare, learning_curve  # noqa: E402
from tlhelpers.evaluation.together import judge_together  # noqa: E402
from tlhelpers.experiments.staleness import code_digest, import_closure  # noqa: E402
from tlhelpers.experiments.stored import load_sweep  # noqa: E402
from tlhelpers.figures.palette import looks  # noqa: E402
from tlhelpers.setup.files import write_json  # noqa: E402

TABLE = ROOT / "data" / "results" / "vision-choosing.csv"
RECORD = ROOT / "docs" / "first_figure.json"
# What computes and draws it, beside this file.
CODE = tuple(
    f"tlhelpers.{name}"
    for name in ("evaluation.comparisons", "evaluation.together", "figures.palette")
)
# Page, text, lines of the grid; GitHub's own pages have these colours.
THEMES = {
    "light": {"page": "#ffffff", "text": "#1f2328", "quiet": "#59636e", "grid": "#d8dee4"},
    "dark": {"page": "#0d1117", "text": "#e6edf3", "quiet": "#9198a1", "grid": "#2f353d"},
}
NAMES = {
    "fine-tuned": "fine-tuned",
    "LoRA": "LoRA",
    "frozen": "frozen features",
    "scratch": "small network from scratch",
    "raw pixels": "raw pixels",
    "frozen random": "frozen random network",
}
# The palette's hues, brighter where they would sink into a dark page.
ON_DARK = {
    "fine-tuned": "#2fc79a",
    "LoRA": "#8ccff5",
    "frozen": "#4ba3e3",
    "scratch": "#f0b429",
    "raw pixels": "#ff8a4c",
    "frozen random": "#dd8fbb",
}


def inputs_digest() -> str:
    """A hash of what the figure comes from: rows of the table, this file, the code behind it."""
    rows = TABLE.read_text(encoding="utf-8").splitlines()
    digest = hashlib.sha256()
    for part in (
        "\n".join(row for row in rows if not row.startswith("# ")),
        Path(__file__).read_text(encoding="utf-8"),
        code_digest(import_closure(*CODE)),
    ):
        digest.update(f"{len(part)}\n{part}\n".encode())
    return digest.hexdigest()[:32]


def is_current() -> bool:
    """Whether both pictures are there and were made of what lies here now."""
    made = all(picture_path(theme).exists() for theme in THEMES)
    return made and json.loads(RECORD.read_text(encoding="utf-8"))["inputs"] == inputs_digest()


def picture_path(theme: str) -> Path:
    """The picture for pages of one theme."""
    return ROOT / "docs" / f"first_figure_{theme}.png"


def points(comparison: Comparison) -> str:
    """A difference and its interval in points of accuracy."""
    value, low, high = (
        f"{round(100 * number) + 0:+d}".replace("-", "−").replace("+0", "0")
        for number in (comparison.difference, comparison.low, comparison.high)
    )
    return f"{value} points [{low}, {high}]"


def found(runs) -> dict[int, Comparison]:
    """Fine-tuning against frozen features, as lesson 04 judges them: nine questions together."""
    pairs = [("fine-tuned", "frozen"), ("LoRA", "frozen"), ("fine-tuned", "LoRA")]
    counts = sorted(runs["labels"].unique())
    questions = {(k, *pair): compare(runs, *pair, labels=k) for k in counts for pair in pairs}
    judged = judge_together(questions)
    return {int(k): judged[k, "fine-tuned", "frozen"] for k in counts}


def sentences(runs) -> tuple[str, str]:
    """The finding, in two sentences with their intervals; each has its verdict."""
    judged, whole = found(runs), runs.whole
    if (judged[5].verdict, judged[whole].verdict) != ("not resolved", "resolved"):
        raise SystemExit(f"the finding is another one now, write it anew: {judged}")
    return (
        f"With about {whole} labels per class, fine-tuning beats frozen features: "
        f"{points(judged[whole])}.",
        f"With 5, no difference between them is resolved: {points(judged[5])} (95 % intervals).",
    )


def draw(runs, theme: str) -> Figure:
    """The curves of all strategies with their bands, each named at its end."""
    colours = THEMES[theme]
    figure = Figure(figsize=(9, 4.9), layout="constrained", facecolor=colours["page"])
    axes = figure.subplots()
    curve = learning_curve(runs)
    for name, look in zip(NAMES, looks(NAMES), strict=True):
        colour = ON_DARK[name] if theme == "dark" else look["color"]
        own = curve[curve["strategy"] == name].sort_values("labels")
        axes.plot(own["labels"], own["mean"], **(look | {"color": colour}), linewidth=2)
        axes.fill_between(own["labels"], own["low"], own["high"], color=colour, alpha=0.16, lw=0)
        last = own.iloc[-1]
        axes.annotate(
            f"{NAMES[name]}  {last['mean']:.2f}", (last["labels"], last["mean"]), (12, 0),
            textcoords="offset points", va="center", fontsize=10.5, color=colours["text"],
            annotation_clip=False,
        )  # fmt: skip
    _set_axes(axes, runs, colours)
    first, second = sentences(runs)
    figure.suptitle(
        f"{first}\n{second}", x=0.012, ha="left", fontsize=12, color=colours["text"],
        fontweight="bold", linespacing=1.5,
    )  # fmt: skip
    return figure


def _set_axes(axes, runs, colours: dict[str, str]) -> None:
    axes.set_facecolor(colours["page"])
    axes.set_xscale("log")
    ticks = sorted(runs["labels"].unique())
    axes.set_xticks(ticks, [f"all (about {t})" if t == runs.whole else str(t) for t in ticks])
    axes.minorticks_off()
    axes.set_xlim(0.93, runs.whole * 1.06)
    axes.set_ylim(0, 0.46)
    axes.axhline(0.05, color=colours["quiet"], linewidth=1, linestyle=":")
    axes.annotate("chance 0.05", (0.94, 0.036), fontsize=9, color=colours["quiet"])
    axes.set_xlabel("labels per class (log scale)", color=colours["quiet"])
    axes.set_ylabel("accuracy, mean and 95 % band, ten seeds", color=colours["quiet"])
    axes.tick_params(colors=colours["quiet"])
    axes.grid(axis="y", color=colours["grid"], linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(colours["quiet"])


def alternative(runs) -> str:
    """What the figure shows, in words and numbers, on one line and without markup."""
    curve = learning_curve(runs).set_index(["strategy", "labels"])["mean"]
    counts = sorted(runs["labels"].unique())
    lines = [
        f"{words} {', '.join(f'{curve[name, count]:.2f}' for count in counts)}"
        for name, words in NAMES.items()
    ]
    labels = ", ".join(str(count) for count in counts)
    # Brackets would end a picture's text in Markdown.
    said = re.sub(r"\[(\S+), (\S+)\]", r"(\1 to \2)", " ".join(sentences(runs)))
    return (
        f"Mean accuracy with {labels} labels per class, ten seeds: {'; '.join(lines)}; "
        f"chance 0.05. {said}"
    )


def main(arguments: list[str]) -> int:
    """Draw both pictures, or with ``--check`` tell whether they are current."""
    if arguments == ["--check"]:
        print("current" if is_current() else "stale: run .venv/bin/python docs/first_figure.py")
        return int(not is_current())
    if arguments:
        raise SystemExit("the only option is --check")
    runs = load_sweep("vision-choosing", "twemoji")
    for theme in THEMES:
        with matplotlib.rc_context({"font.family": "DejaVu Sans"}):
            picture = draw(runs, theme)
            picture.savefig(picture_path(theme), dpi=160, metadata={"Software": None})
    record = {"inputs": inputs_digest(), "finding": sentences(runs), "alt": alternative(runs)}
    write_json(RECORD, record)
    print(record["alt"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
