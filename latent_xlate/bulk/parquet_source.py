"""Parquet files."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from latent_xlate import checks
from latent_xlate.bulk import storage
from latent_xlate.bulk.record_source import LABEL, RecordSource, Rows, choose_feature, damaged
from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.modalities.modality import Modality
from latent_xlate.serving.signature_name import Payload

_BYTES = "bytes"
"""Field of the structures that Hugging Face's data sets store pictures and sounds as."""


@dataclasses.dataclass(frozen=True)
class ParquetSource(RecordSource):
    """Parquet files. The content is a column of bytes, of structures with a field `bytes`, or of lists of numbers."""

    @classmethod
    def matching(cls, pattern: str, modality: Modality, part_size: int, feature: str | None) -> ParquetSource:
        """Takes the files that match a pattern. Arguments and errors are those of `TFRecordSource.matching`."""
        root, paths = storage.matching(pattern)
        with storage.local_copy(paths[0]) as local:
            try:
                schema = pq.read_schema(local)
            except (pa.ArrowException, OSError) as error:
                raise ValueError(f"{paths[0]} is no Parquet file ({checks.reason(error)}).") from None
        feature = choose_feature(feature, schema.names, paths[0])
        payload = _payload(schema.field(feature).type, paths[0], feature)
        labelled = LABEL in schema.names and pa.types.is_integer(schema.field(LABEL).type)
        return cls(root, tuple(paths), modality, part_size, feature, payload, labelled)

    def _rows(self, path: Path) -> Iterator[Rows]:
        rows = None
        columns = [self.feature, *([LABEL] if self.labelled else [])]
        try:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(self.read_at_once, columns=columns):
                    rows = self._convert(batch)
                    yield rows
        except (pa.ArrowException, OSError) as error:
            yield damaged(checks.reason(error), rows)

    def _convert(self, batch: pa.RecordBatch) -> Rows:
        column = batch.column(self.feature)
        if pa.types.is_struct(column.type):
            column = column.field(_BYTES)
        values = column.to_pylist() if self.payload is Payload.FILES else list(column.to_numpy(zero_copy_only=False))
        size = int(np.prod(self.modality.shape))
        faults = {}
        for row, value in enumerate(values):
            if value is None:
                faults[row] = f"it has no {self.feature!r}"
            elif self.payload is Payload.ARRAYS and len(value) != size:
                faults[row] = f"{self.feature!r} has {len(value)} numbers; expected {size}"
        good = [value for row, value in enumerate(values) if row not in faults]
        if self.payload is Payload.FILES:
            content = np.empty(len(good), object)
            content[:] = good
        else:
            content = np.reshape(np.array(good, np.float32), (len(good), *self.modality.shape))
        labels = np.full(batch.num_rows, UNLABELLED, np.int64)
        if self.labelled:
            labels = batch.column(LABEL).fill_null(UNLABELLED).to_numpy().astype(np.int64)
        return Rows(batch.num_rows, content, np.delete(labels, list(faults)), faults)


def _payload(column: pa.DataType, path: str, name: str) -> Payload:
    """Whether a column holds files or arrays; ValueError if neither."""
    if pa.types.is_struct(column) and column.get_field_index(_BYTES) >= 0:
        column = column.field(_BYTES).type
    if pa.types.is_binary(column) or pa.types.is_large_binary(column):
        return Payload.FILES
    if (pa.types.is_list(column) or pa.types.is_fixed_size_list(column)) and pa.types.is_floating(column.value_type):
        return Payload.ARRAYS
    raise ValueError(f"Column {name!r} of {path} is {column}: it must be bytes, or lists of floating-point numbers.")
