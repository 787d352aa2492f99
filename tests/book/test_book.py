"""A book of made lessons and of real prose: whole, from nowhere else, and only what changed."""

import re
import shutil
import subprocess

import accessibility
import browser
import nbformat
import pytest
from cell_output import printed
from made_lessons import broken_lesson, quick_lesson, whole_lesson, write_lesson

from tlhelpers.course import book, book_execution
from tlhelpers.course.execution import STAMP
from tlhelpers.course.inputs import inputs_digest
from tlhelpers.errors import CourseError, repo_root

TABLES = [
    repo_root() / "data" / "results" / f"{name}.csv" for name in ("lesson_times", "vision-far")
]
REAL = ("00_start_here", "14_what_one_may_promise")


def with_stamp(name, cache):
    """A real lesson that counts as executed, though it has no outputs: its prose is what counts."""
    path = repo_root() / "notebooks" / "solutions" / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata[STAMP] = {
        "inputs": inputs_digest(notebook),
        "date": "2026-01-01",
        "seconds": 60.0,
        "python": "3.11.0",
        "processor": "a processor",
    }
    write_lesson(cache / "executed", name, notebook)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A whole book: two made lessons, of which one fails, and two real ones."""
    folder, lines = tmp_path_factory.mktemp("book"), []
    lessons = [
        *(with_stamp(name, folder / "cache") for name in REAL),
        write_lesson(folder / "lessons", "98_whole", whole_lesson()),
        write_lesson(folder / "lessons", "99_broken", broken_lesson()),
    ]
    out, cache = folder / "out", folder / "cache"
    done = book.make_book(lessons, out, cache, tables=TABLES, reference=False, echo=lines.append)
    return done, lines


def page(done, name):
    return (done.out / name).read_text(encoding="utf-8")


def test_a_book_of_real_prose_has_no_fault(made):
    done, _ = made
    assert done.warnings == []
    assert done.faults == []


def test_a_lesson_that_fails_is_named_and_the_others_are_made(made):
    done, lines = made
    assert [lesson.stem for lesson in done.lessons if lesson.error] == ["99_broken"]
    assert not done.ok
    told = book.report(done, 1.0)
    assert "99_broken stopped:" in told and "no such luck" in told
    assert "99_broken: FAILED, shown as far as it came" in lines
    assert "98_whole: executed" in lines and f"{REAL[0]}: as executed before" in lines
    shown = page(done, "lessons/99_broken.html")
    assert "did not run to its end" in shown and "as far as here" in shown
    assert "did not run to its end" not in page(done, "lessons/98_whole.html")


def test_a_lesson_shows_what_came_out(made):
    shown = page(made[0], "lessons/98_whole.html")
    assert "the last cell" in shown
    assert re.search(r"<b>Claim holds:</b> three \| four is at least two", shown)
    assert shown.count("Show a solution") == 1 and shown.count("Show the check") == 1


def test_a_widgets_still_figure_stands_in_a_file_in_its_place(made):
    shown = page(made[0], "lessons/98_whole.html")
    figure = re.search(r'<img src="\.\./(_static/figures/\w+\.png)" alt="a still figure"', shown)
    assert (made[0].out / figure[1]).read_bytes().startswith(b"\x89PNG")
    assert "value 3" in shown
    assert '<script type="application/vnd' not in shown and "require.js" not in shown
    assert '<img src="data:' not in shown


def test_formulas_are_drawn_without_a_script(made):
    shown = page(made[0], "lessons/98_whole.html")
    assert "<mfrac>" in shown and shown.count("<math ") == 2
    assert not re.search("<script[^>]*mathjax", shown, re.IGNORECASE)


def test_links_of_the_repository_lead_to_pages_and_downloads(made):
    shown = page(made[0], "lessons/98_whole.html")
    assert 'href="../glossary.html#glossary"' in shown
    assert 'href="../data.html#numbers"' in shown
    assert 'href="99_broken.html"' in shown
    assert re.search(r'href="\.\./_downloads/\w+/packages\.txt"', shown)
    learner = re.search(
        r'href="\.\./(_downloads/\w+/00_start_here\.ipynb)"',
        page(made[0], f"lessons/{REAL[0]}.html"),
    )
    copied = (made[0].out / learner[1]).read_bytes()
    assert copied == (repo_root() / "notebooks" / "00_start_here.ipynb").read_bytes()


def test_every_claim_and_table_is_told_with_what_made_it(made):
    numbers = page(made[0], "numbers.html")
    assert "three | four is at least two" in numbers and "Claims: 1, all held." in numbers
    assert "executed on 2026-01-01 in 60 seconds" in numbers
    assert re.search(r'99_broken\.html"><span[^>]*>The lesson</span></a> did not run', numbers)
    table = page(made[0], "results/vision-far.html")
    assert re.search(r"_downloads/\w+/vision-far\.csv", table)
    words = " ".join(re.sub("<[^>]+>", "", table).split())
    assert "python3 -m tlhelpers sweep vision-far" in words and "CPU seconds of this run" in words
    assert '<th class="head"><p>predicted' not in table


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium")
def test_search_finds_a_lesson_without_a_server(made, tmp_path):
    address = (made[0].out / "search.html").as_uri() + "?q=conformal"
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += [f"--user-data-dir={tmp_path}", "--virtual-time-budget=4000", address]
    command.insert(1, "--enable-logging=stderr")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert f"lessons/{REAL[1]}.html" in done.stdout
    assert "Access to fetch" not in done.stderr  # it looks into no other page


# ---------------------------------------------------------------- for everyone

LOOKED_AT = (
    "index", "lessons/98_whole", f"lessons/{REAL[0]}", f"lessons/{REAL[1]}", "glossary",
    "results/index", "results/vision-far", "search",
)  # fmt: skip


@pytest.mark.parametrize(
    ("width", "height", "scheme"),
    [(*accessibility.PHONE, "dark"), (*accessibility.DESKTOP, "light")],
    ids=["phone, dark", "desktop, light"],
)
def test_axe_finds_no_fault_and_no_page_moves_sideways(made, width, height, scheme):
    """With all that is folded open."""
    with browser.window(browser.chromium(), width, height) as page:
        page.emulate_media(color_scheme=scheme)
        watch = browser.Watch.of(page)
        for name in LOOKED_AT:
            page.goto((made[0].out / f"{name}.html").as_uri())
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            assert accessibility.faults(page) == [], name
            assert not accessibility.moves_sideways(page), name
        page.goto((made[0].out / "lessons/98_whole.html").as_uri())
        if width == accessibility.PHONE[0]:
            page.get_by_role("button", name="Toggle primary sidebar").click()
            page.get_by_role("navigation", name="Main").wait_for()
            assert accessibility.faults(page) == [], "the list of contents"
        assert watch.errors == [] and watch.outside() == []


def test_no_widget_is_left_as_a_sign_that_it_loads(made):
    """Without a kernel a quiz is its questions, a prediction its question."""
    shown = page(made[0], "lessons/98_whole.html")
    assert "Loading widget" not in shown and shown.count('<ol type="a">') >= 4
    assert "No prediction was recorded here" in shown
    assert "<th></th>" not in shown and re.search(r"<td></td>\s*<th>accuracy</th>", shown)


def test_the_first_picture_is_a_dark_one_on_dark_pages(made):
    pictures = re.findall(
        r'<img alt="Mean accuracy[^"]+" class="only-(\w+)" src="([^"]+)"',
        page(made[0], "index.html"),
    )
    assert [theme for theme, _ in pictures] == ["light", "dark"]
    assert all(f"first_figure_{theme}" in source for theme, source in pictures)


# ---------------------------------------------------------------- what is executed


def run_again(path, cache, *others):
    return book_execution.executed_lesson(path, cache, others, lambda line: None)


def test_only_changed_code_is_executed_again(tmp_path):
    cache = tmp_path / "cache"
    path = write_lesson(tmp_path, "98_quick", quick_lesson())
    first = run_again(path, cache)
    assert first.executed_now and first.stamp["inputs"] == inputs_digest(quick_lesson())
    assert not run_again(path, cache).executed_now

    prose = run_again(write_lesson(tmp_path, "98_quick", quick_lesson("say less")), cache)
    assert not prose.executed_now
    assert prose.notebook.cells[0].source == "say less"
    assert printed(prose.notebook.cells[1]) == "the last cell\n"

    other = quick_lesson(last="print('another')")
    code = run_again(write_lesson(tmp_path, "98_quick", other), cache)
    assert code.executed_now and printed(code.notebook.cells[1]) == "another\n"


def test_what_run_executed_is_taken_but_not_half_a_file(tmp_path):
    path = write_lesson(tmp_path, "98_quick", quick_lesson())
    made = run_again(path, tmp_path / "run")
    taken = run_again(path, tmp_path / "cache", tmp_path / "run")
    assert not taken.executed_now and taken.stamp == made.stamp
    half = tmp_path / "run" / "98_quick.ipynb"
    half.write_text(half.read_text("utf-8")[:300], encoding="utf-8")
    assert run_again(path, tmp_path / "cache", tmp_path / "run").executed_now


def test_a_failed_run_is_never_taken_for_whole(tmp_path):
    path = write_lesson(tmp_path, "99_broken", broken_lesson())
    for _ in range(2):
        done = run_again(path, tmp_path / "cache")
        assert done.executed_now and "no such luck" in done.error and done.stamp == {}


def test_a_folder_with_other_files_is_not_touched(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(CourseError, match="holds files that are no book"):
        book.make_book([], tmp_path, tmp_path / "cache", echo=lambda line: None)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_page_or_figure_that_left_the_book_is_removed_and_nothing_else(tmp_path):
    source, out = tmp_path / "source", tmp_path / "out"
    for folder, names in (
        (source, ["a.md", "lessons/02_x.ipynb", "_static/figures/new.png"]),
        (out, ["a.html", "lessons/02_x.html", "_static/figures/new.png", "search.html"]),
        (out, ["b.html", "lessons/03_y.html", "_static/figures/old.png", "_static/logo.png"]),
    ):
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()
    book._remove_old(out, source)
    left = {path.relative_to(out).as_posix() for path in out.rglob("*.*")}
    assert left == {
        "a.html", "lessons/02_x.html", "_static/figures/new.png", "search.html", "_static/logo.png",
    }  # fmt: skip
