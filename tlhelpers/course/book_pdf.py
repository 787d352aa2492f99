"""Lessons as PDF, printed by a Chromium from the book's pages."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tlhelpers.errors import CourseError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")
SECONDS = 180
OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--no-pdf-header-footer",
)


def find_browser() -> str:
    """The Chromium that prints; a CourseError if there is none on the path."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    raise CourseError(f"a PDF needs one of these programs on the path: {', '.join(BROWSERS)}")


def print_pdf(page: Path, pdf: Path, browser: str) -> None:
    """Print a page of the book, unless a PDF that is newer than the page is there."""
    if pdf.exists() and pdf.stat().st_mtime > page.stat().st_mtime:
        return
    pdf.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        made = Path(profile) / "page.pdf"
        options = [*OPTIONS, f"--user-data-dir={profile}", f"--print-to-pdf={made}"]
        if getattr(os, "geteuid", lambda: 1)() == 0:  # Chromium's sandbox refuses root
            options.append("--no-sandbox")
        command = [browser, *options, page.resolve().as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise CourseError(f"{page.name} was not printed within {SECONDS} seconds") from None
        if done.returncode or not made.exists():
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise CourseError(f"{page.name} could not be printed: {' '.join(last)}")
        shutil.move(made, pdf)
