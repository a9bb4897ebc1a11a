"""The folder of TFDS data sets, in which everything is stored."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from absl import logging

from latent_xlate import checks

PUBLISHED = ("mnist", "fashion_mnist", "spoken_digit", "sc09")
"""Data sets that are known by name."""

PREPARE_AGAIN = "Remove that folder and prepare it again with latent_xlate_prepare_data."


def resolve_data_dir(data_dir: str | os.PathLike | None = None) -> Path:
    """Where data sets are kept: `data_dir`, else the environment variable TFDS_DATA_DIR, else TFDS's own default."""
    return Path(data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()


def prepared_datasets(data_dir: str | os.PathLike) -> list[str]:
    """Names of the data sets in a folder of TFDS data sets; those that were cut while being written do not count."""
    return sorted({path.parent.parent.name for path in Path(data_dir).glob("*/[0-9]*/dataset_info.json")})


def check_prepared(dataset: str, data_dir: Path) -> Path:
    """Returns the folder of a data set, or raises ValueError if it is unknown or not prepared."""
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
    """Keeps TFDS from logging what it does, and from warning that what it is to write is not there yet."""
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
