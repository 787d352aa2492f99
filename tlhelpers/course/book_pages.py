"""The sources of the book's pages, for Sphinx: lessons, texts of the repository, tables, lists."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from tlhelpers.course import book_reference, book_tables
from tlhelpers.course.book_execution import ExecutedLesson, for_a_page, write_if_changed
from tlhelpers.course.book_links import Links, place_of
from tlhelpers.course.book_tables import contents, heading_of, title_of
from tlhelpers.errors import CourseError, repo_root
from tlhelpers.setup.files import remove

TEMPLATES = Path(__file__).resolve().parent / "book_files"
# Files of the repository that are a page each, and what the list of contents calls them.
TEXTS = {
    "notebooks/glossary.md": ("glossary.md", "Glossary"),
    "data/README.md": ("data.md", "Data card"),
    "docs/threat_model.md": ("threat_model.md", "Threat model"),
    "benchmarks/README.md": ("benchmarks.md", "Benchmarks"),
    "CONTRIBUTING.md": ("contributing.md", "Contributing"),
    "CHANGELOG.md": ("changes.md", "What has changed"),
}
HERO = re.compile(
    r'<picture>.*?srcset="([^"]+)".*?src="([^"]+)" alt="([^"]*)">.*?</picture>(\n\n\*[^*]+\*)?',
    re.S,
)
# Pages of single sections of the README: title, headings of the sections.
PARTS = {
    "start.md": ("Install and start", ("Start", "Commands")),
    "teach.md": ("For teachers and workshops", ("What to do next",)),
}


@dataclass
class Sources:
    """The folder of a book's sources: what is written here and nothing else is in the book."""

    folder: Path
    lessons: Sequence[ExecutedLesson]
    tables: Sequence[Path]
    reference: bool = True
    pdfs: bool = False
    written: set[str] = field(default_factory=set)

    def __post_init__(self):
        pages = {path: page for path, (page, _) in TEXTS.items()} | {"README.md": "index.md"}
        for lesson in self.lessons:
            for home in ("notebooks", "notebooks/solutions"):
                pages[f"{home}/{lesson.path.name}"] = f"lessons/{lesson.path.name}"
        for path in self.tables:
            pages[f"data/results/{path.name}"] = f"results/{path.stem}.md"
        self.links = Links(self.folder, pages, _places_of_readme())

    def write(self) -> None:
        """Write all pages; those of an earlier book that are no longer in it are removed."""
        for lesson in self.lessons:
            self._write_lesson(lesson)
        for home, (page, _) in TEXTS.items():
            self._write(page, self.links.in_page(_text(home), home, page))
        for page, (title, headings) in PARTS.items():
            self._write(page, self._part_of_readme(page, title, headings))
        for path in self.tables:
            page = f"results/{path.stem}.md"
            self._write(page, book_tables.table_page(path, self.links, page))
        self._write("results/index.md", book_tables.tables_page(self.tables))
        if self.reference:
            self._write_reference()
        for name in ("book.css", "book.js"):
            self._write(f"_static/{name}", (TEMPLATES / name).read_bytes())
        self._write("numbers.md", self._filled("numbers.md"))
        self._write("index.md", self._filled("index.md") + self._contents())
        self._remove_others()

    def _write(self, page: str, text: str | bytes) -> None:
        self.written.add(page)
        data = text if isinstance(text, bytes) else text.encode()
        write_if_changed(self.folder / page, data)

    def _remove_others(self) -> None:
        keep = self.written | {f"files/{path}" for path in self.links.copied}
        for path in self.folder.rglob("*"):
            if path.is_file() and path.relative_to(self.folder).as_posix() not in keep:
                remove(path)

    # ------------------------------------------------------------ lessons

    def _write_lesson(self, lesson: ExecutedLesson) -> None:
        page, home = f"lessons/{lesson.path.name}", f"notebooks/solutions/{lesson.path.name}"
        shown = for_a_page(lesson.notebook, self._keep_figure)
        for cell in shown.cells:
            if cell.cell_type == "markdown":
                cell.source = self.links.in_page(cell.source, home, page)
        note = nbformat.v4.new_markdown_cell(self._note(lesson, page), id="about-this-page")
        shown.cells.insert(1, note)
        self._write(page, nbformat.writes(shown) + "\n")

    def _keep_figure(self, png: bytes) -> str:
        name = f"{hashlib.sha256(png).hexdigest()[:16]}.png"
        self._write(f"_static/figures/{name}", png)
        return f"../_static/figures/{name}"

    def _note(self, lesson: ExecutedLesson, page: str) -> str:
        """Where a reader gets the notebook, and, if so, that the lesson did not come to its end."""
        lines = [f"{self._downloads(lesson, page)} · [how its numbers were made](../numbers.md)"]
        if lesson.error:
            last = lesson.error.strip().splitlines()[-1][:500].replace("`", "'")
            lines = [
                ":::{warning}",
                "This lesson did not run to its end:",
                f"`{last}`",
                ":::",
                *lines,
            ]
        return "\n".join([*lines, ""])

    def _downloads(self, lesson: ExecutedLesson, page: str) -> str:
        """Links to a lesson's notebooks, as far as the course has them, and to its PDF."""
        found = []
        for words, folder in (("notebook", "notebooks"), ("with solutions", "notebooks/solutions")):
            path = f"{folder}/{lesson.path.name}"
            if (repo_root() / path).exists():
                found.append(f"[{words}]({self.links.to_file(path, page)})")
        if self.pdfs:
            up = "../" * page.count("/")
            found.append(f'<a href="{up}pdf/{lesson.stem}.pdf">PDF</a>')
        return f"Download: {' · '.join(found)}" if found else "Made for a test"

    # ------------------------------------------------------------ texts and lists

    def _part_of_readme(self, page: str, title: str, headings: Sequence[str]) -> str:
        readme = _text("README.md")
        sections = [section_of(readme, heading) for heading in headings]
        if len(sections) == 1:  # its own heading would say the title again
            sections = [sections[0].split("\n", 1)[1]]
        return self.links.in_page("\n".join([f"# {title}\n", *sections]), "README.md", page)

    def _filled(self, page: str) -> str:
        text = (TEMPLATES / page).read_text(encoding="utf-8")
        fills = {
            "hero": lambda: self.links.in_page(hero_of(_text("README.md")), "README.md", page),
            "first": lambda: f"lessons/{self.lessons[0].path.name}",
            "lessons": self._lessons_list,
            "downloads": self._downloads_list,
            "claims": lambda: book_tables.claims_parts(self.lessons),
        }
        return re.sub(r"\{\{(\w+)\}\}", lambda found: fills[found[1]](), text)

    def _lessons_list(self) -> str:
        """Each lesson with its question: the README's, or the one in its own heading."""
        rows, readme = [], _text("README.md")
        for lesson in self.lessons:
            told = re.search(rf"\(notebooks/{lesson.stem}\.ipynb\) \| (.+?) \|\n", readme)
            question = told[1] if told else heading_of(lesson.notebook).partition(": ")[2]
            link = f"[{title_of(lesson.notebook)}](lessons/{lesson.path.name})"
            rows.append((link, question))
        return book_tables.markdown_table(("lesson", "question"), rows)

    def _downloads_list(self) -> str:
        rows = [
            (title_of(lesson.notebook), self._downloads(lesson, "index.md").partition(": ")[2])
            for lesson in self.lessons
        ]
        return (
            "The notebooks need the course's helpers and data: [start](start.md) there.\n\n"
            + book_tables.markdown_table(("lesson", "download"), rows)
        )

    def _write_reference(self) -> None:
        names = book_reference.rooms()
        for name in names:
            self._write(f"reference/{name}.rst", book_reference.room_page(name))
        self._write("reference/index.md", book_reference.reference_page(names))

    def _contents(self) -> str:
        """The book's list of contents, in its parts."""
        lessons = [f"{title_of(one.notebook)} <lessons/{one.stem}>" for one in self.lessons]
        texts = {page: f"{title} <{page[:-3]}>" for page, title in TEXTS.values()}
        behind = ["numbers", "results/index", texts["data.md"], texts["benchmarks.md"]]
        helpers = ["reference/index"] if self.reference else []
        rest = [texts[page] for page in ("threat_model.md", "contributing.md", "changes.md")]
        return "\n" + "\n".join(
            [
                contents(["start", "teach"], caption="Begin"),
                contents([*lessons, texts["glossary.md"]], caption="Lessons"),
                contents(behind, caption="Numbers and data"),
                contents([*helpers, *rest], caption="For those who build on it"),
            ]
        )


def _places_of_readme() -> dict[tuple[str, str], str]:
    """The page of each heading of the README that the book shows."""
    readme = _text("README.md")
    return {
        ("README.md", place_of(heading)): page
        for page, (_, headings) in PARTS.items()
        for shown in headings
        for heading in re.findall(r"^##+ (.+)$", section_of(readme, shown), re.MULTILINE)
    }


def section_of(text: str, heading: str) -> str:
    """A section of a Markdown text from its heading of the second level to the next one."""
    found = re.search(rf"^## {re.escape(heading)}\n.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise CourseError(f"README.md has no section {heading!r}, which the book shows")
    return found[0]


def hero_of(readme: str) -> str:
    """The README's first picture, as light and as dark pages have it, and the caption below."""
    found = HERO.search(readme)
    if found is None:
        return ""
    dark, light, alt, caption = found.groups()
    return f"![{alt}]({light}){{.only-light}} ![{alt}]({dark}){{.only-dark}}{caption or ''}"


def _text(path: str) -> str:
    return (repo_root() / path).read_text(encoding="utf-8")
