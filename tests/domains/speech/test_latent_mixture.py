import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.domains.speech.latent_mixture import TEMPERATURE, LatentMixture


def fitted(mu, sigma, labels, num_classes=2):
    mixture = LatentMixture(num_classes, mu.shape[1])
    mixture.build()
    mixture.fit_posteriors(mu, sigma, labels)
    return mixture


def posteriors():
    """Of two classes of different mean and shape."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [300, 500])
    mu = rng.normal(size=(800, 3)) @ np.array([[1.0, 0.8, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.1]])
    mu[labels == 1] = 5.0 - 2.0 * mu[labels == 1]
    return mu.astype(np.float32), rng.uniform(0.1, 0.5, (800, 3)).astype(np.float32), labels


def test_samples_have_each_classs_mean_and_its_covariance_cooled():
    mu, sigma, labels = posteriors()
    z = fitted(mu, sigma, labels).sample(40000, tf.constant([1, 2])).numpy()
    drawn = (z[:, 2] > 2.5).astype(int)
    assert 0.49 < drawn.mean() < 0.51  # As many of each, however many were fitted.
    noise = np.random.default_rng(1).normal(size=mu.shape)
    for label in (0, 1):
        ours, theirs = z[drawn == label], (mu + sigma * noise)[labels == label]
        np.testing.assert_allclose(ours.mean(axis=0), mu[labels == label].mean(axis=0), atol=0.05)
        scale = np.abs(np.cov(theirs.T)).max()
        np.testing.assert_allclose(np.cov(ours.T), TEMPERATURE**2 * np.cov(theirs.T), atol=0.06 * scale)


def test_samples_are_a_function_of_the_seed():
    mixture = fitted(*posteriors())
    first, again, other = (mixture.sample(5, tf.constant([1, seed])).numpy() for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1


def test_one_instance_of_a_class_is_enough_and_none_is_refused():
    mu, sigma = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32), np.full((2, 2), 0.5, np.float32)
    z = fitted(mu, sigma, np.array([0, 1])).sample(5000, tf.constant([0, 0])).numpy()
    first = z[z[:, 0] < 2]
    np.testing.assert_allclose(first.mean(axis=0), mu[0], atol=0.05)
    np.testing.assert_allclose(first.std(axis=0), TEMPERATURE * 0.5, atol=0.05)
    with pytest.raises(ValueError, match="Class 1 has no instance"):
        fitted(mu, sigma, np.array([0, 0]))


def test_it_is_saved_whole(tmp_path):
    mixture = fitted(*posteriors())
    mixture.save(tmp_path / "mixture.keras")
    again = keras.saving.load_model(tmp_path / "mixture.keras")
    np.testing.assert_array_equal(again.sample(5, tf.constant([1, 2])), mixture.sample(5, tf.constant([1, 2])))
