"""Graphs that join each instance of a domain with its nearest neighbours, built without any label."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

import numpy as np
import tensorflow as tf
from scipy import sparse
from sklearn.neighbors import NearestNeighbors

from latent_xlate import checks
from latent_xlate.batching import as_graph, in_batches
from latent_xlate.domains.domain import Domain
from latent_xlate.latents.latents import Latents

ACTIVE_VARIANCE = 0.01
"""Variance of a latent's mean over the data above which a dimension counts as active (Burda et al. 2016, section 4)."""

EDGES = ("gaussian", "unit")
"""Weights of edges: decreasing with the distance, or all the same."""

NUM_NEIGHBOURS = 10

_SMALLEST = 1e-30  # Keeps divisors above zero.
_CACHED_GRAPHS = 3  # About 10 MB each.

_cache: OrderedDict[bytes, sparse.csr_array] = OrderedDict()


def graph_points(domain: Domain, latents: Latents) -> np.ndarray:
    """The points by whose distances instances of a domain are compared; neither labels nor the judge are used.

    Args:
        domain: The domain.
        latents: Its latents.

    Returns:
        float32 [n, dim]. For a domain with an encoder, the active dimensions of the posterior means, scaled to the
        unit sphere, where more neighbours share a class. For one without, pictures of the decoded latents at 16 by
        16 pixels.
    """
    if domain.has_encoder:
        active = latents.mu.var(axis=0) > ACTIVE_VARIANCE
        means = latents.mu[:, active] if active.any() else latents.mu
        return means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), _SMALLEST)

    @as_graph
    def picture(z: tf.Tensor) -> tf.Tensor:
        small = tf.image.resize(domain.pictures(domain.decode(z)), (16, 16), antialias=True)
        return tf.reshape(small, [tf.shape(z)[0], -1])

    return in_batches(picture, latents.mu)


def neighbour_graph(
    points: np.ndarray, num_neighbours: int = NUM_NEIGHBOURS, edges: str = EDGES[0]
) -> sparse.csr_array:
    """Joins each point with its nearest neighbours by Euclidean distance (Calder et al. 2020, section 3).

    The directed weight from a point to one of its neighbours is exp(-4 (distance / r)^2) with r the distance of its
    farthest neighbour, or 1 for edges of weight "unit"; to every other point it is 0. The graph's weights are the
    means of both directions.

    Args:
        points: float [n, dim].
        num_neighbours: Neighbours of each point, itself not counted; all others where there are fewer points.
        edges: One of `EDGES`.

    Returns:
        Symmetric weights, float64 [n, n], zero on the diagonal.

    Raises:
        ValueError: Fewer than two points, no neighbour, or unknown `edges`.
    """
    checks.known(edges, EDGES, "edges")
    checks.at_least(len(points), 2, "The number of points of a graph")
    checks.at_least(num_neighbours, 1, "num_neighbours")
    # Exact, by matrix products: in twenty dimensions trees are slower.
    search = NearestNeighbors(n_neighbors=min(num_neighbours, len(points) - 1), algorithm="brute").fit(points)
    directed = search.kneighbors_graph(mode="distance")  # Without an argument a point is not its own neighbour.
    if edges == "unit":
        weights = np.ones_like(directed.data)
    else:
        distances = directed.data.reshape(len(points), -1).astype(np.float64)
        farthest = np.maximum(distances.max(axis=1, keepdims=True), _SMALLEST)
        weights = np.exp(-4 * np.square(distances / farthest)).ravel()
    directed = sparse.csr_array((weights, directed.indices, directed.indptr), shape=directed.shape)
    return ((directed + directed.T) / 2).tocsr()


def cached_graph(points: np.ndarray) -> sparse.csr_array:
    """`neighbour_graph(points)`, computed once for the same points: runs of one process differ in labels alone."""
    key = hashlib.sha256(points.tobytes()).digest()
    if key not in _cache:
        while len(_cache) >= _CACHED_GRAPHS:
            _cache.popitem(last=False)
        _cache[key] = neighbour_graph(points)
    return _cache[key]


def degrees(graph: sparse.csr_array) -> np.ndarray:
    """Sum of the weights of each point's edges, float64 [n], above zero."""
    return np.maximum(graph.sum(axis=1), _SMALLEST)
