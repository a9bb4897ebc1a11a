"""Novelty of the shipped domains and of one whose errors are known."""

import dataclasses

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from latent_xlate.domains import pretrained
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.novelty import LEAST_HELD_OUT, NoveltyScale
from latent_xlate.latents.latents import Latents
from latent_xlate.modalities.array import Array
from latent_xlate.modalities.image import Image
from tests.support import tiny
from tests.support.tolerances import assert_close


class Rounding(Domain):
    """Pictures of 4x4 pixels, of which the latent keeps the upper half; what it decodes is a little brighter."""

    latent_dim = 8
    networks = {}

    def encode(self, x):
        z = tf.reshape(x[:, :2], [-1, 8])
        return z, tf.zeros_like(z)

    def decode(self, z):
        upper = tf.reshape(z, [-1, 2, 4, 1]) + 0.1
        return tf.concat([upper, tf.zeros_like(upper)], axis=1)

    def get_config(self):
        return {}

    @classmethod
    def from_config(cls, config):
        return cls("rounding", Image(4, 4))


@pytest.fixture
def rounding():
    return Rounding.from_config({})


def test_novelty_is_the_larger_of_two_errors_in_their_units(rounding):
    x = np.random.default_rng(0).uniform(size=(6, 4, 4, 1)).astype(np.float32)
    lower, upper = x[:, 2:], np.full_like(x[:, :2], 0.1)
    mean_square = (lower**2).mean(axis=(1, 2, 3)) / 2 + (upper**2).mean(axis=(1, 2, 3)) / 2
    of_data = mean_square / (x.var(axis=(1, 2, 3)) + 0.02)
    for data, latent in ((0.5, 1e9), (1e9, 0.3), (1.9, 0.05)):
        expected = np.maximum(of_data / data, 8 * 0.1**2 / latent)
        novelty = NoveltyScale(0.02, data, latent).novelty(rounding, tf.constant(x))
        np.testing.assert_allclose(novelty, expected, rtol=1e-4)


def test_scale_is_exceeded_by_one_in_two_hundred_of_log_normal_errors(rounding):
    errors = scipy.stats.lognorm(s=0.5, scale=0.02).rvs(20_000, random_state=0)
    x = np.zeros((len(errors), 4, 4, 1), np.float32)
    x[:, 2:] = np.sqrt(errors)[:, np.newaxis, np.newaxis, np.newaxis]
    scale = NoveltyScale.of_held_out(rounding, x)
    variance = x.var(axis=(1, 2, 3))
    assert scale.variance == pytest.approx(0.1 * variance.mean(), rel=1e-4)
    assert scale.latent == pytest.approx(8 * 0.1**2, rel=1e-3)  # It is the same for all.
    data = (errors / 2 + 0.1**2 / 2) / (variance + scale.variance)
    logarithms = np.log(data)
    expected = scipy.stats.norm(logarithms.mean(), logarithms.std()).ppf(0.995)
    assert np.log(scale.data) == pytest.approx(expected, abs=1e-3)


def test_few_held_out_instances_give_no_scale(rounding):
    x = np.random.default_rng(0).uniform(size=(LEAST_HELD_OUT, 4, 4, 1)).astype(np.float32)
    assert NoveltyScale.of_held_out(rounding, x[1:]) is None
    assert isinstance(NoveltyScale.of_held_out(rounding, x), NoveltyScale)


def test_what_has_no_finite_answer_is_infinitely_novel(rounding):
    x = np.zeros((2, 4, 4, 1), np.float32)
    x[1] = 1e30
    novelty = NoveltyScale(0.01, 1.0, 1.0).novelty(rounding, tf.constant(x)).numpy()
    assert np.isfinite(novelty[0])
    assert novelty[1] == np.inf


def test_flat_pictures_are_measured_by_the_floor_of_the_variance(rounding):
    x = np.full((1, 4, 4, 1), 0.3, np.float32)
    expected = (0.3**2 / 2 + 0.1**2 / 2) / 0.05
    assert NoveltyScale(0.05, 1.0, 1e9).novelty(rounding, tf.constant(x)).numpy() == pytest.approx(expected, rel=1e-4)


def test_scale_is_saved_with_the_domain_and_an_old_one_has_none(tmp_path):
    domain = tiny.image_domain()
    assert Domain.load(domain.save(tmp_path / "old")).novelty_scale is None
    domain.novelty_scale = NoveltyScale(0.01, 0.5, 2.0)
    loaded = Domain.load(domain.save(tmp_path / "new"))
    assert loaded.novelty_scale == domain.novelty_scale
    x = tf.random.stateless_uniform([3, 28, 28, 1], [0, 0])
    assert_close(loaded.novelty(x), domain.novelty(x), rtol=1e-5)


def test_domain_without_a_scale_says_so():
    with pytest.raises(NotImplementedError, match="'digits' has no scale of novelty"):
        tiny.image_domain().novelty(tf.zeros([1, 28, 28, 1]))


def decoded(name, count=200):
    """A shipped domain, and what it makes of the latents of test data, which are no longer there."""
    domain = pretrained.load_domain(name)
    return domain, domain.decode(Latents.load(pretrained.folder(name) / "latents_test.npz").mu[:count])


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "mnist_b"])
def test_shipped_pictures_tell_their_own_from_noise_and_from_each_other(name):
    domain, own = decoded(name)
    assert np.mean(domain.novelty(own) > 1) < 0.02
    _, others = decoded("mnist" if name == "fashion_mnist" else "fashion_mnist")
    noise = tf.random.stateless_uniform([200, 28, 28, 1], [0, 0])
    for x in (others, noise, tf.cast(noise < 0.1, tf.float32), 1.0 - own):
        assert np.mean(domain.novelty(x) > 1) > 0.9


def test_shipped_sounds_tell_their_own_from_noise_and_tones():
    domain, own = decoded("spoken_digit", 20)
    assert np.mean(domain.novelty(own) > 1) < 0.1
    noise = 0.3 * tf.random.stateless_normal([20, 16_384], [0, 0])
    pitch = np.linspace(100, 4_000, 20, dtype=np.float32)[:, np.newaxis]
    tones = 0.5 * np.sin(2 * np.pi * pitch * np.arange(16_384, dtype=np.float32) / 16_000)
    for x in (noise, tf.constant(tones, tf.float32)):
        assert np.all(domain.novelty(x) > 1)


def test_arrays_have_a_novelty():
    class Halves(Rounding):
        def encode(self, x):
            z = x[:, :8]
            return z, tf.zeros_like(z)

        def decode(self, z):
            return tf.concat([z, z], axis=1)

    domain = Halves("halves", Array((16,)))
    values = np.random.default_rng(0).normal(size=(100, 8)).astype(np.float32)
    x = np.concatenate([values, values + 0.1 * values[::-1]], axis=1)
    domain.novelty_scale = NoveltyScale.of_held_out(domain, x)
    assert np.mean(domain.novelty(tf.constant(x)) > 1) < 0.05
    unlike = np.concatenate([values, -values], axis=1)
    assert np.all(domain.novelty(tf.constant(unlike)) > 1)
    assert dataclasses.asdict(domain.novelty_scale).keys() == {"variance", "data", "latent"}
