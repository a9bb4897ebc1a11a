"""Methods of label propagation against scikit-learn, and the equations that they solve."""

import numpy as np
from scipy import sparse
from sklearn.semi_supervised import LabelSpreading

from latent_xlate.few_labels.neighbour_graph import neighbour_graph
from latent_xlate.few_labels.propagation_methods import METHODS
from latent_xlate.few_labels.soft_labels import soft_labels
from tests.support.clusters import blobs, few


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
