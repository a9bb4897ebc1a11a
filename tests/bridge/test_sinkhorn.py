import numpy as np
import ot
import pytest
import tensorflow as tf
from scipy.stats import special_ortho_group

from latent_xlate.bridge.sinkhorn import potentials, regularisation, squared_distances, turns


@pytest.fixture(scope="module")
def points():
    generator = np.random.default_rng(0)
    return generator.normal(size=(20, 3)), generator.normal(size=(30, 3)) + 1.0


def test_squared_distances_are_those_of_pot(points):
    x, y = (np.float32(each)[np.newaxis] for each in points)
    np.testing.assert_allclose(squared_distances(x, y)[0], ot.dist(*points), rtol=1e-4, atol=1e-5)


def test_regularisation_is_a_share_of_the_mean_cost():
    cost = np.array([[[1.0, 3.0]], [[0.0, 0.0]]], np.float32)
    np.testing.assert_allclose(regularisation(cost, 0.5), [1.0, 1e-9])


@pytest.mark.parametrize("epsilon", [0.3, 1.0])
def test_potentials_are_those_of_sinkhorns_algorithm(points, epsilon):
    cost = ot.dist(*points)
    mass = np.full(20, 1 / 20), np.full(30, 1 / 30)
    plan = ot.sinkhorn(*mass, cost, epsilon, method="sinkhorn_log", numItermax=10_000, stopThr=1e-12)
    g = potentials(tf.constant(cost[np.newaxis], tf.float32), tf.constant([epsilon], tf.float32))[0].numpy()
    weights = np.exp((g - cost) / epsilon)
    np.testing.assert_allclose(weights / weights.sum(axis=1, keepdims=True), 20 * plan, atol=2e-3)


def test_potentials_go_on_from_where_they_start(points):
    cost = tf.constant(ot.dist(*points)[np.newaxis], tf.float32)
    epsilon = tf.constant([0.5])
    parts = potentials(cost, epsilon, potentials(cost, epsilon, iterations=4), iterations=3)
    np.testing.assert_allclose(parts, potentials(cost, epsilon, iterations=7), rtol=1e-4, atol=1e-4)


def test_a_turn_of_each_class_is_found():
    x = np.random.default_rng(1).exponential(size=(2, 300, 4))
    x = (x - x.mean(axis=1, keepdims=True)) * [2.0, 1.5, 1.0, 0.7]
    small = np.stack([special_ortho_group(4, seed=seed).rvs() for seed in range(2)])
    generators = 0.1 * (small - small.transpose(0, 2, 1))
    matrices = np.linalg.solve(np.eye(4) - generators, np.eye(4) + generators)  # Small turns.
    found = turns(tf.constant(x, tf.float32), tf.constant(x[:, ::-1] @ matrices, tf.float32)).numpy()
    np.testing.assert_allclose(found, matrices, atol=0.02)


def test_turns_are_orthogonal_whatever_the_points():
    x = np.zeros((2, 5, 3), np.float32)
    x[1, :2, 0] = [1.0, -1.0]
    found = turns(tf.constant(x), tf.constant(np.random.default_rng(0).normal(size=(2, 6, 3)), tf.float32)).numpy()
    np.testing.assert_allclose(found @ found.transpose(0, 2, 1), np.broadcast_to(np.eye(3), (2, 3, 3)), atol=1e-5)
