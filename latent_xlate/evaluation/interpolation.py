"""Interpolation, and how even its steps are: the paper's proxy for locality (section 5.3, Figures 6 and 7)."""

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
    """Three kinds of ways between the same instances, each float32 [points, ways, latent_dim].

    Attributes:
        source: Between latents of the source.
        target: Between their translations, in the target's latent space.
        transfer: The translation of every point of `source`.
        fixed: Which of the points are the given instances.
    """

    source: np.ndarray
    target: np.ndarray
    transfer: np.ndarray
    fixed: tuple[int, ...]


def interpolate_and_translate(
    translator: Translator, z: np.ndarray, source: str, target: str, points_between: int, method: str = "slerp"
) -> Interpolation:
    """Interpolates through several instances in turn.

    Args:
        translator: Translates.
        z: Latents of the source, [fixed, ways, latent_dim]: at least two instances for each way.
        source: Name of their domain.
        target: Name of the domain to translate to.
        points_between: Points between two instances.
        method: As `bridge.interpolation.interpolate` takes it.

    Returns:
        (fixed - 1) (points_between + 1) + 1 points each way.
    """

    def through(fixed):
        parts = [interpolate(start, end, points_between + 2, method)[:-1] for start, end in itertools.pairwise(fixed)]
        return np.concatenate([*parts, fixed[-1:]])

    def translated(z):
        rows = in_batches(lambda rows: translator.translate_latents(rows, source, target), z.reshape(-1, z.shape[-1]))
        return rows.reshape(*z.shape[:2], -1)

    way = through(z)
    return Interpolation(way, through(translated(z)), translated(way), tuple(range(0, len(way), points_between + 1)))


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
    """How long the steps of interpolations are, as the domains' judges see them.

    A step is the distance between neighbouring points' features, by the judge of the row's domain, in
    units of the mean distance of two instances drawn at random (of the source's own for the source,
    of translations for the target). The paper shows such rows and has no number for them.

    Args:
        translator: Translates.
        latents: Labelled latents of the source.
        source: Its name.
        target: Name of the domain to translate to.
        within_class: Whether the two ends of a way are of one class, or else of two.
        num_ways: Number of interpolations.
        num_points: Points of each, the ends included.
        method: As `bridge.interpolation.interpolate` takes it.
        seed: Of the choice of ends.

    Returns:
        For each of `ROWS`, the mean over the ways of their "mean_step" and "largest_step".

    Raises:
        ValueError: No two instances of one class, or of two classes, as `within_class` asks.
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


def _pair(labels, within_class, generator):
    first = generator.integers(len(labels))
    fits = (labels == labels[first]) == within_class
    fits[first] = False
    if not fits.any():
        raise ValueError(f"There are no two instances of {'one class' if within_class else 'two classes'}.")
    return first, generator.choice(np.flatnonzero(fits))


def _steps(domain: Domain, z: np.ndarray) -> np.ndarray:
    """Distances, [points - 1, ways], between the features of neighbouring points [points, ways, latent_dim]."""
    features = in_batches(lambda rows: domain.features(domain.decode(rows)), z.reshape(-1, z.shape[-1]))
    return np.linalg.norm(np.diff(features.reshape(*z.shape[:2], -1), axis=0), axis=-1)
