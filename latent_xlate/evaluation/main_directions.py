"""The directions in which points vary most."""

from __future__ import annotations

import numpy as np


def main_directions(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Projects points on their two directions of largest variance.

    Args:
        points: Points, float [n, dim].

    Returns:
        Coordinates about the mean, [n, 2], and the directions' shares of the variance, [2].
    """
    centred = points - points.mean(axis=0)
    _, values, directions = np.linalg.svd(centred, full_matrices=False)
    return centred @ directions[:2].T, values[:2] ** 2 / np.sum(values**2)
