"""Images as their own latents, for baselines that translate images, and pairs of images of one class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE, training_steps
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.image.image_classifier import ImageClassifier
from latent_xlate.domains.image.image_domain import ImageDomain
from latent_xlate.latents.batches import described, make_sampler
from latent_xlate.modalities.image import Image
from latent_xlate.randomness import hash_of_stream


class Pixels:
    """Stands in for a VAE: encodes an image as its own pixels.

    Attributes:
        image_shape: (height, width, channels).
        latent_dim: Number of values in an image.
    """

    def __init__(self, image_shape: Sequence[int]) -> None:
        """Sets the attributes."""
        self.image_shape = tuple(image_shape)
        self.latent_dim = math.prod(self.image_shape)

    def encode(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The pixels of images [batch, *image_shape], [batch, latent_dim], and a sigma of zero."""
        z = tf.reshape(x, [-1, self.latent_dim])
        return z, tf.zeros_like(z)

    def decode(self, z: tf.Tensor) -> tf.Tensor:
        """The images [batch, *image_shape] of pixels [batch, latent_dim]."""
        return tf.reshape(z, [-1, *self.image_shape])


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class PixelDomain(ImageDomain):
    """A domain of images without a generative model: an image's latent is the image itself, flattened.

    With it a model that translates images makes a `Translator` like any other. Its name, judge and data set are those
    of the domain that it is made of, so that their results are comparable.

    Example:
        domain = PixelDomain.of(pretrained.load_domain("mnist"))
    """

    has_prior = False

    def __init__(
        self, name: str, image_shape: Sequence[int], classifier: ImageClassifier | None = None, **kwargs: Any
    ) -> None:
        """Makes the domain.

        Args:
            name: Name of the domain.
            image_shape: (height, width, channels).
            classifier: The judge; None for none.
            **kwargs: Passed to `ImageDomain`.
        """
        super().__init__(name, Pixels(image_shape), classifier, **kwargs)  # type: ignore[arg-type]

    @classmethod
    def of(cls, domain: Domain) -> PixelDomain:
        """The pixel domain of another domain's images.

        Raises:
            ValueError: The domain is not of images, or its judge is not an `ImageClassifier`.
        """
        classifier = domain.networks.get("classifier")
        if domain.modality.kind != Image.kind or not isinstance(classifier, ImageClassifier | None):
            raise ValueError(f"Domain {domain.name!r} is not of images with an ImageClassifier as their judge.")
        return cls(
            domain.name,
            domain.data_shape,
            classifier,
            class_names=domain.class_names,
            invert=domain.modality.get_config()["invert"],
            framing=domain.modality.get_config()["framing"],
            dataset=domain.dataset,
        )

    @property
    def networks(self) -> dict[str, keras.Model]:
        return {"classifier": self.classifier} if self.classifier is not None else {}

    def sample_prior(self, num_samples: int, seed: int = 0) -> tf.Tensor:
        raise ValueError(f"Domain {self.name!r} is of images without a generative model: it has no prior.")

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "image_shape": list(self.data_shape),
            "classifier": self.classifier.get_config() if self.classifier is not None else None,
            "class_names": list(self.class_names),
            "invert": self.modality.invert,
            "framing": self.modality.framing,
            "dataset": self.dataset,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> PixelDomain:
        config = dict(config)
        classifier = config.pop("classifier")
        if classifier is not None:
            classifier = ImageClassifier.from_config(classifier)
            classifier.build()
        return cls(classifier=classifier, **config)


def make_image_pairs(
    data: Sequence[Labelled], num_classes: int, seed: int, names: Sequence[str] = ()
) -> training_steps.MakeBatch:
    """Makes pairs of images of one class, for the baselines of images.

    Each class of each domain has shuffled epochs of its own, and the classes take turns, in the same order in both
    domains, so that rows i of a batch are two images of the same class.

    Args:
        data: Each domain's images.
        num_classes: Number of classes.
        seed: Seed of the order.
        names: Names of the domains, for error messages; without them these have their numbers.

    Returns:
        Function of positions in the endless stream of pairs, int64 [n]: each domain's images, float32
        [n, height * width * channels] in [0, 1].

    Raises:
        ValueError: A domain without images, a label out of range, or a class without images.
    """
    samplers = [
        make_sampler(each.labels, num_classes, "balanced", described(names, index), hash_of_stream(seed, index))
        for index, each in enumerate(data)
    ]
    stored = [tf.constant(each.content.reshape(len(each), -1)) for each in data]

    def make_batch(positions: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return tuple(
            tf.cast(tf.gather(pixels, sample(positions)), tf.float32) / 255.0
            for sample, pixels in zip(samplers, stored, strict=True)
        )

    return make_batch
