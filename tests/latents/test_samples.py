import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.latents.samples import sample_latents
from tests.support.tolerances import assert_close

NAMES = ("left", "right", "never")


def prior(seed):
    return tf.random.stateless_normal([50, 2], seed)


def logits(z):
    """Sure of "left" and "right" far from the middle, never of the third."""
    return tf.stack([-10 * z[:, 0], 10 * z[:, 0], tf.fill(tf.shape(z)[:1], -20.0)], axis=1)


def two_classes(z):
    return logits(z)[:, :2]


def test_the_first_samples_that_are_sure_are_kept_of_each_class():
    latents, share = sample_latents(prior, two_classes, NAMES[:2], per_class=40, min_probability=0.99, seed=3)
    assert np.bincount(latents.labels).tolist() == [40, 40]
    assert not latents.sigma.any()
    drawn = np.concatenate([prior(tf.constant([3, i])).numpy() for i in range(4)])
    sure = np.abs(20 * drawn[:, 0]) > np.log(99)
    for label, sign in enumerate((-1, 1)):
        expected = drawn[sure & (np.sign(drawn[:, 0]) == sign)][:40]
        assert_close(latents.mu[latents.labels == label], expected, rtol=1e-6)
    seen = next(n for n in (50, 100, 150, 200) if np.minimum(*np.bincount((drawn[:n][sure[:n], 0] > 0) * 1)) >= 40)
    assert share == pytest.approx(sure[:seen].mean())


def test_another_seed_gives_other_samples_and_the_same_the_same():
    first, again, second = (
        sample_latents(prior, two_classes, NAMES[:2], per_class=20, seed=seed)[0].mu for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.intersect1d(first, second).size


def test_it_ends_with_what_is_missing_where_a_class_cannot_be_filled():
    with pytest.raises(ValueError, match=r"After 500 samples, of which \d+ were accepted, .* some: never \(0 of 30\)"):
        sample_latents(prior, logits, NAMES, per_class=30, max_samples=500)
