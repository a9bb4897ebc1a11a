"""Images as latents of their own, for models that translate images, and their pairs of one class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE, training
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.image.image_classifier import ImageClassifier
from latent_xlate.domains.image.image_domain import ImageDomain
from latent_xlate.latents.batches import make_sampler
from latent_xlate.modalities.image import Image
from latent_xlate.randomness import hash_of_stream


class Pixels:
    """What stands in the place of a VAE: encodes an image as its own pixels.

    Attributes:
        image_shape: (height, width, channels).
        latent_dim: Number of values in an image.
    """

    def __init__(self, image_shape: Sequence[int]):
        """Sets the attributes."""
        self.image_shape = tuple(image_shape)
        self.latent_dim = math.prod(self.image_shape)

    def encode(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The values of images [batch, *image_shape] as [batch, latent_dim], and a sigma of zero."""
        z = tf.reshape(x, [-1, self.latent_dim])
        return z, tf.zeros_like(z)

    def decode(self, z: tf.Tensor) -> tf.Tensor:
        """The images [batch, *image_shape] of values [batch, latent_dim]."""
        return tf.reshape(z, [-1, *self.image_shape])


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class PixelDomain(ImageDomain):
    """A domain of images without a generative model: a latent is the image itself, flat.

    With it a translator of images is a `Translator` like any other. Its name, its judge and all else
    are those of the domain that it is made of, so that results can be laid beside one another.

    Example:
        domain = PixelDomain.of(pretrained.load("mnist"))
    """

    has_prior = False

    def __init__(self, name: str, image_shape: Sequence[int], classifier: ImageClassifier | None = None, **kwargs):
        """Makes the domain.

        Args:
            name: As `ImageDomain` takes it.
            image_shape: (height, width, channels).
            classifier: Judges; None where there is none.
            **kwargs: Passed to `ImageDomain`.
        """
        super().__init__(name, Pixels(image_shape), classifier, **kwargs)  # type: ignore[arg-type]

    @classmethod
    def of(cls, domain: Domain) -> PixelDomain:
        """The same images, as latents of their own.

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


def make_image_pairs(data: Sequence[Labelled], num_classes: int, seed: int) -> training.MakeBatch:
    """Pairs of images of one class, as the baselines of images take them.

    Each class of each domain has shuffled epochs of its own; the classes take turns, the same in both
    domains, so that row i of a batch is an image and any image of the same class.

    Args:
        data: Each domain's images.
        num_classes: Number of classes.
        seed: Of the order.

    Returns:
        Function of positions in the stream of pairs: float32 [n, height * width * channels] in [0, 1] of
        each domain.

    Raises:
        ValueError: A domain without images, a label out of range, or a class without images.
    """
    samplers = [
        make_sampler(of.labels, num_classes, "balanced", f"domain {index}", hash_of_stream(seed, index))
        for index, of in enumerate(data)
    ]
    stored = [tf.constant(of.content.reshape(len(of), -1)) for of in data]

    def make_batch(positions):
        return tuple(
            tf.cast(tf.gather(pixels, sample(positions)), tf.float32) / 255.0
            for sample, pixels in zip(samplers, stored, strict=True)
        )

    return make_batch
