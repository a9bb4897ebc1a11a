"""The main job on what the project ships: train, evaluate, export and use a bridge, and show it on a page."""

from __future__ import annotations

import dataclasses
import functools
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

from latent_xlate import figures, files
from latent_xlate.bridge_training import train_bridge
from latent_xlate.domains.domain import SOUND, Domain
from latent_xlate.evaluation import report
from latent_xlate.evaluation.accuracy import evaluate_translator
from latent_xlate.latents.interpolation import interpolate
from latent_xlate.latents.latents import Latents
from latent_xlate.latents.sources import latent_kinds, load_latents
from latent_xlate.serving.export import export_translator, load_export
from latent_xlate.translator import Translator

EXAMPLES_PER_CLASS = 3
INTERPOLATION_POINTS = 10


@dataclasses.dataclass(frozen=True)
class _Part:
    """A part of the page.

    Attributes:
        heading: Above it.
        pictures: Files of figures, with their captions.
        media: Of pairs that involve sounds, files and their translations.
    """

    heading: str
    pictures: Mapping[Path, str]
    media: list[tuple[Path, Path]]


def quickstart(config: ConfigDict, output: str | os.PathLike) -> Path:
    """Trains the bridge that `config` describes and writes what it does.

    Args:
        config: Of two domains or more that have pictures of their data, and whose latents ship with them.
        output: Folder. Gets `run/` (the training), `translator/<version>/` (the SavedModel),
            `figures/`, `metrics.json` and `index.html`.

    Returns:
        Path of `index.html`.
    """
    output = Path(output)
    start = time.perf_counter()
    translator = train_bridge(config, output / "run")
    seconds = time.perf_counter() - start
    translator.save(output / "run" / "translator")

    domains = translator.domains.values()
    kinds = latent_kinds(config.latents, len(domains))
    latents = {  # Of several kinds that a domain learnt from, the first.
        domain.name: load_latents(domain, folder, kind.partition("+")[0], "test")
        for domain, folder, kind in zip(domains, config.domains, kinds, strict=True)
    }
    metrics = evaluate_translator(translator, latents)
    summary = report.summarise([metrics])
    files.write_json(output / "metrics.json", {"training_seconds": round(seconds, 1), **metrics})

    exported = export_translator(translator, output)
    parts = _draw(load_export(exported), translator, latents, metrics, output / "figures")
    page = _page(report.table(summary), seconds, exported.relative_to(output), parts)
    path = files.write_atomically(output / "index.html", lambda file: file.write_text(page, encoding="utf-8"))
    print(report.table(summary))
    print(f"Training took {seconds:.0f} s. SavedModel: {exported}\nOpen {path.resolve()} in a browser.")
    return path


def _draw(
    exported: Any,
    translator: Translator,
    latents: Mapping[str, Latents],
    metrics: Mapping[str, Any],
    folder: Path,
) -> list[_Part]:
    """Draws each pair's translations, through the exported signatures, and interpolations."""
    signatures = exported.signatures
    parts = []
    for source, target in itertools.permutations(translator.domains.values(), 2):
        pair = f"{source.name}_to_{target.name}"
        examples, per_class = _examples(latents[source.name])
        z = tf.constant(examples.mu)
        x = source.decode(z)
        if source.has_encoder:
            translated = signatures[f"{pair}_arrays"](x=x)["x"]
        else:
            translated = target.decode(signatures[f"{pair}_latents"](z=z)["z"])
        columns = [source.pictures(x).numpy(), target.pictures(translated).numpy()]
        rows = [column[i::per_class] for i in range(per_class) for column in columns]
        pictures = {
            figures.image_grid(
                folder / f"{pair}.png", rows, [source.name, target.name] * per_class
            ): "Source above translation, instances of each class; of sounds their spectrograms.",
            _draw_interpolation(
                signatures, source, target, latents[source.name], folder / f"{pair}_interpolation.png"
            ): "Interpolation in the source's latent space, within a class and between two classes, and the "
            "translation of every point.",
        }
        if "confusion" in metrics["transfers"].get(pair, {}):
            confusion = figures.confusion_figure(
                folder / f"{pair}_confusion.png",
                metrics["transfers"][pair]["confusion"],
                source.name,
                target.name,
                source.class_names,
                target.class_names,
            )
            pictures[confusion] = "Classes before and after translation, as the judges of the two domains see them."
        media = []
        if SOUND in (source.file_suffix, target.file_suffix):
            contents = source.write(x[::per_class]), target.write(translated[::per_class])
            media = _write_media(folder, pair, source, target, *contents)
        parts.append(_Part(f"{source.name} to {target.name}", pictures, media))
    return parts


def _write_media(
    folder: Path, pair: str, source: Domain, target: Domain, before: tf.Tensor, after: tf.Tensor
) -> list[tuple[Path, Path]]:
    """Writes files, string [n] each, and their translations, to be looked at or listened to."""
    media = []
    for number, contents in enumerate(zip(before.numpy(), after.numpy(), strict=True)):
        names = f"{pair}_{number}_source{source.file_suffix}", f"{pair}_{number}{target.file_suffix}"
        paths = [
            files.write_atomically(folder / name, functools.partial(Path.write_bytes, data=content))
            for name, content in zip(names, contents, strict=True)
        ]
        media.append((paths[0], paths[1]))
    return media


def _draw_interpolation(
    signatures: Mapping[str, Any], source: Domain, target: Domain, latents: Latents, path: Path
) -> Path:
    """Draws the way between two instances of a class, and between two classes, above its translation."""
    rows, captions = [], []
    for first, second in ((3, 3), (0, 1)):
        start, end = (latents.mu[latents.labels == label][i] for i, label in enumerate((first, second)))
        z = interpolate(start, end, INTERPOLATION_POINTS)
        translated = signatures[f"{source.name}_to_{target.name}_latents"](z=z)["z"]
        rows += [source.pictures(source.decode(z)).numpy(), target.pictures(target.decode(translated)).numpy()]
        captions += [f"{source.name}, class {first}" + (f" to {second}" if first != second else ""), "translated"]
    return figures.image_grid(path, rows, captions)


def _examples(latents: Latents) -> tuple[Latents, int]:
    """Instances of every class in turn, and how many of each."""
    classes, counts = np.unique(latents.labels, return_counts=True)
    per_class = min(EXAMPLES_PER_CLASS, int(np.min(counts)))
    of_class = [np.flatnonzero(latents.labels == c)[:per_class] for c in classes]
    return latents.take(np.concatenate(of_class)), per_class


def _page(table: str, seconds: float, exported: Path, parts: list[_Part]) -> str:
    sections = "\n".join(_section(part) for part in parts)
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>latent_xlate quickstart</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
figure {{ margin: 1rem 0 2rem; }} img {{ max-width: 100%; }} figcaption {{ color: #555; }}
.media p {{ display: inline-block; margin: .5rem; }} .media img {{ width: 56px; image-rendering: pixelated; }}
.media audio {{ width: 14rem; }} .media * {{ vertical-align: middle; }}
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


def _section(part: _Part) -> str:
    lines = [f"<h2>{html.escape(part.heading)}</h2>"]
    lines += [
        f'<figure><img src="figures/{path.name}" alt="{html.escape(caption)}">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
        for path, caption in part.pictures.items()
    ]
    if part.media:
        pairs = "".join(f"<p>{_medium(before)} {_medium(after)}</p>" for before, after in part.media)
        lines.append(f'<div class="media">{pairs}</div><p>An instance of each class, and its translation.</p>')
    return "\n".join(lines)


def _medium(path: Path) -> str:
    name = html.escape(path.name)
    if path.suffix == SOUND:
        return f'<audio controls preload="none" src="figures/{name}"></audio>'
    return f'<img src="figures/{name}" alt="{name}">'


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
