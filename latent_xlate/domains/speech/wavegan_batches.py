"""Batches of recordings for a WaveGAN's training."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from latent_xlate import training_steps
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains.speech.wavegan_settings import WaveGANSettings
from latent_xlate.modalities.alignment import align
from latent_xlate.modalities.audio_files import change_speed
from latent_xlate.randomness import class_balanced, shuffled_indices


def make_batches(data: Labelled, settings: WaveGANSettings) -> training_steps.MakeBatch:
    """Makes the function that draws batches for `WaveGANTrainer.train_step`.

    Every epoch visits each recording once, in an order of its own. With class latents this holds for the recordings
    of each class, and the classes take turns.

    Args:
        data: The recordings.
        settings: Their speeds and alignment, and how many batches a step takes.

    Returns:
        Function of positions, int64 [n], to sounds, float32 [batches_per_step, n, 16384] in [-1, 1], and labels, int64
        [batches_per_step, n].
    """
    steps = settings.batches_per_step
    augmented = np.concatenate([data.content, *(change_speed(data.content, speed) for speed in settings.speeds)])
    waveforms = tf.constant(align(augmented) if settings.align else augmented)
    labels = np.tile(data.labels, 1 + len(settings.speeds))
    num_streams = len(data.class_names) if settings.class_latents else 1
    indices_at = _sampler(labels, num_streams, settings)

    def make_batch(positions: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # Each class, if batches are class-balanced, has a stream of its own. Each of a step's batches continues
        # the streams where the batch before it ended.
        turns = positions // num_streams * steps + tf.range(steps, dtype=tf.int64)[:, tf.newaxis]
        positions = turns * num_streams + positions % num_streams
        indices = tf.reshape(indices_at(tf.reshape(positions, [-1])), positions.shape)
        return tf.cast(tf.gather(waveforms, indices), tf.float32) / 32768.0, tf.gather(labels, indices)

    return make_batch


def _sampler(labels: np.ndarray, num_streams: int, settings: WaveGANSettings) -> Callable[[tf.Tensor], tf.Tensor]:
    """Function of positions in an endless stream, int64 [n], to indices of recordings, int64 [n]."""
    if settings.class_latents:
        return class_balanced(labels, num_streams, settings.seed)
    return lambda positions: shuffled_indices(positions, len(labels), settings.seed)
