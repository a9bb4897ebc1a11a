"""Writes a page for each public module of the package: the reference of the Python API.

mkdocstrings fills the pages from the docstrings, without importing the package.
"""

from __future__ import annotations

from pathlib import Path

import mkdocs_gen_files

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "reference/api"


def modules() -> list[tuple[str, ...]]:
    """Names of the public modules in parts, without the package's own: `("bridge", "bridging_vae")`."""
    paths = (path.relative_to(ROOT / "latent_xlate") for path in (ROOT / "latent_xlate").rglob("*.py"))
    names = (path.parent.parts if path.stem == "__init__" else path.with_suffix("").parts for path in paths)
    return sorted(
        name
        for name in names
        # The commands have a reference of their own.
        if name[:1] not in {(), ("cli",)} and not any(part.startswith("_") for part in name)
    )


def write_api() -> None:
    """Writes the pages, and `SUMMARY.md`, the navigation of their folder."""
    names = [(), *modules()]
    nav = mkdocs_gen_files.Nav()
    for name in names:
        is_package = any(other[:-1] == name for other in names if other)
        page = Path(*name, "index.md") if is_package else Path(*name).with_suffix(".md")
        nav[name or ("latent_xlate",)] = page.as_posix()
        identifier = ".".join(("latent_xlate", *name))
        with mkdocs_gen_files.open(f"{FOLDER}/{page.as_posix()}", "w") as file:
            heading = identifier.replace(".", ".<wbr>")  # A phone's page is narrower than a long name.
            file.write(f"---\ntitle: {identifier.rpartition('.')[2]}\n---\n\n# {heading}\n\n::: {identifier}\n")
    with mkdocs_gen_files.open(f"{FOLDER}/SUMMARY.md", "w") as file:
        file.writelines(nav.build_literate_nav())


write_api()
