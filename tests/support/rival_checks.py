"""Latents for rivals, and checks that each of them has to pass."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.baselines.fitted_bridge import FittedBridge
from latent_xlate.bridge import latent_classifier
from latent_xlate.domains.domain import Domain
from latent_xlate.latents.latents import Latents
from latent_xlate.serving.export import export_translator, load_export
from latent_xlate.translator import Translator
from tests.support import synthetic, tiny
from tests.support.model_checks import check_saving

DIMS = (6, 5)


def short_classifiers() -> Iterator[None]:
    """A fixture by which classifiers are trained for 60 steps, which is enough for classes that lie apart."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(latent_classifier, "NUM_STEPS", 60)
        yield


def latents(dims=DIMS, per_class=60) -> list[Latents]:
    return [synthetic.latents(dim, per_class, seed) for seed, dim in enumerate(dims)]


def one_per_class(points: np.ndarray) -> Latents:
    """Latents each of which is a class of its own, so that classes are pairs."""
    points = points.astype(np.float32)
    return Latents(points, np.zeros_like(points), np.arange(len(points), dtype=np.int32))


def check_rival(model: FittedBridge, folder: Path) -> None:
    """Saves a fitted rival of `DIMS`, reads it in another process, and exports it."""
    domains = latents()
    check_saving(model, [own.mu[:8] for own in domains], folder)
    translator = Translator(domains_of(DIMS), model)
    export = load_export(export_translator(translator, folder / "export"))
    names = translator.names
    for source in range(2):
        z = tf.constant(domains[source].mu[:8])
        exported = export.signatures[f"{names[source]}_to_{names[1 - source]}_latents"](z=z)["z"]
        np.testing.assert_allclose(exported, model.translate(z, source, 1 - source), rtol=1e-4, atol=1e-5)
        for of in exported, model.translate(z, source, source):
            assert np.isfinite(of).all()


def domains_of(dims) -> list[Domain]:
    return [tiny.image_domain(name, dim, 0) for name, dim in zip(("digits", "clothes"), dims, strict=True)]
