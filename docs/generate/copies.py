"""Brings into the site what lies elsewhere in the repository: model cards, the changelog, how to contribute."""

from __future__ import annotations

import re
from pathlib import Path

import mkdocs_gen_files

ROOT = Path(__file__).resolve().parents[2]

PAGES = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md", "SECURITY.md": "security.md"}
"""Files at the top of the repository, and the pages that they become."""


def to_site(text: str) -> str:
    """The text with its links to files of the repository turned into links to pages of the site."""
    for name, page in PAGES.items():
        text = text.replace(f"]({name}", f"]({page}")
    return re.sub(r"\]\(docs/", "](", text)


for name, page in PAGES.items():
    with mkdocs_gen_files.open(page, "w") as file:
        file.write(to_site((ROOT / name).read_text(encoding="utf-8")))

cards = sorted((ROOT / "savedmodels").glob("*/MODEL_CARD.md"))
nav = mkdocs_gen_files.Nav()
for card in cards:
    name = card.parent.name
    nav[name] = f"{name}.md"
    with mkdocs_gen_files.open(f"model_cards/{name}.md", "w") as file:
        file.write(card.read_text(encoding="utf-8"))
with mkdocs_gen_files.open("model_cards/SUMMARY.md", "w") as file:
    file.writelines(nav.build_literate_nav())
