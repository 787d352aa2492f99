"""For the tests in a browser: the real `lab` and a page that must not complain."""

import browser
import pytest


@pytest.fixture(scope="module")
def chromium():
    return browser.chromium()


@pytest.fixture(scope="module")
def lab(chromium, tmp_path_factory):
    own = browser.ROOT / "work"
    before = stamps(own)
    with browser.lab(tmp_path_factory.mktemp("learner")) as running:
        yield running
    assert stamps(own) == before, "the lab wrote to work/ though TLHELPERS_WORK names a folder"
    assert (running.work / "00_start_here.ipynb").exists()


def stamps(folder):
    """Each file with the time of its last change."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.fixture
def page(chromium, lab, tmp_path):
    """A page that must not complain, nor ask for anything beyond this machine."""
    with browser.window(chromium) as page:
        watch = browser.Watch.of(page)
        yield page
        page.screenshot(path=tmp_path / "end.png")
        assert watch.errors == []
        assert len(watch.requests) > 20
        assert watch.outside() == []
    assert "NetworkCutError" not in lab.log.read_text(encoding="utf-8")
