"""Training of a domain's networks by epochs, with an evaluation on the validation split after each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import distribution, files, training
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains.network_files import in_float32, read_weights, write_weights


def steps_per_epoch(data: Labelled, batch_size: int) -> int:
    """Number of steps in which every instance is seen, rounded up."""
    return math.ceil(len(data) / batch_size)


def train_by_epochs(
    network: keras.Model,
    make_batch: training.MakeBatch,
    splits: Mapping[str, Labelled],
    workdir: str | Path,
    config: Mapping[str, Any],
    *,
    strategy: tf.distribute.Strategy,
    keep_best: bool,
    eval_batch_size: int,
    state: Mapping[str, Any] | None = None,
) -> Path:
    """Trains a network and writes `model.keras`, which computes in float32, and `metrics.json`.

    Args:
        network: The model, built and compiled under the strategy.
        make_batch: Draws batches of the training split.
        splits: The data sets "train", "validation" and "test".
        workdir: Folder of the run.
        config: Everything that determines the run, including `model`, `dataset`, `epochs` and `batch_size`.
        strategy: Strategy to train with.
        keep_best: Whether to save the weights of the epoch with the best accuracy on the validation split, rather than
            those of the last epoch.
        eval_batch_size: Batch size of evaluations.
        state: Further trackables to keep in the checkpoint.

    Returns:
        Path of `model.keras`.

    Raises:
        ValueError: `workdir` holds another run.
    """
    # A copy outside the strategy, since in a cluster only the chief evaluates.
    evaluated = in_float32(network)
    evaluated.compile()
    workdir = training.open_workdir(workdir, config)  # After all checks, so that a failed call leaves no folder.
    best = BestWeights(evaluated, workdir / "best.npz") if keep_best else None

    def evaluate(split: str) -> dict[str, float]:
        data = splits[split]
        batches = tf.data.Dataset.from_tensor_slices((data.floats, data.labels)).batch(eval_batch_size)
        return evaluated.evaluate(batches, verbose=0, return_dict=True)

    def on_log(step: int, logs: Mapping[str, float]) -> dict[str, float]:
        evaluated.set_weights(network.get_weights())
        results = {f"validation_{name}": float(value) for name, value in evaluate("validation").items()}
        if best:
            best.update(results["validation_accuracy"], distribution.is_chief(strategy))
        return results

    epoch = steps_per_epoch(splits["train"], config["batch_size"])
    training.train(
        network,
        make_batch,
        num_steps=config["epochs"] * epoch,
        batch_size=config["batch_size"],
        workdir=workdir,
        strategy=strategy,
        steps_per_log=epoch,
        on_log=on_log,
        state={**({"best": best.value} if best else {}), **(state or {})},
        description=f"{config['dataset']} {config['model']}",
    )
    path = workdir / "model.keras"
    if distribution.is_chief(strategy):
        evaluated.set_weights(network.get_weights())
        if best:
            best.read()
        # Saves a copy, since `compile` added an optimizer.
        files.write_model(path, in_float32(evaluated))
        files.write_json(workdir / "metrics.json", {split: evaluate(split) for split in ("validation", "test")})
    distribution.wait_for_workers(strategy)
    return path


class BestWeights:
    """Keeps the weights of the epoch with the highest score, across restarts.

    Attributes:
        value: The highest score so far, a variable that belongs in the checkpoint.
        path: File of the weights of that epoch.
    """

    def __init__(self, model: keras.Model, path: Path):
        """Keeps the best weights of `model` in the file `path`; there are none yet."""
        self.model = model
        self.path = path
        self.value = tf.Variable(-np.inf, dtype=tf.float32, trainable=False, name="best")

    def update(self, score: float, write: bool) -> None:
        """Keeps the model's weights if their score is the highest so far.

        Args:
            score: Score of the current weights.
            write: Whether this process writes the file; in a cluster only the chief does.
        """
        if score > float(self.value.numpy()):
            if write:
                write_weights(self.model, self.path)
            self.value.assign(score)

    def read(self) -> None:
        """Gives the model the best weights.

        Raises:
            ValueError: Their file is missing or damaged.
        """
        older = self.path.with_name("best.weights.h5")  # Of a run that an earlier version began.
        read_weights(self.model, older if older.is_file() and not self.path.is_file() else self.path)
