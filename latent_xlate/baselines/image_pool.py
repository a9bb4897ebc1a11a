"""The pool of earlier fakes on which CycleGAN's discriminators are trained."""

from __future__ import annotations

import tensorflow as tf

from latent_xlate.randomness import replica_slice


class ImagePool(tf.Module):
    """Stores fakes of earlier steps, and exchanges half of each batch for them.

    The first fakes fill the pool. From then on each fake is, with probability one half, exchanged for a random one in
    the pool; else it is returned and not stored (Shrivastava et al. 2017, https://arxiv.org/abs/1612.07828, as in
    CycleGAN). The choice is a function of step and seed, and the stored fakes are a variable, which belongs in a
    checkpoint with the model. Under a `tf.distribute` strategy there is one pool for the global batch.

    Attributes:
        kept: The stored fakes, float32 [size, dim].
    """

    def __init__(self, size: int, dim: int) -> None:
        """Makes an empty pool.

        Args:
            size: Number of fakes that it holds.
            dim: Size of a fake.
        """
        super().__init__()
        self.kept = tf.Variable(
            tf.zeros([size, dim]), trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA
        )

    def exchange(self, fakes: tf.Tensor, step: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Exchanges some of a batch of fakes for older ones.

        Args:
            fakes: This replica's part of the step's batch, float32 [n, dim].
            step: Number of steps before this one, int64 scalar; all had a batch of this size.
            seed: Seed of this step, int32 [2].

        Returns:
            Old and new fakes, float32 [n, dim].

        Raises:
            ValueError: The global batch is larger than the pool.
        """
        context = tf.distribute.get_replica_context()
        batch_size = (fakes.shape[0] or 0) * context.num_replicas_in_sync
        if batch_size > self.kept.shape[0]:
            raise ValueError(f"A pool of {self.kept.shape[0]} is smaller than a batch of {batch_size}: make it larger.")
        batch = context.all_gather(fakes, axis=0) if context.num_replicas_in_sync > 1 else fakes
        batch = tf.ensure_shape(batch, [None, self.kept.shape[1]])
        size, count = self.kept.shape[0], tf.shape(batch, tf.int64)[0]
        full = step * count >= size
        order = tf.random.experimental.stateless_shuffle(tf.range(size, dtype=tf.int64), seed)[:count]
        places = tf.where(full, order, (step * count + tf.range(count)) % size)
        old = tf.gather(self.kept, places)
        swap = tf.random.stateless_uniform([count, 1], tf.random.fold_in(seed, 1)) < 0.5
        kept = tf.where(swap | ~full, batch, old)
        self.kept.assign(tf.tensor_scatter_nd_update(self.kept, places[:, tf.newaxis], kept))
        return replica_slice(tf.where(swap & full, old, batch))
