"""The judge of one domain for the data of another: pictures of another size are resized."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from latent_xlate.batching import as_graph
from latent_xlate.data import disk_arrays
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains.domain import Domain
from latent_xlate.modalities.image import Image
from latent_xlate.modalities.modality import Modality


@dataclasses.dataclass(frozen=True)
class SharedJudge:
    """A judge that belongs to a domain, for data of a modality.

    Attributes:
        domain: Whose judge it is.
        modality: That of the data to judge.

    Raises:
        ValueError: The domain has no judge, or one of other data.
    """

    domain: Domain
    modality: Modality

    def __post_init__(self) -> None:
        """Checks that they fit."""
        theirs, ours = self.domain.modality, self.modality
        if not self.domain.has_classifier:
            raise ValueError(f"Domain {self.domain.name!r} has no classifier to share.")
        if not _fit(ours, theirs):
            raise ValueError(
                f"The classifier of domain {self.domain.name!r} judges {theirs.noun}s {list(theirs.shape)}, and these "
                f"are {ours.noun}s {list(ours.shape)}: share that of another domain."
            )

    def judge(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Class logits and penultimate activations of data, [batch, *data_shape]."""
        return self.domain.judge(_resized(x, self.domain.data_shape))


def resized_data(data: Labelled, modality: Modality) -> Labelled:
    """Instances of a data set as a modality has them: pictures resized (bilinear) on disk.

    Raises:
        ValueError: They are of another kind, or of other channels.
    """
    shape = data.content.shape[1:]
    if shape == modality.shape:
        return data
    if not _fit(data.modality, modality):
        raise ValueError(
            f"The data set has {data.modality.noun}s {list(shape)}, and the model takes {modality.noun}s "
            f"{list(modality.shape)}: give others."
        )
    resize = as_graph(functools.partial(_resized, shape=modality.shape))

    def parts() -> Iterator[np.ndarray]:
        for part in data.batches():
            yield modality.to_stored(resize(tf.constant(part.floats)).numpy())

    content = disk_arrays.write(parts(), modality.shape, modality.stored_dtype)
    return dataclasses.replace(data, content=content, modality=modality)


def _fit(given: Modality, wanted: Modality) -> bool:
    if isinstance(given, Image) and isinstance(wanted, Image):
        return given.channels == wanted.channels
    return given.kind == wanted.kind and given.shape == wanted.shape


def _resized(x: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    if x.shape[1:] == shape:
        return x
    return tf.image.resize(x, shape[:2], antialias=True)
