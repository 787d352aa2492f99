"""What the package never does with what comes from outside, read from its own source."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tlhelpers.errors import repo_root

PACKAGE = repo_root() / "tlhelpers"
LESSONS = repo_root() / "notebooks" / "source"
SOURCES = sorted([*PACKAGE.rglob("*.py"), *LESSONS.glob("*.py")])

# They run what a file says, or write where its names lead. Compared are the last parts of a name.
NEVER = {
    "pickle.load", "pickle.loads", "pickle.Unpickler", "cloudpickle.load", "cloudpickle.loads",
    "dill.load", "dill.loads", "marshal.loads", "shelve.open", "joblib.load", "pd.read_pickle",
    "KeyedVectors.load", "Word2Vec.load", "FastText.load", "yaml.load", "yaml.unsafe_load",
    "os.system", "os.popen", "runpy.run_path", "runpy.run_module", "hub.load", "jit.load",
    "extractall", "extract", "shutil.unpack_archive", "ssl._create_unverified_context",
    "eval", "exec",
}  # fmt: skip
BARE = {"eval", "exec"}  # a network's `eval` is another thing
ALLOWED = {
    # An error on its way between two processes of one's own; it is packed and opened by the same.
    ("evaluation/processes.py", "cloudpickle.loads"),
    # Code that this very function has written, for the lines of a traceback.
    ("evaluation/processes.py", "exec"),
    # A call, its result or its error between processes of one's own, in a folder of theirs alone.
    ("training/in_several_processes.py", "pickle.loads"),
    # The learner's own answer to an exercise, which runs here anyway, called in a child process.
    ("course/other_process.py", "pickle.loads"),
}
# They do it unless they are told not to.
NEEDED = {
    "torch.load": ("weights_only", True),
    "np.load": ("allow_pickle", False),
    "downloader.load": ("return_path", True),  # else the code that comes with the vectors runs
    "AutoModel.from_config": ("trust_remote_code", False),
    "AutoModelForMaskedLM.from_config": ("trust_remote_code", False),
}
NEVER_SAID = {
    "shell": True,
    "trust_remote_code": True,
    "weights_only": False,
    "allow_pickle": True,
    "verify": False,
}
# How Jupyter is told that a notebook may show all it holds before its learner has run it.
TRUSTING = ("NotebookNotary", "nbformat.sign", "mark_trusted", "trust_notebook", "jupyter trust")


def full_name(node: ast.AST) -> str:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    return ".".join([node.id, *parts] if isinstance(node, ast.Name) else ["", *parts])


def is_named(name: str, wanted: str) -> bool:
    return name == wanted or (wanted not in BARE and name.endswith(f".{wanted}"))


def said(tree: ast.AST):
    """Keywords of calls and entries of dicts with constant values."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and isinstance(node.value, ast.Constant):
            yield node.arg, node.value.value
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(value, ast.Constant):
                    yield key.value, value.value


def faults_of(text: str, file: str = "") -> list[str]:
    """What of all this a source does."""
    tree, faults = ast.parse(text), []
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = full_name(call.func)
        for wanted in NEVER:
            if is_named(name, wanted) and (file, wanted) not in ALLOWED:
                faults.append(f"{wanted} in line {call.lineno}")
        for wanted, (keyword, value) in NEEDED.items():
            given = {one.arg: getattr(one.value, "value", None) for one in call.keywords}
            if is_named(name, wanted) and given.get(keyword) is not value:
                faults.append(f"{wanted} without {keyword}={value} in line {call.lineno}")
    bad = [pair for pair in said(tree) if pair in NEVER_SAID.items()]
    faults += [f"{key}={value}" for key, value in bad]
    return faults + [word for word in TRUSTING if word in text]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_source_opens_what_could_run_or_trusts_what_comes(path):
    root = PACKAGE if path.is_relative_to(PACKAGE) else LESSONS
    assert faults_of(path.read_text("utf-8"), path.relative_to(root).as_posix()) == []


@pytest.mark.parametrize(
    "text",
    [
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "pickle.loads(data)",
        "gensim.downloader.load(name)",
        "KeyedVectors.load(path)",
        "archive.extractall(folder)",
        "tarfile.open(path).extractall(folder)",
        "exec(text)",
        "subprocess.run(line, shell=True)",
        "AutoModel.from_config(config)",
        "AutoModel.from_pretrained(name, trust_remote_code=True)",
        "options = {'trust_remote_code': True}",
        "from nbformat.sign import NotebookNotary",
        "requests.get(site, verify=False)",
    ],
)
def test_what_must_not_be_there_would_be_found(text):
    assert faults_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "torch.load(path, map_location='cpu', weights_only=True)",
        "np.load(path, allow_pickle=False)",
        "model.eval()",
        "re.compile(text)",
        "gensim.downloader.load(name, return_path=True)",
        "AutoModel.from_config(config, dtype=None, trust_remote_code=False)",
    ],
)
def test_what_may_be_there_is_not_found(text):
    assert not faults_of(text)


def test_foreign_code_is_refused_wherever_transformers_could_ask_for_it():
    """Each call of `from_pretrained` on an `Auto` class is told, by name or by its options."""
    told = {}
    for path in SOURCES:
        tree = ast.parse(path.read_text("utf-8"))
        names = [full_name(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
        if any("Auto" in name and "from_" in name for name in names):
            told[path.name] = [value for key, value in said(tree) if key == "trust_remote_code"]
    assert told and all(values and not any(values) for values in told.values()), told


def test_what_is_allowed_is_still_there():
    """Else it is to be struck from the list."""
    for file, name in ALLOWED:
        calls = ast.walk(ast.parse((PACKAGE / Path(file)).read_text("utf-8")))
        names = [full_name(node.func) for node in calls if isinstance(node, ast.Call)]
        assert any(is_named(one, name) for one in names), f"{name} is gone from {file}"
