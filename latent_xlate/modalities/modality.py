"""The interface of a kind of data: how instances are read, checked, written, stored and shown."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
import tensorflow as tf

from latent_xlate import checks


class Modality(abc.ABC):
    """One kind of data with its settings.

    A modality knows nothing of domains and data sets; whatever touches files or arrays of data asks it. The methods
    on tensors can be traced by `tf.function`. `x` is a batch of instances, float32 [batch, *shape].

    A new kind is a frozen dataclass in a module of its own, decorated with `register`. Its fields are its
    settings and are JSON-serialisable.
    """

    kind: ClassVar[str]
    """Name of the kind in configurations, and of its feature in TFDS data sets."""

    noun: ClassVar[str]
    """What messages call one instance; its plural ends in s."""

    file_suffixes: ClassVar[tuple[str, ...]]
    """Lower-case endings of the files that `prepare` takes."""

    file_suffix: ClassVar[str]
    """Ending of the files that `write` gives."""

    unreadable: ClassVar[str]
    """What a message says of a file that `read` refuses."""

    limits: ClassVar[tuple[float, float]] = (-np.inf, np.inf)
    """Least and largest value of data."""

    stored_dtype: ClassVar[type[np.generic]] = np.float32
    """Type of an instance in a data set."""

    full_scale: ClassVar[float] = 1.0
    """What stored values are divided by to give x."""

    is_drawn: ClassVar[bool] = False
    """Whether people can draw an instance by hand."""

    is_played: ClassVar[bool] = False
    """Whether people listen to an instance's file, beside looking at its picture."""

    @property
    @abc.abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of one x."""

    @classmethod
    def of_shape(cls, shape: Sequence[int]) -> Self | None:
        """The modality of data of a shape where nothing else tells their kind; None unless the shape tells it."""
        return None

    @abc.abstractmethod
    def read(self, files: tf.Tensor) -> tf.Tensor:
        """Decodes the content of files, string [batch], into x, in graph.

        Raises:
            tf.errors.InvalidArgumentError: A file is not of this kind, or damaged.
        """

    @abc.abstractmethod
    def write(self, x: tf.Tensor) -> tf.Tensor:
        """Encodes x as the content of files, string [batch], in graph."""

    @abc.abstractmethod
    def pictures(self, x: tf.Tensor) -> tf.Tensor:
        """Pictures of x for people to look at: float32 [batch, height, width, 1 or 3], in [0, 1]; in graph."""

    def check(self, x: np.ndarray) -> np.ndarray:
        """Returns a user's batch of data as float32.

        Raises:
            ValueError: Wrong shape or dtype, NaN or infinite values, or values outside `limits`.
        """
        return checks.floats(x, self.shape, f"{self.noun}s", self.limits)

    def prepare(self, path: Path) -> bytes:
        """Reads a file from disk and brings it to a form that `read` takes.

        Raises:
            OSError: The file cannot be opened.
            ValueError: The file is known to be unreadable; the message says why.
        """
        content = path.read_bytes()
        if not content:
            raise ValueError("it is empty")
        return content

    def picture_of_file(self, content: bytes) -> np.ndarray:
        """Picture of a file that `prepare` or `write` gave: float32 [height, width, 1 or 3], in [0, 1]."""
        return self.pictures(self.read(tf.constant([content])))[0].numpy()

    def clip(self, x: tf.Tensor) -> tf.Tensor:
        """Brings x within `limits`, in graph."""
        return tf.clip_by_value(x, *self.limits)

    def to_stored(self, x: np.ndarray) -> np.ndarray:
        """Quantises x to `stored_dtype`, as data sets keep it."""
        if not np.issubdtype(self.stored_dtype, np.integer):
            return x.astype(self.stored_dtype)
        info = np.iinfo(np.dtype(self.stored_dtype))
        return np.clip(np.round(x * np.float32(self.full_scale)), info.min, info.max).astype(self.stored_dtype)

    def from_stored(self, content: np.ndarray) -> np.ndarray:
        """The inverse of `to_stored`: float32 [n, *shape]."""
        return content.astype(np.float32) / np.float32(self.full_scale)

    def augmented(self, content: np.ndarray) -> list[np.ndarray]:
        """Stored instances changed a little, in several ways that keep their class; none where none are known."""
        return []

    def with_settings(self, **settings: Any) -> Self:
        """The same modality with other settings; those that its kind does not have are left out.

        Raises:
            ValueError: A setting has a bad value.
        """
        names = {field.name for field in dataclasses.fields(self)}  # type: ignore[arg-type]
        known = {name: value for name, value in settings.items() if name in names}
        return dataclasses.replace(self, **known)  # type: ignore[type-var]

    def get_config(self) -> dict[str, Any]:
        """The kind and its settings, JSON-serialisable, for `from_config`."""
        return {"kind": self.kind, **dataclasses.asdict(self)}  # type: ignore[call-overload]


ModalityT = TypeVar("ModalityT", bound=Modality)

_KINDS: dict[str, type[Modality]] = {}


def register(modality: type[ModalityT]) -> type[ModalityT]:
    """Class decorator that makes a kind of data known by its name."""
    _KINDS[modality.kind] = modality
    return modality


def kinds() -> tuple[type[Modality], ...]:
    """All registered kinds, first registered first."""
    return tuple(_KINDS.values())


def from_config(config: Mapping[str, Any]) -> Modality:
    """Makes the modality that `Modality.get_config` described.

    Raises:
        ValueError: An unknown kind, or settings that it does not have.
    """
    settings = dict(config)
    kind = _KINDS[checks.known(str(settings.pop("kind", None)), _KINDS, "kind of data")]
    try:
        return kind(**settings)
    except TypeError as error:
        raise ValueError(f"{settings} are not the settings of data of kind {kind.kind!r} ({error}).") from None


def of_shape(shape: Sequence[int]) -> Modality | None:
    """The modality of data of a shape, with the usual settings, where a registered kind knows such data by it."""
    found = (kind.of_shape(shape) for kind in kinds())
    return next((modality for modality in found if modality is not None), None)
