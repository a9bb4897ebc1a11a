"""Which instances to label first: the middles of clusters, found without any label."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from sklearn.cluster import MiniBatchKMeans

from latent_xlate import checks

_SMOOTHING_STEPS = 10  # With which few instances meet most classes, on the validation images of MNIST.


def suggest(points: np.ndarray, graph: sparse.csr_array, count: int, seed: int = 0) -> np.ndarray:
    """Chooses instances whose labels say most about the others.

    Random walks along the graph of nearest neighbours take each point to the mean of those it reaches: what
    hangs together draws together, whatever its shape. Of each cluster of these means the instance nearest its
    centre is chosen.

    Args:
        points: What instances are compared by, float [n, dim], see `label_propagation.graph_points`.
        graph: Symmetric weights, [n, n], see `label_propagation.neighbour_graph`.
        count: How many to choose.
        seed: Of the clusters' search.

    Returns:
        Their indices, int64 [count], those of the largest clusters first.

    Raises:
        ValueError: More are asked for than there are points, or fewer than one.
    """
    checks.at_least(count, 1, "count")
    checks.at_least(len(points), count, "The number of instances to choose from")
    walk = (sparse.diags_array(1 / graph.sum(axis=1)) @ graph).tocsr().astype(np.float32)
    smooth = points.astype(np.float32)
    for _ in range(_SMOOTHING_STEPS):
        smooth = walk @ smooth
    clusters = MiniBatchKMeans(count, n_init=10, random_state=seed, batch_size=4096).fit(smooth)
    distances = clusters.transform(smooth)
    chosen: list[int] = []
    for cluster in np.argsort(-np.bincount(clusters.labels_, minlength=count), kind="stable"):
        distances[chosen] = np.inf  # Where points coincide a point is the middle of one cluster only.
        chosen.append(int(np.argmin(distances[:, cluster])))
    return np.array(chosen)
