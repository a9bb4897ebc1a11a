"""Figures: rows of images, confusion matrices, and curves of accuracy."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patches import Rectangle

from latent_xlate import KERAS_PACKAGE, files

COLOURS = "cividis"
"""A colour map that the colour-blind can read, and that survives print in grey."""

_DOTS_PER_INCH = 120
_UNDATED = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
"""By suffix, metadata that omit the date, so that the same figure gives the same bytes."""
LINES = (
    ("#0072B2", "o"),
    ("#D55E00", "s"),
    ("#009E73", "^"),
    ("#CC79A7", "v"),
    ("#E69F00", "D"),
    ("#56B4E9", "P"),
    ("#000000", "X"),
    ("#999999", "*"),
)
"""Colours, which the colour-blind can tell apart, and markers of lines."""


def image_grid(
    path: str | os.PathLike, rows: Sequence[np.ndarray], captions: Sequence[str], framed: Sequence[int] = ()
) -> Path:
    """Draws rows of images, each with a caption at its left.

    Args:
        path: The PNG file to write.
        rows: Images of each row, float [columns, height, width, 1 or 3] in [0, 1]. All rows have as many columns.
        captions: One for each row.
        framed: Columns whose images get a red frame.

    Returns:
        `path`.

    Raises:
        ValueError: There is not one caption for each row, or rows differ in length.
    """
    lengths = sorted({len(row) for row in rows})
    if len(captions) != len(rows) or len(lengths) != 1:
        raise ValueError(f"A grid needs a caption a row and rows of one length: {len(captions)} captions, {lengths}.")
    figure = Figure(figsize=(1.6 + 0.8 * lengths[0], 0.2 + 0.8 * len(rows)), layout="constrained")
    axes = figure.subplots(len(rows), 1, squeeze=False)[:, 0]
    for axis, row, caption in zip(axes, rows, captions, strict=True):
        strip = np.clip(np.concatenate(list(row), axis=1), 0.0, 1.0)
        axis.imshow(strip if strip.shape[-1] == 3 else strip[..., 0], cmap="gray", vmin=0.0, vmax=1.0)
        axis.set_ylabel(caption, rotation=0, ha="right", va="center")
        axis.set(xticks=[], yticks=[])
        height, width = row.shape[1:3]
        for column in framed:
            # A little inside the image, whose pixels' centres are at whole numbers.
            left, top = (0.02 * width - 0.5 + column * width, 0.02 * height - 0.5)
            axis.add_patch(Rectangle((left, top), 0.96 * width, 0.96 * height, fill=False, color="red", linewidth=2))
    return write(figure, path)


def confusion_figure(
    path: str | os.PathLike,
    confusion: np.ndarray,
    source: str,
    target: str,
    source_classes: Sequence[str] = (),
    target_classes: Sequence[str] = (),
) -> Path:
    """Draws a confusion matrix: counts as numbers, the shares of each row as colours.

    Args:
        path: The PNG file to write.
        confusion: Number of instances by class of the source (rows) and of its translation (columns), [n, m].
        source: Name of the source domain.
        target: Name of the target domain.
        source_classes: Class names of the rows; numbers if there are none.
        target_classes: Class names of the columns; numbers if there are none.

    Returns:
        `path`.
    """
    return count_matrix(
        path,
        confusion,
        f"{source} to {target}: number of instances",
        f"class of the source, as the judge of {source} says",
        f"class of the translation, as the judge of {target} says",
        source_classes,
        target_classes,
    )


def count_matrix(
    path: str | os.PathLike,
    counts: np.ndarray,
    title: str,
    row_label: str,
    column_label: str,
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
) -> Path:
    """Draws a matrix of numbers, with the shares of each row as colours.

    Args:
        path: The PNG file to write.
        counts: Integers [n, m].
        title: Title of the figure.
        row_label: What the rows are.
        column_label: What the columns are.
        rows: Names of the rows; numbers if there are none. A name in letters that the font lacks is shown as its
            number, too.
        columns: Names of the columns, likewise.

    Returns:
        `path`.
    """
    counts = np.asarray(counts)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    num_rows, num_columns = counts.shape
    figure = Figure(figsize=(3.0 + 0.5 * num_columns, 2.0 + 0.5 * num_rows), layout="constrained")
    axis = figure.subplots()
    image = axis.imshow(share, cmap=COLOURS, vmin=0.0, vmax=1.0)
    for row, column in np.ndindex(counts.shape):
        colour = "black" if share[row, column] > 0.5 else "white"
        axis.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour, fontsize=7)
    axis.set_xticks(range(num_columns), _shown(columns) or map(str, range(num_columns)), rotation=45, ha="right")
    axis.set_yticks(range(num_rows), _shown(rows) or map(str, range(num_rows)))
    axis.set_xlabel(column_label)
    axis.set_ylabel(row_label)
    axis.set_title(title)
    figure.colorbar(image, label="share of the row's instances")
    return write(figure, path)


def _shown(names: Sequence[str]) -> list[str]:
    """Names as the font can show them, and none of them as a formula."""
    font = get_font(findfont(FontProperties()))
    return [
        name.replace("$", r"\$") if all(font.get_char_index(ord(character)) for character in name) else str(number)
        for number, name in enumerate(names)
    ]


def accuracy_curve(names: Sequence[str], lines: Mapping[str, Sequence[Sequence[float]]], title: str) -> Figure:
    """Draws accuracies over runs, as lines through their means with bars of one standard deviation.

    Args:
        names: Labels of the places on the horizontal axis.
        lines: By label in the legend, the accuracies of the runs at each place; NaN where there is none.
        title: Label of the horizontal axis.
    """
    figure = Figure(figsize=(5.0, 3.2), layout="constrained")
    axis = figure.subplots()
    for (label, places), (colour, marker) in zip(lines.items(), itertools.cycle(LINES), strict=False):
        deviations = np.array([np.std(values, ddof=1) if len(values) > 1 else 0.0 for values in places])
        means = [np.mean(values) for values in places]
        axis.errorbar(range(len(names)), means, deviations, color=colour, marker=marker, capsize=3, label=label)
    axis.set_xticks(range(len(names)), names)
    axis.set(xlabel=title, ylabel="transfer accuracy", ylim=(0, 1.02))
    axis.grid(axis="y", color="#dddddd")
    axis.legend()
    return figure


def write(figure: Figure, path: str | os.PathLike) -> Path:
    """Writes a figure as the suffix of the path says, a bitmap or vectors, and returns the path.

    The same figure gives the same bytes.
    """

    def save(temporary: Path) -> None:
        with rc_context({"svg.hashsalt": KERAS_PACKAGE}):  # Names in an SVG are random otherwise.
            figure.savefig(temporary, dpi=_DOTS_PER_INCH, bbox_inches="tight", metadata=_UNDATED.get(Path(path).suffix))

    return files.write_atomically(path, save)
