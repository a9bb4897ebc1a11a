"""The trained models and numbers of a reproduction, each made once and found again by its configuration."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure
from ml_collections import ConfigDict

from latent_xlate import baseline_training, bridge_training, figures, files
from latent_xlate.baselines.baseline_config import IMAGE_BASELINES
from latent_xlate.baselines.pixel_domain import PixelDomain
from latent_xlate.bridge.labels_seen import labels_seen
from latent_xlate.data import images
from latent_xlate.domains import pretrained
from latent_xlate.domains.domain import Domain
from latent_xlate.evaluation.accuracy import LabelledData, evaluate
from latent_xlate.latents.encoding import encode_data
from latent_xlate.latents.latents import Latents
from latent_xlate.latents.sources import load_latents
from latent_xlate.modalities.image import Image
from latent_xlate.reproduction.experiments import Settings
from latent_xlate.reproduction.kept_numbers import KeptNumbers
from latent_xlate.reproduction.run_names import hashed_name, run_name, weights_hash
from latent_xlate.translator import Translator

_FIGURES = "figures"
_METRICS = "metrics.json"
_QUICK_INSTANCES = 500


class Study:
    """The folder of a reproduction: it trains whatever is asked of it, unless the result is there already.

    The folder of a run is named after its configuration and its pretrained domains (see `run_names`). It holds the
    model, `config.json`, `metrics.json` and TensorBoard's events; checkpoints only until the run ends. `numbers.json`
    of another reproduction (see `kept_numbers`) stands for the metrics of its runs.

    Attributes:
        output: The folder.
        settings: The settings of the reproduction.
    """

    def __init__(self, output: str | os.PathLike, settings: Settings) -> None:
        """Opens the folder.

        Args:
            output: The folder. Gets `runs/`, `measurements/` and `figures/`.
            settings: The settings of the reproduction.

        Raises:
            ValueError: Nothing can be written there, or its `numbers.json` is damaged.
        """
        self.output = files.output_folder(output)
        self.settings = settings
        self._kept = KeptNumbers.load(self.output)
        self._test_data: dict[tuple[str, str], tuple[Latents, LabelledData | None]] = {}
        self._training_latents: dict[tuple[str, str, str], Latents] = {}

    # ---- Runs ---------------------------------------------------------------------------------

    def lacks(self, config: ConfigDict) -> str | None:
        """The reason why a run cannot be made, a sentence; None where it can.

        A domain may not ship, and a quick reproduction does without data sets that are not prepared.
        """
        for name in config.domains:
            if name not in pretrained.list_domains():
                return f"No pretrained domain {name} ships."
        if self.settings.quick and config.get("baseline") in IMAGE_BASELINES:
            try:
                for name in config.domains:
                    images.load(pretrained.load_domain(name).dataset, "test", self.settings.data_dir)
            except ValueError as error:
                return str(error)
        return None

    def run_folder(self, config: ConfigDict) -> Path:
        """The folder of a run, whether it is there yet or not."""
        return self.output / "runs" / run_name(config.to_dict(), self.output)

    def train(self, config: ConfigDict) -> None:
        """Trains and evaluates a bridge or baseline, resuming a run that was cut; nothing is done where it has ended.

        Raises:
            ValueError: The data are not there, or the training diverges.
        """
        folder = self.run_folder(config)
        if not (folder / _METRICS).exists() and folder.name not in self._kept.runs:
            self._train(config)
        files.remove(folder / "checkpoints")  # Gigabytes in total; a killed process may have left them.

    def _train(self, config: ConfigDict) -> None:
        folder = self.run_folder(config)
        train = baseline_training.train_baseline if "baseline" in config else bridge_training.train_bridge
        translator = train(config, folder, data_dir=self.settings.data_dir, load=self.load_latents)
        measured = {name: self.test_data(domain) for name, domain in translator.domains.items()}
        latents = {name: held_out for name, (held_out, _) in measured.items()}
        data = {name: own for name, (_, own) in measured.items() if own is not None}
        metrics = {**labels_seen(folder), **evaluate(translator, latents, data=data)}
        files.write_json(folder / _METRICS, metrics)
        gc.collect()  # Graphs hold data, and reference cycles hold graphs.

    def metrics(self, config: ConfigDict) -> Mapping[str, Any]:
        """The result of `evaluate` for a run, on held-out instances."""
        self.train(config)
        path = self.run_folder(config) / _METRICS
        return json.loads(path.read_text()) if path.exists() else self._kept.runs[path.parent.name]["metrics"]

    def translator(self, config: ConfigDict) -> Translator:
        """The translator of a run; a run of which only the numbers are kept is trained again."""
        folder, kind = self.run_folder(config), baseline_training if "baseline" in config else bridge_training
        if not (folder / kind.MODEL_FILE).exists():
            self._train(config)
        return kind.load_trained(config, folder)

    def cached(self, name: str, key: Mapping[str, Any], compute: Callable[[], Any]) -> Any:
        """The JSON-serialisable result of `compute`, computed once for each `name` and `key`."""
        path = self.output / "measurements" / f"{hashed_name([name], key)}.json"
        if not path.exists():
            if path.stem in self._kept.measurements:
                return self._kept.measurements[path.stem]
            files.write_json(path, compute())
        return json.loads(path.read_text())

    def model_path(self, name: str, key: Mapping[str, Any]) -> Path:
        """The `.keras` file of a model that no configuration describes."""
        return self.output / "runs" / f"{hashed_name([name], key)}.keras"

    # ---- Data ---------------------------------------------------------------------------------

    def test_data(self, domain: Domain) -> tuple[Latents, LabelledData | None]:
        """Held-out latents of a domain, and the data that they encode; None where these are not at hand.

        They encode the data set's test split; in a quick reproduction they are the shipped ones. For a domain that is
        not of images they are samples, as in the paper.
        """
        key = (domain.name, type(domain).__name__)
        if key not in self._test_data:
            self._test_data[key] = self._load_test_data(domain)
        return self._test_data[key]

    def load_latents(self, domain: Domain, folder: str, latents: str, split: str, data_dir: str | None) -> Latents:
        """As `latents.sources.load_latents`, once: many bridges need them, and it takes as long as training."""
        key = (weights_hash(pretrained.folder(folder)), latents, split)
        if key not in self._training_latents:
            self._training_latents[key] = load_latents(domain, folder, latents, split, data_dir)
        return self._training_latents[key]

    def _load_test_data(self, domain: Domain) -> tuple[Latents, LabelledData | None]:
        quick = self.settings.quick
        is_image = domain.modality.kind == Image.kind
        if not is_image or (quick and not isinstance(domain, PixelDomain)):
            kind = "shipped" if is_image else "samples"
            latents = load_latents(domain, domain.name, kind, "test")
            return latents.take(slice(0, _QUICK_INSTANCES if quick else None)), None
        data = images.load(domain.dataset, "test", self.settings.data_dir)
        data = data.take(slice(0, _QUICK_INSTANCES if quick else None))
        return encode_data(domain, data), (data.floats, data.labels)

    def examples(self, name: str, per_class: int) -> tuple[Latents, np.ndarray]:
        """Held-out instances of a pretrained domain, to show.

        Args:
            name: Name of the domain.
            per_class: Number of instances of each class.

        Returns:
            Latents, in which the classes take turns; and pictures, float32 [n, height, width, channels], of the data
            that they encode, or of the decoded latents where these are not at hand.
        """
        domain = pretrained.load_domain(name)
        latents, data = self.test_data(domain)
        labels = range(len(domain.class_names))
        indices = np.stack([np.flatnonzero(latents.labels == label)[:per_class] for label in labels], axis=1).ravel()
        shown = latents.take(indices)
        x = domain.decode(tf.constant(shown.mu)) if data is None else tf.constant(data[0][indices])
        return shown, domain.pictures(x).numpy()

    # ---- Figures ------------------------------------------------------------------------------

    def figure_path(self, name: str) -> Path:
        """The file of a figure."""
        return self.output / _FIGURES / name

    def write_plot(self, name: str, figure: Figure) -> Path:
        """Writes a plot as `name`.svg, `name`.png and `name`.pdf; returns the path of the first."""
        for ending in ("png", "pdf"):
            figures.write(figure, self.figure_path(f"{name}.{ending}"))
        return figures.write(figure, self.figure_path(f"{name}.svg"))

    def picture(self, path: Path, caption: str) -> str:
        """Markdown of a figure in a section."""
        return f"![{caption}]({path.relative_to(self.output).as_posix()})\n\n*{caption}*"
