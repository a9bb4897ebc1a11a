"""The models of the page: domains, and a translator of their latents in this process or on a server."""

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
from latent_xlate.serving import older_exports
from latent_xlate.serving.export import ModelSignatures, inputs_of, is_saved_model, load_export
from latent_xlate.serving.signature_name import Payload, SignatureName, parse_signatures
from latent_xlate.translator import Translator

TOLERANCE = 1e-3
"""Largest difference of decoded data between a local domain and the exported one, if they are the same."""

TranslateLatents = Callable[..., np.ndarray]
"""Function of (z, source, target, seeds, temperature=1.0) to latents of the target.

z are latents of the source, float32 [batch, latent_dim]. The seeds of the rows, int32 [batch, 2], determine the samples
of the shared latent; None takes its mean. The temperature, above 0, is how far samples go from the mean.
"""


@dataclasses.dataclass(frozen=True)
class Models:
    """A translator in the form that the page needs.

    Attributes:
        domains: Domains by name, in the translator's order, or sorted if only its signatures are known.
        folders: Folders of domains by name, as far as they are known; examples are made of the latents in them.
        translate_latents: The translation.
        is_sampled: Whether there is a shared latent to sample.
    """

    domains: Mapping[str, Domain]
    folders: Mapping[str, Path]
    translate_latents: TranslateLatents
    is_sampled: bool


def load_models(translator: str | os.PathLike, domain_folders: Sequence[str] = ()) -> Models:
    """Loads a translator.

    Args:
        translator: A folder that `Translator.save` wrote, or a version that `export_translator` wrote.
        domain_folders: Folders of domains that do not ship with the project.

    Raises:
        ValueError: There is no translator, it is damaged, or the reasons of `models_of_functions`.
    """
    if is_saved_model(translator):
        return models_of_functions(ModelSignatures(load_export(translator)), domain_folders)
    versions = sorted(path.parent for path in Path(translator).glob("*/saved_model.pb"))
    if versions:
        raise ValueError(f"{translator} holds versions of an exported translator: name one, {versions[-1]} say.")
    loaded = Translator.load(translator)
    known = _named(domain_folders)
    folders = {name: known.get(name) or _shipped(name) for name in loaded.names}

    def translate(
        z: np.ndarray, source: str, target: str, seeds: np.ndarray | None, temperature: float = 1.0
    ) -> np.ndarray:
        noise = None if seeds is None else loaded.noise(tf.constant(seeds), tf.fill([len(z)], np.float32(temperature)))
        return loaded.translate_latents(tf.constant(z), source, target, noise).numpy()

    known_folders = {name: path for name, path in folders.items() if path}
    return Models(loaded.domains, known_folders, translate, loaded.bridge.shared_dim > 0)


def models_of_functions(functions: Mapping[str, Any], domain_folders: Sequence[str] = ()) -> Models:
    """Combines the signatures of an export or a server with local domains.

    Args:
        functions: Signatures by name, of a loaded export or of a `TranslatorClient`.
        domain_folders: Folders of domains that do not ship with the project.

    Raises:
        ValueError: These are not the signatures of a translator, the folder of a domain is not known, or the domain in
            it is not the one that was exported.
        ConnectionError, TimeoutError: The server does not answer.
    """
    known = _named(domain_folders)
    folders: dict[str, Path] = {}
    names = parse_signatures(functions).values()
    for name in sorted({each.source for each in names}):
        folder = known.get(name) or _shipped(name)
        if folder is None:
            raise ValueError(f"Domain {name!r} does not ship with the project: give its folder by --domains.")
        folders[name] = folder

    def translate(
        z: np.ndarray, source: str, target: str, seeds: np.ndarray | None, temperature: float = 1.0
    ) -> np.ndarray:
        function = functions[str(SignatureName(source, target, Payload.LATENTS, sampled=seeds is not None))]
        inputs = {Payload.LATENTS.key: z}
        if seeds is not None:
            inputs |= older_exports.sampling_inputs(inputs_of(function), seeds, temperature)
        return function(**{key: tf.constant(value) for key, value in inputs.items()})[Payload.LATENTS.key].numpy()

    domains = {name: Domain.load(folder) for name, folder in folders.items()}
    models = Models(domains, folders, translate, any(each.sampled for each in names))
    _check_same(models, functions)
    return models


def _named(domain_folders: Sequence[str]) -> dict[str, Path]:
    """Folders of domains by the names of the domains."""
    return {Domain.load(folder).name: Path(folder) for folder in domain_folders}


def _shipped(name: str) -> Path | None:
    return pretrained.folder(name) if name in pretrained.list_domains() else None


def _check_same(models: Models, functions: Mapping[str, Any]) -> None:
    """Raises ValueError if a domain's networks are not those that were exported, so that latents would not fit.

    Data are translated by the signature for arrays, and by local encoder, signature for latents and local decoder. The
    results must agree.
    """

    def signature(source: str, target: str, payload: Payload) -> Any:
        return functions.get(str(SignatureName(source, target, payload)))

    readable = [name for name in models.domains if signature(name, name, Payload.ARRAYS)]
    for target, domain in models.domains.items():
        source = target if target in readable else next(iter(readable), None)
        latents = signature(target, target, Payload.LATENTS)
        if latents.structured_outputs["z"].shape[-1] != domain.latent_dim:
            raise _other(models, target)
        if source is None:
            continue
        arrays = signature(source, target, Payload.ARRAYS)
        if arrays is None:  # The models are no part of the export.
            continue
        if arrays.structured_outputs["x"].shape[1:] != domain.data_shape:
            raise _other(models, target)
        coder = models.domains[source]
        x = coder.decode(coder.sample_prior(1) if coder.has_prior else tf.zeros([1, coder.latent_dim]))
        z = models.translate_latents(coder.encode(x)[0].numpy(), source, target, None)
        theirs = arrays(x=x)["x"].numpy()
        if np.abs(domain.decode(tf.constant(z)).numpy() - theirs).max() > TOLERANCE:
            raise _other(models, target)


def _other(models: Models, name: str) -> ValueError:
    return ValueError(
        f"Domain {name!r} in {models.folders[name]} is not the one that was exported: give its folder by --domains."
    )
