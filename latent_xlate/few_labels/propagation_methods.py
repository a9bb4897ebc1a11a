"""Methods that propagate labels along a graph: label spreading, Poisson learning and Poisson MBO.

Each takes a graph (symmetric weights [n, n], see `neighbour_graph`), integer labels [n], -1 where unlabelled, and the
number of classes. It returns scores of the classes, float64 [n, num_classes], whose softmax are their probabilities.

References: Zhou et al. (2004), "Learning with local and global consistency"; Calder et al. (2020), "Poisson
learning", https://arxiv.org/abs/2006.11184.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.few_labels.conjugate_gradients import solve
from latent_xlate.few_labels.neighbour_graph import degrees
from latent_xlate.few_labels.soft_labels import soft_labels

_ALPHA = 0.99  # Of label spreading.
_DEATH_RATE = 1e-6  # Of Poisson learning's random walks: negligible but against zero.
_DIFFUSION_STEPS = 40
_SHARPNESS = 4.0  # Calibrates the probabilities, on MNIST's validation images.
_SMALLEST = 1e-30  # Keeps divisors and logarithms finite.


def label_spreading(graph: sparse.csr_array, labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Label spreading (Zhou et al. 2004), solved for its fixed point.

    Returns:
        Logarithms of the fixed point of F = 0.99 S F + 0.01 Y with S = D^-1/2 W D^-1/2.
    """
    scale = sparse.diags_array(1 / np.sqrt(degrees(graph)))
    normalised = scale @ graph @ scale
    system = sparse.eye_array(len(labels)) - _ALPHA * normalised
    fixed_point = (1 - _ALPHA) * solve(system.tocsr(), _one_hot(labels, num_classes))
    return np.log(np.maximum(fixed_point, _SMALLEST))


def poisson_learning(graph: sparse.csr_array, labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Poisson learning (Calder et al. 2020, equation 2.3).

    It solves L u = sum over labelled instances j of (y_j - mean y) delta_j, with L = D - W. On each connected part of
    the graph the solution is known up to a constant, and none exists where the right side does not add up to zero on
    a part. Both are settled by the limit of random walks that start at labelled instances and die at a rate that goes
    to zero: (L + 1e-6 D) u is solved instead.

    Returns:
        4 u, divided by the mean difference of the two largest values of a row; zero in parts without a label.
    """
    degree = degrees(graph)
    solution = solve((sparse.diags_array((1 + _DEATH_RATE) * degree) - graph).tocsr(), _sources(labels, num_classes))
    top_two = np.sort(solution, axis=1)[:, -2:]
    return _SHARPNESS * solution / max(np.mean(top_two[:, 1] - top_two[:, 0]), _SMALLEST)


def poisson_mbo(
    graph: sparse.csr_array, labels: np.ndarray, num_classes: int, equal_sizes: bool = False, num_rounds: int = 20
) -> np.ndarray:
    """Poisson MBO (Calder et al. 2020, algorithm 2), which seeks a cut of the graph of small weight.

    It starts from the classes that Poisson learning gives, and alternates between diffusion, with sources at the
    labelled instances, and thresholding.

    Args:
        graph: Symmetric weights, [n, n].
        labels: Integers [n], -1 where unlabelled.
        num_classes: Number of classes.
        equal_sizes: Whether the thresholds make all classes of one size. Without it, and with one label a class, the
            smallest cut may leave a class nearly empty.
        num_rounds: Most rounds of diffusion and thresholding.

    Returns:
        4 times the logarithms of the classes' shares around each instance after the last diffusion.
    """
    degree = degrees(graph)
    # In single precision, since this takes most of the time.
    sources = (_sources(labels, num_classes) / degree[:, np.newaxis]).astype(np.float32)
    walk = (sparse.diags_array(1 / degree) @ graph).tocsr().astype(np.float32)
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


def _one_hot(labels: np.ndarray, num_classes: int) -> np.ndarray:
    return (labels[:, np.newaxis] == np.arange(num_classes)).astype(np.float64)


def _sources(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """The right side of Poisson learning: one-hot at labelled instances, minus the mean over labelled instances."""
    labelled = labels != UNLABELLED
    sources = _one_hot(labels, num_classes)
    sources[labelled] -= sources[labelled].mean(axis=0)
    return sources
