"""Latents of a model without an encoder: prior samples that a classifier accepts (paper, supplement B.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from latent_xlate.latents.latents import Latents

MIN_PROBABILITY = 0.95
"""A sample is kept if its largest class probability is at least this."""

PER_CLASS = 1300
"""Number of samples kept of each class."""


def sample_latents(
    sample_prior: Callable[[tf.Tensor], tf.Tensor],
    classify: Callable[[tf.Tensor], tf.Tensor],
    class_names: Sequence[str],
    *,
    per_class: int = PER_CLASS,
    min_probability: float = MIN_PROBABILITY,
    max_samples: int | None = None,
    seed: int = 0,
) -> tuple[Latents, float]:
    """Draws from a prior until a classifier has accepted enough samples of every class.

    Args:
        sample_prior: Maps a seed, int32 [2], to a batch of latents, float32 [batch, latent_dim].
        classify: Maps latents to the class logits of their decoded data, [batch, num_classes].
        class_names: Names of the classes, by label.
        per_class: Number of samples to keep of each class; the first ones are kept.
        min_probability: A sample is accepted if its largest class probability is at least this.
        max_samples: Most samples to draw; None for 30 times the number to keep.
        seed: Seed of the samples.

    Returns:
        The latents, with a sigma of zero, in the order in which they were drawn; and the share of all samples
        drawn that were accepted.

    Raises:
        ValueError: After `max_samples` some classes lack samples; the message names them.
    """

    @tf.function(autograph=False)
    def draw(batch_seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        z = sample_prior(batch_seed)
        probabilities = tf.nn.softmax(classify(z))
        return z, tf.argmax(probabilities, axis=1), tf.reduce_max(probabilities, axis=1)

    num_classes = len(class_names)
    max_samples = max_samples or 30 * per_class * num_classes
    counts = np.zeros(num_classes, np.int64)
    kept: list[tuple[np.ndarray, np.ndarray]] = []
    batch = drawn = num_accepted = 0
    with tqdm(total=per_class * num_classes, desc="samples kept", unit="sample") as bar:
        while np.min(counts) < per_class:
            if drawn >= max_samples:
                filled = zip(class_names, counts, strict=True)
                lacking = ", ".join(f"{name} ({count} of {per_class})" for name, count in filled if count < per_class)
                raise ValueError(
                    f"After {drawn} samples, of which {num_accepted} were accepted, classes lack some: {lacking}."
                )
            z, labels, probabilities = (part.numpy() for part in draw(tf.constant([seed, batch])))
            batch += 1
            drawn += len(z)
            accepted = np.flatnonzero(probabilities >= min_probability)
            num_accepted += len(accepted)
            room = per_class - counts
            taken = np.sort(np.concatenate([accepted[labels[accepted] == k][: room[k]] for k in range(num_classes)]))
            kept.append((z[taken], labels[taken]))
            counts += np.bincount(labels[taken], minlength=num_classes)
            bar.update(len(taken))
            bar.set_postfix({n: int(k) for n, k in zip(class_names, counts, strict=True)}, refresh=False)
    latents, labels = (np.concatenate(parts) for parts in zip(*kept, strict=True))
    return Latents(latents, np.zeros_like(latents), labels.astype(np.int32)), num_accepted / drawn
