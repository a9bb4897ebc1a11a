import numpy as np
import pytest

from latent_xlate.modalities.alignment import ONSET, PEAK, align
from tests.support import sounds


def recording(start, seconds=0.3, peak=0.5, noise=0.0):
    """A tone in a slice, int16 [16384]."""
    x = noise * np.random.default_rng(0).normal(size=16384)
    tone = sounds.tone(500, seconds, 16000, peak)[: 16384 - start]
    x[start : start + len(tone)] += tone
    return np.round(32767 * x).astype(np.int16)


@pytest.mark.parametrize("start", [0, 100, 5000, 11000])
@pytest.mark.parametrize("noise", [0.0, 0.002])
def test_beginning_and_loudness_are_those_of_all(start, noise):
    aligned = align(np.stack([recording(start, noise=noise), recording(0, peak=0.02)]))
    assert aligned.dtype == np.int16 and aligned.shape == (2, 16384)
    for x in aligned / 32767:
        assert np.abs(x).max() == pytest.approx(PEAK, abs=0.01)
        loud = np.flatnonzero(np.abs(x) > 0.3)
        assert ONSET <= loud[0] < ONSET + 320
        assert 4300 < loud[-1] - loud[0] < 4900
        np.testing.assert_array_equal(x[:ONSET], 0)
        np.testing.assert_array_equal(x[ONSET + 4800 + 640 :], 0)


def test_what_is_within_stays_as_it_is():
    x = recording(3000)
    aligned = align(x[np.newaxis])[0]
    shift = np.argmax(np.correlate(aligned.astype(float), x.astype(float), "full")) - 16383
    middle = slice(4000, 7000)
    np.testing.assert_allclose(np.roll(aligned, -shift)[middle], x[middle] * (PEAK / 0.5), atol=2)


def test_a_sound_that_does_not_fit_is_cut_and_silence_stays_silent():
    aligned = align(np.stack([recording(0, seconds=1.024), np.zeros(16384, np.int16)]))
    assert np.abs(aligned[0, -1000:-200]).max() > 0.5 * 32767
    assert not aligned[1].any()
