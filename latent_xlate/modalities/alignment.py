"""Alignment of recordings to the same onset and loudness, which leaves a generator less to learn."""

from __future__ import annotations

import numpy as np

ONSET = 2048
"""Sample at which aligned sounds begin."""

PEAK = 0.8
"""Largest magnitude of an aligned sound."""

THRESHOLD = 0.04
"""Loudness below which the beginning and the end count as silence, relative to the loudest frame: -28 dB."""

FRAME = 160
"""Number of samples of a frame, over which loudness is measured: 10 ms."""

FADE = 160
"""Number of samples over which the end fades out. The beginning fades in over half as many, to keep its consonant."""


def align(waveforms: np.ndarray) -> np.ndarray:
    """Trims silence, moves each sound to `ONSET`, and scales its peak to `PEAK`.

    Args:
        waveforms: int16 [n, num_samples].

    Returns:
        int16 [n, num_samples], silent before and after each sound. A sound that is too long is cut at its end.
    """
    return np.stack([_align(waveform.astype(np.float32)) for waveform in waveforms])


def _align(x: np.ndarray) -> np.ndarray:
    loudness = np.sqrt(np.convolve(np.square(x), np.ones(FRAME) / FRAME, "same"))
    loud = np.flatnonzero(loudness > THRESHOLD * loudness.max())
    aligned = np.zeros(len(x), np.int16)
    if len(loud):
        sound = x[max(0, loud[0] - FRAME) : loud[-1] + FRAME][: len(x) - ONSET]
        fade_in, fade_out = (np.linspace(0, 1, min(length, len(sound))) for length in (FADE // 2, FADE))
        sound = sound * (PEAK * 32767 / np.abs(sound).max())
        sound[: len(fade_in)] *= fade_in
        sound[-len(fade_out) :] *= fade_out[::-1]
        aligned[ONSET : ONSET + len(sound)] = np.round(sound)
    return aligned
