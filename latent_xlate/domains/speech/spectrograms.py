"""Logarithmic spectrograms of speech, and the distance between sounds that is theirs."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

FLOOR = 1e-3
"""Added before the logarithm, where a full-scale sine has half its amplitude as its magnitude: 54 dB below that."""

WINDOWS = (128, 256, 512)
"""Windows of the multi-resolution distance, in samples."""

PATCH = (4, 8)
"""Frames and bins over which the distance compares loudness."""


def log_spectrogram(x: tf.Tensor, window: int, overlap: int) -> tf.Tensor:
    """Logarithm of the magnitudes of a short-time Fourier transform under Hann windows.

    Args:
        x: float32 [batch, samples].
        window: Samples in a frame.
        overlap: Frames that each sample is in: 2 or 4.

    Returns:
        float32 [batch, samples * overlap / window, window / 2], without the constant part; from log(FLOOR) up.
    """
    # A matrix product of overlapping frames: on a CPU an FFT's gradient, through a gather, takes ten times as long.
    hop = window // overlap
    num_frames = x.shape[1] // hop
    before = (overlap - 1) // 2
    padded = tf.pad(x, [[0, 0], [before * hop, (overlap - 1 - before) * hop]])
    blocks = tf.reshape(padded, [-1, num_frames + overlap - 1, hop])
    frames = tf.concat([blocks[:, i : i + num_frames] for i in range(overlap)], axis=2)
    parts = tf.reshape(frames, [-1, window]) @ tf.constant(_fourier(window), tf.float32)
    real, imaginary = tf.split(tf.reshape(parts, [-1, num_frames, window]), 2, axis=2)
    return tf.math.log(tf.sqrt(tf.square(real) + tf.square(imaginary) + 1e-12) + FLOOR)


def _fourier(window: int) -> np.ndarray:
    """Cosines and sines at the frequencies 1, ..., window / 2 under a Hann window, [window, window].

    A sine of amplitude 1 gets the magnitude 1/2.
    """
    angles = 2 * np.pi / window * np.outer(np.arange(window), np.arange(1, window // 2 + 1))
    hann = np.hanning(window + 1)[:-1, np.newaxis] * (2.0 / window)
    return np.concatenate([hann * np.cos(angles), -hann * np.sin(angles)], axis=1)


def spectral_distance(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """How y's spectrograms differ from those of x, averaged over windows of several lengths.

    Short windows tell when, long ones at what frequency: the multi-resolution spectral loss of DDSP
    (Engel et al. 2020, https://arxiv.org/abs/2001.04643) and RAVE. Of two parts: the mean absolute difference
    of logarithms, which tells form; and the error of the amplitudes of patches of time and frequency, in the
    root mean square, relative to those of x, which tells loudness. By the first alone what cannot be
    foretold, the magnitudes of noise say, becomes its median, and a sound too soft; within a patch it evens out.

    Args:
        x: float32 [batch, samples], a power of two of at least 2048.
        y: float32 [batch, samples].

    Returns:
        float32 [batch].
    """
    distances = []
    for window in WINDOWS:
        both = log_spectrogram(tf.concat([x, y], axis=0), window, overlap=2)
        theirs, ours = tf.split(both, 2)
        distances.append(tf.reduce_mean(tf.abs(ours - theirs), axis=[1, 2]))
        theirs, ours = tf.split(_patch_amplitudes(both), 2)
        distances.append(_norm(ours - theirs) / _norm(theirs))
    return tf.add_n(distances) / len(WINDOWS)


def _patch_amplitudes(spectrogram: tf.Tensor) -> tf.Tensor:
    """Root mean squares over patches of a logarithmic spectrogram, [batch, patches]."""
    _, num_frames, num_bins = spectrogram.shape
    frames, bins = PATCH
    patches = tf.reshape(tf.exp(2.0 * spectrogram), [-1, num_frames // frames, frames, num_bins // bins, bins])
    return tf.reshape(tf.sqrt(tf.reduce_mean(patches, axis=[2, 4])), [tf.shape(spectrogram)[0], -1])


def _norm(x: tf.Tensor) -> tf.Tensor:
    return tf.sqrt(tf.reduce_sum(tf.square(x), axis=1) + 1e-16)
