"""Transfer accuracy by how many labels a bridge saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from latent_xlate import figures
from latent_xlate.evaluation.report import cell, summarise


def group(runs: Sequence[Mapping[str, Any]], labels_per_class: Sequence[int]) -> dict[int, list[Mapping[str, Any]]]:
    """Runs by how many labels of each class they saw.

    Args:
        runs: Each with its `translator` and, of `labels_seen.labels_seen`, `labels_seen`.
        labels_per_class: How many; those of the result, in their order.

    Raises:
        ValueError: None saw as many, or one saw others, all, or those of a file.
    """
    groups: dict[int, list[Mapping[str, Any]]] = {count: [] for count in labels_per_class}
    for run in runs:
        seen = run.get("labels_seen", {})
        count = seen.get("labels_per_class")
        if seen.get("label_file") is not None or count not in groups:
            what = seen.get("label_file") or ("all labels" if count is None else f"{count} labels a class")
            raise ValueError(
                f"{run['translator']} learnt from {what}, not from {' or '.join(map(str, groups))} labels a class of a "
                "random set: name its number by --labels_per_class, or evaluate it by itself."
            )
        groups[count].append(run)
    for count, those in groups.items():
        if not those:
            raise ValueError(f"No run learnt from {count} labels a class.")
    return groups


def summarise_groups(groups: Mapping[int, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Mean and standard deviation of each number of labels.

    Args:
        groups: Of `group`, each run also with what `evaluate_translator` returned.

    Returns:
        JSON-serialisable, for each number of labels `labels_per_class`, `label_seeds` (of the labelled sets, one
        a run) and `summary`, of `report.summarise`.

    Raises:
        ValueError: Runs that have no common mean.
    """
    return [
        {
            "labels_per_class": count,
            "label_seeds": [run["labels_seen"]["label_seed"] for run in runs],
            "summary": summarise(runs),
        }
        for count, runs in groups.items()
    ]


def table(curve: Sequence[Mapping[str, Any]]) -> str:
    """A curve as a table in Markdown: transfer accuracies by number of labels."""
    transfers = list(curve[0]["summary"]["transfers"])
    lines = [
        f"{curve[0]['summary']['model']}, protocol {curve[0]['summary']['protocol']}: transfer accuracy.",
        "",
        f"| labels a class | seeds of the sets | {' | '.join(name.replace('_to_', ' to ') for name in transfers)} |",
        "|---" * (2 + len(transfers)) + "|",
    ]
    for point in curve:
        accuracies = [cell(point["summary"]["transfers"][name].get("accuracy")) for name in transfers]
        seeds = ", ".join(map(str, point["label_seeds"]))
        lines.append(f"| {point['labels_per_class']} | {seeds} | {' | '.join(accuracies)} |")
    return "\n".join(lines) + "\n"


def draw(groups: Mapping[int, Sequence[Mapping[str, Any]]]) -> Figure:
    """The curve of `groups` as a plot: a line for each direction, its bars one standard deviation."""
    first = next(iter(groups.values()))[0]
    lines = {
        name.replace("_to_", " to "): [[run["transfers"][name]["accuracy"] for run in runs] for runs in groups.values()]
        for name, scores in first["transfers"].items()
        if "accuracy" in scores
    }
    return figures.accuracy_curve([str(count) for count in groups], lines, "labels a class")
