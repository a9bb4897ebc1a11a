import numpy as np
import pytest
import tensorflow as tf

from latent_xlate import random_draws, xla

SEEDS = [(0, 0), (3, 7), (-5, 123456), (5, -7), (-(2**31), 2**31 - 1)]


@pytest.mark.parametrize("shape", [[], [7], [5, 3], [33, 101]])
def test_numbers_are_those_of_the_kernels(shape):
    @xla.compiled
    def draw(seed):
        return (
            random_draws.normal(shape, seed),
            random_draws.uniform(shape, seed),
            random_draws.fold_in(seed, 9),
            random_draws.integer(seed, -2, 5),
        )

    for seed in map(tf.constant, SEEDS):
        normal, *exact = draw(seed)
        expected = [
            tf.random.stateless_uniform(shape, seed),
            tf.random.fold_in(seed, 9),
            tf.random.stateless_uniform([], seed, -2, 5, tf.int32),
        ]
        for ours, theirs in zip(exact, expected, strict=True):
            assert ours.dtype == theirs.dtype
            np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_allclose(normal, tf.random.stateless_normal(shape, seed), atol=1e-5)


def test_a_shape_may_be_known_in_graph_alone():
    draw = xla.compiled(lambda x: random_draws.normal((tf.shape(x)[0], 3), tf.constant([1, 2])))
    np.testing.assert_allclose(draw(tf.zeros([5, 1])), tf.random.stateless_normal([5, 3], [1, 2]), atol=1e-5)


def test_a_seed_within_a_seed_may_be_folded_by_a_tensor():
    for number in (3, tf.constant(3), tf.constant(3, tf.int64)):
        fold_in = xla.compiled(lambda number=number: random_draws.fold_in([1, 2], number))
        np.testing.assert_array_equal(fold_in(), tf.random.fold_in([1, 2], 3))
