"""Terms that labels add to a bridge's loss.

Each is computed for the global batch, on any number of replicas. A term is a pair: its value, and this replica's share
of it; the shares of all replicas add up to the value.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from typing import Protocol

import tensorflow as tf

from latent_xlate import losses
from latent_xlate.bridge.bridge_config import LabelTermsConfig
from latent_xlate.bridge.classification import Term, classification
from latent_xlate.bridge.measured_by_class import MeasuredByClass
from latent_xlate.distribution import global_batch, num_replicas

Pair = tuple[int, int]
"""Indices of a source and of its target."""

_LEAST_VARIANCE = 1e-6


class TrainedBridge(Protocol):
    """The part of a bridge that the terms use."""

    @property
    def num_domains(self) -> int: ...

    def decode(self, z_shared: tf.Tensor, domain: int) -> tf.Tensor: ...


@dataclasses.dataclass(frozen=True)
class Batch:
    """A replica's part of a batch.

    Attributes:
        z_shared: Samples of the shared latent, float32 [num_domains, batch, shared_dim].
        labels: int [num_domains, batch], -1 where unlabelled.
        sample_weights: Weights of the labels, float32 [num_domains, batch]; None for 1.
        projections: Directions of the sliced Wasserstein distance, [shared_dim, num_projections].
        z: Means of each domain's latents, float32 [batch, latent_dim].
        z_projections: Directions in each domain's space of latents, [latent_dim, num_projections].
        swd_order: Order of the sliced Wasserstein distances.
        step: Number of the step, integer scalar; None in evaluation, where the terms have their full weights.
    """

    z_shared: tf.Tensor
    labels: tf.Tensor
    sample_weights: tf.Tensor | None
    projections: tf.Tensor
    z: Sequence[tf.Tensor]
    z_projections: Sequence[tf.Tensor]
    swd_order: float
    step: tf.Tensor | None


@dataclasses.dataclass(frozen=True)
class LabelTerms:
    """Terms that labels add to a bridge's loss. A term of weight zero is left out.

    Attributes:
        config: The weights.
        classifiers: For each domain a function of its latents, [batch, latent_dim], to logits, [batch, num_classes],
            which training leaves as it is; needed for `beta_translation` alone.
        measured: For each domain the statistics of what its latents measure, the same in all domains; empty for
            latents that measure nothing.
    """

    config: LabelTermsConfig
    classifiers: Sequence[Callable[[tf.Tensor], tf.Tensor]] = ()
    measured: Sequence[MeasuredByClass] = ()

    @property
    def num_measured(self) -> int:
        """The first so many coordinates of the latents are measured."""
        return self.measured[0].num_measured if self.measured else 0

    @property
    def betas(self) -> dict[str, float]:
        """The weights other than zero, by the name of the term."""
        betas = {
            "class_swd": self.config.beta_class_swd,
            "translation": self.config.beta_translation,
            "matching": self.config.beta_matching,
            "measured": self.config.beta_measured if self.num_measured else 0.0,
        }
        return {name: beta for name, beta in betas.items() if beta}

    def __call__(self, bridge: TrainedBridge, batch: Batch) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """The terms' values by name, and this replica's share of their weighted sum."""
        compute = {"translation": self._translation, "matching": self._matching, "measured": self._measured}
        ramp = 1.0 if batch.step is None else tf.minimum(tf.cast(batch.step, tf.float32) / self.config.ramp_steps, 1.0)
        translated = {}
        if self.betas.keys() & compute.keys():
            pairs = itertools.permutations(range(bridge.num_domains), 2)
            translated = {(source, target): bridge.decode(batch.z_shared[source], target) for source, target in pairs}
        values, loss = {}, tf.constant(0.0)
        for name, beta in self.betas.items():
            if name == "class_swd":
                values[name], share = self._class_swd(batch)
            else:
                terms = [compute[name](pair, z, batch) for pair, z in translated.items()]
                values[name], share = (
                    tf.add_n(list(each)) / (bridge.num_domains - 1) for each in zip(*terms, strict=True)
                )
            loss += ramp * beta * share
        return values, loss

    def _class_swd(self, batch: Batch) -> Term:
        points, labels = (global_batch(x) for x in (batch.z_shared, batch.labels))
        sample_weights = None if batch.sample_weights is None else global_batch(batch.sample_weights)
        value = class_wise_swd(points, labels, sample_weights, batch.projections, batch.swd_order)
        return value, value / num_replicas()

    def _translation(self, pair: Pair, translated: tf.Tensor, batch: Batch) -> Term:
        source, target = pair
        rows = slice(source, source + 1)
        sample_weights = None if batch.sample_weights is None else batch.sample_weights[rows]
        return classification(self.classifiers[target](translated), batch.labels[rows], sample_weights)

    def _matching(self, pair: Pair, translated: tf.Tensor, batch: Batch) -> Term:
        """The class-wise distance between translations and the target's latents, in units of the latter's variance."""
        target = batch.z[pair[1]]
        points = global_batch(tf.stack([translated, target]))[..., self.num_measured :]
        sample_weights = None
        if batch.sample_weights is not None:
            sample_weights = global_batch(tf.gather(batch.sample_weights, pair))
        directions = tf.math.l2_normalize(batch.z_projections[pair[1]][self.num_measured :], axis=0)
        labels = global_batch(tf.gather(batch.labels, pair))
        distance = class_wise_swd(points, labels, sample_weights, directions, batch.swd_order)
        variance = tf.reduce_mean(tf.math.reduce_variance(points[1], axis=0))
        value = distance / tf.maximum(tf.stop_gradient(variance), _LEAST_VARIANCE)
        return value, value / num_replicas()

    def _measured(self, pair: Pair, translated: tf.Tensor, batch: Batch) -> Term:
        """The square error between the measurements of translations and what those of their sources become."""
        source, target = pair
        goal = self.measured[source].translated(batch.z[source], batch.labels[source], self.measured[target])
        error = tf.math.squared_difference(translated[:, : self.num_measured], goal)
        value = tf.reduce_mean(tf.reduce_sum(error, axis=1))
        return value, value / num_replicas()


def class_wise_swd(
    points: tf.Tensor, labels: tf.Tensor, sample_weights: tf.Tensor | None, projections: tf.Tensor, p: float = 2.0
) -> tf.Tensor:
    """Sliced Wasserstein distances (to the power p) between several sets, with points paired within their classes.

    Args:
        points: [num_sets, n, dim].
        labels: int [num_sets, n], with the same number of each class in every set, as in class-balanced batches.
        sample_weights: Weights of the labels, [num_sets, n]; a pair has the product of its two. None for 1.
        projections: Directions, [dim, num_projections].
        p: Order of the distance.

    Returns:
        Scalar: the weighted mean over directions and pairs of points, summed over pairs of sets, divided by
        `num_sets` - 1. With a single class it equals `losses.all_pairs_swd`.
    """
    num_sets, _, dim = points.shape
    flat = tf.matmul(projections, tf.reshape(points, [-1, dim]), transpose_a=True, transpose_b=True)
    projected = tf.reshape(flat, [projections.shape[1], num_sets, -1])
    # An offset between classes, beyond the largest distance, makes one sort order the points within each class.
    apart = 2 * tf.reduce_max(tf.abs(tf.stop_gradient(projected))) + 1
    order = tf.argsort(projected + apart * tf.cast(labels, projected.dtype), axis=-1)
    projected = tf.gather(projected, order, batch_dims=2)
    weights = tf.ones_like(projected[0]) if sample_weights is None else sample_weights
    weights = tf.gather(tf.broadcast_to(weights, tf.shape(projected)), order, batch_dims=2)
    total = tf.constant(0.0)
    for i, j in itertools.combinations(range(num_sets), 2):
        pair_weights = weights[:, i] * weights[:, j]
        distance = losses.power(projected[:, i] - projected[:, j], p)
        total += tf.math.divide_no_nan(tf.reduce_sum(pair_weights * distance), tf.reduce_sum(pair_weights))
    return total / (num_sets - 1)
