"""Predictions of a domain's judge for data generated from latents, one batch at a time."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

import numpy as np
import scipy.special
import tensorflow as tf

from latent_xlate.batching import as_graph, in_batches
from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.domains.domain import Domain


@dataclasses.dataclass(frozen=True)
class Predictions:
    """A judge's output for n instances.

    Attributes:
        logits: float32 [n, classes].
        features: Activations below the logits, float32 [n, width].
    """

    logits: np.ndarray
    features: np.ndarray

    @property
    def classes(self) -> np.ndarray:
        """The most probable class of each instance, int64 [n]."""
        return self.logits.argmax(axis=1)

    @property
    def probabilities(self) -> np.ndarray:
        """Probability of each class, float32 [n, classes]."""
        return scipy.special.softmax(self.logits, axis=1)

    def take(self, indices: np.ndarray | slice) -> Predictions:
        """The predictions for the instances at `indices`: integers, booleans [n] or a slice."""
        return Predictions(self.logits[indices], self.features[indices])


def labels_or_judged(labels: np.ndarray, judged: Predictions | None) -> np.ndarray:
    """Returns labels, integers [n], and the judge's classes in place of those that are -1 if there is a judge."""
    return labels if judged is None else np.where(labels == UNLABELLED, judged.classes, labels)


def predictor(domain: Domain, generate: Callable[..., tf.Tensor]) -> Callable[..., Predictions]:
    """Returns a function that generates data and lets a domain's judge classify them, as one graph.

    Args:
        domain: A domain with a classifier.
        generate: Takes tensors [batch, ...] and returns data of the domain, float32 [batch, *data_shape].

    Returns:
        A function that takes one array [n, ...] for each argument of `generate`.
    """
    # A closure would share its code with those of other domains; TensorFlow counts graphs by code and warns of many.
    graph = as_graph(functools.partial(_judge, domain, generate))
    return lambda *arrays: Predictions(*in_batches(graph, *arrays, batch_size=domain.batch_size))


def _judge(domain: Domain, generate: Callable[..., tf.Tensor], *batches: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return domain.judge(generate(*batches))
