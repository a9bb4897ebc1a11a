"""The interface of bridges: models that translate between the latents of several domains."""

from __future__ import annotations

from typing import TypeAlias

import keras
import tensorflow as tf

Transported: TypeAlias = tf.Tensor | tuple[tf.Tensor, tf.Tensor]
"""What a translation is decoded from: shared latents, float32 [batch, shared_dim]; or of a bridge that keeps measured
coordinates a pair of these, the latents where transport has carried them, and as they were encoded."""


class Bridge(keras.Model):
    """A model that translates latents of one of its domains into those of another.

    Attributes:
        latent_dims: Size of each domain's latent.
        shared_dim: Size of the latent that the domains share; 0 where there is none.
        seed: Seed of its training.
    """

    latent_dims: tuple[int, ...]
    shared_dim: int = 0
    seed: int

    def translate(self, z: tf.Tensor, source: int, target: int, noise: tf.Tensor | None = None) -> tf.Tensor:
        """Translates latents of one domain into another's; by default by way of the shared latent.

        Args:
            z: [batch, latent_dims[source]].
            source: Index of the domain of `z`.
            target: Index of the domain to translate to; the source's own reconstructs.
            noise: Standard normal, [batch, shared_dim], to sample the shared latent; None for its mean.

        Returns:
            float32 [batch, latent_dims[target]].
        """
        mu, sigma = self.encode(z, source)
        return self.decode(self.transport(mu if noise is None else mu + sigma * noise, source, target), target)

    def transport(self, z_shared: tf.Tensor, source: int, target: int) -> Transported:
        """Carries shared latents of one domain to where those of another lie; by default they stay as they are.

        A translation is an encoding, this and a decoding.

        Args:
            z_shared: Shared latents, [batch, shared_dim].
            source: Index of the domain that they were encoded from.
            target: Index of the domain that they are decoded to.

        Returns:
            What `decode` takes.
        """
        del source, target
        return z_shared

    def encode(self, z: tf.Tensor, domain: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Posterior of the shared latent.

        Args:
            z: A domain's latents, [batch, latent_dims[domain]].
            domain: Index of the domain.

        Returns:
            mu and sigma of q(z_shared | z), float32 [batch, shared_dim].
        """
        raise ValueError(f"A {type(self).__name__} has no shared latent.")

    def decode(self, z_shared: Transported, domain: int) -> tf.Tensor:
        """Latents of a domain.

        Args:
            z_shared: Shared latents, [batch, shared_dim], or what `transport` made of them.
            domain: Index of the domain to decode to.

        Returns:
            float32 [batch, latent_dims[domain]].
        """
        raise ValueError(f"A {type(self).__name__} has no shared latent.")
