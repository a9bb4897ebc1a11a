"""Files on a disk, or wherever else Beam's file systems reach: `gs://`, `s3://`, `hdfs://`.

What can only be read from a disk, or written to one, is copied: from another file system before it is read, and to it
after it has been written.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from apache_beam.io.filesystem import BeamIOError, CompressionTypes
from apache_beam.io.filesystems import FileSystems

from latent_xlate import files

_WILD = re.compile(r"[*?\[]")
_HIDDEN = re.compile(r"(^|/)\.")


def is_local(path: str) -> bool:
    """Whether a path is one of this machine's own file system."""
    return FileSystems.get_scheme(path) is None


def absolute(path: str) -> str:
    """The same path for every process of this machine; a path of another file system as it is."""
    return os.path.abspath(path) if is_local(path) else path  # noqa: PTH100  A Path would eat the `//` of a scheme.


def matching(pattern: str) -> tuple[str, list[str]]:
    """Lists files by name, without hidden ones.

    Args:
        pattern: A file; a folder of this machine, for all files in it and below; or a pattern of Beam's file systems,
            in which `*` stands for anything but `/`, and `**` for anything.

    Returns:
        The folder, with its `/`, below which all of them lie, and their paths.

    Raises:
        ValueError: There is none, or no file system for such a path is installed.
    """
    pattern = absolute(pattern)
    if is_local(pattern) and Path(pattern).is_dir():
        root = f"{pattern.rstrip('/')}/"
        paths = [str(path) for path in Path(pattern).rglob("*") if path.is_file()]
    elif is_local(pattern) and Path(pattern).is_file():
        root, paths = f"{Path(pattern).parent}/", [pattern]
    else:
        wild = _WILD.search(pattern)
        root = pattern[: pattern.rfind("/", 0, wild.start() if wild else None) + 1]
        try:
            (found,) = FileSystems.match([pattern])
        except BeamIOError as error:
            raise ValueError(f"{pattern} cannot be listed ({error}).") from None
        paths = [metadata.path for metadata in found.metadata_list]
    paths = sorted(path for path in paths if not _HIDDEN.search(path[len(root) :]))
    if not paths:
        raise ValueError(f"There is no file {pattern}.")
    return root, paths


def join(folder: str, *names: str) -> str:
    """The path of something in a folder."""
    return FileSystems.join(folder, *names)


def exists(path: str) -> bool:
    """Whether there is a file."""
    return FileSystems.exists(path)


def read(path: str) -> bytes:
    """Reads a file as it is, compressed or not."""
    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        return file.read()


@contextlib.contextmanager
def local_copy(path: str) -> Iterator[Path]:
    """Yields a file of this machine with the content of a file: itself where it lies here, else a copy of its name."""
    if is_local(path):
        yield Path(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.rpartition("/")[2]
        with (
            FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as source,
            copy.open("wb") as target,
        ):
            shutil.copyfileobj(source, target)
        yield copy


def write(path: str, write_local: Callable[[Path], Any]) -> None:
    """Writes a file so that it is whole or absent, and replaces one that is there.

    Args:
        path: Its place.
        write_local: Called with a path of this machine, to which it writes.

    Raises:
        OSError: It cannot be written.
    """
    if is_local(path):
        files.write_atomically(path, write_local)
        return
    folder, _, name = path.rpartition("/")
    if not FileSystems.exists(folder):  # Where there are no folders, as in a bucket, this does nothing.
        with contextlib.suppress(BeamIOError):  # Another worker has just made it.
            FileSystems.mkdirs(folder)
    temporary = f"{folder}/.{uuid.uuid4().hex}.{name}"
    with tempfile.TemporaryDirectory() as here:
        write_local(Path(here) / name)
        with (
            (Path(here) / name).open("rb") as source,
            FileSystems.create(temporary, compression_type=CompressionTypes.UNCOMPRESSED) as target,
        ):
            shutil.copyfileobj(source, target)
    if FileSystems.exists(path):  # Some file systems do not rename onto a file.
        FileSystems.delete([path])
    FileSystems.rename([temporary], [path])
