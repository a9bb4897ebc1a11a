"""Batching of requests that arrive at the same time."""

from __future__ import annotations

import asyncio
import collections
import concurrent.futures
import dataclasses
import functools
import os
from collections.abc import Sequence

import grpc
import numpy as np
import tensorflow as tf
from absl import logging

from latent_xlate import checks
from latent_xlate.serving.server.limits import Limits, RequestError, invalid
from latent_xlate.serving.server.metrics import Metrics
from latent_xlate.serving.server.servable import Arrays, Signature


@dataclasses.dataclass(eq=False)
class _Request:
    inputs: Arrays
    count: int
    answer: asyncio.Future[Arrays]

    @property
    def size(self) -> int:
        """Size of the inputs in bytes."""
        arrays = self.inputs.values()
        return sum(sum(map(len, a.flat)) if a.dtype == object else a.nbytes for a in arrays)


class Batcher:
    """Computes requests in batches, in one thread for each CPU core.

    There is no waiting time: a request that arrives at an idle server is computed at once, and requests that arrive
    while all threads are busy form the next batch. While a batch of a signature is running, another one starts only
    if it is as large; otherwise idle threads would take requests one by one. Each signature of each version has a
    queue, and the queues take turns.
    """

    def __init__(self, limits: Limits, metrics: Metrics):
        """Starts the threads.

        Args:
            limits: Limits of requests and of the queues.
            metrics: Metrics to update.
        """
        self._limits = limits
        self._metrics = metrics
        self._queues: dict[Signature, collections.deque[_Request]] = {}
        self._num_threads = os.cpu_count() or 1
        self._threads = concurrent.futures.ThreadPoolExecutor(self._num_threads, "batch")
        self._running: dict[asyncio.Future, tuple[Signature, int]] = {}
        self._items = 0
        self._bytes = 0

    async def run(self, signature: Signature, inputs: Arrays) -> Arrays:
        """Computes a request.

        Args:
            signature: The signature to call.
            inputs: Arrays by name, [rows, ...] each.

        Returns:
            Outputs by name, [rows, ...] each.

        Raises:
            RequestError: The request is invalid, or the server is overloaded.
        """
        count = signature.check(inputs)
        if count > self._limits.max_items:
            raise invalid(f"The request holds {count} items; at most {self._limits.max_items} are taken at once.")
        loop = asyncio.get_running_loop()
        request = _Request(inputs, count, loop.create_future())
        size = request.size
        if self._items + count > self._limits.max_queued_items or self._bytes + size > self._limits.max_queued_bytes:
            raise RequestError(grpc.StatusCode.UNAVAILABLE, "The server is overloaded: come again later.")
        self._items += count
        self._bytes += size
        self._queues.setdefault(signature, collections.deque()).append(request)
        loop.call_soon(self._start)  # Later, so that requests that have already arrived join the batch.
        try:
            return await request.answer
        finally:
            self._items -= count
            self._bytes -= size

    def close(self) -> None:
        """Takes no further requests, without waiting for a computation that still runs."""
        self._threads.shutdown(wait=False)

    @property
    def items(self) -> int:
        """Number of rows that wait or are being computed."""
        return self._items

    def _start(self) -> None:
        """Starts as many batches as there are idle threads and queues that are ready."""
        while self._queues and len(self._running) < self._num_threads:
            signature = next(filter(self._is_ready, self._queues), None)
            if signature is None:
                return
            queue = self._queues[signature]
            batch = self._take(queue)
            del self._queues[signature]
            if queue:
                self._queues[signature] = queue  # Moves the queue to the end.
            if batch:
                loop = asyncio.get_running_loop()
                future = loop.run_in_executor(self._threads, _compute, signature, [r.inputs for r in batch])
                self._running[future] = signature, len(batch)
                future.add_done_callback(functools.partial(self._answer, signature, batch))

    def _is_ready(self, signature: Signature) -> bool:
        """Whether at least as many requests wait as each running batch of the signature has."""
        waiting = len(self._queues[signature])
        return all(waiting >= size for running, size in self._running.values() if running is signature)

    def _take(self, queue: collections.deque[_Request]) -> list[_Request]:
        """Removes the next batch from a queue, and drops cancelled requests."""
        batch: list[_Request] = []
        count = 0
        while queue and (not batch or count + queue[0].count <= self._limits.max_batch_size):
            request = queue.popleft()
            if not request.answer.done():
                batch.append(request)
                count += request.count
        return batch

    def _answer(self, signature: Signature, batch: Sequence[_Request], future: asyncio.Future) -> None:
        del self._running[future]
        self._metrics.batch(signature.name, sum(request.count for request in batch))
        for request, result in zip(batch, future.result(), strict=True):
            if request.answer.done():  # Cancelled in the meantime.
                continue
            if isinstance(result, Exception):
                request.answer.set_exception(result)
            else:
                request.answer.set_result(result)
        self._start()


def _compute(signature: Signature, requests: Sequence[Arrays]) -> list[Arrays | RequestError]:
    """Computes requests as one batch. If it fails, computes each alone, so that only the faulty ones fail."""
    try:
        if len(requests) == 1:
            return [signature(requests[0])]
        merged = {key: np.concatenate([inputs[key] for inputs in requests]) for key in signature.inputs}
        outputs = signature(merged)
    except Exception as error:
        if len(requests) == 1:
            return [_request_error(signature, error)]
        return [_compute(signature, [inputs])[0] for inputs in requests]
    ends = np.cumsum([len(next(iter(inputs.values()))) for inputs in requests])[:-1]
    parts = {key: np.split(value, ends) for key, value in outputs.items()}
    return [{key: values[i] for key, values in parts.items()} for i in range(len(requests))]


_DATA_ERRORS = (
    tf.errors.InvalidArgumentError,
    tf.errors.OutOfRangeError,
    tf.errors.DataLossError,
    tf.errors.UnimplementedError,
)
"""Errors that the data of a request can cause in a graph which has computed its warm-up records."""


def _request_error(signature: Signature, error: Exception) -> RequestError:
    """What the sender of a request is told of an error of its computation. An error that is ours is logged."""
    if isinstance(error, RequestError):
        return error
    if isinstance(error, _DATA_ERRORS):
        return invalid(f"{checks.sentence(error)}.")
    if isinstance(error, UnicodeDecodeError):
        # TensorFlow fails to convert an error whose message quotes the data.
        quoted = error.object.decode(errors="replace")
        return invalid(f"{checks.sentence(ValueError(quoted))}.")
    if isinstance(error, (tf.errors.ResourceExhaustedError, MemoryError)):
        message = "There is not enough memory for the request: send fewer items at once, or come again later."
        return RequestError(grpc.StatusCode.RESOURCE_EXHAUSTED, message)
    logging.error("Signature %s failed.", signature.name, exc_info=error)
    return RequestError(grpc.StatusCode.INTERNAL, "The model failed; the server's log says why.")
