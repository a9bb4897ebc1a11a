"""Instances to label, as a table to fill in and a sheet of pictures."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

from latent_xlate import figures, files
from latent_xlate.domains import pretrained
from latent_xlate.domains.latents_only import alone
from latent_xlate.few_labels import label_file, label_suggestion
from latent_xlate.few_labels.neighbour_graph import graph_points, neighbour_graph
from latent_xlate.latents.sources import current_name, load_domains

COLUMNS = 10


def suggest_labels(
    domains: Sequence[str],
    output: str | os.PathLike,
    count: int,
    latents: str = "shipped",
    data_dir: str | None = None,
    seed: int = 0,
) -> Path:
    """Chooses the instances of domains to label first, and writes a table of them to fill in and what they look like.

    Args:
        domains: Names or folders of domains.
        output: Folder. Gets `labels.csv`; for each domain a contact sheet, `NAME.png`; and for each
            domain of sounds the recordings, `NAME/INDEX.wav`. Of one without data there is the table alone.
        count: Number of instances of each domain.
        latents: Kind of their latents, as `load_latents` takes it, of the training split.
        data_dir: Folder of TFDS data sets; None for the default.
        seed: Seed of the choice.

    Returns:
        Path of the table.

    Raises:
        ValueError: There is no such domain, there are no such latents, or fewer instances than `count`.
    """
    rows: list[tuple[str, str, int, str]] = []
    latents = current_name(latents)
    for folder in domains:
        (domain,), (candidates,) = load_domains([folder], latents, "train", data_dir)
        graph = neighbour_graph(graph_points(domain, candidates))
        chosen = label_suggestion.suggest(label_suggestion.diffusion_map(graph), count, seed)
        rows += [(domain.name, latents, int(index), "") for index in chosen]
        if not domain.has_data:
            packaged = pretrained.folder(folder) / "latents_train.npz"
            print(
                f"{alone(domain)}, so nothing can be shown: by index, the array rows of {packaged} has the row of each "
                "in the file that was packaged.",
                file=sys.stderr,
            )
            continue
        x = domain.decode(tf.constant(candidates.mu[chosen]))
        captions = [str(index) for index in chosen]
        draw(Path(output) / f"{domain.name}.png", np.asarray(domain.pictures(x)), captions)
        if domain.modality.is_played:
            for index, content in zip(chosen, domain.write(x).numpy(), strict=True):
                write = functools.partial(Path.write_bytes, data=content)
                files.write_atomically(Path(output) / domain.name / f"{index}{domain.file_suffix}", write)
    return label_file.write(Path(output) / "labels.csv", rows)


def draw(path: str | os.PathLike, pictures: np.ndarray, captions: Sequence[str]) -> Path:
    """Draws pictures in rows of `COLUMNS`, each below its caption.

    Args:
        path: The PNG file to write.
        pictures: float [n, height, width, 1 or 3], in [0, 1].
        captions: One for each picture.

    Returns:
        `path`.
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
