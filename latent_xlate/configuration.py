"""Configurations: frozen dataclasses that state every setting of an experiment once.

A subclass of `Config` declares each field by `setting`, with its type, default and range, and documents it under
"Attributes:" in its docstring. Everything else is derived from the class: the ConfigDict that the command line
overrides (`--config.FIELD=VALUE`), the `config.json` of a work directory, and the listing of `--list_configs`.
"""

from __future__ import annotations

import dataclasses
import inspect
import numbers
import re
import typing
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, ClassVar, Self

from ml_collections import ConfigDict
from ml_collections.config_dict import FieldReference

from latent_xlate import checks


def setting(
    default: Any,
    *,
    minimum: float | None = None,
    choices: Collection[str] | None = None,
    noun: str | None = None,
    optional: bool = False,
) -> Any:
    """Declares a field of a `Config`.

    Args:
        default: The value where none is given.
        minimum: Smallest value allowed; of a tuple, of each of its elements, of which there must be one.
        choices: The strings allowed.
        noun: How an error message calls a value outside `choices`; None for the field's name.
        optional: Whether a dictionary may lack the field. Where it is None, dictionaries made by `to_dict` do.
    """
    metadata = {"minimum": minimum, "choices": choices, "noun": noun, "optional": optional}
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class Config:
    """A configuration, or a group of fields within one; subclasses add the fields.

    Values are checked when an instance is made: their type, and unless they are None their range. A list becomes a
    tuple.
    """

    kind: ClassVar[str] = "experiment"
    """What is configured, for error messages."""

    group: ClassVar[str] = ""
    """The name of the field that holds this group; empty for a whole configuration."""

    def __post_init__(self) -> None:
        hints = typing.get_type_hints(type(self))
        for field in dataclasses.fields(self):
            value, name = _tuple(getattr(self, field.name)), f"{self.group}.{field.name}".lstrip(".")
            object.__setattr__(self, field.name, value)
            if not _fits(value, hints[field.name]):
                raise ValueError(f"{name} is {value!r}; it must be {_description(hints[field.name])}.")
            choices, minimum = field.metadata.get("choices"), field.metadata.get("minimum")
            if value is None:
                continue
            if choices is not None:
                checks.known(value, choices, field.metadata["noun"] or field.name)
            if minimum is not None and isinstance(value, tuple):
                checks.at_least(min(value, default=0), minimum, f"The smallest of {name}")
            elif minimum is not None:
                checks.at_least(value, minimum, name)

    @classmethod
    def of(cls, config: Self | ConfigDict) -> Self:
        """A configuration of either form as an instance; ValueError as in `from_dict`, and for anything else."""
        if isinstance(config, cls):
            return config
        if not isinstance(config, ConfigDict):
            raise ValueError(
                f"{config!r:.80} is not a configuration of a {cls.kind}: give a {cls.__name__}, a ConfigDict, or the "
                "name of one that ships."
            )
        return cls.from_dict(config.to_dict())

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Makes an instance of a nested dictionary: of `to_dict`, a ConfigDict or a `config.json`.

        Names and values of earlier versions are replaced by those of today (see `upgraded`).

        Raises:
            ValueError: A field is missing or unknown, or a value is out of its range.
        """
        values = cls.upgraded(values)
        if missing := sorted(cls.missing(values)):
            raise ValueError(f"The configuration is not one of a {cls.kind}: it has no {', '.join(missing)}.")
        names = [field.name for field in dataclasses.fields(cls)]
        what = f"setting of {cls.group}" if cls.group else "field of the configuration"
        groups = cls.group_types(values)
        entries = {checks.known(name, names, what): value for name, value in values.items()}
        made = {name: groups[name].from_dict(entries[name]) for name in groups}
        return cls(**entries | made)

    @classmethod
    def upgraded(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Replaces what earlier versions called otherwise; a subclass that renames a field or value overrides it."""
        return dict(values)

    @classmethod
    def group_types(cls, values: Mapping[str, Any]) -> dict[str, type[Config]]:
        """The class of each group of fields that `values` holds, by the name of its field."""
        found = {}
        for name, hint in typing.get_type_hints(cls).items():
            for kind in (hint, *typing.get_args(hint)):
                if inspect.isclass(kind) and issubclass(kind, Config) and isinstance(values.get(name), Mapping):
                    found[name] = kind
        return found

    @classmethod
    def missing(cls, values: Mapping[str, Any]) -> Iterator[str]:
        """Yields the fields that `values` lacks, those of groups as GROUP.FIELD."""
        for field in dataclasses.fields(cls):
            if field.name not in values and not field.metadata.get("optional"):
                yield field.name
        for name, kind in cls.group_types(values).items():
            yield from (f"{name}.{field}" for field in kind.missing(values[name]))

    def to_dict(self) -> dict[str, Any]:
        """The nested dictionary of the fields; `from_dict` turns it back."""
        return {name: value.to_dict() if isinstance(value, Config) else value for name, value in self._entries()}

    def replaced(self, settings: Mapping[str, Any]) -> Self:
        """The same configuration with other values of some fields; ValueError as in `from_dict`.

        Args:
            settings: Values by field. A dictionary replaces only those fields of a group that it holds.
        """
        values = self.to_dict()
        for name, value in settings.items():
            group = isinstance(value, Mapping) and isinstance(values.get(name), Mapping)
            values[name] = {**values[name], **value} if group else value
        return type(self).from_dict(values)

    def to_config_dict(self) -> ConfigDict:
        """The form that the command line overrides.

        A field that may be None is a placeholder of its type; `from_dict(config_dict.to_dict())` is the way back.
        """
        hints = typing.get_type_hints(type(self))
        config = ConfigDict()
        for name, value in self._entries():
            types = [kind for kind in typing.get_args(hints[name]) if kind is not type(None)]
            if isinstance(value, Config):
                config[name] = value.to_config_dict()
            elif type(None) in typing.get_args(hints[name]):
                config[name] = FieldReference(value, field_type=types[0])
            else:
                config[name] = value
        return config

    def _entries(self) -> Iterator[tuple[str, Any]]:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is not None or not field.metadata.get("optional"):
                yield field.name, value

    @classmethod
    def taken_from(cls, keywords: dict[str, Any]) -> Self:
        """Makes an instance of those of a function's keywords that are fields, and removes them from `keywords`."""
        names = [field.name for field in dataclasses.fields(cls) if field.name in keywords]
        return cls(**{name: keywords.pop(name) for name in names})


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value  # JSON has no tuples.


_SCALARS: dict[type, tuple[type, str, str]] = {
    bool: (bool, "True or False", "truth values"),
    int: (numbers.Integral, "a whole number", "whole numbers"),
    float: (numbers.Real, "a number", "numbers"),
    str: (str, "a string", "strings"),
}
"""By the type of a field what a value must be an instance of, and what messages call one of them and several."""


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of a field's type: a scalar, a tuple of one type of scalars, a group, or one of them or None.

    A whole number is a number, and neither is a truth value.
    """
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is tuple:
        return isinstance(value, tuple) and all(_fits(element, arguments[0]) for element in value)
    if arguments:
        return any(_fits(value, argument) for argument in arguments)
    if isinstance(value, bool):
        return hint is bool
    return isinstance(value, _SCALARS[hint][0] if hint in _SCALARS else hint)


def _description(hint: Any) -> str:
    """What a field's value must be, for error messages."""
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is tuple:
        return f"a tuple of {_SCALARS[arguments[0]][2]}"
    if arguments:
        return " or ".join(map(_description, arguments))
    if hint is type(None):
        return "None"
    return _SCALARS[hint][1] if hint in _SCALARS else "a dictionary of settings"


def documentation(documented: Callable[..., Any]) -> dict[str, tuple[str, str]]:
    """The type and the documentation, one sentence, of each field of a dataclass or argument of a function.

    Args:
        documented: A dataclass or function whose docstring documents the fields under "Attributes:", or the arguments
            under "Args:", in the Google style.
    """
    doc = inspect.getdoc(documented) or ""
    entries = re.findall(r"^    (\w+): (.*(?:\n {5,}.*)*)", re.split("(?:Attributes|Args):\n", doc)[-1], re.MULTILINE)
    sentences = {name: re.split(r"(?<=[.;]) ", " ".join(text.split()))[0].rstrip(".;") + "." for name, text in entries}
    types = {name: str(kind) for name, kind in documented.__annotations__.items()}
    return {name: (types[name], sentence) for name, sentence in sentences.items() if name in types}
