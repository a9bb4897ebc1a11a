"""Arrays of any length through functions of tensors, a batch at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

BATCH_SIZE = 512
"""Most instances that go through the networks at once, unless told."""


def as_graph(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of tensors as a graph that takes batches of any size without being traced anew."""
    return tf.function(function, reduce_retracing=True, autograph=False)


def in_batches(function: Callable[..., Any], *arrays: np.ndarray, batch_size: int = BATCH_SIZE) -> Any:
    """Calls a function on the rows of arrays, a batch at a time, and joins what it returns.

    Args:
        function: Takes a tensor [batch, ...] of each array, and returns one or a tuple of them.
        *arrays: [n, ...] each; where n is 0 the function is called once, for the shape of nothing.
        batch_size: Most rows at once.

    Returns:
        What the function would return of all rows, as arrays [n, ...].
    """
    starts = range(0, max(len(arrays[0]), 1), batch_size)
    parts = [function(*(tf.constant(array[i : i + batch_size]) for array in arrays)) for i in starts]
    return tf.nest.map_structure(lambda *pieces: np.concatenate(pieces), *parts)
