"""Writes a page for each command, from its module's docstring and its flags: the reference of the commands."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import mkdocs_gen_files
from absl import flags

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "reference/commands"

KINDS = {
    "": "NAME:MODE",
    "string": "TEXT",
    "int": "NUMBER",
    "float": "NUMBER",
    "comma separated list of strings": "A,B,…",
}
"""What the value of a flag looks like, by the type that absl names; "" is a configuration."""


def command_flags(module: str) -> list[flags.Flag]:
    """The flags that a command's module defines.

    They are forgotten afterwards, so that the next command can define flags of the same names.
    """
    found = sorted(flags.FLAGS.get_key_flags_for_module(module), key=lambda flag: flag.name)
    for flag in found:
        delattr(flags.FLAGS, flag.name)
    return found


def usage(flag: flags.Flag) -> str:
    """How a flag is written: `--seed=NUMBER`."""
    if flag.boolean:
        return f"--[no]{flag.name}"
    if isinstance(flag, flags.EnumFlag):
        return f"--{flag.name}={'|'.join(flag.parser.enum_values)}"
    return f"--{flag.name}={KINDS[flag.flag_type().removeprefix('multi ').removeprefix('config object')]}"


def traits(flag: flags.Flag) -> str:
    """Whether a flag is required, may be repeated, and its default."""
    notes = []
    if any("other than None" in validator.message for validator in flag.validators):
        notes.append("required")
    if isinstance(flag, flags.MultiFlag):
        notes.append("may be repeated")
    if flag.boolean and flag.default is not None:
        notes.append(f"default: {'on' if flag.default else 'off'}")
    elif flag.default not in (None, "", []):
        default = ",".join(map(str, flag.default)) if isinstance(flag.default, list) else flag.default
        notes.append(f"default: `{default}`")
    return f" *({', '.join(notes)})*" if notes else ""


def escape(text: str) -> str:
    """Plain text with code in backticks as Markdown: `*` and `<` outside of code are themselves."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(part if part.startswith("`") else re.sub(r"([*<])", r"\\\1", part) for part in parts)


def describe(flag: flags.Flag) -> str:
    """A flag as an item of a definition list."""
    # absl adds the values of an enum, which `usage` has, and that a flag may be repeated, which `traits` says.
    words = re.sub(r"^<[^>]*>: |;\s*repeat this option to specify a list of values$", "", flag.help or "")
    return f"`{usage(flag)}`\n:   {escape(words)}{traits(flag)}\n"


def manual(docstring: str) -> tuple[str, str]:
    """The first paragraph of a command's docstring, and the rest, as Markdown."""
    first, *blocks = docstring.strip().split("\n\n")
    return escape(first), "\n\n".join(block if block.startswith("    ") else escape(block) for block in blocks)


def write_commands() -> None:
    """Writes the pages, their overview, and `SUMMARY.md`, the navigation of their folder."""
    nav = mkdocs_gen_files.Nav()
    nav["Overview"] = "index.md"
    rows = []
    importlib.import_module("latent_xlate.cli")
    for path in sorted((ROOT / "latent_xlate" / "cli").glob("[!_]*.py")):
        name = path.stem
        module = importlib.import_module(f"latent_xlate.cli.{name}")
        title, text = manual(module.__doc__ or "")
        definitions = "\n".join(describe(flag) for flag in command_flags(module.__name__))
        with mkdocs_gen_files.open(f"{FOLDER}/{name}.md", "w") as file:
            file.write(f"# {name}\n\n{title}\n\n{text}\n\n## Flags\n\n{definitions}")
        nav[name] = f"{name}.md"
        rows.append(f"| [`{name}`]({name}.md) | {title} |")
    with mkdocs_gen_files.open(f"{FOLDER}/index.md", "w") as file:
        table = "\n".join(["| command | what it does |", "|---|---|", *rows])
        file.write((ROOT / "docs" / "generate" / "commands.md").read_text(encoding="utf-8").replace("TABLE", table))
    with mkdocs_gen_files.open(f"{FOLDER}/SUMMARY.md", "w") as file:
        file.writelines(nav.build_literate_nav())


write_commands()
