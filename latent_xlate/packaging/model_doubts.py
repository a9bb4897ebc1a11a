"""What may be wrong with a user's own model, as its outputs on its own data show it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from latent_xlate.batching import as_graph, in_batches
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains.custom.model_domain import ModelDomain

NUM_DECODED = 500
"""Most instances, and samples of the prior, that are decoded and classified."""

_RESCALE_ENCODER = (
    "the encoder may expect data of another range: give --value_range=0,255 or --value_range=-1,1, whichever it is"
)


def find_doubts(domain: ModelDomain, data: Labelled | None) -> list[str]:
    """Runs a model on data and on samples of its prior, before its latents are standardised.

    Args:
        domain: The domain of the model.
        data: Instances; None if there are none, which is for a model without an encoder.

    Returns:
        A sentence, with the numbers seen, for each thing that looks wrong; empty for a model that looks right.

    Raises:
        ValueError: A function returns values that are NaN or infinite.
    """
    found: list[str | None] = []
    latents, x = [], None
    if data is not None:
        x = data.take(slice(NUM_DECODED)).floats
    if data is not None and domain.has_encoder:
        # A closure would share its code with those of other calls; TensorFlow counts graphs by code and warns of many.
        encode = functools.partial(_encode, domain, data.modality.full_scale)
        mu, sigma = _outputs(domain, "encode", encode, data.content)
        # In reverse order, since a graph with a fixed seed gives the same noise to the same place.
        again, _ = _outputs(domain, "encode", encode, data.content[:NUM_DECODED][::-1])
        found.append(_doubt_chance(mu[:NUM_DECODED], again[::-1]))
        found.append(_doubt_change(mu, sigma) or _doubt_prior(mu, sigma) if domain.has_prior else _doubt_change(mu))
        latents.append(mu[:NUM_DECODED])
    if domain.has_prior:
        latents.append(domain.sample_prior(NUM_DECODED).numpy())
    decoded = _outputs(domain, "decode", domain.decode_unclipped, np.concatenate(latents))
    found.append(_doubt_range(domain, decoded))
    clipped = domain.modality.clip(decoded).numpy()
    if domain.has_classifier:
        _outputs(domain, "classify", domain.classify, clipped if x is None else x)
    # Of a sound the decoder of a GAN need not give the phase, so its waveform may be another one.
    if x is not None and domain.has_encoder and not domain.modality.is_played:
        found.append(_doubt_reconstruction(x, clipped[: len(x)]))
    return [doubt for doubt in found if doubt]


def _encode(domain: ModelDomain, full_scale: float, content: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return domain.encode(tf.cast(content, tf.float32) / full_scale)


def _outputs(domain: ModelDomain, name: str, function: Callable[..., Any], inputs: np.ndarray) -> Any:
    """Calls a function of the model on arrays; ValueError if a value is not finite."""
    outputs = in_batches(as_graph(function), inputs, batch_size=domain.batch_size)
    arrays = tf.nest.flatten(outputs)
    if bad := sum(int(np.sum(~np.isfinite(array))) for array in arrays):
        raise ValueError(
            f"{name} gives {bad:,} NaN or infinite values of {sum(array.size for array in arrays):,}: "
            "look at the model's weights, and at the range of values that it expects."
        )
    return outputs


def _doubt_chance(mu: np.ndarray, again: np.ndarray) -> str | None:
    """Doubts an encoder that gives other latents, [n, latent_dim], of the same data when it is called again."""
    difference = float(np.sqrt(np.mean((mu - again) ** 2)))
    if difference <= 1e-2 * max(float(mu.std()), 1e-8):
        return None
    return (
        f"encode gives latents of the same data that differ by {difference:.2g} (root mean square) from call to call: "
        "it seems to return a sample. Let it return the mean, or name that output (--mu_output)."
    )


def _doubt_change(mu: np.ndarray, sigma: np.ndarray | None = None) -> str | None:
    """Doubts an encoder whose latents, [n, latent_dim], are the same for all data, or nearly so."""
    deviation, size = mu.std(axis=0), mu.shape[1]
    constant = int(np.sum(deviation <= np.maximum(1e-5 * abs(mu.mean(axis=0)), 1e-8)))
    if len(mu) > 1 and constant >= max(size / 4, 1):
        return f"{constant} of {size} components of the latent do not change over the data: {_RESCALE_ENCODER}."
    if sigma is not None and (deviation < 0.05 * sigma.mean(axis=0)).all():
        return (
            f"The latent hardly changes over the data: mu has deviations up to {np.max(deviation):.2g}, where sigma is "
            f"{sigma.mean():.2g} on average. Either the model has learnt nothing in its latent, or {_RESCALE_ENCODER}."
        )
    return None


def _doubt_prior(mu: np.ndarray, sigma: np.ndarray) -> str | None:
    """Doubts posteriors that together are far from the standard normal prior in some component."""
    mean, deviation = mu.mean(axis=0), np.sqrt(mu.var(axis=0) + np.mean(sigma**2, axis=0))
    if (abs(mean) <= 1).all() and (deviation >= 1 / 3).all() and (deviation <= 3).all():
        return None
    return (
        f"The latents of the data have means from {np.min(mean):.2g} to {np.max(mean):.2g} and deviations from "
        f"{np.min(deviation):.2g} to {np.max(deviation):.2g}, and the prior has 0 and 1: samples of the prior may look "
        "like no data. An encoder that gives mu alone has its latents standardised instead."
    )


def _doubt_range(domain: ModelDomain, decoded: np.ndarray) -> str | None:
    """Doubts a decoder whose values are outside the limits of the modality, where they are clipped."""
    low, high = domain.modality.limits
    if not np.isfinite([low, high]).all():
        return None
    width, beyond = high - low, np.maximum(low - decoded, decoded - high)
    share = float(np.mean(beyond > 1e-3 * width))
    if not share:
        return None
    least, most = (round(float(value), 3) for value in (decoded.min(), decoded.max()))
    seen = (
        f"decode gives values from {least:.3g} to {most:.3g}, and {domain.modality.noun}s lie in "
        f"[{low:g}, {high:g}]: {share:.2%} of them are clipped"
    )
    if np.mean(beyond > width / 4) < 0.01:
        return f"{seen}. A last layer that keeps to this range, a sigmoid say, is better."
    example = "--value_range=0,255 or --value_range=-1,1" if (low, high) == (0, 1) else "--value_range=-32768,32768"
    return f"{seen}, so the model seems to have another range: say which, {example} (value_range in Python)."


def _doubt_reconstruction(x: np.ndarray, reconstructed: np.ndarray) -> str | None:
    """Doubts an autoencoder that is no better than a constant."""
    error, of_mean = (float(np.sqrt(np.mean((x - guess) ** 2))) for guess in (reconstructed, x.mean(axis=0)))
    if not of_mean or error < of_mean:
        return None
    return (
        f"What is encoded and decoded differs from the data by {error:.3g} (root mean square), and the mean of all "
        f"data by {of_mean:.3g}: encoder and decoder may not belong together, or may expect data of another range, or "
        "pictures that are inverted (--invert)."
    )
