"""The priors of a WaveGAN's latents."""

from __future__ import annotations

import tensorflow as tf

from latent_xlate.randomness import replica_normal

PRIORS = ("uniform", "normal")


def sample_prior(prior: str, shape: tuple[int, ...], seed: tf.Tensor) -> tf.Tensor:
    """This replica's part of z, [batch, latent_dim], uniform on [-1, 1] or standard normal."""
    z = replica_normal(shape, seed)
    return tf.math.erf(z / 2.0**0.5) if prior == "uniform" else z
