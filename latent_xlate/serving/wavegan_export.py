"""Export of a WaveGAN generator as a reusable SavedModel of TensorFlow Hub."""

from __future__ import annotations

import os
from pathlib import Path

import tensorflow as tf

from latent_xlate import files
from latent_xlate.domains.speech.wavegan_generator import WaveGANGenerator
from latent_xlate.serving.export import is_saved_model


def export_generator(generator: WaveGANGenerator, folder: str | os.PathLike) -> Path:
    """Writes a generator as a reusable SavedModel, which needs neither Keras nor this package to be loaded.

    `hub.load(folder)` and `tf.saved_model.load(folder)` return a function of z, float32 [batch, latent_dim] in
    [-1, 1], to waveforms, float32 [batch, slice_length, channels]. For fine-tuning it accepts `training=True`, which
    matters for batch norm, and has `variables`, `trainable_variables` and `regularization_losses` (an empty list).

    Args:
        generator: A built generator.
        folder: Folder of the SavedModel; an existing SavedModel is replaced.

    Returns:
        `folder`.

    Raises:
        ValueError: `folder` contains something else.
    """
    folder = Path(folder)
    occupied = folder.is_file() or (folder.is_dir() and any(folder.iterdir()))
    if occupied and not is_saved_model(folder):
        raise ValueError(f"{folder} is there and is no SavedModel: give another folder.")
    module = _reusable(generator)
    return files.write_atomically(folder, lambda path: tf.saved_model.save(module, str(path)))


def _reusable(generator: WaveGANGenerator) -> tf.train.Checkpoint:
    """A generator with the interface of https://www.tensorflow.org/hub/reusable_saved_models."""

    def call(z: tf.Tensor, training: bool = False) -> tf.Tensor:
        return generator(z, training=training)

    # A SavedModel does not know Keras's variables, but the TensorFlow variables inside them.
    module = tf.train.Checkpoint(
        variables=[weight.value for weight in generator.weights],
        trainable_variables=[weight.value for weight in generator.trainable_weights],
        regularization_losses=[],
    )
    module.__call__ = tf.function(call, autograph=False)
    z = tf.TensorSpec([None, generator.latent_dim], tf.float32, name="z")
    for training_mode in (False, True):
        module.__call__.get_concrete_function(z, training=training_mode)
    return module
