"""The folders that `train_domain` and `train_wavegan` leave: their settings and what was measured."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latent_xlate import files


def read_run(run: str | os.PathLike, *models: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Reads a finished run of `train_domain`.

    Args:
        run: Its folder.
        *models: The models that it may be of, such as "vae" and "conv_vae".

    Returns:
        Contents of its `config.json` and `metrics.json`.

    Raises:
        ValueError: The run is unfinished, damaged or of another model.
    """
    config, metrics = (_read_json(run, name, "train_domain") for name in ("config.json", "metrics.json"))
    found = config.get("model")
    if found not in models:
        held = found if isinstance(found, str) else "run of another command"
        raise ValueError(f"{run} holds a {held}, not a {' or '.join(models)}.")
    return config, metrics


@dataclasses.dataclass(frozen=True)
class Stage:
    """One run of `train_wavegan`; a WaveGAN may be trained in several, each starting from the one before.

    Attributes:
        config: Content of its `config.json`.
        steps: Number of training steps that it took.
    """

    config: Mapping[str, Any]
    steps: int


def read_stages(run: Path) -> list[Stage]:
    """Reads a run of `train_wavegan` and the runs before it that are still there.

    Args:
        run: Folder of the last one.

    Returns:
        The runs in the order of training.

    Raises:
        ValueError: A run is unfinished, damaged or of another command.
    """
    config = _read_json(run, "config.json", "train_wavegan")
    if missing := {"dataset", "prior", "align", "initial"} - config.keys():
        raise ValueError(f"{run} holds no run of train_wavegan: its config.json has no {', '.join(sorted(missing))}.")
    # Previews are written together with the networks.
    steps = max((int(path.stem) for path in run.glob("previews/[0-9]*.wav")), default=0)
    initial = config["initial"]
    earlier = read_stages(Path(initial)) if initial and (Path(initial) / "config.json").exists() else []
    return [*earlier, Stage(config, steps)]


def _read_json(run: str | os.PathLike, name: str, command: str) -> dict[str, Any]:
    path = Path(run) / name
    try:
        content = files.read_json(path)
    except FileNotFoundError:
        raise ValueError(f"{run} is not a finished run of {command}: {name} is missing.") from None
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}). Delete it and train again.") from None
    return content if isinstance(content, dict) else {}
