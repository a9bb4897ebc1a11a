"""A model whose signatures fail in known ways, and a server in a thread, with any limits."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import requests
import tensorflow as tf

from latent_xlate.serving.server import run
from latent_xlate.serving.server.limits import Limits
from tests.support.processes import free_ports


def _each(function, dtype=tf.float32):
    return lambda items: tf.map_fn(function, items, fn_output_signature=dtype)


def _wait(seconds):
    """Computes for the largest of some numbers of seconds."""
    end = tf.timestamp() + tf.cast(tf.reduce_max(seconds), tf.float64)
    with tf.control_dependencies(tf.while_loop(lambda _: tf.timestamp() < end, lambda i: [i + 1], [0])):
        return tf.identity(seconds)


FUNCTIONS = {
    "double": ("x", tf.TensorSpec([None, 2], tf.float32), lambda x: 2 * x),
    "wide": ("x", tf.TensorSpec([None, 1], tf.float32), lambda x: tf.tile(x, [1, 2**20])),
    "wait": ("x", tf.TensorSpec([None, 1], tf.float32), _wait),
    "first_sample": ("data_bytes", tf.TensorSpec([None], tf.string), _each(lambda f: tf.audio.decode_wav(f)[0][0, 0])),
    "first_pixel": (
        "data_bytes",
        tf.TensorSpec([None], tf.string),
        _each(lambda f: tf.io.decode_image(f, dtype=tf.float32, expand_animations=False)[0, 0, 0]),
    ),
    "missing_file": (
        "data_bytes",
        tf.TensorSpec([None], tf.string),
        _each(lambda f: tf.io.read_file("/none"), tf.string),
    ),
}
"""By signature: the name and kind of its input, and what it computes, which is "y"."""


def write_odd_model(folder: Path) -> None:
    """Writes the SavedModel, of which "double" is the default signature."""
    signatures = {name: _signature(*each) for name, each in FUNCTIONS.items()}
    tf.saved_model.save(tf.Module(), str(folder), signatures | {"serving_default": signatures["double"]})


def _signature(key, spec, function):
    return tf.function(lambda **inputs: {"y": function(inputs[key])}).get_concrete_function(**{key: spec})


class ServerThread:
    """The Python server in a thread of this process, without signals.

    Attributes:
        rest: "http://HOST:PORT".
        grpc: "HOST:PORT".
    """

    def __init__(self, base: Path, poll_seconds: float = 1.0, **limits: float):
        grpc, rest = free_ports()
        self.rest, self.grpc = f"http://127.0.0.1:{rest}", f"127.0.0.1:{grpc}"
        self._address = "127.0.0.1", rest
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        serving = run.serve_until(
            self._stop, "translator", base, run.Address(port=grpc, rest_api_port=rest), Limits(**limits), poll_seconds
        )
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=[serving], daemon=True)
        self._thread.start()
        while not self._listens():
            assert self._thread.is_alive()
            time.sleep(0.01)

    def _listens(self) -> bool:
        with contextlib.suppress(OSError):
            return requests.get(f"{self.rest}/healthz", timeout=60).ok
        return False

    def connect(self) -> socket.socket:
        """A connection of REST."""
        return socket.create_connection(self._address, timeout=10)

    def begin_stop(self) -> None:
        """Does what SIGTERM does to the command."""
        self._loop.call_soon_threadsafe(self._stop.set)

    def stop(self, seconds: float = 10) -> None:
        """Stops, and raises AssertionError if that takes longer than a number of seconds."""
        self.begin_stop()
        self._thread.join(seconds)
        assert not self._thread.is_alive()


@contextlib.contextmanager
def serving_here(base: Path, **options: float) -> Iterator[ServerThread]:
    server = ServerThread(base, **options)
    try:
        yield server
    finally:
        server.stop()
