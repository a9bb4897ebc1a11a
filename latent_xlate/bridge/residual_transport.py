"""Transport of what the shared latent leaves out, so that translations have details of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.bridge.principal_axes import whitening


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class ResidualTransport(keras.layers.Layer):
    """Linear maps between the residuals of domains: what latents are more than the bridge's reconstruction of them.

    A residual becomes one of the target's class whose place is the same along the principal axes of the residuals, the
    first for the first. If residuals are normally distributed, so are the translated ones, like the target's own. It is
    the Gromov-Wasserstein map between normal distributions: of all it changes the distances between residuals least
    (Delon, Desolneux and Salmona, 2022, https://arxiv.org/abs/2104.07970).
    """

    def __init__(self, latent_dims: Sequence[int], num_classes: int, num_axes: int, **kwargs: Any) -> None:
        """Makes the layer. `build` makes its variables, and `fit` sets them.

        Args:
            latent_dims: Size of each domain's latent.
            num_classes: Number of classes.
            num_axes: Number of principal axes.
            **kwargs: Passed to `keras.layers.Layer`.
        """
        super().__init__(**{"trainable": False, "dtype": "float32"} | kwargs)
        self.latent_dims = tuple(latent_dims)
        self.num_classes = num_classes
        self.num_axes = num_axes

    def build(self, input_shape: Any = None) -> None:
        self.means: list[Any] = []
        self.white: list[Any] = []
        self.colour: list[Any] = []
        for domain, size in enumerate(self.latent_dims):
            for variables, name, shape in (
                (self.means, "mean", (size,)),
                (self.white, "white", (size, self.num_axes)),
                (self.colour, "colour", (self.num_axes, size)),
            ):
                variables.append(
                    self.add_weight(
                        shape=(self.num_classes, *shape),
                        initializer="zeros",
                        trainable=False,
                        name=f"{name}_{domain}",
                    )
                )
        self.built = True

    def fit(self, residuals: Sequence[np.ndarray], labels: Sequence[np.ndarray], scales: Sequence[np.ndarray]) -> None:
        """Finds the axes of each class.

        Args:
            residuals: Each domain's, float32 [n, latent_dim].
            labels: Their classes, int64 [n].
            scales: Each domain's `posterior_scale`, float32 [latent_dim], in which axes are perpendicular.
        """
        for domain, (own, classes, scale) in enumerate(zip(residuals, labels, scales, strict=True)):
            means, white, colour = (np.zeros(of[domain].shape) for of in (self.means, self.white, self.colour))
            for label in np.unique(classes):
                of_class = own[classes == label]
                means[label] = of_class.mean(axis=0)
                to_white, to_colour = whitening((of_class - means[label]) / scale, self.num_axes)
                white[label], colour[label] = to_white / scale[:, np.newaxis], to_colour * scale
            for variable, value in zip((self.means, self.white, self.colour), (means, white, colour), strict=True):
                variable[domain].assign(value)

    def whiten(self, residuals: tf.Tensor, classes: tf.Tensor, domain: int) -> tf.Tensor:
        """Places of a domain's residuals, [batch, latent_dim], along the axes of their classes: [batch, num_axes]."""
        centred = residuals - tf.gather(self.means[domain], classes)
        return tf.gather(tf.einsum("bd,cdk->bck", centred, self.white[domain]), classes, batch_dims=1)

    def restore(self, places: tf.Tensor, classes: tf.Tensor, domain: int) -> tf.Tensor:
        """Residuals of a domain, [batch, latent_dim], at places along the axes of classes, [batch, num_axes]."""
        of_class = tf.one_hot(classes, self.num_classes)[:, :, tf.newaxis] * places[:, tf.newaxis]
        return tf.einsum("bck,ckd->bd", of_class, self.colour[domain]) + tf.gather(self.means[domain], classes)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "latent_dims": self.latent_dims,
            "num_classes": self.num_classes,
            "num_axes": self.num_axes,
        }
