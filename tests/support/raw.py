"""Raw files as users have them, written from images in memory."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from latent_xlate.data.images import labelled_images
from latent_xlate.data.labelled import Labelled
from latent_xlate.data.synthetic import digits_like


def small_splits(num_classes: int = 3) -> dict[str, Labelled]:
    """60 training and 20 test images."""
    return {"train": digits_like(60, num_classes, seed=1), "test": digits_like(20, num_classes, seed=2)}


def idx_bytes(array: np.ndarray) -> bytes:
    """`array` of bytes in the idx format."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


def write_idx_folder(folder: Path, splits: Mapping[str, Labelled], mark: str = "-", end: str = "") -> Path:
    """The four idx files; `mark` and `end` as in `train-images-idx3-ubyte.gz`: "-" and ".gz"."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, prefix in (("train", "train"), ("test", "t10k")):
        for kind, array in (("images", splits[split].content[..., 0]), ("labels", splits[split].labels)):
            content = idx_bytes(array)
            path = folder / f"{prefix}-{kind}{mark}idx{array.ndim}-ubyte{end}"
            path.write_bytes(gzip.compress(content) if end else content)
    return folder


def write_image_folder(folder: Path, data: Labelled) -> Path:
    """`CLASS/<number>.png`."""
    for name in data.class_names:
        (folder / name).mkdir(parents=True)
    for number, (image, label) in enumerate(zip(data.content, data.labels, strict=True)):
        Image.fromarray(image[..., 0]).save(folder / data.class_names[label] / f"{number}.png")
    return folder


def joined(splits: Mapping[str, Labelled]) -> Labelled:
    """All images of the splits."""
    images, labels = (
        np.concatenate([getattr(data, name) for data in splits.values()]) for name in ("content", "labels")
    )
    return labelled_images(images, labels, splits["train"].class_names)


def same_content(left: Labelled, right: Labelled) -> bool:
    """Whether two sets of images are equal, in whatever order."""

    def rows(data):
        return sorted(zip(data.labels.tolist(), (image.tobytes() for image in data.content), strict=True))

    return rows(left) == rows(right)
