"""The ten digits of the Arabic Speech Commands Dataset, split by speaker.

Source: https://github.com/abdulkaderghandoura/arabic-speech-commands-dataset (Ghandoura, Hjabo and Al Dakkak 2021,
https://doi.org/10.1016/j.engappai.2021.104267), CC BY 4.0.
"""

from __future__ import annotations

import csv
import io
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from latent_xlate.checks import reason
from latent_xlate.data import speech
from latent_xlate.data.labelled import Labelled
from latent_xlate.data.sc09 import DIGITS
from latent_xlate.data.spoken_digit import CLASS_NAMES
from latent_xlate.modalities.audio_files import SAMPLE_RATE, decode_recording, to_slice

NAME = "spoken_digit_ar"

TABLES = {"train": "train.csv", "validation": "val.csv", "test": "test.csv"}
"""Files of the data set that list the recordings of each split. No speaker is in two of them."""


def read_recordings(path: str | os.PathLike) -> dict[str, Labelled]:
    """Reads the digits in the form in which the data set's authors publish it.

    Args:
        path: The folder, or a zip archive of it or of a folder that holds it alone: `train.csv`, `val.csv` and
            `test.csv`, with the columns file and class, and the recordings that they name. Commands that are no digits
            are passed over, and their recordings need not be there.

    Returns:
        The splits "train", "validation" and "test".

    Raises:
        ValueError: A table is missing or lists no digits, or a recording is missing or is no mono WAV file of 16 bits
            at 16 kHz.
    """
    path = Path(path)
    if path.is_dir():
        return _read_splits(path, lambda name: (path / name).read_bytes())
    try:
        with zipfile.ZipFile(path) as archive:
            return _read_splits(path, archive.read, _prefix(archive))
    except (OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} cannot be read ({reason(error)}): get it again.") from None


def _prefix(archive: zipfile.ZipFile) -> str:
    """The folder of the archive that holds the tables, with a slash; "" for the top."""
    name = next((name for name in archive.namelist() if PurePosixPath(name).name == TABLES["train"]), "")
    return name.removesuffix(TABLES["train"])


def _read_splits(where: Path, read: Callable[[str], bytes], prefix: str = "") -> dict[str, Labelled]:
    def content(name: str) -> bytes:
        try:
            return read(prefix + name)
        except (OSError, KeyError) as error:
            raise ValueError(f"{where} has no {name} that can be read ({reason(error)}): get it again.") from None

    splits = {}
    for split, table in TABLES.items():
        listed = list(_digits_of(content(table)))
        if not listed:
            raise ValueError(f"{table} of {where} lists no digits in columns file and class: get it again.")
        waveforms = [_waveform(content(name), f"{name} of {where}") for name, _ in listed]
        splits[split] = speech.labelled_sounds(waveforms, [label for _, label in listed], CLASS_NAMES)
    return splits


def _digits_of(table: bytes) -> Iterator[tuple[str, int]]:
    """Yields path and digit of each recording of a digit that a table lists."""
    for row in csv.DictReader(io.StringIO(table.decode("utf-8-sig"))):
        if row.get("class") in DIGITS and row.get("file"):
            yield row["file"], DIGITS.index(row["class"])


def _waveform(content: bytes, name: str) -> np.ndarray:
    """Decodes a recording to int16 [NUM_SAMPLES], padded with silence."""
    return to_slice(decode_recording(content, SAMPLE_RATE, name) / np.float32(32768), SAMPLE_RATE)
