"""What a saved model can be: a network with its head, neighbours, counted words, or one class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.special import softmax
from sklearn.pipeline import Pipeline
from torch import nn

from tlhelpers.models.backbones import Transform
from tlhelpers.models.classifier import Classifier
from tlhelpers.models.heads import new_tfidf_head

TEXTS_AT_ONCE = 4096
NEVER = -1e4  # the logit of a class that no training item had: its probability is 0


class RawPixels(nn.Module):
    """No network at all: the pictures as rows of numbers, as `raw_pixels` gives them."""

    def __init__(self, size: int = 32, edge: int = 32):
        super().__init__()
        self.edge, self.feature_size = edge, 3 * edge**2
        self.transform = Transform(size, (0.0,) * 3, (1.0,) * 3)
        # adaptive_avg_pool2d as two products: ONNX has it only where `edge` divides `size`.
        lines = nn.functional.adaptive_avg_pool1d(torch.eye(size)[None], edge)[0].T
        self.register_buffer("lines", lines.contiguous(), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """float (n, 3, size, size) to (n, 3 · edge · edge)."""
        return (self.lines @ x @ self.lines.T).flatten(1)


class CentredFeatures(nn.Module):
    """A backbone whose features are centred and scaled to length one, as `new_linear_head` does.

    The linear layer behind it can then hold the weights of scikit-learn's head as they are.
    """

    def __init__(self, backbone: nn.Module, centre: np.ndarray | None = None):
        super().__init__()
        self.backbone, self.feature_size = backbone, backbone.feature_size
        centre = np.zeros(self.feature_size) if centre is None else centre
        self.register_buffer("centre", torch.tensor(np.asarray(centre, dtype=np.float32)))

    @property
    def transform(self):
        """What makes the backbone's input out of raw items."""
        return self.backbone.transform

    def forward(self, *inputs, **named) -> torch.Tensor:
        """What the backbone takes to float (n, feature_size) of length one."""
        return nn.functional.normalize(self.backbone(*inputs, **named) - self.centre)


class NeighbourHead(nn.Module):
    """The classes of the `k` nearest training rows by cosine, as logarithms of their shares."""

    def __init__(self, rows: torch.Tensor, labels: torch.Tensor, n_classes: int, k: int):
        super().__init__()
        self.register_buffer("rows", nn.functional.normalize(rows.float()))
        self.register_buffer("labels", labels.long())
        self.out_features, self.k = n_classes, min(k, len(rows))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """float (n, d) to (n, n_classes); a softmax of it gives the shares."""
        near = (nn.functional.normalize(features) @ self.rows.T).topk(self.k).indices
        classes = torch.arange(self.out_features, device=near.device)
        hits = (self.labels[near].unsqueeze(2) == classes).float()
        return hits.mean(1).log()


def linear_classifier(backbone: nn.Module, head: Pipeline, class_names: Sequence[str]):
    """A `Classifier` that gives the probabilities of a fitted `new_linear_head` behind a backbone.

    Centre and weights of the head lie in the network, so that it needs nothing else.
    """
    centre, softmax_layer = head[0], head[-1]
    model = Classifier(CentredFeatures(backbone, centre.mean_), len(class_names), class_names)
    weights, biases = _weights_of(softmax_layer, len(class_names))
    with torch.no_grad():
        model.linear_head.weight.copy_(torch.tensor(weights))
        model.linear_head.bias.copy_(torch.tensor(biases))
    return model.eval()


def neighbour_classifier(
    backbone: nn.Module, rows: np.ndarray, labels: np.ndarray, class_names: Sequence[str], k: int
):
    """A `Classifier` whose head compares with the training rows, float (n, d), themselves."""
    model = Classifier(backbone, len(class_names), class_names)
    tensors = torch.tensor(np.asarray(rows, dtype=np.float32)), torch.tensor(np.asarray(labels))
    model.linear_head = NeighbourHead(*tensors, len(class_names), k)
    return model.eval()


def _weights_of(layer, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights (k, d) and biases (k,) whose softmax is what a fitted `LogisticRegression` gives."""
    weights, biases = np.asarray(layer.coef_), np.asarray(layer.intercept_)
    if len(weights) == 1:  # of two classes it keeps one row
        weights = np.concatenate([np.zeros_like(weights), weights])
        biases = np.concatenate([np.zeros_like(biases), biases])
    every = np.zeros((n_classes, weights.shape[1]), weights.dtype)
    all_biases = np.full(n_classes, NEVER, biases.dtype)
    every[layer.classes_], all_biases[layer.classes_] = weights, biases
    return every, all_biases


class CountedWords:
    """Words and pairs of words, counted, and a linear classifier: `new_tfidf_head` without pickle.

    Parameters
    ----------
    vocabulary : list of str
        In the order of the columns.
    idf : float array, shape (m,)
    weights, biases : float arrays, shapes (k, m) and (k,)
    """

    def __init__(self, vocabulary: Sequence[str], idf, weights, biases):
        self.vocabulary = list(vocabulary)
        self.counts = new_tfidf_head()[0].set_params(vocabulary=self.vocabulary)
        self.counts.idf_ = np.asarray(idf, dtype=np.float64)
        self.weights, self.biases = np.asarray(weights), np.asarray(biases)

    @classmethod
    def of(cls, head: Pipeline, n_classes: int) -> CountedWords:
        """The same as a fitted `new_tfidf_head`."""
        counts = head[0]
        return cls(counts.get_feature_names_out(), counts.idf_, *_weights_of(head[-1], n_classes))

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """The probability of each class, float64 (n, k)."""
        starts = range(0, len(texts), TEXTS_AT_ONCE)
        counted = (self.counts.transform(texts[i : i + TEXTS_AT_ONCE]) for i in starts)
        parts = [rows @ self.weights.T + self.biases for rows in counted]
        return softmax(np.concatenate(parts), axis=1)
