"""Training of a domain's networks by epochs, each followed by a look at the validation split."""

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
from latent_xlate.domains.network_files import in_float32

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


def steps_per_epoch(data: Labelled, batch_size: int) -> int:
    """Steps in which all of the data are seen."""
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
    evaluated_at_once: int,
    state: Mapping[str, Any] | None = None,
) -> Path:
    """Trains a network and writes `model.keras`, which computes in float32, and `metrics.json`.

    Args:
        network: Built and compiled under the strategy.
        make_batch: Batches of the training split.
        splits: "train", "validation" and "test".
        workdir: Folder of the run.
        config: What the run is; among it `model`, `dataset`, `epochs` and `batch_size`.
        strategy: What trains.
        keep_best: Whether the model is that of the epoch most accurate on the validation split; else the last.
        evaluated_at_once: Instances.
        state: Further trackables to keep in the checkpoint.

    Returns:
        Path of `model.keras`.

    Raises:
        ValueError: A `workdir` that holds another run.
    """
    judged = in_float32(network)  # Outside the strategy, since a cluster's model cannot be evaluated by one worker.
    judged.compile()
    workdir = training.open_workdir(workdir, config)  # Only now: what does not fit leaves nothing behind.
    best = BestWeights(judged, workdir / "best.weights.h5") if keep_best else None

    def evaluate(split: str) -> dict[str, float]:
        data = splits[split]
        batches = tf.data.Dataset.from_tensor_slices((data.floats, data.labels)).batch(evaluated_at_once)
        return judged.evaluate(batches, verbose=0, return_dict=True)

    def on_log(step: int, logs: Mapping[str, float]) -> dict[str, float]:
        judged.set_weights(network.get_weights())
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
        judged.set_weights(network.get_weights())
        if best:
            judged.load_weights(best.path)
        # A copy again, without the optimizer that `compile` gave.
        files.write_atomically(path, lambda temporary: in_float32(judged).save(temporary))
        files.write_json(workdir / "metrics.json", {split: evaluate(split) for split in ("validation", "test")})
    distribution.wait_for_workers(strategy)
    return path


class BestWeights:
    """Keeps the weights of the epoch that is best by a score, across restarts.

    Attributes:
        value: The best score so far, a variable to be kept in the checkpoint.
        path: Where the weights of that epoch are.
    """

    def __init__(self, model: keras.Model, path: Path):
        """Keeps the best weights of `model` in the file `path`."""
        self.model = model
        self.path = path
        self.value = tf.Variable(-np.inf, dtype=tf.float32, trainable=False, name="best")

    def update(self, score: float, write: bool) -> None:
        """Keeps the model's weights if `score` is the best so far; only `write` writes the file."""
        if score > float(self.value.numpy()):
            if write:
                files.write_atomically(self.path, lambda temporary: self.model.save_weights(temporary))
            self.value.assign(score)
