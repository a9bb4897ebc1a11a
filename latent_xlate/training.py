"""The training loop that all models share: in graph, in a work directory, resumable.

The loop calls a Keras model's own `train_step`, many steps in one graph call. Batches come from data at hand and are a
function of the step, as all random numbers are (see `randomness`). A run that is killed at any moment therefore
resumes from its last checkpoint and ends with the weights of an unbroken run.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from latent_xlate import distribution, files, interrupts
from latent_xlate.training_files import EVENTS, Events, checkpoint_manager, save_checkpoint
from latent_xlate.training_steps import MakeBatch, Pieces, train_function

OnLog = Callable[[int, dict[str, float]], Mapping[str, float]]
"""Called with the step and the metrics at each log; the metrics that it returns are logged too."""


class RunConfig(Protocol):
    """The part of a configuration that says how long a model is trained, and how often its state is written."""

    @property
    def num_steps(self) -> int: ...

    @property
    def batch_size(self) -> int: ...

    @property
    def steps_per_log(self) -> int: ...

    @property
    def steps_per_checkpoint(self) -> int: ...


def open_workdir(
    workdir: str | os.PathLike,
    config: Mapping[str, Any],
    upgrade: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict,
    free: Collection[str] = (),
) -> Path:
    """Makes or reopens the work directory of a run.

    Args:
        workdir: The folder.
        config: Everything that determines the run's result, JSON-serialisable; stored in `config.json`.
        upgrade: Replaces names and values of earlier versions in the `config.json` that is there.
        free: Fields that may differ from those of the run, which then has the new ones: they say what is made of the
            trained model, not how it is trained.

    Returns:
        `workdir`.

    Raises:
        ValueError: The folder holds a run of another configuration; the message lists the fields.
    """
    path = files.output_folder(workdir) / "config.json"
    config = json.loads(json.dumps(config))
    if not path.exists():
        files.write_json(path, config)
        return path.parent
    try:
        stored = upgrade(files.read_json(path))
        ours, theirs = (_flat({k: v for k, v in each.items() if k not in free}) for each in (config, stored))
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not a configuration ({error}); is {workdir} the folder of a run?") from None
    different = [
        f"{key}: {theirs.get(key, 'absent')} there, {ours.get(key, 'absent')} here"
        for key in sorted(ours.keys() | theirs.keys())
        if ours.get(key, "absent") != theirs.get(key, "absent")
    ]
    if different:
        raise ValueError(
            f"{workdir} holds a run of another configuration ({'; '.join(different)}). "
            "Give another folder, or the same settings to resume it."
        )
    if config != stored:
        files.write_json(path, config)
    return path.parent


def _flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in config.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat


def train(
    model: keras.Model,
    make_batch: MakeBatch,
    *,
    num_steps: int,
    batch_size: int,
    workdir: str | os.PathLike | None = None,
    strategy: tf.distribute.Strategy | None = None,
    steps_per_log: int = 500,
    logs_per_checkpoint: int = 1,
    on_log: OnLog | None = None,
    state: Mapping[str, Any] | None = None,
    should_stop: Callable[[], bool] | None = None,
    description: str = "training",
) -> dict[str, float]:
    """Trains a compiled model by its own `train_step`, in graph, and resumes a run that was cut.

    With a `workdir` Ctrl-C and SIGTERM write a checkpoint first. They take effect within about a second.

    Args:
        model: Compiled and built under `strategy`.
        make_batch: Makes a replica's part of a step's batch, in graph.
        num_steps: Number of steps, those of earlier runs in `workdir` included.
        batch_size: Size of the global batch, a multiple of the number of replicas.
        workdir: Folder of checkpoints (`checkpoints/`) and TensorBoard events (`events/`); None writes nothing.
        strategy: None for the current one.
        steps_per_log: Steps in one graph call; metrics are averaged over them.
        logs_per_checkpoint: Logs between checkpoints; the last step always has one.
        on_log: Called with the step and the metrics after each graph call; the metrics that it returns are logged too.
        state: Further trackables to store in checkpoints.
        should_stop: Asked before each graph call whether to end early; what it looks at belongs in `state`, so that a
            run that is resumed ends where it would have ended.
        description: Title of the progress bar.

    Returns:
        The last logged metrics; empty if the run had already ended.

    Raises:
        ValueError: `batch_size` cannot be split evenly over the replicas, a checkpoint does not fit the model, or a
            metric is no longer finite.
        ConnectionError: A process of the cluster is gone.
    """
    strategy = strategy or tf.distribute.get_strategy()
    distribution.replica_batch_size(batch_size, strategy)
    if not model.optimizer.built:  # Neither a graph under a strategy nor a checkpoint can make its variables.
        with strategy.scope():
            model.optimizer.build(model.trainable_variables)
    step = tf.Variable(0, dtype=tf.int64, trainable=False, name="step")
    manager = None
    if workdir:
        checkpoint = tf.train.Checkpoint(model=model, optimizer=model.optimizer, step=step, **(state or {}))
        manager = checkpoint_manager(checkpoint, Path(workdir), strategy)
    train_steps = train_function(model, make_batch, batch_size, strategy)
    events = Events(Path(workdir) / EVENTS if workdir and distribution.is_chief(strategy) else None)

    logs: dict[str, float] = {}
    done = int(step.numpy())
    pieces = Pieces(train_steps, model.steps_per_execution)
    # The workers of a cluster save together, so that none of them may stop alone.
    with (
        distribution.lost_workers(strategy),
        interrupts.deferred(manager is not None and strategy.cluster_resolver is None) as interrupted,
        tqdm(
            total=num_steps, initial=done, desc=description, unit="step", disable=not distribution.is_chief(strategy)
        ) as bar,
    ):
        while done < num_steps and not (should_stop and should_stop()):
            # Logs come at multiples of steps_per_log, even where an earlier run was cut between them.
            until = min(num_steps, (done // steps_per_log + 1) * steps_per_log)
            model.reset_metrics()
            while done < until and not interrupted():
                done = pieces.run(done, until)
                bar.update(done - bar.n)
            step.assign(done)
            if manager and done < until:
                save_checkpoint(manager, events, done)
                bar.close()  # Which shows it for the last time.
                said = f"{description}: stopped at step {done} of {num_steps}. The same command goes on from there."
                print(said, file=sys.stderr)
                break
            logs = {name: float(value) for name, value in model.get_metrics_result().items()}
            _check_finite(logs, done)
            if on_log:
                logs |= on_log(done, logs)
                _check_finite(logs, done)
            events.write(done, logs)
            bar.set_postfix({name: f"{value:.4g}" for name, value in logs.items()}, refresh=False)
            if manager and (done == num_steps or (done // steps_per_log) % logs_per_checkpoint == 0):
                save_checkpoint(manager, events, done)
    events.close()
    if manager and not distribution.is_chief(strategy):
        files.remove(Path(manager.directory))
    return logs


class BestScore:
    """Keeps the highest score of a run, across restarts.

    Attributes:
        value: The highest score so far, a variable that belongs in the checkpoint.
        age: Number of updates since then, a variable that belongs there if it is used.
    """

    def __init__(self, least_rise: float = 0.0) -> None:
        """There is no score yet.

        Args:
            least_rise: A score is a new highest one only if it exceeds the last by more than this.
        """
        self._least_rise = least_rise
        self.value = tf.Variable(-np.inf, dtype=tf.float32, trainable=False, name="best")
        self.age = tf.Variable(0, dtype=tf.int64, trainable=False, name="since_best")

    @property
    def highest(self) -> float:
        """The highest score so far; minus infinity if there is none."""
        return float(self.value.numpy())

    def update(self, score: float) -> bool:
        """Takes a score; returns whether it is a new highest one."""
        if score > self.highest + self._least_rise:
            self.value.assign(score)
            self.age.assign(0)
            return True
        self.age.assign_add(1)
        return False


def train_run(
    model: keras.Model,
    make_batch: MakeBatch,
    config: RunConfig,
    workdir: Path,
    strategy: tf.distribute.Strategy,
    description: str,
    state: Mapping[str, Any] | None = None,
    num_steps: int | None = None,
    on_log: OnLog | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> None:
    """`train`, with as many logs and checkpoints as a configuration says. Args as in `train`.

    It takes the configuration's number of steps, unless `num_steps` is given.
    """
    train(
        model,
        make_batch,
        num_steps=num_steps or config.num_steps,
        batch_size=config.batch_size,
        workdir=workdir,
        strategy=strategy,
        steps_per_log=config.steps_per_log,
        logs_per_checkpoint=max(1, config.steps_per_checkpoint // config.steps_per_log),
        on_log=on_log,
        state=state,
        should_stop=should_stop,
        description=description,
    )


def _check_finite(logs: Mapping[str, float], step: int) -> None:
    for name, value in logs.items():
        if not math.isfinite(value):
            raise ValueError(f"Training has diverged: at step {step} {name} is {value}. Lower the learning rate.")
