"""Training of a WaveGAN on recordings: the run's folder, previews, and what becomes of it."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import checks, distribution, files, training
from latent_xlate.batching import in_batches
from latent_xlate.data import speech
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains.network_files import checkpoint_state, in_float32, load_network
from latent_xlate.domains.speech.priors import PRIORS, sample_prior
from latent_xlate.domains.speech.spectrogram_discriminator import SpectrogramDiscriminator
from latent_xlate.domains.speech.speech_encoder import SpeechEncoder
from latent_xlate.domains.speech.wavegan import WaveGANDiscriminator, WaveGANGenerator
from latent_xlate.domains.speech.wavegan_trainer import OBJECTIVES, WaveGANTrainer
from latent_xlate.modalities.alignment import align
from latent_xlate.modalities.audio_files import NUM_SAMPLES, SAMPLE_RATE, change_speed
from latent_xlate.modalities.mel_spectrograms import spectrogram_pictures
from latent_xlate.optimizer import SCHEDULES, FusedAdam, make_schedule
from latent_xlate.randomness import class_balanced, shuffled_indices

DISCRIMINATORS = ("waveform", "spectrogram")

ADAM = {"wgan_gp": (0.5, 0.9), "r1": (0.0, 0.99), "vae": (0.9, 0.999)}
"""Decays of both moments, by objective: the original's, StyleGAN's, and Adam's own."""

NUM_PREVIEWS = 16
"""Generated sounds to listen to at each checkpoint."""

NUM_EVALUATED = 500
"""Generated sounds for a user's own evaluation at each checkpoint."""


@dataclasses.dataclass(frozen=True)
class WaveGANSettings:
    """What a run is, but for its data; the defaults are the original's.

    Attributes:
        objective: One of `wavegan_trainer.OBJECTIVES`.
        discriminator: One of `DISCRIMINATORS`; the objective "vae" has one only for its class logits.
        num_steps: Updates of the generator; a run can be continued with more.
        batch_size: Global.
        learning_rate: Of Adam, for all networks.
        schedule: One of `optimizer.SCHEDULES`; a run that is not constant ends at `num_steps`, once for all.
        latent_dim: Size of z.
        prior: One of `wavegan_trainer.PRIORS`.
        dim: Channels of the generator and of a waveform's discriminator: see `wavegan`.
        discriminator_dim: Channels of the spectrogram's discriminator.
        half_rate: Whether only the lower half of the frequencies is made: see `WaveGANGenerator`.
        speeds: Other speeds, as shares of their own, at which the recordings are learnt from, too: as of more
            voices, for an encoder to know a stranger's.
        align: Whether recordings are brought to one beginning and one loudness: see `data.alignment`.
        discriminator_steps: Updates of the discriminator before each of the generator; one with "vae".
        penalty: Weight of the gradient penalty.
        encoder: Whether an encoder is trained beside; the objective "vae" always has one.
        beta_reconstruction: Weight of the spectral distance, with an encoder.
        beta_kl: Weight of the KL divergence, with an encoder.
        kl_warmup: Steps over which that weight grows from zero.
        beta_class: Weight of what class logits of the discriminator, which must be that of spectrograms,
            ask of the generator; 0 for no class logits.
        beta_features: Weight of the distance between activations in that discriminator of recordings and
            of what is made of them, with class logits and an encoder.
        beta_swd: Weight of the sliced Wasserstein distance of a batch's latents from the prior, with an encoder.
        class_latents: Whether the first coordinates of z, one for each class, tell its class by the largest of
            them, with class logits and an encoder; batches then have as many recordings of each class.
        decay: Of the generator's moving average, which is what is kept.
        seed: Governs initial weights, order of the data and all noise.
        precision: "float32", "mixed_bfloat16" or "mixed_float16".
    """

    objective: str = "wgan_gp"
    discriminator: str = "waveform"
    num_steps: int = 200_000
    batch_size: int = 64
    learning_rate: float = 1e-4
    schedule: str = "constant"
    latent_dim: int = 100
    prior: str = "uniform"
    dim: int = 64
    discriminator_dim: int = 16
    half_rate: bool = False
    speeds: tuple[float, ...] = ()
    align: bool = False
    discriminator_steps: int = 5
    penalty: float = 10.0
    encoder: bool = False
    beta_reconstruction: float = 100.0
    beta_kl: float = 1.0
    kl_warmup: int = 1000
    beta_class: float = 0.0
    beta_features: float = 0.0
    beta_swd: float = 0.0
    class_latents: bool = False
    decay: float = 0.999
    seed: int = 0
    precision: str = "float32"

    def __post_init__(self):
        checks.known(self.objective, OBJECTIVES, "objective")
        checks.known(self.discriminator, DISCRIMINATORS, "discriminator")
        checks.known(self.prior, PRIORS, "prior")
        checks.known(self.schedule, SCHEDULES, "schedule")
        if self.has_encoder and self.prior != "normal":
            raise ValueError("An encoder needs prior=normal.")
        if self.discriminator == "spectrogram" and not self.half_rate:
            raise ValueError("The discriminator of spectrograms needs half_rate.")
        if self.beta_class and self.discriminator != "spectrogram":
            raise ValueError("Only discriminator=spectrogram has class logits, which beta_class needs.")
        if self.beta_features and not (self.beta_class and self.has_encoder):
            raise ValueError("beta_features needs an encoder, and class logits (beta_class), to compare activations.")
        if self.beta_swd and not self.has_encoder:
            raise ValueError("beta_swd needs an encoder, whose latents are compared with the prior.")
        if not all(0.5 <= speed <= 2.0 for speed in self.speeds):
            raise ValueError(f"speeds are {self.speeds}; each must be from 0.5 to 2.")
        if self.class_latents and not (self.beta_class and self.has_encoder):
            raise ValueError("class_latents needs an encoder, and class logits (beta_class).")

    @property
    def has_encoder(self) -> bool:
        """Whether there is an encoder."""
        return self.encoder or self.objective == "vae"

    @property
    def has_discriminator(self) -> bool:
        """Whether there is a discriminator."""
        return self.objective != "vae" or self.beta_class > 0

    @property
    def batches_per_step(self) -> int:
        """Batches of recordings that a step takes: one for each update of the discriminator."""
        return 1 if self.objective == "vae" else self.discriminator_steps


def train_wavegan(
    dataset: str,
    workdir: str | Path,
    settings: WaveGANSettings,
    *,
    data_dir: str | None = None,
    initial: str | Path | None = None,
    steps_per_log: int = 100,
    logs_per_checkpoint: int = 10,
    strategy: str = "auto",
    evaluate: Callable[[np.ndarray], Mapping[str, float]] | None = None,
) -> Path:
    """Trains a generator and writes `generator.keras`, of averaged weights, and `encoder.keras` where there is one.

    Only the training split is trained on. At each checkpoint the run writes both, sounds of the
    averaged generator as `previews/STEP.wav`, and the same as audio and spectrograms to TensorBoard.
    Run again with the same arguments, it goes on from its last checkpoint.

    Args:
        dataset: A prepared data set of recordings.
        workdir: Folder of the run.
        settings: The run.
        data_dir: Folder of TFDS data sets; None for the default.
        initial: Folder of another run, whose generator and encoder this one starts from.
        steps_per_log: Steps in one graph call.
        logs_per_checkpoint: Logs between checkpoints.
        strategy: One of `distribution.STRATEGIES`.
        evaluate: Given sounds of the averaged generator at each checkpoint, float32 [n, 16384], returns
            what to log of them.

    Returns:
        Path of `generator.keras`.

    Raises:
        ValueError: Unknown strategy, data not prepared, a `workdir` that holds another run, or `initial`
            holds no networks of the same sizes.
    """
    data = speech.load(dataset, "train", data_dir)
    config = {"dataset": dataset, "initial": str(initial) if initial else None} | dataclasses.asdict(settings)
    if settings.schedule == "constant":
        del config["num_steps"]  # It only says when to end: a run can go on for longer.
    if settings.class_latents:
        _check_classes(data, settings)
    workdir = training.open_workdir(workdir, config)
    keras.utils.set_random_seed(settings.seed)
    tf_strategy = distribution.make_strategy(strategy)
    with tf_strategy.scope():
        trainer = _make_trainer(settings, len(data.class_names))
        if initial:
            _start_from(trainer, Path(initial))
    state: dict[str, Any] = dict(checkpoint_state(trainer))
    if trainer.discriminator:
        state["discriminator_optimizer"] = trainer.discriminator_optimizer
    previews = _Previews(trainer, workdir, evaluate)

    def on_log(step: int, logs: dict[str, float]) -> dict[str, float]:
        due = (step // steps_per_log) % logs_per_checkpoint == 0 or step == settings.num_steps
        return previews.write(step) if due and distribution.is_chief(tf_strategy) else {}

    training.train(
        trainer,
        make_batches(data, settings),
        num_steps=settings.num_steps,
        batch_size=settings.batch_size,
        workdir=workdir,
        strategy=tf_strategy,
        steps_per_log=steps_per_log,
        logs_per_checkpoint=logs_per_checkpoint,
        on_log=on_log,
        state=state,
        description=f"{dataset} {settings.objective}",
    )
    return workdir / "generator.keras"


def _check_classes(data: Labelled, settings: WaveGANSettings) -> None:
    num_classes = len(data.class_names)
    if settings.latent_dim < num_classes:
        raise ValueError(f"class_latents needs a latent_dim of {num_classes} or more, the number of classes.")
    if absent := sorted(set(range(num_classes)) - set(data.labels.tolist())):
        raise ValueError(f"class_latents needs recordings of each class; {data.class_names[absent[0]]!r} has none.")


def _make_trainer(settings: WaveGANSettings, num_classes: int) -> WaveGANTrainer:
    options: dict[str, Any] = {"half_rate": settings.half_rate, "dtype": settings.precision}
    generator, average = (
        WaveGANGenerator(settings.latent_dim, settings.dim, slice_length=NUM_SAMPLES, **options) for _ in range(2)
    )
    generator.build()
    average.build()
    average.set_weights(generator.get_weights())
    discriminator: WaveGANDiscriminator | SpectrogramDiscriminator | None = None
    if settings.has_discriminator:
        if settings.discriminator == "waveform":
            discriminator = WaveGANDiscriminator(settings.dim, **options)
        else:
            num_logits = num_classes if settings.beta_class else 0
            discriminator = SpectrogramDiscriminator(settings.discriminator_dim, num_logits, dtype=settings.precision)
        discriminator.build()
    encoder = SpeechEncoder(settings.latent_dim, dtype=settings.precision) if settings.has_encoder else None
    if encoder:
        encoder.build()
    names = ("objective", "prior", "penalty", "decay", "beta_reconstruction", "beta_kl", "kl_warmup", "beta_class",
             "beta_features", "beta_swd", "class_latents", "seed")  # fmt: skip
    trainer = WaveGANTrainer(
        generator, average, discriminator, encoder, discriminator_steps=settings.batches_per_step,
        **{name: getattr(settings, name) for name in names},
    )  # fmt: skip
    beta_1, beta_2 = ADAM[settings.objective]
    rates = [
        make_schedule(settings.schedule, settings.learning_rate, settings.num_steps * updates)
        for updates in (1, settings.batches_per_step)
    ]
    trainer.compile_optimizers(*(FusedAdam(rate, beta_1=beta_1, beta_2=beta_2) for rate in rates))
    return trainer


def _start_from(trainer: WaveGANTrainer, folder: Path) -> None:
    networks: list[tuple[str, type[keras.Model], list[keras.Model]]] = [
        ("generator", WaveGANGenerator, [trainer.generator, trainer.average]),
        ("encoder", SpeechEncoder, [trainer.encoder] if trainer.encoder else []),
    ]
    for name, kind, those in networks:
        for network in those:
            path = folder / f"{name}.keras"
            try:
                network.set_weights(load_network(path, kind, name).get_weights())
            except ValueError as error:
                raise ValueError(f"Cannot start from {path}: {str(error).splitlines()[0]}") from None


def load_generator(path: str | os.PathLike) -> WaveGANGenerator:
    """Reads `generator.keras` of a run.

    Raises:
        ValueError: It is missing, damaged or another model.
    """
    return load_network(path, WaveGANGenerator, "generator of a WaveGAN")


def make_batches(data: Labelled, settings: WaveGANSettings) -> training.MakeBatch:
    """Batches for `WaveGANTrainer.train_step`, each epoch of the data, or of a class, in an order of its own."""
    steps = settings.batches_per_step
    heard = np.concatenate([data.content, *(change_speed(data.content, speed) for speed in settings.speeds)])
    waveforms = tf.constant(align(heard) if settings.align else heard)
    labels = np.tile(data.labels, 1 + len(settings.speeds))
    width = 1

    def sample(positions):
        return shuffled_indices(positions, len(labels), settings.seed)

    if settings.class_latents:
        width = len(data.class_names)
        sample = class_balanced(labels, width, settings.seed)

    def make_batch(positions):
        # The stream of each of a step's batches, or of a class in it, goes on where that of the last step's ended.
        turns = positions // width * steps + tf.range(steps, dtype=tf.int64)[:, tf.newaxis]
        positions = turns * width + positions % width
        indices = tf.reshape(sample(tf.reshape(positions, [-1])), positions.shape)
        return tf.cast(tf.gather(waveforms, indices), tf.float32) / 32768.0, tf.gather(labels, indices)

    return make_batch


class _Previews:
    """Writes what a run has come to."""

    def __init__(self, trainer: WaveGANTrainer, workdir: Path, evaluate):
        self.trainer = trainer
        self.workdir = workdir
        self.evaluate = evaluate

    @functools.cached_property
    def writer(self):
        """Made when it is needed, for the chief alone writes."""
        return tf.summary.create_file_writer(str(self.workdir / "events"))

    def write(self, step: int) -> dict[str, float]:
        trainer = self.trainer
        networks = {"generator": trainer.average} | ({"encoder": trainer.encoder} if trainer.encoder else {})
        for name, network in networks.items():
            files.write_atomically(self.workdir / f"{name}.keras", in_float32(network).save)
        x = self._sounds(NUM_PREVIEWS, stream=0)
        wav = tf.audio.encode_wav(np.clip(x, -1.0, 1.0).reshape(-1, 1), SAMPLE_RATE)
        path = self.workdir / "previews" / f"{step:08}.wav"
        files.write_atomically(path, lambda temporary: temporary.write_bytes(wav.numpy()))
        with self.writer.as_default(step=step):
            tf.summary.audio("generated", x[..., tf.newaxis], SAMPLE_RATE, max_outputs=NUM_PREVIEWS)
            tf.summary.image("generated", spectrogram_pictures(x), max_outputs=NUM_PREVIEWS)
        self.writer.flush()
        return dict(self.evaluate(self._sounds(NUM_EVALUATED, stream=1))) if self.evaluate else {}

    def _sounds(self, count: int, stream: int) -> np.ndarray:
        trainer = self.trainer
        z = sample_prior(trainer.prior, (count, trainer.average.latent_dim), tf.constant([trainer.seed, stream]))
        return in_batches(lambda z: trainer.average(z)[..., 0], z.numpy(), batch_size=50)
