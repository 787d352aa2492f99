"""The widgets that try a saved model, with the mouse and the keyboard in the real `lab`."""

import io
import json

import browser
import numpy as np
import pytest
from PIL import Image

from tlhelpers.data.images import load_emoji
from tlhelpers.data.texts import load_sentiment

PICTURES = """import numpy as np

from tlhelpers.data import load_emoji, load_sentiment
from tlhelpers.models import encode, extract_features, load_backbone, load_encoder, new_linear_head
from tlhelpers.own_data import try_pictures, try_sentences
from tlhelpers.own_data.forms import linear_classifier
from tlhelpers.own_data.saved_model import SavedModel

images = load_emoji("twemoji", ["mammal", "vehicle"], size=64).subset(np.r_[0:12, 60:72])
backbone = load_backbone("efficientnet_lite0", size=64)
head = new_linear_head().fit(extract_features(backbone, images), images.labels)
model = linear_classifier(backbone, head, images.class_names)
try_pictures(SavedModel("pictures", images.class_names, model, 64), images)"""
SENTENCES = """texts = load_sentiment("tweets").subset(np.r_[0:20, 2000:2020])
encoder = load_encoder("minilm-l6")
head = new_linear_head().fit(encode(encoder, texts, progress=False), texts.labels)
model = linear_classifier(encoder, head, texts.class_names)
try_sentences(SavedModel("texts", texts.class_names, model), texts)"""
NAME, NEIGHBOURS = "97_own_data.ipynb", 4


@pytest.fixture
def notebook(page, lab):
    """A notebook with the two widgets, in the settings of a lesson."""
    lesson = json.loads((lab.work / "00_start_here.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in lesson["cells"] if cell["cell_type"] == "code"][:2]
    for cell, source in zip(cells, (PICTURES, SENTENCES), strict=True):
        cell["source"] = source
    (lab.work / NAME).write_text(json.dumps({**lesson, "cells": cells}), encoding="utf-8")
    notebook = browser.Notebook(page, lab.url(NAME))
    notebook.wait_until_idle(60)
    page.wait_for_timeout(2000)  # pop-ups come late
    assert notebook.popups() == []
    return notebook


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_uploaded_pictures_and_a_typed_sentence_are_answered(notebook, page, tmp_path):
    pictures, sentences = notebook.code_cells().all()
    notebook.run(pictures)
    notebook.run(sentences)
    assert_pictures_are_answered(notebook, page, pictures, tmp_path)
    assert_sentences_are_answered(page, sentences, tmp_path)
    assert notebook.complaints() == []
    assert notebook.popups() == []


def assert_pictures_are_answered(notebook, page, cell, tmp_path):
    """Two pictures that it learned from, each nearest to itself, and a text that is none."""
    drawn = load_emoji("twemoji", ["mammal", "vehicle"], size=64).pixels
    files = {"a bear.png": png(drawn[2]), "no picture.jpg": b"to do", "a boat.png": png(drawn[63])}
    shown = cell.locator(".widget-html")
    shown.filter(has_text="the first picture that it learned from").wait_for()
    cell.scroll_into_view_if_needed()
    with page.expect_file_chooser() as choosing:
        cell.get_by_role("button", name="Pictures").focus()
        page.keyboard.press("Space")
    assert choosing.value.is_multiple()
    choosing.value.set_files(
        [{"name": name, "mimeType": "", "buffer": content} for name, content in files.items()]
    )
    shown.filter(has_text="no picture.jpg: 1 left out not recognised as pictures;").wait_for()
    for name, answer in {"a bear.png": "mammal", "a boat.png": "vehicle"}.items():
        own = shown.locator("div", has=page.locator("p", has_text=name)).last
        assert own.locator("b").inner_text() == answer
        assert own.locator("figcaption").all_inner_texts()[1] == answer
        assert own.locator("img").count() == 1 + NEIGHBOURS
    widths = [figure["width"] for figure in notebook.figures(cell)]
    assert widths == [64] * 2 * (1 + NEIGHBOURS)
    page.screenshot(path=tmp_path / "pictures.png")


def assert_sentences_are_answered(page, cell, tmp_path):
    """A sentence that it learned from is nearest to itself; the next gets an answer of its own."""
    texts = load_sentiment("tweets").subset(np.r_[0:20, 2000:2020])
    shown, box = cell.locator(".widget-html"), cell.locator("input[type=text]")
    shown.filter(has_text="with the confidence").wait_for()
    cell.scroll_into_view_if_needed()
    answers = set()
    for place in (7, 31):
        box.fill(str(texts.texts[place]))
        box.press("Enter")
        nearest, name = shown.locator("li").first, texts.class_names[texts.labels[place]]
        nearest.filter(has_text=str(texts.texts[place])).wait_for()
        assert nearest.locator("i").inner_text() == f"({name})"
        assert shown.locator("li").count() == NEIGHBOURS
        answers.add(shown.locator("p").first.inner_text())
    assert len(answers) == 2
    page.screenshot(path=tmp_path / "sentences.png")
