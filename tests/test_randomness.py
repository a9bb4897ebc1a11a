import numpy as np
import pytest
import tensorflow as tf

from latent_xlate import distribution, randomness, xla


def indices(start, stop, size, seed=0, stream=0):
    return randomness.shuffled_indices(tf.range(start, stop, dtype=tf.int64), size, seed, stream).numpy()


def epochs(count, size, seed=0, stream=0):
    return indices(0, count * size, size, seed, stream).reshape(count, size)


def correlation(x, y):
    return np.corrcoef(x, y)[0, 1]


@pytest.mark.parametrize("size", [1, 2, 3, 10, 97, 1000])
def test_each_epoch_visits_every_item_once(size):
    np.testing.assert_array_equal(np.sort(epochs(7, size), axis=1), np.tile(np.arange(size), (7, 1)))


def test_epochs_seeds_and_streams_have_uncorrelated_orders():
    size = 4000
    orders = [*epochs(5, size), *epochs(2, size, seed=1), *epochs(2, size, seed=2), *epochs(2, size, stream=1)]
    orders.append(np.arange(size))
    # Of independent permutations the correlation has standard deviation 1 / sqrt(size).
    pairs = [abs(correlation(a, b)) for i, a in enumerate(orders) for b in orders[:i]]
    assert max(pairs) < 4.5 / np.sqrt(size)
    # And an item meets the same place about once, in any pair of orders.
    assert max(np.sum(a == b) for i, a in enumerate(orders) for b in orders[:i]) < 10


def test_an_item_is_anywhere_in_an_epoch():
    size, count = 1000, 200
    places = np.argsort(epochs(count, size)[:, :], axis=1)[:, :50] / size
    # Uniform on [0, 1): mean 1/2 and standard deviation sqrt(1/12).
    np.testing.assert_allclose(places.mean(axis=0), 0.5, atol=4.5 / np.sqrt(12 * count))
    np.testing.assert_allclose(places.std(axis=0), np.sqrt(1 / 12), rtol=0.15)


def test_indices_are_a_function_of_the_position_however_the_stream_is_cut():
    whole = indices(0, 60, 13, seed=3)
    np.testing.assert_array_equal(
        np.concatenate([indices(0, 7, 13, 3), indices(7, 41, 13, 3), indices(41, 60, 13, 3)]), whole
    )


def test_positions_of_several_streams_at_once():
    sizes, streams = np.array([5, 8, 5]), np.array([0, 1, 2])
    positions = np.repeat(np.arange(16), 3)
    together = randomness.shuffled_indices(
        tf.constant(positions), tf.constant(np.tile(sizes, 16)), 4, tf.constant(np.tile(streams, 16))
    ).numpy()
    for stream, size in zip(streams, sizes, strict=True):
        np.testing.assert_array_equal(together[stream::3], indices(0, 16, int(size), 4, int(stream)))


def test_step_seeds_differ_by_seed_step_and_stream():
    seeds = {
        tuple(randomness.step_seed(seed, tf.constant(step, tf.int64), stream).numpy())
        for seed in range(4)
        for step in range(4)
        for stream in range(4)
    }
    assert len(seeds) == 64
    again = randomness.step_seed(2, tf.constant(3), 1).numpy()
    assert tuple(again) == tuple(randomness.step_seed(2, tf.constant(3, tf.int64), 1).numpy())


def test_noise_of_different_streams_is_standard_normal_and_uncorrelated():
    draws = [
        randomness.replica_normal((20_000,), randomness.step_seed(0, tf.constant(step), stream)).numpy()
        for step in range(2)
        for stream in range(2)
    ]
    np.testing.assert_allclose(np.mean(draws, axis=1), 0, atol=0.03)
    np.testing.assert_allclose(np.corrcoef(draws), np.eye(4), atol=0.03)
    np.testing.assert_allclose(np.var(draws, axis=1), 1, atol=0.05)


@pytest.mark.parametrize(("shape", "axis"), [((4, 3), 0), ((2, 5, 3), 1)])
def test_parts_of_the_replicas_make_up_the_draw_of_one_device(shape, axis):
    strategy = distribution.make_strategy("mirrored")
    seed = tf.constant([3, 4])

    @tf.function
    def draw():
        return strategy.run(lambda: randomness.replica_normal(shape, seed, axis))

    parts = strategy.experimental_local_results(draw())
    whole = tuple(2 * size if i == axis else size for i, size in enumerate(shape))
    np.testing.assert_array_equal(np.concatenate(parts, axis=axis), randomness.replica_normal(whole, seed, axis))


def test_classes_take_turns_in_epochs_of_their_own():
    labels = np.array([2, 0, 1, 1, 2, 1, 1])
    sample = randomness.class_balanced(labels, 3, seed=5)
    indices = sample(tf.range(24, dtype=tf.int64)).numpy()
    assert labels[indices].tolist() == [0, 1, 2] * 8
    for label, members in enumerate(([1], [2, 3, 5, 6], [0, 4])):
        epochs = np.sort(indices[label::3].reshape(-1, len(members)), axis=1)
        np.testing.assert_array_equal(epochs, [members] * len(epochs))


def test_numbers_of_positions_are_uniform_independent_and_of_the_position_alone():
    positions = tf.range(20_000, dtype=tf.int64)
    numbers = randomness.position_uniform(positions, 6, 0).numpy()
    assert numbers.shape == (20_000, 6)
    assert 0 <= numbers.min() <= numbers.max() < 1
    np.testing.assert_allclose(numbers.mean(axis=0), 0.5, atol=0.01)
    np.testing.assert_allclose(numbers.std(axis=0), 12**-0.5, atol=0.01)
    assert np.abs(np.corrcoef(numbers.T) - np.eye(6)).max() < 0.04
    for column in numbers.T:
        assert abs(correlation(column[:-1], column[1:])) < 0.04
    np.testing.assert_array_equal(randomness.position_uniform(positions[500:600], 6, 0), numbers[500:600])
    np.testing.assert_array_equal(randomness.position_uniform(positions[:50], 3, 0), numbers[:50, :3])
    assert not np.array_equal(randomness.position_uniform(positions[:50], 6, 1), numbers[:50])


def test_compiled_functions_have_the_indices_of_the_kernel():
    expected = indices(100, 200, 1000, seed=3, stream=1)
    compiled = xla.compiled(lambda positions: randomness.shuffled_indices(positions, 1000, 3, 1))
    np.testing.assert_array_equal(compiled(tf.range(100, 200, dtype=tf.int64)), expected)
