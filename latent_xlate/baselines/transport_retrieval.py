"""Retrieval after transport: the training latent of the target that is nearest to where transport carries a latent."""

from __future__ import annotations

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.baselines.gaussian_transport import GaussianTransport
from latent_xlate.baselines.latent_store import StoringBridge


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class TransportRetrieval(StoringBridge, GaussianTransport):
    """`GaussianTransport` to the nearest training latent of the class: real, and of its source as far as transport is.

    Its arguments are those of `StoringBridge` and of `GaussianTransport`.
    """

    def across(self, z: tf.Tensor, source: int) -> tf.Tensor:
        classes = self.classes(z, source)
        return self.stores[1 - source].nearest(self.carried(z, source, classes), classes)
