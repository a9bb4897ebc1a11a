"""The random choice of the instances whose labels a training with few labels sees."""

from __future__ import annotations

import numpy as np


def choose_labelled(labels: np.ndarray, num_classes: int, per_class: int, seed: int) -> np.ndarray:
    """Chooses the first instances of each class in a random order, as a user would who labels until there are enough.

    Args:
        labels: Integers [n], -1 where unlabelled.
        num_classes: Number of classes.
        per_class: Number of instances of each class.
        seed: Seed of the order.

    Returns:
        Their indices in ascending order, int64 [num_classes * per_class].

    Raises:
        ValueError: A class has fewer instances.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    chosen = [order[labels[order] == label][:per_class] for label in range(num_classes)]
    for label, indices in enumerate(chosen):
        if len(indices) < per_class:
            raise ValueError(f"Class {label} has {len(indices)} labelled instances, fewer than {per_class} a class.")
    return np.sort(np.concatenate(chosen))
