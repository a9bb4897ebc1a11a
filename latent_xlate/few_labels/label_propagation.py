"""Propagation of a few labels to all instances of a domain, along a graph of nearest neighbours.

Nothing here sees more than the few labels: the graph is built of the instances' latents alone.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from latent_xlate import checks
from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.domains.domain import Domain
from latent_xlate.few_labels.neighbour_graph import cached_graph, graph_points
from latent_xlate.few_labels.propagation_methods import METHODS
from latent_xlate.few_labels.soft_labels import confidence, soft_labels
from latent_xlate.latents.latents import Latents


def propagate(
    graph: sparse.csr_array,
    labels: np.ndarray,
    num_classes: int,
    method: str = "poisson_mbo",
    equal_sizes: bool = False,
) -> np.ndarray:
    """Probabilities of classes, propagated from labelled instances along a graph.

    Args:
        graph: Symmetric weights, [n, n], see `neighbour_graph`.
        labels: Integers [n], -1 where unlabelled.
        num_classes: Number of classes.
        method: One of `METHODS`.
        equal_sizes: Whether to assume that all classes are of one size.

    Returns:
        float64 [n, num_classes]. Each row adds up to one; in parts of the graph without a label all classes have
        the same probability.

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


def pseudo_labels(
    domain: Domain, latents: Latents, num_classes: int, method: str = "poisson_mbo", equal_sizes: bool = False
) -> tuple[Latents, np.ndarray]:
    """Labels all instances of a domain by the few that are labelled.

    Args:
        domain: The domain.
        latents: Its latents; of each class one at least is labelled.
        num_classes: Number of classes.
        method: One of `METHODS`.
        equal_sizes: Whether to assume that all classes are of one size.

    Returns:
        The same latents with every instance labelled; and sample weights, float32 [n]: 1 for given labels, and for
        others their `confidence`.

    Raises:
        ValueError: As in `propagate`.
    """
    graph = cached_graph(graph_points(domain, latents))
    probabilities = propagate(graph, latents.labels, num_classes, method, equal_sizes)
    labelled = latents.labels != UNLABELLED
    labels = np.where(labelled, latents.labels, np.argmax(probabilities, axis=1)).astype(np.int32)
    sample_weights = np.where(labelled, 1.0, confidence(probabilities)).astype(np.float32)
    return Latents(latents.mu, latents.sigma, labels), sample_weights
