"""Sound: files of any common format and rate, brought to slices of one rate and length."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
import soxr

from latent_xlate.data.labelled import reason

SAMPLE_RATE = 16000
"""Samples a second, of everything that is stored, trained on and generated."""

NUM_SAMPLES = 16384
"""Of a slice: 1.024 seconds."""

ENDINGS = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff", ".au")


def read_audio(path: str | os.PathLike) -> np.ndarray:
    """Reads the first slice of a sound file of any rate and number of channels.

    Channels are averaged. Of a file that lasts hours no more than a slice is read.

    Args:
        path: A file with one of `ENDINGS`.

    Returns:
        int16 [NUM_SAMPLES], at SAMPLE_RATE, padded with silence.

    Raises:
        ValueError: The file is missing, empty, truncated or no sound, has values that are no numbers, or is silent.
    """
    try:
        if not Path(path).stat().st_size:
            raise ValueError("it is empty")
        with soundfile.SoundFile(path) as file:
            # A little more than a slice, for the resampling filter's sake.
            samples = file.read(file.samplerate * (NUM_SAMPLES + SAMPLE_RATE) // SAMPLE_RATE, "float32", always_2d=True)
            rate = file.samplerate
        if not np.isfinite(samples).all():
            raise ValueError("it has NaN or infinite values")
        if not samples.any():
            raise ValueError("it is silent")
    except (OSError, ValueError, soundfile.SoundFileError) as error:
        raise ValueError(f"{path} cannot be read as a sound ({reason(error)}): replace or remove it.") from None
    return to_slice(samples.mean(axis=1), rate)


def to_slice(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Brings a sound to SAMPLE_RATE and cuts its first slice.

    Args:
        samples: Floats [n], in [-1, 1].
        sample_rate: Its samples a second.

    Returns:
        int16 [NUM_SAMPLES], padded with silence.
    """
    if sample_rate != SAMPLE_RATE:
        samples = soxr.resample(samples, sample_rate, SAMPLE_RATE)
    samples = np.clip(np.round(samples[:NUM_SAMPLES] * 32768.0), -32768, 32767).astype(np.int16)
    return np.pad(samples, (0, NUM_SAMPLES - len(samples)))


def decode_wav(file: BinaryIO) -> tuple[np.ndarray, int]:
    """Samples, int16 [n], and rate of a mono WAV file of 16 bits.

    Raises:
        ValueError: It is none.
    """
    try:
        samples, sample_rate = soundfile.read(file, dtype="int16", always_2d=True)
    except soundfile.SoundFileError as error:
        raise ValueError(reason(error)) from None
    if samples.shape[1] != 1:
        raise ValueError(f"it has {samples.shape[1]} channels")
    return samples[:, 0], sample_rate
