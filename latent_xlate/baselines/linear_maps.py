"""Linear rivals: an affine map and an orthogonal one, fitted to pairs of latents of one class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.baselines.baseline_config import AffineConfig, ProcrustesConfig
from latent_xlate.baselines.fitted_bridge import FittedBridge, balanced_weights, class_means
from latent_xlate.latents.latents import Latents

Map = tuple[np.ndarray, np.ndarray]
"""Matrix, float64 [n, m], and offset, float64 [m], of the affine map x @ matrix + offset."""

_SMALLEST = 1e-30  # Keeps divisors above zero.


class LinearBridge(FittedBridge):
    """A fitted bridge with one affine map for each direction.

    Subclasses say in `fit_map` how a map is found. All classes count alike.

    Attributes:
        matrices: By domain of the input, float32 [latent_dim, latent_dim of the other].
        offsets: By domain of the input, float32 [latent_dim of the other].
    """

    def __init__(self, latent_dims: Sequence[int], num_classes: int, *, seed: int = 0, **kwargs: Any) -> None:
        """Makes the model, to be fitted.

        Args:
            latent_dims: Size of each of the two domains' latents.
            num_classes: Number of classes.
            seed: Nothing here is random.
            **kwargs: Hyperparameters of the subclass, and what `keras.Model` takes.

        Raises:
            ValueError: Not two domains, no class, or a hyperparameter out of its range.
        """
        super().__init__(latent_dims, num_classes, seed, **kwargs)
        shapes = [self.latent_dims, self.latent_dims[::-1]]
        self.matrices = [
            self.add_weight(name="matrix", shape=shape, dtype="float32", trainable=False, autocast=False)
            for shape in shapes
        ]
        self.offsets = [
            self.add_weight(name="offset", shape=shape[1:], dtype="float32", trainable=False, autocast=False)
            for shape in shapes
        ]

    def fit_latents(self, latents: Sequence[Latents]) -> None:
        for source, own in enumerate(latents):
            matrix, offset = self.fit_map(own, latents[1 - source])
            self.matrices[source].assign(matrix)
            self.offsets[source].assign(offset)

    def fit_map(self, source: Latents, target: Latents) -> Map:
        """Fits the map of one direction."""
        raise NotImplementedError(f"{type(self).__name__} fits no map.")

    def across(self, z: tf.Tensor, source: int) -> tf.Tensor:
        return tf.matmul(tf.cast(z, tf.float32), self.matrices[source]) + self.offsets[source]


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class AffineBridge(LinearBridge):
    """The affine map of least squares over all pairs of one class, with a ridge penalty.

    Attributes:
        config: The hyperparameters.
    """

    def __init__(self, latent_dims: Sequence[int], num_classes: int, **kwargs: Any) -> None:
        """Makes the model. Args as in `LinearBridge`, with the fields of `AffineConfig`."""
        self.config = AffineConfig.taken_from(kwargs)
        super().__init__(latent_dims, num_classes, **kwargs)

    def fit_map(self, source: Latents, target: Latents) -> Map:
        # To least squares the mean of a class is as good as all latents of the class, one after the other.
        outputs = class_means(target, self.num_classes)[source.labels]
        weights = balanced_weights(source.labels, self.num_classes)
        return ridge_regression(source.mu, outputs, weights, self.config.ridge)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | self.config.to_dict()


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class ProcrustesBridge(LinearBridge):
    """The orthogonal map of least squares between the means of the classes, with an offset and a scale.

    Where there are fewer classes than dimensions, the means do not determine the whole map. The rest of it is then any
    orthogonal map.

    Attributes:
        config: The hyperparameters.
    """

    def __init__(self, latent_dims: Sequence[int], num_classes: int, **kwargs: Any) -> None:
        """Makes the model. Args as in `LinearBridge`, with the fields of `ProcrustesConfig`."""
        self.config = ProcrustesConfig.taken_from(kwargs)
        super().__init__(latent_dims, num_classes, **kwargs)

    def fit_map(self, source: Latents, target: Latents) -> Map:
        from_means, to_means = (class_means(own, self.num_classes) for own in (source, target))
        scale = None
        if self.config.scale == "variance":
            variances = [np.sum(own.mu.var(axis=0, dtype=np.float64)) for own in (source, target)]
            scale = float(np.sqrt(variances[1] / max(variances[0], _SMALLEST)))
        return procrustes(from_means, to_means, scale)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | self.config.to_dict()


def ridge_regression(x: np.ndarray, y: np.ndarray, weights: np.ndarray, ridge: float) -> Map:
    """The affine map of x to y of the smallest weighted squared error, plus `ridge` times the squared matrix.

    Args:
        x: Inputs, float [k, n].
        y: Outputs, float [k, m].
        weights: Of the rows, float64 [k], of sum 1.
        ridge: In units of the mean variance of the inputs.
    """
    mean_x, mean_y = weights @ x, weights @ y
    centred = x - mean_x
    weighted = (centred * weights[:, np.newaxis]).T
    gram = weighted @ centred
    gram += ridge * np.mean(np.diag(gram)) * np.eye(len(gram))
    matrix = np.linalg.lstsq(gram, weighted @ (y - mean_y), rcond=None)[0]
    return matrix, mean_y - mean_x @ matrix


def procrustes(x: np.ndarray, y: np.ndarray, scale: float | None = None) -> Map:
    """The map of x to y of the smallest squared error among those that are orthogonal but for an offset and a scale.

    Args:
        x: Inputs, float [k, n].
        y: Outputs, float [k, m]. Where m is not n, the map leaves angles between the directions that it keeps.
        scale: None for that of least squares.

    Reference: Schönemann 1966, https://doi.org/10.1007/BF02289451.
    """
    mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
    left, values, right = np.linalg.svd((x - mean_x).T @ (y - mean_y), full_matrices=False)
    if scale is None:
        scale = np.sum(values) / max(np.sum((x - mean_x) ** 2), _SMALLEST)
    matrix = scale * left @ right
    return matrix, mean_y - mean_x @ matrix
