"""Reading and checking of latents that a user hands in."""

from __future__ import annotations

import dataclasses
import difflib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from latent_xlate import checks, folders
from latent_xlate.data import array_files, disk_arrays
from latent_xlate.data.labelled import SPLITS, UNLABELLED

LATENT_NAMES = ("mu", "z")
"""Names of the array of latents; the first that is there counts."""

NAMES = (*LATENT_NAMES, "sigma", "labels", "class_names", "split")

MOST_CLASSES = 10_000
"""With more of them labels are hardly classes."""

LEAST_LATENTS = 12
"""Fewest latents of a domain: one in so many is held out."""

_OBJECTS = "holds Python objects: save it as an array of numbers, or of strings"
_CLOSE = 0.75


@dataclasses.dataclass(frozen=True)
class LatentFile:
    """A user's latents.

    Attributes:
        mu: Real numbers of any type, [n, *latent_shape]; large ones are mapped from disk.
        sigma: Standard deviations, likewise; None if there are none.
        labels: int32 [n], -1 where unlabelled.
        class_names: By label; empty if nothing is labelled.
        split: "train", "validation" or "test" for each, [n]; None if the user gives none.
        ignored: Names of arrays that nothing is made of.
    """

    mu: np.ndarray
    sigma: np.ndarray | None
    labels: np.ndarray
    class_names: tuple[str, ...]
    split: np.ndarray | None
    ignored: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.mu)

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one latent."""
        return self.mu.shape[1:]

    def rows(self, indices: np.ndarray | slice) -> tuple[np.ndarray, np.ndarray | None]:
        """Reads mu and sigma of some latents into memory, float64 [m, latent_dim] each."""
        mu, sigma = (None if array is None else _flat(disk_arrays.rows(array, indices)) for array in self._arrays)
        assert mu is not None
        return mu, sigma

    @property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray | None]:
        return self.mu, self.sigma

    def blocks(self, indices: np.ndarray) -> Iterable[np.ndarray]:
        """Parts of indices, [n], of latents that can be read at once."""
        return (indices[part] for part in array_files.in_blocks(len(indices), 8 * int(np.prod(self.latent_shape))))


def read_latents(source: str | os.PathLike | Mapping[str, np.ndarray]) -> LatentFile:
    """Opens latents, and checks them but for the values of mu and sigma, which whoever reads them has to.

    Args:
        source: An npz file, or a folder of npy files, with the arrays `mu` or `z`, [n, ...], and, if there are, `sigma`
            of the same shape, `labels`, [n], of whole numbers (-1 where unlabelled) or names of classes ("" where
            unlabelled), `class_names` by label, and `split`, [n], of `SPLITS`; or a folder of npz files, each with a
            part of the rows of all; or an npy file of latents alone; or such arrays by name.

    Raises:
        ValueError: The file is missing or damaged, an array has another name, shape or type, or there are too few.
    """
    if isinstance(source, Mapping):
        arrays = {str(name): np.asarray(array) for name, array in source.items()}
        return _checked("The latents", list(arrays), arrays.__getitem__)
    path = checks.path(source, "latents", "an npz or npy file, a folder of npy files, or arrays by name")
    try:
        _check_readable(path)
        if path.suffix.lower() == ".npy" and not path.is_dir():
            return _checked(str(path), ["z"], lambda name: array_files.open_npy(path))
        if path.is_dir() and (shards := sorted(path.glob("*.npz"))):
            return _of_shards(path, shards)
        names = array_files.array_names(path)
        if not path.is_dir():
            array_files.check_members(path)
        return _checked(str(path), names, lambda name: array_files.open_array(path, name))
    except FileNotFoundError:
        raise ValueError(f"There is no file or folder {path}.") from None


def _of_shards(folder: Path, shards: Sequence[Path]) -> LatentFile:
    """The latents of npz files in the order of their names."""
    if others := sorted(folder.glob("*.npy")):
        raise ValueError(f"{folder} has npz files and npy files, {others[0].name} say: give a folder of one kind.")
    names = array_files.array_names(shards[0])
    for shard in shards:
        array_files.check_members(shard)
        if set(found := array_files.array_names(shard)) != set(names):
            raise ValueError(
                f"{shard} has {_listed(found)}, and {shards[0].name} has {_listed(names)}: all files of a folder must "
                "have the same."
            )

    def open_array(name: str) -> np.ndarray:
        if name != "class_names":
            return array_files.open_joined(shards, name)
        first, *others = (array_files.open_array(shard, name) for shard in shards)
        if not all(np.array_equal(first, other) for other in others):
            raise ValueError(f"{folder}: class_names is not the same in all files.")
        return first

    return _checked(str(folder), names, open_array)


def _check_readable(path: Path) -> None:
    if not path.is_dir():
        try:
            folders.check_file(path)
        except ValueError as error:
            raise ValueError(f"{path} cannot be read: {error}.") from None


def _checked(source: str, names: Sequence[str], open_array: Callable[[str], np.ndarray]) -> LatentFile:
    found = [name for name in LATENT_NAMES if name in names]
    if not found:
        raise ValueError(f"{source} has {_listed(names)}: name the array of latents mu, or z.")
    ignored = [name for name in names if name not in NAMES] + found[1:]
    for name in ignored:
        if close := difflib.get_close_matches(name, set(NAMES) - set(names), n=1, cutoff=_CLOSE):
            raise ValueError(f"{source} has an array {name!r}. Did you mean {close[0]!r}? Name it so, or leave it out.")
    arrays = {name: open_array(name) for name in (found[0], *NAMES[2:]) if name in names}
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise ValueError(f"{source}: {name} {_OBJECTS}.")
    try:
        mu, sigma = _latents(found[0], arrays)
        labels, class_names = _labels(arrays, len(mu))
        return LatentFile(mu, sigma, labels, class_names, _split(arrays, len(mu)), tuple(ignored))
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from None


def _latents(name: str, arrays: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray | None]:
    mu, sigma = arrays[name], arrays.get("sigma")
    for each, array in ((name, mu), ("sigma", sigma)):
        if array is not None and array.dtype.kind not in "iuf":
            raise ValueError(f"{each} is of type {array.dtype}; latents are real numbers, float32 say.")
    if mu.ndim < 2 or not all(mu.shape[1:]):
        raise ValueError(f"{name} is {list(mu.shape)}; it must be [n, size of a latent].")
    if sigma is not None and sigma.shape != mu.shape:
        raise ValueError(f"{name} is {list(mu.shape)} and sigma {list(sigma.shape)}; they must have one shape.")
    if len(mu) < LEAST_LATENTS:
        raise ValueError(f"{name} has {len(mu)} latents; a domain takes {LEAST_LATENTS} at least, some to measure on.")
    return mu, sigma


def _labels(arrays: Mapping[str, np.ndarray], count: int) -> tuple[np.ndarray, tuple[str, ...]]:
    names = _names(arrays["class_names"]) if "class_names" in arrays else None
    if "labels" not in arrays:
        if names:
            raise ValueError("class_names names classes, and there are no labels: give labels, or leave it out.")
        return np.full(count, UNLABELLED, np.int32), ()
    labels = arrays["labels"]
    _check_one_each("labels", labels, count)
    if labels.dtype.kind in "US":
        texts = _texts(labels)
        names = names or tuple(sorted(set(texts) - {""}))
        numbers = {name: label for label, name in enumerate(names)} | {"": UNLABELLED}
        for text in set(texts) - numbers.keys():
            checks.known(text, names, "class")
        labels = np.array([numbers[text] for text in texts], np.int32)
    elif labels.dtype.kind not in "iu":
        raise ValueError(f"labels is of type {labels.dtype}; they are whole numbers, or names of classes.")
    most = int(labels.max())
    if int(labels.min()) < UNLABELLED:
        raise ValueError(f"labels has {int(labels.min())}; they are 0 or more, and -1 where unlabelled.")
    if names is None:
        names = tuple(map(str, range(most + 1))) if most < MOST_CLASSES else ()
    if most >= MOST_CLASSES or len(names) > MOST_CLASSES:
        raise ValueError(f"labels has {max(most + 1, len(names)):,} classes; a domain has {MOST_CLASSES:,} at most.")
    if most >= len(names):
        raise ValueError(f"labels has {most}, outside 0 to {len(names) - 1}: class_names has {len(names)} names.")
    return labels.astype(np.int32), names


def _names(array: np.ndarray) -> tuple[str, ...]:
    if array.dtype.kind not in "US" or array.ndim != 1:
        raise ValueError(f"class_names is {array.dtype} {list(array.shape)}; it must be a list of strings.")
    names = tuple(_texts(array))
    if len(set(names)) < len(names) or "" in names:
        raise ValueError(f"class_names has an empty name, or one twice: {', '.join(map(repr, names[:20]))}.")
    return names


def _split(arrays: Mapping[str, np.ndarray], count: int) -> np.ndarray | None:
    if "split" not in arrays:
        return None
    split = arrays["split"]
    _check_one_each("split", split, count)
    if split.dtype.kind not in "US":
        raise ValueError(f"split is of type {split.dtype}; it must hold the words {', '.join(SPLITS)}.")
    split = np.array(_texts(split))
    for name in np.unique(split).tolist():
        checks.known(name, SPLITS, "split")
    if "train" not in split:
        raise ValueError("split has no 'train': nothing could be learnt from.")
    return split


def _check_one_each(name: str, array: np.ndarray, count: int) -> None:
    if array.shape != (count,):
        raise ValueError(f"{name} is {list(array.shape)}; it must be [{count}], one for each latent.")


def _texts(array: np.ndarray) -> list[str]:
    try:
        return [text.decode() if isinstance(text, bytes) else text for text in array.tolist()]
    except UnicodeDecodeError:
        raise ValueError("strings that are bytes must be UTF-8: save them as str.") from None


def _flat(array: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return array.reshape(len(array), -1).astype(np.float64)


def _listed(names: Sequence[str]) -> str:
    return f"the arrays {', '.join(names[:20])}" if names else "no array"
