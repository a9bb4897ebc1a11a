"""Latents of labelled data, which the bridge learns from, and their batches."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from latent_xlate import checks, training
from latent_xlate.batching import in_batches
from latent_xlate.data.labelled import UNLABELLED, Labelled
from latent_xlate.domains.domain import Domain
from latent_xlate.randomness import in_turn, shuffled_indices

SAMPLINGS = ("balanced", "uniform", "mixed")


@dataclasses.dataclass(frozen=True)
class Latents:
    """Posteriors of labelled instances of a domain.

    Attributes:
        mu: Means, float32 [n, latent_dim]; for a model without encoder the latents themselves.
        sigma: Standard deviations, float32 [n, latent_dim]; zero for a model without encoder.
        labels: int32 [n], -1 where unlabelled.
    """

    mu: np.ndarray
    sigma: np.ndarray
    labels: np.ndarray

    def __post_init__(self):
        if self.mu.ndim != 2 or self.mu.shape != self.sigma.shape or self.labels.shape != self.mu.shape[:1]:
            raise ValueError(
                f"mu {self.mu.shape}, sigma {self.sigma.shape} and labels {self.labels.shape} must be "
                "[n, latent_dim], [n, latent_dim] and [n]."
            )
        checks.finite(self.mu, "mu")
        checks.finite(self.sigma, "sigma")

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices) -> Latents:
        """The instances at `indices` (an index array or a slice)."""
        return Latents(self.mu[indices], self.sigma[indices], self.labels[indices])

    @classmethod
    def concatenated(cls, parts: Sequence[Latents]) -> Latents:
        """The instances of several, those of the first first."""
        arrays = zip(*((part.mu, part.sigma, part.labels) for part in parts), strict=True)
        return cls(*map(np.concatenate, arrays))

    def with_labels_of(self, indices: np.ndarray) -> Latents:
        """The same instances, but for those at `indices` unlabelled."""
        labels = np.full_like(self.labels, UNLABELLED)
        labels[indices] = self.labels[indices]
        return Latents(self.mu, self.sigma, labels)

    def save(self, path: str | os.PathLike) -> None:
        """Writes a compressed npz, mu and sigma as float16."""
        arrays = {
            "mu": self.mu.astype(np.float16),
            "sigma": self.sigma.astype(np.float16),
            "labels": self.labels.astype(np.int16),
        }
        training.write_npz(path, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike) -> Latents:
        """Reads what `save` wrote.

        Raises:
            ValueError: The file is missing, damaged or not one of latents.
        """
        try:
            with np.load(Path(path), allow_pickle=False) as arrays:
                mu, sigma = (arrays[name].astype(np.float32) for name in ("mu", "sigma"))
                return cls(mu, sigma, arrays["labels"].astype(np.int32))
        except FileNotFoundError:
            raise ValueError(f"There is no file of latents {path}.") from None
        except Exception as error:  # Whatever a damaged zip or foreign arrays may raise on their way.
            raise ValueError(f"{path} is not a file of latents, or damaged ({error}).") from None


def encode_data(domain: Domain, data: Labelled) -> Latents:
    """Posteriors of labelled instances.

    Args:
        domain: One with an encoder.
        data: Of the domain's shape.

    Returns:
        Their latents, in the same order.

    Raises:
        ValueError: A domain without an encoder, or instances of another shape than the domain's.
    """
    if not domain.has_encoder:
        raise ValueError(f"Domain {domain.name!r} has no encoder, so its data have no latents: take samples instead.")
    if data.content.shape[1:] != domain.data_shape:
        shape = data.content.shape[1:]
        raise ValueError(f"{data.noun.capitalize()}s are {shape}, those of domain {domain.name!r} {domain.data_shape}.")

    @tf.function(reduce_retracing=True, autograph=False)
    def encode(content):
        return domain.encode(tf.cast(content, tf.float32) / data.full_scale)

    mu, sigma = in_batches(encode, data.content, batch_size=domain.batch_size)
    return Latents(mu, sigma, data.labels.astype(np.int32))


def encode_shifted(domain: Domain, data: Labelled) -> Latents:
    """Posteriors of instances changed a little: images moved by a pixel, recordings at other speeds.

    What is true of an image is true of it a pixel further on: more instances to learn from, for no more labels.

    Args:
        domain: One with an encoder.
        data: Instances of the domain's shape.

    Returns:
        The latents of all of `data.shifted()`, one way after the other.

    Raises:
        ValueError: As `encode_data`.
    """
    return Latents.concatenated([encode_data(domain, domain.as_trained(shifted)) for shifted in data.shifted()])


def choose_labelled(labels: np.ndarray, num_classes: int, per_class: int, seed: int) -> np.ndarray:
    """Instances whose labels a user would ask for: in random order, until there are enough of each class.

    Args:
        labels: Integers [n], -1 where unlabelled.
        num_classes: Number of classes.
        per_class: How many of each class.
        seed: Of the order.

    Returns:
        Their indices in ascending order, int64 [num_classes * per_class].

    Raises:
        ValueError: A class has fewer instances.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    of_class = [order[labels[order] == label][:per_class] for label in range(num_classes)]
    for label, indices in enumerate(of_class):
        if len(indices) < per_class:
            raise ValueError(f"Class {label} has {len(indices)} labelled instances, fewer than {per_class} a class.")
    return np.sort(np.concatenate(of_class))


def make_batches(
    domains: Sequence[Latents],
    num_classes: int,
    sampling: str,
    seed: int,
    weights: Sequence[np.ndarray] | None = None,
) -> training.MakeBatch:
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


def hash_of_stream(seed: int, stream: int) -> int:
    """A seed for one of several streams of a run, below 2^31."""
    return int(np.random.SeedSequence([seed, stream]).generate_state(1)[0] >> 1)


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
        sample_labelled = _sample_in_turn(known, num_classes, name, seed)

        def sample(positions):
            turns = positions // 2
            of_all = shuffled_indices(turns, len(labels), seed, num_classes)  # A stream that no class has.
            return tf.where(positions % 2 == 0, tf.gather(labelled, sample_labelled(turns)), of_all)

        return sample
    if len(known) < len(labels):
        unlabelled = len(labels) - len(known)
        raise ValueError(f"{name} has {unlabelled} unlabelled instances; use sampling 'uniform' or 'mixed'.")
    return _sample_in_turn(labels, num_classes, name, seed)


def _sample_in_turn(labels, num_classes, name, seed):
    """The sampler of labelled instances whose classes take turns."""
    counts = np.bincount(labels, minlength=num_classes)
    if not counts.all():
        raise ValueError(
            f"Class {int(np.argmin(counts))} has no labelled instance in {name}; use sampling 'uniform', "
            "in which labels play no part."
        )
    return in_turn(labels, num_classes, seed)
