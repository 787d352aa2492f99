"""Which code made a stored table: all that it imports, also deep down, and nothing else."""

import importlib.metadata
import importlib.util
import re
import sys
from pathlib import Path

import pytest

from tlhelpers.experiments import staleness
from tlhelpers.experiments.registry import SWEEPS
from tlhelpers.experiments.staleness import code_digest, import_closure, libraries_of

MODULES = sorted({sweep.module for sweep in SWEEPS.values()})


def forget_files():
    """Read the package's files anew."""
    for remembered in (staleness._tree, staleness._imported, staleness._meaning):
        remembered.cache_clear()


FILES = {
    "__init__": "from tlhelpers.unseen import faces",
    "sweep": "from tlhelpers.rooms import near\nimport tlhelpers.other",
    "rooms/__init__": "from tlhelpers.unseen import faces",
    "rooms/near": "def run():\n    from tlhelpers.rooms.deep import depth\n    return depth()",
    "rooms/deep": (
        '"""Deep."""\nimport numpy as np\nLIMIT = 3\n\n\ndef depth():\n    """How deep."""\n'
        "    import skada.metrics\n    from PIL import Image\n    return LIMIT  # so deep"
    ),
    "other": "import sys\nfrom tlhelpers.sweep import run",
    "unseen": "faces = 1",
}


def write_package(folder: Path) -> None:
    """A package with imports in functions, a circle, and faces that import what nobody needs."""
    for name, text in FILES.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(f"{text}\n", encoding="utf-8")


@pytest.fixture
def mini(tmp_path, monkeypatch):
    write_package(tmp_path)
    monkeypatch.setattr(staleness, "PACKAGE", tmp_path)
    forget_files()
    yield tmp_path
    forget_files()


def digest_of(*modules) -> str:
    forget_files()
    return code_digest(import_closure(*modules))


def test_the_whole_chain_is_found_also_through_imports_inside_functions(mini):
    found = ["tlhelpers.other", "tlhelpers.rooms.deep", "tlhelpers.rooms.near", "tlhelpers.sweep"]
    assert import_closure("tlhelpers.sweep") == found
    assert import_closure("tlhelpers.rooms.near") == found[1:3]
    assert import_closure("tlhelpers.unseen", found[1]) == [found[1], "tlhelpers.unseen"]


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ("LIMIT = 3", "LIMIT = 4", True),
        ("return LIMIT", "return -LIMIT", True),
        ("import skada.metrics", "import scipy", True),
        ("  # so deep", "", False),
        ("  # so deep", "  # deeper\n\n# and more", False),
        ('"""How deep."""', '"""How deep it is,\n    and why.\n    """', False),
        ('"""Deep."""\n', "", False),
        ("LIMIT = 3", "LIMIT=(3)", False),
    ],
)
def test_a_changed_constant_deep_down_counts_and_a_comment_or_a_docstring_does_not(
    mini, old, new, changes
):
    before = digest_of("tlhelpers.sweep")
    deep = mini / "rooms" / "deep.py"
    assert old in deep.read_text(encoding="utf-8")
    deep.write_text(deep.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    assert (digest_of("tlhelpers.sweep") != before) is changes


def test_a_module_that_is_not_needed_does_not_count_and_a_moved_one_does(mini):
    before = digest_of("tlhelpers.sweep")
    for name in ("unseen", "__init__", "rooms/__init__"):
        (mini / f"{name}.py").write_text("CHANGED = 1", encoding="utf-8")
    assert digest_of("tlhelpers.sweep") == before
    (mini / "rooms" / "deep.py").rename(mini / "rooms" / "deeper.py")
    near = mini / "rooms" / "near.py"
    near.write_text(near.read_text(encoding="utf-8").replace("deep ", "deeper "), encoding="utf-8")
    assert digest_of("tlhelpers.sweep") != before


def test_a_docstring_is_no_more_than_the_first_text_of_a_body(mini):
    deep = mini / "rooms" / "deep.py"
    for body in ("x = 1\n'text'", "def f():\n    'what'\n", "class A:\n    'what'\n"):
        deep.write_text(body, encoding="utf-8")
        before = digest_of("tlhelpers.rooms.deep")
        deep.write_text(body.replace("'text'", "'other'").replace("what", "how"), encoding="utf-8")
        assert (digest_of("tlhelpers.rooms.deep") == before) is ("text" not in body)


def test_libraries_are_named_as_they_are_installed_with_their_versions(mini):
    libraries = libraries_of(import_closure("tlhelpers.sweep"))
    version = importlib.metadata.version
    assert libraries == {name: version(name) for name in ("numpy", "skada", "pillow")}


# ---------------------------------------------------------------- the sweeps of the course


def imported_by(module: str) -> set[str]:
    """The first names of all libraries that a module's file imports, read by other means."""
    text = Path(importlib.util.find_spec(module).origin).read_text(encoding="utf-8")
    names = re.findall(r"^\s*(?:from|import) (\w+)(?:\.\w+)*(?: |\n|,)", text, re.M)
    return set(names) - set(sys.stdlib_module_names) - {"tlhelpers", "__future__"}


@pytest.mark.parametrize("module", MODULES)
def test_every_library_that_the_code_of_a_sweep_imports_is_recorded(module):
    closure = import_closure(module)
    names = set().union(*map(imported_by, closure))
    recorded = libraries_of(closure)
    installed = importlib.metadata.packages_distributions()
    for name in names:
        distributions = {dist.replace("-", "_").lower() for dist in installed[name]}
        assert distributions & {library.replace("-", "_").lower() for library in recorded}, name
    assert len(recorded) == len(names) > 10
    for library, version in recorded.items():
        assert version == importlib.metadata.version(library)


def test_the_closures_hold_what_lists_that_were_kept_by_hand_had_lost():
    closures = {module.rpartition(".")[2]: import_closure(module) for module in MODULES}
    vision = {"", "_wild", "_recipe", "_across", "_choosing", "_mixes", "_sizes"}
    text = {"", "_across", "_deep", "_few", "_further", "_masked", "_pairs", "_topics", "_words"}
    named = {f"vision{more}" for more in vision} | {f"text{more}" for more in text}
    assert set(closures) == named
    more = {
        "vision": {"models.backbones", "models.features", "training.forgetting"},
        "vision_across": {"adaptation.shift", "adaptation.deep", "adaptation.choosing"},
        "text": {"models.text_features", "models.tokenizing", "models.vector_files"},
        "text_across": {"adaptation.shallow", "models.text_features", "models.vector_files"},
    }
    for name, closure in closures.items():
        needed = {"evaluation.trials", "data.splits", "data.streams"} | more.get(name, set())
        assert {f"tlhelpers.{module}" for module in needed} <= set(closure)
        assert not any(".figures." in module or ".course." in module for module in closure)
    assert "skada" in libraries_of(closures["vision_across"])
