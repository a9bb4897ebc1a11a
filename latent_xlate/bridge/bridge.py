"""The interface of bridges: models that translate between the latents of several domains."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import keras
import tensorflow as tf


class Carried(NamedTuple):
    """Shared latents of which a bridge's transport keeps more than where it has carried them.

    Attributes:
        z_shared: Where they were carried, float32 [batch, shared_dim].
        encoded: As they were encoded, float32 [batch, shared_dim], from which measured coordinates are decoded; ()
            where all are decoded from the former.
        residual: What is added to the target's latents, float32 [batch, latent_dim]; () for nothing.
    """

    z_shared: tf.Tensor
    encoded: tf.Tensor | tuple[()] = ()
    residual: tf.Tensor | tuple[()] = ()


Transported: TypeAlias = tf.Tensor | Carried
"""What a translation is decoded from: shared latents, float32 [batch, shared_dim], or more than these."""


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
        z_shared = mu if noise is None else mu + sigma * noise
        left_out = self.left_out(z, mu, source) if source != target else ()  # The source itself needs none.
        return self.decode(self.transport(z_shared, source, target, left_out), target)

    def left_out(self, z: tf.Tensor, mu: tf.Tensor, domain: int) -> tf.Tensor | tuple[()]:
        """What the shared latent leaves out of latents, as far as `transport` takes it along; by default nothing.

        Args:
            z: A domain's latents, [batch, latent_dims[domain]].
            mu: The mean that `encode` makes of them, [batch, shared_dim].
            domain: Index of the domain.

        Returns:
            float32 [batch, any size], or () for nothing.
        """
        del z, mu, domain
        return ()

    def transport(
        self, z_shared: tf.Tensor, source: int, target: int, left_out: tf.Tensor | tuple[()] = ()
    ) -> Transported:
        """Carries shared latents of one domain to where those of another lie; by default they stay as they are.

        A translation is an encoding, this and a decoding.

        Args:
            z_shared: Shared latents, [batch, shared_dim].
            source: Index of the domain that they were encoded from.
            target: Index of the domain that they are decoded to.
            left_out: What `left_out` returned for the latents.

        Returns:
            What `decode` takes.
        """
        del source, target, left_out
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
