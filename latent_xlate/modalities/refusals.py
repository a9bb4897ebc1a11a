"""Refusal of files in graph, each by one sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

Fault = tuple[tf.Tensor, Callable[[], tf.Tensor | str]]
"""Whether each file has the fault, bool [batch], and its sentence for each or for all, string [batch] or scalar.

The sentence is computed only if a file has the fault.
"""


def require(condition: tf.Tensor, sentence: str | tf.Tensor) -> list[tf.Operation]:
    """Asserts a condition, bool scalar.

    Unlike `tf.debugging.Assert` it adds no branch to the graph, and its message is the sentence in eager mode, too.

    Returns:
        The operation that what follows must depend on; none in eager mode.

    Raises:
        tf.errors.InvalidArgumentError: The condition is false. The message holds the sentence.
    """
    if not tf.executing_eagerly():
        return [tf.raw_ops.Assert(condition=condition, data=[sentence])]
    if not condition:
        raise tf.errors.InvalidArgumentError(None, None, tf.constant(sentence).numpy().decode())
    return []


def refuse(faults: Sequence[Fault]) -> list[tf.Operation]:
    """Refuses a batch if one of its files has a fault.

    Args:
        faults: The faults, the most telling first.

    Returns:
        The operations that what follows must depend on; none in eager mode.

    Raises:
        tf.errors.InvalidArgumentError: A file has a fault. The message holds the sentence of the first fault of the
            first such file.
    """
    found = tf.stack([found for found, _ in faults], axis=-1)
    bad = tf.reduce_any(found)

    def sentence() -> tf.Tensor:
        each = [tf.broadcast_to(tf.convert_to_tensor(say()), tf.shape(found)[:-1]) for _, say in faults]
        return tf.boolean_mask(tf.stack(each, axis=-1), found)[0]

    return require(~bad, tf.cond(bad, sentence, lambda: ""))
