"""What is measured of instances goes to where it stands within the other domain's class."""

import numpy as np
import tensorflow as tf

from latent_xlate.bridge.measured_by_class import ENOUGH, MeasuredByClass
from latent_xlate.latents.latents import Latents
from tests.support.tolerances import assert_close


def latents(centres, spreads, per_class=200, seed=0):
    """One measured coordinate and one that is not; classes differ in the mean and the spread of the former."""
    generator = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(centres)), per_class).astype(np.int32)
    mu = generator.normal(size=(len(labels), 2)).astype(np.float32)
    mu[:, 0] = np.array(centres)[labels] + np.array(spreads)[labels] * mu[:, 0]
    return Latents(mu, np.zeros_like(mu), labels)


def test_a_class_gets_the_measurements_of_the_other_domains_and_keeps_the_order_within_it():
    here, there = latents([0, 4], [1, 2]), latents([-3, 1], [0.5, 3], seed=1)
    source, target = (MeasuredByClass.of(each, 2, 1) for each in (here, there))
    goal = source.translated(tf.constant(here.mu), tf.constant(here.labels), target).numpy()[:, 0]
    for label in range(2):
        own, others = goal[here.labels == label], there.mu[there.labels == label, 0]
        np.testing.assert_allclose([own.mean(), own.std()], [others.mean(), others.std()], rtol=1e-4, atol=1e-4)
        before = here.mu[here.labels == label, 0]
        np.testing.assert_array_equal(np.argsort(own), np.argsort(before))


def test_the_unlabelled_and_classes_of_few_are_measured_by_all_instances():
    here, there = latents([0, 4], [1, 2]), latents([-3, 1], [0.5, 3], seed=1)
    rows = np.r_[np.flatnonzero(here.labels == 0), np.flatnonzero(here.labels == 1)[: ENOUGH - 1]]
    few, target = here.take(rows), MeasuredByClass.of(there, 2, 1)
    source = MeasuredByClass.of(few, 2, 1)
    z = tf.constant(few.mu)
    of_all = source.translated(z, tf.fill([len(few)], -1), target).numpy()[:, 0]
    np.testing.assert_allclose([of_all.mean(), of_all.std()], [there.mu[:, 0].mean(), there.mu[:, 0].std()], rtol=1e-4)
    np.testing.assert_array_equal(source.mean[1], source.mean[2])
    assert source.mean[0] != source.mean[2]


def test_what_is_constant_becomes_the_mean_of_the_others_class():
    here, there = latents([2, 2], [0, 0]), latents([-3, 1], [0.5, 3], seed=1)
    source, target = (MeasuredByClass.of(each, 2, 1) for each in (here, there))
    goal = source.translated(tf.constant(here.mu), tf.constant(here.labels), target).numpy()[:, 0]
    assert_close(goal, target.mean[here.labels, 0], atol=1e-5)
    back = target.translated(tf.constant(there.mu), tf.constant(there.labels), source).numpy()[:, 0]
    assert_close(back, 2, atol=1e-5)
