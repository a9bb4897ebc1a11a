"""Training of a WaveGAN on a data set of recordings."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras

from latent_xlate import checks, distribution, training
from latent_xlate.data import speech
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains import pretrained
from latent_xlate.domains.network_files import checkpoint_state, load_network
from latent_xlate.domains.speech.spectrogram_discriminator import SpectrogramDiscriminator
from latent_xlate.domains.speech.speech_encoder import SpeechEncoder
from latent_xlate.domains.speech.wavegan_batches import make_batches
from latent_xlate.domains.speech.wavegan_discriminator import WaveGANDiscriminator
from latent_xlate.domains.speech.wavegan_generator import WaveGANGenerator
from latent_xlate.domains.speech.wavegan_previews import Evaluate, Previews
from latent_xlate.domains.speech.wavegan_settings import WaveGANSettings
from latent_xlate.domains.speech.wavegan_trainer import WaveGANTrainer
from latent_xlate.modalities.audio_files import NUM_SAMPLES
from latent_xlate.optimizer import FusedAdam, make_schedule

ADAM = {"wgan_gp": (0.5, 0.9), "r1": (0.0, 0.99), "vae": (0.9, 0.999)}
"""Adam's beta_1 and beta_2 by objective: those of WaveGAN, of StyleGAN, and Adam's defaults."""


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
    evaluate: Evaluate | None = None,
) -> Path:
    """Trains a generator, and an encoder if the settings have one.

    Only the training split is used. At each checkpoint the run writes `generator.keras` (the averaged weights),
    `encoder.keras`, generated sounds as `previews/STEP.wav`, and TensorBoard events with audio and spectrograms. If
    the function is called again with the same arguments, the run continues from its last checkpoint.

    Args:
        dataset: Name of a prepared data set of recordings.
        workdir: Folder of the run.
        settings: Settings of the run.
        data_dir: Folder of TFDS data sets; None for the default.
        initial: Folder of another run, or name of a pretrained domain of speech, whose generator and encoder are the
            initial weights.
        steps_per_log: Number of steps in one graph call.
        logs_per_checkpoint: Number of logs between checkpoints.
        strategy: One of `distribution.STRATEGIES`.
        evaluate: Computes metrics of generated sounds at each checkpoint, which are then logged.

    Returns:
        Path of `generator.keras`.

    Raises:
        ValueError: The strategy is unknown, the data are not prepared or do not have the classes that the settings
            need, `workdir` holds another run, or `initial` is unknown or has no networks of the same sizes.
    """
    data = speech.load(dataset, "train", data_dir)
    config = {"dataset": dataset, "initial": str(initial) if initial else None} | dataclasses.asdict(settings)
    if settings.schedule == "constant":
        del config["num_steps"]  # The result of a step does not depend on it, and the run can be continued.
    _check_classes(data, settings)
    workdir = training.open_workdir(workdir, config)
    keras.utils.set_random_seed(settings.seed)
    tf_strategy = distribution.make_strategy(strategy)
    with tf_strategy.scope():
        trainer = make_trainer(settings, len(data.class_names))
        if initial:
            _load_initial_weights(trainer, initial)
    state: dict[str, Any] = dict(checkpoint_state(trainer))
    if trainer.discriminator:
        state["discriminator_optimizer"] = trainer.discriminator_optimizer
    previews = Previews(trainer, workdir, evaluate)

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
    """Raises ValueError if the recordings do not have the classes that the settings need."""
    num_classes = len(data.class_names)
    if settings.has_classes and not num_classes:
        raise ValueError("beta_class needs labelled recordings; the data set is unlabelled.")
    if not settings.class_latents:
        return
    if settings.latent_dim < num_classes:
        raise ValueError(f"class_latents needs a latent_dim of {num_classes} or more, the number of classes.")
    if absent := sorted(set(range(num_classes)) - set(data.labels.tolist())):
        raise ValueError(f"class_latents needs recordings of each class; {data.class_names[absent[0]]!r} has none.")


def make_trainer(settings: WaveGANSettings, num_classes: int) -> WaveGANTrainer:
    """Builds the networks and compiles their trainer, with initial weights from Keras's global seed.

    Args:
        settings: Settings of the run.
        num_classes: Number of classes of the recordings.
    """
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
            num_logits = num_classes if settings.has_classes else 0
            discriminator = SpectrogramDiscriminator(settings.discriminator_dim, num_logits, dtype=settings.precision)
        discriminator.build()
    encoder = SpeechEncoder(settings.latent_dim, dtype=settings.precision) if settings.has_encoder else None
    if encoder:
        encoder.build()
    trainer = WaveGANTrainer(settings, generator, average, discriminator, encoder)
    beta_1, beta_2 = ADAM[settings.objective]
    rates = [
        make_schedule(settings.schedule, settings.learning_rate, settings.num_steps * updates)
        for updates in (1, settings.batches_per_step)
    ]
    trainer.compile_optimizers(*(FusedAdam(rate, beta_1=beta_1, beta_2=beta_2) for rate in rates))
    return trainer


def _load_initial_weights(trainer: WaveGANTrainer, initial: str | Path) -> None:
    """Sets the weights of generator, average and encoder to those of another run or of a pretrained domain."""
    networks: list[tuple[str, type[keras.Model], list[keras.Model]]] = [
        ("generator", WaveGANGenerator, [trainer.generator, trainer.average]),
        ("encoder", SpeechEncoder, [trainer.encoder] if trainer.encoder else []),
    ]
    is_shipped = str(initial) in pretrained.list_domains() and not Path(initial).is_dir()
    given = pretrained.load_domain(initial).networks if is_shipped else {}
    for name, kind, targets in networks:
        for network in targets:
            path = Path(initial) / f"{name}.keras"
            try:
                network.set_weights((given.get(name) or load_network(path, kind, name)).get_weights())
            except ValueError as error:
                raise ValueError(f"Cannot start from {path}: {checks.reason(error)}") from None
