"""Section 5.4: how long base models train, and how long a bridge."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import tables, training_steps
from latent_xlate.bridge.bridging_vae import BridgingVAE
from latent_xlate.configs import mnist_fashion_mnist, mnist_spoken_digit
from latent_xlate.domains.image.image_training import RECIPES
from latent_xlate.domains.image.image_vae import ImageVAE
from latent_xlate.domains.speech.wavegan_settings import WaveGANSettings
from latent_xlate.domains.speech.wavegan_training import make_trainer
from latent_xlate.latents.batches import make_batches
from latent_xlate.latents.latents import Latents
from latent_xlate.optimizer import FusedAdam
from latent_xlate.reproduction import paper
from latent_xlate.reproduction.sections import Section, no_runs
from latent_xlate.reproduction.study import Study

_IMAGES, _EPOCHS = 55_000, 100
"""Number of training images, and of passes over them in the paper (supplement B.2)."""

_LATENT_DIM, _NUM_CLASSES = 100, 10

_ROUNDS = 3

VAE, WAVEGAN = "VAE of images, 3x1024", "WaveGAN of speech"
_BATCH_SIZE = RECIPES["vae"]["batch_size"]

PAIRS = {
    "bridge of images, 4x512": (VAE, mnist_fashion_mnist, "paper"),
    "bridge of images, settings `best`": (VAE, mnist_fashion_mnist, "best"),
    "bridge of images and speech, 8x1024": (WAVEGAN, mnist_spoken_digit, "paper"),
}
"""By bridge: the base model whose training it saves, its configuration, and the mode of that."""


def measure(quick: bool) -> dict[str, dict[str, float]]:
    """Times training steps on made-up data in memory. The models take turns; the best round of each counts.

    Args:
        quick: Whether to time small networks, only to see that it works.

    Returns:
        By model, "seconds" of one step and the number of "steps" of its whole training.
    """
    wavegan = WaveGANSettings(dim=1, batch_size=2, discriminator_steps=1) if quick else WaveGANSettings()
    runners = {VAE: _runner(*_vae(quick), _BATCH_SIZE), WAVEGAN: _runner(*_wavegan(wavegan), wavegan.batch_size)}
    steps = {VAE: _EPOCHS * math.ceil(_IMAGES / _BATCH_SIZE), WAVEGAN: wavegan.num_steps}
    for name, (_, configuration, mode) in PAIRS.items():
        config = configuration.get_config(mode)
        if quick:
            config.model.hidden_units = (64, 64)
        keras.utils.set_random_seed(0)
        bridge = BridgingVAE([_LATENT_DIM] * 2, _NUM_CLASSES, **config.model)
        bridge.build()
        bridge.compile(optimizer=FusedAdam(config.learning_rate), **training_steps.compile_options(of_rows=True))
        batches = make_batches([_latents(0), _latents(1)], _NUM_CLASSES, config.sampling, 0)
        runners[name] = _runner(bridge, batches, config.batch_size)
        steps[name] = config.num_steps
    rounds = [{name: run() for name, run in runners.items()} for _ in range(_ROUNDS)]
    return {name: {"seconds": min(times[name] for times in rounds), "steps": steps[name]} for name in runners}


def _runner(model: keras.Model, make_batch: training_steps.MakeBatch, batch_size: int) -> Callable[[], float]:
    """Returns a function that times as many training steps as take a second, and gives the mean seconds of one."""
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    train_steps = training_steps.train_function(model, make_batch, batch_size)

    def run(steps: int) -> float:
        start = time.perf_counter()
        train_steps(tf.constant(0, tf.int64), tf.constant(steps, tf.int64))
        model.optimizer.iterations.numpy()  # Waits for a GPU.
        return time.perf_counter() - start

    run(1)  # Makes the graph.
    steps = 1
    while run(steps) < 1.0:
        steps *= 2
    return lambda: run(steps) / steps


def _vae(quick: bool) -> tuple[keras.Model, training_steps.MakeBatch]:
    keras.utils.set_random_seed(0)
    vae = ImageVAE(hidden_units=(64,) * 3) if quick else ImageVAE()
    vae.build()
    vae.compile(optimizer=FusedAdam(1e-3), **training_steps.compile_options(of_rows=True))
    pixels = tf.random.stateless_uniform([2_000, *vae.image_shape], [0, 0])
    return vae, lambda positions: (tf.gather(pixels, positions % 2_000), tf.zeros_like(positions))


def _wavegan(settings: WaveGANSettings) -> tuple[keras.Model, training_steps.MakeBatch]:
    keras.utils.set_random_seed(0)
    trainer = make_trainer(settings, _NUM_CLASSES)
    shape = [settings.batches_per_step, settings.batch_size, trainer.generator.slice_length]
    sounds = tf.random.stateless_uniform(shape, [0, 0], -1.0, 1.0)
    return trainer, lambda positions: (sounds, tf.zeros(shape[:2], tf.int64))


def _latents(seed: int) -> Latents:
    mu = np.random.default_rng(seed).standard_normal((2_000, _LATENT_DIM), np.float32)
    return Latents(mu, np.full_like(mu, 0.1), np.arange(len(mu), dtype=np.int32) % _NUM_CLASSES)


def machine() -> str:
    """Returns the name of the GPUs, or the number of CPU cores."""
    devices = tf.config.list_physical_devices("GPU")
    if devices:
        return ", ".join(tf.config.experimental.get_device_details(device)["device_name"] for device in devices)
    return f"{os.cpu_count()} CPU cores"


def _training_time(study: Study) -> str:
    key = {"quick": study.settings.quick, "machine": machine()}
    times: dict[str, Any] = study.cached("training_time", key, lambda: measure(study.settings.quick))
    hours = {name: timed["seconds"] * timed["steps"] / 3600 for name, timed in times.items()}
    rows = []
    for name, timed in times.items():
        base = PAIRS[name][0] if name in PAIRS else None
        cells = [f"{1000 * timed['seconds']:.4g}", f"{timed['steps']:,}", f"{hours[name]:.3g}"]
        ratio = f"{hours[base] / hours[name]:.3g}, to one {base}" if base else ""
        theirs = f"about {paper.TRAINING_TIME_RATIO}" if base == WAVEGAN else ""
        rows.append([name, *cells, ratio, theirs])
    text = (
        f"On {key['machine']}: the time of a step, measured, times the steps of the paper's training (the WaveGAN's "
        "are those of its release's recipe). The last columns are how many times longer the base model trains than the "
        "bridge which spares it, ours and the paper's."
    )
    if study.settings.quick:
        text += " **Quick: the networks timed here are small ones, and the numbers mean nothing.**"
    return text + "\n\n" + tables.markdown(["", "ms a step", "steps", "hours", "ratio, ours", "ratio, paper"], rows)


SECTIONS = {"training_time": Section("Section 5.4: training time, base models against bridge", no_runs, _training_time)}
