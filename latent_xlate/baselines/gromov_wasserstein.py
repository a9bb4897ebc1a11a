"""Gromov-Wasserstein: a linear map between the latents of two models of one kind of data, found without a label."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans

from latent_xlate import KERAS_PACKAGE
from latent_xlate.baselines.baseline_config import GromovWassersteinConfig
from latent_xlate.baselines.linear_maps import LinearBridge, Map, procrustes
from latent_xlate.baselines.mutual_neighbours import refine
from latent_xlate.latents.latents import Latents

_MOST_LATENTS = 5000
"""Latents of each domain that are looked at, drawn at random."""

_FEW_LATENTS = 1000
"""Those among them by which starts are compared."""

_LEVELS = np.linspace(0.005, 0.995, 100)
"""Levels of the quantiles by which profiles of distances are compared."""

_MAX_ITERATIONS = 100
"""Of entropic Gromov-Wasserstein. It does not have to converge, since the map is refined."""

_MIN_AGREEMENT = 0.8
"""Cosine between where two maps take latents, above which they are the same but for noise."""

_SMALLEST = 1e-30  # Keeps divisors above zero.


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class GromovWassersteinBridge(LinearBridge):
    """The map between two clouds of latents that keeps distances, found from distances within each cloud alone.

    Two models of one kind of data learn latents that differ by little more than a rotation, once each coordinate is
    measured in the right unit (see `unit_weights`). Each start divides both clouds into clusters and couples their
    centroids so that distances agree (entropic Gromov-Wasserstein, Peyré et al. 2016,
    https://proceedings.mlr.press/v48/peyre16.html). An orthogonal map fitted to the coupled centroids is refined on
    mutual neighbours. The start after which latents lie nearest to those of the other domain is kept.

    Labels are not used. Neither is the order of the latents.

    Attributes:
        config: The hyperparameters.
    """

    uses_labels = False

    def __init__(self, latent_dims: Sequence[int], num_classes: int, **kwargs: Any) -> None:
        """Makes the model. Args as in `LinearBridge`, with the fields of `GromovWassersteinConfig`.

        `seed` decides which latents are looked at, and the clusters.
        """
        self.config = GromovWassersteinConfig.taken_from(kwargs)
        super().__init__(latent_dims, num_classes, **kwargs)

    def fit_latents(self, latents: Sequence[Latents]) -> None:
        """Fits both directions, the second the inverse of the first.

        Raises:
            ValueError: POT is not installed, a domain has too few latents, its latents have no deviations to measure
                them by, or `regularization` is too small for numbers of 64 bits.
        """
        chosen = [self._drawn(own, domain) for domain, own in enumerate(latents)]
        weights = [unit_weights(own, self.config.exponent, domain) for domain, own in enumerate(chosen)]
        means = [own.mu.mean(axis=0, dtype=np.float64) for own in chosen]
        clouds = [(own.mu - mean) * weight for own, mean, weight in zip(chosen, means, weights, strict=True)]
        matrix, offset = self._aligned(clouds)
        for source, (rotation, shift) in enumerate([(matrix, offset), (matrix.T, -offset @ matrix.T)]):
            target = 1 - source
            own_matrix = weights[source][:, np.newaxis] * rotation / weights[target]
            self.matrices[source].assign(own_matrix)
            self.offsets[source].assign(means[target] + shift / weights[target] - means[source] @ own_matrix)

    def _drawn(self, latents: Latents, domain: int) -> Latents:
        """The latents of a domain that are looked at, in random order."""
        if len(latents) < self.config.num_centroids:
            raise ValueError(
                f"Domain {domain} has {len(latents)} latents, fewer than the {self.config.num_centroids} centroids: "
                "lower model.num_centroids."
            )
        order = np.random.default_rng([self.seed, domain]).permutation(len(latents))
        return latents.take(order[:_MOST_LATENTS])

    def _aligned(self, clouds: Sequence[np.ndarray]) -> Map:
        """The map of the best start, refined on all of the clouds; says so where no other start agrees with it."""
        few = [cloud[:_FEW_LATENTS] for cloud in clouds]
        starts = [refine(self._start(clouds, number), *few) for number in range(self.config.num_starts)]
        (best, *others) = (found for found, _ in sorted(starts, key=lambda start: start[1]))
        if max(agreement(few[0], best, other) for other in others) < _MIN_AGREEMENT:
            warnings.warn(
                f"{self.config.num_starts} starts of Gromov-Wasserstein ended at as many maps: the best may be wrong. "
                "Raise model.num_starts, unless the two domains are of different data and have no geometry in common.",
                stacklevel=2,
            )
        return refine(best, *clouds)[0]

    def _start(self, clouds: Sequence[np.ndarray], number: int) -> Map:
        """A rough map, of clusters of its own."""
        size = self.config.num_centroids
        seeds = np.random.SeedSequence([self.seed, number]).generate_state(2)
        centroids = [
            KMeans(size, n_init=1, random_state=int(seed)).fit(cloud).cluster_centers_
            for seed, cloud in zip(seeds, clouds, strict=True)
        ]
        plan = coupling(centroids, clouds, self.config.regularization)
        return procrustes(centroids[0], size * plan @ centroids[1], scale=1.0)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | self.config.to_dict()


def unit_weights(latents: Latents, exponent: float, domain: int) -> np.ndarray:
    """The factors of the coordinates by which distances between latents become those of any model of the same data.

    A posterior is narrow in coordinates that matter to the decoder: the distance of two decoded instances is about
    that of their latents in units of the posterior's standard deviations (exponent 1), as far as the decoder is linear.

    Args:
        latents: Those of a domain.
        exponent: Power of the deviations that coordinates are divided by.
        domain: Its index, for messages.

    Returns:
        Factors, float64 [latent_dim], after which the mean squared distance from the mean is 1.

    Raises:
        ValueError: There are no deviations.
    """
    if exponent and not latents.sigma.all():
        raise ValueError(
            f"Latents of domain {domain} have no standard deviations: take posteriors (latents=dataset), or set "
            "model.exponent=0."
        )
    weights = np.exp(-exponent * np.mean(np.log(latents.sigma, dtype=np.float64), axis=0)) if exponent else 1.0
    weights = weights * np.ones(latents.mu.shape[1])
    variance = np.sum(latents.mu.var(axis=0, dtype=np.float64) * weights**2)
    return weights / np.sqrt(max(variance, _SMALLEST))


def coupling(centroids: Sequence[np.ndarray], clouds: Sequence[np.ndarray], regularization: float) -> np.ndarray:
    """Couples the centroids of two clouds so that distances between them agree.

    It starts from the optimal transport between the quantiles of each centroid's distances from the points of its own
    cloud (the lower bounds of Mémoli 2011, https://doi.org/10.1007/s10208-011-9093-5).

    Args:
        centroids: Of each cloud, float [k, n] and [k, m].
        clouds: Points of each, float [..., n] and [..., m].
        regularization: Weight of the entropy.

    Returns:
        Share of each pair, float64 [k, k], of sum 1.

    Raises:
        ValueError: POT is not installed, or `regularization` is too small for numbers of 64 bits.
    """
    try:
        import ot
    except ImportError:
        raise ValueError("Gromov-Wasserstein needs POT: pip install 'latent_xlate[transport]'.") from None
    masses = ot.unif(len(centroids[0]))
    distances = [cdist(own, own) for own in centroids]
    profiles = [np.quantile(cdist(*pair), _LEVELS, axis=1).T for pair in zip(centroids, clouds, strict=True)]
    start = ot.emd(masses, masses, cdist(*profiles, "sqeuclidean"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of Sinkhorn iterations that stop early or overflow.
        plan = ot.gromov.entropic_gromov_wasserstein(
            *distances, masses, masses, epsilon=regularization, G0=start, max_iter=_MAX_ITERATIONS
        )
    if not np.isclose(plan.sum(), 1.0, atol=0.01):
        raise ValueError(f"model.regularization is {regularization:g}, too small for these latents: raise it.")
    return plan


def agreement(points: np.ndarray, first: Map, second: Map) -> float:
    """Cosine between where two maps take points, float [n, p], over all of them."""
    one, other = (points @ matrix + offset for matrix, offset in (first, second))
    return float(np.vdot(one, other) / max(np.linalg.norm(one) * np.linalg.norm(other), _SMALLEST))
