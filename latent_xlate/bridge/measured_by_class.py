"""What is measured of instances, seen within their class: a letter that is large for its kind, not for a letter."""

from __future__ import annotations

import dataclasses

import numpy as np
import tensorflow as tf

from latent_xlate.latents.latents import Latents

ENOUGH = 10
"""Instances of a class below which its statistics are taken to be those of all instances."""

_LEAST_STD = 0.1  # Of a class, in deviations of all instances: what is constant in it is not divided by zero.


@dataclasses.dataclass(frozen=True)
class MeasuredByClass:
    """Mean and standard deviation of the measured coordinates of a domain's latents, class by class.

    Attributes:
        mean: float32 [num_classes + 1, num_measured]; the last row is that of all latents.
        std: Likewise.
    """

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def of(cls, latents: Latents, num_classes: int, num_measured: int) -> MeasuredByClass:
        """The statistics of a domain's latents, the first `num_measured` coordinates of which are measured."""
        measured = latents.mu[:, :num_measured]
        classes = [measured[latents.labels == label] for label in range(num_classes)]
        groups = [*(own if len(own) >= ENOUGH else measured for own in classes), measured]
        mean, std = (np.stack([statistic(group, axis=0) for group in groups]) for statistic in (np.mean, np.std))
        return cls(mean.astype(np.float32), std.astype(np.float32))

    @property
    def num_measured(self) -> int:
        """Number of measured coordinates."""
        return self.mean.shape[1]

    def translated(self, z: tf.Tensor, labels: tf.Tensor, target: MeasuredByClass) -> tf.Tensor:
        """What the measurements of instances are to be in another domain: as far from its class's mean as in this.

        Args:
            z: Latents of this domain, float32 [batch, latent_dim].
            labels: Their classes, int [batch], -1 where unlabelled.
            target: The statistics of the other domain.

        Returns:
            float32 [batch, num_measured].
        """
        labels = tf.where(labels < 0, len(self.mean) - 1, labels)
        (mean, std), (to_mean, to_std) = (
            (tf.gather(each.mean, labels), tf.gather(each.std, labels)) for each in (self, target)
        )
        return (z[:, : self.num_measured] - mean) / tf.maximum(std, _LEAST_STD) * to_std + to_mean
