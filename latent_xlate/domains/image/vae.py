"""The base class of VAEs of images: their loss, and how they are trained and evaluated by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from latent_xlate import losses
from latent_xlate.randomness import replica_normal, step_seed


class VAE(keras.Model):
    """A VAE of images, trained by the negative ELBO in nats per image, without the likelihood's constant.

    The likelihood is N(x; g(z), sigma_x^2 I). Subclasses implement `encode` and `decode`.

    Attributes:
        image_shape: (height, width, channels).
        latent_dim: Size of z.
        sigma_x: Standard deviation of the likelihood.
        beta: Weight of the KL divergence.
        seed: Seed of the noise by which training samples z.
    """

    def __init__(
        self, image_shape: Sequence[int], latent_dim: int, sigma_x: float, beta: float, seed: int, **kwargs: Any
    ):
        """Sets the attributes; **kwargs are passed to `keras.Model`."""
        super().__init__(**kwargs)
        self.image_shape = tuple(image_shape)
        self.latent_dim = latent_dim
        self.sigma_x = sigma_x
        self.beta = beta
        self.seed = seed
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.reconstruction_tracker = keras.metrics.Mean(name="reconstruction")
        self.kl_tracker = keras.metrics.Mean(name="kl")

    def encode(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Posterior of images.

        Args:
            x: [batch, *image_shape], in [0, 1].

        Returns:
            mu and sigma of q(z|x), float32 [batch, latent_dim]; sigma in (0, 1).
        """
        raise NotImplementedError

    def decode(self, z: tf.Tensor) -> tf.Tensor:
        """Mean images of latents.

        Args:
            z: [batch, latent_dim].

        Returns:
            float32 [batch, *image_shape], in [0, 1].
        """
        raise NotImplementedError

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return self.decode(self.encode(x)[0])

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [self.loss_tracker, self.reconstruction_tracker, self.kl_tracker]

    def _terms(self, data: Any, noise: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """Values of `metrics`, scalars, of a batch; the first is the loss.

        Args:
            data: What `train_step` takes.
            noise: Standard normal, float32 [batch, latent_dim].
        """
        x = keras.utils.unpack_x_y_sample_weight(data)[0]
        mu, sigma = self.encode(x)
        return self._bound(x, mu, sigma, self.decode(mu + sigma * noise))

    def _bound(
        self, x: tf.Tensor, mu: tf.Tensor, sigma: tf.Tensor, decoded: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Loss, reconstruction and KL divergence, scalars, of images, their posterior and their reconstruction."""
        flat = [tf.shape(x)[0], -1]
        error = losses.squared_error(tf.reshape(x, flat), tf.reshape(decoded, flat), "sum")
        reconstruction = tf.reduce_mean(error) / (2 * self.sigma_x**2)
        kl = tf.reduce_mean(losses.gaussian_kl(mu, sigma))
        return reconstruction + self.beta * kl, reconstruction, kl

    def _track(self, values: Sequence[tf.Tensor]) -> dict[str, tf.Tensor]:
        for metric, value in zip(self.metrics, values, strict=True):
            metric.update_state(value)
        return {metric.name: metric.result() for metric in self.metrics}

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        batch = tf.shape(keras.utils.unpack_x_y_sample_weight(data)[0])[0]
        noise = replica_normal((batch, self.latent_dim), step_seed(self.seed, self.optimizer.iterations, 0))
        with tf.GradientTape() as tape:
            values = self._terms(data, noise)
            # Keras adds the replicas' gradients.
            loss = self.optimizer.scale_loss(values[0] / self.distribute_strategy.num_replicas_in_sync)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return self._track(values)

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Evaluates the same terms with z at the posterior's mean."""
        batch = tf.shape(keras.utils.unpack_x_y_sample_weight(data)[0])[0]
        return self._track(self._terms(data, tf.zeros((batch, self.latent_dim))))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "image_shape": self.image_shape,
            "latent_dim": self.latent_dim,
            "sigma_x": self.sigma_x,
            "beta": self.beta,
            "seed": self.seed,
        }
