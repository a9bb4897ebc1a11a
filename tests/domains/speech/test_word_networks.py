"""The spectrogram of words, and the two networks that look at it: the keyword spotter and the word encoder."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.domains.speech.keyword_spotter import KeywordSpotter
from latent_xlate.domains.speech.telephone_spectrogram import SHAPE, telephone_spectrogram
from latent_xlate.domains.speech.word_encoder import WordEncoder
from tests.support import sounds
from tests.support.model_checks import built, check_mixed_precision, check_saving
from tests.support.tolerances import assert_close


def spotter(**kwargs):
    keras.utils.set_random_seed(0)
    return built(KeywordSpotter(**({"num_classes": 4, "filters": 2} | kwargs)))


def encoder(**kwargs):
    keras.utils.set_random_seed(0)
    return built(WordEncoder(**({"latent_dim": 5, "filters": 2} | kwargs)))


def waveforms(batch=4):
    """Noise, each the louder the later."""
    noise = np.random.default_rng(2).normal(size=(batch, 16384), scale=0.2)
    return (noise * np.linspace(0.1, 1, 16384)).astype(np.float32)


def tone(hertz, seconds=16384 / 16000):
    return sounds.tone(hertz, seconds, 16000).astype(np.float32)[np.newaxis]


def test_the_spectrogram_is_that_of_numpy():
    padded = np.pad(waveforms(1)[0].astype(np.float64), (0, 512))
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(512) / 512)
    frames = np.stack([padded[i : i + 512] for i in range(0, 16384, 256)])
    magnitude = np.abs(np.fft.rfft(frames * window))

    def mel(hertz):
        return 1127 * np.log(1 + hertz / 700)

    edges = np.linspace(mel(60), mel(3900), 42)
    bins = mel(np.linspace(0, 8000, 257))[:, np.newaxis]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    bands = magnitude @ np.maximum(0, np.minimum(rising, falling))
    expected = 1 - np.log(bands / bands.max() + 0.01) / np.log(0.01)
    np.testing.assert_allclose(telephone_spectrogram(waveforms(1))[0, ..., 0], expected, atol=1e-3)


def test_the_spectrogram_does_not_depend_on_loudness_nor_on_what_a_telephone_cuts_off():
    x = tone(500)
    seen = telephone_spectrogram(x)
    assert seen.shape == (1, *SHAPE)
    assert float(tf.reduce_max(seen)) == pytest.approx(1.0, abs=0.01) and float(tf.reduce_min(seen)) >= 0
    assert_close(telephone_spectrogram(0.01 * x), seen, atol=1e-4)
    # The ends of a tone have all frequencies.
    np.testing.assert_allclose(telephone_spectrogram(x + 0.5 * tone(6000))[:, 2:60], seen[:, 2:60], atol=0.02)
    np.testing.assert_array_equal(telephone_spectrogram(np.zeros((1, 16384), np.float32)), 0.0)


def test_logits_are_an_affine_map_of_the_features():
    model = spotter()
    features = model.features(waveforms()).numpy()
    assert features.shape == (4, model.num_features)
    kernel, bias = model.logits.get_weights()
    assert_close(model(waveforms()), features @ kernel + bias, rtol=1e-4, atol=1e-5)


def test_the_spotter_ships_in_less_than_a_megabyte():
    model = KeywordSpotter()
    model.build()
    assert 2 * model.count_params() < 1 << 20


def test_when_a_word_begins_matters_little_to_the_spotter_and_much_to_the_encoder():
    word = np.pad(waveforms(1)[:, 8000:12000], [(0, 0), (4096, 16384 - 8096)])
    later = np.roll(word, 2048, axis=1)  # A multiple of all strides.
    features = [spotter().features(x).numpy() for x in (word, later)]
    means = [encoder()(x)[0].numpy() for x in (word, later)]
    change = [np.abs(a - b).max() / np.abs(a).max() for a, b in (features, means)]
    assert change[0] < 0.05 < change[1]


def test_a_posterior_has_a_positive_width_and_tells_sounds_apart():
    mu, sigma = encoder()(waveforms())
    assert mu.shape == sigma.shape == (4, 5)
    assert (sigma.numpy() > 0).all()
    assert np.abs(mu[0] - mu[1]).max() > 1e-3


@pytest.mark.parametrize("make", [spotter, encoder])
def test_batch_norm_takes_the_batchs_statistics_in_training_alone(make):
    model = make()
    before = [norm.moving_mean.numpy() for norm in model.convolutions.norms]
    still = np.asarray(model(waveforms())[0])
    np.testing.assert_array_equal(still, model(waveforms())[0])
    model(waveforms(), training=True)
    after = [norm.moving_mean.numpy() for norm in model.convolutions.norms]
    assert all(np.abs(a - b).max() > 1e-5 for a, b in zip(after, before, strict=True))


@pytest.mark.parametrize("make", [spotter, encoder])
def test_gradients_reach_every_weight(make):
    model = make()
    with tf.GradientTape() as tape:
        loss = tf.add_n([tf.reduce_sum(tf.square(part)) for part in tf.nest.flatten(model(waveforms(), training=True))])
    gradients = tape.gradient(loss, model.trainable_variables)
    assert all(gradient is not None and np.abs(gradient).max() > 0 for gradient in gradients)


def test_the_spotter_saves_and_loads(tmp_path):
    check_saving(spotter(), waveforms(), tmp_path)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_the_encoder_saves_and_loads(dtype, tmp_path):
    check_saving(encoder(dtype=dtype), waveforms(), tmp_path)


def test_networks_in_mixed_precision():
    check_mixed_precision(lambda policy: spotter(dtype=policy), lambda model: model(waveforms()))
    check_mixed_precision(lambda policy: encoder(dtype=policy), lambda model: list(model(waveforms())))
