"""Training of a bridge from a configuration (see `latent_xlate/configs`)."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from ml_collections import ConfigDict

from latent_xlate import checks, distribution, files, training
from latent_xlate.bridge import latent_classifier
from latent_xlate.bridge.bridging_vae import BridgingVAE
from latent_xlate.bridge.class_map import ClassMap
from latent_xlate.bridge.label_terms import LabelTerms
from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.domains.domain import Domain
from latent_xlate.few_labels import label_file, label_propagation
from latent_xlate.latents.batches import make_batches
from latent_xlate.latents.label_choice import choose_labelled
from latent_xlate.latents.latents import Latents
from latent_xlate.latents.sources import LoadLatents, latent_kinds, load_domains, load_latents
from latent_xlate.optimizer import SCHEDULES, FusedAdam, make_schedule
from latent_xlate.randomness import hash_of_stream

_LEAST = {
    "num_steps": 1, "batch_size": 1, "steps_per_log": 1, "steps_per_checkpoint": 1, "learning_rate": 0, "seed": 0,
    "label_seed": 0,
    "model.shared_dim": 1, "model.num_projections": 1, "model.beta_kl": 0, "model.beta_swd": 0, "model.beta_cls": 0,
}  # fmt: skip
_OTHER_FIELDS = {
    "domains", "latents", "labels_per_class", "label_file", "pseudo_labels", "equal_class_sizes", "sampling",
    "schedule", "precision", "model", "model.hidden_units",
}  # fmt: skip
_LEAST_OF_TERMS = {"beta_class_swd": 0, "beta_consistency": 0, "beta_translation": 0, "ramp_steps": 1}

_LABELLED_FILE = "labelled.json"


def check_config(config: ConfigDict) -> None:
    """Raises ValueError where a configuration is not one of a bridge, or a value is out of its range."""
    values = config.to_dict() | {f"model.{name}": value for name, value in config.get("model", {}).items()}
    if missing := sorted((_LEAST.keys() | _OTHER_FIELDS) - values.keys()):
        raise ValueError(f"The configuration is not one of a bridge: it has no {', '.join(missing)}.")
    for name, least in _LEAST.items():
        checks.at_least(values[name], least, name)
    checks.at_least(config.labels_per_class or 0, 0, "labels_per_class")
    checks.at_least(min(config.model.hidden_units, default=0), 1, "The least of model.hidden_units")
    checks.known(config.schedule, SCHEDULES, "schedule")
    if config.pseudo_labels is not None:
        checks.known(config.pseudo_labels, label_propagation.METHODS, "method of pseudo_labels")
    terms = config.get("label_terms", {})
    for name, value in terms.items():
        least = _LEAST_OF_TERMS[checks.known(name, _LEAST_OF_TERMS, "setting of label_terms")]
        checks.at_least(value, least, f"label_terms.{name}")
    if terms.get("beta_class_swd") and config.sampling != "balanced":
        raise ValueError(f"label_terms.beta_class_swd needs sampling 'balanced', not {config.sampling!r}.")
    if not all(isinstance(name, str) for name in config.domains):
        raise ValueError(f"domains is {config.domains!r}; it must hold names of domains.")


def assign_class_names(config: ConfigDict, domains: Sequence[Domain]) -> None:
    """Gives domains without classes those that `config.label_file` has for them.

    Raises:
        ValueError: A file that does not fit; or these are not the other domains' classes, and no map says which
            belong together: their order in a table means nothing.
    """
    if config.label_file is None or not (named := label_file.assign_class_names(config.label_file, domains)):
        return
    if config.get("class_map") is None and len({domain.class_names for domain in domains}) > 1:
        names = ", ".join(f"{domain.name!r} ({', '.join(domain.class_names)})" for domain in named)
        raise ValueError(
            f"{config.label_file} names the classes of {names}: give --class_map to say which belong to the others."
        )


def mask_labels(config: ConfigDict, domains: Sequence[Domain], latents: Sequence[Latents]) -> list[Latents]:
    """What a training may see: the labels of a file, or of each domain those of a few that `config.label_seed` chooses.

    Args:
        config: With `label_file`, in whose absence `labels_per_class` counts; None of both for all labels.
        domains: The domains.
        latents: Each domain's.

    Returns:
        The same latents, whose other labels are -1.

    Raises:
        ValueError: A class has too few instances, or a file that does not fit.
    """
    if config.label_file is not None:
        kinds = latent_kinds(config.latents, len(domains))
        labels = label_file.read(config.label_file, domains, kinds, [len(of) for of in latents])
        return [Latents(of.mu, of.sigma, given) for of, given in zip(latents, labels, strict=True)]
    if config.labels_per_class is None:
        return list(latents)
    seen = []
    for index, (domain, of) in enumerate(zip(domains, latents, strict=True)):
        seed = hash_of_stream(config.label_seed, index)
        if not domain.class_names:
            seen.append(of)
            continue
        try:
            labelled = choose_labelled(of.labels, len(domain.class_names), config.labels_per_class, seed)
        except ValueError as error:
            raise ValueError(f"labels_per_class does not fit domain {domain.name!r}: {error}") from None
        seen.append(of.with_labels_of(labelled))
    return seen


def read_class_map(config: ConfigDict, domains: Sequence[Domain]) -> ClassMap:
    """Which classes of the domains belong together: those that `config.class_map` says, else those of one label.

    Args:
        config: The configuration; only one that has a map has the field.
        domains: The domains.

    Raises:
        ValueError: A map that does not fit, or that leaves out classes although sampling is by class; or
            none where the domains differ in their number of classes.
    """
    if config.get("class_map") is None:
        return ClassMap.by_label(domains)
    class_map = ClassMap.read(config.class_map, domains)
    left_out = class_map.left_out(domains)
    if left_out and config.sampling == "balanced":
        raise ValueError(
            f"class_map: nothing belongs to {', '.join(left_out)}. Add a line for each, or take "
            "--config.sampling=mixed, by which such classes are learnt as unlabelled."
        )
    return class_map


def to_shared_labels(class_map: ClassMap, latents: Sequence[Latents]) -> list[Latents]:
    """Each domain's latents, their labels in the place of the domain's classes the groups that all share."""
    return [Latents(of.mu, of.sigma, class_map.shared(domain, of.labels)) for domain, of in enumerate(latents)]


def propagate_labels(
    config: ConfigDict, domains: Sequence[Domain], latents: Sequence[Latents], num_classes: int
) -> tuple[list[Latents], list[np.ndarray] | None]:
    """Labels all instances by those whose labels are seen, where `config.pseudo_labels` asks for it.

    Args:
        config: The configuration.
        domains: The domains.
        latents: Each domain's, with the labels that are seen.
        num_classes: How many classes the labels tell apart.

    Returns:
        The latents, and what each domain's labels weigh; None where nothing was asked for.

    Raises:
        ValueError: A class without a label.
    """
    if config.pseudo_labels is None:
        return list(latents), None
    labelled = []
    for domain, of in zip(domains, latents, strict=True):
        try:
            labelled.append(
                label_propagation.pseudo_labels(domain, of, num_classes, config.pseudo_labels, config.equal_class_sizes)
            )
        except ValueError as error:
            raise ValueError(f"pseudo_labels does not fit domain {domain.name!r}: {error}") from None
    return [of for of, _ in labelled], [weights for _, weights in labelled]


def make_label_terms(
    config: ConfigDict,
    domains: Sequence[Domain],
    latents: Sequence[Latents],
    weights: Sequence[np.ndarray] | None,
    num_classes: int,
) -> LabelTerms | None:
    """What labels add to the bridge's loss where `config.label_terms` asks for it, its classifiers trained.

    Args:
        config: The configuration.
        domains: The domains.
        latents: Each domain's, with the labels that its training takes, propagated ones too.
        weights: What they weigh; None for 1 each.
        num_classes: How many classes the labels tell apart.

    Raises:
        ValueError: Translations are to be classified, and a class has no label.
    """
    if not (settings := config.get("label_terms")):
        return None
    classifiers = []
    if settings.get("beta_translation"):
        for index, (domain, of) in enumerate(zip(domains, latents, strict=True)):
            labelled = of.labels != UNLABELLED
            weight = np.ones(len(of), np.float32) if weights is None else weights[index]
            seed = hash_of_stream(config.seed, index)
            classifier = latent_classifier.train_classifier(
                of.take(labelled), weight[labelled], num_classes, seed, name=domain.name
            )
            classifiers.append(latent_classifier.frozen(classifier))
    return LabelTerms(**settings, classifiers=tuple(classifiers))


def train_bridge(
    config: ConfigDict,
    workdir: str | os.PathLike,
    *,
    strategy: str = "auto",
    data_dir: str | None = None,
    load: LoadLatents = load_latents,
) -> tuple[list[Domain], BridgingVAE]:
    """Trains a bridge between pretrained domains, which stay as they are.

    Run again with the same configuration, it goes on from its last checkpoint.

    Args:
        config: As `latent_xlate/configs` give it.
        workdir: Folder of the run: gets `config.json`, checkpoints, events and `bridge.keras`; and, with
            `labels_per_class` or `label_file`, `labelled.json`, by domain the instances whose labels were seen.
        strategy: One of `distribution.STRATEGIES`.
        data_dir: Folder of TFDS data sets; None for the default.
        load: In the place of `load_latents`.

    Returns:
        The domains and the trained bridge.

    Raises:
        ValueError: A configuration that does not fit, latents that are not there, or a `workdir` that
            holds another run.
    """
    tf_strategy = distribution.make_strategy(strategy)  # Before TensorFlow first computes, or workers cannot join.
    check_config(config)
    distribution.replica_batch_size(config.batch_size, tf_strategy)
    domains, latents = load_domains(config, "train", data_dir, load)
    assign_class_names(config, domains)
    class_map = read_class_map(config, domains)
    seen = mask_labels(config, domains, latents)
    latents, weights = propagate_labels(config, domains, to_shared_labels(class_map, seen), class_map.num_groups)
    make_batch = make_batches(latents, class_map.num_groups, config.sampling, config.seed, weights)
    label_terms = make_label_terms(config, domains, latents, weights, class_map.num_groups)

    with tf_strategy.scope():
        bridge = make_bridge(config, domains, class_map.num_groups, label_terms)
    workdir = training.open_workdir(workdir, config.to_dict())  # Only now: what does not fit leaves nothing behind.
    few = config.labels_per_class is not None or config.label_file is not None
    if few and distribution.is_chief(tf_strategy):
        labelled = [np.flatnonzero(of.labels != UNLABELLED).tolist() for of in seen]
        files.write_json(workdir / _LABELLED_FILE, dict(zip([d.name for d in domains], labelled, strict=True)))
    training.train(
        bridge,
        make_batch,
        num_steps=config.num_steps,
        batch_size=config.batch_size,
        workdir=workdir,
        strategy=tf_strategy,
        steps_per_log=config.steps_per_log,
        logs_per_checkpoint=max(1, config.steps_per_checkpoint // config.steps_per_log),
        description="bridge",
    )
    if distribution.is_chief(tf_strategy):
        files.write_atomically(workdir / "bridge.keras", lambda path: bridge.save(path))
    return domains, bridge


def labels_seen(workdir: str | os.PathLike) -> dict[str, Any]:
    """Which labels the training of a folder saw, for its metrics.

    Args:
        workdir: The folder of a run.

    Returns:
        JSON-serialisable: `labels_seen` with the settings `labels_per_class`, `label_seed` and `label_file`, and
        `instances`, by domain; nothing where the run saw all labels, or the folder is not one of a run.
    """
    config, labelled = Path(workdir) / "config.json", Path(workdir) / _LABELLED_FILE
    if not (config.exists() and labelled.exists()):
        return {}
    settings = json.loads(config.read_text())
    names = ("labels_per_class", "label_seed", "label_file")
    return {"labels_seen": {name: settings[name] for name in names} | {"instances": json.loads(labelled.read_text())}}


def make_bridge(
    config: ConfigDict, domains: Sequence[Domain], num_classes: int, label_terms: LabelTerms | None = None
) -> BridgingVAE:
    """A bridge between domains, built and compiled, as `config` describes it, its weights given by the seed."""
    keras.utils.set_random_seed(config.seed)
    rate = make_schedule(config.schedule, config.learning_rate, config.num_steps)
    latent_dims = [domain.latent_dim for domain in domains]
    bridge = BridgingVAE(
        latent_dims,
        num_classes,
        seed=config.seed,
        label_terms=label_terms,
        dtype=config.precision,
        **config.model,
    )
    bridge.build()
    bridge.compile(optimizer=FusedAdam(rate), jit_compile=False)
    return bridge
