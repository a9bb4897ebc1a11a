"""Instances to label first: the centres of clusters, found without any label."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import eigsh
from sklearn.cluster import KMeans

from latent_xlate import checks

NUM_DIRECTIONS = 100

_DIFFUSION_TIME = 20  # Gave the best labels from few instances, on shipped latents of MNIST and Fashion-MNIST.
_RESTARTS = 5
_SMALLEST = 1e-30  # Keeps divisors above zero.


def suggest(places: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Chooses instances whose labels tell most about the others: in each of `count` clusters the most central one.

    Args:
        places: Coordinates of the instances, float [n, dim], see `diffusion_map`.
        count: Number of instances to choose.
        seed: Seed of k-means.

    Returns:
        Their indices, int64 [count], in descending order of the size of their clusters.

    Raises:
        ValueError: `count` is less than 1, or more than the number of instances.
    """
    checks.at_least(count, 1, "count")
    checks.at_least(len(places), count, "The number of instances to choose from")
    clusters = KMeans(count, n_init=_RESTARTS, random_state=seed).fit(places)
    distances = clusters.transform(places)
    chosen: list[int] = []
    for cluster in np.argsort(-np.bincount(clusters.labels_, minlength=count), kind="stable"):
        distances[chosen] = np.inf  # Where points coincide, a point is the centre of one cluster only.
        chosen.append(int(np.argmin(distances[:, cluster])))
    return np.array(chosen)


def diffusion_map(graph: sparse.csr_array) -> np.ndarray:
    """Coordinates of a graph's points by the slowest modes of random walks along it (Coifman and Lafon 2006).

    Points between which random walks often lead are close in these coordinates, whatever the shape of their cluster.

    Args:
        graph: Symmetric weights, [n, n], see `neighbour_graph`.

    Returns:
        float64 [n, dim], rows of norm 1: the `NUM_DIRECTIONS` leading eigenvectors of D^-1/2 W D^-1/2 (all but one
        where there are fewer points), each multiplied by its eigenvalue to the power 20.
    """
    scale = sparse.diags_array(1 / np.sqrt(np.maximum(graph.sum(axis=1), _SMALLEST)))
    normalised = (scale @ graph @ scale).tocsr()
    num_directions = min(NUM_DIRECTIONS, graph.shape[0] - 1)
    start = np.ones(graph.shape[0])  # Instead of a random one, so that the result is reproducible.
    values, vectors = eigsh(normalised, k=num_directions, which="LA", tol=1e-3, v0=start)
    places = vectors * np.maximum(values, 0) ** _DIFFUSION_TIME
    return places / np.maximum(np.linalg.norm(places, axis=1, keepdims=True), _SMALLEST)
