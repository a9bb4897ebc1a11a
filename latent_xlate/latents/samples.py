"""Latents of a model without an encoder: prior samples that a classifier accepts (paper, supplement B.2)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from latent_xlate.batching import as_graph
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
    draw = as_graph(functools.partial(_draw, sample_prior, classify))
    max_samples = max_samples or 30 * per_class * len(class_names)
    kept = _Kept(class_names, per_class)
    batch = drawn = num_accepted = 0
    with tqdm(total=per_class * len(class_names), desc="samples kept", unit="sample") as bar:
        while not kept.is_complete:
            if drawn >= max_samples:
                raise ValueError(
                    f"After {drawn} samples, of which {num_accepted} were accepted, classes lack some: {kept.lacking}."
                )
            z, labels, probabilities = (part.numpy() for part in draw(tf.constant([seed, batch])))
            batch += 1
            drawn += len(z)
            accepted = probabilities >= min_probability
            num_accepted += int(np.count_nonzero(accepted))
            bar.update(kept.add(z[accepted], labels[accepted]))
            bar.set_postfix(kept.by_class, refresh=False)
    return kept.latents, num_accepted / drawn


def _draw(
    sample_prior: Callable[[tf.Tensor], tf.Tensor], classify: Callable[[tf.Tensor], tf.Tensor], seed: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Draws a batch of latents: z, the most probable class of each, and its probability."""
    z = sample_prior(seed)
    probabilities = tf.nn.softmax(classify(z))
    return z, tf.argmax(probabilities, axis=1), tf.reduce_max(probabilities, axis=1)


class _Kept:
    """The first `per_class` samples of each class, in the order in which they are added."""

    def __init__(self, class_names: Sequence[str], per_class: int):
        self.class_names, self.per_class = class_names, per_class
        self._counts = np.zeros(len(class_names), np.int64)
        self._parts: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, z: np.ndarray, labels: np.ndarray) -> int:
        """Keeps samples of classes that lack some, and returns how many it keeps."""
        room = self.per_class - self._counts
        taken = np.sort(np.concatenate([np.flatnonzero(labels == k)[: room[k]] for k in range(len(room))]))
        self._parts.append((z[taken], labels[taken]))
        self._counts += np.bincount(labels[taken], minlength=len(room))
        return len(taken)

    @property
    def is_complete(self) -> bool:
        return bool(np.min(self._counts) >= self.per_class)

    @property
    def by_class(self) -> dict[str, int]:
        """Number of samples by the name of their class."""
        return {name: int(count) for name, count in zip(self.class_names, self._counts, strict=True)}

    @property
    def lacking(self) -> str:
        """The classes that lack samples, for a message."""
        counts = zip(self.class_names, self._counts, strict=True)
        return ", ".join(f"{name} ({count} of {self.per_class})" for name, count in counts if count < self.per_class)

    @property
    def latents(self) -> Latents:
        z, labels = (np.concatenate(parts) for parts in zip(*self._parts, strict=True))
        return Latents(z, np.zeros_like(z), labels.astype(np.int32))
