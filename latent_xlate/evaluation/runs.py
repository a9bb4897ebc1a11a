"""Evaluation of translators in folders, say of several seeds, on held-out latents read from files."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from latent_xlate import checks, training
from latent_xlate.bridge.bridge_training import LATENTS, load_latents
from latent_xlate.bridge.latents import Latents, encode_images
from latent_xlate.data import images
from latent_xlate.domains import pretrained
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.image_domain import ImageDomain
from latent_xlate.evaluation import figures, report
from latent_xlate.evaluation.accuracy import PROTOCOLS, LabelledData, evaluate_translator
from latent_xlate.translator import Translator

_METRICS_FILE = "metrics.json"
_TABLE_FILE = "table.md"
_FIGURES_FOLDER = "figures"


def evaluate_runs(
    folders: Sequence[str],
    output: str | os.PathLike,
    latents: str = "shipped",
    data_dir: str | None = None,
    protocol: str = "held_out",
    seed: int = 0,
    with_figures: bool = True,
) -> str:
    """Evaluates translators of the same domains and writes `metrics.json`, `table.md` and figures.

    Args:
        folders: Of translators, as `Translator.save` writes them.
        output: Folder of what is written.
        latents: "shipped" (those in `savedmodels/`) or "dataset" (encodes the data sets of the
            domains, and measures the base models on them too).
        data_dir: Folder of TFDS data sets; None for the default.
        protocol: One of the names in `accuracy.PROTOCOLS`.
        seed: Of the evaluation.
        with_figures: Whether to draw the first translator's translations and confusion matrices.

    Returns:
        The table.

    Raises:
        ValueError: Unknown `latents` or `protocol`, no translator in a folder, translators of differing
            domains, or no data for one.
    """
    checks.known(latents, LATENTS, "kind of latents")
    rules = PROTOCOLS[checks.known(protocol, PROTOCOLS, "protocol")]
    output = training.output_folder(output)
    translators = [Translator.load(folder) for folder in folders]
    for folder, translator in zip(folders, translators, strict=True):
        if set(translator.names) != set(translators[0].names):
            raise ValueError(
                f"{folder} is of {', '.join(translator.names)}, {folders[0]} of {', '.join(translators[0].names)}; "
                "runs with a common mean are of the same domains."
            )
    load_images = functools.cache(images.load)
    used: list[dict[str, Latents]] = []
    runs: list[dict[str, Any]] = []
    for folder, translator in zip(folders, translators, strict=True):
        of: dict[str, Latents] = {}
        data: dict[str, LabelledData] = {}
        for name, domain in translator.domains.items():
            if latents == "shipped":
                of[name] = _shipped_latents(domain, rules.split, folder)
            else:
                labelled = load_images(_dataset(domain), rules.split, data_dir).take(slice(0, rules.max_instances))
                of[name] = encode_images(domain, labelled)
                data[name] = labelled.unit_images, labelled.labels
        used.append(of)
        runs.append({"translator": str(folder), **evaluate_translator(translator, of, protocol, data, seed)})
    summary = report.summarise(runs)
    text = report.table(summary)
    content = {"latents": latents, "split": rules.split, "summary": summary, "runs": runs}
    training.write_json(output / _METRICS_FILE, content)
    training.write_atomically(output / _TABLE_FILE, lambda path: path.write_text(text, encoding="utf-8"))
    if with_figures:
        write_figures(translators[0], used[0], runs[0], output / _FIGURES_FOLDER)
    return text


def write_figures(
    translator: Translator, latents: Mapping[str, Latents], metrics: Mapping[str, Any], folder: str | os.PathLike
) -> None:
    """Draws, for each ordered pair of domains, translations and the confusion matrix.

    Args:
        translator: Makes the translations, of means.
        latents: Each domain's; one instance of each class is shown.
        metrics: Of `evaluate_translator`.
        folder: Gets `<source>_to_<target>.png`, where both are of images, and
            `<source>_to_<target>_confusion.png`, where both have a judge.
    """
    for pair, scores in metrics["transfers"].items():
        source, target = translator.domain(scores["source"]), translator.domain(scores["target"])
        if _is_image(source) and _is_image(target):
            _, shown = np.unique(latents[source.name].labels, return_index=True)
            z = tf.constant(latents[source.name].mu[shown])
            rows = [source.decode(z), target.decode(translator.translate_latents(z, source.name, target.name))]
            captions = [source.name, f"to {target.name}"]
            figures.image_grid(Path(folder) / f"{pair}.png", [row.numpy() for row in rows], captions)
        if "confusion" in scores:
            figures.confusion_figure(
                Path(folder) / f"{pair}_confusion.png",
                scores["confusion"],
                source.name,
                target.name,
                source.class_names,
                target.class_names,
            )


def _shipped_latents(domain: Domain, split: str, folder: str) -> Latents:
    """Latents that ship with a domain's namesake; ValueError unless a translator's domain decodes them alike."""
    whose = f"domain {domain.name!r} of {folder}"
    way_out = "Measure on those of its data set: --latents=dataset."
    if domain.name not in pretrained.names():
        raise ValueError(f"No latents ship for {whose}, only for {', '.join(pretrained.names()) or 'none'}. {way_out}")
    latents = load_latents(domain, domain.name, "shipped", split)
    z = tf.constant(latents.mu[:16])
    # Within what float16 weights cost.
    if not np.allclose(domain.decode(z), pretrained.load(domain.name).decode(z), atol=0.02):
        raise ValueError(f"The latents that ship are not those of {whose}, which is another model. {way_out}")
    return latents


def _dataset(domain: Domain) -> str:
    if not isinstance(domain, ImageDomain):
        raise ValueError(f"Domain {domain.name!r} is not of images, so no data set of them can be encoded.")
    return domain.dataset


def _is_image(domain: Domain) -> bool:
    return len(domain.data_shape) == 3 and domain.data_shape[-1] in (1, 3)
