"""Loss terms of a WaveGAN: scores, gradient penalties, classes, and feature matching."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf


def discriminator_loss(objective: str, real_scores: tf.Tensor, fake_scores: tf.Tensor) -> tf.Tensor:
    """Adversarial loss of the discriminator, without its gradient penalty.

    Args:
        objective: "wgan_gp" for the Wasserstein critic, "r1" for the non-saturating loss.
        real_scores: float32 [batch], scores of recordings.
        fake_scores: float32 [batch], scores of generated sounds.

    Returns:
        float32 scalar.
    """
    if objective == "wgan_gp":
        return tf.reduce_mean(fake_scores) - tf.reduce_mean(real_scores)
    return tf.reduce_mean(tf.nn.softplus(fake_scores) + tf.nn.softplus(-real_scores))


def generator_loss(objective: str, fake_scores: tf.Tensor) -> tf.Tensor:
    """Adversarial loss of the generator; arguments as those of `discriminator_loss`."""
    return -tf.reduce_mean(fake_scores) if objective == "wgan_gp" else tf.reduce_mean(tf.nn.softplus(-fake_scores))


def gradient_norm(score: Callable[[tf.Tensor], tf.Tensor], x: tf.Tensor) -> tf.Tensor:
    """Euclidean norm of the gradient of a score with respect to its input.

    Args:
        score: Function of a batch to its scores, float32 [batch].
        x: [batch, ...].

    Returns:
        float32 [batch].
    """
    with tf.GradientTape() as tape:
        tape.watch(x)
        scores = tf.reduce_sum(score(x))
    gradient = tape.gradient(scores, x)
    return tf.sqrt(tf.reduce_sum(tf.square(gradient), axis=list(range(1, len(x.shape)))) + 1e-12)


def cross_entropy(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Mean cross entropy, float32 scalar, of integer labels [batch] and logits [batch, classes]."""
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))


def class_entropies(logits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Entropy of the predicted classes, of each sound and of the whole batch.

    The first is low if every sound has a definite class. The second is high if the batch has all classes equally
    often. CatGAN minimises their difference (Springenberg 2015, https://arxiv.org/abs/1511.06390).

    Args:
        logits: float32 [batch, classes].

    Returns:
        The mean entropy of the rows, and the entropy of the mean distribution, in nats, float32 scalars.
    """
    probabilities = tf.nn.softmax(logits)
    return tf.reduce_mean(_entropy(probabilities)), _entropy(tf.reduce_mean(probabilities, axis=0))


def feature_matching(fake: Sequence[tf.Tensor], real: Sequence[tf.Tensor]) -> tf.Tensor:
    """Distance between the discriminator's activations for recordings and for their reconstructions.

    The mean absolute difference of each layer is divided by the mean magnitude of the recordings' activations, so
    that all layers count alike. Gradients flow into `fake` only. Larsen et al. 2016, https://arxiv.org/abs/1512.09300.

    Args:
        fake: Activations of each layer for reconstructions, [batch, ...].
        real: The same for recordings.

    Returns:
        float32 scalar, summed over the layers.
    """
    distance = tf.zeros([])
    for ours, theirs in zip(fake, real, strict=True):
        theirs = tf.cast(tf.stop_gradient(theirs), tf.float32)
        error = _mean_magnitude(tf.cast(ours, tf.float32) - theirs)
        distance += tf.reduce_mean(error / (_mean_magnitude(theirs) + 1e-6))
    return distance


def _entropy(probabilities: tf.Tensor) -> tf.Tensor:
    return -tf.reduce_sum(probabilities * tf.math.log(probabilities + 1e-8), axis=-1)


def _mean_magnitude(x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.abs(x), axis=list(range(1, len(x.shape))))
