"""Functions of tensors applied to arrays of any length, one batch at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

BATCH_SIZE = 512
"""Default of the largest number of instances that a network computes at once."""


def as_graph(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiles a function of tensors to a graph that takes batches of any size without being traced again."""
    return tf.function(function, reduce_retracing=True, autograph=False)


def in_batches(function: Callable[..., Any], *arrays: np.ndarray, batch_size: int = BATCH_SIZE) -> Any:
    """Calls a function on the rows of arrays, a batch at a time, and joins what it returns.

    Args:
        function: Takes a tensor [batch, ...] of each array, and returns one or a tuple of them.
        *arrays: One array [n, ...] for each argument. If n is 0 the function is called once, for the shape of its
            result.
        batch_size: Largest number of rows at once.

    Returns:
        The results for all rows, as arrays [n, ...].
    """
    starts = range(0, max(len(arrays[0]), 1), batch_size)
    parts = [function(*(tf.constant(array[i : i + batch_size]) for array in arrays)) for i in starts]
    return tf.nest.map_structure(lambda *pieces: np.concatenate(pieces), *parts)
