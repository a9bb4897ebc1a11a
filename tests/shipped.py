"""Two small pretrained domains with latents beside them, as the project ships its own, and a quick training on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ml_collections import ConfigDict

from latent_xlate.bridge.latents import Latents
from latent_xlate.configs.base import image_bridge
from tests import tiny

LATENT_DIMS = {"digits": 6, "clothes": 5}
NUM_CLASSES = len(tiny.CLASS_NAMES)


def latents(name: str, count: int, seed: int = 0) -> Latents:
    """Latents of a domain in clusters, one a class, which lie the same for every seed."""
    dim = LATENT_DIMS[name]
    centres = 2 * np.random.default_rng(dim).normal(size=(NUM_CLASSES, dim))
    generator = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int32) % NUM_CLASSES
    mu = centres[labels] + 0.2 * generator.normal(size=(count, dim))
    return Latents(mu.astype(np.float32), np.full_like(mu, 0.1, np.float32), labels)


def write(folder: Path) -> Path:
    """Writes the domains with latents of 200 training and 40 test instances."""
    for seed, (name, latent_dim) in enumerate(LATENT_DIMS.items()):
        tiny.image_domain(name, latent_dim, seed).save(folder / name)
        latents(name, 200, seed=1).save(folder / name / "latents_train.npz")
        latents(name, 40, seed=2).save(folder / name / "latents_test.npz")
    return folder


def config(folder: Path | str, **fields) -> ConfigDict:
    """A training of 40 steps between the domains in a folder, with other values for some of its fields."""
    config = image_bridge([str(Path(folder) / name) for name in LATENT_DIMS], "quick")
    config.model.update({"shared_dim": 3, "hidden_units": (16, 16)})
    config.update({"num_steps": 40, "batch_size": 20, "steps_per_log": 10, "steps_per_checkpoint": 10})
    config.update(fields)
    return config
