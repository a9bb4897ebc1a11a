"""Tables of labels that a user fills in: CSV with the columns domain, latents, index and class."""

from __future__ import annotations

import copy
import csv
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from latent_xlate import checks, files, spreadsheets
from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.domains.domain import Domain
from latent_xlate.latents.sources import current_name

COLUMNS = ("domain", "latents", "index", "class")


def write(path: str | os.PathLike, rows: Iterable[tuple[str, str, int, str]]) -> Path:
    """Writes a table.

    Args:
        path: The file.
        rows: For each instance the name of its domain, the kind of latents, its index among them, and the name of
            its class, "" where the user is to fill it in.

    Returns:
        `path`.
    """

    def write_rows(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([COLUMNS, *rows])

    return files.write_atomically(path, write_rows)


def read(
    path: str | os.PathLike, domains: Sequence[Domain], kinds: Sequence[str], counts: Sequence[int]
) -> list[np.ndarray]:
    """Reads a table that has been filled in; rows whose class is empty are skipped.

    Args:
        path: The file.
        domains: The domains whose instances it labels.
        kinds: Kind of each domain's latents.
        counts: Number of each domain's latents.

    Returns:
        Labels of each domain's latents, int32 [count], -1 where the table has none.

    Raises:
        ValueError: The file is missing or is not such a table; or a row has an unknown domain or class, another
            kind of latents, an index that is out of range, or a second class for an instance.
    """
    by_name = {domain.name: place for place, domain in enumerate(domains)}
    labels = [np.full(count, UNLABELLED, np.int32) for count in counts]
    for line, row in _read_table(path).rows:
        try:
            _read_row(row, by_name, domains, kinds, labels)
        except ValueError as error:
            raise ValueError(f"{path}, line {line}: {error}") from None
    return labels


def assign_class_names(path: str | os.PathLike, domains: Sequence[Domain]) -> list[Domain]:
    """Gives domains whose data came without classes those that a table names.

    Args:
        path: The file.
        domains: The domains whose instances it labels; they are not changed.

    Returns:
        The same domains; in the place of each without classes a copy, of the same networks, that has the table's:
        in the order of another domain with the same names, or else sorted.

    Raises:
        ValueError: As in `read`, or the table names fewer than two classes of a domain without classes.
    """
    rows = [row for _, row in _read_table(path).rows]
    orders = {frozenset(domain.class_names): domain.class_names for domain in domains}
    return [domain if domain.class_names else _with_class_names(path, domain, rows, orders) for domain in domains]


def _with_class_names(
    path: str | os.PathLike,
    domain: Domain,
    rows: Sequence[Mapping[str, str]],
    orders: Mapping[frozenset[str], tuple[str, ...]],
) -> Domain:
    names = frozenset(row["class"] for row in rows if row["domain"] == domain.name) - {""}
    if len(names) < 2:
        count = f"no class but {min(names)}" if names else "no class"
        raise ValueError(f"{path} has {count} for domain {domain.name!r}: fill in two classes at least.")
    named = copy.copy(domain)
    named.class_names = orders.get(names) or tuple(sorted(names))
    return named


def _read_table(path: str | os.PathLike) -> spreadsheets.Table:
    table = spreadsheets.read(path, COLUMNS)
    table.check_columns(COLUMNS)
    return table


def _read_row(
    row: Mapping[str, str],
    by_name: Mapping[str, int],
    domains: Sequence[Domain],
    kinds: Sequence[str],
    labels: list[np.ndarray],
) -> None:
    """Writes the label of a row into its domain's `labels`."""
    name = row["class"]
    if not name:
        return
    place = by_name[checks.known(row["domain"], by_name, "domain")]
    class_names = domains[place].class_names
    label = class_names.index(checks.known(name, class_names, "class"))
    if current_name(row["latents"]) != current_name(kinds[place]):
        raise ValueError(f"latents is {row['latents']!r}, and the training's are {kinds[place]!r}.")
    if not row["index"].isdecimal() or int(row["index"]) >= len(labels[place]):
        raise ValueError(f"index is {row['index']!r}; it must be from 0 to {len(labels[place]) - 1}.")
    index = int(row["index"])
    if labels[place][index] not in (UNLABELLED, label):
        raise ValueError(
            f"instance {index} of {row['domain']} has two classes, {class_names[labels[place][index]]} too."
        )
    labels[place][index] = label
