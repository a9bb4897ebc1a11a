"""Training of a domain's networks by epochs, with an evaluation on the validation split after each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import distribution, files, training, training_steps
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains.network_files import in_float32, read_weights, write_weights


def steps_per_epoch(data: Labelled, batch_size: int) -> int:
    """Number of steps in which every instance is seen, rounded up."""
    return math.ceil(len(data) / batch_size)


def train_by_epochs(
    network: keras.Model,
    make_batch: training_steps.MakeBatch,
    splits: Mapping[str, Labelled],
    workdir: str | Path,
    config: Mapping[str, Any],
    *,
    strategy: tf.distribute.Strategy,
    best_by: str | None,
    eval_batch_size: int,
    validation: Labelled | None = None,
    epochs_per_log: int = 1,
    patience: int | None = None,
    state: Mapping[str, Any] | None = None,
) -> Path:
    """Trains a network and writes `model.keras`, which computes in float32, and `metrics.json`.

    If the optimizer keeps moving averages of the weights, these are evaluated and written.

    Args:
        network: The model, built and compiled under the strategy.
        make_batch: Draws batches of the training split.
        splits: The data sets "train", "validation" and "test".
        workdir: Folder of the run.
        config: Everything that determines the run, including `model`, `dataset`, `epochs` and `batch_size`.
        strategy: Strategy to train with.
        best_by: Metric of the validation data by which the weights that are saved are the best, "accuracy" or "loss";
            None for the weights of the last epoch.
        eval_batch_size: Batch size of evaluations.
        validation: Validation data; None for the validation split as it is.
        epochs_per_log: Epochs between evaluations.
        patience: Ends the training after this many evaluations in a row that were not the best; None for never.
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
    best = BestWeights(evaluated, workdir / "best.npz") if best_by else None

    def evaluate(data: Labelled) -> dict[str, float]:
        batches = tf.data.Dataset.from_generator(
            lambda: ((part.floats, part.labels) for part in data.batches(eval_batch_size)),
            output_signature=(
                tf.TensorSpec([None, *data.content.shape[1:]], tf.float32),
                tf.TensorSpec([None], data.labels.dtype),
            ),
        )
        batches = batches.apply(tf.data.experimental.assert_cardinality(math.ceil(len(data) / eval_batch_size)))
        return evaluated.evaluate(batches, verbose=0, return_dict=True)

    def on_log(step: int, logs: Mapping[str, float]) -> dict[str, float]:
        evaluated.set_weights(averaged_weights(network))
        measured = evaluate(splits["validation"] if validation is None else validation)
        results = {f"validation_{name}": float(value) for name, value in measured.items()}
        if best:
            score = results[f"validation_{best_by}"]
            best.update(-score if best_by == "loss" else score, distribution.is_chief(strategy))
        return results

    epoch = steps_per_epoch(splits["train"], config["batch_size"])
    training.train(
        network,
        make_batch,
        num_steps=config["epochs"] * epoch,
        batch_size=config["batch_size"],
        workdir=workdir,
        strategy=strategy,
        steps_per_log=epochs_per_log * epoch,
        on_log=on_log,
        state={
            **({"best": best.value} if best else {}),
            **({"since_best": best.age} if best and patience else {}),
            **(state or {}),
        },
        should_stop=(lambda: int(best.age.numpy()) >= patience) if best and patience else None,
        description=f"{config['dataset']} {config['model']}",
    )
    path = workdir / "model.keras"
    if distribution.is_chief(strategy):
        evaluated.set_weights(averaged_weights(network))
        if best:
            best.read()
        # Saves a copy, since `compile` added an optimizer.
        files.write_model(path, in_float32(evaluated))
        files.write_json(workdir / "metrics.json", {split: evaluate(splits[split]) for split in ("validation", "test")})
    distribution.wait_for_workers(strategy)
    return path


def averaged_weights(network: keras.Model) -> list[np.ndarray]:
    """The moving averages of a model's weights if its optimizer keeps them, else the weights."""
    weights = network.get_weights()
    if not network.optimizer.use_ema:
        return weights
    network.optimizer.finalize_variable_values(network.trainable_variables)
    averages = network.get_weights()
    network.set_weights(weights)
    return averages


class BestWeights(training.BestScore):
    """Keeps the weights of the epoch with the highest score, across restarts.

    Attributes:
        path: File of the weights of that epoch.
    """

    def __init__(self, model: keras.Model, path: Path):
        """Keeps the best weights of `model` in the file `path`; there are none yet."""
        super().__init__()
        self.model = model
        self.path = path

    def update(self, score: float, write: bool = True) -> bool:
        """Keeps the model's weights if their score is the highest so far.

        Args:
            score: Score of the current weights.
            write: Whether this process writes the file; in a cluster only the chief does.

        Returns:
            Whether it is.
        """
        if score > self.highest and write:
            write_weights(self.model, self.path)
        return super().update(score)

    def read(self) -> None:
        """Gives the model the best weights.

        Raises:
            ValueError: Their file is missing or damaged.
        """
        older = self.path.with_name("best.weights.h5")  # Of a run that an earlier version began.
        read_weights(self.model, older if older.is_file() and not self.path.is_file() else self.path)
