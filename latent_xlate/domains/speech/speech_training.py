"""Training of the classifier of spoken words."""

from __future__ import annotations

import os
from pathlib import Path

import keras
import tensorflow as tf

from latent_xlate import checks, distribution, training
from latent_xlate.data import speech
from latent_xlate.data.labelled import SPLITS, Labelled
from latent_xlate.domains.network_files import checkpoint_state, load_network
from latent_xlate.domains.network_training import PRECISIONS, steps_per_epoch, train_by_epochs
from latent_xlate.domains.speech.speech_classifier import SpeechClassifier
from latent_xlate.modalities.audio_files import NUM_SAMPLES
from latent_xlate.optimizer import FusedAdam, make_schedule
from latent_xlate.randomness import shuffled_indices

MAX_DELAY = 6144
"""Samples by which a training recording is delayed at most."""

MAX_ATTENUATION = 45.0
"""Decibels by which a training recording is softer than full scale at most."""

NOISE = (-100.0, -50.0)
"""Decibels of full scale that the white noise on half of the training recordings is between; the others have none."""


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

    Each training recording is delayed by up to `MAX_DELAY` samples, brought to a random loudness and
    half of the time laid on faint noise, anew each time. The validation split, cut from the training
    recordings, is never trained on; the model is that of the epoch best on it. Run again with the same
    arguments, it goes on from its last checkpoint.

    Args:
        dataset: A prepared data set of recordings.
        workdir: Folder of the run.
        data_dir: Folder of TFDS data sets; None for the default.
        epochs: Passes over the training split.
        batch_size: Global.
        learning_rate: Of Adam.
        schedule: One of `optimizer.SCHEDULES`.
        filters: Of each convolution.
        seed: Governs initial weights and order and changes of the data.
        strategy: One of `distribution.STRATEGIES`.
        precision: "float32", "mixed_bfloat16" or "mixed_float16".

    Returns:
        Path of `model.keras`.

    Raises:
        ValueError: Unknown schedule, strategy or precision, a batch that replicas cannot share, data not
            prepared, or a `workdir` that holds another run.
    """
    tf_strategy = distribution.make_strategy(strategy)  # Before TensorFlow first computes, or workers cannot join.
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
        raise ValueError(f"Data set {dataset!r} is unlabelled, so that there is nothing for a classifier to learn.")
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
        keep_best=True,
        evaluated_at_once=100,
        state=checkpoint_state(classifier),
    )


def load_classifier(path: str | os.PathLike) -> SpeechClassifier:
    """Reads `model.keras` of a run.

    Raises:
        ValueError: It is missing, damaged or another model.
    """
    return load_network(path, SpeechClassifier, "classifier of speech")


def make_batches(data: Labelled, seed: int) -> training.MakeBatch:
    """Batches of recordings at random delays and loudness, with noise.

    Args:
        data: The recordings.
        seed: Governs order, delays, loudness and noise.

    Returns:
        Function of positions, int64 [n], to float32 [n, NUM_SAMPLES] and labels int64 [n].
    """
    waveforms, labels = tf.constant(data.content), tf.constant(data.labels)
    noise = tf.random.stateless_normal([8 * NUM_SAMPLES], [seed, 0])

    def make_batch(positions):
        def uniform(low, high, stream):  # A shuffle of a thousand levels needs no more than the position.
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
        # Noise below the softest is left out: padded silence, which recordings have, is of zeros.
        level = uniform(2 * softest - loudest, loudest, stream=4)
        amplitude = tf.where(level < softest, 0.0, _amplitude(level))
        x += amplitude * tf.gather(noise, starts + tf.range(NUM_SAMPLES, dtype=tf.int64))
        return x, tf.gather(labels, indices)

    return make_batch


def _amplitude(decibels: tf.Tensor) -> tf.Tensor:
    return 10.0 ** (decibels / 20.0)
