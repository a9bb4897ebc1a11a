"""Retrieval after transport: the training latent of the target that is nearest to where transport carries a latent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.baselines.gaussian_transport import GaussianTransport
from latent_xlate.baselines.latent_store import make_stores
from latent_xlate.latents.latents import Latents


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class TransportRetrieval(GaussianTransport):
    """`GaussianTransport` to the nearest training latent of the class: real, and of its source as far as transport is.

    Attributes:
        stores: The training latents, by domain.
    """

    def __init__(self, latent_dims: Sequence[int], num_classes: int, num_latents: Sequence[int], **kwargs: Any) -> None:
        """Makes the model, to be fitted.

        Args:
            latent_dims: Size of each of the two domains' latents.
            num_classes: Number of classes.
            num_latents: Number of each domain's training latents.
            **kwargs: Passed to `GaussianTransport`.

        Raises:
            ValueError: As by `GaussianTransport`.
        """
        super().__init__(latent_dims, num_classes, **kwargs)
        self.num_latents = tuple(num_latents)
        self.stores = make_stores(self.num_latents, self.latent_dims, num_classes)

    @classmethod
    def sizes(cls, latents: Sequence[Latents]) -> dict[str, Any]:
        return super().sizes(latents) | {"num_latents": [len(own) for own in latents]}

    def fit_latents(self, latents: Sequence[Latents]) -> None:
        """Fits the transport and keeps the latents. Args as in `FittedBridge.fit_latents`."""
        super().fit_latents(latents)
        for store, own in zip(self.stores, latents, strict=True):
            store.fill(own)

    def across(self, z: tf.Tensor, source: int) -> tf.Tensor:
        classes = self.classes(z, source)
        return self.stores[1 - source].nearest(self.carried(z, source, classes), classes)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"num_latents": self.num_latents}
