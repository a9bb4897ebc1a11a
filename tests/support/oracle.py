"""Domains and a bridge whose numbers are known beforehand."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from latent_xlate.bridge.bridging_vae import BridgingVAE
from latent_xlate.domains.domain import Domain
from latent_xlate.latents.latents import Latents
from latent_xlate.modalities.array import Array
from latent_xlate.translator import Translator

NUM_CLASSES = 4
ALWAYS_OFF = -60.0
"""Before a sigmoid or softplus."""


class VectorDomain(Domain):
    """Data are their own latents; the class is the largest of the first four values.

    `encode` takes data of class `misread` for the next class.
    """

    def __init__(self, name, latent_dim, encoder=True, classifier=True, misread=None):
        super().__init__(name, Array((latent_dim,)), ("a", "b", "c", "d"))
        self._latent_dim = latent_dim
        self.has_encoder = encoder
        self.has_classifier = classifier
        self._encoding = np.eye(latent_dim, dtype=np.float32)
        if misread is not None:
            self._encoding[misread] = np.roll(self._encoding[misread], 1)

    latent_dim = property(lambda self: self._latent_dim)
    networks = property(lambda self: {})

    def encode(self, x):
        if not self.has_encoder:
            return super().encode(x)
        return x @ self._encoding, tf.zeros_like(x)

    def decode(self, z):
        return tf.convert_to_tensor(z)

    def classify(self, x):
        return x[:, :NUM_CLASSES] if self.has_classifier else super().classify(x)

    def features(self, x):
        return x if self.has_classifier else super().features(x)

    def get_config(self):
        raise NotImplementedError

    @classmethod
    def from_config(cls, config):
        raise NotImplementedError


def bridge(latent_dims, swapped=(2, 3), shared_sigma=0.0) -> BridgingVAE:
    """A real bridge whose weights copy the first four values, but for what domain 1 is given.

    Args:
        latent_dims: Two sizes at least that differ, each 4 or more.
        swapped: The classes that change places on the way out to domain 1.
        shared_sigma: Standard deviation of the shared latent, 0 or large.
    """
    model = BridgingVAE(latent_dims, NUM_CLASSES, shared_dim=NUM_CLASSES, hidden_units=(4,))
    model.build()
    for adapter in [*model.input_adapters, *model.output_adapters]:
        kernel = np.eye(*adapter.kernel.shape)
        if adapter is model.output_adapters[1]:
            kernel[:, list(swapped)] = kernel[:, list(reversed(swapped))]
        adapter.set_weights([kernel, np.zeros(adapter.bias.shape)])
    for mixing in (model.encoder_mixing, model.decoder_mixing):
        kernel, bias = mixing.mixed.get_weights()
        kernel[:], bias[:] = 0, 0
        kernel[:NUM_CLASSES, :NUM_CLASSES] = np.eye(NUM_CLASSES)
        if mixing is model.encoder_mixing:
            bias[NUM_CLASSES:] = shared_sigma or ALWAYS_OFF
        mixing.mixed.set_weights([kernel, bias])
        kernel, bias = mixing.change_and_gates.get_weights()
        bias[len(bias) // 2 :] = ALWAYS_OFF
        mixing.change_and_gates.set_weights([np.zeros_like(kernel), bias])
    return model


def translator(shared_sigma=0.0, **kwargs) -> Translator:
    """Domains "near" and "far"; `kwargs` are those of "far"."""
    return Translator(
        [VectorDomain("near", 4), VectorDomain("far", 5, **kwargs)], bridge((4, 5), shared_sigma=shared_sigma)
    )


def latents(counts, latent_dim=4, sigma=0.0, seed=0) -> Latents:
    """`counts[k]` instances of class k, shuffled: 1 at their class's place, noise below 0.2 elsewhere."""
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.repeat(np.arange(len(counts), dtype=np.int32), counts))
    mu = generator.uniform(0, 0.2, (len(labels), latent_dim)).astype(np.float32)
    mu[np.arange(len(labels)), labels] = 1
    return Latents(mu, np.full_like(mu, sigma), labels)
