"""What a reproduction's parts have in common: their form, and tables in Markdown."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from ml_collections import ConfigDict

from latent_xlate.reproduction.experiments import Settings
from latent_xlate.reproduction.study import Study

ABSENT = "–"


@dataclasses.dataclass(frozen=True)
class Section:
    """A table or figure of the paper.

    Attributes:
        title: Its heading.
        runs: The trainings that it needs.
        write: Draws what is to be drawn and returns the text, Markdown. Of `runs` it has those that can
            be made.
    """

    title: str
    runs: Callable[[Settings], Sequence[ConfigDict]]
    write: Callable[[Study], str]


def no_runs(settings: Settings) -> list[ConfigDict]:
    """The trainings of a section that needs none."""
    del settings
    return []


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def spread(values: Sequence[float | None], digits: int = 4) -> str:
    """Mean of numbers and, of several, sample standard deviation; a dash where there are none, or one is None."""
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return ABSENT
    deviation = f" ± {np.std(known, ddof=1):.{digits}f}" if len(known) > 1 else ""
    return f"{np.mean(known):.{digits}f}{deviation}"


def number(value: float | None) -> str:
    """A number as the paper prints it, with two digits at least; a dash for None."""
    if value is None:
        return ABSENT
    return f"{value:.2f}" if value == round(value, 2) else f"{value:g}"
