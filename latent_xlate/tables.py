"""Tables in Markdown, and numbers as their cells show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

ABSENT = "–"
"""Cell of a number that does not exist."""


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]], *, compact: bool = False) -> str:
    """Returns a table in Markdown, without a line break at its end.

    Args:
        head: Headings of the columns.
        rows: Cells of each row, as many as there are headings.
        compact: Whether to leave out the spaces around the dashes below the head, and of a heading that is empty.
    """
    if compact:
        lines = ["|" + "|".join(f" {heading} " if heading else " " for heading in head) + "|", "|---" * len(head) + "|"]
    else:
        lines = [_row(head), _row(["---"] * len(head))]
    return "\n".join([*lines, *map(_row, rows)])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def statistics(values: Sequence[float]) -> tuple[float, float | None]:
    """Returns the mean and the sample standard deviation, which is None for a single value."""
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None


def plus_minus(mean: float, deviation: float | None, digits: int = 4) -> str:
    """Returns the cell "mean ± deviation", or only the mean where `deviation` is None."""
    return f"{mean:.{digits}f}" + ("" if deviation is None else f" ± {deviation:.{digits}f}")


def mean_and_deviation(values: Sequence[float | None], digits: int = 4) -> str:
    """Returns the cell of several runs' numbers: mean and, of two or more, sample standard deviation.

    Args:
        values: One number a run. The cell is `ABSENT` if there are none or if one of them is None.
        digits: Decimal places.
    """
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return ABSENT
    return plus_minus(*statistics(known), digits)


def number(value: float | None) -> str:
    """Returns the cell of a number that the paper prints: two decimal places at least, `ABSENT` for None."""
    if value is None:
        return ABSENT
    return f"{value:.2f}" if value == round(value, 2) else f"{value:g}"
