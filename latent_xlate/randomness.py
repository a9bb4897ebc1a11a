"""Random numbers that are a function of seed and step.

A run that is resumed, or whose batch is split over replicas, draws the numbers of an unbroken run on one device:
nothing here has a state, and a replica takes its rows of the global draw.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from latent_xlate import index_cipher, random_draws, xla


def step_seed(seed: int, step: int | tf.Tensor, stream: int) -> tf.Tensor:
    """Seed of one stream of random numbers at one step.

    Args:
        seed: Seed of the run.
        step: Number of the step, integer scalar.
        stream: Number of the stream, one for each use within a step.

    Returns:
        int32 [2], for `tf.random.stateless_*`.
    """
    return random_draws.fold_in([seed, stream], tf.cast(step, tf.int32))


def replica_normal(shape: tuple[int | tf.Tensor, ...], seed: tf.Tensor, axis: int = 0) -> tf.Tensor:
    """This replica's part of standard normal noise drawn for the global batch.

    Args:
        shape: Shape of the replica's part.
        seed: int32 [2], the same on every replica.
        axis: The axis along which the batch is split evenly over the replicas.

    Returns:
        float32 noise of `shape`; outside a `tf.distribute` strategy the whole draw.
    """
    context = tf.distribute.get_replica_context()
    count = context.num_replicas_in_sync if context else 1
    whole = [size * count if i == axis else size for i, size in enumerate(shape)]
    return replica_slice(random_draws.normal(whole, seed), axis)


def replica_slice(whole: tf.Tensor, axis: int = 0) -> tf.Tensor:
    """This replica's part of a tensor of the global batch, which is split evenly along `axis`."""
    context = tf.distribute.get_replica_context()
    count = context.num_replicas_in_sync if context else 1
    if count == 1:
        return whole
    size = (whole.shape[axis] or tf.shape(whole)[axis]) // count
    start, sizes = [0] * len(whole.shape), [-1] * len(whole.shape)
    start[axis], sizes[axis] = context.replica_id_in_sync_group * size, size
    return tf.slice(whole, start, sizes)


def shuffled_indices(positions: tf.Tensor, size: int | tf.Tensor, seed: int, stream: int | tf.Tensor = 0) -> tf.Tensor:
    """The indices at `positions` of an endless stream of shuffled epochs.

    Args:
        positions: Positions in the stream, from 0, int64 [n].
        size: Number of items, each of which an epoch visits once, in an order of its own; int64 [n] where the positions
            belong to several streams.
        seed: Seed of the run.
        stream: Number of the stream; int64 [n] where there are several.

    Returns:
        int64 [n], in [0, size).
    """
    # The cipher mixes small keys poorly: odd constants, with wrapping, distribute them over all bits.
    products = (seed * 0x9E3779B1 + 0x1B873593, (positions // size) * 0x5851F42D, stream * 0x27D4EB2F)
    keys = [tf.broadcast_to(tf.cast(key, tf.int64), tf.shape(positions)) for key in products]
    last = tf.cast(tf.broadcast_to(size, tf.shape(positions)) - 1, tf.int64)
    if xla.is_traced():
        return index_cipher.permuted(positions % size, keys, last)
    return tf.raw_ops.RandomIndexShuffle(
        index=positions % size, seed=tf.stack(keys, axis=-1), max_index=last, rounds=index_cipher.ROUNDS
    )


def class_balanced(labels: np.ndarray, num_classes: int, seed: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """An endless stream of instances in which the classes take turns, each in shuffled epochs of its own.

    Args:
        labels: Integers [n] in [0, num_classes), of each class one at least.
        num_classes: Number of classes.
        seed: Seed of the run.

    Returns:
        Function of positions in the stream, int64 [m]: indices of instances, int64 [m]. The instance at position p has
        class p % num_classes.
    """
    counts = np.bincount(labels, minlength=num_classes)
    by_class = tf.constant(np.argsort(labels, kind="stable"))
    starts = tf.constant(np.cumsum(counts) - counts)
    sizes = tf.constant(counts)

    def indices(positions: tf.Tensor) -> tf.Tensor:
        classes = positions % num_classes
        # One stream for each class, whose position is the number of its turn.
        within = shuffled_indices(positions // num_classes, tf.gather(sizes, classes), seed, classes)
        return tf.gather(by_class, tf.gather(starts, classes) + within)

    return indices


def hash_of_stream(seed: int, stream: int) -> int:
    """The seed of one of several streams of a run, in [0, 2^31)."""
    return int(np.random.SeedSequence([seed, stream]).generate_state(1)[0] >> 1)


def position_uniform(positions: tf.Tensor, count: int, seed: int) -> tf.Tensor:
    """Uniform random numbers for each position in an endless stream of instances.

    Args:
        positions: Positions in the stream, from 0, int64 [n].
        count: How many numbers each position gets.
        seed: Seed of the run.

    Returns:
        float32 [n, count], in [0, 1), multiples of 2^-24.
    """
    # A stream of its own for each number, none of them the one that shuffles the instances.
    numbers = [shuffled_indices(positions, 2**24, seed, stream) for stream in range(1, count + 1)]
    return tf.cast(tf.stack(numbers, axis=1), tf.float32) / 2**24
