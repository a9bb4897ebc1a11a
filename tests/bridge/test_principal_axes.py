import numpy as np
import pytest
from sklearn.decomposition import PCA

from latent_xlate.bridge.principal_axes import oriented_like, posterior_scale, shared_axes, whitening
from latent_xlate.latents.latents import Latents


def latents(sigma):
    return Latents(np.zeros_like(sigma), sigma, np.zeros(len(sigma), np.int32))


def test_posterior_scale_is_the_root_of_the_mean_variance():
    sigma = np.array([[3.0, 0.1], [4.0, 0.1]], np.float32)
    np.testing.assert_allclose(posterior_scale(latents(sigma)), [np.sqrt(12.5), 0.1], rtol=1e-6)


def test_latents_without_posteriors_are_not_scaled():
    np.testing.assert_array_equal(posterior_scale(latents(np.zeros((3, 2), np.float32))), [1.0, 1.0])


@pytest.fixture(scope="module")
def linear():
    """Shared latents and latents that are linear in them, with some noise."""
    generator = np.random.default_rng(0)
    z_shared = generator.normal(size=(400, 4)) * [3.0, 1.0, 0.3, 2.0]
    slopes = generator.normal(size=(4, 9)) * np.array([0.1, 1.0, 5.0, 0.3])[:, np.newaxis]
    return z_shared, z_shared @ slopes + 7.0, generator


def test_places_along_the_axes_are_the_principal_components_of_the_latents(linear):
    z_shared, x, _ = linear
    places = z_shared @ shared_axes(z_shared, x)
    expected = PCA(4).fit_transform(x)
    expected /= np.sqrt(expected.var(axis=0).sum())
    for own, principal in zip((places - places.mean(axis=0)).T, expected.T, strict=True):
        assert abs(np.corrcoef(own, principal)[0, 1]) > 0.999
        assert own.std() == pytest.approx(principal.std(), rel=0.03)
    assert places.var(axis=0).sum() == pytest.approx(1.0)


def test_noise_of_the_latents_does_not_turn_the_axes(linear):
    z_shared, x, generator = linear
    noisy = x + generator.normal(size=x.shape)
    clean, turned = (shared_axes(z_shared, each) for each in (x, noisy))
    clean, turned = (each / np.linalg.norm(each, axis=0) for each in (clean, turned))
    assert np.abs(np.sum(clean * turned, axis=0))[:2].min() > 0.95


@pytest.mark.parametrize("count", [1, 3])
def test_fewer_latents_than_axes_are_enough(linear, count):
    z_shared, x, _ = linear
    axes = shared_axes(z_shared[:count], x[:count])
    assert np.isfinite(axes).all()
    assert np.var(z_shared[:count] @ axes, axis=0).sum() == pytest.approx(1.0 if count > 1 else 0.0)


def test_axes_are_turned_towards_the_references():
    axes, reference = np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([[-1.0, 1.0], [5.0, 1.0]])
    np.testing.assert_array_equal(oriented_like(axes, reference), [[-1.0, 2.0], [0.0, 1.0]])


def test_whitening_is_that_of_principal_component_analysis(linear):
    _, x, _ = linear
    x = x - x.mean(axis=0)
    white, _ = whitening(x, 3)
    expected = PCA(3, whiten=True).fit_transform(x) * np.sqrt(len(x) / (len(x) - 1))
    np.testing.assert_allclose(np.abs(x @ white), np.abs(expected), atol=1e-6)


def test_what_is_whitened_is_restored(linear):
    _, x, _ = linear
    x = x - x.mean(axis=0)
    white, colour = whitening(x, 6)  # Of rank 4.
    np.testing.assert_allclose(x @ white @ colour, x, atol=1e-8)
    assert not white[:, 4:].any() and not colour[4:].any()


def test_what_does_not_vary_has_no_axes():
    white, colour = whitening(np.zeros((5, 3)), 2)
    assert not white.any() and not colour.any()
