"""Instances to label, as a table to fill in and pictures to look at."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

from latent_xlate import figures, files
from latent_xlate.domains import pretrained
from latent_xlate.few_labels import label_file, label_propagation, label_suggestion
from latent_xlate.latents.sources import load_latents

COLUMNS = 10


def suggest_labels(
    domains: Sequence[str],
    output: str | os.PathLike,
    count: int,
    latents: str = "shipped",
    data_dir: str | None = None,
    seed: int = 0,
) -> Path:
    """Writes which instances of domains to label first, and what they look like.

    Args:
        domains: Names or folders of domains.
        output: Folder that gets `labels.csv`; for each domain a contact sheet, `NAME.png`; and
            for one of sounds, which are to be heard, `NAME/INDEX.wav`.
        count: How many of each domain.
        latents: Kind of their latents, as `load_latents` takes it; of the training split.
        data_dir: Folder of TFDS data sets; None for the default.
        seed: Governs all that is random.

    Returns:
        Path of the table.

    Raises:
        ValueError: No such domain or latents, or fewer instances than are asked for.
    """
    rows = []
    for folder in domains:
        domain = pretrained.load(folder)
        of = load_latents(domain, folder, latents, "train", data_dir)
        points = label_propagation.graph_points(domain, of)
        places = label_suggestion.diffusion_map(label_propagation.neighbour_graph(points))
        chosen = label_suggestion.suggest(places, count, seed)
        x = domain.decode(tf.constant(of.mu[chosen]))
        captions = [str(index) for index in chosen]
        draw(Path(output) / f"{domain.name}.png", np.asarray(domain.pictures(x)), captions)
        if domain.modality.is_played:
            for index, content in zip(chosen, domain.write(x).numpy(), strict=True):
                write = functools.partial(Path.write_bytes, data=content)
                files.write_atomically(Path(output) / domain.name / f"{index}{domain.file_suffix}", write)
        rows += [(domain.name, latents, int(index), "") for index in chosen]
    return label_file.write(Path(output) / "labels.csv", rows)


def draw(path: str | os.PathLike, pictures: np.ndarray, captions: Sequence[str]) -> Path:
    """Draws pictures side by side, each below its caption.

    Args:
        path: The PNG file to write.
        pictures: float [n, height, width, 1 or 3], in [0, 1].
        captions: One for each.
    """
    num_rows = -(-len(pictures) // COLUMNS)
    figure = Figure(figsize=(0.9 * COLUMNS, 1.1 * num_rows), layout="constrained")
    axes = figure.subplots(num_rows, COLUMNS, squeeze=False).ravel()
    for axis in axes:
        axis.axis("off")
    for axis, picture, caption in zip(axes, pictures, captions, strict=False):
        axis.imshow(
            np.clip(picture, 0, 1).squeeze(-1) if picture.shape[-1] == 1 else picture, cmap="gray", vmin=0, vmax=1
        )
        axis.set_title(caption, fontsize=8)
    return figures.write(figure, path)
