"""Training of an encoder that hears strangers, for a WaveGAN that has an encoder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import checks, distribution, files, training, training_steps
from latent_xlate.batching import as_graph, in_batches
from latent_xlate.data import speech
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains.network_files import in_float32, load_network
from latent_xlate.domains.network_training import steps_per_epoch
from latent_xlate.domains.speech.encoder_trainer import EncoderTrainer, log_likelihoods
from latent_xlate.domains.speech.latent_mixture import LatentMixture
from latent_xlate.domains.speech.speech_augmentation import AugmentedWords
from latent_xlate.domains.speech.speech_encoder import SpeechEncoder
from latent_xlate.domains.speech.wavegan_generator import load_keras_generator
from latent_xlate.domains.speech.word_encoder import WordEncoder
from latent_xlate.modalities import alignment
from latent_xlate.optimizer import PRECISIONS, FusedAdam, make_schedule
from latent_xlate.randomness import shuffled_indices

BETAS = {"beta_teacher": 1.0, "beta_reconstruction": 1.0, "beta_class": 1.0, "beta_prior": 0.1}
"""Weights of the terms of the loss; see `EncoderTrainer`."""

_BATCH = 50


def train_speech_encoder(
    dataset: str,
    workdir: str | Path,
    wavegan: str | Path,
    *,
    also: Sequence[str] = (),
    data_dir: str | None = None,
    epochs: int = 30,
    batch_size: int = 64,
    learning_rate: float = 1e-3,
    schedule: str = "cosine",
    filters: int = 24,
    seed: int = 0,
    strategy: str = "auto",
    precision: str = "float32",
) -> Path:
    """Trains a `WordEncoder` by `EncoderTrainer` and writes `encoder.keras` and `metrics.json`.

    Training recordings are changed by `SpeechAugmentation`, as those that are aligned. If the function is called again
    with the same arguments, the run continues from its last checkpoint.

    Args:
        dataset: Name of the prepared data set of recordings that the WaveGAN was trained on.
        workdir: Folder of the run.
        wavegan: Folder of the WaveGAN's run, with generator and encoder. That encoder is the teacher.
        also: Names of further data sets of the same classes, whose training recordings are trained on too. The teacher
            does not know them.
        data_dir: Folder of TFDS data sets; None for the default.
        epochs: Number of passes over all training recordings.
        batch_size: Global batch size.
        learning_rate: Adam's learning rate.
        schedule: One of `optimizer.SCHEDULES`.
        filters: Number of filters of the first convolution.
        seed: Seed of the initial weights, and of order, augmentation and noise.
        strategy: One of `distribution.STRATEGIES`.
        precision: One of `optimizer.PRECISIONS`.

    Returns:
        Path of `encoder.keras`.

    Raises:
        ValueError: The schedule, strategy or precision is unknown, the replicas cannot share a batch evenly, the data
            are not prepared, unlabelled or of other classes, the WaveGAN has no encoder, or `workdir` holds another
            run.
    """
    tf_strategy = distribution.make_strategy(strategy)  # A worker can only join before TensorFlow first computes.
    checks.known(precision, PRECISIONS, "precision")
    checks.at_least(learning_rate, 0, "learning_rate")
    first = speech.load(dataset, "train", data_dir)
    if not first.class_names:
        raise ValueError(f"Data set {dataset!r} is unlabelled; the encoder needs labels.")
    train = speech.joined(first, [speech.load(other, "train", data_dir) for other in also])
    validation = speech.load(dataset, "validation", data_dir)
    generator = load_keras_generator(Path(wavegan) / "generator.keras")
    teacher = load_network(Path(wavegan) / "encoder.keras", SpeechEncoder, "encoder of speech")
    rate = make_schedule(schedule, learning_rate, epochs * steps_per_epoch(train, batch_size))
    distribution.replica_batch_size(batch_size, tf_strategy)
    config = {
        "model": "speech_encoder", "dataset": dataset, "wavegan": str(wavegan), "also": list(also), "epochs": epochs,
        "batch_size": batch_size, "learning_rate": learning_rate, "schedule": schedule, "filters": filters,
        "seed": seed, "precision": precision,
    }  # fmt: skip
    workdir = training.open_workdir(workdir, config)

    keras.utils.set_random_seed(seed)
    posteriors = _posteriors(teacher, first)
    classes = LatentMixture(len(first.class_names), teacher.latent_dim)
    classes.build()
    classes.fit_posteriors(*posteriors, first.labels)
    with tf_strategy.scope():
        encoder = WordEncoder(teacher.latent_dim, filters, dtype=precision)
        encoder.build()
        trainer = EncoderTrainer(generator, encoder, classes, **BETAS, seed=seed)
        trainer.compile(optimizer=FusedAdam(rate), jit_compile=False)
        trainer.optimizer.build(encoder.trainable_variables)

    def measure() -> dict[str, float]:
        copy = in_float32(encoder)
        graph = as_graph(lambda x: log_likelihoods(classes, copy(x)[0]))
        likelihoods = in_batches(graph, _aligned(validation).floats, batch_size=_BATCH)
        return {"validation_accuracy": float(np.mean(likelihoods.argmax(axis=1) == validation.labels))}

    training.train(
        trainer,
        make_batches(train, posteriors, seed),
        num_steps=epochs * steps_per_epoch(train, batch_size),
        batch_size=batch_size,
        workdir=workdir,
        strategy=tf_strategy,
        steps_per_log=steps_per_epoch(train, batch_size),
        on_log=lambda step, logs: measure(),
        state=trainer.state(),
        description=f"{dataset} speech_encoder",
    )
    path = workdir / "encoder.keras"
    if distribution.is_chief(tf_strategy):
        files.write_model(path, in_float32(encoder))
        files.write_json(workdir / "metrics.json", measure())
    distribution.wait_for_workers(tf_strategy)
    return path


def make_batches(data: Labelled, posteriors: tuple[np.ndarray, np.ndarray], seed: int) -> training_steps.MakeBatch:
    """Makes the function that draws batches for `EncoderTrainer.train_step`.

    Args:
        data: The recordings, those that the teacher knows first.
        posteriors: The teacher's means and standard deviations of those, [m, latent_dim] each.
        seed: Seed of order and augmentation.

    Returns:
        Function of positions, int64 [n], to the data of a step.
    """
    words, labels = AugmentedWords(data.content, seed, aligned=True), tf.constant(data.labels)
    mu, sigma = (tf.constant(part, tf.float32) for part in posteriors)

    def make_batch(positions: tf.Tensor) -> tuple[tf.Tensor, ...]:
        indices = shuffled_indices(positions, len(data), seed)
        changed, x = words.take(indices, positions)
        # The posterior of a recording that the teacher does not know is another's, which is not looked at.
        theirs = tf.minimum(indices, len(mu) - 1)
        known = tf.cast(indices < len(mu), tf.float32)
        return changed, x, tf.gather(labels, indices), tf.gather(mu, theirs), tf.gather(sigma, theirs), known

    return make_batch


def _posteriors(teacher: SpeechEncoder, data: Labelled) -> tuple[np.ndarray, np.ndarray]:
    return in_batches(as_graph(lambda x: teacher(x)), _aligned(data).floats, batch_size=_BATCH)


def _aligned(data: Labelled) -> Labelled:
    return data.with_content(alignment.align(data.content))
