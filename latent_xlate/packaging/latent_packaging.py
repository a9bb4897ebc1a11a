"""Packaging of latents alone as a domain, for a model that is not here."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from latent_xlate import documents, tables
from latent_xlate.batching import as_graph, in_batches
from latent_xlate.bridge.latent_classifier import train_classifier
from latent_xlate.checks import path as checked_path
from latent_xlate.data import array_files
from latent_xlate.data.class_folders import TEST_SHARE
from latent_xlate.data.labelled import SPLITS, UNLABELLED, VALIDATION_SHARE
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.latent_classifier import LatentClassifier
from latent_xlate.domains.latents_only import LatentsOnlyDomain
from latent_xlate.domains.standardisation import Standardisation, are_constant
from latent_xlate.latents.latents import Latents, no_sigma
from latent_xlate.packaging import domain_folder
from latent_xlate.packaging.latent_file import LatentFile, read_latents

MOST_HELD_OUT = 10_000
"""Most latents that are held out for testing, and for validation, where the user gives no split."""

MOST_JUDGED = 20_000
"""Most latents that the judge is trained on."""

MOST_NUMBERS = 1 << 26
"""Most numbers in them."""

FEW_PER_CLASS = 20
"""Latents of a class below which a warning says that they are few."""

GOOD_ACCURACY = 0.9
"""Share of held-out latents that the judge has to recognise; below it there is a warning."""

_SEED = 0


def package_latents(
    name: str, latents: str | os.PathLike | Mapping[str, np.ndarray], folder: str | os.PathLike
) -> Domain:
    """Makes latents a domain without data: standardises them, trains a judge if they are labelled, writes a model card.

    All are copied, once, in parts, to `latents_train.npz`, `latents_validation.npz` and `latents_test.npz`, in a random
    order; their array `rows` has the place of each in the user's. Without a `split`, one in six of each class is for
    testing. Without one for validation, one in twelve of the rest is. What may be wrong is printed to stderr, and told
    by the model card.

    Example:
        package_latents("faces", {"mu": mu, "labels": labels}, "out/faces")

    Args:
        name: Name of the domain: lower-case letters, digits and underscores.
        latents: As `latent_file.read_latents` takes them.
        folder: Folder that the domain is written to.

    Returns:
        The domain as it was written.

    Raises:
        ValueError: A bad name, latents that cannot be read or are not finite, a class without a training latent, or
            `folder` holds something else. Nothing is written then.
    """
    folder = domain_folder.check_folder(checked_path(folder, "folder"))
    source = read_latents(latents)
    LatentsOnlyDomain(name, source.latent_shape)  # Refuses a bad name before anything takes time.
    places = _places(source)
    _check_classes(source, places["train"])
    mean, variance = _moments(source, places["train"])
    standardisation = Standardisation.of_moments(mean, variance)
    constant = int(are_constant(mean, variance).sum())
    judge = None
    if len(source.class_names) > 1:
        judge = _train_judge(name, source, places["train"], standardisation)
    domain = LatentsOnlyDomain(name, source.latent_shape, standardisation, judge, source.class_names)

    def finish(shipped: Domain, temporary: Path) -> str:
        for split, rows in places.items():
            _write(source, rows, standardisation, temporary / f"latents_{split}.npz")
        accuracy = _accuracy(shipped, Latents.load(temporary / "latents_test.npz"))
        doubts = _doubts(source, places["train"], constant, accuracy)
        for doubt in doubts:
            print(f"Warning: {doubt}", file=sys.stderr)
        return _card(shipped, places, accuracy, doubts)

    return domain_folder.write_domain(domain, folder, finish, dtype="float32")


def _places(source: LatentFile) -> dict[str, np.ndarray]:
    """The rows of each split, in a random order."""
    generator = np.random.default_rng(_SEED)
    order = generator.permutation(len(source))
    if source.split is not None:
        places = {split: order[source.split[order] == split] for split in SPLITS}
    else:
        places = {"train": order, "validation": order[:0], "test": order[:0]}
    for split, share in (("test", TEST_SHARE), ("validation", VALIDATION_SHARE)):
        if not len(places[split]):
            cut = _some_of_each(source.labels[places["train"]], share)
            places |= {split: places["train"][cut], "train": places["train"][~cut]}
    return places


def _some_of_each(labels: np.ndarray, share: int) -> np.ndarray:
    """Chooses one in `share` of the first instances of each class, and one at least of all: booleans [n]."""
    chosen = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        chosen[members[: min(len(members) // share, int(np.ceil(MOST_HELD_OUT * len(members) / len(labels))))]] = True
    if not chosen.any():
        chosen[0] = True
    return chosen


def _check_classes(source: LatentFile, train: np.ndarray) -> None:
    counts = np.bincount(source.labels[train] + 1, minlength=len(source.class_names) + 1)[1:]
    if not counts.all():
        missing = source.class_names[int(np.argmin(counts))]
        raise ValueError(
            f"Class {missing} has no latent to train on: give some, or labels and class_names of those classes only "
            "that there are."
        )


def _moments(source: LatentFile, train: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Checks all values; returns the mean and variance of samples of the training latents' posteriors."""
    is_train = np.zeros(len(source), bool)
    is_train[train] = True
    count, mean, squares = 0, np.zeros(()), np.zeros(())
    for rows in source.blocks(np.arange(len(source))):
        mu, sigma = source.rows(rows)
        _check_finite("mu", mu, rows)
        mu, chosen = mu[is_train[rows]], is_train[rows]
        if sigma is not None:
            _check_finite("sigma", sigma, rows)
            if (sigma < 0).any():
                raise ValueError(
                    f"sigma is below 0 in row {rows[np.argmax((sigma < 0).any(axis=1))]}: it is a standard deviation, "
                    "which np.exp(log_variance / 2) makes of the logarithm of a variance."
                )
            squares = squares + np.square(sigma[chosen]).sum(axis=0)
        if len(mu):  # Chan, Golub and LeVeque (1983): of sums of squares alone, a large mean would leave nothing.
            difference, total = mu.mean(axis=0) - mean, count + len(mu)
            squares = squares + mu.var(axis=0) * len(mu) + difference**2 * (count * len(mu) / total)
            mean, count = mean + difference * (len(mu) / total), total
    if not np.any(squares):
        raise ValueError("The training latents are all the same: there is nothing to learn from.")
    return mean, squares / count


def _check_finite(name: str, values: np.ndarray, rows: np.ndarray) -> None:
    with np.errstate(over="ignore"):
        bad = ~np.isfinite(values.astype(np.float32)).all(axis=1)
    if bad.any():
        raise ValueError(f"{name} has NaN or infinite values, or some too large for float32, in row {rows[bad][0]}.")


def _standardised(
    source: LatentFile, rows: np.ndarray, standardisation: Standardisation
) -> tuple[np.ndarray, np.ndarray | None]:
    """Standardised mu and sigma of some rows, float32 [m, latent_dim] each."""
    mu, sigma = source.rows(rows)
    sigma = None if sigma is None else (sigma / standardisation.scale).astype(np.float32)
    return standardisation.apply(mu).astype(np.float32), sigma


def _train_judge(
    name: str, source: LatentFile, train: np.ndarray, standardisation: Standardisation
) -> LatentClassifier:
    num_classes = len(source.class_names)
    most = max(1, min(MOST_JUDGED, MOST_NUMBERS // standardisation.size) // num_classes)
    rows = np.concatenate([train[source.labels[train] == label][:most] for label in range(num_classes)])
    mu, sigma = _standardised(source, rows, standardisation)
    latents = Latents(mu, no_sigma(mu) if sigma is None else sigma, source.labels[rows])
    return train_classifier(latents, np.ones(len(rows), np.float32), num_classes, _SEED, name)


def _write(source: LatentFile, rows: np.ndarray, standardisation: Standardisation, path: Path) -> None:
    """Writes latents part by part. Where the user gives no sigma there is none in the file."""

    def parts(place: int) -> Iterator[np.ndarray]:
        for part in source.blocks(rows):
            array = _standardised(source, part, standardisation)[place]
            assert array is not None
            yield array

    float32 = (len(rows), standardisation.size), np.dtype(np.float32)
    sigma = {} if source.sigma is None else {"sigma": (*float32, parts(1))}
    of_rows = {"labels": source.labels[rows], "rows": rows}
    small = {name: (array.shape, array.dtype, [array]) for name, array in of_rows.items()}
    array_files.write_npz(path, {"mu": (*float32, parts(0)), **sigma, **small})


def _accuracy(domain: Domain, test: Latents) -> float | None:
    """The share of the labelled test latents whose class the judge recognises; None without a judge, or such."""
    known = test.take(test.labels != UNLABELLED)
    if not domain.has_classifier or not len(known):
        return None

    def classify(z: tf.Tensor) -> tf.Tensor:
        return domain.classify(domain.decode(domain.from_bridge(z)))

    logits = in_batches(as_graph(classify), known.mu, batch_size=domain.batch_size)
    return float(np.mean(logits.argmax(axis=1) == known.labels))


def _doubts(source: LatentFile, train: np.ndarray, constant: int, accuracy: float | None) -> list[str]:
    doubts = []
    if source.ignored:
        doubts.append(f"Nothing is made of the arrays {', '.join(source.ignored)}.")
    if constant:
        doubts.append(f"{constant} of the latent's {math.prod(source.latent_shape)} numbers do not change.")
    counts = np.bincount(source.labels[train] + 1, minlength=len(source.class_names) + 1)[1:]
    few = [f"{name} ({count})" for name, count in zip(source.class_names, counts, strict=True) if count < FEW_PER_CLASS]
    if few:
        doubts.append(
            f"There are fewer than {FEW_PER_CLASS} training latents of {', '.join(few[:20])}: expect mistakes."
        )
    if accuracy is not None and accuracy < GOOD_ACCURACY:
        doubts.append(
            f"A classifier of the latents recognises {accuracy:.0%} of those held out: what it measures, and what a "
            "bridge can keep of a class, is hardly better."
        )
    return doubts


def _card(domain: Domain, places: Mapping[str, np.ndarray], accuracy: float | None, doubts: list[str]) -> str:
    assert domain.standardisation
    rows = [[f"{split} latents", f"{len(rows):,}"] for split, rows in places.items()]
    if accuracy is not None:
        rows.append(["accuracy of the judge, a classifier of latents, on those for testing", f"{accuracy:.4f}"])
    scale = domain.standardisation.scale
    rows.append(["deviations that they are standardised by", f"{scale.min():.3g} to {scale.max():.3g}"])
    wrong = "".join(f"- {doubt}\n" for doubt in doubts)
    return documents.fill(
        "latents_card.md",
        name=domain.name,
        shape="x".join(map(str, domain.data_shape)),
        classes=", ".join(domain.class_names) or "none",
        table=tables.markdown(["", ""], rows, compact=True),
        doubts=f"\nWhat looked wrong when it was packaged:\n\n{wrong}" if doubts else "",
    )
