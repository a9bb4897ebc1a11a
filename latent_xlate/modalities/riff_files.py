"""Parsing of the headers of WAV files (RIFF and RF64) in graph."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from latent_xlate.modalities.wav_samples import codec_number

MAX_CHUNKS = 256
"""Largest number of chunks up to the samples, so that a file of nothing but headers of chunks takes little time."""

EXTENSIBLE = 0xFFFE
"""Format tag of files whose codec is a subformat."""

UNKNOWN_SIZE = 0x7FFF0000
"""Sizes from here on mean that the size is unknown, since the file was written to a pipe."""

_GUID_TAIL = tuple(memoryview(bytes.fromhex("0000000010008000 00aa00389b71")).cast("H"))
"""What follows the format tag in a subformat of EXTENSIBLE, as 16-bit integers."""

_FORMAT_BYTES = 40
"""Size of the chunk `fmt ` of EXTENSIBLE; that of other codecs is 16 or more."""


class Header(NamedTuple):
    """Headers of a batch of files, [batch], int64 unless stated otherwise. Nothing is checked: any file has one.

    Attributes:
        is_wave: Whether the file begins as a WAV file does, bool.
        is_whole: Whether the file has the size that it states, or states none, bool.
        length: Number of bytes of the file.
        format_size: Number of bytes of the chunk `fmt ` that are there, at most 40; negative if there is no such chunk.
        tag: Format tag of the samples: that of the subformat for EXTENSIBLE, or `EXTENSIBLE` if the latter is unknown.
        channels: Number of channels.
        rate: Samples per second.
        block: Number of bytes of a frame, which is a sample of each channel.
        bits: Number of bits of a sample.
        start: Position of the first sample; -1 if there is no chunk `data`.
        stated: Number of bytes of samples that the file states.
    """

    is_wave: tf.Tensor
    is_whole: tf.Tensor
    length: tf.Tensor
    format_size: tf.Tensor
    tag: tf.Tensor
    channels: tf.Tensor
    rate: tf.Tensor
    block: tf.Tensor
    bits: tf.Tensor
    start: tf.Tensor
    stated: tf.Tensor

    @property
    def width(self) -> tf.Tensor:
        """Number of bytes of a sample, int64 [batch]."""
        return (self.bits + 7) // 8

    @property
    def codec(self) -> tf.Tensor:
        """Position in `wav_samples.CODECS`, int32 [batch]; -1 for codecs that cannot be decoded."""
        return codec_number(self.tag, self.width)

    @property
    def present(self) -> tf.Tensor:
        """Number of bytes from the first sample to the end of the file, int64 [batch]."""
        return tf.where(self.start < 0, tf.zeros_like(self.start), self.length - self.start)

    def frames(self, size: tf.Tensor, seconds: int) -> tf.Tensor:
        """Number of whole frames in a number of bytes, but no more than last for some seconds: int64 [batch]."""
        return tf.minimum(size // tf.maximum(self.block, 1), seconds * self.rate)


def parse(files: tf.Tensor) -> Header:
    """Parses the headers of files, string [batch].

    The chunks may stand in any order. Chunks of odd size may lack the byte that should follow them. The samples of a
    chunk that ends beyond the file, or whose size is unknown, end with the file.
    Reference: IBM and Microsoft 1991, Multimedia Programming Interface and Data Specifications 1.0; EBU Tech 3306.
    """
    length = tf.cast(tf.strings.length(files), tf.int64)
    riff, size, wave = tf.unstack(_integers(files, tf.zeros_like(length), 3), axis=-1)
    is_long = (riff == _name("RF64")) | (riff == _name("BW64"))
    format_at, data_at, long_at = _find_chunks(files, length)
    room = tf.clip_by_value(length - format_at - 8, 0, _FORMAT_BYTES)
    format_size = tf.minimum(_integers(files, format_at, 2)[:, 1], room)
    content = _bytes(files, format_at + 8, format_size)
    fields = tf.cast(tf.io.decode_raw(content, tf.uint16, fixed_length=_FORMAT_BYTES), tf.int64)
    tag, channels, low_rate, high_rate, _, _, block, bits = tf.unstack(fields[:, :8], axis=-1)
    is_known = (tag == EXTENSIBLE) & tf.reduce_all(fields[:, 13:] == _GUID_TAIL, axis=-1)
    stated = _integers(files, data_at, 2)[:, 1]
    low, high = tf.unstack(_integers(files, long_at, 6)[:, 4:], axis=-1)
    return Header(
        is_wave=((riff == _name("RIFF")) | is_long) & (wave == _name("WAVE")),
        is_whole=(size + 8 <= length) | (size >= UNKNOWN_SIZE),
        length=length,
        format_size=tf.where(format_at < 0, format_at, format_size),
        tag=tf.where(is_known, fields[:, 12], tag),
        channels=channels,
        rate=low_rate + 2**16 * high_rate,
        block=block,
        bits=bits,
        start=tf.where(data_at < 0, data_at, data_at + 8),
        stated=tf.where(is_long & (long_at >= 0) & (stated == 2**32 - 1), low + 2**32 * (high % 2**30), stated),
    )


def _find_chunks(files: tf.Tensor, length: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Positions of the first chunks `fmt `, `data` and `ds64` of each file, int64 [batch]; -1 if there is none."""
    names = ("fmt ", "data", "ds64")
    nowhere = tf.fill(tf.shape(length), tf.constant(-1, tf.int64))

    def unfinished(at: tf.Tensor, *found: tf.Tensor) -> tf.Tensor:
        return (at + 8 <= length) & ((found[0] < 0) | (found[1] < 0))

    def step(at: tf.Tensor, *found: tf.Tensor) -> tuple[tf.Tensor, ...]:
        name, size = tf.unstack(_integers(files, at, 2), axis=-1)
        is_new = unfinished(at, *found)
        positions = [
            tf.where(is_new & (name == _name(wanted)) & (each < 0), at, each)
            for wanted, each in zip(names, found, strict=True)
        ]
        end = at + 8 + size
        # A byte of zero should follow an odd size. Where it is missing, the name of the next chunk does.
        follows = tf.strings.regex_full_match(_bytes(files, end, 4), "[ -~]{4}")
        padded = end + tf.where(follows, tf.zeros_like(size), size & 1)
        return tf.where(is_new, padded, at), *positions

    _, *found = tf.while_loop(
        lambda *loop: tf.reduce_any(unfinished(*loop)),
        step,
        (tf.fill(tf.shape(length), tf.constant(12, tf.int64)), *[nowhere] * len(names)),
        maximum_iterations=MAX_CHUNKS,
    )
    return tuple(found)


def _integers(files: tf.Tensor, at: tf.Tensor, count: int) -> tf.Tensor:
    """Unsigned 32-bit integers at positions of files, int64 [batch, count]; zeros beyond the end."""
    content = tf.io.decode_raw(_bytes(files, at, 4 * count), tf.int32, fixed_length=4 * count)
    return tf.cast(content, tf.int64) & 0xFFFFFFFF


def _bytes(files: tf.Tensor, at: tf.Tensor, count: int | tf.Tensor) -> tf.Tensor:
    """Bytes at positions of files, string [batch]; fewer at the end."""
    start = tf.clip_by_value(at, 0, tf.cast(tf.strings.length(files), tf.int64))
    return tf.strings.substr(files, start, tf.broadcast_to(tf.cast(count, tf.int64), tf.shape(start)))


def _name(chunk: str) -> int:
    return int.from_bytes(chunk.encode(), "little")
