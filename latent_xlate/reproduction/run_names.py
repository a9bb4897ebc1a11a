"""Names of the runs and measurements of a reproduction, by which they are found again."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from latent_xlate.domains import pretrained
from latent_xlate.latents.sources import ALIASES

_FIRST_OUTPUT = Path("out/paper")
"""Folder of the reproduction whose runs are kept in `docs/reproduction`."""


def run_name(config: Mapping[str, Any], output: Path) -> str:
    """The name of a run: its model, its domains, and a hash of its configuration and of the domains' weights.

    Args:
        config: The configuration, as a dictionary.
        output: Folder of the reproduction.
    """
    weights = [weights_hash(pretrained.folder(name)) for name in config["domains"]]
    words = [config.get("baseline", "bridge"), *config["domains"]]
    return hashed_name(words, first_form(config, output) | {"weights": weights})


def first_form(config: Mapping[str, Any], output: Path) -> dict[str, Any]:
    """A configuration in the form that configurations had when the first runs were kept, so that their names stay.

    A change of a configuration's fields or values has to be undone here: a field that is new is left out where it has
    its default, and what has a new name gets the old one.

    Args:
        config: The configuration, as a dictionary.
        output: Folder of the reproduction. A table of labels inside it is named as if it lay in `out/paper`.
    """
    form = dict(config)
    if isinstance(latents := form.get("latents"), str):
        for old, new in ALIASES.items():
            latents = latents.replace(new, old)
        form["latents"] = latents
    if "label_terms" in form:
        later = ("beta_matching", "beta_measured")
        terms = {name: value for name, value in form["label_terms"].items() if value or name not in later}
        form["label_terms"] = {"beta_consistency": 0.0, **terms}
    table = form.get("label_file")
    if table is not None and Path(table).is_relative_to(output):
        form["label_file"] = str(_FIRST_OUTPUT / Path(table).relative_to(output))
    return form


def hashed_name(words: Sequence[str], key: Mapping[str, Any]) -> str:
    """Words joined by "_", followed by ten digits of a hash of a JSON-serialisable key."""
    text = json.dumps(key, sort_keys=True)
    return "_".join([*words, hashlib.sha256(text.encode()).hexdigest()[:10]])


@functools.cache
def weights_hash(folder: Path) -> str:
    """A hash of the files of a pretrained domain."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("[!.]*.npz")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
