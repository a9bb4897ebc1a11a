import numpy as np
import pytest
import tensorflow as tf

from latent_xlate.baselines.image_pool import ImagePool

SIZE, BATCH = 10, 4


def exchange(pool, step, seed=0):
    """Hands in a batch of fakes numbered from `step * BATCH`, and returns the numbers of those handed out."""
    fakes = tf.range(step * BATCH, (step + 1) * BATCH, dtype=tf.float32)[:, tf.newaxis]
    return pool.exchange(fakes, tf.constant(step, tf.int64), tf.constant([seed, step])).numpy()[:, 0].astype(int)


def numbers(step):
    return np.arange(step * BATCH, (step + 1) * BATCH)


def test_the_first_fill_the_pool_and_are_handed_out():
    pool = ImagePool(SIZE, 1)
    for step in range(2):
        np.testing.assert_array_equal(exchange(pool, step), numbers(step))
    np.testing.assert_array_equal(pool.kept[: 2 * BATCH, 0], np.arange(2 * BATCH))


def test_none_is_lost_or_doubled_and_half_are_old():
    pool = ImagePool(SIZE, 1)
    old, steps = 0, 300
    for step in range(steps + 3):
        before = pool.kept.numpy()[:, 0]
        out = exchange(pool, step)
        if step < 3:
            continue
        both = np.concatenate([out, pool.kept.numpy()[:, 0]])
        np.testing.assert_array_equal(np.sort(both), np.sort(np.concatenate([before, numbers(step)])))
        is_new = out == numbers(step)
        assert np.isin(out[~is_new], before).all()
        old += np.sum(~is_new)
    # Binomial of 1200 draws: standard deviation 0.0144.
    assert abs(old / (steps * BATCH) - 0.5) < 0.06
    assert pool.kept.numpy().min() < steps * BATCH - 3 * SIZE, "some are kept for long"


def test_what_is_handed_out_follows_from_seed_and_step():
    first, again, other = ([exchange(pool, step, seed) for step in range(9)] for pool, seed in (
        (ImagePool(SIZE, 1), 0), (ImagePool(SIZE, 1), 0), (ImagePool(SIZE, 1), 1)
    ))  # fmt: skip
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_batch_larger_than_the_pool_is_refused():
    with pytest.raises(ValueError, match="A pool of 3 is smaller than a batch of 4"):
        exchange(ImagePool(3, 1), 0)
