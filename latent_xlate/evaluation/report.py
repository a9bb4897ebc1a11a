"""Mean and standard deviation over several runs, and the table that sets them beside the paper's numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from latent_xlate import tables
from latent_xlate.evaluation import individual_table

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
"""By model, the accuracies in the paper's Tables 1 and 2. Those of SC09 stand under `spoken_digit`.

The paper's FID is left out: it is computed on features of other judges and so has another scale."""

_COLUMNS = {
    "transfers": {
        "accuracy": "The share of instances whose class, as the source's judge sees it, is that of their translation, "
        "as the target's judge sees it.",
        "label_accuracy": "The share of instances whose translation the target's judge takes for their true class.",
        "fid": "The Fréchet distance between translations and the target's own instances, of the activations of its "
        "judge: the lower the more alike, and the scale differs from judge to judge.",
        "swd": "The sliced Wasserstein distance between translated and own latents of a domain without data, both "
        "standardised: 0 if they are the same.",
    },
    "domains": {
        "base_reconstruction": "The share of instances whose class, as the judge sees it, their reconstruction by the "
        "domain's own model keeps.",
        "bridge_reconstruction": "The share of decoded latents whose class, as the judge sees it, they keep on the way "
        "into the bridge and back.",
        "acceptance": "The share of samples of the prior of whose class the judge is sure (0.95 or more).",
        "judge_accuracy": "The share of instances whose true class the judge recognises.",
        "base_fid": "The Fréchet distance between decoded latents and the data.",
        "fid_floor": "The Fréchet distance between two halves of the domain's own instances: no FID can be expected "
        "to be lower. Of fewer than some hundred instances every FID is far too large, and that of halves most.",
        "swd_floor": "The sliced Wasserstein distance between two halves of a domain's own latents.",
        "fid_reference": "What translations to the domain are compared with: its data, or decoded latents, or "
        "latents where it has no data.",
    },
}
"""The columns of the tables, each with its meaning."""


def summarise(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns mean and standard deviation over runs.

    Args:
        runs: Results of `accuracy.evaluate` for translators between the same domains.

    Returns:
        `model`, `protocol`, `temperature` (unless it is 0), `instances`, `num_runs`, and `domains` and `transfers` as
        in a run, with {"mean", "std"} in place of each number. "std" is the sample standard deviation, None for a
        single run. Confusion matrices are left out. And `individual`, see `individual_table.summarise`, unless a run
        is of an earlier version, which did not measure it.

    Raises:
        ValueError: There is no run, or runs differ in model, protocol, temperature, domains, number of labels or
            measured numbers.
    """
    if not runs:
        raise ValueError("There are no runs to summarise.")
    check_alike(runs)
    summary = {
        "model": runs[0]["model"],
        "protocol": runs[0]["protocol"],
        **({"temperature": runs[0]["temperature"]} if "temperature" in runs[0] else {}),
        "instances": runs[0]["instances"],
        "num_runs": len(runs),
        "domains": _over_runs([run["domains"] for run in runs]),
        "transfers": _over_runs([run["transfers"] for run in runs]),
    }
    if "remarks" in runs[0]:
        summary["remarks"] = runs[0]["remarks"]
    if all("individual" in run for run in runs):
        summary["individual"] = individual_table.summarise([run["individual"] for run in runs])
    return summary


def check_alike(runs: Sequence[Mapping[str, Any]]) -> None:
    """Raises ValueError if runs have no common mean. They may be incomplete, each of them in the same way."""
    for run in runs[1:]:
        if _measured(run) != _measured(runs[0]):
            raise ValueError(
                "Runs of differing model, protocol, temperature, domains, data or number of labels have no common "
                f"mean: {_described(run)} and {_described(runs[0])}. Evaluate them one by one."
            )


def table(summary: Mapping[str, Any]) -> str:
    """Returns tables in Markdown, of transfers, of domains and of individuals, below a line that names the runs.

    A number that the paper gives for one of the domains has a column of its own.

    Args:
        summary: Result of `summarise`.
    """
    count = summary["num_runs"]
    runs = f"{count} runs (mean ± standard deviation)" if count > 1 else "1 run"
    instances = ", ".join(f"{number:,} of {name}" for name, number in summary["instances"].items())
    first = f"{summary['model']}, {conditions(summary)}, {runs}; instances: {instances}."
    parts = [first, _part(summary, "transfers", "Transfer"), _part(summary, "domains", "Domain")]
    if "individual" in summary:
        parts.append(individual_table.table(summary["individual"]))
    parts += summary.get("remarks", [])
    return "\n\n".join(parts) + "\n"


def conditions(run: Mapping[str, Any]) -> str:
    """Names the protocol of a run or summary, and its temperature unless that is 0."""
    temperature = f", temperature {run['temperature']:g}" if "temperature" in run else ""
    return f"protocol {run['protocol']}{temperature}"


def meanings(summary: Mapping[str, Any]) -> dict[str, str]:
    """Returns a sentence for each column that `table` has, by its heading."""
    of_columns = {
        _heading(key): meaning
        for part, columns in _COLUMNS.items()
        for key, meaning in columns.items()
        if any(key in entry for entry in summary[part].values())
    }
    return of_columns | individual_table.meanings(summary.get("individual", {}))


def cell(value: Any) -> str:
    """Returns the cell of a summarised number {"mean", "std"}, of a word or, for None, of nothing."""
    if value is None:
        return tables.ABSENT
    if not isinstance(value, Mapping):
        return str(value)
    return tables.plus_minus(value["mean"], value["std"])


def _measured(run: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what a run measured and under which conditions, without the numbers."""
    kept: dict[str, Any] = {
        part: {
            name: {key: value if isinstance(value, str) else None for key, value in entry.items()}
            for name, entry in run.get(part, {}).items()
        }
        for part in _COLUMNS
    }
    seen = run.get("labels_seen", {})
    kept["labels_seen"] = {key: seen.get(key) for key in ("labels_per_class", "label_file")}
    return kept | {key: run.get(key) for key in ("model", "protocol", "temperature", "instances")}


def _described(run: Mapping[str, Any]) -> str:
    return f"{conditions(run)} of a {run['model']} of {', '.join(run['domains'])}"


def _over_runs(values: Sequence[Any]) -> Any:
    """Summarises one entry of all runs: each number in it, however deep it lies."""
    if isinstance(values[0], Mapping):
        return {
            key: _over_runs([value[key] for value in values])
            for key, first in values[0].items()
            if not isinstance(first, list)
        }
    if isinstance(values[0], str):
        return values[0]
    mean, deviation = tables.statistics(values)
    return {"mean": mean, "std": deviation}


def _heading(key: str) -> str:
    return key.replace("_", " ").replace("fid", "FID").replace("swd", "SWD")


def _part(summary: Mapping[str, Any], part: str, title: str) -> str:
    entries = {name: entry for name, entry in summary[part].items() if entry}
    columns = [[title, *(name.replace("_to_", " to ") for name in entries)]]
    for key in _COLUMNS[part]:
        ours = [entry.get(key) for entry in entries.values()]
        paper = [PAPER.get(summary["model"], {}).get(part, {}).get(name, {}).get(key) for name in entries]
        if not any(ours):
            continue
        heading = _heading(key)
        if any(paper):
            columns.append([f"{heading}, paper", *map(cell, paper)])
        columns.append([heading, *map(cell, ours)])
    head, *rows = zip(*columns, strict=True)
    return tables.markdown(head, rows, compact=True)
