"""Atomic writing: each file or folder is written beside its place and then renamed, so it is whole or absent.

What a killed process leaves beside a place is removed by the next process that writes there. An error of the disk,
which libraries report in many ways, becomes an OSError that names the place.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import io
import json
import os
import re
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of a disk that has no room left for a file: it is full, or a quota or limit is reached."""

_DISK_ERRORS = (*FULL, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)

_TEMPORARY = re.compile(r"\.(?P<process>\d+)\.(?:replaced\.)?(?P<name>.+)")

_LONGEST_NAME = 200
"""Bytes of the longest name that temporary names repeat: most file systems take 255."""


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


def disk_error(error: BaseException) -> int | None:
    """The number (`errno`) of the disk's error that an exception reports; None where it reports another error.

    HDF5, TensorFlow and TFDS raise exceptions of their own, with the system's words somewhere in the message.
    """
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno if error.errno in _DISK_ERRORS else None
    return next((number for number in _DISK_ERRORS if os.strerror(number) in str(error)), None)


@contextlib.contextmanager
def naming(path: str | os.PathLike, temporary: str | os.PathLike | None = None) -> Iterator[None]:
    """Turns an error of the disk into an OSError that names `path`; one that names a file elsewhere stays as it is.

    Args:
        path: What is being written.
        temporary: Where it lies for now; None for its own place.
    """
    try:
        yield
    except Exception as error:
        number = disk_error(error)
        named = error.filename if isinstance(error, OSError) else None
        if number is None or (named is not None and not str(named).startswith(str(temporary or path))):
            raise
        raise OSError(number, os.strerror(number), str(path)) from error


def write_atomically(path: str | os.PathLike, write: Callable[[Path], Any]) -> Path:
    """Writes a file or folder beside its place, then renames, so that it is never half there.

    Args:
        path: Its place. A file or folder that is there is replaced.
        write: Called with the temporary path, which has the same suffix as `path`.

    Returns:
        `path`.

    Raises:
        OSError: The disk is full, read-only or broken; the error names `path`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    name = path.name
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = f"{zlib.crc32(os.fsencode(name)):08x}{path.suffix}"
    for leftover in _leftovers(path.parent.absolute()).get(name, ()):
        remove(leftover)
    temporary = path.with_name(f".{os.getpid()}.{name}")
    replaced = path.with_name(f".{os.getpid()}.replaced.{name}")
    try:
        with naming(path, temporary):
            write(temporary)
            if path.is_dir():  # Only an empty folder could be replaced, and one that is being removed is half there.
                path.rename(replaced)
            os.replace(temporary, path)
    finally:
        if os.path.lexists(replaced) and not os.path.lexists(path):
            replaced.rename(path)
        remove(temporary)
        remove(replaced)
    return path


def remove(path: Path) -> None:
    """Removes a file, a link, or a folder with all that is in it, as far as it is there and can be removed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


@functools.lru_cache
def _leftovers(folder: Path) -> dict[str, list[Path]]:
    """What killed processes have left in a folder, by the name of what they were writing.

    A folder is listed once, since a command may write thousands of files to it. That a process of the same number runs
    says that it may still be writing, unless it is this one, which has just begun.
    """
    found: dict[str, list[Path]] = {}
    for path in folder.iterdir():
        match = _TEMPORARY.fullmatch(path.name)
        if match and not _is_another_process(int(match["process"])):
            found.setdefault(match["name"], []).append(path)
    return found


def _is_another_process(number: int) -> bool:
    try:
        os.kill(number, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # It is another user's.
        return True
    return number != os.getpid()


def write_json(path: str | os.PathLike, content: Any) -> Path:
    """Writes `content` as indented JSON, atomically."""
    text = json.dumps(content, indent=2) + "\n"
    return write_atomically(path, lambda temporary: temporary.write_text(text))


def read_json(path: str | os.PathLike) -> Any:
    """Reads a JSON file.

    Raises:
        OSError: The file cannot be opened.
        ValueError: It is no JSON in UTF-8, or nested too deeply.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def write_npz(path: str | os.PathLike, arrays: Mapping[str, np.ndarray], compress: bool = True) -> Path:
    """Writes arrays as an npz file, atomically."""
    contents: dict[str, Any] = dict(arrays)
    save = np.savez_compressed if compress else np.savez

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:  # Given a name, numpy may add an ending of its own.
            save(file, **contents)

    return write_atomically(path, write)


def write_model(path: str | os.PathLike, model: Any) -> Path:
    """Writes a Keras model as a `.keras` file, atomically.

    Its bytes depend on the model alone, not on the time or on what else the process has made. Only if the model is
    Sequential or Functional, its configuration has the names of its layers, which Keras counts in each process.
    """

    def write(temporary: Path) -> None:
        model.save(temporary)
        _normalise(temporary)

    return write_atomically(path, write)


def _normalise(path: Path) -> None:
    """Takes dates and counted names, such as `dense_7`, out of a `.keras` file. Keras loads it without them."""
    normalise = {"metadata.json": _undated, "config.json": _uncounted, "model.weights.h5": _unnamed}
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as saved, zipfile.ZipFile(path, "w") as normalised:
        for name in saved.namelist():
            content = saved.read(name)
            member = zipfile.ZipInfo(name)  # Of 1980, the earliest date that there is.
            member.external_attr = 0o600 << 16
            normalised.writestr(member, normalise[name](content) if name in normalise else content)


def _undated(metadata: bytes) -> bytes:
    content = json.loads(metadata)
    content.pop("date_saved", None)
    return json.dumps(content).encode()


def _uncounted(config: bytes) -> bytes:
    """Takes the count out of the names of the model and of its optimizer, and of what that one wraps."""
    content = json.loads(config)
    named = [content, content.get("compile_config", {}).get("optimizer")]
    for each in named:
        if isinstance(each, dict):
            if name := each["config"].get("name"):
                each["config"]["name"] = re.sub(r"_\d+$", "", name)
            named.append(each["config"].get("inner_optimizer"))
    return json.dumps(content).encode()


def _unnamed(weights: bytes) -> bytes:
    """Copies an HDF5 file without the attributes of its groups, which are names of layers."""
    copy = io.BytesIO()
    with h5py.File(io.BytesIO(weights)) as source, h5py.File(copy, "w") as target:

        def add(path: str, entry: h5py.Group | h5py.Dataset) -> None:
            if isinstance(entry, h5py.Dataset):  # Its attribute is a type that HDF5 lacks.
                target.create_dataset(path, data=entry[()]).attrs.update(entry.attrs)
            else:
                target.create_group(path)

        source.visititems(add)
    return copy.getvalue()
