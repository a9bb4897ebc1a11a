import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel

from latent_xlate.evaluation.kid import class_kernel_distance, kernel_distance


def features(count, seed, shift=0.0):
    return np.random.default_rng(seed).normal(size=(count, 5)) + shift


def test_distance_is_the_unbiased_estimate_by_another_library():
    x, y = features(30, 0), features(20, 1, 0.7)
    kernel = {"degree": 3, "gamma": 1 / 5, "coef0": 1}
    own = [polynomial_kernel(each, each, **kernel) for each in (x, y)]
    within = [(each.sum() - np.trace(each)) / (len(each) * (len(each) - 1)) for each in own]
    expected = sum(within) - 2 * polynomial_kernel(x, y, **kernel).mean()
    assert kernel_distance(x, y) == pytest.approx(expected, rel=1e-10)


def test_sets_of_one_distribution_are_0_apart_however_small():
    apart = [kernel_distance(features(8, 2 * seed), features(8, 2 * seed + 1)) for seed in range(2000)]
    assert abs(np.mean(apart)) < 4 * np.std(apart) / np.sqrt(len(apart))
    assert np.mean([kernel_distance(features(8, seed), features(8, seed + 1, 1.0)) for seed in range(50)]) > 1


def test_bad_features_are_refused():
    with pytest.raises(ValueError, match="needs .n, width. with at least 2 rows"):
        kernel_distance(features(1, 0), features(2, 1))
    with pytest.raises(ValueError, match="5 wide, those of y 4"):
        kernel_distance(features(3, 0), features(3, 1)[:, :4])


def test_distance_of_a_class_is_the_same_number():
    x, y = features(30, 0), features(20, 1, 0.7)
    assert class_kernel_distance(x, y).value == pytest.approx(kernel_distance(x, y), rel=1e-10)
    assert class_kernel_distance(x, y).sizes == (30, 20)


def test_resampled_pairs_of_an_instance_with_itself_do_not_count():
    x, y = features(4, 0), features(3, 1, 0.7)
    of_x, of_y = [0, 0, 2, 3], [0, 1, 2]

    def mean(left, i, right, j):
        pairs = [(a, b) for a in i for b in j if left is not right or a != b]
        return np.mean([(left[a] @ right[b] / 5 + 1) ** 3 for a, b in pairs])

    expected = mean(x, of_x, x, of_x) + mean(y, of_y, y, of_y) - 2 * mean(x, of_x, y, of_y)
    weights = [np.bincount(drawn, minlength=len(of))[np.newaxis] for drawn, of in ((of_x, x), (of_y, y))]
    assert class_kernel_distance(x, y).of(*weights)[0] == pytest.approx(expected)
