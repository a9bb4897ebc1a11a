import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.batching import BATCH_SIZE, in_batches


@pytest.mark.parametrize(("count", "sizes"), [(0, [0]), (1, [1]), (4, [4]), (5, [4, 1]), (12, [4, 4, 4])])
def test_rows_go_through_together_and_in_order(count, sizes):
    x, y = np.arange(3 * count, dtype=np.float32).reshape(count, 3), np.arange(count)
    seen = []

    def function(a, b):
        seen.append(len(a))
        return a * 2, (b + 1, tf.reduce_sum(a, axis=1))

    doubled, (next_one, total) = in_batches(function, x, y, batch_size=4)
    assert seen == sizes
    np.testing.assert_array_equal(doubled, 2 * x)
    np.testing.assert_array_equal(next_one, y + 1)
    np.testing.assert_array_equal(total, x.sum(axis=1))


def test_single_result_is_an_array_of_the_functions_dtype():
    result = in_batches(lambda x: tf.cast(x, tf.float16), np.arange(2 * BATCH_SIZE + 1))
    np.testing.assert_array_equal(result, np.arange(2 * BATCH_SIZE + 1))
    assert (type(result), result.dtype) == (np.ndarray, np.float16)
