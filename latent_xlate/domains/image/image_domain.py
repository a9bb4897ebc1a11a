"""Images as a domain: a VAE and a judge; it reads PNG, JPEG, GIF and BMP files and writes PNG files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.image.conv_classifier import ConvClassifier
from latent_xlate.domains.image.conv_vae import ConvVAE
from latent_xlate.domains.image.image_classifier import ImageClassifier
from latent_xlate.domains.image.image_vae import ImageVAE
from latent_xlate.domains.image.vae import VAE
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
        vae: VAE,
        classifier: ImageClassifier | ConvClassifier | None = None,
        class_names: tuple[str, ...] = (),
        invert: str = "auto",
        dataset: str | None = None,
        framing: str = "letterbox",
    ):
        """Makes the domain.

        Args:
            name: Lower-case letters, digits and underscores.
            vae: Encodes and decodes: an `ImageVAE` or a `ConvVAE`.
            classifier: The judge, an `ImageClassifier` or a `ConvClassifier`; None if there is no judge.
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
        self.num_measured = vae.num_measured if isinstance(vae, ConvVAE) else 0
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
            "vae": _network_config(self.vae),
            "classifier": _network_config(self.classifier) if self.classifier is not None else None,
            "class_names": list(self.class_names),
            "invert": self.modality.invert,
            "framing": self.modality.framing,
            "dataset": self.dataset,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> ImageDomain:
        config = dict(config)
        vae, classifier = config.pop("vae"), config.pop("classifier")
        return cls(
            vae=_make_network(vae, "ImageVAE"),
            classifier=_make_network(classifier, "ImageClassifier") if classifier is not None else None,
            **config,
        )


_NETWORKS: Mapping[str, type[keras.Model]] = {
    kind.__name__: kind for kind in (ImageVAE, ConvVAE, ImageClassifier, ConvClassifier)
}


def _network_config(network: keras.Model) -> dict[str, Any]:
    """The configuration of a network, with the name of its class."""
    return {"kind": type(network).__name__} | network.get_config()


def _make_network(config: Mapping[str, Any], kind: str) -> Any:
    """Makes and builds the network of a configuration; of class `kind` where it names none, as it did earlier."""
    config = {"kind": kind} | dict(config)
    network = _NETWORKS[config.pop("kind")].from_config(config)
    network.build()
    return network
