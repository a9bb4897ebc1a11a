"""Writing of data sets in the form of TFDS, from `Labelled` or by TFDS's own download."""

from __future__ import annotations

import contextlib
import io
import os
import queue
import threading
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
import tensorflow as tf
import tensorflow_datasets as tfds
from tensorflow_datasets.core import shuffle

from latent_xlate import files
from latent_xlate.checks import reason
from latent_xlate.data import (
    sc09,  # noqa: F401 - registers the data set with TFDS
    spoken_digit,
    spoken_digit_ar,
    tfds_features,
)
from latent_xlate.data.checksums import CHECKSUMS
from latent_xlate.data.labelled import Splits
from latent_xlate.data.stored import quiet

NETWORK_TIMEOUT = 10.0
"""Seconds to wait for a host's first answer."""

# TFDS sorts a split by random keys as it writes it. By default it takes a gigabyte of memory before it sorts on disk,
# where it then opens as many files as some systems allow. The order does not depend on either number.
shuffle.MAX_MEM_BUFFER_SIZE = 64 << 20
shuffle.BUCKETS_NUMBER = 100


def store(dataset: str, splits: Splits, data_dir: str | os.PathLike) -> None:
    """Stores splits of labelled data with their modality as a TFDS data set, and shows the progress.

    Args:
        dataset: Name of the data set; a published data set of images gets TFDS's own version and class names.
        splits: "train" and "test", and maybe "validation".
        data_dir: Folder of TFDS data sets.

    Raises:
        ValueError: TFDS has another data set of that name, or the files cannot be written.
    """
    if dataset in CHECKSUMS:
        builder = tfds.builder(dataset, data_dir=data_dir)
        version, features = str(builder.version), builder.info.features
    elif _is_registered(dataset):
        raise ValueError(f"TFDS has a data set {dataset!r} of its own: give yours another --dataset name.")
    else:
        version, features = "1.0.0", tfds_features.features_of(splits["train"])
    examples = {split: tfds_features.examples(data) for split, data in splits.items()}
    metadata = {tfds_features.METADATA: splits["train"].modality.get_config()}
    _write(dataset, version, features, examples, data_dir, metadata)


def store_spoken_digit(recordings: spoken_digit.Recordings, data_dir: str | os.PathLike) -> None:
    """Stores recordings of the Free Spoken Digit Dataset in the form of TFDS's own builder; see `store`."""
    builder = tfds.builder(spoken_digit.NAME, data_dir=data_dir)
    splits = {"train": spoken_digit.examples(recordings)}
    _write(spoken_digit.NAME, str(builder.version), builder.info.features, splits, data_dir)


class _Builder(tfds.dataset_builders.AdhocBuilder, skip_registration=True):  # type: ignore[call-arg]
    """TFDS's builder of data in memory, with metadata."""

    def __init__(self, metadata: Mapping[str, Any], **options: Any):
        self._metadata = metadata
        super().__init__(**options)

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self, features=self._feature_spec, metadata=tfds.core.MetadataDict(self._metadata)
        )


@quiet()
def _write(
    dataset: str,
    version: str,
    features: tfds.features.FeaturesDict,
    splits: Mapping[str, Iterable[tuple[Any, dict[str, Any]]]],
    data_dir: str | os.PathLike,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # TFDS prints the size before it knows it.
            builder = _Builder(
                metadata or {},
                name=dataset,
                version=version,
                features=features,
                split_datasets=splits,
                data_dir=data_dir,
            )
            builder.download_and_prepare()
    except (OSError, RuntimeError, tf.errors.OpError) as error:  # TFDS turns TensorFlow's errors into RuntimeErrors.
        number = files.disk_error(error)
        cause = os.strerror(number) if number else reason(error)
        raise ValueError(
            f"Data set {dataset!r} cannot be written to {data_dir} ({cause}): "
            "make room there and run the same command again, or give another --data_dir."
        ) from None


@quiet()
def download(dataset: str, data_dir: str | os.PathLike) -> None:
    """Downloads and prepares a data set of TFDS; fails within seconds if there is no network.

    Args:
        dataset: Name of a TFDS data set of labelled images of one size, or of labelled recordings.
        data_dir: Folder of TFDS data sets.

    Raises:
        ValueError: TFDS has no such data set, its hosts do not answer, or the download fails.
    """
    if dataset == spoken_digit_ar.NAME:
        raise ValueError(
            f"TFDS has no data set {dataset!r}: download it from its authors and take --source=local with --raw_dir."
        )
    if not _is_registered(dataset):
        raise ValueError(f"TFDS has no data set {dataset!r}.")
    builder = tfds.builder(dataset, data_dir=data_dir)
    if builder.builder_config is not None or not _is_labelled(dict(builder.info.features.items())):
        raise ValueError(f"TFDS's data set {dataset!r} has no labelled images of one size, nor labelled recordings.")
    try:
        _ask_hosts(builder.url_infos or [])
        builder.download_and_prepare()
    except Exception as error:  # Requests, TFDS and the operating system each raise their own exceptions.
        others = ", or take --source=packages" if dataset in CHECKSUMS else ""
        others += ", or take --source=local with --raw_dir" if dataset in (*CHECKSUMS, spoken_digit.NAME) else ""
        raise ValueError(f"TFDS cannot download {dataset!r} ({reason(error)}). Try again later{others}.") from None


def _ask_hosts(urls: Iterable[str]) -> None:
    """Requests one file from each host, since TFDS itself would try for minutes without a network."""
    answers: queue.SimpleQueue[str] = queue.SimpleQueue()

    def ask(host: str, url: str) -> None:
        try:
            with requests.get(url, stream=True, timeout=NETWORK_TIMEOUT) as response:
                answers.put("" if response.ok else f"{host} answers {response.status_code} {response.reason}")
        except requests.RequestException as error:
            answers.put(f"{host} cannot be reached, {type(error).__name__}")

    hosts = {urlsplit(url).netloc: url for url in urls}
    for host, url in hosts.items():
        # Daemon threads, since the time-out of requests applies to each address of a host, and not to DNS.
        threading.Thread(target=ask, args=(host, url), daemon=True).start()
    for _ in hosts:
        try:
            failure = answers.get(timeout=NETWORK_TIMEOUT)
        except queue.Empty:
            failure = f"no answer in {NETWORK_TIMEOUT:.0f} s"
        if failure:
            raise OSError(failure)


def _is_labelled(features: Mapping[str, Any]) -> bool:
    image, audio = features.get("image"), features.get("audio")
    usable = (isinstance(image, tfds.features.Image) and None not in image.shape) or (
        isinstance(audio, tfds.features.Audio) and audio.sample_rate is not None and len(audio.shape) == 1
    )
    return usable and isinstance(features.get("label"), tfds.features.ClassLabel)


def _is_registered(dataset: str) -> bool:
    try:
        tfds.builder_cls(dataset)
    except tfds.core.DatasetNotFoundError:
        return False
    return True
