"""The word in recordings as people make them."""

import numpy as np
import pytest
import soxr
import tensorflow as tf

from latent_xlate.modalities import voice_activity
from latent_xlate.modalities.audio_files import SAMPLE_RATE

find = tf.function(voice_activity.find_word, [tf.TensorSpec([None], tf.float32)], autograph=False)

WORD = 6400
"""Number of samples of `word`."""


def word(hertz=130.0, hiss=0):
    """A voice that swells and fades, [WORD]; its first samples may be a hiss."""
    t = np.arange(WORD) / SAMPLE_RATE
    voice = sum(np.sin(2 * np.pi * hertz * i * t + i * i) / i for i in range(1, 20))
    voice *= np.sin(np.pi * np.linspace(0, 1, WORD)) ** 2
    noise = np.random.default_rng(1).normal(size=WORD)
    voice[:hiss] = 0.3 * (noise[1 : hiss + 1] - noise[:hiss])
    return 0.3 * voice / np.abs(voice).max()


def noise(seconds, colour, level=1.0, seed=0):
    """Noise whose power falls with the frequency to the power of `colour`."""
    count = int(seconds * SAMPLE_RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=count))
    spectrum /= np.maximum(np.fft.rfftfreq(count, 1 / SAMPLE_RATE), 20) ** (colour / 2)
    x = np.fft.irfft(spectrum, count)
    return level * x / np.sqrt(np.mean(x**2))


def click(seed=0):
    """The click of a key: 4 ms of noise that dies away."""
    return 0.6 * np.random.default_rng(seed).normal(size=640) * np.exp(-np.arange(640) / 60)


def recording(seconds, begins, colour=0, decibels=60, spoken=None):
    """A word in noise that is softer than it by some decibels."""
    spoken = word() if spoken is None else spoken
    x = noise(seconds, colour, np.sqrt(np.mean(spoken**2)) / 10 ** (decibels / 20))
    start = int(begins * SAMPLE_RATE)
    x[start : start + WORD] += spoken
    return x


def found(x):
    start, end, is_word = (int(each) for each in find(tf.constant(x, tf.float32)))
    return start, end, bool(is_word)


def assert_found(x, begins, slack=0.1):
    """The word is found, with no more than some seconds too much or too little on either side."""
    start, end, is_word = found(x)
    assert is_word
    wanted = begins + WORD / SAMPLE_RATE
    assert start / SAMPLE_RATE == pytest.approx(begins, abs=slack)
    assert end / SAMPLE_RATE == pytest.approx(wanted, abs=slack)


@pytest.mark.parametrize("seconds", [1.0, 3.0, 10.0])
@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_the_word_is_found_wherever_it_is(seconds, share):
    begins = share * (seconds - WORD / SAMPLE_RATE)
    assert_found(recording(seconds, begins), begins)


@pytest.mark.parametrize("colour", [0, 1, 2])
@pytest.mark.parametrize("decibels", [30, 20, 10])
def test_the_word_is_found_in_noise(colour, decibels):
    assert_found(recording(3.0, 1.3, colour, decibels), 1.3, slack=0.15)


@pytest.mark.parametrize("hertz", [70.0, 130.0, 250.0, 380.0])
def test_high_and_low_voices_are_heard(hertz):
    assert_found(recording(2.0, 0.8, decibels=20, spoken=word(hertz)), 0.8, slack=0.15)


def test_a_hiss_before_the_vowel_belongs_to_the_word():
    assert_found(recording(2.0, 0.8, decibels=40, spoken=word(hiss=2400)), 0.8)


@pytest.mark.parametrize("place", [0.3, 2.3])
def test_clicks_that_are_louder_than_the_word_are_left_out(place):
    x = recording(3.0, 1.2, decibels=40)
    x[int(place * SAMPLE_RATE) :][:640] += click()
    assert_found(x, 1.2)


@pytest.mark.parametrize("rate", [8000, 44100])
def test_the_rate_of_the_microphone_does_not_matter(rate):
    other = soxr.resample(recording(2.0, 0.9, decibels=30), SAMPLE_RATE, rate)
    assert_found(soxr.resample(other, rate, SAMPLE_RATE), 0.9)


@pytest.mark.parametrize("level", [1e-3, 1.0, 50.0])
def test_loudness_does_not_matter_unless_it_is_clipped(level):
    x = recording(2.0, 0.9, decibels=30)
    plain = found(x)
    start, end, is_word = found(np.clip(level * x, -1, 1))
    assert is_word and abs(start - plain[0]) < 1600 and abs(end - plain[1]) < 1600
    if level < 1:
        assert (start, end) == plain[:2]


@pytest.mark.parametrize("seconds", [0.3, 1.0, 5.0, 10.0])
def test_noise_is_no_word(seconds):
    for colour in range(3):
        for seed in range(3):
            assert not found(noise(seconds, colour, 0.05, seed))[2]


@pytest.mark.parametrize("seconds", [0.6, 2.0])
def test_clicks_alone_are_no_word(seconds):
    for seed in range(5):
        x = noise(seconds, 1, 1e-4)
        for place in np.random.default_rng(seed).integers(0, len(x) - 640, 3):
            x[place : place + 640] += click(seed)
        assert not found(x)[2]


find_other = tf.function(voice_activity.find_other_word, [tf.TensorSpec([None], tf.float32)], autograph=False)


@pytest.mark.parametrize(("first", "second"), [(0.5, 1.6), (0.2, 2.3)])
@pytest.mark.parametrize("decibels", [60, 20])
def test_another_word_is_found_beside_the_word(first, second, decibels):
    x = recording(3.0, first, decibels=decibels)
    assert find_other(tf.constant(x, tf.float32)) == -1
    x[int(second * SAMPLE_RATE) :][:WORD] += 0.8 * word(hertz=180.0)
    start, _, _ = found(x)
    assert start / SAMPLE_RATE == pytest.approx(first, abs=0.15)
    assert int(find_other(tf.constant(x, tf.float32))) / SAMPLE_RATE == pytest.approx(second, abs=0.15)


def test_clicks_and_noise_are_no_other_word():
    x = recording(3.0, 1.2, decibels=40)
    for place in (0.3, 2.3):
        x[int(place * SAMPLE_RATE) :][:640] += click()
    x[int(2.5 * SAMPLE_RATE) :][:4800] += noise(0.3, 0, 0.05)
    assert find_other(tf.constant(x, tf.float32)) == -1


@pytest.mark.parametrize("count", [1, 159, 160, 161, 400])
def test_a_few_samples_are_no_word(count):
    assert found(noise(1.0, 0)[:count]) == (0, count, False)


def test_what_is_cut_out_closely_is_kept_whole():
    for spoken in (word(), word(hiss=2400), np.sin(2 * np.pi * 300 * np.arange(8000) / SAMPLE_RATE)):
        for beside in (0, 1600):
            x = np.pad(spoken, (beside, 0))
            assert found(x) == (0, len(x), True)
