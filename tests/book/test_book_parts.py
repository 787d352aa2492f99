"""The parts of a book alone: links, checks of pages, tables, docstrings, formulas, inputs."""

import ast
import inspect
import json
from importlib import import_module

import pytest
from docutils.utils.math import MathError
from hypothesis import given, settings
from hypothesis import strategies as st
from made_lessons import quick_lesson
from nbformat.v4 import new_code_cell

from tlhelpers.course import book_pdf, book_reference, book_tables, inputs
from tlhelpers.course.book_checks import faults_of
from tlhelpers.course.book_docstrings import readable
from tlhelpers.course.book_links import Links
from tlhelpers.course.book_math import mathml
from tlhelpers.course.book_pages import Sources, hero_of, section_of
from tlhelpers.errors import CourseError, repo_root
from tlhelpers.experiments import staleness

# ---------------------------------------------------------------- links

PAGES = {"data/README.md": "data.md", "notebooks/02_x.ipynb": "lessons/02_x.ipynb"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[a](02_x.ipynb)", "[a](../lessons/02_x.ipynb)"),
        ("[a](../data/README.md#numbers)", "[a](../data.md#numbers)"),
        ("[a](../LICENSE)", "[a](path:../files/LICENSE)"),
        ("![a](../docs/first_figure_light.png)", "![a](../files/docs/first_figure_light.png)"),
        ("![two\nlines [1]](../docs/first_figure_light.png)", None),
        ("[the folder](solutions)", "the folder"),
        ("[a](nothing_there.md)", "[a](nothing_there.md)"),
        ("[a](https://example.org/x.md) [b](#here) [c](mailto:a@b.c)", None),
        ("```\n[a](02_x.ipynb)\n```\n[a](02_x.ipynb)", None),
    ],
    ids=["page", "place", "file", "picture", "lines", "folder", "nothing", "outside", "code"],
)
def test_a_link_leads_where_the_book_has_it(tmp_path, text, shown):
    links = Links(tmp_path, PAGES)
    made = links.in_page(text, "notebooks/glossary.md", "results/a.md")
    if text.startswith("![two"):
        shown = "![two\nlines [1]](../files/docs/first_figure_light.png)"
    elif text.startswith("```"):
        shown = "```\n[a](02_x.ipynb)\n```\n[a](../lessons/02_x.ipynb)"
    assert made == (shown or text)
    for path in links.copied:
        assert (tmp_path / "files" / path).read_bytes() == (repo_root() / path).read_bytes()


@pytest.mark.parametrize(
    ("home", "page", "target", "shown"),
    [
        ("README.md", "teach.md", "#without-a-network", "start.md#without-a-network"),
        ("README.md", "start.md", "#without-a-network", "#without-a-network"),
        ("README.md", "lessons/a.md", "README.md#commands", "../start.md#commands"),
        ("notebooks/a.md", "b.md", "../README.md#commands", "start.md#commands"),
        ("notebooks/a.md", "b.md", "../README.md", "index.md"),
        ("notebooks/a.md", "b.md", "#commands", "#commands"),
    ],
)
def test_a_place_of_the_readme_is_on_the_page_that_shows_it(tmp_path, home, page, target, shown):
    links = Sources(tmp_path, [], []).links
    assert links.in_page(f"[a]({target})", home, page) == f"[a]({shown})"


# ---------------------------------------------------------------- faults of pages

SOUND = (
    "<!DOCTYPE html><html lang='en'><head><title>t</title>"
    "<link rel='stylesheet' href='a.css'></head><body><p id='here'>x</p>"
    "<a href='b.html#there'>b</a> <a href='#here'>h</a> <a href='https://example.org'>o</a>"
    "<img src='a.png' alt=''>{}</body></html>"
)
FAULTS = {
    "<a href='c.html'>c</a>": "a leads to nothing: c.html",
    "<a href='/b.html'>b</a>": "a leads to nothing: /b.html",
    "<a href='../outside.html'>b</a>": "a leads to nothing: ../outside.html",
    "<a href='b.html#gone'>b</a>": "a leads to no place of its page: b.html#gone",
    "<a href='#gone'>b</a>": "a leads to no place of its page: #gone",
    "<script src='https://example.org/a.js'></script>": "script comes from outside: https://exa",
    "<img src='//example.org/a.png' alt=''>": "img comes from outside: //example.org/a.png",
    "<img src='a.png'>": "an image has no text: a.png",
    "<p id='here'>y</p>": "the id 'here' is given 2 times",
    "<p><ul><li>a</li></ul></p>": "line 1: unexpected-end-tag",
    "<b>": "line 1: expected-one-end-tag-but-got-another",
}  # fmt: skip


def site(folder, more="", css=""):
    book = folder / "book"
    book.mkdir()
    (book / "a.html").write_text(SOUND.format(more), encoding="utf-8")
    (book / "b.html").write_text(SOUND.format("<p id='there'>y</p>"), encoding="utf-8")
    (book / "a.css").write_text(f"/* url(https://example.org) */ p {{ color: red }} {css}")
    (book / "a.png").write_bytes(b"")
    (folder / "outside.html").write_text("not in the book")
    return book


def test_a_sound_site_has_no_fault(tmp_path):
    css = "b { background: url('a.png'); mask: url(data:image/png;base64,AA==) }"
    assert faults_of(site(tmp_path, css=css)) == []


@pytest.mark.parametrize("more", FAULTS)
def test_each_fault_of_a_page_is_named(tmp_path, more):
    (fault,) = faults_of(site(tmp_path, more))
    assert fault.startswith("a.html: ") and FAULTS[more] in fault


@pytest.mark.parametrize(
    ("css", "fault"),
    [
        (
            "@font-face { src: url(https://example.org/a.woff2) }",
            "comes from outside: https://exam",
        ),
        ("@import '//example.org/a.css';", "comes from outside: //example.org/a.css"),
        ("b { background: url( gone.png ) }", "leads to nothing: gone.png"),
    ],
)
def test_each_fault_of_a_style_sheet_is_named(tmp_path, css, fault):
    (found,) = faults_of(site(tmp_path, css=css))
    assert found.startswith("a.css: ") and fault in found


# ---------------------------------------------------------------- tables and texts


@given(st.lists(st.text(max_size=8), min_size=2, max_size=2))
@settings(max_examples=25, deadline=None)
def test_no_text_ends_a_cell_or_a_row(cells):
    table = book_tables.markdown_table(("a", "b"), [cells])
    assert len(table.split("\n")) == 3
    row = table.split("\n")[2]
    assert row.replace("\\|", "").count("|") == 3


def test_a_damaged_table_is_named(tmp_path):
    path = tmp_path / "broken.csv"
    path.write_text("# no key here\na,b\n1,2\n")
    with pytest.raises(CourseError, match=r"broken\.csv cannot be read"):
        book_tables.read_table(path)


def test_every_stored_table_can_be_shown(tmp_path):
    links = Links(tmp_path, {})
    for path in book_tables.stored_tables():
        page = book_tables.table_page(path, links, f"results/{path.stem}.md")
        rows = sum(not line.startswith("# ") for line in path.read_text("utf-8").splitlines()) - 1
        assert page.startswith(f"# {path.stem}\n\n{rows:,} rows")
        assert max(map(len, page.splitlines())) < 400, "no column of predictions"


def test_the_readme_has_what_the_book_shows():
    readme = (repo_root() / "README.md").read_text("utf-8")
    assert hero_of(readme).startswith("![")
    for heading in ("Start", "Commands", "What to do next"):
        assert len(section_of(readme, heading)) > 200
    with pytest.raises(CourseError, match="no section 'Nowhere'"):
        section_of(readme, "Nowhere")


# ---------------------------------------------------------------- reference and formulas


@pytest.mark.parametrize("room", ["data", "evaluation"])  # quick to load
def test_the_reference_has_each_name_of_a_face_as_what_it_is(room):
    face, page = import_module(f"tlhelpers.{room}"), book_reference.room_page(room)
    for name in face.__all__:
        value = getattr(face, name)
        kind = "class" if inspect.isclass(value) else "function" if callable(value) else "data"
        assert f".. auto{kind}:: tlhelpers.{room}.{name}\n" in page


def test_the_reference_has_every_room_with_names():
    package = repo_root() / "tlhelpers"
    faces = {path.parent.name for path in package.glob("*/__init__.py")}
    rooms = set(book_reference.rooms())
    assert rooms <= faces and {"adaptation", "figures", "models", "training"} <= rooms
    assert all("autofunction::" in book_reference.room_page(room) for room in rooms)


def test_references_of_two_docstrings_do_not_meet():
    lines = ["As in [1]_ and |a - b| of ``x | y``.", "", "References", "    .. [1] Somebody."]
    assert readable(lines) == [
        r"As in [1] and \|a - b\| of ``x | y``.", "", "References", "    1. Somebody.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("formula", "part"),
    [
        (r"\mathcal{T}_S \neq \mathcal{T}_T", "<mo>≠</mo>"),
        (r"-\log p(\text{true class})", "<mtext>true class</mtext>"),
        (r"C_{ij}", "<mrow><mi>i</mi><mi>j</mi></mrow>"),
    ],
)
def test_a_formula_is_mathml_on_one_line(formula, part):
    made = mathml(formula)
    assert made.startswith('<math xmlns="http://www.w3.org/1998/Math/MathML">')
    assert part in made and "\n" not in made and "&Apply" not in made


def test_a_formula_that_cannot_be_read_is_an_error():
    with pytest.raises(MathError, match=r"\\nothing"):
        mathml(r"\nothing")


def test_without_a_browser_a_pdf_is_refused_by_name(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CourseError, match="chromium, chromium-browser"):
        book_pdf.find_browser()


# ---------------------------------------------------------------- what outputs depend on


def lesson(*cells):
    notebook = quick_lesson()
    notebook.cells += [new_code_cell(cell) for cell in cells]
    return notebook


def reached(*cells):
    """The helpers that some cells reach directly, without the package's name."""
    names = inputs._helpers(list(inputs._nodes(cells)))
    return {name.removeprefix("tlhelpers.") for name in names if inputs._is_module(name)}


@pytest.mark.parametrize(
    ("cells", "modules"),
    [
        (["from tlhelpers.models import load_backbone"], {"models.backbones"}),
        (["from tlhelpers.models import encode, load_backbone as load"],
         {"models.text_features", "models.backbones"}),
        (["from tlhelpers import figures", "figures.gains(x)\nfigures.none"],
         {"figures.gain_panels"}),
        (["from tlhelpers.course.claims import claim_value"], {"course.claims"}),
        (["import tlhelpers.course.claims"], {"course.claims"}),
        (["%matplotlib inline\nfrom tlhelpers.course import check"], {"course.exercises"}),
        (["this is no Python", "from tlhelpers.course import claim"], {"course.claims"}),
        (["import numpy as np"], set()),
    ],
    ids=["face", "two", "room", "module", "import", "magic", "broken", "none"],
)  # fmt: skip
def test_the_helpers_behind_a_cell_are_found_through_the_faces(cells, modules):
    assert reached(*cells) == modules


def test_exercises_predictions_and_quiz_of_a_lesson_are_among_what_it_reaches():
    cells = ['check("02.1", answer)\ncheck("02.7", x)', "quiz('00', seed=1)", "recheck(1)"]
    cells.append('record_prediction("00.first")')
    assert list(inputs._numbered(cells)) == [
        "tlhelpers.course.exercise_book.lesson_02",
        "tlhelpers.course.prediction_pool.lesson_00",
        "tlhelpers.course.quiz_pool.lesson_00",
    ]


def test_code_counts_and_prose_does_not():
    one = lesson("a = 1")
    prose = lesson("a = 1")
    prose.cells[0].source = "other words"
    assert inputs.inputs_digest(prose) == inputs.inputs_digest(one)
    assert inputs.inputs_digest(lesson("a = 2")) != inputs.inputs_digest(one)
    assert inputs.inputs_digest(lesson("a =", "1")) != inputs.inputs_digest(lesson("a =1", ""))


def test_a_stored_table_counts_for_who_can_read_it():
    def tables(*cells):
        modules = inputs.import_closure(*(f"tlhelpers.{name}" for name in reached(*cells)))
        return {line.split()[0] for line in inputs._data_files(modules)}

    stored = {path.name for path in book_tables.stored_tables()}
    assert tables("import numpy") & stored == set()
    assert tables("from tlhelpers.course import lesson_times") & stored == {"lesson_times.csv"}
    assert tables("from tlhelpers.experiments import load_sweep") >= stored - {
        "lesson_times.csv", "time_to_accuracy.csv",
    }  # fmt: skip


def test_a_changed_helper_counts_where_it_is_reached_and_nowhere_else(monkeypatch):
    uses = lesson("from tlhelpers.models import load_backbone")
    other = lesson("from tlhelpers.course import COURSE")
    before = inputs.inputs_digest(uses), inputs.inputs_digest(other)
    meaning = staleness._meaning
    changed = "tlhelpers.models.backbones"
    monkeypatch.setattr(
        staleness, "_meaning", lambda name: meaning(name) + "changed" * (name == changed)
    )
    inputs._digest_of.cache_clear()
    after = inputs.inputs_digest(uses), inputs.inputs_digest(other)
    inputs._digest_of.cache_clear()
    assert after[0] != before[0]
    assert after[1] == before[1]


def test_every_lesson_reaches_helpers_and_is_python():
    for path in sorted((repo_root() / "notebooks" / "solutions").glob("*.ipynb")):
        notebook = json.loads(path.read_text("utf-8"))
        cells = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
        assert reached(*cells), path.name
        for cell in cells:
            ast.parse(cell)
