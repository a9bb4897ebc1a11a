"""The log-mel spectrogram in numpy; that the network is the original's is shown in `test_tf1_checkpoint`."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.domains.speech.speech_classifier import SpeechClassifier
from latent_xlate.modalities.mel_spectrograms import log_mel_spectrogram
from tests.support.model_checks import check_mixed_precision, check_saving
from tests.support.tolerances import assert_close


def classifier(**kwargs):
    """One with biases that are not zero, and moving averages that are not those of a new one."""
    keras.utils.set_random_seed(0)
    model = SpeechClassifier(**({"num_classes": 4, "filters": 3} | kwargs))
    model.build()
    generator = np.random.default_rng(1)
    model.set_weights([weight + 0.1 * generator.uniform(size=weight.shape) for weight in model.get_weights()])
    return model


def waveforms(batch=4):
    """Noise, each the louder the later."""
    noise = np.random.default_rng(2).normal(size=(batch, 16384), scale=0.2)
    return (noise * np.linspace(0.1, 1, 16384)).astype(np.float32)


def log_mel(x):
    padded = np.pad(x.astype(np.float64), [(0, 0), (0, 1024)])
    frames = np.stack([padded[:, i : i + 1024] for i in range(0, 16384, 128)], axis=1)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024)
    magnitude = np.abs(np.fft.rfft(frames * window))

    def mel(hertz):
        return 1127 * np.log(1 + hertz / 700)

    edges = np.linspace(mel(40), mel(7800), 130)
    bins = mel(np.linspace(0, 8000, 513))[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    weights = np.maximum(0, np.minimum(rising, falling))
    weights[0] = 0  # The constant part of a signal is no sound.
    return np.log(magnitude @ weights + 1e-6)


def test_log_mel_spectrogram_is_that_of_numpy():
    np.testing.assert_allclose(log_mel_spectrogram(waveforms()), log_mel(waveforms()), atol=2e-3)
    assert_close(log_mel_spectrogram(np.zeros((1, 16384))), np.log(1e-6), rtol=1e-6)


def test_default_has_the_originals_parameters():
    model = SpeechClassifier()
    model.build()
    assert model.count_params() == 1_349_258


def test_logits_are_an_affine_map_of_the_features():
    model = classifier()
    features = model.features(waveforms()).numpy()
    assert features.shape == (4, model.num_features) == (4, 192)
    kernel, bias = model.logits.get_weights()
    assert_close(model(waveforms()), features @ kernel + bias, rtol=1e-4, atol=1e-5)


def test_batch_norm_takes_the_batchs_statistics_in_training_alone():
    model = classifier()
    before = [norm.moving_mean.numpy() for norm in model.norms]
    model(waveforms())
    assert all(np.array_equal(norm.moving_mean, mean) for norm, mean in zip(model.norms, before, strict=True))
    features = model.features(waveforms(), training=True).numpy()
    bands = log_mel(waveforms()).mean(axis=(0, 1))
    np.testing.assert_allclose(model.norms[0].moving_mean, 0.99 * before[0] + 0.01 * bands, atol=1e-4)
    assert all(np.abs(norm.moving_mean - mean).max() > 1e-4 for norm, mean in zip(model.norms, before, strict=True))
    assert_close(features.mean(axis=0), model.norms[-1].beta, atol=1e-5)


def test_gradients_reach_the_samples_and_every_weight():
    model = classifier()
    x = tf.constant(waveforms())
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(model(x, training=True) ** 2)
    gradients = tape.gradient(loss, [x, *model.trainable_variables])
    assert all(gradient is not None and np.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_classifier_saves_and_loads(dtype, tmp_path):
    check_saving(classifier(dtype=dtype), waveforms(), tmp_path)


def test_classifier_in_mixed_precision():
    def use(model):
        return [model(waveforms()), model.features(waveforms())]

    check_mixed_precision(lambda policy: classifier(dtype=policy), use)
