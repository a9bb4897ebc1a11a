"""Reading the latents, and the data, that translators are measured on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from latent_xlate.data.labelled import Labelled
from latent_xlate.domains import pretrained
from latent_xlate.domains.domain import DOMAIN_FILE, Domain
from latent_xlate.evaluation.protocols import Protocol
from latent_xlate.latents.encoding import encode_data
from latent_xlate.latents.latents import Latents
from latent_xlate.latents.sources import is_packaged_alone, latent_kinds, load_latents
from latent_xlate.translator import Translator

LabelledData = tuple[np.ndarray, np.ndarray]
"""Data, float32 [n, *data_shape], and their labels, integers [n], -1 where unlabelled."""

_TOLERANCE = 0.02
"""Largest difference between decoded values that comes from rounding weights to float16."""


class HeldOutLoader:
    """Reads the latents of translators' domains. Translators of the same domains share what is read.

    Attributes:
        kinds: Kind of the latents of each domain, by name.
    """

    def __init__(self, latents: str, names: Sequence[str], protocol: Protocol, data_dir: str | None = None):
        """Chooses what is read.

        Args:
            latents: "shipped" or "samples", which lie in the folders of the domains, or "dataset", which encodes
                their data sets; see `load_latents`. One for all domains, or one for each, separated by commas.
            names: Names of the domains, in the order of `latents`.
            protocol: Its split and its number of instances count here.
            data_dir: Folder of TFDS data sets; None for the default.

        Raises:
            ValueError: Unknown kind of latents, or another number of them than of domains.
        """
        self.kinds = dict(zip(names, latent_kinds(latents, len(names)), strict=True))
        self._protocol = protocol
        self._data_dir = data_dir
        self._data_sets: dict[str, Labelled] = {}

    def load(
        self, translator: Translator, folder: str | os.PathLike | None = None
    ) -> tuple[dict[str, Latents], dict[str, LabelledData]]:
        """Reads the latents of each domain, and the data of those whose data set is encoded.

        Args:
            translator: Its domains have the names that were given to the constructor.
            folder: Where the translator was loaded from. The `config.json` of its run, beside it, names the folders
                of its domains. None if all of them are pretrained ones by name.

        Returns:
            Latents and data, by domain.

        Raises:
            ValueError: There are no latents for a domain, or its model is not the one that they belong to.
        """
        latents: dict[str, Latents] = {}
        data: dict[str, LabelledData] = {}
        for name, domain in translator.domains.items():
            if not domain.has_data:
                self.kinds[name] = "shipped"  # There are no others.
            if self.kinds[name] == "dataset" and is_packaged_alone(domain, self._data_dir):
                self.kinds[name] = "shipped"
            if self.kinds[name] == "dataset":
                labelled = self._data_set(domain).take(slice(0, self._protocol.max_instances))
                latents[name] = encode_data(domain, labelled)
                data[name] = labelled.floats, labelled.labels
            else:
                latents[name] = self._shipped_latents(domain, folder)
        return latents, data

    def _data_set(self, domain: Domain) -> Labelled:
        key = json.dumps(domain.get_config())
        if key not in self._data_sets:
            self._data_sets[key] = domain.load_data(self._protocol.split, self._data_dir)
        return self._data_sets[key]

    def _shipped_latents(self, domain: Domain, folder: str | os.PathLike | None) -> Latents:
        owned = f"domain {domain.name!r}" + ("" if folder is None else f" of {folder}")
        way_out = "Measure on those of its data set: --latents=dataset."
        origin = _origin(domain, folder)
        if origin is None:
            shipped = ", ".join(pretrained.list_domains()) or "none"
            raise ValueError(f"No latents ship for {owned}, only for {shipped}. {way_out}")
        latents = load_latents(domain, origin, self.kinds[domain.name], self._protocol.split, self._data_dir)
        z = tf.constant(latents.mu[:16])
        other = pretrained.load_domain(origin)
        pairs = (domain.decode(z), other.decode(z)), (domain.to_bridge(z), other.to_bridge(z))
        if not all(np.allclose(ours, theirs, atol=_TOLERANCE) for ours, theirs in pairs):
            raise ValueError(f"The latents that ship are not those of {owned}, which is another model. {way_out}")
        return latents


def _origin(domain: Domain, folder: str | os.PathLike | None) -> str | None:
    """Returns the folder or name of the pretrained domain that a translator's domain is; None if there is none."""
    for path in _domain_folders(folder):
        if (Path(path) / DOMAIN_FILE).is_file() and pretrained.load_domain(path).name == domain.name:
            return path
    return domain.name if domain.name in pretrained.list_domains() else None


def _domain_folders(folder: str | os.PathLike | None) -> list[str]:
    """Returns the domains that the configuration beside a translator's folder names, or none if there is none."""
    if folder is None:
        return []
    try:
        config: Mapping[str, list[str]] = json.loads((Path(folder).absolute().parent / "config.json").read_text())
        return list(config["domains"])
    except (OSError, ValueError, KeyError, TypeError):  # The translator was not written by a run.
        return []
