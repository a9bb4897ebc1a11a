"""How unlike its training data an input is, by what a domain's own model loses when it encodes and decodes it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from latent_xlate.batching import as_graph, in_batches

if TYPE_CHECKING:
    from latent_xlate.domains.domain import Domain

LEAST_HELD_OUT = 10
"""Smallest number of held-out instances by which the scale of novelty is chosen."""

MOST_HELD_OUT = 2_000
"""As many held-out instances are enough to choose it."""

NOVEL = 1.0
"""Novelty above which an input is called unlike the training data; about 1 in 100 held-out instances exceeds it."""

_QUANTILE = 2.576  # Of the standard normal distribution: each of the two errors exceeds it in 1 of 200 instances.
_LEAST_ERROR = 1e-12
_FLOOR = 0.1


@dataclasses.dataclass(frozen=True)
class NoveltyScale:
    """The scale of a domain's novelty, chosen by held-out data.

    Novelty is the larger of two errors of encoding and decoding, each divided by the value that 1 in 200 held-out
    instances exceeds: the square error of the data, as a share of their own variance, and the square distance between
    the latent and that of the decoded data. The first notices what the model cannot draw, the second what it takes for
    something else.

    Attributes:
        variance: Added to the variance of an instance, so that the error of a flat one is not divided by nothing.
        data: Error of the data that is novelty 1.
        latent: Distance of latents that is novelty 1.
    """

    variance: float
    data: float
    latent: float

    @classmethod
    def of_held_out(cls, domain: Domain, x: np.ndarray) -> NoveltyScale | None:
        """Chooses the scale.

        Args:
            domain: A domain with an encoder.
            x: Data that the domain's model was not trained on, float32 [n, *data_shape].

        Returns:
            The scale; None if there are fewer than `LEAST_HELD_OUT`.
        """
        if len(x) < LEAST_HELD_OUT:
            return None
        # A closure would share its code with those of other calls; TensorFlow counts graphs by code and warns of many.
        variances = in_batches(functools.partial(_variance, domain), x, batch_size=domain.batch_size)
        variance = max(_FLOOR * float(variances.mean()), _LEAST_ERROR)
        errors = as_graph(functools.partial(_errors, domain, variance))
        data, latent = (_limit(error) for error in in_batches(errors, x, batch_size=domain.batch_size))
        return cls(variance, data, latent)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> NoveltyScale:
        """Makes the scale of a dictionary that `dataclasses.asdict` gave.

        Raises:
            ValueError, KeyError, TypeError: It is another one.
        """
        scale = cls(**{field.name: float(config[field.name]) for field in dataclasses.fields(cls)})
        if not all(0.0 < value < np.inf for value in dataclasses.astuple(scale)):
            raise ValueError(f"a scale of novelty must be positive, not {dict(config)}")
        return scale

    def novelty(self, domain: Domain, x: tf.Tensor) -> tf.Tensor:
        """Novelty of x, [batch, *data_shape]: float32 [batch], infinite where the model gives no finite answer."""
        data, latent = _errors(domain, self.variance, x)
        novelty = tf.maximum(data / self.data, latent / self.latent)
        return tf.where(tf.math.is_nan(novelty), np.inf, novelty)


def _errors(domain: Domain, variance: float, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The two errors of encoding and decoding x, each [batch]; data are compared as `Domain.pictures` shows them.

    The phases of a sound's waves are no part of what it sounds like, and no model gets them right.
    """
    z = domain.encode(x)[0]
    decoded = domain.decode(z)
    difference = tf.square(domain.pictures(decoded) - domain.pictures(x))
    data = tf.reduce_mean(difference, axis=(1, 2, 3)) / (_variance(domain, x) + variance)
    return data, tf.reduce_sum(tf.square(domain.encode(decoded)[0] - z), axis=1)


def _variance(domain: Domain, x: tf.Tensor) -> tf.Tensor:
    return tf.math.reduce_variance(domain.pictures(x), axis=(1, 2, 3))


def _limit(errors: np.ndarray) -> float:
    """The value that 1 in 200 errors exceeds, if their logarithms are normally distributed, as they nearly are.

    The largest of few errors would be mostly chance.
    """
    logarithms = np.log(np.maximum(errors.astype(np.float64), _LEAST_ERROR))
    return float(np.exp(logarithms.mean() + _QUANTILE * logarithms.std()))
