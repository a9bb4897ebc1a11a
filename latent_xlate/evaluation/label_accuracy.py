"""How right propagated labels are, by the number of labels that they are propagated from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.few_labels import label_propagation, label_suggestion, neighbour_graph
from latent_xlate.few_labels.propagation_methods import METHODS
from latent_xlate.latents.label_choice import choose_labelled

Curve = dict[str, dict[str, list[float]]]
"""Accuracies of the sets of labels: by method, then by which sets they are."""

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
    """Share of the unlabelled instances that are given the right class.

    Args:
        points: What instances are compared by, float [n, dim].
        labels: Integers [n], of all instances: hidden but for those of a set, and else used to measure alone.
        num_classes: Number of classes.
        labels_per_class: Of how many of each class random sets are.
        num_sets: How many, of the seeds from 0 on; as many of suggested instances, by as many seeds.
        num_neighbours: Of the graph.
        edges: Its weights, one of `neighbour_graph.EDGES`.

    Returns:
        The accuracies. Methods whose name ends in ", equal sizes" assume so of the classes. Where a suggested
        set, as many in all as a random one, meets not every class it counts as no more than chance.

    Raises:
        ValueError: A class has too few instances.
    """
    graph = neighbour_graph.neighbour_graph(points, num_neighbours, edges)
    places = label_suggestion.diffusion_map(graph)
    sets = {}
    for count in labels_per_class:
        random = [choose_labelled(labels, num_classes, count, seed) for seed in range(num_sets)]
        sets[f"{count} a class"] = random
        chosen = [label_suggestion.suggest(places, count * num_classes, seed) for seed in range(num_sets)]
        sets[f"{count * num_classes} {_SUGGESTED}"] = chosen
    curve: Curve = {}
    ways = [(method, equal) for method in METHODS for equal in (False, True)]
    with tqdm(total=len(ways) * len(sets) * num_sets, desc="label sets", unit="set") as bar:
        for method, equal in ways:
            row = curve[method + (", equal sizes" if equal else "")] = {}
            for name, several in sets.items():
                row[name] = []
                for of in several:
                    row[name].append(_accuracy(graph, labels, of, num_classes, method, equal))
                    bar.update()
    return curve


def table(curve: Curve) -> str:
    """A Markdown table of means and standard deviations."""
    names = list(next(iter(curve.values())))
    rows = [["method", *names]]
    for method, row in curve.items():
        rows.append([method, *(_spread(row[name]) for name in names)])
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, "|---" * len(rows[0]) + "|", *body])


def _accuracy(graph, labels, chosen, num_classes, method, equal_sizes):
    if len(np.unique(labels[chosen])) < num_classes:
        return 1 / num_classes
    seen = np.full(len(labels), UNLABELLED)
    seen[chosen] = labels[chosen]
    found = np.argmax(label_propagation.propagate(graph, seen, num_classes, method, equal_sizes), axis=1)
    return float(np.mean((found == labels)[seen == UNLABELLED]))


def _spread(values):
    return f"{np.mean(values):.4f}" + (f" ± {np.std(values, ddof=1):.4f}" if len(values) > 1 else "")
