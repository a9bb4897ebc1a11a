"""Training of a baseline from a configuration (see `latent_xlate/configs`)."""

from __future__ import annotations

import os
from collections.abc import Sequence

import keras
from ml_collections import ConfigDict

from latent_xlate import checks, distribution, files, training
from latent_xlate.baselines.adversarial import AdversarialPair
from latent_xlate.baselines.cyclegan import CycleGAN
from latent_xlate.baselines.latent_cyclegan import LatentCycleGAN
from latent_xlate.baselines.pix2pix import Pix2Pix
from latent_xlate.baselines.pixel_domain import PixelDomain, make_image_pairs
from latent_xlate.bridge.class_map import ClassMap
from latent_xlate.data import images
from latent_xlate.domains.domain import Domain
from latent_xlate.latents.batches import make_batches
from latent_xlate.latents.sources import load_domains, load_pretrained
from latent_xlate.modalities.image import Image
from latent_xlate.optimizer import SCHEDULES, FusedAdam, make_schedule

OF_IMAGES: dict[str, type[Pix2Pix] | type[CycleGAN]] = {"pix2pix": Pix2Pix, "cyclegan": CycleGAN}
BASELINES = (*OF_IMAGES, "latent_cyclegan")

_LEAST = {
    "num_steps": 1,
    "batch_size": 1,
    "learning_rate": 0.0,
    "beta_1": 0.0,
    "steps_per_log": 1,
    "steps_per_checkpoint": 1,
    "seed": 0,
}
"""The least value of each number."""

_OTHER_FIELDS = {"baseline", "domains", "model", "precision", "schedule"}


def check_config(config: ConfigDict) -> None:
    """Raises ValueError where a configuration is not one of a baseline, or a value is out of its range."""
    if missing := sorted((_LEAST.keys() | _OTHER_FIELDS).difference(config.keys())):
        raise ValueError(f"The configuration is not one of a baseline: it has no {', '.join(missing)}.")
    checks.known(config.baseline, BASELINES, "baseline")
    checks.known(config.schedule, SCHEDULES, "schedule")
    for name, least in _LEAST.items():
        checks.at_least(config[name], least, name)
    if len(config.domains) != 2:
        raise ValueError(f"A baseline is trained between two domains, not {len(config.domains)}.")
    pool_size = config.model.get("pool_size", 0)
    if 0 < pool_size < config.batch_size:
        raise ValueError(
            f"A pool of {pool_size} is smaller than a batch of {config.batch_size}: raise model.pool_size."
        )


def train_baseline(
    config: ConfigDict,
    workdir: str | os.PathLike,
    *,
    strategy: str = "auto",
    data_dir: str | None = None,
) -> tuple[list[Domain], AdversarialPair]:
    """Trains a baseline between two pretrained domains, of whose models only the latent CycleGAN makes use.

    Run again with the same configuration, it goes on from its last checkpoint.

    Args:
        config: As `latent_xlate/configs` give it.
        workdir: Folder of the run: gets `config.json`, checkpoints, events and `baseline.keras`.
        strategy: One of `distribution.STRATEGIES`.
        data_dir: Folder of TFDS data sets; None for the default.

    Returns:
        The domains that the baseline translates between and the trained baseline, for a `Translator`.

    Raises:
        ValueError: A configuration that does not fit, data that are not there, or a `workdir` that holds
            another run.
    """
    tf_strategy = distribution.make_strategy(strategy)  # Before TensorFlow first computes, or workers cannot join.
    check_config(config)
    distribution.replica_batch_size(config.batch_size, tf_strategy)
    load = _load_images if config.baseline in OF_IMAGES else _load_latents
    domains, make_batch = load(config, data_dir)
    with tf_strategy.scope():
        model = make_baseline(config, domains)
    workdir = training.open_workdir(workdir, config.to_dict())  # Only now: what does not fit leaves nothing behind.
    training.train(
        model,
        make_batch,
        num_steps=config.num_steps,
        batch_size=config.batch_size,
        workdir=workdir,
        strategy=tf_strategy,
        steps_per_log=config.steps_per_log,
        logs_per_checkpoint=max(1, config.steps_per_checkpoint // config.steps_per_log),
        state=model.state,
        description=config.baseline,
    )
    if distribution.is_chief(tf_strategy):
        files.write_atomically(workdir / "baseline.keras", lambda path: model.save(path))
    return domains, model


def make_baseline(config: ConfigDict, domains: Sequence[Domain]) -> AdversarialPair:
    """A baseline between domains, built and compiled, as `config` describes it, its weights given by the seed."""
    keras.utils.set_random_seed(config.seed)
    options = {"seed": config.seed, "dtype": config.precision, **config.model}
    if config.baseline in OF_IMAGES:
        model: AdversarialPair = OF_IMAGES[config.baseline](domains[0].data_shape, **options)
    else:
        model = LatentCycleGAN([domain.latent_dim for domain in domains], **options)
    rate = make_schedule(config.schedule, config.learning_rate, config.num_steps)
    model.compile(optimizer=FusedAdam(rate, beta_1=config.beta_1), jit_compile=False)
    return model


def _load_latents(config, data_dir):
    domains, latents = load_domains(config, "train", data_dir)
    return domains, make_batches(latents, ClassMap.by_label(domains).num_groups, "balanced", config.seed)


def _load_images(config, data_dir):
    domains = []
    for domain in load_pretrained(config):
        if domain.modality.kind != Image.kind:
            raise ValueError(f"Domain {domain.name!r} is not of images, which {config.baseline} translates.")
        domains.append(PixelDomain.of(domain))
    first, second = domains
    if first.data_shape != second.data_shape:
        raise ValueError(
            f"{config.baseline} needs images of one shape, not {first.data_shape} and {second.data_shape}."
        )
    data = [images.load(domain.dataset, "train", data_dir) for domain in domains]
    return domains, make_image_pairs(data, ClassMap.by_label(domains).num_groups, config.seed)
