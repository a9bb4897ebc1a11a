"""The judge of a packaged domain: a classifier from a training run, or one shared with another domain."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from latent_xlate.domains import pretrained
from latent_xlate.domains.image.conv_classifier import ConvClassifier
from latent_xlate.domains.image.image_classifier import ImageClassifier
from latent_xlate.domains.image.image_training import CONVOLUTIONAL
from latent_xlate.domains.network_files import load_network
from latent_xlate.domains.speech import speech_training
from latent_xlate.packaging.training_commands import train_domain_command
from latent_xlate.packaging.training_runs import read_run

_CLASSIFIERS: dict[str, tuple[Mapping[str, type[keras.Model]], str]] = {
    "classifier": ({"classifier": ImageClassifier, "conv_classifier": ConvClassifier}, "classifier of images"),
    "speech_classifier": (speech_training.CLASSIFIERS, "classifier of speech"),
}
"""By the kind of judge, the classes by the model of a run, and how messages call it."""


@dataclasses.dataclass(frozen=True)
class Judge:
    """A classifier, and the facts about it that a model card states.

    Attributes:
        classifier: The network.
        dataset: Name of the data set that it was trained on.
        epochs: Cell of the card's table.
        batch_size: Cell of the card's table.
        seed: Cell of the card's table.
        accuracy: Cell of the card's table.
        command: Shell command that trained it; None if it is shared with another domain.
        flag_value: The value of package_domain's --classifier that gives this judge.
        also: Names of further data sets that it was trained on.
    """

    classifier: Any
    dataset: str
    epochs: str
    batch_size: str
    seed: str
    accuracy: str
    command: str | None
    flag_value: str
    also: tuple[str, ...] = ()

    @classmethod
    def read(cls, judge_from: str, model: str, name: str) -> Judge:
        """Reads the judge of a domain that is being packaged.

        Args:
            judge_from: Folder of a run, or a pretrained domain that shares its judge.
            model: "classifier" or "speech_classifier".
            name: Name of the domain that is being packaged.

        Raises:
            ValueError: There is neither a finished run nor a domain with such a classifier.
        """
        classes, description = _CLASSIFIERS[model]
        if (Path(judge_from) / "config.json").exists():
            return cls._read_run(judge_from, model, name)
        domain = pretrained.load_domain(judge_from)
        classifier = domain.networks.get("classifier")
        if not isinstance(classifier, tuple(classes.values())):
            raise ValueError(f"Domain {domain.name!r} has no {description} to share.")
        shared = f"that of `{domain.name}`"
        return cls(classifier, domain.dataset, shared, shared, shared, shared, None, domain.name)

    @classmethod
    def _read_run(cls, run: str, model: str, name: str) -> Judge:
        classes, description = _CLASSIFIERS[model]
        config, metrics = read_run(run, *classes)
        return cls(
            load_network(Path(run) / "model.keras", classes[config["model"]], description),
            config["dataset"],
            f"best of {config['epochs']} by validation {'loss' if config['model'] in CONVOLUTIONAL else 'accuracy'}",
            str(config["batch_size"]),
            str(config["seed"]),
            f"accuracy {metrics['test']['accuracy']:.4f}",
            train_domain_command(name, config),
            f"out/{name}_classifier",
            tuple(config.get("also", ())),
        )
