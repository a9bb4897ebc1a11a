"""Terms of a bridge's loss that labels have a part in.

Each is the global batch's, any number of replicas together: a term is its value, and this replica's share of it,
which added up over the replicas is that value.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from typing import Protocol

import tensorflow as tf

from latent_xlate import losses
from latent_xlate.bridge.classification import classification
from latent_xlate.distribution import global_batch, num_replicas
from latent_xlate.randomness import replica_normal, step_seed

Posteriors = Sequence[tuple[tf.Tensor, tf.Tensor]]
"""(mu, sigma), float32 [batch, latent_dim] each, for each domain."""


class TrainedBridge(Protocol):
    """What the terms need of a bridge."""

    num_domains: int
    num_classes: int
    seed: int
    swd_order: float

    def encode(self, z: tf.Tensor, domain: int) -> tuple[tf.Tensor, tf.Tensor]: ...

    def decode(self, z_shared: tf.Tensor, domain: int) -> tf.Tensor: ...

    def classify(self, z_shared: tf.Tensor) -> tf.Tensor: ...


@dataclasses.dataclass(frozen=True)
class Batch:
    """A replica's part of a batch, as a bridge sees it.

    Attributes:
        posteriors: Of the latents.
        z_shared: Samples of the shared latent, float32 [num_domains, batch, shared_dim].
        labels: int [num_domains, batch], -1 where unlabelled.
        weights: What labels weigh, float32 [num_domains, batch]; None for 1 each.
        projections: Directions of the sliced Wasserstein distance, [shared_dim, num_projections].
        step: Integer scalar; None in evaluation, by the noise of step 0 and with weights that have risen.
    """

    posteriors: Posteriors
    z_shared: tf.Tensor
    labels: tf.Tensor
    weights: tf.Tensor | None
    projections: tf.Tensor
    step: tf.Tensor | None = None


@dataclasses.dataclass(frozen=True)
class LabelTerms:
    """What few labels add to a bridge's loss; a term of weight zero is left out.

    Attributes:
        beta_class_swd: Weight of `class_wise_swd`, between the domains' instances of each class.
        beta_consistency: Weight of the squared difference between the classes' probabilities of two samples of
            one posterior.
        beta_translation: Weight of the cross entropy of translations to every other domain, as a classifier of
            that domain's latents sees them.
        ramp_steps: Steps in which the weights rise from zero.
        classifiers: One for each domain, latents to logits, which stay as they are; only of use to translations.
    """

    beta_class_swd: float = 0.0
    beta_consistency: float = 0.0
    beta_translation: float = 0.0
    ramp_steps: int = 1
    classifiers: Sequence[Callable[[tf.Tensor], tf.Tensor]] = ()

    @property
    def betas(self) -> dict[str, float]:
        """The weights that are not zero, by the name of the term."""
        betas = {
            "class_swd": self.beta_class_swd,
            "consistency": self.beta_consistency,
            "translation": self.beta_translation,
        }
        return {name: beta for name, beta in betas.items() if beta}

    def __call__(self, bridge: TrainedBridge, batch: Batch) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """The terms' values by name, and this replica's share of their weighted sum."""
        make = {"class_swd": self._class_swd, "consistency": self._consistency, "translation": self._translation}
        ramp = 1.0 if batch.step is None else tf.minimum(tf.cast(batch.step, tf.float32) / self.ramp_steps, 1.0)
        values, loss = {}, tf.constant(0.0)
        for name, beta in self.betas.items():
            values[name], share = make[name](bridge, batch)
            loss += ramp * beta * share
        return values, loss

    def _class_swd(self, bridge, batch):
        points, labels = (global_batch(x) for x in (batch.z_shared, batch.labels))
        weights = None if batch.weights is None else global_batch(batch.weights)
        value = class_wise_swd(points, labels, weights, batch.projections, bridge.swd_order)
        return value, value / num_replicas()

    def _consistency(self, bridge, batch):
        first = tf.nn.softmax(bridge.classify(_flat(batch.z_shared)))
        step = 0 if batch.step is None else batch.step
        samples = []
        for domain, (mu, sigma) in enumerate(batch.posteriors):
            streams = (2 + bridge.num_domains * (1 + i) + domain for i in range(2))  # Lower ones are the bridge's.
            noise, shared_noise = (
                replica_normal((tf.shape(mu)[0], size), step_seed(bridge.seed, step, stream))
                for size, stream in zip((mu.shape[1], batch.z_shared.shape[2]), streams, strict=True)
            )
            mu_shared, sigma_shared = bridge.encode(mu + sigma * noise, domain)
            samples.append(mu_shared + sigma_shared * shared_noise)
        second = tf.nn.softmax(bridge.classify(tf.concat(samples, axis=0)))
        difference = tf.reduce_sum(tf.math.squared_difference(first, second), axis=-1)
        value = tf.reduce_mean(difference) * bridge.num_domains
        return value, value / num_replicas()

    def _translation(self, bridge, batch):
        domains = range(bridge.num_domains)
        value = share = tf.constant(0.0)
        for source, target in itertools.permutations(domains, 2):
            logits = self.classifiers[target](bridge.decode(batch.z_shared[source], target))
            weights = None if batch.weights is None else batch.weights[source : source + 1]
            term = classification(logits, batch.labels[source : source + 1], weights)
            value, share = value + term[0], share + term[1]
        others = bridge.num_domains - 1
        return value / others, share / others


def class_wise_swd(
    points: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor | None, projections: tf.Tensor, p: float = 2.0
) -> tf.Tensor:
    """Sliced Wasserstein distances (to the power p) between several sets, each point paired within its class.

    Args:
        points: [num_sets, n, dim].
        labels: int [num_sets, n], in every set as many of each class, as batches are whose classes take turns.
        weights: What labels weigh, [num_sets, n]: a pair weighs the product. None for 1 each.
        projections: Directions, [dim, num_projections].
        p: Order of the distance.

    Returns:
        Scalar: a weighted mean over directions and pairs of points, summed over pairs of sets, divided by
        `num_sets` - 1. Of a single class it is `losses.all_pairs_swd`.
    """
    num_sets, _, dim = points.shape
    flat = tf.matmul(projections, tf.reshape(points, [-1, dim]), transpose_a=True, transpose_b=True)
    projected = tf.reshape(flat, [projections.shape[1], num_sets, -1])
    # So far apart that to sort is to sort within the classes.
    apart = 2 * tf.reduce_max(tf.abs(tf.stop_gradient(projected))) + 1
    order = tf.argsort(projected + apart * tf.cast(labels, projected.dtype), axis=-1)
    projected = tf.gather(projected, order, batch_dims=2)
    weights = tf.ones_like(projected[0]) if weights is None else weights
    weights = tf.gather(tf.broadcast_to(weights, tf.shape(projected)), order, batch_dims=2)
    total = tf.constant(0.0)
    for i, j in itertools.combinations(range(num_sets), 2):
        of_pair = weights[:, i] * weights[:, j]
        distance = losses.power(projected[:, i] - projected[:, j], p)
        total += tf.math.divide_no_nan(tf.reduce_sum(of_pair * distance), tf.reduce_sum(of_pair))
    return total / (num_sets - 1)


def _flat(stacked):
    return tf.reshape(stacked, [-1, stacked.shape[-1]])
