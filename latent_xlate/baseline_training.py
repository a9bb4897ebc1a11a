"""Training of a baseline between two pretrained domains, from a configuration to a `Translator`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import keras
import tensorflow as tf
from ml_collections import ConfigDict

from latent_xlate import configs, distribution, files, training, training_steps
from latent_xlate.baselines.adversarial import AdversarialPair
from latent_xlate.baselines.baseline_config import BaselineConfig
from latent_xlate.baselines.classify_and_draw import ClassifyAndDraw
from latent_xlate.baselines.cyclegan import CycleGAN
from latent_xlate.baselines.fitted_bridge import FittedBridge
from latent_xlate.baselines.gaussian_transport import GaussianTransport
from latent_xlate.baselines.gromov_wasserstein import GromovWassersteinBridge
from latent_xlate.baselines.latent_cyclegan import LatentCycleGAN
from latent_xlate.baselines.linear_maps import AffineBridge, ProcrustesBridge
from latent_xlate.baselines.pix2pix import Pix2Pix
from latent_xlate.baselines.pixel_domain import PixelDomain, make_image_pairs
from latent_xlate.baselines.rectified_flow import RectifiedFlow
from latent_xlate.baselines.transport_retrieval import TransportRetrieval
from latent_xlate.bridge import class_pairing
from latent_xlate.bridge.bridge import Bridge
from latent_xlate.bridge.class_map import ClassMap
from latent_xlate.data import images
from latent_xlate.domains.domain import Domain
from latent_xlate.latents.batches import make_batches
from latent_xlate.latents.latents import Latents
from latent_xlate.latents.sources import LoadLatents, load_domains, load_latents, load_pretrained
from latent_xlate.modalities.image import Image
from latent_xlate.optimizer import FusedAdam, make_schedule
from latent_xlate.translator import Translator, load_bridge

MODEL_FILE = "baseline.keras"
"""The trained baseline in a work directory."""

_IMAGE_MODELS: dict[str, type[Pix2Pix] | type[CycleGAN]] = {"pix2pix": Pix2Pix, "cyclegan": CycleGAN}

_FITTED_MODELS: dict[str, type[FittedBridge]] = {
    "affine": AffineBridge,
    "procrustes": ProcrustesBridge,
    "classify_and_draw": ClassifyAndDraw,
    "gaussian_transport": GaussianTransport,
    "transport_retrieval": TransportRetrieval,
    "rectified_flow": RectifiedFlow,
    "gromov_wasserstein": GromovWassersteinBridge,
}


def train_baseline(
    config: BaselineConfig | ConfigDict | str,
    workdir: str | os.PathLike,
    *,
    strategy: str = "auto",
    data_dir: str | None = None,
    load: LoadLatents = load_latents,
) -> Translator:
    """Trains a baseline between two pretrained domains; those of images do not use their generative models.

    Run again with the same configuration, it resumes from its last checkpoint. What is fitted at once is fitted again.

    Args:
        config: A configuration, or the name of one that ships, with its mode (see `configs.list_configs`).
        workdir: Work directory of the run. Gets `config.json`, checkpoints, TensorBoard events and `baseline.keras`.
        strategy: One of `distribution.STRATEGIES`.
        data_dir: Folder of TFDS data sets; None for the default.
        load: Loads the latents of a domain.

    Returns:
        The domains that the baseline translates between, joined by the trained baseline.

    Raises:
        ValueError: The configuration does not fit, data are not there, or `workdir` holds the run of another
            configuration. Nothing is written then.
    """
    tf_strategy = distribution.make_strategy(strategy)  # Before TensorFlow first computes, or workers cannot join.
    config = BaselineConfig.of(configs.load(config) if isinstance(config, str) else config)
    distribution.replica_batch_size(config.batch_size, tf_strategy)
    domains, model, make_batch = _prepare(config, data_dir, load, tf_strategy)
    workdir = training.open_workdir(workdir, config.to_dict(), BaselineConfig.upgraded)
    pairing = class_pairing.describe(ClassMap.by_label(domains), domains)
    uses_classes = not isinstance(model, FittedBridge) or model.uses_labels
    if pairing and uses_classes and distribution.is_chief(tf_strategy):
        print(f"Classes that belong together, by their numbers: {pairing}", file=sys.stderr)
    if make_batch is not None:
        state = model.state if isinstance(model, AdversarialPair) else None
        training.train_run(model, make_batch, config, workdir, tf_strategy, config.baseline, state)
    if distribution.is_chief(tf_strategy):
        files.write_model(workdir / MODEL_FILE, model)
    return Translator(domains, model)


def load_trained(config: BaselineConfig | ConfigDict, workdir: str | os.PathLike) -> Translator:
    """Reads what `train_baseline` returned for the same configuration from its work directory.

    Raises:
        ValueError: A domain or `baseline.keras` is not there, or damaged.
    """
    config = BaselineConfig.of(config)
    domains = _load_pixel_domains(config) if config.translates_images else load_pretrained(config.domains)
    return Translator(domains, load_bridge(Path(workdir) / MODEL_FILE))


def _prepare(
    config: BaselineConfig, data_dir: str | None, load: LoadLatents, strategy: tf.distribute.Strategy
) -> tuple[Sequence[Domain], Bridge, training_steps.MakeBatch | None]:
    """The domains, the model, and the batches that it is trained on; None where it is fitted at once, and has been."""
    if config.latents is None:
        domains: Sequence[Domain] = _load_pixel_domains(config)
        data = [images.load(domain.dataset, "train", data_dir) for domain in domains]
        names = [domain.name for domain in domains]
        make_batch = make_image_pairs(data, ClassMap.by_label(domains).num_groups, config.seed, names)
    else:
        domains, latents = load_domains(config.domains, config.latents, "train", data_dir, load)
        num_classes = ClassMap.by_label(domains).num_groups
        names = [domain.name for domain in domains]
        if config.baseline in _FITTED_MODELS:
            kind = _FITTED_MODELS[config.baseline]
            return domains, *_fit(kind, config, kind.chosen(latents, num_classes, names), num_classes, strategy)
        make_batch = make_batches(latents, num_classes, "balanced", config.seed, names=names)
    with strategy.scope():
        return domains, make_baseline(config, domains), make_batch


def make_baseline(config: BaselineConfig, domains: Sequence[Domain]) -> AdversarialPair:
    """Makes the model that a configuration describes, built and compiled; its seed determines the weights."""
    keras.utils.set_random_seed(config.seed)
    options = {"seed": config.seed, "dtype": config.precision, **config.model.to_dict()}
    if config.translates_images:
        model: AdversarialPair = _IMAGE_MODELS[config.baseline](domains[0].data_shape, **options)
    else:
        model = LatentCycleGAN([domain.latent_dim for domain in domains], **options)
    _compile(model, config)
    return model


def _compile(model: Bridge, config: BaselineConfig) -> None:
    rate = make_schedule(config.schedule, config.learning_rate, config.num_steps)
    model.compile(optimizer=FusedAdam(rate, beta_1=config.beta_1), jit_compile=False)


def _fit(
    kind: type[FittedBridge],
    config: BaselineConfig,
    latents: Sequence[Latents],
    num_classes: int,
    strategy: tf.distribute.Strategy,
) -> tuple[FittedBridge, training_steps.MakeBatch | None]:
    """The model, fitted to latents, and the batches for what of it is trained step by step, if anything."""
    options = {"seed": config.seed, **kind.sizes(latents), **config.model.to_dict()}
    keras.utils.set_random_seed(config.seed)
    with strategy.scope():
        model = kind(num_classes=num_classes, dtype=config.precision, **options)
        _compile(model, config)
    model.fit_latents(latents)
    return model, model.make_batches(latents)


def _load_pixel_domains(config: BaselineConfig) -> list[PixelDomain]:
    """The domains with the images themselves as latents; ValueError where these are no images of one shape."""
    domains = []
    for domain in load_pretrained(config.domains):
        if domain.modality.kind != Image.kind:
            raise ValueError(f"Domain {domain.name!r} is not of images, which {config.baseline} translates.")
        domains.append(PixelDomain.of(domain))
    first, second = domains
    if first.data_shape != second.data_shape:
        raise ValueError(
            f"{config.baseline} needs images of one shape, not {first.data_shape} and {second.data_shape}."
        )
    return domains
