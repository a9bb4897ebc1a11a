"""A convolutional VAE of pictures in grey or colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.domains.image.convolutions import MAX_FACTOR, apply, doubling_stack, halving_stack
from latent_xlate.domains.image.measurements import (
    framed,
    measurements,
    num_measurements,
    unframed,
    with_contrast,
)
from latent_xlate.domains.image.vae import VAE

MEASURED_SIGMA = 0.1
"""Standard deviation of the posterior of a standardised measurement."""

MIN_STD = 0.02
"""Least standard deviation of a measurement, below which it counts as equal in all pictures."""


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class ConvVAE(VAE):
    """A VAE whose encoder and decoder are residual networks of convolutions.

    The first coordinates of the posterior's mean are not learned: they are the picture's `measurements`, standardised
    by their mean and standard deviation over the training pictures. They therefore mean the same in every domain, so
    that a bridge can keep them, and they are right for colours, places and sizes that no training picture has. The
    networks see and draw the frame of the figure alone, which is then put in its place.

    The decoder colours each pixel by a mixture of the colours of ground and figure and of a few others, and by a
    correction of its own. It so draws areas of one colour and sharp edges with little training.

    If there are classes, a linear classifier of the sampled z adds its cross entropy to the loss. Without it little of
    z is about the class, which is a small part of the pixels' variance, and a bridge cannot find it by few pictures.

    Example:
        vae = ConvVAE((64, 64, 3), num_classes=3)
        vae.compile(optimizer=FusedAdam(3e-3))
        vae.fit(images, labels)  # float32 [n, 64, 64, 3] in [0, 1], int64 [n]
        mu, sigma = vae.encode(images[:8])
        x = vae.decode(mu)
    """

    def __init__(
        self,
        image_shape: Sequence[int] = (64, 64, 3),
        latent_dim: int = 32,
        width: int = 16,
        num_classes: int = 0,
        num_colours: int = 2,
        sigma_x: float = 0.2,
        beta: float = 1.0,
        beta_cls: float = 400.0,
        seed: int = 0,
        **kwargs: Any,
    ):
        """Makes the model; variables come with `build`.

        Args:
            image_shape: (height, width, channels): multiples of 8, and 1 or 3.
            latent_dim: Size of z, with the measurements.
            width: Channels of the largest maps.
            num_classes: Number of classes of the classifier of z; 0 for none.
            num_colours: Number of colours that the decoder mixes with those of ground and figure.
            sigma_x: Standard deviation of the likelihood.
            beta: Weight of the KL divergence.
            beta_cls: Weight of the classifier's cross entropy.
            seed: Seed of the noise by which training samples z.
            **kwargs: Passed to `keras.Model`.

        Raises:
            ValueError: The shape fits no convolutional model, or z has no room for what is learned.
        """
        # Autocasting would round what is measured.
        super().__init__(image_shape, latent_dim, sigma_x, beta, seed, autocast=False, **kwargs)
        channels = self.image_shape[-1]
        self.num_measured = num_measurements(channels)
        if latent_dim <= self.num_measured:
            raise ValueError(
                f"latent_dim is {latent_dim}; it must be larger than {self.num_measured}, the number of measurements."
            )
        self.width = width
        self.num_classes = num_classes
        self.num_colours = num_colours
        self.beta_cls = beta_cls
        self.encoder = halving_stack(self.image_shape, width, "encoder", self.dtype_policy)
        self.hidden = keras.layers.Dense(
            2 * MAX_FACTOR * width, activation="silu", dtype=self.dtype_policy, name="hidden"
        )
        self.mu = keras.layers.Dense(latent_dim - self.num_measured, dtype="float32", name="mu")
        self.sigma = keras.layers.Dense(
            latent_dim - self.num_measured, activation="sigmoid", dtype="float32", name="sigma"
        )
        self.decoder = doubling_stack(self.image_shape, width, 2 + num_colours + channels, "decoder", self.dtype_policy)
        self.colours = keras.Sequential(
            [
                keras.layers.Dense(64, activation="silu", dtype="float32"),
                keras.layers.Dense(num_colours * channels, activation="sigmoid", dtype="float32"),
            ],
            name="colours",
        )
        self.classifier = keras.layers.Dense(num_classes, dtype="float32", name="classifier") if num_classes else None
        self.classification_tracker = keras.metrics.Mean(name="classification")

    def build(self, input_shape: Any = None) -> None:
        self.encoder.build((None, *self.image_shape[:2], self.image_shape[-1] + 1))
        self.hidden.build((None, math.prod(self.encoder.output_shape[1:])))
        self.mu.build((None, self.hidden.units))
        self.sigma.build((None, self.hidden.units))
        for layer in (self.decoder, self.colours):
            layer.build((None, self.latent_dim))
        if self.classifier:
            self.classifier.build((None, self.latent_dim))
        self.measured_mean, self.measured_std = (
            self.add_weight(
                shape=(self.num_measured,),
                initializer=start,
                trainable=False,
                dtype="float32",
                autocast=False,
                name=name,
            )
            for name, start in (("measured_mean", "zeros"), ("measured_std", "ones"))
        )
        self.built = True

    def standardise(self, x: tf.Tensor) -> None:
        """Sets the mean and the standard deviation by which measurements are standardised to those of pictures.

        Args:
            x: Training pictures, as they are trained on, float32 [n, *image_shape].
        """
        measured = measurements(x)
        self.measured_mean.assign(tf.reduce_mean(measured, axis=0))
        # What is equal in all pictures, such as a black ground, becomes 0.
        self.measured_std.assign(tf.maximum(tf.math.reduce_std(measured, axis=0), MIN_STD))

    def encode(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        x = tf.cast(tf.reshape(x, [-1, *self.image_shape]), tf.float32)  # Graphs of exports do not know the size.
        measured = measurements(x)
        h = apply(self.encoder, framed(with_contrast(x), measured))
        h = self.hidden(tf.reshape(h, [-1, math.prod(h.shape[1:])]))
        measured = (measured - self.measured_mean) / self.measured_std
        mu = tf.concat([measured, self.mu(h)], axis=1)
        return mu, tf.concat([tf.fill(tf.shape(measured), MEASURED_SIGMA), self.sigma(h)], axis=1)

    def decode(self, z: tf.Tensor) -> tf.Tensor:
        z = tf.cast(z, tf.float32)
        channels = self.image_shape[-1]
        measured = z[:, : self.num_measured] * self.measured_std + self.measured_mean
        ground, figure = measured[:, :channels], measured[:, channels : 2 * channels]
        colours = tf.concat([ground, figure, self.colours(z)], axis=1)
        colours = tf.reshape(tf.clip_by_value(colours, 0.01, 0.99), [-1, 2 + self.num_colours, channels])
        maps = tf.cast(apply(self.decoder, z), tf.float32)
        shares, correction = tf.split(maps, [2 + self.num_colours, channels], axis=-1)
        x = tf.einsum("bhwk,bkc->bhwc", tf.nn.softmax(shares), colours)
        x = tf.sigmoid(tf.math.log(x / (1 - x)) + correction)
        return unframed(x, measured, colours[:, 0])

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [*super().metrics, self.classification_tracker]

    def _terms(self, data: Any, noise: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """Scalars: loss, reconstruction, KL divergence and cross entropy of the classes; see `VAE`."""
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        mu, sigma = self.encode(x)
        # What is measured is not learned, and no noise teaches the decoder anything about it.
        count = self.num_measured
        z = mu + tf.pad((sigma * noise)[:, count:], [[0, 0], [count, 0]])
        loss, reconstruction, kl = self._bound(x, mu, sigma, self.decode(z))
        entropy = tf.zeros([])
        if self.classifier:
            entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=self.classifier(z))
            entropy = tf.reduce_mean(entropy)
        return loss + self.beta_cls * entropy, reconstruction, kl, entropy

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "width": self.width,
            "num_classes": self.num_classes,
            "num_colours": self.num_colours,
            "beta_cls": self.beta_cls,
        }
