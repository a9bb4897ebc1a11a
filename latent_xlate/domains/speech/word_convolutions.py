"""The convolutions with which words are told apart and encoded."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from latent_xlate.domains.speech.telephone_spectrogram import SHAPE

LAYERS = ((1, 2, 5), (2, 2, 3), (2, 1, 3), (4, 2, 3), (4, 1, 3))
"""Of each convolution: channels as a multiple of `filters`, stride, and size of the kernel."""


class WordConvolutions:
    """Five convolutions over the spectrogram of `telephone_spectrogram`, each before a batch norm and a ReLU.

    It is a part of a Keras model, which keeps `layers`, and no model of its own.
    """

    def __init__(self, filters: int, dtype: Any):
        """Makes the layers; `build` makes their variables.

        Args:
            filters: Number of filters of the first convolution.
            dtype: Keras dtype policy.
        """
        self.convs = [
            keras.layers.Conv2D(filters * width, size, stride, padding="same", use_bias=False, dtype=dtype)
            for width, stride, size in LAYERS
        ]
        self.norms = [keras.layers.BatchNormalization(dtype=dtype) for _ in LAYERS]

    @property
    def layers(self) -> list[keras.layers.Layer]:
        """The layers, in the order in which they compute."""
        return [layer for pair in zip(self.convs, self.norms, strict=True) for layer in pair]

    def build(self) -> tuple[int, int, int]:
        """Makes the variables; returns the shape of a result, (frames, bands, channels)."""
        shape: Any = (None, *SHAPE)
        for conv, norm in zip(self.convs, self.norms, strict=True):
            conv.build(shape)
            shape = conv.compute_output_shape(shape)
            norm.build(shape)
        return shape[1:]

    def __call__(self, spectrogram: tf.Tensor, training: bool) -> tf.Tensor:
        """Activations of the last layer, float32 [batch, frames, bands, channels], of [batch, *SHAPE]."""
        h = spectrogram
        for conv, norm in zip(self.convs, self.norms, strict=True):
            h = tf.nn.relu(norm(conv(h), training=training))
        return tf.cast(h, tf.float32)
