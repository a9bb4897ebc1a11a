"""A domain from a folder of pictures in one call: data set, base models, package."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from latent_xlate.data import class_folders, class_sizes, idx, images, picture_survey, sources
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.image.convolutions import MULTIPLE
from latent_xlate.domains.image.image_training import train_image_model
from latent_xlate.modalities.audio import Audio
from latent_xlate.modalities.image import Image
from latent_xlate.packaging.domain_folder import check_folder
from latent_xlate.packaging.image_packaging import package_image_domain

FEW_PER_CLASS = 20
"""Pictures of a class below which a warning says that they are few."""


def make_image_domain(
    name: str,
    raw_dir: str | os.PathLike,
    folder: str | os.PathLike,
    workdir: str | os.PathLike,
    *,
    data_dir: str | None = None,
    image_size: int | None = None,
    channels: int | None = None,
    invert: str = "never",
    framing: str = "letterbox",
    epochs: int | None = None,
    batch_size: int | None = None,
    seed: int = 0,
) -> Domain:
    """Stores pictures as a data set, trains a VAE and, if they are labelled, a classifier, and packages both.

    The models are convolutional if the pictures' size is a multiple of 8, else those of the paper. What is taken from
    the folder is printed on stderr before they are trained. A call that was interrupted continues where it was when it
    is repeated with the same arguments.

    Args:
        name: Name of the domain and of the data set.
        raw_dir: Folder of pictures, as `class_folders.read_folder` reads it.
        folder: Folder that the domain is written to.
        workdir: Folder of the trainings, `vae/` and `classifier/`, and of the data set.
        data_dir: Folder of TFDS data sets that the data set goes to; None for `data/` in `workdir`.
        image_size: Height and width, in pixels, that the pictures are framed to; None for that of the pictures, see
            `PictureSurvey.image_size`.
        channels: 1 for grey, 3 for RGB; None for what the pictures are.
        invert: Whether pictures are inverted as they are read; one of `image_files.INVERT`.
        framing: How they are framed; one of `framing.FRAMINGS`.
        epochs: Passes of each model over the training pictures; None for as many as their number asks for.
        batch_size: Batch size of each training; None for the model's.
        seed: Random seed of each training.

    Returns:
        The domain as it was written.

    Raises:
        ValueError: `raw_dir` holds sounds or too little to train on; or another data set, another training or something
            else lies where those of this domain are to go.
    """
    if class_folders.holds_files(raw_dir, Audio.file_suffixes):
        raise ValueError(f"{raw_dir} holds sounds, which take train_wavegan, train_domain and package_domain instead.")
    check_folder(folder)
    workdir = Path(workdir)
    found = picture_survey.survey(raw_dir)
    size = image_size or (found.image_size if found else 28)
    image = Image(size, size, channels or (found.channels if found else 1), invert, framing)
    if not idx.holds_idx_files(raw_dir):
        class_sizes.check_enough(raw_dir, image)
    data_dir = data_dir or str(workdir / "data")
    sources.prepare(name, "local", raw_dir, data_dir, image=image)
    splits = images.load_splits(name, data_dir)
    print(describe(name, splits), file=sys.stderr)
    height, width, _ = splits["train"].modality.shape  # Files of the IDX format have a size of their own.
    is_convolutional = height % MULTIPLE == width % MULTIPLE == 0
    models = ("conv_vae", "conv_classifier") if is_convolutional else ("vae", "classifier")
    options: dict[str, Any] = {"epochs": epochs, "batch_size": batch_size, "seed": seed, "splits": splits}
    labelled = bool(splits["train"].class_names)
    for model, run in zip(models if labelled else models[:1], ("vae", "classifier"), strict=False):
        train_image_model(model, name, workdir / run, **options)
    judge = str(workdir / "classifier") if labelled else None
    return package_image_domain(name, workdir / "vae", judge, folder, splits=splits)


def describe(name: str, splits: dict[str, Labelled]) -> str:
    """Says what is taken from a folder of pictures: their form, and how many of each class are there for what."""
    train = splits["train"]
    height, width, channels = train.modality.shape
    settings = train.modality.get_config()
    names = train.class_names
    total = sum(map(len, splits.values()))
    lines = [
        f"Pictures of {name}: {total}, {'in colour' if channels == 3 else 'grey'}, {height}x{width}, framed by "
        f"{settings['framing']}, inverted {settings['invert']}.",
        f"Held out: {len(splits['validation'])} for validation, {len(splits['test'])} for testing.",
    ]
    if not names:
        return "\n".join([*lines, "Classes: none, so that there is no judge."])
    of_class = np.bincount(np.concatenate([data.labels for data in splits.values()]), minlength=len(names)).tolist()
    shown = ", ".join(f"{name} {count}" for name, count in zip(names[:20], of_class, strict=False))
    lines.append(f"Classes: {shown}{f', and {len(names) - 20} more' * (len(names) > 20)}.")
    few = [f"{name} {count}" for name, count in zip(names, of_class, strict=True) if count < FEW_PER_CLASS]
    if few:
        lines.append(
            f"Warning: fewer than {FEW_PER_CLASS} pictures of {', '.join(few[:20])}. Expect mistakes, or add pictures."
        )
    return "\n".join(lines)
