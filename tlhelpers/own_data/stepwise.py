"""The strategies that train step by step: planned, run, and planned anew where it goes slower."""

from __future__ import annotations

from contextlib import suppress

from tlhelpers.own_data.frozen_pass import pass_at
from tlhelpers.own_data.job import FEW_SEEDS, Job
from tlhelpers.own_data.plan import (
    Forecast,
    Option,
    StepTimes,
    choose_option,
    does_not_fit,
    key_of_run,
    kind_of,
    options_of,
)
from tlhelpers.own_data.running import run
from tlhelpers.own_data.strategies import FROZEN, LORA, SCRATCH, TUNING
from tlhelpers.own_data.timing import OutOfTime


def run_stepwise(job: Job) -> None:
    """Train what fits, at least three seeds of each; what does not fit is said."""
    names = [LORA, TUNING] if job.material.kind == "texts" else [SCRATCH, LORA, TUNING]
    before, sizes = job.budget.spent(), job.material.sizes()
    steps = StepTimes(job)
    with suppress(OutOfTime):
        job.budget.check()
        steps.measure(names, sizes)
    job.not_run |= steps.refused
    names = [name for name in names if name not in steps.refused]
    forecast, options = Forecast(job, steps), options_of(job, sizes)
    try:
        _run_what_fits(job, names, options, forecast)
    except OutOfTime:
        job.tell("The time for comparing is over: what was being trained is given up.")
    for name in _missing(job, names):
        job.not_run[name] = does_not_fit(name, options, forecast, before)
        job.tell(f"{job.not_run[name]}.")
    job.costs |= steps.costs()


def _run_what_fits(job: Job, names: list[str], options: list[Option], forecast: Forecast) -> None:
    """One plan after the other: of who is missing, of more labels or a larger size, more seeds."""
    while found := _next_plan(job, names, options, forecast):
        _run_plan(job, *found, forecast)
    for option in options:
        there = [name for name in names if _is_there(job, name, option)]
        if there:
            _run_more_seeds(job, there, option, forecast)


def _next_plan(job: Job, names: list[str], options: list[Option], forecast: Forecast):
    """Strategies and an option that fit; None where nothing more does."""
    missing = _missing(job, names)
    found = choose_option(missing, options, forecast, job.budget.left()) if missing else None
    if found:
        return found
    there = [name for name in names if name not in missing]
    done = [place for place, option in enumerate(options)
            if all(_is_there(job, name, option) for name in there)]  # fmt: skip
    larger = options[: min(done, default=0)]
    for option in larger if there else []:
        if forecast.all_runs(there, option) <= job.budget.left():
            return there, option
    return None


def _is_there(job: Job, name: str, option: Option) -> bool:
    """Whether a strategy was run with three seeds there."""
    kind = kind_of(job, name, option)
    return any((key.name, key.share, key.size) == kind for key in job.whole_keys())


def _missing(job: Job, names: list[str]) -> list[str]:
    """Those of which there are not three seeds at any one place."""
    return [name for name in names if not any(key.name == name for key in job.whole_keys())]


def _run_plan(job: Job, names: list[str], option: Option, forecast: Forecast) -> None:
    """Run a plan, three seeds of each; stops where it goes so slowly that another must be made."""
    names = sorted(names, key=lambda name: forecast.run(name, option))
    _tell_plan(job, names, option, forecast)
    _run_controls(job, option)
    for name in names:
        for seed in job.seeds[:FEW_SEEDS]:
            if not _run_if_it_fits(job, name, option, seed, forecast):
                return


def _tell_plan(job: Job, names: list[str], option: Option, forecast: Forecast) -> None:
    count, size = job.counts[option.share], option.size
    minutes = forecast.all_runs(names, option) / 60
    at = "" if size == job.material.full else f" and {size} {job.material.unit}"
    job.tell(
        f"{', '.join(names)}: {FEW_SEEDS} splits each at {count:,} labels per class{at}, "
        f"about {minutes:.1f} minutes."
    )


def _run_controls(job: Job, option: Option) -> None:
    """Frozen features at the same labels and size, so that one thing changes at a time."""
    if option.size not in job.features:
        job.features[option.size] = pass_at(job, job.order, option.size)
    for seed in job.seeds_run():
        for name in FROZEN:
            run(job, key_of_run(job, name, option, seed))


def _run_if_it_fits(job: Job, name: str, option: Option, seed: int, forecast: Forecast) -> bool:
    key = key_of_run(job, name, option, seed)
    if key not in job.results and forecast.run(name, option) > job.budget.left():
        return False
    run(job, key)
    return True


def _run_more_seeds(job: Job, names: list[str], option: Option, forecast: Forecast) -> None:
    """As many seeds as the cheap strategies have, where there is time: each with all strategies."""
    for seed in job.seeds_run()[FEW_SEEDS:]:
        missing = [name for name in names
                   if key_of_run(job, name, option, seed) not in job.results]  # fmt: skip
        if sum(forecast.run(name, option) for name in missing) > job.budget.left():
            return
        for name in missing:
            if not _run_if_it_fits(job, name, option, seed, forecast):
                return
