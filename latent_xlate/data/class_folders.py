"""Any folder of labelled files as data: one sub-folder for each class."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from latent_xlate.data.labelled import MAX_CLASSES, Labelled, record_digests

TEST_SHARE = 6
"""One in so many instances of each class is a test instance, where the folder itself has no such split."""

T = TypeVar("T", bound=Labelled)


def read_class_folders(
    folder: str | os.PathLike,
    endings: Sequence[str],
    read: Callable[[Path], np.ndarray],
    make: Callable[[list[np.ndarray], np.ndarray, tuple[str, ...]], T],
    noun: str,
) -> dict[str, T]:
    """Reads a data set from a folder of labelled files.

    Args:
        folder: Holds `CLASS/*`, or `train/CLASS/*` and `test/CLASS/*`. Without these two, one in six
            instances of each class is a test instance, chosen by content. Hidden files, and files
            beside the class folders, are not read.
        endings: Of the files, ".png" say.
        read: Reads a file.
        make: Makes the data of what was read, of labels and of class names.
        noun: What a file is called, "image" say.

    Returns:
        The splits "train" and "test"; the classes are the names of the class folders, sorted.

    Raises:
        ValueError: Fewer than two class folders, or more than 256, or a file that is not what is wanted.
    """
    folder = Path(folder)

    def read_classes(parent: Path, names: Sequence[str]) -> T:
        instances, labels = [], []
        for label, name in enumerate(names):
            for path in _files(parent / name, endings, noun):
                instances.append(read(path))
                labels.append(label)
        return make(instances, np.array(labels, np.int64), tuple(names))

    folders = {split: folder / split for split in ("train", "test")}
    if all(path.is_dir() for path in folders.values()):
        names = sorted({name for path in folders.values() for name in _class_names(path)})
        _check_names(names, folder, endings, noun)
        return {split: read_classes(path, names) for split, path in folders.items()}
    names = _class_names(folder)
    _check_names(names, folder, endings, noun)
    return _split(read_classes(folder, names))


def holds_files(folder: str | os.PathLike, endings: Sequence[str]) -> bool:
    """Whether any file two or three levels down, where `read_class_folders` reads, has one of the endings."""
    paths = (path for pattern in ("*/*", "*/*/*") for path in Path(folder).glob(pattern))
    return any(path.suffix.lower() in endings for path in paths)


def _class_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _check_names(names: list[str], folder: Path, endings: Sequence[str], noun: str) -> None:
    if not 2 <= len(names) <= MAX_CLASSES:
        files = f"*{endings[0]}"
        raise ValueError(
            f"{folder} has {len(names) or 'no'} class folder{'s' * (len(names) != 1)}: expected 2 to {MAX_CLASSES}, "
            f"each with its {noun}s (CLASS/{files}, or train/CLASS/{files} and test/CLASS/{files})."
        )


def _files(folder: Path, endings: Sequence[str], noun: str) -> list[Path]:
    files = [path for path in sorted(folder.iterdir()) if path.name[0] != "."] if folder.is_dir() else []
    for path in files:
        if not path.is_file() or path.suffix.lower() not in endings:
            article = "an" if noun[0] in "aeiou" else "a"
            raise ValueError(f"{path} is not {article} {noun} ({', '.join(endings)}): move it out of the class folder.")
    return files


def _split(data: T) -> dict[str, T]:
    digests = record_digests(data)
    test = np.zeros(len(data), bool)
    for label in range(len(data.class_names)):
        members = sorted(np.flatnonzero(data.labels == label), key=digests.__getitem__)
        test[members[: max(1, len(members) // TEST_SHARE)]] = True
    return {"train": data.take(~test), "test": data.take(test)}
