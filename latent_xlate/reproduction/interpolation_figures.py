"""Figures 6 and 7: interpolation within a class and between classes, and a number for locality."""

from __future__ import annotations

import functools

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from latent_xlate import figures, tables
from latent_xlate.evaluation.interpolation import ROWS, interpolate_and_translate, locality
from latent_xlate.reproduction import experiments
from latent_xlate.reproduction.experiments import SPEECH, Settings
from latent_xlate.reproduction.sections import Section
from latent_xlate.reproduction.study import Study

_BETWEEN = 4
"""Points between two given instances."""

_DIRECTIONS = (
    ("mnist_mnist", "mnist", "mnist_b"),
    ("mnist_fashion_mnist", "mnist", "fashion_mnist"),
    ("mnist_fashion_mnist", "fashion_mnist", "mnist"),
    ("mnist_spoken_digit", "mnist", SPEECH),
)
_WAYS, _QUICK_WAYS = 200, 10
"""Interpolations whose steps are measured."""

_CLASSES = {True: ((3, 3, 3), (7, 7, 7)), False: ((0, 1, 2), (3, 5, 8))}
"""Classes of the given instances in each row, within a class (True) and between classes (False)."""


def _runs(settings: Settings) -> list[ConfigDict]:
    return [experiments.bridges(settings, name)[0] for name, _, _ in _DIRECTIONS]


def _instances(labels: np.ndarray, classes: tuple[int, ...]) -> list[int]:
    """Returns the index of an instance for each of `classes`; a class that comes again gets its next instance."""
    return [np.flatnonzero(labels == label)[classes[:i].count(label)] for i, label in enumerate(classes)]


def _figure(study: Study, within_class: bool) -> str:
    name = "figure6" if within_class else "figure7"
    method = study.settings.interpolation
    ways_measured = _QUICK_WAYS if study.settings.quick else _WAYS
    parts, numbers, missing = [], [], []
    for run, (_, source, target) in zip(_runs(study.settings), _DIRECTIONS, strict=True):
        title = f"{source} to {target}"
        if reason := study.lacks(run):
            missing.append(f"{title}: not available. {reason}")
            continue
        translator = study.translator(run)
        latents, _ = study.test_data(translator.domain(source))
        chosen = np.array([_instances(latents.labels, classes) for classes in _CLASSES[within_class]])
        ways = interpolate_and_translate(translator, latents.mu[chosen.T], source, target, _BETWEEN, method)
        pictures = []
        for way in range(len(chosen)):
            for row in ROWS:
                domain = translator.domain(source if row == "source" else target)
                pictures.append(domain.pictures(domain.decode(tf.constant(getattr(ways, row)[:, way]))).numpy())
        path = study.figure_path(f"{name}_{source}_to_{target}.png")
        figures.image_grid(path, pictures, ROWS * len(chosen), ways.fixed)
        parts.append(study.picture(path, f"{title}: {'within a class' if within_class else 'between classes'}."))
        key = {
            "run": study.run_folder(run).name,
            "source": source,
            "target": target,
            "method": method,
            "ways": ways_measured,
        }
        measured = study.cached(
            f"{name}_locality",
            key,
            functools.partial(
                locality,
                translator,
                latents,
                source,
                target,
                within_class=within_class,
                num_ways=ways_measured,
                method=method,
            ),
        )
        steps = (f"{measured[row][step]:.3f}" for row in ROWS for step in ("mean_step", "largest_step"))
        numbers.append([title, *steps])
    head = ["", *(f"{row}, {step} step" for row in ROWS for step in ("mean", "largest"))]
    text = (
        f"Framed in red are given, held-out instances. `source` interpolates ({method}) between them in the source's "
        "latent space, `target` between their translations in the target's, and `transfer` translates every point of "
        "`source`."
    )
    about = (
        f"Locality, of which the paper gives pictures alone: mean and largest step along {ways_measured} ways of 17 "
        "points, in the feature space of the row's judge, in units of the mean distance of two random instances."
    )
    return "\n\n".join([text, *parts, about, tables.markdown(head, numbers), *missing])


SECTIONS = {
    "figure6": Section("Figure 6: interpolation within a class", _runs, functools.partial(_figure, within_class=True)),
    "figure7": Section(
        "Figure 7: interpolation between classes", _runs, functools.partial(_figure, within_class=False)
    ),
}
