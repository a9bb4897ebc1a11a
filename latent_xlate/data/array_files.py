"""Arrays in npz files and in folders of npy files, large ones mapped: no more of them than is in use takes memory.

Formats: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, and that of zip archives.
"""

from __future__ import annotations

import functools
import math
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from latent_xlate import checks, files
from latent_xlate.data import disk_arrays

BLOCK = 16 << 20
"""Bytes that are read, or written, at once."""

_LOCAL_HEADER = struct.Struct("<26xHH")
"""The part of a zip member's own header that tells where the member begins: lengths of its name and extra field."""

_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def array_names(path: Path) -> list[str]:
    """Names of the arrays in an npz file or in a folder of npy files.

    Raises:
        ValueError: The file is no zip archive, or damaged.
        OSError: It cannot be opened.
    """
    if path.is_dir():
        return sorted(file.stem for file in path.glob("*.npy"))
    try:
        with zipfile.ZipFile(path) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist()]
    except zipfile.BadZipFile as error:
        raise ValueError(f"{path} is no npz file, or a damaged one ({checks.reason(error)}).") from None


def open_array(path: Path, name: str) -> np.ndarray:
    """Opens an array, read-only.

    It is mapped if it is larger than `disk_arrays.LARGE`. If it is compressed, it is first inflated to a file without a
    name (see `disk_arrays`).

    Args:
        path: An npz file or a folder of npy files.
        name: One of `array_names`.

    Raises:
        ValueError: It is damaged, or holds Python objects.
        OSError: It cannot be opened, or the disk has no room for what is inflated.
    """
    if path.is_dir():
        return open_npy(path / f"{name}.npy")
    try:
        with zipfile.ZipFile(path) as archive:
            return _open_member(path, archive, archive.getinfo(_member_name(archive, name)))
    except OSError:
        raise
    except Exception as error:  # Damaged zip files raise many kinds of exceptions.
        raise ValueError(f"{path}: its array {name} cannot be read ({checks.reason(error)}).") from None


def open_npy(path: Path) -> np.ndarray:
    """Opens the array of an npy file as `open_array` does, with the same errors."""
    try:
        with path.open("rb") as file:
            shape, by_columns, dtype = _read_header(file)
            return _opened(path, file.tell(), shape, by_columns, dtype)
    except OSError:
        raise
    except Exception as error:
        raise ValueError(f"{path} is no npy file, or a damaged one ({checks.reason(error)}).") from None


def open_joined(paths: Sequence[Path], name: str) -> np.ndarray:
    """Opens the arrays of one name in several npz files as one, their rows one after another.

    If it is larger than `disk_arrays.LARGE`, it is written to a file without a name (see `disk_arrays`).

    Raises:
        ValueError: Rows have another shape in one file than in the first; or as `open_array`.
        OSError: As `open_array`.
    """
    parts = [open_array(path, name) for path in paths]
    for path, part in zip(paths, parts, strict=True):
        if not part.ndim or part.shape[1:] != parts[0].shape[1:]:
            shapes = f"{list(part.shape)} in {path.name} and {list(parts[0].shape)} in {paths[0].name}"
            raise ValueError(f"{name} is {shapes}: all rows must have one shape.")
    dtype = np.result_type(*parts)
    if sum(part.nbytes for part in parts) <= disk_arrays.LARGE:
        return np.concatenate(parts)
    row_bytes = dtype.itemsize * math.prod(parts[0].shape[1:])
    blocks = (disk_arrays.rows(part, rows) for part in parts for rows in in_blocks(len(part), row_bytes))
    return disk_arrays.write(blocks, parts[0].shape[1:], dtype)


def check_members(path: Path) -> None:
    """Raises ValueError if the checksum of a member of an npz file is wrong, which reading a map does not notice."""
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                with archive.open(info) as member:
                    while member.read(BLOCK):
                        pass
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"{path} is damaged ({checks.reason(error)}).") from None


def write_npz(path: Path, members: Mapping[str, tuple[tuple[int, ...], np.dtype, Iterable[np.ndarray]]]) -> Path:
    """Writes an npz file whose arrays come in parts, uncompressed, so that `open_array` can map them; atomically.

    Args:
        path: The file.
        members: By name, an array's shape, its dtype, and its rows in parts.

    Returns:
        `path`.
    """

    def write(temporary: Path) -> None:
        with zipfile.ZipFile(temporary, "w") as archive:
            for name, (shape, dtype, parts) in members.items():
                # Of 1980, the earliest date that there is: the bytes depend on the arrays alone.
                with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                    head = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
                    np.lib.format.write_array_header_1_0(member, head)
                    for part in parts:
                        member.write(np.ascontiguousarray(part, dtype).data)

    return files.write_atomically(path, write)


def in_blocks(count: int, row_bytes: int) -> Iterator[slice]:
    """Slices of rows, of `BLOCK` bytes or of one row."""
    step = max(1, BLOCK // max(row_bytes, 1))
    return (slice(start, min(start + step, count)) for start in range(0, count, step))


def _member_name(archive: zipfile.ZipFile, name: str) -> str:
    return f"{name}.npy" if f"{name}.npy" in archive.namelist() else name


def _open_member(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(info) as member:
        shape, by_columns, dtype = _read_header(member)
        num_bytes = dtype.itemsize * math.prod(shape)
        if num_bytes != info.file_size - member.tell():
            raise ValueError(f"it has {info.file_size - member.tell()} bytes of {num_bytes}")
        if num_bytes > disk_arrays.LARGE and info.compress_type == zipfile.ZIP_STORED:
            return _map(path, _start(path, info) + member.tell(), shape, by_columns, dtype)
        parts = iter(functools.partial(member.read, BLOCK), b"")
        if num_bytes > disk_arrays.LARGE:
            flat = disk_arrays.write((np.frombuffer(part, np.uint8) for part in parts), (), np.uint8)
        else:
            flat = np.frombuffer(b"".join(parts), np.uint8)
    return flat.view(dtype).reshape(shape, order="F" if by_columns else "C")


def _start(path: Path, info: zipfile.ZipInfo) -> int:
    """Where the bytes of a member begin."""
    with path.open("rb") as file:
        file.seek(info.header_offset)
        lengths = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    return info.header_offset + _LOCAL_HEADER.size + sum(lengths)


def _opened(path: Path, start: int, shape: tuple[int, ...], by_columns: bool, dtype: np.dtype) -> np.ndarray:
    num_bytes, there = dtype.itemsize * math.prod(shape), path.stat().st_size - start
    if num_bytes > there:
        raise ValueError(f"it has {there} bytes of {num_bytes}")
    if num_bytes > disk_arrays.LARGE:
        return _map(path, start, shape, by_columns, dtype)
    flat = np.fromfile(path, np.uint8, num_bytes, offset=start)
    return flat.view(dtype).reshape(shape, order="F" if by_columns else "C")


def _map(path: Path, start: int, shape: tuple[int, ...], by_columns: bool, dtype: np.dtype) -> np.ndarray:
    return np.memmap(path, dtype, "r", start, shape, "F" if by_columns else "C")


def _read_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape of an array, whether it is stored by columns, and its dtype."""
    version = np.lib.format.read_magic(file)
    if version not in _HEADERS:
        raise ValueError(f"format {version[0]}.{version[1]} is not known")
    shape, by_columns, dtype = _HEADERS[version](file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects: save it as an array of numbers, or of strings")
    return shape, by_columns, dtype
