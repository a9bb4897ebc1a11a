"""Log spectrograms of speech, and the spectral distance between sounds."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

FLOOR = 1e-3
"""Added to magnitudes before the logarithm: 54 dB below the magnitude of a full-scale sine, which is 1/2."""

WINDOWS = (128, 256, 512)
"""Window lengths of the multi-resolution distance, in samples."""

PATCH = (4, 8)
"""Size of the patches whose loudness the distance compares, in frames and bins."""


def log_spectrogram(x: tf.Tensor, window: int, overlap: int) -> tf.Tensor:
    """Logarithm of the magnitudes of a short-time Fourier transform with Hann windows.

    Args:
        x: float32 [batch, samples].
        window: Length of a frame, in samples.
        overlap: Number of frames that contain each sample: 2 or 4.

    Returns:
        float32 [batch, samples * overlap / window, window / 2], at least log(FLOOR). The bins are the frequencies
        1, ..., window / 2, without the constant term.
    """
    # A matrix product with overlapping frames. On a CPU, the gradient of an FFT and its gather takes ten times as long.
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
    """Cosines and sines of the frequencies 1, ..., window / 2, times a Hann window, [window, window].

    They are scaled so that a sine of amplitude 1 has the magnitude 1/2.
    """
    angles = 2 * np.pi / window * np.outer(np.arange(window), np.arange(1, window // 2 + 1))
    hann = np.hanning(window + 1)[:-1, np.newaxis] * (2.0 / window)
    return np.concatenate([hann * np.cos(angles), -hann * np.sin(angles)], axis=1)


def spectral_distance(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Multi-resolution distance between the spectrograms of sounds.

    It is averaged over windows of several lengths, since short windows resolve time and long ones frequency, as in
    the spectral losses of DDSP (Engel et al. 2020, https://arxiv.org/abs/2001.04643) and RAVE. For each window it is
    the sum of two terms:

    - the mean absolute difference of the log spectrograms, which compares their shape;
    - the relative error of the root-mean-square amplitudes of patches of time and frequency, which compares loudness.

    The first term alone makes sounds too soft: what cannot be predicted, such as the magnitudes of noise, is best
    approximated by its median. Within a patch these fluctuations average out.

    Args:
        x: The reference, float32 [batch, samples]; the number of samples is a power of two of at least 2048.
        y: Sounds to compare with it, of the same shape.

    Returns:
        float32 [batch].
    """
    distances = []
    for window in WINDOWS:
        both = log_spectrogram(tf.concat([x, y], axis=0), window, overlap=2)
        x_log, y_log = tf.split(both, 2)
        distances.append(tf.reduce_mean(tf.abs(y_log - x_log), axis=[1, 2]))
        x_amplitudes, y_amplitudes = tf.split(_patch_amplitudes(both), 2)
        distances.append(_norm(y_amplitudes - x_amplitudes) / _norm(x_amplitudes))
    return tf.add_n(distances) / len(WINDOWS)


def _patch_amplitudes(spectrogram: tf.Tensor) -> tf.Tensor:
    """Root-mean-square amplitudes of patches of a log spectrogram, [batch, patches]."""
    _, num_frames, num_bins = spectrogram.shape
    frames, bins = PATCH
    patches = tf.reshape(tf.exp(2.0 * spectrogram), [-1, num_frames // frames, frames, num_bins // bins, bins])
    return tf.reshape(tf.sqrt(tf.reduce_mean(patches, axis=[2, 4])), [tf.shape(spectrogram)[0], -1])


def _norm(x: tf.Tensor) -> tf.Tensor:
    return tf.sqrt(tf.reduce_sum(tf.square(x), axis=1) + 1e-16)
