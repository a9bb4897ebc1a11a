"""The trained models and numbers of a reproduction, each made once and kept by its configuration."""

from __future__ import annotations

import functools
import gc
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure
from ml_collections import ConfigDict

from latent_xlate import figures, files
from latent_xlate.baselines.baseline_training import OF_IMAGES, train_baseline
from latent_xlate.baselines.pixel_domain import PixelDomain
from latent_xlate.bridge.bridge_training import labels_seen, train_bridge
from latent_xlate.data import images
from latent_xlate.domains import pretrained
from latent_xlate.domains.domain import Domain
from latent_xlate.evaluation.accuracy import LabelledData, evaluate
from latent_xlate.latents.encoding import encode_data
from latent_xlate.latents.latents import Latents
from latent_xlate.latents.sources import load_latents
from latent_xlate.modalities.image import Image
from latent_xlate.reproduction.experiments import Settings
from latent_xlate.translator import Translator, load_bridge

_FIGURES = "figures"
_METRICS = "metrics.json"
_QUICK_INSTANCES = 500


class Study:
    """A folder of a reproduction: trains what is asked of it, unless it lies there already.

    A run's folder is named after a hash of its configuration and of its pretrained domains. It keeps
    the model, `config.json`, `metrics.json` and TensorBoard's events; checkpoints only until it ends.
    """

    def __init__(self, output: str | os.PathLike, settings: Settings):
        """Opens the folder.

        Args:
            output: The folder; gets `runs/`, `measurements/` and `figures/`.
            settings: What all is made with.

        Raises:
            ValueError: Nothing can be written there.
        """
        self.output = files.output_folder(output)
        self.settings = settings
        self._test_data: dict[tuple[str, str], tuple[Latents, LabelledData | None]] = {}
        self._training_latents: dict[tuple[str, str, str], Latents] = {}

    # ---- Runs ---------------------------------------------------------------------------------

    def lacks(self, config: ConfigDict) -> str | None:
        """Why a run cannot be made, a sentence, or None where it can.

        A domain may not ship; and a quick reproduction does without data sets that are not prepared.
        """
        for name in config.domains:
            if name not in pretrained.names():
                return f"No pretrained domain {name} ships."
        if self.settings.quick and config.get("baseline") in OF_IMAGES:
            try:
                for name in config.domains:
                    images.load(pretrained.load(name).dataset, "test", self.settings.data_dir)
            except ValueError as error:
                return str(error)
        return None

    def run_folder(self, config: ConfigDict) -> Path:
        """Where a run lies or will lie."""
        what = config.to_dict() | {"weights": [_digest(pretrained.folder(name)) for name in config.domains]}
        return self.output / "runs" / _name([config.get("baseline", "bridge"), *config.domains], what)

    def train(self, config: ConfigDict) -> None:
        """Trains and measures, or goes on where it was cut; a run that has ended is left as it is.

        Args:
            config: Of a bridge, or of a baseline.

        Raises:
            ValueError: The data are not there, or the training diverges.
        """
        if not (self.run_folder(config) / _METRICS).exists():
            self._train(config)

    def _train(self, config):
        folder = self.run_folder(config)
        data_dir = self.settings.data_dir
        if "baseline" in config:
            domains, model = train_baseline(config, folder, data_dir=data_dir)
        else:
            domains, model = train_bridge(config, folder, data_dir=data_dir, load=self.load_latents)
        translator = Translator(domains, model)
        measured = [self.test_data(domain) for domain in domains]
        latents = {name: of for name, (of, _) in zip(translator.names, measured, strict=True)}
        data = {name: of for name, (_, of) in zip(translator.names, measured, strict=True) if of is not None}
        metrics = {**labels_seen(folder), **evaluate(translator, latents, data=data)}
        files.write_json(folder / _METRICS, metrics)
        shutil.rmtree(folder / "checkpoints")  # Gigabytes, in all.
        gc.collect()  # Graphs hold data, and are held by cycles.

    def metrics(self, config: ConfigDict) -> dict[str, Any]:
        """What `evaluate` says of a run, on held-out instances."""
        self.train(config)
        return json.loads((self.run_folder(config) / _METRICS).read_text())

    def translator(self, config: ConfigDict) -> Translator:
        """A trained run, for use; one of which only the numbers were kept is trained again."""
        name = "baseline.keras" if "baseline" in config else "bridge.keras"
        if not (self.run_folder(config) / name).exists():
            self._train(config)
        domains = [pretrained.load(name) for name in config.domains]
        if config.get("baseline") in OF_IMAGES:
            domains = [PixelDomain.of(domain) for domain in domains]
        return Translator(domains, load_bridge(self.run_folder(config) / name))

    def cached(self, name: str, key: Mapping[str, Any], compute: Callable[[], Any]) -> Any:
        """What `compute` returns, JSON-serialisable, made once for each `name` and `key`."""
        path = self.output / "measurements" / f"{_name([name], key)}.json"
        if not path.exists():
            files.write_json(path, compute())
        return json.loads(path.read_text())

    def model_path(self, name: str, key: Mapping[str, Any]) -> Path:
        """Where a model that is no run of a configuration is kept, a `.keras` file."""
        return self.output / "runs" / f"{_name([name], key)}.keras"

    # ---- Data ---------------------------------------------------------------------------------

    def test_data(self, domain: Domain) -> tuple[Latents, LabelledData | None]:
        """Held-out latents of a domain, and the data that they are of where those are at hand.

        They are of the data set's test split, or in a quick reproduction those that ship; of a domain that
        is not of images they are its samples, as in the paper.
        """
        key = (domain.name, type(domain).__name__)
        if key not in self._test_data:
            self._test_data[key] = self._load_test_data(domain)
        return self._test_data[key]

    def load_latents(self, domain: Domain, folder: str, latents: str, split: str, data_dir: str | None) -> Latents:
        """As `latent_sources.load_latents`, once: many bridges learn from them, and it takes as long as training."""
        key = (_digest(pretrained.folder(folder)), latents, split)
        if key not in self._training_latents:
            self._training_latents[key] = load_latents(domain, folder, latents, split, data_dir)
        return self._training_latents[key]

    def _load_test_data(self, domain):
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
        """Held-out instances of a pretrained domain to look at.

        Args:
            name: The domain's.
            per_class: How many of each class.

        Returns:
            Latents, one instance of each class in turn, `per_class` times over; and pictures of the data
            that they are of, float32 [n, height, width, channels], or where those are not at hand of the
            decoded latents.
        """
        domain = pretrained.load(name)
        latents, data = self.test_data(domain)
        labels = range(len(domain.class_names))
        indices = np.stack([np.flatnonzero(latents.labels == label)[:per_class] for label in labels], axis=1).ravel()
        shown = latents.take(indices)
        x = domain.decode(tf.constant(shown.mu)) if data is None else tf.constant(data[0][indices])
        return shown, domain.pictures(x).numpy()

    # ---- Figures ------------------------------------------------------------------------------

    def figure_path(self, name: str) -> Path:
        """Where a figure goes."""
        return self.output / _FIGURES / name

    def write_plot(self, name: str, figure: Figure) -> Path:
        """Writes a plot as `name`.svg, and as a bitmap and a PDF beside it; returns the path of the first."""
        for ending in ("png", "pdf"):
            figures.write(figure, self.figure_path(f"{name}.{ending}"))
        return figures.write(figure, self.figure_path(f"{name}.svg"))

    def picture(self, path: Path, caption: str) -> str:
        """A figure in a section's Markdown."""
        return f"![{caption}]({path.relative_to(self.output).as_posix()})\n\n*{caption}*"


def _name(words: Sequence[str], what: Mapping[str, Any]) -> str:
    text = json.dumps(what, sort_keys=True)
    return "_".join([*words, hashlib.sha256(text.encode()).hexdigest()[:10]])


@functools.cache
def _digest(folder: Path) -> str:
    """A hash of the files of a pretrained domain."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.npz")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
