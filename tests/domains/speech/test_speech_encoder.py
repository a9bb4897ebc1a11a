import keras
import numpy as np
import pytest

from latent_xlate.domains.speech.speech_encoder import SpeechEncoder
from tests.support.model_checks import check_mixed_precision, check_saving


def encoder(**kwargs):
    keras.utils.set_random_seed(0)
    model = SpeechEncoder(**({"latent_dim": 5, "dim": 2} | kwargs))
    model.build()
    return model


def waveforms(batch=4):
    return np.random.default_rng(0).normal(size=(batch, 16384), scale=0.2).astype(np.float32)


def test_a_new_posterior_is_narrow_and_tells_sounds_apart():
    mu, sigma = encoder()(waveforms())
    assert mu.shape == sigma.shape == (4, 5)
    assert (sigma.numpy() > 0).all() and (sigma.numpy() < 0.2).all()
    assert np.abs(mu[0] - mu[1]).max() > 1e-3


def test_noise_far_below_speech_is_not_heeded():
    x = waveforms()
    x[:, 4000:] = 0
    faint = x + 1e-6 * np.random.default_rng(1).normal(size=x.shape).astype(np.float32)
    for ours, theirs in zip(encoder()(x), encoder()(faint), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-3)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_encoder_saves_and_loads(dtype, tmp_path):
    check_saving(encoder(dtype=dtype), waveforms(), tmp_path)


def test_encoder_in_mixed_precision():
    check_mixed_precision(lambda policy: encoder(dtype=policy), lambda model: list(model(waveforms())))
