"""The interface of a modality, which reads, checks, writes, stores and shows data of one kind."""

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

    All code that handles files or arrays of data calls the modality, which does not depend on domains or data sets.
    The methods on tensors can be traced by `tf.function`. `x` is a batch of instances, float32 [batch, *shape].

    A new kind is a frozen dataclass in a module of its own, decorated with `register`. Its fields are its settings and
    must be JSON-serialisable.
    """

    kind: ClassVar[str]
    """Name of the kind in configurations, and of its feature in TFDS data sets."""

    noun: ClassVar[str]
    """Name of one instance in messages; its plural ends in s."""

    file_suffixes: ClassVar[tuple[str, ...]]
    """Lower-case endings of the files that `prepare` accepts."""

    other_suffixes: ClassVar[tuple[str, ...]] = ()
    """Lower-case endings of files of this kind that are not read, so that messages can say what to do with them."""

    file_suffix: ClassVar[str]
    """Ending of the files that `write` returns."""

    array_names: ClassVar[tuple[str, ...]] = ("x",)
    """Names of the array of many instances in npz files, the first that is there; what is written has the first."""

    limits: ClassVar[tuple[float, float]] = (-np.inf, np.inf)
    """Smallest and largest value of data."""

    stored_dtype: ClassVar[type[np.generic]] = np.float32
    """Type of an instance in a data set."""

    full_scale: ClassVar[float] = 1.0
    """Divisor that converts stored values to x."""

    is_drawn: ClassVar[bool] = False
    """Whether people can draw an instance by hand."""

    is_played: ClassVar[bool] = False
    """Whether people can listen to the file of an instance, in addition to looking at its picture."""

    @property
    @abc.abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of one x."""

    @classmethod
    def of_shape(cls, shape: Sequence[int]) -> Self | None:
        """Returns the modality of data that are known by their shape alone; None if they are not of this kind."""
        return None

    @abc.abstractmethod
    def read(self, files: tf.Tensor) -> tf.Tensor:
        """Decodes the contents of files, string [batch], to x, in graph.

        Raises:
            tf.errors.InvalidArgumentError: A file is damaged or not of this kind; `checks.sentence` says what is wrong.
        """

    @abc.abstractmethod
    def write(self, x: tf.Tensor) -> tf.Tensor:
        """Encodes x as the contents of files, string [batch], in graph."""

    @abc.abstractmethod
    def pictures(self, x: tf.Tensor) -> tf.Tensor:
        """Shows x as pictures, in graph: float32 [batch, height, width, 1 or 3], in [0, 1]."""

    def check(self, x: np.ndarray) -> np.ndarray:
        """Returns a user's batch of data as float32.

        Raises:
            ValueError: Wrong shape or dtype, NaN or infinite values, or values outside `limits`.
        """
        return checks.floats(x, self.shape, f"{self.noun}s", self.limits)

    def prepare(self, path: Path) -> bytes:
        """Reads a file from disk and converts it to a form that `read` accepts, or refuses.

        Raises:
            OSError: The file cannot be opened.
            ValueError: The file cannot be read; the message is the reason, without the name of the file.
        """
        return path.read_bytes()

    def way_out(self, paths: Sequence[Path]) -> str:
        """What to do with files that are not read, for the end of a sentence; "" if none has `other_suffixes`."""
        endings = sorted({path.suffix.lower() for path in paths} & set(self.other_suffixes))
        return f"save {' and '.join(endings)} files as {self.file_suffix[1:].upper()}" if endings else ""

    def left_out(self, content: bytes) -> str:
        """Says what `read` leaves out of a file that it reads, which `prepare` returned; "" if that is nothing.

        Returns:
            The predicate of a sentence about the file, "only the first of its 12 pictures is read" say.
        """
        return ""

    def older_form(self, content: bytes) -> bytes | None:
        """Converts what `prepare` returned to a form that exports of earlier versions read; None if there is none.

        Raises:
            tf.errors.InvalidArgumentError: The file cannot be read; the message holds a sentence about it.
        """
        return None

    def picture_of_file(self, content: bytes) -> np.ndarray:
        """Shows a file that `prepare` or `write` returned: float32 [height, width, 1 or 3], in [0, 1]."""
        return self.pictures(self.read(tf.constant([content])))[0].numpy()

    def clip(self, x: tf.Tensor) -> tf.Tensor:
        """Clips x to `limits`, in graph."""
        return tf.clip_by_value(x, *self.limits)

    def to_stored(self, x: np.ndarray) -> np.ndarray:
        """Quantises x to the stored form, `stored_dtype` [n, *shape]."""
        if not np.issubdtype(self.stored_dtype, np.integer):
            return x.astype(self.stored_dtype)
        info = np.iinfo(np.dtype(self.stored_dtype))
        return np.clip(np.round(x * np.float32(self.full_scale)), info.min, info.max).astype(self.stored_dtype)

    def from_stored(self, content: np.ndarray) -> np.ndarray:
        """Converts stored instances to x, float32 [n, *shape]; the inverse of `to_stored`."""
        return content.astype(np.float32) / np.float32(self.full_scale)

    def augmented(self, content: np.ndarray) -> list[np.ndarray]:
        """Returns augmented copies of stored instances, one array for each augmentation; may be empty."""
        return []

    def with_settings(self, **settings: Any) -> Self:
        """Returns the modality with some settings changed; settings that its kind does not have are ignored.

        Raises:
            ValueError: A setting has a bad value.
        """
        names = {field.name for field in dataclasses.fields(self)}  # type: ignore[arg-type]
        known = {name: value for name, value in settings.items() if name in names}
        return dataclasses.replace(self, **known)  # type: ignore[type-var]

    def get_config(self) -> dict[str, Any]:
        """Returns the kind and its settings, JSON-serialisable, for `from_config`."""
        return {"kind": self.kind, **dataclasses.asdict(self)}  # type: ignore[call-overload]


ModalityT = TypeVar("ModalityT", bound=Modality)

_KINDS: dict[str, type[Modality]] = {}


def register(modality: type[ModalityT]) -> type[ModalityT]:
    """Registers a kind of data by its name; a class decorator."""
    _KINDS[modality.kind] = modality
    return modality


def kinds() -> tuple[type[Modality], ...]:
    """All registered kinds, in order of registration."""
    return tuple(_KINDS.values())


def from_config(config: Mapping[str, Any]) -> Modality:
    """Makes a modality from the result of `Modality.get_config`.

    Raises:
        ValueError: The kind is unknown, or it does not have one of the settings.
    """
    settings = dict(config)
    kind = _KINDS[checks.known(str(settings.pop("kind", None)), _KINDS, "kind of data")]
    try:
        return kind(**settings)
    except TypeError as error:
        raise ValueError(f"{settings} are not the settings of data of kind {kind.kind!r} ({error}).") from None


def of_shape(shape: Sequence[int]) -> Modality | None:
    """Returns the modality, with default settings, of the first registered kind that recognises the shape, or None."""
    found = (kind.of_shape(shape) for kind in kinds())
    return next((modality for modality in found if modality is not None), None)
