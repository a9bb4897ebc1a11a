"""Functions that XLA compiles.

XLA lacks kernels that TensorFlow has, and draws other random numbers for a seed. What is traced for it therefore takes
other operations, which have the same results, but are slower where nothing is compiled.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Any

import tensorflow as tf

_TRACING = contextvars.ContextVar("tracing", default=False)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Makes a graph of a function, which XLA compiles.

    Args:
        function: Of tensors, without control flow that AutoGraph would have to convert.
    """

    def trace(*args: Any) -> Any:
        token = _TRACING.set(True)
        try:
            return function(*args)
        finally:
            _TRACING.reset(token)

    return tf.function(trace, jit_compile=True, autograph=False)


def is_traced() -> bool:
    """Whether the function that is being traced is one of `compiled`."""
    return _TRACING.get()
