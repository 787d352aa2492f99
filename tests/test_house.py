"""The order of the house: layers, style, sizes, and nothing that names a place."""

import ast
import re
import subprocess
import sys

import pytest

from tlhelpers.sources import repo_root

PACKAGE = repo_root() / "tlhelpers"
MODULES = sorted(PACKAGE.glob("*.py"))
# Each module may import only those of the lines above its own, or before it in its line.
ORDER = """
    files locks archives installer
    sources environment doctor lessons course launcher
    checks bars machine parallel images photographs splits texts
    backbones small encoders vector_files words probes
    folding feature_cache features text_features heads
    freezing classifier lora checkpoints batches schedules loop finetune
    shift adapt choosing adversarial
    strategies forgetting text_strategies text_domains image_domains
    significance bootstrap evaluate across claims
    sweeps vision_sweeps text_sweeps budgets
    palette plots training_plots text_plots domain_plots widgets
    exercise_book exercises
    runner
    __main__
""".split()  # noqa: SIM905


def imports_of(path):
    """Names of the package's modules that a module imports at its top."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module == "tlhelpers":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tlhelpers."):
            yield node.module.split(".")[1]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_each_module_imports_only_those_before_it(path):
    if path.stem == "__init__":
        assert list(imports_of(path)) == []
        return
    place = ORDER.index(path.stem)
    for name in imports_of(path):
        if name != "__version__":
            assert ORDER.index(name) < place, f"{path.stem} imports {name}"


BEFORE_VENV = ("files", "locks", "archives", "installer", "sources", "environment", "doctor",
               "lessons", "course", "launcher")  # fmt: skip


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


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
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
