"""Beyond Table 3: few labels, of random and of suggested instances, propagated to all others along a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from latent_xlate import figures, tables
from latent_xlate.domains import pretrained
from latent_xlate.few_labels import label_file, label_suggestion
from latent_xlate.few_labels.neighbour_graph import graph_points, neighbour_graph
from latent_xlate.reproduction import experiments, paper
from latent_xlate.reproduction.sections import Section
from latent_xlate.reproduction.study import Study

MOST_SUGGESTED = 100
"""Largest number of labels a class for which instances are suggested; of more, a random set is as good."""

MOST_SUGGESTED_RUNS = 2
"""Most runs that learn from suggested instances of one pair and number."""


def _write(study: Study) -> str:
    rows = []
    curve: dict[str, list[list[float]]] = {"random sets": [], "suggested sets": [], "paper": []}
    counts = []
    for (pair, count), runs in experiments.graph_labels(study.settings).items():
        if reason := study.lacks(runs[0]):
            rows.append([" to ".join(runs[0].domains), str(count), tables.ABSENT, reason])
            continue
        theirs = paper.LABELS_PER_CLASS.get(count) if pair == "mnist_mnist" else None
        suggested, missed = _suggested(study, pair, count, runs[0]) if count <= MOST_SUGGESTED else ([], 0)
        source, target = runs[0].domains
        for directed in (f"{source}_to_{target}", f"{target}_to_{source}"):
            random, chosen = (_accuracies(study, those, directed) for those in (runs, suggested))
            note = f" ({missed} more missed a class)" if missed else ""
            accuracies = [tables.number(theirs), *map(tables.mean_and_deviation, (random, chosen))]
            accuracies[-1] += note
            rows.append([directed.replace("_to_", " to "), str(count), *accuracies])
            if pair == "mnist_mnist" and directed == f"{source}_to_{target}":
                counts.append(str(count))
                curve["random sets"].append(random)
                curve["suggested sets"].append(chosen or [np.nan])
                curve["paper"].append([np.nan if theirs is None else theirs])
    caption = "Transfer accuracy from MNIST to MNIST by the number of labels; bars are one standard deviation."
    plot = study.write_plot("few_labels", figures.accuracy_curve(counts, curve, "labels a class"))
    settings = study.settings
    text = (
        "Transfer accuracy where the labelled instances label all others along a graph of nearest neighbours "
        f"(`configs/few_labels.py`). Random: mean and standard deviation of {settings.num_label_seeds} runs, each of a "
        f"seed and of random sets of its own. Suggested: of {_num_suggested_runs(study)} runs, of as many instances in "
        "all, chosen without labels (`suggest_labels`), each run's by a seed of its own."
    )
    head = ["", "labels a class", "paper", "random sets", "suggested sets"]
    return "\n\n".join([text, tables.markdown(head, rows), study.picture(plot, caption)])


def _num_suggested_runs(study: Study) -> int:
    return min(study.settings.num_seeds, MOST_SUGGESTED_RUNS)


def _accuracies(study: Study, runs: Sequence[ConfigDict], directed: str) -> list[float]:
    return [study.metrics(run)["transfers"][directed]["accuracy"] for run in runs]


def _suggested(study: Study, pair: str, count: int, template: ConfigDict) -> tuple[list[ConfigDict], int]:
    """Runs that learn from suggested instances, and the number of sets that miss a class, which have no run.

    The labels of the data stand in for the user who would fill in the tables. Apart from the labels the runs are
    configured as `template`.
    """
    configs, missed = [], 0
    class_names = {name: pretrained.load_domain(name).class_names for name in template.domains}
    for seed in range(_num_suggested_runs(study)):
        config = template.copy_and_resolve_references()
        path = study.output / "labels" / f"{pair}_{count}_{seed}.csv"
        config.update({"seed": seed, "label_seed": 0, "labels_per_class": None, "label_file": str(path)})
        rows: list[tuple[str, str, int, str]] = []
        complete = True
        for name in config.domains:
            suggested = _suggest(study, name, config.latents)[f"{count} {seed}"]
            complete &= set(suggested["labels"]) == set(range(len(class_names[name])))
            labelled = zip(suggested["indices"], suggested["labels"], strict=True)
            rows += [(name, config.latents, index, class_names[name][label]) for index, label in labelled]
        if complete:
            label_file.write(path, rows)
            configs.append(config)
        else:
            missed += 1
    return configs, missed


def _suggest(study: Study, name: str, latents: str) -> dict[str, Any]:
    """Suggested instances of a domain and their labels, by "<labels a class> <seed>"."""
    settings = study.settings
    num_runs = _num_suggested_runs(study)
    numbers = {count for (_, count), runs in experiments.graph_labels(settings).items() if name in runs[0].domains}
    counts = sorted(count for count in numbers if count <= MOST_SUGGESTED)

    def compute() -> dict[str, Any]:
        domain = pretrained.load_domain(name)
        candidates = study.load_latents(domain, name, latents, "train", settings.data_dir)
        places = label_suggestion.diffusion_map(neighbour_graph(graph_points(domain, candidates)))
        suggested = {}
        for count in counts:
            for seed in range(num_runs):
                indices = label_suggestion.suggest(places, count * len(domain.class_names), seed)
                labels = candidates.labels[indices]
                suggested[f"{count} {seed}"] = {"indices": indices.tolist(), "labels": labels.tolist()}
        return suggested

    key = {"latents": latents, "counts": counts, "seeds": num_runs}
    return study.cached(f"suggested_{name}", key, compute)


SECTIONS = {
    "few_labels": Section(
        "Beyond the paper: few labels, along a graph",
        lambda settings: [run for runs in experiments.graph_labels(settings).values() for run in runs],
        _write,
    ),
}
