import numpy as np
import pytest
import tensorflow as tf

from latent_xlate import index_cipher

# On both sides of where the block of the cipher grows, and of what fits its smallest block.
SIZES = [1, 2, 3, 10, 999, 65535, 65536, 65537, 65538, 131072, 131073, 262145, 2**24, 2**24 + 1, 2**31 - 1, 2**31 + 5]


def kernel(indices, keys, last):
    return tf.raw_ops.RandomIndexShuffle(
        index=indices, seed=tf.stack(keys, axis=-1), max_index=last, rounds=index_cipher.ROUNDS
    ).numpy()


def random_keys(generator, count):
    return [tf.constant(generator.integers(-(2**62), 2**62, count)) for _ in range(3)]


@pytest.fixture(scope="module")
def compiled():
    return tf.function(index_cipher.permuted, jit_compile=True, reduce_retracing=True)


@pytest.mark.parametrize("size", SIZES)
def test_it_is_the_permutation_of_the_kernel(compiled, size):
    generator = np.random.default_rng(size)
    indices, keys = tf.constant(generator.integers(0, size, 100)), random_keys(generator, 100)
    last = tf.fill([100], tf.constant(size - 1, tf.int64))
    np.testing.assert_array_equal(compiled(indices, keys, last), kernel(indices, keys, last))


def test_each_index_has_a_range_of_its_own(compiled):
    generator = np.random.default_rng(0)
    sizes = generator.integers(1, 3_000_000, 100)
    indices, keys = tf.constant(generator.integers(0, sizes)), random_keys(generator, 100)
    last = tf.constant(sizes - 1)
    np.testing.assert_array_equal(compiled(indices, keys, last), kernel(indices, keys, last))
