"""Which instances are labelled, where labels are few."""

from __future__ import annotations

import numpy as np


def choose_labelled(labels: np.ndarray, num_classes: int, per_class: int, seed: int) -> np.ndarray:
    """Instances whose labels a user would ask for: in random order, until there are enough of each class.

    Args:
        labels: Integers [n], -1 where unlabelled.
        num_classes: Number of classes.
        per_class: How many of each class.
        seed: Of the order.

    Returns:
        Their indices in ascending order, int64 [num_classes * per_class].

    Raises:
        ValueError: A class has fewer instances.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    of_class = [order[labels[order] == label][:per_class] for label in range(num_classes)]
    for label, indices in enumerate(of_class):
        if len(indices) < per_class:
            raise ValueError(f"Class {label} has {len(indices)} labelled instances, fewer than {per_class} a class.")
    return np.sort(np.concatenate(of_class))
