import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.spatial.distance import pdist

from latent_xlate.bridge.residual_transport import ResidualTransport
from tests.support.tolerances import assert_close


def residuals(size, seed, count=300):
    """Residuals of two classes in turn, each with a mean and a covariance of its own; and their classes."""
    generator, labels = np.random.default_rng(seed), np.arange(2 * count) % 2
    mixing, means = generator.normal(size=(2, size, size)), generator.normal(size=(2, size))
    noise = generator.normal(size=(2 * count, size))
    return (np.einsum("nd,nde->ne", noise, mixing[labels]) + means[labels]).astype(np.float32), labels


def fitted(domains, num_axes, scales=None):
    layer = ResidualTransport([own.shape[1] for own, _ in domains], 2, num_axes)
    layer.build()
    scales = scales or [np.ones(own.shape[1], np.float32) for own, _ in domains]
    layer.fit([own for own, _ in domains], [labels for _, labels in domains], scales)
    return layer


def carried(layer, x, labels, source, target):
    classes = tf.constant(labels)
    return layer.restore(layer.whiten(tf.constant(x), classes, source), classes, target).numpy()


def test_residuals_get_mean_and_covariance_of_the_targets_class():
    domains = [residuals(4, 0), residuals(4, 1)]
    (x, labels), (target, classes) = domains
    moved = carried(fitted(domains, 4), x, labels, 0, 1)
    for label in range(2):
        ours, theirs = moved[labels == label], target[classes == label]
        np.testing.assert_allclose(ours.mean(axis=0), theirs.mean(axis=0), atol=1e-4)
        np.testing.assert_allclose(np.cov(ours.T), np.cov(theirs.T), atol=1e-3)


def test_distances_are_kept_where_the_targets_residuals_are_the_sources_turned():
    x, labels = residuals(4, 0)
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(4, 4)))[0]
    domains = [(x, labels), ((x @ turn + 2.0).astype(np.float32), labels)]
    moved = carried(fitted(domains, 4), x, labels, 0, 1)
    for label in range(2):
        np.testing.assert_allclose(pdist(moved[labels == label]), pdist(x[labels == label]), rtol=2e-3, atol=1e-3)


def test_residuals_return_to_where_they_were():
    domains = [residuals(4, 0), residuals(6, 1)]
    layer, (x, labels) = fitted(domains, 4), domains[0]
    back = carried(layer, carried(layer, x, labels, 0, 1), labels, 1, 0)
    np.testing.assert_allclose(back, x, atol=2e-3)


def test_axes_are_perpendicular_in_units_of_the_scale():
    x, labels = residuals(4, 0)
    scale = np.array([1.0, 10.0, 0.1, 1.0], np.float32)
    domains = [(x, labels), (x * scale, labels)]
    layer = fitted(domains, 4, [np.ones(4, np.float32), scale])
    for label in range(2):
        first, second = (
            layer.whiten(tf.constant(own[labels == label]), tf.fill([300], label), domain).numpy()
            for domain, (own, _) in enumerate(domains)
        )
        np.testing.assert_allclose(first, second, atol=1e-3)


def test_few_axes_take_along_what_varies_most():
    domains = [residuals(5, 0), residuals(5, 1)]
    (x, labels), (target, classes) = domains
    moved = carried(fitted(domains, 2), x, labels, 0, 1)
    for label in range(2):
        spectrum = np.linalg.eigvalsh(np.cov(target[classes == label].T))[::-1]
        np.testing.assert_allclose(np.linalg.eigvalsh(np.cov(moved[labels == label].T))[::-1][:2], spectrum[:2], 1e-3)
        assert np.linalg.matrix_rank(moved[labels == label] - moved[labels == label].mean(axis=0), tol=1e-2) == 2


@pytest.mark.parametrize("count", [1, 2])
def test_classes_of_few_residuals_are_taken_as_they_are(count):
    x, labels = residuals(4, 0, count)
    moved = carried(fitted([(x, labels), (x, labels)], 3), x, labels, 0, 1)
    np.testing.assert_allclose(moved, x, atol=1e-5)


def test_layer_is_saved_and_reloaded(tmp_path):
    domains = [residuals(4, 0), residuals(6, 1)]
    layer, (x, labels) = fitted(domains, 3), domains[0]
    copy = ResidualTransport.from_config(layer.get_config())
    copy.build()
    copy.set_weights(layer.get_weights())
    assert_close(carried(copy, x, labels, 0, 1), carried(layer, x, labels, 0, 1), atol=0)
    assert keras.saving.get_registered_name(ResidualTransport) == "latent_xlate>ResidualTransport"
