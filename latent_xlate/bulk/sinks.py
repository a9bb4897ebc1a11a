"""Where results go: shards of TFRecords, or a file for each instance. Names depend on the input alone."""

from __future__ import annotations

import abc
import csv
import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from latent_xlate.bulk import storage
from latent_xlate.bulk.parts import Rejected, Result
from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.serving.signature_name import Payload

REJECTED_FILE = "rejected.csv"


@dataclasses.dataclass(frozen=True)
class Sink(abc.ABC):
    """Writes results below a folder. Written again, a result replaces itself.

    Attributes:
        output: The folder.
    """

    output: str

    @abc.abstractmethod
    def write(self, result: Result) -> None:
        """Writes the result of a part."""


@dataclasses.dataclass(frozen=True)
class TFRecordSink(Sink):
    """Writes `<part>.tfrecord`: for each instance a `tf.train.Example` of its results, `key` and, if any, `label`."""

    def write(self, result: Result) -> None:
        def write(path: Path) -> None:
            with tf.io.TFRecordWriter(str(path)) as writer:
                for record in examples(result):
                    writer.write(record)

        storage.write(storage.join(self.output, f"{result.name}.tfrecord"), write)


@dataclasses.dataclass(frozen=True)
class FileSink(Sink):
    """Writes a file for each instance: its key, and the ending of its kind where the key has not that ending already.

    Attributes:
        suffix: The ending.
    """

    suffix: str

    def path(self, key: str) -> str:
        """The place of an instance's file."""
        return storage.join(self.output, key if key.lower().endswith(self.suffix) else f"{key}{self.suffix}")

    def write(self, result: Result) -> None:
        for key, content in zip(result.keys, result.features[Payload.FILES.key], strict=True):
            storage.write(self.path(key), functools.partial(Path.write_bytes, data=content))


def examples(result: Result) -> Iterator[bytes]:
    """Serialises a `tf.train.Example` of each instance; the same result gives the same bytes."""
    # One message whose values are replaced, since making messages takes several times as long.
    message = tf.train.Example()
    feature = message.features.feature
    setters = [_setter(feature[name], values) for name, values in result.features.items()]
    for row, (key, label) in enumerate(zip(result.keys, result.labels.tolist(), strict=True)):
        feature["key"].bytes_list.value[:] = [key.encode("utf-8", "surrogateescape")]
        if label != UNLABELLED:
            feature["label"].int64_list.value[:] = [label]
        else:
            feature.pop("label", None)
        for set_value in setters:
            set_value(row)
        yield message.SerializeToString(deterministic=True)


def _setter(feature: tf.train.Feature, values: np.ndarray) -> Callable[[int], None]:
    """A function that puts the value of a row into a feature: bytes, or a float32 array of any shape."""
    if values.dtype == object:

        def set_bytes(row: int) -> None:
            feature.bytes_list.value[:] = [values[row]]

        return set_bytes
    # Appending one number after the other would take longer than the model: the list is parsed as protobuf has it.
    size = tf.train.FloatList(value=np.ravel(values[0]).tolist()).SerializeToString() if len(values) else b""
    head = size[: len(size) - values[:1].nbytes]
    little_endian = values.astype("<f4", copy=False)

    def set_floats(row: int) -> None:
        feature.float_list.ParseFromString(head + little_endian[row].tobytes())

    return set_floats


def write_rejected(output: str, rejected: Iterable[Rejected]) -> None:
    """Writes the table of rejected instances, in the order of their names: `key`, `reason`."""

    def write(path: Path) -> None:
        with path.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
            writer = csv.writer(file)
            writer.writerow(["key", "reason"])
            writer.writerows(sorted((each.key, each.reason) for each in rejected))

    storage.write(storage.join(output, REJECTED_FILE), write)
