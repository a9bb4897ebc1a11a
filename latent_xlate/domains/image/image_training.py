"""Training of VAEs and classifiers of images.

`vae` and `classifier` are trained by the paper's recipe (supplement B.2), `conv_vae` and `conv_classifier` by one for
any pictures, few ones included: see `train_image_model`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from latent_xlate import checks, distribution, training_steps
from latent_xlate.data import disk_arrays, images
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains.classifier import Classifier
from latent_xlate.domains.image.augmentation import ENOUGH, Augmentation, augmented_copies, classes_differ_in_colour
from latent_xlate.domains.image.conv_classifier import ConvClassifier
from latent_xlate.domains.image.conv_vae import ConvVAE
from latent_xlate.domains.image.image_classifier import ImageClassifier
from latent_xlate.domains.image.image_vae import ImageVAE
from latent_xlate.domains.image.vae import VAE
from latent_xlate.domains.network_files import checkpoint_state
from latent_xlate.domains.network_training import steps_per_epoch, train_by_epochs
from latent_xlate.optimizer import PRECISIONS, FusedAdam, make_schedule
from latent_xlate.randomness import shuffled_indices

_PAPER = {"learning_rate": 1e-3, "schedule": "constant", "shift": 0, "hidden_units": None}

RECIPES: Mapping[str, Mapping[str, Any]] = {
    "vae": {"batch_size": 512, **_PAPER},
    "classifier": {"batch_size": 256, **_PAPER},
    "conv_vae": {"batch_size": 16, "learning_rate": 3e-3, "schedule": "cosine", "latent_dim": 32, "width": 16},
    "conv_classifier": {"batch_size": 32, "learning_rate": 3e-3, "schedule": "cosine", "width": 16},
}
"""By model, its settings and their defaults. The hidden units' is the model's own."""

MODELS = tuple(RECIPES)

VAES = ("vae", "conv_vae")

CONVOLUTIONAL = ("conv_vae", "conv_classifier")

EPOCHS = 100
"""Default number of epochs of the paper's models."""

CONVOLUTIONAL_EPOCHS = 60
"""A convolutional model is trained for as many epochs at most, if these are neither too few nor too many pictures."""

PICTURES = (16_000, 192_000)
"""The fewest and the most pictures, repeated ones included, that `CONVOLUTIONAL_EPOCHS` may be."""

PICTURES_PER_LOG = 1_600
"""Pictures between evaluations of a convolutional model, about."""

PATIENCE = 8
"""A convolutional model is no longer trained after so many evaluations in a row that were not the best."""

VALIDATION_PICTURES = 256
"""Few validation pictures are evaluated with changed copies, so many in all, about."""

AVERAGING = 0.98
"""A convolutional model's weights are averaged over the last steps, each of which counts by this factor less."""


def train_image_model(
    model: str,
    dataset: str,
    workdir: str | Path,
    *,
    data_dir: str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    schedule: str | None = None,
    shift: int | None = None,
    hidden_units: int | None = None,
    latent_dim: int | None = None,
    width: int | None = None,
    seed: int = 0,
    strategy: str = "auto",
    precision: str = "float32",
    splits: Mapping[str, Labelled] | None = None,
) -> Path:
    """Trains a VAE or a classifier of images and writes `model.keras` and `metrics.json`.

    The validation split is cut from the training images and never trained on. The paper's VAE has the weights of the
    last epoch, its classifier those of the epoch with the best validation accuracy. A call with the same arguments
    resumes from the last checkpoint.

    The convolutional models are trained on augmented pictures, and their weights are averaged over steps. The
    validation pictures, with augmented copies if they are few, are evaluated every `PICTURES_PER_LOG` pictures or once
    an epoch, whichever is longer. The weights with the lowest loss on them are kept, and the training ends after
    `PATIENCE` evaluations without a lower one, or after `most_epochs`.

    Args:
        model: One of `MODELS`.
        dataset: A prepared data set of images.
        workdir: Folder of the run.
        data_dir: Folder of TFDS data sets; None for the default.
        epochs: Passes over the training split, for a convolutional model at most; None for `EPOCHS`, or `most_epochs`.
        batch_size: Global batch size. None here and below: the model's, see `RECIPES`.
        learning_rate: Learning rate of Adam.
        schedule: One of `optimizer.SCHEDULES`.
        shift: Largest random shift of training images along each axis, in pixels; 0 in the paper.
        hidden_units: Width of the hidden layers.
        latent_dim: Size of the latent.
        width: Channels of the largest maps.
        seed: Seed of the initial weights, the order of the data and the noise.
        strategy: One of `distribution.STRATEGIES`.
        precision: Precision of training, one of `PRECISIONS`; `model.keras` computes in float32.
        splits: What `images.load_splits` reads of the data set, if that has been read already.

    Returns:
        Path of `model.keras`.

    Raises:
        ValueError: Unknown model, schedule, strategy or precision, a setting that the model does not have, a batch size
            that is no multiple of the number of replicas, data that are not prepared, do not fit the model or, for a
            classifier, are unlabelled, or a `workdir` of another run.
    """
    tf_strategy = distribution.make_strategy(strategy)  # Before TensorFlow first computes, or workers cannot join.
    checks.known(model, MODELS, "model")
    checks.known(precision, PRECISIONS, "precision")
    given = {
        "batch_size": batch_size, "learning_rate": learning_rate, "schedule": schedule, "shift": shift,
        "hidden_units": hidden_units, "latent_dim": latent_dim, "width": width,
    }  # fmt: skip
    settings = _settings(model, {name: value for name, value in given.items() if value is not None})
    splits = splits or images.load_splits(dataset, data_dir)
    train = splits["train"]
    if model not in VAES and not train.class_names:
        raise ValueError(f"Data set {dataset!r} is unlabelled, so that there is nothing for a classifier to learn.")
    epochs = epochs or (most_epochs(train, settings["batch_size"]) if model in CONVOLUTIONAL else EPOCHS)
    config = {"model": model, "dataset": dataset, "epochs": epochs, **settings, "seed": seed, "precision": precision}
    num_steps = epochs * steps_per_epoch(train, settings["batch_size"])
    rate = make_schedule(settings["schedule"], settings["learning_rate"], num_steps)
    distribution.replica_batch_size(settings["batch_size"], tf_strategy)

    # XLA cannot transform pictures, nor read them from disk.
    has_kernels = model not in CONVOLUTIONAL and not settings["shift"] and train.content.nbytes <= disk_arrays.LARGE
    keras.utils.set_random_seed(seed)
    with tf_strategy.scope():
        network = _make_network(model, train, settings, seed, precision)
        averaging = {"use_ema": True, "ema_momentum": AVERAGING} if model in CONVOLUTIONAL else {}
        network.compile(
            optimizer=FusedAdam(rate, **averaging), **training_steps.compile_options(has_kernels, of_rows=True)
        )
    if model in CONVOLUTIONAL:
        return _train_on_augmented(network, splits, workdir, config, tf_strategy)
    return train_by_epochs(
        network,
        _make_batch(train, settings["shift"], seed),
        splits,
        workdir,
        config,
        strategy=tf_strategy,
        best_by="accuracy" if model == "classifier" else None,
        eval_batch_size=1000,
    )


def most_epochs(data: Labelled, batch_size: int) -> int:
    """The most epochs for which a convolutional model is trained by default.

    They are `CONVOLUTIONAL_EPOCHS`, but more for few pictures and fewer for many, by `PICTURES`.
    """
    least, most = (_epochs_of(pictures, data, batch_size) for pictures in PICTURES)
    return min(max(CONVOLUTIONAL_EPOCHS, least), most)


def _epochs_of(pictures: int, data: Labelled, batch_size: int) -> int:
    """Number of epochs in which so many pictures are seen; batches are full, and so repeat pictures of a few."""
    return math.ceil(pictures / (batch_size * steps_per_epoch(data, batch_size)))


def _settings(model: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """A model's settings: those that are given, and for the others its defaults."""
    recipe = RECIPES[model]
    if foreign := [name for name in given if name not in recipe]:
        raise ValueError(f"--{foreign[0]} is not for --model={model}: leave it out.")
    settings = {**recipe, **given}
    checks.at_least(settings["learning_rate"], 0, "learning_rate")
    return settings


_CLASSES: Mapping[str, Callable[..., VAE | Classifier]] = {
    "vae": ImageVAE,
    "classifier": ImageClassifier,
    "conv_vae": ConvVAE,
    "conv_classifier": ConvClassifier,
}


def _make_network(
    model: str, data: Labelled, settings: Mapping[str, Any], seed: int, precision: str
) -> VAE | Classifier:
    """Makes and builds the model for images of the shape of `data`."""
    is_vae = model in VAES
    options: dict[str, Any] = {name: settings[name] for name in ("latent_dim", "width") if name in settings}
    if hidden := settings.get("hidden_units"):
        options["hidden_units"] = [hidden] * (3 if is_vae else 4)
    if is_vae:
        options["seed"] = seed
    if model != "vae":
        options["num_classes"] = len(data.class_names)
    network = _CLASSES[model](data.content.shape[1:], dtype=precision, **options)
    network.build()
    return network


def _train_on_augmented(
    network: VAE | Classifier,
    splits: Mapping[str, Labelled],
    workdir: str | Path,
    config: Mapping[str, Any],
    strategy: tf.distribute.Strategy,
) -> Path:
    """Trains a convolutional model; see `train_image_model`."""
    train, seed = splits["train"], config["seed"]
    augmentation = augmentation_of(train)
    if isinstance(network, ConvVAE):
        network.standardise(augmented_copies(train.take(slice(0, ENOUGH)), augmentation, 1, seed).floats)
    validation = splits["validation"]
    copies = max(0, VALIDATION_PICTURES // len(validation) - 1)
    return train_by_epochs(
        network,
        _make_augmented_batch(train, augmentation, seed),
        splits,
        workdir,
        config,
        strategy=strategy,
        best_by="loss",
        eval_batch_size=100,
        validation=augmented_copies(validation, augmentation, copies, seed + 1),
        epochs_per_log=_epochs_of(PICTURES_PER_LOG, train, config["batch_size"]),
        patience=PATIENCE,
        state=checkpoint_state(network),
    )


def augmentation_of(data: Labelled) -> Augmentation:
    """How the training pictures of convolutional models are augmented.

    They are recoloured if there are classes and colours do not tell them apart.
    """
    return Augmentation(recolour=bool(data.class_names) and not classes_differ_in_colour(data))


def _make_augmented_batch(data: Labelled, augmentation: Augmentation, seed: int) -> training_steps.MakeBatch:
    labels, pixels = tf.constant(data.labels), _pixels(data)

    def make_batch(positions: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        indices = shuffled_indices(positions, len(data), seed)
        x = tf.cast(pixels(indices), tf.float32) / 255.0
        return augmentation(x, positions, seed), tf.gather(labels, indices)

    return make_batch


def _make_batch(data: Labelled, shift: int, seed: int) -> training_steps.MakeBatch:
    labels, pixels = tf.constant(data.labels), _pixels(data)

    def make_batch(positions: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        indices = shuffled_indices(positions, len(data), seed)
        x = pixels(indices)
        if shift:
            # A second shuffle gives the random numbers, so that they depend on the position alone.
            x = shifted(x, shuffled_indices(positions, len(data), seed, stream=1) % (2 * shift + 1) ** 2, shift)
        return tf.cast(x, tf.float32) / 255.0, tf.gather(labels, indices)

    return make_batch


def _pixels(data: Labelled) -> Callable[[tf.Tensor], tf.Tensor]:
    """Makes a function in graph from indices, int64 [batch], to pictures, uint8 [batch, *shape].

    Small data sets are a tensor on the device, and large ones are read from where they lie.
    """
    if data.content.nbytes <= disk_arrays.LARGE:
        return functools.partial(tf.gather, tf.constant(data.content))
    read = functools.partial(disk_arrays.rows, data.content)

    def pixels(indices: tf.Tensor) -> tf.Tensor:
        rows = tf.numpy_function(read, [indices], tf.uint8, stateful=False)
        return tf.ensure_shape(rows, [*indices.shape, *data.content.shape[1:]])

    return pixels


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
