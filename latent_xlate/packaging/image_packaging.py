"""Packaging of a trained VAE and a judge as a pretrained domain of images."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from latent_xlate.data import images
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.image.augmentation import Augmentation, augmented_copies
from latent_xlate.domains.image.conv_vae import ConvVAE
from latent_xlate.domains.image.image_domain import ImageDomain
from latent_xlate.domains.image.image_training import augmentation_of
from latent_xlate.domains.image.vae import VAE
from latent_xlate.domains.network_files import load_network
from latent_xlate.domains.novelty import MOST_HELD_OUT, NoveltyScale
from latent_xlate.latents.encoding import encode_data
from latent_xlate.packaging import domain_folder
from latent_xlate.packaging.judge import Judge
from latent_xlate.packaging.model_cards import image_card
from latent_xlate.packaging.training_runs import read_run

LEAST_LATENTS = {"train": 3_000, "validation": 240}
"""About as many latents, by split, has a domain with a `ConvVAE`: those of augmented copies among them if need be."""


def package_image_domain(
    name: str,
    vae_run: str | os.PathLike,
    judge_from: str | None,
    folder: str | os.PathLike,
    *,
    data_dir: str | None = None,
    framing: str | None = None,
    splits: Mapping[str, Labelled] | None = None,
) -> Domain:
    """Writes weights (float16), latents and model card of a domain of images.

    The latents are the posteriors of the first 10,000 training and 2,000 test images in the data set's shuffled
    order. They are computed with the weights as they ship.

    Args:
        name: Name of the domain.
        vae_run: Folder of the run of `train_image_model` that trained the VAE.
        judge_from: Folder of the classifier's run, or a pretrained domain whose classifier is to judge here
            too; of the same data set. None for no judge, as for unlabelled images.
        folder: Folder that the domain is written to.
        data_dir: Folder of TFDS data sets; None for the default.
        framing: How the domain frames the pictures in files, one of `framing.FRAMINGS`; None for the data set's way.
        splits: What `images.load_splits` reads of the data set, if that has been read already.

    Returns:
        The domain, with the weights as they ship.

    Raises:
        ValueError: The runs are unfinished, damaged or of two data sets, or `folder` holds something else.
    """
    vae_config, vae_metrics = read_run(vae_run, "vae", "conv_vae")
    dataset = vae_config["dataset"]
    judge = Judge.read(judge_from, "classifier", name) if judge_from else None
    if judge and judge.dataset != dataset:
        raise ValueError(f"The VAE is of {dataset!r}, the classifier of {judge.dataset!r}.")
    folder = domain_folder.check_folder(folder)
    splits = splits or images.load_splits(dataset, data_dir)
    train, validation = splits["train"], splits["validation"]
    settings = train.modality.get_config()
    domain = ImageDomain(
        name,
        load_network(Path(vae_run) / "model.keras", VAE, "VAE of images"),
        judge.classifier if judge else None,
        train.class_names,
        invert=settings["invert"],
        dataset=dataset,
        framing=framing or settings["framing"],
    )
    domain.novelty_scale = NoveltyScale.of_held_out(domain, validation.take(slice(0, MOST_HELD_OUT)).floats)
    card = image_card(name, vae_config, vae_metrics["test"]["loss"], splits, judge, framing)

    def finish(shipped: Domain, temporary: Path) -> str:
        latents = {split: splits[split].take(slice(0, count)) for split, count in domain_folder.NUM_LATENTS.items()}
        if isinstance(domain.vae, ConvVAE):
            latents["validation"] = validation.take(slice(0, domain_folder.NUM_LATENTS["train"]))
            augmentation = augmentation_of(train)
            for split in LEAST_LATENTS:
                latents[split] = _with_copies(latents[split], split, augmentation, vae_config["seed"])
        for split, data in latents.items():
            encode_data(shipped, data).save(temporary / f"latents_{split}.npz")
        return card

    return domain_folder.write_domain(domain, folder, finish)


def _with_copies(data: Labelled, split: str, augmentation: Augmentation, seed: int) -> Labelled:
    """Adds augmented copies of few pictures.

    The VAE was trained on such copies, and a bridge needs more latents than few pictures give.
    """
    copies = LEAST_LATENTS[split] // max(len(data), 1) - 1
    return augmented_copies(data, augmentation, copies, seed + (split == "validation")) if copies > 0 else data
