"""Files of sound of any common format and rate, and slices of one rate and length."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soundfile
import soxr

from latent_xlate.checks import reason

SAMPLE_RATE = 16000
"""Samples a second, of everything that is stored, trained on and generated."""

NUM_SAMPLES = 16384
"""Of a slice: 1.024 seconds."""

ENDINGS = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff", ".au")

SPEEDS = (0.92, 1.08)
"""Other speeds at which speech still sounds as somebody's: lower and higher by one and a half semitones."""

SILENCE = 2e-4
"""Loudest magnitude of what counts as silent, a share of full scale: above the dither of 16 bits."""

_UNKNOWN_SIZE = 0x7FFF0000
"""From here on a file's header gives its size as unknown: it was written to a pipe."""


def read_samples(path: str | os.PathLike, seconds: float) -> tuple[np.ndarray, int]:
    """Reads the beginning of a sound file.

    Args:
        path: The file.
        seconds: How much of it at most.

    Returns:
        float32 [n, channels], and its samples a second.

    Raises:
        OSError: The file cannot be opened.
        ValueError: It is empty, truncated or no sound, has values that are no numbers, or is silent.
    """
    size = Path(path).stat().st_size
    if not size:
        raise ValueError("it is empty")
    with Path(path).open("rb") as opened:
        if _stated_size(opened.read(8)) > size:
            raise ValueError("it is cut off")
    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            count = min(file.frames, int(rate * seconds))
            samples = file.read(int(rate * seconds), "float32", always_2d=True)
    except soundfile.SoundFileError as error:
        raise ValueError(reason(error)) from None
    if not np.isfinite(samples).all():
        raise ValueError("it has NaN or infinite values")
    if np.abs(samples).max(initial=0.0) <= SILENCE:
        raise ValueError("it is silent")
    if len(samples) < count:
        raise ValueError("it is cut off")
    return samples, rate


def _stated_size(head: bytes) -> int:
    """The size of a WAV or AIFF file by its first 8 bytes; 0 of others, and where it is not known."""
    order: Any = {b"RIFF": "little", b"FORM": "big"}.get(head[:4])
    size = int.from_bytes(head[4:8], order) if order else 0
    return size if size < _UNKNOWN_SIZE else 0


def encode_wav(samples: np.ndarray, rate: int, other_rate: int, rates: tuple[int, int]) -> bytes:
    """Encodes a sound as WAV of 16 bits, which keeps the samples of what has 16 bits already.

    Args:
        samples: Floats [n, channels]; what is louder than full scale is brought down to it.
        rate: Its samples a second.
        other_rate: What it is resampled to where its rate lies outside `rates`.
        rates: Lowest and highest rate.
    """
    lowest, highest = rates
    if not lowest <= rate <= highest:
        samples, rate = soxr.resample(samples, rate, other_rate), other_rate
    samples = samples / max(1.0, np.abs(samples).max())
    wav = io.BytesIO()
    soundfile.write(wav, _to_int16(samples), rate, "PCM_16", format="WAV")
    return wav.getvalue()


def to_slice(samples: np.ndarray, sample_rate: float, num_samples: int = NUM_SAMPLES) -> np.ndarray:
    """Brings a sound to SAMPLE_RATE and cuts its first slice.

    Args:
        samples: Floats [n], in [-1, 1].
        sample_rate: Its samples a second.
        num_samples: Of the slice.

    Returns:
        int16 [num_samples], padded with silence.
    """
    if sample_rate != SAMPLE_RATE:
        samples = soxr.resample(samples, sample_rate, SAMPLE_RATE)
    samples = _to_int16(samples[:num_samples])
    return np.pad(samples, (0, num_samples - len(samples)))


def _to_int16(samples: np.ndarray) -> np.ndarray:
    return np.clip(np.round(samples * 32768.0), -32768, 32767).astype(np.int16)


def change_speed(waveforms: np.ndarray, speed: float) -> np.ndarray:
    """Sounds as a record at another speed plays them, in time and in pitch.

    Args:
        waveforms: int16 [n, num_samples].
        speed: Above 1 for shorter and higher.

    Returns:
        int16 [n, num_samples]: cut where they do not fit, padded with silence.
    """
    rate, length = SAMPLE_RATE * speed, waveforms.shape[1]
    return np.stack([to_slice(waveform / np.float32(32768), rate, length) for waveform in waveforms])


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
