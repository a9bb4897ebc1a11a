"""Networks of the baselines of images: the U-Net, the ResNet generator and PatchGAN.

Inputs and outputs are images as latents, float32 [batch, height * width * channels] in [0, 1] (see `pixel_domain`);
inside, images are on the scale [-1, 1]. Initial weights are drawn from N(0, 0.02^2), as in the originals.

References: Isola et al. (2017), https://arxiv.org/abs/1611.07004; Zhu et al. (2017), https://arxiv.org/abs/1703.10593.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from scipy.special import ndtri

from latent_xlate import KERAS_PACKAGE
from latent_xlate.baselines.baseline_config import CycleGANConfig, Pix2PixConfig
from latent_xlate.randomness import replica_normal

IMAGE_UNIT = 0.5
"""The unit of distances between images in [0, 1], since in the originals' losses images are in [-1, 1]."""

WIDEST = 8
"""Largest number of channels, as a multiple of the first layer's."""


def _initializer() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=0.02)  # One for each layer: used twice, it gives the same numbers.


def _convolution(filters: int, size: int, strides: int = 1, **kwargs: Any) -> keras.layers.Layer:
    kwargs = {"padding": "same", "kernel_initializer": _initializer()} | kwargs
    return keras.layers.Conv2D(filters, size, strides, **kwargs)


def _upconvolution(filters: int, size: int, **kwargs: Any) -> keras.layers.Layer:
    return keras.layers.Conv2DTranspose(filters, size, 2, padding="same", kernel_initializer=_initializer(), **kwargs)


def _normalization(groups: int, dtype: keras.DTypePolicy) -> keras.layers.Layer:
    """Group normalisation; instance normalisation where `groups` is -1."""
    return keras.layers.GroupNormalization(groups, epsilon=1e-5, dtype=dtype)


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class UNet(keras.Model):
    """The generator of Pix2Pix: an encoder and a decoder with skip connections between layers of the same size.

    The encoder halves the image `depth` times; an image whose sides are no multiples of 2^depth is padded with black.

    Example:
        generator = UNet((28, 28, 1))
        y = generator(x)  # float32 [batch, 784] in [0, 1]
    """

    def __init__(
        self,
        image_shape: Sequence[int] = (28, 28, 1),
        filters: int = 64,
        depth: int = 5,
        groups: int = -1,
        dropout: float = 0.5,
        **kwargs: Any,
    ) -> None:
        """Makes the model, built.

        Args:
            image_shape: (height, width, channels).
            filters: Channels of the first layer; each next layer has twice as many, up to eight times.
            depth: Number of layers of the encoder, and of the decoder.
            groups: Groups of the group normalisation of all layers but the outermost and the innermost; -1 for
                instance normalisation.
            dropout: Rate of the dropout in the decoder's layers but the last two.
            **kwargs: Passed to `keras.Model`.
        """
        super().__init__(**kwargs)
        self.image_shape = tuple(image_shape)
        self.filters = filters
        self.depth = depth
        self.groups = groups
        self.dropout = dropout
        height, width, channels = self.image_shape
        missing = [-size % 2**depth for size in (height, width)]
        self._padding = [(size // 2, size - size // 2) for size in missing]
        dtype = self.dtype_policy
        widths = [filters * min(2**i, WIDEST) for i in range(depth)]

        def down(i: int) -> keras.Model:
            plain = i in (0, depth - 1)
            layers = [_convolution(widths[i], 4, 2, use_bias=plain, dtype=dtype)]
            layers += [] if plain else [_normalization(groups, dtype)]
            return keras.Sequential([*layers, keras.layers.LeakyReLU(0.2, dtype=dtype)], name=f"down_{i}")

        def up(i: int) -> keras.Model:
            layers = [_upconvolution(widths[i], 4, use_bias=False, dtype=dtype), _normalization(groups, dtype)]
            return keras.Sequential([*layers, keras.layers.ReLU(dtype=dtype)], name=f"up_{i}")

        self.downs = [down(i) for i in range(depth)]
        self.ups = [up(i) for i in reversed(range(depth - 1))]
        self.pixels = _upconvolution(channels, 4, activation="tanh", dtype="float32", name="pixels")
        self(tf.zeros([1, math.prod(self.image_shape)]))

    def call(self, z: tf.Tensor, seed: tf.Tensor | None = None) -> tf.Tensor:
        """Translates images.

        Args:
            z: [batch, height * width * channels], in [0, 1].
            seed: Seed of the dropout, int32 [2]; None for no dropout.

        Returns:
            float32, of the shape and range of `z`.
        """
        x = 2.0 * tf.reshape(z, [-1, *self.image_shape]) - 1.0
        h = tf.pad(x, [(0, 0), *self._padding, (0, 0)], constant_values=-1.0)
        skips = []
        for down in self.downs:
            h = down(h)
            skips.append(h)
        for i, up in enumerate(self.ups):
            h = up(h)
            if seed is not None and i < len(self.ups) - 1:
                h = _drop(h, self.dropout, tf.random.fold_in(seed, i))
            h = tf.concat([h, skips[-2 - i]], axis=-1)
        (top, _), (left, _) = self._padding
        height, width, _ = self.image_shape
        y = self.pixels(h)[:, top : top + height, left : left + width]
        return tf.reshape(0.5 * y + 0.5, tf.shape(z))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "image_shape": self.image_shape,
            "filters": self.filters,
            "depth": self.depth,
            "groups": self.groups,
            "dropout": self.dropout,
        }


def _drop(h: tf.Tensor, rate: float, seed: tf.Tensor) -> tf.Tensor:
    """Dropout of activations [batch, height, width, channels], drawn for the global batch."""
    if not rate:
        return h
    kept = replica_normal((tf.shape(h)[0], *h.shape[1:]), seed) > ndtri(rate)
    return h * tf.cast(kept, h.dtype) / (1.0 - rate)


def resnet_generator(
    image_shape: Sequence[int], filters: int, num_blocks: int, groups: int, dtype: keras.DTypePolicy
) -> keras.Model:
    """The generator of CycleGAN: two layers that halve the image, residual blocks, two layers that double it.

    Args:
        image_shape: (height, width, channels); sides are multiples of 4.
        filters: Channels of the first layer; the blocks have four times as many.
        num_blocks: Number of residual blocks.
        groups: Groups of the group normalisation; -1 for instance normalisation.
        dtype: Policy of all layers but the last.

    Returns:
        A model that maps latents to latents.

    Raises:
        ValueError: A side that is not a multiple of 4.
    """
    height, width, channels = image_shape
    if height % 4 or width % 4:
        raise ValueError(f"CycleGAN needs images whose sides are multiples of 4; these are {height} by {width}.")

    def normalized(h: Any, activation: str = "relu") -> Any:
        return keras.layers.Activation(activation, dtype=dtype)(_normalization(groups, dtype)(h))

    def padded(h: Any, width: int) -> Any:
        return keras.ops.pad(h, ((0, 0), (width, width), (width, width), (0, 0)), mode="reflect")

    def plain(h: Any, width: int, size: int) -> Any:
        # The normalisation would remove a bias.
        h = padded(h, size // 2)
        return _convolution(width, size, padding="valid", use_bias=False, dtype=dtype)(h)

    z = keras.Input((math.prod(image_shape),))
    h = normalized(plain(_as_image(z, image_shape), filters, 7))
    for width in (2 * filters, 4 * filters):
        h = normalized(_convolution(width, 3, 2, use_bias=False, dtype=dtype)(h))
    for _ in range(num_blocks):
        change = normalized(plain(h, 4 * filters, 3))
        h = keras.layers.Add(dtype=dtype)([h, normalized(plain(change, 4 * filters, 3), "linear")])
    for width in (2 * filters, filters):
        h = normalized(_upconvolution(width, 3, use_bias=False, dtype=dtype)(h))
    y = _convolution(channels, 7, padding="valid", activation="tanh", dtype="float32")(padded(h, 3))
    return keras.Model(z, keras.layers.Flatten(dtype="float32")(0.5 * y + 0.5))


def make_discriminator(
    image_shape: Sequence[int], num_images: int, config: Pix2PixConfig | CycleGANConfig, dtype: keras.DTypePolicy
) -> keras.Model:
    """The `patch_discriminator` that a configuration describes."""
    return patch_discriminator(
        image_shape,
        num_images,
        config.discriminator_filters,
        config.discriminator_layers,
        config.groups,
        config.spectral_normalization,
        dtype,
    )


def patch_discriminator(
    image_shape: Sequence[int],
    num_images: int,
    filters: int,
    num_layers: int,
    groups: int,
    spectral_normalization: bool,
    dtype: keras.DTypePolicy,
) -> keras.Model:
    """PatchGAN, a discriminator that scores each patch of an image on its own.

    Args:
        image_shape: (height, width, channels).
        num_images: Number of images, concatenated along channels, that are scored as one: 2 to score an image given
            another.
        filters: Channels of the first layer; each next layer has twice as many, up to eight times.
        num_layers: Number of layers that halve the image: 1 for patches of 16 by 16 pixels, 2 for 34, 3 for 70.
        groups: Groups of the group normalisation of all layers but the first and the last; -1 for instance
            normalisation.
        spectral_normalization: Whether to normalise every layer's weights by their spectral norm instead.
        dtype: Policy of all layers but the last.

    Returns:
        A model that maps the latents of each image to scores, float32 [batch, rows, columns, 1].
    """

    def convolution(*args: Any, **kwargs: Any) -> keras.layers.Layer:
        layer = _convolution(*args, **kwargs)
        return keras.layers.SpectralNormalization(layer, dtype=layer.dtype_policy) if spectral_normalization else layer

    latents = [keras.Input((math.prod(image_shape),)) for _ in range(num_images)]
    images = [_as_image(z, image_shape) for z in latents]
    h = keras.layers.Concatenate(dtype=dtype)(images) if num_images > 1 else images[0]
    for i in range(num_layers + 1):
        width = filters * min(2**i, WIDEST)
        normalized = i > 0 and not spectral_normalization
        h = convolution(width, 4, 2 if i < num_layers else 1, use_bias=not normalized, dtype=dtype)(h)
        h = _normalization(groups, dtype)(h) if normalized else h
        h = keras.layers.LeakyReLU(0.2, dtype=dtype)(h)
    return keras.Model(latents if num_images > 1 else latents[0], convolution(1, 4, dtype="float32")(h))


def _as_image(z: Any, image_shape: Sequence[int]) -> Any:
    return keras.layers.Reshape(image_shape, dtype="float32")(2.0 * z - 1.0)
