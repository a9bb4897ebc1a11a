"""The folder of a pretrained domain, as those in `savedmodels/`: where it may go, and how it is written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from latent_xlate import files
from latent_xlate.domains.domain import DOMAIN_FILE, Domain

RUNS = "runs"
"""Folder of the data set and the trainings within the folder of a domain that `make_domain` makes."""

NUM_LATENTS = {"train": 10_000, "test": 2_000}
"""Most latents of data that ship with a domain, by split."""


def check_folder(folder: str | os.PathLike) -> Path:
    """Returns the folder that a domain is to be written to.

    Raises:
        ValueError: The folder cannot be written, or holds something other than a domain.
    """
    folder = files.output_folder(folder)
    holds_other = folder.is_dir() and any(path.name != RUNS for path in folder.iterdir())
    if holds_other and not (folder / DOMAIN_FILE).exists():
        raise ValueError(f"{folder} holds something else than a domain; give another --output.")
    return folder


def write_domain(domain: Domain, folder: Path, finish: Callable[[Domain, Path], str], dtype: str = "float16") -> Domain:
    """Writes the folder of a domain. It appears whole or not at all. Its `RUNS` stay.

    Args:
        domain: The domain.
        folder: Where it goes.
        dtype: Of the weights in the folder.
        finish: Called with the domain as it ships, its weights rounded to `dtype`, and with the folder that its
            files lie in for now. Writes the files that belong there besides and returns the model card.

    Returns:
        The domain as it ships.
    """

    def write(temporary: Path) -> None:
        shipped = Domain.load(domain.save(temporary, dtype=dtype))
        (temporary / "MODEL_CARD.md").write_text(finish(shipped, temporary))

    if not (folder / RUNS).exists():
        return Domain.load(files.write_atomically(folder, write))
    made = files.write_atomically(folder / RUNS / "domain", write)
    files.remove(folder / DOMAIN_FILE)  # Without it there is no domain, until all of the new one is there.
    for path in sorted(made.iterdir(), key=lambda path: path.name == DOMAIN_FILE):
        path.replace(folder / path.name)
    made.rmdir()
    return Domain.load(folder)
