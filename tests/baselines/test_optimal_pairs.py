import numpy as np
import tensorflow as tf

from latent_xlate.baselines.optimal_pairs import make_pair_batches, optimal_pairs
from tests.support import rival_checks


def test_shifted_copies_are_paired_with_their_originals():
    generator = np.random.default_rng(0)
    points, labels = generator.normal(size=(60, 3)), np.arange(60) % 2
    order = generator.permutation(60)
    first, second = optimal_pairs([points, points[order] + 5.0], [labels, labels[order]], 2, size=30, seed=0)
    assert sorted(first) == list(range(60))
    np.testing.assert_array_equal(order[second], first)


def test_the_smaller_class_is_repeated_and_parts_keep_to_a_class():
    points = np.random.default_rng(0).normal(size=(40, 2))
    labels = [np.repeat([0, 1], [30, 10]), np.repeat([0, 1], [15, 25])]
    pairs = optimal_pairs([points, points], labels, 2, size=7, seed=0)
    np.testing.assert_array_equal(labels[0][pairs[0]], labels[1][pairs[1]])
    for own, of in zip(pairs, labels, strict=True):
        np.testing.assert_array_equal(np.bincount(of[own]), [30, 25])
        assert set(own) == set(range(40))


def test_batches_are_pairs_of_one_class_with_times():
    domains = rival_checks.latents()
    axes = [np.eye(6), np.eye(5, 6)]
    make_batch = make_pair_batches(domains, axes, 4, size=60, seed=0)
    first, second, labels, times = make_batch(tf.range(240, dtype=tf.int64))
    np.testing.assert_array_equal(labels, np.arange(240) % 4)
    assert times.shape == (240, 1)
    assert 0.0 <= np.min(times) < 0.05 and 0.95 < np.max(times) < 1.0
    for made, own, size in zip((first, second), domains, (6, 5), strict=True):
        found = (np.asarray(made)[:, None, :size] == own.mu).all(axis=2)
        assert found.any(axis=1).all()
        np.testing.assert_array_equal(own.labels[found.argmax(axis=1)], labels)
    np.testing.assert_array_equal(second[:, 5], np.zeros(240))
