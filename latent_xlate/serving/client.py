"""A translator that is served by TensorFlow Serving, or by `bin/serve.py`, over gRPC or REST.

Needs the extra `serving`.
"""

from __future__ import annotations

import base64
import functools
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import orjson
import requests
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from latent_xlate import checks
from latent_xlate.translator import row_seeds

BATCH_SIZE = 64
"""Most items of a request."""

FIRST_WAIT = 0.1
"""Seconds before the first retry; each further one waits up to twice as long."""

Arrays = dict[str, np.ndarray]


class RefusedError(ValueError):
    """The server refuses the request as wrong in itself; the message is the server's."""


class _TryAgainError(Exception):
    """What may work a little later. Its message is that of the error if it does not."""


class TranslatorClient:
    """A translator on a server.

    Example:
        with TranslatorClient("http://localhost:8501") as translator:
            clothes = translator.translate(digits, source="mnist", target="fashion_mnist")
    """

    def __init__(
        self,
        server: str,
        model_name: str = "translator",
        version: int | None = None,
        label: str | None = None,
        timeout: float = 30.0,
    ):
        """Names the server; nothing is sent yet.

        Args:
            server: "http://HOST:PORT" or "https://..." for REST, "grpc://HOST:PORT" or "HOST:PORT" for gRPC.
            model_name: As it is served.
            version: Its number; None for the newest, or the label's.
            label: Of the version, "stable" say.
            timeout: Seconds for a request, its retries included.

        Raises:
            ValueError: No such address, or both a version and a label.
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
        self._timeout = checks.at_least(timeout, 0.001, "timeout")
        kind = _Grpc if scheme == "grpc" else _Rest
        self._transport = kind(server.removeprefix("grpc://").rstrip("/"), model_name, version, label)

    def __enter__(self) -> TranslatorClient:
        """Gives itself, to be closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the connections."""
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._transport.close()

    @functools.cached_property
    def signatures(self) -> Mapping[str, Any]:
        """The model's signatures by name, each a SignatureDef.

        Raises:
            RefusedError, ConnectionError, TimeoutError: As in `predict`.
        """
        return self._persist(self._transport.signatures)

    @property
    def functions(self) -> Mapping[str, Any]:
        """The signatures by name, to be called as those of a loaded model are, and failing as they do."""
        return {name: _Function(self, name, definition) for name, definition in self.signatures.items()}

    def predict(self, signature: str, inputs: Mapping[str, Any]) -> Arrays:
        """Calls a signature once.

        Args:
            signature: Its name, "" for the default.
            inputs: By name, arrays [batch, ...]; files as bytes.

        Returns:
            Outputs by name.

        Raises:
            RefusedError: There is no such signature, or it cannot read the inputs.
            ValueError: There is no such model or version.
            ConnectionError: The server is not reached, remains overloaded, fails, or is of another kind.
            TimeoutError: No answer came in time.
        """
        arrays = {key: _array(value) for key, value in inputs.items()}
        return self._persist(lambda seconds: self._transport.predict(signature, arrays, seconds))

    def translate(
        self, x: np.ndarray, source: str, target: str, sample: bool = False, seed: int | None = None
    ) -> np.ndarray:
        """Translates data, as `Translator.translate` does; raises as `predict` does."""
        return self._translate("_arrays", "x", np.asarray(x, np.float32), source, target, sample, seed)

    def translate_latents(
        self, z: np.ndarray, source: str, target: str, sample: bool = False, seed: int | None = None
    ) -> np.ndarray:
        """Translates latents, float32 [batch, latent_dim of source], to the target's; raises as `predict` does."""
        return self._translate("_latents", "z", np.asarray(z, np.float32), source, target, sample, seed)

    def translate_files(
        self,
        files: Sequence[bytes | str | os.PathLike],
        source: str,
        target: str,
        sample: bool = False,
        seed: int | None = None,
    ) -> list[bytes]:
        """Translates files of the source's kind.

        Args:
            files: Paths, or contents.
            source: Name of the domain of the files.
            target: Name of the domain to translate to.
            sample: Whether the shared latent is sampled.
            seed: Of the sampling; file i draws by (seed, i).

        Returns:
            The contents of the target's files: PNG, or WAV.

        Raises:
            OSError: A file cannot be read.
            RefusedError, ConnectionError, TimeoutError: As in `predict`.
        """
        contents = [file if isinstance(file, bytes) else Path(file).read_bytes() for file in files]
        return list(self._translate("", "data_bytes", _array(contents), source, target, sample, seed))

    def _translate(self, kind, key, batch, source, target, sample, seed):
        name = f"{source}_to_{target}{kind}{'_sampled' if sample else ''}"
        if name not in self.signatures:
            pairs = [each.removesuffix("_latents") for each in self.signatures if each.endswith("_latents")]
            checks.known(f"{source}_to_{target}", pairs, "pair of domains")
            raise ValueError(f"Domain {source!r} has no encoder: nothing but its latents can be translated.")
        if len(batch) == 0:
            raise ValueError("There is nothing to translate.")
        seeds = row_seeds(random.getrandbits(31) if seed is None else seed, range(len(batch))) if sample else None
        parts = []
        for start in range(0, len(batch), BATCH_SIZE):
            rows = slice(start, start + BATCH_SIZE)
            inputs = {key: batch[rows]} | ({} if seeds is None else {"seed": seeds[rows]})
            parts.append(self.predict(name, inputs)[key])
        return np.concatenate(parts)

    def _persist(self, attempt: Callable[[float], Any]) -> Any:
        """Calls `attempt` with the seconds left until it succeeds, or they are over."""
        deadline = time.monotonic() + self._timeout
        wait = FIRST_WAIT
        while True:
            left = deadline - time.monotonic()
            try:
                return attempt(max(left, 0.001))
            except _TryAgainError as error:
                pause = random.uniform(wait / 2, wait)  # Clients that were refused together come apart.
                if time.monotonic() + pause >= deadline:
                    raise ConnectionError(f"{self.server}: {error} Gave up after {self._timeout:g} s.") from None
                time.sleep(pause)
                wait = min(2 * wait, 5.0)
            except TimeoutError:
                raise TimeoutError(f"{self.server} did not answer within {self._timeout:g} s.") from None


def _array(value: Any) -> np.ndarray:
    if isinstance(value, (list, tuple)) and all(isinstance(item, bytes) for item in value):
        array = np.empty(len(value), object)
        array[:] = value
        return array
    return np.asarray(value)


class _Function:
    """A signature on a server in the place of one in this process.

    Attributes:
        inputs: Their shapes and dtypes.
        structured_outputs: By name those of the outputs.
    """

    def __init__(self, client: TranslatorClient, name: str, definition: Any):
        self._client = client
        self._name = name
        self.inputs = [_spec(info) for info in definition.inputs.values()]
        self.structured_outputs = {key: _spec(info) for key, info in definition.outputs.items()}

    def __call__(self, **inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Outputs by name.

        Raises:
            tf.errors.InvalidArgumentError: The signature cannot read the inputs.
            ConnectionError, TimeoutError: As `TranslatorClient.predict`.
        """
        try:
            outputs = self._client.predict(self._name, {key: value.numpy() for key, value in inputs.items()})
        except RefusedError as error:
            raise tf.errors.InvalidArgumentError(None, None, str(error)) from None
        return {key: tf.constant(value) for key, value in outputs.items()}


def _spec(info: Any) -> tf.TensorSpec:
    sizes = [None if dim.size < 0 else dim.size for dim in info.tensor_shape.dim]
    return tf.TensorSpec(sizes, tf.as_dtype(info.dtype))


class _Grpc:
    def __init__(self, server: str, name: str, version: int | None, label: str | None):
        self._server = server
        options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        self._channel = grpc.insecure_channel(server, options)
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._spec: dict[str, Any] = {"name": name}
        if version is not None:
            self._spec["version"] = {"value": version}
        if label is not None:
            self._spec["version_label"] = label

    def predict(self, signature: str, inputs: Arrays, seconds: float) -> Arrays:
        request = predict_pb2.PredictRequest(model_spec={**self._spec, "signature_name": signature})
        for key, value in inputs.items():
            request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
        response = self._call(self._stub.Predict, request, seconds)
        return {key: tf.make_ndarray(value) for key, value in response.outputs.items()}

    def signatures(self, seconds: float) -> Mapping[str, Any]:
        request = get_model_metadata_pb2.GetModelMetadataRequest(
            model_spec=self._spec, metadata_field=["signature_def"]
        )
        metadata = self._call(self._stub.GetModelMetadata, request, seconds).metadata
        signatures = get_model_metadata_pb2.SignatureDefMap()
        metadata["signature_def"].Unpack(signatures)
        return dict(signatures.signature_def)

    def _call(self, method: Callable, request: Any, seconds: float) -> Any:
        try:
            return method(request, timeout=seconds)
        except grpc.RpcError as error:
            code, details = error.code(), error.details() or ""
        if code == grpc.StatusCode.DEADLINE_EXCEEDED:
            raise TimeoutError
        # CANCELLED is what a server that stops says to a request that it has not looked at yet.
        if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.CANCELLED):
            if "larger than max" in details:  # Of the message, which a retry would not make smaller.
                raise RefusedError(f"The request is too large for {self._server}.")
            raise _TryAgainError("It is not reached, or overloaded.")
        if code == grpc.StatusCode.INVALID_ARGUMENT:
            raise RefusedError(details)
        if code in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION):
            raise ValueError(details)
        raise ConnectionError(f"{self._server} failed ({code.name}): {details}")

    def close(self) -> None:
        self._channel.close()


class _Rest:
    def __init__(self, server: str, name: str, version: int | None, label: str | None):
        self._server = server
        self._session = requests.Session()
        self._model = f"{server}/v1/models/{name}"
        if version is not None:
            self._model += f"/versions/{version}"
        if label is not None:
            self._model += f"/labels/{label}"

    def predict(self, signature: str, inputs: Arrays, seconds: float) -> Arrays:
        columns = {key: _to_json(value) for key, value in inputs.items()}
        content = {"inputs": columns} | ({"signature_name": signature} if signature else {})
        body = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)
        # The answer is a lone output's value, without its name, which is that of the input it translates.
        outputs = self._call("POST", ":predict", seconds, body, "outputs")
        if not isinstance(outputs, dict):
            outputs = {next(iter(inputs)): outputs}
        return {key: _from_json(value) for key, value in outputs.items()}

    def signatures(self, seconds: float) -> Mapping[str, Any]:
        metadata = self._call("GET", "/metadata", seconds, None, "metadata")
        definitions = metadata["signature_def"]["signature_def"]
        return {name: json_format.ParseDict(each, meta_graph_pb2.SignatureDef()) for name, each in definitions.items()}

    def _call(self, method: str, path: str, seconds: float, body: bytes | None, key: str) -> Any:
        headers = {"Content-Type": "application/json"}
        try:
            answer = self._session.request(method, self._model + path, data=body, headers=headers, timeout=seconds)
        except requests.exceptions.ConnectTimeout:
            raise _TryAgainError("It is not reached.") from None
        except requests.Timeout:
            raise TimeoutError from None
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            raise _TryAgainError("It is not reached, or closed the connection.") from None
        except requests.RequestException as error:
            raise ValueError(f"{self._server} is no address of a server ({error}).") from None
        try:
            content = orjson.loads(answer.content)
            if answer.ok:
                return content[key]
            message = content["error"]
        except (ValueError, KeyError, TypeError):
            message = f"HTTP status {answer.status_code}, and no answer of TensorFlow Serving"
            if answer.ok:
                raise ConnectionError(f"{self._server} does not answer as TensorFlow Serving does.") from None
        if answer.status_code in (429, 503):
            raise _TryAgainError("It is overloaded.")
        if answer.status_code == 404:
            raise ValueError(message)
        if 400 <= answer.status_code < 500:
            raise RefusedError(message)
        raise ConnectionError(f"{self._server} failed: {message}")

    def close(self) -> None:
        self._session.close()


def _to_json(array: np.ndarray) -> Any:
    if array.dtype == object:
        return [{"b64": base64.b64encode(item).decode()} for item in array]
    return np.ascontiguousarray(array)


def _from_json(value: Any) -> np.ndarray:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return _array([base64.b64decode(item["b64"]) for item in value])
    return np.asarray(value, np.float32)
