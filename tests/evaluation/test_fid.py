import numpy as np
import pytest
import scipy.linalg

from latent_xlate.evaluation.fid import frechet_distance


def features(n, width, seed):
    """Correlated, of unequal scales."""
    generator = np.random.default_rng(seed)
    return generator.normal(size=(n, width)) @ generator.normal(size=(width, width)) + generator.normal(size=width)


def with_moments(mean, covariance, n=50, seed=0):
    """Rows whose sample mean and covariance are exactly these."""
    x = np.random.default_rng(seed).normal(size=(n, len(mean)))
    x -= x.mean(axis=0)
    x = x @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T, ddof=1).reshape(len(mean), -1))).T
    return x @ np.linalg.cholesky(covariance).T + mean


def by_sqrtm(x, y):
    covariance_x, covariance_y = np.cov(x.T), np.cov(y.T)
    root = scipy.linalg.sqrtm(covariance_x @ covariance_y).real
    difference = x.mean(axis=0) - y.mean(axis=0)
    return difference @ difference + np.trace(covariance_x + covariance_y - 2 * root)


@pytest.mark.parametrize("width", [2, 7, 40])
def test_equals_the_textbook_formula(width):
    x, y = features(300, width, 0), features(200, width, 1)
    assert frechet_distance(x, y) == pytest.approx(by_sqrtm(x, y), rel=1e-9)


def test_of_gaussians_in_one_dimension():
    x, y = with_moments([3.0], [[4.0]]), with_moments([-1.0], [[0.25]], n=30, seed=1)
    assert frechet_distance(x, y) == pytest.approx((3 + 1) ** 2 + (2.0 - 0.5) ** 2)


def test_of_diagonal_gaussians():
    sigma_x, sigma_y = np.array([1.0, 2.0, 0.1]), np.array([3.0, 0.5, 0.1])
    x = with_moments([0.0, 1.0, 2.0], np.diag(sigma_x**2))
    y = with_moments([1.0, 1.0, 0.0], np.diag(sigma_y**2), n=80, seed=1)
    assert frechet_distance(x, y) == pytest.approx(1 + 4 + np.sum((sigma_x - sigma_y) ** 2))


@pytest.mark.parametrize("rows", [500, 10], ids=["full rank", "fewer rows than features"])
def test_identical_sets_are_at_distance_zero(rows):
    x = features(rows, 32, 0)
    assert frechet_distance(x, np.random.default_rng(0).permutation(x)) == pytest.approx(0, abs=1e-10)


def test_shift_of_degenerate_features_is_its_square():
    # Dead ReLU units and fewer rows than features, as judges give them.
    x = np.maximum(features(20, 64, 0), 0)
    x[:, ::2] = 0
    assert frechet_distance(x, x + 0.5) == pytest.approx(64 * 0.25, rel=1e-12)


def test_is_symmetric_and_invariant_under_rotation():
    x, y = features(100, 6, 0), features(80, 6, 1)
    rotation = np.linalg.qr(np.random.default_rng(2).normal(size=(6, 6)))[0]
    assert frechet_distance(y, x) == pytest.approx(frechet_distance(x, y), rel=1e-12)
    assert frechet_distance(x @ rotation, y @ rotation) == pytest.approx(frechet_distance(x, y), rel=1e-12)


def test_float32_features_are_computed_in_float64():
    x = (features(200, 5, 0) + 1000).astype(np.float32)
    assert frechet_distance(x, x + np.float32(1)) == pytest.approx(5, rel=1e-9)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.zeros((1, 3)), np.zeros((5, 3)), "x is .1, 3.*at least 2 rows"),
        (np.zeros((5, 3)), np.zeros(3), "y is .3.*at least 2 rows"),
        (np.zeros((5, 3)), np.zeros((5, 4)), "3 wide, those of y 4"),
        (np.zeros((5, 3)), np.full((5, 3), np.nan), "y has 15 NaN"),
    ],
)
def test_unfit_features_are_refused(x, y, message):
    with pytest.raises(ValueError, match=message):
        frechet_distance(x, y)
