"""Training steps in graph, many in one call; where there is a GPU, in one XLA computation.

A small model's step is a hundred kernels of a few microseconds each, so that a GPU waits for their launches. XLA fuses
them and launches a whole loop of them as one CUDA graph.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from latent_xlate import distribution, xla

MakeBatch = Callable[[tf.Tensor], Any]
"""Maps the positions of this replica's part of a batch in an endless stream, int64 [n], to the data of `train_step`."""

STEPS_AT_ONCE = 100
"""Steps in one XLA computation."""

TrainSteps = Callable[[tf.Tensor, tf.Tensor], None]
"""Runs steps from the first to the one before the last, int64 scalars."""


def compile_options(has_kernels: bool = True, of_rows: bool = False) -> dict[str, Any]:
    """Arguments of `keras.Model.compile` with which steps are as fast as the devices allow.

    Args:
        has_kernels: Whether XLA has all operations of a step.
        of_rows: Whether batches are made row by row, each row from its position alone, by operations that XLA has, too.
            The whole loop is then one XLA computation, else each step is.
    """
    compiles = has_kernels and distribution.compiles_steps()
    return {"jit_compile": compiles, "steps_per_execution": STEPS_AT_ONCE if compiles and of_rows else 1}


def train_function(
    model: keras.Model, make_batch: MakeBatch, batch_size: int, strategy: tf.distribute.Strategy | None = None
) -> TrainSteps:
    """The loop of `training.train` as a graph.

    Args:
        model: A compiled model. Its `jit_compile` and `steps_per_execution` decide what XLA compiles (see
            `compile_options`).
        make_batch: Makes a replica's part of a step's batch, in graph.
        batch_size: Size of the global batch, a multiple of the number of replicas.
        strategy: None for the current one.
    """
    strategy = strategy or tf.distribute.get_strategy()
    size = distribution.replica_batch_size(batch_size, strategy)
    # Several replicas add up their gradients, which TensorFlow refuses to do in a function of their own.
    compiles = model.jit_compile and strategy.num_replicas_in_sync == 1
    at_once = model.steps_per_execution if compiles else 1
    train_step = xla.compiled(model.train_step) if compiles else model.train_step

    def positions(step: tf.Tensor) -> tf.Tensor:
        context = tf.distribute.get_replica_context()
        replica, count = context.replica_id_in_sync_group, context.num_replicas_in_sync
        return (step * count + tf.cast(replica, tf.int64)) * size + tf.range(size, dtype=tf.int64)

    def replica_step(step: tf.Tensor) -> None:
        train_step(make_batch(positions(step)))

    @xla.compiled
    def replica_steps(first: tf.Tensor, count: tf.Tensor) -> None:
        # Batches of all steps at once: their rows are found by a loop that waits for the device in each turn.
        every = make_batch(tf.reshape(positions((first + tf.range(at_once, dtype=tf.int64))[:, tf.newaxis]), [-1]))
        every = tf.nest.map_structure(lambda x: tf.reshape(x, [at_once, size, *x.shape[1:]]), every)

        def step(index: tf.Tensor) -> list[tf.Tensor]:
            model.train_step(tf.nest.map_structure(lambda x: x[index], every))
            return [index + 1]

        tf.while_loop(lambda index: index < count, step, [tf.zeros_like(count)])

    @tf.function
    def train_steps(first: tf.Tensor, last: tf.Tensor) -> None:
        if at_once > 1:
            for step in tf.range(first, last, at_once):
                strategy.run(replica_steps, args=(step, tf.minimum(last - step, at_once)))
        else:
            for step in tf.range(first, last):
                strategy.run(replica_step, args=(step,))

    return train_steps


class Pieces:
    """Runs steps in graph calls of about a second, so that progress is shown and signals are heard."""

    def __init__(self, train_steps: TrainSteps, at_once: int = 1):
        """Makes the pieces.

        Args:
            train_steps: Result of `train_function`.
            at_once: A call runs so many steps at least, if there are as many left.
        """
        self._train_steps = train_steps
        self._at_once = self._size = at_once

    def run(self, first: int, last: int) -> int:
        """Runs steps from `first` on, at most up to `last`; returns the step after them."""
        end, start = min(last, first + self._size), time.monotonic()
        self._train_steps(tf.constant(first, tf.int64), tf.constant(end, tf.int64))
        seconds = time.monotonic() - start
        # The first call is traced, so that it says little of the others. The size at most doubles for the same reason.
        size = min(2 * self._size, int((end - first) / max(seconds, 1e-6)))
        self._size = max(1, size // self._at_once) * self._at_once
        return end
