import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.domains.speech.speech_augmentation import (
    CUT_OFF,
    JITTER,
    SPEEDS,
    UNCHANGED_SHARE,
    SpeechAugmentation,
    cut_words,
    moved,
)
from latent_xlate.modalities.alignment import ONSET, PEAK, align
from tests.support import sounds

COUNT = 64
SECONDS = 0.3


def recordings(hertz=700.0):
    """A tone in a recording, int16 [1, 16384]."""
    wave = np.pad(sounds.tone(hertz, SECONDS, 16000), (3000, 16384 - 3000 - int(16000 * SECONDS)))
    return np.round(20000 * wave).astype(np.int16)[np.newaxis]


def words():
    content, lengths = cut_words(np.repeat(recordings(), COUNT, axis=0))
    return tf.constant(content / np.float32(32768)), tf.constant(lengths)


@pytest.fixture(scope="module", params=[False, True], ids=["anywhere", "aligned"])
def changed(request):
    augmentation = SpeechAugmentation(3, aligned=request.param)
    return request.param, augmentation, augmentation(*words(), tf.range(COUNT, dtype=tf.int64)).numpy()


def test_words_are_cut_where_alignment_puts_them():
    content, lengths = cut_words(recordings())
    np.testing.assert_array_equal(content, align(recordings()))
    assert lengths[0] == pytest.approx(16000 * SECONDS, abs=400)


def test_a_word_moves_and_changes_its_pitch_with_its_speed():
    x, _ = words()
    np.testing.assert_allclose(moved(x[:1], tf.constant([[float(ONSET)]]), tf.constant([[1.0]])), x[:1], atol=1e-6)
    later = moved(x[:1], tf.constant([[ONSET + 500.0]]), tf.constant([[1.0]])).numpy()
    np.testing.assert_allclose(later[:, 500:], x[:1, :-500], atol=1e-6)
    faster = moved(x[:1], tf.constant([[float(ONSET)]]), tf.constant([[1.25]])).numpy()[0]
    spectrum = np.abs(np.fft.rfft(faster))
    assert np.argmax(spectrum) * 16000 / 16384 == pytest.approx(1.25 * 700, abs=5)
    assert np.flatnonzero(np.abs(faster) > 0.1)[-1] - ONSET == pytest.approx(16000 * SECONDS / 1.25, abs=200)


def test_sounds_are_functions_of_position_and_seed(changed):
    aligned, augmentation, x = changed
    x_words, lengths = words()
    positions = tf.constant([9, 2], tf.int64)
    # Places in a recording are rounded, in float32, to some thousandths of a sample.
    np.testing.assert_allclose(augmentation(x_words[:2], lengths[:2], positions), x[[9, 2]], atol=5e-3)
    other = SpeechAugmentation(4, aligned=aligned)(x_words, lengths, tf.range(COUNT, dtype=tf.int64)).numpy()
    assert np.mean(np.abs(other - x).max(axis=1) > 1e-3) > 0.8
    assert np.mean(np.abs(x[1:] - x[:-1]).max(axis=1) > 1e-3) > 0.8


def test_a_share_of_the_recordings_stays_as_it_is(changed):
    _, _, x = changed
    clean = words()[0].numpy() * PEAK / np.abs(words()[0]).max()
    unchanged = np.abs(x - clean).max(axis=1) < 1e-5
    assert UNCHANGED_SHARE / 2 < unchanged.mean() < 2 * UNCHANGED_SHARE


def test_levels_are_as_documented(changed):
    aligned, _, x = changed
    peaks = np.abs(x).max(axis=1)
    if aligned:
        np.testing.assert_allclose(peaks, PEAK, rtol=1e-5)
    else:
        decibels = 20 * np.log10(peaks)
        assert decibels.min() > -45.1 and decibels.max() < 0.1 and np.ptp(decibels) > 30
    # A sine of such a length is at its peak for one hundredth of the time.
    clipped = np.mean(np.abs(x) > 0.999 * peaks[:, np.newaxis], axis=1) > 0.02
    assert 0.02 < clipped.mean() < 0.4


def test_there_is_silence_or_noise_beside_the_word(changed):
    aligned, _, x = changed
    power = np.square(x / np.abs(x).max(axis=1, keepdims=True))
    outside = power[:, : ONSET - JITTER - 400] if aligned else np.sort(power, axis=1)[:, :2000]
    loud = outside.mean(axis=1)
    assert (loud < 1e-9).any() and (loud > 1e-4).any()


def test_words_are_where_they_should_be(changed):
    aligned, _, x = changed
    # In what is least noisy, the word's beginning can be seen.
    loudness = np.sqrt(np.apply_along_axis(lambda row: np.convolve(row**2, np.ones(160) / 160, "same"), 1, x))
    quiet = np.median(loudness, axis=1) < 0.02 * loudness.max(axis=1)
    onsets = np.argmax(loudness > 0.3 * loudness.max(axis=1, keepdims=True), axis=1)[quiet]
    assert len(onsets) > 5
    if aligned:
        assert np.abs(onsets - ONSET).max() < JITTER + 400 and np.ptp(onsets) > JITTER / 2
    else:
        longest = 16000 * SECONDS / SPEEDS[0]
        assert onsets.max() < 16384 - 16000 * SECONDS / SPEEDS[1] + CUT_OFF + 800
        assert np.ptp(onsets) > 0.4 * (16384 - longest)


def test_silence_becomes_nothing_worse_than_silence():
    augmentation = SpeechAugmentation(0)
    x = augmentation(tf.zeros([4, 16384]), tf.ones([4]), tf.range(4, dtype=tf.int64))
    np.testing.assert_array_equal(x, 0.0)
