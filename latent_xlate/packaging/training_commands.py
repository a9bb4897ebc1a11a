"""The shell commands that repeat the trainings of a packaged domain."""

from __future__ import annotations

import dataclasses
import inspect
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from latent_xlate.domains.image.image_training import RECIPES, train_image_model
from latent_xlate.domains.speech.encoder_training import train_speech_encoder
from latent_xlate.domains.speech.speech_training import CLASSIFIERS, FILTERS, train_speech_classifier
from latent_xlate.domains.speech.wavegan_settings import WaveGANSettings
from latent_xlate.packaging.training_runs import Stage

_TRAININGS: Mapping[str, tuple[Callable[..., Any], str]] = {
    **dict.fromkeys(CLASSIFIERS, (train_speech_classifier, "classifier")),
    "speech_encoder": (train_speech_encoder, "encoder"),
}
"""The function that trains a model of speech, and what the folder of its run is called."""


def train_domain_command(name: str, config: Mapping[str, Any]) -> str:
    """Returns the `train_domain` command of a run, with every setting that is not the default.

    Args:
        name: Name of the packaged domain, which the run's folder is named after.
        config: The run's configuration.
    """
    model = config["model"]
    train, kind = _TRAININGS.get(model, (train_image_model, model.removeprefix("conv_")))
    defaults: dict[str, Any] = {key: each.default for key, each in inspect.signature(train).parameters.items()}
    defaults |= RECIPES.get(model, {})
    if model in FILTERS:
        defaults["filters"] = FILTERS[model]
    flags = {"model": model, "dataset": config["dataset"], "workdir": f"out/{name}_{kind}"}
    if "wavegan" in config:
        flags["wavegan"] = f"out/{name}_wavegan"
    flags |= {"epochs": config["epochs"], "seed": config["seed"]}
    flags |= {key: value for key, value in config.items() if key not in (*flags, "also") and value != defaults[key]}
    if config.get("also"):
        flags["also"] = ",".join(config["also"])
    return f"bin/train_domain.py {_as_flags(flags)}"


def train_wavegan_commands(name: str, stages: Sequence[Stage]) -> list[str]:
    """Returns the `train_wavegan` command of each stage, with every setting that is not the default.

    Args:
        name: Name of the packaged domain, which the runs' folders are named after.
        stages: The runs in the order of training.
    """
    defaults = dataclasses.asdict(WaveGANSettings())
    workdir, commands = None, []
    for number, stage in enumerate(stages, 1):
        flags = {"config": "wavegan", "config.dataset": stage.config["dataset"]}
        if initial := workdir or stage.config.get("initial"):  # Of the first stage, a pretrained domain.
            flags["config.initial"] = initial
        workdir = f"out/{name}_wavegan" + (f"_{number}" if number < len(stages) else "")
        settings = {key: stage.config[key] for key in defaults if key in stage.config} | {"num_steps": stage.steps}
        settings["speeds"] = tuple(settings.get("speeds", ()))  # JSON has lists only.
        flags |= {f"config.settings.{key}": value for key, value in settings.items() if value != defaults[key]}
        commands.append(f"bin/train_wavegan.py {_as_flags(flags | {'workdir': workdir})}")
    return commands


def _as_flags(values: Mapping[str, Any]) -> str:
    return " ".join(f"--{key}={shlex.quote(str(value))}" for key, value in values.items())
