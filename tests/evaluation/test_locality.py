import itertools

import numpy as np
import pytest
import scipy.stats
from scipy.spatial.distance import pdist
from sklearn import manifold

from latent_xlate.evaluation import locality


def points(count, seed, width=3):
    return np.random.default_rng(seed).normal(size=(count, width))


def values(x, y):
    before, after = locality.distances(x), locality.distances(y)
    return locality.trustworthiness(before, after).value, locality.rank_correlation(before, after).value


@pytest.mark.parametrize("count", [21, 60])
def test_values_are_those_of_other_libraries(count):
    x = points(count, 0, 5)
    y = x[:, :2] + 0.5 * points(count, 1, 2)
    trust, correlation = values(x, y)
    assert trust == pytest.approx(manifold.trustworthiness(x, y, n_neighbors=10))
    assert correlation == pytest.approx(scipy.stats.spearmanr(pdist(x), pdist(y)).statistic)


def test_what_keeps_the_order_of_distances_is_perfect():
    x = points(50, 0)
    turned = 7 * x @ np.linalg.qr(points(3, 1))[0] + 100
    assert values(x, x) == pytest.approx((1.0, 1.0))
    assert values(x, turned) == pytest.approx((1.0, 1.0))


def test_chance():
    x = points(300, 0)
    trust, correlation = values(x, np.random.default_rng(1).permutation(x))
    assert trust == pytest.approx(0.5, abs=0.03)
    assert correlation == pytest.approx(0.0, abs=0.03)


def test_a_prototype_keeps_nothing():
    # All have the same neighbours then, so that one set says little of chance.
    trusts, correlations = zip(
        *(values(points(80, seed), np.full((80, 4), 0.3, np.float32)) for seed in range(40)), strict=True
    )
    assert np.mean(trusts) == pytest.approx(0.5, abs=0.05)
    assert set(correlations) == {0.0}


def test_neighbours_may_be_kept_where_distances_are_not():
    clusters = np.repeat(np.arange(6), 20)
    x = points(120, 0, 2) + 100 * clusters[:, np.newaxis]
    shuffled = points(120, 0, 2) + 100 * np.array([3, 0, 5, 1, 4, 2])[clusters, np.newaxis]
    trust, correlation = values(x, shuffled)
    assert trust > 0.99
    assert correlation < 0.6


def test_weights_stand_for_repeated_instances_without_pairs_of_one_with_itself():
    x, y = points(6, 0), points(6, 1)
    statistic = locality.rank_correlation(locality.distances(x), locality.distances(y))
    weights = np.array([2, 0, 1, 1, 1, 1])
    pairs = list(itertools.combinations(range(6), 2))
    ranks = np.array([scipy.stats.rankdata(pdist(each)) for each in (x, y)])
    counts = np.array([weights[i] * weights[j] for i, j in pairs])
    expected = np.corrcoef(np.repeat(ranks, counts, axis=1))[0, 1]
    assert statistic.of(weights[np.newaxis].astype(float))[0] == pytest.approx(expected)


def test_distances_are_those_of_flattened_data():
    x = points(12, 0, 8).astype(np.float32).reshape(12, 2, 2, 2) + 50
    expected = np.linalg.norm(x.reshape(12, 1, 8).astype(float) - x.reshape(1, 12, 8), axis=-1)
    np.testing.assert_allclose(locality.distances(x), expected, atol=1e-6)
    np.testing.assert_array_equal(locality.distances(x), locality.distances(x).T)


def test_values_that_are_not_finite_are_refused():
    x = points(5, 0)
    x[2, 1] = np.nan
    with pytest.raises(ValueError, match="The set of pictures has 1 NaN or infinite value"):
        locality.distances(x)
