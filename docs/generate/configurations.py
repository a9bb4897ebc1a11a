"""Writes the reference of the configurations: each that ships, its modes, and its fields."""

from __future__ import annotations

import importlib
from pathlib import Path

import mkdocs_gen_files

from latent_xlate.configs import _listing, list_configs

ROOT = Path(__file__).resolve().parents[2]


def section(name: str) -> str:
    """The section of one configuration: its fields in the default mode, and where another mode differs, in that."""
    module = importlib.import_module(f"latent_xlate.configs.{name}")
    default = _listing.default_mode(name)
    rows = ["| field | meaning and value |", "|---|---|"]
    for field in _listing.fields(name):
        changes = "".join(f"<br>`{mode}`: `{value}`" for mode, value in field.changes.items())
        rows.append(f"| `{field.name}` | {field.documentation}<br>`{field.value}`{changes} |")
    modes = ", ".join(f"`{mode}` (the default)" if mode == default else f"`{mode}`" for mode in module.MODES)
    return f"## {name}\n\n{module.__doc__}\n\nModes: {modes}.\n\n" + "\n".join(rows) + "\n"


def write_configurations() -> None:
    """Writes the page."""
    with mkdocs_gen_files.open("reference/configurations.md", "w") as file:
        file.write((ROOT / "docs" / "generate" / "configurations.md").read_text(encoding="utf-8"))
        file.write("\n" + "\n".join(map(section, list_configs())))


write_configurations()
