import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.domains.spectrograms import FLOOR, WINDOWS, log_spectrogram, spectral_distance


def noise(batch=3, samples=2048, seed=0):
    return np.random.default_rng(seed).normal(size=(batch, samples), scale=0.2).astype(np.float32)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("overlap", [2, 4])
def test_log_spectrogram_is_that_of_an_fft(window, overlap):
    x = noise()
    hop = window // overlap
    before = (overlap - 1) // 2 * hop
    padded = np.pad(x.astype(np.float64), [(0, 0), (before, window)])
    frames = np.stack([padded[:, i : i + window] for i in range(0, 2048, hop)], axis=1)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    magnitudes = np.abs(np.fft.rfft(frames * hann))[..., 1:] * 2 / window
    np.testing.assert_allclose(log_spectrogram(x, window, overlap), np.log(magnitudes + FLOOR), atol=1e-3)


def test_a_sine_has_half_its_amplitude_and_silence_the_floor():
    sine = 0.6 * np.sin(2 * np.pi * 32 / 256 * np.arange(2048))[np.newaxis].astype(np.float32)
    spectrogram = log_spectrogram(sine, 256, 4).numpy()[0, 8]
    assert spectrogram.argmax() == 31
    assert np.exp(spectrogram.max()) == pytest.approx(0.3 + FLOOR, rel=1e-3)
    np.testing.assert_allclose(log_spectrogram(np.zeros((1, 2048), np.float32), 256, 4), np.log(FLOOR), atol=2e-3)


def test_distance_is_one_of_magnitudes_and_not_of_phases():
    x, y = noise(seed=1), noise(seed=2)
    np.testing.assert_allclose(spectral_distance(x, x), 0, atol=1e-6)
    np.testing.assert_allclose(spectral_distance(x, -x), 0, atol=1e-5)
    np.testing.assert_allclose(spectral_distance(x, y), spectral_distance(y, x), rtol=1e-5)
    # Far above the floor, twice as loud is one log 2 away, at each frequency and each window.
    np.testing.assert_allclose(spectral_distance(x, 2 * x), np.log(2), rtol=0.1)
    assert (spectral_distance(x, y).numpy() > 0.3).all()


def test_gradients_are_finite_in_silence_too():
    x = tf.concat([noise(1), np.zeros((1, 2048), np.float32)], axis=0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        distance = tf.reduce_sum(spectral_distance(x, tf.constant(noise(2, seed=3))))
    gradient = tape.gradient(distance, x).numpy()
    assert np.isfinite(gradient).all()
    assert np.abs(gradient[0]).max() > 0
