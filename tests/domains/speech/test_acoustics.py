import numpy as np
import pytest

from latent_xlate.domains.speech import acoustics
from latent_xlate.domains.speech.acoustics import BANK_SIZE, FFT_LENGTH, NOISE_SLOPES

HERTZ = np.fft.rfftfreq(FFT_LENGTH, 1 / 16000)


def rng():
    return np.random.default_rng(0)


def level(response, low, high):
    """Mean of a response in decibels over a band."""
    band = (low <= HERTZ) & (high > HERTZ)
    return 10 * np.log10(np.mean(np.square(response[..., band]), axis=-1))


def test_microphones_are_flat_or_coloured_and_every_fourth_is_a_telephone():
    bank = acoustics.microphones(rng())
    assert bank.shape == (BANK_SIZE, FFT_LENGTH // 2 + 1)
    np.testing.assert_array_equal(bank[0], 1.0)
    assert np.isfinite(bank).all() and (bank >= 0).all()
    telephones = bank[4::4]
    assert np.median(level(telephones, 500, 3000) - level(telephones, 5000, 8000)) > 10
    assert np.median(level(telephones, 500, 3000) - level(telephones, 20, 100)) > 5
    others = bank[np.arange(BANK_SIZE) % 4 != 0]
    assert (level(others, 4000, 8000) > level(others, 500, 3000) - 10).mean() > 0.3


def test_rooms_are_none_or_decaying_echoes_after_the_sound():
    bank = acoustics.rooms(rng())
    half = BANK_SIZE // 2
    np.testing.assert_allclose(bank[:half], 1.0, atol=1e-5)
    impulses = np.fft.irfft(bank[half:], FFT_LENGTH)
    np.testing.assert_allclose(impulses[:, 0], 1.0, atol=1e-4)
    assert np.abs(impulses[:, FFT_LENGTH // 2 :]).max() < 1e-4, "longer than the padding"
    early, late = np.square(impulses[:, 1:4000]).sum(axis=1), np.square(impulses[:, 8000:12000]).sum(axis=1)
    assert (late < early).all()
    ratios = -10 * np.log10(early + late)
    assert ratios.min() < 3 and ratios.max() > 12


@pytest.mark.parametrize(("row", "slope"), list(enumerate(NOISE_SLOPES)))
def test_noises_fall_by_their_slope_in_each_octave(row, slope):
    noise = acoustics.noises(rng(), 1 << 17)[row]
    assert np.mean(np.square(noise)) == pytest.approx(1.0, rel=1e-3)
    power = np.square(np.abs(np.fft.rfft(noise)))
    hertz = np.fft.rfftfreq(len(noise), 1 / 16000)
    octaves = [np.mean(power[(hertz >= low) & (hertz < 2 * low)]) for low in (100, 200, 400, 800, 1600, 3200)]
    np.testing.assert_allclose(np.diff(10 * np.log10(octaves)), slope, atol=0.5)
