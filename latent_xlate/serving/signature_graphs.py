"""Graphs of an export's signatures, which share all that does not depend on the pair of domains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from latent_xlate.bridge.bridge import Transported
from latent_xlate.domains.domain import Domain
from latent_xlate.serving import graph_checks
from latent_xlate.serving.signature_name import NOVELTY, SEED, TEMPERATURE, Payload
from latent_xlate.translator import Translator

_SAMPLING = {
    SEED: tf.TensorSpec([None, 2], tf.int32, name=SEED),
    TEMPERATURE: tf.TensorSpec([None], tf.float32, name=TEMPERATURE),
}
"""Further inputs of a signature that samples."""


class SignatureGraphs:
    """Traces signatures.

    A signature is a call of a graph of its source, which leads to the shared latent, and of one of its target, which
    leads from there. Each of these is traced once, so that n domains need no more than 8 n of them for 6 n^2
    signatures of translation and 2 n of novelty. A bridge without a shared latent has a graph for each pair in
    addition, and nothing to sample.

    Attributes:
        samplings: What `trace` takes for `sampled`: whether the shared latent is sampled.
    """

    def __init__(self, translator: Translator, exported: bool = False):
        """Makes the graphs, which are traced where they are first called.

        Args:
            translator: The translator.
            exported: Whether the graphs are to be saved: without models that cannot be (`Domain.in_graph`).
        """
        self._translator = translator
        self._exported = exported
        self._shares = translator.bridge.shared_dim > 0
        self.samplings = (False, True) if self._shares else (False,)
        self._noise = _graph(lambda seed, temperature: translator.noise(seed, graph_checks.temperatures(temperature)))
        self._readers = {name: _graph(domain.read) for name, domain in translator.domains.items()}
        self._sources = {name: self._source(name) for name in translator.names}
        self._targets = {name: self._target(name) for name in translator.names}
        self._translate_latents = _graph(translator.translate_latents)

    def trace(self, source: str, target: str, sampled: bool) -> dict[Payload, Any]:
        """Traces the signatures of a pair of domains: concrete functions by what they translate.

        Raises:
            ValueError: A domain is unknown.
        """
        domain = self._translator.domain(source)
        self._translator.domain(target)
        sampling = _SAMPLING if sampled else {}
        return {
            payload: self._signature(source, target, payload).get_concrete_function(**_spec(domain, payload) | sampling)
            for payload in Payload
            if payload in self._sources[source] and payload in self._targets[target]
        }

    def trace_novelty(self, name: str) -> dict[Payload, Any]:
        """Traces the signatures of a domain's novelty: concrete functions by what they take, none without a scale.

        Raises:
            ValueError: The domain is unknown.
        """
        domain, read = self._translator.domain(name), self._readers[name]
        if domain.novelty_scale is None or not self._has_models(domain):
            return {}
        novelty = _graph(lambda x: {NOVELTY: domain.novelty(x)})
        functions = {
            Payload.FILES: lambda data_bytes: novelty(read(data_bytes)),
            Payload.ARRAYS: lambda x: novelty(graph_checks.data(x, domain.modality)),
        }
        return {
            payload: _graph(function).get_concrete_function(**_spec(domain, payload))
            for payload, function in functions.items()
        }

    def _signature(self, source: str, target: str, payload: Payload) -> Any:
        enter, leave = self._sources[source][payload], self._targets[target][payload]

        def translate(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
            given = inputs[payload.key]
            sampling = [graph_checks.as_many(inputs[key], given, key) for key in _SAMPLING if key in inputs]
            noise = self._noise(*sampling) if sampling else None
            entered = enter(given)
            return {payload.key: leave(self._across(entered, source, target, noise))}

        return _graph(translate)

    def _across(self, entered: Any, source: str, target: str, noise: tf.Tensor | None) -> Transported:
        """What a graph of the target takes, of what a graph of the source returns."""
        if not self._shares:
            return self._translate_latents(entered, source, target)
        (mu, sigma), left_out = entered
        bridge, (start, end) = self._translator.bridge, map(self._translator.index, (source, target))
        return bridge.transport(mu if noise is None else mu + sigma * noise, start, end, left_out)

    def _source(self, name: str) -> dict[Payload, Any]:
        """Graphs from each kind of a domain's inputs to what `_across` takes.

        It is (mu, sigma) of the shared latent and what that leaves out; of bridges without one the domain's own latent.
        """
        domain, bridge, index = self._translator.domain(name), self._translator.bridge, self._translator.index(name)
        read = self._readers[name]

        @_graph
        def encode_latents(z: tf.Tensor) -> Any:
            if not self._shares:
                return z
            z = domain.to_bridge(z)
            encoded = bridge.encode(z, index)
            return encoded, bridge.left_out(z, encoded[0], index)

        @_graph
        def encode(x: tf.Tensor) -> Any:
            return encode_latents(domain.encode(x)[0])

        latents = _graph(lambda z: encode_latents(graph_checks.finite(z, Payload.LATENTS.key)))
        if not (domain.has_encoder and self._has_models(domain)):
            return {Payload.LATENTS: latents}
        return {
            Payload.FILES: _graph(lambda files: encode(read(files))),
            Payload.ARRAYS: _graph(lambda x: encode(graph_checks.data(x, domain.modality))),
            Payload.LATENTS: latents,
        }

    def _target(self, name: str) -> dict[Payload, Any]:
        """Graphs from the shared latent as transport leaves it, else from the domain's own, to each kind of outputs."""
        domain, bridge, index = self._translator.domain(name), self._translator.bridge, self._translator.index(name)

        @_graph
        def decode_latents(z: Transported) -> tf.Tensor:
            z = tf.nest.map_structure(graph_checks.answer, z)
            return graph_checks.answer(domain.from_bridge(bridge.decode(z, index))) if self._shares else z

        @_graph
        def decode(z: Transported) -> tf.Tensor:
            return graph_checks.answer(domain.decode(decode_latents(z)))

        if not self._has_models(domain):
            return {Payload.LATENTS: decode_latents}
        return {
            Payload.FILES: _graph(lambda z: domain.write(decode(z))),
            Payload.ARRAYS: decode,
            Payload.LATENTS: decode_latents,
        }

    def _has_models(self, domain: Domain) -> bool:
        return domain.in_graph or not self._exported


def _spec(domain: Domain, payload: Payload) -> dict[str, tf.TensorSpec]:
    """What a signature takes: a batch of a domain's files, arrays or latents, by its name."""
    shape, dtype = {
        Payload.FILES: ((), tf.string),
        Payload.ARRAYS: (domain.data_shape, tf.float32),
        Payload.LATENTS: ((domain.latent_dim,), tf.float32),
    }[payload]
    return {payload.key: tf.TensorSpec([None, *shape], dtype, name=payload.key)}


def _graph(function: Callable[..., Any]) -> Any:
    return tf.function(function, autograph=False)
