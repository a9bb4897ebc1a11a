"""Atomic writing: each file or folder is written beside its place and then renamed, so it is whole or absent."""

from __future__ import annotations

import json
import os
import shutil
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

_LONGEST_NAME = 255
"""Bytes that a file's name may have in most file systems."""


def output_folder(path: str | os.PathLike) -> Path:
    """Returns `path` if files can be written to that folder, or if it can be created.

    Call it before long work, whose result could otherwise not be written.

    Raises:
        ValueError: `path` is a file, lies below one, or is read-only.
    """
    path = Path(path)
    nearest = next(each for each in (path.absolute(), *path.absolute().parents) if os.path.lexists(each))
    if not nearest.is_dir():
        raise ValueError(f"Nothing can be written to {path}: {nearest} is not a folder.")
    if not os.access(nearest, os.W_OK):
        raise ValueError(f"Nothing can be written to {path}: {nearest} is read-only.")
    return path


def write_atomically(path: str | os.PathLike, write: Callable[[Path], Any]) -> Path:
    """Writes a file or folder beside its place, then renames, so that it is never half there.

    Args:
        path: Its place. A file or folder that is there is replaced.
        write: Called with the temporary path, which has the same suffix as `path`.

    Returns:
        `path`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    name = f".{os.getpid()}.{path.name}"
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = f".{os.getpid()}.{zlib.crc32(os.fsencode(path.name)):08x}{path.suffix}"
    temporary = path.with_name(name)
    try:
        write(temporary)
        if path.is_dir():  # Only an empty folder could be replaced.
            shutil.rmtree(path)
        os.replace(temporary, path)
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary)
        else:
            temporary.unlink(missing_ok=True)
    return path


def write_json(path: str | os.PathLike, content: Any) -> Path:
    """Writes `content` as indented JSON, atomically."""
    text = json.dumps(content, indent=2) + "\n"
    return write_atomically(path, lambda temporary: temporary.write_text(text))


def write_npz(path: str | os.PathLike, arrays: Mapping[str, np.ndarray], compress: bool = True) -> Path:
    """Writes arrays as an npz file, atomically."""
    contents: dict[str, Any] = dict(arrays)
    save = np.savez_compressed if compress else np.savez

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:  # Given a name, numpy may add an ending of its own.
            save(file, **contents)

    return write_atomically(path, write)
