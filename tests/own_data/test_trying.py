"""The widgets that try a saved model on something new."""

import io
import re
from datetime import UTC, datetime
from html import unescape

import numpy as np
import pytest
from PIL import Image

from tlhelpers.data.images import load_emoji
from tlhelpers.data.texts import load_sentiment
from tlhelpers.models.backbones import load_backbone
from tlhelpers.models.encoder_loading import load_encoder
from tlhelpers.models.features import extract_features
from tlhelpers.models.heads import new_linear_head
from tlhelpers.models.text_features import encode
from tlhelpers.own_data.final_training import linear_head_on_words, majority
from tlhelpers.own_data.forms import linear_classifier
from tlhelpers.own_data.saved_model import SavedModel
from tlhelpers.own_data.trying import NEIGHBOURS, try_pictures, try_sentences

TEXTS = load_sentiment("tweets").subset(np.r_[0:40, 2000:2040])
IMAGES = load_emoji("twemoji", ["mammal", "vehicle"], size=64).subset(np.r_[0:12, 60:72])


@pytest.fixture(scope="module")
def of_texts():
    encoder = load_encoder("minilm-l6")
    head = new_linear_head().fit(encode(encoder, TEXTS, progress=False), TEXTS.labels)
    model = linear_classifier(encoder, head, TEXTS.class_names)
    return SavedModel("texts", TEXTS.class_names, model)


@pytest.fixture(scope="module")
def of_pictures():
    backbone = load_backbone("efficientnet_lite0", size=64)
    head = new_linear_head().fit(extract_features(backbone, IMAGES), IMAGES.labels)
    model = linear_classifier(backbone, head, IMAGES.class_names)
    return SavedModel("pictures", IMAGES.class_names, model, 64)


def upload(name, content):
    when = datetime(2026, 1, 1, tzinfo=UTC)
    told = {"name": name, "type": "", "size": len(content), "last_modified": when}
    return told | {"content": memoryview(content)}


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_a_typed_sentence_is_answered_with_what_the_model_says_of_it(of_texts):
    tried = try_sentences(of_texts, TEXTS)
    tried.field.value = "What a lovely day!"
    row = of_texts.predict_proba(["What a lovely day!"])[0]
    name = of_texts.class_names[row.argmax()]
    assert f"<b>{name}</b>, with the confidence {row.max():.2f}" in tried.answer.value
    assert tried.answer.value.count("<li>") == NEIGHBOURS


def test_the_nearest_text_to_one_that_was_learned_from_is_that_text(of_texts):
    tried = try_sentences(of_texts, TEXTS, str(TEXTS.texts[7]))
    first = re.search(r"<li>(.*?) <i>", tried.answer.value)[1]
    assert unescape(first) == TEXTS.texts[7]


def test_what_is_typed_comes_out_as_text_and_nothing_asks_for_a_sentence(of_texts):
    tried = try_sentences(of_texts, TEXTS, "<script>alert(1)</script>")
    assert "<script>" not in tried.answer.value
    tried.field.value = "   "
    assert "Type a sentence" in tried.answer.value


def test_of_counted_words_the_nearest_share_words():
    saved = SavedModel("texts", TEXTS.class_names, linear_head_on_words(TEXTS).model)
    tried = try_sentences(saved, TEXTS, str(TEXTS.texts[7]))
    assert unescape(re.search(r"<li>(.*?) <i>", tried.answer.value)[1]) == TEXTS.texts[7]


def test_where_nothing_is_learned_there_is_an_answer_and_no_neighbour():
    most = SavedModel("pictures", IMAGES.class_names, majority(IMAGES).model, 64)
    shown = try_pictures(most, IMAGES).answer.value
    assert "<b>mammal</b>" in shown and "Nearest" not in shown


def test_before_anything_is_uploaded_the_first_picture_is_answered_also_without_a_widget(
    of_pictures,
):
    tried = try_pictures(of_pictures, IMAGES)
    assert "the first picture that it learned from" in tried.answer.value
    assert tried._repr_mimebundle_()["text/html"] == tried.answer.value
    alts = re.findall('<img alt="([^"]*)"', tried.answer.value)
    assert len(alts) == 1 + NEIGHBOURS and all(len(alt) > 40 for alt in alts)


def test_several_uploads_are_answered_each_and_what_is_no_picture_is_told(of_pictures):
    tried = try_pictures(of_pictures, IMAGES)
    tried.field.value = (
        upload("a<b>.png", png(IMAGES.pixels[0])),
        upload("notes.jpg", b"to do"),
        upload("bus.png", png(IMAGES.pixels[20])),
    )
    shown = tried.answer.value
    assert tried.field.value == (), "a saved notebook would hold the files"
    assert "notes.jpg: 1 left out not recognised as pictures;" in shown
    assert "a&lt;b&gt;.png" in shown and "bus.png" in shown
    rows = of_pictures.predict_proba(IMAGES.subset([0, 20]))
    for row in rows:
        assert f"{of_pictures.class_names[row.argmax()]}</b>, with the confidence" in shown
        assert f"{row.max():.2f}" in shown


def test_uploads_without_any_picture_are_told_and_the_next_is_answered(of_pictures):
    tried = try_pictures(of_pictures, IMAGES)
    tried.field.value = (upload("empty.png", b""), upload("notes.jpg", b"to do"))
    assert tried.answer.value.count("left out") == 2
    assert "empty.png: 1 left out that are empty<" in tried.answer.value
    tried.field.value = (upload("bus.png", png(IMAGES.pixels[20])),)
    assert "bus.png" in tried.answer.value and "left" not in tried.answer.value


def test_a_model_of_the_other_kind_or_with_other_classes_is_refused(of_texts, of_pictures):
    with pytest.raises(ValueError, match="takes pictures, not texts"):
        try_sentences(of_pictures, TEXTS)
    with pytest.raises(ValueError, match="takes texts, not pictures"):
        try_pictures(of_texts, IMAGES)
    other = SavedModel("texts", ["no", "yes"], of_texts.model)
    with pytest.raises(ValueError, match="has the classes"):
        try_sentences(other, TEXTS)
