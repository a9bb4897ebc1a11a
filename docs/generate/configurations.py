"""Writes the reference of the configurations: each that ships, its modes, and the fields of each mode."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mkdocs_gen_files
from ml_collections import ConfigDict

ROOT = Path(__file__).resolve().parents[2]


def modes(module: Any) -> list[str]:
    """The modes of a configuration, its default first, as it names them when asked for one that it has not."""
    try:
        module.get_config("?")
    except ValueError as error:
        names = re.findall(r"Known: (.+)\.$", str(error))[0].split(", ")
    (default,) = module.get_config.__defaults__
    return sorted(names, key=lambda name: (name != default, name))


def fields(config: ConfigDict, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Names and values of the fields, those of an inner configuration with its name and a dot in front."""
    for name, value in config.items():
        if isinstance(value, ConfigDict):
            yield from fields(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def section(name: str) -> str:
    """The section of one configuration: its fields in the default mode, and where another mode differs, in that."""
    module = importlib.import_module(f"latent_xlate.configs.{name}")
    by_mode = {mode: dict(fields(module.get_config(mode))) for mode in modes(module)}
    default, *others = by_mode
    rows = ["| field | value |", "|---|---|"]
    for field, value in by_mode[default].items():
        changes = [f"`{mode}`: `{by_mode[mode][field]}`" for mode in others if by_mode[mode][field] != value]
        rows.append(f"| `{field}` | `{value}`{''.join(f'<br>{change}' for change in changes)} |")
    names = ", ".join([f"`{default}` (the default)", *(f"`{mode}`" for mode in others)])
    return f"## {name}\n\n{module.__doc__}\n\nModes: {names}.\n\n" + "\n".join(rows) + "\n"


def write_configurations() -> None:
    """Writes the page."""
    names = sorted(path.stem for path in (ROOT / "latent_xlate" / "configs").glob("[!_]*.py") if path.stem != "base")
    with mkdocs_gen_files.open("reference/configurations.md", "w") as file:
        file.write((ROOT / "docs" / "generate" / "configurations.md").read_text(encoding="utf-8"))
        file.write("\n" + "\n".join(section(name) for name in names))


write_configurations()
