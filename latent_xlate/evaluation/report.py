"""Mean and spread of several runs' numbers, and the table that sets them beside the paper's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

PAPER: dict[str, dict[str, dict[str, dict[str, float]]]] = {
    "BridgingVAE": {
        "transfers": {
            "mnist_to_mnist_b": {"accuracy": 0.98},
            "mnist_b_to_mnist": {"accuracy": 0.98},
            "mnist_to_fashion_mnist": {"accuracy": 0.95},
            "mnist_b_to_fashion_mnist": {"accuracy": 0.95},
            "fashion_mnist_to_mnist": {"accuracy": 0.89},
            "fashion_mnist_to_mnist_b": {"accuracy": 0.89},
            "mnist_to_spoken_digit": {"accuracy": 0.67},
            "spoken_digit_to_mnist": {"accuracy": 0.98},
        },
        "domains": {
            "mnist": {"base_reconstruction": 0.995, "bridge_reconstruction": 0.989},
            "mnist_b": {"base_reconstruction": 0.995, "bridge_reconstruction": 0.989},
            "fashion_mnist": {"base_reconstruction": 0.952, "bridge_reconstruction": 0.903},
            "spoken_digit": {"bridge_reconstruction": 0.739, "acceptance": 0.318},
        },
    },
    "Pix2Pix": {
        "transfers": {
            "mnist_to_fashion_mnist": {"accuracy": 0.77},
            "fashion_mnist_to_mnist": {"accuracy": 0.08},
        },
    },
    "CycleGAN": {
        "transfers": {
            "mnist_to_fashion_mnist": {"accuracy": 0.08},
            "fashion_mnist_to_mnist": {"accuracy": 0.13},
        },
    },
    "LatentCycleGAN": {
        "transfers": {
            "mnist_to_mnist_b": {"accuracy": 0.08},
            "mnist_b_to_mnist": {"accuracy": 0.08},
            "mnist_to_fashion_mnist": {"accuracy": 0.10},
            "fashion_mnist_to_mnist": {"accuracy": 0.10},
            "mnist_to_spoken_digit": {"accuracy": 0.09},
            "spoken_digit_to_mnist": {"accuracy": 0.11},
        },
    },
}
"""By model, the paper's numbers (Tables 1 and 2), those of its SC09 under `spoken_digit`.

Its FID is on features of other judges, so of another scale."""

_COLUMNS = {
    "transfers": ("accuracy", "label_accuracy", "fid"),
    "domains": (
        "base_reconstruction",
        "bridge_reconstruction",
        "acceptance",
        "judge_accuracy",
        "base_fid",
        "fid_floor",
        "fid_reference",
    ),
}
_ABSENT = "–"


def summarise(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Mean and standard deviation over runs.

    Args:
        runs: What `evaluate_translator` returned, of translators between the same domains.

    Returns:
        `model`, `protocol`, `instances`, `num_runs`, and `domains` and `transfers` as in a run with
        {"mean", "std"} for each number; "std" is the sample standard deviation, None of a single run.
        Confusion matrices are left out.

    Raises:
        ValueError: No run, or runs that differ in model, protocol, domains, number of labels or what was measured.
    """
    if not runs:
        raise ValueError("There are no runs to summarise.")
    for run in runs[1:]:
        if _measured(run) != _measured(runs[0]):
            raise ValueError(
                "Runs of differing model, protocol, domains, data or number of labels have no common mean: "
                f"{_named(run)} and {_named(runs[0])}. Evaluate them one by one."
            )
    return {
        "model": runs[0]["model"],
        "protocol": runs[0]["protocol"],
        "instances": runs[0]["instances"],
        "num_runs": len(runs),
        "domains": _over_runs([run["domains"] for run in runs]),
        "transfers": _over_runs([run["transfers"] for run in runs]),
    }


def table(summary: Mapping[str, Any]) -> str:
    """The numbers as two Markdown tables, of transfers and of domains.

    Args:
        summary: Of `summarise`.

    Returns:
        Lines of text. Where the paper has a number for one of the domains, it has a column.
    """
    count = summary["num_runs"]
    runs = f"{count} runs (mean ± standard deviation)" if count > 1 else "1 run"
    instances = ", ".join(f"{number:,} of {name}" for name, number in summary["instances"].items())
    first = f"{summary['model']}, protocol {summary['protocol']}, {runs}; instances: {instances}."
    parts = [first, _part(summary, "transfers", "Transfer"), _part(summary, "domains", "Domain")]
    return "\n\n".join(parts) + "\n"


def _measured(run):
    """What a run measured, with no number in it."""
    kept = {
        part: {
            name: {key: value if isinstance(value, str) else None for key, value in entry.items()}
            for name, entry in run[part].items()
        }
        for part in _COLUMNS
    }
    seen = run.get("labels_seen", {})
    kept["labels_seen"] = {key: seen.get(key) for key in ("labels_per_class", "label_file")}
    return kept | {key: run[key] for key in ("model", "protocol", "instances")}


def _named(run):
    return f"{run['protocol']} of a {run['model']} of {', '.join(run['domains'])}"


def _over_runs(values):
    if isinstance(values[0], Mapping):
        return {
            key: _over_runs([value[key] for value in values])
            for key, first in values[0].items()
            if not isinstance(first, list)
        }
    if isinstance(values[0], str):
        return values[0]
    return {"mean": float(np.mean(values)), "std": float(np.std(values, ddof=1)) if len(values) > 1 else None}


def _part(summary, part, title):
    entries = {name: entry for name, entry in summary[part].items() if entry}
    columns = [[title, *(name.replace("_to_", " to ") for name in entries)]]
    for key in _COLUMNS[part]:
        ours = [entry.get(key) for entry in entries.values()]
        paper = [PAPER.get(summary["model"], {}).get(part, {}).get(name, {}).get(key) for name in entries]
        if not any(ours):
            continue
        heading = key.replace("_", " ").replace("fid", "FID")
        if any(paper):
            columns.append([f"{heading}, paper", *map(cell, paper)])
        columns.append([heading, *map(cell, ours)])
    head, *body = (f"| {' | '.join(row)} |" for row in zip(*columns, strict=True))
    return "\n".join([head, "|---" * len(columns) + "|", *body])


def cell(value: Any) -> str:
    """What a table says of a number, {"mean", "std"} or a word; a dash for None."""
    if value is None:
        return _ABSENT
    if not isinstance(value, Mapping):
        return str(value)
    spread = "" if value["std"] is None else f" ± {value['std']:.4f}"
    return f"{value['mean']:.4f}{spread}"
