"""Whether what is alike stays alike: neighbours, and the order of distances, before and after translation."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import squareform
from scipy.stats import rankdata
from sklearn.metrics import euclidean_distances

from latent_xlate import checks
from latent_xlate.evaluation.bootstrap import Statistic, mean_of

NEIGHBOURS = 10
"""Number of neighbours that trustworthiness looks at."""

LEAST_INSTANCES = 2 * NEIGHBOURS + 1
"""Smallest number of instances that trustworthiness is defined for."""


def distances(x: np.ndarray) -> np.ndarray:
    """Euclidean distances between all pictures x, [n, ...]: float64 [n, n], exactly symmetric.

    Raises:
        ValueError: A value is NaN or infinite.
    """
    flat = checks.finite(x.reshape(len(x), -1).astype(np.float64), "The set of pictures")
    between = euclidean_distances(flat - flat.mean(axis=0))
    return (between + between.T) / 2


def trustworthiness(before: np.ndarray, after: np.ndarray) -> Statistic:
    """The share of an instance's neighbours after translation that were near it before (Venna and Kaski, 2001).

    Each of the `NEIGHBOURS` nearest after translation costs as many ranks as it was farther away before than the
    neighbours of that time (https://doi.org/10.1007/3-540-44668-0_68). `sklearn.manifold.trustworthiness` gives the
    same number, but not what each instance contributes, which intervals need.

    Args:
        before: Distances between instances, float [n, n], n at least `LEAST_INSTANCES`.
        after: Distances between their translations, float [n, n].

    Returns:
        1 where all neighbours were neighbours before, about 0.5 for chance. Instances that share their contributions
        are resampled; who is whose neighbour stays as it is.
    """
    count, k = len(before), NEIGHBOURS
    rows = np.arange(count)[:, np.newaxis]
    # An instance comes first in its own order, even where another is 0 away.
    orders = [np.argsort(each - np.diag(np.full(count, np.inf)), axis=1, kind="stable") for each in (before, after)]
    ranks = np.empty((count, count), int)
    ranks[rows, orders[0]] = np.arange(count)
    penalties = np.maximum(ranks[rows, orders[1][:, 1 : k + 1]] - k, 0).sum(axis=1)
    return mean_of(1.0 - penalties * 2.0 / (k * (2 * count - 3 * k - 1)))


def rank_correlation(before: np.ndarray, after: np.ndarray) -> Statistic:
    """Spearman's rank correlation of the distances between instances, before and after translation.

    Args:
        before: Distances between instances, float [n, n], symmetric, n at least 3.
        after: Distances between their translations, float [n, n], symmetric.

    Returns:
        1 where the order of all distances is kept, 0 for chance and where all distances are the same. Instances are
        resampled; the ranks stay as they are. A pair of an instance with itself never counts.
    """
    ranked = [squareform(rankdata(squareform(each, checks=False))) for each in (before, after)]
    # A small mean keeps the sums of squares exact; the diagonal must stay 0.
    centre = np.mean(squareform(ranked[0]))
    x, y = (np.where(np.eye(len(each), dtype=bool), 0.0, (each - centre) / centre) for each in ranked)

    def of(weights: np.ndarray) -> np.ndarray:
        pairs = weights.sum(axis=1) ** 2 - np.sum(weights**2, axis=1)
        mean_x, mean_y, xx, yy, xy = (
            np.sum(weights @ each * weights, axis=1) / pairs for each in (x, y, x * x, y * y, x * y)
        )
        spread = np.sqrt(np.maximum((xx - mean_x**2) * (yy - mean_y**2), 0.0))
        return np.divide(xy - mean_x * mean_y, spread, out=np.zeros_like(spread), where=spread > 1e-9)

    return Statistic((len(x),), of)
