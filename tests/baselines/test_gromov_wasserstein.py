import sys
import warnings

import numpy as np
import ot
import pytest
from scipy.spatial.distance import cdist
from sklearn.datasets import make_blobs

from latent_xlate.baselines import gromov_wasserstein
from latent_xlate.baselines.gromov_wasserstein import GromovWassersteinBridge, agreement, coupling, unit_weights
from latent_xlate.latents.latents import Latents
from tests.support import rival_checks

SETTINGS = {"num_classes": 1, "num_centroids": 8, "num_starts": 2}


def rotation(size, seed=0) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0]


def cloud(seed=0, count=400) -> np.ndarray:
    """Points in clusters of places and sizes that no rotation but the identity keeps."""
    spread = np.random.default_rng(5).uniform(0.05, 0.4, size=8)
    return make_blobs(
        count, 5, centers=3 * np.random.default_rng(6).normal(size=(8, 5)), cluster_std=spread, random_state=seed
    )[0]


def domain(points, scales=1.0) -> Latents:
    """Latents of points whose unit in each coordinate, by which distances are measured, is another one."""
    mu = (points * scales).astype(np.float32)
    return Latents(mu, np.full_like(mu, 0.01) * np.float32(scales) ** 2, np.full(len(mu), -1, np.int32))


@pytest.fixture(scope="module")
def domains():
    """A cloud; and other points of the same distribution, turned, moved and in other units."""
    scales = np.array([0.5, 1.0, 2.0, 4.0, 0.25])
    return domain(cloud(0)), domain(cloud(1) @ rotation(5) + 1.0, scales), scales


@pytest.fixture(scope="module")
def fitted(domains):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return GromovWassersteinBridge.of(domains[:2], **SETTINGS)


def error(model, scales) -> float:
    """Mean distance of translated points from the true ones, over that of the points from their mean."""
    points = cloud(2)
    expected = (points @ rotation(5) + 1.0) * scales
    found = np.asarray(model.translate(points.astype(np.float32), 0, 1))
    return float(np.linalg.norm((found - expected) / scales) / np.linalg.norm(points - points.mean(axis=0)))


def test_rotation_offset_and_units_are_recovered_from_other_points_without_a_label(domains, fitted):
    assert error(fitted, domains[2]) < 0.1
    points = cloud(2).astype(np.float32)
    np.testing.assert_allclose(fitted.translate(points, 0, 0), points, atol=1e-3)


def test_neither_labels_nor_order_decide(domains, fitted):
    first, second, scales = domains
    labels = np.random.default_rng(0).integers(0, 4, size=len(second)).astype(np.int32)
    labelled = Latents(second.mu, second.sigma, labels)
    again = GromovWassersteinBridge.of([first, labelled], **SETTINGS)
    for ours, theirs in zip(again.get_weights(), fitted.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    permuted = second.take(np.random.default_rng(1).permutation(len(second)))
    assert error(GromovWassersteinBridge.of([first, permuted], **SETTINGS), scales) < 0.1


def test_seed_decides_which_latents_are_looked_at(domains, monkeypatch):
    monkeypatch.setattr(gromov_wasserstein, "_MOST_LATENTS", 200)
    one, other = (GromovWassersteinBridge.of(domains[:2], seed=seed, **SETTINGS) for seed in range(2))
    assert not np.array_equal(one.matrices[0], other.matrices[0])
    assert max(error(model, domains[2]) for model in (one, other)) < 0.15


def test_coupling_finds_the_true_pairs_at_a_low_cost_by_pot():
    points = np.random.default_rng(0).normal(size=(12, 5)) / np.sqrt(5)
    centroids = [points, (points @ rotation(5))[::-1]]
    plan = coupling(centroids, centroids, 0.01)
    np.testing.assert_allclose(plan, np.eye(12)[::-1] / 12, atol=0.01)
    distances = [cdist(own, own) for own in centroids]
    cost, lower = (
        ot.gromov.gwloss(*ot.gromov.init_matrix(*distances, of.sum(axis=1), of.sum(axis=0)), of)
        for of in (np.full((12, 12), 1 / 144), plan)
    )
    assert lower < 0.2 * cost


def test_weights_measure_in_units_of_the_posterior():
    points = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    sigma = np.broadcast_to(np.float32([0.1, 0.2, 0.4]), points.shape)
    weights = unit_weights(Latents(points, sigma, np.zeros(50, np.int32)), 1.0, 0)
    np.testing.assert_allclose(weights / weights[0], [1.0, 0.5, 0.25], rtol=1e-6)
    assert np.sum((points * weights).var(axis=0)) == pytest.approx(1.0)


def test_agreement_is_one_of_a_map_with_itself_and_none_of_opposites():
    points = cloud()
    one = rotation(5), np.zeros(5)
    assert agreement(points, one, one) == pytest.approx(1.0)
    assert agreement(points, one, (-one[0], one[1])) == pytest.approx(-1.0)


def test_clouds_without_a_common_geometry_are_said():
    first, second = (np.random.default_rng(seed).normal(size=(300, 5)) for seed in range(2))
    with pytest.warns(UserWarning, match="2 starts of Gromov-Wasserstein ended at as many maps"):
        GromovWassersteinBridge.of([domain(first), domain(second)], **SETTINGS)


@pytest.mark.long
def test_saved_read_again_and_exported(tmp_path):
    latents = rival_checks.latents()
    rival_checks.check_rival(GromovWassersteinBridge.of(latents, num_classes=4, num_centroids=10), tmp_path)


def test_what_cannot_be_aligned_is_refused(domains, monkeypatch):
    first, second, _ = domains
    exact = Latents(first.mu, np.zeros_like(first.mu), first.labels)
    with pytest.raises(ValueError, match="Latents of domain 1 have no standard deviations: take posteriors"):
        GromovWassersteinBridge.of([first, exact], **SETTINGS)
    with pytest.raises(ValueError, match="Domain 0 has 7 latents, fewer than the 8 centroids: lower"):
        GromovWassersteinBridge.of([first.take(slice(7)), second], **SETTINGS)
    points = np.random.default_rng(0).normal(size=(2, 20, 5))
    with pytest.raises(ValueError, match="model.regularization is 1e-06, too small for these latents: raise it"):
        coupling(points, points, 1e-6)
    monkeypatch.setitem(sys.modules, "ot", None)
    with pytest.raises(ValueError, match=r"needs POT: pip install 'latent_xlate\[transport\]'"):
        GromovWassersteinBridge.of([first, second], **SETTINGS)
