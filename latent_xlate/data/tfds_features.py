"""Storage of instances of each modality in TFDS data sets.

The feature has the name of the modality's kind. A kind without an entry in the table below is stored as a tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from latent_xlate.data import disk_arrays, spoken_digit
from latent_xlate.data.labelled import BATCH_SIZE, Labelled
from latent_xlate.modalities import modality as modalities
from latent_xlate.modalities.audio import Audio
from latent_xlate.modalities.audio_files import to_slice
from latent_xlate.modalities.image import Image
from latent_xlate.modalities.modality import Modality

METADATA = "modality"
"""Key of the modality's configuration in a data set's metadata."""

_FEATURES: dict[str, Callable[[Any], tfds.features.FeatureConnector]] = {
    Image.kind: lambda image: tfds.features.Image(shape=image.shape),
    Audio.kind: lambda audio: tfds.features.Audio(
        shape=audio.shape, sample_rate=audio.sample_rate, dtype=audio.stored_dtype
    ),
}


def features_of(data: Labelled) -> tfds.features.FeaturesDict:
    """Returns the TFDS features of a data set that stores `data`."""
    modality = data.modality
    make = _FEATURES.get(modality.kind)
    content = make(modality) if make else tfds.features.Tensor(shape=modality.shape, dtype=modality.stored_dtype)
    return tfds.features.FeaturesDict(
        {modality.kind: content, "label": tfds.features.ClassLabel(names=data.class_names)}
    )


def examples(data: Labelled) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields keys and examples in the form that TFDS stores."""
    kind = data.modality.kind
    records = tf.data.Dataset.from_generator(
        lambda: ((part.content, part.labels) for part in data.batches()),
        output_signature=(
            tf.TensorSpec([None, *data.content.shape[1:]], data.content.dtype),
            tf.TensorSpec([None], data.labels.dtype),
        ),
    ).unbatch()
    if kind == Image.kind:
        # TFDS would encode one image at a time, which takes five times as long.
        records = records.map(lambda x, label: (tf.io.encode_png(x), label), num_parallel_calls=tf.data.AUTOTUNE)
    key = 0
    for batch, labels in records.batch(BATCH_SIZE).as_numpy_iterator():
        for x, label in zip(batch, labels, strict=True):
            yield key, {kind: x, "label": label}
            key += 1


def modality_of(info: tfds.core.DatasetInfo, metadata: Mapping[str, Any]) -> Modality:
    """Returns the modality of a data set, from its metadata or else with default settings.

    Raises:
        ValueError: The data are of no registered kind, or their shape does not fit their kind.
    """
    if METADATA in metadata:
        return modalities.from_config(metadata[METADATA])
    for kind in modalities.kinds():
        if kind.kind in info.features:
            shape = info.features[kind.kind].shape
            modality = Audio() if kind is Audio else kind.of_shape(shape)  # Recordings may have any length and rate.
            if modality is not None:
                return modality
    raise ValueError(f"its features are {', '.join(info.features)}")


def read(builder: tfds.core.DatasetBuilder, split: str, modality: Modality) -> tuple[np.ndarray, np.ndarray]:
    """Reads the content and the labels of a split, in the form of `Labelled`."""
    if isinstance(modality, Audio):
        return _read_recordings(builder, split, modality)
    config = tfds.ReadConfig(try_autocache=False, skip_prefetch=True)  # Both would keep instances in memory.
    labels = []

    def content() -> Iterator[np.ndarray]:
        for batch in tfds.as_numpy(builder.as_dataset(split=split, batch_size=BATCH_SIZE, read_config=config)):
            labels.append(batch["label"])
            yield batch[modality.kind]

    feature = builder.info.features[modality.kind]
    written = disk_arrays.write(content(), feature.shape, feature.np_dtype)
    return written, np.concatenate([np.zeros(0, np.int64), *labels])


def _read_recordings(builder: tfds.core.DatasetBuilder, split: str, modality: Audio) -> tuple[np.ndarray, np.ndarray]:
    rate, into = builder.info.features[modality.kind].sample_rate, (modality.num_samples, modality.sample_rate)
    # TFDS's spoken_digit has a single split; the names of its files say which recordings are for testing.
    undivided = builder.name == spoken_digit.NAME and list(builder.info.splits) == ["train"]
    records = [
        (to_slice(record[modality.kind] / np.float32(32768), rate, *into), record["label"])
        for record in tfds.as_numpy(builder.as_dataset(split="train" if undivided else split))
        if not undivided or spoken_digit.split_of(record["audio/filename"].decode()) == split
    ]
    content = np.reshape([x for x, _ in records], (len(records), *modality.shape)).astype(modality.stored_dtype)
    return content, np.array([label for _, label in records], np.int64)
