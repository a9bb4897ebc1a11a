"""Refinement of an orthogonal map between two clouds of points by pairs that are each other's nearest neighbours."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import pairwise_distances_argmin_min

from latent_xlate.baselines.linear_maps import Map, procrustes

_MAX_ROUNDS = 30


def refine(start: Map, source: np.ndarray, target: np.ndarray) -> tuple[Map, float]:
    """Fits an orthogonal map with an offset to the mutual neighbours that it makes, until these no longer change.

    Of the pairs that a wrong map makes, those of points that are nearest to each other are wrong least often (Conneau
    et al. 2018, https://arxiv.org/abs/1710.04087).

    Args:
        start: A rough map.
        source: Points, float [n, p].
        target: Points, float [m, q].

    Returns:
        The map, and the mean distance, in both directions, of a point from its nearest neighbour in the other cloud.
    """
    matrix, offset = start
    pairs = np.empty((2, 0), np.intp)
    for _ in range(_MAX_ROUNDS):
        previous, (pairs, distance) = pairs, mutual_neighbours(source @ matrix + offset, target)
        if np.array_equal(pairs, previous):
            return (matrix, offset), distance
        matrix, offset = procrustes(source[pairs[0]], target[pairs[1]], scale=1.0)
    return (matrix, offset), mutual_neighbours(source @ matrix + offset, target)[1]


def mutual_neighbours(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, float]:
    """The pairs of points of two clouds that are each other's nearest, one at least.

    Args:
        first: Points, float [n, p].
        second: Points, float [m, p].

    Returns:
        Their indices, int64 [2, number of pairs], and the mean distance as in `refine`.
    """
    of_first, there = pairwise_distances_argmin_min(first, second)
    of_second, back = pairwise_distances_argmin_min(second, first)
    mutual = np.flatnonzero(of_second[of_first] == np.arange(len(first)))
    return np.stack([mutual, of_first[mutual]]), float(there.mean() + back.mean()) / 2
