"""The synthetic problem: a bridge between two ellipses in the plane (paper, Figures 2 and 9)."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from latent_xlate import figures, losses, training, training_steps
from latent_xlate.bridge.bridging_vae import BridgingVAE
from latent_xlate.latents.batches import make_batches
from latent_xlate.latents.latents import Latents
from latent_xlate.optimizer import FusedAdam, make_schedule

VARIANTS: dict[str, dict[str, Any]] = {
    "unconditional": {"conditional": False, "beta_swd": 0.0, "beta_cls": 0.0},
    "conditional": {"conditional": True, "beta_swd": 0.0, "beta_cls": 0.0},
    "conditional, SWD": {"conditional": True, "beta_swd": 1.0, "beta_cls": 0.0},
    "conditional, SWD, classifier": {"conditional": True, "beta_swd": 1.0, "beta_cls": 0.3},
}
"""Settings that the rows of Figure 9 differ in."""

COLUMNS = ("latents", "reconstructions", "1 to 2", "2 to 1", "shared latents")
BETA_KL = 0.005
NUM_POINTS = 2_000
NUM_STEPS = 4_000
_COLOURS = [
    LinearSegmentedColormap.from_list(name, ends)
    for name, ends in (("blues", ["#9ecae1", "#08306b"]), ("oranges", ["#fdd0a2", "#a63603"]))
]


@dataclasses.dataclass(frozen=True)
class Ellipse:
    """A domain whose latents fill an ellipse. Its classes are the two halves along the long axis.

    Attributes:
        centre: Centre of the ellipse.
        axes: Half the lengths of its axes, the long one first.
        angle: Angle of the long axis to the first coordinate, in radians.
    """

    centre: tuple[float, float]
    axes: tuple[float, float]
    angle: float

    @property
    def _matrix(self) -> np.ndarray:
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        return np.array([[cosine, -sine], [sine, cosine]]) * self.axes

    def sample(self, num_points: int, seed: int) -> Latents:
        """Draws points uniformly from the ellipse, labelled by the half that they lie in."""
        generator = np.random.default_rng(seed)
        radius, turn = np.sqrt(generator.random(num_points)), 2 * np.pi * generator.random(num_points)
        disc = np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1)
        points = (disc @ self._matrix.T + self.centre).astype(np.float32)
        return Latents(points, np.zeros_like(points), (disc[:, 0] > 0).astype(np.int32))

    def position(self, points: np.ndarray) -> np.ndarray:
        """Maps points [n, 2] to the unit disc that the ellipse is an image of: [n, 2], long axis first."""
        return (points - self.centre) @ np.linalg.inv(self._matrix).T


ELLIPSES = (Ellipse((-2.5, 1.0), (2.0, 0.8), np.pi / 3), Ellipse((2.5, -1.0), (2.0, 1.0), -np.pi / 6))


def train_variant(name: str, num_steps: int = NUM_STEPS, seed: int = 0) -> BridgingVAE:
    """Trains a bridge between the two ellipses.

    Args:
        name: One of `VARIANTS`.
        num_steps: Number of steps, each with 128 points of each ellipse.
        seed: Random seed of points, weights and noise.
    """
    keras.utils.set_random_seed(seed)
    bridge = BridgingVAE(
        [2, 2], 2, shared_dim=2, hidden_units=(64, 64, 64), beta_kl=BETA_KL, seed=seed, **VARIANTS[name]
    )
    bridge.build()
    bridge.compile(optimizer=FusedAdam(make_schedule("cosine", 3e-3, num_steps)), **training_steps.compile_options())
    # Only the classifier may use labels, so batches are not balanced by them.
    batches = make_batches([ellipse.sample(10_000, seed + i) for i, ellipse in enumerate(ELLIPSES)], 2, "uniform", seed)
    training.train(bridge, batches, num_steps=num_steps, batch_size=128, description=name)
    return bridge


def evaluate_variant(bridge: BridgingVAE, seed: int = 100) -> dict[str, float]:
    """Measures how well a bridge translates points that it was not trained on, in the mean over both directions.

    Returns:
        "class_accuracy", the share of translations in the half that their source's class says; "swd", the sliced
        Wasserstein distance W_2^2 between translations and points of the target; "linearity", the share (R^2) of the
        variance of the translations' positions that an affine map of their sources' positions explains. Linearity
        is near 1 if local structure is preserved.
    """
    accuracy, distance, linearity = [], [], []
    for source, target in ((0, 1), (1, 0)):
        points = ELLIPSES[source].sample(NUM_POINTS, seed)
        translated = bridge.translate(tf.constant(points.mu), source, target).numpy()
        position = ELLIPSES[target].position(translated)
        accuracy.append(np.mean((position[:, 0] > 0) == points.labels))
        own = ELLIPSES[target].sample(NUM_POINTS, seed + 1).mu
        distance.append(float(losses.sliced_wasserstein_distance(translated, own, seed=seed)))
        known = np.column_stack([ELLIPSES[source].position(points.mu), np.ones(NUM_POINTS)])
        residual = position - known @ np.linalg.lstsq(known, position, rcond=None)[0]
        linearity.append(1 - residual.var(axis=0).sum() / position.var(axis=0).sum())
    return {
        "class_accuracy": float(np.mean(accuracy)),
        "swd": float(np.mean(distance)),
        "linearity": float(np.mean(linearity)),
    }


def figure(path: str | os.PathLike, bridges: Mapping[str, BridgingVAE], seed: int = 100) -> Path:
    """Draws Figure 9, or Figure 2 if there is one bridge: a row for each bridge, with the columns `COLUMNS`.

    A point has the colour of its domain, darker along the long axis of the ellipse. Light grey points are the
    target's own; a black line is the classifier's decision boundary.

    Args:
        path: The file to write; its suffix says which kind.
        bridges: Bridges by the names of their rows.
        seed: Random seed of the points.

    Returns:
        `path`.
    """
    points = [ellipse.sample(NUM_POINTS, seed).mu for ellipse in ELLIPSES]
    colours = [
        colour(0.5 + 0.5 * ellipse.position(x)[:, 0])
        for colour, ellipse, x in zip(_COLOURS, ELLIPSES, points, strict=True)
    ]
    drawing = Figure(figsize=(2.2 * len(COLUMNS), 0.4 + 2.1 * len(bridges)), layout="constrained")
    rows = drawing.subplots(len(bridges), len(COLUMNS), squeeze=False)
    for axes, (name, bridge) in zip(rows, bridges.items(), strict=True):
        axes[0].set_ylabel(name)
        for domain in range(2):
            other = 1 - domain
            mu, _ = bridge.encode(tf.constant(points[domain]), domain)
            _scatter(axes[0], points[domain], colours[domain])
            _scatter(axes[1], bridge.decode(mu, domain).numpy(), colours[domain])
            _scatter(axes[2 + domain], points[other], "#d9d9d9")
            _scatter(axes[2 + domain], bridge.decode(mu, other).numpy(), colours[domain])
            _scatter(axes[4], mu.numpy(), colours[domain])
        if bridge.config.beta_cls:
            _boundary(axes[4], bridge)
    for axis, column in zip(rows[0], COLUMNS, strict=True):
        axis.set_title(column)
    limit = 1.1 * np.abs(np.concatenate(points)).max()
    for axis in rows[:, :4].flat:
        axis.set(xlim=(-limit, limit), ylim=(-limit, limit))
    for axis in rows.flat:
        axis.set(xticks=[], yticks=[], box_aspect=1)
    return figures.write(drawing, path)


def _scatter(axis: Axes, points: np.ndarray, colours: np.ndarray | str) -> None:
    # Thousands of points as vectors would make the file slow to display.
    axis.scatter(points[:, 0], points[:, 1], s=3, c=colours, linewidths=0, rasterized=True)


def _boundary(axis: Axes, bridge: BridgingVAE) -> None:
    kernel, bias = bridge.classifier.get_weights()
    (a, b), c = kernel[:, 1] - kernel[:, 0], bias[1] - bias[0]
    limits = axis.get_xlim(), axis.get_ylim()
    nearest = -c * np.array([a, b]) / (a**2 + b**2)  # The point of the boundary that is nearest to the origin.
    axis.axline(nearest, nearest + [-b, a], color="black")
    axis.set(xlim=limits[0], ylim=limits[1])
