"""Labelled instances in memory, whatever they are of."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from latent_xlate.modalities.modality import Modality

VALIDATION_SHARE = 12
"""One in so many training instances is held out of all training, to choose models by."""

SPLITS = ("train", "validation", "test")

MAX_CLASSES = 256

UNLABELLED = -1
"""Label of an instance whose class is not known."""


@dataclasses.dataclass(frozen=True)
class Labelled:
    """Instances with their classes.

    Attributes:
        content: The instances as data sets keep them, of the modality's `stored_dtype`, [n, *shape].
        labels: int64 [n], UNLABELLED where unlabelled.
        class_names: Name of each class, by label; at most MAX_CLASSES.
        modality: The kind of data.
    """

    content: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]
    modality: Modality

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def floats(self) -> np.ndarray:
        """The instances as models take them, float32 [n, *shape]."""
        return self.modality.from_stored(self.content)

    def take(self, indices: Any) -> Labelled:
        """Those at `indices` (an index array or a slice)."""
        return dataclasses.replace(self, content=self.content[indices], labels=self.labels[indices])

    def with_content(self, content: np.ndarray) -> Labelled:
        """Other instances, [n, ...], with the same labels."""
        return dataclasses.replace(self, content=content)

    def augmented(self) -> list[Labelled]:
        """All instances changed a little, in several ways; each is of the class that it was of."""
        return [self.with_content(content) for content in self.modality.augmented(self.content)]


Splits = Mapping[str, Labelled]
"""The splits that are stored, "train" and "test"."""


def record_digests(data: Labelled) -> list[bytes]:
    """md5 of each instance's bytes and label."""
    records = zip(data.content, data.labels, strict=True)
    return [hashlib.md5(instance.tobytes() + bytes([label & 255])).digest() for instance, label in records]


def in_canonical_order(data: Labelled) -> tuple[Labelled, str]:
    """Orders instances by the md5 of their content, which also gives a checksum of the whole.

    The order is that of a shuffle, and the same whatever way the instances came, so that a seed gives
    the same numbers from any source.

    Returns:
        The instances in order, and the md5 (hex) of all content.
    """
    digests = record_digests(data)
    order = sorted(range(len(digests)), key=digests.__getitem__)
    return data.take(order), hashlib.md5(b"".join(digests[i] for i in order)).hexdigest()


def cut_validation(data: Labelled, split: str) -> Labelled:
    """The part "train" or "validation" of the training instances in canonical order."""
    cut = len(data) // VALIDATION_SHARE
    return data.take(slice(0, cut)) if split == "validation" else data.take(slice(cut, None))
