"""The report: one page that opens alone, says all it should, and drops nothing."""

import base64
import csv
import io
import re
from itertools import pairwise

import accessibility
import html5lib
import numpy as np
import pytest
from browser import Watch, chromium, window
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_comparison import LINEAR, MAJORITY, NEAR, RATES, made_comparison
from PIL import Image

from tlhelpers.errors import CourseError
from tlhelpers.figures.palette import LOOKS
from tlhelpers.own_data.report import PAGE, write_report
from tlhelpers.own_data.report_figures import strategy_looks

NAMESPACE = "{http://www.w3.org/1999/xhtml}"
INLINE = [NAMESPACE + name for name in ("bdi", "wbr", "strong", "code", "span", "a")]
HEADINGS = [f"h{level}" for level in range(1, 7)]


class Page:
    """A written report, parsed as strictly as html5lib can."""

    def __init__(self, path):
        self.folder, self.source = path.parent, path.read_text("utf-8")
        self.root = html5lib.HTMLParser(strict=True).parse(self.source)

    def all(self, name, within=None):
        return list((self.root if within is None else within).iter(f"{NAMESPACE}{name}"))

    def text(self, element=None) -> str:
        """What one reads; a cell or an entry ends with a space."""
        return " ".join("".join(self._texts(self.root if element is None else element)).split())

    def _texts(self, element):
        yield element.text or "" if isinstance(element.tag, str) else ""
        for inner in element:
            yield from self._texts(inner)
            yield inner.tail or ""
        yield "" if element.tag in INLINE else " "

    def section(self, name):
        return next(one for one in self.all("section") if one.get("id") == name)

    def rows(self, file):
        with (self.folder / file).open(encoding="utf-8-sig", newline="") as opened:
            return list(csv.DictReader(opened))


def page_of(comparison, folder, model=None) -> Page:
    return Page(write_report(comparison, folder, model))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    comparison = made_comparison()
    reading = comparison.reading
    for item in range(13):
        reading.leave_out(f"broken/{item}.jpg", "that cannot be read", "truncated")
    reading.leave_out("empty.jpg", "that are empty")
    reading.doubts["folder/3.jpg"] = "turned as its EXIF entry says"
    reading.notes.append("Sub-folders are the classes.")
    reading.duplicates = [["folder/1.jpg", "folder/4.jpg"], ["folder/2.jpg", "folder/3.jpg"]]
    reading.conflicts = [["folder/2.jpg", "folder/3.jpg"]]
    model = folder / "my model"
    model.mkdir()
    (model / "weights.safetensors").write_bytes(bytes(2_000_000))
    return page_of(comparison, folder / "report", model)


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    long = ["short text"] * 59 + ["a long text " * 100 + "with an end"]
    comparison = made_comparison("texts", texts=long)
    return page_of(comparison, tmp_path_factory.mktemp("texts"))


@pytest.fixture(params=["pictures", "texts"])
def page(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(autouse=True)
def quick(pictures, texts, monkeypatch):
    """Pages of single tests have undrawn figures and few resamples: together they take a second."""
    drawn = "data:image/svg+xml;base64,PHN2Zy8+"
    monkeypatch.setattr("tlhelpers.own_data.report_figures._svg", lambda figure, alt: drawn)
    monkeypatch.setattr("tlhelpers.own_data.report_numbers.DRAWS", 1)


# ---------------------------------------------------------------- the page as HTML


def test_the_page_asks_for_nothing_and_runs_nothing(page):
    assert page.all("script") == page.all("link") == page.all("iframe") == []
    for element in page.root.iter():
        for name, value in element.attrib.items():
            assert not name.startswith("on"), name
            if name in ("src", "srcset"):
                assert value.startswith("data:image/")
            if name == "href":
                assert value.startswith("#")
    assert "url(" not in page.source and "@import" not in page.source
    policy = next(one for one in page.all("meta") if one.get("http-equiv"))
    assert "default-src 'none'" in policy.get("content")


def test_headings_come_in_order_and_the_sections_of_the_list_are_there_once(page):
    levels = [
        HEADINGS.index(element.tag.removeprefix(NAMESPACE))
        for element in page.root.iter()
        if isinstance(element.tag, str) and element.tag.removeprefix(NAMESPACE) in HEADINGS
    ]
    assert levels[0] == 0 and levels.count(0) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    names = [element.get("id") for element in page.root.iter() if element.get("id")]
    assert len(names) == len(set(names))
    assert {one.get("href")[1:] for one in page.all("a")} <= set(names)
    assert page.root.get("lang") == "en"
    order = [one.get("id") for one in page.all("section")]
    assert order == [
        "strategies", "labels", "confusions", "classes", "mistakes", "errors", "duplicates",
        "skipped", "cost", "next", "measured", "model",
    ]  # fmt: skip


def test_each_picture_has_words_and_each_table_a_caption_and_scopes(page):
    for image in page.all("img"):
        assert image.get("alt").strip()
    for table in page.all("table"):
        assert page.text(page.all("caption", table)[0])
        assert all(one.get("scope") in ("col", "row") for one in page.all("th", table))
    for one in page.all("div"):
        assert (one.get("tabindex"), one.get("role")) == ("0", "region") and one.get("aria-label")


def test_the_words_of_a_figure_hold_its_numbers(pictures):
    first, second = [one.get("alt") for one in pictures.all("img")][:2]
    shown = pictures.text(pictures.section("strategies"))
    for name in RATES:
        (mean,) = re.findall(rf"{name} (1?\.\d\d \[1?\.\d\d, 1?\.\d\d\])", first)
        assert f"{name} {mean}" in shown
        assert re.search(rf"{name} 2: 1?\.\d\d \[.*?\], 10: {re.escape(mean)}", second)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_colour_of_letters_stands_out_from_its_ground_on_light_dark_and_paper(pictures):
    blocks = re.findall(r":root \{(.*?)\}", pictures.source, re.DOTALL)
    assert len(blocks) == 3
    pairs = [(ink, ground) for ink in ("ink", "muted", "accent") for ground in ("page", "card")]
    pairs += [("ink", "soft"), ("warn-ink", "warn")]
    pairs += [("low-ink", f"s{shade}") for shade in range(1, 5)]
    pairs += [("high-ink", f"s{shade}") for shade in range(5, 9)]
    for block in blocks:
        colours = dict(re.findall(r"--([\w-]+): (#\w+);", block))
        colours = {
            name: value if len(value) == 7 else "#" + "".join(2 * sign for sign in value[1:])
            for name, value in colours.items()
        }
        for ink, ground in pairs:
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_a_browser_shows_it_without_the_network_and_without_scrolling_sideways(page, width):
    with window(chromium(), width=width) as opened:
        watch = Watch.of(opened)
        opened.goto((page.folder / PAGE).as_uri())
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        broken = "[...document.images].filter(i => !i.naturalWidth).length"
        assert opened.evaluate(broken) == 0
        assert watch.errors == []
        assert [url for url in watch.requests if not url.startswith(("data:", "file:"))] == []
        opened.emulate_media(color_scheme="dark" if width < 390 else "light")
        opened.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert accessibility.faults(opened) == []


# ---------------------------------------------------------------- what it says


def test_the_answer_comes_first_with_its_interval(pictures):
    head = pictures.text(pictures.all("header")[0])
    assert "Take frozen features: .90 [.85, .95]." in head
    assert re.search(r"had not seen: \.\d\d \[\.\d\d, 1?\.\d\d\]", head)
    assert "60 pictures in 3 classes" in head


def test_every_strategy_has_a_row_with_its_verdict_and_what_was_not_run_its_reason(pictures):
    cells = {
        pictures.text(pictures.all("th", row)[0]): pictures.text(row)
        for row in pictures.all("tr", pictures.section("strategies"))
    }
    assert set(RATES) <= set(cells)
    assert "taken" in cells[LINEAR]
    assert "no difference is resolved; about 60 more labels per class would tell" in cells[NEAR]
    assert "is resolved" in cells[MAJORITY] and "no difference" not in cells[MAJORITY]
    not_run = pictures.text(pictures.section("strategies"))
    assert "LoRA did not fit: it would have taken 9 minutes." in not_run
    more = pictures.text(pictures.section("labels"))
    assert "From 2 to 10 labels per class" in more and "that more labels helped is resolved" in more
    assert f"About 60 more labels per class would tell whether {LINEAR} or {NEAR}" in more


def test_where_no_gain_over_the_majority_is_resolved_nothing_was_learned(tmp_path):
    rates = RATES | {LINEAR: 0.34, MAJORITY: 0.33}
    page = page_of(made_comparison(rates=rates), tmp_path)
    assert "Nothing was learned." in page.text(page.all("header")[0])
    row = next(one for one in page.all("tr") if page.text(one).startswith(LINEAR))
    assert "nothing was learned" in page.text(row)
    page = page_of(made_comparison(), tmp_path)
    assert "othing was learned" not in page.text()


def test_what_was_left_out_is_told_with_its_reason_and_all_names_are_beside_it(pictures):
    section = pictures.text(pictures.section("skipped"))
    assert "60 pictures were read from my data; 14 were left out." in section
    assert "Files that cannot be read (13)" in section and "And 3 more." in section
    assert "Files that are empty (1) empty.jpg" in section
    assert "folder/3.jpg: turned as its EXIF entry says" in section
    assert "Sub-folders are the classes." in section
    rows = pictures.rows("reading.csv")
    assert [row["what"] for row in rows].count("left out") == 14
    assert rows[-1] == {
        "name": "folder/3.jpg", "what": "kept, doubtful", "reason": "",
        "detail": "turned as its EXIF entry says",
    }  # fmt: skip


def test_groups_of_two_classes_come_first_side_by_side(pictures):
    section = pictures.section("duplicates")
    titles = [pictures.text(one) for one in pictures.all("h3", section)]
    assert titles == ["Group 1, of two classes", "Group 2"]
    first, _ = pictures.all("ul", section)
    assert len(pictures.all("img", first)) == 2
    assert "folder/2.jpg class bird" in pictures.text(first)
    rows = pictures.rows("duplicates.csv")
    assert [(row["group"], row["name"], row["two_classes"]) for row in rows] == [
        ("1", "folder/2.jpg", "yes"), ("1", "folder/3.jpg", "yes"),
        ("2", "folder/1.jpg", "no"), ("2", "folder/4.jpg", "no"),
    ]  # fmt: skip


def test_classes_and_confusions_count_each_item_once(pictures):
    section = pictures.text(pictures.section("confusions"))
    assert "54 right (.90)" in section
    numbers = [
        int(pictures.text(cell) or 0)
        for row in pictures.all("tr", pictures.section("confusions"))
        for cell in pictures.all("td", row)
    ]
    assert sum(numbers) == 60 and numbers[0] + numbers[4] + numbers[8] == 54
    rows = pictures.rows("classes.csv")
    assert sum(int(row["items"]) for row in rows) == 60


def test_cost_steps_versions_and_the_model_are_named(pictures):
    cost = pictures.text(pictures.section("cost"))
    assert "20 ms" in cost and "1,000 pictures 20 seconds" in cost
    assert "100,000 pictures 33.3 minutes" in cost and "The whole comparison 1.5 minutes" in cost
    steps = pictures.all("li", pictures.section("next"))
    assert 3 <= len(steps) <= 5
    assert re.search(r"predict '.*/my model' new_pictures/", pictures.text(steps[-2]))
    assert "python 3.12.1" in pictures.text(pictures.section("measured"))
    model = pictures.text(pictures.section("model"))
    assert "my model" in model and "weights.safetensors, 2.00 MB" in model


def test_a_long_text_unfolds_and_stands_whole_in_the_table(texts):
    long = "a long text " * 100 + "with an end"
    found = [one for one in texts.all("details") if "whole text" in texts.text(one)]
    assert [texts.text(one) for one in found] == [f"whole text {long}"]
    rows = texts.rows("mistakes.csv")
    assert long in [row["text"] for row in rows]


# ---------------------------------------------------------------- nothing is dropped


def test_each_mistake_is_shown_once_or_counted_and_all_stand_in_the_table(tmp_path):
    comparison = made_comparison(items=900, tested=60, seeds=2, labels=(5,))
    page = page_of(comparison, tmp_path)
    rows = page.rows("mistakes.csv")
    assert len(rows) == 90
    errors = page.rows("label_errors.csv")
    shown = {
        place: [page.text(one) for one in page.all("dd", page.section(place)) if one.get("class")]
        for place in ("mistakes", "errors")
    }
    assert len(shown["errors"]) == min(24, len(errors)) > 0
    assert not set(shown["mistakes"]) & set(shown["errors"])
    text = page.text(page.section("mistakes"))
    more = int(re.search(r"And (\d+) more", text).group(1))
    elsewhere = int(re.search(r"(\d+) of these mistakes", text).group(1))
    assert len(shown["mistakes"]) + more + elsewhere == 90
    assert float(rows[0]["confidence"]) == 0.9 and rows[0]["given"] != rows[0]["predicted"]


def test_many_pictures_and_classes_stay_within_three_megabytes(tmp_path):
    names = [f"class {place} with a long name of its own" for place in range(50)]
    comparison = made_comparison(
        items=10_000, class_names=names, seeds=2, labels=(5, 20), tested=400, side=40
    )
    reading = comparison.reading
    reading.duplicates = [list(pair) for pair in zip(*[iter(reading.names)] * 2, strict=True)]
    reading.conflicts = reading.duplicates
    for item in range(5000):
        reading.leave_out(f"broken/{item}.jpg", "that cannot be read")
    path = write_report(comparison, tmp_path)
    assert path.stat().st_size < 3_000_000
    page = Page(path)
    assert len(page.rows("mistakes.csv")) == 1000
    assert len(page.rows("duplicates.csv")) == 10_000
    assert len(page.rows("reading.csv")) == 5000
    matrix = next(one for one in page.all("table") if "matrix" in one.get("class", ""))
    assert len(page.all("td", matrix)) == 2500


def test_more_classes_than_a_matrix_holds_are_told_and_listed(tmp_path):
    comparison = made_comparison(items=150, class_names=[f"c{place}" for place in range(75)])
    page = page_of(comparison, tmp_path)
    assert "75 classes, too many for one matrix" in page.text(page.section("confusions"))
    assert len(page.rows("confusions.csv")) == 15


def test_small_pictures_are_webp_of_few_bytes_and_carry_no_notes_of_a_camera(tmp_path):
    page = page_of(made_comparison(side=224), tmp_path)
    sources = [one.get("src") for one in page.all("img") if "thumb" in one.get("class", "")]
    assert sources
    for source in sources:
        data = base64.b64decode(source.removeprefix("data:image/webp;base64,"))
        assert len(data) < 12_000  # of noise; photographs take a third
        with Image.open(io.BytesIO(data)) as image:
            assert image.size == (128, 128) and not image.getexif() and image.format == "WEBP"


# ---------------------------------------------------------------- somebody's data


def test_markup_in_every_name_comes_out_as_text(tmp_path):
    bad = "<script>alert('x')</script>"
    names = [f'{bad}"{item}' for item in range(60)]
    texts = [f"{bad} {item}" for item in range(60)]
    classes = (bad, "{{ 7*7 }}", "a & b")
    comparison = made_comparison("texts", class_names=classes, texts=texts, names=names)
    reading = comparison.reading
    reading.source = f"{bad}.csv"
    reading.leave_out(bad, f"that are {bad}", bad)
    reading.doubts[names[0]] = bad
    reading.notes.append(bad)
    reading.duplicates = reading.conflicts = [names[:2]]
    comparison.not_run = {bad: bad}
    comparison.settings, comparison.versions = {bad: bad}, {bad: bad}
    comparison.answer.sentence = f"Take {bad}"
    page = page_of(comparison, tmp_path, f'{bad}"model')
    assert page.all("script") == []
    assert "{{ 7*7 }}" in page.text() and "49" not in page.text(page.section("confusions"))
    for place in ("confusions", "classes", "errors", "duplicates", "skipped"):
        assert bad in page.text(page.section(place)), place


HOSTILE = st.text(
    alphabet=st.sampled_from("<>&\"'`={}%#/\\_-é🐟\u202e\u200d\ufffe\x00\x0b\x85\r\n\t\udcff𝄞 a"),
    min_size=1,
    max_size=12,
)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(hostile=st.lists(HOSTILE, min_size=6, max_size=6))
def test_whatever_somebody_calls_things_the_page_is_valid(tmp_path, hostile):
    name, reason, detail, note, source, setting = hostile
    names = [f"{name}{item}" for item in range(30)]
    comparison = made_comparison(
        items=30, names=names, seeds=2, labels=(3,), class_names=("x", f"y{note}y", "z")
    )
    reading = comparison.reading
    reading.source = source
    reading.leave_out(name, reason, detail)
    reading.duplicates = [names[:2]]
    reading.notes.append(note)
    comparison.settings = {setting: detail}
    comparison.not_run = {reason: note}
    page = page_of(comparison, tmp_path)
    assert page.all("script") == []
    assert len(page.rows("mistakes.csv")) == 3


# ---------------------------------------------------------------- comparisons that are not whole


def test_one_split_and_one_label_count_make_a_page_without_intervals_and_curve(tmp_path):
    page = page_of(made_comparison(seeds=1, labels=(5,)), tmp_path)
    assert "there is no learning curve" in page.text(page.section("labels"))
    assert "not compared" in page.text(page.section("strategies"))
    assert "nan" not in page.text()


def test_without_probabilities_the_page_says_so(tmp_path):
    comparison = made_comparison()
    comparison.probabilities = np.full((60, 3), np.nan)
    page = page_of(comparison, tmp_path)
    assert "No item has probabilities" in page.text()
    told = page.text(page.section("errors"))
    assert "They were not looked for" in told and "None was found" not in told
    comparison = made_comparison()
    comparison.probabilities[:10] = np.nan
    page = page_of(comparison, tmp_path)
    assert "each of 50 pictures" in page.text(page.section("confusions"))
    assert "10 pictures were not judged, being outside the sample" in page.text(
        page.section("confusions")
    )


def test_a_picture_that_is_gone_since_does_not_stop_the_page(tmp_path):
    class Gone:
        def __getitem__(self, item):
            raise OSError("no such file")

    comparison = made_comparison()
    object.__setattr__(comparison.data, "pixels", Gone())
    page = page_of(comparison, tmp_path)
    assert "This file cannot be opened any more." in page.text(page.section("errors"))


def test_a_strategy_that_ran_at_a_smaller_size_alone_keeps_its_verdict(tmp_path):
    comparison = made_comparison()
    runs = comparison.runs
    runs["strategy"] = runs["strategy"].replace({NEAR: f"{NEAR}, 96 px"})
    page = page_of(comparison, tmp_path)
    row = next(one for one in page.all("tr") if page.text(one).startswith(f"{NEAR}, 96 px"))
    assert "no difference is resolved" in page.text(row)
    runs["strategy"] = runs["strategy"].replace({LINEAR: f"{LINEAR}, 96 px"})
    page = page_of(comparison, tmp_path)
    row = next(one for one in page.all("tr") if page.text(one).startswith(f"{LINEAR}, 96 px"))
    assert "taken" in page.text(row)


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(CourseError, match=r"cannot be written to .*file.*another folder"):
        write_report(made_comparison(seeds=2), tmp_path / "file" / "report")


def test_a_strategy_has_the_colour_that_it_has_in_the_lessons():
    looks = strategy_looks(
        [MAJORITY, NEAR, LINEAR, "fine-tuning, head first", "LoRA", "counted words"]
    )
    numbers = {LINEAR: 0, NEAR: 7, "counted words": 1, "fine-tuning, head first": 2, "LoRA": 5}
    for name, number in numbers.items():
        assert looks[name] == LOOKS[number]
