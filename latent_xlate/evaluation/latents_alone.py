"""What can be measured of a domain without data, whether its latents are labelled or not."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from latent_xlate import losses
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.latents_only import alone

MOST = 5_000
"""Most latents that are compared with others."""

_PROJECTIONS = 256


def distance(domain: Domain, x: np.ndarray, y: np.ndarray, seed: int) -> float:
    """Sliced Wasserstein distance, to the power 2, between latents of a domain, standardised as bridges take them.

    Args:
        domain: The domain.
        x: [n, latent_dim].
        y: [m, latent_dim].
        seed: Seed of the directions.

    Returns:
        0 for the same latents. Each number of the domain's own latents has variance 1.
    """
    x, y = (tf.constant(domain.to_bridge(z), tf.float32) for z in (x, y))
    return float(losses.sliced_wasserstein_distance(x, y, _PROJECTIONS, seed=seed))


def distance_floor(domain: Domain, z: np.ndarray, seed: int) -> float:
    """The distance between two random halves of a domain's own latents, [n, latent_dim], which is that of likeness."""
    first, second = np.array_split(np.random.default_rng(seed).permutation(z)[: 2 * MOST], 2)
    return distance(domain, first, second, seed)


def remark(domain: Domain) -> str:
    """A sentence on what is not measured of a domain without data, and why."""
    if domain.has_classifier:
        return f"{alone(domain)}: its judge sees latents, not data, so that nothing is measured of what they decode to."
    return (
        f"{alone(domain)} and no labels: of translations to it nothing is measured but their distance to its own "
        "latents, since all else takes classes or data."
    )
