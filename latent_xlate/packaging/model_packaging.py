"""Makes of a model of one's own the folder of a domain, as `savedmodels/` has them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import tensorflow as tf

from latent_xlate.batching import as_graph, in_batches
from latent_xlate.data.class_folders import read_folder
from latent_xlate.data.labelled import UNLABELLED, Labelled
from latent_xlate.domains.custom.model_domain import ModelDomain
from latent_xlate.domains.domain import Domain
from latent_xlate.latents.encoding import encode_data
from latent_xlate.latents.latents import Latents
from latent_xlate.latents.samples import PER_CLASS, sample_latents
from latent_xlate.packaging.image_packaging import NUM_LATENTS, check_folder, write_domain

NUM_SAMPLES = {"train": 10_000, "test": 2_000}
"""Draws of the prior that stand for latents where there is neither an encoder nor a classifier."""

SAMPLES_PER_CLASS = {"train": PER_CLASS, "test": 200}


def package_model_domain(
    domain: ModelDomain, folder: str | os.PathLike, data: str | os.PathLike | None = None
) -> Domain:
    """Writes the models as they are (float32), latents and model card of a domain.

    Of a domain with an encoder the latents (`latents_*.npz`) are those of a folder of files; an autoencoder's
    are brought to mean 0 and deviation 1. Of one without they are samples of the prior (`samples_*.npz`): of
    which the classifier is sure, as many of each class, or where there is none any, unlabelled.

    Args:
        domain: The domain; takes its class names from the data, where it has none.
        folder: Where it goes.
        data: Folder of files, which `class_folders.read_folder` reads; needed for an encoder.

    Returns:
        The domain as it was written.

    Raises:
        ValueError: No data for an encoder, or unreadable ones; a classifier of another number of classes;
            a prior with too few samples of a class; or `folder` holds something else.
    """
    folder = check_folder(folder)
    if domain.has_encoder and data is None:
        raise ValueError("A model with an encoder needs --data, a folder of files to encode.")
    splits = read_folder(data, domain.modality) if data is not None else {}
    if splits and not domain.class_names:
        domain.class_names = splits["train"].class_names
    if domain.has_classifier:
        _check_classifier(domain, splits)
    if domain.has_encoder and not domain.has_prior:
        domain.standardise(_first(splits, "train").floats)

    def finish(shipped: Domain, temporary: Path) -> str:
        measured = {}
        for split in NUM_LATENTS:
            if shipped.has_encoder:
                instances = _first(splits, split)
                latents = encode_data(shipped, instances)
                latents.save(temporary / f"latents_{split}.npz")
                if split == "test":
                    measured = _measure(shipped, instances, latents)
            else:
                latents = _samples(shipped, split)
                latents.save(temporary / f"samples_{split}.npz")
        return _model_card(shipped, splits, measured)

    return write_domain(domain, folder, finish, dtype="float32")


def _first(splits: dict[str, Labelled], split: str) -> Labelled:
    """As many as ship, of a shuffle."""
    order = np.random.default_rng(0).permutation(len(splits[split]))
    return splits[split].take(order[: NUM_LATENTS[split]])


def _check_classifier(domain: ModelDomain, splits: dict[str, Labelled]) -> None:
    """Names the classes by number where nothing else does; ValueError where they are not those of the classifier."""
    classes = domain.classify(tf.zeros([1, *domain.data_shape])).shape[1]
    if not domain.class_names:
        domain.class_names = tuple(str(label) for label in range(classes))
    if classes != len(domain.class_names):
        names = ", ".join(domain.class_names)
        raise ValueError(
            f"The classifier tells {classes} classes apart, and there are {len(domain.class_names)}: {names}."
        )


def _samples(domain: Domain, split: str) -> Latents:
    """Samples of the prior, of another seed for each split."""
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
    """What the model card says of test instances."""
    x = data.floats
    error = np.sqrt(np.mean((in_batches(as_graph(domain.decode), latents.mu, batch_size=domain.batch_size) - x) ** 2))
    measured = {"root mean square error of what is encoded and decoded": float(error)}
    if domain.has_classifier and (data.labels != UNLABELLED).all():
        classes = in_batches(as_graph(domain.classify), x, batch_size=domain.batch_size).argmax(axis=1)
        measured["accuracy of the classifier"] = float(np.mean(classes == data.labels))
    return measured


def _model_card(domain: Domain, splits: dict[str, Labelled], measured: dict[str, float]) -> str:
    kind = type(domain).__name__.removesuffix("Domain")
    shape = "x".join(map(str, domain.data_shape))
    latents = "samples of the prior"
    if splits:
        latents = f"latents of {len(splits['train']):,} training and {len(splits['test']):,} test instances"
    numbers = "\n".join(f"| {name} | {value:.4f} |" for name, value in measured.items())
    table = f"\n| on the test instances | |\n|---|---|\n{numbers}\n" if measured else ""
    return f"""# {domain.name}

A model of the user's own ({kind}): data {shape}, latent {domain.latent_dim}, classes \
{", ".join(domain.class_names) or "none"}.
{table}
Made by `bin/package_domain.py --name={domain.name}`. Beside the model, as it was given: {latents}, at most
{NUM_LATENTS["train"]:,} and {NUM_LATENTS["test"]:,}.
"""
