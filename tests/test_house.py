"""The order of the house: layers, style, sizes, and nothing that names a place."""

import ast
import importlib
import re
import subprocess
import sys
from graphlib import TopologicalSorter

import pytest

from tlhelpers.errors import repo_root

PACKAGE = repo_root() / "tlhelpers"
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
# What each room may import beside itself; the two modules at the top count as rooms.
LIBRARY = ["errors", "checks", "setup", "data", "models"]
MAY_IMPORT = {
    "__init__": [],
    "__main__": ["errors", "setup"],
    "errors": [],
    "faces": [],
    "checks": ["errors"],
    "widget_keys": [],
    "setup": ["errors"],
    "data": LIBRARY[:3],
    "models": LIBRARY[:4],
    "training": LIBRARY,
    "evaluation": LIBRARY,
    "adaptation": [*LIBRARY, "training", "evaluation"],
    "figures": [*LIBRARY, "widget_keys", "training", "evaluation", "adaptation"],
    "experiments": [*LIBRARY, "training", "evaluation", "adaptation"],
    "own_data": [*LIBRARY, "widget_keys", "training", "evaluation", "adaptation", "figures"],
    "course": ["errors", "checks", "widget_keys", "setup", "evaluation", "experiments"],
}


def imports_of(name):
    """The package's modules that one imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            raise AssertionError(f"{name} has a relative import, which this test cannot follow")
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tlhelpers":
            parent = node.module.removeprefix("tlhelpers").lstrip(".")
            for alias in node.names:
                whole = f"{parent}.{alias.name}".lstrip(".")
                yield whole if whole in MODULES else parent
        elif isinstance(node, ast.Import):
            for alias in node.names:
                assert not alias.name.startswith("tlhelpers."), f"{name}: write from … import …"


def room_of(name):
    return name.split(".")[0] or "__init__"


INSIDE = [name for name in MODULES if name not in ("", "__init__")]


@pytest.mark.parametrize("name", INSIDE)
def test_a_module_imports_only_from_its_own_room_and_the_rooms_below(name):
    for other in imports_of(name):
        room = room_of(other)
        if room in (room_of(name), "__init__", "faces"):
            continue
        assert room in MAY_IMPORT[room_of(name)], f"{name} imports {other}"


@pytest.mark.parametrize("name", INSIDE)
def test_no_module_looks_at_a_room_through_its_face(name):
    """A face loads its whole room, and would hide a circle."""
    faces = {face for face in MODULES if (PACKAGE / face.replace(".", "/")).is_dir()}
    if name not in faces:
        assert not faces & set(imports_of(name)) - {"", "course.exercise_book"}


def test_there_is_no_circle_not_even_one_inside_functions():
    order = TopologicalSorter({name: set(imports_of(name)) - {name, ""} for name in MODULES})
    assert len(list(order.static_order())) >= len(INSIDE)  # a circle raises, and is named


def test_the_tests_of_the_order_see_every_module_and_an_import_in_a_function():
    assert len(MODULES) > 60
    assert "course.runner" not in imports_of("__main__")
    assert {"setup.launcher", "setup.doctor"} <= set(imports_of("__main__"))


ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "setup"])
def test_a_face_gives_what_it_names_and_no_name_is_a_module_too(room):
    face = importlib.import_module(f"tlhelpers.{room}")
    for name in face.__all__:
        value = getattr(face, name)
        assert name.isupper() or value.__module__.startswith("tlhelpers.")
        assert f"{room}.{name}" not in MODULES, "the module would hide the name"
    assert dir(face) == face.__all__
    with pytest.raises(AttributeError, match=f"tlhelpers.{room}' has no attribute 'nothing'"):
        _ = face.nothing


def test_lessons_use_every_name_of_the_faces():
    sources = (repo_root() / "notebooks" / "source").glob("*.py")
    words = set(re.findall(r"\w+", " ".join(path.read_text("utf-8") for path in sources)))
    for room in ROOMS:
        names = getattr(importlib.import_module(f"tlhelpers.{room}"), "__all__", [])
        assert set(names) - words <= {"Trial", "Outcome"}  # what strategies take and may give


def test_a_lesson_needs_at_most_eight_lines_to_import_the_helpers():
    for source in (repo_root() / "notebooks" / "source").glob("*.py"):
        lines = re.findall(r"^from tlhelpers[\w.]* import", source.read_text("utf-8"), re.M)
        assert len(lines) <= 8, source.name
        deep = re.findall(r"^\s*from tlhelpers\.\w+\.\w+", source.read_text("utf-8"), re.M)
        assert not deep, f"{source.name} reaches behind a face"


BEFORE_VENV = ["errors", *(name for name in MODULES if room_of(name) == "setup")]


def test_the_standard_library_alone_serves_before_the_environment_exists():
    names = ", ".join(f"tlhelpers.{name}" for name in BEFORE_VENV)
    code = (
        "import sys\n"
        f"import {names}\n"
        "found = {name.split('.')[0] for name in sys.modules} - {'tlhelpers', '__main__'}\n"
        "own = {n for n in found if not n.startswith('_') and n not in sys.stdlib_module_names}\n"
        "print(sorted(n for n in own if n not in ('guard', 'sitecustomize')))"
    )
    command = [sys.executable, "-S", "-c", code]
    done = subprocess.run(command, cwd=repo_root(), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


OVERRIDING = ("run", "forward", "examine")


@pytest.mark.parametrize("path", MODULES.values(), ids=list(MODULES))
def test_functions_are_short_and_public_ones_are_documented(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            prose = (ast.get_docstring(node) or "").count("\n")
            lines = node.end_lineno - node.lineno + 1 - prose
            assert lines <= 45, f"{node.name} has {lines} lines"
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    for node in [*tree.body, *(inner for outer in classes for inner in outer.body)]:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name not in OVERRIDING:
            assert node.name.startswith("_") or ast.get_docstring(node), node.name


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff_finds_nothing(command):
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "--no-cache", "."],
        cwd=repo_root(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_names_a_registry_host_or_a_path_of_one_machine():
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=repo_root(), capture_output=True, check=False
    )
    if listing.returncode:
        pytest.skip("not a git checkout")
    hosts = r"pypi\.o[r]g|pythonhost[e]d|deb\.debian\.o[r]g|registry\.npm[j]s"
    bad = re.compile(rf"(?<![\w.])/(work|root|home/\w+)/|{hosts}".encode())
    for name in filter(None, listing.stdout.decode().split("\0")):
        path = repo_root() / name
        if path.suffix != ".png" and path.is_file():
            assert not bad.search(path.read_bytes()), name


def test_no_test_imports_a_conftest():
    """Several files have that name: which one comes depends on what was loaded before."""
    imports = re.compile(r"^\s*(import|from) conftest\b", re.MULTILINE)
    files = (repo_root() / "tests").rglob("*.py")
    assert [path.name for path in files if imports.search(path.read_text("utf-8"))] == []
