"""Graphs of nearest neighbours against their formula, and the points that they join."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from latent_xlate.few_labels.neighbour_graph import EDGES, cached_graph, graph_points, neighbour_graph
from tests.support import tiny
from tests.support.shipped import latents


@pytest.mark.parametrize("edges", EDGES)
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


def test_points_are_what_the_vae_uses_of_its_means_or_pictures_of_decoded_latents():
    own = latents("digits", 50)
    own.mu[:, 2] = 0.5
    domain = tiny.image_domain("digits", 6)
    means = np.delete(own.mu, 2, axis=1)
    on_sphere = means / np.linalg.norm(means, axis=1, keepdims=True)
    np.testing.assert_allclose(graph_points(domain, own), on_sphere, rtol=1e-5)
    domain.has_encoder = False
    points = graph_points(domain, own)
    # Neighbours by pictures are those by the pictures' pixels, but for what 16 by 16 cannot show.
    pixels = np.asarray(domain.decode(own.mu)).reshape(50, -1)
    ours, theirs = (NearestNeighbors(n_neighbors=1).fit(x).kneighbors(return_distance=False) for x in (points, pixels))
    assert np.mean(ours == theirs) > 0.8


def test_a_graph_is_computed_once_for_the_same_points():
    points = np.random.default_rng(0).normal(size=(20, 3))
    assert cached_graph(points) is cached_graph(points.copy())
    assert (cached_graph(points) != neighbour_graph(points)).nnz == 0
    assert cached_graph(points + 1) is not cached_graph(points)
