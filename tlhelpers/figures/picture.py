"""A figure with a text for those who cannot see it, and the one place where labels are set."""

from __future__ import annotations

import base64
import html
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text

# Fonts for what matplotlib's own does not hold, in their order; those that are installed serve.
MORE_FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "PingFang SC", "Hiragino Sans",
    "Apple SD Gothic Neo", "Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "Nirmala UI",
    "Noto Sans Devanagari", "Noto Sans Thai", "Arial Unicode MS", "WenQuanYi Zen Hei",
)  # fmt: skip


class Picture:
    """A figure with a text alternative; the last line of a cell shows it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    alt : str
        What the figure shows, in words and numbers.
    math : bool
        Read formulas between two dollar signs. Off, since a label may come from the data.
    """

    def __init__(self, figure: Figure, alt: str, math: bool = False):
        self.figure, self.alt = figure, " ".join(alt.split("\n"))
        set_labels(figure, math)

    def png(self, dpi: int = 100) -> bytes:
        """The figure as PNG."""
        buffer = io.BytesIO()
        with glyph_warnings_caught() as missing:
            self.figure.savefig(
                buffer, format="png", dpi=dpi, bbox_inches="tight", metadata={"Software": None}
            )
        if missing:
            warnings.warn(
                "no font of this computer holds some letters of this figure, which are drawn as "
                "boxes: installing a font such as Noto Sans CJK helps",
                stacklevel=2,
            )
        return buffer.getvalue()

    def save(self, path, dpi: int = 150) -> Path:
        """Write the figure as PNG to `path`."""
        Path(path).write_bytes(self.png(dpi))
        return Path(path)

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.png()).decode()
        return f'<img src="data:image/png;base64,{data}" alt="{html.escape(self.alt)}" />'

    def __repr__(self) -> str:
        return f"Figure: {self.alt}"


def set_labels(figure: Figure, math: bool = False) -> None:
    """Make every text of a figure be drawn as it stands, in a font that holds its letters."""
    for text in _texts(figure):
        text.set_parse_math(math)
        if not text.get_text().isascii():
            text.set_fontfamily(["sans-serif", *_more_fonts()])


def _texts(figure: Figure) -> list[Text]:
    """All of them; ticks that are not seen are not asked for, since that would make them."""
    bare = [axes for axes in figure.axes if not axes.axison]
    parts = [part for part in figure.get_children() if part not in bare]
    parts += [part for axes in bare for part in (axes.title, *axes.texts)]
    return [text for part in parts for text in part.findobj(Text)]


@cache
def _more_fonts() -> list[str]:
    installed = set(font_manager.get_font_names())
    return [name for name in MORE_FONTS if name in installed]


@contextmanager
def glyph_warnings_caught() -> Iterator[list]:
    """Warnings of letters that no font holds go into the list given; others come through."""
    missing: list = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield missing
    missing += [one for one in caught if "missing from font" in str(one.message)]
    for one in caught:
        if one not in missing:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
