"""A page on how good a domain of pictures is: numbers, pictures, and what to do if it is not good enough."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from latent_xlate import documents, figures, files, tables
from latent_xlate.batching import in_batches
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains.domain import Domain
from latent_xlate.evaluation.kid import kernel_distance
from latent_xlate.evaluation.predictions import predictor
from latent_xlate.latents.encoding import encode_data

_COLUMNS = 10
_ROWS = 3
_NEIGHBOURS = 6
_SAMPLES = 200
_SURE = 0.9  # Probability of a class.
_MOST_MEASURED = 1_000
_LEAST_FOR_KID = 100  # Of fewer pictures it is mostly chance.

GOOD_ACCURACY = 0.9
"""Share of held-out pictures, and of reconstructions, that the judge has to recognise."""

GOOD_VARIANCE = 0.5
"""Smallest share of the pixels' variance that reconstructions have to keep."""

GOOD_SHARPNESS = 0.5
"""Smallest contrast of neighbouring pixels in reconstructions, as a share of that in the pictures."""

GOOD_SAMPLES = 0.5
"""Smallest share of samples of the prior that the judge has to be sure of, relative to that of reconstructions."""


@dataclasses.dataclass(frozen=True)
class Summary:
    """What a report says, in short.

    Attributes:
        measured: A sentence with the numbers.
        verdict: Sentences on whether the domain is good enough.
        page: Path of the report.
    """

    measured: str
    verdict: Sequence[str]
    page: Path

    def __str__(self) -> str:
        return "\n".join([self.measured, *self.verdict, f"Open {self.page.resolve()}"])


def write_report(domain: Domain, folder: str | os.PathLike, data_dir: str | None = None) -> Summary:
    """Measures a domain of pictures on its test split and writes `report.html`, with its figures in `report/`.

    Args:
        domain: A domain of images with an encoder.
        folder: Folder of the page.
        data_dir: Folder of TFDS data sets, for the domain's own; None for the default.

    Returns:
        What was measured, and whether the domain is good enough.

    Raises:
        ValueError: The data set is not there.
    """
    folder = files.output_folder(folder)
    test = domain.load_data("test", data_dir).take(slice(0, _MOST_MEASURED))
    train = domain.load_data("train", data_dir).take(slice(0, 10 * _MOST_MEASURED))
    latents = encode_data(domain, test)
    decoded = in_batches(domain.decode, latents.mu, batch_size=domain.batch_size)
    x = test.floats
    numbers = {
        "variance that reconstructions keep": 1.0
        - float(np.mean((decoded - x) ** 2) / max(x.var(axis=0).mean(), 1e-6)),
        "sharpness of reconstructions": _contrast(decoded) / max(_contrast(x), 1e-6),
    }
    samples = in_batches(domain.decode, domain.sample_prior(_SAMPLES, seed=0).numpy(), batch_size=domain.batch_size)
    confusion, remarks = _judge(domain, test, decoded, samples, numbers) if domain.has_classifier else (None, [])
    _draw(domain, train, test, latents.mu, decoded, samples, folder / "report")
    if confusion is not None:
        names = domain.class_names
        path = folder / "report" / "confusion.png"
        figures.count_matrix(path, confusion, "Held-out pictures", "true class", "judged class", names, names)
    sentences = [*verdict(numbers, confusion, domain.class_names), *remarks]
    rows = [[name, f"{value:.3g}"] for name, value in numbers.items()]
    text = documents.fill(
        "domain_report.md",
        name=domain.name,
        verdict="\n\n".join(map(documents.escaped, sentences)),
        numbers=tables.markdown(["on held-out pictures", ""], rows),
        confusion="## What the judge mistakes\n\n![Confusion of the judge.](report/confusion.png)"
        if confusion is not None
        else "",
    )
    page = files.write_atomically(
        folder / "report.html", lambda path: path.write_text(documents.page(text), encoding="utf-8")
    )
    shown = [f"{name}: {value}" for name, value in rows]
    return Summary(f"On {len(test)} held-out pictures: {', '.join(shown)}.", sentences, page)


def _contrast(x: np.ndarray) -> float:
    """Mean difference of neighbouring pixels of images, [n, height, width, channels]."""
    return float(np.abs(np.diff(x, axis=1)).mean() + np.abs(np.diff(x, axis=2)).mean())


def _judge(
    domain: Domain, test: Labelled, decoded: np.ndarray, samples: np.ndarray, numbers: dict[str, float]
) -> tuple[np.ndarray, list[str]]:
    """Adds what the judge says to `numbers`; returns the confusion of true and predicted classes, and remarks."""
    judge = predictor(domain, tf.identity)
    original, reconstructed = judge(test.floats), judge(decoded)
    numbers["accuracy of the judge"] = float(np.mean(original.classes == test.labels))
    numbers["accuracy on reconstructions"] = float(np.mean(reconstructed.classes == test.labels))
    if len(test) >= _LEAST_FOR_KID:
        numbers["KID of reconstructions"] = kernel_distance(reconstructed.features, original.features)
    confusion = np.zeros([len(domain.class_names)] * 2, int)
    np.add.at(confusion, (test.labels, original.classes), 1)
    sure = (float(np.mean(each.probabilities.max(axis=1) >= _SURE)) for each in (judge(samples), reconstructed))
    return confusion, prior_remark(*sure)


def verdict(numbers: dict[str, float], confusion: np.ndarray | None, names: Sequence[str]) -> list[str]:
    """Says whether a domain is good enough, and what to do if it is not.

    Args:
        numbers: What was measured, by the names in the report.
        confusion: Number of pictures by true class and by that of the judge; None without a judge.
        names: Names of the classes.

    Returns:
        A sentence or more.
    """
    faults = []
    accuracy = numbers.get("accuracy of the judge")
    if confusion is not None and accuracy is not None and accuracy < GOOD_ACCURACY:
        mistakes = confusion - np.diag(np.diag(confusion))
        true, judged = np.unravel_index(mistakes.argmax(), mistakes.shape)
        faults.append(
            f"The judge recognises {accuracy:.0%} of the pictures; most often it takes {names[true]} for "
            f"{names[judged]}. Add pictures of these classes, and look for wrong labels among them: what is measured "
            "by this judge is no better than it is."
        )
    kept = numbers.get("accuracy on reconstructions", 1.0)
    if kept < GOOD_ACCURACY and kept < (accuracy or 1.0) - 0.05:
        faults.append(
            f"The judge recognises {kept:.0%} of the reconstructions: the VAE loses what tells classes apart. Add "
            "pictures, or train for longer (--epochs)."
        )
    variance = numbers["variance that reconstructions keep"]
    if variance < GOOD_VARIANCE:
        faults.append(
            f"Reconstructions are unlike the pictures: of the pixels' variance they keep {variance:.0%}. Train for "
            "longer (--epochs), or add pictures."
        )
    sharpness = numbers["sharpness of reconstructions"]
    if sharpness < GOOD_SHARPNESS:
        faults.append(
            f"Reconstructions are blurred: their contrast is {sharpness:.0%} of that of the pictures. Add pictures, "
            "or give a smaller --image_size."
        )
    return faults or ["The domain is good enough for a bridge."]


def prior_remark(sure_of_samples: float, sure_of_reconstructions: float) -> list[str]:
    """Says that samples of the prior are shapeless, where the judge is sure of few of them.

    It is no fault of the domain: a bridge is trained on latents of pictures.

    Args:
        sure_of_samples: Share of the samples of whose class the judge is sure.
        sure_of_reconstructions: The same of reconstructions of held-out pictures.

    Returns:
        A sentence or two; none if the samples are good enough, or the judge is sure of nothing.
    """
    if sure_of_samples >= GOOD_SAMPLES * sure_of_reconstructions:
        return []
    return [
        f"The judge is sure ({_SURE} or more) of the class of {sure_of_samples:.0%} of random samples, and of "
        f"{sure_of_reconstructions:.0%} of the reconstructions: many samples are shapeless. Translations do not use "
        "them, since a bridge is trained on the latents of pictures."
    ]


def _draw(
    domain: Domain,
    train: Labelled,
    test: Labelled,
    mu: np.ndarray,
    decoded: np.ndarray,
    samples: np.ndarray,
    folder: Path,
) -> None:
    """Draws the page's figures of pictures."""
    chosen = _one_of_each(test.labels, _COLUMNS * _ROWS)
    columns = min(_COLUMNS, len(chosen))
    blocks = [chosen[start : start + columns] for start in range(0, len(chosen) - columns + 1, columns)]
    rows = [row for block in blocks for row in (test.take(block).floats, decoded[block])]
    figures.image_grid(folder / "reconstructions.png", rows, ["held out", "reconstructed"] * len(blocks))
    shown = samples[: _COLUMNS * _ROWS]
    figures.image_grid(folder / "samples.png", np.split(shown, _ROWS), [""] * _ROWS)
    known = encode_data(domain, train).mu
    nearest = np.argsort(np.square(mu[chosen[:_ROWS], np.newaxis] - known).sum(axis=-1), axis=1)[:, :_NEIGHBOURS]
    rows = [
        np.concatenate([test.take([i]).floats, train.take(near).floats])
        for i, near in zip(chosen, nearest, strict=False)
    ]
    figures.image_grid(folder / "neighbours.png", rows, ["held out, nearest"] * len(rows), framed=[0])


def _one_of_each(labels: np.ndarray, count: int) -> np.ndarray:
    """Chooses instances, class after class in turn: indices, at most `count`."""
    turn = np.zeros(len(labels), int)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        turn[members] = np.arange(len(members))
    return np.lexsort((labels, turn))[:count]
