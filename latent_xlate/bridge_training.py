"""Training of a bridge between pretrained domains, from a configuration to a `Translator`."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
from ml_collections import ConfigDict

from latent_xlate import checks, configs, distribution, files, training, training_steps
from latent_xlate.bridge import class_pairing, latent_classifier
from latent_xlate.bridge.bridge_config import BridgeConfig
from latent_xlate.bridge.bridging_vae import BridgingVAE
from latent_xlate.bridge.class_map import ClassMap
from latent_xlate.bridge.held_out_progress import HeldOutProgress
from latent_xlate.bridge.label_terms import LabelTerms
from latent_xlate.bridge.labels_seen import write_labels_seen
from latent_xlate.bridge.measured_by_class import MeasuredByClass
from latent_xlate.bridge.training_data import TrainingData, assign_class_names, prepare_training, read_class_map
from latent_xlate.bridge.transport_fitting import with_transport
from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.latents.sources import LoadLatents, load_latents, load_pretrained
from latent_xlate.optimizer import FusedAdam, make_schedule
from latent_xlate.randomness import hash_of_stream
from latent_xlate.translator import Translator, load_bridge

MODEL_FILE = "bridge.keras"
"""The trained bridge in a work directory."""


def train_bridge(
    config: BridgeConfig | ConfigDict | str,
    workdir: str | os.PathLike,
    *,
    strategy: str = "auto",
    data_dir: str | None = None,
    load: LoadLatents = load_latents,
    **settings: Any,
) -> Translator:
    """Trains a bridge between pretrained domains, which stay as they are.

    Run again with the same configuration, it resumes from its last checkpoint. With another `transport`, which is
    computed at the end, the maps are computed anew.

    Example:
        translator = train_bridge("mnist_fashion_mnist:quick", "out/bridge")
        clothes = translator.translate(digits, source="mnist", target="fashion_mnist")

    Args:
        config: A configuration, or the name of one that ships, with its mode (see `configs.list_configs`).
        workdir: Work directory of the run. Gets `config.json`, checkpoints, TensorBoard events and `bridge.keras`;
            and, where the configuration masks labels, `labelled.json`, by domain the instances whose labels are seen.
        strategy: One of `distribution.STRATEGIES`.
        data_dir: Folder of TFDS data sets; None for the default.
        load: Loads the latents of a domain.
        **settings: Values of fields of the configuration that replace its own, such as `num_steps=600`.

    Returns:
        The domains, joined by the trained bridge; with the class map unless classes belong together by label.

    Raises:
        ValueError: The configuration does not fit, domains or latents are not there, or `workdir` holds the run of
            another configuration. Nothing is written then.
    """
    checks.path(workdir, "workdir")
    tf_strategy = distribution.make_strategy(strategy)  # Before TensorFlow first computes, or workers cannot join.
    config = BridgeConfig.of(configs.load(config) if isinstance(config, str) else config).replaced(settings)
    distribution.replica_batch_size(config.batch_size, tf_strategy)
    data = prepare_training(config, data_dir, load)
    make_batch = data.make_batches(config)
    label_terms = make_label_terms(config, data)
    with tf_strategy.scope():
        bridge = make_bridge(config, data, label_terms)
    workdir = training.open_workdir(workdir, config.to_dict(), BridgeConfig.upgraded, free=["transport"])
    pairing = class_pairing.describe(data.class_map, data.domains)
    if pairing and distribution.is_chief(tf_strategy):
        print(f"Classes that belong together: {pairing}", file=sys.stderr)
    if config.has_few_labels and distribution.is_chief(tf_strategy):
        names = [domain.name for domain in data.domains]
        write_labels_seen(workdir, dict(zip(names, data.labelled, strict=True)))
    measured: dict[str, Any] = {}
    if data.held_out:
        progress = HeldOutProgress(bridge, data.held_out, data.latents, config.patience)
        measured = {"on_log": progress.on_log, "should_stop": progress.should_stop, "state": progress.state}
    training.train_run(
        bridge, make_batch, config, workdir, tf_strategy, "bridge", num_steps=data.num_steps(config), **measured
    )
    if config.transport is not None:
        with tf_strategy.scope():
            bridge = with_transport(bridge, data.latents, config.transport, data.num_measured)
    if distribution.is_chief(tf_strategy):
        files.write_model(workdir / MODEL_FILE, bridge)
    return Translator(data.domains, bridge, _kept_class_map(config, data.class_map))


def load_trained(config: BridgeConfig | ConfigDict, workdir: str | os.PathLike) -> Translator:
    """Reads what `train_bridge` returned for the same configuration from its work directory.

    Raises:
        ValueError: A domain or `bridge.keras` is not there, or damaged.
    """
    config = BridgeConfig.of(config)
    domains = assign_class_names(config, load_pretrained(config.domains))
    class_map = read_class_map(config, domains)
    return Translator(domains, load_bridge(Path(workdir) / MODEL_FILE), _kept_class_map(config, class_map))


def _kept_class_map(config: BridgeConfig, class_map: ClassMap) -> ClassMap | None:
    """The class map that a translator keeps: none if no other was given, and classes belong together by label."""
    return None if config.class_map is None and class_pairing.is_by_label(class_map) else class_map


def make_bridge(config: BridgeConfig, data: TrainingData, label_terms: LabelTerms | None = None) -> BridgingVAE:
    """Makes the bridge that a configuration describes, built and compiled; its seed determines the weights."""
    keras.utils.set_random_seed(config.seed)
    bridge = BridgingVAE(
        [domain.latent_dim for domain in data.domains],
        data.class_map.num_groups,
        seed=config.seed,
        label_terms=label_terms,
        dtype=config.precision,
        **config.model.to_dict(),
    )
    bridge.build()
    rate = make_schedule(config.schedule, config.learning_rate, data.num_steps(config))
    bridge.compile(optimizer=FusedAdam(rate), **training_steps.compile_options(of_rows=not data.on_disk))
    return bridge


def make_label_terms(config: BridgeConfig, data: TrainingData) -> LabelTerms | None:
    """Makes the terms that labels add to a bridge's loss, and trains the classifiers that they need.

    Returns:
        The terms; None where the configuration asks for none.

    Raises:
        ValueError: Translations are to be classified, and a class has no label.
    """
    if config.label_terms is None:
        return None
    classifiers = []
    if config.label_terms.beta_translation:
        for index, (domain, latents) in enumerate(zip(data.domains, data.latents, strict=True)):
            labelled = latents.labels != UNLABELLED
            of_rows = np.ones(len(latents), np.float32) if data.sample_weights is None else data.sample_weights[index]
            classifier = latent_classifier.train_classifier(
                latents.take(labelled),
                of_rows[labelled],
                data.class_map.num_groups,
                hash_of_stream(config.seed, index),
                name=f"domain {domain.name!r}",
            )
            classifiers.append(latent_classifier.frozen(classifier))
    weights = config.label_terms
    if config.sampling != "balanced":
        weights = dataclasses.replace(weights, beta_matching=0.0)
    measured = []
    if data.num_measured:
        of_data = data.class_map.num_groups, data.num_measured
        measured = [MeasuredByClass.of(latents, *of_data) for latents in data.latents]
    return LabelTerms(weights, tuple(classifiers), measured)
