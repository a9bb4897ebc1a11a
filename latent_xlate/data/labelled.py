"""Labelled instances in memory, whatever they are of."""

from __future__ import annotations

import abc
import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

VALIDATION_SHARE = 12
"""One in so many training instances is held out of all training, to choose models by."""

SPLITS = ("train", "validation", "test")

MAX_CLASSES = 256

UNLABELLED = -1
"""Label of an instance whose class is not known."""


class Labelled(abc.ABC):
    """Instances with their classes. Subclasses are frozen dataclasses, whose first field holds the instances."""

    noun: ClassVar[str]
    """What an instance is called."""

    full_scale: ClassVar[float]
    """What integers are divided by, to lie in [0, 1] or, where they are signed, in [-1, 1]."""

    labels: np.ndarray
    """int64 [n], UNLABELLED where unlabelled."""

    class_names: tuple[str, ...]
    """Name of each class, by label; at most MAX_CLASSES."""

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def content(self) -> np.ndarray:
        """The instances, [n, ...]."""
        return getattr(self, _content_field(self))

    @property
    def floats(self) -> np.ndarray:
        """The instances as models take them, float32 [n, ...] in [0, 1] or [-1, 1]."""
        return self.content.astype(np.float32) / np.float32(self.full_scale)

    def take(self, indices) -> Self:
        """Those at `indices` (an index array or a slice)."""
        return self._replaced(self.content[indices], self.labels[indices])

    def with_content(self, content: np.ndarray) -> Self:
        """Other instances, [n, ...], with the same labels."""
        return self._replaced(content, self.labels)

    @abc.abstractmethod
    def augmented(self) -> list[Self]:
        """All instances changed a little, in several ways; each is of the class that it was of."""

    def _replaced(self, content, labels):
        return dataclasses.replace(self, **{_content_field(self): content, "labels": labels})  # type: ignore[type-var]


LabelledT = TypeVar("LabelledT", bound=Labelled)

Splits = Mapping[str, Labelled]
"""The splits that are stored, "train" and "test"."""


def _content_field(data: Any) -> str:
    return dataclasses.fields(data)[0].name


def record_digests(data: Labelled) -> list[bytes]:
    """md5 of each instance's bytes and label."""
    records = zip(data.content, data.labels, strict=True)
    return [hashlib.md5(instance.tobytes() + bytes([label & 255])).digest() for instance, label in records]


def in_canonical_order(data: LabelledT) -> tuple[LabelledT, str]:
    """Orders instances by the md5 of their content, which also gives a checksum of the whole.

    The order is that of a shuffle, and the same whatever way the instances came, so that a seed gives
    the same numbers from any source.

    Returns:
        The instances in order, and the md5 (hex) of all content.
    """
    digests = record_digests(data)
    order = sorted(range(len(digests)), key=digests.__getitem__)
    return data.take(order), hashlib.md5(b"".join(digests[i] for i in order)).hexdigest()


def cut_validation(data: LabelledT, split: str) -> LabelledT:
    """The part "train" or "validation" of the training instances in canonical order."""
    cut = len(data) // VALIDATION_SHARE
    return data.take(slice(0, cut)) if split == "validation" else data.take(slice(cut, None))
