"""What goes through a pipeline: parts, some thousand instances each, so that Beam's cost per element vanishes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from latent_xlate.serving.signature_name import Payload


@dataclasses.dataclass(frozen=True)
class Rejected:
    """An instance that cannot be used.

    Attributes:
        key: Its name.
        reason: Why, a sentence without a full stop.
    """

    key: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Part:
    """Instances that are read, computed and written together.

    Attributes:
        name: The part's name, the same whenever the same input is read.
        keys: Name of each instance.
        payload: Whether `content` are files or arrays.
        content: Contents of files, object [n] of bytes; or arrays of the domain, float32 [n, *data_shape].
        labels: int64 [n], `UNLABELLED` where an instance has none.
        rejected: Instances that could not be read, which are not among the others.
    """

    name: str
    keys: Sequence[str]
    payload: Payload
    content: np.ndarray
    labels: np.ndarray
    rejected: Sequence[Rejected] = ()

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def num_bytes(self) -> int:
        """Bytes of the content."""
        return self.content.nbytes if self.payload is Payload.ARRAYS else sum(map(len, self.content))


@dataclasses.dataclass(frozen=True)
class Result:
    """What was computed of a part.

    Attributes:
        name: The part's name.
        keys: Names of the instances that have a result.
        labels: Their labels, int64 [n].
        features: What was computed, by name: object [n] of bytes, or float32 [n, ...].
        rejected: The part's other instances.
    """

    name: str
    keys: Sequence[str]
    labels: np.ndarray
    features: Mapping[str, np.ndarray]
    rejected: Sequence[Rejected]

    def __len__(self) -> int:
        return len(self.keys)
