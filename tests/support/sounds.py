"""Sound files as users have them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import soundfile


def tone(hertz: float = 440.0, seconds: float = 0.4, rate: int = 8000, peak: float = 0.5) -> np.ndarray:
    """A sine, float64 [seconds * rate]."""
    return peak * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def write(path: Path, samples: np.ndarray, rate: int = 8000, subtype: str | None = None) -> Path:
    """Writes a file of the format that its ending tells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, subtype)
    return path


def digits(num_recordings: int = 8) -> dict[str, np.ndarray]:
    """Recordings named as those of the Free Spoken Digit Dataset: tones of two speakers, int16 at 8 kHz."""
    return {
        f"{digit}_{speaker}_{index}.wav": np.round(
            32767 * tone(200 + 100 * digit + 7 * index, 0.1 + 0.01 * index, peak=peak)
        ).astype(np.int16)
        for digit in range(10)
        for speaker, peak in (("ann", 0.5), ("bob", 0.1))
        for index in range(num_recordings)
    }


def write_digits(folder: Path, recordings: dict[str, np.ndarray]) -> Path:
    """`recordings/*.wav` and a README, as in the data set's repository."""
    for name, samples in recordings.items():
        write(folder / "recordings" / name, samples)
    (folder / "recordings" / "README.md").write_text("About the recordings.")
    return folder


def zipped(folder: Path, path: Path) -> Path:
    """A zip archive of all files in a folder."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.rglob("*.*"):
            archive.write(file, file.relative_to(folder))
    return path
