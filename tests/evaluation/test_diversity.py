import numpy as np
import pytest
from scipy.spatial.distance import pdist

from latent_xlate.evaluation.diversity import relative_variance, sample_variance, total_variance


def features(count, seed, scale=1.0):
    return scale * np.random.default_rng(seed).normal(size=(count, 6)) + 3.0


def test_ratio_is_that_of_squared_distances_between_instances():
    x, y = features(30, 0, 0.5), features(20, 1)
    expected = np.mean(pdist(x, "sqeuclidean")) / np.mean(pdist(y, "sqeuclidean"))
    assert relative_variance(x, y).value == pytest.approx(expected, rel=1e-10)
    assert total_variance(x) == pytest.approx(np.mean(pdist(x, "sqeuclidean")) / 2)


def test_known_values():
    y = features(25, 0)
    assert relative_variance(np.random.default_rng(1).permutation(y) + 7, y).value == pytest.approx(1.0)
    assert relative_variance(np.ones((9, 6)), y).value == pytest.approx(0.0, abs=1e-12)
    assert relative_variance(0.1 * y, y).value == pytest.approx(0.01)


def test_weights_stand_for_repeated_instances():
    x, y = features(4, 0), features(3, 1)
    of_x, of_y = np.array([[2, 0, 1, 1], [1, 3, 0, 0]]), np.array([[1, 1, 1], [0, 2, 1]])
    expected = [
        np.repeat(x, a, axis=0).var(axis=0, ddof=1).sum() / np.repeat(y, b, axis=0).var(axis=0, ddof=1).sum()
        for a, b in zip(of_x, of_y, strict=True)
    ]
    assert relative_variance(x, y).of(of_x, of_y) == pytest.approx(expected)


def test_variance_of_samples_is_within_instances():
    generator, y = np.random.default_rng(0), features(40, 1)
    centres = 100 * generator.normal(size=(50, 1, 6))
    assert sample_variance(centres + np.zeros((1, 4, 1)), y).value == pytest.approx(0.0, abs=1e-9)
    noise = 0.5 * generator.normal(size=(50, 4, 6))
    expected = np.mean([each.var(axis=0, ddof=1).sum() for each in noise]) / y.var(axis=0, ddof=1).sum()
    statistic = sample_variance(centres + noise, y)
    assert statistic.value == pytest.approx(expected)
    only_first = np.eye(1, 50) * 50
    assert statistic.of(only_first, np.ones((1, 40)))[0] == pytest.approx(
        noise[0].var(axis=0, ddof=1).sum() / y.var(axis=0, ddof=1).sum()
    )


def test_bad_features_are_refused():
    with pytest.raises(ValueError, match="at least 2 rows"):
        relative_variance(features(1, 0), features(5, 1))
    with pytest.raises(ValueError, match="6 wide, those of y 5"):
        relative_variance(features(5, 0), features(5, 1)[:, :5])
