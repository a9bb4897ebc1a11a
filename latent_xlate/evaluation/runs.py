"""Evaluation of saved translators, those of several seeds for example, and the files that it writes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from latent_xlate import checks, figures, files
from latent_xlate.bridge.labels_seen import labels_seen
from latent_xlate.evaluation import label_curve, report
from latent_xlate.evaluation.accuracy import evaluate
from latent_xlate.evaluation.held_out import HeldOutLoader
from latent_xlate.evaluation.individual import scaled_noise
from latent_xlate.evaluation.protocols import PROTOCOLS
from latent_xlate.latents.latents import Latents
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
    temperature: float = 0.0,
) -> str:
    """Evaluates translators of the same domains and writes `metrics.json`, `table.md` and figures.

    Args:
        folders: Folders of translators, as `Translator.save` writes them.
        output: Folder that the results are written to.
        latents: "shipped", "samples" or "dataset", as `evaluate` takes it, in the order of the first translator's
            domains.
        data_dir: Folder of TFDS data sets; None for the default.
        protocol: One of the names in `PROTOCOLS`.
        seed: Random seed of each evaluation.
        with_figures: Whether to draw translations and confusion matrices of the first translator.
        labels_per_class: Numbers of labels of each class that the translators learnt from. If given, the result is
            a curve, one mean for each number, instead of one mean over all runs.
        temperature: That of all translations, those of the figures included; 0 is the protocol's own.

    Returns:
        The table.

    Raises:
        ValueError: Unknown `latents` or `protocol`, no translator in a folder, translators that have no common mean or
            no shared latent to sample, all before anything is measured; no data for one; or what `evaluate` and
            `label_curve.group` raise.
    """
    rules = PROTOCOLS[checks.known(protocol, PROTOCOLS, "protocol")]
    output = files.output_folder(output)
    translators = _load_translators(folders)
    seen = [{"translator": str(folder), **labels_seen(Path(folder).parent)} for folder in folders]
    _check_together(translators, [{**labels, "protocol": protocol} for labels in seen], labels_per_class)
    for translator in translators:
        translator.check_sampled(temperature)
    loader = HeldOutLoader(latents, translators[0].names, rules, data_dir)
    runs: list[dict[str, Any]] = []
    used: list[dict[str, Latents]] = []
    for folder, translator, labels in zip(folders, translators, seen, strict=True):
        loaded, data = loader.load(translator, folder)
        used.append(loaded)
        runs.append({**labels, **evaluate(translator, loaded, protocol, data, seed, temperature=temperature)})
    summary, table = _summarise(runs, labels_per_class)
    text = (
        f"Latents, split {rules.split}: {', '.join(f'{k} of {name}' for name, k in loader.kinds.items())}.\n\n{table}"
    )
    files.write_json(output / _METRICS_FILE, {"latents": loader.kinds, "split": rules.split, **summary, "runs": runs})
    files.write_atomically(output / _TABLE_FILE, lambda path: path.write_text(text, encoding="utf-8"))
    if with_figures:
        if labels_per_class:
            curve = label_curve.draw(label_curve.group(runs, labels_per_class))
            figures.write(curve, output / _FIGURES_FOLDER / "label_curve.svg")
        write_figures(translators[0], used[0], runs[0], output / _FIGURES_FOLDER)
    return text


def _load_translators(folders: Sequence[str]) -> list[Translator]:
    translators = [Translator.load(folder) for folder in folders]
    for folder, translator in zip(folders, translators, strict=True):
        if set(translator.names) != set(translators[0].names):
            raise ValueError(
                f"{folder} is of {', '.join(translator.names)}, {folders[0]} of {', '.join(translators[0].names)}; "
                "runs with a common mean are of the same domains."
            )
    return translators


def _check_together(
    translators: Sequence[Translator], conditions: Sequence[Mapping[str, Any]], labels_per_class: Sequence[int]
) -> None:
    """Raises ValueError if the runs of translators, of which the conditions are known, will have no common mean."""
    planned = [
        {**known, "model": type(translator.bridge).__name__, "domains": dict.fromkeys(translator.names, {})}
        for translator, known in zip(translators, conditions, strict=True)
    ]
    groups = label_curve.group(planned, labels_per_class).values() if labels_per_class else [planned]
    for runs_of_one_mean in groups:
        report.check_alike(runs_of_one_mean)


def _summarise(runs: Sequence[dict[str, Any]], labels_per_class: Sequence[int]) -> tuple[dict[str, Any], str]:
    """Returns the part of `metrics.json` that is over all runs, and its table."""
    if labels_per_class:
        curve = label_curve.summarise_groups(label_curve.group(runs, labels_per_class))
        return {"curve": curve}, label_curve.table(curve)
    summary = report.summarise(runs)
    return {"summary": summary}, report.table(summary)


def write_figures(
    translator: Translator, latents: Mapping[str, Latents], metrics: Mapping[str, Any], folder: str | os.PathLike
) -> None:
    """Draws translations and the confusion matrix of each ordered pair of domains.

    Args:
        translator: Makes the translations, of the means of posteriors, at the temperature of `metrics` if it has one.
        latents: Latents of each domain; one instance of each class is shown.
        metrics: Result of `accuracy.evaluate`.
        folder: Folder that gets `<source>_to_<target>.png`, if both domains can be shown as pictures, and
            `<source>_to_<target>_confusion.png`, if both have a judge.
    """
    for pair, scores in metrics["transfers"].items():
        source, target = translator.domain(scores["source"]), translator.domain(scores["target"])
        _, shown = np.unique(latents[source.name].labels, return_index=True)
        z = tf.constant(latents[source.name].mu[shown])
        noise = None
        if "temperature" in metrics:
            generator = np.random.default_rng(metrics["seeds"]["evaluation"])
            noise = scaled_noise(generator, (len(z), translator.bridge.shared_dim), metrics["temperature"])
        translated = target.decode(translator.translate_latents(z, source.name, target.name, noise))
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
