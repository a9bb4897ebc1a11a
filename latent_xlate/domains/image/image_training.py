"""Training of the base VAE and of the classifier to the paper's recipe (supplement B.2)."""

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

    The validation split, cut from the training images, is never trained on. The VAE is that of the
    last epoch, the classifier that of the epoch best on the validation split. Run again with the
    same arguments, it goes on from its last checkpoint.

    Args:
        model: "vae" or "classifier".
        dataset: A prepared data set of images.
        workdir: Folder of the run.
        data_dir: Folder of TFDS data sets; None for the default.
        epochs: Passes over the training split.
        batch_size: Global; None for the paper's (512 for the VAE, 256 for the classifier).
        learning_rate: Of Adam.
        schedule: One of `optimizer.SCHEDULES`.
        shift: Pixels by which each training image is moved at most, at random, along each axis; 0
            in the paper.
        hidden_units: Width of the hidden layers; None for the model's default.
        seed: Governs initial weights, order of the data and noise.
        strategy: One of `distribution.STRATEGIES`.
        precision: Of training, "float32", "mixed_bfloat16" or "mixed_float16"; `model.keras` computes in
            float32.

    Returns:
        Path of `model.keras`.

    Raises:
        ValueError: Unknown model, schedule, strategy or precision, a batch that replicas cannot share, data
            not prepared or, for a classifier, unlabelled, or a `workdir` that holds another run.
    """
    tf_strategy = distribution.make_strategy(strategy)  # Before TensorFlow first computes, or workers cannot join.
    checks.known(model, MODELS, "model")
    checks.known(precision, PRECISIONS, "precision")
    checks.at_least(learning_rate, 0, "learning_rate")
    batch_size = batch_size or BATCH_SIZES[model]
    splits = {split: images.load(dataset, split, data_dir) for split in SPLITS}
    config = {
        "model": model, "dataset": dataset, "epochs": epochs, "batch_size": batch_size,
        "learning_rate": learning_rate, "schedule": schedule, "shift": shift, "hidden_units": hidden_units,
        "seed": seed, "precision": precision,
    }  # fmt: skip
    train = splits["train"]
    if model == "classifier" and not train.class_names:
        raise ValueError(f"Data set {dataset!r} is unlabelled, so that there is nothing for a classifier to learn.")
    rate = make_schedule(schedule, learning_rate, epochs * steps_per_epoch(train, batch_size))
    distribution.replica_batch_size(batch_size, tf_strategy)

    keras.utils.set_random_seed(seed)
    with tf_strategy.scope():
        shape = train.content.shape[1:]
        options: dict[str, Any] = {"dtype": precision}
        if hidden_units:
            options["hidden_units"] = [hidden_units] * (3 if model == "vae" else 4)
        if model == "vae":
            network = ImageVAE(shape, seed=seed, **options)
        else:
            network = ImageClassifier(shape, len(train.class_names), **options)
        network.build()
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


def _make_batch(data: Labelled, shift: int, seed: int) -> training.MakeBatch:
    pixels, labels = tf.constant(data.content), tf.constant(data.labels)

    def make_batch(positions):
        indices = shuffled_indices(positions, len(data), seed)
        x = tf.gather(pixels, indices)
        if shift:
            # A second shuffle serves as the random numbers: a function of the position, whoever draws it.
            x = shifted(x, shuffled_indices(positions, len(data), seed, stream=1) % (2 * shift + 1) ** 2, shift)
        return tf.cast(x, tf.float32) / 255.0, tf.gather(labels, indices)

    return make_batch


def shifted(x: tf.Tensor, choice: tf.Tensor, shift: int) -> tf.Tensor:
    """Moves images by whole pixels; what comes in at the border is 0.

    Args:
        x: [batch, height, width, channels].
        choice: Integers [batch] in [0, (2 shift + 1)^2), each a shift down and to the right, both in
            [-shift, shift].
        shift: The largest shift, in pixels.

    Returns:
        The moved images, of the shape and dtype of `x`.
    """
    side = 2 * shift + 1
    down, right = (tf.cast(part - shift, tf.float32) for part in (choice // side, choice % side))
    zero, one = tf.zeros_like(down), tf.ones_like(down)
    # Each row maps a place (column, row) of the result to where its pixel comes from.
    transforms = tf.stack([one, zero, -right, zero, one, -down, zero, zero], axis=1)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=x,
        transforms=transforms,
        output_shape=tf.shape(x)[1:3],
        fill_value=0.0,
        interpolation="NEAREST",
        fill_mode="CONSTANT",
    )
