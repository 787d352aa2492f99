"""Hidden words guessed by counts: what an encoder has to beat."""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse import csr_matrix

from tlhelpers.checks import is_number
from tlhelpers.models.masked_words import cut_to_pieces


class NeighbourCounts:
    """Guesses a hidden token by how often tokens stood beside each other in some texts.

    How likely w is between l and r: p(w | l) p(w | r) / p(w), scaled to a sum of 1, as if the two
    neighbours told of w independently. Each p(w | neighbour) is the share among what stood beside
    it, with `prior` more observations shared out by p(w); a neighbour that was never seen, such as
    another mask, tells nothing.

    Parameters
    ----------
    encoder : Encoder
        Only its way to cut texts into tokens is used.
    texts : sequence of str
    neighbours : bool
        False leaves them out: the commonest token is then the guess everywhere.
    prior : float
        Above 0.

    Attributes
    ----------
    transform : Tokens

    Raises
    ------
    ValueError
        If there are no texts, or `prior` is not above 0.
    """

    def __init__(self, encoder, texts, neighbours: bool = True, prior: float = 10.0):
        if not is_number(prior) or prior <= 0:
            raise ValueError(f"prior must be a number above 0, got {prior!r}")
        self.transform, self.neighbours, self.prior = encoder.transform, neighbours, prior
        size = len(self.transform.tokenizer)
        rows = [np.array(row) for row in cut_to_pieces(self.transform, texts)]
        left = np.concatenate([row[:-1] for row in rows])
        right = np.concatenate([row[1:] for row in rows])
        pairs = csr_matrix((np.ones(len(left)), (left, right)), (size, size))
        self._after, self._before = pairs, pairs.T.tocsr()
        # Marks of start and end are neighbours, but they are never what is hidden.
        counts = np.bincount(np.concatenate([row[1:-1] for row in rows]), minlength=size)
        self._share = (counts + 1 / size) / (counts.sum() + 1)

    def guess(self, input_ids, attention_mask, places) -> torch.Tensor:
        """Logarithms of the probabilities at the `places`, float (places, vocabulary)."""
        row, column = np.nonzero(places.numpy())
        ids = input_ids.numpy()
        logs = np.tile(np.log(self._share), (len(row), 1))
        if self.neighbours:
            logs += self._gain(self._after[ids[row, column - 1]])
            logs += self._gain(self._before[ids[row, column + 1]])
        # What marks a start, an end or a gap is never what was hidden.
        logs[:, self.transform.tokenizer.all_special_ids] = -np.inf
        return torch.from_numpy(logs).log_softmax(1).float()

    def _gain(self, counts) -> np.ndarray:
        """log p(w | neighbour) − log p(w), float (places, vocabulary)."""
        counts = counts.toarray()
        seen = counts.sum(1, keepdims=True)
        return np.log((counts / self._share + self.prior) / (seen + self.prior))
