"""Functions of tensors applied to arrays of any length, one batch at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

BATCH_SIZE = 512
"""Default of the largest number of instances that a network computes at once."""


def file_rows(contents: Sequence[bytes] | np.ndarray) -> np.ndarray:
    """Contents of files as rows, objects [n]. NumPy would take them for strings, and cut off zeros at their ends."""
    rows = np.empty(len(contents), object)
    rows[:] = contents
    return rows


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


def good_rows(
    function: Callable[..., Any], *arrays: np.ndarray, batch_size: int = BATCH_SIZE
) -> tuple[np.ndarray, Any, dict[int, tf.errors.InvalidArgumentError]]:
    """Calls a function as `in_batches` does, but without the rows that it refuses.

    A batch that fails is called again in parts of the square root of its size, and so are those that fail again, until
    the rows that are refused are alone.

    Args:
        function: As in `in_batches`, but of arrays. It may raise InvalidArgumentError.
        *arrays: As in `in_batches`.
        batch_size: Largest number of rows at once.

    Returns:
        The numbers of the rows that have a result, int64; their results, as arrays, or None if there are none; and the
        error of each other row.
    """
    results: list[Any] = []
    kept: list[np.ndarray] = []
    errors: dict[int, tf.errors.InvalidArgumentError] = {}

    def call(start: int, end: int) -> None:
        try:
            result = function(*(array[start:end] for array in arrays))
        except tf.errors.InvalidArgumentError as error:
            if end - start == 1:
                errors[start] = error
            else:
                size = math.isqrt(end - start)
                for part in range(start, end, size):
                    call(part, min(part + size, end))
        else:
            results.append(tf.nest.map_structure(np.asarray, result))
            kept.append(np.arange(start, end))

    count = len(arrays[0])
    for start in range(0, count, batch_size):
        call(start, min(start + batch_size, count))
    if not kept:
        return np.zeros(0, np.int64), None, errors
    return np.concatenate(kept), tf.nest.map_structure(lambda *pieces: np.concatenate(pieces), *results), errors
