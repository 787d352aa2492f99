"""For all tests: no network but this machine's own, no file left behind, shared real data."""

from __future__ import annotations

import os
import signal

import pytest
import side_by_side
from no_network import guard
from repository import NO_NETWORK, changed_files

FILES_BEFORE = pytest.StashKey[set]()
FILES_LEFT = pytest.StashKey[list]()

side_by_side.use_one_thread()
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # Started in the background, as by `&` or nohup: what the tests start would not heed Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
# pytest-socket (see pyproject.toml) guards `connect` of this process and nothing else.
guard.install(*(name for name in guard.ALL if name != "connect"))


@pytest.fixture(scope="session", autouse=True)
def _quiet_children_without_network():
    with pytest.MonkeyPatch.context() as patch:
        rest = os.environ.get("PYTHONPATH", "")
        path = os.pathsep.join(filter(None, [str(NO_NETWORK), rest]))
        patch.setenv("PYTHONPATH", path)
        patch.setenv("TLHELPERS_PROGRESS", "off")
        patch.setenv("TLHELPERS_DEVICE", "cpu")  # numbers to the last bit; a GPU has its own tests
        yield


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    return side_by_side.processes(config.args)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    config.option.loadscopereorder = False
    return side_by_side.Scheduler(config, log)


def pytest_collection_modifyitems(items):
    if side_by_side.in_a_worker():
        items[:] = [items[i] for i in side_by_side.in_order([item.nodeid for item in items])]


def pytest_sessionstart(session):
    # Only the process that was started: while one worker ends, another is amid its tests.
    if not side_by_side.in_a_worker():
        session.config.stash[FILES_BEFORE] = changed_files()


def pytest_sessionfinish(session):
    before = session.config.stash.get(FILES_BEFORE, None)
    left = [] if before is None else sorted(changed_files() - before)
    session.config.stash[FILES_LEFT] = left
    if left and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    if left := config.stash.get(FILES_LEFT, []):
        terminalreporter.section("ERROR: files left behind", red=True)
        terminalreporter.line("while the tests ran, these files came or changed:")
        terminalreporter.line("\n".join(left))


@pytest.fixture(scope="session")
def twemoji():
    from tlhelpers.data.images import load_emoji

    return load_emoji("twemoji")


@pytest.fixture(scope="session")
def openmoji():
    from tlhelpers.data.images import load_emoji

    return load_emoji("openmoji")


@pytest.fixture(scope="session")
def one_thread():
    """On a busy machine, two threads spend small batches waiting for each other."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def backbone(one_thread):
    """The pretrained one; a test that would change it takes a copy."""
    from tlhelpers.models.backbones import load_backbone

    return load_backbone()


@pytest.fixture(scope="session")
def emoji_features(backbone, twemoji):
    from tlhelpers.models.features import extract_features

    return extract_features(backbone, twemoji, progress=False)


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    """A cache folder of the test's own, with nothing in it."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("TLHELPERS_CACHE", str(folder))
    return folder
