"""Distribution strategies: which devices and processes train together, and what they share of a batch."""

from __future__ import annotations

import functools
import os

import tensorflow as tf

from latent_xlate import checks

STRATEGIES = ("auto", "default", "mirrored", "multi_worker")


def make_strategy(name: str = "auto") -> tf.distribute.Strategy:
    """Builds a distribution strategy.

    For a cluster it must be called before TensorFlow first computes: a process that has started
    cannot join any more.

    Args:
        name: "default" (one device), "mirrored" (every local GPU, else every logical CPU device),
            "multi_worker" (the cluster that the environment variable TF_CONFIG describes), or "auto":
            multi_worker where TF_CONFIG is set, mirrored where there are several GPUs, else default.

    Raises:
        ValueError: Unknown name, or multi_worker where TF_CONFIG is not set or describes no cluster.
    """
    checks.known(name, STRATEGIES, "strategy")
    in_cluster = "TF_CONFIG" in os.environ
    if name == "multi_worker" or (name == "auto" and in_cluster):  # Before a look at the devices, which starts them.
        if not in_cluster:
            raise ValueError("Strategy 'multi_worker' needs TF_CONFIG to describe the cluster; it is not set.")
        return _multi_worker_strategy()
    if name == "mirrored" or (name == "auto" and len(tf.config.list_logical_devices("GPU")) > 1):
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        return _mirrored_strategy(tuple(device.name for device in devices))
    return tf.distribute.get_strategy()


@functools.cache
def _multi_worker_strategy() -> tf.distribute.Strategy:
    # One for the whole process, which joins its cluster once.
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except (ValueError, KeyError, TypeError, AttributeError, tf.errors.InvalidArgumentError) as error:
        raise ValueError(f"TF_CONFIG does not describe a cluster and this process's task in it: {error}") from None


@functools.cache
def _mirrored_strategy(devices: tuple[str, ...]) -> tf.distribute.Strategy:
    # One for the whole process: a second would number its collective operations as the first did, which TensorFlow
    # takes for the same operations, and fails where shapes differ.
    return tf.distribute.MirroredStrategy(devices)


def share_cores() -> None:
    """Gives a kernel half of a CPU's cores, for a training whose kernels come in pairs that do not wait for each other.

    TensorFlow computes products as small as a bridge's on one core, whatever it is given; two at once
    fill two cores. Must be called before TensorFlow first computes; where there is a GPU it does nothing.
    """
    if not tf.config.list_physical_devices("GPU"):
        tf.config.threading.set_intra_op_parallelism_threads(max(1, (os.cpu_count() or 1) // 2))


def replica_batch_size(batch_size: int, strategy: tf.distribute.Strategy) -> int:
    """A replica's part of a global batch; ValueError where the batch cannot be split evenly."""
    num_replicas = strategy.num_replicas_in_sync
    if batch_size % num_replicas:
        raise ValueError(f"Batch size {batch_size} cannot be split evenly over {num_replicas} replicas.")
    return batch_size // num_replicas


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process is the one that writes a run's files."""
    return strategy.extended.should_checkpoint


def wait_for_workers(strategy: tf.distribute.Strategy) -> None:
    """Returns when every process of the strategy's cluster has called this; at once where there is no cluster.

    A worker that ended while the chief still writes would count as crashed, and the chief with it.
    """

    @tf.function
    def meet():
        return strategy.reduce("SUM", strategy.run(lambda: tf.ones([])), axis=None)

    if strategy.cluster_resolver is not None:
        meet().numpy()


def global_batch(stacked: tf.Tensor) -> tf.Tensor:
    """Gathers [num_domains, batch, ...] across replicas along the batch."""
    if num_replicas() == 1:
        return stacked
    num_domains = stacked.shape[0]
    swapped = [1, 0, *range(2, stacked.shape.rank)]
    gathered = tf.distribute.get_replica_context().all_gather(tf.transpose(stacked, swapped), axis=0)
    return tf.transpose(tf.ensure_shape(gathered, [None, num_domains, *stacked.shape[2:]]), swapped)


def num_replicas() -> int:
    """How many replicas run the step that calls this; 1 outside a strategy."""
    return tf.distribute.get_replica_context().num_replicas_in_sync
