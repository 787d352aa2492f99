"""The course as a learner meets it: the real `lab` in a real, headless Chromium."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

ROOT = Path(__file__).resolve().parent.parent
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
# `lab` gives JupyterLab a clean PYTHONPATH and no foreign settings: the guard needs an option.
START = """import sys
from tlhelpers.__main__ import main
from tlhelpers.setup import launcher
launcher.QUIET += (f"--config={sys.argv[1]}",)
sys.exit(main(sys.argv[2:]))
"""
GUARD = f"""import sys
sys.path.insert(0, {str(ROOT / "tests" / "no_network")!r})
import guard
guard.install(*guard.ALL)
"""
GUARDED = "guarded/jupyter_server_config.py"
START_SECONDS, LESSON_SECONDS = 120, 300


@dataclass
class Lab:
    """A running JupyterLab: `address` is what it printed, token and all."""

    process: psutil.Process
    address: str
    work: Path
    log: Path

    def url(self, notebook: str) -> str:
        """The address that opens a notebook of the working folder."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}/lab/tree/{notebook}?{parts.query}"


@contextlib.contextmanager
def lab(folder: Path):
    """Run ``python -m tlhelpers lab`` for a learner without settings; leave nothing running."""
    log = folder / "lab.log"
    port = free_port()
    with log.open("wb") as out:
        started = subprocess.Popen(
            [
                sys.executable,
                "-c",
                START,
                folder / GUARDED,
                "lab",
                "--no-browser",
                f"--port={port}",
            ],
            cwd=ROOT,
            env=_learner(folder),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    family = []
    try:
        address = _wait_for_address(started, log, port)
        yield Lab(psutil.Process(started.pid), address, folder / "work", log)
    finally:
        family = _stop(started)
    assert not family, f"still running after the lab was told to stop: {family}"


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _learner(folder: Path) -> dict[str, str]:
    """Variables for a first start: own working folder, no settings of whoever runs the tests."""
    ipython = folder / "ipython"
    for path in (
        folder / GUARDED,
        ipython / "profile_default" / "startup" / "00-no-network.py",
    ):
        path.parent.mkdir(parents=True)
        path.write_text(GUARD, encoding="utf-8")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "TLHELPERS_PR"))}
    return kept | {
        "TLHELPERS_WORK": str(folder / "work"),
        "JUPYTER_CONFIG_DIR": str(folder / "jupyter"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(ipython),
        "OMP_WAIT_POLICY": "passive",
    }


def _wait_for_address(started: subprocess.Popen, log: Path, port: int) -> str:
    pattern = re.compile(rf"http://(?:localhost|127\.0\.0\.1):{port}/\S*\?token=\w+")
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and started.poll() is None:
        found = pattern.search(log.read_text(encoding="utf-8", errors="replace"))
        if found:
            return found.group()
        time.sleep(0.2)
    pytest.fail(f"lab printed no address:\n{log.read_text(encoding='utf-8', errors='replace')}")


def _stop(started: subprocess.Popen) -> list[psutil.Process]:
    """Stop the server, its kernels and what they started; return what had to be killed."""
    try:
        server = psutil.Process(started.pid)
        family = server.children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    started.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        started.wait(30)
    _, alive = psutil.wait_procs([server, *family], timeout=10)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=10)
    return alive


def chromium() -> str:
    """The browser's path; the test is skipped without one, and fails where CI must have it."""
    path = shutil.which("chromium")
    if path is None:
        tell = pytest.fail if os.environ.get("CI") else pytest.skip
        tell("there is no chromium on PATH: install it to test the lessons in a browser")
    return path


@contextlib.contextmanager
def window(path: str, width: int = 1280, height: int = 900):
    """A page of a headless Chromium that notes each request, console error and crash."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        try:
            context = browser.new_context(viewport={"width": width, "height": height})
            page = context.new_page()
            page.set_default_timeout(30_000)
            yield page
        finally:
            browser.close()


@dataclass
class Watch:
    """What a page asked for and complained about since it was watched."""

    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, page) -> Watch:
        """Start to watch a page."""
        watch = cls()
        page.context.on("request", lambda request: watch.requests.append(request.url))
        page.on("websocket", lambda socket: watch.requests.append(socket.url))
        page.on("pageerror", lambda error: watch.errors.append(str(error)))
        page.on("console", watch._console)
        return watch

    def _console(self, message) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def outside(self) -> list[str]:
        """The requests that would leave this machine."""
        return [url for url in self.requests if not _stays_here(url)]


def _stays_here(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme == "file":  # with a host it would be a share in the network
        return not parts.hostname
    return parts.scheme in ("data", "blob") or parts.hostname in ("localhost", "127.0.0.1", "::1")


class Notebook:
    """A notebook that is open in a page of JupyterLab."""

    def __init__(self, page, url: str):
        self.page = page
        # JupyterLab also brings back what an earlier window had open, in a hidden tab.
        self.panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        page.goto(url)
        name = urlsplit(url).path.rpartition("/")[2]
        page.get_by_role("tab", name=name, selected=True).wait_for()
        self.code_cells().first.wait_for()

    def wait_until_idle(self, seconds: float) -> None:
        """Wait for the kernel to have nothing to do."""
        self.panel.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for(
            timeout=seconds * 1000
        )

    def popups(self) -> list[str]:
        """The text of every dialog and notification on the screen."""
        return self.page.locator(".jp-Dialog, .Toastify__toast").all_inner_texts()

    def code_cells(self):
        """All code cells."""
        return self.panel.locator(".jp-CodeCell")

    def code_cell(self, text: str):
        """The code cell whose source holds `text`."""
        cell = self.code_cells().filter(
            has=self.page.locator(".jp-InputArea .cm-content", has_text=text)
        )
        return cell.first

    def place(self, cell) -> int:
        """The number of a code cell among the code cells, from 0."""
        return cell.evaluate(
            "e => [...e.closest('.jp-Notebook').querySelectorAll('.jp-CodeCell')].indexOf(e)"
        )

    def complaints(self) -> list[str]:
        """Errors and what went to standard error, as the outputs show it."""
        kinds = ("application/vnd.jupyter.stderr", "application/vnd.jupyter.error")
        boxes = ", ".join(f'.jp-OutputArea-output[data-mime-type="{kind}"]' for kind in kinds)
        return self.panel.locator(boxes).all_text_contents()

    def run_all(self) -> None:
        """Run > Run All Cells, and wait until the last one is done."""
        self.wait_until_idle(60)
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        self.wait_for_run(self.code_cells().last, LESSON_SECONDS)

    def run(self, cell, seconds: float = 60) -> None:
        """Click into a cell, press Shift+Enter and wait until it is done."""
        before = self.prompt(cell)
        cell.locator(".jp-InputArea .cm-content").click()
        self.page.keyboard.press("Shift+Enter")
        self.wait_for_run(cell, seconds, before)

    def wait_for_run(self, cell, seconds: float, before: str = "[ ]:") -> None:
        """Wait until a cell carries a new number."""
        end = time.monotonic() + seconds
        while self.prompt(cell) in (before, "[*]:", "[ ]:"):
            assert time.monotonic() < end, f"no end after {seconds} s: {cell.text_content()}"
            assert self.complaints() == [], "a cell stopped the run"
            assert self.popups() == []
            self.page.wait_for_timeout(200)

    def prompt(self, cell) -> str:
        """A cell's number, as ``[3]:``."""
        return cell.locator(".jp-InputArea-prompt").text_content()

    def write(self, cell, text: str) -> None:
        """Put `text` in the place of a cell's source."""
        cell.locator(".jp-InputArea .cm-content").click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(text)

    def figures(self, within=None) -> list[dict]:
        """The outputs' pictures: alt text, width in pixels (0 if broken), source, shown width.

        What is hidden on purpose, as the quiz's hold on its keys, is no picture.
        """
        return (
            (within or self.panel)
            .locator(".jp-OutputArea img:not([style*='display:none'])")
            .evaluate_all(
                "all => all.map(i => ({alt: i.alt, width: i.naturalWidth, src: i.src,"
                " shown: i.getBoundingClientRect().width}))"
            )
        )
