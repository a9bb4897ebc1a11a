"""The pool of earlier fakes that CycleGAN's discriminators learn from."""

from __future__ import annotations

import tensorflow as tf

from latent_xlate.randomness import replica_slice


class ImagePool(tf.Module):
    """Keeps fakes of earlier steps, and hands out half old ones, half new ones.

    It fills with the first fakes. From then on each new one takes, with probability one half, the place
    of one in the pool, chosen at random, which is handed out in its stead; else it is itself handed
    out and not kept (Shrivastava et al., 2017, https://arxiv.org/abs/1612.07828, as in CycleGAN).
    What it does follows from the step and the seed; what it holds is a variable, which goes into a
    checkpoint with the model. Under a `tf.distribute` strategy there is one pool for the global batch.
    """

    def __init__(self, size: int, dim: int):
        """Makes an empty pool.

        Args:
            size: Number of fakes.
            dim: Size of one.
        """
        super().__init__()
        self.kept = tf.Variable(
            tf.zeros([size, dim]), trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA
        )

    def exchange(self, fakes: tf.Tensor, step: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Hands in fakes for others.

        Args:
            fakes: This replica's part of the step's batch, float32 [n, dim].
            step: int64 scalar, the steps before this one, all with a batch of this size.
            seed: int32 [2], of this step.

        Returns:
            As many, old and new.

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
