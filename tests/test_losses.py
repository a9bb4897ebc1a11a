import numpy as np
import ot
import pytest
import tensorflow as tf

from latent_xlate import losses
from tests.support.tolerances import assert_close


def normal(n, dim, seed=0, shift=0.0, dtype=np.float64):
    return (np.random.default_rng(seed).normal(size=(n, dim)) + shift).astype(dtype)


def directions(dim, count, seed=0):
    return tf.cast(losses.random_projections(dim, count, seed), tf.float64)


def test_gaussian_kl_is_the_integral_that_defines_it():
    mu, sigma = np.array([[0.3, -1.2], [0.0, 2.0]]), np.array([[0.5, 1.7], [1.0, 0.2]])
    grid = np.linspace(-20, 20, 200_001)

    def integral(m, s):
        log_q = -0.5 * ((grid - m) / s) ** 2 - np.log(s) - 0.5 * np.log(2 * np.pi)
        log_p = -0.5 * grid**2 - 0.5 * np.log(2 * np.pi)
        return np.sum(np.exp(log_q) * (log_q - log_p)) * (grid[1] - grid[0])

    expected = np.vectorize(integral)(mu, sigma).sum(axis=1)
    assert_close(losses.gaussian_kl(mu, sigma), expected, rtol=1e-6)


def test_gaussian_kl_of_the_prior_is_zero():
    np.testing.assert_array_equal(losses.gaussian_kl(tf.zeros((3, 5)), tf.ones((3, 5))), 0)


def test_squared_error_by_reduction():
    x, y = normal(7, 4), normal(7, 4, 1)
    assert_close(losses.squared_error(x, y), np.mean((x - y) ** 2, axis=1))
    assert_close(losses.squared_error(x, y, "sum"), np.sum((x - y) ** 2, axis=1))
    with pytest.raises(ValueError, match="reduction is 'max'"):
        losses.squared_error(x, y, "max")


# ---- Projections ------------------------------------------------------------------------------


@pytest.mark.parametrize("orthogonal", [False, True])
@pytest.mark.parametrize("count", [1, 5, 64])
def test_projections_have_unit_norm(count, orthogonal):
    w = losses.random_projections(8, count, 3, orthogonal)
    assert w.shape == (8, count)
    assert_close(np.linalg.norm(w, axis=0), 1, rtol=1e-6)


def test_orthogonal_projections_are_orthonormal_block_by_block():
    w = losses.random_projections(4, 10, 0, orthogonal=True).numpy()
    for block in (w[:, :4], w[:, 4:8], w[:, 8:]):
        assert_close(block.T @ block, np.eye(block.shape[1]), atol=1e-6)


@pytest.mark.parametrize("orthogonal", [False, True])
def test_projections_are_uniform_over_the_sphere(orthogonal):
    # Of a uniform direction in three dimensions each coordinate is uniform on [-1, 1].
    w = losses.random_projections(3, 30_000, 1, orthogonal).numpy()
    np.testing.assert_allclose(w.mean(axis=1), 0, atol=0.02)
    np.testing.assert_allclose(w @ w.T / w.shape[1], np.eye(3) / 3, atol=0.02)
    quantiles = np.quantile(w, [0.1, 0.25, 0.5, 0.75, 0.9], axis=1).T
    np.testing.assert_allclose(quantiles, [[-0.8, -0.5, 0, 0.5, 0.8]] * 3, atol=0.03)


def test_every_column_of_a_basis_has_a_uniform_sign():
    # QR alone gives a diagonal of one sign, and so columns that lean to one side.
    w = losses.random_projections(3, 30_000, 1, orthogonal=True).numpy().reshape(3, -1, 3)
    np.testing.assert_allclose((w > 0).mean(axis=1), 0.5, atol=0.02)


def test_projections_follow_from_the_seed_whichever_way_it_is_given():
    np.testing.assert_array_equal(
        losses.random_projections(3, 8, 5), losses.random_projections(3, 8, tf.constant([5, 0]))
    )
    assert not np.allclose(losses.random_projections(3, 8, 5), losses.random_projections(3, 8, 6))


# ---- Sliced Wasserstein distance --------------------------------------------------------------


@pytest.mark.parametrize("p", [1, 2, 3, 1.5])
@pytest.mark.parametrize(("n", "m"), [(40, 40), (40, 25), (12, 36), (1, 7)])
def test_swd_equals_that_of_pot(n, m, p):
    x, y, w = normal(n, 5), normal(m, 5, 1, 0.5), directions(5, 20)
    expected = ot.sliced_wasserstein_distance(x, y, p=p, projections=w.numpy()) ** p
    np.testing.assert_allclose(losses.sliced_wasserstein_distance(x, y, p=p, projections=w), expected, rtol=1e-9)


@pytest.mark.parametrize("p", [1, 2, 3])
@pytest.mark.parametrize(("n", "m"), [(30, 30), (30, 19)])
def test_swd_in_one_dimension_is_the_exact_distance(n, m, p):
    x, y = normal(n, 1), 2 * normal(m, 1, 1)
    expected = ot.wasserstein_1d(x[:, 0], y[:, 0], p=p)
    assert_close(losses.sliced_wasserstein_distance(x, y, 4, p=p), expected, rtol=1e-6)


def test_swd_of_sets_whose_sizes_multiply_to_more_than_an_int32():
    x, y = normal(50_000, 1), normal(50_001, 1, 1, 1.0)
    expected = ot.wasserstein_1d(x[:, 0], y[:, 0], p=2)
    assert_close(losses.sliced_wasserstein_distance(x, y, 1), expected, rtol=1e-6)


@pytest.mark.parametrize("repeats", [1, 3])
def test_swd_of_identical_sets_is_zero(repeats):
    # A set repeated is, as a distribution, the same.
    x = normal(20, 5)
    shuffled = np.random.default_rng(1).permutation(np.tile(x, (repeats, 1)))
    np.testing.assert_allclose(losses.sliced_wasserstein_distance(x, shuffled), 0, atol=1e-12)


@pytest.mark.parametrize("p", [1, 2, 3, 2.5])
def test_swd_of_a_translation_in_one_dimension_is_its_power(p):
    x = normal(20, 1)
    assert_close(losses.sliced_wasserstein_distance(x, x + 0.7, p=p), 0.7**p, rtol=1e-6)
    assert_close(losses.sliced_wasserstein_distance(x, x - 0.7, p=p), 0.7**p, rtol=1e-6)


def test_swd_of_a_translation_is_its_mean_square_along_the_directions():
    x, t, w = normal(20, 4), np.array([1.0, -2.0, 0.5, 0.0]), directions(4, 9)
    np.testing.assert_allclose(
        losses.sliced_wasserstein_distance(x, x + t, projections=w), np.mean((t @ w.numpy()) ** 2), rtol=1e-9
    )


@pytest.mark.parametrize("m", [20, 13])
def test_swd_is_symmetric(m):
    x, y = normal(20, 4), normal(m, 4, 1)
    np.testing.assert_allclose(
        losses.sliced_wasserstein_distance(x, y), losses.sliced_wasserstein_distance(y, x), rtol=1e-12
    )


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("m", [6, 4])
def test_gradient_of_swd_is_that_of_finite_differences(m, p):
    x, y, w = normal(6, 3), normal(m, 3, 1, 0.3), directions(3, 5)
    for theory, numeric in zip(
        *tf.test.compute_gradient(
            lambda x, y: losses.sliced_wasserstein_distance(x, y, p=p, projections=w), [x, y], 1e-6
        ),
        strict=True,
    ):
        assert_close(theory, numeric, atol=1e-7)
        assert np.abs(theory).max() > 1e-3


@pytest.mark.parametrize("m", [20, 13])
def test_swd_of_sets_whose_size_the_graph_does_not_know(m):
    x, y = normal(20, 4), normal(m, 4, 1)
    spec = tf.TensorSpec([None, 4], tf.float64)
    graph = tf.function(losses.sliced_wasserstein_distance, input_signature=[spec, spec])
    np.testing.assert_allclose(graph(x, y), losses.sliced_wasserstein_distance(x, y), rtol=1e-9)


def test_swd_draws_directions_by_its_seed():
    x, y = normal(20, 4), normal(20, 4, 1, 1.0)
    expected = losses.sliced_wasserstein_distance(x, y, projections=directions(4, 64, 3))
    np.testing.assert_allclose(losses.sliced_wasserstein_distance(x, y, seed=3), expected, rtol=1e-12)
    orthogonal = tf.cast(losses.random_projections(4, 8, 3, orthogonal=True), tf.float64)
    np.testing.assert_allclose(
        losses.sliced_wasserstein_distance(x, y, 8, seed=3, orthogonal=True),
        losses.sliced_wasserstein_distance(x, y, projections=orthogonal),
        rtol=1e-12,
    )


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        (normal(4, 3), normal(4, 2), {}, "of one dim"),
        (normal(4, 3), normal(4, 3)[0], {}, "of one dim"),
        (normal(4, 3)[None], normal(4, 3)[None], {}, "of one dim"),
        (normal(4, 3), normal(4, 3), {"p": 0.5}, "p is 0.5"),
        (normal(4, 3), normal(4, 3), {"projections": directions(2, 5)}, "first dimension must be 3"),
    ],
)
def test_swd_refuses_what_does_not_fit(x, y, options, message):
    with pytest.raises(ValueError, match=message):
        losses.sliced_wasserstein_distance(x, y, **options)


@pytest.mark.parametrize("p", [1, 2, 3])
def test_all_pairs_of_two_sets_is_their_swd(p):
    x, y, w = normal(15, 4), normal(15, 4, 1, 1.0), directions(4, 9)
    expected = losses.sliced_wasserstein_distance(x, y, p=p, projections=w)
    np.testing.assert_allclose(losses.all_pairs_swd(tf.stack([x, y]), w, p), expected, rtol=1e-12)


def test_all_pairs_of_more_sets_is_the_sum_over_pairs_each_set_weighing_as_one_of_two():
    sets, w = [normal(15, 4, i, 0.5 * i) for i in range(4)], directions(4, 9)

    def swd(i, j):
        return losses.sliced_wasserstein_distance(sets[i], sets[j], projections=w).numpy()

    three = (swd(0, 1) + swd(0, 2) + swd(1, 2)) / 2
    np.testing.assert_allclose(losses.all_pairs_swd(tf.stack(sets[:3]), w), three, rtol=1e-12)
    four = sum(swd(i, j) for i in range(4) for j in range(i)) / 3
    np.testing.assert_allclose(losses.all_pairs_swd(tf.stack(sets), w), four, rtol=1e-12)


def test_precision_weighted_error_is_that_of_the_means_where_all_sigmas_agree():
    generator = np.random.default_rng(0)
    mu, prediction = generator.normal(size=(2, 5, 7))
    error = losses.precision_weighted_error(mu, np.full_like(mu, 0.3), prediction)
    np.testing.assert_allclose(error, losses.squared_error(mu, prediction), rtol=1e-12)


def test_precision_weighted_error_counts_dimensions_by_their_precision():
    # Weights 1 / sigma^2 are 4 and 1, scaled to a mean of 1.
    mu, sigma = np.zeros((2, 2)), np.array([[0.5, 1.0]] * 2)
    error = losses.precision_weighted_error(mu, sigma, np.array([[1.0, 0.0], [0.0, 1.0]]))
    np.testing.assert_allclose(error, [1.6 / 2, 0.4 / 2], rtol=1e-12)
