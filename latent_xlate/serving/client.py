"""Client of a translator that is served by TensorFlow Serving or `bin/serve.py`, over gRPC or REST.

Needs the extra `serving`.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf

from latent_xlate import checks
from latent_xlate.serving import older_exports
from latent_xlate.serving.signature_name import (
    Payload,
    SignatureName,
    check_models,
    novelty_signature,
    parse_signatures,
)
from latent_xlate.serving.transports import (
    Arrays,
    GrpcTransport,
    RefusedError,
    RestTransport,
    Transport,
    TryAgainError,
    bytes_array,
)
from latent_xlate.translator import NOT_SAMPLED, row_seeds, sampling_temperature

BATCH_SIZE = 64
"""Largest number of rows in a request."""

FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0
"""Largest pause before the first retry, which doubles with each further one, and its limit, in seconds."""

Result = TypeVar("Result")


class TranslatorClient:
    """A translator on a server.

    Example:
        with TranslatorClient("http://localhost:8501") as translator:
            clothes = translator.translate(digits, source="mnist", target="fashion_mnist")

    Models that no export holds, of PyTorch say, can be here: with `encode` of the source and `decode` of the target,
    `translate` asks the server for nothing but the latents between.
    """

    def __init__(
        self,
        server: str,
        model_name: str = "translator",
        version: int | None = None,
        label: str | None = None,
        timeout: float = 30.0,
        encode: Mapping[str, Callable[[np.ndarray], Any]] | None = None,
        decode: Mapping[str, Callable[[np.ndarray], Any]] | None = None,
    ):
        """Sets the address of the server; no request is sent yet.

        Args:
            server: "http://HOST:PORT" or "https://..." for REST, "grpc://HOST:PORT" or "HOST:PORT" for gRPC.
            model_name: Name of the model on the server.
            version: Version of the model; None for the newest, or the label's.
            label: Label of the version, such as "stable"; None for no label.
            timeout: Time limit of a request including its retries, in seconds.
            encode: By the name of a domain, a function of its data, an array, to latents, [batch, latent_dim].
            decode: By the name of a domain, a function of its latents, float32 [batch, latent_dim], to data.

        Raises:
            ValueError: The address is malformed, or both a version and a label are given.
        """
        if version is not None and label is not None:
            raise ValueError("Give a version or a label, not both.")
        scheme, found, host = server.partition("://")
        if not found:
            scheme, host = "grpc", server
        checks.known(scheme, ("grpc", "http", "https"), "scheme of a server")
        if not host.strip("/"):
            raise ValueError(f"The server {server!r} names no host.")
        self.server = server
        self._encode, self._decode = dict(encode or {}), dict(decode or {})
        self._timeout = checks.at_least(timeout, 0.001, "timeout")
        transport: type[GrpcTransport | RestTransport] = GrpcTransport if scheme == "grpc" else RestTransport
        address = server.removeprefix("grpc://").rstrip("/")
        self._transport: Transport = transport(address, model_name, version, label)

    def __enter__(self) -> TranslatorClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._transport.close()

    @functools.cached_property
    def signatures(self) -> Mapping[str, Any]:
        """The model's signatures, SignatureDefs by name.

        Raises:
            RefusedError, ConnectionError, TimeoutError: As in `predict`.
        """
        return self._retry(self._transport.signatures)

    @property
    def functions(self) -> Mapping[str, Any]:
        """The signatures by name as functions, which are called and fail like those of a loaded SavedModel."""
        return {name: _RemoteFunction(self, name, definition) for name, definition in self.signatures.items()}

    def predict(self, signature: str, inputs: Mapping[str, Any]) -> Arrays:
        """Calls a signature once.

        Args:
            signature: Its name, "" for the default.
            inputs: Arrays [batch, ...] by name; files as bytes objects.

        Returns:
            The outputs by name. Over REST a single one is called like the first input.

        Raises:
            RefusedError: There is no such signature, or it cannot read the inputs.
            ValueError: There is no such model or version.
            ConnectionError: The server is not reached, stays overloaded, fails, or does not speak the protocol.
            TimeoutError: There is no answer in time.
        """
        arrays = {key: _array(value) for key, value in inputs.items()}
        return self._retry(lambda seconds: self._transport.predict(signature, arrays, seconds))

    def translate(
        self,
        x: np.ndarray,
        source: str,
        target: str,
        sample: bool = False,
        seed: int | None = None,
        *,
        temperature: float | None = None,
    ) -> np.ndarray:
        """Translates data like `Translator.translate`; raises the errors of `predict`.

        Where there is an own `encode` of the source or `decode` of the target, both are used, and the server translates
        latents; ValueError if one of them is missing.
        """
        temperature = sampling_temperature(sample, temperature)
        if source in self._encode or target in self._decode:
            encode = _own(self._encode, source, "encode")
            decode = _own(self._decode, target, "decode")
            z = np.asarray(encode(np.asarray(x)), np.float32)
            return np.asarray(decode(self._translate(Payload.LATENTS, z, source, target, seed, temperature)))
        return self._translate(Payload.ARRAYS, np.asarray(x, np.float32), source, target, seed, temperature)

    def translate_latents(
        self,
        z: np.ndarray,
        source: str,
        target: str,
        sample: bool = False,
        seed: int | None = None,
        *,
        temperature: float | None = None,
    ) -> np.ndarray:
        """Translates latents like `Translator.translate_latents`; raises the errors of `predict`.

        Args:
            z: Latents of the source, float32 [batch, latent_dim].
            source: Name of the domain of the latents.
            target: Name of the domain to translate to.
            sample: Whether the shared latent is sampled.
            seed: Seed of the sampling; row i is sampled by (seed, i). None for a random seed.
            temperature: How far samples go from the mean, as in `Translator.translate`; None leaves it to `sample`.

        Returns:
            Latents of the target, float32 [batch, latent_dim].
        """
        temperature = sampling_temperature(sample, temperature)
        return self._translate(Payload.LATENTS, np.asarray(z, np.float32), source, target, seed, temperature)

    def novelty(self, x: np.ndarray, domain: str) -> np.ndarray:
        """How unlike a domain's training data inputs are, like `Translator.novelty`; raises the errors of `predict`."""
        return self._novelty(Payload.ARRAYS, np.asarray(x, np.float32), domain)

    def novelty_of_files(self, files: Sequence[bytes | str | os.PathLike], domain: str) -> np.ndarray:
        """How unlike a domain's training data files are, as `novelty`. Args as in `translate_files`."""
        return self._novelty(Payload.FILES, _contents(files), domain)

    def translate_files(
        self,
        files: Sequence[bytes | str | os.PathLike],
        source: str,
        target: str,
        sample: bool = False,
        seed: int | None = None,
        *,
        temperature: float | None = None,
    ) -> list[bytes]:
        """Translates files of the source's kind of data.

        Args:
            files: Paths, or contents as bytes.
            source: Name of the domain of the files.
            target: Name of the domain to translate to.
            sample: Whether the shared latent is sampled.
            seed: Seed of the sampling; file i is sampled by (seed, i). None for a random seed.
            temperature: How far samples go from the mean, as in `Translator.translate`; None leaves it to `sample`.

        Returns:
            The contents of the translated files, PNG or WAV.

        Raises:
            OSError: A file cannot be read.
            RefusedError, ConnectionError, TimeoutError: As in `predict`.
        """
        temperature = sampling_temperature(sample, temperature)
        return list(self._translate(Payload.FILES, _contents(files), source, target, seed, temperature))

    def _novelty(self, payload: Payload, batch: np.ndarray, domain: str) -> np.ndarray:
        name = novelty_signature(domain, payload)
        if name not in self.signatures:
            checks.known(domain, {each.source for each in parse_signatures(self.signatures).values()}, "domain")
            raise ValueError(f"The server's domain {domain!r} has no scale of novelty: package and export it again.")
        return self._in_batches(name, {payload.key: batch})

    def _translate(
        self, payload: Payload, batch: np.ndarray, source: str, target: str, seed: int | None, temperature: float
    ) -> np.ndarray:
        name = SignatureName(source, target, payload, sampled=temperature > 0)
        if str(name) not in self.signatures:
            pairs = {each.pair for each in parse_signatures(self.signatures).values()}
            checks.known(name.pair, pairs, "pair of domains")
            if str(dataclasses.replace(name, sampled=False)) in self.signatures:
                raise ValueError(NOT_SAMPLED)
            check_models(self.signatures, name)
        inputs = {payload.key: batch}
        if name.sampled:
            seeds = row_seeds(random.getrandbits(31) if seed is None else seed, range(len(batch)))
            inputs |= older_exports.sampling_inputs(self.signatures[str(name)].inputs, seeds, temperature)
        return self._in_batches(str(name), inputs)

    def _in_batches(self, signature: str, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Calls a signature on the rows of its inputs, a batch at a time, and joins its only output."""
        length = len(next(iter(inputs.values())))
        if length == 0:
            raise ValueError("There is nothing to translate.")
        parts = []
        for start in range(0, length, BATCH_SIZE):
            rows = {key: value[start : start + BATCH_SIZE] for key, value in inputs.items()}
            (output,) = self.predict(signature, rows).values()
            parts.append(output)
        return np.concatenate(parts)

    def _retry(self, attempt: Callable[[float], Result]) -> Result:
        """Calls `attempt`, a function of the seconds left, until it succeeds or the timeout is over."""
        deadline = time.monotonic() + self._timeout
        wait = FIRST_WAIT
        while True:
            left = deadline - time.monotonic()
            try:
                return attempt(max(left, 0.001))
            except TryAgainError as error:
                # A random pause, so that clients that were refused together do not return together.
                pause = random.uniform(wait / 2, wait)
                if time.monotonic() + pause >= deadline:
                    raise ConnectionError(f"{self.server}: {error} Gave up after {self._timeout:g} s.") from None
                time.sleep(pause)
                wait = min(2 * wait, LONGEST_WAIT)
            except TimeoutError:
                raise TimeoutError(f"{self.server} did not answer within {self._timeout:g} s.") from None


def _contents(files: Sequence[bytes | str | os.PathLike]) -> np.ndarray:
    return bytes_array([file if isinstance(file, bytes) else Path(file).read_bytes() for file in files])


def _array(value: Any) -> np.ndarray:
    if isinstance(value, (list, tuple)) and all(isinstance(item, bytes) for item in value):
        return bytes_array(value)
    return np.asarray(value)


def _own(functions: Mapping[str, Callable[[np.ndarray], Any]], domain: str, name: str) -> Callable[[np.ndarray], Any]:
    """The user's own function of a domain."""
    if domain not in functions:
        raise ValueError(
            f"The client has no own {name} of domain {domain!r}, and takes models of its own of both domains or of "
            f"none: give {name}={{{domain!r}: FUNCTION}} (load_domain has those of shipped domains)."
        )
    return functions[domain]


class _RemoteFunction:
    """A signature on a server, with the interface of a signature of a loaded SavedModel.

    Attributes:
        structured_input_signature: An empty tuple, and shapes and dtypes of the inputs by name.
        structured_outputs: Shapes and dtypes of the outputs by name.
    """

    def __init__(self, client: TranslatorClient, name: str, definition: Any):
        self._client = client
        self._name = name
        self.structured_input_signature = ((), {key: _spec(info) for key, info in definition.inputs.items()})
        self.structured_outputs = {key: _spec(info) for key, info in definition.outputs.items()}

    def __call__(self, **inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Computes the outputs by name.

        Raises:
            tf.errors.InvalidArgumentError: The signature cannot read the inputs.
            ConnectionError, TimeoutError: As in `TranslatorClient.predict`.
        """
        try:
            outputs = self._client.predict(self._name, {key: value.numpy() for key, value in inputs.items()})
        except RefusedError as error:
            raise tf.errors.InvalidArgumentError(None, None, str(error)) from None
        return {key: tf.constant(value) for key, value in zip(self.structured_outputs, outputs.values(), strict=True)}


def _spec(info: Any) -> tf.TensorSpec:
    sizes = [None if dim.size < 0 else dim.size for dim in info.tensor_shape.dim]
    return tf.TensorSpec(sizes, tf.as_dtype(info.dtype))
