"""Optimal transport between Gaussians fitted to the latents of each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.baselines.alignment import principal_axes
from latent_xlate.baselines.baseline_config import GaussianTransportConfig
from latent_xlate.baselines.classifying_bridge import ClassifyingBridge
from latent_xlate.baselines.fitted_bridge import class_means
from latent_xlate.latents.latents import Latents

_TOLERANCE = 1e-9
"""Variance, relative to the largest, below which a direction has none."""


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class GaussianTransport(ClassifyingBridge):
    """Recognises the class of a latent and carries the Gaussian of that class onto that of the target's.

    The map of a class is affine, in closed form (see `transport_matrix`).

    Attributes:
        config: The hyperparameters.
        means: Means of the classes, by domain, float32 [num_classes, latent_dim].
        maps: For each domain the matrices of its classes into the other's, float32 [num_classes, latent_dim,
            latent_dim of the other].
    """

    def __init__(self, latent_dims: Sequence[int], num_classes: int, *, seed: int = 0, **kwargs: Any) -> None:
        """Makes the model, to be fitted.

        Args:
            latent_dims: Size of each of the two domains' latents.
            num_classes: Number of classes.
            seed: Seed of the classifiers.
            **kwargs: Fields of `GaussianTransportConfig`, and what `keras.Model` takes.

        Raises:
            ValueError: Not two domains, no class, a hyperparameter out of its range, or latents that differ in size
                and are not aligned.
        """
        self.config = GaussianTransportConfig.taken_from(kwargs)
        super().__init__(latent_dims, num_classes, seed, **kwargs)
        first, second = self.latent_dims
        if first != second and not self.config.aligned:
            raise ValueError(f"Latents of sizes {self.latent_dims} have no common coordinates: aligned must be True.")
        frozen = {"dtype": "float32", "trainable": False, "autocast": False}
        self.means = [self.add_weight(shape=(num_classes, size), name="mean", **frozen) for size in self.latent_dims]
        self.maps = [
            self.add_weight(shape=(num_classes, *sizes), name="map", **frozen)
            for sizes in ((first, second), (second, first))
        ]

    def fit_latents(self, latents: Sequence[Latents]) -> None:
        """Trains the classifiers and fits the Gaussians. Args as in `FittedBridge.fit_latents`."""
        super().fit_latents(latents)
        aligned = self.config.aligned
        axes = principal_axes(latents, self.num_classes) if aligned else [np.eye(self.latent_dims[0])] * 2
        covariances = []
        for domain, own in enumerate(latents):
            means = class_means(own, self.num_classes)
            self.means[domain].assign(means)
            within = (own.mu - means[own.labels]) @ axes[domain]
            covariances.append(shrunk_covariances(within, own.labels, self.num_classes, self.config.shrinkage))
        for source in range(2):
            pairs = zip(covariances[source], covariances[1 - source], strict=True)
            matrices = np.stack([transport_matrix(*pair) for pair in pairs])
            self.maps[source].assign(axes[source] @ matrices @ axes[1 - source].T)

    def across(self, z: tf.Tensor, source: int) -> tf.Tensor:
        return self.carried(z, source, self.classes(z, source))

    def carried(self, z: tf.Tensor, source: int, classes: tf.Tensor) -> tf.Tensor:
        """Latents of one domain, of known classes, int32 [batch], as those of the other."""
        from_mean = tf.cast(z, tf.float32) - tf.gather(self.means[source], classes)
        # The maps of all classes take less memory than one matrix for each row.
        by_class = tf.einsum("bi,cij->bcj", from_mean, self.maps[source])
        return tf.gather(self.means[1 - source], classes) + tf.gather(by_class, classes, axis=1, batch_dims=1)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | self.config.to_dict()


def shrunk_covariances(within: np.ndarray, labels: np.ndarray, num_classes: int, shrinkage: float) -> np.ndarray:
    """Covariances of classes, drawn towards their mean (Friedman 1989, regularized discriminant analysis).

    Args:
        within: Instances less the mean of their class, float [n, dim].
        labels: Their classes, integers [n].
        num_classes: Number of classes, of each of which there is one instance at least.
        shrinkage: Share of the mean covariance of all classes in that of each, 0 to 1.

    Returns:
        float64 [num_classes, dim, dim].
    """
    groups = [within[labels == label] for label in range(num_classes)]
    own = np.stack([group.T @ group / len(group) for group in groups])
    return (1.0 - shrinkage) * own + shrinkage * own.mean(axis=0)


def transport_matrix(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The optimal transport between centred Gaussians, for the squared distance: A^-1/2 (A^1/2 B A^1/2)^1/2 A^-1/2.

    Args:
        source: Covariance A, [dim, dim]. Where it is singular, its directions without variance map to zero.
        target: Covariance B, [dim, dim].

    Returns:
        The symmetric matrix of the map, float64 [dim, dim].

    Reference: Peyré and Cuturi 2019, Computational Optimal Transport, equation 2.40.
    """
    root, inverse = (_power(source, exponent) for exponent in (0.5, -0.5))
    return inverse @ _power(root @ target @ root, 0.5) @ inverse


def _power(matrix: np.ndarray, exponent: float) -> np.ndarray:
    """A power of a symmetric matrix without negative eigenvalues; those that are nearly zero stay zero."""
    values, vectors = np.linalg.eigh(matrix)
    kept = values > _TOLERANCE * values[-1]
    return (vectors[:, kept] * values[kept] ** exponent) @ vectors[:, kept].T
