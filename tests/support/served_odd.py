"""A model whose signatures fail in known ways, and a server of it in a process of its own, with any limits.

As a script, it is that server: `python -m tests.support.served_odd BASE GRPC_PORT REST_PORT LIMITS_AS_JSON`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import tensorflow as tf

from latent_xlate.serving.server import run
from latent_xlate.serving.server.limits import Limits


def _each(function, dtype=tf.float32):
    return lambda items: tf.map_fn(function, items, fn_output_signature=dtype)


def _wait(seconds):
    """Computes for the largest of some numbers of seconds."""
    end = tf.timestamp() + tf.cast(tf.reduce_max(seconds), tf.float64)
    with tf.control_dependencies(tf.while_loop(lambda _: tf.timestamp() < end, lambda i: [i + 1], [0])):
        return tf.identity(seconds)


FUNCTIONS = {
    "double": ("x", tf.TensorSpec([None, 2], tf.float32), lambda x: 2 * x),
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


if __name__ == "__main__":
    base, grpc_port, rest_port, limits = sys.argv[1:]
    address = run.Address(port=int(grpc_port), rest_api_port=int(rest_port))
    asyncio.run(run.serve("translator", Path(base) / "translator", address, Limits(**json.loads(limits))))
