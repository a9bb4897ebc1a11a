"""The interface of a source, which reads instances of one kind of data in parts."""

from __future__ import annotations

import abc
import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from latent_xlate.batching import file_rows
from latent_xlate.bulk.parts import Part, Rejected
from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.modalities.modality import Modality
from latent_xlate.serving.signature_name import Payload


@dataclasses.dataclass(frozen=True)
class Unit:
    """What one worker reads, one part after another.

    Attributes:
        number: Its place among all units.
        items: What to read: paths of files, or a part of a split.
    """

    number: int
    items: tuple[str, ...]

    def part_name(self, number: int) -> str:
        """The name of a part, by its place in the unit."""
        return f"{self.number:05d}-{number:05d}"


class Source(abc.ABC):
    """Where instances come from. A source can be pickled, and reads the same parts whenever it reads a unit."""

    @abc.abstractmethod
    def units(self) -> Sequence[Unit]:
        """What there is to read."""

    @abc.abstractmethod
    def reader(self) -> Source:
        """The source as workers need it: without a list of what there is to read, which may be long."""

    @abc.abstractmethod
    def read(self, unit: Unit, is_done: Callable[[str], bool]) -> Iterator[Part]:
        """Reads a unit.

        Args:
            unit: One of `units()`, which `reader()` can read as well.
            is_done: Whether the part of a name need not be read.

        Returns:
            The other parts.
        """

    @abc.abstractmethod
    def description(self) -> dict[str, Any]:
        """What decides which parts there are, JSON-serialisable."""


@dataclasses.dataclass(frozen=True)
class PathSource(Source):
    """Files of one kind of data, whose names are those below a folder.

    Attributes:
        root: Folder that all files lie in or below, with its `/`.
        paths: The files.
        modality: The kind of data.
        part_size: Largest number of instances of a part.
    """

    root: str
    paths: tuple[str, ...]
    modality: Modality
    part_size: int

    def reader(self) -> Source:
        return dataclasses.replace(self, paths=())

    def key(self, path: str) -> str:
        """The name of a file."""
        return path[len(self.root) :]

    def description(self) -> dict[str, Any]:
        digest = hashlib.sha256("\0".join(self.paths).encode("utf-8", "surrogateescape")).hexdigest()
        return {"files": len(self.paths), "digest": digest, "part_size": self.part_size}


def make_part(
    name: str,
    keys: Sequence[str],
    payload: Payload,
    content: Sequence[bytes] | np.ndarray,
    labels: np.ndarray | None = None,
    rejected: Sequence[Rejected] = (),
) -> Part:
    """Makes a part; `content` are files or an array, and without `labels` nothing is labelled."""
    if payload is Payload.FILES:
        content = file_rows(content)
    if labels is None:
        labels = np.full(len(keys), UNLABELLED, np.int64)
    return Part(name, keys, payload, np.asarray(content), labels, tuple(rejected))
