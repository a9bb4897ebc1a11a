"""The Free Spoken Digit Dataset, which TFDS calls `spoken_digit`: https://github.com/Jakobovski/free-spoken-digit-dataset."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from latent_xlate.checks import reason
from latent_xlate.modalities.audio_files import decode_recording

NAME = "spoken_digit"
SAMPLE_RATE = 8000
CLASS_NAMES = tuple(str(digit) for digit in range(10))

NUM_TEST = 5
"""Number of test recordings of each digit by each speaker, the first ones by the data set's convention."""

FILE_NAME = r"(\d)_([a-z]+)_(\d+)\.wav"
"""Pattern of file names; its groups are digit, speaker and number."""

Recordings = Mapping[str, np.ndarray]
"""Samples, int16 [n] at `SAMPLE_RATE`, by the name of the file."""


def split_of(file_name: str) -> str:
    """The split of a recording, "train" or "test"."""
    return "test" if int(_parts(file_name)[2]) < NUM_TEST else "train"


def label_of(file_name: str) -> int:
    """The digit of a recording, by the name of its file."""
    return int(_parts(file_name)[0])


def speaker_of(file_name: str) -> str:
    """The speaker of a recording, by the name of its file."""
    return _parts(file_name)[1]


def _parts(file_name: str) -> tuple[str, ...]:
    match = re.fullmatch(FILE_NAME, file_name)
    if match is None:
        raise ValueError(f"{file_name} is not named DIGIT_SPEAKER_NUMBER.wav: rename or remove it.")
    return match.groups()


def read_recordings(path: str | os.PathLike) -> Recordings:
    """Reads the recordings in the form in which their authors publish them.

    Args:
        path: The folder of the files `DIGIT_SPEAKER_NUMBER.wav`, a folder that contains it as `recordings`, or a zip
            archive of either. Other files are ignored.

    Raises:
        ValueError: There are no such files, or one of them is no mono WAV file of 16 bits at 8 kHz.
    """
    recordings = {
        name: decode_recording(content, SAMPLE_RATE, f"{name} of {path}") for name, content in _files(Path(path))
    }
    if not recordings:
        raise ValueError(
            f"{path} has no recordings named DIGIT_SPEAKER_NUMBER.wav: give the folder or zip archive of these."
        )
    return recordings


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        folder = path / "recordings" if (path / "recordings").is_dir() else path
        for file in sorted(folder.iterdir()):
            if re.fullmatch(FILE_NAME, file.name):
                yield file.name, file.read_bytes()
        return
    try:
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                if re.fullmatch(FILE_NAME, Path(name).name):
                    yield Path(name).name, archive.read(name)
    except (OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} cannot be read ({reason(error)}): get it again.") from None


def examples(recordings: Recordings) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields keys and examples in the form of TFDS's own builder."""
    for name, samples in recordings.items():
        yield name, {"audio": samples.astype(np.int64), "label": label_of(name), "audio/filename": name}
