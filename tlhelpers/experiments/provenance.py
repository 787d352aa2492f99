"""Tables with their provenance: above the rows of a CSV, lines that say how it was made."""

from __future__ import annotations

from collections.abc import Mapping


def with_provenance(provenance: Mapping[str, str], body: str) -> bytes:
    """A file's content: a line ``# key: value`` for each entry, then the CSV."""
    head = "".join(f"# {key}: {value}\n" for key, value in provenance.items())
    return (head + body).encode()


def split_provenance(text: str) -> tuple[dict[str, str], str]:
    """Provenance and CSV of such a file; a ValueError where a line of it names no key."""
    lines = text.splitlines(keepends=True)
    head = [line[2:].rstrip("\n") for line in lines if line.startswith("# ")]
    provenance = dict(line.split(": ", 1) for line in head)
    return provenance, "".join(line for line in lines if not line.startswith("# "))
