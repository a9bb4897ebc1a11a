"""TensorFlow Serving's REST interface, as an ASGI application."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import orjson
from google.protobuf import json_format
from starlette.applications import Starlette
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from latent_xlate.serving.server import metrics
from latent_xlate.serving.server.batching import Batcher
from latent_xlate.serving.server.connection import json_error
from latent_xlate.serving.server.json_tensors import read_request, write_answer
from latent_xlate.serving.server.limits import HTTP_STATUS, MAX_MESSAGE, Limits, RequestError, invalid
from latent_xlate.serving.server.metrics import Metrics
from latent_xlate.serving.server.under_way import UnderWay
from latent_xlate.serving.server.versions import ModelVersions

VERSIONS = ("", "/versions/{version:part}", "/labels/{label:part}")


class _Part(StringConvertor):
    """A part of a path before the colon of a verb, so that `:predict` is no end of a name."""

    regex = "[^/:]+"


register_url_convertor("part", _Part())


def application(
    models: ModelVersions, batcher: Batcher, measured: Metrics, limits: Limits, under_way: UnderWay
) -> Starlette:
    """Makes the application.

    It answers `POST /v1/models/NAME:predict` and `GET /v1/models/NAME[/metadata]`, each also with `/versions/N` or
    `/labels/L` after the name; Prometheus's metrics at TensorFlow Serving's path; and `GET /healthz`, whose status is
    200 while a version is served and the server does not stop. The body of an error is `{"error": "<one sentence>"}`.

    Args:
        models: The versions of the model.
        batcher: Computes the requests.
        measured: Metrics to update and to show.
        limits: Limits of requests.
        under_way: The requests under way.
    """
    endpoints = _Endpoints(models, batcher, measured, limits, under_way)
    routes = [
        Route("/healthz", endpoints.health),
        Route(metrics.PATH, endpoints.metrics),
    ]
    for version in VERSIONS:
        path = "/v1/models/{name:part}" + version
        routes += [
            Route(f"{path}/metadata", endpoints.metadata),
            Route(f"{path}:predict", endpoints.predict, methods=["POST"]),
            Route(f"{path}:{{verb}}", endpoints.unknown_verb, methods=["POST"]),
            Route(path, endpoints.status),
        ]
    made = Starlette(routes=routes, exception_handlers={HTTPException: _http_error, Exception: _internal_error})
    made.router.redirect_slashes = False  # The redirect would name the host that the request names.
    return made


class _Endpoints:
    def __init__(self, models: ModelVersions, batcher: Batcher, measured: Metrics, limits: Limits, under_way: UnderWay):
        self._models = models
        self._batcher = batcher
        self._metrics = measured
        self._limits = limits
        self._under_way = under_way
        self.predict = self._counted(self._predict)
        self.metadata = self._counted(self._metadata)
        self.status = self._counted(self._status)
        self.unknown_verb = self._counted(self._unknown_verb)

    def _counted(self, answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """Wraps an endpoint: counts its requests and turns errors into responses."""

        async def counted(request: Request) -> Response:
            start, code = time.perf_counter(), "OK"
            try:
                with self._under_way.request():
                    return await answer(request)
            except RequestError as error:
                code = error.code.name
                headers = {"Connection": "close"} if self._under_way.is_stopping else None
                return json_error(HTTP_STATUS[error.code], str(error), headers)
            except HTTPException as error:
                code = grpc.StatusCode.INVALID_ARGUMENT.name
                return json_error(error.status_code, error.detail, error.headers)
            except ClientDisconnect:  # The sender has gone; nobody reads the response.
                code = grpc.StatusCode.CANCELLED.name
                return Response(status_code=499)
            finally:
                self._metrics.request("REST", code, time.perf_counter() - start)

        return counted

    async def _predict(self, request: Request) -> Response:
        servable = self._models.get(**_model(request))
        signature, inputs, in_rows = read_request(await self._body(request), servable.signature)
        return _json(write_answer(await self._batcher.run(signature, inputs), in_rows))

    async def _body(self, request: Request) -> bytes:
        limit = self._limits.max_body_bytes
        codings = request.headers.getlist("content-encoding")
        if not {"", "identity"}.issuperset(map(str.strip, ",".join(codings).lower().split(","))):
            raise HTTPException(415, "A compressed body is not taken.")
        too_large = HTTPException(413, f"The body is larger than {limit} bytes.", {"Connection": "close"})
        if int(request.headers.get("content-length", 0)) > limit:
            raise too_large
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > limit:
                        raise too_large
        except TimeoutError:
            seconds = f"{self._limits.body_seconds:g}"
            raise HTTPException(408, f"The body did not come within {seconds} s.", {"Connection": "close"}) from None
        return bytes(body)

    async def _metadata(self, request: Request) -> Response:
        servable = self._models.get(**_model(request))
        spec = {"name": self._models.name, "signature_name": "", "version": str(servable.version)}
        return _json({"model_spec": spec, "metadata": {"signature_def": _dict(servable.signature_def)}})

    async def _status(self, request: Request) -> Response:
        model = _model(request)
        self._models.check_name(model.pop("name"))
        return _json(_dict(self._models.status(**model)))

    async def _unknown_verb(self, request: Request) -> Response:
        raise invalid(f"The model has no {request.path_params['verb']!r}: it has 'predict'.")

    async def health(self, request: Request) -> Response:
        """Reports the available versions, with status 503 if there are none."""
        available = [] if self._under_way.is_stopping else self._models.available
        return _json({"available": available}, 200 if available else 503)

    async def metrics(self, request: Request) -> Response:
        """Reports the metrics in Prometheus's format."""
        return Response(self._metrics.text(self._batcher.items), media_type="text/plain; version=0.0.4")


def _model(request: Request) -> dict[str, Any]:
    """Name, and version or label, of the model in a request's path."""
    model: dict[str, Any] = {
        key: request.path_params[key] for key in ("name", "version", "label") if key in request.path_params
    }
    if "version" in model:
        if not re.fullmatch("[0-9]{1,18}", model["version"]):
            raise invalid("The version is not a number.")
        model["version"] = int(model["version"])
    return model


def _dict(message: Any) -> dict[str, Any]:
    return json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def _json(content: Any, status: int = 200) -> Response:
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    return Response(body, status, media_type="application/json")


async def _http_error(request: Request, error: Any) -> Response:
    method, path = request.method, request.scope["path"][: MAX_MESSAGE // 2]
    messages = {404: f"There is nothing at {path!r}.", 405: f"{method} is not taken here."}
    return json_error(error.status_code, messages.get(error.status_code, error.detail), error.headers)


async def _internal_error(request: Request, error: Exception) -> Response:
    return json_error(500, "The server failed; its log says why.")
