"""Which instances to label first: the middles of clusters, found without any label."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import eigsh
from sklearn.cluster import KMeans

from latent_xlate import checks

NUM_DIRECTIONS = 100

_DIFFUSION_TIME = 20  # With which labels of few instances go farthest, on shipped latents of MNIST and Fashion-MNIST.
_RESTARTS = 5
_FLOOR = 1e-30


def suggest(places: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Chooses instances whose labels say most about the others: of each of `count` clusters that nearest its centre.

    Args:
        places: Of the instances, float [n, dim], see `diffusion_map`.
        count: How many to choose.
        seed: Of the clusters' search.

    Returns:
        Their indices, int64 [count], those of the largest clusters first.

    Raises:
        ValueError: More are asked for than there are points, or fewer than one.
    """
    checks.at_least(count, 1, "count")
    checks.at_least(len(places), count, "The number of instances to choose from")
    clusters = KMeans(count, n_init=_RESTARTS, random_state=seed).fit(places)
    distances = clusters.transform(places)
    chosen: list[int] = []
    for cluster in np.argsort(-np.bincount(clusters.labels_, minlength=count), kind="stable"):
        distances[chosen] = np.inf  # Where points coincide a point is the middle of one cluster only.
        chosen.append(int(np.argmin(distances[:, cluster])))
    return np.array(chosen)


def diffusion_map(graph: sparse.csr_array) -> np.ndarray:
    """Places of the points of a graph, by the slowest directions of random walks along it (Coifman and Lafon, 2006).

    Points lie near each other there where random walks lead from one to the other: what hangs together draws
    together, whatever its shape.

    Args:
        graph: Symmetric weights, [n, n], see `label_propagation.neighbour_graph`.

    Returns:
        float64 [n, dim], rows of norm 1: the leading eigenvectors of D^-1/2 W D^-1/2, each times its eigenvalue to
        the power 20, `NUM_DIRECTIONS` of them or all but one.
    """
    scale = sparse.diags_array(1 / np.sqrt(np.maximum(graph.sum(axis=1), _FLOOR)))
    normalised = (scale @ graph @ scale).tocsr()
    num_directions = min(NUM_DIRECTIONS, graph.shape[0] - 1)
    start = np.ones(graph.shape[0])  # In the place of a random one.
    values, vectors = eigsh(normalised, k=num_directions, which="LA", tol=1e-3, v0=start)
    places = vectors * np.maximum(values, 0) ** _DIFFUSION_TIME
    return places / np.maximum(np.linalg.norm(places, axis=1, keepdims=True), _FLOOR)
