"""Class maps: which classes of different domains belong together."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from latent_xlate import checks, spreadsheets
from latent_xlate.data.labelled import UNLABELLED


class HasClasses(Protocol):
    """What has a name and classes, such as a domain."""

    @property
    def name(self) -> str: ...

    @property
    def class_names(self) -> tuple[str, ...]: ...


@dataclasses.dataclass(frozen=True)
class ClassMap:
    """Groups of classes that belong together, which all domains share.

    Attributes:
        groups: For each domain, by label, the number of the class's group; UNLABELLED (-1) for a class without one.
    """

    groups: tuple[tuple[int, ...], ...]

    @property
    def num_groups(self) -> int:
        """Number of groups; 1 at least, since a bridge needs a class."""
        return 1 + max((group for groups in self.groups for group in groups), default=0)

    def shared(self, domain: int, labels: np.ndarray) -> np.ndarray:
        """Groups of labels.

        Args:
            domain: Index of the domain of the labels.
            labels: Integers [n], -1 where unlabelled.

        Returns:
            int32 [n], -1 where unlabelled or where the class has no group.

        Raises:
            ValueError: A label is out of range.
        """
        known = labels[labels != UNLABELLED]
        checks.class_labels(known, len(self.groups[domain]), f"labels of domain {domain}")
        lookup = np.array([*self.groups[domain], UNLABELLED], np.int32)  # Index -1, that of unlabelled, is the last.
        return lookup[labels]

    @classmethod
    def by_label(cls, domains: Sequence[HasClasses]) -> ClassMap:
        """The map in which classes of the same label belong together.

        Raises:
            ValueError: Domains that have classes differ in their number.
        """
        counts = {domain.name: len(domain.class_names) for domain in domains if domain.class_names}
        if len(set(counts.values())) > 1:
            raise ValueError(
                "Domains must have the same number of classes, aligned by label, or a class map (--class_map); "
                f"these have {counts}."
            )
        return cls(tuple(tuple(range(len(domain.class_names))) for domain in domains))

    @classmethod
    def read(cls, source: str, domains: Sequence[HasClasses]) -> ClassMap:
        """Reads a map that a user wrote. Any mapping will do, many to one and one to many included.

        Args:
            source: A table, as `spreadsheets.read` reads it, with a column for each domain, headed by its name, and in
                each row classes that belong together; or, for two domains, a JSON file with an object that maps each
                class of the first to a class of the second or a list of them; or such pairs themselves,
                "0=zero,1=one" or "0/2=even,1/3=odd".
            domains: The domains.

        Raises:
            ValueError: The file is missing or damaged, a domain or class is unknown, a class in JSON is there twice, or
                pairs are given for other than two domains.
        """
        try:
            rows = _read_rows(source, domains)
        except ValueError as error:
            raise ValueError(f"class_map: {error}") from None
        return cls(_joined(rows, [len(domain.class_names) for domain in domains]))

    def left_out(self, domains: Sequence[HasClasses]) -> list[str]:
        """Classes without a group, each as "CLASS of DOMAIN"."""
        return [
            f"{name} of {domain.name}"
            for domain, groups in zip(domains, self.groups, strict=True)
            for name, group in zip(domain.class_names, groups, strict=True)
            if group == UNLABELLED
        ]


def _read_rows(source: str, domains: Sequence[HasClasses]) -> list[dict[int, int]]:
    """For each row the labels of classes that belong together, by index of the domain."""
    names = [domain.name for domain in domains]
    if not os.path.lexists(source):
        if "=" not in source:
            raise ValueError(f"There is no file {source}; pairs are written CLASS=CLASS,CLASS=CLASS.")
        return _rows_of_pairs([pair.partition("=")[::2] for pair in source.split(",")], domains)
    if Path(source).suffix.lower() == ".json":
        return _rows_of_pairs(_read_json(source), domains)
    table = spreadsheets.read(source, names)
    for column in table.columns:
        checks.known(column, names, "domain")
    table.check_columns(names)
    rows = []
    for line, row in table.rows:
        try:
            rows.append({place: _label(domains[place], row[name]) for place, name in enumerate(names) if row[name]})
        except ValueError as error:
            raise ValueError(f"{source}, line {line}: {error}") from None
    return rows


def _read_json(source: str) -> list[tuple[str, str]]:
    text = spreadsheets.read_text(source)
    try:
        content = json.loads(text, object_pairs_hook=_once)
        if not isinstance(content, Mapping):
            raise ValueError("it holds no object of classes with classes")
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{source} cannot be read ({error}).") from None
    return [(key, each) for key, value in content.items() for each in _listed(value)]


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Makes the dictionary of an object in JSON, of which Python would keep only the last value of a name."""
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} is there twice: give it a list of classes")
    return content


def _listed(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(each) for each in values]


def _rows_of_pairs(pairs: Sequence[tuple[str, ...]], domains: Sequence[HasClasses]) -> list[dict[int, int]]:
    if len(domains) != 2:
        raise ValueError(
            f"Pairs join the classes of two domains, and these are {', '.join(domain.name for domain in domains)}: "
            "give a CSV file with a column for each."
        )
    for first, second in pairs:
        if not first.strip() or not second.strip():
            raise ValueError(f"{first}={second} is no pair of classes; pairs are written CLASS=CLASS,CLASS=CLASS.")
    return [
        dict(enumerate(labels))
        for pair in pairs
        for labels in itertools.product(*(_labels(domains[place], name.strip()) for place, name in enumerate(pair)))
    ]


def _labels(domain: HasClasses, name: str) -> list[int]:
    """Labels of a class, or of several whose names stand between slashes, as a pairing is printed."""
    names = name.split("/")
    if name in domain.class_names or not set(names) & set(domain.class_names):
        names = [name]
    return [_label(domain, each) for each in names]


def _label(domain: HasClasses, name: str) -> int:
    return domain.class_names.index(checks.known(name, domain.class_names, f"class of {domain.name!r}"))


def _joined(rows: Sequence[Mapping[int, int]], counts: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Groups of the classes that a row, or a chain of rows, joins, numbered in the order of domain and label."""
    group: dict[tuple[int, int], set[tuple[int, int]]] = {}
    for row in rows:
        merged = set(row.items()).union(*(group.get(each, ()) for each in row.items()))
        group |= dict.fromkeys(merged, merged)
    numbers: dict[int, int] = {}
    groups = []
    for domain, count in enumerate(counts):
        members = [group.get((domain, label), set()) for label in range(count)]
        groups.append(
            tuple(
                numbers.setdefault(id(each), len(numbers)) if len({place for place, _ in each}) > 1 else UNLABELLED
                for each in members
            )
        )
    return tuple(groups)
