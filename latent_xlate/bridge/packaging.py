"""Makes of trained models the folder of a pretrained domain, as it ships in `savedmodels/`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import keras

from latent_xlate import training
from latent_xlate.bridge.latents import encode_images
from latent_xlate.data import images
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.image_domain import ImageDomain

NUM_LATENTS = {"train": 10_000, "test": 2_000}

_LICENCES = {
    "mnist": "MNIST (LeCun, Cortes and Burges), CC BY-SA 3.0",
    "fashion_mnist": "Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017; Zalando SE), MIT",
}


def package_image_domain(
    name: str,
    vae_run: str | os.PathLike,
    classifier_run: str | os.PathLike,
    folder: str | os.PathLike,
    *,
    data_dir: str | None = None,
) -> Domain:
    """Writes weights (float16), latents and model card of an image domain.

    The latents are the posteriors of the first 10,000 training and 2,000 test images in canonical
    order, a shuffle, by the weights as they ship.

    Args:
        name: The domain's.
        vae_run: Folder of `train_image_model`'s VAE.
        classifier_run: Folder of the classifier of the same data set.
        folder: Where it goes.
        data_dir: Folder of TFDS data sets; None for the default.

    Returns:
        The domain, with the weights as they ship.

    Raises:
        ValueError: The runs are unfinished or of two data sets.
    """
    vae_config, vae_metrics = _read_run(vae_run, "vae")
    classifier_config, classifier_metrics = _read_run(classifier_run, "classifier")
    dataset = vae_config["dataset"]
    if classifier_config["dataset"] != dataset:
        raise ValueError(f"The VAE is of {dataset!r}, the classifier of {classifier_config['dataset']!r}.")
    splits = {split: images.load(dataset, split, data_dir) for split in NUM_LATENTS}
    domain: Domain = ImageDomain(
        name,
        keras.saving.load_model(Path(vae_run) / "model.keras", compile=False),
        keras.saving.load_model(Path(classifier_run) / "model.keras", compile=False),
        splits["train"].class_names,
        dataset=dataset,
    )
    folder = domain.save(folder, dtype="float16")
    domain = Domain.load(folder)
    for split, count in NUM_LATENTS.items():
        encode_images(domain, splits[split].take(slice(0, count))).save(folder / f"latents_{split}.npz")
    card = _model_card(name, dataset, vae_config, vae_metrics, classifier_config, classifier_metrics)
    training.write_atomically(folder / "MODEL_CARD.md", lambda path: path.write_text(card))
    return domain


def _read_run(run: str | os.PathLike, model: str) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        config, metrics = (json.loads((Path(run) / name).read_text()) for name in ("config.json", "metrics.json"))
    except FileNotFoundError as error:
        raise ValueError(f"{run} is not a finished run of train_domain: {error.filename} is missing.") from None
    if config["model"] != model:
        raise ValueError(f"{run} holds a {config['model']}, not a {model}.")
    return config, metrics


def _model_card(name, dataset, vae_config, vae_metrics, classifier_config, classifier_metrics) -> str:
    def command(config):
        return (
            f"bin/train_domain.py --model={config['model']} --dataset={dataset} --workdir=out/{name}_{config['model']} "
            f"--epochs={config['epochs']} --seed={config['seed']}"
        )

    vae, judge = vae_metrics["test"], classifier_metrics["test"]
    return f"""# {name}

A VAE of 28x28 grey images of `{dataset}` and the classifier that judges its images: the base models of
Tian and Engel (2019), supplement B.2. Both are trained on 55,000 of the training images; 5,000 are held
out to choose the classifier's epoch, and the test images are used for the figures below alone.

| | VAE | classifier |
|---|---|---|
| epochs | {vae_config["epochs"]} | best of {classifier_config["epochs"]} by validation accuracy |
| batch size | {vae_config["batch_size"]} | {classifier_config["batch_size"]} |
| seed | {vae_config["seed"]} | {classifier_config["seed"]} |
| on the test images | negative ELBO {vae["loss"]:.1f} nats, z at its mean | accuracy {judge["accuracy"]:.4f} |

Made by

    {command(vae_config)}
    {command(classifier_config)}
    bin/package_domain.py --name={name} --vae=out/{name}_vae --classifier=out/{name}_classifier

Files: `domain.json` (the models' settings), `vae.npz` and `classifier.npz` (weights, float16),
`latents_train.npz` and `latents_test.npz` (posterior mean and standard deviation, float16, and label of
10,000 training and 2,000 test images).

Data: {_LICENCES.get(dataset, dataset)}. Use: research on latent translation; the classifier is a judge of
this VAE's images and no general recogniser.
"""
