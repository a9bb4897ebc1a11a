"""Images as a domain: a VAE and a judge; it reads PNG, JPEG, GIF and BMP files and writes PNG files."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.image.image_classifier import ImageClassifier
from latent_xlate.domains.image.image_vae import ImageVAE
from latent_xlate.modalities.image import Image


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class ImageDomain(Domain):
    """Small grey or colour images, bright on dark like those of MNIST.

    Example:
        domain = ImageDomain("mnist", vae, classifier, class_names=[str(digit) for digit in range(10)])
        mu, sigma = domain.encode(images)
        png = domain.write(domain.decode(mu))
    """

    modality: Image

    def __init__(
        self,
        name: str,
        vae: ImageVAE,
        classifier: ImageClassifier | None = None,
        class_names: tuple[str, ...] = (),
        invert: str = "auto",
        dataset: str | None = None,
        framing: str = "letterbox",
    ):
        """Makes the domain.

        Args:
            name: Lower-case letters, digits and underscores.
            vae: Encodes and decodes.
            classifier: The judge; None if there is no judge.
            class_names: Names of the classes, by label.
            invert: Whether reading a file inverts the image, from dark on bright to bright on dark: "auto" (if its
                corners are bright), "never" or "always".
            dataset: Name of the data set that the models were trained on; None for `name`.
            framing: How reading a file frames the picture; one of `framing.FRAMINGS`.

        Raises:
            ValueError: A bad name, `invert` or `framing`, or a classifier for another shape of images.
        """
        height, width, channels = vae.image_shape
        super().__init__(name, Image(height, width, channels, invert, framing), class_names, dataset)
        self.vae = vae
        self.classifier = classifier
        self.has_classifier = classifier is not None
        if classifier is not None and classifier.image_shape != vae.image_shape:
            raise ValueError(
                f"The VAE's images are {vae.image_shape}, the classifier's {classifier.image_shape}: they must agree."
            )

    @property
    def latent_dim(self) -> int:
        return self.vae.latent_dim

    @property
    def networks(self) -> dict[str, keras.Model]:
        return {"vae": self.vae} | ({"classifier": self.classifier} if self.has_classifier else {})

    def encode(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return self.vae.encode(x)

    def decode(self, z: tf.Tensor) -> tf.Tensor:
        return self.vae.decode(z)

    def classify(self, x: tf.Tensor) -> tf.Tensor:
        return super().classify(x) if self.classifier is None else self.classifier(x)

    def features(self, x: tf.Tensor) -> tf.Tensor:
        return super().features(x) if self.classifier is None else self.classifier.features(x)

    def judge(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return super().judge(x) if self.classifier is None else self.classifier.judge(x)

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "vae": self.vae.get_config(),
            "classifier": self.classifier.get_config() if self.classifier is not None else None,
            "class_names": list(self.class_names),
            "invert": self.modality.invert,
            "framing": self.modality.framing,
            "dataset": self.dataset,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> ImageDomain:
        config = dict(config)
        vae = ImageVAE.from_config(config.pop("vae"))
        vae.build()
        classifier = config.pop("classifier")
        if classifier is not None:
            classifier = ImageClassifier.from_config(classifier)
            classifier.build()
        return cls(vae=vae, classifier=classifier, **config)
