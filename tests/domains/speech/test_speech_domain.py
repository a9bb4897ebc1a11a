import io

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from latent_xlate.domains.domain import Domain
from latent_xlate.domains.speech.latent_mixture import LatentMixture
from latent_xlate.domains.speech.speech_domain import SpeechDomain
from latent_xlate.domains.speech.wavegan_generator import WaveGANGenerator
from latent_xlate.modalities import alignment
from tests.support import tiny
from tests.support.tolerances import assert_close


@pytest.fixture(scope="module")
def speech():
    return tiny.speech_domain(prior="normal", align=True)


def outputs(domain):
    x = domain.decode(domain.sample_prior(3, seed=1))
    mu, sigma = domain.encode(x)
    return [x, mu, sigma, domain.classify(x), domain.features(x)]


def test_domain_comes_back_with_its_networks(speech, tmp_path):
    again = Domain.load(speech.save(tmp_path))
    assert again.get_config() == speech.get_config()
    for ours, theirs in zip(outputs(again), outputs(speech), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_plain_gan_has_neither_encoder_nor_judge(speech, tmp_path):
    gan = SpeechDomain("gan", speech.generator)
    again = Domain.load(gan.save(tmp_path))
    assert (again.has_encoder, again.has_classifier, again.prior) == (False, False, "uniform")
    assert not again.modality.align
    with pytest.raises(NotImplementedError, match="'gan' has no encoder"):
        again.encode(tf.zeros((1, 16384)))
    with pytest.raises(NotImplementedError, match="'gan' has no classifier"):
        again.classify(tf.zeros((1, 16384)))


def test_prior_is_the_generators(speech):
    normal = speech.sample_prior(4000, seed=1).numpy()
    uniform = tiny.speech_domain(prior="uniform").sample_prior(4000, seed=1).numpy()
    np.testing.assert_allclose([normal.mean(), normal.std()], [0, 1], atol=0.03)
    assert np.abs(uniform).max() <= 1
    np.testing.assert_allclose(np.histogram(uniform, 10, (-1, 1))[0] / uniform.size, 0.1, atol=0.01)


def test_a_mixture_takes_the_priors_place_and_is_kept(speech, tmp_path):
    mixture = LatentMixture(10, speech.latent_dim)
    mixture.build()
    mixture.set_weights([np.arange(40).reshape(10, 4), np.stack([0.01 * np.eye(4)] * 10)])
    domain = SpeechDomain("mixed", speech.generator, encoder=speech.encoder, mixture=mixture)
    z = Domain.load(domain.save(tmp_path)).sample_prior(200, seed=3).numpy()
    np.testing.assert_array_equal(z, domain.sample_prior(200, seed=3))
    np.testing.assert_allclose(z, np.round(z[:, :1] / 4) * 4 + np.arange(4), atol=0.1)
    assert len(np.unique(np.round(z[:, 0]))) == 10


def test_files_are_read_as_the_models_heard_recordings(speech):
    place = np.arange(16384)
    x = 0.2 * np.sin(place / 5) * (place > 9000) * (place < 14000)
    file = io.BytesIO()
    soundfile.write(file, x, 16000, "PCM_16", format="WAV")
    samples = np.round(x * 32768).astype(np.int16)[np.newaxis]
    aligned = speech.read(tf.constant([file.getvalue()] * 2)).numpy()
    np.testing.assert_allclose(aligned, np.repeat(alignment.align(samples), 2, axis=0) / 32768, atol=3e-4)
    plain = SpeechDomain("gan", speech.generator).read(tf.constant([file.getvalue()]))
    np.testing.assert_allclose(plain, samples / 32768, atol=1e-4)


def test_written_files_are_the_sounds(speech):
    x = speech.decode(speech.sample_prior(2))
    for file, samples in zip(speech.write(x).numpy(), x, strict=True):
        theirs, rate = soundfile.read(io.BytesIO(file))
        assert rate == 16000
        np.testing.assert_allclose(theirs, samples, atol=1e-4)


def test_pictures_are_spectrograms_with_low_frequencies_below(speech):
    t = np.arange(16384) / 16000
    x = np.stack([np.sin(2 * np.pi * 300 * t), np.sin(2 * np.pi * 5000 * t)]).astype(np.float32)
    low, high = speech.pictures(tf.constant(x)).numpy()[..., 0]
    assert low.mean(axis=1).argmax() > 100
    assert high.mean(axis=1).argmax() < 40


def test_networks_that_do_not_fit_are_refused(speech):
    with pytest.raises(ValueError, match="32768 samples of 1 channels; a domain of speech has 16384"):
        SpeechDomain("long", WaveGANGenerator(4, dim=1, slice_length=32768))
    with pytest.raises(ValueError, match="encoder's latents are 4 wide, the generator's 5"):
        SpeechDomain("wide", WaveGANGenerator(5, dim=1), encoder=speech.encoder)
    with pytest.raises(ValueError, match="mixture's latents are 3 wide, the generator's 4"):
        SpeechDomain("mixed", speech.generator, mixture=LatentMixture(10, 3))
    with pytest.raises(ValueError, match="Unknown prior 'gauss'"):
        SpeechDomain("prior", speech.generator, prior="gauss")


def test_gain_makes_sounds_louder_until_they_clip(tmp_path):
    plain, loud = tiny.speech_domain(), tiny.speech_domain(gain=9.0)
    z = plain.sample_prior(2)
    x = 9 * plain.decode(z).numpy()
    assert np.abs(x).max() > 1
    assert_close(loud.decode(z), np.clip(x, -1, 1), rtol=1e-6)
    assert Domain.load(loud.save(tmp_path)).gain == 9.0
    with pytest.raises(ValueError, match="gain is 0.0; it must be above 0"):
        tiny.speech_domain(gain=0.0)


def test_judge_is_class_and_features_in_one():
    domain = tiny.speech_domain()
    x = domain.decode(domain.sample_prior(2))
    logits, features = domain.judge(x)
    assert_close(logits, domain.classify(x), rtol=1e-5)
    assert_close(features, domain.features(x), rtol=1e-5)
    silent = SpeechDomain("plain", domain.generator)
    with pytest.raises(NotImplementedError, match="'plain' has no classifier"):
        silent.judge(x)
