"""The kernel distance between two sets of features (Bińkowski et al., 2018, https://arxiv.org/abs/1801.01401)."""

from __future__ import annotations

import numpy as np

from latent_xlate.evaluation.bootstrap import Statistic
from latent_xlate.evaluation.fid import checked_features


def kernel_distance(x: np.ndarray, y: np.ndarray) -> float:
    """Returns the squared maximum mean discrepancy under the kernel (x.y / width + 1)^3, by its unbiased estimate.

    Unlike the Fréchet distance it is unbiased, so that small sets can be compared. Of sets of one distribution it lies
    around 0, and may be negative.

    Args:
        x: Features, float [n, width].
        y: Features, float [m, width].

    Raises:
        ValueError: A set is not [n, width] with at least 2 rows, the widths differ, or a feature is NaN or infinite.
    """
    x, y = checked_features(x, y)
    return float(_within(x) + _within(y) - 2.0 * _kernel(x, y).mean())


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (x @ y.T / x.shape[1] + 1.0) ** 3


def _within(x: np.ndarray) -> float:
    """Mean of the kernel over pairs of two different rows."""
    kernel = _kernel(x, x)
    return float((kernel.sum() - np.trace(kernel)) / (len(x) * (len(x) - 1)))


def class_kernel_distance(x: np.ndarray, y: np.ndarray) -> Statistic:
    """The distance of `kernel_distance` between two sets of one class, as a statistic that can be resampled.

    A pair of an instance with itself never counts, also where it was drawn twice, so that the resampled distances are
    unbiased too. Args and errors as by `kernel_distance`.
    """
    x, y = checked_features(x, y)
    within_x, within_y, between = _kernel(x, x), _kernel(y, y), _kernel(x, y)
    np.fill_diagonal(within_x, 0.0)
    np.fill_diagonal(within_y, 0.0)

    def of(of_x: np.ndarray, of_y: np.ndarray) -> np.ndarray:
        apart = _bilinear(of_x, between, of_y) / (of_x.sum(axis=1) * of_y.sum(axis=1))
        return _pair_mean(of_x, within_x) + _pair_mean(of_y, within_y) - 2.0 * apart

    return Statistic((len(x), len(y)), of)


def _pair_mean(weights: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Means, [resamples], of a kernel whose diagonal is 0 over pairs of two different instances."""
    return _bilinear(weights, kernel, weights) / (weights.sum(axis=1) ** 2 - np.sum(weights**2, axis=1))


def _bilinear(left: np.ndarray, matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.sum(left @ matrix * right, axis=1)
