"""Latents of a model without an encoder: samples of its prior that a classifier is sure of (paper, supplement B.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from latent_xlate.latents.latents import Latents

MIN_PROBABILITY = 0.95
"""Largest class probability from which on a sample is kept."""

PER_CLASS = 1300
"""Samples kept of each class."""


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
    """Draws from a prior until every class has enough samples that a classifier is sure of.

    Args:
        sample_prior: Takes a seed, int32 [2], to a batch of latents, float32 [batch, latent_dim].
        classify: Takes latents to class logits of what the model makes of them.
        class_names: By label.
        per_class: Samples to keep of each class: the first that come.
        min_probability: Largest probability from which on a sample is kept.
        max_samples: Samples drawn at most; None for 30 times those to keep.
        seed: Of the samples.

    Returns:
        The latents, sigma zero, in the order in which they were drawn; and the share of all samples
        drawn that the classifier was sure of.

    Raises:
        ValueError: A class is not filled after `max_samples`; the message names those that are not.
    """

    @tf.function(autograph=False)
    def draw(batch_seed):
        z = sample_prior(batch_seed)
        probabilities = tf.nn.softmax(classify(z))
        return z, tf.argmax(probabilities, axis=1), tf.reduce_max(probabilities, axis=1)

    num_classes = len(class_names)
    max_samples = max_samples or 30 * per_class * num_classes
    counts = np.zeros(num_classes, np.int64)
    kept: list[tuple[np.ndarray, np.ndarray]] = []
    batch = drawn = sure = 0
    with tqdm(total=per_class * num_classes, desc="samples kept", unit="sample") as bar:
        while np.min(counts) < per_class:
            if drawn >= max_samples:
                filled = zip(class_names, counts, strict=True)
                lacking = ", ".join(f"{name} ({count} of {per_class})" for name, count in filled if count < per_class)
                raise ValueError(f"After {drawn} samples, of which {sure} were accepted, classes lack some: {lacking}.")
            z, labels, probabilities = (part.numpy() for part in draw(tf.constant([seed, batch])))
            batch += 1
            drawn += len(z)
            accepted = np.flatnonzero(probabilities >= min_probability)
            sure += len(accepted)
            room = per_class - counts
            taken = np.sort(np.concatenate([accepted[labels[accepted] == k][: room[k]] for k in range(num_classes)]))
            kept.append((z[taken], labels[taken]))
            counts += np.bincount(labels[taken], minlength=num_classes)
            bar.update(len(taken))
            bar.set_postfix({n: int(k) for n, k in zip(class_names, counts, strict=True)}, refresh=False)
    latents, labels = (np.concatenate(parts) for parts in zip(*kept, strict=True))
    return Latents(latents, np.zeros_like(latents), labels.astype(np.int32)), sure / drawn
