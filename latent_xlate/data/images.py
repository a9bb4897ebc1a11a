"""Labelled images in memory, read from TensorFlow Datasets."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

VALIDATION_SHARE = 12
"""One in so many training images is held out of all training, to choose models by."""

SPLITS = ("train", "validation", "test")


@dataclasses.dataclass(frozen=True)
class LabelledImages:
    """Images with their classes.

    Attributes:
        images: uint8 [n, height, width, channels].
        labels: int64 [n].
        class_names: Name of each class, by label.
    """

    images: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def unit_images(self) -> np.ndarray:
        """float32 [n, height, width, channels], in [0, 1]."""
        return self.images.astype(np.float32) / 255.0

    def take(self, indices) -> LabelledImages:
        """The images at `indices` (an index array or a slice)."""
        return dataclasses.replace(self, images=self.images[indices], labels=self.labels[indices])


def record_digests(images: np.ndarray, labels: np.ndarray) -> list[bytes]:
    """md5 of each image's bytes and label."""
    return [
        hashlib.md5(image.tobytes() + bytes([label])).digest() for image, label in zip(images, labels, strict=True)
    ]


def in_canonical_order(data: LabelledImages) -> tuple[LabelledImages, str]:
    """Orders images by the md5 of their content, which also gives a checksum of the whole.

    The order is that of a shuffle, and the same whatever way the images came, so that a seed gives
    the same numbers from any source.

    Returns:
        The images in order, and the md5 (hex) of all content.
    """
    digests = record_digests(data.images, data.labels)
    order = sorted(range(len(digests)), key=digests.__getitem__)
    return data.take(order), hashlib.md5(b"".join(digests[i] for i in order)).hexdigest()


def default_data_dir() -> str:
    """Where data sets are kept: the environment variable TFDS_DATA_DIR, else TFDS's own default."""
    return os.environ.get("TFDS_DATA_DIR", str(Path.home() / "tensorflow_datasets"))


def load(dataset: str, split: str, data_dir: str | None = None) -> LabelledImages:
    """Reads a prepared data set.

    Args:
        dataset: Name of a TFDS data set of labelled images, prepared by `prepare_data`.
        split: "train", "validation" (cut from the training images) or "test".
        data_dir: Folder of TFDS data sets; None for the default.

    Returns:
        The split's images in canonical order.

    Raises:
        ValueError: The data set has not been prepared, or there is no such split.
    """
    from latent_xlate import checks

    checks.known(split, SPLITS, "split")
    stored = "test" if split == "test" else "train"
    data, _ = in_canonical_order(read_split(dataset, stored, data_dir))
    if split == "test":
        return data
    cut = len(data) // VALIDATION_SHARE
    return data.take(slice(0, cut)) if split == "validation" else data.take(slice(cut, None))


def read_split(dataset: str, split: str, data_dir: str | None = None) -> LabelledImages:
    """Reads one stored split, in the order in which it is stored. Args and errors as in `load`."""
    data_dir = data_dir or default_data_dir()
    if not (Path(data_dir) / dataset).is_dir():
        raise ValueError(
            f"Data set {dataset!r} is not prepared in {data_dir}. "
            f"Run: latent_xlate_prepare_data --dataset={dataset} --data_dir={data_dir}"
        )
    builder = tfds.builder(dataset, data_dir=data_dir)
    records = builder.as_dataset(split=split, batch_size=-1)
    arrays = tfds.as_numpy(records)
    return LabelledImages(arrays["image"], arrays["label"], tuple(builder.info.features["label"].names))
