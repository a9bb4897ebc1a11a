"""Training of small classifiers of latents."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import training, training_steps
from latent_xlate.domains.latent_classifier import LatentClassifier
from latent_xlate.latents.batches import make_sampler, posteriors_of
from latent_xlate.latents.latents import Latents
from latent_xlate.optimizer import FusedAdam, make_schedule
from latent_xlate.randomness import step_seed

BATCH_SIZE = 256
NUM_STEPS = 1_500
LEARNING_RATE = 1e-3


def train_classifier(
    latents: Latents, sample_weights: np.ndarray, num_classes: int, seed: int, name: str = "a domain"
) -> LatentClassifier:
    """Trains a classifier on samples of the latents' posteriors, balanced by class.

    Args:
        latents: Labelled latents, of each class one at least.
        sample_weights: Weights of the labels, float32 [n].
        num_classes: Number of classes.
        seed: Seed of the initial weights, the order and the samples.
        name: How error messages and the progress bar call the domain.

    Returns:
        The trained classifier, a function of the arguments alone.

    Raises:
        ValueError: As in `latents.batches.make_sampler`.
    """
    sample = make_sampler(latents.labels, num_classes, "balanced", name, seed)
    posteriors, latent_dim = posteriors_of(latents), latents.mu.shape[1]
    labels, weights = tf.constant(latents.labels), tf.constant(sample_weights)

    def make_batch(positions: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        chosen = sample(positions)
        noise = tf.random.stateless_normal([BATCH_SIZE, latent_dim], step_seed(seed, positions[0], 0))
        mu, sigma = posteriors(chosen)
        return mu + sigma * noise, tf.gather(labels, chosen), tf.gather(weights, chosen)

    keras.utils.set_random_seed(seed)
    classifier = LatentClassifier(latent_dim, num_classes)
    classifier.build()
    rate = make_schedule("cosine", LEARNING_RATE, NUM_STEPS)
    classifier.compile(optimizer=FusedAdam(rate), **training_steps.compile_options())
    training.train(
        classifier,
        make_batch,
        num_steps=NUM_STEPS,
        batch_size=BATCH_SIZE,
        strategy=tf.distribute.get_strategy(),
        description=f"latents of {name}",
    )
    return classifier


def frozen(classifier: LatentClassifier) -> Callable[[tf.Tensor], tf.Tensor]:
    """The logits of a classifier as a function without variables: no checkpoint, model or replica tracks it."""
    *hidden, last = zip(*[iter(classifier.get_weights())] * 2, strict=True)

    def logits(z: tf.Tensor) -> tf.Tensor:
        for kernel, bias in hidden:
            z = tf.nn.relu(tf.matmul(z, kernel) + bias)
        return tf.matmul(z, last[0]) + last[1]

    return logits
