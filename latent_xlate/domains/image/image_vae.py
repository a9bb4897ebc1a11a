"""The base VAE of images (paper, supplement B.2)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.domains.image.vae import VAE
from latent_xlate.layers import relu_stack


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class ImageVAE(VAE):
    """A VAE of small images with fully connected encoder and decoder.

    q(z|x) = N(mu(x), diag(sigma(x)^2)) with an affine mu and a sigmoid sigma. The likelihood is
    N(x; g(z), sigma_x^2 I), where g ends in a sigmoid since x lies in [0, 1]. The loss is the negative ELBO in nats per
    image, without the likelihood's constant. The architecture is that of the paper, supplement B.2; the sigmoid on g
    comes from the authors' code.

    Example:
        vae = ImageVAE(latent_dim=100)
        vae.compile(optimizer=FusedAdam(1e-3))
        vae.fit(images)  # float32 [n, 28, 28, 1] in [0, 1]
        mu, sigma = vae.encode(images[:8])
        x = vae.decode(mu)
    """

    def __init__(
        self,
        image_shape: Sequence[int] = (28, 28, 1),
        latent_dim: int = 100,
        hidden_units: Sequence[int] = (1024, 1024, 1024),
        sigma_x: float = 0.1,
        beta: float = 1.0,
        seed: int = 0,
        **kwargs: Any,
    ):
        """Makes the model; variables come with `build`.

        Args:
            image_shape: (height, width, channels).
            latent_dim: Size of z.
            hidden_units: Widths of the layers of the encoder, and of the decoder.
            sigma_x: Standard deviation of the likelihood.
            beta: Weight of the KL divergence.
            seed: Seed of the noise by which training samples z.
            **kwargs: Passed to `keras.Model`.
        """
        super().__init__(image_shape, latent_dim, sigma_x, beta, seed, **kwargs)
        self.hidden_units = tuple(hidden_units)
        self.encoder = relu_stack(self.hidden_units, "encoder", self.dtype_policy)
        self.mu = keras.layers.Dense(latent_dim, dtype="float32", name="mu")
        self.sigma = keras.layers.Dense(latent_dim, activation="sigmoid", dtype="float32", name="sigma")
        self.decoder = relu_stack(self.hidden_units, "decoder", self.dtype_policy)
        self.pixels = keras.layers.Dense(
            math.prod(self.image_shape), activation="sigmoid", dtype="float32", name="pixels"
        )

    def build(self, input_shape: Any = None) -> None:
        self.encoder.build((None, math.prod(self.image_shape)))
        self.decoder.build((None, self.latent_dim))
        for layer in (self.mu, self.sigma, self.pixels):
            layer.build((None, self.hidden_units[-1]))
        self.built = True

    def encode(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        h = self.encoder(tf.reshape(x, [-1, math.prod(self.image_shape)]))
        return self.mu(h), self.sigma(h)

    def decode(self, z: tf.Tensor) -> tf.Tensor:
        return tf.reshape(self.pixels(self.decoder(z)), [-1, *self.image_shape])

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"hidden_units": self.hidden_units}
