"""Small pretrained domains with latents beside them, as the project ships its own, and a quick training on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ml_collections import ConfigDict

from latent_xlate.configs.base import image_bridge, sound_bridge
from latent_xlate.latents.latents import Latents
from tests.support import tiny

LATENT_DIMS = {"digits": 6, "clothes": 5}
LATENT_DIM_OF_WORDS = 4
NUM_CLASSES = len(tiny.CLASS_NAMES)


def latents(name: str, count: int, seed: int = 0) -> Latents:
    """Latents of a domain in clusters, one a class, which lie the same for every seed."""
    dim = LATENT_DIMS.get(name, LATENT_DIM_OF_WORDS)
    centres = 2 * np.random.default_rng(dim).normal(size=(NUM_CLASSES, dim))
    generator = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int32) % NUM_CLASSES
    mu = centres[labels] + 0.2 * generator.normal(size=(count, dim))
    return Latents(mu.astype(np.float32), np.full_like(mu, 0.1, np.float32), labels)


def write(folder: Path) -> Path:
    """Writes the domains of images with latents of 200 training and 40 test instances."""
    for seed, (name, latent_dim) in enumerate(LATENT_DIMS.items()):
        tiny.image_domain(name, latent_dim, seed).save(folder / name)
        latents(name, 200, seed=1).save(folder / name / "latents_train.npz")
        latents(name, 40, seed=2).save(folder / name / "latents_test.npz")
    return folder


def write_words(folder: Path) -> Path:
    """Writes a domain of sounds beside them, with latents of 40 training and 20 test recordings, and samples."""
    domain = tiny.speech_domain("words", LATENT_DIM_OF_WORDS, prior="normal", align=True)
    domain.save(folder / "words")
    for seed, (split, count) in enumerate({"train": 40, "validation": 10, "test": 20}.items()):
        latents("words", count, seed).save(folder / "words" / f"latents_{split}.npz")
        samples = latents("words", count, seed + 10)
        Latents(samples.mu, np.zeros_like(samples.sigma), samples.labels).save(
            folder / "words" / f"samples_{split}.npz"
        )
    (folder / "words" / "latents_validation.npz").unlink()  # Does not ship.
    return folder


def config(folder: Path | str, **fields) -> ConfigDict:
    """A training of 40 steps between the domains in a folder, with other values for some of its fields."""
    bridge = image_bridge([str(Path(folder) / name) for name in LATENT_DIMS], "quick")
    return _small(bridge, fields)


def config_of_all(folder: Path | str, **fields) -> ConfigDict:
    """The same between the domains of images and that of sounds."""
    images = [str(Path(folder) / name) for name in LATENT_DIMS]
    return _small(sound_bridge(images, [str(Path(folder) / "words")], "quick"), fields)


def _small(config, fields):
    config.model.update({"shared_dim": 3, "hidden_units": (16, 16)})
    config.update({"num_steps": 40, "batch_size": 20, "steps_per_log": 10, "steps_per_checkpoint": 10})
    config.update(fields)
    return config
