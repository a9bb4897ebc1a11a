"""Evaluation of translators in folders, say of several seeds, on held-out latents read from files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from latent_xlate import checks, figures, files
from latent_xlate.bridge.labels_seen import labels_seen
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains import pretrained
from latent_xlate.domains.domain import DOMAIN_FILE, Domain
from latent_xlate.evaluation import label_curve, report
from latent_xlate.evaluation.accuracy import PROTOCOLS, LabelledData, evaluate_translator
from latent_xlate.latents.encoding import encode_data
from latent_xlate.latents.latents import Latents
from latent_xlate.latents.sources import latent_kinds, load_latents
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
    labels_per_class: Sequence[int] = (),
) -> str:
    """Evaluates translators of the same domains and writes `metrics.json`, `table.md` and figures.

    Args:
        folders: Of translators, as `Translator.save` writes them.
        output: Folder of what is written.
        latents: "shipped" or "samples" (those in `savedmodels/`), or "dataset" (encodes the data sets of
            the domains, and measures the base models on them too); see `latent_sources.load_latents`.
            One for all domains, or, separated by commas, one for each, in the order of the first
            translator's.
        data_dir: Folder of TFDS data sets; None for the default.
        protocol: One of the names in `accuracy.PROTOCOLS`.
        seed: Of the evaluation.
        with_figures: Whether to draw the first translator's translations and confusion matrices.
        labels_per_class: Of translators that learnt from few labels, how many of each class: in the place of one
            mean over all runs there is one for each number, a curve.

    Returns:
        The table.

    Raises:
        ValueError: Unknown `latents` or `protocol`, no translator in a folder, translators of differing
            domains, or no data for one; or what `label_curve.group` raises.
    """
    rules = PROTOCOLS[checks.known(protocol, PROTOCOLS, "protocol")]
    output = files.output_folder(output)
    translators = [Translator.load(folder) for folder in folders]
    for folder, translator in zip(folders, translators, strict=True):
        if set(translator.names) != set(translators[0].names):
            raise ValueError(
                f"{folder} is of {', '.join(translator.names)}, {folders[0]} of {', '.join(translators[0].names)}; "
                "runs with a common mean are of the same domains."
            )
    seen = [{"translator": str(folder), **labels_seen(Path(folder).parent)} for folder in folders]
    if labels_per_class:
        label_curve.group(seen, labels_per_class)
    kinds = dict(zip(translators[0].names, latent_kinds(latents, len(translators[0].names)), strict=True))
    loaded: dict[str, Labelled] = {}
    used: list[dict[str, Latents]] = []
    runs: list[dict[str, Any]] = []
    for folder, translator, labels in zip(folders, translators, seen, strict=True):
        of: dict[str, Latents] = {}
        data: dict[str, LabelledData] = {}
        for name, domain in translator.domains.items():
            if kinds[name] == "dataset":
                key = json.dumps(domain.get_config())  # Runs of the same domains share what is read.
                if key not in loaded:
                    loaded[key] = domain.load_data(rules.split, data_dir)
                labelled = loaded[key].take(slice(0, rules.max_instances))
                of[name] = encode_data(domain, labelled)
                data[name] = labelled.floats, labelled.labels
            else:
                of[name] = _shipped_latents(domain, kinds[name], rules.split, folder, data_dir)
        used.append(of)
        measured = evaluate_translator(translator, of, protocol, data, seed)
        runs.append({**labels, **measured})
    content: dict[str, Any] = {"latents": kinds, "split": rules.split}
    if labels_per_class:
        groups = label_curve.group(runs, labels_per_class)
        content["curve"] = curve = label_curve.summarise_groups(groups)
        text = label_curve.table(curve)
        if with_figures:
            figures.write(label_curve.draw(groups), output / _FIGURES_FOLDER / "label_curve.svg")
    else:
        content["summary"] = report.summarise(runs)
        text = report.table(content["summary"])
    content["runs"] = runs
    sources = ", ".join(f"{kind} of {name}" for name, kind in kinds.items())
    text = f"Latents, split {rules.split}: {sources}.\n\n{text}"
    files.write_json(output / _METRICS_FILE, content)
    files.write_atomically(output / _TABLE_FILE, lambda path: path.write_text(text, encoding="utf-8"))
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
        if source.has_pictures and target.has_pictures:
            _, shown = np.unique(latents[source.name].labels, return_index=True)
            z = tf.constant(latents[source.name].mu[shown])
            translated = target.decode(translator.translate_latents(z, source.name, target.name))
            rows = [source.pictures(source.decode(z)).numpy(), target.pictures(translated).numpy()]
            figures.image_grid(Path(folder) / f"{pair}.png", rows, [source.name, f"to {target.name}"])
        if "confusion" in scores:
            figures.confusion_figure(
                Path(folder) / f"{pair}_confusion.png",
                scores["confusion"],
                source.name,
                target.name,
                source.class_names,
                target.class_names,
            )


def _shipped_latents(domain: Domain, kind: str, split: str, folder: str, data_dir: str | None) -> Latents:
    """Latents that lie with the domain a run learnt from, or a pretrained namesake's.

    Raises:
        ValueError: Neither is there, or a translator's domain does not decode them alike.
    """
    whose = f"domain {domain.name!r} of {folder}"
    way_out = "Measure on those of its data set: --latents=dataset."
    origin = _origin(domain, folder)
    if origin is None:
        raise ValueError(f"No latents ship for {whose}, only for {', '.join(pretrained.names()) or 'none'}. {way_out}")
    latents = load_latents(domain, origin, kind, split, data_dir)
    z = tf.constant(latents.mu[:16])
    # Within what float16 weights cost.
    if not np.allclose(domain.decode(z), pretrained.load(origin).decode(z), atol=0.02):
        raise ValueError(f"The latents that ship are not those of {whose}, which is another model. {way_out}")
    return latents


def _origin(domain: Domain, folder: str) -> str | None:
    """Where the domain of a translator came from: as its run's configuration says, or a pretrained domain's name."""
    try:
        config = json.loads((Path(folder).absolute().parent / "config.json").read_text())
        folders = list(config["domains"])
    except (OSError, ValueError, KeyError, TypeError):  # A translator from elsewhere.
        folders = []
    for path in folders:
        if (Path(path) / DOMAIN_FILE).is_file() and pretrained.load(path).name == domain.name:
            return path
    return domain.name if domain.name in pretrained.names() else None
