"""What the course itself computed: stored tables, and slices of them run again."""

from tlhelpers.experiments.running import rerun
from tlhelpers.experiments.stored import load_sweep, provenance_of

__all__ = ["load_sweep", "provenance_of", "rerun"]
