"""Files that a WaveGAN's training writes at each checkpoint: networks, and sounds to listen to."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import files, training_files
from latent_xlate.batching import in_batches
from latent_xlate.domains.network_files import in_float32
from latent_xlate.domains.speech.priors import sample_prior
from latent_xlate.domains.speech.wavegan_trainer import WaveGANTrainer
from latent_xlate.modalities.audio_files import SAMPLE_RATE
from latent_xlate.modalities.mel_spectrograms import spectrogram_pictures

NUM_PREVIEWS = 16
"""Number of generated sounds that are written at each checkpoint."""

NUM_EVALUATED = 500
"""Number of generated sounds that the caller's evaluation is given at each checkpoint."""

Evaluate = Callable[[np.ndarray], Mapping[str, float]]
"""Function of generated sounds, float32 [NUM_EVALUATED, 16384], to metrics by name."""


class Previews:
    """Writes the state of a run: its networks, and sounds of the averaged generator."""

    def __init__(self, trainer: WaveGANTrainer, workdir: Path, evaluate: Evaluate | None):
        """Initializes the writer; nothing is written yet.

        Args:
            trainer: The model that is being trained.
            workdir: Folder of the run.
            evaluate: Computes metrics of generated sounds; None for no metrics.
        """
        self._trainer = trainer
        self._workdir = workdir
        self._evaluate = evaluate

    @functools.cached_property
    def _writer(self) -> tf.summary.SummaryWriter:
        """Writer of TensorBoard events. Only the chief, which writes, makes the file."""
        return tf.summary.create_file_writer(str(self._workdir / training_files.EVENTS))

    def write(self, step: int) -> dict[str, float]:
        """Writes `generator.keras`, `encoder.keras` if there is an encoder, `previews/STEP.wav`, and events.

        Args:
            step: The current step.

        Returns:
            The metrics of generated sounds.
        """
        networks: dict[str, keras.Model] = {"generator": self._trainer.average}
        if self._trainer.encoder:
            networks["encoder"] = self._trainer.encoder
        for name, network in networks.items():
            files.write_model(self._workdir / f"{name}.keras", in_float32(network))
        x = self._generate(NUM_PREVIEWS, stream=0)
        self._write_sounds(x, step)
        return dict(self._evaluate(self._generate(NUM_EVALUATED, stream=1))) if self._evaluate else {}

    def _write_sounds(self, x: np.ndarray, step: int) -> None:
        wav = tf.audio.encode_wav(np.clip(x, -1.0, 1.0).reshape(-1, 1), SAMPLE_RATE)
        path = self._workdir / "previews" / f"{step:08}.wav"
        files.write_atomically(path, lambda temporary: temporary.write_bytes(wav.numpy()))
        with files.naming(self._workdir / training_files.EVENTS), self._writer.as_default(step=step):
            tf.summary.audio("generated", x[..., tf.newaxis], SAMPLE_RATE, max_outputs=NUM_PREVIEWS)
            tf.summary.image("generated", spectrogram_pictures(x), max_outputs=NUM_PREVIEWS)
            self._writer.flush()

    def _generate(self, count: int, stream: int) -> np.ndarray:
        """Sounds of the averaged generator, float32 [count, 16384], the same at every step for one stream."""
        generator: Any = self._trainer.average
        settings = self._trainer.settings
        z = sample_prior(settings.prior, (count, generator.latent_dim), tf.constant([settings.seed, stream]))
        return in_batches(lambda z: generator(z)[..., 0], z.numpy(), batch_size=50)
