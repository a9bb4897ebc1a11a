"""Instances of one class, in the order in which they vary most, and what translators make of each of them.

Such a figure shows what the numbers of individual translations mean: whether those of one class differ, and whether
neighbours stay neighbours.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from latent_xlate import checks, figures, files
from latent_xlate.domains.domain import Domain
from latent_xlate.evaluation.held_out import HeldOutLoader
from latent_xlate.evaluation.individual import scaled_noise
from latent_xlate.evaluation.main_directions import main_directions
from latent_xlate.evaluation.protocols import PROTOCOLS
from latent_xlate.latents.latents import Latents
from latent_xlate.translator import Translator

COLUMNS = 10
"""Instances in the figure; all of the class, if there are fewer."""

_LEAST_INSTANCES = 2


def draw_one_class(
    path: str | os.PathLike,
    folders: Mapping[str, str],
    source: str,
    target: str,
    class_name: str,
    temperatures: Sequence[float] = (0.0,),
    latents: str = "shipped",
    data_dir: str | None = None,
) -> Path:
    """Draws a row of held-out instances of a class, and below it a row for each translator and temperature.

    Args:
        path: The PNG file to write.
        folders: By name, folders of translators with the same source, as `Translator.save` writes them.
        source: Name of the domain of the instances.
        target: Name of the domain to translate to.
        class_name: Name of a class of the source.
        temperatures: Those of the translations.
        latents: "shipped", "samples" or "dataset", as `evaluate_runs` takes it.
        data_dir: Folder of TFDS data sets; None for the default.

    Returns:
        `path`.

    Raises:
        ValueError: No translator in a folder, an unknown domain or class, fewer than 2 instances of the class, no
            latents for a domain, or a temperature that is out of range or of a translator that samples nothing.
    """
    files.output_folder(Path(path).parent)
    translators = {name: Translator.load(folder) for name, folder in folders.items()}
    for translator in translators.values():
        translator.domain(target)
        for temperature in temperatures:
            translator.check_sampled(checks.temperature(temperature))
    first = next(iter(translators))
    label = _label(translators[first].domain(source), class_name)
    loader = HeldOutLoader(latents, translators[first].names, PROTOCOLS["held_out"], data_dir)
    rows: dict[str, np.ndarray] = {}
    for name, translator in translators.items():
        loaded, _ = loader.load(translator, folders[name])
        of_class = loaded[source].take(loaded[source].labels == label)
        if not rows:
            chosen, rows[source] = in_order(translator.domain(source), of_class, class_name)
        for temperature in temperatures:
            heading = f"{name}, temperature {temperature:g}" if len(temperatures) > 1 else name
            rows[heading] = translated(translator, of_class.mu[chosen], source, target, temperature)
    return figures.image_grid(path, list(rows.values()), list(rows))


def in_order(domain: Domain, latents: Latents, class_name: str) -> tuple[np.ndarray, np.ndarray]:
    """Chooses instances along the direction in which their pictures vary most, one of each of as many equal parts.

    In all other directions the chosen one is as far from the mean of the class as half of its part: it is neither the
    most common nor an odd one.

    Args:
        domain: The domain of the instances.
        latents: All instances of a class.
        class_name: Name of the class.

    Returns:
        Indices of at most `COLUMNS` instances, in their order; and their pictures, float32
        [n, height, width, channels].

    Raises:
        ValueError: Fewer than 2 instances.
    """
    if len(latents) < _LEAST_INSTANCES:
        raise ValueError(
            f"Held-out instances of class {class_name!r} of domain {domain.name!r}: {len(latents)}; an order needs "
            f"{_LEAST_INSTANCES} at least."
        )
    pictures = domain.pictures(domain.decode(tf.constant(latents.mu))).numpy()
    points = pictures.reshape(len(pictures), -1)
    places = main_directions(points)[0][:, 0]
    apart = np.sum(np.square(points - points.mean(axis=0)), axis=1) - np.square(places)
    parts = np.array_split(np.argsort(places), min(COLUMNS, len(places)))
    chosen = np.array([part[np.argsort(apart[part])[len(part) // 2]] for part in parts])
    return chosen, pictures[chosen]


def translated(translator: Translator, z: np.ndarray, source: str, target: str, temperature: float) -> np.ndarray:
    """Pictures of translations, float32 [n, height, width, channels]. The noise is the same for all translators."""
    noise = None
    if temperature:
        noise = scaled_noise(np.random.default_rng(0), (len(z), translator.bridge.shared_dim), temperature)
    domain = translator.domain(target)
    return domain.pictures(domain.decode(translator.translate_latents(tf.constant(z), source, target, noise))).numpy()


def _label(domain: Domain, class_name: str) -> int:
    return domain.class_names.index(checks.known(class_name, domain.class_names, f"class of domain {domain.name!r}"))
