"""Label propagation against known answers, and its properties."""

import numpy as np
import pytest
from sklearn.datasets import make_blobs, make_moons

from latent_xlate.few_labels.label_propagation import propagate
from latent_xlate.few_labels.neighbour_graph import neighbour_graph
from latent_xlate.few_labels.propagation_methods import METHODS
from latent_xlate.few_labels.soft_labels import confidence
from tests.support.clusters import blobs, few

# ---- Known answers ----------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("equal_sizes", [False, True])
def test_one_label_a_moon_labels_both_moons(method, equal_sizes):
    points, labels = make_moons(400, noise=0.06, random_state=1)
    for seed in range(3):
        probabilities = propagate(neighbour_graph(points), few(labels, seed=seed), 2, method, equal_sizes)
        assert np.mean(np.argmax(probabilities, axis=1) == labels) > 0.98


@pytest.mark.parametrize("method", METHODS)
def test_one_label_a_blob_labels_all_blobs(method):
    points, labels = blobs((80, 100, 120))
    probabilities = propagate(neighbour_graph(points), few(labels), 3, method)
    assert np.mean(np.argmax(probabilities, axis=1) == labels) > 0.97


# ---- Properties -------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("equal_sizes", [False, True])
def test_the_order_of_points_and_the_numbers_of_classes_do_not_matter(method, equal_sizes):
    points, labels = blobs()
    seen = few(labels, 2)
    order, renamed = np.random.default_rng(1).permutation(300), np.array([2, 0, 1])
    first = propagate(neighbour_graph(points), seen, 3, method, equal_sizes)
    moved = np.where(seen[order] >= 0, renamed[seen[order]], -1)
    second = propagate(neighbour_graph(points[order]), moved, 3, method, equal_sizes)
    np.testing.assert_allclose(second[:, renamed], first[order], atol=1e-3)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("equal_sizes", [False, True])
def test_nothing_is_said_of_a_part_that_no_label_reaches(method, equal_sizes):
    points, labels = blobs((60, 60, 60))
    apart = np.concatenate([points, points[:50] + 1000])
    seen = np.concatenate([few(labels), np.full(50, -1)])
    sure = confidence(propagate(neighbour_graph(apart), seen, 3, method, equal_sizes))
    np.testing.assert_allclose(sure[-50:], 0, atol=1e-9)
    assert sure[:-50].mean() > 0.3


@pytest.mark.parametrize("method", METHODS)
def test_a_part_of_one_class_alone_has_that_class(method):
    points, labels = blobs((60, 60, 60))
    apart = points + 1000 * (labels == 1)[:, np.newaxis]
    probabilities = propagate(neighbour_graph(apart), few(labels), 3, method)
    assert np.all(np.argmax(probabilities[labels == 1], axis=1) == 1)


@pytest.mark.parametrize("method", METHODS)
def test_those_of_which_it_is_sure_are_more_often_right(method):
    points, labels = make_blobs(600, centers=[[0, 0], [2.5, 0]], random_state=0)
    probabilities = propagate(neighbour_graph(points), few(labels, 3), 2, method)
    right = np.argmax(probabilities, axis=1) == labels
    by_confidence = right[np.argsort(-confidence(probabilities))]
    assert by_confidence[:300].mean() > by_confidence[300:].mean() + 0.05


@pytest.mark.parametrize(
    ("labels", "method", "message"),
    [
        ([0, 1, -1], "poison", "Unknown method 'poison'. Did you mean 'poisson'"),
        ([0, 3, -1], "poisson", "labels has 3, outside 0 to 1"),
        ([0, 0, -1], "poisson", "Class 1 has no labelled instance"),
    ],
)
def test_propagation_refuses(labels, method, message):
    with pytest.raises(ValueError, match=message):
        propagate(neighbour_graph(np.eye(3)), np.array(labels), 2, method)
