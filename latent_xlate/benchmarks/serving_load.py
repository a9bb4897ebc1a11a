"""Throughput and latency of a server of an export, compared with calling the SavedModel in a loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2
from tqdm import tqdm

from latent_xlate import processes, tables
from latent_xlate.serving.bundle import WARMUP_FILE
from latent_xlate.serving.export import load_export

CLIENTS = (1, 8, 64)
"""Numbers of concurrent clients."""

PERCENTILES = (50, 95, 99)
BATCH_SIZE = 64
"""Largest batch of the server."""

PREDICT = "/tensorflow.serving.PredictionService/Predict"


def benchmark(base_path: str | os.PathLike, seconds: float) -> dict[str, Any]:
    """Measures and prints throughput and latency of each signature.

    The requests are the warm-up records, which have one row each. This process sends them by gRPC to
    `bin/serve.py --engine=python` on the same machine, so that server and clients share its cores. A second server,
    with `--max_batch_size=1`, shows the effect of batching.

    Args:
        base_path: Folder of the versions, the newest of which is measured.
        seconds: Length of each measurement, which follows a warm-up of a fifth of it.

    Returns:
        JSON-serialisable results by signature: `loop`, calls per second of the SavedModel in this process; `served`,
        by number of clients {"rate" (requests per second), "p50", "p95", "p99" (latency in milliseconds)};
        `one_by_one`, the same without batching for the largest number of clients; and `lift`, the ratio of the rates
        with and without batching.

    Raises:
        ValueError: There is no version with warm-up records, or a server does not start.
    """
    base_path = Path(base_path)
    versions = [int(path.name) for path in base_path.glob("*") if path.name.isdecimal()]
    model = base_path / str(max(versions, default=0))
    if not (model / WARMUP_FILE).is_file():
        raise ValueError(f"{base_path} holds no version of an export with requests to warm up with.")
    records = tf.data.TFRecordDataset(str(model / WARMUP_FILE)).as_numpy_iterator()
    requests = [prediction_log_pb2.PredictionLog.FromString(record).predict_log.request for record in records]
    for request in requests:
        request.model_spec.name = base_path.name
    by_name = {request.model_spec.signature_name: request for request in requests}

    results: dict[str, Any] = {name: {"loop": rate} for name, rate in _loop(model, by_name, seconds).items()}
    with _server(base_path, BATCH_SIZE) as batching, _server(base_path, 1) as one_by_one:
        for name, request in tqdm(by_name.items(), "served", unit="signature"):
            results[name]["served"] = {n: asyncio.run(_load(batching, request, n, seconds)) for n in CLIENTS}
            results[name]["one_by_one"] = asyncio.run(_load(one_by_one, request, CLIENTS[-1], seconds))
    for result in results.values():
        result["lift"] = result["served"][CLIENTS[-1]]["rate"] / result["one_by_one"]["rate"]
    print(table(results))
    return results


def _loop(model: Path, requests: Mapping[str, Any], seconds: float) -> dict[str, float]:
    loaded = load_export(model)
    rates = {}
    for name, request in tqdm(requests.items(), "loop", unit="signature"):
        inputs = {key: tf.constant(tf.make_ndarray(value)) for key, value in request.inputs.items()}
        loaded.signatures[name](**inputs)
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            loaded.signatures[name](**inputs)
            count += 1
        rates[name] = count / (time.perf_counter() - start)
    return rates


async def _load(address: str, request: Any, clients: int, seconds: float) -> dict[str, float]:
    latencies: list[float] = []
    content = request.SerializeToString()
    async with grpc.aio.insecure_channel(address) as channel:
        predict = channel.unary_unary(PREDICT)  # Without parsing, so that clients need little CPU time.
        begin = time.perf_counter() + seconds / 5

        async def client() -> None:
            while (start := time.perf_counter()) < begin + seconds:
                await predict(content)
                if start >= begin:
                    latencies.append(time.perf_counter() - start)

        await asyncio.gather(*(client() for _ in range(clients)))
        took = time.perf_counter() - begin
    figures = np.percentile(latencies, PERCENTILES) * 1000 if latencies else [float("nan")] * len(PERCENTILES)
    return {"rate": len(latencies) / took} | {f"p{p}": float(f) for p, f in zip(PERCENTILES, figures, strict=True)}


@contextlib.contextmanager
def _server(base_path: Path, batch_size: int) -> Iterator[str]:
    """Runs a server in another process and yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    flags = {
        "engine": "python",
        "model_base_path": base_path,
        "model_name": base_path.name,
        "port": port,
        "rest_api_port": 0,
        "max_batch_size": batch_size,
    }
    command = processes.module_command("latent_xlate.cli.serve") + [f"--{key}={value}" for key, value in flags.items()]
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=processes.module_environment()
    )
    try:
        assert server.stdout
        if not server.stdout.readline().startswith("Serving"):
            raise ValueError(f"The server did not start; see what it says: {' '.join(command)}")
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.communicate()


def table(results: Mapping[str, Any]) -> str:
    """Formats the results of `benchmark` as a Markdown table."""
    title = "Requests of one item a second, and milliseconds (p50/p95/p99), by the number of clients"
    head = ["signature", "loop", *(f"{n} served" for n in CLIENTS), f"{CLIENTS[-1]} one by one", "lift"]
    rows = []
    for name, result in results.items():
        cells = [name, f"{result['loop']:.0f}"]
        for figures in (*result["served"].values(), result["one_by_one"]):
            times = "/".join(f"{figures[f'p{p}']:.1f}" for p in PERCENTILES)
            cells.append(f"{figures['rate']:.0f} ({times})")
        rows.append([*cells, f"{result['lift']:.1f}"])
    return f"{title}\n\n{tables.markdown(head, rows, compact=True)}"
