"""Finding of the word in a recording, between silence, noise and clicks, in graph.

A frame counts as speech if its spectrum stands out from that of the recording's noise: the long-term spectral
divergence of Ramirez et al. 2004 (https://doi.org/10.1016/j.specom.2003.10.002), here in mel bands. All numbers are for
sounds at 16 kHz, and frames are 10 ms apart.
"""

from __future__ import annotations

import math

import tensorflow as tf

from latent_xlate.modalities.audio_files import SAMPLE_RATE

_HOP = 160
_WINDOW = 512
_BANDS = 24
_HERTZ = (100.0, 7600.0)

_NOISE_SHARE = 0.15
"""Share of the frames that count as noise, in each band."""

_SPREAD = 2
"""Frames on each side over which power is averaged, and of whose averages a frame then has the largest."""

_LEAST_NOISE = 1e-5
"""Smallest power of noise relative to the loudest frame: -50 dB."""

_SPEECH = (6.0, 9.0, 12.0, 15.0, 18.0)
"""Divergences from noise, in dB, above which a frame is speech; the first that leaves no more than `_MOST_WORD`.

Of stationary noise it is below 4, and of 95 in 100 words it is above 7 in pink noise that is as loud as they are. Where
others speak in the background, more stands out than the word.
"""

_PAUSE = 12
"""Longest pause within a word, in frames, as before a final stop."""

_LEAST_WORD = 15
"""Fewest frames in a row that make a word. A click makes 11 to 13, since its neighbours stand out with it."""

_MOST_WORD = 110
"""Most frames of a word, with its neighbours."""

_LEAST_CUT = 40
"""Fewest frames that are cut off in all; fewer may be soft consonants of a recording without noise."""

_NEARLY = 0.3
"""Least of another word, relative to the word: by how much all its frames stand out."""

_VOICE = (60, 400)
"""Lowest and highest pitch of a voice, in hertz."""

_PERIODIC = 0.5
"""Autocorrelation at the period of a voice above which a frame is periodic."""

_LEAST_PERIODIC = 3
"""Fewest periodic frames of a word; clicks and bursts of noise have none."""


def find_word(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Finds the word in a recording: the stretch of speech that stands out most from the noise.

    A recording in which none stands out, but which is periodic as a voice is, is a word that was cut out closely.

    Args:
        x: float32 [n], n > 0, a sound at 16 kHz that is not silent.

    Returns:
        The first sample of the word and that after its last, int32 scalars, and whether there is a word, bool scalar.
        If there is none, or if it has next to no noise beside it, they are those of the recording.
    """
    size, divergence = tf.size(x), _divergence(x)
    count = tf.size(divergence)
    first, last, _ = _stretch(divergence)
    stands_out = _is_voiced(x, count, first, last)
    # The spectra of speech have spread to this many frames beside it.
    first, last = first + 2 * _SPREAD - 1, last - 2 * _SPREAD + 1
    is_cut = stands_out & (first + count - 1 - last >= _LEAST_CUT)
    # Of rumbling noise neighbouring samples are alike at short periods as well, but not their differences.
    is_steady = tf.math.count_nonzero(_is_periodic(x[1:] - x[:-1])) >= _LEAST_PERIODIC
    return (
        tf.where(is_cut, tf.maximum(first * _HOP, 0), 0),
        tf.where(is_cut, tf.minimum((last + 1) * _HOP, size), size),
        stands_out | is_steady,
    )


def find_other_word(x: tf.Tensor) -> tf.Tensor:
    """Finds another word beside that of `find_word`.

    Args:
        x: As `find_word` takes it.

    Returns:
        Its first sample, int32 scalar; -1 if nothing else stands out nearly as much.
    """
    divergence = _divergence(x)
    first, last, threshold = _stretch(divergence)
    index = tf.range(tf.size(divergence))
    is_word = (index >= first - _PAUSE) & (index <= last + _PAUSE)
    begin, end = _best_stretch(tf.where(is_word, 0.0, divergence), threshold)

    def excess(first: tf.Tensor, last: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(tf.where((index >= first) & (index <= last), divergence - threshold, 0.0))

    is_other = (first <= last) & (begin <= end) & _is_voiced(x, tf.size(divergence), begin, end)
    is_other &= excess(begin, end) >= _NEARLY * excess(first, last)
    return tf.where(is_other, tf.maximum((begin + 2 * _SPREAD - 1) * _HOP, 0), -1)


def _stretch(divergence: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """First and last frame of the word, int32 scalars, and the divergence above which a frame is speech."""
    stretches = [tf.stack(_best_stretch(divergence, threshold)) for threshold in _SPEECH]
    fits = tf.argmax([(first <= last) & (last - first < _MOST_WORD) for first, last in map(tf.unstack, stretches)])
    first, last = tf.unstack(tf.gather(stretches, fits))
    return first, last, tf.gather(_SPEECH, fits)


def _is_voiced(x: tf.Tensor, count: tf.Tensor, first: tf.Tensor, last: tf.Tensor) -> tf.Tensor:
    """Whether enough of the frames from the first to the last, of a number of them, are periodic as a voice is."""
    index = tf.range(count)
    is_periodic = _is_periodic(x)[:count] & (index >= first) & (index <= last)
    return tf.math.count_nonzero(is_periodic) >= _LEAST_PERIODIC


def _divergence(x: tf.Tensor) -> tf.Tensor:
    """How much the spectrum around each frame stands out from that of the noise, in dB: float32 [frames]."""
    # Frame t is centred at sample (t + 1/2) _HOP.
    beside = (_WINDOW - _HOP) // 2
    beyond = tf.maximum((-tf.size(x)) % _HOP, _SPREAD * _HOP - tf.size(x))
    padded = tf.pad(x, [[beside, beside + beyond]])
    frames = tf.signal.frame(padded, _WINDOW, _HOP) * tf.signal.hann_window(_WINDOW)
    mel = tf.signal.linear_to_mel_weight_matrix(_BANDS, _WINDOW // 2 + 1, SAMPLE_RATE, *_HERTZ)
    powers = tf.square(tf.abs(tf.signal.rfft(frames))) @ mel
    size, ends = 2 * _SPREAD + 1, [[_SPREAD, _SPREAD], [0, 0]]
    powers = tf.nn.avg_pool1d(tf.pad(powers, ends, "SYMMETRIC")[tf.newaxis], size, 1, "VALID")
    largest = tf.nn.max_pool1d(powers, size, 1, "SAME")[0]
    powers = powers[0]
    rank = tf.cast(_NOISE_SHARE * tf.cast(tf.shape(powers)[0], tf.float32), tf.int32)
    least = _LEAST_NOISE * tf.reduce_max(tf.reduce_mean(powers, axis=1))
    noise = tf.maximum(tf.sort(powers, axis=0)[rank], least)
    return 10.0 / math.log(10.0) * tf.math.log(tf.reduce_mean(tf.math.divide_no_nan(largest, noise), axis=1) + 1e-9)


def _best_stretch(divergence: tf.Tensor, threshold: float | tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """First and last frame of the stretch that stands out most, int32 scalars; the first is after the last without one.

    Runs of speech with no more than `_PAUSE` between them are one stretch. It begins with its first run that is long
    enough for a word, since a short one before it is a click, and ends with its last run, which may be a final stop.
    """
    index = tf.range(tf.size(divergence))
    is_speech = divergence > threshold
    so_far = tf.pad(tf.cumsum(tf.cast(is_speech, tf.int32)), [[_PAUSE + 1, 0]])
    is_held = so_far[_PAUSE + 1 :] > so_far[: -_PAUSE - 1]
    runs, stretches = _numbered(is_speech), _numbered(is_held)
    size = tf.size(index) + 1
    lengths = tf.math.unsorted_segment_sum(tf.cast(is_speech, tf.int32), runs, size)
    is_long = is_speech & (tf.gather(lengths, runs) >= _LEAST_WORD)
    scores = tf.math.unsorted_segment_sum(tf.where(is_long, divergence - threshold, 0.0), stretches, size)
    is_best = stretches == tf.argmax(scores, output_type=tf.int32)
    first = tf.reduce_min(tf.where(is_best & is_long, index, size))
    return first, tf.reduce_max(tf.where(is_best & is_speech & (index >= first), index, -1))


def _numbered(mask: tf.Tensor) -> tf.Tensor:
    """Numbers the runs of a mask, bool [n], from 1 on; what follows a run has its number, too: int32 [n]."""
    begins = mask & ~tf.pad(mask[:-1], [[1, 0]])
    return tf.cumsum(tf.cast(begins, tf.int32))


def _is_periodic(x: tf.Tensor) -> tf.Tensor:
    """Whether the frames of a sound, float32 [n], have the period of a voice: bool [n / _HOP, or one more]."""
    length = 4 * _HOP
    window = tf.signal.hann_window(length)
    frames = tf.signal.frame(tf.pad(x, [[length // 2, 0]]), length, _HOP, pad_end=True) * window
    shortest, longest = (SAMPLE_RATE // pitch for pitch in reversed(_VOICE))

    def correlation(windowed: tf.Tensor) -> tf.Tensor:
        power = tf.square(tf.abs(tf.signal.rfft(windowed, [2 * length])))
        return tf.signal.irfft(tf.cast(power, tf.complex64))[..., : longest + 1]

    # That of the window has the largest share of each.
    found = correlation(frames) / correlation(window)
    return tf.math.divide_no_nan(tf.reduce_max(found[:, shortest:], axis=1), found[:, 0]) > _PERIODIC
