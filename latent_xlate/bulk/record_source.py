"""Files of many instances, each with its content under a name and perhaps its label: what their formats share."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from latent_xlate.bulk import storage
from latent_xlate.bulk.parts import Part, Rejected
from latent_xlate.bulk.sources import PathSource, Unit, make_part
from latent_xlate.serving.signature_name import Payload

FEATURES = (Payload.FILES.key, Payload.ARRAYS.key, "image", "image/encoded", "audio")
"""Names that the content may have if none is given: the first of them that is there counts."""

LABEL = "label"
"""Name of the labels."""

_READ_AT_ONCE = 256

PART_BYTES = 64 * 2**20
"""A part ends when its content has so many bytes, so that a worker's memory is bounded."""


@dataclasses.dataclass(frozen=True)
class Rows:
    """Instances as a file has them.

    Attributes:
        count: Their number.
        content: The content of those without a fault, as in `Part`.
        labels: Their labels, int64.
        faults: Why the others cannot be used, by their place among all.
    """

    count: int
    content: np.ndarray
    labels: np.ndarray
    faults: Mapping[int, str]


@dataclasses.dataclass(frozen=True)
class RecordSource(PathSource):
    """Files of many instances. The key of each is the path of its file below `root`, and its number there.

    Attributes:
        feature: Name of the content.
        payload: Whether the content are files or arrays.
        labelled: Whether there are labels.
    """

    feature: str
    payload: Payload
    labelled: bool

    def units(self) -> list[Unit]:
        return [Unit(number, (path,)) for number, path in enumerate(self.paths)]

    def read(self, unit: Unit, is_done: Callable[[str], bool]) -> Iterator[Part]:
        (path,) = unit.items
        with storage.local_copy(path) as local:
            first = 0
            for number, group in enumerate(self._groups(local)):
                name = unit.part_name(number)
                if not is_done(name):
                    yield self._part(name, self.key(path), first, group)
                first += sum(rows.count for rows in group)

    def description(self) -> dict[str, Any]:
        return super().description() | {"feature": self.feature, "labelled": self.labelled}

    def _groups(self, path: Path) -> Iterator[list[Rows]]:
        """The rows of each part."""
        group: list[Rows] = []
        count = size = 0
        for rows in self._rows(path):
            group.append(rows)
            count += rows.count
            size += rows.content.nbytes if self.payload is Payload.ARRAYS else sum(map(len, rows.content))
            if count + self.read_at_once > self.part_size or size >= PART_BYTES:
                yield group
                group, count, size = [], 0, 0
        if group:
            yield group

    def _part(self, name: str, file: str, first: int, group: Sequence[Rows]) -> Part:
        """Makes a part of rows of a file, of which the first has the number `first` there."""
        keys: list[str] = []
        rejected: list[Rejected] = []
        for rows in group:
            names = [f"{file}/{number}" for number in range(first, first + rows.count)]
            rejected += [Rejected(names[place], reason) for place, reason in rows.faults.items()]
            keys += [key for place, key in enumerate(names) if place not in rows.faults]
            first += rows.count
        content, labels = (np.concatenate([getattr(rows, each) for rows in group]) for each in ("content", "labels"))
        return make_part(name, keys, self.payload, content, labels, rejected)

    @property
    def read_at_once(self) -> int:
        """Number of instances that are read at once."""
        return min(_READ_AT_ONCE, self.part_size)

    @abc.abstractmethod
    def _rows(self, path: Path) -> Iterator[Rows]:
        """Reads a file of this machine, at most `read_at_once` rows at once. The last row says if it is damaged."""


def damaged(reason: str, like: Rows | None) -> Rows:
    """The row that stands for what cannot be read of a file. `like` are the rows before it, if there are any."""
    content = np.zeros(0, object) if like is None else like.content[:0]
    return Rows(1, content, np.zeros(0, np.int64), {0: f"the file is damaged from here on: {reason}"})


def choose_feature(given: str | None, known: Collection[str], path: str) -> str:
    """The name of the content.

    Args:
        given: The name that was asked for, or None.
        known: All names in the file.
        path: The file.

    Raises:
        ValueError: The name is not there, or none is given and none of FEATURES is there.
    """
    if given is not None and given in known:
        return given
    found = [name for name in FEATURES if given is None and name in known]
    if not found:
        wanted = f"has no {given!r}" if given is not None else f"has none of {', '.join(FEATURES)}"
        raise ValueError(f"{path} {wanted}: name what holds the content, one of {', '.join(sorted(known)) or 'none'}.")
    return found[0]
