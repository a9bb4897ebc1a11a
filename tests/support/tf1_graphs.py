"""The original's networks as TensorFlow 1 graphs of plain ops, which write checkpoints and are the oracle.

Names of variables and order of ops are those of the original's release; nothing here knows the Keras models.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1

GAIN = 1.5
"""Variance of a kernel's values times its inputs: 2 would keep the variance through a ReLU, if there were no biases."""

STRIDES = {16384: [4] * 5, 32768: [4] * 5 + [2], 65536: [4] * 6}


def save(
    folder: Path, network: Callable[[tf.Tensor], tf.Tensor], x: np.ndarray, *, step: bool = True, adam: bool = False
) -> tuple[str, np.ndarray]:
    """Saves a network of random variables.

    Args:
        folder: Where the checkpoint goes.
        network: Makes variables and output of an input.
        x: The input.
        step: Whether there is a global step, as in all of the original's checkpoints.
        adam: Whether there are an optimizer's variables, as in those written in training.

    Returns:
        The checkpoint's prefix, and the session's output.
    """
    with tf.Graph().as_default(), v1.Session() as session:
        placeholder = v1.placeholder(tf.float32, [None, *x.shape[1:]])
        output = network(placeholder)
        if step:
            v1.train.get_or_create_global_step()
        if adam:
            v1.train.AdamOptimizer().minimize(tf.reduce_sum(output))
        randomise(session)
        prefix = v1.train.Saver().save(session, str(folder / "model.ckpt"), global_step=100)
        return prefix, session.run(output, {placeholder: x})


def randomise(session: tf.compat.v1.Session, seed: int = 0) -> None:
    """Gives all variables of a graph random values, at which activations neither vanish nor saturate."""
    generator = np.random.default_rng(seed)
    for variable in v1.global_variables():
        value = _random(variable.op.name, variable.shape.as_list(), generator)
        session.run(variable.initializer, {variable.initializer.inputs[1]: value})


def _random(name: str, shape: list[int], generator: np.random.Generator) -> np.ndarray:
    kind = name.rpartition("/")[2]
    if kind == "kernel":
        # A stride of 4 lets a fourth of a transposed convolution's kernel reach an output.
        fan_in = shape[1] * shape[3] / 4 if "transpose" in name else math.prod(shape[:-1])
        return generator.normal(size=shape, scale=math.sqrt(GAIN / fan_in))
    if kind in ("gamma", "moving_variance"):
        return generator.uniform(0.5, 1.5, shape)
    if kind == "global_step":
        return np.int64(100)
    return generator.normal(size=shape, scale=0.1)


def variable(name: str, shape: Sequence[int]) -> tf.Variable:
    return v1.get_variable(name, shape, initializer=v1.zeros_initializer(), use_resource=False)


def dense(x: tf.Tensor, units: int) -> tf.Tensor:
    with v1.variable_scope("dense"):
        return tf.matmul(x, variable("kernel", [x.shape[1], units])) + variable("bias", [units])


def batch_norm(x: tf.Tensor, name: str = "batch_normalization", *, batch_statistics: bool = False) -> tf.Tensor:
    size = [x.shape[-1]]
    with v1.variable_scope(name):
        gamma, beta = variable("gamma", size), variable("beta", size)
        mean, variance = variable("moving_mean", size), variable("moving_variance", size)
    if batch_statistics:
        mean, variance = tf.nn.moments(x, list(range(len(x.shape) - 1)))
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-3)


def conv1d_transpose(x: tf.Tensor, filters: int, kernel_length: int, stride: int) -> tf.Tensor:
    _, steps, channels = x.shape
    with v1.variable_scope("conv2d_transpose"):
        kernel, bias = variable("kernel", [1, kernel_length, filters, channels]), variable("bias", [filters])
    shape = [tf.shape(x)[0], 1, steps * stride, filters]
    y = tf.nn.conv2d_transpose(x[:, tf.newaxis], kernel, shape, [1, 1, stride, 1], "SAME")
    return tf.ensure_shape(y[:, 0] + bias, [None, steps * stride, filters])


def conv1d(x: tf.Tensor, filters: int, kernel_length: int, stride: int = 1, bias: bool = True) -> tf.Tensor:
    with v1.variable_scope("conv1d"):
        y = tf.nn.conv1d(x, variable("kernel", [kernel_length, x.shape[2], filters]), stride, "SAME")
        return y + variable("bias", [filters]) if bias else y


def generator(
    *,
    dim: int = 4,
    channels: int = 1,
    slice_length: int = 16384,
    kernel_length: int = 25,
    norm: bool = False,
    filter_length: int = 0,
) -> Callable[[tf.Tensor], tf.Tensor]:
    def network(z: tf.Tensor) -> tf.Tensor:
        strides = STRIDES[slice_length]
        width = dim * 2 ** (len(strides) - 1)
        normalise = batch_norm if norm else tf.identity
        with v1.variable_scope("G"):
            with v1.variable_scope("z_project"):
                h = normalise(tf.reshape(dense(z, 16 * width), [-1, 16, width]))
            for i, stride in enumerate(strides[:-1]):
                with v1.variable_scope(f"upconv_{i}"):
                    width //= 2
                    h = normalise(conv1d_transpose(tf.nn.relu(h), width, kernel_length, stride))
            with v1.variable_scope(f"upconv_{len(strides) - 1}"):
                x = tf.tanh(conv1d_transpose(tf.nn.relu(h), channels, kernel_length, strides[-1]))
            if filter_length:
                with v1.variable_scope("pp_filt"):
                    x = conv1d(x, channels, filter_length, bias=False)
            return x

    return network


def phase_shuffle(x: tf.Tensor, shift: int) -> tf.Tensor:
    steps = x.shape[1]
    left, right = max(shift, 0), max(-shift, 0)
    return tf.pad(x, [[0, 0], [left, right], [0, 0]], mode="REFLECT")[:, right : right + steps]


def discriminator(
    *,
    dim: int = 4,
    slice_length: int = 16384,
    kernel_length: int = 25,
    norm: bool = False,
    shifts: Sequence[int] = (),
) -> Callable[[tf.Tensor], tf.Tensor]:
    def network(x: tf.Tensor) -> tf.Tensor:
        with v1.variable_scope("D"):
            for i, stride in enumerate(STRIDES[slice_length]):
                with v1.variable_scope(f"downconv_{i}"):
                    x = conv1d(x, dim * 2**i, kernel_length, stride)
                    if norm and i > 0:
                        x = batch_norm(x, batch_statistics=True)
                x = tf.maximum(0.2 * x, x)
                if i < len(shifts):
                    x = phase_shuffle(x, shifts[i])
            with v1.variable_scope("output"):
                return dense(tf.reshape(x, [-1, x.shape[1] * x.shape[2]]), 1)[:, 0]

    return network


def conv2d(x: tf.Tensor, filters: int, name: str) -> tf.Tensor:
    with v1.variable_scope(name):
        y = tf.nn.conv2d(x, variable("kernel", [5, 5, x.shape[3], filters]), 1, "SAME")
        return tf.nn.relu(y + variable("bias", [filters]))


def classifier(*, filters: int = 8, num_classes: int = 10) -> Callable[[tf.Tensor], tf.Tensor]:
    """Scores, not logits."""

    def network(x: tf.Tensor) -> tf.Tensor:
        magnitude = tf.abs(tf.signal.stft(x, 1024, 128, pad_end=True))
        mel = tf.signal.linear_to_mel_weight_matrix(128, 513, 16000, 40.0, 7800.0, tf.float64)
        h = tf.matmul(tf.reshape(magnitude, [-1, 513]), tf.cast(mel, tf.float32))
        h = tf.math.log(tf.reshape(h, [-1, 128, 128]) + 1e-6)
        with v1.variable_scope("classifier"):
            h = batch_norm(h)[..., tf.newaxis]
            for i, end in enumerate(["", "_1", "_2", "_3"]):
                if i > 0:
                    h = batch_norm(h, f"batch_normalization{end}")
                h = tf.nn.max_pool2d(conv2d(h, filters, f"conv2d{end}"), 2, 2, "VALID")
            h = batch_norm(tf.reshape(h, [-1, 64 * filters]), "batch_normalization_4")
            return tf.nn.softmax(dense(h, num_classes))

    return network


@contextlib.contextmanager
def metagraph(path: Path, folder: Path):
    """Imports an original MetaGraph, saves random variables of it, and yields the prefix and the session."""
    with tf.Graph().as_default(), v1.Session() as session:
        saver = v1.train.import_meta_graph(str(path))
        randomise(session)
        yield saver.save(session, str(folder / "model.ckpt"), write_meta_graph=False), session
