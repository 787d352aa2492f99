"""The command ``python3 -m tlhelpers sweep``: run long comparisons, or tell which are stale."""

from __future__ import annotations

import argparse
import sys

from tlhelpers.errors import CourseError
from tlhelpers.experiments.registry import find_sweeps
from tlhelpers.experiments.running import confirm_sweep, is_as_stored, run_sweep
from tlhelpers.experiments.stored import stale_sweeps
from tlhelpers.setup.stopping import Stopped, stoppable


def main(argv=None) -> int:
    """Run the sweeps that were asked for, confirm them, or list the stale ones."""
    parser = argparse.ArgumentParser(prog="python3 -m tlhelpers sweep")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--stale", action="store_true")
    parser.add_argument("--confirm", action="store_true")
    parser.add_argument("--cluster")
    options = parser.parse_args(argv)
    if options.jobs is not None and options.jobs < 1:
        raise CourseError(f"--jobs must be 1 or more, got {options.jobs}")
    if options.cluster is not None and (options.jobs or options.confirm or options.stale):
        raise CourseError(
            "--cluster goes with names alone: the workers of the cluster say how many runs go on "
            "at once, and --confirm and --stale look at tables on this machine"
        )
    if options.stale:
        return _list_stale()
    if not options.names:
        raise CourseError("say which sweep: vision, text, or a name; --stale lists the stale ones")
    names = dict.fromkeys(one.name for asked in options.names for one in find_sweeps(asked))
    if options.confirm:
        return max([_confirm(name, options.jobs) for name in names])
    return max([_run(name, options.jobs, options.cluster) for name in names])


def _run(name: str, jobs: int | None, cluster: str | None) -> int:
    print(f"{name} is stored in {run_sweep(name, jobs, cluster)}", flush=True)
    return 0


def _confirm(name: str, jobs: int | None) -> int:
    table = confirm_sweep(name, n_jobs=jobs)
    for row in table[table["same"] < 1].itertuples():
        print(
            f"{name}, {row.strategy}, tested on {row.tested_on}: {row.same:.1%} of the predictions "
            f"are as stored, accuracy {row.here:.3f} (stored: {row.stored:.3f})"
        )
    confirmed = is_as_stored(table)
    print(f"{name}: {'confirmed' if confirmed else 'not confirmed'}", flush=True)
    return 0 if confirmed else 1


def _list_stale() -> int:
    names = stale_sweeps()
    for name in names:
        print(f"{name}: the code that makes it has changed since it was made or confirmed")
    if not names:
        print("No stored table is stale.")
    return 0


if __name__ == "__main__":
    try:
        with stoppable():
            sys.exit(main())
    except CourseError as error:
        sys.exit(f"tlhelpers: {error}")
    except Stopped as stopped:
        print("\ntlhelpers: stopped; the same command goes on where it was", file=sys.stderr)
        sys.exit(stopped.status)
