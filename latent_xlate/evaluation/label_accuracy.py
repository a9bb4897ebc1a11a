"""Accuracy of propagated labels, by the number of labels that they are propagated from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from tqdm import tqdm

from latent_xlate import tables
from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.few_labels import label_propagation, label_suggestion, neighbour_graph
from latent_xlate.few_labels.propagation_methods import METHODS
from latent_xlate.latents.label_choice import choose_labelled

Curve = dict[str, dict[str, list[float]]]
"""Accuracies of several sets of labels: by method, then by kind of set."""

_SUGGESTED = "suggested"


def measure_labels(
    points: np.ndarray,
    labels: np.ndarray,
    num_classes: int,
    *,
    labels_per_class: Sequence[int] = (1, 10, 100),
    num_sets: int = 5,
    num_neighbours: int = neighbour_graph.NUM_NEIGHBOURS,
    edges: str = neighbour_graph.EDGES[0],
) -> Curve:
    """Measures the share of unlabelled instances that propagation assigns to the right class.

    It takes random sets of labelled instances and, as large, sets that `suggest_labels` would choose. A suggested set
    that misses a class counts as chance, 1 / num_classes.

    Args:
        points: Points that the graph connects, float [n, dim].
        labels: Labels of all instances, integers [n]. Those outside a set are used for measuring only.
        num_classes: Number of classes.
        labels_per_class: Numbers of labels of each class.
        num_sets: Number of sets of each kind and size, of the seeds from 0 on.
        num_neighbours: Neighbours of each point in the graph.
        edges: Weights of the graph, one of `neighbour_graph.EDGES`.

    Returns:
        The accuracies. A method whose name ends in ", equal sizes" assumes that all classes have one size.

    Raises:
        ValueError: A class has too few instances.
    """
    graph = neighbour_graph.neighbour_graph(points, num_neighbours, edges)
    places = label_suggestion.diffusion_map(graph)
    sets = {}
    for count in labels_per_class:
        random = [choose_labelled(labels, num_classes, count, seed) for seed in range(num_sets)]
        sets[f"{count} a class"] = random
        suggested = [label_suggestion.suggest(places, count * num_classes, seed) for seed in range(num_sets)]
        sets[f"{count * num_classes} {_SUGGESTED}"] = suggested
    curve: Curve = {}
    ways = [(method, equal) for method in METHODS for equal in (False, True)]
    with tqdm(total=len(ways) * len(sets) * num_sets, desc="label sets", unit="set") as bar:
        for method, equal in ways:
            row = curve[method + (", equal sizes" if equal else "")] = {}
            for name, several in sets.items():
                row[name] = []
                for chosen in several:
                    row[name].append(_accuracy(graph, labels, chosen, num_classes, method, equal))
                    bar.update()
    return curve


def table(curve: Curve) -> str:
    """Returns a table in Markdown of means and standard deviations."""
    names = list(next(iter(curve.values())))
    rows = [[method, *(tables.mean_and_deviation(row[name]) for name in names)] for method, row in curve.items()]
    return tables.markdown(["method", *names], rows, compact=True)


def _accuracy(
    graph: sparse.csr_array, labels: np.ndarray, chosen: np.ndarray, num_classes: int, method: str, equal_sizes: bool
) -> float:
    if len(np.unique(labels[chosen])) < num_classes:
        return 1 / num_classes
    seen = np.full(len(labels), UNLABELLED)
    seen[chosen] = labels[chosen]
    found = np.argmax(label_propagation.propagate(graph, seen, num_classes, method, equal_sizes), axis=1)
    return float(np.mean((found == labels)[seen == UNLABELLED]))
