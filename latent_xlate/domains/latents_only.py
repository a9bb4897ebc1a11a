"""A domain of latents alone: those that a model made elsewhere, in any framework, of any kind of data."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.latent_classifier import LatentClassifier
from latent_xlate.domains.standardisation import Standardisation
from latent_xlate.modalities.latent import Latent

_STANDARDISATION_FILE = "standardisation.npz"


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class LatentsOnlyDomain(Domain):
    """Latents whose encoder and decoder are not here.

    They stand in the place of data: x is a latent in its own shape, and z the same numbers in one axis, at the scale at
    which they were given. Bridges see them standardised. Whoever has the decoder decodes what was translated.

    The judge, where latents are labelled, is a classifier of latents. It cannot know what a latent decodes to.

    Example:
        domain = load_domain("out/faces")
        z_faces = translator.translate(digits, source="mnist", target="faces")
    """

    has_data = False
    has_prior = False

    def __init__(
        self,
        name: str,
        latent_shape: Sequence[int],
        standardisation: Standardisation | None = None,
        classifier: LatentClassifier | None = None,
        class_names: Sequence[str] = (),
    ):
        """Makes the domain.

        Args:
            name: Lower-case letters, digits and underscores.
            latent_shape: Shape of one latent as it is given.
            standardisation: Of as many numbers; None for none.
            classifier: The judge, of standardised latents; None where they are unlabelled.
            class_names: By label; may be empty.

        Raises:
            ValueError: A bad name or shape.
        """
        super().__init__(name, Latent(tuple(latent_shape)), tuple(class_names))
        size = self.latent_dim
        self.standardisation = standardisation or Standardisation(np.zeros(size, np.float32), np.ones(size, np.float32))
        self.classifier = classifier
        self.has_classifier = classifier is not None

    @property
    def latent_dim(self) -> int:
        return math.prod(self.data_shape)

    @property
    def networks(self) -> dict[str, keras.Model]:
        return {} if self.classifier is None else {"classifier": self.classifier}

    def encode(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        z = tf.reshape(x, [-1, self.latent_dim])
        return z, tf.zeros_like(z)

    def decode(self, z: tf.Tensor) -> tf.Tensor:
        return tf.reshape(z, [-1, *self.data_shape])

    def classify(self, x: tf.Tensor) -> tf.Tensor:
        return super().classify(x) if self.classifier is None else self.judge(x)[0]

    def features(self, x: tf.Tensor) -> tf.Tensor:
        return super().features(x) if self.classifier is None else self.judge(x)[1]

    def judge(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        if self.classifier is None:
            return super().judge(x)
        return self.classifier.judge(self.to_bridge(self.encode(x)[0]))

    def sample_prior(self, num_samples: int, seed: int = 0) -> tf.Tensor:
        raise ValueError(f"{alone(self)}, so no prior is known: draw from those that are packaged.")

    def novelty(self, x: tf.Tensor) -> tf.Tensor:
        raise ValueError(f"{alone(self)}, so how unlike its model's data something is cannot be told.")

    def load_data(self, split: str, data_dir: str | os.PathLike | None = None) -> Labelled:
        """Raises ValueError: there are no data."""
        raise ValueError(f"{alone(self)} and no data: take those that are packaged (latents=shipped).")

    def save_models(self, folder: Path, dtype: str) -> None:
        super().save_models(folder, dtype)
        assert self.standardisation
        self.standardisation.save(folder / _STANDARDISATION_FILE)

    def load_models(self, folder: Path) -> None:
        super().load_models(folder)
        self.standardisation = Standardisation.load(folder / _STANDARDISATION_FILE, self.latent_dim)

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "latent_shape": list(self.data_shape),
            "class_names": list(self.class_names),
            "hidden_units": None if self.classifier is None else list(self.classifier.hidden_units),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LatentsOnlyDomain:
        config = dict(config)
        hidden_units, classifier = config.pop("hidden_units"), None
        if hidden_units is not None:
            sizes = math.prod(config["latent_shape"]), len(config["class_names"])
            classifier = LatentClassifier(*sizes, hidden_units)
            classifier.build()
        return cls(**config, classifier=classifier)


def remark_on_pictures(domains: Iterable[Domain]) -> str:
    """Sentences on how domains without data are shown; "" if there are none."""
    return " ".join(f"{alone(domain)}, which are shown as heat maps." for domain in domains if not domain.has_data)


def alone(domain: Domain) -> str:
    """The beginning of a sentence on a domain without data."""
    return f"Domain {domain.name!r} has latents alone"
