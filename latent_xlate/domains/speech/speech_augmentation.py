"""Random changes of recordings that leave the word as it is, in graph, each a function of a position and a seed."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from latent_xlate.domains.speech import acoustics
from latent_xlate.modalities.alignment import ONSET, PEAK, align
from latent_xlate.modalities.audio_files import NUM_SAMPLES
from latent_xlate.randomness import position_uniform

SPEEDS = (0.75, 1.35)
"""Lowest and highest speed. Pitch and formants go with it, as with a smaller or larger person."""

UNCHANGED_SHARE = 0.25
"""Share of recordings that stay as they are, aligned."""

SNR = (0.0, 40.0)
"""Lowest and highest ratio of the word to noise, in decibels."""

QUIET_SHARE = 0.15
"""Share of recordings without noise."""

CLIPPED_SHARE = 0.2
"""Share of recordings that are clipped."""

LOUDEST_CLIPPED = 0.25
"""Smallest level at which sounds are clipped, as a share of their peak."""

SOFTEST = -45.0
"""Softest peak of a sound, in decibels relative to full scale."""

CUT_OFF = 800
"""Largest part of a word that may be missing at the beginning or the end of a slice, in samples."""

JITTER = 1200
"""Largest error of the place of an aligned word, in samples."""

GATED_SHARE = 0.5
"""Share of aligned words around which there is silence instead of noise, as where the word was cut out."""

_GATE_MARGIN = 320  # Samples of noise that are left before and after such a word.
_NUM_DRAWS = 13


class SpeechAugmentation:
    """Changes speed, microphone, room, noise, loudness and place of recordings.

    Example:
        augmentation = SpeechAugmentation(seed=0)
        words, lengths = cut_words(content)
        x = augmentation(words / 32768.0, lengths, positions)
    """

    def __init__(self, seed: int, aligned: bool = False):
        """Draws the banks.

        Args:
            seed: Seed of everything that is random.
            aligned: Whether words are where alignment puts them, or nearly so, and as loud; else they are anywhere, of
                any loudness, and may be cut off.
        """
        rng = np.random.default_rng(seed)
        self._seed = seed
        self._aligned = aligned
        self._microphones = tf.constant(acoustics.microphones(rng))
        self._rooms = tf.constant(acoustics.rooms(rng))
        self._noises = tf.constant(acoustics.noises(rng, 16 * NUM_SAMPLES))

    def __call__(self, words: tf.Tensor, lengths: tf.Tensor, positions: tf.Tensor) -> tf.Tensor:
        """Changes recordings.

        Args:
            words: Words from `cut_words`, float32 [n, NUM_SAMPLES].
            lengths: Their numbers of samples, float32 [n].
            positions: Positions in the stream of training data, which the random numbers depend on, int64 [n].

        Returns:
            The changed recordings, float32 [n, NUM_SAMPLES] in [-1, 1].
        """
        draws = iter(tf.unstack(position_uniform(positions, _NUM_DRAWS, self._seed)[..., tf.newaxis], axis=1))
        speed = tf.exp(_between(next(draws), *np.log(SPEEDS)))
        lengths = lengths[:, tf.newaxis] / speed
        place = next(draws)
        onset = ONSET + _between(place, -JITTER, JITTER)
        if not self._aligned:
            onset = _between(place, -CUT_OFF, NUM_SAMPLES - lengths + CUT_OFF)
        x = self._filtered(moved(words, onset, speed), next(draws), next(draws))
        x = self._with_noise(x, lengths, next(draws), next(draws), next(draws), next(draws))
        if self._aligned:
            times = tf.range(NUM_SAMPLES, dtype=tf.float32)
            inside = (times > onset - _GATE_MARGIN) & (times < onset + lengths + _GATE_MARGIN)
            x = tf.where(inside | (next(draws) > GATED_SHARE), x, 0.0)
        x = _normalised(x)
        level = tf.where(next(draws) < CLIPPED_SHARE, _between(next(draws), LOUDEST_CLIPPED, 1.0), 1.0)
        x = tf.clip_by_value(x, -level, level) / level
        loudness = PEAK if self._aligned else 10.0 ** (_between(next(draws), SOFTEST, 0.0) / 20.0)
        return tf.where(next(draws) < UNCHANGED_SHARE, PEAK * _normalised(words), loudness * x)

    def _filtered(self, x: tf.Tensor, microphone: tf.Tensor, room: tf.Tensor) -> tf.Tensor:
        """Sounds as a microphone in a room hears them, at a peak of 1."""
        microphones = tf.cast(tf.gather(self._microphones, _index(microphone, acoustics.BANK_SIZE)), tf.complex64)
        rooms = tf.gather(self._rooms, _index(room, acoustics.BANK_SIZE))
        spectrum = tf.signal.rfft(x, [acoustics.FFT_LENGTH]) * microphones * rooms
        return _normalised(tf.signal.irfft(spectrum, [acoustics.FFT_LENGTH])[:, :NUM_SAMPLES])

    def _with_noise(
        self,
        x: tf.Tensor,
        lengths: tf.Tensor,
        colour: tf.Tensor,
        start: tf.Tensor,
        snr: tf.Tensor,
        quiet: tf.Tensor,
    ) -> tf.Tensor:
        """Sounds with noise, whose level is relative to the mean square of the word."""
        colours, length = self._noises.shape
        starts = tf.cast(start * (length - NUM_SAMPLES), tf.int32) + length * _index(colour, colours)[:, tf.newaxis]
        noise = tf.gather(tf.reshape(self._noises, [-1]), starts + tf.range(NUM_SAMPLES))
        loudness = tf.sqrt(tf.reduce_sum(tf.square(x), axis=1, keepdims=True) / lengths)
        level = loudness * 10.0 ** (-_between(snr, *SNR) / 20.0)
        return x + tf.where(quiet < QUIET_SHARE, 0.0, level) * noise


class AugmentedWords:
    """The words of clean recordings, changed by `SpeechAugmentation` whenever they are taken."""

    def __init__(self, content: np.ndarray, seed: int, aligned: bool = False):
        """Finds the words.

        Args:
            content: int16 [n, NUM_SAMPLES].
            seed: Seed of the changes.
            aligned: As in `SpeechAugmentation`.
        """
        words, lengths = cut_words(content)
        self._words, self._lengths = tf.constant(words), tf.constant(lengths)
        self._augmentation = SpeechAugmentation(seed, aligned)

    def take(self, indices: tf.Tensor, positions: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Takes words, in graph.

        Args:
            indices: Which ones, int64 [m].
            positions: Their positions in the stream of training data, int64 [m].

        Returns:
            The changed words, and the words as they were, float32 [m, NUM_SAMPLES] in [-1, 1] each.
        """
        x = tf.cast(tf.gather(self._words, indices), tf.float32) / 32768.0
        return self._augmentation(x, tf.gather(self._lengths, indices), positions), x


def cut_words(content: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Finds the words of clean recordings.

    Args:
        content: int16 [n, NUM_SAMPLES].

    Returns:
        Words that begin at sample `ONSET`, int16 [n, NUM_SAMPLES], and the numbers of their samples, float32 [n].
    """
    words = align(content)
    ends = NUM_SAMPLES - np.argmax(words[:, ::-1] != 0, axis=1)
    return words, (ends - ONSET).astype(np.float32)


def moved(words: tf.Tensor, onset: tf.Tensor, speed: tf.Tensor) -> tf.Tensor:
    """Moves words and changes their speed, by linear interpolation.

    Args:
        words: Words from `cut_words`, float32 [n, NUM_SAMPLES].
        onset: The sample at which each shall begin, float32 [n, 1].
        speed: Factor of the speed of each, float32 [n, 1].

    Returns:
        float32 [n, NUM_SAMPLES].
    """
    sources = ONSET + (tf.range(NUM_SAMPLES, dtype=tf.float32) - onset) * speed
    whole = tf.floor(sources)
    share = sources - whole
    left = tf.cast(whole, tf.int32)
    # The first and the last sample of a word's slice are silent.
    before, after = (tf.gather(words, tf.clip_by_value(left + i, 0, NUM_SAMPLES - 1), batch_dims=1) for i in range(2))
    return before + share * (after - before)


def _between(share: tf.Tensor, low: float | tf.Tensor, high: float | tf.Tensor) -> tf.Tensor:
    return low + (high - low) * share


def _index(share: tf.Tensor, size: int) -> tf.Tensor:
    """Indices below `size`, int32 [n], of uniform numbers, [n, 1]."""
    return tf.cast(share[:, 0] * size, tf.int32)


def _normalised(x: tf.Tensor) -> tf.Tensor:
    """Sounds at a peak of 1; silence stays as it is."""
    return tf.math.divide_no_nan(x, tf.reduce_max(tf.abs(x), axis=1, keepdims=True))
