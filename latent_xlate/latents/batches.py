"""Batches of several domains' latents, balanced by class or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from latent_xlate import checks
from latent_xlate.data import disk_arrays
from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.latents.latents import Latents
from latent_xlate.randomness import class_balanced, hash_of_stream, shuffled_indices
from latent_xlate.training_steps import MakeBatch

SAMPLINGS = ("balanced", "uniform", "mixed")


def make_batches(
    domains: Sequence[Latents],
    num_classes: int,
    sampling: str,
    seed: int,
    sample_weights: Sequence[np.ndarray] | None = None,
    names: Sequence[str] = (),
) -> MakeBatch:
    """Makes batches of several domains' latents for `BridgingVAE.train_step`.

    With "uniform" sampling each domain's instances come in shuffled epochs. With "balanced" sampling each class has
    shuffled epochs of its own, and the classes take turns, in the same order in all domains, so that the sliced
    Wasserstein distance compares mixtures of the same proportions. With "mixed" sampling every other row is a
    labelled instance, balanced in this way, and the rows between are drawn from all instances.

    Args:
        domains: Each domain's latents.
        num_classes: Number of classes.
        sampling: "balanced" (all instances must be labelled), "uniform" (labels are ignored) or "mixed" (one instance
            of each class at least must be labelled).
        seed: Seed of the order.
        sample_weights: Weights of each domain's labels, float32 [n], which the batches then hold too; None for 1.
        names: Names of the domains, for error messages; without them these have their numbers.

    Returns:
        Function of positions in the endless stream of instances, int64 [batch]: the batch.

    Raises:
        ValueError: Unknown `sampling`, a domain without instances, a label out of range, "balanced" sampling with
            unlabelled instances, or "balanced" or "mixed" sampling with a class without a labelled instance.
    """
    checks.known(sampling, SAMPLINGS, "sampling")
    samplers = [
        make_sampler(latents.labels, num_classes, sampling, described(names, index), hash_of_stream(seed, index))
        for index, latents in enumerate(domains)
    ]
    stored = [(posteriors_of(latents), tf.constant(latents.labels)) for latents in domains]
    stored_weights = None if sample_weights is None else [tf.constant(each, tf.float32) for each in sample_weights]

    def make_batch(positions: tf.Tensor) -> tuple[Any, ...]:
        posteriors, labels = [], []
        indices = [sample(positions) for sample in samplers]
        for chosen, (posteriors_at, all_labels) in zip(indices, stored, strict=True):
            posteriors.append(posteriors_at(chosen))
            labels.append(tf.gather(all_labels, chosen))
        batch = tuple(posteriors), tuple(labels)
        if stored_weights is None:
            return batch
        return *batch, tuple(tf.gather(each, chosen) for each, chosen in zip(stored_weights, indices, strict=True))

    return make_batch


def described(names: Sequence[str], index: int) -> str:
    """How error messages call a domain: by its name, or by its number where there are no names."""
    return f"domain {names[index]!r}" if names else f"domain {index}"


def posteriors_of(latents: Latents) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    """Makes a function, in graph, of indices [m] to mu and sigma of those latents, float32 [m, latent_dim] each.

    Those that lie on disk are read from there, a batch at a time, which XLA cannot do.
    """
    if not latents.on_disk:
        mu_and_sigma = tf.constant(np.stack([latents.mu, latents.sigma], axis=1))
        return lambda chosen: tuple(tf.unstack(tf.gather(mu_and_sigma, chosen), axis=1))

    def read(chosen: np.ndarray) -> list[np.ndarray]:
        return [disk_arrays.rows(array, chosen) for array in (latents.mu, latents.sigma)]

    def read_in_graph(chosen: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        mu, sigma = tf.numpy_function(read, [chosen], [tf.float32, tf.float32], stateful=False)
        shape = [chosen.shape[0], latents.mu.shape[1]]
        return tf.ensure_shape(mu, shape), tf.ensure_shape(sigma, shape)

    return read_in_graph


def make_sampler(
    labels: np.ndarray, num_classes: int, sampling: str, name: str, seed: int
) -> Callable[[tf.Tensor], tf.Tensor]:
    """Makes the endless stream of a domain's instances.

    Args:
        labels: Integers [n], -1 where unlabelled.
        num_classes: Number of classes.
        sampling: One of `SAMPLINGS`, see `make_batches`.
        name: How error messages call the domain.
        seed: Seed of the order.

    Returns:
        Function of positions in the stream, int64 [m]: indices of instances, int64 [m].

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

        def sample(positions: tf.Tensor) -> tf.Tensor:
            turns = positions // 2
            any_instance = shuffled_indices(turns, len(labels), seed, num_classes)  # A stream that no class uses.
            return tf.where(positions % 2 == 0, tf.gather(labelled, sample_labelled(turns)), any_instance)

        return sample
    if len(known) < len(labels):
        unlabelled = len(labels) - len(known)
        raise ValueError(f"{name} has {unlabelled} unlabelled instances; use sampling 'uniform' or 'mixed'.")
    return _class_balanced(labels, num_classes, name, seed)


def _class_balanced(labels: np.ndarray, num_classes: int, name: str, seed: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """`class_balanced`, once each class is known to have an instance."""
    counts = np.bincount(labels, minlength=num_classes)
    if not counts.all():
        raise ValueError(
            f"Class {int(np.argmin(counts))} has no labelled instance in {name}; use sampling 'uniform', "
            "which ignores labels."
        )
    return class_balanced(labels, num_classes, seed)
