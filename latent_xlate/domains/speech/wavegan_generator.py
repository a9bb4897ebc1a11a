"""WaveGAN's generator of raw audio (Donahue et al. 2018, https://arxiv.org/abs/1802.04208)."""

from __future__ import annotations

import os
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.domains.network_files import load_network
from latent_xlate.domains.speech.transposed_convolution import transposed_convolution

STRIDES = {16384: (4, 4, 4, 4, 4), 32768: (4, 4, 4, 4, 4, 2), 65536: (4, 4, 4, 4, 4, 4)}
"""Strides of the convolutions of generator and discriminator, by the length of a slice in samples."""

COARSEST = 16
"""Number of time steps at the generator's first convolution and after the discriminator's last."""

INTERPOLATION_TAPS = 64
"""Length of the filter of `double_rate`, in samples at the lower rate."""


def convolution_strides(slice_length: int, half_rate: bool) -> tuple[int, ...]:
    """Strides of the generator's convolutions, from the coarsest time scale to the finest.

    Args:
        slice_length: Number of samples in a slice: 16384, 32768 or 65536.
        half_rate: Whether the network works at half the sampling rate.

    Raises:
        ValueError: `slice_length` is another number.
    """
    if slice_length not in STRIDES:
        raise ValueError(f"slice_length is {slice_length}; WaveGAN makes slices of 16384, 32768 or 65536 samples.")
    *strides, last = STRIDES[slice_length]
    return (*strides, last // 2 if half_rate else last)


def normalizations(count: int, batch_norm: bool, dtype: keras.DTypePolicy) -> list[keras.layers.Layer]:
    """Layers of batch normalisation, or identities without `batch_norm`."""
    make = keras.layers.BatchNormalization if batch_norm else keras.layers.Identity
    return [make(dtype=dtype) for _ in range(count)]


def double_rate(x: tf.Tensor) -> tf.Tensor:
    """Doubles the sampling rate by band-limited interpolation.

    The filter is a sinc under a Kaiser window, whose transition band is from 0.45 to 0.55 of the new band. Above it
    the result has no energy.

    Args:
        x: float32 [batch, steps, channels].

    Returns:
        float32 [batch, 2 steps, channels]: x at the even steps, interpolated samples at the odd ones.
    """
    times = np.arange(INTERPOLATION_TAPS) - (INTERPOLATION_TAPS - 1) / 2
    taps = np.sinc(times) * np.kaiser(INTERPOLATION_TAPS, 8.0)
    kernel = (taps / taps.sum())[:, np.newaxis, np.newaxis] * np.eye(x.shape[2])
    before = INTERPOLATION_TAPS // 2 - 1
    padded = tf.pad(x, [[0, 0], [before, INTERPOLATION_TAPS - 1 - before], [0, 0]])
    between = tf.nn.conv1d(padded, tf.constant(kernel, tf.float32), 1, "VALID")
    return tf.reshape(tf.stack([x, between], axis=2), [-1, 2 * x.shape[1], x.shape[2]])


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class WaveGANGenerator(keras.Model):
    """Generates slices of audio from latents by transposed convolutions.

    An affine map gives 16 time steps of many channels. Each convolution then multiplies the number of steps by its
    stride and halves the number of channels, with ReLUs between and tanh at the end. The prior is uniform on
    [-1, 1]^latent_dim. The defaults are the original's, for one second of speech at 16 kHz.

    Reference: Donahue et al. 2018, Table 3. Batch norm and the post-processing filter are options of its code.

    Example:
        generator = WaveGANGenerator(dim=16)
        x = generator(z)  # z [batch, 100] -> [batch, 16384, 1]
    """

    def __init__(
        self,
        latent_dim: int = 100,
        dim: int = 64,
        channels: int = 1,
        slice_length: int = 16384,
        kernel_length: int = 25,
        batch_norm: bool = False,
        filter_length: int = 0,
        half_rate: bool = False,
        **kwargs: Any,
    ):
        """Makes the layers; `build` makes their variables.

        Args:
            latent_dim: Size of z.
            dim: Number of channels before the last convolution; the ones before it have 2, 4, ... times as many.
            channels: Number of audio channels.
            slice_length: Number of samples in a slice: 16384, 32768 or 65536.
            kernel_length: Length of the convolution kernels, in time steps.
            batch_norm: Whether activations are normalised before each ReLU.
            filter_length: Length of the linear filter after the tanh, in samples; 0 for none. The filter can remove
                artefacts of upsampling.
            half_rate: Whether the convolutions generate every other sample and `double_rate` interpolates the others.
                This halves the work for audio whose upper half of frequencies is empty.
            **kwargs: Passed to `keras.Model`.

        Raises:
            ValueError: `slice_length` is another number.
        """
        super().__init__(**kwargs)
        self.latent_dim = latent_dim
        self.dim = dim
        self.channels = channels
        self.slice_length = slice_length
        self.kernel_length = kernel_length
        self.batch_norm = batch_norm
        self.filter_length = filter_length
        self.half_rate = half_rate
        strides = convolution_strides(slice_length, half_rate)
        self.widths = [dim * 2**i for i in reversed(range(len(strides)))]
        dtype = self.dtype_policy
        self.z_project = keras.layers.Dense(COARSEST * self.widths[0], dtype=dtype)
        self.upconvs = [
            keras.layers.Conv1DTranspose(width, kernel_length, stride, padding="same", dtype=dtype)
            for width, stride in zip(self.widths[1:], strides[:-1], strict=True)
        ]
        self.norms = normalizations(len(strides), batch_norm, dtype)
        self.waveform = keras.layers.Conv1DTranspose(
            channels, kernel_length, strides[-1], padding="same", activation="tanh", dtype="float32"
        )
        self.post_filter = None
        if filter_length:
            self.post_filter = keras.layers.Conv1D(
                channels, filter_length, padding="same", use_bias=False, dtype="float32"
            )

    def build(self, input_shape: Any = None) -> None:
        self.z_project.build((None, self.latent_dim))
        for layer, norm, width in zip([*self.upconvs, self.waveform], self.norms, self.widths, strict=True):
            layer.build((None, None, width))
            norm.build((None, None, width))
        if self.post_filter:
            self.post_filter.build((None, None, self.channels))
        self.built = True

    def call(self, z: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Generates slices.

        Args:
            z: float32 [batch, latent_dim].
            training: Whether batch norm uses and records the statistics of the batch.

        Returns:
            float32 [batch, slice_length, channels], in [-1, 1] by the tanh. The post-processing filter and
            `double_rate` may overshoot.
        """
        h = tf.reshape(self.z_project(z), [-1, COARSEST, self.widths[0]])
        h = tf.nn.relu(self.norms[0](h, training=training))
        for upconv, norm in zip(self.upconvs, self.norms[1:], strict=True):
            h = tf.nn.relu(norm(transposed_convolution(upconv, h), training=training))
        x = transposed_convolution(self.waveform, h)
        if self.post_filter:
            x = self.post_filter(x)
        return double_rate(x) if self.half_rate else x

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "latent_dim": self.latent_dim,
            "dim": self.dim,
            "channels": self.channels,
            "slice_length": self.slice_length,
            "kernel_length": self.kernel_length,
            "batch_norm": self.batch_norm,
            "filter_length": self.filter_length,
            "half_rate": self.half_rate,
        }


def load_keras_generator(path: str | os.PathLike) -> WaveGANGenerator:
    """Reads a `generator.keras` that `train_wavegan` wrote.

    Raises:
        ValueError: The file is missing or damaged, or holds another model.
    """
    return load_network(path, WaveGANGenerator, "generator of a WaveGAN")
