"""TFRecords of `tf.train.Example`."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from latent_xlate import checks
from latent_xlate.batching import as_graph, good_rows
from latent_xlate.bulk import storage
from latent_xlate.bulk.record_source import LABEL, RecordSource, Rows, choose_feature, damaged
from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.modalities.modality import Modality
from latent_xlate.serving.signature_name import Payload


@dataclasses.dataclass(frozen=True)
class TFRecordSource(RecordSource):
    """Records of `tf.train.Example`, in files that may be compressed (`.gz`)."""

    @classmethod
    def matching(cls, pattern: str, modality: Modality, part_size: int, feature: str | None) -> TFRecordSource:
        """Takes the files that match a pattern. The first record says what all of them hold.

        Args:
            pattern: As `storage.matching` takes it.
            modality: The kind of data.
            part_size: Largest number of instances of a part.
            feature: Name of the content; None for the first of `record_source.FEATURES` that is there.

        Raises:
            ValueError: There is no file, the first one has no record, or its records have no such feature.
        """
        root, paths = storage.matching(pattern)
        with storage.local_copy(paths[0]) as local:
            try:
                record = next(iter(_dataset(local).take(1).as_numpy_iterator()), None)
                features = tf.train.Example.FromString(record).features.feature if record is not None else {}
            except (tf.errors.OpError, DecodeError) as error:
                raise ValueError(f"{paths[0]} holds no tf.train.Example ({checks.sentence(error)}).") from None
        feature = choose_feature(feature, features, paths[0])
        payload = Payload.FILES if features[feature].WhichOneof("kind") == "bytes_list" else Payload.ARRAYS
        labelled = LABEL in features and features[LABEL].WhichOneof("kind") == "int64_list"
        return cls(root, tuple(paths), modality, part_size, feature, payload, labelled)

    def _rows(self, path: Path) -> Iterator[Rows]:
        rows, read, dataset = None, 0, _dataset(path)
        try:
            for records in dataset.batch(self.read_at_once).as_numpy_iterator():
                rows = self._parse(records)
                read += rows.count
                yield rows
        except tf.errors.DataLossError:  # What lay before it in the same batch is lost with it: it is read singly.
            singly: list[bytes] = []
            try:
                singly.extend(dataset.skip(read).as_numpy_iterator())
            except tf.errors.DataLossError as error:
                if singly:
                    rows = self._parse(np.array(singly, object))
                    yield rows
                yield damaged(checks.sentence(error), rows)

    def _parse(self, records: np.ndarray) -> Rows:
        _, parsed, errors = good_rows(self._parse_examples, records, batch_size=len(records))
        content, labels = parsed or self._parse_examples(records[:0])
        reasons = {row: checks.sentence(error) for row, error in errors.items()}
        faults = {row: f"it is no record with {self.feature!r} ({reason})" for row, reason in reasons.items()}
        return Rows(len(records), content, labels, faults)

    def _parse_examples(self, records: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        shape = () if self.payload is Payload.FILES else self.modality.shape
        content, labels = _parser(self.feature, shape, self.payload, self.labelled)(tf.constant(records, tf.string))
        return content.numpy(), labels.numpy()


@functools.lru_cache(maxsize=1)
def _parser(feature: str, shape: tuple[int, ...], payload: Payload, labelled: bool) -> Callable[..., Any]:
    """A graph from serialised records to contents and labels, whose operations called singly would take longer."""
    wanted = {feature: tf.io.FixedLenFeature(shape, tf.string if payload is Payload.FILES else tf.float32)}
    if labelled:
        wanted[LABEL] = tf.io.FixedLenFeature((), tf.int64, UNLABELLED)

    def parse(records: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        parsed = tf.io.parse_example(records, wanted)
        return parsed[feature], parsed.get(LABEL, tf.fill(tf.shape(records), tf.constant(UNLABELLED, tf.int64)))

    return as_graph(parse)


def _dataset(path: Path) -> tf.data.TFRecordDataset:
    return tf.data.TFRecordDataset(str(path), "GZIP" if path.suffix == ".gz" else None)
