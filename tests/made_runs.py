"""Runs whose strategies are right with given rates, as `repeat` and `load_sweep` give them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tlhelpers.evaluation.trials import judge


def runs_of(rates: dict, seconds: dict | None = None, seeds=10, items=120, labels=(20,)):
    """One row per seed, label count and strategy, in no order; the items are the same in each."""
    truth, rows = np.arange(items) % 4, []
    for seed in range(seeds):
        for count in labels:
            for place, (name, rate) in enumerate(rates.items()):
                right = np.random.default_rng((seed, count, place)).random(items) < rate
                predicted = np.where(right, truth, (truth + 1) % 4)
                row = {"seed": seed, "labels": count, "strategy": name}
                row["seconds"] = (seconds or {}).get(name, 1.0)
                rows.append(row | judge(truth, predicted, np.arange(items).astype(str)))
    return pd.DataFrame(rows).sample(frac=1, random_state=0)
