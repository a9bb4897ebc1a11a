"""The server's life cycle: load, listen, watch for versions, and stop without losing a request."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import grpc
import uvicorn
from absl import logging
from starlette.applications import Starlette

from latent_xlate.serving.server import rest, rpc
from latent_xlate.serving.server.batching import Batcher
from latent_xlate.serving.server.limits import Limits
from latent_xlate.serving.server.metrics import Metrics
from latent_xlate.serving.server.versions import ModelVersions


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


async def serve(
    model_name: str, model_base_path: Path, address: Address, limits: Limits, poll_seconds: float = 1.0
) -> None:
    """Serves the versions of a model until SIGTERM or SIGINT, then completes the running requests.

    Args:
        model_name: Name of the model in requests.
        model_base_path: Folder of the versions.
        address: Addresses to listen at.
        limits: Limits of requests.
        poll_seconds: Time between checks for changed versions, in seconds.

    Raises:
        ValueError: There is no version to serve, or `models.config` is damaged.
        OSError: A port is taken.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
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
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(models.watch(poll_seconds))
            stopping = []
            if listener:
                application = rest.application(models, batcher, metrics, limits)
                stopping.append(tasks.create_task(_serve_rest(application, listener, limits, stop)))
            if address.port:
                server = rpc.server(models, batcher, metrics, limits)
                server.add_insecure_port(f"{address.host}:{address.port}")
                await server.start()
                stopping.append(tasks.create_task(_stop_grpc(server, limits, stop)))
            served = ", ".join(map(str, models.available))
            where = [f"REST at http://{address.host}:{address.rest_api_port}"] if listener else []
            where += [f"gRPC at {address.host}:{address.port}"] if address.port else []
            print(f"Serving {model_name}, version {served}: {', '.join(where)}.", flush=True)
            await stop.wait()
            cancelled = metrics.cancelled
            await asyncio.gather(*stopping)
            watching.cancel()
        await batcher.close()
        logging.info("Stopped; requests cut off: %d.", metrics.cancelled - cancelled)


async def _serve_rest(application: Starlette, listener: socket.socket, limits: Limits, stop: asyncio.Event) -> None:
    config = uvicorn.Config(
        application,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        limit_concurrency=limits.max_connections,
        timeout_graceful_shutdown=int(limits.grace_seconds),
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve([listener]))
    await stop.wait()
    server.should_exit = True
    await serving


class _Server(uvicorn.Server):
    """A server that does not handle signals, which `serve` does."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _stop_grpc(server: grpc.aio.Server, limits: Limits, stop: asyncio.Event) -> None:
    await stop.wait()
    await server.stop(limits.grace_seconds)


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
