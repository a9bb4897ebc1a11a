"""Data sets of labelled images."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from latent_xlate.data import stored
from latent_xlate.data.labelled import SPLITS, Labelled, cut_validation
from latent_xlate.modalities.image import Image


def labelled_images(images: np.ndarray, labels: np.ndarray, class_names: tuple[str, ...]) -> Labelled:
    """Makes labelled images from pixels, uint8 [n, height, width, channels], and labels, int64 [n]."""
    return Labelled(images, labels, class_names, Image(*images.shape[1:]))


def of_pairs(pairs: Sequence[tuple[np.ndarray, int]], class_names: tuple[str, ...], image: Image) -> Labelled:
    """Makes labelled images of pictures, uint8 [height, width, channels], each with its label."""
    pixels, labels = zip(*pairs, strict=True)
    return Labelled(np.stack(pixels), np.array(labels, np.int64), class_names, image)


def load(dataset: str, split: str, data_dir: str | os.PathLike | None = None) -> Labelled:
    """Reads a prepared data set of images; see `stored.load`."""
    return stored.load(dataset, split, data_dir, Image)


def load_splits(dataset: str, data_dir: str | os.PathLike | None = None) -> dict[str, Labelled]:
    """Reads all of `labelled.SPLITS` of a prepared data set of images, each file once; see `stored.load`."""
    if stored.has_validation(dataset, data_dir):
        return {split: read_split(dataset, split, data_dir) for split in SPLITS}
    train, test = (read_split(dataset, split, data_dir) for split in ("train", "test"))
    return {"train": cut_validation(train, "train"), "validation": cut_validation(train, "validation"), "test": test}


def read_split(dataset: str, split: str, data_dir: str | os.PathLike | None = None) -> Labelled:
    """Reads one split of images as it is stored; see `stored.read_split`."""
    return stored.read_split(dataset, split, data_dir, Image)
