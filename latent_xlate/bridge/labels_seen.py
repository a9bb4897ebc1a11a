"""The record of the labels that a training with few labels has seen, in its work directory."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from latent_xlate import files

_FILE = "labelled.json"


def write_labels_seen(workdir: str | os.PathLike, labelled: Mapping[str, np.ndarray]) -> None:
    """Writes `labelled.json`: by domain the indices of the instances whose labels the training sees, ascending."""
    files.write_json(Path(workdir) / _FILE, {name: indices.tolist() for name, indices in labelled.items()})


def labels_seen(workdir: str | os.PathLike) -> dict[str, Any]:
    """The labels that the training in a work directory has seen, for its metrics.

    Args:
        workdir: The work directory.

    Returns:
        JSON-serialisable: `labels_seen` with the settings `labels_per_class`, `label_seed` and `label_file`, and
        `instances`, the indices by domain. Empty where the training saw all labels, or there was none.
    """
    config, labelled = Path(workdir) / "config.json", Path(workdir) / _FILE
    if not (config.exists() and labelled.exists()):
        return {}
    settings = json.loads(config.read_text())
    names = ("labels_per_class", "label_seed", "label_file")
    return {"labels_seen": {name: settings[name] for name in names} | {"instances": json.loads(labelled.read_text())}}
