"""The shell commands that repeat the trainings of a packaged domain."""

from __future__ import annotations

import dataclasses
import inspect
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from latent_xlate.domains.image.image_training import RECIPES, train_image_model
from latent_xlate.domains.speech.speech_training import train_speech_classifier
from latent_xlate.domains.speech.wavegan_settings import WaveGANSettings
from latent_xlate.packaging.training_runs import Stage


def train_domain_command(name: str, config: Mapping[str, Any]) -> str:
    """Returns the `train_domain` command of a run, with every setting that is not the default.

    Args:
        name: Name of the packaged domain, which the run's folder is named after.
        config: The run's configuration.
    """
    of_speech = config["model"] == "speech_classifier"
    parameters = inspect.signature(train_speech_classifier if of_speech else train_image_model).parameters
    defaults = {key: parameter.default for key, parameter in parameters.items()}
    if not of_speech:
        defaults |= RECIPES[config["model"]]
    kind = config["model"].removeprefix("speech_").removeprefix("conv_")
    flags = {"model": config["model"], "dataset": config["dataset"], "workdir": f"out/{name}_{kind}"}
    flags |= {"epochs": config["epochs"], "seed": config["seed"]}
    flags |= {key: value for key, value in config.items() if key not in flags and value != defaults[key]}
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
