"""How long each widget of the lessons takes to answer, on the data and tables that lessons give it.

Start it with the environment's Python: ``.venv/bin/python benchmarks/widgets.py``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ["TLHELPERS_WORK"] = tempfile.mkdtemp()  # no quiz of the learner's is answered here
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from rounds import positive, print_machine, run

from tlhelpers.course.prediction_form import PredictionForm
from tlhelpers.course.prediction_records import question
from tlhelpers.course.quiz_widget import Quiz
from tlhelpers.data.images import load_emoji
from tlhelpers.data.splits import split_by_group
from tlhelpers.data.texts import load_sentiment
from tlhelpers.experiments.stored import load_sweep
from tlhelpers.figures.widgets import depth_explorer, label_slider, strength_walk, word_explorer
from tlhelpers.models.backbones import load_backbone
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.features import extract_features
from tlhelpers.models.heads import new_linear_head
from tlhelpers.models.text_features import encode
from tlhelpers.models.vector_files import load_vectors
from tlhelpers.own_data.forms import linear_classifier
from tlhelpers.own_data.saved_model import SavedModel
from tlhelpers.own_data.trying import try_sentences

DEPTHS = ["head only", "last convolution", "from blocks.5", "from blocks.3", "everything"]
STRENGTHS = {0.0: "both in BatchNorm"} | {s: f"DANN {s:g}" for s in (0.03, 0.1, 0.3, 1.0)}
WORDS = ["violin", "Paris", "doctor", "cheap", "kayaks", "hockey"]
SENTENCES = ["What a lovely day!", "It broke after a week.", "Not my kind of film.", "Well done."]


def of_labels() -> tuple[Callable, list]:
    """Lesson 00: labels per class; each step trains a head."""
    images = load_emoji("twemoji")
    features = extract_features(load_backbone("efficientnet_lite0"), images, progress=False)
    shown = label_slider(features, images, split_by_group(images, test=0.3, seed=0))
    return _mover(shown.slider), list(range(shown.slider.min, shown.slider.max + 1))


def of_depths() -> tuple[Callable, list]:
    """Lesson 03: how much of a network trains, from stored runs."""
    tables = {name: load_sweep("vision-tuning", name) for name in ("twemoji", "openmoji")}
    shown = depth_explorer(tables, DEPTHS)
    return _mover(shown.slider), DEPTHS[1:]


def of_words() -> tuple[Callable, list]:
    """Lesson 05: a word's neighbours among the vectors of GloVe."""
    return _mover(word_explorer(load_vectors("glove-50d"), "bank").slider), WORDS


def of_strengths() -> tuple[Callable, list]:
    """Lesson 08: the strength of an adaptation, from stored runs."""
    runs, source_runs = (load_sweep("vision-framed-mnist", name) for name in ("digits", "mnist"))
    shown = strength_walk(runs, source_runs, STRENGTHS, control="source only", oracle="oracle")
    return _mover(shown.slider), list(STRENGTHS)[1:]


def of_sentences() -> tuple[Callable, list]:
    """Lesson 10: a sentence for a saved model on MiniLM, with what it learned from."""
    texts = load_sentiment("tweets").subset(np.arange(0, 2000, 2))
    encoder = load_encoder("minilm-l6")
    head = new_linear_head().fit(encode(encoder, texts, progress=False), texts.labels)
    model = linear_classifier(encoder, head, texts.class_names)
    shown = try_sentences(SavedModel("texts", texts.class_names, model), texts)
    return _mover(shown.field), SENTENCES


def of_quizzes() -> tuple[Callable, list]:
    """Every lesson: an answer to a question of the quiz."""
    boxes = Quiz("02").questions

    def answer(box) -> None:
        box.answer = box.asked.right_answer
        box.check()

    return answer, boxes


def of_predictions() -> tuple[Callable, list]:
    """Every lesson: a prediction."""
    form = PredictionForm("00.first", question("00.first"))
    return _mover(form.field), ["40", "50", "60", "70"]


def _mover(field) -> Callable:
    def move(value) -> None:
        field.value = value

    return move


WIDGETS = {
    "label_slider": of_labels,
    "depth_explorer": of_depths,
    "word_explorer": of_words,
    "strength_walk": of_strengths,
    "try_sentences": of_sentences,
    "quiz": of_quizzes,
    "record_prediction": of_predictions,
}


def milliseconds(use: Callable, values: list, clock: Callable[[], float]) -> list[float]:
    """Of each use, from the new value to the answer, which is drawn then."""
    found = []
    for value in values:
        start = clock()
        use(value)
        found.append(1000 * (clock() - start))
    return found


def main() -> None:
    """Print a table: per widget the median and the slowest of its steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=positive, default=20, help="the most steps of a widget")
    parser.add_argument(
        "--cpu-clock", action="store_true", help="for a machine that does other work"
    )
    options = parser.parse_args()
    clock = time.process_time if options.cpu_clock else time.perf_counter
    print_machine()
    print("\n| widget | steps | median, ms | slowest, ms |\n|---|--:|--:|--:|")
    for name, make in WIDGETS.items():
        use, values = make()
        took = milliseconds(use, values[: options.steps], clock)
        print(f"| {name} | {len(took)} | {statistics.median(took):.0f} | {max(took):.0f} |")


if __name__ == "__main__":
    run(main)
