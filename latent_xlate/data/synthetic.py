"""Small synthetic images for tests and examples that must work without a download."""

from __future__ import annotations

import numpy as np

from latent_xlate.data.images import labelled_images
from latent_xlate.data.labelled import Labelled


def digits_like(num_images: int, num_classes: int = 10, seed: int = 0, image_size: int = 28) -> Labelled:
    """Draws noisy bars on black, at a different angle for each class; a small network learns them in seconds.

    Args:
        num_images: Number of images; each class has the same number, or one less.
        num_classes: Number of classes.
        seed: Seed of all random numbers.
        image_size: Height and width.

    Returns:
        uint8 images [num_images, image_size, image_size, 1] in random order; classes are named "0", "1", ...
    """
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(num_images) % num_classes)
    angles = np.pi * (labels + rng.uniform(-0.2, 0.2, num_images)) / num_classes
    offsets = rng.uniform(-0.15, 0.15, num_images)
    y, x = np.meshgrid(*[np.linspace(-1, 1, image_size)] * 2, indexing="ij")
    cos, sin, offsets = (values[:, None, None] for values in (np.cos(angles), np.sin(angles), offsets))
    across, along = x * sin - y * cos - offsets, x * cos + y * sin
    ink = np.exp(-((across / 0.15) ** 2)) * (np.abs(along) < 0.8)
    pixels = 255 * np.clip(ink + rng.normal(0, 0.05, ink.shape), 0, 1)
    return labelled_images(pixels.astype(np.uint8)[..., None], labels, tuple(str(k) for k in range(num_classes)))
