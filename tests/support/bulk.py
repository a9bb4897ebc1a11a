"""Data sets for the tests of bulk work, and what becomes of them."""

from __future__ import annotations

import csv
import pickle
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from latent_xlate.serving.signature_name import Payload
from tests.support import tiny


def arrays(count: int) -> np.ndarray:
    """Images of the tiny domain, float32 [count, 28, 28, 1]."""
    domain = tiny.image_domain()
    return domain.decode(domain.sample_prior(count)).numpy()


def pictures(count: int) -> list[bytes]:
    """The same as PNG files."""
    return tiny.image_domain().write(tf.constant(arrays(count))).numpy().tolist()


def example(**values: Any) -> bytes:
    """A serialised `tf.train.Example` of bytes, whole numbers and arrays."""
    features = {}
    for name, value in values.items():
        if isinstance(value, bytes):
            features[name] = tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
        elif isinstance(value, int):
            features[name] = tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
        else:
            features[name] = tf.train.Feature(float_list=tf.train.FloatList(value=np.ravel(value)))
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def write_records(path: Path, records: Iterable[bytes], compression: str = "") -> Path:
    """Writes a file of records."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path), compression) as writer:
        for record in records:
            writer.write(record)
    return path


def read_records(folder: Path) -> dict[str, dict[str, Any]]:
    """The features of all records in a folder, by `key`; asserts that no key is there twice."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(Path(folder).glob("*.tfrecord")):
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            features = {name: _value(feature) for name, feature in _features(record).items()}
            key = features.pop("key").decode()
            assert key not in found
            found[key] = features
    return found


def _features(record: bytes) -> Any:
    return tf.train.Example.FromString(record).features.feature


def _value(feature: tf.train.Feature) -> Any:
    values = getattr(feature, feature.WhichOneof("kind")).value
    return np.array(values, np.float32) if feature.WhichOneof("kind") == "float_list" else values[0]


def rejected(folder: Path) -> dict[str, str]:
    """The table of rejected instances: reasons by key."""
    with (Path(folder) / "rejected.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["key", "reason"]
    assert len(dict(rows)) == len(rows)
    return dict(rows)


def parts(source: Any, done: Sequence[str] = ()) -> list[Any]:
    """All parts of a source but those of the names in `done`."""
    reader = pickle.loads(pickle.dumps(source.reader()))
    return [part for unit in source.units() for part in reader.read(unit, lambda name: name in done)]


def contents(folder: Path) -> dict[str, bytes]:
    """Contents of all files below a folder, by their path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


FILES, ARRAYS = Payload.FILES, Payload.ARRAYS
