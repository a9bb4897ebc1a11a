"""Points in clusters, and the labels of a few of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.datasets import make_blobs


def few(labels: np.ndarray, per_class: int = 1, seed: int = 0) -> np.ndarray:
    """The labels of so many instances of each class, -1 for the others."""
    order = np.random.default_rng(seed).permutation(len(labels))
    seen = np.full(len(labels), -1)
    for label in np.unique(labels):
        chosen = order[labels[order] == label][:per_class]
        seen[chosen] = label
    return seen


def blobs(sizes: Sequence[int] = (100, 100, 100), seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three overlapping clusters in the plane, and which of them each point is of."""
    centres = [[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]]
    return make_blobs(sizes, centers=centres, cluster_std=1.0, random_state=seed)
