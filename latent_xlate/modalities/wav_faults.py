"""What is wrong with sound files that cannot be read, in graph."""

from __future__ import annotations

import functools
from collections.abc import Callable

import tensorflow as tf

from latent_xlate.modalities import riff_files
from latent_xlate.modalities.audio_files import SILENCE
from latent_xlate.modalities.refusals import Fault

SECONDS_READ = 4
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
"""Offset, first bytes and name of other kinds of sounds."""


def of_headers(files: tf.Tensor, header: riff_files.Header) -> list[Fault]:
    """Lists why files, string [batch], cannot be decoded, given their headers."""
    say, number = functools.partial(_sentence, files), tf.strings.as_string
    least = tf.where(header.tag == riff_files.EXTENSIBLE, _FORMAT_BYTES[1], _FORMAT_BYTES[0])
    is_headed = (header.format_size >= tf.cast(least, tf.int64)) & (header.start >= 0)
    return [
        (header.length == 0, lambda: say("The sound is empty: the file has no bytes.")),
        (~header.is_wave, lambda: _foreign(files)),
        (
            ~is_headed & ~header.is_whole,
            lambda: say("The sound is cut off before its first sample: get the whole file."),
        ),
        (~is_headed, lambda: say("The WAV file lacks a whole chunk fmt or data: convert the sound to WAV anew.")),
        (
            (header.channels < 1) | (header.channels > MAX_CHANNELS),
            lambda: say("The sound has ", number(header.channels), f" channels: send 1 to {MAX_CHANNELS}."),
        ),
        (
            header.codec < 0,
            lambda: say(
                *("The sound has samples of ", number(header.bits), " bits in WAV format ", number(header.tag)),
                ", which is not read: convert it to PCM of 16 bits.",
            ),
        ),
        (
            header.block != header.channels * header.width,
            lambda: say(
                *("The sound has frames of ", number(header.block), " bytes, which do not hold "),
                *(number(header.channels), " times ", number(header.bits), " bits: convert it to WAV anew."),
            ),
        ),
        (
            header.rate < RATES[0],
            lambda: say(f"The sound has fewer than {RATES[0]} samples a second: convert it to another rate."),
        ),
        (
            header.rate > RATES[1],
            lambda: say(f"The sound has more than {RATES[1]} samples a second: convert it to another rate."),
        ),
        *_of_sizes(say, header),
    ]


def _of_sizes(say: Callable[..., tf.Tensor], header: riff_files.Header) -> list[Fault]:
    number, no_frames = tf.strings.as_string, header.frames(header.present, SECONDS_READ) == 0
    is_overstated = header.frames(header.present, SECONDS_READ) < header.frames(header.stated, SECONDS_READ)
    return [
        (
            is_overstated & (header.stated < riff_files.UNKNOWN_SIZE) & ~header.is_whole,
            lambda: say(
                *("The sound is cut off: its header says ", number(header.stated), " bytes of samples, but "),
                *(number(header.present), " follow: get the whole file."),
            ),
        ),
        (
            (header.stated == 0) & ~no_frames,
            lambda: say("The sound has 0 bytes of samples by its header, though bytes follow: convert it to WAV anew."),
        ),
        (
            no_frames | (header.frames(header.stated, SECONDS_READ) == 0),
            lambda: say("The sound has no samples: record it again."),
        ),
    ]


def of_samples(samples: tf.Tensor, heard: tf.Tensor, num_heard: tf.Tensor, seconds: float) -> list[Fault]:
    """Lists why decoded sounds cannot be used.

    Args:
        samples: float32 [n, channels].
        heard: float32 [n], the average of the channels.
        num_heard: int32 scalar, the number of samples from the beginning that must not be silent.
        seconds: The time that they take.
    """
    loudest = tf.reduce_max(tf.abs(samples[:num_heard]))
    return [
        (~tf.reduce_all(tf.math.is_finite(samples)), lambda: "The sound has NaN or infinite values: convert it anew."),
        (
            (loudest <= SILENCE) & (tf.shape(samples)[0] > num_heard),
            lambda: f"The first {seconds:g} seconds of the sound are silent: cut them off.",
        ),
        (loudest <= SILENCE, lambda: "The sound is silent: record it again, louder."),
        (
            tf.reduce_max(tf.abs(heard[:num_heard])) <= SILENCE,
            lambda: "The channels of the sound cancel each other out: send one of them.",
        ),
    ]


def _foreign(files: tf.Tensor) -> tf.Tensor:
    """Names the kind of files that are not WAV."""
    head = tf.strings.join([tf.strings.substr(files, 0, 12), tf.fill(tf.shape(files), bytes(12))])
    result = _sentence(files, "The file is not a sound that is known: send a WAV file.")
    for offset, magic, name in _FOREIGN:
        found = tf.strings.substr(head, offset, len(magic)) == magic
        result = tf.where(found, f"The sound is {name}: convert it to WAV.", result)
    return result


def _sentence(files: tf.Tensor, *parts: str | tf.Tensor) -> tf.Tensor:
    """Joins the parts of a sentence about each file: string [batch]."""
    return tf.strings.join([tf.broadcast_to(part, tf.shape(files)) for part in parts])
