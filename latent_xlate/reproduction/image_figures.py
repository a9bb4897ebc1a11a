"""Figures 3, 4, 5 and 11: reconstructions and transfers by the bridge and by the baselines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure
from ml_collections import ConfigDict

from latent_xlate import figures
from latent_xlate.baselines.pixel_domain import PixelDomain
from latent_xlate.domains import pretrained
from latent_xlate.latents.latents import Latents
from latent_xlate.reproduction import experiments
from latent_xlate.reproduction.experiments import SPEECH, Settings
from latent_xlate.reproduction.sections import Section
from latent_xlate.reproduction.study import Study
from latent_xlate.translator import Translator

_ROWS = 4
"""Instances of each class."""

_NAMES = {"mnist": "MNIST", "mnist_b": "MNIST, second VAE", "fashion_mnist": "Fashion-MNIST", SPEECH: "speech"}
_PAIRS = {"mnist_mnist": "mnist_b", "mnist_fashion_mnist": "fashion_mnist", "mnist_spoken_digit": SPEECH}

Panel = tuple[str, np.ndarray]
"""A title, and pictures [n, height, width, channels] in rows that hold one instance of each class."""


def draw_panels(rows: Sequence[Sequence[Panel]], num_classes: int) -> Figure:
    """Draws blocks of pictures with a column for each class."""
    width = max(len(row) for row in rows)
    drawing = Figure(figsize=(3.4 * width, 1.75 * len(rows)), layout="constrained")
    axes = drawing.subplots(len(rows), width, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for row, panels in zip(axes, rows, strict=True):
        for axis, (title, pictures) in zip(row, panels, strict=False):
            lines = np.clip(pictures, 0.0, 1.0).reshape(-1, num_classes, *pictures.shape[1:])
            sheet = np.concatenate([np.concatenate(list(line), axis=1) for line in lines])
            axis.imshow(sheet if sheet.shape[-1] == 3 else sheet[..., 0], cmap="gray", vmin=0.0, vmax=1.0)
            axis.set_title(title, fontsize=9)
    return drawing


def _translate(translator: Translator, latents: Latents, pictures: np.ndarray, source: str, target: str) -> np.ndarray:
    """Returns pictures of the translations. A translator of pixels translates the pictures themselves."""
    if isinstance(translator.domain(source), PixelDomain):
        z, _ = translator.domain(source).encode(tf.constant(pictures))
    else:
        z = tf.constant(latents.mu)
    domain = translator.domain(target)
    return domain.pictures(domain.decode(translator.translate_latents(z, source, target))).numpy()


def _classes(name: str) -> int:
    return len(pretrained.load_domain(name).class_names)


def _reconstruction_runs(settings: Settings) -> list[ConfigDict]:
    return [experiments.bridges(settings, name)[0] for name in ("mnist_fashion_mnist", "mnist_spoken_digit")]


def _figure_3(study: Study) -> str:
    images, speech = _reconstruction_runs(study.settings)
    missing, rows = [], []
    for name, run in (("mnist", images), ("fashion_mnist", images), (SPEECH, speech)):
        if reason := study.lacks(run):
            missing.append(f"{_NAMES[name]}: not available. {reason}")
            continue
        translator = study.translator(run)
        latents, pictures = study.examples(name, _ROWS)
        domain = translator.domain(name)
        base = domain.pictures(domain.decode(tf.constant(latents.mu))).numpy()
        bridged = _translate(translator, latents, pictures, name, name)
        shown = "decoded latents" if study.test_data(domain)[1] is None else "data"
        rows.append([(f"{_NAMES[name]}: {shown}", pictures), ("base model", base), ("bridging VAE", bridged)])
    path = figures.write(draw_panels(rows, _classes("mnist")), study.figure_path("figure3.png"))
    caption = "Held-out data, what the base model makes of their latents, and of those that the bridge reconstructed."
    if SPEECH in pretrained.list_domains():
        caption += " Of speech, log-magnitude spectrograms over mel bands: a second from left to right, 7.8 kHz above."
    return "\n\n".join([study.picture(path, caption), *missing])


def _transfer_runs(settings: Settings) -> list[dict[str, ConfigDict]]:
    """For each pair of domains the bridges whose transfers are shown, by what their titles say more than the target."""
    return [
        {"": experiments.bridges(settings, name)[0], ", faithful": experiments.faithful(settings, name)[0]}
        for name in _PAIRS
    ]


def _figure_4(study: Study) -> str:
    missing, rows = [], []
    for runs, other in zip(_transfer_runs(study.settings), _PAIRS.values(), strict=True):
        if reason := study.lacks(runs[""]):
            missing.append(f"MNIST and {_NAMES[other]}: not available. {reason}")
            continue
        translators = {title: study.translator(run) for title, run in runs.items()}
        row = []
        for source, target in (("mnist", other), (other, "mnist")):
            latents, pictures = study.examples(source, _ROWS)
            row.append((_NAMES[source], pictures))
            for title, translator in translators.items():
                transferred = _translate(translator, latents, pictures, source, target)
                row.append((f"to {_NAMES[target]}{title}", transferred))
        rows.append(row)
    path = figures.write(draw_panels(rows, _classes("mnist")), study.figure_path("figure4.png"))
    caption = (
        "Held-out data, a column a class, and beside them their transfers, instance by instance: by the bridge, and by "
        "one in the mode `faithful`, whose transfers vary like the target's own data."
    )
    return "\n\n".join([study.picture(path, caption), *missing])


def _baseline_runs(settings: Settings) -> dict[str, ConfigDict]:
    names = {"pix2pix": "Pix2Pix", "cyclegan": "CycleGAN", "latent_cyclegan": "latent CycleGAN"}
    pair = ("mnist", "fashion_mnist")
    runs = {title: experiments.baselines(settings, name, pair)[0] for name, title in names.items()}
    return runs | {"this work": experiments.bridges(settings, "mnist_fashion_mnist")[0]}


def _figure_11_runs(settings: Settings) -> dict[str, ConfigDict]:
    runs = _baseline_runs(settings)
    return {title: runs[title] for title in ("latent CycleGAN", "this work")}


def _comparison(study: Study, name: str, runs: dict[str, ConfigDict], caption: str) -> str:
    missing, rows = [], []
    for source, target in (("mnist", "fashion_mnist"), ("fashion_mnist", "mnist")):
        latents, pictures = study.examples(source, _ROWS)
        row = [(f"{_NAMES[source]} to {_NAMES[target]}", pictures)]
        for title, run in runs.items():
            if reason := study.lacks(run):
                missing.append(f"{title}: not available. {reason}")
                continue
            row.append((title, _translate(study.translator(run), latents, pictures, source, target)))
        rows.append(row)
    path = figures.write(draw_panels(rows, _classes("mnist")), study.figure_path(f"{name}.png"))
    return "\n\n".join([study.picture(path, caption), *dict.fromkeys(missing)])


def _figure_5(study: Study) -> str:
    caption = "The same held-out data, a column a class, as each model transfers them; both ways."
    return _comparison(study, "figure5", _baseline_runs(study.settings), caption)


def _figure_11(study: Study) -> str:
    caption = "Held-out data transferred between latents, by CycleGAN and by the bridge; both ways."
    return _comparison(study, "figure11", _figure_11_runs(study.settings), caption)


SECTIONS = {
    "figure3": Section("Figure 3: reconstructions", _reconstruction_runs, _figure_3),
    "figure4": Section(
        "Figure 4: transfers",
        lambda settings: [run for runs in _transfer_runs(settings) for run in runs.values()],
        _figure_4,
    ),
    "figure5": Section(
        "Figure 5: transfers by every model", lambda settings: list(_baseline_runs(settings).values()), _figure_5
    ),
    "figure11": Section(
        "Figure 11: CycleGAN in latent space", lambda settings: list(_figure_11_runs(settings).values()), _figure_11
    ),
}
