"""Inputs to begin with, made by the domains' own models: no data set is needed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import tensorflow as tf

from latent_xlate.batching import in_batches
from latent_xlate.domains.domain import Domain
from latent_xlate.latents.latents import Latents

MOST = 10
"""Examples of a domain."""

LOOKED_AT = 5
"""Instances of each class, of which the one that the judge is surest of is taken."""

LATENTS = "latents_test.npz"
"""Beside a domain that was packaged."""


@dataclasses.dataclass(frozen=True)
class Examples:
    """Latents of a domain to begin with, of different classes as far as a judge can tell.

    Attributes:
        z: float32 [n, latent_dim].
        names: What each is called.
    """

    z: np.ndarray
    names: tuple[str, ...]


def make_examples(domain: Domain, folder: Path | None) -> Examples:
    """Examples made of the latents that were packaged with a domain, or else of draws from its prior.

    Args:
        domain: As the translator has it.
        folder: Where a domain of the same data lies, with its latents or without; None where nowhere.
    """
    z = _packaged(domain, folder)
    if z is None:
        z = domain.sample_prior(MOST * LOOKED_AT if domain.has_prior else 0).numpy()
    if not domain.has_classifier or not len(z):
        return Examples(z[:MOST], tuple(str(number + 1) for number in range(len(z[:MOST]))))

    def judge(z):
        return tf.nn.softmax(domain.classify(domain.decode(z)))

    probabilities = in_batches(judge, z, batch_size=domain.batch_size)
    likeliest = np.argmax(probabilities, axis=1)
    classes = np.unique(likeliest)[:MOST]
    surest = [max(np.flatnonzero(likeliest == label), key=lambda i: probabilities[i].max()) for label in classes]
    return Examples(z[surest], tuple(class_name(domain, label) for label in classes))


def class_name(domain: Domain, label: int) -> str:
    """The name of a class, its number where it has none."""
    return domain.class_names[label] if label < len(domain.class_names) else str(label)


def _packaged(domain: Domain, folder: Path | None) -> np.ndarray | None:
    """Latents of instances of all classes in turn, as the domain itself encodes them; None where there are none."""
    if folder is None or not (folder / LATENTS).exists() or not domain.has_encoder:
        return None
    # The domain in the folder may be another of the same name: what they share is the data.
    packaged = Domain.load(folder)
    if packaged.modality.shape != domain.modality.shape:
        return None
    latents = Latents.load(folder / LATENTS)
    of_class = [np.flatnonzero(latents.labels == label)[:LOOKED_AT] for label in np.unique(latents.labels)]
    z = latents.mu[np.concatenate(of_class)]
    return in_batches(lambda z: domain.encode(packaged.decode(z))[0], z, batch_size=domain.batch_size)
