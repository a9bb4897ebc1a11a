"""Coordinates in which the latents of two domains can be compared: their principal axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from latent_xlate.baselines.fitted_bridge import class_means
from latent_xlate.latents.latents import Latents


def principal_axes(latents: Sequence[Latents], num_classes: int) -> list[np.ndarray]:
    """Axes of latents within their classes, in the order of their variance.

    Two models learn latents whose coordinates have nothing in common: what varies in those of one may be constant in
    those of the other. Along these axes, the largest variance of one meets the largest of the other. The direction of
    an axis of the second domain is the one along which the classes come in the order of the first.

    Args:
        latents: Each domain's, labelled.
        num_classes: Number of classes.

    Returns:
        For each domain orthonormal axes as columns, float64 [latent_dim, width], and zeros from the latent_dim-th on;
        width is the larger latent_dim.
    """
    width = max(own.mu.shape[1] for own in latents)
    axes, means = [], []
    for own in latents:
        of_classes = class_means(own, num_classes)
        within = own.mu - of_classes[own.labels]
        _, vectors = np.linalg.eigh(within.T @ within)
        padded = np.zeros((own.mu.shape[1], width))
        padded[:, : own.mu.shape[1]] = vectors[:, ::-1]
        axes.append(padded)
        means.append((of_classes - of_classes.mean(axis=0)) @ padded)
    agreement = np.sum(means[0] * means[1], axis=0)
    return [axes[0], np.where(agreement < 0, -axes[1], axes[1])]
