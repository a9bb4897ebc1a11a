"""Labelled images in memory, read from TensorFlow Datasets."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds
from absl import logging

from latent_xlate import checks

VALIDATION_SHARE = 12
"""One in so many training images is held out of all training, to choose models by."""

SPLITS = ("train", "validation", "test")

MAX_CLASSES = 256

CHECKSUMS = {
    "mnist": {"train": "f6df1131ebd1f670df947aa6d12ecd18", "test": "c96757a4180a626e1737cfdf4690742f"},
    "fashion_mnist": {"train": "4115895a719d060966a54c7f2e69e159", "test": "4e6f7641d5ba513061f4658044048c5c"},
}
"""What `in_canonical_order` gives for the stored splits of the published data sets."""

PREPARE_AGAIN = "Remove that folder and prepare it again with latent_xlate_prepare_data."


@dataclasses.dataclass(frozen=True)
class LabelledImages:
    """Images with their classes.

    Attributes:
        images: uint8 [n, height, width, channels].
        labels: int64 [n].
        class_names: Name of each class, by label; at most MAX_CLASSES.
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
    return [hashlib.md5(image.tobytes() + bytes([label])).digest() for image, label in zip(images, labels, strict=True)]


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


def resolve_data_dir(data_dir: str | os.PathLike | None = None) -> Path:
    """Where data sets are kept: `data_dir`, else the environment variable TFDS_DATA_DIR, else TFDS's own default."""
    return Path(data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()


def reason(error: BaseException) -> str:
    """The first line of an error of another library, or its kind where it says nothing."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def prepared_datasets(data_dir: str | os.PathLike) -> list[str]:
    """Names of the data sets in a folder of TFDS data sets; those that were cut while being written do not count."""
    return sorted({path.parent.parent.name for path in Path(data_dir).glob("*/[0-9]*/dataset_info.json")})


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps TFDS from logging what it does, and from warning that what it is to write is not there yet."""
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)


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
    data = read_split(dataset, "train", data_dir)
    cut = len(data) // VALIDATION_SHARE
    return data.take(slice(0, cut)) if split == "validation" else data.take(slice(cut, None))


@quiet()
def read_split(dataset: str, split: str, data_dir: str | os.PathLike | None = None) -> LabelledImages:
    """Reads one split as it is stored, "train" (that for validation included) or "test". Otherwise as `load`."""
    data_dir = resolve_data_dir(data_dir)
    folder = data_dir / dataset
    prepared = prepared_datasets(data_dir)
    if dataset not in prepared:
        checks.known(dataset, {*prepared, *CHECKSUMS}, "data set")
        raise ValueError(
            f"Data set {dataset!r} is not prepared in {data_dir}. "
            f"Run: latent_xlate_prepare_data --dataset={dataset} --data_dir={data_dir}"
        )
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
