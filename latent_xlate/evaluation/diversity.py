"""How varied translations are: within a class, and those of one instance."""

from __future__ import annotations

import numpy as np

from latent_xlate.evaluation.bootstrap import Statistic
from latent_xlate.evaluation.fid import checked_features


def relative_variance(x: np.ndarray, y: np.ndarray) -> Statistic:
    """Variance of the features of translations over that of real instances, both of one class.

    The variance of a set is the sum of its features' variances: half the mean squared distance between two instances.

    Args:
        x: Features of translations, float [n, width].
        y: Features of real instances, float [m, width], not all the same.

    Returns:
        The ratio: 0 for translations that are all the same, 1 for those that vary like real instances.

    Raises:
        ValueError: A set is not [n, width] with at least 2 rows, the widths differ, or a feature is NaN or infinite.
    """
    x, y = checked_features(x, y)
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    return Statistic((len(x), len(y)), lambda of_x, of_y: _variance(x, of_x) / _variance(y, of_y))


def sample_variance(samples: np.ndarray, y: np.ndarray) -> Statistic:
    """Variance among the samples that one instance gives, over that of real instances of its class.

    Args:
        samples: Features of several translations of each instance, float [n, samples, width], at least 2 of each.
        y: Features of real instances, float [m, width], not all the same.

    Returns:
        The mean ratio over instances: 0 for translations that do not depend on the noise, 1 for those that vary like
        any two instances of the class.
    """
    within = np.asarray(samples, np.float64).var(axis=1, ddof=1).sum(axis=1)
    centred = np.asarray(y, np.float64) - np.mean(y, axis=0, dtype=np.float64)
    return Statistic(
        (len(within), len(centred)),
        lambda of_x, of_y: of_x @ within / of_x.sum(axis=1) / _variance(centred, of_y),
    )


def total_variance(x: np.ndarray) -> float:
    """The sum of the unbiased variances of all columns of x, float [n, width] with at least 2 rows."""
    return float(np.asarray(x, np.float64).var(axis=0, ddof=1).sum())


def _variance(centred: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Total unbiased variances, [resamples], of weighted sets, whose features [n, width] have a mean near 0."""
    count = weights.sum(axis=1)
    squares = weights @ np.sum(centred**2, axis=1)
    return (squares - np.sum((weights @ centred) ** 2, axis=1) / count) / (count - 1)
