"""Probabilities of classes from scores, and their confidence."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

_MAX_SCALINGS = 100
_SMALLEST = 1e-30  # Keeps logarithms finite.


def soft_labels(scores: np.ndarray, equal_sizes: bool = False) -> np.ndarray:
    """Probabilities of classes: the softmax of scores.

    Args:
        scores: float [n, num_classes].
        equal_sizes: Whether to add to each class's score a constant by which the probabilities of all classes add up
            to the same share, to a thousandth (scaling of Sinkhorn and Knopp 1967). Rows of equal scores are left
            as they are.

    Returns:
        float64 [n, num_classes]; each row adds up to one.
    """
    decided = np.ptp(scores, axis=1) > 0
    shift = np.zeros(scores.shape[1])
    if equal_sizes and decided.any():
        for _ in range(_MAX_SCALINGS):
            shares = np.mean(softmax(scores[decided] + shift, axis=1), axis=0) * len(shift)
            if np.abs(shares - 1).max() < 1e-3:
                break
            shift -= np.log(np.maximum(shares, _SMALLEST))
    return softmax(scores + decided[:, np.newaxis] * shift, axis=1)


def confidence(probabilities: np.ndarray) -> np.ndarray:
    """Confidence of probabilities of classes.

    Args:
        probabilities: float [n, num_classes].

    Returns:
        float [n], linear in the largest probability: 0 where all are equal, 1 where one is 1.
    """
    num_classes = probabilities.shape[1]
    return np.clip((probabilities.max(axis=1) * num_classes - 1) / (num_classes - 1), 0, 1)
