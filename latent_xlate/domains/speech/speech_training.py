"""Training of the speech classifier."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import tensorflow as tf

from latent_xlate import checks, distribution, training_steps
from latent_xlate.data import speech
from latent_xlate.data.labelled import SPLITS, Labelled
from latent_xlate.domains.classifier import Classifier
from latent_xlate.domains.network_files import checkpoint_state, load_network
from latent_xlate.domains.network_training import steps_per_epoch, train_by_epochs
from latent_xlate.domains.speech.keyword_spotter import KeywordSpotter
from latent_xlate.domains.speech.speech_augmentation import AugmentedWords
from latent_xlate.domains.speech.speech_classifier import SpeechClassifier
from latent_xlate.optimizer import PRECISIONS, FusedAdam, make_schedule
from latent_xlate.randomness import shuffled_indices

CLASSIFIERS: Mapping[str, type[SpeechClassifier] | type[KeywordSpotter]] = {
    "speech_classifier": SpeechClassifier,
    "keyword_spotter": KeywordSpotter,
}
"""The networks by the name of the model."""

FILTERS = {"speech_classifier": 128, "keyword_spotter": 24}
"""Default number of filters of each."""


def train_speech_classifier(
    dataset: str,
    workdir: str | Path,
    *,
    model: str = "speech_classifier",
    also: Sequence[str] = (),
    data_dir: str | None = None,
    epochs: int = 20,
    batch_size: int = 64,
    learning_rate: float = 1e-3,
    schedule: str = "cosine",
    filters: int | None = None,
    seed: int = 0,
    strategy: str = "auto",
    precision: str = "float32",
) -> Path:
    """Trains a classifier of spoken words and writes `model.keras` and `metrics.json`.

    Training recordings are changed by `SpeechAugmentation`. The model that is saved is that of the epoch with the best
    accuracy on the validation split, which is never trained on. If the function is called again with the same
    arguments, the run continues from its last checkpoint.

    Args:
        dataset: Name of a prepared data set of recordings.
        workdir: Folder of the run.
        model: One of `CLASSIFIERS`.
        also: Names of further data sets of the same classes, whose training recordings are trained on too.
        data_dir: Folder of TFDS data sets; None for the default.
        epochs: Number of passes over all training recordings.
        batch_size: Global batch size.
        learning_rate: Adam's learning rate.
        schedule: One of `optimizer.SCHEDULES`.
        filters: Number of filters; None for the default of `FILTERS`.
        seed: Seed of the initial weights, and of order and augmentation of the data.
        strategy: One of `distribution.STRATEGIES`.
        precision: One of `optimizer.PRECISIONS`.

    Returns:
        Path of `model.keras`.

    Raises:
        ValueError: The model, schedule, strategy or precision is unknown, the replicas cannot share a batch evenly, the
            data are not prepared, unlabelled or of other classes, or `workdir` holds another run.
    """
    tf_strategy = distribution.make_strategy(strategy)  # A worker can only join before TensorFlow first computes.
    checks.known(precision, PRECISIONS, "precision")
    checks.at_least(learning_rate, 0, "learning_rate")
    checks.known(model, CLASSIFIERS, "model")
    filters = filters or FILTERS[model]
    splits = {split: speech.load(dataset, split, data_dir) for split in SPLITS}
    splits["train"] = speech.joined(splits["train"], [speech.load(other, "train", data_dir) for other in also])
    config = {
        "model": model, "also": list(also), "dataset": dataset, "epochs": epochs, "batch_size": batch_size,
        "learning_rate": learning_rate, "schedule": schedule, "filters": filters, "seed": seed,
        "precision": precision,
    }  # fmt: skip
    train = splits["train"]
    if not train.class_names:
        raise ValueError(f"Data set {dataset!r} is unlabelled; a classifier needs labels.")
    rate = make_schedule(schedule, learning_rate, epochs * steps_per_epoch(train, batch_size))
    distribution.replica_batch_size(batch_size, tf_strategy)

    keras.utils.set_random_seed(seed)
    with tf_strategy.scope():
        classifier = CLASSIFIERS[model](len(train.class_names), filters, dtype=precision)
        classifier.build()
        classifier.compile(optimizer=FusedAdam(rate), jit_compile=False)
    return train_by_epochs(
        classifier,
        make_batches(train, seed),
        splits,
        workdir,
        config,
        strategy=tf_strategy,
        best_by="accuracy",
        eval_batch_size=100,
        state=checkpoint_state(classifier),
    )


def load_classifier(path: str | os.PathLike) -> Classifier:
    """Reads a `model.keras` that `train_speech_classifier` wrote.

    Raises:
        ValueError: The file is missing or damaged, or holds another model.
    """
    return load_network(path, Classifier, "classifier of speech")


def make_batches(data: Labelled, seed: int) -> training_steps.MakeBatch:
    """Makes the function that draws batches of recordings that `SpeechAugmentation` has changed.

    Args:
        data: The recordings.
        seed: Seed of order and augmentation.

    Returns:
        Function of positions, int64 [n], to sounds, float32 [n, NUM_SAMPLES] in [-1, 1], and labels, int64 [n].
    """
    words, labels = AugmentedWords(data.content, seed), tf.constant(data.labels)

    def make_batch(positions: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        indices = shuffled_indices(positions, len(data), seed)
        return words.take(indices, positions)[0], tf.gather(labels, indices)

    return make_batch
