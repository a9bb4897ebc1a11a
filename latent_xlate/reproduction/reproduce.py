"""Every table and figure of the paper, and the report that sets ours beside theirs."""

from __future__ import annotations

import html
import os
from collections.abc import Sequence
from pathlib import Path

import markdown
from tqdm import tqdm

from latent_xlate import __version__, checks, files
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


def _order(name: str) -> tuple[bool, bool, int]:
    digits = name.lstrip("abcdefghijklmnopqrstuvwxyz_")
    return not digits, name.startswith("figure"), int(digits or 0)


SECTIONS: dict[str, Section] = dict(
    sorted((pair for module in _MODULES for pair in module.SECTIONS.items()), key=lambda pair: _order(pair[0]))
)
"""By name, in the order of the report: tables, figures, what the paper does not have."""


def reproduce(what: Sequence[str], output: str | os.PathLike, settings: Settings) -> Path:
    """Trains what is needed, draws, and writes `report.md` and `report.html`.

    Killed at any moment, the same call goes on; runs and measurements that are there are not made again.

    Args:
        what: Names in `SECTIONS`, or "all"; the report holds these.
        output: Folder of all that is written.
        settings: What it is made with.

    Returns:
        Path of `report.html`.

    Raises:
        ValueError: An unknown name, data sets that are not prepared, or nothing can be written to `output`.
    """
    for name in what:
        checks.known(name, [ALL, *SECTIONS], "table or figure")
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
    page = _page(text)
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


def _page(text: str) -> str:
    body = markdown.markdown(text, extensions=["tables"], output_format="html")
    title = html.escape(text.partition("\n")[0].lstrip("# "))
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }}
img {{ max-width: 100%; }} em {{ color: #555; }}
table {{ border-collapse: collapse; display: block; overflow-x: auto; }}
th, td {{ border: 1px solid #ccc; padding: .2rem .6rem; text-align: left; }}
</style>
{body}
</html>
"""
