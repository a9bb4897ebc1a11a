"""Mean over runs of how individual translations are, and the table of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from latent_xlate import tables
from latent_xlate.evaluation.individual import LEAST_PER_CLASS

_COLUMNS = {
    "diversity": "The variance of the judge's features within a class of translations, over that of the target's own "
    "instances: 0 if all are the same, 1 if they vary as much.",
    "kept_diversity": "As diversity, of those instances that the target's judge gives their class: mistakes do not add "
    "to it.",
    "density": "How many of the target's own instances have a translation in their neighbourhood, of what is expected "
    "of real ones: above 1, translations are more typical than they.",
    "coverage": "The share of the target's own instances with a translation in their neighbourhood.",
    "class_kid": "The kernel distance between translations and the target's own instances of the class, of the "
    "features of its judge: around 0 if both are alike, for small sets too, and the scale differs from judge to judge.",
    "trustworthiness": "Whether the 10 nearest of a translation within its class are translations of what was near its "
    "source: 1 if all are, 0.5 by chance.",
    "rank_correlation": "Whether what lies far apart within a class still does: Spearman's correlation of distances "
    "before and after, 1 if their order is kept, 0 by chance.",
    "cycle_accuracy": "The share of instances whose class, as the source's judge sees it, is kept on the way there and "
    "back.",
    "cycle_distance": "How far from itself a latent is after the way there and back, squared, over the variance of its "
    "class: 0 if it is the same, 1 for the mean of the class, 2 for another of the class.",
    "sample_diversity": "As diversity, of the samples of one instance: 0 if they do not differ.",
}
"""The columns of the table, each with its meaning."""

_TITLES = {
    "transfers": "{}",
    "reconstructions": "{} through the bridge",
    "decoded": "{}, decoded",
    "halves": "{}, halves",
}
"""By kind of row, its title."""

_ABOUT = (
    "How individual translations are, within their class ({spread}). For comparison: `through the bridge` is a domain "
    "translated to itself, `decoded` is its data encoded and decoded without a bridge, and `halves` is one half of its "
    "own instances against the other. Means over the classes that have enough instances."
)


def summarise(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns mean and standard deviation over runs.

    Args:
        parts: `individual` of each run, as `measure_individuals` returns it, of translators of the same domains.

    Returns:
        The same rows with {"mean", "std", "classes"} for each number that all runs have. A single run has a "std" of
        None, and keeps its "interval".
    """
    return {
        kind: {name: _over_runs([part[kind][name] for part in parts]) for name in rows}
        for kind, rows in parts[0].items()
    }


def table(summary: Mapping[str, Any]) -> str:
    """Returns the table in Markdown, below what it shows.

    Args:
        summary: Result of `summarise`.
    """
    rows = {
        _TITLES[kind].format(name.replace("_to_", " to ")): row
        for kind, of_kind in summary.items()
        for name, row in of_kind.items()
        if row
    }
    if not rows:
        return (
            "How individual translations are cannot be said: no class has enough instances, "
            f"of which it takes {LEAST_PER_CLASS}."
        )
    keys = [key for key in _COLUMNS if any(key in row for row in rows.values())]
    cells = [
        [title, *(_cell(row[key]) if key in row else tables.ABSENT for key in keys), _classes(row)]
        for title, row in rows.items()
    ]
    single = any("interval" in number for row in rows.values() for number in row.values())
    about = _ABOUT.format(spread="± half of the 95 % bootstrap interval" if single else "± standard deviation")
    return f"{about}\n\n{tables.markdown(['Within a class', *map(_heading, keys), 'classes'], cells, compact=True)}"


def meanings(summary: Mapping[str, Any]) -> dict[str, str]:
    """Returns a sentence for each number that `table` has a column of, by its heading."""
    measured = {key for rows in summary.values() for row in rows.values() for key in row}
    return {_heading(key): meaning for key, meaning in _COLUMNS.items() if key in measured}


def _over_runs(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {key: _number([row[key] for row in rows]) for key in rows[0] if all(key in row for row in rows)}


def _number(numbers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    mean, deviation = tables.statistics([number["value"] for number in numbers])
    interval = {"interval": numbers[0]["interval"]} if len(numbers) == 1 else {}
    return {"mean": mean, "std": deviation, **interval, "classes": numbers[0]["classes"]}


def _cell(number: Mapping[str, Any]) -> str:
    low, high = number.get("interval", (0.0, 0.0))
    return tables.plus_minus(number["mean"], (high - low) / 2 if number["std"] is None else number["std"], digits=3)


def _classes(row: Mapping[str, Any]) -> str:
    counts = sorted({number["classes"] for number in row.values()})
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def _heading(key: str) -> str:
    return key.replace("_", " ").replace("kid", "KID")
