"""A prior fitted after training: one Gaussian for each class."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE

TEMPERATURE = 0.7
"""What noise is multiplied by: fewer odd samples, for less variety (Kingma and Dhariwal 2018, who take as much)."""


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class LatentMixture(keras.Model):
    """Gaussians of equal weight, one for each class, from which latents are drawn.

    Few recordings never fill the prior that a model was trained with: between their posteriors is what no data
    told the decoder how to decode. A density fitted to the posteriors keeps to where they are (ex-post density
    estimation: Ghosh et al. 2020, https://arxiv.org/abs/1903.12436).

    Example:
        mixture = LatentMixture(num_classes=10, latent_dim=32)
        mixture.fit_posteriors(mu, sigma, labels)  # [n, 32], [n, 32], [n]
        z = mixture.sample(100, tf.constant([0, 1]))
    """

    def __init__(self, num_classes: int, latent_dim: int, **kwargs):
        """Makes the model; variables come with `build`.

        Args:
            num_classes: Number of Gaussians.
            latent_dim: Size of z.
            **kwargs: Passed to `keras.Model`.
        """
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.latent_dim = latent_dim

    def build(self, input_shape=None):
        shape = (self.num_classes, self.latent_dim)
        self.means = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="means")
        # Lower triangular; noise times it has the covariance.
        self.factors = self.add_weight(
            shape=(*shape, self.latent_dim), initializer="zeros", trainable=False, name="factors"
        )
        self.built = True

    def fit_posteriors(self, mu: np.ndarray, sigma: np.ndarray, labels: np.ndarray) -> None:
        """Sets mean and covariance of each class to those of draws of its instances' posteriors.

        Args:
            mu: Means, [n, latent_dim].
            sigma: Standard deviations, [n, latent_dim].
            labels: Integers [n], of each class one at least.

        Raises:
            ValueError: A class without an instance.
        """
        means, factors = [], []
        for label in range(self.num_classes):
            of_class = labels == label
            if not of_class.any():
                raise ValueError(f"Class {label} has no instance to fit a prior to.")
            covariance = np.cov(mu[of_class].T, bias=True) + np.diag(np.mean(np.square(sigma[of_class]), axis=0))
            means.append(mu[of_class].mean(axis=0))
            factors.append(np.linalg.cholesky(covariance))
        self.set_weights([np.stack(means), np.stack(factors)])

    def sample(self, num_samples: int, seed: tf.Tensor) -> tf.Tensor:
        """Draws latents, float32 [num_samples, latent_dim], by a seed, int32 [2]; classes are drawn alike often."""
        classes = tf.random.stateless_uniform([num_samples], tf.random.fold_in(seed, 0), 0, self.num_classes, tf.int32)
        noise = tf.random.stateless_normal([num_samples, self.latent_dim], tf.random.fold_in(seed, 1))
        spread = tf.einsum("kij,nj->nki", self.factors.value, TEMPERATURE * noise)
        return tf.gather(self.means.value + spread, classes, batch_dims=1)

    def get_config(self):
        return super().get_config() | {"num_classes": self.num_classes, "latent_dim": self.latent_dim}
