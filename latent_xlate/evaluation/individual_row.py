"""The numbers of one row of `individual`, collected class by class."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from typing import Any

import numpy as np

from latent_xlate import checks
from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.evaluation import locality
from latent_xlate.evaluation.bootstrap import Statistic, estimate, mean_of
from latent_xlate.evaluation.coverage import density_and_coverage
from latent_xlate.evaluation.diversity import relative_variance, sample_variance, total_variance
from latent_xlate.evaluation.kid import class_kernel_distance

_LEAST_KEPT = 8
"""Fewer instances have a variance, but hardly an interval."""


@dataclasses.dataclass(frozen=True)
class OfClass:
    """Instances of one class, as the judge sees them.

    Attributes:
        features: float [n, width].
        kept: Whether the judge gives each of them the class, booleans [n].
    """

    features: np.ndarray
    kept: np.ndarray


class Row:
    """Collects the numbers of a row, class by class."""

    def __init__(self) -> None:
        """Starts without a number."""
        self._numbers: dict[str, list[Statistic]] = defaultdict(list)

    def add_likeness(self, generated: OfClass, real: OfClass) -> None:
        """Compares generated instances of a class with real ones."""
        self._add_diversity("diversity", generated.features, real.features)
        kept, real_kept = generated.features[generated.kept], real.features[real.kept]
        if min(len(kept), len(real_kept)) >= _LEAST_KEPT:
            self._add_diversity("kept_diversity", kept, real_kept)
        count = min(len(generated.features), len(real.features))  # Coverage depends on the ratio of the sizes.
        density, coverage = density_and_coverage(generated.features[:count], real.features[:count])
        self._numbers["density"].append(density)
        self._numbers["coverage"].append(coverage)
        self._numbers["class_kid"].append(class_kernel_distance(generated.features, real.features))

    def add_samples(self, samples: np.ndarray, real: np.ndarray) -> None:
        """Takes features of samples, [n, samples, width], and of real instances of their class."""
        if total_variance(real) > 0:
            self._numbers["sample_diversity"].append(sample_variance(samples, real))

    def add_locality(self, before: np.ndarray, after: np.ndarray) -> None:
        """Compares distances between instances of a class, [n, n], before and after."""
        if len(before) >= locality.LEAST_INSTANCES:
            self._numbers["trustworthiness"].append(locality.trustworthiness(before, after))
            self._numbers["rank_correlation"].append(locality.rank_correlation(before, after))

    def add_cycle(self, z: np.ndarray, back: np.ndarray) -> None:
        """Compares latents of a class, [n, latent_dim], with themselves after the way there and back.

        Raises:
            ValueError: A latent that came back is NaN or infinite.
        """
        if total_variance(z) > 0:
            errors = np.sum((checks.finite(back.astype(np.float64), "The way there and back") - z) ** 2, axis=1)
            self._numbers["cycle_distance"].append(mean_of(errors / total_variance(z)))

    def add_cycle_classes(self, before: np.ndarray, back: np.ndarray) -> None:
        """Compares shared classes, [n], of which -1 is none, with those after the way there and back."""
        counts = before != UNLABELLED
        if counts.any():
            self._numbers["cycle_accuracy"].append(mean_of((before == back)[counts].astype(np.float64)))

    def estimates(self, generator: np.random.Generator) -> dict[str, Any]:
        """The row by key, as `individual` describes it: {"value", "interval", "classes"}."""
        row = {}
        for key, classes in self._numbers.items():
            mean = estimate(classes, generator)
            row[key] = {"value": mean.value, "interval": list(mean.interval), "classes": len(classes)}
        return row

    def _add_diversity(self, key: str, generated: np.ndarray, real: np.ndarray) -> None:
        if total_variance(real) > 0:
            self._numbers[key].append(relative_variance(generated, real))
