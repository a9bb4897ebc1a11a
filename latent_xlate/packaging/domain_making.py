"""A domain from a folder of pictures in one call: data set, base models, package."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from latent_xlate.data import class_folders, images, sources
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.image.image_training import train_image_model
from latent_xlate.modalities.audio import Audio
from latent_xlate.packaging.domain_folder import check_folder
from latent_xlate.packaging.image_packaging import package_image_domain


def make_image_domain(
    name: str,
    raw_dir: str | os.PathLike,
    folder: str | os.PathLike,
    workdir: str | os.PathLike,
    *,
    data_dir: str | None = None,
    image_size: int = 28,
    epochs: int = 100,
    batch_size: int = 128,
    seed: int = 0,
) -> Domain:
    """Stores pictures as a data set, trains a VAE and, if they are labelled, a classifier, and packages both.

    A call that was interrupted continues where it was when it is repeated with the same arguments.

    Args:
        name: Name of the domain and of the data set.
        raw_dir: Folder of pictures, as `class_folders.read_folder` reads it.
        folder: Folder that the domain is written to.
        workdir: Folder of the trainings, `vae/` and `classifier/`.
        data_dir: Folder of TFDS data sets; None for the default.
        image_size: Height and width, in pixels, that the pictures are resized to.
        epochs: Passes of each model over the training pictures.
        batch_size: Batch size of each training.
        seed: Random seed of each training.

    Returns:
        The domain as it was written.

    Raises:
        ValueError: `raw_dir` holds sounds or nothing to train on; or another data set, another training or something
            else lies where those of this domain are to go.
    """
    if class_folders.holds_files(raw_dir, Audio.file_suffixes):
        raise ValueError(f"{raw_dir} holds sounds, which take train_wavegan, train_domain and package_domain instead.")
    check_folder(folder)
    sources.prepare(name, "local", raw_dir, data_dir, image_size=image_size)
    workdir = Path(workdir)
    options: dict[str, Any] = {"data_dir": data_dir, "epochs": epochs, "batch_size": batch_size, "seed": seed}
    labelled = bool(images.read_split(name, "test", data_dir).class_names)
    for model in ("vae", "classifier") if labelled else ("vae",):
        train_image_model(model, name, workdir / model, **options)
    judge = str(workdir / "classifier") if labelled else None
    return package_image_domain(name, workdir / "vae", judge, folder, data_dir=data_dir)
