"""Label propagation against known answers, scikit-learn, and the equations it solves."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_blobs, make_moons
from sklearn.neighbors import NearestNeighbors
from sklearn.semi_supervised import LabelSpreading

from latent_xlate.few_labels import label_propagation
from latent_xlate.few_labels.label_propagation import METHODS, confidence, neighbour_graph, propagate, soft_labels
from tests.support import tiny
from tests.support.shipped import latents


def few(labels, per_class=1, seed=0):
    """The labels of so many of each class, -1 for the others."""
    order = np.random.default_rng(seed).permutation(len(labels))
    seen = np.full(len(labels), -1)
    for label in np.unique(labels):
        chosen = order[labels[order] == label][:per_class]
        seen[chosen] = label
    return seen


def blobs(sizes=(100, 100, 100), seed=0):
    centres = [[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]]
    return make_blobs(sizes, centers=centres, cluster_std=1.0, random_state=seed)


# ---- The graph --------------------------------------------------------------------------------


@pytest.mark.parametrize("edges", label_propagation.EDGES)
def test_graph_joins_nearest_neighbours_with_the_weights_of_the_formula(edges):
    points = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    distance = np.linalg.norm(points[:, None].astype(float) - points, axis=-1)
    expected = np.zeros((60, 60))
    for i in range(60):
        nearest = np.argsort(distance[i])[1:6]
        expected[i, nearest] = (
            1 if edges == "unit" else np.exp(-4 * (distance[i, nearest] / distance[i, nearest[-1]]) ** 2)
        )
    graph = neighbour_graph(points, 5, edges)
    np.testing.assert_allclose(graph.toarray(), (expected + expected.T) / 2, rtol=1e-3)


def test_graph_of_fewer_points_than_neighbours_and_of_equal_points():
    graph = neighbour_graph(np.zeros((4, 2)), 10).toarray()
    np.testing.assert_array_equal(graph, np.ones((4, 4)) - np.eye(4))


@pytest.mark.parametrize(
    ("points", "options", "message"),
    [
        (np.zeros((1, 2)), {}, "number of points of a graph is 1; it must be 2 or more"),
        (np.zeros((3, 2)), {"num_neighbours": 0}, "num_neighbours is 0"),
        (np.zeros((3, 2)), {"edges": "gausian"}, "Unknown edges 'gausian'. Did you mean 'gaussian'"),
    ],
)
def test_graph_refuses(points, options, message):
    with pytest.raises(ValueError, match=message):
        neighbour_graph(points, **options)


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


def test_equal_sizes_makes_shares_equal_and_leaves_undecided_rows_alone():
    scores = np.random.default_rng(0).normal(size=(300, 3)) + [2.0, 0.0, -2.0]
    scores[:5] = 0.7
    probabilities = soft_labels(scores, equal_sizes=True)
    np.testing.assert_allclose(probabilities.mean(axis=0), 1 / 3, atol=1e-3)
    np.testing.assert_allclose(probabilities[:5], 1 / 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    # But for one constant a class the odds are those of the scores.
    shift = np.log(probabilities[5:]) - scores[5:]
    odds = shift - shift[:, :1]
    np.testing.assert_allclose(odds, np.broadcast_to(odds[0], odds.shape), atol=1e-9)


# ---- Oracles ----------------------------------------------------------------------------------


def test_label_spreading_is_that_of_scikit_learn():
    points, labels = blobs()
    seen = few(labels, 2)
    graph = neighbour_graph(points)
    theirs = LabelSpreading(kernel=lambda x, y: graph.toarray(), alpha=0.99, max_iter=20_000, tol=1e-12)
    theirs.fit(points, seen)
    ours = soft_labels(METHODS["spreading"](graph, seen, 3))
    np.testing.assert_allclose(ours, theirs.label_distributions_, atol=1e-5)


def test_poisson_learning_solves_its_equation():
    points, labels = blobs()
    graph = neighbour_graph(points, 30)
    assert sparse.csgraph.connected_components(graph)[0] == 1
    seen = few(labels, 4)
    seen[np.flatnonzero(seen == 2)[:3]] = -1  # Four, four and one.
    scores = METHODS["poisson"](graph, seen, 3)
    laplacian = np.diag(graph.toarray().sum(axis=1)) - graph.toarray()
    right_side = np.zeros((300, 3))
    right_side[seen >= 0] = np.eye(3)[seen[seen >= 0]] - [4 / 9, 4 / 9, 1 / 9]
    # Scores are in units of their own: one factor for all.
    left_side = laplacian @ scores
    factor = np.sum(left_side * right_side) / np.sum(right_side**2)
    assert factor > 0
    np.testing.assert_allclose(left_side / factor, right_side, atol=2e-3)
    # Of all solutions it is the one whose mean by degree is zero.
    np.testing.assert_allclose(graph.sum(axis=1) @ scores, 0, atol=1e-3 * np.abs(scores).sum())


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


def test_confidence_of_known_probabilities():
    np.testing.assert_allclose(confidence(np.array([[0.5, 0.5], [1, 0], [0.25, 0.75]])), [0, 1, 0.5])


def test_points_are_what_the_vae_uses_of_its_means_or_pictures_of_decoded_latents():
    of = latents("digits", 50)
    of.mu[:, 2] = 0.5
    domain = tiny.image_domain("digits", 6)
    means = np.delete(of.mu, 2, axis=1)
    on_sphere = means / np.linalg.norm(means, axis=1, keepdims=True)
    np.testing.assert_allclose(label_propagation.graph_points(domain, of), on_sphere, rtol=1e-5)
    domain.has_encoder = False
    points = label_propagation.graph_points(domain, of)
    # Neighbours by pictures are those by the pictures' pixels, but for what 16 by 16 cannot show.
    pixels = np.asarray(domain.decode(of.mu)).reshape(50, -1)
    ours, theirs = (NearestNeighbors(n_neighbors=1).fit(x).kneighbors(return_distance=False) for x in (points, pixels))
    assert np.mean(ours == theirs) > 0.8


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
