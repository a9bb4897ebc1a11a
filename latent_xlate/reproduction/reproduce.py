"""Reproduces tables and figures of the paper, and writes a report that sets our numbers beside theirs."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from latent_xlate import __version__, checks, documents, files
from latent_xlate.reproduction import (
    diagrams,
    ellipse_figures,
    image_figures,
    interpolation_figures,
    label_study,
    label_tables,
    shared_space,
    training_time,
    transfer_tables,
)
from latent_xlate.reproduction.experiments import Settings
from latent_xlate.reproduction.sections import Section
from latent_xlate.reproduction.study import Study

ALL = "all"

_MODULES = (
    transfer_tables, label_tables, training_time, ellipse_figures, image_figures, interpolation_figures, diagrams,
    shared_space, label_study,
)  # fmt: skip

_ORDER = (
    "table1", "table2", "table3", "table4", "table5", "training_time", "figure2", "figure3", "figure4", "figure5",
    "figure6", "figure7", "figure8", "figure9", "figure10", "figure11", "shared_space", "few_labels",
)  # fmt: skip

_UNORDERED: dict[str, Section] = {name: each for module in _MODULES for name, each in module.SECTIONS.items()}

SECTIONS: dict[str, Section] = {name: _UNORDERED[name] for name in _ORDER}
"""By name, in the order of the report: tables, figures, and what the paper does not have."""

_RENAMED = {"table6": "table5"}
"""New names of sections, by the old ones, which are still understood."""

_NOTES = {
    "table5": "table5 is the paper's Table 5, the class mapping; training time, which had this name, is training_time.",
    "table6": "table6 is called table5 now, as in the paper.",
}
"""By the name that was asked for, what has changed about it."""


def reproduce(what: Sequence[str], output: str | os.PathLike, settings: Settings) -> Path:
    """Trains what is needed, draws, and writes `report.md` and `report.html`.

    A call that was interrupted continues where it was when it is repeated; finished runs and measurements in the
    folder are used again.

    Args:
        what: Names in `SECTIONS`, or "all": the sections of the report. An old name of a section is replaced, with
            a FutureWarning that says by which.
        output: Folder that everything is written to.
        settings: Settings of the reproduction.

    Returns:
        Path of `report.html`.

    Raises:
        ValueError: An unknown name, data sets that are not prepared, or nothing can be written to `output`.
    """
    for name in what:
        if name in _NOTES:
            warnings.warn(_NOTES[name], FutureWarning, stacklevel=2)
    what = [checks.known(_RENAMED.get(name, name), [ALL, *SECTIONS], "table or figure") for name in what]
    chosen = {name: section for name, section in SECTIONS.items() if ALL in what or name in what}
    study = Study(output, settings)
    runs = {
        study.run_folder(run): run
        for section in chosen.values()
        for run in section.runs(settings)
        if not study.lacks(run)
    }
    parts = []
    with tqdm(total=len(runs) + len(chosen), desc="reproduce", unit="part") as bar:
        for folder, run in runs.items():
            bar.set_postfix_str(folder.name)
            study.train(run)
            bar.update()
        for name, section in chosen.items():
            bar.set_postfix_str(name)
            parts.append(f"## {section.title}\n\n{section.write(study)}\n")
            bar.update()
    text = "\n".join([_head(settings), *parts])
    files.write_atomically(study.output / "report.md", lambda path: path.write_text(text, encoding="utf-8"))
    page = documents.page(text)
    return files.write_atomically(study.output / "report.html", lambda path: path.write_text(page, encoding="utf-8"))


def _head(settings: Settings) -> str:
    if settings.quick:
        how = (
            "**Quick: small networks and a few steps on the latents that ship, to see that all of it works. The "
            "numbers mean nothing.**"
        )
    else:
        steps = "" if settings.num_steps is None else f", {settings.num_steps:,} steps"
        how = (
            f"Bridges have the settings `{settings.mode}`{steps}. All is measured on held-out test data, at the means "
            "of the posteriors (protocol `held_out`)."
        )
    return (
        "# Latent translation, reproduced\n\n"
        "The tables and figures of [Tian and Engel, 2019](https://arxiv.org/abs/1902.08261), by latent_xlate "
        f"{__version__}, ours beside theirs. {how}\n"
    )
