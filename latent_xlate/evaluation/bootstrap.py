"""Bootstrap intervals of means over classes (Efron, 1979, https://doi.org/10.1214/aos/1176344552)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

RESAMPLES = 200
"""How often the instances of each class are drawn anew."""

LEVEL = 0.95
"""Share of the resampled values that lie within the interval."""


@dataclasses.dataclass(frozen=True)
class Statistic:
    """A number of one class that can be computed again for resampled instances.

    A resampled set is given by its weights: how often each instance was drawn. All resamples are computed at once.

    Attributes:
        sizes: Number of instances of each set that the number is computed from.
        of: Takes the weights of each set, float64 [resamples, size], and returns the numbers, float64 [resamples].
    """

    sizes: tuple[int, ...]
    of: Callable[..., np.ndarray]

    @property
    def value(self) -> float:
        """The number for the instances themselves."""
        return float(self.of(*(np.ones((1, size)) for size in self.sizes))[0])


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A mean over classes.

    Attributes:
        value: The mean for the instances themselves.
        interval: Lower and upper end of its bootstrap interval of `LEVEL`.
    """

    value: float
    interval: tuple[float, float]


def mean_of(contributions: np.ndarray) -> Statistic:
    """The mean of what each instance contributes, float [n]."""
    return Statistic((len(contributions),), lambda weights: weights @ contributions / weights.sum(axis=1))


def estimate(classes: Sequence[Statistic], generator: np.random.Generator) -> Estimate:
    """Returns the mean of a number over classes, with the interval by the percentiles of resampled means.

    Instances are resampled within their class. Where a statistic has fixed what it compares with, such as the
    neighbourhoods of the real instances, the interval is too narrow by the randomness of that.

    Args:
        classes: The number for each class, at least one.
        generator: Draws the resamples.
    """
    resampled = [statistic.of(*(_weights(size, generator) for size in statistic.sizes)) for statistic in classes]
    ends = np.quantile(np.mean(resampled, axis=0), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(np.mean([statistic.value for statistic in classes])), (float(ends[0]), float(ends[1])))


def _weights(size: int, generator: np.random.Generator) -> np.ndarray:
    drawn = generator.integers(size, size=(RESAMPLES, size)) + size * np.arange(RESAMPLES)[:, np.newaxis]
    return np.bincount(drawn.ravel(), minlength=RESAMPLES * size).reshape(RESAMPLES, size).astype(np.float64)
