"""Sound in graph: WAV bytes to aligned slices of 16 kHz, and back."""

from __future__ import annotations

import tensorflow as tf

from latent_xlate.modalities.alignment import FADE, FRAME, ONSET, PEAK, THRESHOLD
from latent_xlate.modalities.audio import NUM_SAMPLES, SAMPLE_RATE, SILENCE

SECONDS_READ = 4
"""Of a file; what comes after is not looked at."""

RATES = (4_000, 192_000)
"""Lowest and highest sample rate of a file."""


def read_wav(file: tf.Tensor, aligned: bool) -> tf.Tensor:
    """Decodes a sound and cuts its slice.

    Args:
        file: string scalar, a WAV file of 16 bits, of any rate within `RATES` and number of channels,
            which are averaged.
        aligned: Whether the slice is aligned as `data.alignment.align` does; else it is the file's first.

    Returns:
        float32 [NUM_SAMPLES], at SAMPLE_RATE, in [-1, 1].

    Raises:
        tf.errors.InvalidArgumentError: No such file, empty or silent.
    """
    samples, rate = tf.audio.decode_wav(file)
    heard = tf.reduce_mean(samples[: SECONDS_READ * rate], axis=1)
    seconds = SECONDS_READ if aligned else NUM_SAMPLES / SAMPLE_RATE
    loudest = tf.reduce_max(tf.abs(heard[: tf.cast(seconds * tf.cast(rate, tf.float32), tf.int32)]))
    with tf.control_dependencies(
        [
            tf.debugging.assert_greater_equal(rate, RATES[0], f"The sound has fewer than {RATES[0]} samples a second."),
            tf.debugging.assert_less_equal(rate, RATES[1], f"The sound has more than {RATES[1]} samples a second."),
            tf.debugging.assert_greater(loudest, SILENCE, "The sound is empty or silent."),
        ]
    ):
        x = resample(heard, rate)
    return align(x) if aligned else tf.clip_by_value(x[:NUM_SAMPLES], -1.0, 1.0)


def write_wav(x: tf.Tensor) -> tf.Tensor:
    """Encodes sounds, float32 [batch, samples] at SAMPLE_RATE in [-1, 1], as WAV of 16 bits: string [batch]."""
    return tf.map_fn(
        lambda samples: tf.audio.encode_wav(samples[:, tf.newaxis], SAMPLE_RATE),
        tf.clip_by_value(x, -1.0, 1.0),
        fn_output_signature=tf.TensorSpec([], tf.string),
    )


def resample(x: tf.Tensor, rate: tf.Tensor) -> tf.Tensor:
    """Brings a sound to SAMPLE_RATE by cutting or padding its spectrum; one that is of it stays as it is.

    Args:
        x: float32 [n], at most SECONDS_READ long.
        rate: int32 scalar, its samples a second.

    Returns:
        float32 [(SECONDS_READ + 1) SAMPLE_RATE], padded with silence.
    """
    # A second of silence keeps the end, which the transform joins to the beginning, away from it.
    seconds = SECONDS_READ + 1
    length, bins = seconds * SAMPLE_RATE, seconds * SAMPLE_RATE // 2 + 1

    def padded():
        return tf.pad(x, [[0, length - tf.size(x)]])

    def resampled():
        spectrum = tf.signal.rfft(x, [seconds * rate])[:bins]
        spectrum = tf.pad(spectrum, [[0, bins - tf.shape(spectrum)[0]]])
        return tf.signal.irfft(spectrum, [length]) * tf.cast(SAMPLE_RATE / rate, tf.float32)

    return tf.ensure_shape(tf.cond(rate == SAMPLE_RATE, padded, resampled), [length])


def align(x: tf.Tensor) -> tf.Tensor:
    """`data.alignment.align` in graph.

    Args:
        x: float32 [n], a sound that is not silent.

    Returns:
        float32 [NUM_SAMPLES], in [-PEAK, PEAK].
    """
    squares = tf.pad(tf.square(x), [[FRAME // 2, FRAME - 1 - FRAME // 2]])
    loudness = tf.sqrt(tf.nn.avg_pool1d(squares[tf.newaxis, :, tf.newaxis], FRAME, 1, "VALID")[0, :, 0])
    loud = tf.where(loudness > THRESHOLD * tf.reduce_max(loudness))[:, 0]
    sound = x[tf.maximum(loud[0] - FRAME, 0) : loud[-1] + FRAME][: NUM_SAMPLES - ONSET]
    sound *= PEAK / tf.reduce_max(tf.abs(sound))
    index, length = tf.range(tf.size(sound)), tf.size(sound)
    sound *= _ramp(index, FADE // 2, length) * _ramp(length - 1 - index, FADE, length)
    return tf.ensure_shape(tf.pad(sound, [[ONSET, NUM_SAMPLES - ONSET - length]]), [NUM_SAMPLES])


def _ramp(index, fade, length):
    """From 0 to 1 over the first samples."""
    last = tf.minimum(fade, length) - 1
    return tf.minimum(tf.cast(index, tf.float32) / tf.cast(tf.maximum(last, 1), tf.float32), 1.0)
