"""Latents as a user may have them, without a model: in clusters, one a class, at a scale of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from latent_xlate.bridge import latent_classifier
from latent_xlate.packaging.latent_packaging import package_latents
from tests.support import shipped

CLASS_NAMES = tuple(f"class_{label}" for label in range(shipped.NUM_CLASSES))


def arrays(like: str = "digits", count: int = 300, scale: float = 1.0, offset: float = 0.0) -> dict[str, np.ndarray]:
    """mu, sigma and labels of `count` latents."""
    own = shipped.latents(like, count, seed=7)
    return {"mu": scale * own.mu + np.float32(offset), "sigma": scale * own.sigma, "labels": own.labels}


def package(folder: Path, name: str = "faces", **options):
    """Packages such latents, with a judge of few steps; `options` are those of `arrays`."""
    steps, latent_classifier.NUM_STEPS = latent_classifier.NUM_STEPS, 150
    try:
        given = arrays(**options) | {"class_names": np.array([str(label) for label in range(shipped.NUM_CLASSES)])}
        return package_latents(name, given, folder)
    finally:
        latent_classifier.NUM_STEPS = steps
