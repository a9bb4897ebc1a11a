"""The signatures that translate from one domain to another, of a saved translator, an export or a server."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from latent_xlate import checks, folders
from latent_xlate.modalities import bmp_files
from latent_xlate.modalities import modality as modalities
from latent_xlate.modalities.array import Array
from latent_xlate.modalities.modality import Modality
from latent_xlate.serving import older_exports
from latent_xlate.serving.export import ModelSignatures, inputs_of, is_saved_model, load_export, trace_signatures
from latent_xlate.serving.exported_modalities import read_modalities
from latent_xlate.serving.signature_name import Payload, SignatureName, check_models, parse_signatures
from latent_xlate.translator import NOT_SAMPLED, Translator

if TYPE_CHECKING:  # It needs the extra `serving`.
    from latent_xlate.serving.client import TranslatorClient


@dataclasses.dataclass(frozen=True)
class Pair:
    """The functions that translate from one domain to another.

    Attributes:
        source, target: Names of the two domains.
        signatures: The signatures of `export_translator`, by name.
        before, after: The modalities of source and target.
        misreads_bmps: Whether the signatures are those of an older export, which misreads BMPs or ends the process.
    """

    source: str
    target: str
    signatures: Mapping[str, Any]
    before: Modality
    after: Modality
    misreads_bmps: bool = False

    def prepare(self, file: Path) -> bytes:
        """Reads a file for the signatures; OSError or ValueError for one that they cannot be given."""
        folders.check_file(file)
        content = self.before.prepare(file)
        if not (self.misreads_bmps and content.startswith(bmp_files.MAGIC)):
            return content
        try:
            return self.before.older_form(content) or content
        except tf.errors.InvalidArgumentError as error:
            raise ValueError(checks.sentence(error)) from None

    def sampling_inputs(self, seeds: np.ndarray, temperature: float) -> dict[str, np.ndarray]:
        """The further inputs of a signature that samples, as `older_exports.sampling_inputs` returns them.

        Raises:
            ValueError: There is none, or it takes no such temperature.
        """
        sampled = self.signatures.get(str(SignatureName(self.source, self.target, Payload.LATENTS, sampled=True)))
        if sampled is None:
            raise ValueError(NOT_SAMPLED)
        return older_exports.sampling_inputs(inputs_of(sampled), seeds, temperature)


def load_pair(translator: str | os.PathLike | TranslatorClient, source: str, target: str, invert: str | None) -> Pair:
    """Loads the pair's signatures and modalities. Arguments and errors are those of `translate_path`."""
    name, misreads = SignatureName(source, target), False
    if isinstance(translator, (str, os.PathLike)) and not is_saved_model(translator):
        signatures, noted = _trace(translator, source, target, invert)
    elif invert not in (None, "auto"):
        raise ValueError(f"An exported translator inverts by itself: leave invert at 'auto', not {invert!r}.")
    elif isinstance(translator, (str, os.PathLike)):
        signatures, noted = ModelSignatures(load_export(translator)), read_modalities(Path(translator))
        misreads = older_exports.die_of_top_down_bmps(older_exports.read_saved_model(Path(translator)))
    else:
        signatures, noted = translator.functions, {}  # Servers do not report modalities.
    if str(SignatureName(source, target, Payload.LATENTS)) not in signatures:  # Every pair has it.
        pairs = {each.pair for each in parse_signatures(signatures).values()}
        checks.known(name.pair, pairs, "pair of domains")
    check_models(signatures, name)
    arrays = signatures[str(SignatureName(source, target, Payload.ARRAYS))]
    before = noted.get(source) or _modality_of_shape(inputs_of(arrays)[Payload.ARRAYS.key].shape)
    after = noted.get(target) or _modality_of_shape(arrays.structured_outputs[Payload.ARRAYS.key].shape)
    return Pair(source, target, signatures, before, after, misreads)


def _trace(
    folder: str | os.PathLike, source: str, target: str, invert: str | None
) -> tuple[Mapping[str, Any], dict[str, Modality]]:
    """Traces the signatures of a saved translator's pair, and returns its domains' modalities by name as well."""
    versions = [path.parent for path in Path(folder).glob("*/saved_model.pb")]
    if versions:
        newest = max(versions, key=lambda path: path.stat().st_mtime)
        raise ValueError(f"{folder} holds versions of an exported translator: name one, {newest} say.")
    translator = Translator.load(folder)
    domain = translator.domain(source)
    if invert is not None:
        if "invert" not in domain.modality.get_config():
            raise ValueError(f"Domain {source!r} is not of pictures: leave invert out.")
        domain.modality = domain.modality.with_settings(invert=invert)
    signatures = trace_signatures(translator, [(source, target)])
    return signatures, {name: each.modality for name, each in translator.domains.items()}


def _modality_of_shape(batch_shape: tf.TensorShape) -> Modality:
    """Guesses the modality of data from the shape of a batch."""
    shape = tuple(batch_shape[1:])
    return modalities.of_shape(shape) or Array(shape)
