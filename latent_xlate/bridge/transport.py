"""Transport between the domains' shared latents, class by class, so that translations vary like the target's own.

The loss of a bridge brings the domains' shared latents together as a whole. Within a class those of two domains still
lie apart, and what is decoded from another domain's latent resembles a prototype of its class. An optimal transport map
from each domain's latents of a class to another's, computed after training, closes that gap.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.bridge.principal_axes import oriented_like, shared_axes
from latent_xlate.bridge.sinkhorn import LEAST_EPSILON, potentials, regularisation, squared_distances, turns

FEW_POINTS = 50
"""Of a class with fewer points a warning says so."""

_TURNED = 400  # Points of each class by which axes are turned.


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class Transport(keras.layers.Layer):
    """Entropic optimal transport maps of shared latents, from each domain to each other one, class by class.

    A domain has points of each class, which stand for its shared latents. A latent of another domain becomes a weighted
    mean of them. The nearest have most of the weight, where both are seen from the means of their classes, and over the
    source's latents all points have the same weight (Pooladian and Niles-Weed, 2021, https://arxiv.org/abs/2109.12004).

    Aligned, latents are near where their places along the axes of their domain and class are (`shared_axes`): what
    varies most among the source's instances then decides about what varies most among the target's, and neighbours
    stay neighbours. It is how the Gromov-Wasserstein map between normal distributions pairs them (Delon, Desolneux and
    Salmona, 2022, https://arxiv.org/abs/2104.07970).
    """

    def __init__(
        self,
        num_domains: int,
        num_classes: int,
        shared_dim: int,
        num_points: int,
        aligned: bool = False,
        **kwargs: Any,
    ) -> None:
        """Makes the layer. `build` makes its variables, and `fit` sets them.

        Args:
            num_domains: Number of domains.
            num_classes: Number of classes.
            shared_dim: Size of the shared latent.
            num_points: Points of each class and domain.
            aligned: Whether each domain and class has axes of its own.
            **kwargs: Passed to `keras.layers.Layer`.
        """
        super().__init__(**{"trainable": False, "dtype": "float32"} | kwargs)
        self.num_domains = num_domains
        self.num_classes = num_classes
        self.shared_dim = shared_dim
        self.num_points = num_points
        self.aligned = aligned

    def build(self, input_shape: Any = None) -> None:
        of_class = (self.num_domains, self.num_classes)
        of_map = (self.num_domains, self.num_domains, self.num_classes)
        shapes = {
            "known": of_class,  # 1 for a class that the domain has.
            "means": (*of_class, self.shared_dim),
            "points": (*of_class, self.num_points, self.shared_dim),
            "potentials": (*of_map, self.num_points),
            "epsilons": of_map,
        }
        self.known, self.means, self.points, self.potentials, self.epsilons = (
            self.add_weight(shape=shape, initializer="zeros", trainable=False, name=name)
            for name, shape in shapes.items()
        )
        if self.aligned:
            shape = (*of_class, self.shared_dim, self.shared_dim)
            self.axes = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="axes")
        self.built = True

    def fit(
        self,
        z_shared: Sequence[np.ndarray],
        labels: Sequence[np.ndarray],
        certainty: Sequence[np.ndarray],
        least_certainty: float,
        smoothing: float,
        seed: int,
        scaled: Sequence[np.ndarray] = (),
    ) -> None:
        """Chooses the points of each class and computes the maps between them.

        Args:
            z_shared: Each domain's shared latents, float32 [n, shared_dim].
            labels: Their classes, int64 [n].
            certainty: The probability that a classifier gives that class, float32 [n].
            least_certainty: Points are as certain at least; if no latent of a class is, its most certain one is taken.
            smoothing: Strength of the entropic regularisation, as a share of the mean squared distance.
            seed: Seed of the choice.
            scaled: Each domain's latents over their `posterior_scale`, float32 [n, latent_dim], which an aligned layer
                finds its axes by.
        """
        generator = np.random.default_rng(seed)
        shape = (self.num_domains, self.num_classes, self.num_points, self.shared_dim)
        known, sources, points = np.zeros(shape[:2]), np.zeros(shape), np.zeros(shape)
        axes = np.broadcast_to(np.eye(self.shared_dim), (*shape[:2], self.shared_dim, self.shared_dim)).copy()
        counts = []
        for domain, number in itertools.product(range(self.num_domains), range(self.num_classes)):
            rows = generator.permutation(np.flatnonzero(labels[domain] == number))
            if len(rows):
                certain = certainty[domain][rows]
                typical = rows[certain >= min(least_certainty, certain.max())]
                counts.append((len(typical), len(rows)))
                # Fewer rows than there are points are there several times.
                rows = np.resize(rows, self.num_points)
                sources[domain, number] = z_shared[domain][rows]
                points[domain, number] = z_shared[domain][np.resize(typical, self.num_points)]
                known[domain, number] = 1.0
                if self.aligned:
                    own = shared_axes(z_shared[domain][rows], scaled[domain][rows])
                    axes[domain, number] = oriented_like(own, axes[np.argmax(known[:, number]), number])
        centred = sources - sources.mean(axis=2, keepdims=True)
        if self.aligned:
            axes = _turned(axes, centred[:, :, :_TURNED], known)
        _warn_of_few(counts)
        self.known.assign(known)
        self.points.assign(points)
        self.means.assign(sources.mean(axis=2))
        if self.aligned:
            self.axes.assign(axes)
        sources = tf.constant(centred @ axes, tf.float32)
        centred = tf.constant((points - points.mean(axis=2, keepdims=True)) @ axes, tf.float32)
        targets, epsilons = np.zeros(self.potentials.shape, np.float32), np.zeros(self.epsilons.shape, np.float32)
        for pair in itertools.permutations(range(self.num_domains), 2):
            source, target = pair
            cost = squared_distances(sources[source], centred[target])
            epsilons[pair] = regularisation(cost, smoothing)
            targets[pair] = potentials(cost, tf.constant(epsilons[pair]))
        self.potentials.assign(targets)
        self.epsilons.assign(epsilons)

    def carry(self, z_shared: tf.Tensor, classes: tf.Tensor, source: int, target: int) -> tf.Tensor:
        """Carries shared latents of one domain to where those of another lie.

        Args:
            z_shared: float32 [batch, shared_dim].
            classes: The class of each, integers [batch].
            source: Index of the domain of the latents.
            target: Index of the domain to carry them to.

        Returns:
            float32 [batch, shared_dim]. Latents of a class that one of the two domains lacks stay as they are.
        """
        points = self.points[target]
        centred = points - tf.reduce_mean(points, axis=1, keepdims=True)
        seen = z_shared - tf.gather(self.means[source], classes)
        if self.aligned:
            centred = tf.matmul(centred, self.axes[target])
            seen = tf.gather(tf.einsum("bd,cdk->bck", seen, self.axes[source]), classes, batch_dims=1)
        # Squared distances, negative and without the latent's own square, which is the same for all points of a class.
        near = 2.0 * tf.einsum("bd,cnd->bcn", seen, centred) - tf.reduce_sum(tf.square(centred), axis=-1)
        epsilons = tf.maximum(self.epsilons[source, target], LEAST_EPSILON)[:, tf.newaxis]
        weights = tf.nn.softmax((near + self.potentials[source, target]) / epsilons)
        weights *= tf.one_hot(classes, self.num_classes)[:, :, tf.newaxis]
        carried = tf.einsum("bcn,cnd->bd", weights, points)
        return tf.where(self.knows(classes, source, target), carried, z_shared)

    def knows(self, classes: tf.Tensor, source: int, target: int) -> tf.Tensor:
        """Whether both domains have each of the classes: bool [batch, 1] of integers [batch]."""
        return tf.gather(self.known[source] * self.known[target], classes)[:, tf.newaxis] > 0

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "num_domains": self.num_domains,
            "num_classes": self.num_classes,
            "shared_dim": self.shared_dim,
            "num_points": self.num_points,
            "aligned": self.aligned,
        }


def _warn_of_few(counts: Sequence[tuple[int, int]]) -> None:
    """Warns if a class has few points. `counts` has for each class the number of its points, and of its latents."""
    points, latents = min(counts)
    if points < FEW_POINTS:
        count = f"{points} point{'s' * (points != 1)}"
        advice = "lower transport.certainty, or give" if latents >= FEW_POINTS else "give"
        warnings.warn(
            f"Transport has {count} of a class, so that translations to it vary little: {advice} more labelled data of "
            f"that class, which has {latents} latent{'s' * (latents != 1)}.",
            stacklevel=4,
        )


def _turned(axes: np.ndarray, centred: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Turns the axes of each class so that its latents lie along them as those of the first domain that knows it do.

    Args:
        axes: [domains, classes, shared_dim, shared_dim].
        centred: Latents, less their mean, [domains, classes, n, shared_dim].
        known: Whether a domain has a class, [domains, classes].
    """
    places = (centred @ axes).astype(np.float32)
    reference = np.argmax(known, axis=0), np.arange(axes.shape[1])
    turned = axes @ np.stack([turns(own, places[reference]) for own in places])
    turned[reference] = axes[reference]
    return turned
