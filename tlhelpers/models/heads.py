"""Classifiers on top of fixed feature vectors, ready for `evaluation.repeat`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler
from threadpoolctl import ThreadpoolController

from tlhelpers.checks import whole
from tlhelpers.models.words import tokens


def new_linear_head(C: float = 10.0, class_weight=None) -> Pipeline:
    """A softmax layer on centred feature vectors of length one, not yet trained.

    Parameters
    ----------
    C : float
        Inverse strength of the L2 penalty, as scikit-learn's `LogisticRegression` has it.
    class_weight : "balanced" or dict of label to float, optional
        How much an item of each class counts, as there too.

    Returns
    -------
    sklearn.pipeline.Pipeline
        The centre is the mean of the training rows; no test row has a part in it.
    """
    softmax = SpanLogisticRegression(C=C, max_iter=2000, class_weight=class_weight)
    return Head(
        [
            ("standardscaler", StandardScaler(with_std=False)),
            ("normalizer", Normalizer()),
            ("logisticregression", softmax),
        ]
    )


def new_tfidf_head(C: float = 10.0) -> Pipeline:
    """Words and pairs of words, counted and weighted, and a linear classifier, not yet trained.

    Parameters
    ----------
    C : float
        Inverse strength of the L2 penalty.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Takes texts. What it knows of words comes from the texts that it is fitted on.
    """
    # Given a function, scikit-learn warns that its own pattern is not used.
    words = TfidfVectorizer(
        tokenizer=tokens, token_pattern=None, lowercase=False, ngram_range=(1, 2), sublinear_tf=True
    )
    return Head(make_pipeline(words, LogisticRegression(C=C, max_iter=2000)).steps)


class Head(Pipeline):
    """A pipeline that is fitted on one thread, whatever other work there is.

    Two threads on a problem this small spend their time waiting for each other: on a busy machine
    they take more than ten times as long.
    """

    def fit(self, X, y=None, **params) -> Head:
        """As `Pipeline.fit`."""
        with _libraries(len(sys.modules)).limit(limits=1):
            return super().fit(X, y, **params)


@lru_cache(maxsize=1)
def _libraries(modules: int) -> ThreadpoolController:
    """Those with threads: to look for them takes as long as a small fit.

    They come with modules, so it is done anew where there are more `modules` than before.
    """
    return ThreadpoolController()


class SpanLogisticRegression(LogisticRegression):
    """scikit-learn's, which finds the same weights sooner where rows are few and features many.

    An L2 penalty keeps each class's weights in the span of the training rows. So they are sought
    there, with one number per row in place of one per feature, and turned back. Other penalties,
    and what is no plain array of numbers, are left to scikit-learn as they are.
    """

    def fit(self, X, y, sample_weight=None) -> SpanLogisticRegression:
        """As `LogisticRegression.fit`."""
        if not (self._keeps_to_the_span() and _is_wide(X)):
            return super().fit(X, y, sample_weight)
        directions, rows = np.linalg.qr(np.transpose(X))
        super().fit(np.ascontiguousarray(rows.T), y, sample_weight)
        self.coef_ = self.coef_ @ directions.T
        self.n_features_in_ = self.coef_.shape[1]
        return self

    def _keeps_to_the_span(self) -> bool:
        """Whether the penalty is L2 alone, and no weights of an earlier fit are gone on from."""
        is_l2 = self.penalty in ("l2", "deprecated") and not self.l1_ratio
        return is_l2 and not self.warm_start


def _is_wide(X) -> bool:
    """Whether it is an array of finite floats with at least twice as many columns as rows."""
    if type(X) is not np.ndarray or X.ndim != 2 or X.dtype not in (np.float32, np.float64):
        return False
    return 0 < 2 * len(X) <= X.shape[1] and bool(np.isfinite(X).all())


def linear_head(
    features: np.ndarray,
    labels: np.ndarray,
    C: float = 10.0,
    used_on: np.ndarray | None = None,
    class_weight=None,
) -> Callable:
    """A strategy for `evaluation.repeat`: train a linear head on the training rows.

    Parameters
    ----------
    features : float array, shape (n, d)
        One row per item of the whole data set.
    labels : int array, shape (n,)
    C : float
        As in `new_linear_head`.
    used_on : float array, shape (n, d), optional
        The features of the same items as the head meets them in use, where they are not those
        that it was trained on.
    class_weight : "balanced" or dict of label to float, optional
        As in `new_linear_head`.

    Returns
    -------
    callable
        ``strategy(trial)`` gives the predicted labels of the trial's test rows.

    Raises
    ------
    ValueError
        If lengths differ or a feature is not finite.
    """
    features, labels = _checked(features, labels)
    used_on = features if used_on is None else _checked(used_on, labels)[0]

    def strategy(trial):
        head = new_linear_head(C, class_weight).fit(features[trial.train], labels[trial.train])
        return head.predict(used_on[trial.test])

    return strategy


def nearest_neighbours(features: np.ndarray, labels: np.ndarray, k: int = 1) -> Callable:
    """A strategy for `evaluation.repeat`: the most common label of the `k` nearest training rows.

    Parameters
    ----------
    features : float array, shape (n, d)
    labels : int array, shape (n,)
    k : int
        Neighbours by cosine; with fewer training rows, all of them.

    Returns
    -------
    callable
        ``strategy(trial)`` gives the predicted labels of the trial's test rows.
    """
    whole("k", k)
    features, labels = _checked(features, labels)

    def strategy(trial):
        neighbours = KNeighborsClassifier(min(k, len(trial.train)), metric="cosine")
        neighbours.fit(features[trial.train], labels[trial.train])
        return neighbours.predict(features[trial.test])

    return strategy


def _checked(features, labels) -> tuple[np.ndarray, np.ndarray]:
    features, labels = np.asarray(features), np.asarray(labels)
    if features.ndim != 2:
        raise ValueError(f"features must have the shape (n, d), got {features.shape}")
    if labels.ndim != 1:
        raise ValueError(f"labels must have the shape (n,), got {labels.shape}")
    if labels.dtype.kind == "f" and np.isnan(labels).any():
        raise ValueError(f"labels hold {int(np.isnan(labels).sum())} NaN: give every item a class")
    if len(features) != len(labels):
        raise ValueError(f"{len(features)} rows of features, but {len(labels)} labels")
    if not np.isfinite(features).all():
        rows = np.flatnonzero(~np.isfinite(features).all(axis=1))
        raise ValueError(
            f"{len(rows)} rows of features hold NaN or infinity, the first is {rows[0]}"
        )
    return features, labels
