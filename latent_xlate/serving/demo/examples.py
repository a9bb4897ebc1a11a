"""Example inputs, made from packaged latents or the prior, so that no data set is needed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import tensorflow as tf

from latent_xlate.batching import in_batches
from latent_xlate.domains.domain import Domain
from latent_xlate.latents.sources import load_latents

MAX_EXAMPLES = 10
"""Largest number of examples of a domain."""

CANDIDATES = 5
"""Number of instances of each class, of which the one with the highest probability becomes an example."""

LATENTS = "latents_test.npz"
"""File of latents in the folder of a packaged domain."""


@dataclasses.dataclass(frozen=True)
class Examples:
    """Example latents of a domain, one of each class if the domain has a classifier.

    Attributes:
        z: float32 [n, latent_dim].
        names: Names of the examples: classes, or numbers from 1.
    """

    z: np.ndarray
    names: tuple[str, ...]


def make_examples(domain: Domain, folder: Path | None) -> Examples:
    """Chooses examples among the latents that are packaged with a domain, or else among samples of its prior.

    Args:
        domain: The translator's domain.
        folder: Folder of a domain of the same data, with or without latents; None for no folder.
    """
    z = _packaged(domain, folder)
    if z is None:
        z = domain.sample_prior(MAX_EXAMPLES * CANDIDATES if domain.has_prior else 0).numpy()
    if not domain.has_classifier or not len(z):
        return Examples(z[:MAX_EXAMPLES], tuple(str(number + 1) for number in range(len(z[:MAX_EXAMPLES]))))

    def probabilities_of(z: tf.Tensor) -> tf.Tensor:
        return tf.nn.softmax(domain.classify(domain.decode(z)))

    probabilities = in_batches(probabilities_of, z, batch_size=domain.batch_size)
    likeliest = np.argmax(probabilities, axis=1)
    classes = np.unique(likeliest)[:MAX_EXAMPLES]
    surest = [max(np.flatnonzero(likeliest == label), key=lambda i: probabilities[i].max()) for label in classes]
    return Examples(z[surest], tuple(class_name(domain, label) for label in classes))


def class_name(domain: Domain, label: int) -> str:
    """The name of a class; its number, if it has no name."""
    return domain.class_names[label] if label < len(domain.class_names) else str(label)


def _packaged(domain: Domain, folder: Path | None) -> np.ndarray | None:
    """Latents of a few instances of each class, encoded by the domain itself; None if there are none."""
    if folder is None or not (folder / LATENTS).exists() or not domain.has_encoder:
        return None
    # The domain in the folder may be another model of the same data, whose latents mean something else.
    packaged = Domain.load(folder)
    if packaged.modality.shape != domain.modality.shape:
        return None
    latents = load_latents(packaged, str(folder), "shipped", "test")
    members = [np.flatnonzero(latents.labels == label)[:CANDIDATES] for label in np.unique(latents.labels)]
    z = latents.mu[np.concatenate(members)]
    return in_batches(lambda z: domain.encode(packaged.decode(z))[0], z, batch_size=domain.batch_size)
