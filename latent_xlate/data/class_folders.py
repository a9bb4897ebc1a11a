"""Reading of a data set from any folder of files, labelled by subfolders or by a table, or unlabelled."""

from __future__ import annotations

import functools
import os
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from latent_xlate import folders, spreadsheets
from latent_xlate.checks import one_line, reason, sentence
from latent_xlate.data import disk_arrays
from latent_xlate.data.labelled import MAX_CLASSES, UNLABELLED, Labelled, record_digests
from latent_xlate.modalities.modality import Modality

TEST_SHARE = 6
"""One in this many instances of each class becomes a test instance if the folder itself has no test split."""

LABELS_FILE = "labels.csv"
"""Table of the files' classes in a folder, with the columns `file`, `class` and optionally `split`.

The name may be in any case.
"""

UNSPLIT = ""
"""In place of a split's name: the folder does not tell the splits."""

_COLUMNS = ("file", "class", "split")
_MOST_NAMED = 5

BATCH_SIZE = 64
"""Largest number of files that are decoded at once."""


def read_folder(folder: str | os.PathLike, modality: Modality) -> dict[str, Labelled]:
    """Reads a data set from a folder of files, each in the same way as for translation.

    Args:
        folder: It holds `CLASS/*`, or `train/CLASS/*` and `test/CLASS/*`; or files at any depth and `LABELS_FILE`,
            which names them relative to the folder; or nothing but files, which are unlabelled. If neither folders nor
            the table give the splits, one in six instances of each class becomes a test instance, chosen by content.
            Hidden files, `folders.LITTER`, files beside the class folders, and files that are not in the table are
            ignored. Of pipes, sockets, devices, links that lead nowhere, and of files that are not in the table there
            is a warning.
        modality: The modality of the files, with its settings.

    Returns:
        The splits "train" and "test", on disk. The classes are the names of the class folders or those in the table,
        sorted. Unlabelled files have no classes, and their labels are -1.

    Raises:
        ValueError: There are fewer than 2 or more than 256 classes, a file cannot be read or is of another kind, or the
            table does not fit.
    """
    splits, names = list_files(folder, modality)
    decode = _decoder(modality)
    read = {}
    for split, files in splits.items():
        labels = np.array([label for _, label in files], np.int64)
        content = _read_content([path for path, _ in files], decode, modality)
        read[split] = Labelled(content, labels, names, modality)
    return _split(read[UNSPLIT]) if UNSPLIT in read else read


def list_files(
    folder: str | os.PathLike, modality: Modality
) -> tuple[dict[str, list[tuple[Path, int]]], tuple[str, ...]]:
    """Lists what `read_folder` would read, without reading any file but the table.

    Returns:
        The files with their labels, by split: "train" and "test", or `UNSPLIT` where the folder does not tell; and the
        names of the classes.

    Raises:
        ValueError: As by `read_folder`, except where it is of a file's content.
    """
    folder = Path(folder)

    def in_classes(parent: Path, names: Sequence[str]) -> list[tuple[Path, int]]:
        return [(path, label) for label, name in enumerate(names) for path in _files(parent / name, modality)]

    if table := _table_in(folder):
        rows, names = _read_table(table, modality)
        _warn_of_unlisted(table, [path for path, _, _ in rows], modality)
        if all(split for _, _, split in rows):
            return {split: [row[:2] for row in rows if row[2] == split] for split in ("train", "test")}, tuple(names)
        return {UNSPLIT: [row[:2] for row in rows]}, tuple(names)
    splits, names = _split_folders(folder), list(class_names(folder))
    if not names and _has_files(folder, modality):
        return {UNSPLIT: [(path, UNLABELLED) for path in _files(folder, modality)]}, ()
    _check_names(names, folder, modality)
    return {split: in_classes(path, names) for split, path in (splits or {UNSPLIT: folder}).items()}, tuple(names)


@functools.cache
def _decoder(modality: Modality) -> Callable[[tf.Tensor], tf.Tensor]:
    """The graph that decodes files, made once: to make it takes longer than to read a hundred files."""
    return tf.function(modality.read, [tf.TensorSpec([None], tf.string)], autograph=False)


def _read_content(paths: Sequence[Path], decode: Callable[[tf.Tensor], tf.Tensor], modality: Modality) -> np.ndarray:
    """Decodes files to stored instances on disk, `stored_dtype` [n, *shape], and shows the progress of many."""

    def decode_some(paths: Sequence[Path]) -> np.ndarray:
        contents = [_prepare(path, modality) for path in paths]
        try:
            return modality.to_stored(decode(tf.constant(contents)).numpy())
        except tf.errors.InvalidArgumentError as error:
            if len(paths) == 1:
                raise _unreadable(paths[0], modality, sentence(error)) from None
        return np.concatenate(
            [decode_some([path]) for path in paths]
        )  # One by one, so that the error names the damaged file.

    with tqdm(total=len(paths), desc="reading", unit="file", delay=1) as bar:

        def parts() -> Iterator[np.ndarray]:
            for start in range(0, len(paths), BATCH_SIZE):
                yield (part := decode_some(paths[start : start + BATCH_SIZE]))
                bar.update(len(part))

        return disk_arrays.write(parts(), modality.shape, modality.stored_dtype)


def _prepare(path: Path, modality: Modality) -> bytes:
    try:
        folders.check_file(path)
        return modality.prepare(path)
    except (OSError, ValueError) as error:
        raise _unreadable(path, modality, reason(error)) from None


def _unreadable(path: Path, modality: Modality, why: str) -> ValueError:
    return ValueError(f"{one_line(str(path))} cannot be read as {_a(modality.noun)} ({why}): replace or remove it.")


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def class_names(folder: str | os.PathLike) -> tuple[str, ...]:
    """Names of the classes that `read_folder` would find, sorted, without reading a file; none if it is unlabelled.

    Raises:
        ValueError: There is no such folder, or its table does not fit.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}.")
    if table := _table_in(folder):
        return tuple(sorted({row.get("class", "") for _, row in spreadsheets.read(table, _COLUMNS).rows}))
    parents = _split_folders(folder).values() or [folder]
    return tuple(sorted({name for parent in parents for name in _class_names(parent)}))


def _split_folders(folder: Path) -> dict[str, Path]:
    """The folders of the splits "train" and "test", if both are there; else none."""
    splits = {split: folder / split for split in ("train", "test")}
    return splits if all(path.is_dir() for path in splits.values()) else {}


def holds_files(folder: str | os.PathLike, endings: Sequence[str]) -> bool:
    """Whether any file that `read_folder` would read has one of the endings.

    Raises:
        ValueError: There is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}.")
    paths: Iterable[Path]
    if table := _table_in(folder):
        paths = (Path(row["file"]) for _, row in spreadsheets.read(table, _COLUMNS).rows if "file" in row)
    elif _class_names(folder):
        paths = (path for pattern in ("*/*", "*/*/*") for path in folder.glob(pattern))
    else:
        paths = folder.glob("*")
    return any(path.suffix.lower() in endings for path in paths)


def _has_files(folder: Path, modality: Modality) -> bool:
    """Whether a folder holds files of a modality, of those formats among them that are not read."""
    endings = (*modality.file_suffixes, *modality.other_suffixes)
    return any(path.suffix.lower() in endings for path in folders.content(folder))


def _table_in(folder: Path) -> Path | None:
    return next((path for path in folders.content(folder) if path.name.lower() == LABELS_FILE), None)


def _read_table(path: Path, modality: Modality) -> tuple[list[tuple[Path, int, str]], list[str]]:
    """Reads the files with their labels and splits ("" for no split), and the names of the classes."""
    table = spreadsheets.read(path, _COLUMNS)
    table.check_columns(["file", "class"])
    names = sorted({row["class"] for _, row in table.rows})
    if not 2 <= len(names) <= MAX_CLASSES:
        count = f"{len(names) or 'no'} class{'es' * (len(names) != 1)}"
        raise ValueError(f"{path} has {count}: expected 2 to {MAX_CLASSES}.")
    of_file: dict[Path, tuple[int, str, str]] = {}
    has_splits = bool(table.rows[0][1].get("split"))
    for line, row in table.rows:
        try:
            file = _named_file(path.parent, row["file"], modality)
            name, split = _check_name(row["class"]), row.get("split", "").lower()
            if not name or split not in ("", "train", "test") or bool(split) != has_splits:
                raise ValueError(
                    "every row needs a class, and either every one or none a split, train or test; this one has the "
                    f"class {name!r} and the split {split!r}."
                )
            first, *before = of_file.setdefault(file, (line, name, split))
            for now, earlier in zip((name, split), before, strict=True):
                if now != earlier:
                    raise ValueError(f"{row['file']!r} is {now!r} here and {earlier!r} in line {first}: leave one.")
        except ValueError as error:
            raise ValueError(f"{path}, line {line}: {error}") from None
    label = {name: number for number, name in enumerate(names)}
    return [(file, label[name], split) for file, (_, name, split) in of_file.items()], names


def _warn_of_unlisted(table: Path, listed: Sequence[Path], modality: Modality) -> None:
    there = [path for path in table.parent.rglob("[!.]*") if path.suffix.lower() in modality.file_suffixes]
    others = sorted({Path(os.path.normpath(path)) for path in there} - set(listed))
    if others:
        more = f" and {len(others) - 1} other files are" if len(others) > 1 else " is"
        warnings.warn(f"{one_line(str(others[0]))}{more} left out: not in {table.name}.", stacklevel=1)


def _named_file(folder: Path, name: str, modality: Modality) -> Path:
    """Returns the path of a file that a table names, without `..` in it.

    Raises:
        ValueError: There is no such file, or it lies outside of the folder.
    """
    # Windows writes backslashes, and macOS writes accents in another form than tables do.
    spellings = [name, name.replace("\\", "/"), *(unicodedata.normalize(form, name) for form in ("NFC", "NFD"))]
    paths = [folder / spelling for spelling in spellings if name]
    there = [path for path in paths if folders.is_file(path)]
    found = next((path for path in there if path.suffix.lower() in modality.file_suffixes), None)
    if found is None:
        way_out = modality.way_out(there)
        raise ValueError(f"{name!r} names no file of {modality.noun}s in {folder}{f': {way_out}' if way_out else ''}.")
    normal = Path(os.path.normpath(found))
    if not normal.is_relative_to(os.path.normpath(folder)):
        raise ValueError(f"{name!r} is outside of {folder}: move it there, or put a link to it there.")
    return normal


def _class_names(folder: Path) -> list[str]:
    names = [_check_name(path.name) for path in folders.content(folder) if path.is_dir()]
    if names:
        _without_oddities(folder)  # Among them may be links to class folders.
    return names


def _check_name(name: str) -> str:
    """Returns the name of a class, or raises ValueError if data sets, which list names as lines, cannot store it."""
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        raise ValueError(f"The name of the class {name!r} is not UTF-8, or has a line break or the like: change it.")
    return name


def _check_names(names: list[str], folder: Path, modality: Modality) -> None:
    if not 2 <= len(names) <= MAX_CLASSES:
        files, noun = f"*{modality.file_suffixes[0]}", modality.noun
        raise ValueError(
            f"{folder} has {len(names) or 'no'} class folder{'s' * (len(names) != 1)}: expected 2 to {MAX_CLASSES}, "
            f"each with its {noun}s (CLASS/{files}, or train/CLASS/{files} and test/CLASS/{files})."
        )


def _files(folder: Path, modality: Modality) -> list[Path]:
    files = _without_oddities(folder) if folder.is_dir() else []
    others = [path for path in files if path.is_dir() or path.suffix.lower() not in modality.file_suffixes]
    if others:
        more = f" ({len(others)} such files)" if len(others) > 1 else ""
        way_out = modality.way_out(others)
        names = [path.name for path in others[1:_MOST_NAMED]]
        names += [f"{len(others) - _MOST_NAMED} more"] if len(others) > _MOST_NAMED else []
        rest = f" The others: {', '.join(names)}." if names else ""
        raise ValueError(
            f"{others[0]} is not {_a(modality.noun)} ({', '.join(modality.file_suffixes)}): move it out of the class "
            f"folder{more}{f', or {way_out}' if way_out else ''}.{rest}"
        )
    return files


def _without_oddities(folder: Path) -> list[Path]:
    """Lists files and folders, and warns of all else, such as pipes and links that lead nowhere."""
    result = []
    for path in folders.content(folder):
        try:
            if not path.is_dir():
                folders.check_file(path)
            result.append(path)
        except (OSError, ValueError) as error:
            warnings.warn(f"{path} is left out: {folders.fault(error)}.", stacklevel=1)
    return result


def _split(data: Labelled) -> dict[str, Labelled]:
    digests = record_digests(data)
    test = np.zeros(len(data), bool)
    for label in np.unique(data.labels):
        members = sorted(np.flatnonzero(data.labels == label), key=digests.__getitem__)
        test[members[: max(1, len(members) // TEST_SHARE)]] = True
    return {"train": data.in_order(np.flatnonzero(~test)), "test": data.in_order(np.flatnonzero(test))}
