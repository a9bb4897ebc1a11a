"""Images as a domain: a VAE, a judge, and PNG, JPEG, GIF or BMP files in and PNG files out."""

from __future__ import annotations

import os
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE, checks
from latent_xlate.data import images
from latent_xlate.domains import image_files
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.image_classifier import ImageClassifier
from latent_xlate.domains.image_vae import ImageVAE

INVERT = ("auto", "never", "always")

LUMINANCE = (0.299, 0.587, 0.114)
"""Weights of red, green and blue. Unlike those of `tf.image.rgb_to_grayscale` they add up to 1: white stays white."""


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class ImageDomain(Domain):
    """Small grey or colour images, bright on a dark ground as MNIST's are.

    Example:
        domain = ImageDomain("mnist", vae, classifier, class_names=[str(digit) for digit in range(10)])
        mu, sigma = domain.encode(images)
        png = domain.write(domain.decode(mu))
    """

    file_suffix = ".png"
    has_pictures = True

    def __init__(
        self,
        name: str,
        vae: ImageVAE,
        classifier: ImageClassifier | None = None,
        class_names: tuple[str, ...] = (),
        invert: str = "auto",
        dataset: str | None = None,
    ):
        """Makes the domain.

        Args:
            name: Lower-case letters, digits, underscores.
            vae: Encodes and decodes.
            classifier: Judges; None where there is none.
            class_names: By label.
            invert: Whether files are turned from dark on bright to bright on dark as they are read:
                "auto" (where their corners are bright), "never" or "always".
            dataset: Name of the data set that the models were trained on; None for `name`.

        Raises:
            ValueError: A bad name or `invert`, or a classifier of images of another shape.
        """
        super().__init__(name, class_names, dataset)
        self.vae = vae
        self.classifier = classifier
        self.invert = checks.known(invert, INVERT, "invert")
        self.has_classifier = classifier is not None
        if classifier is not None and classifier.image_shape != vae.image_shape:
            raise ValueError(f"The VAE's images are {vae.image_shape}, the classifier's {classifier.image_shape}.")

    @property
    def latent_dim(self) -> int:
        return self.vae.latent_dim

    @property
    def data_shape(self) -> tuple[int, ...]:
        return self.vae.image_shape

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

    def check(self, x: np.ndarray) -> np.ndarray:
        return checks.unit_images(x, self.data_shape)

    def read(self, files: tf.Tensor) -> tf.Tensor:
        """Decodes PNG, JPEG, GIF (its first frame) or BMP of any size and colour.

        Images are converted to the domain's channels, laid on a ground that contrasts where they are
        transparent, inverted as `invert` says, and scaled to fit, keeping their proportions. Of a GIF,
        what is transparent is black, as TensorFlow decodes it.

        Args:
            files: string [batch].

        Returns:
            float32 [batch, *data_shape], in [0, 1].

        Raises:
            tf.errors.InvalidArgumentError: A file is no such picture, or too large (see `image_files`).
        """
        signature = tf.TensorSpec(self.data_shape, tf.float32)
        # Not ten at once, as a graph would have it: a large picture fills a gigabyte while it is decoded.
        at_once = 1 if tf.executing_eagerly() else 2
        return tf.map_fn(self._read_one, files, parallel_iterations=at_once, fn_output_signature=signature)

    def _read_one(self, file):
        height, width, channels = self.data_shape
        image = tf.io.decode_image(image_files.check_size(file), dtype=tf.float32, expand_animations=False)
        colour, alpha = _colour_and_alpha(image)
        if channels == 1:
            colour = tf.reduce_sum(colour * LUMINANCE, axis=-1, keepdims=True)
        opaque = tf.reduce_sum(colour * alpha) / tf.maximum(tf.reduce_sum(alpha) * channels, 1e-6)
        ground = tf.cast(opaque < 0.5, tf.float32)
        colour = colour * alpha + ground * (1.0 - alpha)
        dark_on_bright = tf.reduce_mean(_corners(colour)) > 0.5 if self.invert == "auto" else self.invert == "always"
        colour = tf.where(dark_on_bright, 1.0 - colour, colour)
        size = tf.cast(tf.shape(colour)[:2], tf.float32)
        fitting = tf.round(size * tf.reduce_min([height, width] / size))
        scaled = tf.image.resize(colour, tf.maximum(tf.cast(fitting, tf.int32), 1), antialias=True)
        padded = tf.image.resize_with_crop_or_pad(scaled, height, width)
        return tf.ensure_shape(tf.clip_by_value(padded, 0.0, 1.0), self.data_shape)

    def write(self, x: tf.Tensor) -> tf.Tensor:
        """Encodes images as PNG.

        Args:
            x: [batch, *data_shape], in [0, 1].

        Returns:
            string [batch].
        """
        pixels = tf.cast(tf.round(tf.clip_by_value(x, 0.0, 1.0) * 255.0), tf.uint8)
        return tf.map_fn(tf.io.encode_png, pixels, fn_output_signature=tf.TensorSpec([], tf.string))

    def pictures(self, x: tf.Tensor) -> tf.Tensor:
        return x

    def load_data(self, split: str, data_dir: str | os.PathLike | None = None) -> images.LabelledImages:
        return images.load(self.dataset, split, data_dir)

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "vae": self.vae.get_config(),
            "classifier": self.classifier.get_config() if self.classifier is not None else None,
            "class_names": list(self.class_names),
            "invert": self.invert,
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


def _colour_and_alpha(image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Splits an image of 1 to 4 channels, known only at run time, into RGB and opacity."""
    channels = tf.shape(image)[-1]
    has_alpha = channels % 2 == 0
    alpha = tf.where(has_alpha, image[..., -1:], tf.ones_like(image[..., :1]))
    grey = tf.repeat(image[..., :1], 3, axis=-1)
    # Slicing past the end gives fewer channels, so grey images are padded before the choice.
    rgb = tf.concat([image, grey], axis=-1)[..., :3]
    return tf.where(channels <= 2, grey, rgb), alpha


def _corners(image: tf.Tensor) -> tf.Tensor:
    """The four corner patches, each a fourteenth of the image's height and width, at least one pixel."""
    size = tf.maximum(tf.shape(image)[:2] // 14, 1)
    top_and_bottom = tf.concat([image[: size[0]], image[-size[0] :]], axis=0)
    return tf.concat([top_and_bottom[:, : size[1]], top_and_bottom[:, -size[1] :]], axis=1)
