"""The files of a translation: its inputs, where their translations go, and arrays of many instances."""

from __future__ import annotations

import collections
import io
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from latent_xlate import checks, files, folders
from latent_xlate.modalities import npy_files
from latent_xlate.modalities.array import Array
from latent_xlate.modalities.modality import Modality

ARRAYS_SUFFIX = ".npz"
GRID_FILE = "grid.png"


def is_file(output: Path) -> bool:
    """Whether an output is the file of all translations rather than their folder."""
    return output.suffix.lower() in (ARRAYS_SUFFIX, npy_files.SUFFIX) and not output.is_dir()


def check_there(path: Path) -> None:
    """Raises ValueError if an input is not there, or is no file or folder that can be read."""
    try:
        if not path.is_dir():
            folders.check_file(path)
    except FileNotFoundError:
        raise ValueError(f"There is no file or folder {path}.") from None
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} cannot be translated: {folders.fault(error)}.") from None


def holds_many(file: Path, modality: Modality) -> bool:
    """Whether a file holds many instances: an npz file, or an npy file whose array has an axis for them."""
    suffix = file.suffix.lower()
    if suffix != npy_files.SUFFIX or not isinstance(modality, Array):
        return suffix == ARRAYS_SUFFIX
    try:
        folders.check_file(file)  # A pipe would be waited for.
        return modality.is_batch(np.load(file, mmap_mode="r", allow_pickle=False).shape)
    except Exception:  # What is wrong with a damaged file is said when it is read.
        return False


def inputs(path: Path, modality: Modality) -> list[Path]:
    """A file, or the files of a folder that can be translated; of others there is a line on stderr.

    Raises:
        ValueError: There is no such file in the folder.
    """
    if not path.is_dir():
        return [path]
    known = tuple(dict.fromkeys((*modality.file_suffixes, ARRAYS_SUFFIX)))
    # Broken links and pipes are kept, so that they are reported as files that cannot be read.
    content = [file for file in folders.content(path) if not file.is_dir()]
    found = [file for file in content if file.suffix.lower() in known]
    others = [file for file in content if file.suffix.lower() not in known]
    way_out = modality.way_out(others)
    if not found:
        raise ValueError(f"{path} holds no file that ends in {', '.join(known)}{f': {way_out}' if way_out else ''}.")
    if others:
        names = checks.one_line(", ".join(file.name for file in others))
        print(f"Skipped, neither {modality.noun}s nor npz files: {names}", file=sys.stderr)
    if way_out:
        print(f"To have them translated, {way_out}.", file=sys.stderr)
    return found


def results(paths: Sequence[Path], many: Collection[Path], output: Path, suffix: str) -> dict[Path, Path]:
    """Chooses the path of each translation: `<stem><suffix>`, or `<name><suffix>` if several files share a stem.

    If `output` is a file, it is that of the only input, if that holds many instances; if none does, no input has one of
    its own.

    Args:
        paths: The inputs.
        many: Those that hold many instances.
        output: Folder of the translations, or their file (`is_file`).
        suffix: Ending of the translation of one instance.

    Raises:
        ValueError: A result would replace an input, the output folder is that of the inputs, or not all translations
            can be one file.
    """
    if is_file(output):
        _check_one_file(paths, many, output, suffix)
        return dict.fromkeys(many, output)

    def result(stem: str, file: Path) -> str:
        return f"{stem}{file.suffix.lower() if file in many else suffix}"

    # Some file systems do not distinguish upper and lower case.
    count = collections.Counter(result(file.stem, file).lower() for file in paths)
    count[GRID_FILE] += 1
    found: dict[Path, Path] = {}
    taken = {name for name, uses in count.items() if uses == 1} | {GRID_FILE}
    for file in paths:
        stem = file.stem
        if count[result(stem, file).lower()] > 1:
            stem = file.name
            while result(stem, file).lower() in taken:
                stem += "_"
            taken.add(result(stem, file).lower())
        found[file] = output / result(stem, file)
    real = os.path.realpath  # Which takes links to themselves, too.
    written = {real(path) for path in (*found.values(), output / GRID_FILE)}
    replaced = [file for file in paths if real(file) in written]
    if replaced or (len(paths) > 1 and real(output) == real(paths[0].parent)):
        raise ValueError(f"The output folder {output} holds the input {(replaced or paths)[0].name}: give another.")
    return found


def _check_one_file(paths: Sequence[Path], many: Collection[Path], output: Path, suffix: str) -> None:
    if os.path.realpath(output) in map(os.path.realpath, paths):
        raise ValueError(f"The output {output} is the input: give another.")
    if len(paths) > 1 and many:
        raise ValueError(f"{output} would be one file of the translations of {len(paths)}: give a folder.")
    if not many and suffix != npy_files.SUFFIX:
        raise ValueError(f"{output} cannot hold the translations, which are {suffix[1:]} files: give a folder.")


def read_arrays(file: Path, modality: Modality) -> np.ndarray:
    """Reads the instances of a file that holds many; ValueError if it cannot be read."""
    try:
        folders.check_file(file)
        if file.suffix.lower() == npy_files.SUFFIX:
            return np.load(file, allow_pickle=False)
        content = file.read_bytes()
    except OSError as error:
        raise ValueError(f"{error.strerror}.") from None
    return npy_files.read_npz(content, modality.array_names)


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> Path:
    """Writes an npz file, or an npy file of the first of some arrays."""
    if path.suffix.lower() == ARRAYS_SUFFIX:
        return files.write_npz(path, arrays)
    npy = io.BytesIO()
    np.save(npy, next(iter(arrays.values())))
    return files.write_atomically(path, lambda temporary: temporary.write_bytes(npy.getvalue()))


def write_collected(path: Path, collected: Mapping[Path, bytes], modality: Modality) -> Path:
    """Writes translations that are npy files, by the files that they are of, as one array."""
    arrays = np.stack([np.load(io.BytesIO(content)) for content in collected.values()])
    return write_arrays(path, {modality.array_names[0]: arrays, "files": np.array([file.name for file in collected])})
