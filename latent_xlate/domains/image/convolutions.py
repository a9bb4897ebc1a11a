"""Convolutional stages between pictures and small maps: the halves of `ConvVAE`, and the body of `ConvClassifier`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE

MULTIPLE = 8
"""Heights and widths of pictures are multiples of this number."""

SMALLEST = 4
"""A picture is not halved further where fewer pixels than these would be left along an axis."""

MAX_FACTOR = 4
"""The stages have at most this multiple of the first one's channels."""

CHANNELS_PER_GROUP = 8
"""Channels that are normalised together."""


def num_stages(image_shape: Sequence[int]) -> int:
    """How often pictures of (height, width, channels) are halved: at least three times.

    Raises:
        ValueError: Height or width is no multiple of 8, or there are neither 1 nor 3 channels.
    """
    height, width, channels = image_shape
    if min(height, width) < MULTIPLE or height % MULTIPLE or width % MULTIPLE or channels not in (1, 3):
        raise ValueError(
            f"Pictures of {height}x{width} pixels and {channels} channels fit no convolutional model: height and width "
            f"must be multiples of {MULTIPLE}, and channels 1 or 3."
        )
    count = 3
    while all(size % 2 ** (count + 1) == 0 and size >= SMALLEST * 2 ** (count + 1) for size in (height, width)):
        count += 1
    return count


def stage_filters(width: int, count: int) -> list[int]:
    """Channels of the maps after each of `count` halvings, the first of which has `width`."""
    return [width * min(2**stage, MAX_FACTOR) for stage in range(count)]


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class NormSiLU(keras.layers.Layer):
    """Group normalisation, then SiLU.

    The statistics are computed in float32 and applied as one scale and one offset a channel, which takes half the time
    of `keras.layers.GroupNormalization` on a CPU.

    Reference: Wu and He (2018), https://arxiv.org/abs/1803.08494.
    """

    def build(self, input_shape: Any) -> None:
        self.filters = input_shape[-1]
        self.groups = max(1, self.filters // CHANNELS_PER_GROUP)
        self.scale, self.offset = (
            self.add_weight(shape=(self.filters,), initializer=start, dtype="float32", autocast=False, name=name)
            for name, start in (("scale", "ones"), ("offset", "zeros"))
        )
        self.built = True

    def call(self, x: tf.Tensor) -> tf.Tensor:
        x32 = tf.cast(x, tf.float32)
        mean, square = (self._of_groups(tf.reduce_mean(value, [1, 2])) for value in (x32, tf.square(x32)))
        scale = self.scale * tf.math.rsqrt(tf.maximum(square - tf.square(mean), 0.0) + 1e-4)
        offset = self.offset - mean * scale
        scale, offset = (tf.cast(value[:, tf.newaxis, tf.newaxis], x.dtype) for value in (scale, offset))
        return tf.nn.silu(x * scale + offset)

    def _of_groups(self, value: tf.Tensor) -> tf.Tensor:
        """The mean of each channel's group, for each channel: [batch, channels] both."""
        size = self.filters // self.groups
        means = tf.reduce_mean(tf.reshape(value, [-1, self.groups, size]), axis=-1, keepdims=True)
        return tf.reshape(tf.tile(means, [1, 1, size]), [-1, self.filters])


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class ResidualBlock(keras.layers.Layer):
    """Adds to a map two 3x3 convolutions of it, each after a group normalisation and a SiLU.

    The second convolution starts at zero, so that the block starts as the identity.

    Reference: He et al. (2016), https://arxiv.org/abs/1603.05027.
    """

    def build(self, input_shape: Any) -> None:
        policy, filters = self.dtype_policy, input_shape[-1]
        self.norms = [NormSiLU(dtype=policy) for _ in range(2)]
        self.convs = [
            keras.layers.Conv2D(filters, 3, padding="same", kernel_initializer=kernel, dtype=policy)
            for kernel in ("glorot_uniform", "zeros")
        ]
        for layer in (*self.norms, *self.convs):
            layer.build(input_shape)
        self.built = True

    def call(self, x: tf.Tensor) -> tf.Tensor:
        h = x
        for norm, conv in zip(self.norms, self.convs, strict=True):
            h = conv(norm(h))
        return x + h


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class DepthToSpace(keras.layers.Layer):
    """Doubles height and width of a map: four channels become four pixels."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return tf.nn.depth_to_space(x, 2)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        batch, height, width, channels = input_shape
        return (batch, 2 * height, 2 * width, channels // 4)


def halving_stack(image_shape: Sequence[int], width: int, name: str, dtype: keras.DTypePolicy) -> keras.Sequential:
    """Strided convolutions with residual blocks in between, from pictures to maps of a few pixels.

    Args:
        image_shape: (height, width, channels) of the pictures.
        width: Channels after the first convolution.
        name: Name of the model.
        dtype: Policy of the layers.
    """
    first, *others = stage_filters(width, num_stages(image_shape))
    layers: list[keras.layers.Layer] = [keras.layers.Conv2D(first, 4, 2, padding="same", dtype=dtype)]
    for filters in others:
        layers += [NormSiLU(dtype=dtype) if len(layers) == 1 else ResidualBlock(dtype=dtype)]
        layers += [keras.layers.Conv2D(filters, 3, 2, padding="same", dtype=dtype)]
    layers += [ResidualBlock(dtype=dtype), NormSiLU(dtype=dtype)]
    return keras.Sequential(layers, name=name)


def doubling_stack(
    image_shape: Sequence[int], width: int, channels: int, name: str, dtype: keras.DTypePolicy
) -> keras.Sequential:
    """The reverse of `halving_stack`: from vectors to maps of a picture's size with `channels` channels."""
    count = num_stages(image_shape)
    *others, last = stage_filters(width, count)
    height, width = (size >> count for size in image_shape[:2])
    layers: list[keras.layers.Layer] = [
        keras.layers.Dense(height * width * last, dtype=dtype),
        keras.layers.Reshape((height, width, last), dtype=dtype),
        ResidualBlock(dtype=dtype),
    ]
    for i, filters in enumerate(reversed(others), 1):
        layers += [keras.layers.Conv2D(4 * filters, 1, dtype=dtype), DepthToSpace(dtype=dtype)]
        layers += [ResidualBlock(dtype=dtype)] if i < len(others) else []
    layers += [NormSiLU(dtype=dtype), keras.layers.Conv2D(4 * channels, 3, padding="same", dtype=dtype)]
    return keras.Sequential([*layers, DepthToSpace(dtype=dtype)], name=name)


def apply(network: keras.Model, x: tf.Tensor) -> tf.Tensor:
    """Output of a network for a batch, an empty one too, for which TensorFlow's convolutions give a wrong shape."""
    count = tf.shape(x)[0]
    filled = tf.pad(x, [[0, tf.cast(count == 0, tf.int32)], *([[0, 0]] * (x.shape.rank - 1))])
    return network(filled)[:count]
