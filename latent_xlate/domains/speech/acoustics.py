"""Banks of microphones, rooms and noises, drawn with a seed, with which recordings are augmented."""

from __future__ import annotations

import numpy as np

from latent_xlate.modalities.audio_files import NUM_SAMPLES, SAMPLE_RATE

FFT_LENGTH = 2 * NUM_SAMPLES
"""Length of the transforms with which sounds are filtered. The padding keeps echoes from wrapping around."""

BANK_SIZE = 64
"""Number of microphones, and of rooms."""

TELEPHONE = (300.0, 3400.0)
"""Lowest and highest frequency of a telephone, in hertz."""

NOISE_SLOPES = (0.0, -3.0, -6.0, 3.0)
"""Colours of noise, in decibels an octave: white, pink, brown and blue."""

_OCTAVE_GAIN = 5.0  # Standard deviation of an equaliser's gain in decibels, drawn at points of an octave's distance.
_RT60 = (0.08, 0.9)  # Seconds in which a room's echoes fall by 60 dB.
_DIRECT = (-2.0, 18.0)  # Decibels by which what comes straight from the mouth is above the echoes.


def microphones(rng: np.random.Generator) -> np.ndarray:
    """Draws frequency responses: equalisers, high-pass and low-pass filters; the first is flat.

    Every fourth has the band of a telephone, and half of the others one of 1 to 8 kHz at the top.

    Returns:
        float32 [BANK_SIZE, FFT_LENGTH / 2 + 1], amplitudes, the phase being zero.
    """
    hertz = np.fft.rfftfreq(FFT_LENGTH, 1 / SAMPLE_RATE)
    octaves = np.log2(np.maximum(hertz, 50.0) / 50.0)
    responses = [np.ones_like(hertz)]
    while len(responses) < BANK_SIZE:
        points = np.arange(9)
        decibels = np.interp(octaves, points, rng.normal(0, _OCTAVE_GAIN, len(points)))
        low, high = 10 ** rng.uniform(np.log10(20), np.log10(250)), 8000.0
        if len(responses) % 4 == 0:
            low, high = TELEPHONE
        elif rng.uniform() < 0.5:
            high = 10 ** rng.uniform(np.log10(2500), np.log10(8000))
        order = rng.integers(1, 5)
        high_pass = 1 / np.sqrt(1 + (low / np.maximum(hertz, 1.0)) ** (2 * order))
        low_pass = 1 / np.sqrt(1 + (hertz / high) ** (8 * order))
        responses.append(10 ** (decibels / 20) * high_pass * low_pass)
    return np.array(responses, np.float32)


def rooms(rng: np.random.Generator) -> np.ndarray:
    """Draws transfer functions of rooms, the echoes being noise that decays; the first half is no room at all.

    Returns:
        complex64 [BANK_SIZE, FFT_LENGTH / 2 + 1].
    """
    seconds = np.arange(NUM_SAMPLES) / SAMPLE_RATE
    impulses = np.zeros([BANK_SIZE, NUM_SAMPLES])
    impulses[:, 0] = 1.0
    for impulse in impulses[BANK_SIZE // 2 :]:
        rt60 = 10 ** rng.uniform(*np.log10(_RT60))
        echoes = rng.normal(size=NUM_SAMPLES) * 10 ** (-3 * seconds / rt60)
        echoes[: int(rng.uniform(0.001, 0.01) * SAMPLE_RATE)] = 0.0
        impulse += echoes * 10 ** (-rng.uniform(*_DIRECT) / 20) / np.linalg.norm(echoes)
    return np.fft.rfft(impulses, FFT_LENGTH).astype(np.complex64)


def noises(rng: np.random.Generator, length: int) -> np.ndarray:
    """Draws noise of each of `NOISE_SLOPES`.

    Args:
        rng: Source of randomness.
        length: Number of samples.

    Returns:
        float32 [colours, length], of mean square 1.
    """
    hertz = np.fft.rfftfreq(length, 1 / SAMPLE_RATE)
    white = np.fft.rfft(rng.normal(size=length))
    colours = []
    for slope in NOISE_SLOPES:
        # Below 50 Hz nothing is heard, and brown noise would be nothing else.
        shape = np.maximum(hertz, 50.0) ** (slope / (20 * np.log10(2)))
        colours.append(np.fft.irfft(white * shape * (hertz > 30.0), length))
    bank = np.array(colours)
    return (bank / np.sqrt(np.mean(np.square(bank), axis=1, keepdims=True))).astype(np.float32)
