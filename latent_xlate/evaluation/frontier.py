"""The frontier of accuracy and realism: which evaluated translators are better than others in both."""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from latent_xlate import figures, files


@dataclasses.dataclass(frozen=True)
class Point:
    """One evaluation of translations in one direction, the means over its runs.

    Attributes:
        temperature: That of the translations.
        accuracy: Transfer accuracy, in [0, 1].
        fid: Frechet distance to the target's data, on the judge's features.
    """

    temperature: float
    accuracy: float
    fid: float


def read_point(folder: str | os.PathLike, source: str, target: str) -> Point:
    """Reads what `evaluate_runs` wrote.

    Args:
        folder: The output folder of an evaluation.
        source: Name of the domain that is translated.
        target: Name of the domain to which it is translated.

    Raises:
        ValueError: The folder holds no evaluation, or none of the accuracy and the FID of this direction.
    """
    path = Path(folder) / "metrics.json"
    if not path.exists():
        raise ValueError(f"{folder} holds no evaluation: it has no {path.name}. Give an --output of bin/evaluate.py.")
    content = files.read_json(path)
    summary = content.get("summary", {}) if isinstance(content, Mapping) else {}
    scores: Mapping[str, Any] = summary.get("transfers", {}).get(f"{source}_to_{target}", {})
    if not scores.keys() >= {"accuracy", "fid"}:
        there = ", ".join(summary.get("transfers", {})) or "no direction"
        raise ValueError(
            f"{path} has no accuracy and FID from {source} to {target}: its summary has {there}. "
            "Evaluate the runs of one configuration together, without --labels_per_class."
        )
    return Point(summary.get("temperature", 0.0), scores["accuracy"]["mean"], scores["fid"]["mean"])


def draw(curves: Mapping[str, Sequence[Point]], source: str, target: str) -> Figure:
    """Plots accuracy against FID, the best at the upper left.

    Args:
        curves: By name, the evaluations of a translator at several temperatures, which a line joins and numbers name;
            or a single one.
        source: Name of the domain that is translated.
        target: Name of the domain to which it is translated.
    """
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axis = figure.subplots()
    for (name, points), (colour, marker) in zip(curves.items(), itertools.cycle(figures.LINES), strict=False):
        points = sorted(points, key=lambda point: point.temperature)
        x, y = [point.fid for point in points], [point.accuracy for point in points]
        axis.plot(x, y, color=colour, marker=marker, label=name)
        if len(points) > 1:
            for number, point in enumerate(points):
                # Above and below in turn, so that neighbours do not overlap.
                offset, at = (0, 12 if number % 2 else -12), (point.fid, point.accuracy)
                style: dict[str, Any] = {
                    "textcoords": "offset points",
                    "ha": "center",
                    "va": "center",
                    "fontsize": 7,
                }
                axis.annotate(f"{point.temperature:g}", at, offset, **style)
    axis.set(xscale="log", xlabel=f"FID of translations to {target} (less is better)", ylabel="transfer accuracy")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    of_numbers = ", numbers: temperature" if any(len(points) > 1 for points in curves.values()) else ""
    axis.set_title(f"{source} to {target}{of_numbers}")
    axis.grid(color="#dddddd")
    figure.legend(loc="outside right upper")
    return figure
