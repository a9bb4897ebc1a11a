"""Models as Beam's `RunInference` takes them: each computes the result of a part."""

from __future__ import annotations

import dataclasses
import functools
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from apache_beam.ml.inference.base import ModelHandler

from latent_xlate import (
    baselines,  # noqa: F401  Registers their classes with Keras, in each worker.
    checks,
)
from latent_xlate.batching import as_graph, good_rows
from latent_xlate.bulk.parts import Part, Rejected, Result
from latent_xlate.domains import pretrained
from latent_xlate.domains.domain import Domain
from latent_xlate.serving import graph_checks
from latent_xlate.serving.pair import Pair, load_pair
from latent_xlate.serving.signature_name import Payload, SignatureName
from latent_xlate.translator import row_seeds

METRICS = "latent_xlate"
"""Namespace of all counters."""

Compute = Callable[..., dict[str, np.ndarray]]


class PartHandler(ModelHandler[Any, Result, Any]):
    """Computes the results of parts, in batches, and rejects the instances that the model refuses.

    For Beam a part is a batch, so that its metrics count instances.
    """

    def __init__(self, batch_size: int):
        """Takes the largest number of instances that are computed at once."""
        super().__init__()
        self._batch_size = batch_size

    def should_skip_batching(self) -> bool:
        return True

    def get_num_bytes(self, batch: Any) -> int:
        return batch.num_bytes

    def get_metrics_namespace(self) -> str:
        return METRICS

    def run_inference(
        self, batch: Any, model: Any, inference_args: Mapping[str, Any] | None = None
    ) -> Sequence[Result]:
        """Computes the result of a part, which is the only one that is returned."""
        del inference_args
        part: Part = batch
        keys = np.array(part.keys, object)
        compute = functools.partial(self.compute, model, part.payload)
        kept, features, errors = good_rows(compute, part.content, keys, batch_size=self._batch_size)
        refused = [Rejected(keys[row], checks.sentence(error)) for row, error in errors.items()]
        return [Result(part.name, keys[kept].tolist(), part.labels[kept], features or {}, [*part.rejected, *refused])]

    def compute(self, model: Any, payload: Payload, content: np.ndarray, keys: np.ndarray) -> dict[str, np.ndarray]:
        """Computes the features of a batch."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class Translation:
    """What a translation is.

    Attributes:
        translator: Folder of a saved translator, or of a version of an export.
        source: Name of the domain of the instances.
        target: Name of the domain to translate to.
        invert: As in `translate_path`.
        temperature: How far samples go from the mean; 0 for the mean.
        seed: Seed of the samples, of which the CRC-32 of an instance's key is a part.
    """

    translator: str
    source: str
    target: str
    invert: str | None = None
    temperature: float = 0.0
    seed: int = 0


class TranslationHandler(PartHandler):
    """Translates files into files, feature `data_bytes`, and arrays into arrays, feature `x`."""

    def __init__(self, translation: Translation, batch_size: int, to_files: bool):
        """Takes what the translation is, the largest batch, and whether arrays are translated into files, too."""
        super().__init__(batch_size)
        self._translation, self._to_files = translation, to_files

    def load_model(self) -> LoadedPair:
        return load_pair_once(self._translation)

    def compute(
        self, model: LoadedPair, payload: Payload, content: np.ndarray, keys: np.ndarray
    ) -> dict[str, np.ndarray]:
        pair, translation = model.pair, self._translation
        inputs: dict[str, Any] = {payload.key: content}
        if translation.temperature:
            numbers = [zlib.crc32(key.encode("utf-8", "surrogateescape")) >> 1 for key in keys]
            inputs |= pair.sampling_inputs(row_seeds(translation.seed, numbers), translation.temperature)
        name = SignatureName(translation.source, translation.target, payload, sampled=translation.temperature > 0)
        output = pair.signatures[str(name)](**{key: tf.constant(value) for key, value in inputs.items()})[payload.key]
        if self._to_files and payload is Payload.ARRAYS:
            payload, output = Payload.FILES, model.write(output)
        return {payload.key: output.numpy()}


class EncodingHandler(PartHandler):
    """Encodes parts as posteriors of a domain's latents: features `mu` and `sigma`, float32 [n, latent_dim]."""

    def __init__(self, domain: str, batch_size: int):
        """Takes the name or folder of a domain, and the largest batch."""
        super().__init__(batch_size)
        self._domain = domain

    def load_model(self) -> Encoder:
        return load_encoder(self._domain)

    def compute(self, model: Encoder, payload: Payload, content: np.ndarray, keys: np.ndarray) -> dict[str, np.ndarray]:
        del keys
        mu, sigma = model.graphs[payload](tf.constant(content))
        return {"mu": mu.numpy(), "sigma": sigma.numpy()}


class Encoder:
    """A domain, and graphs that encode its files and its arrays."""

    def __init__(self, domain: Domain):
        """Makes the graphs; ValueError for a domain without an encoder."""
        if not domain.has_encoder:
            raise ValueError(f"Domain {domain.name!r} has no encoder, so its data have no latents.")
        self.domain = domain
        self.graphs = {
            Payload.FILES: as_graph(lambda files: self._encode(domain.read(files))),
            Payload.ARRAYS: as_graph(lambda x: self._encode(graph_checks.data(x, domain.modality))),
        }

    def _encode(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        mu, sigma = self.domain.encode(x)
        return graph_checks.answer(mu), graph_checks.answer(sigma)


class LoadedPair:
    """The pair of domains of a translation, and a graph that makes files of the target's arrays."""

    def __init__(self, pair: Pair):
        """Makes the graph."""
        self.pair = pair
        self.write = as_graph(pair.after.write)


@functools.lru_cache(maxsize=1)
def load_pair_once(translation: Translation) -> LoadedPair:
    """Loads the pair of domains of a translation, once in a process.

    Raises:
        ValueError: As by `load_pair`; or the translator was exported by a version that misreads pictures.
    """
    pair = load_pair(translation.translator, translation.source, translation.target, translation.invert)
    if pair.misreads_bmps:
        raise ValueError(f"{translation.translator} was exported by an earlier version: export the translator again.")
    if translation.temperature:
        pair.sampling_inputs(row_seeds(translation.seed, []), translation.temperature)
    return LoadedPair(pair)


@functools.lru_cache(maxsize=1)
def load_encoder(domain: str) -> Encoder:
    """Loads a domain, once in a process; ValueError if it is none, or has no encoder."""
    return Encoder(pretrained.load_domain(domain))
