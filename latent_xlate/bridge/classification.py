"""Classification loss of the global batch's labelled instances, on any number of replicas (paper, section 3)."""

from __future__ import annotations

import tensorflow as tf

from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.distribution import num_replicas

Term = tuple[tf.Tensor, tf.Tensor]
"""A loss term's value for the global batch, and this replica's share of it: scalars. Shares add up to the value."""


def classification(logits: tf.Tensor, labels: tf.Tensor, sample_weights: tf.Tensor | None = None) -> Term:
    """Cross entropy: the sum over domains of the weighted mean over each domain's labelled instances.

    Args:
        logits: [num_domains * batch, num_classes].
        labels: int [num_domains, batch], -1 where unlabelled.
        sample_weights: Weights of the labels, float32 [num_domains, batch]; None for 1.
    """
    flat = tf.reshape(labels, [-1])
    entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.maximum(flat, 0), logits=logits)
    labelled = tf.cast(labels != UNLABELLED, tf.float32)
    if sample_weights is not None:
        labelled *= sample_weights
    entropy = tf.reshape(entropy, tf.shape(labels)) * labelled
    count = tf.reduce_sum(labelled, axis=1)
    if num_replicas() > 1:
        count = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, count)
    share = tf.reduce_sum(tf.reduce_sum(entropy, axis=1) / tf.maximum(count, 1.0))
    return share * num_replicas(), share
