"""Domains whose latents are their data, and a bridge that changes nothing, so that what comes out is what was read."""

from __future__ import annotations

import math

import tensorflow as tf

from latent_xlate.domains.domain import Domain
from latent_xlate.modalities.modality import Modality
from latent_xlate.translator import Translator


class IdentityDomain(Domain):
    """Data of any modality, flat, are their own latents."""

    has_classifier = False

    latent_dim = property(lambda self: math.prod(self.data_shape))
    networks = property(lambda self: {})

    def encode(self, x):
        z = tf.reshape(x, [-1, self.latent_dim])
        return z, tf.zeros_like(z)

    def decode(self, z):
        return self.modality.clip(tf.reshape(z, [-1, *self.data_shape]))

    def get_config(self):
        raise NotImplementedError

    @classmethod
    def from_config(cls, config):
        raise NotImplementedError


class IdentityBridge:
    shared_dim = 0

    def __init__(self, latent_dims):
        self.latent_dims = tuple(latent_dims)

    def translate(self, z, source, target, noise=None):
        return z


def translator(modality: Modality) -> Translator:
    """Two domains, "here" and "there", of one modality."""
    domains = [IdentityDomain(name, modality) for name in ("here", "there")]
    return Translator(domains, IdentityBridge(domain.latent_dim for domain in domains))
