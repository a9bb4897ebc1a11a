"""Labelled images in memory, read from TensorFlow Datasets."""

from __future__ import annotations

import dataclasses
import os
from typing import ClassVar

import numpy as np
import tensorflow_datasets as tfds

from latent_xlate import checks
from latent_xlate.checks import reason
from latent_xlate.data.labelled import SPLITS, Labelled, cut_validation, in_canonical_order
from latent_xlate.data.stored import PREPARE_AGAIN, check_prepared, quiet, resolve_data_dir

CHECKSUMS = {
    "mnist": {"train": "f6df1131ebd1f670df947aa6d12ecd18", "test": "c96757a4180a626e1737cfdf4690742f"},
    "fashion_mnist": {"train": "4115895a719d060966a54c7f2e69e159", "test": "4e6f7641d5ba513061f4658044048c5c"},
}
"""What `in_canonical_order` gives for the stored splits of the published data sets."""


@dataclasses.dataclass(frozen=True)
class LabelledImages(Labelled):
    """Images with their classes.

    Attributes:
        images: uint8 [n, height, width, channels].
        labels: int64 [n].
        class_names: Name of each class, by label.
    """

    noun: ClassVar[str] = "image"
    full_scale: ClassVar[float] = 255.0

    images: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]

    def augmented(self) -> list[LabelledImages]:
        """All images moved by a pixel up, then down, left, and right; black moves in."""
        padded = np.pad(self.images, ((0, 0), (1, 1), (1, 1), (0, 0)))
        height, width = self.images.shape[1:3]
        moves = ((2, 1), (0, 1), (1, 2), (1, 0))
        return [self.with_content(padded[:, y : y + height, x : x + width]) for y, x in moves]


def check_content(dataset: str, split: str, checksum: str, where: str | os.PathLike, way_out: str) -> None:
    """Checks that a split of a published data set is the published one; any other data set passes.

    Args:
        dataset: Name of the data set.
        split: "train" or "test".
        checksum: What `in_canonical_order` gives for the split.
        where: Where the images came from, for the message.
        way_out: What the message advises.

    Raises:
        ValueError: `dataset` is in `CHECKSUMS` and the content differs.
    """
    expected = CHECKSUMS.get(dataset, {}).get(split, checksum)
    if checksum != expected:
        raise ValueError(
            f"The {split} images in {where} are not those of {dataset!r} "
            f"(checksum {checksum}, expected {expected}). {way_out}"
        )


def load(dataset: str, split: str, data_dir: str | os.PathLike | None = None) -> LabelledImages:
    """Reads a prepared data set.

    Args:
        dataset: Name of a TFDS data set of labelled images, prepared by `prepare_data`.
        split: "train", "validation" (cut from the training images) or "test".
        data_dir: Folder of TFDS data sets; None for the default.

    Returns:
        The split's images in canonical order.

    Raises:
        ValueError: There is no such split, the data set is unknown or not prepared, it is damaged, or
            its content is not what its name promises.
    """
    checks.known(split, SPLITS, "split")
    if split == "test":
        return read_split(dataset, "test", data_dir)
    return cut_validation(read_split(dataset, "train", data_dir), split)


@quiet()
def read_split(dataset: str, split: str, data_dir: str | os.PathLike | None = None) -> LabelledImages:
    """Reads one split as it is stored, "train" (that for validation included) or "test". Otherwise as `load`."""
    data_dir = resolve_data_dir(data_dir)
    folder = check_prepared(dataset, data_dir)
    try:
        records, info = tfds.load(
            dataset, split=split, data_dir=data_dir, download=False, batch_size=-1, with_info=True
        )
        arrays = tfds.as_numpy(records)
        data = LabelledImages(arrays["image"], arrays["label"], tuple(info.features["label"].names))
    except Exception as error:  # Each kind of damage, and of foreign data, has an exception of its own.
        raise ValueError(
            f"Data set {dataset!r} in {folder} cannot be read ({reason(error)}): it is damaged, "
            f"or has no labelled images of one size split into train and test. {PREPARE_AGAIN}"
        ) from None
    data, checksum = in_canonical_order(data)
    check_content(dataset, split, checksum, folder, PREPARE_AGAIN)
    return data
