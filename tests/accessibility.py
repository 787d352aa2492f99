"""What axe-core finds on a page, and whether the page moves sideways."""

from __future__ import annotations

from collections.abc import Sequence

from axe_playwright_python.sync_playwright import Axe

# What fades in has too little contrast until it is there.
SHOWN = """() => Promise.race([
    Promise.allSettled(document.getAnimations().map(one => one.finished)),
    new Promise(done => setTimeout(done, 1000)),  // some never end
])"""
PHONE, DESKTOP = (390, 844), (1280, 900)


def faults(page, within: Sequence[str] = (), but: Sequence[str] = ()) -> list[str]:
    """The faults that axe-core finds, each with its severity, its rule and the part of the page.

    `within` and `but` are selectors of what is looked at and of what is left out."""
    context = {}
    if within:
        context["include"] = [[one] for one in within]
    if but:
        context["exclude"] = [[one] for one in but]
    page.evaluate(SHOWN)
    # it would fetch each style sheet, which no page from a file may
    options = {"preload": False}
    found = Axe().run(page, context=context or None, options=options).response["violations"]
    return [
        f"{rule['impact']} {rule['id']}: {' '.join(map(str, node['target']))} {node['html'][:120]}"
        for rule in found
        for node in rule["nodes"]
    ]


def moves_sideways(page) -> bool:
    """Whether the page as a whole is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
