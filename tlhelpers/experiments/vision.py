"""The long comparisons of the vision lessons: what is run, on what, with which seeds."""

from __future__ import annotations

from functools import cache, partial

from tlhelpers.data.images import ImageSet, load_digits_pair, load_emoji
from tlhelpers.experiments.image_domains import Training, adapting, oracle, ways
from tlhelpers.experiments.image_strategies import (
    HEAD_ONLY,
    Outcome,
    fine_tuned,
    frozen_rows,
    gradually,
    large_from_scratch,
    linear_head_on,
    load_once,
    low_rank,
    pixel_rows,
    small_from_scratch,
    tuned,
)
from tlhelpers.experiments.sweeps import Sweep
from tlhelpers.training.forgetting import agreement

SIZE = 96
PENALTIES = [{"C": c} for c in (10.0, 1.0, 100.0)]
RATES = [{"lr": r} for r in (3e-4, 1e-4, 1e-3)]
DEPTHS = {
    "head only": HEAD_ONLY,
    "last convolution": 8,
    "from blocks.5": 6,
    "from blocks.3": 4,
    "from blocks.1": 2,
    "everything": 0,
}


def emoji_sets(size: int = SIZE) -> dict[str, ImageSet]:
    """Both drawing styles; the first one is trained on."""
    return {style: load_emoji(style, size=size) for style in ("twemoji", "openmoji")}


def twemoji_set(size: int = SIZE) -> dict[str, ImageSet]:
    """The one drawing style that is trained and tested on."""
    return {"twemoji": load_emoji("twemoji", size=size)}


def digit_set() -> dict[str, ImageSet]:
    """Digits of 8×8 pixels, scaled up."""
    return {"digits": load_digits_pair("digits", size=64)}


def _depths() -> dict:
    by_depth = {name: partial(fine_tuned, frozen_groups=n) for name, n in DEPTHS.items()}
    others = {
        "rates by layer": partial(fine_tuned, lr=slice(3e-5, 1e-3)),
        "all at once": partial(fine_tuned, head_first=False),
        "head first, high rate": partial(fine_tuned, lr=1e-3),
        "all at once, high rate": partial(fine_tuned, lr=1e-3, head_first=False),
        "statistics moving": partial(fine_tuned, hold_bn=False),
        "LoRA": low_rank,
    }
    return {name: tuned(train, [{}]) for name, train in (by_depth | others).items()}


def _left_over(outcome: Outcome) -> dict:
    return {"agreement": round(agreement(outcome.model), 4)}


def _strategies(size: int = SIZE) -> dict:
    return {
        "raw pixels": linear_head_on(pixel_rows, PENALTIES),
        "scratch": tuned(small_from_scratch, [{"lr": r} for r in (3e-3, 1e-3, 1e-2)]),
        "frozen": linear_head_on(partial(frozen_rows, size=size), PENALTIES),
        "frozen random": linear_head_on(
            partial(frozen_rows, size=size, twin=True), PENALTIES
        ),
        "fine-tuned": tuned(partial(fine_tuned, size=size), RATES),
        "LoRA": tuned(
            partial(low_rank, size=size), [{"lr": r} for r in (3e-3, 1e-3, 3e-4)]
        ),
    }  # fmt: skip


def _full_size() -> dict:
    return {
        "frozen, 224 px": linear_head_on(partial(frozen_rows, size=224), PENALTIES),
        "fine-tuned, 224 px": tuned(partial(fine_tuned, size=224), RATES[:1]),
    }


def _schedules() -> dict:
    small = {
        f"small, {n} epochs": tuned(partial(small_from_scratch, epochs=n), [{}])
        for n in (10, 30, 100, 300)
    }
    changed = partial(small_from_scratch, epochs=100, augment=True)
    large = {
        f"large, {n} epochs": tuned(partial(large_from_scratch, epochs=n), [{}]) for n in (8, 24)
    }
    return small | {"small, augmented, 100 epochs": tuned(changed, [{}])} | large


def _longer() -> dict:
    longer = partial(fine_tuned, epochs=24, augment=True)
    return {"everything, longer": tuned(longer, [{}])}


def _gradual() -> dict:
    return {"step by step": tuned(gradually, [{}])}


def _statistics() -> dict:
    return {
        f"{name}, rate {rate:g}": tuned(partial(fine_tuned, lr=rate, hold_bn=hold), [{}])
        for rate in (1e-4, 3e-4)
        for name, hold in {"held": True, "moving": False}.items()
    }


def _far_strategies() -> dict:
    return {name: run for name, run in _strategies(64).items() if name != "LoRA"}


def _far_moving() -> dict:
    moving = partial(fine_tuned, size=64, hold_bn=False)
    return {"fine-tuned, statistics moving": tuned(moving, RATES)}


# ---------------------------------------------------------------- across domains


@cache
def digit_domains() -> dict[str, ImageSet]:
    """Digits from two sources, at 16 pixels."""
    return {name: load_digits_pair(name, size=16) for name in ("mnist", "digits")}


@cache
def drawn_domains() -> dict[str, ImageSet]:
    """Emoji in two styles, at 32 pixels."""
    return emoji_sets(32)


OTHER = {"mnist": "digits", "digits": "mnist", "twemoji": "openmoji", "openmoji": "twemoji"}
TRAINING = {
    "mnist": Training(epochs=4, lr=1e-3, batch_size=64),
    "digits": Training(epochs=10, lr=1e-3, batch_size=64),
    "twemoji": Training(epochs=15, lr=3e-3, batch_size=32),
    "openmoji": Training(epochs=15, lr=3e-3, batch_size=32),
}
DRAWN_WAYS = ("source only", "AdaBN", "both in BatchNorm", "DeepCORAL 100", "MMD 1", "DANN 0.1")


def _across(load, source: str) -> dict[str, ImageSet]:
    return {name: load()[name] for name in (source, OTHER[source])}


def _adapted(load, source: str) -> dict:
    names = DRAWN_WAYS if load is drawn_domains else tuple(ways())
    target, how = OTHER[source], TRAINING[source]
    found = {name: adapting(load, target, ways()[name], how) for name in names}
    return found | {"oracle": oracle(load, target, TRAINING[target])}


DOMAINS = tuple(
    Sweep(f"vision-domains-{source}", partial(_across, load, source),
          partial(_adapted, load, source), (None,))
    for load, sources in ((digit_domains, ("mnist", "digits")),
                          (drawn_domains, ("twemoji", "openmoji")))
    for source in sources
)  # fmt: skip
at_96, at_64, at_224 = (partial(load_once, size) for size in (SIZE, 64, 224))
DEPTH = Sweep("vision-depth", emoji_sets, _depths, (None,), look=_left_over, warm=at_96)
STRATEGIES = Sweep("vision-strategies", twemoji_set, _strategies, (1, 2, 5, 10, None), warm=at_96)
FAR = Sweep("vision-far", digit_set, _far_strategies, (5, 50), warm=at_64)
FAR_MOVING = Sweep("vision-far-moving", digit_set, _far_moving, (5,), warm=at_64)
FULL_SIZE = Sweep("vision-full-size", partial(twemoji_set, 224), _full_size, (None,), warm=at_224)
SCHEDULES = Sweep("vision-schedules", twemoji_set, _schedules, (None,), warm=at_96)
STATISTICS = Sweep("vision-statistics", twemoji_set, _statistics, (5,), warm=at_96)
LONGER = Sweep("vision-longer", emoji_sets, _longer, (None,), look=_left_over, warm=at_96)
GRADUAL = Sweep("vision-gradual", emoji_sets, _gradual, (None,), look=_left_over, warm=at_96)
ALL = (
    DEPTH, GRADUAL, LONGER, STATISTICS, STRATEGIES, FAR, FAR_MOVING, FULL_SIZE, SCHEDULES, *DOMAINS,
)  # fmt: skip
SWEEPS = {sweep.name: sweep for sweep in ALL}
