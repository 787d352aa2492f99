"""What was written while a cell ran, as a screen shows it in the end: no line of a cleared bar."""

from __future__ import annotations

from nbformat import NotebookNode


def as_on_screen(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """The outputs of a cell, with each run of streams as one text; what was overwritten is gone."""
    kept: list[NotebookNode] = []
    for output in outputs:
        if kept and _is_stream(output) and _is_stream(kept[-1]) and output.name == kept[-1].name:
            kept[-1].text += output.text
        else:
            kept.append(output)
    for output in filter(_is_stream, kept):
        output.text = "\n".join(map(_last_written, output.text.split("\n")))
    return [output for output in kept if not _is_stream(output) or output.text]


def _is_stream(output: NotebookNode) -> bool:
    return output.output_type == "stream"


def _last_written(line: str) -> str:
    """What is left of a line that was begun anew with each carriage return."""
    if "\r" not in line:
        return line
    return line.rstrip("\r").split("\r")[-1].rstrip()
