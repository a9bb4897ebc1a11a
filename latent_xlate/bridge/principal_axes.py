"""Axes along which latents of a class vary most, as their domain's own model sees it."""

from __future__ import annotations

import numpy as np

from latent_xlate.latents.latents import Latents

_RIDGE = 1e-3
_LEAST = 1e-12


def posterior_scale(latents: Latents) -> np.ndarray:
    """The standard deviation of a domain's posteriors in each dimension, float32 [latent_dim]; 1 without posteriors.

    Divided by it, latents are as far apart as what a VAE decodes them to: to a first order its posterior is as narrow
    in a direction as the decoded data change along it (Kumar and Poole, 2020, https://arxiv.org/abs/2002.00041).
    """
    scale = np.sqrt(np.mean(np.square(latents.sigma, dtype=np.float64), axis=0))
    return np.where(scale > _LEAST, scale, 1.0).astype(np.float32)


def shared_axes(z_shared: np.ndarray, scaled: np.ndarray) -> np.ndarray:
    """Axes of the shared latents of a class, in the order in which latents vary along them.

    They are the principal axes of that part of the latents which is linear in the shared latent.

    Args:
        z_shared: float [n, shared_dim].
        scaled: The latents, over `posterior_scale`, float [n, latent_dim].

    Returns:
        float64 [shared_dim, shared_dim], axes as columns. The variances along them add up to 1, or are 0 where nothing
        varies.
    """
    z, latents = (each.astype(np.float64) - each.mean(axis=0, dtype=np.float64) for each in (z_shared, scaled))
    size = z.shape[1]
    ridge = _RIDGE * np.var(z) * len(z) + _LEAST
    slopes = np.linalg.solve(z.T @ z + ridge * np.eye(size), z.T @ latents)
    directions = np.linalg.svd(z @ slopes, full_matrices=False)[2][:size]
    axes = np.zeros((size, size))
    axes[:, : len(directions)] = slopes @ directions.T
    return axes / np.sqrt(max(np.sum(np.var(z @ axes, axis=0)), _LEAST))


def oriented_like(axes: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The same axes, each in that of its two directions which is nearer to the reference's; columns are axes."""
    return np.where(np.sum(axes * reference, axis=0) < 0, -axes, axes)


def whitening(x: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The first principal axes of x, scaled so that x has variance 1 along each, and so that they restore x.

    Args:
        x: Centred, float [n, size].
        count: Number of axes.

    Returns:
        float64 [size, count] and [count, size]; an axis along which nothing varies is zero in both.
    """
    deviations, directions = np.linalg.svd(x.astype(np.float64), full_matrices=False)[1:]
    deviations = deviations[:count] / np.sqrt(len(x))
    directions = directions[:count] * (deviations > 1e-3 * deviations.max(initial=_LEAST))[:, np.newaxis]
    white, colour = np.zeros((x.shape[1], count)), np.zeros((count, x.shape[1]))
    white[:, : len(deviations)] = (directions / np.maximum(deviations, _LEAST)[:, np.newaxis]).T
    colour[: len(deviations)] = directions * deviations[:, np.newaxis]
    return white, colour
