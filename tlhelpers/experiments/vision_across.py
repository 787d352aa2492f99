"""The long comparisons of the lesson on domain adaptation: pictures, from one domain to another."""

from __future__ import annotations

from functools import cache, partial

from tlhelpers.data.digit_frames import put_in_frame
from tlhelpers.data.images import ImageSet, load_digits_pair, load_emoji
from tlhelpers.experiments.image_domains import TRAINERS, Training, adapt_network, learn_from_target
from tlhelpers.experiments.sweep import Sweep


@cache
def digit_domains() -> dict[str, ImageSet]:
    """Digits from two sources, at 16 pixels."""
    return {name: load_digits_pair(name, size=16) for name in ("mnist", "digits")}


@cache
def framed_domains() -> dict[str, ImageSet]:
    """The same digits, those of MNIST cut out and put where the other ones lie: no label is used.

    They are scaled once, from the 28 pixels that they have.
    """
    digits = digit_domains()["digits"]
    return {
        "mnist": put_in_frame(load_digits_pair("mnist", size=28), digits, size=16),
        "digits": digits,
    }


@cache
def drawn_domains() -> dict[str, ImageSet]:
    """Emoji in two styles, at 32 pixels."""
    return {style: load_emoji(style, size=32) for style in ("twemoji", "openmoji")}


OTHER = {"mnist": "digits", "digits": "mnist", "twemoji": "openmoji", "openmoji": "twemoji"}
TRAINING = {
    "mnist": Training(epochs=4, lr=1e-3, batch_size=64),
    "digits": Training(epochs=10, lr=1e-3, batch_size=64),
    "twemoji": Training(epochs=15, lr=3e-3, batch_size=32),
    "openmoji": Training(epochs=15, lr=3e-3, batch_size=32),
}
ON_DRAWINGS = ("source only", "AdaBN", "both in BatchNorm", "DeepCORAL 100", "MMD 1", "DANN 0.1")


def _sets(load, source: str) -> dict[str, ImageSet]:
    return {name: load()[name] for name in (source, OTHER[source])}


def _strategies(load, source: str) -> dict:
    names = ON_DRAWINGS if load is drawn_domains else TRAINERS
    adapted = {name: adapt_network(TRAINERS[name], TRAINING[source]) for name in names}
    return adapted | {"oracle": learn_from_target(load, TRAINING[OTHER[source]])}


SWEEPS = tuple(
    Sweep(
        f"{group}-{source}",
        __name__,
        partial(_sets, load, source),
        partial(_strategies, load, source),
        (None,),
    )
    for group, load, sources in (
        ("vision-domains", digit_domains, ("mnist", "digits")),
        ("vision-domains", drawn_domains, ("twemoji", "openmoji")),
        ("vision-framed", framed_domains, ("mnist", "digits")),
    )
    for source in sources
)
