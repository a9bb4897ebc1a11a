import numpy as np
import pytest
import scipy.stats

from latent_xlate.evaluation.bootstrap import Statistic, estimate, mean_of


def test_value_is_the_mean_over_classes_however_large():
    classes = [mean_of(np.array([1.0, 3.0])), mean_of(np.array([10.0] * 8))]
    assert classes[0].value == 2.0
    assert estimate(classes, np.random.default_rng(0)).value == pytest.approx(6.0)


def test_interval_is_that_of_another_library():
    x = np.random.default_rng(0).exponential(size=400)
    ours = estimate([mean_of(x)], np.random.default_rng(1)).interval
    theirs = scipy.stats.bootstrap((x,), np.mean, method="percentile", rng=2).confidence_interval
    assert ours == pytest.approx(tuple(theirs), abs=0.03)


def test_intervals_contain_the_truth_in_95_of_100():
    generator = np.random.default_rng(0)
    hits = 0
    for _ in range(400):
        classes = [mean_of(generator.normal(k, 1 + k, size=60)) for k in range(3)]
        low, high = estimate(classes, generator).interval
        hits += low < 1.0 < high
    assert 0.91 < hits / 400 < 0.98


def test_each_set_is_resampled_on_its_own_and_keeps_its_size():
    seen = []

    def difference(of_x, of_y):
        seen.append((of_x, of_y))
        return of_x.sum(axis=1) - of_y.sum(axis=1)

    result = estimate([Statistic((5, 7), difference)], np.random.default_rng(0))
    assert (result.value, result.interval) == (-2.0, (-2.0, -2.0))
    resampled = seen[0]
    assert [weights.shape for weights in resampled] == [(200, 5), (200, 7)]
    assert all(len(np.unique(weights, axis=0)) > 50 for weights in resampled)
    assert all(abs(weights.mean(axis=0) - 1).max() < 0.4 for weights in resampled)
