"""Distribution strategies: which devices and processes train together, and how they share a batch."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterator

import tensorflow as tf

from latent_xlate import checks

STRATEGIES = ("auto", "default", "mirrored", "multi_worker")


def make_strategy(name: str = "auto") -> tf.distribute.Strategy:
    """Builds a distribution strategy.

    For a cluster it must be called before TensorFlow first computes: afterwards a process cannot join.

    Args:
        name: "default" (one device), "mirrored" (all local GPUs, or without one all logical CPU devices),
            "multi_worker" (the cluster that the environment variable TF_CONFIG describes), or "auto": multi_worker
            where TF_CONFIG is set, mirrored where there are several GPUs (cards, not parts of one), else default.

    Raises:
        ValueError: Unknown name, or multi_worker where TF_CONFIG is not set or describes no cluster.
    """
    checks.known(name, STRATEGIES, "strategy")
    in_cluster = "TF_CONFIG" in os.environ
    if name == "multi_worker" or (
        name == "auto" and in_cluster
    ):  # Must precede a look at the devices, which initialises them.
        if not in_cluster:
            raise ValueError("Strategy 'multi_worker' needs TF_CONFIG to describe the cluster; it is not set.")
        return _multi_worker_strategy()
    if name == "mirrored" or (name == "auto" and len(tf.config.get_visible_devices("GPU")) > 1):
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        return _mirrored_strategy(tuple(device.name for device in devices))
    return tf.distribute.get_strategy()


@functools.cache
def _multi_worker_strategy() -> tf.distribute.Strategy:
    # A process joins its cluster once, so it has one strategy.
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except (ValueError, KeyError, TypeError, AttributeError, tf.errors.InvalidArgumentError) as error:
        raise ValueError(f"TF_CONFIG does not describe a cluster and this process's task in it: {error}") from None


@functools.cache
def _mirrored_strategy(devices: tuple[str, ...]) -> tf.distribute.Strategy:
    # One for each process: a second would number its collective operations like the first, and TensorFlow, taking them
    # for the same operations, fails where shapes differ.
    return tf.distribute.MirroredStrategy(devices)


def share_cores() -> None:
    """Limits each kernel to half of the CPU's cores, for a training whose kernels come in independent pairs.

    TensorFlow computes products as small as a bridge's on one core in any case; two at once occupy two cores. Must be
    called before TensorFlow first computes. Does nothing where there is a GPU.
    """
    if not tf.config.list_physical_devices("GPU"):
        tf.config.threading.set_intra_op_parallelism_threads(max(1, (os.cpu_count() or 1) // 2))


def compiles_steps() -> bool:
    """Whether training steps are compiled by XLA: where there is a GPU. On a CPU uncompiled steps are faster."""
    return bool(tf.config.list_physical_devices("GPU"))


def replica_batch_size(batch_size: int, strategy: tf.distribute.Strategy) -> int:
    """Size of a replica's part of a global batch; ValueError where the batch cannot be split evenly."""
    num_replicas = strategy.num_replicas_in_sync
    if batch_size % num_replicas:
        raise ValueError(f"Batch size {batch_size} cannot be split evenly over {num_replicas} replicas.")
    return batch_size // num_replicas


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process writes the run's files."""
    return strategy.extended.should_checkpoint


def wait_for_workers(strategy: tf.distribute.Strategy) -> None:
    """Returns when every process of the strategy's cluster has called it, or at once where there is no cluster.

    A worker that ends while the chief is still writing would count as crashed and take the chief with it.
    """

    @tf.function
    def meet() -> tf.Tensor:
        return strategy.reduce("SUM", strategy.run(lambda: tf.ones([])), axis=None)

    if strategy.cluster_resolver is not None:
        meet().numpy()


@contextlib.contextmanager
def lost_workers(strategy: tf.distribute.Strategy) -> Iterator[None]:
    """Says what has happened where a process of the strategy's cluster is gone, which ends the others too.

    Raises:
        ConnectionError: In the place of TensorFlow's own error.
    """
    try:
        yield
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError) as error:
        if strategy.cluster_resolver is None:
            raise
        raise ConnectionError(
            "A process of the cluster that TF_CONFIG describes is gone, and training cannot go on without it. Start "
            "all of them again, each with the same command: they go on from the last checkpoint."
        ) from error


def global_batch(stacked: tf.Tensor) -> tf.Tensor:
    """Gathers a tensor across replicas along the batch.

    Args:
        stacked: This replica's part, [num_domains, batch, ...].

    Returns:
        [num_domains, global batch, ...].
    """
    if num_replicas() == 1:
        return stacked
    num_domains = stacked.shape[0]
    swapped = [1, 0, *range(2, stacked.shape.rank)]
    gathered = tf.distribute.get_replica_context().all_gather(tf.transpose(stacked, swapped), axis=0)
    return tf.transpose(tf.ensure_shape(gathered, [None, num_domains, *stacked.shape[2:]]), swapped)


def num_replicas() -> int:
    """Number of replicas that run the current step; 1 outside a strategy."""
    return tf.distribute.get_replica_context().num_replicas_in_sync
