"""Reading from the folder of TFDS data sets, in which all data are stored."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds
from absl import logging

from latent_xlate import checks, files
from latent_xlate.checks import reason
from latent_xlate.data import tfds_features
from latent_xlate.data.checksums import check_content
from latent_xlate.data.labelled import SPLITS, Labelled, cut_validation, in_canonical_order
from latent_xlate.modalities.modality import Modality

PUBLISHED = ("mnist", "fashion_mnist", "spoken_digit", "spoken_digit_ar", "sc09")
"""Names of published data sets that the project supports."""

PREPARE_AGAIN = "Remove that folder and prepare it again with latent_xlate_prepare_data."


def resolve_data_dir(data_dir: str | os.PathLike | None = None) -> Path:
    """Returns the folder of TFDS data sets: `data_dir`, else the variable TFDS_DATA_DIR, else TFDS's own default."""
    return Path(data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()


def prepared_datasets(data_dir: str | os.PathLike) -> list[str]:
    """Names of the data sets in a folder of TFDS data sets, without those whose writing was interrupted."""
    return sorted({path.parent.parent.name for path in Path(data_dir).glob("*/[0-9]*/dataset_info.json")})


def is_data_set(name: str, data_dir: str | os.PathLike | None = None) -> bool:
    """Whether a data set of a name is prepared, or published and to be prepared."""
    return name in PUBLISHED or name in prepared_datasets(resolve_data_dir(data_dir))


def check_prepared(dataset: str, data_dir: Path) -> Path:
    """Returns the folder of a data set.

    Raises:
        ValueError: The data set is unknown or not prepared.
    """
    prepared = prepared_datasets(data_dir)
    if dataset not in prepared:
        checks.known(dataset, {*prepared, *PUBLISHED}, "data set")
        raise ValueError(
            f"Data set {dataset!r} is not prepared in {data_dir}. "
            f"Run: latent_xlate_prepare_data --dataset={dataset} --data_dir={data_dir}"
        )
    return data_dir / dataset


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silences TFDS, which would log its progress and warn that a data set does not exist before it writes it."""
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)


def load(
    dataset: str, split: str, data_dir: str | os.PathLike | None = None, kind: type[Modality] | None = None
) -> Labelled:
    """Reads a prepared data set.

    Args:
        dataset: Name of a TFDS data set of labelled instances, prepared by `prepare_data`.
        split: "train", "validation" (the stored one, else cut from the training instances) or "test".
        data_dir: Folder of TFDS data sets; None for the default.
        kind: The modality that the data must have; None for any.

    Returns:
        The split's instances in canonical order, on disk.

    Raises:
        OSError: The disk has no room for the instances.
        ValueError: There is no such split, the data set is unknown, not prepared, of another kind or damaged, or its
            content is not that of the published data set of its name.
    """
    checks.known(split, SPLITS, "split")
    if split == "test" or has_validation(dataset, data_dir):
        return read_split(dataset, split, data_dir, kind)
    return cut_validation(read_split(dataset, "train", data_dir, kind), split)


@quiet()
def has_validation(dataset: str, data_dir: str | os.PathLike | None = None) -> bool:
    """Whether a prepared data set has a validation split of its own, so that none is cut from its training instances.

    Raises:
        ValueError: The data set is unknown or not prepared.
    """
    data_dir = resolve_data_dir(data_dir)
    check_prepared(dataset, data_dir)
    try:
        return "validation" in tfds.builder(dataset, data_dir=data_dir).info.splits
    except Exception:  # Damaged data raise many kinds of exceptions, which `read_split` names.
        return False


@quiet()
def read_split(
    dataset: str, split: str, data_dir: str | os.PathLike | None = None, kind: type[Modality] | None = None
) -> Labelled:
    """Reads one split as it is stored; "train" includes the validation instances if these have no split. See `load`."""
    data_dir = resolve_data_dir(data_dir)
    folder = check_prepared(dataset, data_dir)
    try:
        builder = tfds.builder(dataset, data_dir=data_dir)
        modality = tfds_features.modality_of(builder.info, _metadata(builder))
        if kind is not None and modality.kind != kind.kind:
            raise ValueError(f"it is of {modality.noun}s")
        content, labels = tfds_features.read(builder, split, modality)
        data = Labelled(content, labels, tuple(builder.info.features["label"].names), modality)
    except Exception as error:  # Damaged and unsuitable data raise many kinds of exceptions.
        if files.disk_error(error) in files.FULL:
            raise
        wanted = f"labelled {kind.noun if kind else 'instance'}s"
        raise ValueError(
            f"Data set {dataset!r} in {folder} cannot be read ({reason(error)}): it is damaged, "
            f"or has no {wanted} of one size split into train and test. {PREPARE_AGAIN}"
        ) from None
    data, checksum = in_canonical_order(data)
    check_content(dataset, split, checksum, folder, PREPARE_AGAIN)
    return data


def _metadata(builder: tfds.core.DatasetBuilder) -> dict[str, Any]:
    """Reads the metadata that `tfds_sets.store` wrote; empty for data sets that TFDS itself prepared."""
    path = Path(builder.data_dir) / "metadata.json"
    return json.loads(path.read_text()) if path.is_file() else {}
