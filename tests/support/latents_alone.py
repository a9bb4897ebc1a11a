"""Latents as a user may have them, without a model: in clusters, one a class, at a scale of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from latent_xlate.bridge import latent_classifier
from latent_xlate.domains.latent_classifier import LatentClassifier
from latent_xlate.domains.latents_only import LatentsOnlyDomain
from latent_xlate.domains.standardisation import Standardisation
from latent_xlate.packaging.latent_packaging import package_latents
from latent_xlate.translator import Translator
from tests.support import shipped, tiny


def arrays(like: str = "digits", count: int = 300, scale: float = 1.0, offset: float = 0.0) -> dict[str, np.ndarray]:
    """mu, sigma and labels of `count` latents."""
    own = shipped.latents(like, count, seed=7)
    return {"mu": scale * own.mu + np.float32(offset), "sigma": scale * own.sigma, "labels": own.labels}


def package(folder: Path, name: str = "faces", **options):
    """Packages such latents, with a judge of few steps; `options` are those of `arrays`."""
    steps, latent_classifier.NUM_STEPS = latent_classifier.NUM_STEPS, 150
    try:
        given = arrays(**options) | {"class_names": np.array(tiny.CLASS_NAMES)}
        return package_latents(name, given, folder)
    finally:
        latent_classifier.NUM_STEPS = steps


Z = 1e3 * np.random.default_rng(3).normal(size=(7, 6)).astype(np.float32)
"""Latents of `faces` of `untrained_translator`."""


def untrained_translator() -> Translator:
    """An untrained bridge between pictures, `digits`, and latents alone of shape (2, 3) and a large scale, `faces`."""
    standardisation = Standardisation(np.arange(6, dtype=np.float32), np.full(6, 1e3, np.float32))
    judge = LatentClassifier(6, shipped.NUM_CLASSES, (8,))
    judge.build()
    faces = LatentsOnlyDomain("faces", (2, 3), standardisation, judge, tiny.CLASS_NAMES)
    return Translator([tiny.image_domain("digits"), faces], tiny.bridge((6, 6)))
