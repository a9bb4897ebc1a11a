"""Batches of several domains' latents, by class or by chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from latent_xlate import checks
from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.latents.latents import Latents
from latent_xlate.randomness import class_balanced, hash_of_stream, shuffled_indices
from latent_xlate.training import MakeBatch

SAMPLINGS = ("balanced", "uniform", "mixed")


def make_batches(
    domains: Sequence[Latents],
    num_classes: int,
    sampling: str,
    seed: int,
    weights: Sequence[np.ndarray] | None = None,
) -> MakeBatch:
    """Batches of several domains' latents, as `BridgingVAE.train_step` takes them.

    Each domain's instances come in shuffled epochs. With "balanced" sampling each class has its own:
    the classes take turns, the same in all domains, so that the sliced Wasserstein distance compares
    like mixtures. With "mixed" sampling the labelled instances come so in every other row, however few
    they are, and in the rows between all instances, whatever their labels.

    Args:
        domains: Each domain's latents.
        num_classes: Number of classes.
        sampling: "balanced" (all must be labelled), "uniform" (labels play no part) or "mixed" (some
            of each class must be labelled).
        seed: Of the order.
        weights: What each domain's labels weigh, float32 [n], which the batches then hold too; None for 1.

    Returns:
        Function of positions in the stream of batches.

    Raises:
        ValueError: Unknown `sampling`, a domain without instances, a label out of range, "balanced" with
            unlabelled instances, or "balanced" or "mixed" with a class of which none is labelled.
    """
    checks.known(sampling, SAMPLINGS, "sampling")
    samplers = [
        make_sampler(latents.labels, num_classes, sampling, f"domain {index}", hash_of_stream(seed, index))
        for index, latents in enumerate(domains)
    ]
    stored = [
        (tf.constant(np.stack([latents.mu, latents.sigma], axis=1)), tf.constant(latents.labels)) for latents in domains
    ]

    stored_weights = None if weights is None else [tf.constant(of, tf.float32) for of in weights]

    def make_batch(positions):
        posteriors, labels = [], []
        indices = [sample(positions) for sample in samplers]
        for chosen, (mu_and_sigma, all_labels) in zip(indices, stored, strict=True):
            mu, sigma = tf.unstack(tf.gather(mu_and_sigma, chosen), axis=1)
            posteriors.append((mu, sigma))
            labels.append(tf.gather(all_labels, chosen))
        batch = tuple(posteriors), tuple(labels)
        if stored_weights is None:
            return batch
        return *batch, tuple(tf.gather(of, chosen) for of, chosen in zip(stored_weights, indices, strict=True))

    return make_batch


def make_sampler(
    labels: np.ndarray, num_classes: int, sampling: str, name: str, seed: int
) -> Callable[[tf.Tensor], tf.Tensor]:
    """Which instances of a domain come when.

    Args:
        labels: Integers [n], -1 where unlabelled.
        num_classes: Number of classes.
        sampling: One of `SAMPLINGS`, see `make_batches`.
        name: How errors call the domain.
        seed: Of the order.

    Returns:
        Function of positions in the stream of instances, int64 [m]: their indices, int64 [m].

    Raises:
        ValueError: As in `make_batches`.
    """
    if not len(labels):
        raise ValueError(f"{name} has no instance.")
    known = labels[labels != UNLABELLED]
    checks.class_labels(known, num_classes, f"labels of {name}")
    if sampling == "uniform":
        return lambda positions: shuffled_indices(positions, len(labels), seed)
    if sampling == "mixed":
        labelled = tf.constant(np.flatnonzero(labels != UNLABELLED))
        sample_labelled = _class_balanced(known, num_classes, name, seed)

        def sample(positions):
            turns = positions // 2
            of_all = shuffled_indices(turns, len(labels), seed, num_classes)  # A stream that no class has.
            return tf.where(positions % 2 == 0, tf.gather(labelled, sample_labelled(turns)), of_all)

        return sample
    if len(known) < len(labels):
        unlabelled = len(labels) - len(known)
        raise ValueError(f"{name} has {unlabelled} unlabelled instances; use sampling 'uniform' or 'mixed'.")
    return _class_balanced(labels, num_classes, name, seed)


def _class_balanced(labels, num_classes, name, seed):
    """The sampler of labelled instances whose classes take turns."""
    counts = np.bincount(labels, minlength=num_classes)
    if not counts.all():
        raise ValueError(
            f"Class {int(np.argmin(counts))} has no labelled instance in {name}; use sampling 'uniform', "
            "in which labels play no part."
        )
    return class_balanced(labels, num_classes, seed)
