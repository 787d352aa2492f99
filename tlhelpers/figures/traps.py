"""What each silent mistake pretends or costs, all of them in one panel."""

from __future__ import annotations

from collections.abc import Mapping

from tlhelpers.evaluation.comparisons import Comparison
from tlhelpers.figures.palette import COLOURS, GREY, new_axes
from tlhelpers.figures.picture import Picture

LOOKS = {
    "the number is too high": (COLOURS[1], "s", COLOURS[1]),
    "accuracy is lost": (COLOURS[0], "o", COLOURS[0]),
    "no difference is resolved": (GREY, "D", "white"),
}


def trap_panel(found: Mapping[str, Comparison], title: str = "") -> Picture:
    """What a mistake does to the measured accuracy, one row per trap, with its 95 % interval.

    Parameters
    ----------
    found : mapping of str to Comparison
        By the name of the trap, from above to below: with the mistake, minus without it.
    title : str

    Returns
    -------
    Picture
        Where the whole interval lies above 0, the mistake pretends what is not there; where it
        lies below 0, it costs what could be had.

    Raises
    ------
    ValueError
        If there is no trap.
    """
    if not found:
        raise ValueError("there is no trap to draw: give at least one comparison")
    figure, axes = new_axes(8.5, 0.36 * len(found) + 1.3)
    for y, one in enumerate(found.values()):
        colour, mark, filling = LOOKS[_effect(one)]
        axes.plot([one.low, one.high], [y, y], color=colour, linewidth=3)
        axes.plot(one.difference, y, mark, color=colour, markerfacecolor=filling, markersize=8)
    for name, (colour, mark, filling) in LOOKS.items():
        axes.plot([], [], mark, color=colour, markerfacecolor=filling, markersize=8, label=name)
    axes.axvline(0, color="#333333", linewidth=1)
    axes.set_yticks(range(len(found)), list(found), fontsize=9)
    axes.set_ylim(len(found) - 0.4, -0.6)
    axes.set(xlabel="change of the measured accuracy by the mistake (95 % interval)", title=title)
    figure.legend(fontsize=9, loc="outside lower center", ncols=3)
    words = "; ".join(f"{name}: {one.measured}, {_effect(one)}" for name, one in found.items())
    return Picture(figure, f"What each mistake does to the measured accuracy. {words}.")


def _effect(one: Comparison) -> str:
    if not one.resolved:
        return "no difference is resolved"
    return "the number is too high" if one.difference > 0 else "accuracy is lost"
