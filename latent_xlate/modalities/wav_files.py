"""Reading of WAV files in graph, as slices of fixed rate and length that may be aligned, and writing."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from latent_xlate.modalities import riff_files, wav_faults, wav_samples
from latent_xlate.modalities.alignment import FADE, FRAME, ONSET, PEAK, THRESHOLD
from latent_xlate.modalities.audio_files import NUM_SAMPLES, SAMPLE_RATE, SILENCE
from latent_xlate.modalities.outlining import outlined
from latent_xlate.modalities.refusals import refuse
from latent_xlate.modalities.voice_activity import find_other_word, find_word
from latent_xlate.modalities.wav_faults import RATES, SECONDS_READ

_HEAD_BYTES = 2**16
"""Number of bytes that hold the header of most files."""


def beginning(path: Path) -> tuple[bytes, bool]:
    """Reads what `read_wavs` needs of a file, which may be hours long.

    Args:
        path: Any file.

    Returns:
        The beginning of the file, and whether it is for `read_wavs` to read or to refuse: False for what is no WAV
        file, and for WAV files of another codec or rate.
    """
    with path.open("rb") as file:
        content = file.read(_HEAD_BYTES)
        is_headed, is_taken, end = _extent(tf.constant([content]))
        if is_taken and not is_headed:
            content += file.read()
            _, is_taken, end = _extent(tf.constant([content]))
        # Headers may state more than there is, and more than memory holds.
        last = min(int(end), path.stat().st_size)
        return content + file.read(max(0, last - len(content))), bool(is_taken)


@tf.function(input_signature=[tf.TensorSpec([1], tf.string)], autograph=False)
def _extent(file: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Whether the header of a file is complete, whether the file is for `read_wavs`, and where what is read ends."""
    header = riff_files.parse(file)
    is_headed = (header.format_size >= 0) & (header.start >= 0)
    is_other = (header.codec < 0) | (header.rate < RATES[0]) | (header.rate > RATES[1])
    end = tf.where(is_headed, header.start + header.block * SECONDS_READ * header.rate, tf.zeros_like(header.start))
    return is_headed[0], (header.is_wave & ~(is_headed & is_other))[0], end[0]


def read_wavs(
    files: tf.Tensor,
    aligned: bool,
    num_samples: int = NUM_SAMPLES,
    sample_rate: int = SAMPLE_RATE,
    channels: int = 1,
) -> tf.Tensor:
    """Decodes sounds and cuts their slices.

    The channels are averaged, and every channel of the slice is that average, unless the file has as many. A sound of
    floats that exceeds full scale is scaled down to it. Files with sizes that are unknown, since they come from a pipe,
    end where the file ends; so do those whose chunk of samples alone states too large a size. Of files that are cut off
    by their own account, those are read that have all of the `SECONDS_READ`.

    Args:
        files: string [batch], WAV files of a rate within `RATES` and a codec of `wav_samples.CODECS`.
        aligned: Whether the slice is the word in the sound, see `voice_activity.find_word`, and aligned, see
            `alignment.align`; otherwise it is the beginning of the file. Aligned sounds have one channel.
        num_samples: Number of samples of the slice.
        sample_rate: Sample rate of the slice.
        channels: Number of channels of the slice.

    Returns:
        float32 [batch, num_samples], or [batch, num_samples, channels] of more than one channel, in [-1, 1].

    Raises:
        tf.errors.InvalidArgumentError: A file is no such sound, or one without samples, with values that are not
            finite, silent, or to be aligned and without a word; the message holds a sentence about it.
    """
    return _reader(aligned, num_samples, sample_rate, channels)(files)


@functools.cache
def _reader(aligned: bool, num_samples: int, sample_rate: int, num_channels: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """A graph that reads sounds, which all graphs of a translator share."""
    seconds = SECONDS_READ if aligned else num_samples / sample_rate
    shape = [num_samples] if num_channels == 1 else [num_samples, num_channels]

    def to_slice(content: tf.Tensor, codec: tf.Tensor, channels: tf.Tensor, rate: tf.Tensor) -> tf.Tensor:
        samples = _decode(content, codec, channels)
        parts = _in_channels(samples, num_channels)
        heard = tf.reduce_max(tf.abs(parts), axis=1)
        num_heard = tf.cast(seconds * tf.cast(rate, tf.float32), tf.int32)
        with tf.control_dependencies(refuse(wav_faults.of_samples(samples, heard, num_heard, seconds))):
            resampled = [resample(part, rate, sample_rate) for part in tf.unstack(parts, axis=1)]
        if not aligned:
            x = tf.stack([part[:num_samples] for part in resampled], axis=1)
            return tf.clip_by_value(tf.reshape(x, shape), -1.0, 1.0)
        x = resampled[0][: _resampled_size(heard, rate, sample_rate)]
        start, end, is_word = find_word(x)
        is_all_heard = tf.size(heard) < num_heard
        with tf.control_dependencies(refuse(wav_faults.of_word(is_word, is_all_heard, seconds))):
            return align(x[start:end], num_samples)

    contents = outlined(_contents, tf.TensorSpec([None], tf.string))
    slice_of = outlined(to_slice, *(tf.TensorSpec([], dtype) for dtype in (tf.string, tf.int32, tf.int32, tf.int32)))

    def read(files: tf.Tensor) -> tf.Tensor:
        return tf.map_fn(
            lambda sound: slice_of(*sound)[0],
            tuple(contents(files)),
            fn_output_signature=tf.TensorSpec(shape, tf.float32),
        )

    return tf.function(read, [tf.TensorSpec([None], tf.string)], autograph=False)


def read_word(file: bytes, num_samples: int = NUM_SAMPLES, sample_rate: int = SAMPLE_RATE) -> tf.Tensor:
    """Reads the aligned word of a WAV file, or its beginning if it is silent: float32 [num_samples]."""
    heard, rate = _heard(tf.constant([file]))
    x = resample(heard, rate, sample_rate)
    if tf.reduce_max(tf.abs(x)) <= SILENCE:
        return x[:num_samples]
    x = x[: _resampled_size(heard, rate, sample_rate)]
    start, end, _ = find_word(x)
    return align(x[start:end], num_samples)


def words(file: bytes) -> tuple[float, float]:
    """Where the word begins that `read_wavs` reads of a WAV file, and where another does, in seconds; -1 for none."""
    word, other = (int(start) for start in _words(tf.constant([file])))
    return word / SAMPLE_RATE, other / SAMPLE_RATE if other >= 0 else -1.0


@tf.function(input_signature=[tf.TensorSpec([1], tf.string)], autograph=False)
def _words(file: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    heard, rate = _heard(file)
    x = resample(heard, rate)[: _resampled_size(heard, rate, SAMPLE_RATE)]
    return find_word(x)[0], find_other_word(x)


def seconds_heard(file: bytes) -> float:
    """How long the part of a WAV file is that `read_wavs` can read."""
    return float(_seconds_heard(tf.constant([file])))


@tf.function(input_signature=[tf.TensorSpec([1], tf.string)], autograph=False)
def _seconds_heard(file: tf.Tensor) -> tf.Tensor:
    header = riff_files.parse(file)
    return (header.frames(tf.minimum(header.stated, header.present), SECONDS_READ) / header.rate)[0]


def to_16_bits(file: bytes) -> bytes:
    """Converts a file that `read_wavs` reads to WAV of one channel of 16 bits.

    Raises:
        tf.errors.InvalidArgumentError: As `read_wavs`, but for what is wrong with decoded samples.
    """
    heard, rate = _heard(tf.constant([file]))
    return tf.audio.encode_wav(heard[:, tf.newaxis], rate).numpy()


def _contents(files: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Finds the samples that are read, string [batch], and their codecs, channels and rates, int32 [batch]."""
    header = riff_files.parse(files)
    with tf.control_dependencies(refuse(wav_faults.of_headers(files, header))):
        frames = header.frames(tf.minimum(header.stated, header.present), SECONDS_READ)
        contents = tf.strings.substr(files, header.start, frames * header.block)
    return contents, header.codec, tf.cast(header.channels, tf.int32), tf.cast(header.rate, tf.int32)


def _heard(file: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The average of the channels of a file, string [1], as float32 [n], and its rate, int32 scalar."""
    content, codec, channels, rate = (each[0] for each in _contents(file))
    return tf.reduce_mean(_decode(content, codec, channels), axis=1), rate


def _decode(content: tf.Tensor, codec: tf.Tensor, channels: tf.Tensor) -> tf.Tensor:
    """Decodes samples, scaled down to full scale if they exceed it: float32 [n, channels]."""
    samples = tf.reshape(wav_samples.decode(content, codec), [-1, channels])
    return samples / tf.maximum(tf.reduce_max(tf.abs(samples)), 1.0)


def _in_channels(samples: tf.Tensor, num_channels: int) -> tf.Tensor:
    """Samples, [n, channels], in another number of channels, which are all their average: [n, num_channels]."""
    average = tf.reduce_mean(samples, axis=1, keepdims=True)
    if num_channels == 1:
        return average
    parts = tf.cond(
        tf.shape(samples)[1] == num_channels, lambda: samples, lambda: tf.repeat(average, num_channels, axis=1)
    )
    return tf.ensure_shape(parts, [None, num_channels])


def write_wav(x: tf.Tensor, sample_rate: int = SAMPLE_RATE) -> tf.Tensor:
    """Encodes sounds as 16-bit WAV files.

    Args:
        x: float32 [batch, samples] or [batch, samples, channels], in [-1, 1].
        sample_rate: Samples per second.

    Returns:
        string [batch].
    """
    channels = 1 if x.shape.rank == 2 else x.shape[2]
    return tf.map_fn(
        lambda samples: tf.audio.encode_wav(tf.reshape(samples, [-1, channels]), sample_rate),
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


def _resampled_size(x: tf.Tensor, rate: tf.Tensor, sample_rate: int) -> tf.Tensor:
    """Number of samples of what `resample` returns without the silence that it adds: int32 scalar."""
    size = tf.cast(tf.size(x), tf.int64) * sample_rate
    return tf.cast(-(-size // tf.cast(rate, tf.int64)), tf.int32)


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
