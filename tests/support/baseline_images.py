"""Two small domains of images: bars, and bars of another angle in black on white."""

from __future__ import annotations

import dataclasses

import numpy as np

from latent_xlate.baselines.pixel_domain import make_image_pairs
from latent_xlate.data.labelled import Labelled
from latent_xlate.data.synthetic import digits_like

SIDE = 12
SHAPE = (SIDE, SIDE, 1)
SIZE = SIDE * SIDE
NUM_CLASSES = 4


def bars(seed=0, count=240) -> Labelled:
    return digits_like(count, NUM_CLASSES, seed, SIDE)


def turned(seed=1, count=240) -> Labelled:
    """Class k has the angle that class k + 1 has among `bars`."""
    data = bars(seed, count)
    return dataclasses.replace(data, content=255 - data.content, labels=(data.labels - 1) % NUM_CLASSES)


def pairs(seed=0):
    return make_image_pairs([bars(), turned()], NUM_CLASSES, seed)


def flat(data: Labelled) -> np.ndarray:
    return data.floats.reshape(len(data), -1)


def nearest_class(z: np.ndarray, data: Labelled) -> np.ndarray:
    """The class whose mean image is nearest to each of `z`."""
    means = np.stack([flat(data)[data.labels == label].mean(axis=0) for label in range(NUM_CLASSES)])
    return np.argmin(np.linalg.norm(np.asarray(z)[:, None] - means, axis=-1), axis=1)
