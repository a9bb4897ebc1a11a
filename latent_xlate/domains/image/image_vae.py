"""The base VAE of images (paper, supplement B.2)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE, losses
from latent_xlate.layers import relu_stack
from latent_xlate.randomness import replica_normal, step_seed


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class ImageVAE(keras.Model):
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
        super().__init__(**kwargs)
        self.image_shape = tuple(image_shape)
        self.latent_dim = latent_dim
        self.hidden_units = tuple(hidden_units)
        self.sigma_x = sigma_x
        self.beta = beta
        self.seed = seed
        self.encoder = relu_stack(self.hidden_units, "encoder", self.dtype_policy)
        self.mu = keras.layers.Dense(latent_dim, dtype="float32", name="mu")
        self.sigma = keras.layers.Dense(latent_dim, activation="sigmoid", dtype="float32", name="sigma")
        self.decoder = relu_stack(self.hidden_units, "decoder", self.dtype_policy)
        self.pixels = keras.layers.Dense(
            math.prod(self.image_shape), activation="sigmoid", dtype="float32", name="pixels"
        )
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.reconstruction_tracker = keras.metrics.Mean(name="reconstruction")
        self.kl_tracker = keras.metrics.Mean(name="kl")

    def build(self, input_shape: Any = None) -> None:
        self.encoder.build((None, math.prod(self.image_shape)))
        self.decoder.build((None, self.latent_dim))
        for layer in (self.mu, self.sigma, self.pixels):
            layer.build((None, self.hidden_units[-1]))
        self.built = True

    def encode(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Posterior of images.

        Args:
            x: [batch, *image_shape], in [0, 1].

        Returns:
            mu and sigma of q(z|x), float32 [batch, latent_dim]; sigma in (0, 1).
        """
        h = self.encoder(tf.reshape(x, [-1, math.prod(self.image_shape)]))
        return self.mu(h), self.sigma(h)

    def decode(self, z: tf.Tensor) -> tf.Tensor:
        """Mean images of latents.

        Args:
            z: [batch, latent_dim].

        Returns:
            float32 [batch, *image_shape], in [0, 1].
        """
        return tf.reshape(self.pixels(self.decoder(z)), [-1, *self.image_shape])

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return self.decode(self.encode(x)[0])

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [self.loss_tracker, self.reconstruction_tracker, self.kl_tracker]

    def _terms(self, x: tf.Tensor, noise: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Loss, reconstruction and KL divergence of images, scalars, for noise float32 [batch, latent_dim]."""
        mu, sigma = self.encode(x)
        flat = [tf.shape(x)[0], -1]
        decoded = self.decode(mu + sigma * noise)
        error = losses.squared_error(tf.reshape(x, flat), tf.reshape(decoded, flat), "sum")
        reconstruction = tf.reduce_mean(error) / (2 * self.sigma_x**2)
        kl = tf.reduce_mean(losses.gaussian_kl(mu, sigma))
        return reconstruction + self.beta * kl, reconstruction, kl

    def _track(self, values: tuple[tf.Tensor, tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        for metric, value in zip(self.metrics, values, strict=True):
            metric.update_state(value)
        return {metric.name: metric.result() for metric in self.metrics}

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        x = keras.utils.unpack_x_y_sample_weight(data)[0]
        noise = replica_normal((tf.shape(x)[0], self.latent_dim), step_seed(self.seed, self.optimizer.iterations, 0))
        with tf.GradientTape() as tape:
            values = self._terms(x, noise)
            # Keras adds the replicas' gradients.
            loss = self.optimizer.scale_loss(values[0] / self.distribute_strategy.num_replicas_in_sync)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return self._track(values)

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Evaluates the same terms with z at the posterior's mean."""
        x = keras.utils.unpack_x_y_sample_weight(data)[0]
        return self._track(self._terms(x, tf.zeros((tf.shape(x)[0], self.latent_dim))))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "image_shape": self.image_shape,
            "latent_dim": self.latent_dim,
            "hidden_units": self.hidden_units,
            "sigma_x": self.sigma_x,
            "beta": self.beta,
            "seed": self.seed,
        }
