import numpy as np
import ot
import pytest

from latent_xlate.baselines.gaussian_transport import GaussianTransport, shrunk_covariances, transport_matrix
from latent_xlate.baselines.transport_retrieval import TransportRetrieval
from tests.support import rival_checks, synthetic
from tests.support.tolerances import assert_close

short_classifiers = pytest.fixture(rival_checks.short_classifiers, scope="module", autouse=True)


def covariance(size, seed) -> np.ndarray:
    factor = np.random.default_rng(seed).normal(size=(size, size))
    return factor @ factor.T


def test_map_is_that_of_pot():
    source, target = covariance(5, 0), covariance(5, 1)
    expected, offset = ot.gaussian.bures_wasserstein_mapping(np.ones(5), np.zeros(5), source, target)
    matrix = transport_matrix(source, target)
    np.testing.assert_allclose(matrix, expected, atol=1e-8)
    np.testing.assert_allclose(-np.ones(5) @ matrix, offset, atol=1e-8)
    np.testing.assert_allclose(matrix @ source @ matrix, target, atol=1e-8)


def test_directions_without_variance_map_to_zero():
    matrix = transport_matrix(np.diag([4.0, 0.0]), np.diag([1.0, 9.0]))
    np.testing.assert_allclose(matrix, np.diag([0.5, 0.0]), atol=1e-12)


def test_shrinkage_mixes_covariances_with_their_mean():
    within = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    labels = np.array([0, 0, 1, 1])
    own = np.array([np.diag([1.0, 0.0]), np.diag([0.0, 4.0])])
    assert_close(shrunk_covariances(within, labels, 2, 0.0), own)
    assert_close(shrunk_covariances(within, labels, 2, 0.5), 0.5 * own + 0.25 * own.sum(axis=0))


def moments(z):
    return np.mean(z, axis=0), np.cov(np.transpose(z))


@pytest.mark.parametrize(("dims", "aligned"), [((5, 5), False), ((5, 5), True), ((6, 5), True)])
def test_a_class_gets_the_moments_of_the_targets(dims, aligned):
    domains = rival_checks.latents(dims)
    model = GaussianTransport.of(domains, num_classes=4, aligned=aligned, shrinkage=0.0)
    for label in range(4):
        first, second = (own.mu[own.labels == label] for own in domains)
        mean, deviation = moments(model.translate(first, 0, 1))
        np.testing.assert_allclose(mean, second.mean(axis=0), atol=1e-4)
        np.testing.assert_allclose(deviation, np.cov(second.T), atol=1e-4)
    if dims == (5, 5):
        np.testing.assert_allclose(model.translate(first, 0, 0), first, atol=1e-3)


def test_retrieval_finds_the_nearest_latent_of_the_class():
    domains = rival_checks.latents()
    model = TransportRetrieval.of(domains, num_classes=4)
    z = synthetic.latents(6, 5, seed=0).mu
    classes = np.asarray(model.classes(z, 0))
    carried = np.asarray(model.carried(z, 0, classes))
    for row, own, label in zip(np.asarray(model.translate(z, 0, 1)), carried, classes, strict=True):
        stored = domains[1].mu[domains[1].labels == label].astype(np.float16)  # As the model keeps them.
        np.testing.assert_array_equal(row, stored[np.argmin(np.linalg.norm(stored - own, axis=1))])


@pytest.mark.parametrize("kind", [GaussianTransport, TransportRetrieval])
@pytest.mark.long
def test_saved_read_again_and_exported(kind, tmp_path):
    rival_checks.check_rival(kind.of(rival_checks.latents(), num_classes=4), tmp_path)


def test_unfit_settings_are_refused():
    with pytest.raises(ValueError, match=r"sizes \(6, 5\) have no common coordinates: aligned must be True"):
        GaussianTransport((6, 5), 4, aligned=False)
    with pytest.raises(ValueError, match="shrinkage is 1.5; it is a share, so 1 at most"):
        GaussianTransport((6, 5), 4, shrinkage=1.5)
