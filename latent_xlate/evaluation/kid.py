"""The kernel distance between two sets of features (Bińkowski et al., 2018, https://arxiv.org/abs/1801.01401)."""

from __future__ import annotations

import numpy as np

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
