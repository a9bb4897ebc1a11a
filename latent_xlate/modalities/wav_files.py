"""Reading of WAV files in graph, as slices of fixed rate and length that may be aligned, and writing."""

from __future__ import annotations

import tensorflow as tf

from latent_xlate.modalities.alignment import FADE, FRAME, ONSET, PEAK, THRESHOLD
from latent_xlate.modalities.audio_files import NUM_SAMPLES, SAMPLE_RATE, SILENCE

SECONDS_READ = 4
"""Number of seconds that are read from the beginning of a file."""

RATES = (4_000, 192_000)
"""Lowest and highest sample rate of a file that can be read."""


def read_wav(
    file: tf.Tensor, aligned: bool, num_samples: int = NUM_SAMPLES, sample_rate: int = SAMPLE_RATE
) -> tf.Tensor:
    """Decodes a sound and cuts its slice.

    Args:
        file: string scalar, a 16-bit WAV file of any rate within `RATES`. Its channels are averaged.
        aligned: Whether the slice is aligned, see `alignment.align`; otherwise it is the beginning of the file.
        num_samples: Number of samples of the slice.
        sample_rate: Sample rate of the slice.

    Returns:
        float32 [num_samples], in [-1, 1].

    Raises:
        tf.errors.InvalidArgumentError: It is no such file, or the sound is empty or silent.
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
    """Reads the aligned slice of a 16-bit WAV file, or its beginning if it is silent: float32 [num_samples]."""
    samples, rate = tf.audio.decode_wav(file)
    x = resample(tf.reduce_mean(samples[: SECONDS_READ * rate], axis=1), rate, sample_rate)
    return align(x, num_samples) if tf.reduce_max(tf.abs(x)) > SILENCE else x[:num_samples]


def write_wav(x: tf.Tensor, sample_rate: int = SAMPLE_RATE) -> tf.Tensor:
    """Encodes sounds, float32 [batch, samples] in [-1, 1], as 16-bit WAV files: string [batch]."""
    return tf.map_fn(
        lambda samples: tf.audio.encode_wav(samples[:, tf.newaxis], sample_rate),
        tf.clip_by_value(x, -1.0, 1.0),
        fn_output_signature=tf.TensorSpec([], tf.string),
    )


def resample(x: tf.Tensor, rate: tf.Tensor, sample_rate: int = SAMPLE_RATE) -> tf.Tensor:
    """Resamples a sound by cutting or padding its spectrum; a sound that has the rate already does not change.

    Args:
        x: float32 [n], at most SECONDS_READ long.
        rate: int32 scalar, sample rate of `x`.
        sample_rate: Sample rate of the result.

    Returns:
        float32 [(SECONDS_READ + 1) sample_rate], padded with silence.
    """
    # The transform is periodic; a second of silence keeps the end from leaking into the beginning.
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
    """Computes `alignment.align` in graph.

    Args:
        x: float32 [n], a sound that is not silent.
        num_samples: Number of samples of the slice.

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
    """Linear ramp from 0 to 1 over the first `fade` samples, then 1."""
    last = tf.minimum(fade, length) - 1
    return tf.minimum(tf.cast(index, tf.float32) / tf.cast(tf.maximum(last, 1), tf.float32), 1.0)
