"""The Fréchet distance between two sets of features (Heusel et al., 2017, https://arxiv.org/abs/1706.08500)."""

from __future__ import annotations

import numpy as np

from latent_xlate import checks


def frechet_distance(x: np.ndarray, y: np.ndarray) -> float:
    """Returns the squared Fréchet distance between Gaussians fitted to two sets of features.

        |mean_x - mean_y|^2 + tr(C_x + C_y - 2 (C_x^(1/2) C_y C_x^(1/2))^(1/2))

    with the unbiased covariances C. For any factors R with C = R'R, the trace of the root in the last term is the
    sum of the singular values of R_x R_y'. These are exact and real, which a general matrix square root of a product
    of singular covariances need not be.

    The distance is biased upwards by small sets: compare only distances from sets of one size.

    Args:
        x: Features, float [n, width].
        y: Features, float [m, width].

    Returns:
        The distance, 0 or more.

    Raises:
        ValueError: A set is not [n, width] with at least 2 rows, the widths differ, or a feature is NaN or infinite.
    """
    x, y = checked_features(x, y)
    mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
    factor_x, factor_y = (x - mean_x) / np.sqrt(len(x) - 1), (y - mean_y) / np.sqrt(len(y) - 1)
    if min(len(x), len(y)) > x.shape[1]:  # Otherwise the product below is small already.
        factor_x, factor_y = _square(factor_x), _square(factor_y)
    shared = np.linalg.svd(factor_x @ factor_y.T, compute_uv=False).sum()
    distance = np.sum((mean_x - mean_y) ** 2) + np.sum(factor_x**2) + np.sum(factor_y**2) - 2.0 * shared
    return max(float(distance), 0.0)  # Rounding may give a negative number.


def checked_features(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns two sets of features as float64; ValueError as in `frechet_distance`."""
    x, y = _features(x, "x"), _features(y, "y")
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"The features of x are {x.shape[1]} wide, those of y {y.shape[1]}; they must agree.")
    return x, y


def _features(x: np.ndarray, what: str) -> np.ndarray:
    x = np.asarray(x, np.float64)
    if x.ndim != 2 or len(x) < 2:
        raise ValueError(f"{what} is {list(x.shape)}; a distance needs [n, width] with at least 2 rows.")
    return checks.finite(x, what)


def _square(factor: np.ndarray) -> np.ndarray:
    """Returns a square matrix R with the same R'R, by eigenvectors: a QR decomposition takes many times as long."""
    variances, directions = np.linalg.eigh(factor.T @ factor)
    return np.sqrt(np.maximum(variances, 0.0))[:, None] * directions.T
