"""Conjugate gradients for several right sides at once (Hestenes and Stiefel 1952)."""

from __future__ import annotations

import numpy as np
from scipy import sparse

_MAX_ITERATIONS = 2_000
_TOLERANCE = 1e-6
_SMALLEST = np.finfo(np.float64).tiny  # Keeps divisors above zero.


def solve(system: sparse.csr_array, right_side: np.ndarray) -> np.ndarray:
    """Solves a linear system whose matrix is symmetric and positive definite, preconditioned by its diagonal.

    Args:
        system: The matrix, [n, n].
        right_side: float64 [n, columns].

    Returns:
        float64 [n, columns], each column to a residual of 1e-6 of its right side, or after 2,000 iterations.
    """
    inverse = 1 / system.diagonal()[:, np.newaxis]
    solution, residual = np.zeros_like(right_side), right_side
    direction = inverse * residual
    length = np.sum(residual * direction, axis=0)
    tolerance = _TOLERANCE * np.linalg.norm(right_side, axis=0)
    for _ in range(_MAX_ITERATIONS):
        active = np.linalg.norm(residual, axis=0) > tolerance
        if not active.any():
            break
        image = system @ direction
        step = np.where(active, length / np.maximum(np.sum(direction * image, axis=0), _SMALLEST), 0)
        solution, residual = solution + step * direction, residual - step * image
        scaled = inverse * residual
        previous, length = length, np.sum(residual * scaled, axis=0)
        direction = scaled + length / np.maximum(previous, _SMALLEST) * direction
    return solution
