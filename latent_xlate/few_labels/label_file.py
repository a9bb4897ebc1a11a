"""Tables of labels that a user fills in: CSV with the columns domain, latents, index and class."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from latent_xlate import checks, files
from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.domains.domain import Domain

COLUMNS = ("domain", "latents", "index", "class")


def write(path: str | os.PathLike, rows: Iterable[tuple[str, str, int, str]]) -> Path:
    """Writes a table.

    Args:
        path: The file.
        rows: Name of a domain, kind of its latents, the index of an instance among them, and the name of its class,
            "" where that is to be filled in.
    """

    def write_rows(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([COLUMNS, *rows])

    return files.write_atomically(path, write_rows)


def read(
    path: str | os.PathLike, domains: Sequence[Domain], kinds: Sequence[str], counts: Sequence[int]
) -> list[np.ndarray]:
    """Reads a table that has been filled in; rows whose class is empty are left out.

    Args:
        path: The file.
        domains: The domains that it holds labels of.
        kinds: Kind of each domain's latents.
        counts: Number of each domain's latents.

    Returns:
        Labels of each domain's latents, int32 [count], -1 where the table has none.

    Raises:
        ValueError: The file is missing or no such table, or a row has an unknown domain or class, other
            latents, an index that is out of range, or a second class for an instance.
    """
    rows = _read_rows(path)
    by_name = {domain.name: place for place, domain in enumerate(domains)}
    labels = [np.full(count, UNLABELLED, np.int32) for count in counts]
    for number, row in enumerate(rows, start=2):
        try:
            _read_row(row, by_name, domains, kinds, labels)
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}") from None
    return labels


def assign_class_names(path: str | os.PathLike, domains: Sequence[Domain]) -> list[Domain]:
    """Gives domains whose data came without classes those that a table has for them.

    Args:
        path: The file.
        domains: The domains that it holds labels of; those that have classes stay as they are.

    Returns:
        The domains that were given classes: in the order of another domain of the same names, or else sorted.

    Raises:
        ValueError: As in `read`, or the table has fewer than two classes for a domain without.
    """
    rows = _read_rows(path)
    orders = {frozenset(domain.class_names): domain.class_names for domain in domains}
    unnamed = [domain for domain in domains if not domain.class_names]
    for domain in unnamed:
        names = frozenset((row["class"] or "").strip() for row in rows if row["domain"] == domain.name) - {""}
        if len(names) < 2:
            count = f"no class but {min(names)}" if names else "no class"
            raise ValueError(f"{path} has {count} for domain {domain.name!r}: fill in two at least.")
        domain.class_names = orders.get(names) or tuple(sorted(names))
    return unnamed


def _read_rows(path):
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as file:  # Spreadsheets write a mark at its start.
            reader = csv.DictReader(file)
            rows = list(reader)
            missing = sorted(set(COLUMNS) - set(reader.fieldnames or ()))
    except FileNotFoundError:
        raise ValueError(f"There is no file of labels {path}.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is not a table of labels ({error}).") from None
    if missing:
        raise ValueError(f"{path} is not a table of labels: it has no column {', '.join(missing)}.")
    return rows


def _read_row(row, by_name, domains, kinds, labels):
    name = (row["class"] or "").strip()
    if not name:
        return
    place = by_name[checks.known(row["domain"], by_name, "domain")]
    class_names = domains[place].class_names
    label = class_names.index(checks.known(name, class_names, "class"))
    if row["latents"] != kinds[place]:
        raise ValueError(f"latents is {row['latents']!r}, and the training's are {kinds[place]!r}.")
    if not (row["index"] or "").isdecimal() or int(row["index"]) >= len(labels[place]):
        raise ValueError(f"index is {row['index']!r}; it must be from 0 to {len(labels[place]) - 1}.")
    index = int(row["index"])
    if labels[place][index] not in (UNLABELLED, label):
        raise ValueError(
            f"instance {index} of {row['domain']} has two classes, {class_names[labels[place][index]]} too."
        )
    labels[place][index] = label
