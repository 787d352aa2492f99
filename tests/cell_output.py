"""What a cell has printed."""


def printed(cell) -> str:
    """All that an executed cell printed; a busy kernel sends one line in several pieces.

    Anything else that it shows, an error or a warning say, is refused.
    """
    kinds = {(one.output_type, one.get("name")) for one in cell.outputs}
    assert kinds <= {("stream", "stdout")}, cell.outputs
    return "".join(one.text for one in cell.outputs)
