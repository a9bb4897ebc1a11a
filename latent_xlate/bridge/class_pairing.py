"""Pairing of the classes of domains where the user gives no class map."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from latent_xlate.bridge.class_map import ClassMap, HasClasses
from latent_xlate.data.labelled import UNLABELLED

BY_LABEL = "by_label"
"""The class map in which classes of the same label belong together, whatever their names."""

PAIRED_BY_LABEL = frozenset({"mnist", "fashion_mnist", "spoken_digit", "spoken_digit_ar", "sc09"})
"""Data sets whose classes belong together by label, as in the paper (section 5)."""

_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_MOST_SHOWN = 20


def pair_classes(domains: Sequence[HasClasses]) -> ClassMap:
    """Finds the classes of the same name: "Zero", "zero", " zero " and "0" are one.

    The classes of the paper's data sets belong together by label. Domains without classes have no part in it.

    Raises:
        ValueError: The classes of two domains do not have the same names.
    """
    with_classes = [domain for domain in domains if domain.class_names]
    # What has no data set of another name is one itself.
    data_sets = {getattr(domain, "dataset", domain.name) for domain in with_classes}
    if len(with_classes) < 2 or data_sets <= PAIRED_BY_LABEL:
        return ClassMap.by_label(domains)
    first = with_classes[0]
    names = {domain.name: _comparable(domain) for domain in with_classes}
    order = names[first.name]
    for domain in with_classes[1:]:
        if sorted(names[domain.name]) != sorted(order):
            raise ValueError(_refusal(first, domain, len(domains)))
    return ClassMap(tuple(tuple(map(order.index, names.get(domain.name, ()))) for domain in domains))


def read_or_pair(source: str | None, domains: Sequence[HasClasses]) -> ClassMap:
    """The class map that a user gives, or that of equal names.

    Args:
        source: As `ClassMap.read` takes it, or `BY_LABEL`; None for `pair_classes`.
        domains: The domains.

    Raises:
        ValueError: As by `ClassMap.read`, `ClassMap.by_label` and `pair_classes`.
    """
    if source is None:
        return pair_classes(domains)
    return ClassMap.by_label(domains) if source == BY_LABEL else ClassMap.read(source, domains)


def describe(class_map: ClassMap, domains: Sequence[HasClasses]) -> str:
    """Says which classes belong together: "0=zero, 1=one of mnist=words"; "" if no domain has classes."""
    named = [(domain, groups) for domain, groups in zip(domains, class_map.groups, strict=True) if groups]
    members = [
        [
            "/".join(name for name, each in zip(domain.class_names, groups, strict=True) if each == group)
            for domain, groups in named
        ]
        for group in range(class_map.num_groups)
    ]
    shown = ["=".join(each) for each in members[:_MOST_SHOWN]]
    if len(members) > _MOST_SHOWN:
        shown.append(f"and {len(members) - _MOST_SHOWN} more")
    if alone := class_map.left_out(domains):
        shown.append(f"without a partner {', '.join(alone[:_MOST_SHOWN])}")
    return f"{', '.join(shown)} of {'='.join(domain.name for domain, _ in named)}" if named else ""


def is_by_label(class_map: ClassMap) -> bool:
    """Whether the classes of the same label belong together, and no others."""
    return all(groups == tuple(range(len(groups))) for groups in class_map.groups) and (
        UNLABELLED not in itertools.chain(*class_map.groups)
    )


def _comparable(domain: HasClasses) -> list[str]:
    """Names of a domain's classes in a form in which equal ones are equal; as they are, if two would be one then."""
    names = [_normalised(name) for name in domain.class_names]
    return names if len(set(names)) == len(names) else list(domain.class_names)


def _normalised(name: str) -> str:
    name = re.sub(r"[\s_-]+", "", name.casefold())
    if name in _DIGITS:
        return str(_DIGITS.index(name))
    return str(int(name)) if name.isdecimal() else name


def _refusal(first: HasClasses, second: HasClasses, count: int) -> str:
    lists = "; ".join(f"{domain.name} has {_shown(domain.class_names)}" for domain in (first, second))
    sentence = f"The classes of {first.name} and {second.name} are not the same by name ({lists}): say which belong"
    if count > 2:
        return f"{sentence} together by --class_map=FILE, a CSV file with a column for each domain."
    known = dict(zip(_comparable(second), second.class_names, strict=True))
    pairs = {
        name: known.pop(key) for key, name in zip(_comparable(first), first.class_names, strict=True) if key in known
    }
    pairs |= zip((name for name in first.class_names if name not in pairs), known.values(), strict=False)
    example = ",".join(f"{name}={pairs[name]}" for name in first.class_names if name in pairs)
    same = len(first.class_names) == len(second.class_names)
    return (
        f"{sentence} together, for instance by --class_map='{example}'"
        + (f", or --class_map={BY_LABEL} for those of the same place" if same else "")
        + "."
    )


def _shown(names: Sequence[str]) -> str:
    more = [f"and {len(names) - _MOST_SHOWN} more"] if len(names) > _MOST_SHOWN else []
    return ", ".join([*names[:_MOST_SHOWN], *more])
