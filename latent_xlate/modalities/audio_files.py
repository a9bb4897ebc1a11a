"""Reading of sound files of any common format and rate, and slices of fixed rate and length."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soundfile
import soxr

from latent_xlate.checks import reason
from latent_xlate.modalities.riff_files import UNKNOWN_SIZE

SAMPLE_RATE = 16000
"""Samples per second of all data that are stored, trained on and generated."""

NUM_SAMPLES = 16384
"""Number of samples of a slice: 1.024 seconds."""

ENDINGS = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff", ".au")

SPEEDS = (0.92, 1.08)
"""Speeds at which speech still sounds natural: lower and higher by about one and a half semitones."""

SILENCE = 2e-4
"""Largest magnitude, relative to full scale, of a sound that counts as silent: above the dither of 16 bits."""

_WIDE = ("PCM_24", "PCM_32", "FLOAT", "DOUBLE")
"""Codecs whose samples have more than 16 bits."""

_CUT_OFF = "The sound is cut off: get the whole file"


def to_wav(path: str | os.PathLike, seconds: float, rates: tuple[int, int], other_rate: int) -> bytes | None:
    """Converts the beginning of a sound file of any format that soundfile knows to WAV.

    Samples of up to 16 bits, and those of codecs with losses, become 16-bit integers; others become floats.

    Args:
        path: The file.
        seconds: Largest length to read.
        rates: Lowest and highest sample rate that are kept.
        other_rate: Sample rate to which other sounds are resampled.

    Returns:
        The content of the WAV file; None if soundfile does not know the format.

    Raises:
        OSError: The file cannot be opened.
        ValueError: The file is cut off or damaged; the message is a sentence.
    """
    size = Path(path).stat().st_size
    with Path(path).open("rb") as opened:
        if _stated_size(opened.read(8)) > size:
            raise ValueError(_CUT_OFF)
    try:
        file = soundfile.SoundFile(path)
    except soundfile.SoundFileError:
        return None
    with file:
        count = min(file.frames, int(file.samplerate * seconds))
        try:
            samples = file.read(int(file.samplerate * seconds), "float32", always_2d=True)
        except soundfile.SoundFileError:
            raise ValueError("The sound is damaged: get the file again") from None
        if len(samples) < count:
            raise ValueError(_CUT_OFF)
        return _encode_wav(samples, file.samplerate, file.subtype in _WIDE, rates, other_rate)


def _stated_size(head: bytes) -> int:
    """Returns the size in the first 8 bytes of a WAV or AIFF file; 0 for other files and for an unknown size."""
    order: Any = {b"RIFF": "little", b"FORM": "big"}.get(head[:4])
    size = int.from_bytes(head[4:8], order) if order else 0
    return size if size < UNKNOWN_SIZE else 0


def _encode_wav(samples: np.ndarray, rate: int, is_wide: bool, rates: tuple[int, int], other_rate: int) -> bytes:
    """Encodes a sound, floats [n, channels], as WAV of 16 bits, in which it is scaled down to full scale, or floats."""
    lowest, highest = rates
    if not lowest <= rate <= highest:
        samples, rate = soxr.resample(samples, rate, other_rate), other_rate
    wav = io.BytesIO()
    if is_wide:
        soundfile.write(wav, samples, rate, "FLOAT", format="WAV")
    else:
        full_scale = max(1.0, np.abs(samples).max(initial=0.0))
        soundfile.write(wav, _to_int16(samples / full_scale), rate, "PCM_16", format="WAV")
    return wav.getvalue()


def to_slice(
    samples: np.ndarray, sample_rate: float, num_samples: int = NUM_SAMPLES, to_rate: float = SAMPLE_RATE
) -> np.ndarray:
    """Resamples a sound and cuts its first slice.

    Args:
        samples: Floats [n] or [n, channels], in [-1, 1].
        sample_rate: Sample rate of `samples`.
        num_samples: Number of samples of the slice.
        to_rate: Sample rate of the slice.

    Returns:
        int16 [num_samples] or [num_samples, channels], padded with silence.
    """
    if sample_rate != to_rate:
        samples = soxr.resample(samples, sample_rate, to_rate)
    samples = _to_int16(samples[:num_samples])
    return np.pad(samples, [(0, num_samples - len(samples)), *[(0, 0)] * (samples.ndim - 1)])


def _to_int16(samples: np.ndarray) -> np.ndarray:
    return np.clip(np.round(samples * 32768.0), -32768, 32767).astype(np.int16)


def change_speed(waveforms: np.ndarray, speed: float) -> np.ndarray:
    """Changes the speed of sounds, in time and in pitch, as a record player does.

    Args:
        waveforms: int16 [n, num_samples] or [n, num_samples, channels].
        speed: Factor of the speed; above 1 sounds become shorter and higher.

    Returns:
        int16 of the same shape; longer sounds are cut, shorter ones padded with silence.
    """
    rate, length = SAMPLE_RATE * speed, waveforms.shape[1]
    return np.stack([to_slice(waveform / np.float32(32768), rate, length) for waveform in waveforms])


def decode_wav(file: BinaryIO) -> tuple[np.ndarray, int]:
    """Decodes a mono 16-bit WAV file to its samples, int16 [n], and its sample rate.

    Raises:
        ValueError: The file is no such WAV file.
    """
    try:
        with soundfile.SoundFile(file) as opened:
            samples, sample_rate = opened.read(dtype="int16", always_2d=True), opened.samplerate
            subtype = opened.subtype
    except soundfile.SoundFileError as error:
        raise ValueError(reason(error)) from None
    if subtype != "PCM_16":
        raise ValueError(f"its samples are {subtype}, not PCM_16")
    if samples.shape[1] != 1:
        raise ValueError(f"it has {samples.shape[1]} channels")
    if not len(samples):
        raise ValueError("it has no samples")
    return samples[:, 0], sample_rate


def decode_recording(content: bytes, sample_rate: int, name: str) -> np.ndarray:
    """Decodes a recording of a data set to its samples, int16 [n].

    Args:
        content: A mono WAV file of 16 bits.
        sample_rate: The rate of all recordings of the data set.
        name: What the message calls it.

    Raises:
        ValueError: It is no such file, or of another rate.
    """
    try:
        samples, rate = decode_wav(io.BytesIO(content))
        if rate != sample_rate:
            raise ValueError(f"its rate is {rate}, not {sample_rate}")
    except ValueError as error:
        raise ValueError(f"{name} cannot be read ({error}): get it again.") from None
    return samples
