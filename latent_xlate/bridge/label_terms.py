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
from latent_xlate.bridge.bridge_config import BridgeModelConfig, LabelTermsConfig
from latent_xlate.bridge.classification import Term, classification
from latent_xlate.distribution import global_batch, num_replicas


class TrainedBridge(Protocol):
    """The part of a bridge that the terms use."""

    config: BridgeModelConfig

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
        step: Number of the step, integer scalar; None in evaluation, where the terms have their full weights.
    """

    z_shared: tf.Tensor
    labels: tf.Tensor
    sample_weights: tf.Tensor | None
    projections: tf.Tensor
    step: tf.Tensor | None = None


@dataclasses.dataclass(frozen=True)
class LabelTerms:
    """Terms that labels add to a bridge's loss. A term of weight zero is left out.

    Attributes:
        config: The weights.
        classifiers: For each domain a function of its latents, [batch, latent_dim], to logits, [batch, num_classes],
            which training leaves as it is; needed for `beta_translation` alone.
    """

    config: LabelTermsConfig
    classifiers: Sequence[Callable[[tf.Tensor], tf.Tensor]] = ()

    @property
    def betas(self) -> dict[str, float]:
        """The weights other than zero, by the name of the term."""
        betas = {"class_swd": self.config.beta_class_swd, "translation": self.config.beta_translation}
        return {name: beta for name, beta in betas.items() if beta}

    def __call__(self, bridge: TrainedBridge, batch: Batch) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """The terms' values by name, and this replica's share of their weighted sum."""
        compute = {"class_swd": self._class_swd, "translation": self._translation}
        ramp = 1.0 if batch.step is None else tf.minimum(tf.cast(batch.step, tf.float32) / self.config.ramp_steps, 1.0)
        values, loss = {}, tf.constant(0.0)
        for name, beta in self.betas.items():
            values[name], share = compute[name](bridge, batch)
            loss += ramp * beta * share
        return values, loss

    def _class_swd(self, bridge: TrainedBridge, batch: Batch) -> Term:
        points, labels = (global_batch(x) for x in (batch.z_shared, batch.labels))
        sample_weights = None if batch.sample_weights is None else global_batch(batch.sample_weights)
        value = class_wise_swd(points, labels, sample_weights, batch.projections, bridge.config.swd_order)
        return value, value / num_replicas()

    def _translation(self, bridge: TrainedBridge, batch: Batch) -> Term:
        domains = range(bridge.num_domains)
        value = share = tf.constant(0.0)
        for source, target in itertools.permutations(domains, 2):
            logits = self.classifiers[target](bridge.decode(batch.z_shared[source], target))
            rows = slice(source, source + 1)
            sample_weights = None if batch.sample_weights is None else batch.sample_weights[rows]
            term = classification(logits, batch.labels[rows], sample_weights)
            value, share = value + term[0], share + term[1]
        others = bridge.num_domains - 1
        return value / others, share / others


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
