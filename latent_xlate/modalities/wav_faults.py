"""What is wrong with sound files that cannot be read, in graph."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from latent_xlate.modalities import riff_files
from latent_xlate.modalities.audio_files import SILENCE
from latent_xlate.modalities.refusals import Fault

SECONDS_READ = 10
"""Number of seconds that are read from the beginning of a file."""

RATES = (4_000, 192_000)
"""Lowest and highest sample rate of a file that can be read."""

MAX_CHANNELS = 64

_FORMAT_BYTES = (16, 40)
"""Smallest sizes of the chunk `fmt `: of most codecs, and of EXTENSIBLE."""

_FOREIGN = (
    (0, b"fLaC", "a FLAC file"),
    (0, b"OggS", "an Ogg file"),
    (0, b"ID3", "an MP3 file"),
    *((0, b"\xff" + second, "an MP3 file") for second in (b"\xfb", b"\xfa", b"\xf3", b"\xf2", b"\xe3", b"\xe2")),
    *((0, b"\xff" + second, "an AAC file") for second in (b"\xf1", b"\xf9")),
    (8, b"AIF", "an AIFF file"),
    (0, b".snd", "an AU file"),
    (4, b"ftyp", "an MP4 or M4A file"),
    (0, b"\x1a\x45\xdf\xa3", "a WebM or Matroska file"),
    (0, b"#!AMR", "an AMR file"),
    (0, b"caff", "a CAF file"),
    (0, b"RIFX", "a RIFX file"),
    (0, b"riff", "a Wave64 file"),
    (0, b"\x30\x26\xb2\x75", "a WMA file"),
)
"""Offset, bytes other than zero, and name of other kinds of sounds."""

_MAGIC_BYTES = 12
"""Number of bytes that tell them."""


def of_headers(files: tf.Tensor, header: riff_files.Header) -> list[Fault]:
    """Lists why files, string [batch], cannot be decoded, given their headers."""
    join, number = tf.strings.join, tf.strings.as_string
    least = tf.where(header.tag == riff_files.EXTENSIBLE, _FORMAT_BYTES[1], _FORMAT_BYTES[0])
    is_headed = (header.format_size >= tf.cast(least, tf.int64)) & (header.start >= 0)
    return [
        (header.length == 0, lambda: "The sound is empty: the file has no bytes."),
        (~header.is_wave, lambda: _foreign(files)),
        (
            ~is_headed & ~header.is_whole,
            lambda: "The sound is cut off before its first sample: get the whole file.",
        ),
        (~is_headed, lambda: "The WAV file lacks a whole chunk fmt or data: convert the sound to WAV anew."),
        (
            (header.channels < 1) | (header.channels > MAX_CHANNELS),
            lambda: join(["The sound has ", number(header.channels), f" channels: send 1 to {MAX_CHANNELS}."]),
        ),
        (
            header.codec < 0,
            lambda: join(
                ["The sound has samples of ", number(header.bits), " bits in WAV format ", number(header.tag)]
                + [", which is not read: convert it to PCM of 16 bits."]
            ),
        ),
        (
            header.block != header.channels * header.width,
            lambda: join(
                ["The sound has frames of ", number(header.block), " bytes, which do not hold "]
                + [number(header.channels), " times ", number(header.bits), " bits: convert it to WAV anew."]
            ),
        ),
        (
            header.rate < RATES[0],
            lambda: f"The sound has fewer than {RATES[0]} samples a second: convert it to another rate.",
        ),
        (
            header.rate > RATES[1],
            lambda: f"The sound has more than {RATES[1]} samples a second: convert it to another rate.",
        ),
        *_of_sizes(header),
    ]


def _of_sizes(header: riff_files.Header) -> list[Fault]:
    join, number = tf.strings.join, tf.strings.as_string
    there, wanted = (header.frames(size, SECONDS_READ) for size in (header.present, header.stated))
    return [
        (
            (there < wanted) & (header.stated < riff_files.UNKNOWN_SIZE) & ~header.is_whole,
            lambda: join(
                ["The sound is cut off: its header says ", number(header.stated), " bytes of samples, but "]
                + [number(header.present), " follow: get the whole file."]
            ),
        ),
        (
            (header.stated == 0) & (there > 0),
            lambda: "The sound has 0 bytes of samples by its header, though bytes follow: convert it to WAV anew.",
        ),
        (
            tf.minimum(there, wanted) == 0,
            lambda: "The sound has no samples: record it again.",
        ),
    ]


def of_samples(samples: tf.Tensor, heard: tf.Tensor, num_heard: tf.Tensor, seconds: float) -> list[Fault]:
    """Lists why decoded sounds cannot be used.

    Args:
        samples: float32 [n, channels].
        heard: float32 [n], what is left of the channels, their average mostly.
        num_heard: int32 scalar, the number of samples from the beginning that must not be silent.
        seconds: The time that they take.
    """
    loudest = tf.reduce_max(tf.abs(samples[:num_heard]))
    return [
        (
            ~tf.reduce_all(tf.math.is_finite(samples)),
            lambda: "The sound has NaN or infinite values: record or convert it anew.",
        ),
        (
            (loudest <= SILENCE) & (tf.shape(samples)[0] >= num_heard),
            lambda: f"The first {seconds:g} seconds of the sound are silent: cut them off.",
        ),
        (loudest <= SILENCE, lambda: "The sound is silent: record it again, louder."),
        (
            tf.reduce_max(tf.abs(heard[:num_heard])) <= SILENCE,
            lambda: "The channels of the sound cancel each other out: send one of them.",
        ),
    ]


def of_word(is_found: tf.Tensor, is_all_heard: tf.Tensor, seconds: float) -> list[Fault]:
    """Lists why a sound without a word cannot be used.

    Args:
        is_found: Whether there is a word, bool scalar.
        is_all_heard: Whether the sound ends before `seconds`, bool scalar.
        seconds: The time in which the word is looked for.
    """
    stands_out = "hold{} no word that stands out from {} noise: {}record it again, closer to the microphone."
    return [
        (
            ~is_found & ~is_all_heard,
            lambda: f"The first {seconds:g} seconds of the sound {stands_out.format('', 'their', 'cut them off, or ')}",
        ),
        (~is_found, lambda: f"The sound {stands_out.format('s', 'its', '')}"),
    ]


def _foreign(files: tf.Tensor) -> tf.Tensor:
    """Names the kind of files that are not WAV: string [batch]."""
    magic = [(bytes(offset) + magic).ljust(_MAGIC_BYTES, b"\0") for offset, magic, _ in _FOREIGN]
    known = np.frombuffer(b"".join(magic), np.uint8).reshape(-1, _MAGIC_BYTES)
    head = tf.io.decode_raw(files, tf.uint8, fixed_length=_MAGIC_BYTES)[:, tf.newaxis]
    found = tf.reduce_all((head == known) | (known == 0), axis=-1)
    named = tf.gather(
        [f"The sound is {name}: convert it to WAV." for _, _, name in _FOREIGN], tf.argmax(found, axis=-1)
    )
    unknown = "The file is not a sound that is known: send a WAV file."
    return tf.where(tf.reduce_any(found, axis=-1), named, unknown)
