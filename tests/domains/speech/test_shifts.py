import itertools

import numpy as np
import tensorflow as tf

from latent_xlate.domains.speech.shifts import window


def test_window_is_a_slice():
    x = tf.constant(np.random.default_rng(0).normal(size=(2, 7, 5, 3)), tf.bfloat16)
    for start in range(5):
        np.testing.assert_array_equal(
            window(x, [tf.constant(start)], [3]), tf.slice(x, [0, start, 0, 0], [-1, 3, 5, 3])
        )
    for i, j in itertools.product(range(4), range(3)):
        ours = window(x, [tf.constant(i), tf.constant(j)], [4, 3])
        np.testing.assert_array_equal(ours, tf.slice(x, [0, i, j, 0], [-1, 4, 3, -1]))


def test_xla_knows_the_second_gradient():
    def penalty_gradient(x, kernel, start):
        """Gradient, with respect to a kernel, of a penalty of gradients with respect to the input."""
        with tf.GradientTape() as outer:
            outer.watch(kernel)
            with tf.GradientTape() as inner:
                inner.watch(x)
                padded = tf.pad(x, [[0, 0], [2, 2], [0, 0]], mode="REFLECT")
                score = tf.reduce_sum(tf.square(window(padded * kernel, [start], [6])))
            penalty = tf.reduce_sum(tf.square(inner.gradient(score, x)))
        return outer.gradient(penalty, kernel)

    x = tf.constant(np.random.default_rng(0).normal(size=(2, 6, 3)), tf.float32)
    kernel = tf.constant(np.random.default_rng(1).normal(size=(10, 3)), tf.float32)
    compiled = tf.function(penalty_gradient, jit_compile=True)
    for start in range(5):
        expected = penalty_gradient(x, kernel, tf.constant(start))
        assert np.abs(expected).max() > 1
        np.testing.assert_allclose(compiled(x, kernel, tf.constant(start)), expected, rtol=1e-4, atol=1e-4)
