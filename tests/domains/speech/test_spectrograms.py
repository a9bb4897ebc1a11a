import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.domains.speech.spectrograms import FLOOR, PATCH, WINDOWS, log_spectrogram, spectral_distance
from tests.support.tolerances import assert_close


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
    assert_close(spectral_distance(x, x), 0, atol=1e-6)
    assert_close(spectral_distance(x, -x), 0, atol=1e-5)
    # Far above the floor, twice as loud is one log 2 away, and an error as large as the amplitude.
    np.testing.assert_allclose(spectral_distance(x, 2 * x), np.log(2) + 1, rtol=0.1)
    np.testing.assert_allclose(spectral_distance(2 * x, x), np.log(2) + 0.5, rtol=0.1)
    assert (spectral_distance(x, y).numpy() > 0.3).all()


def test_distance_is_of_logarithms_and_of_the_amplitudes_of_patches():
    x, y = noise(seed=1), 0.5 * noise(seed=2)
    expected = np.zeros(3)
    for window in WINDOWS:
        logs = [log_spectrogram(sound, window, 2).numpy().astype(np.float64) for sound in (x, y)]
        expected += np.abs(logs[1] - logs[0]).mean(axis=(1, 2))
        frames, bins = (size // patch for size, patch in zip(logs[0].shape[1:], PATCH, strict=True))
        patches = [
            [
                np.sqrt(np.mean(np.exp(2 * part), axis=(1, 2)))
                for rows in np.split(log, frames, axis=1)
                for part in np.split(rows, bins, axis=2)
            ]
            for log in logs
        ]
        theirs, ours = np.array(patches)
        expected += np.linalg.norm(ours - theirs, axis=0) / np.linalg.norm(theirs, axis=0)
    np.testing.assert_allclose(spectral_distance(x, y), expected / len(WINDOWS), rtol=1e-4)


def test_a_sound_that_stands_for_noise_is_nearest_at_its_loudness():
    # A sweep, whose magnitudes are even, for noise, whose are not: by logarithms alone it would be softer.
    times = np.arange(8192)
    sweep = np.tile(np.sin(np.pi * (times % 64) ** 2 / 128), 1)[np.newaxis].astype(np.float32)
    loudness = np.sqrt(np.mean(noise(8, 8192) ** 2) / np.mean(sweep**2))
    gains = 2.0 ** np.arange(-1.5, 1.51, 0.25)
    distances = [np.mean(spectral_distance(noise(8, 8192), np.repeat(gain * loudness * sweep, 8, 0))) for gain in gains]
    assert 0.8 < gains[np.argmin(distances)] < 1.25


def test_gradients_are_finite_in_silence_too():
    x = tf.concat([noise(1), np.zeros((1, 2048), np.float32)], axis=0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        distance = tf.reduce_sum(spectral_distance(x, tf.constant(noise(2, seed=3))))
    gradient = tape.gradient(distance, x).numpy()
    assert np.isfinite(gradient).all()
    assert np.abs(gradient[0]).max() > 0
