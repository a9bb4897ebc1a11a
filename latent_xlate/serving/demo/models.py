"""What the page plays with: domains, and what translates between their latents, in this process or on a server."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from latent_xlate.domains import pretrained
from latent_xlate.domains.domain import Domain
from latent_xlate.serving.export import ModelSignatures, is_saved_model, load_export
from latent_xlate.translator import Translator

TOLERANCE = 1e-3
"""Largest difference of data between a domain here and the exported one, if they are the same."""

TranslateLatents = Callable[[np.ndarray, str, str, np.ndarray | None], np.ndarray]
"""(z of the source, source, target, seeds of the sampling or None for the mean) -> z of the target, [batch, dim]."""


@dataclasses.dataclass(frozen=True)
class Models:
    """A translator as the page needs it.

    Attributes:
        domains: By name, in the translator's order, or sorted where only its signatures are known.
        folders: Where domains with their latents lie, by name, of those that are known to lie somewhere.
        translate_latents: Seeds, int32 [batch, 2], are those of the rows.
    """

    domains: Mapping[str, Domain]
    folders: Mapping[str, Path]
    translate_latents: TranslateLatents


def load_models(translator: str | os.PathLike, domain_folders: Sequence[str] = ()) -> Models:
    """Loads a translator.

    Args:
        translator: A folder that `Translator.save` wrote, or a version that `export_translator` wrote.
        domain_folders: Of domains that do not ship: where an export's lie, and where latents lie to make
            examples of.

    Raises:
        ValueError: Nothing there, a damaged or foreign file, or what `models_of_functions` raises.
    """
    if is_saved_model(translator):
        return models_of_functions(ModelSignatures(load_export(translator)), domain_folders)
    versions = sorted(path.parent for path in Path(translator).glob("*/saved_model.pb"))
    if versions:
        raise ValueError(f"{translator} holds versions of an exported translator: name one, {versions[-1]} say.")
    loaded = Translator.load(translator)
    known = _named(domain_folders)
    folders = {name: known.get(name) or _shipped(name) for name in loaded.names}

    def translate(z, source, target, seeds):
        noise = None if seeds is None else loaded.noise(tf.constant(seeds))
        return loaded.translate_latents(tf.constant(z), source, target, noise).numpy()

    return Models(loaded.domains, {name: path for name, path in folders.items() if path}, translate)


def models_of_functions(functions: Mapping[str, Any], domain_folders: Sequence[str] = ()) -> Models:
    """What an export or a server translates.

    Args:
        functions: The signatures of `export_translator` by name, of a loaded model or of a `TranslatorClient`.
        domain_folders: Where domains lie that do not ship.

    Raises:
        ValueError: A domain lies nowhere, or is another than that of the functions.
        ConnectionError, TimeoutError: The server does not answer.
    """
    known = _named(domain_folders)
    folders: dict[str, Path] = {}
    for name in _names(functions):
        folder = known.get(name) or _shipped(name)
        if folder is None:
            raise ValueError(f"Domain {name!r} does not ship with the project: give its folder by --domains.")
        folders[name] = folder

    def translate(z, source, target, seeds):
        pair = f"{source}_to_{target}_latents"
        if seeds is None:
            return functions[pair](z=tf.constant(z))["z"].numpy()
        return functions[f"{pair}_sampled"](z=tf.constant(z), seed=tf.constant(seeds))["z"].numpy()

    models = Models({name: Domain.load(folder) for name, folder in folders.items()}, folders, translate)
    _check_same(models, functions)
    return models


def _named(domain_folders: Sequence[str]) -> dict[str, Path]:
    """Folders of domains by the domains' names."""
    return {Domain.load(folder).name: Path(folder) for folder in domain_folders}


def _shipped(name: str) -> Path | None:
    return pretrained.folder(name) if name in pretrained.names() else None


def _names(functions: Mapping[str, Any]) -> list[str]:
    """Names of the domains, sorted, as signatures have no order: each is translated to itself."""
    names = []
    for pair in sorted(each.removesuffix("_latents") for each in functions if each.endswith("_latents")):
        name = pair[: (len(pair) - len("_to_")) // 2]
        if pair == f"{name}_to_{name}":
            names.append(name)
    return names


def _check_same(models: Models, functions: Mapping[str, Any]) -> None:
    """Raises ValueError where a domain's networks are not those that were exported: its latents would mean nothing."""
    readable = [name for name in models.domains if f"{name}_to_{name}_arrays" in functions]
    for target, domain in models.domains.items():
        source = target if target in readable else next(iter(readable), None)
        if functions[f"{target}_to_{target}_latents"].structured_outputs["z"].shape[-1] != domain.latent_dim:
            raise _other(models, target)
        if source is None:
            continue
        coder = models.domains[source]
        if functions[f"{source}_to_{target}_arrays"].structured_outputs["x"].shape[1:] != domain.data_shape:
            raise _other(models, target)
        x = coder.decode(coder.sample_prior(1) if coder.has_prior else tf.zeros([1, coder.latent_dim]))
        z = models.translate_latents(coder.encode(x)[0].numpy(), source, target, None)
        theirs = functions[f"{source}_to_{target}_arrays"](x=x)["x"].numpy()
        if np.abs(domain.decode(tf.constant(z)).numpy() - theirs).max() > TOLERANCE:
            raise _other(models, target)


def _other(models: Models, name: str) -> ValueError:
    return ValueError(
        f"Domain {name!r} in {models.folders[name]} is not the one that was exported: give its folder by --domains."
    )
