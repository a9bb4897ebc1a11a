"""The common part of the rivals that first recognise a latent's class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from latent_xlate.baselines.fitted_bridge import FittedBridge
from latent_xlate.bridge.latent_classifier import train_classifier
from latent_xlate.domains.latent_classifier import LatentClassifier
from latent_xlate.latents.latents import Latents
from latent_xlate.randomness import hash_of_stream


class ClassifyingBridge(FittedBridge):
    """A fitted bridge with a classifier of each domain's latents.

    Attributes:
        classifiers: By domain.
    """

    def __init__(self, latent_dims: Sequence[int], num_classes: int, seed: int, **kwargs: Any) -> None:
        """Makes the classifiers, untrained. Args as in `FittedBridge`."""
        super().__init__(latent_dims, num_classes, seed, **kwargs)
        self.classifiers = [
            LatentClassifier(size, num_classes, dtype=self.dtype_policy, name=f"classifier_{domain}")
            for domain, size in enumerate(self.latent_dims)
        ]
        for classifier in self.classifiers:
            classifier.build()
            classifier.trainable = False  # What trains further does not change them.

    def fit_latents(self, latents: Sequence[Latents]) -> None:
        """Trains the classifiers; subclasses extend it. Args as in `FittedBridge.fit_latents`."""
        for domain, (classifier, own) in enumerate(zip(self.classifiers, latents, strict=True)):
            weights = np.ones(len(own), np.float32)
            seed = hash_of_stream(self.seed, domain)
            trained = train_classifier(own, weights, self.num_classes, seed, f"domain {domain}")
            classifier.set_weights(trained.get_weights())

    def classes(self, z: tf.Tensor, domain: int) -> tf.Tensor:
        """The most probable class of each of a domain's latents, [batch, latent_dims[domain]]; int32 [batch]."""
        return tf.argmax(self.classifiers[domain](z), axis=1, output_type=tf.int32)
