"""The common part of the rivals that are fitted to latents at once rather than trained step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import tensorflow as tf

from latent_xlate import checks, training_steps
from latent_xlate.bridge.bridge import Bridge
from latent_xlate.data.labelled import UNLABELLED
from latent_xlate.latents.batches import described
from latent_xlate.latents.latents import Latents


class FittedBridge(Bridge):
    """A bridge between two domains whose variables hold what `fit_latents` finds in their latents.

    Subclasses make their variables when they are made, implement `fit_latents`, and `across` or a shared latent.

    Attributes:
        num_classes: Number of classes, which the domains share.
        uses_labels: Whether labels are used.

    Example:
        model = AffineBridge.of([digits, clothes], num_classes=10, ridge=0.01)
        z_fashion = model.translate(z_digit, source=0, target=1)
    """

    uses_labels: bool = True

    def __init__(self, latent_dims: Sequence[int], num_classes: int, seed: int, **kwargs: Any) -> None:
        """Makes the model without its variables.

        Args:
            latent_dims: Size of each of the two domains' latents.
            num_classes: Number of classes.
            seed: Seed of all that is random in fitting.
            **kwargs: Passed to `keras.Model`.

        Raises:
            ValueError: Not two domains, or no class.
        """
        super().__init__(**kwargs)
        if len(latent_dims) != 2:
            raise ValueError(f"A {type(self).__name__} joins two domains, not {len(latent_dims)}.")
        checks.at_least(num_classes, 1, "num_classes")
        self.latent_dims = tuple(latent_dims)
        self.num_classes = num_classes
        self.seed = seed
        self.built = True  # Subclasses make their variables at once.

    def build(self, input_shape: Any = None) -> None:
        pass

    @classmethod
    def of(cls, latents: Sequence[Latents], num_classes: int, **options: Any) -> Self:
        """Makes a model and fits it.

        Args:
            latents: Each domain's.
            num_classes: Number of classes.
            **options: Further arguments of the class.

        Raises:
            ValueError: Not two domains, or as in `chosen`.
        """
        chosen = cls.chosen(latents, num_classes)
        model = cls(num_classes=num_classes, **cls.sizes(chosen), **options)
        model.fit_latents(chosen)
        return model

    @classmethod
    def chosen(cls, latents: Sequence[Latents], num_classes: int, names: Sequence[str] = ()) -> list[Latents]:
        """The latents that the class is fitted to: those with a label, or all of them without their labels.

        Args and errors are those of `labelled`.
        """
        if cls.uses_labels:
            return labelled(latents, num_classes, names)
        return [own.with_labels_of(np.empty(0, np.intp)) for own in latents]

    @classmethod
    def sizes(cls, latents: Sequence[Latents]) -> dict[str, Any]:
        """The arguments of the class that are sizes of the latents that it is fitted to."""
        return {"latent_dims": [own.mu.shape[1] for own in latents]}

    def fit_latents(self, latents: Sequence[Latents]) -> None:
        """Fits the variables, as a function of the latents and the seed alone.

        Args:
            latents: Each domain's, as `chosen` gives them.
        """
        raise NotImplementedError(f"{type(self).__name__} is not fitted to latents.")

    def make_batches(self, latents: Sequence[Latents]) -> training_steps.MakeBatch | None:
        """Batches for what is trained step by step after `fit_latents`, which takes the same; None for nothing."""
        del latents
        return None

    def across(self, z: tf.Tensor, source: int) -> tf.Tensor:
        """Latents of one domain, [batch, latent_dims[source]], as those of the other."""
        raise NotImplementedError(f"{type(self).__name__} does not translate.")

    def translate(self, z: tf.Tensor, source: int, target: int, noise: tf.Tensor | None = None) -> tf.Tensor:
        """As `Bridge.translate`; without a shared latent, translation to the source itself goes there and back."""
        if self.shared_dim:
            return super().translate(z, source, target, noise)
        there = self.across(z, source)
        return there if source != target else self.across(there, 1 - source)

    def call(self, inputs: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Translates latents of both domains, [z of the first, z of the second], each into the other's."""
        return [self.translate(z, source, 1 - source) for source, z in enumerate(inputs)]

    def get_config(self) -> dict[str, Any]:
        own = {"latent_dims": self.latent_dims, "num_classes": self.num_classes, "seed": self.seed}
        return super().get_config() | own


def labelled(latents: Sequence[Latents], num_classes: int, names: Sequence[str] = ()) -> list[Latents]:
    """The labelled ones of each domain's latents.

    Args:
        latents: Each domain's, -1 where unlabelled.
        num_classes: Number of classes.
        names: Names of the domains, for error messages; without them these have their numbers.

    Raises:
        ValueError: A label is out of range, or a class has no labelled latent in a domain.
    """
    known = [own.take(own.labels != UNLABELLED) for own in latents]
    for index, own in enumerate(known):
        checks.class_labels(own.labels, num_classes, f"labels of {described(names, index)}")
        counts = np.bincount(own.labels, minlength=num_classes)
        if not counts.all():
            lacking = int(np.argmin(counts))
            raise ValueError(
                f"Class {lacking} has no labelled instance in {described(names, index)}: label one at least."
            )
    return known


def class_means(latents: Latents, num_classes: int) -> np.ndarray:
    """Mean latent of each class, float64 [num_classes, latent_dim]."""
    return np.stack(
        [latents.mu[latents.labels == label].mean(axis=0, dtype=np.float64) for label in range(num_classes)]
    )


def balanced_weights(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Weights of instances, float64 [n], of which those of each class have the same sum; all sum to 1."""
    return 1.0 / (num_classes * np.bincount(labels, minlength=num_classes)[labels])
