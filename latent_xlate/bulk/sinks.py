"""Where results go: shards of TFRecords, or a file for each instance. Names depend on the input alone."""

from __future__ import annotations

import abc
import csv
import dataclasses
import functools
from collections.abc import Iterable
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


def examples(result: Result) -> Iterable[bytes]:
    """The serialised `tf.train.Example` of each instance."""
    for row, (key, label) in enumerate(zip(result.keys, result.labels.tolist(), strict=True)):
        features = {"key": _bytes(key.encode("utf-8", "surrogateescape"))}
        if label != UNLABELLED:
            features["label"] = tf.train.Feature(int64_list=tf.train.Int64List(value=[label]))
        for name, values in result.features.items():
            value = values[row]
            features[name] = _floats(value) if isinstance(value, np.ndarray) else _bytes(value)
        yield tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def _bytes(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def _floats(value: np.ndarray) -> tf.train.Feature:
    return tf.train.Feature(float_list=tf.train.FloatList(value=value))


def write_rejected(output: str, rejected: Iterable[Rejected]) -> None:
    """Writes the table of rejected instances, in the order of their names: `key`, `reason`."""

    def write(path: Path) -> None:
        with path.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
            writer = csv.writer(file)
            writer.writerow(["key", "reason"])
            writer.writerows(sorted((each.key, each.reason) for each in rejected))

    storage.write(storage.join(output, REJECTED_FILE), write)
