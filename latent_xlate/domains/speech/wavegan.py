"""WaveGAN: generator and discriminator of raw audio (Donahue et al. 2018, https://arxiv.org/abs/1802.04208)."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.domains.speech.transposed_convolution import transposed_convolution

STRIDES = {16384: (4, 4, 4, 4, 4), 32768: (4, 4, 4, 4, 4, 2), 65536: (4, 4, 4, 4, 4, 4)}
"""Strides of the convolutions by length of a slice in samples: the generator's and the discriminator's alike."""

COARSEST = 16
"""Time steps where the generator starts and the discriminator ends, whatever the length of a slice."""

NUM_SHUFFLED = 4
"""Layers of the discriminator, from the first, whose activations are phase-shuffled."""


INTERPOLATION_TAPS = 64
"""Length of the filter that doubles a rate; it reaches as many samples to either side at the doubled rate."""


def _strides(slice_length: int, half_rate: bool) -> tuple[int, ...]:
    if slice_length not in STRIDES:
        raise ValueError(f"slice_length is {slice_length}; WaveGAN makes slices of 16384, 32768 or 65536 samples.")
    *strides, last = STRIDES[slice_length]
    return (*strides, last // 2 if half_rate else last)


def double_rate(x: tf.Tensor) -> tf.Tensor:
    """Puts between any two samples, and after the last, what band-limited sound would have there.

    Args:
        x: float32 [batch, steps, channels].

    Returns:
        float32 [batch, 2 steps, channels], x at even steps. Its upper half of frequencies is empty
        but for the fade of the filter, a sinc under a Kaiser window, from 0.45 to 0.55 of the band.
    """
    times = np.arange(INTERPOLATION_TAPS) - (INTERPOLATION_TAPS - 1) / 2
    taps = np.sinc(times) * np.kaiser(INTERPOLATION_TAPS, 8.0)
    kernel = (taps / taps.sum())[:, np.newaxis, np.newaxis] * np.eye(x.shape[2])
    before = INTERPOLATION_TAPS // 2 - 1
    padded = tf.pad(x, [[0, 0], [before, INTERPOLATION_TAPS - 1 - before], [0, 0]])
    between = tf.nn.conv1d(padded, tf.constant(kernel, tf.float32), 1, "VALID")
    return tf.reshape(tf.stack([x, between], axis=2), [-1, 2 * x.shape[1], x.shape[2]])


def _normalizations(count: int, batch_norm: bool, dtype: keras.DTypePolicy) -> list[keras.layers.Layer]:
    make = keras.layers.BatchNormalization if batch_norm else keras.layers.Identity
    return [make(dtype=dtype) for _ in range(count)]


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class WaveGANGenerator(keras.Model):
    """Makes slices of audio of latents, by transposed convolutions.

    An affine map gives 16 time steps of many channels; each convolution lengthens them by its stride
    and halves the channels, with ReLUs between and a tanh at the end. The prior is uniform on
    [-1, 1]^latent_dim. The defaults are the original's for one second of speech at 16 kHz.
    Reference: Donahue et al. 2018, Table 3; batch norm and post-processing filter are of its code.

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
        **kwargs,
    ):
        """Makes the model; variables come with `build`.

        Args:
            latent_dim: Size of z.
            dim: Channels before the last convolution; those before it have 2, 4, ... times as many.
            channels: Of the audio.
            slice_length: Samples in a slice: 16384, 32768 or 65536.
            kernel_length: Of the convolutions, in time steps.
            batch_norm: Whether activations are normalised before each ReLU.
            filter_length: Samples of the linear filter after the tanh, which lets the generator
                remove the artefacts that upsampling leaves; 0 for none.
            half_rate: Whether the convolutions make every other sample only, and `double_rate` the rest:
                for sound whose upper half of frequencies is empty, at half the work.
            **kwargs: Passed to `keras.Model`.

        Raises:
            ValueError: Slices of another length.
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
        strides = _strides(slice_length, half_rate)
        self.widths = [dim * 2**i for i in reversed(range(len(strides)))]
        dtype = self.dtype_policy
        self.z_project = keras.layers.Dense(COARSEST * self.widths[0], dtype=dtype)
        self.upconvs = [
            keras.layers.Conv1DTranspose(width, kernel_length, stride, padding="same", dtype=dtype)
            for width, stride in zip(self.widths[1:], strides[:-1], strict=True)
        ]
        self.norms = _normalizations(len(strides), batch_norm, dtype)
        self.waveform = keras.layers.Conv1DTranspose(
            channels, kernel_length, strides[-1], padding="same", activation="tanh", dtype="float32"
        )
        self.post_filter = None
        if filter_length:
            self.post_filter = keras.layers.Conv1D(
                channels, filter_length, padding="same", use_bias=False, dtype="float32"
            )

    def build(self, input_shape=None):
        self.z_project.build((None, self.latent_dim))
        for layer, norm, width in zip([*self.upconvs, self.waveform], self.norms, self.widths, strict=True):
            layer.build((None, None, width))
            norm.build((None, None, width))
        if self.post_filter:
            self.post_filter.build((None, None, self.channels))
        self.built = True

    def call(self, z, training=False):
        """Makes slices.

        Args:
            z: [batch, latent_dim], in [-1, 1].
            training: Whether batch norm takes the batch's statistics and keeps them.

        Returns:
            float32 [batch, slice_length, channels], in [-1, 1] where no filter follows the tanh; one that
            doubles the rate may overshoot a little.
        """
        h = tf.reshape(self.z_project(z), [-1, COARSEST, self.widths[0]])
        h = tf.nn.relu(self.norms[0](h, training=training))
        for upconv, norm in zip(self.upconvs, self.norms[1:], strict=True):
            h = tf.nn.relu(norm(transposed_convolution(upconv, h), training=training))
        x = transposed_convolution(self.waveform, h)
        if self.post_filter:
            x = self.post_filter(x)
        return double_rate(x) if self.half_rate else x

    def get_config(self):
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


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class PhaseShuffle(keras.layers.Layer):
    """Shifts a batch in time by as many steps as a seed says, filling the gap by reflection.

    A discriminator that sees shuffled phases cannot tell generated audio by the phase of its
    artefacts (Donahue et al. 2018, section 3.3). As in the original's code a batch is shifted as
    one. The layer keeps no state: the same seed shifts alike.

    Example:
        shuffled = PhaseShuffle(2)(h, seed=seed)  # h [batch, steps, channels], seed int32 [2]
    """

    def __init__(self, radius: int = 2, **kwargs):
        """Makes the layer.

        Args:
            radius: Shifts are uniform on -radius, ..., radius; smaller than the number of steps.
            **kwargs: Passed to `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.radius = radius

    def shift(self, seed: tf.Tensor) -> tf.Tensor:
        """Time steps, int32 scalar, by which a seed, int32 [2], delays a batch; negative for ahead."""
        return tf.random.stateless_uniform([], seed, -self.radius, self.radius + 1, tf.int32)

    def call(self, x, seed):
        """Shifts x, [batch, steps, channels], by `shift(seed)`."""
        # All shapes are static: pad by the radius on both sides, then cut out what is wanted.
        padded = tf.pad(x, [[0, 0], [self.radius, self.radius], [0, 0]], mode="REFLECT")
        return tf.slice(padded, [0, self.radius - self.shift(seed), 0], [-1, x.shape[1], -1])

    def compute_output_shape(self, input_shape, seed_shape=None):
        return input_shape

    def get_config(self):
        return super().get_config() | {"radius": self.radius}


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class WaveGANDiscriminator(keras.Model):
    """Scores slices of audio, by strided convolutions: the critic of a WGAN-GP.

    Mirrors the generator, with leaky ReLUs, and phase shuffle after the first four of them.
    Reference: Donahue et al. 2018, Table 4; batch norm is of its code, which always takes the
    statistics of the batch at hand.

    Example:
        discriminator = WaveGANDiscriminator(dim=16)
        scores = discriminator(x, seed=seed)  # x [batch, 16384, 1], seed int32 [2] -> [batch]
    """

    def __init__(
        self,
        dim: int = 64,
        channels: int = 1,
        slice_length: int = 16384,
        kernel_length: int = 25,
        batch_norm: bool = False,
        phase_shuffle: int = 2,
        half_rate: bool = False,
        **kwargs,
    ):
        """Makes the model; variables come with `build`.

        Args:
            dim: Channels after the first convolution; those after it have 2, 4, ... times as many.
            channels: Of the audio.
            slice_length: Samples in a slice: 16384, 32768 or 65536.
            kernel_length: Of the convolutions, in time steps.
            batch_norm: Whether activations are normalised before each leaky ReLU but the first.
            phase_shuffle: Radius of the phase shuffle, in time steps of the layer it follows.
            half_rate: Whether every other sample only is heeded, as a generator of that kind makes them.
            **kwargs: Passed to `keras.Model`.

        Raises:
            ValueError: Slices of another length.
        """
        super().__init__(**kwargs)
        self.dim = dim
        self.channels = channels
        self.slice_length = slice_length
        self.kernel_length = kernel_length
        self.batch_norm = batch_norm
        self.phase_shuffle = phase_shuffle
        self.half_rate = half_rate
        strides = _strides(slice_length, half_rate)
        self.widths = [dim * 2**i for i in range(len(strides))]
        dtype = self.dtype_policy
        self.downconvs = [
            keras.layers.Conv1D(width, kernel_length, stride, padding="same", dtype=dtype)
            for width, stride in zip(self.widths, strides, strict=True)
        ]
        self.norms = [
            keras.layers.Identity(dtype=dtype),
            *_normalizations(len(strides) - 1, batch_norm, dtype),
        ]
        self.shuffle = PhaseShuffle(phase_shuffle, dtype=dtype)
        self.score = keras.layers.Dense(1, dtype="float32")

    def build(self, input_shape=None):
        width = self.channels
        for downconv, norm in zip(self.downconvs, self.norms, strict=True):
            downconv.build((None, None, width))
            width = downconv.filters
            norm.build((None, None, width))
        self.score.build((None, COARSEST * self.widths[-1]))
        self.built = True

    def call(self, x, seed=None):
        """Scores slices, higher for those that look real.

        Args:
            x: [batch, slice_length, channels].
            seed: int32 [2], of the phase shuffle; None for none.

        Returns:
            float32 [batch].
        """
        if self.half_rate:
            x = x[:, ::2]
        for i, (downconv, norm) in enumerate(zip(self.downconvs, self.norms, strict=True)):
            x = tf.nn.leaky_relu(norm(downconv(x), training=True), alpha=0.2)
            if seed is not None and i < NUM_SHUFFLED:
                x = self.shuffle(x, seed=tf.random.fold_in(seed, i))
        return self.score(tf.reshape(x, [-1, COARSEST * self.widths[-1]]))[:, 0]

    def get_config(self):
        return super().get_config() | {
            "dim": self.dim,
            "channels": self.channels,
            "slice_length": self.slice_length,
            "kernel_length": self.kernel_length,
            "batch_norm": self.batch_norm,
            "phase_shuffle": self.phase_shuffle,
            "half_rate": self.half_rate,
        }
