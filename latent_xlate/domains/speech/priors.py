"""Priors of a WaveGAN's latents."""

from __future__ import annotations

import tensorflow as tf

from latent_xlate.randomness import replica_normal

PRIORS = ("uniform", "normal")


def sample_prior(prior: str, shape: tuple[int, ...], seed: tf.Tensor) -> tf.Tensor:
    """Draws this replica's rows of a global batch from a prior.

    Args:
        prior: "uniform" on [-1, 1], or "normal" with mean 0 and variance 1.
        shape: Shape of the replica's part, such as (batch, latent_dim).
        seed: int32 [2], the same on every replica.

    Returns:
        float32 tensor of `shape`.
    """
    z = replica_normal(shape, seed)
    return tf.math.erf(z / 2.0**0.5) if prior == "uniform" else z
