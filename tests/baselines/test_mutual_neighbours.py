import numpy as np
import pytest
from scipy.spatial.distance import cdist

from latent_xlate.baselines.mutual_neighbours import mutual_neighbours, refine


def random(*shape, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def test_pairs_are_the_nearest_of_both_by_all_distances():
    first, second = random(30, 3), random(40, 3, seed=1)
    distances = cdist(first, second)
    pairs, distance = mutual_neighbours(first, second)
    lowest = (distances == distances.min(axis=0)) & (distances == distances.min(axis=1)[:, np.newaxis])
    np.testing.assert_array_equal(pairs, np.nonzero(lowest))
    assert distance == pytest.approx((distances.min(axis=1).mean() + distances.min(axis=0).mean()) / 2)


def test_a_rough_map_becomes_the_true_one():
    x = random(200, 4)
    rotation = np.linalg.qr(random(4, 4, seed=1))[0]
    y = np.random.default_rng(2).permutation(x @ rotation + 3.0)
    rough = rotation @ np.linalg.qr(np.eye(4) + 0.1 * random(4, 4, seed=3))[0]
    rough *= np.sign(np.sum(rough * rotation, axis=0))  # QR chooses signs.
    start = rough, np.full(4, 2.9)
    (matrix, offset), distance = refine(start, x, y)
    np.testing.assert_allclose(matrix, rotation, atol=1e-9)
    np.testing.assert_allclose(offset, 3.0, atol=1e-9)
    assert distance == pytest.approx(0.0, abs=1e-6)
    assert mutual_neighbours(x @ rough + 2.9, y)[1] > 0.1


def test_the_map_stays_orthogonal_and_its_distance_is_its_own():
    x, y = random(60, 3), random(50, 3, seed=1)
    (matrix, offset), distance = refine((np.eye(3), np.zeros(3)), x, y)
    np.testing.assert_allclose(matrix.T @ matrix, np.eye(3), atol=1e-9)
    assert distance == pytest.approx(mutual_neighbours(x @ matrix + offset, y)[1])
