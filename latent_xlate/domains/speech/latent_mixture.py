"""A prior that is fitted after training: a mixture of one Gaussian for each class."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE

TEMPERATURE = 0.7
"""Factor of the noise: below 1, samples are less varied and more typical (Kingma and Dhariwal 2018 use 0.7, too)."""


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class LatentMixture(keras.Model):
    """A mixture of Gaussians of equal weight, one for each class, as a prior.

    The posteriors of a small data set do not cover the prior that a model was trained with, and the decoder has never
    seen the gaps between them. A density that is fitted to the posteriors avoids the gaps (ex-post density estimation:
    Ghosh et al. 2020, https://arxiv.org/abs/1903.12436).

    Example:
        mixture = LatentMixture(num_classes=10, latent_dim=32)
        mixture.fit_posteriors(mu, sigma, labels)  # [n, 32], [n, 32], [n]
        z = mixture.sample(100, tf.constant([0, 1]))
    """

    def __init__(self, num_classes: int, latent_dim: int, **kwargs: Any):
        """Initializes the model; `build` makes its variables.

        Args:
            num_classes: Number of classes, each with one Gaussian.
            latent_dim: Size of z.
            **kwargs: Passed to `keras.Model`.
        """
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.latent_dim = latent_dim

    def build(self, input_shape: Any = None) -> None:
        shape = (self.num_classes, self.latent_dim)
        self.means = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="means")
        # Cholesky factors of the covariances.
        self.factors = self.add_weight(
            shape=(*shape, self.latent_dim), initializer="zeros", trainable=False, name="factors"
        )
        self.built = True

    def fit_posteriors(self, mu: np.ndarray, sigma: np.ndarray, labels: np.ndarray) -> None:
        """Fits each Gaussian to the aggregate posterior of its class, by moments.

        Args:
            mu: Means of the posteriors, [n, latent_dim].
            sigma: Standard deviations of the posteriors, [n, latent_dim].
            labels: Integers [n].

        Raises:
            ValueError: A class has no instance.
        """
        means, factors = [], []
        for label in range(self.num_classes):
            members = labels == label
            if not members.any():
                raise ValueError(f"Class {label} has no instance to fit a prior to.")
            covariance = np.cov(mu[members].T, bias=True) + np.diag(np.mean(np.square(sigma[members]), axis=0))
            means.append(mu[members].mean(axis=0))
            factors.append(np.linalg.cholesky(covariance))
        self.set_weights([np.stack(means), np.stack(factors)])

    def sample(self, num_samples: int, seed: tf.Tensor) -> tf.Tensor:
        """Draws latents of random classes.

        Args:
            num_samples: Number of latents.
            seed: int32 [2].

        Returns:
            float32 [num_samples, latent_dim].
        """
        classes = tf.random.stateless_uniform([num_samples], tf.random.fold_in(seed, 0), 0, self.num_classes, tf.int32)
        noise = tf.random.stateless_normal([num_samples, self.latent_dim], tf.random.fold_in(seed, 1))
        deviations = tf.einsum("kij,nj->nki", self.factors.value, TEMPERATURE * noise)
        return tf.gather(self.means.value + deviations, classes, batch_dims=1)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"num_classes": self.num_classes, "latent_dim": self.latent_dim}
