"""Latents of data: the posteriors that a domain's encoder gives."""

from __future__ import annotations

import functools

import numpy as np
import tensorflow as tf

from latent_xlate.batching import as_graph, in_batches
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains.domain import Domain
from latent_xlate.latents.latents import Latents


def encode_data(domain: Domain, data: Labelled) -> Latents:
    """Posteriors of labelled instances.

    Args:
        domain: A domain with an encoder.
        data: Instances of the domain's shape.

    Returns:
        Their latents, in the same order.

    Raises:
        ValueError: A domain without an encoder, or instances of another shape than the domain's.
    """
    if not domain.has_encoder:
        raise ValueError(f"Domain {domain.name!r} has no encoder, so its data have no latents: take samples instead.")
    if data.content.shape[1:] != domain.data_shape:
        shape = data.content.shape[1:]
        raise ValueError(
            f"{data.modality.noun.capitalize()}s are {shape}, those of domain {domain.name!r} {domain.data_shape}."
        )
    # A closure would share its code with those of other calls; TensorFlow counts graphs by code and warns of many.
    encode = as_graph(functools.partial(_encode, domain, data.modality.full_scale))
    mu, sigma = in_batches(encode, data.content, batch_size=domain.batch_size)
    return Latents(mu, sigma, data.labels.astype(np.int32))


def _encode(domain: Domain, full_scale: float, content: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return domain.encode(tf.cast(content, tf.float32) / full_scale)


def encode_augmented(domain: Domain, data: Labelled) -> Latents:
    """Posteriors of augmented instances: images moved by a pixel, recordings at other speeds.

    An image keeps its class when it moves by a pixel, so a bridge has more to learn from at no cost in labels.

    Args:
        domain: A domain with an encoder.
        data: Instances of the domain's shape.

    Returns:
        The latents of all instances for each augmentation in `data.augmented()`, one after another.

    Raises:
        ValueError: As in `encode_data`.
    """
    return Latents.concatenated([encode_data(domain, domain.as_trained(copies)) for copies in data.augmented()])
