"""Small domains under the names of those that ship, for a reproduction in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from latent_xlate.data import checksums, tfds_sets
from latent_xlate.data.synthetic import digits_like
from latent_xlate.domains import pretrained
from latent_xlate.latents.latents import Latents
from latent_xlate.reproduction.experiments import SPEECH, Settings
from tests.support import shipped, tiny

SETTINGS = Settings(quick=True, num_seeds=1, num_baseline_seeds=1, num_label_seeds=2, num_steps=4, baseline_steps=2)

DOMAINS = {"mnist": "digits", "mnist_b": "digits", "fashion_mnist": "clothes"}
"""By name, whose latents theirs are like."""


def write_domains(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Writes three image domains, in the place of those that ship, with 200 training and 60 test latents."""
    for seed, (name, like) in enumerate(DOMAINS.items()):
        domain = tiny.image_domain(name, shipped.LATENT_DIMS[like], seed)
        domain.dataset = name.removesuffix("_b")
        domain.save(folder / name)
        shipped.latents(like, 200, seed=1).save(folder / name / "latents_train.npz")
        shipped.latents(like, 60, seed=2).save(folder / name / "latents_test.npz")
    monkeypatch.setenv(pretrained.SAVEDMODELS, str(folder))
    return folder


def write_speech(folder: Path) -> None:
    """Writes a domain of speech beside them, without structure in its latents."""
    tiny.speech_domain(SPEECH, latent_dim=4).save(folder / SPEECH)
    generator = np.random.default_rng(0)
    for split, count in (("train", 200), ("test", 60)):
        z = generator.normal(size=(count, 4)).astype(np.float32)
        latents = Latents(z, np.zeros_like(z), np.arange(count, dtype=np.int32) % 10)
        for kind in ("latents", "samples"):
            latents.save(folder / SPEECH / f"{kind}_{split}.npz")


def write_datasets(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Stores made-up data sets under the names of the published ones, whose content is not checked."""
    monkeypatch.setattr(checksums, "CHECKSUMS", {})
    for seed, name in enumerate(("mnist", "fashion_mnist")):
        splits = {split: digits_like(60, seed=seed + i) for i, split in enumerate(("train", "test"))}
        tfds_sets.store(name, splits, folder)
    return str(folder)
