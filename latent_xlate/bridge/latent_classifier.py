"""A small classifier of a domain's latents, trained on the labels that a bridge's training sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE, training, training_steps
from latent_xlate.domains.classifier import Classifier
from latent_xlate.latents.batches import make_sampler
from latent_xlate.latents.latents import Latents
from latent_xlate.layers import relu_stack
from latent_xlate.optimizer import FusedAdam, make_schedule
from latent_xlate.randomness import step_seed

BATCH_SIZE = 256
NUM_STEPS = 1_500
LEARNING_RATE = 1e-3


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class LatentClassifier(Classifier):
    """Fully connected ReLU layers and an affine map to the logits.

    Example:
        classifier = LatentClassifier(latent_dim=100, num_classes=10)
        classifier.compile(optimizer=FusedAdam(1e-3))
        classifier.fit(z, labels, sample_weight=weights)
        logits = classifier(z)
    """

    def __init__(
        self, latent_dim: int, num_classes: int, hidden_units: Sequence[int] = (256, 256), **kwargs: Any
    ) -> None:
        """Makes the model; `build` makes its variables.

        Args:
            latent_dim: Size of a latent.
            num_classes: Number of logits.
            hidden_units: Widths of the ReLU layers.
            **kwargs: Passed to `keras.Model`.
        """
        super().__init__(num_classes, **kwargs)
        self.latent_dim = latent_dim
        self.hidden_units = tuple(hidden_units)
        self.body = relu_stack(self.hidden_units, "body", self.dtype_policy)
        self.logits = keras.layers.Dense(num_classes, dtype="float32", name="logits")

    def build(self, input_shape: Any = None) -> None:
        self.body.build((None, self.latent_dim))
        self.logits.build((None, self.hidden_units[-1]))
        self.built = True

    def features(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Activations of the last ReLU layer, float32 [batch, hidden_units[-1]], of latents [batch, latent_dim]."""
        return tf.cast(self.body(x, training=training), tf.float32)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"latent_dim": self.latent_dim, "hidden_units": self.hidden_units}


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
    mu, sigma, labels = (tf.constant(x) for x in (latents.mu, latents.sigma, latents.labels))
    weights = tf.constant(sample_weights)

    def make_batch(positions: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        chosen = sample(positions)
        noise = tf.random.stateless_normal([BATCH_SIZE, mu.shape[1]], step_seed(seed, positions[0], 0))
        z = tf.gather(mu, chosen) + tf.gather(sigma, chosen) * noise
        return z, tf.gather(labels, chosen), tf.gather(weights, chosen)

    keras.utils.set_random_seed(seed)
    classifier = LatentClassifier(mu.shape[1], num_classes)
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
