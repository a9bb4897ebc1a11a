"""Reading of files in the idx format of MNIST (http://yann.lecun.com/exdb/mnist/)."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from pathlib import Path

import numpy as np

from latent_xlate.checks import reason
from latent_xlate.data.images import labelled_images
from latent_xlate.data.labelled import Labelled

PREFIXES = {"train": "train", "test": "t10k"}
"""Beginning of the names of each split's files."""

NUM_AXES = {"images": 3, "labels": 1}
"""Number of axes of the array in each kind of file."""


def read_idx(path: str | os.PathLike) -> np.ndarray:
    """Reads one idx file of bytes, gzipped or not.

    Returns:
        uint8 array of the shape in the file's header.

    Raises:
        ValueError: The file is missing or damaged, or it is no idx file of bytes.
    """
    try:
        with gzip.open(path) if str(path).endswith(".gz") else Path(path).open("rb") as file:
            content = file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read ({reason(error)}): get it again.") from None
    num_axes = content[3] if len(content) > 3 else 0
    start = 4 + 4 * num_axes
    if content[:3] != b"\0\0\x08" or not num_axes or len(content) < start:
        raise ValueError(f"{path} is not an idx file of bytes: get it again.")
    shape = np.frombuffer(content, ">u4", num_axes, offset=4).tolist()
    if len(content) != start + math.prod(shape):
        raise ValueError(
            f"{path} has {len(content)} bytes, but {start + math.prod(shape)} by its header {shape}: get it again."
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def holds_idx_files(folder: str | os.PathLike) -> bool:
    """Whether any file in a folder has the name of one of the four idx files."""
    return any(_find(Path(folder), prefix, kind) for prefix in PREFIXES.values() for kind in NUM_AXES)


def read_idx_folder(folder: str | os.PathLike) -> dict[str, Labelled]:
    """Reads a data set from its four idx files.

    Args:
        folder: It holds `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
            `t10k-labels-idx1-ubyte`. The second dash may be a dot, and each name may end in `.gz`.

    Returns:
        The splits "train" and "test": uint8 images [n, height, width, 1], and classes named "0", "1", ...

    Raises:
        ValueError: A file is missing or damaged, or the files differ in their numbers or sizes of images.
    """
    arrays = {
        split: (_read(folder, prefix, "images"), _read(folder, prefix, "labels")) for split, prefix in PREFIXES.items()
    }
    if arrays["train"][0].shape[1:] != arrays["test"][0].shape[1:]:
        raise ValueError(f"The training images in {folder} differ in size from the test images.")
    for split, (images, labels) in arrays.items():
        if len(images) != len(labels):
            raise ValueError(f"{folder} has {len(images)} {split} images, but {len(labels)} {split} labels.")
    num_classes = 1 + max(int(labels.max(initial=0)) for _, labels in arrays.values())
    names = tuple(str(label) for label in range(num_classes))
    return {
        split: labelled_images(images[..., None], labels.astype(np.int64), names)
        for split, (images, labels) in arrays.items()
    }


def _find(folder: Path, prefix: str, kind: str) -> Path | None:
    names = [f"{prefix}-{kind}{mark}idx{NUM_AXES[kind]}-ubyte{end}" for mark in "-." for end in ("", ".gz")]
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _read(folder: str | os.PathLike, prefix: str, kind: str) -> np.ndarray:
    path = _find(Path(folder), prefix, kind)
    if path is None:
        raise ValueError(f"{folder} has no file {prefix}-{kind}-idx{NUM_AXES[kind]}-ubyte[.gz].")
    array = read_idx(path)
    if array.ndim != NUM_AXES[kind]:
        raise ValueError(f"{path} has {array.ndim} axes, not {NUM_AXES[kind]}: get it again.")
    return array
