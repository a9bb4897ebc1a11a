"""Pairs of latents of one class that are optimal for the squared distance, and batches of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from latent_xlate import training_steps
from latent_xlate.latents.latents import Latents
from latent_xlate.randomness import class_balanced, position_uniform

PairBatch = tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
"""Latents of the first and of the second domain in common coordinates, float32 [batch, width] each; their classes,
int32 [batch]; and times, float32 [batch, 1] in [0, 1)."""


def optimal_pairs(
    points: Sequence[np.ndarray], labels: Sequence[np.ndarray], num_classes: int, size: int, seed: int
) -> list[np.ndarray]:
    """Pairs instances of two domains, class by class.

    Each class is shuffled and cut into parts of `size`, within which the sum of the squared distances is the smallest
    (mini-batch optimal transport, Tong et al. 2023, https://arxiv.org/abs/2302.00482). The smaller of two classes is
    repeated.

    Args:
        points: Each domain's instances, float [n, width].
        labels: Their classes, integers [n], of each class one at least.
        num_classes: Number of classes.
        size: Largest number of instances of a part.
        seed: Seed of the order.

    Returns:
        For each domain the indices of the instances, int64 [number of pairs]; those at one place are a pair.
    """
    generator = np.random.default_rng(seed)
    pairs: list[list[np.ndarray]] = [[], []]
    for label in range(num_classes):
        members = [generator.permutation(np.flatnonzero(own == label)) for own in labels]
        count = max(map(len, members))
        members = [np.resize(own, count) for own in members]
        for start in range(0, count, size):
            first, second = (own[start : start + size] for own in members)
            rows, columns = linear_sum_assignment(cdist(points[0][first], points[1][second], "sqeuclidean"))
            pairs[0].append(first[rows])
            pairs[1].append(second[columns])
    return [np.concatenate(own) for own in pairs]


def make_pair_batches(
    latents: Sequence[Latents], axes: Sequence[np.ndarray], num_classes: int, size: int, seed: int
) -> training_steps.MakeBatch:
    """Makes batches of optimal pairs, in which the classes take turns.

    Args:
        latents: Each domain's, labelled, of each class one at least.
        axes: For each domain the axes of the common coordinates, float [latent_dim, width].
        num_classes: Number of classes.
        size: As in `optimal_pairs`.
        seed: Seed of the pairs, the order and the times.

    Returns:
        Function of positions in the endless stream of pairs, int64 [batch]: a `PairBatch`.
    """
    points = [own.mu @ of.astype(np.float32) for own, of in zip(latents, axes, strict=True)]
    pairs = optimal_pairs(points, [own.labels for own in latents], num_classes, size, seed)
    first, second = (tf.constant(own[chosen]) for own, chosen in zip(points, pairs, strict=True))
    labels = latents[0].labels[pairs[0]].astype(np.int32)
    sample, stored_labels = class_balanced(labels, num_classes, seed), tf.constant(labels)

    def make_batch(positions: tf.Tensor) -> PairBatch:
        chosen = sample(positions)
        times = position_uniform(positions, 1, seed)
        return tf.gather(first, chosen), tf.gather(second, chosen), tf.gather(stored_labels, chosen), times

    return make_batch
