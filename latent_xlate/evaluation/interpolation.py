"""Interpolation and the evenness of its steps, the paper's proxy for locality (section 5.3, Figures 6 and 7)."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np

from latent_xlate.batching import in_batches
from latent_xlate.domains.domain import Domain
from latent_xlate.latents.interpolation import interpolate
from latent_xlate.latents.latents import Latents
from latent_xlate.translator import Translator

ROWS = ("source", "target", "transfer")


@dataclasses.dataclass(frozen=True)
class Interpolation:
    """Three kinds of paths between the same instances, each float32 [points, paths, latent_dim].

    Attributes:
        source: Paths between latents of the source.
        target: Paths between the translations of these latents, in the target's latent space.
        transfer: Translations of every point of `source`.
        fixed: Indices of the points that are given instances.
    """

    source: np.ndarray
    target: np.ndarray
    transfer: np.ndarray
    fixed: tuple[int, ...]


def interpolate_and_translate(
    translator: Translator, z: np.ndarray, source: str, target: str, points_between: int, method: str = "slerp"
) -> Interpolation:
    """Interpolates through several instances, one after the other.

    Args:
        translator: The translator.
        z: Latents of the source, float32 [fixed, paths, latent_dim], at least two instances for each path.
        source: Name of their domain.
        target: Name of the domain to translate to.
        points_between: Number of points between two instances.
        method: As `latents.interpolation.interpolate` takes it.

    Returns:
        Paths of (fixed - 1) (points_between + 1) + 1 points each.
    """

    def through(fixed: np.ndarray) -> np.ndarray:
        parts = [interpolate(start, end, points_between + 2, method)[:-1] for start, end in itertools.pairwise(fixed)]
        return np.concatenate([*parts, fixed[-1:]])

    def translated(z: np.ndarray) -> np.ndarray:
        rows = in_batches(lambda rows: translator.translate_latents(rows, source, target), z.reshape(-1, z.shape[-1]))
        return rows.reshape(*z.shape[:2], -1)

    path = through(z)
    return Interpolation(path, through(translated(z)), translated(path), tuple(range(0, len(path), points_between + 1)))


def locality(
    translator: Translator,
    latents: Latents,
    source: str,
    target: str,
    *,
    within_class: bool,
    num_ways: int = 200,
    num_points: int = 17,
    method: str = "slerp",
    seed: int = 0,
) -> dict[str, dict[str, float]]:
    """Measures the steps of interpolations in the feature spaces of the domains' judges.

    A step is the distance between the features of neighbouring points, in units of the mean distance between two
    random instances (of the source for its own paths, of translations for the target's). The paper shows
    interpolations and has no number for them.

    Args:
        translator: The translator.
        latents: Labelled latents of the source.
        source: Name of the domain to translate from.
        target: Name of the domain to translate to.
        within_class: Whether the two ends of a path are of one class; if not, they are of two classes.
        num_ways: Number of paths.
        num_points: Number of points of each path, the ends included.
        method: As `latents.interpolation.interpolate` takes it.
        seed: Random seed of the choice of ends.

    Returns:
        For each of `ROWS`, the mean over the paths of "mean_step" and "largest_step".

    Raises:
        ValueError: No two instances are of one class, or of two classes, as `within_class` asks.
    """
    generator = np.random.default_rng(seed)
    pairs = np.array([_pair(latents.labels, within_class, generator) for _ in range(num_ways)])
    random = generator.integers(len(latents), size=(num_ways, 2))
    ways, strangers = (
        interpolate_and_translate(translator, latents.mu[ends.T], source, target, between, method)
        for ends, between in ((pairs, num_points - 2), (random, 0))
    )
    results = {}
    for row in ROWS:
        domain = translator.domain(source if row == "source" else target)
        unit = _steps(domain, getattr(strangers, row)).mean()
        steps = _steps(domain, getattr(ways, row)) / unit
        results[row] = {"mean_step": float(steps.mean()), "largest_step": float(steps.max(axis=0).mean())}
    return results


def _pair(labels: np.ndarray, within_class: bool, generator: np.random.Generator) -> tuple[int, int]:
    """Draws the ends of a path, indices of two instances."""
    first = int(generator.integers(len(labels)))
    fits = (labels == labels[first]) == within_class
    fits[first] = False
    if not fits.any():
        raise ValueError(f"There are no two instances of {'one class' if within_class else 'two classes'}.")
    return first, int(generator.choice(np.flatnonzero(fits)))


def _steps(domain: Domain, z: np.ndarray) -> np.ndarray:
    """Returns distances, [points - 1, paths], between features of neighbours in z, [points, paths, latent_dim]."""
    features = in_batches(lambda rows: domain.features(domain.decode(rows)), z.reshape(-1, z.shape[-1]))
    return np.linalg.norm(np.diff(features.reshape(*z.shape[:2], -1), axis=0), axis=-1)
