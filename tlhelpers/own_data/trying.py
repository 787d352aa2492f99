"""Try a saved model on something new; the nearest training items stand beside the answer."""

from __future__ import annotations

import base64
import io
import tempfile
from collections.abc import Callable
from html import escape
from pathlib import Path

import ipywidgets
import numpy as np
from PIL import Image
from torch import nn

from tlhelpers.data.images import ImageSet
from tlhelpers.data.picture_files import open_unlabelled
from tlhelpers.data.texts import TextSet
from tlhelpers.errors import CourseError
from tlhelpers.models.backbones import Backbone
from tlhelpers.models.encoders import Encoder
from tlhelpers.models.features import extract_features
from tlhelpers.models.text_features import encode
from tlhelpers.own_data.forms import CentredFeatures, CountedWords
from tlhelpers.own_data.saved_model import SavedModel, as_text_set
from tlhelpers.training.predicting import predict_outputs
from tlhelpers.widget_keys import keep_keys

NEIGHBOURS = 4
THUMBNAIL = 96  # pixels
LONGEST_NAME = 60


class TryOut(ipywidgets.VBox):
    """Something to fill in above an answer; where no widget can be drawn, the first answer stays.

    Parameters
    ----------
    field : ipywidgets widget
        Its `value` is given to `show`.
    show : callable
        From that value to HTML.
    """

    def __init__(self, field: ipywidgets.Widget, show: Callable[[object], str]):
        self.field, self.answer = field, ipywidgets.HTML(show(field.value))
        self._show = show
        self.answer.add_class("tl-said")
        super().__init__([field, self.answer, ipywidgets.HTML(keep_keys("tl-try"))])
        self.add_class("tl-try")
        field.observe(lambda change: self.update(), names="value")

    def update(self) -> None:
        """Answer what stands in the field now."""
        given = self.field.value
        if isinstance(given, tuple) and not given:  # files that were emptied below
            return
        self.answer.value = self._show(given)
        if isinstance(given, tuple):  # a notebook that is saved would hold them all
            self.field.value = ()

    def _repr_mimebundle_(self, **kwargs):
        return super()._repr_mimebundle_(**kwargs) | {"text/html": self.answer.value}


def try_sentences(saved: SavedModel, texts: TextSet, first: str | None = None) -> TryOut:
    """A field for a sentence: the model's answer, and the nearest texts that it learned from.

    Parameters
    ----------
    saved : SavedModel
        Of texts, from `load_saved`.
    texts : TextSet
        What it learned from.
    first : str, optional
        Stands in the field at first; one of `texts` when left out.

    Returns
    -------
    TryOut

    Raises
    ------
    ValueError
        If the model takes pictures, or has other classes than the texts.
    """
    _check_fit(saved, texts, "texts")
    nearest = _nearest_among(saved, texts)

    def show(typed: str) -> str:
        if not typed.strip():
            return "<p>Type a sentence.</p>"
        one = as_text_set([typed])
        near = "".join(_text_item(texts, i) for i in nearest(one)[0])
        return _answer_line(saved, saved.predict_proba(one)[0]) + _list_of_nearest(
            f"<ul>{near}</ul>", near
        )

    start = str(texts.texts[0]) if first is None else first
    layout = ipywidgets.Layout(width="95%")
    box = ipywidgets.Text(start, description="sentence", continuous_update=False, layout=layout)
    return TryOut(box, show)


def try_pictures(saved: SavedModel, images: ImageSet) -> TryOut:
    """A button for pictures of one's own: answers, and the nearest pictures that it learned from.

    Several may be chosen at once; on a telephone, the browser offers the camera.

    Parameters
    ----------
    saved : SavedModel
        Of pictures, from `load_saved`.
    images : ImageSet
        What it learned from.

    Returns
    -------
    TryOut
        Before anything is chosen, it answers for the first picture of `images`.

    Raises
    ------
    ValueError
        If the model takes texts, or has other classes than the pictures.
    """
    _check_fit(saved, images, "pictures")
    nearest = _nearest_among(saved, images)

    def answer(name: str, data: ImageSet) -> str:
        row, near = saved.predict_proba(data)[0], nearest(data)[0]
        return _picture_answer(saved, images, data.pixels[0], name, row, near)

    def show(uploads) -> str:
        if not uploads:
            return answer("the first picture that it learned from", images.subset([0]))
        pictures, complaints = _read_uploads(uploads, saved.picture_size)
        return complaints + "".join(answer(*picture) for picture in pictures)

    button = ipywidgets.FileUpload(accept="image/*", multiple=True, description="Pictures")
    return TryOut(button, show)


def _check_fit(saved: SavedModel, data: ImageSet | TextSet, kind: str) -> None:
    if saved.kind != kind:
        raise ValueError(f"the model takes {saved.kind}, not {kind}")
    if list(saved.class_names) != list(data.class_names):
        raise ValueError(
            f"the model has the classes {saved.class_names}, the {kind} have {data.class_names}"
        )


def _nearest_among(saved: SavedModel, data) -> Callable[[ImageSet | TextSet], np.ndarray]:
    """A function from new items to the places of the nearest of `data`; none without features."""
    if isinstance(saved.model, CountedWords):
        count = saved.model.counts.transform  # rows of length one
        rows = count(data.texts)
        return lambda new: _largest((count(new.texts) @ rows.T).toarray())
    if not isinstance(saved.model, nn.Module):
        return lambda new: np.empty((len(new), 0), dtype=int)
    rows = _rows_of(saved.model.backbone, data, cache=True)
    return lambda new: _largest(_rows_of(saved.model.backbone, new, cache=False) @ rows.T)


def _largest(cosines: np.ndarray) -> np.ndarray:
    return np.argsort(-cosines, axis=1, kind="stable")[:, :NEIGHBOURS]


def _rows_of(backbone: nn.Module, data, cache: bool) -> np.ndarray:
    """What the head sees of each item, scaled to length one."""
    inner, centre = backbone, 0.0
    if isinstance(backbone, CentredFeatures):
        inner, centre = backbone.backbone, backbone.centre.numpy()
    if isinstance(inner, Encoder):
        return _unit(encode(inner, data, cache=cache, progress=False) - centre)
    if isinstance(inner, Backbone):
        return _unit(extract_features(inner, data, cache=cache, progress=False) - centre)
    return _unit(predict_outputs(inner, data) - centre)


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True).clip(1e-12)


def _read_uploads(uploads, size: int) -> tuple[list[tuple[str, ImageSet]], str]:
    """Name and set of each picture among uploaded files, and a sentence for each that is none."""
    pictures, complaints = [], ""
    with tempfile.TemporaryDirectory() as folder:
        for number, upload in enumerate(uploads):
            path = Path(folder) / f"{number:03}"
            path.write_bytes(bytes(upload["content"]))
            try:
                pictures.append((str(upload["name"]), _in_memory(path, size)))
            except CourseError as error:
                # It was called otherwise when it was uploaded.
                why = escape(str(error).partition("; ")[2].replace(f": {path.name}", ""))
                complaints += f"<p>{escape(str(upload['name']))}: {why}</p>"
    return pictures, complaints


def _in_memory(path: Path, size: int) -> ImageSet:
    """Read now: the file goes with its folder."""
    data, _ = open_unlabelled(path, size)
    return ImageSet(np.asarray(data.pixels), data.labels, data.class_names, data.groups)


def _answer_line(saved: SavedModel, row: np.ndarray) -> str:
    best = int(row.argmax())
    others = ", ".join(
        f"{escape(saved.class_names[i])} {row[i]:.2f}" for i in np.argsort(-row)[1:4]
    )
    return (
        f"<p><b>{escape(saved.class_names[best])}</b>, with the confidence {row[best]:.2f} "
        f"({others})</p>"
    )


def _text_item(texts: TextSet, item: int) -> str:
    name = texts.class_names[texts.labels[item]]
    return f"<li>{escape(texts.texts[item])} <i>({escape(name)})</i></li>"


def _list_of_nearest(shown: str, near) -> str:
    return f"<p>Nearest among what it learned from:</p>{shown}" if len(near) else ""


def _picture_answer(saved, images: ImageSet, pixels, name: str, row, near) -> str:
    shown = "".join(_near_picture(images, i) for i in near)
    said = f"{saved.class_names[int(row.argmax())]}, with the confidence {row.max():.2f}"
    yours = _thumbnail(pixels, "your picture", f"Your picture; the model calls it {said}")
    title = escape(name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…")
    return (
        f"<div><p>{title}</p>{yours}{_answer_line(saved, row)}{_list_of_nearest(shown, near)}</div>"
    )


def _near_picture(images: ImageSet, item: int) -> str:
    name = images.class_names[images.labels[item]]
    alt = f"One of the nearest pictures that the model learned from; its class is {name}"
    return _thumbnail(images.pixels[item], name, alt)


def _thumbnail(pixels: np.ndarray, caption: str, alt: str) -> str:
    image, file = Image.fromarray(np.asarray(pixels)), io.BytesIO()
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    image.save(file, "JPEG", quality=80)
    data = base64.b64encode(file.getvalue()).decode()
    return (
        '<figure style="display:inline-block;margin:.3em">'
        f'<img alt="{escape(alt)}" src="data:image/jpeg;base64,{data}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
