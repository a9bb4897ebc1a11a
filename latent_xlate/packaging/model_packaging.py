"""Packaging of the user's own models as a domain."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from latent_xlate import checks
from latent_xlate.batching import as_graph, in_batches
from latent_xlate.data import stored
from latent_xlate.data.class_folders import read_folder
from latent_xlate.data.labelled import UNLABELLED, Labelled
from latent_xlate.domains.custom.graph_conversion import in_graph_if_possible
from latent_xlate.domains.custom.model_domain import ModelDomain
from latent_xlate.domains.custom.model_files_domain import ModelFilesDomain
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.novelty import MOST_HELD_OUT, NoveltyScale
from latent_xlate.latents.encoding import encode_data
from latent_xlate.latents.latents import Latents
from latent_xlate.latents.samples import PER_CLASS, sample_latents
from latent_xlate.packaging import domain_folder
from latent_xlate.packaging.model_cards import own_model_card
from latent_xlate.packaging.model_doubts import find_doubts

NUM_SAMPLES = {"train": 10_000, "test": 2_000}
"""Draws of the prior that stand for latents where there is neither an encoder nor a classifier."""

SAMPLES_PER_CLASS = {"train": PER_CLASS, "test": 200}
"""Accepted samples of the prior, by split, where there is a classifier and no encoder."""


def package_model_domain(
    domain: ModelDomain,
    folder: str | os.PathLike,
    data: str | os.PathLike | None = None,
    data_dir: str | os.PathLike | None = None,
) -> Domain:
    """Writes the models as they are (float32; of ONNX and PyTorch in a graph, if possible), latents and model card.

    With an encoder the latents (`latents_*.npz`) are those of a folder of files, or of a data set, whose pictures are
    resized to the model's and which the domain then has for its own; latents of an autoencoder are
    standardised to mean 0 and deviation 1. Without an encoder they are samples of the prior (`samples_*.npz`): with
    a classifier as many samples of each class, all of which it is sure of; without one any samples, unlabelled.
    What looks wrong about the model (see `model_doubts`) is printed to stderr and told by the model card.

    Args:
        domain: The domain. If it has no class names it takes those of the data.
        folder: Folder that the domain is written to.
        data: Folder of files, which `class_folders.read_folder` reads, or name of a prepared data set; required with an
            encoder.
        data_dir: Folder of TFDS data sets; None for the default.

    Returns:
        The domain as it was written.

    Raises:
        ValueError: No data for an encoder, or unreadable ones; a classifier of another number of classes; outputs
            that are NaN or infinite; a prior with too few samples of a class; or `folder` holds something else.
    """
    checks.instance(domain, ModelDomain, "domain", "a domain of your own model: `KerasDomain.of` makes one")
    folder = domain_folder.check_folder(checks.path(folder, "folder"))
    if isinstance(domain, ModelFilesDomain):
        domain = in_graph_if_possible(domain)
    data = None if data is None else checks.path(data, "data")
    if domain.has_encoder and data is None:
        raise ValueError("A model with an encoder needs --data, a folder of files to encode, or a data set.")
    splits = _read(domain, data, data_dir) if data is not None else {}
    if splits and not domain.class_names:
        domain.class_names = splits["train"].class_names
    if domain.has_classifier:
        _check_classifier(domain, splits)
    doubts = find_doubts(domain, _first(splits, "train") if splits else None)
    for doubt in doubts:
        print(f"Warning: {doubt}", file=sys.stderr)
    if domain.has_encoder and not domain.has_prior:
        domain.standardise(_first(splits, "train").floats)
    if domain.has_encoder:
        seen = _first(splits, "train").take(slice(0, MOST_HELD_OUT))  # Whether by the model, nobody here knows.
        domain.novelty_scale = NoveltyScale.of_held_out(domain, seen.floats)

    def finish(shipped: Domain, temporary: Path) -> str:
        measured = {}
        for split in domain_folder.NUM_LATENTS:
            if shipped.has_encoder:
                instances = _first(splits, split)
                latents = encode_data(shipped, instances)
                latents.save(temporary / f"latents_{split}.npz")
                if split == "test":
                    measured = _measure(shipped, instances, latents)
            else:
                latents = _samples(shipped, split)
                latents.save(temporary / f"samples_{split}.npz")
        return own_model_card(shipped, splits, measured, doubts)

    return domain_folder.write_domain(domain, folder, finish, dtype="float32")


def _read(domain: ModelDomain, data: Path, data_dir: str | os.PathLike | None) -> dict[str, Labelled]:
    """Reads a folder, or a data set of that name, which becomes the domain's."""
    if data.is_dir() or not stored.is_data_set(str(data), data_dir):
        return read_folder(data, domain.modality)
    domain.dataset = str(data)
    return {split: domain.load_data(split, data_dir) for split in domain_folder.NUM_LATENTS}


def _first(splits: dict[str, Labelled], split: str) -> Labelled:
    """Returns as many instances of a split as ship, in a random order."""
    order = np.random.default_rng(0).permutation(len(splits[split]))
    return splits[split].take(order[: domain_folder.NUM_LATENTS[split]])


def _check_classifier(domain: ModelDomain, splits: dict[str, Labelled]) -> None:
    """Numbers the classes if they have no names; raises ValueError if the classifier has another number of them."""
    classes = domain.classify(tf.zeros([1, *domain.data_shape])).shape[1]
    if not domain.class_names:
        domain.class_names = tuple(str(label) for label in range(classes))
    if classes != len(domain.class_names):
        names = ", ".join(domain.class_names)
        raise ValueError(
            f"The classifier tells {classes} classes apart, and there are {len(domain.class_names)}: {names}."
        )


def _samples(domain: Domain, split: str) -> Latents:
    """Draws samples of the prior, each split's with a seed of its own."""
    seed = list(NUM_SAMPLES).index(split)
    if not domain.has_classifier:
        z = domain.sample_prior(NUM_SAMPLES[split], seed).numpy()
        return Latents(z, np.zeros_like(z), np.full(len(z), UNLABELLED, np.int32))
    shape = (domain.batch_size, domain.latent_dim)
    return sample_latents(
        lambda batch_seed: tf.random.stateless_normal(shape, batch_seed),
        lambda z: domain.classify(domain.decode(z)),
        domain.class_names,
        per_class=SAMPLES_PER_CLASS[split],
        seed=seed,
    )[0]


def _measure(domain: Domain, data: Labelled, latents: Latents) -> dict[str, float]:
    """Measures the models on test instances, for the model card."""
    x = data.floats
    error = np.sqrt(np.mean((in_batches(as_graph(domain.decode), latents.mu, batch_size=domain.batch_size) - x) ** 2))
    measured = {"root mean square error of what is encoded and decoded": float(error)}
    if domain.has_classifier and (data.labels != UNLABELLED).all():
        classes = in_batches(as_graph(domain.classify), x, batch_size=domain.batch_size).argmax(axis=1)
        measured["accuracy of the classifier"] = float(np.mean(classes == data.labels))
    return measured
