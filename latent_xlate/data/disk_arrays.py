"""Arrays that lie on disk, of which no more than the rows in use take memory.

They are memory maps of files without a name, which go with the last array that refers to them, or with the process.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from latent_xlate import files

PERSISTENT_FOLDER = "/var/tmp"
"""Folder of the files unless the variable TMPDIR names another: `/tmp` is in memory on some systems."""

LARGE = 64 << 20
"""Size in bytes of a map whose pages are given back after each use; those of smaller ones stay, which is faster."""


def write(parts: Iterable[np.ndarray], shape: Sequence[int], dtype: np.dtype | type[np.generic]) -> np.ndarray:
    """Writes rows to disk as they come.

    Args:
        parts: Arrays [any, *shape].
        shape: Shape of a row.
        dtype: Type of the rows.

    Returns:
        The rows of all parts, read-only, `dtype` [n, *shape].

    Raises:
        OSError: There is no room for them; the message names the folder.
    """
    folders = (os.environ.get("TMPDIR"), PERSISTENT_FOLDER)
    folder = next((each for each in folders if each and os.access(each, os.W_OK)), tempfile.gettempdir())
    count = 0
    with files.naming(folder), tempfile.TemporaryFile(dir=folder) as file:
        # A write to a map would end the process if the disk is full.
        for part in parts:
            file.write(np.ascontiguousarray(part, dtype).data)
            count += len(part)
        file.flush()
        if not file.tell():  # There are no empty maps.
            return np.zeros((count, *shape), dtype)
        return np.memmap(file, dtype, "r", shape=(count, *shape))


def rows(array: np.ndarray, indices: np.ndarray | slice) -> np.ndarray:
    """Reads rows of an array, which may be on disk, into memory."""
    read = np.array(array[indices])
    _give_back(array)
    return read


def batches(array: np.ndarray, indices: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Reads rows of an array, at most `size` at once."""
    for start in range(0, len(indices), size):
        yield rows(array, indices[start : start + size])


def _give_back(array: np.ndarray) -> None:
    """Gives back the memory of a large map's pages. The system keeps them at hand as long as it has room."""
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and len(base) > LARGE:
        base.madvise(mmap.MADV_DONTNEED)
