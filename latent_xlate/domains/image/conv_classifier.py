"""A convolutional classifier of pictures in grey or colour, the judge of a domain with a `ConvVAE`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.domains.classifier import Classifier
from latent_xlate.domains.image.convolutions import MAX_FACTOR, apply, halving_stack
from latent_xlate.domains.image.measurements import framed, measurements, with_contrast


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class ConvClassifier(Classifier):
    """A residual network of convolutions, a fully connected layer, and an affine map to the logits.

    The network sees the frame of the picture's figure (see `measurements`), in which places and sizes are alike. The
    fully connected layer therefore knows where in the figure it sees what. With the mean over all places instead, more
    steps are needed for the same accuracy.

    Example:
        classifier = ConvClassifier((64, 64, 3), num_classes=3)
        classifier.compile(optimizer=FusedAdam(3e-3))
        classifier.fit(images, labels)
        logits = classifier(images)
        features = classifier.features(images)
    """

    def __init__(
        self,
        image_shape: Sequence[int] = (64, 64, 3),
        num_classes: int = 10,
        width: int = 16,
        label_smoothing: float = 0.1,
        **kwargs: Any,
    ):
        """Makes the model; variables come with `build`.

        Args:
            image_shape: (height, width, channels): multiples of 8, and 1 or 3.
            num_classes: Number of logits.
            width: Channels of the largest maps; features are four times as many.
            label_smoothing: Share of each label's probability that training gives to all classes alike.
            **kwargs: Passed to `keras.Model`.

        Raises:
            ValueError: The shape fits no convolutional model.
        """
        # Autocasting would round what is measured.
        super().__init__(num_classes, autocast=False, **kwargs)
        self.image_shape = tuple(image_shape)
        self.width = width
        self.label_smoothing = label_smoothing
        self.body = halving_stack(self.image_shape, width, "body", self.dtype_policy)
        self.hidden = keras.layers.Dense(MAX_FACTOR * width, activation="silu", dtype="float32", name="hidden")
        self.logits = keras.layers.Dense(num_classes, dtype="float32", name="logits")

    def build(self, input_shape: Any = None) -> None:
        self.body.build((None, *self.image_shape[:2], self.image_shape[-1] + 1))
        self.hidden.build((None, math.prod(self.body.output_shape[1:])))
        self.logits.build((None, self.hidden.units))
        self.built = True

    def features(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Output of the fully connected layer, on which FID and KID are computed.

        Args:
            x: [batch, *image_shape], in [0, 1].
            training: Without effect: layers behave as in training.

        Returns:
            float32 [batch, 4 width].
        """
        x = tf.cast(tf.reshape(x, [-1, *self.image_shape]), tf.float32)
        maps = apply(self.body, framed(with_contrast(x), measurements(x)))
        return self.hidden(tf.reshape(maps, [-1, math.prod(maps.shape[1:])]))

    def _entropy(self, labels: tf.Tensor, logits: tf.Tensor, training: bool) -> tf.Tensor:
        entropy = super()._entropy(labels, logits, training)
        if not training:
            return entropy
        to_all = -tf.reduce_mean(tf.nn.log_softmax(logits), axis=-1)
        return entropy + self.label_smoothing * (to_all - entropy)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "image_shape": self.image_shape,
            "width": self.width,
            "label_smoothing": self.label_smoothing,
        }
