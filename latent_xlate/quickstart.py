"""Trains, evaluates, exports and uses a bridge between domains that ship, and shows it on a page."""

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

from latent_xlate import documents, figures, files
from latent_xlate.bridge_training import train_bridge
from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.domains.domain import Domain
from latent_xlate.evaluation import report
from latent_xlate.evaluation.accuracy import evaluate
from latent_xlate.latents.interpolation import interpolate
from latent_xlate.latents.latents import Latents
from latent_xlate.latents.sources import latent_kinds, load_latents
from latent_xlate.modalities.modality import Modality
from latent_xlate.serving.export import export_translator, load_export
from latent_xlate.serving.signature_name import Payload, SignatureName
from latent_xlate.translator import Translator

EXAMPLES_PER_CLASS = 3
INTERPOLATION_POINTS = 10

_Medium = tuple[Path, Modality]
"""A file and the kind of data in it."""


@dataclasses.dataclass(frozen=True)
class _Part:
    """A part of the page.

    Attributes:
        heading: Its heading.
        pictures: Captions of its figures, by file.
        media: Files and their translations, for pairs that involve sounds.
    """

    heading: str
    pictures: Mapping[Path, str]
    media: list[tuple[_Medium, _Medium]]


@dataclasses.dataclass(frozen=True)
class PageText:
    """What a page says of the domains that it shows.

    Attributes:
        template: Name of its template. `seconds`, `exported`, `sections` and `table` are filled in, and `columns`, the
            meanings of the table's columns.
        instances: Caption of the figures of instances above their translations.
        values: What else is filled in.
    """

    template: str = "quickstart.md"
    instances: str = "Source above translation, instances of each class; of sounds their spectrograms."
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)


def quickstart(config: ConfigDict, output: str | os.PathLike, text: PageText = PageText()) -> Path:
    """Trains the bridge that `config` describes, measures and exports it, and draws translations.

    Args:
        config: Configuration of two domains or more whose data can be shown as pictures and whose latents ship.
        output: Folder that gets `run/` (the training), `translator/<version>/` (the SavedModel),
            `examples/<domain>/<class>.*` (files to translate), `figures/`, `metrics.json` and `index.html`.
        text: What the page says.

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
    for name, own in latents.items():
        if len(np.unique(own.labels[own.labels != UNLABELLED])) < 2:
            raise ValueError(f"The page shows instances of classes, and domain {name!r} has none: use evaluate.")
    metrics = evaluate(translator, latents)
    summary = report.summarise([metrics])
    files.write_json(output / "metrics.json", {"training_seconds": round(seconds, 1), **metrics})

    for domain in domains:
        _write_examples(domain, latents[domain.name], output / "examples" / domain.name)

    exported = export_translator(translator, output)
    parts = _draw(load_export(exported), translator, latents, metrics, output / "figures", text.instances)
    filled = documents.fill(
        text.template,
        seconds=f"{seconds:.0f}",
        exported=exported.relative_to(output),
        sections="\n\n".join(map(_section, parts)),
        table=report.table(summary),
        columns="\n".join(f"- **{heading}**: {meaning}" for heading, meaning in report.meanings(summary).items()),
        **text.values,
    )
    page = documents.page(filled)
    path = files.write_atomically(output / "index.html", lambda file: file.write_text(page, encoding="utf-8"))
    print(report.table(summary))
    print(f"Training took {seconds:.0f} s. SavedModel: {exported}\nOpen {path.resolve()} in a browser.")
    return path


def _write_examples(domain: Domain, latents: Latents, folder: Path) -> None:
    """Writes a held-out instance of each class, decoded, as a file named after the class's label."""
    examples, per_class = _examples(latents)
    contents = domain.write(domain.decode(tf.constant(examples.mu[::per_class]))).numpy()
    for label, content in zip(examples.labels[::per_class], contents, strict=True):
        write = functools.partial(Path.write_bytes, data=content)
        files.write_atomically(folder / f"{label}{domain.file_suffix}", write)


def _draw(
    exported: Any,
    translator: Translator,
    latents: Mapping[str, Latents],
    metrics: Mapping[str, Any],
    folder: Path,
    instances: str,
) -> list[_Part]:
    """Draws translations and interpolations of each pair of domains, by the exported signatures."""
    signatures = exported.signatures
    parts = []
    for source, target in itertools.permutations(translator.domains.values(), 2):
        pair = SignatureName(source.name, target.name).pair
        examples, per_class = _examples(latents[source.name])
        z = tf.constant(examples.mu)
        x = source.decode(z)
        if source.has_encoder:
            translated = signatures[str(SignatureName(source.name, target.name, Payload.ARRAYS))](x=x)["x"]
        else:
            translated = target.decode(
                signatures[str(SignatureName(source.name, target.name, Payload.LATENTS))](z=z)["z"]
            )
        columns = [source.pictures(x).numpy(), target.pictures(translated).numpy()]
        rows = [column[i::per_class] for i in range(per_class) for column in columns]
        pictures = {
            figures.image_grid(folder / f"{pair}.png", rows, [source.name, target.name] * per_class): instances,
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
        if source.modality.is_played or target.modality.is_played:
            contents = source.write(x[::per_class]), target.write(translated[::per_class])
            media = _write_media(folder, pair, source, target, *contents)
        parts.append(_Part(f"{source.name} to {target.name}", pictures, media))
    return parts


def _write_media(
    folder: Path, pair: str, source: Domain, target: Domain, before: tf.Tensor, after: tf.Tensor
) -> list[tuple[_Medium, _Medium]]:
    """Writes the files in `before` and their translations in `after`, string [n] each."""
    media = []
    for number, contents in enumerate(zip(before.numpy(), after.numpy(), strict=True)):
        names = f"{pair}_{number}_source{source.file_suffix}", f"{pair}_{number}{target.file_suffix}"
        paths = [
            files.write_atomically(folder / name, functools.partial(Path.write_bytes, data=content))
            for name, content in zip(names, contents, strict=True)
        ]
        media.append(((paths[0], source.modality), (paths[1], target.modality)))
    return media


def _draw_interpolation(
    signatures: Mapping[str, Any], source: Domain, target: Domain, latents: Latents, path: Path
) -> Path:
    """Draws an interpolation within a class and one between two classes, each above its translation."""
    rows, captions = [], []
    for start, end in ends_of_interpolations(latents.labels):
        z = interpolate(latents.mu[start], latents.mu[end], INTERPOLATION_POINTS)
        translated = signatures[str(SignatureName(source.name, target.name, Payload.LATENTS))](z=z)["z"]
        rows += [source.pictures(source.decode(z)).numpy(), target.pictures(target.decode(translated)).numpy()]
        names = [source.class_names[label] for label in latents.labels[[start, end]]]
        captions += [f"{source.name}, class {' to '.join(dict.fromkeys(names))}", "translated"]
    return figures.image_grid(path, rows, captions)


def ends_of_interpolations(labels: np.ndarray) -> list[tuple[int, int]]:
    """Chooses two instances of a class, where one has two, and one of each of two classes.

    Args:
        labels: Integers [n], of two classes or more.

    Returns:
        Pairs of indices of instances.
    """
    of_class = [np.flatnonzero(labels == label).tolist() for label in np.unique(labels)]
    fourth_or_last = of_class[min(3, len(of_class) - 1)]
    within = fourth_or_last if len(fourth_or_last) > 1 else max(of_class, key=len)
    first, second = of_class[:2]
    pairs = [(within[0], within[1])] if len(within) > 1 else []
    return [*pairs, (first[0], second[min(1, len(second) - 1)])]


def _examples(latents: Latents) -> tuple[Latents, int]:
    """Returns instances, class after class, and the number of each class."""
    classes, counts = np.unique(latents.labels, return_counts=True)
    per_class = min(EXAMPLES_PER_CLASS, int(np.min(counts)))
    of_class = [np.flatnonzero(latents.labels == c)[:per_class] for c in classes]
    return latents.take(np.concatenate(of_class)), per_class


def _section(part: _Part) -> str:
    lines = [f"## {part.heading}"]
    lines += [f"![{caption}](figures/{path.name})\n\n*{caption}*" for path, caption in part.pictures.items()]
    if part.media:
        pairs = "".join(f"<p>{_embedded(*before)} {_embedded(*after)}</p>" for before, after in part.media)
        lines.append(f'<div class="media">{pairs}</div>\n\n*An instance of each class, and its translation.*')
    return "\n\n".join(lines)


def _embedded(path: Path, modality: Modality) -> str:
    name = html.escape(path.name)
    if modality.is_played:
        return f'<audio controls preload="none" src="figures/{name}"></audio>'
    return f'<img src="figures/{name}" alt="{name}">'
