"""Time and memory that the propagation of a few labels to all instances of a domain takes."""

from __future__ import annotations

import resource
import time
from typing import Any

import numpy as np

from latent_xlate import tables
from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.domains import pretrained
from latent_xlate.few_labels import label_propagation
from latent_xlate.few_labels.neighbour_graph import graph_points, neighbour_graph
from latent_xlate.few_labels.propagation_methods import METHODS
from latent_xlate.latents.label_choice import choose_labelled
from latent_xlate.latents.latents import Latents
from latent_xlate.latents.sources import load_latents

DOMAIN = "mnist"
LABELS_PER_CLASS = 10


def benchmark(num_points: int, seed: int = 0) -> dict[str, Any]:
    """Measures and prints the seconds of the graph and of each method, which assumes classes of one size.

    Args:
        num_points: Number of latents. They are samples of the posteriors of MNIST that ship, used in turn.
        seed: Random seed of the samples and of the labelled set, ten instances of each class.

    Returns:
        JSON-serialisable: `num_points`, `graph` (seconds), `methods` (seconds by name) and `peak_memory` (largest
        memory of this process, in bytes).
    """
    domain = pretrained.load_domain(DOMAIN)
    latents = load_latents(domain, DOMAIN, "shipped", "train")
    generator = np.random.default_rng(seed)
    chosen = np.arange(num_points) % len(latents)
    noise = generator.standard_normal((num_points, latents.mu.shape[1]), dtype=np.float32)
    posteriors = latents.take(chosen)
    drawn = Latents(posteriors.mu + posteriors.sigma * noise, posteriors.sigma, posteriors.labels)
    num_classes = len(domain.class_names)
    labelled = choose_labelled(drawn.labels, num_classes, LABELS_PER_CLASS, seed)
    seen = np.full(num_points, UNLABELLED, np.int32)
    seen[labelled] = drawn.labels[labelled]

    start = time.perf_counter()
    graph = neighbour_graph(graph_points(domain, drawn))
    results: dict[str, Any] = {"num_points": num_points, "graph": time.perf_counter() - start, "methods": {}}
    for method in METHODS:
        start = time.perf_counter()
        label_propagation.propagate(graph, seen, num_classes, method, equal_sizes=True)
        results["methods"][method] = time.perf_counter() - start
    results["peak_memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # In KiB, on Linux.
    print(table(results))
    return results


def table(results: dict[str, Any]) -> str:
    """Returns the results of `benchmark` as text."""
    title = f"Labelling {results['num_points']:,} points by {LABELS_PER_CLASS} a class"
    timed = {"graph": results["graph"], **results["methods"]}
    rows = [[name, f"{seconds:.1f}"] for name, seconds in timed.items()]
    memory = f"Most memory held: {results['peak_memory'] / 2**30:.2f} GiB"
    return "\n\n".join([title, tables.markdown(["", "seconds"], rows, compact=True), memory])
