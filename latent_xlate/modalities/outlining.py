"""Graphs that are one node of the graphs that call them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def outlined(function: Callable[..., Any], *inputs: tf.TensorSpec) -> Callable[..., list[tf.Tensor]]:
    """Traces a function that graphs call by one node.

    The graph of a `tf.function` is copied into each graph that calls it, and TensorFlow optimises each copy at the
    first call of a signature. For readers of files this takes most of a second and some megabytes for each signature.
    A branch of `tf.raw_ops.Case` stays a graph of its own. It runs on the CPU, where strings lie.

    Args:
        function: From tensors to one tensor or several. It captures no tensor.
        *inputs: Shapes and types of its arguments.

    Returns:
        The function, which returns a list of tensors. It is called in graph.
    """
    with tf.device("/CPU:0"):
        traced = tf.function(function, list(inputs), autograph=False).get_concrete_function()

    def call(*arguments: tf.Tensor) -> list[tf.Tensor]:
        traced.add_to_graph(tf.compat.v1.get_default_graph())
        with tf.device("/CPU:0"):
            results = tf.raw_ops.Case(
                branch_index=0,
                input=arguments,
                Tout=[each.dtype for each in traced.outputs],
                branches=[traced],
                output_shapes=[each.shape for each in traced.outputs],
            )
        return list(results)

    return call
