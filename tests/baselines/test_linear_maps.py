import numpy as np
import pytest
import scipy.linalg

from latent_xlate.baselines.linear_maps import AffineBridge, ProcrustesBridge, procrustes, ridge_regression
from tests.support import rival_checks
from tests.support.rival_checks import one_per_class


def random(*shape, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def rotation(size, seed=0) -> np.ndarray:
    return np.linalg.qr(random(size, size, seed=seed))[0]


def test_affine_map_of_pairs_is_recovered():
    x = random(40, 6)
    y = x @ random(6, 5, seed=1) + random(5, seed=2)
    model = AffineBridge.of([one_per_class(x), one_per_class(y)], num_classes=40, ridge=0.0)
    np.testing.assert_allclose(model.translate(x, 0, 1), y, atol=1e-4)


def test_ridge_is_that_of_the_normal_equations_on_rows_repeated_by_their_weights():
    x, y = random(5, 3), random(5, 2, seed=1)
    counts = np.array([1, 2, 1, 3, 1])
    matrix, offset = ridge_regression(x, y, counts / 8, ridge=0.5)
    many_x, many_y = np.repeat(x, counts, axis=0), np.repeat(y, counts, axis=0)
    centred = many_x - many_x.mean(axis=0)
    penalty = 0.5 * np.mean(many_x.var(axis=0)) * 8
    expected = np.linalg.solve(centred.T @ centred + penalty * np.eye(3), centred.T @ many_y)
    np.testing.assert_allclose(matrix, expected, rtol=1e-8)
    np.testing.assert_allclose(offset, many_y.mean(axis=0) - many_x.mean(axis=0) @ expected, rtol=1e-8)


def test_all_pairs_of_a_class_give_the_map_of_its_means():
    domains = rival_checks.latents(per_class=7)
    model = AffineBridge.of(domains, num_classes=4, ridge=0.0)
    first, second = (own.mu[np.argsort(own.labels, kind="stable")].reshape(4, 7, -1) for own in domains)
    x = np.repeat(first, 7, axis=1).reshape(-1, 6)
    y = np.tile(second, (1, 7, 1)).reshape(-1, 5)
    expected = np.linalg.lstsq(np.c_[x, np.ones(len(x))], y, rcond=None)[0]
    np.testing.assert_allclose(model.matrices[0], expected[:-1], atol=1e-4)


@pytest.mark.parametrize("scale", ["means", "variance"])
def test_procrustes_recovers_a_rotation_with_scale_and_offset(scale):
    x = random(30, 5)
    y = 1.7 * x @ rotation(5) + random(5, seed=2)
    model = ProcrustesBridge.of([one_per_class(x), one_per_class(y)], num_classes=30, scale=scale)
    np.testing.assert_allclose(model.translate(x, 0, 1), y, atol=1e-4)
    np.testing.assert_allclose(model.translate(y, 1, 0), x, atol=1e-4)


def test_procrustes_is_scipys():
    x, y = random(30, 5), random(30, 5, seed=1)
    matrix, _ = procrustes(x, y, scale=1.0)
    expected, sum_of_values = scipy.linalg.orthogonal_procrustes(x - x.mean(axis=0), y - y.mean(axis=0))
    np.testing.assert_allclose(matrix, expected, atol=1e-8)
    scaled, offset = procrustes(x, y)
    np.testing.assert_allclose(scaled, expected * sum_of_values / np.sum((x - x.mean(axis=0)) ** 2), atol=1e-8)
    np.testing.assert_allclose(x.mean(axis=0) @ scaled + offset, y.mean(axis=0), atol=1e-8)


def test_procrustes_between_sizes_keeps_the_directions_of_the_smaller():
    matrix, _ = procrustes(random(30, 6), random(30, 5, seed=1), scale=1.0)
    np.testing.assert_allclose(matrix.T @ matrix, np.eye(5), atol=1e-8)


@pytest.mark.parametrize("kind", [AffineBridge, ProcrustesBridge])
@pytest.mark.long
def test_saved_read_again_and_exported(kind, tmp_path):
    rival_checks.check_rival(kind.of(rival_checks.latents(), num_classes=4), tmp_path)


def test_unlabelled_latents_are_left_out_and_every_class_needs_one():
    first, second = rival_checks.latents()
    expected = AffineBridge.of([first.take(first.labels != 3), second.take(second.labels != 3)], num_classes=3)
    known = np.flatnonzero(first.labels != 3)
    model = AffineBridge.of([first.with_labels_of(known), second.take(second.labels != 3)], num_classes=3)
    np.testing.assert_array_equal(model.matrices[0], expected.matrices[0])
    with pytest.raises(ValueError, match="Class 3 has no labelled instance in domain 0: label one at least"):
        AffineBridge.of([first.with_labels_of(known), second], num_classes=4)
    with pytest.raises(ValueError, match="A AffineBridge joins two domains, not 3"):
        AffineBridge.of([first, second, second], num_classes=4)
