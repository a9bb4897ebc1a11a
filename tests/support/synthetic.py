"""Latents of classes that lie apart, for tests of what learns from latents."""

from __future__ import annotations

import numpy as np

from latent_xlate.latents.latents import Latents

NUM_CLASSES = 4


def latents(dim: int, per_class: int = 300, seed: int = 0) -> Latents:
    """Latents in clusters, one a class, their centres of another place for each seed."""
    generator = np.random.default_rng(seed)
    centres = 2 * np.linalg.qr(generator.normal(size=(max(dim, NUM_CLASSES), dim)))[0][:NUM_CLASSES]
    labels = generator.permutation(np.repeat(np.arange(NUM_CLASSES, dtype=np.int32), per_class))
    mu = centres[labels] + 0.2 * generator.normal(size=(len(labels), dim))
    sigma = generator.uniform(0.05, 0.2, size=mu.shape)
    return Latents(mu.astype(np.float32), sigma.astype(np.float32), labels)


def nearest_class(z: np.ndarray, domain: Latents) -> np.ndarray:
    """The class whose mean latent is nearest to each of `z`."""
    centres = np.stack([domain.mu[domain.labels == label].mean(axis=0) for label in range(NUM_CLASSES)])
    return np.argmin(np.linalg.norm(z[:, None] - centres, axis=-1), axis=1)
