"""The listing of the configurations that ship, as `--list_configs` prints it."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from collections.abc import Iterator
from typing import Any

from ml_collections import ConfigDict

from latent_xlate.baselines.baseline_config import BaselineConfig
from latent_xlate.bridge.bridge_config import BridgeConfig
from latent_xlate.configs import list_configs
from latent_xlate.configuration import Config, documentation
from latent_xlate.domains.speech.wavegan_training import WaveGANSettings, train_wavegan

_WIDEST = 40
"""Most characters to which a column is padded."""


def describe_configs() -> str:
    """Every configuration: its modes, and of each field the type, the value in each mode, and the documentation."""
    return "\n\n".join(map(describe_config, list_configs()))


def describe_config(name: str) -> str:
    """A configuration: its title, its modes, and a line for each field. Args as in `configs.load`, without a mode."""
    module = importlib.import_module(f"latent_xlate.configs.{name}")
    default = default_mode(name)
    rows = []
    for field in fields(name):
        changes = [f"{mode}: {value!r}" for mode, value in field.changes.items()]
        shown = f"{field.value!r} ({', '.join(changes)})" if changes else repr(field.value)
        rows.append((field.name, field.type, shown, field.documentation))
    widths = [min(_WIDEST, max(len(row[column]) for row in rows)) for column in range(3)]
    title = (inspect.getdoc(module) or "").partition("\n")[0]
    modes = ", ".join(f"{mode} (default)" if mode == default else mode for mode in module.MODES)
    lines = [f"{name}: {title}", f"  Modes: {modes}."]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        lines.append("  " + "  ".join([*cells, row[3]]))
    return "\n".join(lines)


@dataclasses.dataclass(frozen=True)
class Field:
    """A field of a configuration that ships.

    Attributes:
        name: The field, those of groups as GROUP.FIELD.
        type: Its type, as the code states it.
        value: Its value in the default mode.
        changes: Its value in each mode where it is another; None where the mode has no such group.
        documentation: One sentence.
    """

    name: str
    type: str
    value: Any
    changes: dict[str, Any]
    documentation: str


def default_mode(name: str) -> str:
    """The mode of a configuration where none is given."""
    module = importlib.import_module(f"latent_xlate.configs.{name}")
    (parameter,) = inspect.signature(module.get_config).parameters.values()
    return str(parameter.default)


def fields(name: str) -> list[Field]:
    """The fields of a configuration."""
    module = importlib.import_module(f"latent_xlate.configs.{name}")
    default = default_mode(name)
    configs = {mode: module.get_config(mode) for mode in module.MODES}
    values = {mode: dict(_flat(config.to_dict())) for mode, config in configs.items()}
    documented = _documentation(configs[default])
    return [
        Field(
            field,
            documented[field][0],
            value,
            {mode: of_mode.get(field) for mode, of_mode in values.items() if of_mode.get(field) != value},
            documented[field][1],
        )
        for field, value in values[default].items()
    ]


def _documentation(config: ConfigDict) -> dict[str, tuple[str, str]]:
    """Type and documentation of each field, those of groups as GROUP.FIELD."""
    values = config.to_dict()
    for kind in (BridgeConfig, BaselineConfig):
        if not list(kind.missing(values)):
            return _documentation_of(kind, values)
    groups = {f"settings.{name}": entry for name, entry in documentation(WaveGANSettings).items()}
    return documentation(train_wavegan) | groups


def _documentation_of(kind: type[Config], values: dict[str, Any]) -> dict[str, tuple[str, str]]:
    documented = documentation(kind)
    for name, group in kind.group_types(values).items():
        documented |= {f"{name}.{field}": entry for field, entry in documentation(group).items()}
    return documented


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
