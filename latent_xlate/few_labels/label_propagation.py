"""Labels of many instances from those of a few, along a graph of nearest neighbours.

Nothing here sees more than the few labels: the graph is of the instances' latents alone.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from scipy import sparse
from scipy.special import softmax
from sklearn.neighbors import NearestNeighbors

from latent_xlate import checks
from latent_xlate.batching import as_graph, in_batches
from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.domains.domain import Domain
from latent_xlate.latents.latents import Latents

ACTIVE_VARIANCE = 0.01
"""Least variance of a latent's mean over the data for a dimension to be in use (Burda et al. 2016, section 4)."""

EDGES = ("gaussian", "unit")

NUM_NEIGHBOURS = 10

_DEATH_RATE = 1e-6  # Of Poisson learning's random walks: small beside anything but zero.
_SPREADING = 0.99
_DIFFUSION_STEPS = 40
_SHARPNESS = 4.0  # Which makes likely, on MNIST's validation images, what is the case.
_MAX_SCALINGS = 100
_MAX_ITERATIONS = 2_000
_TOLERANCE = 1e-6
_FLOOR = 1e-30
_TINY = np.finfo(np.float64).tiny
_MOST_GRAPHS = 3  # Some 10 MB each.

_graphs: OrderedDict[bytes, sparse.csr_array] = OrderedDict()


def graph_points(domain: Domain, latents: Latents) -> np.ndarray:
    """What instances of a domain are compared by, which no label and no judge has a part in.

    Args:
        domain: The domain.
        latents: Its latents.

    Returns:
        float32 [n, dim]: of a domain with an encoder those dimensions of the posterior means that vary, scaled
        to the unit sphere, where neighbours are more often of one class; of one without, pictures of the
        decoded latents at 16 by 16 pixels.
    """
    if domain.has_encoder:
        active = latents.mu.var(axis=0) > ACTIVE_VARIANCE
        means = latents.mu[:, active] if active.any() else latents.mu
        return means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), _FLOOR)

    @as_graph
    def picture(z):
        small = tf.image.resize(domain.pictures(domain.decode(z)), (16, 16), antialias=True)
        return tf.reshape(small, [tf.shape(z)[0], -1])

    return in_batches(picture, latents.mu)


def neighbour_graph(
    points: np.ndarray, num_neighbours: int = NUM_NEIGHBOURS, edges: str = EDGES[0]
) -> sparse.csr_array:
    """Joins each point with its nearest by Euclidean distance.

    An edge weighs the mean over its two ends of exp(-4 (distance / distance of the end's farthest
    neighbour)^2), or of 1, from an end of which the other is a neighbour, and of 0 from one of which it is not
    (Calder et al. 2020, section 3).

    Args:
        points: float [n, dim].
        num_neighbours: Of each point, itself not counted; fewer where there are fewer points.
        edges: One of `EDGES`, how they are weighed.

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
    directed = search.kneighbors_graph(mode="distance")  # Of the points it has, each without itself.
    if edges == "unit":
        weights = np.ones_like(directed.data)
    else:
        distances = directed.data.reshape(len(points), -1).astype(np.float64)
        farthest = np.maximum(distances.max(axis=1, keepdims=True), _FLOOR)
        weights = np.exp(-4 * np.square(distances / farthest)).ravel()
    directed = sparse.csr_array((weights, directed.indices, directed.indptr), shape=directed.shape)
    return ((directed + directed.T) / 2).tocsr()


def label_spreading(graph: sparse.csr_array, labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Scores of classes by label spreading (Zhou et al. 2004), solved for its fixed point.

    Args:
        graph: Symmetric weights, [n, n].
        labels: Integers [n], -1 where unlabelled.
        num_classes: Number of classes.

    Returns:
        Logarithms of the fixed point of F = 0.99 S F + 0.01 Y with S = D^-1/2 W D^-1/2, float64 [n, num_classes].
    """
    scale = sparse.diags_array(1 / np.sqrt(_degrees(graph)))
    normalised = scale @ graph @ scale
    system = sparse.eye_array(len(labels)) - _SPREADING * normalised
    spread = (1 - _SPREADING) * _solve(system.tocsr(), _one_hot(labels, num_classes))
    return np.log(np.maximum(spread, _FLOOR))


def poisson_learning(graph: sparse.csr_array, labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Scores of classes by Poisson learning (Calder et al. 2020, equation 2.3).

    The solution u of L u = sum over labelled instances j of (y_j - mean y) delta_j, with L = D - W, has on
    each connected part of the graph a constant to choose, and none exists where a part's right side does not
    add up to zero. Both are settled by the limit of random walks that start at labelled instances and die at
    a rate which goes to zero: (L + 1e-6 D) u is solved in its place.

    Args:
        graph: Symmetric weights, [n, n].
        labels: Integers [n], -1 where unlabelled.
        num_classes: Number of classes.

    Returns:
        4 u over the mean distance of its two largest values in a row, float64 [n, num_classes]; zero in parts
        of the graph that have no label.
    """
    degrees = _degrees(graph)
    solution = _solve((sparse.diags_array((1 + _DEATH_RATE) * degrees) - graph).tocsr(), _sources(labels, num_classes))
    top_two = np.sort(solution, axis=1)[:, -2:]
    return _SHARPNESS * solution / max(np.mean(top_two[:, 1] - top_two[:, 0]), _FLOOR)


def poisson_mbo(
    graph: sparse.csr_array, labels: np.ndarray, num_classes: int, equal_sizes: bool = False, num_rounds: int = 20
) -> np.ndarray:
    """Scores of classes by Poisson MBO (Calder et al. 2020, algorithm 2): a cut of the graph that is short.

    From the classes that Poisson learning gives, diffusion with sources at the labelled instances and
    thresholding take turns.

    Args:
        graph: Symmetric weights, [n, n].
        labels: Integers [n], -1 where unlabelled.
        num_classes: Number of classes.
        equal_sizes: Whether thresholds are such that all classes are of one size. Of one label a class, and
            without this, the shortest cut may well leave a class next to nothing.
        num_rounds: Of thresholding, at most.

    Returns:
        4 times the logarithms of the class shares about each instance after the last diffusion, float64
        [n, num_classes].
    """
    degrees = _degrees(graph)
    # In single precision, for this is where the time goes.
    sources = (_sources(labels, num_classes) / degrees[:, np.newaxis]).astype(np.float32)
    walk = (sparse.diags_array(1 / degrees) @ graph).tocsr().astype(np.float32)
    scores = poisson_learning(graph, labels, num_classes)
    reached = np.ptp(scores, axis=1) > 0
    classes = np.full(len(labels), UNLABELLED)
    for _ in range(num_rounds):
        previous, classes = classes, np.argmax(soft_labels(scores, equal_sizes), axis=1)
        if np.array_equal(previous, classes):
            break
        diffused = _one_hot(np.where(reached, classes, UNLABELLED), num_classes).astype(np.float32)
        for _ in range(_DIFFUSION_STEPS):
            diffused = walk @ diffused + sources
        scores = _SHARPNESS * np.log(np.maximum(diffused, 1e-3)).astype(np.float64)
    return scores


METHODS: dict[str, Callable[..., np.ndarray]] = {
    "poisson": poisson_learning,
    "poisson_mbo": poisson_mbo,
    "spreading": label_spreading,
}


def propagate(
    graph: sparse.csr_array,
    labels: np.ndarray,
    num_classes: int,
    method: str = "poisson_mbo",
    equal_sizes: bool = False,
) -> np.ndarray:
    """Probabilities of classes by one of `METHODS`.

    Args:
        graph: Symmetric weights, [n, n], see `neighbour_graph`.
        labels: Integers [n], -1 where unlabelled.
        num_classes: Number of classes.
        method: One of `METHODS`.
        equal_sizes: Whether to assume that all classes are of one size.

    Returns:
        float64 [n, num_classes], rows of which add up to one, and are equal in parts of the graph that no
        label reaches.

    Raises:
        ValueError: Unknown method, a label out of range, or a class without a label.
    """
    scores_of = METHODS[checks.known(method, METHODS, "method")]
    known = checks.class_labels(labels[labels != UNLABELLED], num_classes)
    counts = np.bincount(known, minlength=num_classes)
    if not counts.all():
        raise ValueError(f"Class {int(np.argmin(counts))} has no labelled instance; label at least one of each.")
    options = {"equal_sizes": equal_sizes} if method == "poisson_mbo" else {}
    return soft_labels(scores_of(graph, labels, num_classes, **options), equal_sizes)


def soft_labels(scores: np.ndarray, equal_sizes: bool = False) -> np.ndarray:
    """Probabilities of classes, the softmax of scores.

    Args:
        scores: float [n, num_classes].
        equal_sizes: Adds to each class's score a constant by which all classes have the same share of the
            whole, to a thousandth (the scaling of Sinkhorn and Knopp). Rows of equal scores stay as they are.

    Returns:
        float64 [n, num_classes], rows of which add up to one.
    """
    decided = np.ptp(scores, axis=1) > 0
    shift = np.zeros(scores.shape[1])
    if equal_sizes and decided.any():
        for _ in range(_MAX_SCALINGS):
            shares = np.mean(softmax(scores[decided] + shift, axis=1), axis=0) * len(shift)
            if np.abs(shares - 1).max() < 1e-3:
                break
            shift -= np.log(np.maximum(shares, _FLOOR))
    return softmax(scores + decided[:, np.newaxis] * shift, axis=1)


def confidence(probabilities: np.ndarray) -> np.ndarray:
    """How sure probabilities [n, num_classes] are: [n], from 0 where they are equal to 1 where one is 1."""
    num_classes = probabilities.shape[1]
    return np.clip((probabilities.max(axis=1) * num_classes - 1) / (num_classes - 1), 0, 1)


def pseudo_labels(
    domain: Domain, latents: Latents, num_classes: int, method: str = "poisson_mbo", equal_sizes: bool = False
) -> tuple[Latents, np.ndarray]:
    """Labels all instances of a domain by the few that are labelled.

    Args:
        domain: The domain.
        latents: Its latents, of each class at least one labelled.
        num_classes: Number of classes.
        method: One of `METHODS`.
        equal_sizes: Whether to assume that all classes are of one size.

    Returns:
        The same latents with every instance labelled, and what the labels weigh, float32 [n]: given ones 1,
        others their `confidence`.

    Raises:
        ValueError: As in `propagate`.
    """
    graph = _remembered_graph(graph_points(domain, latents))
    probabilities = propagate(graph, latents.labels, num_classes, method, equal_sizes)
    labelled = latents.labels != UNLABELLED
    labels = np.where(labelled, latents.labels, np.argmax(probabilities, axis=1)).astype(np.int32)
    weights = np.where(labelled, 1.0, confidence(probabilities)).astype(np.float32)
    return Latents(latents.mu, latents.sigma, labels), weights


def _remembered_graph(points):
    """`neighbour_graph`, once for each of the last points: runs of one process differ in labels, not latents."""
    key = hashlib.sha256(points.tobytes()).digest()
    if key not in _graphs:
        while len(_graphs) >= _MOST_GRAPHS:
            _graphs.popitem(last=False)
        _graphs[key] = neighbour_graph(points)
    return _graphs[key]


def _degrees(graph):
    return np.maximum(graph.sum(axis=1), _FLOOR)


def _one_hot(labels, num_classes):
    return (labels[:, np.newaxis] == np.arange(num_classes)).astype(np.float64)


def _sources(labels, num_classes):
    """One at the class of each labelled instance, and off all of its classes the mean over labelled instances."""
    labelled = labels != UNLABELLED
    sources = _one_hot(labels, num_classes)
    sources[labelled] -= sources[labelled].mean(axis=0)
    return sources


def _solve(system, right_side):
    """Solutions of a positive definite system, [n, columns], by conjugate gradients, of all columns side by side."""
    inverse = 1 / system.diagonal()[:, np.newaxis]
    solution, residual = np.zeros_like(right_side), right_side
    direction = inverse * residual
    length = np.sum(residual * direction, axis=0)
    least = _TOLERANCE * np.linalg.norm(right_side, axis=0)
    for _ in range(_MAX_ITERATIONS):
        active = np.linalg.norm(residual, axis=0) > least
        if not active.any():
            break
        image = system @ direction
        step = np.where(active, length / np.maximum(np.sum(direction * image, axis=0), _TINY), 0)
        solution, residual = solution + step * direction, residual - step * image
        scaled = inverse * residual
        previous, length = length, np.sum(residual * scaled, axis=0)
        direction = scaled + length / np.maximum(previous, _TINY) * direction
    return solution
