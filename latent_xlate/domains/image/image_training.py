"""Training of the base VAE and of the classifier of images by the paper's recipe (supplement B.2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from latent_xlate import checks, distribution, training
from latent_xlate.data import images
from latent_xlate.data.labelled import SPLITS, Labelled
from latent_xlate.domains.image.image_classifier import ImageClassifier
from latent_xlate.domains.image.image_vae import ImageVAE
from latent_xlate.domains.network_training import steps_per_epoch, train_by_epochs
from latent_xlate.optimizer import PRECISIONS, FusedAdam, make_schedule
from latent_xlate.randomness import shuffled_indices

MODELS = ("vae", "classifier")
BATCH_SIZES = {"vae": 512, "classifier": 256}


def train_image_model(
    model: str,
    dataset: str,
    workdir: str | Path,
    *,
    data_dir: str | None = None,
    epochs: int = 100,
    batch_size: int | None = None,
    learning_rate: float = 1e-3,
    schedule: str = "constant",
    shift: int = 0,
    hidden_units: int | None = None,
    seed: int = 0,
    strategy: str = "auto",
    precision: str = "float32",
) -> Path:
    """Trains an `ImageVAE` or an `ImageClassifier` and writes `model.keras` and `metrics.json`.

    The validation split is cut from the training images and never trained on. The VAE has the weights of the last
    epoch, the classifier those of the epoch with the best validation accuracy. A call with the same arguments resumes
    from the last checkpoint.

    Args:
        model: "vae" or "classifier".
        dataset: A prepared data set of images.
        workdir: Folder of the run.
        data_dir: Folder of TFDS data sets; None for the default.
        epochs: Passes over the training split.
        batch_size: Global batch size; None for the paper's (512 for the VAE, 256 for the classifier).
        learning_rate: Learning rate of Adam.
        schedule: One of `optimizer.SCHEDULES`.
        shift: Largest random shift of training images along each axis, in pixels; 0 in the paper.
        hidden_units: Width of the hidden layers; None for the model's default.
        seed: Seed of the initial weights, the order of the data and the noise.
        strategy: One of `distribution.STRATEGIES`.
        precision: Precision of training, one of `PRECISIONS`; `model.keras` computes in float32.

    Returns:
        Path of `model.keras`.

    Raises:
        ValueError: Unknown model, schedule, strategy or precision, a batch size that is no multiple of the number of
            replicas, data that are not prepared or, for a classifier, unlabelled, or a `workdir` of another run.
    """
    tf_strategy = distribution.make_strategy(strategy)  # Before TensorFlow first computes, or workers cannot join.
    checks.known(model, MODELS, "model")
    checks.known(precision, PRECISIONS, "precision")
    checks.at_least(learning_rate, 0, "learning_rate")
    batch_size = batch_size or BATCH_SIZES[model]
    splits = {split: images.load(dataset, split, data_dir) for split in SPLITS}
    train = splits["train"]
    if model == "classifier" and not train.class_names:
        raise ValueError(f"Data set {dataset!r} is unlabelled, so that there is nothing for a classifier to learn.")
    config = {
        "model": model, "dataset": dataset, "epochs": epochs, "batch_size": batch_size,
        "learning_rate": learning_rate, "schedule": schedule, "shift": shift, "hidden_units": hidden_units,
        "seed": seed, "precision": precision,
    }  # fmt: skip
    rate = make_schedule(schedule, learning_rate, epochs * steps_per_epoch(train, batch_size))
    distribution.replica_batch_size(batch_size, tf_strategy)

    keras.utils.set_random_seed(seed)
    with tf_strategy.scope():
        network = _make_network(model, train, hidden_units, seed, precision)
        network.compile(optimizer=FusedAdam(rate), jit_compile=False)
    return train_by_epochs(
        network,
        _make_batch(train, shift, seed),
        splits,
        workdir,
        config,
        strategy=tf_strategy,
        keep_best=model == "classifier",
        eval_batch_size=1000,
    )


def _make_network(
    model: str, data: Labelled, hidden_units: int | None, seed: int, precision: str
) -> ImageVAE | ImageClassifier:
    """Makes and builds the model for images of the shape of `data`. Arguments are those of `train_image_model`."""
    shape = data.content.shape[1:]
    options: dict[str, Any] = {"dtype": precision}
    if hidden_units:
        options["hidden_units"] = [hidden_units] * (3 if model == "vae" else 4)
    network: ImageVAE | ImageClassifier
    if model == "vae":
        network = ImageVAE(shape, seed=seed, **options)
    else:
        network = ImageClassifier(shape, len(data.class_names), **options)
    network.build()
    return network


def _make_batch(data: Labelled, shift: int, seed: int) -> training.MakeBatch:
    pixels, labels = tf.constant(data.content), tf.constant(data.labels)

    def make_batch(positions: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        indices = shuffled_indices(positions, len(data), seed)
        x = tf.gather(pixels, indices)
        if shift:
            # A second shuffle gives the random numbers, so that they depend on the position alone.
            x = shifted(x, shuffled_indices(positions, len(data), seed, stream=1) % (2 * shift + 1) ** 2, shift)
        return tf.cast(x, tf.float32) / 255.0, tf.gather(labels, indices)

    return make_batch


def shifted(x: tf.Tensor, choice: tf.Tensor, shift: int) -> tf.Tensor:
    """Shifts images by whole pixels and fills with 0.

    Args:
        x: [batch, height, width, channels].
        choice: Integers [batch] in [0, (2 shift + 1)^2); each encodes a shift down and one to the right, both in
            [-shift, shift].
        shift: The largest shift, in pixels.

    Returns:
        The shifted images, of the shape and dtype of `x`.
    """
    side = 2 * shift + 1
    down, right = (tf.cast(part - shift, tf.float32) for part in (choice // side, choice % side))
    zero, one = tf.zeros_like(down), tf.ones_like(down)
    # Each row of numbers maps a position (column, row) of the result to that of its source pixel.
    transforms = tf.stack([one, zero, -right, zero, one, -down, zero, zero], axis=1)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=x,
        transforms=transforms,
        output_shape=tf.shape(x)[1:3],
        fill_value=0.0,
        interpolation="NEAREST",
        fill_mode="CONSTANT",
    )
