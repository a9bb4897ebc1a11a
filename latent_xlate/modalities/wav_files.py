"""WAV files in graph: decoded to slices of one rate and length, aligned or not, and encoded."""

from __future__ import annotations

import tensorflow as tf

from latent_xlate.modalities.alignment import FADE, FRAME, ONSET, PEAK, THRESHOLD
from latent_xlate.modalities.audio_files import NUM_SAMPLES, SAMPLE_RATE, SILENCE

SECONDS_READ = 4
"""Of a file; what comes after is not looked at."""

RATES = (4_000, 192_000)
"""Lowest and highest sample rate of a file."""


def read_wav(
    file: tf.Tensor, aligned: bool, num_samples: int = NUM_SAMPLES, sample_rate: int = SAMPLE_RATE
) -> tf.Tensor:
    """Decodes a sound and cuts its slice.

    Args:
        file: string scalar, a WAV file of 16 bits, of any rate within `RATES` and number of channels,
            which are averaged.
        aligned: Whether the slice is aligned as `alignment.align` does; else it is the file's first.
        num_samples: Of the slice.
        sample_rate: Of the slice.

    Returns:
        float32 [num_samples], in [-1, 1].

    Raises:
        tf.errors.InvalidArgumentError: No such file, empty or silent.
    """
    samples, rate = tf.audio.decode_wav(file)
    heard = tf.reduce_mean(samples[: SECONDS_READ * rate], axis=1)
    seconds = SECONDS_READ if aligned else num_samples / sample_rate
    loudest = tf.reduce_max(tf.abs(heard[: tf.cast(seconds * tf.cast(rate, tf.float32), tf.int32)]))
    with tf.control_dependencies(
        [
            tf.debugging.assert_greater_equal(rate, RATES[0], f"The sound has fewer than {RATES[0]} samples a second."),
            tf.debugging.assert_less_equal(rate, RATES[1], f"The sound has more than {RATES[1]} samples a second."),
            tf.debugging.assert_greater(loudest, SILENCE, "The sound is empty or silent."),
        ]
    ):
        x = resample(heard, rate, sample_rate)
    return align(x, num_samples) if aligned else tf.clip_by_value(x[:num_samples], -1.0, 1.0)


def read_word(file: bytes, num_samples: int = NUM_SAMPLES, sample_rate: int = SAMPLE_RATE) -> tf.Tensor:
    """The aligned slice of a WAV file of 16 bits, or its first where it is silent: float32 [num_samples]."""
    samples, rate = tf.audio.decode_wav(file)
    x = resample(tf.reduce_mean(samples[: SECONDS_READ * rate], axis=1), rate, sample_rate)
    return align(x, num_samples) if tf.reduce_max(tf.abs(x)) > SILENCE else x[:num_samples]


def write_wav(x: tf.Tensor, sample_rate: int = SAMPLE_RATE) -> tf.Tensor:
    """Encodes sounds, float32 [batch, samples] in [-1, 1], as WAV of 16 bits: string [batch]."""
    return tf.map_fn(
        lambda samples: tf.audio.encode_wav(samples[:, tf.newaxis], sample_rate),
        tf.clip_by_value(x, -1.0, 1.0),
        fn_output_signature=tf.TensorSpec([], tf.string),
    )


def resample(x: tf.Tensor, rate: tf.Tensor, sample_rate: int = SAMPLE_RATE) -> tf.Tensor:
    """Brings a sound to another rate by cutting or padding its spectrum; one that has the rate stays as it is.

    Args:
        x: float32 [n], at most SECONDS_READ long.
        rate: int32 scalar, its samples a second.
        sample_rate: The result's.

    Returns:
        float32 [(SECONDS_READ + 1) sample_rate], padded with silence.
    """
    # A second of silence keeps the end, which the transform joins to the beginning, away from it.
    seconds = SECONDS_READ + 1
    length, bins = seconds * sample_rate, seconds * sample_rate // 2 + 1

    def padded() -> tf.Tensor:
        return tf.pad(x, [[0, length - tf.size(x)]])

    def resampled() -> tf.Tensor:
        spectrum = tf.signal.rfft(x, [seconds * rate])[:bins]
        spectrum = tf.pad(spectrum, [[0, bins - tf.shape(spectrum)[0]]])
        return tf.signal.irfft(spectrum, [length]) * tf.cast(sample_rate / rate, tf.float32)

    return tf.ensure_shape(tf.cond(rate == sample_rate, padded, resampled), [length])


def align(x: tf.Tensor, num_samples: int = NUM_SAMPLES) -> tf.Tensor:
    """`alignment.align` in graph.

    Args:
        x: float32 [n], a sound that is not silent.
        num_samples: Of the slice.

    Returns:
        float32 [num_samples], in [-PEAK, PEAK].
    """
    squares = tf.pad(tf.square(x), [[FRAME // 2, FRAME - 1 - FRAME // 2]])
    loudness = tf.sqrt(tf.nn.avg_pool1d(squares[tf.newaxis, :, tf.newaxis], FRAME, 1, "VALID")[0, :, 0])
    loud = tf.where(loudness > THRESHOLD * tf.reduce_max(loudness))[:, 0]
    sound = x[tf.maximum(loud[0] - FRAME, 0) : loud[-1] + FRAME][: num_samples - ONSET]
    sound *= PEAK / tf.reduce_max(tf.abs(sound))
    index, length = tf.range(tf.size(sound)), tf.size(sound)
    sound *= _ramp(index, FADE // 2, length) * _ramp(length - 1 - index, FADE, length)
    return tf.ensure_shape(tf.pad(sound, [[ONSET, num_samples - ONSET - length]]), [num_samples])


def _ramp(index: tf.Tensor, fade: int, length: tf.Tensor) -> tf.Tensor:
    """From 0 to 1 over the first samples."""
    last = tf.minimum(fade, length) - 1
    return tf.minimum(tf.cast(index, tf.float32) / tf.cast(tf.maximum(last, 1), tf.float32), 1.0)
