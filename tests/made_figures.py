"""One of each figure of the course, drawn once for all tests, and what it was drawn from."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import torch
from made_runs import runs_of
from matplotlib.text import Text

from tlhelpers import figures
from tlhelpers.data.images import load_digits_pair, load_emoji
from tlhelpers.evaluation.budgets import winners
from tlhelpers.evaluation.comparisons import compare
from tlhelpers.evaluation.confidence import reliability_table, threshold_curve
from tlhelpers.evaluation.costs import fit_cost
from tlhelpers.evaluation.mistakes import accuracy_per_class, confident_mistakes, count_confusions
from tlhelpers.evaluation.together import judge_together
from tlhelpers.figures.comparing import seed_pairs
from tlhelpers.figures.curves import by_depth, by_strength
from tlhelpers.figures.domains import mean_digits
from tlhelpers.figures.gain_panels import gains
from tlhelpers.figures.mistakes import class_accuracies, confusion_matrix, mistake_sheet
from tlhelpers.figures.recipes import mix_curve, rate_test
from tlhelpers.figures.two_domains import adaptation_diagram
from tlhelpers.training.fitting import History
from tlhelpers.training.rate_test import judge_rates

RATES = {"source only": 0.6, "none": 0.6, "weak": 0.8, "strong": 0.3, "oracle": 0.9}
TARGET = runs_of(RATES, seeds=4, items=40)
SOURCE = runs_of(RATES | {"source only": 0.9, "none": 0.9, "strong": 0.7}, seeds=4, items=40)
CURVES = runs_of(
    {"frozen": 0.8, "raw pixels": 0.4}, {"frozen": 8.0}, seeds=3, items=40, labels=(1, 5)
)
STRENGTHS = {1.0: "strong", 0.0: "none", 0.1: "weak"}
AMONG = ["none", "weak", "strong"]
ORDER = ["none", "weak", "strong", "source only"]
DOMAINS = ["news", "movies", "tweets"]
VALUES = pd.DataFrame([[0.9, 0.7, 0.55], [0.62, 0.86, 0.6], [0.71, 0.74, 0.81]], DOMAINS, DOMAINS)
WORDS = pd.DataFrame(
    {
        "feature": ["the", "said", "lol", "$5 or $6_", "same"],
        "source_mean": [2.0, 0.8, 0.0, 0.10, 0.3],
        "target_mean": [1.5, 0.1, 0.4, 0.12, 0.3],
    }
)
CLASS_NAMES = ["a_cat", "dog", "bird"]
CITIES = ["rome", "paris", "berlin", "london", "madrid", "vienna"]
CAPTIONS = [*CITIES, "monday", "tuesday", "wednesday", "apple", "banana", "bread"]
GROUPS = ["city"] * 6 + ["day"] * 3 + ["food"] * 3
ROWS = np.random.default_rng(5).normal(size=(12, 9)) + 2 * np.eye(12, 9)
TOKENS = ["[CLS]", "the", "bank", "##s", "[SEP]"]
EPOCHS = pd.DataFrame(
    {
        "epoch": [1, 2, 3], "loss": [2.0, 1.0, 0.5], "accuracy": [0.1, 0.5, 0.9],
        "valid_loss": [2.1, 1.5, 1.6], "valid_accuracy": [0.1, 0.4, 0.4],
        "part": ["head", "head", "body"],
    }
)  # fmt: skip
KEPT = pd.Series([1.0, 1.0, 0.2, 0.4], index=["head", "head", "all", "all"])
LESSONS = [
    SimpleNamespace(number=number, title=title, ready=ready, has_source=source,
                    new_task=task, new_domain=domain)
    for number, title, ready, source, task, domain in [
        ("01", "One", True, True, False, False),
        ("02", "Two", False, True, True, True),
        ("03", "Three", False, True, None, None),
        ("04", "Four", True, False, None, None),
    ]
]  # fmt: skip


def scored() -> pd.DataFrame:
    """Runs with a perfect score, a useless one, and one to be minimised."""
    noise = np.random.default_rng(3).random(len(TARGET))
    return TARGET.assign(perfect=TARGET["accuracy"] * 2, noise=noise, loss=-TARGET["accuracy"])


def two_domains(n: int = 60, gap: float = 0.0, columns: int = 6):
    """Features of two domains, which lie `gap` apart, their domains and their classes."""
    rng = np.random.default_rng(0)
    classes = np.arange(2 * n) % 3
    rows = 4 * np.eye(3, columns)[classes] + rng.normal(size=(2 * n, columns))
    domains = np.repeat(["photographs", "drawings"], n)
    return rows + gap * (domains == "drawings")[:, None], domains, classes


def attention(heads: int = 2, n: int = 5) -> torch.Tensor:
    drawn = torch.rand((heads, n, n), generator=torch.Generator().manual_seed(3))
    return drawn / drawn.sum(-1, keepdim=True)


def few_emoji():
    return load_emoji("twemoji").subset(np.arange(0, 285, 19))


def guessed(images) -> np.ndarray:
    """Predictions of which the first and the fourth are wrong."""
    predicted = images.labels.copy()
    predicted[[0, 3]] = [2, 0]
    return predicted


def rates(falls: bool = True):
    """A rate test in which the loss falls and then runs away."""
    rate = np.geomspace(1e-5, 0.1, 40)
    loss = np.where(rate < 0.01, 2.5 - 2 * falls * (rate / 0.01) ** 0.5, 2.5 + 400 * rate)
    return judge_rates(pd.DataFrame({"step": range(1, 41), "rate": rate, "loss": loss}), True)


def mixes(seeds: int = 2) -> pd.DataFrame:
    """Over the mix the new task is gained before the old one is lost."""
    share = np.tile(np.linspace(0, 1, 5), seeds)
    return pd.DataFrame({"share": share, "new": 0.3 + 0.6 * share**0.5, "old": 1 - 0.8 * share**3})


RELIABILITY = reliability_table([0, 1, 1, 0], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]], 5)
RIGHT_FROM = threshold_curve(np.arange(40) % 4 > 0, np.linspace([0.5, 0.5], [0.1, 0.9], 40))
COVERED = pd.DataFrame(
    {"held_out": [20, 20, 100, 100], "tested": 50, "coverage": [0.8, 1.0, 0.86, 0.92]}
)


def judged() -> dict:
    """Gains in two panels, of which one lacks a row."""
    found = {name: compare(TARGET, name, "source only") for name in ("none", "oracle", "strong")}
    both = judge_together(found)
    return {"there": both, "back": {"oracle": both["oracle"]}}


def traps() -> dict:
    """One that pretends, one that costs, and one of which nothing is resolved."""
    pairs = {"pretends": ("oracle", "none"), "costs": ("strong", "oracle")}
    pairs["open"] = "source only", "none"
    return {name: compare(TARGET, *pair) for name, pair in pairs.items()}


def memory() -> pd.DataFrame:
    """Bytes of two ways to train."""
    parts = ["weights", "gradients", "optimizer", "activations"]
    rows = {"everything": [90e6, 90e6, 180e6, 150e6], "LoRA": [91e6, 0.6e6, 1.2e6, 112e6]}
    return pd.DataFrame(rows, index=parts).T


def costs() -> tuple[dict, dict]:
    """Seconds of two ways by items, and the lines through them; of one there are two sizes."""
    measured = {"frozen": [(100, 4.0), (200, 7.0), (400, 14.5)], "tuned": [(100, 12), (400, 40)]}
    return measured, {name: fit_cost(*zip(*rows, strict=True)) for name, rows in measured.items()}


def answers(images):
    """Probabilities of which the first and the fourth item's are wrong; the fourth's are sure."""
    found = np.full((len(images), len(images.class_names)), 0.01)
    found[np.arange(len(images)), guessed(images)] = 0.5
    found[3, guessed(images)[3]] = 9
    return found / found.sum(axis=1, keepdims=True)


@cache
def drawn() -> dict:
    """Every figure that lessons draw or may draw, and the two that only widgets show, by name."""
    return _of_runs() | _of_data()


def _of_runs() -> dict:
    both = {"here": SOURCE, "there": TARGET}
    comparison = compare(CURVES, "frozen", "raw pixels", labels=5)
    map_of = winners(CURVES, [0.5, 1.0, 10.0])
    return {
        "learning_curves": figures.learning_curves(CURVES, {"chance": 0.1}, "A title"),
        "intervals": figures.intervals([comparison, comparison], notes=["one", "another"]),
        "trap_panel": figures.trap_panel(traps(), "Some traps"),
        "by_layer": figures.by_layer(both, ORDER, lines={"chance": 0.25}),
        "by_depth": by_depth(both, ORDER, "weak"),
        "by_strength": by_strength(TARGET, SOURCE, STRENGTHS, "source only", "oracle", "DANN"),
        "seed_pairs": seed_pairs(both, "source only", "strong"),
        "every_seed": figures.every_seed(TARGET, ORDER, {"chance": 0.25}),
        "prices": figures.prices(CURVES, [1, 5]),
        "choice_map": figures.choice_map(map_of, everything=5, unit="passes"),
        "scorer_scatter": figures.scorer_scatter(
            scored(), ["perfect", "noise", "loss"], AMONG, lower=["loss"]
        ),
        "shares_diagram": figures.shares_diagram(16),
        "memory_bars": figures.memory_bars(memory(), "A small network"),
        "speed_up": figures.speed_up({1: 10.0, 2: 6.0}, lambda n: 1 / (0.2 + 0.8 / n)),
        "cost_lines": figures.cost_lines(*costs()),
        "labels_or_computing": figures.labels_or_computing(CURVES, "Made runs"),
        "history": figures.history(EPOCHS, "a run"),
        "gains": gains(judged(), "What they gain"),
        "promise_curves": figures.promise_curves({"at home": RIGHT_FROM}, 0.9, 0.7, "A head"),
        "promises_kept": figures.promises_kept(
            {"sets": {"home": (0.9, 0.87, 0.93), "abroad": (0.8, 0.75, 0.85)}}, {"sets": 0.9}
        ),
        "coverage_by_labels": figures.coverage_by_labels({"abroad": COVERED}, 0.1, {"abroad": 0.8}),
        "reliability_diagram": figures.reliability_diagram({"at home": RELIABILITY}, "A head"),
        "drift": figures.drift([0, 1, 2], {"train mode": [1.0, 0.9, 0.512]}, "cosine"),
        "history, kept": figures.history(History(EPOCHS, 2), "a run"),
        "forgetting_bars": figures.forgetting_bars(KEPT),
        "rate_test": rate_test(rates(), "a network"),
        "rate_test, none": rate_test(rates(falls=False)),
        "mix_curve": mix_curve(mixes(), "two seeds"),
        "collapse": figures.collapse(
            TARGET.assign(entropy=0.5), {"rate 0.1": {0: "none", 40: "weak"}}, "Tent"
        ),
    }


def _of_data() -> dict:
    twemoji, openmoji, few = load_emoji("twemoji"), load_emoji("openmoji"), few_emoji()
    far, domains, classes = two_domains(gap=8.0)
    views = {"as they are": far, "aligned": two_domains()[0]}
    parts = [("layers", "frozen"), ("noise", "random"), ("head", "trained")]
    return {
        "contact_sheet": figures.contact_sheet(twemoji, per_class=4),
        "paired_sheet": figures.paired_sheet(twemoji, openmoji, [0, 60, 200]),
        "picture_row": figures.picture_row(
            few.pixels[:3], ["as it was drawn", "turned to the left", "mirrored"]
        ),
        "prediction_grid": figures.prediction_grid(few, guessed(few)),
        "confusion_matrix": confusion_matrix(
            count_confusions(few.labels, guessed(few), few.class_names), "Emoji"
        ),
        "class_accuracies": class_accuracies(
            accuracy_per_class(few.labels, guessed(few), few.class_names), "Emoji"
        ),
        "mistake_sheet": mistake_sheet(
            few, confident_mistakes(few.labels, answers(few), few.class_names)
        ),
        "neighbour_sheet": figures.neighbour_sheet(
            twemoji, [3, 90], {"pixels": np.array([[1, 2], [7, 8]])}
        ),
        "setup_diagram": figures.setup_diagram("emoji\ndrawings", parts, "10 classes", "ImageNet"),
        "adaptation_diagram": adaptation_diagram(
            "source pictures", "target pictures", "a network", "the classes", "CORAL"
        ),
        "mean_digits": mean_digits({"digits": load_digits_pair("digits", size=8)}, "Digits"),
        "strategies_sheet": figures.strategies_sheet({"frozen": parts, "another": parts[1:]}),
        "course_map": figures.course_map(LESSONS),
        "matrices": figures.matrices({"TF-IDF": VALUES, "encoder": VALUES.T}, "Sentiment"),
        "word_shift": figures.word_shift(WORDS, "news", "tweets", "Words", count=4),
        "before_after": figures.before_after(views, domains, classes, CLASS_NAMES, title="Views"),
        "flat_map": figures.flat_map(ROWS, CAPTIONS, GROUPS, "Words"),
        "attention_map": figures.attention_map(TOKENS, attention(), "layer 3"),
    }


def texts(picture) -> list[str]:
    """What is written in a figure."""
    return [text.get_text() for text in picture.figure.findobj(Text) if text.get_text()]


def legend_of(axes) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]
