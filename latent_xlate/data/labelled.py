"""Labelled instances of any modality, in memory or on disk."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from latent_xlate.data import disk_arrays
from latent_xlate.modalities.modality import Modality

VALIDATION_SHARE = 12
"""One in this many training instances is held out of all training, for choosing models."""

SPLITS = ("train", "validation", "test")

MAX_CLASSES = 256

UNLABELLED = -1
"""Label of an instance of unknown class."""

BATCH_SIZE = 256
"""Default of the largest number of instances that are read from disk at once."""


@dataclasses.dataclass(frozen=True)
class Labelled:
    """Instances with their classes.

    Attributes:
        content: The instances as data sets store them, of the modality's `stored_dtype`, [n, *shape]. Those that
            were read from files are on disk, see `disk_arrays`.
        labels: int64 [n]; UNLABELLED for an instance of unknown class.
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
        """The instances as input of models, in memory, float32 [n, *shape]."""
        return self.modality.from_stored(self.content)

    def take(self, indices: Any) -> Labelled:
        """Returns the instances at `indices`, an index array, a mask or a slice; in memory unless it is a slice."""
        return dataclasses.replace(self, content=self.content[indices], labels=self.labels[indices])

    def in_order(self, order: np.ndarray) -> Labelled:
        """Returns the instances at `order`, integers [m], on disk."""
        parts = disk_arrays.batches(self.content, order, BATCH_SIZE)
        content = disk_arrays.write(parts, self.content.shape[1:], self.content.dtype)
        return dataclasses.replace(self, content=content, labels=self.labels[order])

    def batches(self, size: int = BATCH_SIZE) -> Iterator[Labelled]:
        """Reads the instances one batch after another, so that no more of them is in memory."""
        for start in range(0, len(self), size):
            part = slice(start, start + size)
            yield dataclasses.replace(self, content=disk_arrays.rows(self.content, part), labels=self.labels[part])

    def with_content(self, content: np.ndarray) -> Labelled:
        """Returns other instances, [n, *shape], with the same labels."""
        return dataclasses.replace(self, content=content)

    def augmented(self) -> list[Labelled]:
        """Returns one augmented copy of all instances for each augmentation of the modality; classes do not change."""
        return [self.with_content(content) for content in self.modality.augmented(self.content)]


Splits = Mapping[str, Labelled]
"""The stored splits, "train" and "test", and "validation" where a data set has its own."""


def record_digests(data: Labelled) -> list[bytes]:
    """Returns the MD5 digest of each instance's bytes and label."""
    return [
        hashlib.md5(instance.tobytes() + bytes([label & 255])).digest()
        for part in data.batches()
        for instance, label in zip(part.content, part.labels, strict=True)
    ]


def checksum(data: Labelled) -> str:
    """Returns the MD5 digest (hexadecimal) of all content, which does not depend on the order of the instances."""
    return _checksum(record_digests(data))


def _checksum(digests: list[bytes]) -> str:
    return hashlib.md5(b"".join(sorted(digests))).hexdigest()


def in_canonical_order(data: Labelled) -> tuple[Labelled, str]:
    """Orders instances by the MD5 digest of their content, and computes a checksum of all.

    The order looks random, and it does not depend on the order in which the source has the instances. So the same seed
    gives the same results with every source.

    Returns:
        The instances in this order, and their `checksum`.
    """
    digests = record_digests(data)
    order = sorted(range(len(digests)), key=digests.__getitem__)
    return data.in_order(np.array(order, np.int64)), _checksum(digests)


def cut_validation(data: Labelled, split: str) -> Labelled:
    """Returns the part "train" or "validation" of the training instances, which are in canonical order."""
    cut = len(data) // VALIDATION_SHARE
    return data.take(slice(0, cut)) if split == "validation" else data.take(slice(cut, None))
