"""TensorFlow Serving's gRPC interface: PredictionService and ModelService, with its own protos."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from latent_xlate.serving.server.batching import Batcher
from latent_xlate.serving.server.limits import Limits, RequestError, invalid
from latent_xlate.serving.server.metrics import Metrics
from latent_xlate.serving.server.servable import Servable, Signature
from latent_xlate.serving.server.under_way import UnderWay
from latent_xlate.serving.server.versions import ModelVersions

SIGNATURES = "signature_def"
"""The only field of a model's metadata."""

_IDLE_SECONDS = 300
"""Time after which a connection without requests is closed, or checked while a request is under way."""


def server(
    models: ModelVersions, batcher: Batcher, metrics: Metrics, limits: Limits, under_way: UnderWay
) -> grpc.aio.Server:
    """Makes the server, without a port. It rejects compressed messages, whose size after decompression is unknown.

    Args:
        models: The versions of the model.
        batcher: Computes the requests.
        metrics: Metrics to update.
        limits: Limits of requests.
        under_way: The requests under way.
    """
    made = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", limits.max_body_bytes),
            ("grpc.max_send_message_length", -1),
            ("grpc.compression_enabled_algorithms_bitset", 1),
            ("grpc.so_reuseport", 0),  # A second server on the port must fail, not share it.
            ("grpc.server_handshake_timeout_ms", round(1000 * limits.header_seconds)),
            ("grpc.max_connection_idle_ms", 1000 * _IDLE_SECONDS),  # Clients connect anew by themselves.
            ("grpc.keepalive_time_ms", 1000 * _IDLE_SECONDS),  # Ends connections whose client has vanished.
            ("grpc.keepalive_timeout_ms", round(1000 * limits.header_seconds)),
        ],
        interceptors=[_Parsing()],
        maximum_concurrent_rpcs=limits.max_connections,
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        _PredictionService(models, metrics, under_way, batcher), made
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(_ModelService(models, metrics, under_way), made)
    return made


class _Parsing(grpc.aio.ServerInterceptor):
    """Gives the services None for a message that is damaged, of which gRPC would say that the server failed."""

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], details: Any) -> Any:
        handler = await continuation(details)
        if handler is None:  # There is no such method.
            return None

        def parse(message: bytes) -> Any:
            try:
                return handler.request_deserializer(message)
            except DecodeError:
                return None

        return handler._replace(request_deserializer=parse)


class _Counted:
    """Counts requests, and turns errors into status codes of gRPC."""

    def __init__(self, models: ModelVersions, metrics: Metrics, under_way: UnderWay):
        self._models = models
        self._metrics = metrics
        self._under_way = under_way

    async def _answer(
        self, answer: Callable[[Any], Awaitable[Any]], request: Any, context: grpc.aio.ServicerContext
    ) -> Any:
        start, code, message = time.perf_counter(), grpc.StatusCode.CANCELLED, ""
        try:
            if request is None:
                raise invalid("The message is damaged, or of another type than the method takes.")
            with self._under_way.request():
                response = await answer(request)
            code = grpc.StatusCode.OK
            return response
        except RequestError as error:
            code, message = error.code, str(error)
        except Exception:
            code, message = grpc.StatusCode.INTERNAL, "The server failed; its log says why."
            raise
        finally:
            self._metrics.request("gRPC", code.name, time.perf_counter() - start)
        await context.abort(code, message)

    def _get(self, spec: Any) -> Servable:
        version = spec.version.value if spec.HasField("version") else None
        label = spec.version_label if spec.HasField("version_label") else None
        return self._models.get(spec.name, version, label)


class _PredictionService(_Counted, prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, models: ModelVersions, metrics: Metrics, under_way: UnderWay, batcher: Batcher):
        super().__init__(models, metrics, under_way)
        self._batcher = batcher

    async def Predict(self, request: Any, context: grpc.aio.ServicerContext) -> Any:
        return await self._answer(self._predict, request, context)

    async def GetModelMetadata(self, request: Any, context: grpc.aio.ServicerContext) -> Any:
        return await self._answer(self._metadata, request, context)

    async def Classify(self, request: Any, context: grpc.aio.ServicerContext) -> None:
        message = "The signatures are for Predict, not for Classify, Regress or MultiInference."
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, message)

    Regress = MultiInference = Classify

    async def _predict(self, request: Any) -> Any:
        servable = self._get(request.model_spec)
        signature = servable.signature(request.model_spec.signature_name)
        inputs = {key: read_tensor(key, value, signature) for key, value in request.inputs.items()}
        outputs = await self._batcher.run(signature, inputs)
        response = predict_pb2.PredictResponse()
        response.model_spec.name = self._models.name
        response.model_spec.version.value = servable.version
        response.model_spec.signature_name = signature.name
        for key in request.output_filter or outputs:
            if key not in outputs:
                raise invalid(f"Signature {signature.name!r} has no output {key!r}.")
            write_tensor(outputs[key], response.outputs[key])
        return response

    async def _metadata(self, request: Any) -> Any:
        servable = self._get(request.model_spec)
        if list(request.metadata_field) != [SIGNATURES]:
            raise invalid(f"The metadata that there are is {SIGNATURES!r}.")
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.name = self._models.name
        response.model_spec.version.value = servable.version
        response.metadata[SIGNATURES].Pack(servable.signature_def)
        return response


class _ModelService(_Counted, model_service_pb2_grpc.ModelServiceServicer):
    async def GetModelStatus(self, request: Any, context: grpc.aio.ServicerContext) -> Any:
        return await self._answer(self._status, request, context)

    async def HandleReloadConfigRequest(self, request: Any, context: grpc.aio.ServicerContext) -> None:
        message = "The models are configured by the server's files alone."
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, message)

    async def _status(self, request: Any) -> Any:
        spec = request.model_spec
        self._models.check_name(spec.name)
        version = spec.version.value if spec.HasField("version") else None
        label = spec.version_label if spec.HasField("version_label") else None
        return self._models.status(version, label)


def read_tensor(key: str, proto: Any, signature: Signature) -> np.ndarray:
    """Converts a TensorProto to an array, with strings as bytes objects.

    Args:
        key: Name of the input.
        proto: The TensorProto of a request.
        signature: The signature that the request calls.

    Raises:
        RequestError: The dtype is wrong, or the number of values is not that of the shape. TensorFlow would repeat the
            last value, so that a few bytes could fill the memory.
    """
    spec = signature.inputs.get(key)
    if spec is None:
        raise invalid(f"Signature {signature.name!r} takes {', '.join(signature.inputs)}, not {key!r}.")
    if proto.dtype != spec.dtype.as_datatype_enum:
        name = tf.dtypes.as_dtype(proto.dtype).name if proto.dtype in _DTYPES else f"of type {proto.dtype}"
        raise invalid(f"Input {key!r} is {name}; signature {signature.name!r} takes {spec.dtype.name}.")
    shape = [dim.size for dim in proto.tensor_shape.dim]
    if proto.tensor_shape.unknown_rank or min(shape, default=0) < 0:
        raise invalid(f"Input {key!r} has no definite shape.")
    if len(shape) != spec.shape.rank:
        raise invalid(f"Input {key!r} has {len(shape)} dimensions; signature {signature.name!r} takes {spec.shape}.")
    count = math.prod(shape)
    if proto.tensor_content:
        filled = spec.dtype != tf.string and len(proto.tensor_content) == count * spec.dtype.size
    else:
        filled = count == len(getattr(proto, _FIELDS.get(spec.dtype, "float_val")))
    if not filled:
        raise invalid(f"Input {key!r} does not hold the values of its shape {shape[:8]}.")
    try:
        return tf.make_ndarray(proto)
    except (ValueError, TypeError):  # Such as a shape of 2^62 times 0 values.
        raise invalid(f"Input {key!r} does not hold an array of shape {shape[:8]}.") from None


def write_tensor(array: np.ndarray, proto: Any) -> None:
    """Writes an array into an empty TensorProto like `tf.make_tensor_proto`, with strings as bytes objects."""
    proto.dtype = tf.as_dtype(array.dtype).as_datatype_enum
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    if array.dtype == object:
        proto.string_val.extend(array.ravel())
    else:
        proto.tensor_content = array.tobytes()


_DTYPES = {dtype.as_datatype_enum for dtype in (tf.float32, tf.float64, tf.int32, tf.int64, tf.string, tf.uint8)}
_FIELDS = {tf.float32: "float_val", tf.int32: "int_val", tf.int64: "int64_val", tf.string: "string_val"}
