"""The training data of a bridge: latents of its domains, with the labels that the training may see."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from latent_xlate.bridge import class_pairing
from latent_xlate.bridge.bridge_config import BridgeConfig
from latent_xlate.bridge.class_map import ClassMap
from latent_xlate.data.labelled import UNLABELLED, VALIDATION_SHARE
from latent_xlate.domains.domain import Domain
from latent_xlate.few_labels import label_file, label_propagation
from latent_xlate.latents.batches import make_batches
from latent_xlate.latents.label_choice import choose_labelled
from latent_xlate.latents.latents import Latents
from latent_xlate.latents.sources import LoadLatents, latent_kinds, load_domains, load_held_out, load_latents
from latent_xlate.randomness import hash_of_stream
from latent_xlate.training_steps import MakeBatch


@dataclasses.dataclass(frozen=True)
class TrainingData:
    """The training data of a bridge.

    Attributes:
        domains: The pretrained domains.
        class_map: The groups of classes that the domains share.
        labelled: For each domain the indices of the instances whose labels the training sees, int64 [k].
        latents: Each domain's latents. Their labels are groups of the class map: those that the training sees, and
            those propagated from them; -1 where unlabelled.
        sample_weights: Weights of each domain's labels, float32 [n]; None for 1.
        held_out: Each domain's latents by which training is ended, labelled likewise; None where it is not.
    """

    domains: list[Domain]
    class_map: ClassMap
    labelled: list[np.ndarray]
    latents: list[Latents]
    sample_weights: list[np.ndarray] | None
    held_out: list[Latents] | None = None

    @property
    def num_measured(self) -> int:
        """Number of leading coordinates of all domains' latents that are the same measurements; 0 for none."""
        counts = {domain.num_measured for domain in self.domains}
        return counts.pop() if len(counts) == 1 else 0

    @property
    def on_disk(self) -> bool:
        """Whether latents are read from disk as they are used."""
        return any(latents.on_disk for latents in self.latents)

    def num_steps(self, config: BridgeConfig) -> int:
        """Number of steps of a training, at most: that of the configuration, or that in its number of epochs."""
        if config.epochs is None:
            return config.num_steps
        longest = max(map(len, self.latents))
        return min(config.num_steps, config.epochs * math.ceil(longest / config.batch_size))

    def make_batches(self, config: BridgeConfig) -> MakeBatch:
        """Batches in the order that a configuration describes; ValueError as in `latents.batches.make_batches`."""
        names = [domain.name for domain in self.domains]
        num_classes = self.class_map.num_groups
        return make_batches(self.latents, num_classes, config.sampling, config.seed, self.sample_weights, names)


def prepare_training(
    config: BridgeConfig, data_dir: str | None = None, load: LoadLatents = load_latents
) -> TrainingData:
    """Loads and labels everything that a bridge learns from.

    Args:
        config: The bridge's.
        data_dir: Folder of TFDS data sets; None for the default.
        load: Loads the latents of a domain.

    Raises:
        ValueError: Domains or latents are not there, labels or the class map do not fit them, or there are too few
            latents to hold one out.
    """
    domains, latents = load_domains(config.domains, config.latents, "train", data_dir, load)
    domains = assign_class_names(config, domains)
    class_map = read_class_map(config, domains)
    masked = mask_labels(config, domains, latents)
    labelled = [np.flatnonzero(each.labels != UNLABELLED) for each in masked]
    shared = to_shared_labels(class_map, masked)
    latents, sample_weights = propagate_labels(config, domains, shared, class_map.num_groups)
    data = TrainingData(domains, class_map, labelled, latents, sample_weights)
    return data if config.patience is None else _hold_out(config, data)


def _hold_out(config: BridgeConfig, data: TrainingData) -> TrainingData:
    """Takes the held-out latents from the domains' folders, or else from those that are trained on."""
    latents, held_out, sample_weights = [], [], []
    kinds = latent_kinds(config.latents, len(data.domains))
    for index, (domain, name, kind) in enumerate(zip(data.domains, config.domains, kinds, strict=True)):
        own = data.latents[index]
        weights = None if data.sample_weights is None else data.sample_weights[index]
        others = load_held_out(domain, name, kind)
        cut = 0 if others is not None else _num_held_out(domain, own)
        if others is not None:
            others = Latents(others.mu, others.sigma, data.class_map.shared(index, others.labels))
        held_out.append(own.take(slice(0, cut)) if others is None else others)
        latents.append(own.take(slice(cut, None)))
        sample_weights.append(None if weights is None else weights[cut:])
    weighted = None if data.sample_weights is None else [each for each in sample_weights if each is not None]
    return dataclasses.replace(data, latents=latents, held_out=held_out, sample_weights=weighted)


def _num_held_out(domain: Domain, own: Latents) -> int:
    if len(own) < 2:
        raise ValueError(
            f"Domain {domain.name!r} has {len(own)} training latent{'s' * (len(own) != 1)}: patience needs at least 2, "
            "one of which is held out. Give --config.patience=None, or a domain with more."
        )
    return max(1, len(own) // VALIDATION_SHARE)


def assign_class_names(config: BridgeConfig, domains: Sequence[Domain]) -> list[Domain]:
    """Gives domains without classes those that `config.label_file` names for them.

    Returns:
        The domains; copies in the place of those that were given classes.

    Raises:
        ValueError: A file that does not fit.
    """
    if config.label_file is None or all(domain.class_names for domain in domains):
        return list(domains)
    return label_file.assign_class_names(config.label_file, domains)


def read_class_map(config: BridgeConfig, domains: Sequence[Domain]) -> ClassMap:
    """Reads `config.class_map`; without one, classes of the same name belong together (see `pair_classes`).

    Raises:
        ValueError: A map that does not fit, or that leaves out classes although sampling is balanced by class; or
            there is none, and the domains' classes differ in name.
    """
    class_map = class_pairing.read_or_pair(config.class_map, domains)
    left_out = class_map.left_out(domains)
    if left_out and config.sampling == "balanced":
        raise ValueError(
            f"class_map: nothing belongs to {', '.join(left_out)}. Add a line for each, or take "
            "--config.sampling=mixed, by which such classes are learnt as unlabelled."
        )
    return class_map


def mask_labels(config: BridgeConfig, domains: Sequence[Domain], latents: Sequence[Latents]) -> list[Latents]:
    """Hides the labels that the training may not see.

    It sees those of `config.label_file`; else `config.labels_per_class` labels of each class, which
    `config.label_seed` chooses at random for each domain; else all.

    Args:
        config: The bridge's.
        domains: The domains.
        latents: Each domain's.

    Returns:
        The same latents; hidden labels are -1.

    Raises:
        ValueError: A class has too few instances, or a file that does not fit.
    """
    if config.label_file is not None:
        kinds = latent_kinds(config.latents, len(domains))
        labels = label_file.read(config.label_file, domains, kinds, [len(each) for each in latents])
        return [Latents(each.mu, each.sigma, given) for each, given in zip(latents, labels, strict=True)]
    if config.labels_per_class is None:
        return list(latents)
    masked = []
    for index, (domain, own) in enumerate(zip(domains, latents, strict=True)):
        seed = hash_of_stream(config.label_seed, index)
        if not domain.class_names:
            masked.append(own)
            continue
        try:
            chosen = choose_labelled(own.labels, len(domain.class_names), config.labels_per_class, seed)
        except ValueError as error:
            raise ValueError(f"labels_per_class does not fit domain {domain.name!r}: {error}") from None
        masked.append(own.with_labels_of(chosen))
    return masked


def to_shared_labels(class_map: ClassMap, latents: Sequence[Latents]) -> list[Latents]:
    """Replaces each domain's labels by the groups of classes that all domains share; -1 stays -1."""
    return [Latents(own.mu, own.sigma, class_map.shared(domain, own.labels)) for domain, own in enumerate(latents)]


def propagate_labels(
    config: BridgeConfig, domains: Sequence[Domain], latents: Sequence[Latents], num_classes: int
) -> tuple[list[Latents], list[np.ndarray] | None]:
    """Labels all instances by those whose labels the training sees, by the method `config.pseudo_labels`.

    Args:
        config: The bridge's.
        domains: The domains.
        latents: Each domain's, -1 where unlabelled.
        num_classes: Number of classes.

    Returns:
        The latents, and the sample weights of each domain's labels, float32 [n]. Without a method these are the
        latents that were given, and None.

    Raises:
        ValueError: A class without a label.
    """
    if config.pseudo_labels is None:
        return list(latents), None
    labelled, sample_weights = [], []
    for domain, own in zip(domains, latents, strict=True):
        try:
            pseudo, weights = label_propagation.pseudo_labels(
                domain, own, num_classes, config.pseudo_labels, config.equal_class_sizes
            )
        except ValueError as error:
            raise ValueError(f"pseudo_labels does not fit domain {domain.name!r}: {error}") from None
        labelled.append(pseudo)
        sample_weights.append(weights)
    return labelled, sample_weights
