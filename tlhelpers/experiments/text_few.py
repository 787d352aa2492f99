"""Few labels: contrastive tuning, to stand beside the frozen and tuned encoder of `text`."""

from __future__ import annotations

from tlhelpers.evaluation.trials import Outcome, Trial
from tlhelpers.experiments.sweep import Sweep
from tlhelpers.experiments.text import load_tweets
from tlhelpers.experiments.text_strategies import shared_encoder, warm_texts
from tlhelpers.training.contrastive import contrastive_head

PENALTY = 10.0


def tune_pairs(trial: Trial) -> Outcome:
    """A strategy: pairs of the labelled texts tune the encoder, then a linear head is trained."""
    encoder = shared_encoder()
    predicted = contrastive_head(encoder, C=PENALTY, precision="auto")(trial)
    head = (encoder.feature_size + 1) * (len(trial.source.class_names) - 1)
    weights = sum(weight.numel() for weight in encoder.parameters()) + head
    return Outcome(predicted, {"chosen": "", "trials": 0, "trained_weights": weights})


# Splits, seeds and labels are those of the sweep `text-strategies`.
PAIRS = Sweep(
    "text-contrastive", __name__, load_tweets, lambda: {"contrastive": tune_pairs}, (8,),
    warm=warm_texts,
)  # fmt: skip
SWEEPS = (PAIRS,)
