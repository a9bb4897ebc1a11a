"""Transfer accuracy by the number of labels that a bridge learnt from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from latent_xlate import figures, tables
from latent_xlate.evaluation.report import cell, conditions, summarise


def group(runs: Sequence[Mapping[str, Any]], labels_per_class: Sequence[int]) -> dict[int, list[Mapping[str, Any]]]:
    """Groups runs by the number of labels of each class that they learnt from.

    Args:
        runs: Runs, each with its `translator` and with `labels_seen`, as `labels_seen.labels_seen` returns it.
        labels_per_class: The numbers of labels, in the order of the result.

    Raises:
        ValueError: No run learnt from one of these numbers, or a run learnt from another number, from all labels or
            from those of a file.
    """
    groups: dict[int, list[Mapping[str, Any]]] = {count: [] for count in labels_per_class}
    for run in runs:
        seen = run.get("labels_seen", {})
        count = seen.get("labels_per_class")
        if seen.get("label_file") is not None or count not in groups:
            labels = seen.get("label_file") or ("all labels" if count is None else f"{count} labels a class")
            raise ValueError(
                f"{run['translator']} learnt from {labels}, not from {' or '.join(map(str, groups))} labels a class of "
                "a random set: name its number by --labels_per_class, or evaluate it by itself."
            )
        groups[count].append(run)
    for count, members in groups.items():
        if not members:
            raise ValueError(f"No run learnt from {count} labels a class.")
    return groups


def summarise_groups(groups: Mapping[int, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Returns mean and standard deviation for each number of labels.

    Args:
        groups: Result of `group`. Each run also has the numbers that `accuracy.evaluate` returns.

    Returns:
        JSON-serialisable. For each number of labels: `labels_per_class`, `label_seeds` (seeds of the labelled sets,
        one for each run) and `summary`, as `report.summarise` returns it.

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
    """Returns a table in Markdown of transfer accuracies by number of labels."""
    transfers = list(curve[0]["summary"]["transfers"])
    about = f"{curve[0]['summary']['model']}, {conditions(curve[0]['summary'])}: transfer accuracy."
    head = ["labels a class", "seeds of the sets", *(name.replace("_to_", " to ") for name in transfers)]
    rows = []
    for point in curve:
        accuracies = [cell(point["summary"]["transfers"][name].get("accuracy")) for name in transfers]
        rows.append([str(point["labels_per_class"]), ", ".join(map(str, point["label_seeds"])), *accuracies])
    return f"{about}\n\n{tables.markdown(head, rows, compact=True)}\n"


def draw(groups: Mapping[int, Sequence[Mapping[str, Any]]]) -> Figure:
    """Plots transfer accuracy by number of labels: a line for each direction, with bars of one standard deviation."""
    first = next(iter(groups.values()))[0]
    lines = {
        name.replace("_to_", " to "): [[run["transfers"][name]["accuracy"] for run in runs] for runs in groups.values()]
        for name, scores in first["transfers"].items()
        if "accuracy" in scores
    }
    return figures.accuracy_curve([str(count) for count in groups], lines, "labels a class")
