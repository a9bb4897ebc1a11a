"""WaveGAN's discriminator of raw audio (Donahue et al. 2018, https://arxiv.org/abs/1802.04208)."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE, random_draws
from latent_xlate.domains.speech.shifts import window
from latent_xlate.domains.speech.wavegan_generator import COARSEST, convolution_strides, normalizations

NUM_SHUFFLED = 4
"""Number of layers of the discriminator, from the first, whose activations are phase-shuffled."""


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class PhaseShuffle(keras.layers.Layer):
    """Shifts a batch in time by a random number of steps, and fills the gap by reflection.

    With shuffled phases a discriminator cannot recognise generated audio by the phase of its artefacts (Donahue et
    al. 2018, section 3.3). As in the original's code, all rows of a batch are shifted by the same number of steps.
    The layer has no state: the same seed gives the same shift.

    Example:
        shuffled = PhaseShuffle(2)(h, seed=seed)  # h [batch, steps, channels], seed int32 [2]
    """

    def __init__(self, radius: int = 2, **kwargs: Any):
        """Makes the layer.

        Args:
            radius: Shifts are uniform on -radius, ..., radius. It must be smaller than the number of steps.
            **kwargs: Passed to `keras.layers.Layer`.
        """
        super().__init__(**kwargs)
        self.radius = radius

    def shift(self, seed: tf.Tensor) -> tf.Tensor:
        """Number of time steps by which a seed, int32 [2], delays a batch; int32 scalar, negative to advance it."""
        return random_draws.integer(seed, -self.radius, self.radius + 1)

    def call(self, x: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Delays x, [batch, steps, channels], by `shift(seed)`."""
        padded = tf.pad(x, [[0, 0], [self.radius, self.radius], [0, 0]], mode="REFLECT")
        return window(padded, [self.radius - self.shift(seed)], [x.shape[1]])

    def compute_output_shape(self, input_shape: Any, seed_shape: Any = None) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"radius": self.radius}


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class WaveGANDiscriminator(keras.Model):
    """Scores slices of audio by strided convolutions: the critic of a WGAN-GP.

    It mirrors the generator, with leaky ReLUs, and phase shuffle after the first four of them.

    Reference: Donahue et al. 2018, Table 4. Batch norm is an option of its code, which always uses the statistics of
    the current batch.

    Example:
        discriminator = WaveGANDiscriminator(dim=16)
        scores = discriminator(x, seed=seed)  # x [batch, 16384, 1], seed int32 [2] -> [batch]
    """

    num_classes = 0
    """Number of class logits, which this discriminator does not have."""

    def __init__(
        self,
        dim: int = 64,
        channels: int = 1,
        slice_length: int = 16384,
        kernel_length: int = 25,
        batch_norm: bool = False,
        phase_shuffle: int = 2,
        half_rate: bool = False,
        **kwargs: Any,
    ):
        """Makes the layers; `build` makes their variables.

        Args:
            dim: Number of channels after the first convolution; the ones after it have 2, 4, ... times as many.
            channels: Number of audio channels.
            slice_length: Number of samples in a slice: 16384, 32768 or 65536.
            kernel_length: Length of the convolution kernels, in time steps.
            batch_norm: Whether activations are normalised before each leaky ReLU but the first.
            phase_shuffle: Radius of the phase shuffle, in time steps of the layer it follows.
            half_rate: Whether only every other sample is used, as suits a generator with `half_rate`.
            **kwargs: Passed to `keras.Model`.

        Raises:
            ValueError: `slice_length` is another number.
        """
        super().__init__(**kwargs)
        self.dim = dim
        self.channels = channels
        self.slice_length = slice_length
        self.kernel_length = kernel_length
        self.batch_norm = batch_norm
        self.phase_shuffle = phase_shuffle
        self.half_rate = half_rate
        strides = convolution_strides(slice_length, half_rate)
        self.widths = [dim * 2**i for i in range(len(strides))]
        dtype = self.dtype_policy
        self.downconvs = [
            keras.layers.Conv1D(width, kernel_length, stride, padding="same", dtype=dtype)
            for width, stride in zip(self.widths, strides, strict=True)
        ]
        self.norms = [
            keras.layers.Identity(dtype=dtype),
            *normalizations(len(strides) - 1, batch_norm, dtype),
        ]
        self.shuffle = PhaseShuffle(phase_shuffle, dtype=dtype)
        self.score = keras.layers.Dense(1, dtype="float32")

    def build(self, input_shape: Any = None) -> None:
        width = self.channels
        for downconv, norm in zip(self.downconvs, self.norms, strict=True):
            downconv.build((None, None, width))
            width = downconv.filters
            norm.build((None, None, width))
        self.score.build((None, COARSEST * self.widths[-1]))
        self.built = True

    def represent(self, x: tf.Tensor) -> tf.Tensor:
        """The input of `call` for sounds x, [batch, slice_length, channels]: the sounds themselves."""
        return x

    def call(self, x: tf.Tensor, seed: tf.Tensor | None = None) -> tf.Tensor:
        """Scores slices.

        Args:
            x: float32 [batch, slice_length, channels].
            seed: Seed of the phase shuffle, int32 [2]; None for no shuffle.

        Returns:
            float32 [batch], higher for slices that look real.
        """
        if self.half_rate:
            x = x[:, ::2]
        for i, (downconv, norm) in enumerate(zip(self.downconvs, self.norms, strict=True)):
            x = tf.nn.leaky_relu(norm(downconv(x), training=True), alpha=0.2)
            if seed is not None and i < NUM_SHUFFLED:
                x = self.shuffle(x, seed=random_draws.fold_in(seed, i))
        return self.score(tf.reshape(x, [-1, COARSEST * self.widths[-1]]))[:, 0]

    def scores_and_logits(self, x: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, None]:
        """Scores, float32 [batch], as `call` gives them, and None in place of class logits."""
        return self(x, seed=seed), None

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "dim": self.dim,
            "channels": self.channels,
            "slice_length": self.slice_length,
            "kernel_length": self.kernel_length,
            "batch_norm": self.batch_norm,
            "phase_shuffle": self.phase_shuffle,
            "half_rate": self.half_rate,
        }
