"""Transport for a trained bridge: maps between its domains' shared latents, and between residuals."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from latent_xlate.batching import as_graph, in_batches
from latent_xlate.bridge.bridge_config import TransportConfig
from latent_xlate.bridge.bridging_vae import BridgingVAE
from latent_xlate.bridge.principal_axes import posterior_scale
from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.latents.latents import Latents


def with_transport(
    bridge: BridgingVAE, latents: Sequence[Latents], config: TransportConfig, num_measured: int = 0
) -> BridgingVAE:
    """A copy of a trained bridge that carries shared latents to where those of the target lie.

    Args:
        bridge: The bridge. It stays as it is.
        latents: Each domain's. Their labels are those of the bridge's classifier, and -1 where unlabelled.
        config: How the maps are computed.
        num_measured: Number of leading coordinates of all domains' latents that translations keep as they would be
            without transport, since they are the same measurements in all domains.

    Returns:
        The copy, not compiled. Its seed, that of the bridge, determines the points. Where no latent is labelled there
        is no class to carry within, and the bridge itself is returned.
    """
    labelled = [_of_data(own.take(own.labels != UNLABELLED)) for own in latents]
    most = max(int(np.max(np.bincount(own.labels, minlength=1))) for own in labelled)
    if not most:
        return bridge
    of_transport = {
        "transport_points": min(config.points, most),
        "transport_aligned": config.aligned,
        "residual_axes": config.residual_axes,
        "residual_certainty": config.certainty if config.residual_axes else 0.0,
        "num_measured": num_measured,
    }
    copy = type(bridge)(**bridge.get_config() | of_transport)
    copy.build()
    for ours, its in zip(bridge.weights, copy.weights[: len(bridge.weights)], strict=True):
        its.assign(ours)
    encoded = [
        in_batches(as_graph(functools.partial(copy.encode, domain=index)), own.mu)[0]
        for index, own in enumerate(labelled)
    ]
    certainty = [
        tf.gather(tf.nn.softmax(copy.classify(z)), own.labels, batch_dims=1).numpy()
        for z, own in zip(encoded, labelled, strict=True)
    ]
    labels, scales = [own.labels for own in labelled], [posterior_scale(own) for own in labelled]
    assert copy.transport_maps
    scaled = [own.mu / scale for own, scale in zip(labelled, scales, strict=True)] if config.aligned else ()
    of_points = config.certainty, config.smoothing, bridge.seed, scaled
    copy.transport_maps.fit(encoded, labels, certainty, *of_points)
    if copy.residual_maps:
        decoded = [
            in_batches(as_graph(functools.partial(copy.decode, domain=index)), z) for index, z in enumerate(encoded)
        ]
        certain = [each >= config.certainty for each in certainty]
        residuals = [(own.mu - z)[sure] for own, z, sure in zip(labelled, decoded, certain, strict=True)]
        copy.residual_maps.fit(residuals, [own[sure] for own, sure in zip(labels, certain, strict=True)], scales)
    return copy


def _of_data(latents: Latents) -> Latents:
    """The posteriors of a domain's data; draws from its prior only of classes without any.

    Draws of which a judge is sure resemble each other more than data do.
    """
    posterior = latents.sigma.any(axis=1)
    return latents.take(posterior | ~np.isin(latents.labels, latents.labels[posterior]))
