"""The main job on what the project ships: train, evaluate, export and use a bridge, and show it on a page."""

from __future__ import annotations

import html
import itertools
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from latent_xlate import training
from latent_xlate.bridge.bridge_training import load_latents, train_bridge
from latent_xlate.bridge.interpolation import interpolate
from latent_xlate.bridge.latents import Latents
from latent_xlate.domains.domain import Domain
from latent_xlate.evaluation import figures, report
from latent_xlate.evaluation.accuracy import evaluate_translator
from latent_xlate.serving.export import export_translator, load_export
from latent_xlate.translator import Translator

EXAMPLES_PER_CLASS = 3
INTERPOLATION_POINTS = 10


def quickstart(config: ConfigDict, output: str | os.PathLike) -> Path:
    """Trains the bridge that `config` describes and writes what it does.

    Args:
        config: Of two domains of images or more, whose latents ship with them.
        output: Folder. Gets `run/` (the training), `translator/<version>/` (the SavedModel),
            `figures/`, `metrics.json` and `index.html`.

    Returns:
        Path of `index.html`.
    """
    output = Path(output)
    start = time.perf_counter()
    domains, bridge = train_bridge(config, output / "run")
    seconds = time.perf_counter() - start
    translator = Translator(domains, bridge)
    translator.save(output / "run" / "translator")

    latents = {
        domain.name: load_latents(domain, folder, "shipped", "test")
        for domain, folder in zip(domains, config.domains, strict=True)
    }
    metrics = evaluate_translator(translator, latents)
    summary = report.summarise([metrics])
    training.write_json(output / "metrics.json", {"training_seconds": round(seconds, 1), **metrics})

    exported = export_translator(translator, output)
    pictures = _draw(load_export(exported), translator, latents, metrics, output / "figures")
    page = _page(report.table(summary), seconds, exported.relative_to(output), pictures)
    path = training.write_atomically(output / "index.html", lambda file: file.write_text(page, encoding="utf-8"))
    print(report.table(summary))
    print(f"Training took {seconds:.0f} s. SavedModel: {exported}\nOpen {path.resolve()} in a browser.")
    return path


def _draw(
    exported: Any,
    translator: Translator,
    latents: Mapping[str, Latents],
    metrics: Mapping[str, Any],
    folder: Path,
) -> list[tuple[str, list[Path]]]:
    """Draws each pair's translations, through the exported signatures, and interpolations.

    Returns:
        Heading and pictures of each part of the page.
    """
    signatures = exported.signatures
    parts = []
    for source, target in itertools.permutations(translator.domains.values(), 2):
        pair = f"{source.name}_to_{target.name}"
        files = source.write(source.decode(tf.constant(_examples(latents[source.name]).mu)))
        translated = target.read(signatures[pair](data_bytes=files)["data_bytes"])
        rows = [
            row
            for i in range(EXAMPLES_PER_CLASS)
            for row in (source.read(files)[i::EXAMPLES_PER_CLASS], translated[i::EXAMPLES_PER_CLASS])
        ]
        pictures = [
            figures.image_grid(
                folder / f"{pair}.png", [row.numpy() for row in rows], [source.name, target.name] * EXAMPLES_PER_CLASS
            ),
            _draw_interpolation(signatures, source, target, latents[source.name], folder / f"{pair}_interpolation.png"),
            figures.confusion_figure(
                folder / f"{pair}_confusion.png",
                metrics["transfers"][pair]["confusion"],
                source.name,
                target.name,
                source.class_names,
                target.class_names,
            ),
        ]
        parts.append((f"{source.name} to {target.name}", pictures))
    return parts


def _draw_interpolation(
    signatures: Mapping[str, Any], source: Domain, target: Domain, latents: Latents, path: Path
) -> Path:
    """Draws the way between two instances of a class, and between two classes, above its translation."""
    rows, captions = [], []
    for first, second in ((3, 3), (0, 1)):
        start, end = (latents.mu[latents.labels == label][i] for i, label in enumerate((first, second)))
        z = interpolate(start, end, INTERPOLATION_POINTS)
        translated = signatures[f"{source.name}_to_{target.name}_latents"](z=z)["z"]
        rows += [source.decode(z).numpy(), target.decode(translated).numpy()]
        captions += [f"{source.name}, class {first}" + (f" to {second}" if first != second else ""), "translated"]
    return figures.image_grid(path, rows, captions)


def _examples(latents: Latents) -> Latents:
    """Instances of every class in turn."""
    classes = np.unique(latents.labels)
    return latents.take(np.concatenate([np.flatnonzero(latents.labels == c)[:EXAMPLES_PER_CLASS] for c in classes]))


def _page(table: str, seconds: float, exported: Path, parts: list[tuple[str, list[Path]]]) -> str:
    sections = "\n".join(
        f"<h2>{html.escape(heading)}</h2>\n"
        + "\n".join(
            f'<figure><img src="figures/{path.name}" alt="{html.escape(caption)}">'
            f"<figcaption>{html.escape(caption)}</figcaption></figure>"
            for path, caption in zip(pictures, _CAPTIONS, strict=True)
        )
        for heading, pictures in parts
    )
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>latent_xlate quickstart</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
figure {{ margin: 1rem 0 2rem; }} img {{ max-width: 100%; }} figcaption {{ color: #555; }}
.table {{ overflow-x: auto; }} table {{ border-collapse: collapse; }}
th, td {{ border: 1px solid #ccc; padding: .2rem .6rem; text-align: left; }}
</style>
<h1>A bridge between latent spaces</h1>
<p>A small VAE learned, in {seconds:.0f} seconds on this machine, to translate between the latent spaces of
pretrained models that were never trained together and are left as they are. What follows are held-out test
instances, translated through the exported SavedModel in <code>{html.escape(str(exported))}</code>.</p>
{sections}
<h2>Numbers</h2>
<div class="table">{_html_tables(table)}</div>
</html>
"""


_CAPTIONS = (
    "Source above translation, three instances of each class.",
    "Interpolation in the source's latent space, within a class and between two classes, and the translation of "
    "every point.",
    "Classes before and after translation, as the judges of the two domains see them.",
)


def _html_tables(markdown: str) -> str:
    blocks = []
    for block in markdown.strip().split("\n\n"):
        lines = block.splitlines()
        if not lines[0].startswith("|"):
            blocks.append(f"<p>{html.escape(block)}</p>")
            continue
        head, _, *body = ([html.escape(cell.strip()) for cell in line.strip("| ").split("|")] for line in lines)
        rows = ["".join(f"<th>{cell}</th>" for cell in head)] + ["".join(f"<td>{c}</td>" for c in row) for row in body]
        blocks.append("<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>")
    return "\n".join(blocks)
