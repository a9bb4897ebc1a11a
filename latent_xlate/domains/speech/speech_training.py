"""Training of the speech classifier."""

from __future__ import annotations

import os
from pathlib import Path

import keras
import tensorflow as tf

from latent_xlate import checks, distribution, training_steps
from latent_xlate.data import speech
from latent_xlate.data.labelled import SPLITS, Labelled
from latent_xlate.domains.network_files import checkpoint_state, load_network
from latent_xlate.domains.network_training import steps_per_epoch, train_by_epochs
from latent_xlate.domains.speech.speech_classifier import SpeechClassifier
from latent_xlate.modalities.audio_files import NUM_SAMPLES
from latent_xlate.optimizer import PRECISIONS, FusedAdam, make_schedule
from latent_xlate.randomness import shuffled_indices

MAX_DELAY = 6144
"""Largest delay of a training recording, in samples."""

MAX_ATTENUATION = 45.0
"""Largest attenuation of a training recording relative to full scale, in decibels."""

NOISE = (-100.0, -50.0)
"""Range of the white noise's level, in decibels relative to full scale. Half of the recordings have no noise."""


def train_speech_classifier(
    dataset: str,
    workdir: str | Path,
    *,
    data_dir: str | None = None,
    epochs: int = 20,
    batch_size: int = 64,
    learning_rate: float = 1e-3,
    schedule: str = "cosine",
    filters: int = 128,
    seed: int = 0,
    strategy: str = "auto",
    precision: str = "float32",
) -> Path:
    """Trains a `SpeechClassifier` and writes `model.keras` and `metrics.json`.

    Training recordings are augmented: a random delay of up to `MAX_DELAY` samples, a random loudness, and faint noise
    on half of them. The model that is saved is that of the epoch with the best accuracy on the validation split, which
    is never trained on. If the function is called again with the same arguments, the run continues from its last
    checkpoint.

    Args:
        dataset: Name of a prepared data set of recordings.
        workdir: Folder of the run.
        data_dir: Folder of TFDS data sets; None for the default.
        epochs: Number of passes over the training split.
        batch_size: Global batch size.
        learning_rate: Adam's learning rate.
        schedule: One of `optimizer.SCHEDULES`.
        filters: Number of filters of each convolution.
        seed: Seed of the initial weights, and of order and augmentation of the data.
        strategy: One of `distribution.STRATEGIES`.
        precision: One of `optimizer.PRECISIONS`.

    Returns:
        Path of `model.keras`.

    Raises:
        ValueError: The schedule, strategy or precision is unknown, the replicas cannot share a batch evenly, the data
            are not prepared or unlabelled, or `workdir` holds another run.
    """
    tf_strategy = distribution.make_strategy(strategy)  # A worker can only join before TensorFlow first computes.
    checks.known(precision, PRECISIONS, "precision")
    checks.at_least(learning_rate, 0, "learning_rate")
    splits = {split: speech.load(dataset, split, data_dir) for split in SPLITS}
    config = {
        "model": "speech_classifier", "dataset": dataset, "epochs": epochs, "batch_size": batch_size,
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
        classifier = SpeechClassifier(len(train.class_names), filters, dtype=precision)
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


def load_classifier(path: str | os.PathLike) -> SpeechClassifier:
    """Reads a `model.keras` that `train_speech_classifier` wrote.

    Raises:
        ValueError: The file is missing or damaged, or holds another model.
    """
    return load_network(path, SpeechClassifier, "classifier of speech")


def make_batches(data: Labelled, seed: int) -> training_steps.MakeBatch:
    """Makes the function that draws augmented batches: random delays, loudness and noise.

    Args:
        data: The recordings.
        seed: Seed of order, delays, loudness and noise.

    Returns:
        Function of positions, int64 [n], to sounds, float32 [n, NUM_SAMPLES] in [-1, 1], and labels, int64 [n].
    """
    waveforms, labels = tf.constant(data.content), tf.constant(data.labels)
    noise = tf.random.stateless_normal([8 * NUM_SAMPLES], [seed, 0])

    def make_batch(positions: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        def uniform(low: float, high: float, stream: int) -> tf.Tensor:
            # A shuffle of a thousand levels is a stateless function of the position.
            level = tf.cast(shuffled_indices(positions, 1000, seed, stream), tf.float32) / 1000.0
            return (low + (high - low) * level)[:, tf.newaxis]

        indices = shuffled_indices(positions, len(data), seed)
        delays = shuffled_indices(positions, MAX_DELAY + 1, seed, stream=1)[:, tf.newaxis]
        x = tf.cast(tf.gather(waveforms, indices), tf.float32)
        sources = tf.range(NUM_SAMPLES, dtype=tf.int64) - delays
        x = tf.where(sources < 0, 0.0, tf.gather(x, tf.maximum(sources, 0), batch_dims=1))
        x = tf.math.divide_no_nan(x, tf.reduce_max(tf.abs(x), axis=1, keepdims=True))
        x *= _amplitude(uniform(-MAX_ATTENUATION, 0.0, stream=2))
        starts = shuffled_indices(positions, 7 * NUM_SAMPLES, seed, stream=3)[:, tf.newaxis]
        softest, loudest = NOISE
        # Half of the levels are below the softest and become zero, since recordings are padded with exact silence.
        level = uniform(2 * softest - loudest, loudest, stream=4)
        amplitude = tf.where(level < softest, 0.0, _amplitude(level))
        x += amplitude * tf.gather(noise, starts + tf.range(NUM_SAMPLES, dtype=tf.int64))
        return x, tf.gather(labels, indices)

    return make_batch


def _amplitude(decibels: tf.Tensor) -> tf.Tensor:
    """Amplitude relative to full scale."""
    return 10.0 ** (decibels / 20.0)
