import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.batching import BATCH_SIZE, good_rows, in_batches


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


@pytest.mark.parametrize("bad", [[], [0], [4], [3, 4], [0, 5, 9], list(range(10))])
def test_rows_that_are_refused_are_found_and_the_others_are_not_lost(bad):
    x, y = np.arange(10), 10 * np.arange(10)
    refused = tf.constant(bad, tf.int64)

    def function(a, b):
        tf.debugging.assert_none_equal(a[:, None], refused[None])
        return {"sum": tf.constant(a + b)}

    kept, results, errors = good_rows(function, x, y, batch_size=4)
    good = [n for n in range(10) if n not in bad]
    assert kept.tolist() == good
    assert sorted(errors) == bad
    assert all(isinstance(error, tf.errors.InvalidArgumentError) for error in errors.values())
    assert results is None if not good else results["sum"].tolist() == [11 * n for n in good]


def test_rows_are_not_called_singly_without_need():
    sizes = []

    def function(a):
        sizes.append(len(a))
        tf.debugging.assert_none_equal(a, tf.constant(700, tf.int64))
        return a

    kept, _, errors = good_rows(function, np.arange(1024), batch_size=1024)
    assert (len(kept), list(errors)) == (1023, [700])
    assert sum(sizes) < 2.1 * 1024
    assert len(sizes) < 50
