"""Data sets of TFDS, prepared in its folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow_datasets as tfds

from latent_xlate import checks
from latent_xlate.bulk.parts import Part
from latent_xlate.bulk.sources import Source, Unit, make_part
from latent_xlate.data import stored, tfds_features
from latent_xlate.modalities import alignment
from latent_xlate.modalities.audio import Audio
from latent_xlate.modalities.modality import Modality
from latent_xlate.serving.signature_name import Payload


@dataclasses.dataclass(frozen=True)
class TFDSSource(Source):
    """A split of a data set of labelled instances, read as for training. Keys are `<name>/<split>/<number>`.

    Attributes:
        name: Name of the data set.
        split: Name of the split, as TFDS has it.
        data_dir: Folder of TFDS data sets.
        modality: The kind of data.
        size: Number of instances of the split; of recordings it is not known.
        part_size: Number of instances of a part.
    """

    name: str
    split: str
    data_dir: str
    modality: Modality
    size: int
    part_size: int

    @classmethod
    def prepared(cls, name: str, split: str, data_dir: str | None, modality: Modality, part_size: int) -> TFDSSource:
        """Takes a split of a prepared data set.

        Raises:
            ValueError: It is not prepared, has no such split, or its instances are of another kind or shape.
        """
        folder = stored.resolve_data_dir(data_dir).absolute()
        stored.check_prepared(name, folder)
        info = tfds.builder(name, data_dir=folder).info
        undivided = modality.kind == Audio.kind  # Which recordings a split has is known when they are read.
        checks.known(split, {*info.splits, "test"} if undivided else info.splits, "split")
        if modality.kind not in info.features:
            raise ValueError(f"Data set {name!r} holds no {modality.noun}s.")
        shape = info.features[modality.kind].shape
        if None not in shape and shape != modality.shape:
            raise ValueError(f"The {modality.noun}s of data set {name!r} are {shape}; expected {modality.shape}.")
        size = 0 if undivided else info.splits[split].num_examples
        return cls(name, split, str(folder), modality, size, part_size)

    def units(self) -> list[Unit]:
        if self.modality.kind == Audio.kind:
            return [Unit(0, (self.split,))]
        starts = range(0, self.size, self.part_size)
        ends = [min(start + self.part_size, self.size) for start in starts]
        slices = [f"{self.split}[{start}:{end}]" for start, end in zip(starts, ends, strict=True)]
        return [Unit(number, (each,)) for number, each in enumerate(slices)]

    def reader(self) -> Source:
        return self

    def read(self, unit: Unit, is_done: Callable[[str], bool]) -> Iterator[Part]:
        (instances,) = unit.items
        if instances != self.split and is_done(unit.part_name(0)):
            return
        builder = tfds.builder(self.name, data_dir=self.data_dir)
        content, labels = tfds_features.read(builder, instances, self.modality)
        for number, start in enumerate(range(0, len(labels), self.part_size)):
            name, rows = unit.part_name(number), slice(start, start + self.part_size)
            if is_done(name):
                continue
            stored_rows = content[rows]
            if isinstance(self.modality, Audio) and self.modality.align:
                stored_rows = alignment.align(stored_rows)
            first = unit.number * self.part_size + start
            keys = [f"{self.name}/{self.split}/{first + row}" for row in range(len(stored_rows))]
            x = self.modality.from_stored(stored_rows)
            yield make_part(name, keys, Payload.ARRAYS, x, labels[rows].astype("int64"))

    def description(self) -> dict[str, Any]:
        return {"dataset": self.name, "split": self.split, "instances": self.size, "part_size": self.part_size}
