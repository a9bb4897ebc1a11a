"""A domain of latents alone: x are the latents, and what takes data or a model says so in one sentence."""

import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.domains.domain import Domain
from latent_xlate.domains.latent_classifier import LatentClassifier
from latent_xlate.domains.latents_only import LatentsOnlyDomain
from latent_xlate.domains.standardisation import Standardisation
from tests.support.tolerances import assert_close


@pytest.fixture
def domain():
    judge = LatentClassifier(6, 3, (8,))
    judge.build()
    standardisation = Standardisation(np.arange(6, dtype=np.float32), np.full(6, 1e3, np.float32))
    return LatentsOnlyDomain("rooms", (2, 3), standardisation, judge, ("a", "b", "c"))


Z = 1e3 * np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32)


def test_x_are_the_latents_in_their_shape(domain):
    x = domain.decode(Z)
    np.testing.assert_array_equal(x, Z.reshape(5, 2, 3))
    mu, sigma = domain.encode(x)
    np.testing.assert_array_equal(mu, Z)
    assert not sigma.numpy().any()
    np.testing.assert_array_equal(domain.read(domain.write(x)), x)
    assert domain.pictures(x).shape[0] == 5


def test_bridges_see_them_standardised_and_so_does_the_judge(domain):
    np.testing.assert_allclose(domain.to_bridge(Z), (Z - np.arange(6)) / 1e3, rtol=1e-6)
    np.testing.assert_allclose(domain.from_bridge(domain.to_bridge(Z)), Z, rtol=1e-5)
    assert_close(domain.classify(domain.decode(Z)), domain.classifier(domain.to_bridge(Z)), rtol=1e-6)
    logits, features = tf.function(domain.judge)(domain.decode(Z))
    assert_close(logits, domain.classify(domain.decode(Z)), rtol=1e-5)
    assert_close(features, domain.features(domain.decode(Z)), rtol=1e-5)


@pytest.mark.parametrize("judged", [True, False])
def test_it_saves_and_loads(domain, judged, tmp_path):
    if not judged:
        domain = LatentsOnlyDomain("rooms", (2, 3), domain.standardisation)
    again = Domain.load(domain.save(tmp_path / "rooms"))
    assert again.get_config() == domain.get_config()
    np.testing.assert_array_equal(again.to_bridge(Z), domain.to_bridge(Z))
    if judged:
        assert_close(again.classify(again.decode(Z)), domain.classify(domain.decode(Z)))
    (tmp_path / "rooms" / "standardisation.npz").unlink()
    with pytest.raises(ValueError, match=r"standardisation.npz is missing"):
        Domain.load(tmp_path / "rooms")


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda domain: domain.load_data("test"), "and no data: take those that are packaged .latents=shipped"),
        (lambda domain: domain.sample_prior(3), "so no prior is known"),
        (lambda domain: domain.novelty(domain.decode(Z)), "so how unlike its model's data something is"),
    ],
)
def test_what_takes_data_says_that_there_are_none(call, sentence, domain):
    with pytest.raises(ValueError, match=f"Domain 'rooms' has latents alone,? {sentence}"):
        call(domain)


def test_without_labels_there_is_no_judge():
    domain = LatentsOnlyDomain("rooms", (4,))
    assert not domain.has_classifier
    for method in (domain.classify, domain.features, domain.judge):
        with pytest.raises(NotImplementedError, match="Domain 'rooms' has no classifier"):
            method(tf.zeros([1, 4]))
    np.testing.assert_array_equal(domain.to_bridge(Z[:, :4]), Z[:, :4])
