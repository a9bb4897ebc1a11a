"""Cross entropy of a batch's labelled instances (paper, section 3), the global batch's on any number of replicas."""

from __future__ import annotations

import tensorflow as tf

from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.distribution import num_replicas

Term = tuple[tf.Tensor, tf.Tensor]
"""A term's value, and this replica's share of it, which added up over the replicas is that value: scalars."""


def classification(logits: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor | None = None) -> Term:
    """Cross entropy, a weighted mean over each domain's labelled instances, added up over domains.

    Args:
        logits: [num_domains * batch, num_classes].
        labels: int [num_domains, batch], -1 where unlabelled.
        weights: What labels weigh, float32 [num_domains, batch]; None for 1 each.
    """
    flat = tf.reshape(labels, [-1])
    entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.maximum(flat, 0), logits=logits)
    labelled = tf.cast(labels != UNLABELLED, tf.float32)
    if weights is not None:
        labelled *= weights
    entropy = tf.reshape(entropy, tf.shape(labels)) * labelled
    count = tf.reduce_sum(labelled, axis=1)
    if num_replicas() > 1:
        count = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, count)
    share = tf.reduce_sum(tf.reduce_sum(entropy, axis=1) / tf.maximum(count, 1.0))
    return share * num_replicas(), share
