"""Requests to a server over gRPC or REST, in TensorFlow Serving's protocols.

Needs the extra `serving`.
"""

from __future__ import annotations

import abc
import base64
from collections.abc import Callable, Mapping
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

Arrays = dict[str, np.ndarray]


class RefusedError(ValueError):
    """The server rejects the request as invalid. The message is the server's."""


class TryAgainError(Exception):
    """The request failed for a reason that may pass. The message is for the case that retries fail as well."""


class Transport(abc.ABC):
    """Sends requests for one model on one server.

    The methods raise

    - TryAgainError, if a retry may succeed;
    - RefusedError, if the server rejects the request;
    - ValueError, if the server does not have the model, or the address is wrong;
    - ConnectionError, if the server fails or does not speak the protocol;
    - TimeoutError, without a message, if there is no answer in time.
    """

    @abc.abstractmethod
    def predict(self, signature: str, inputs: Arrays, seconds: float) -> Arrays:
        """Calls a signature.

        Args:
            signature: Its name, "" for the default.
            inputs: Arrays [batch, ...] by name; strings as arrays of bytes objects.
            seconds: Time limit.

        Returns:
            The outputs by name.
        """

    @abc.abstractmethod
    def signatures(self, seconds: float) -> Mapping[str, Any]:
        """The SignatureDefs of the model by name, requested within a time limit in seconds."""

    @abc.abstractmethod
    def close(self) -> None:
        """Closes the connections."""


class GrpcTransport(Transport):
    """Requests to TensorFlow Serving's PredictionService."""

    def __init__(self, server: str, name: str, version: int | None, label: str | None):
        """Opens a channel, which connects with the first request.

        Args:
            server: "HOST:PORT".
            name: Name of the model.
            version: Version of the model; None for the newest, or the label's.
            label: Label of the version; None for no label.
        """
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

    def _call(self, method: Callable[..., Any], request: Any, seconds: float) -> Any:
        try:
            return method(request, timeout=seconds)
        except grpc.RpcError as error:
            code, details = error.code(), error.details() or ""
        if code == grpc.StatusCode.DEADLINE_EXCEEDED:
            raise TimeoutError
        # A server that shuts down answers CANCELLED to requests that it has not begun.
        if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.CANCELLED):
            if "larger than max" in details:  # The message is too large, which a retry would not change.
                raise RefusedError(f"The request is too large for {self._server}.")
            raise TryAgainError("It is not reached, or overloaded.")
        if code == grpc.StatusCode.INVALID_ARGUMENT:
            raise RefusedError(details)
        if code in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION):
            raise ValueError(details)
        raise ConnectionError(f"{self._server} failed ({code.name}): {details}")

    def close(self) -> None:
        self._channel.close()


class RestTransport(Transport):
    """Requests to TensorFlow Serving's REST interface (https://www.tensorflow.org/tfx/serving/api_rest)."""

    def __init__(self, server: str, name: str, version: int | None, label: str | None):
        """Opens a session, which connects with the first request.

        Args:
            server: "http://HOST:PORT" or "https://HOST:PORT".
            name: Name of the model.
            version: Version of the model; None for the newest, or the label's.
            label: Label of the version; None for no label.
        """
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
        outputs = self._call("POST", ":predict", seconds, body, "outputs")
        if not isinstance(outputs, dict):
            # The server omits the name of a single output. Most signatures name it like the input.
            outputs = {next(iter(inputs)): outputs}
        return {key: _from_json(value) for key, value in outputs.items()}

    def signatures(self, seconds: float) -> Mapping[str, Any]:
        metadata = self._call("GET", "/metadata", seconds, None, "metadata")
        definitions = metadata["signature_def"]["signature_def"]
        return {name: json_format.ParseDict(each, meta_graph_pb2.SignatureDef()) for name, each in definitions.items()}

    def _call(self, method: str, path: str, seconds: float, body: bytes | None, key: str) -> Any:
        """Sends a request, and returns the value of a key of the answer."""
        headers = {"Content-Type": "application/json"}
        try:
            answer = self._session.request(method, self._model + path, data=body, headers=headers, timeout=seconds)
        except requests.exceptions.ConnectTimeout:
            raise TryAgainError("It is not reached.") from None
        except requests.Timeout:
            raise TimeoutError from None
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            raise TryAgainError("It is not reached, or closed the connection.") from None
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
            raise TryAgainError("It is overloaded.")
        if answer.status_code == 404:
            raise ValueError(message)
        if 400 <= answer.status_code < 500:
            raise RefusedError(message)
        raise ConnectionError(f"{self._server} failed: {message}")

    def close(self) -> None:
        self._session.close()


def bytes_array(items: list[bytes] | tuple[bytes, ...]) -> np.ndarray:
    """An array [n] of bytes objects. NumPy's own bytes type would drop trailing zeros."""
    array = np.empty(len(items), object)
    array[:] = items
    return array


def _to_json(array: np.ndarray) -> Any:
    if array.dtype == object:
        return [{"b64": base64.b64encode(item).decode()} for item in array]
    return np.ascontiguousarray(array)


def _from_json(value: Any) -> np.ndarray:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return bytes_array([base64.b64decode(item["b64"]) for item in value])
    return np.asarray(value, np.float32)
