"""What the course itself computed: stored tables, and slices of them run again."""

from tlhelpers.experiments.image_domains import STRENGTHS, backbone_rows
from tlhelpers.experiments.image_strategies import backbone_at
from tlhelpers.experiments.sweeps import load_sweep, rerun
from tlhelpers.experiments.text_domains import equal_domains
from tlhelpers.experiments.text_strategies import new_tfidf_head

__all__ = [
    "STRENGTHS",
    "backbone_at",
    "backbone_rows",
    "equal_domains",
    "load_sweep",
    "new_tfidf_head",
    "rerun",
]
