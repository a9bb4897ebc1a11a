"""The server's life cycle: load, listen, watch for versions, and stop without losing a request."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn
from absl import logging
from starlette.applications import Starlette

from latent_xlate.serving.server import rest, rpc
from latent_xlate.serving.server.batching import Batcher
from latent_xlate.serving.server.connection import Connection
from latent_xlate.serving.server.limits import Limits
from latent_xlate.serving.server.metrics import Metrics
from latent_xlate.serving.server.servable import turn_off_graph_optimiser
from latent_xlate.serving.server.under_way import UnderWay
from latent_xlate.serving.server.versions import ModelVersions

_END_SECONDS = 5
"""Time from the end of the grace period to that of the process; 25 s in all are less than Kubernetes's 30 s."""

_CLOSING_SECONDS = 2
"""Time in which clients must read their last answers, within `_END_SECONDS`."""


@dataclasses.dataclass(frozen=True)
class Address:
    """The addresses at which the server listens.

    Attributes:
        host: Host name or IP address; the default accepts connections from this machine only.
        port: Port of gRPC; 0 for none.
        rest_api_port: Port of REST; 0 for none.
    """

    host: str = "127.0.0.1"
    port: int = 8500
    rest_api_port: int = 8501


async def serve(model_name: str, model_base_path: Path, address: Address, limits: Limits) -> None:
    """Serves the versions of a model until SIGTERM or SIGINT.

    `_END_SECONDS` after the grace period the process ends, even if a computation runs on.

    Args:
        model_name: Name of the model in requests.
        model_base_path: Folder of the versions.
        address: Addresses to listen at.
        limits: Limits of requests.

    Raises:
        ValueError, OSError: As in `serve_until`.
    """
    turn_off_graph_optimiser()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _stop, stop, limits.grace_seconds + _END_SECONDS)
    await serve_until(stop, model_name, model_base_path, address, limits)


async def serve_until(
    stop: asyncio.Event,
    model_name: str,
    model_base_path: Path,
    address: Address,
    limits: Limits,
    poll_seconds: float = 1.0,
) -> None:
    """Serves the versions of a model until an event, then completes the running requests.

    While it completes them, further requests are answered with 503 or UNAVAILABLE, and so is what is not complete when
    the grace period is over.

    Args:
        stop: The event that ends it.
        model_name: Name of the model in requests.
        model_base_path: Folder of the versions.
        address: Addresses to listen at.
        limits: Limits of requests.
        poll_seconds: Time between checks for changed versions, in seconds.

    Raises:
        ValueError: There is no version to serve, or `models.config` is damaged.
        OSError: A port is taken.
    """
    metrics = Metrics()
    models = ModelVersions(model_name, model_base_path, metrics)
    batcher = Batcher(limits, metrics)
    with _listener(address.host, address.rest_api_port) as listener, _listener(address.host, address.port) as other:
        if other:
            other.close()  # gRPC opens its own. This one detects a taken port before the model is loaded.
        await models.refresh()
        if not models.available:
            errors = [status.status.error_message for status in models.status().model_version_status]
            raise ValueError(f"There is no version to serve in {model_base_path}. {' '.join(errors)}".strip())
        under_way = UnderWay()
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(models.watch(poll_seconds))
            ends = []
            if listener:
                http = _http_server(rest.application(models, batcher, metrics, limits, under_way), limits)
                serving = tasks.create_task(http.serve([listener]))
                ends.append(functools.partial(_stop_http, http, serving))
            if address.port:
                server = rpc.server(models, batcher, metrics, limits, under_way)
                server.add_insecure_port(f"{address.host}:{address.port}")
                await server.start()
                ends.append(functools.partial(server.stop, _CLOSING_SECONDS))
            served = ", ".join(map(str, models.available))
            where = [f"REST at http://{address.host}:{address.rest_api_port}"] if listener else []
            where += [f"gRPC at {address.host}:{address.port}"] if address.port else []
            print(f"Serving {model_name}, version {served}: {', '.join(where)}.", flush=True)
            await stop.wait()
            cut_off = await under_way.stop(limits.grace_seconds)
            await asyncio.gather(*(end() for end in ends))
            watching.cancel()
        batcher.close()
        logging.info("Stopped; requests cut off: %d.", cut_off)


def _stop(stop: asyncio.Event, seconds: float) -> None:
    """Begins the stop, and has the process end after `seconds` whatever happens.

    A thread that computes or loads a model cannot be stopped, and Python waits for all threads before it exits.
    """
    if not stop.is_set():
        stop.set()
        timer = threading.Timer(seconds, os._exit, (0,))
        timer.daemon = True
        timer.start()


def _http_server(application: Starlette, limits: Limits) -> uvicorn.Server:
    protocol: Any = functools.partial(Connection, limits)
    config = uvicorn.Config(
        application,
        http=protocol,
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=_CLOSING_SECONDS,
    )
    return _HttpServer(config)


async def _stop_http(server: uvicorn.Server, serving: asyncio.Task) -> None:
    server.should_exit = True
    await serving


class _HttpServer(uvicorn.Server):
    """A server that does not handle signals, which `serve` does."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.contextmanager
def _listener(host: str, port: int) -> Iterator[socket.socket | None]:
    """A listening socket, None for port 0."""
    if not port:
        yield None
        return
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (while")[0]
        raise OSError(error.errno, f"{reason}: give another port", f"{host}:{port}") from None
    with listener:
        yield listener
