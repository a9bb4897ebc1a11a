"""A discriminator of sounds by their spectrograms."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE, random_draws
from latent_xlate.domains.speech.shifts import window
from latent_xlate.domains.speech.spectrograms import FLOOR, log_spectrogram
from latent_xlate.randomness import replica_normal

NUM_CONVOLUTIONS = 5

MAX_SHIFT = (8, 2)
"""Largest shift of an augmented spectrogram, in frames and in bins."""

HOLE = (24, 16)
"""Width of the stretch of time, in frames, and of the band, in bins, that augmentation masks."""

NOISE = 0.15
"""Largest standard deviation of the noise that augmentation adds."""


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class SpectrogramDiscriminator(keras.Model):
    """Gives a score and class logits for a log spectrogram, by strided convolutions.

    It uses every other sample only, as suits a generator with `half_rate`. A spectrogram makes explicit what a
    discriminator of waveforms first has to learn, and costs less.

    Example:
        discriminator = SpectrogramDiscriminator(num_classes=10)
        outputs = discriminator(discriminator.represent(x))  # x [batch, 16384, 1] -> [batch, 1 + 10]
    """

    def __init__(self, dim: int = 16, num_classes: int = 0, window: int = 256, **kwargs: Any):
        """Makes the layers; `build` makes their variables.

        Args:
            dim: Number of channels after the first convolution; the ones after it have 2, 4, 8 and 16 times as many.
            num_classes: Number of class logits.
            window: Length of the spectrogram's window, in samples at half the rate; the hop is a fourth of it.
            **kwargs: Passed to `keras.Model`.
        """
        super().__init__(**kwargs)
        self.dim = dim
        self.num_classes = num_classes
        self.window = window
        self.convs = [
            keras.layers.Conv2D(dim * 2**i, 4, 2, padding="same", dtype=self.dtype_policy)
            for i in range(NUM_CONVOLUTIONS)
        ]
        # The name of this attribute is part of the checkpoints of runs.
        self.judgement = keras.layers.Dense(1 + num_classes, dtype="float32")

    def represent(self, x: tf.Tensor) -> tf.Tensor:
        """The input of `call` for sounds.

        Args:
            x: float32 [batch, 16384, 1], in [-1, 1].

        Returns:
            Log spectrograms, float32 [batch, frames, bins, 1]: 0 for silence, about 1 for full scale.
        """
        spectrogram = log_spectrogram(x[:, ::2, 0], self.window, overlap=4)
        return 1.0 - spectrogram[..., tf.newaxis] / tf.math.log(FLOOR)

    def build(self, input_shape: Any = None) -> None:
        # With an overlap of 4, frames times bins are twice the 8192 samples, whatever the window.
        shape = (None, 8192 * 4 // self.window, self.window // 2, 1)
        for conv in self.convs:
            conv.build(shape)
            shape = conv.compute_output_shape(shape)
        self.num_features = shape[1] * shape[2] * shape[3]
        self.judgement.build((None, self.num_features))
        self.built = True

    def activations(self, spectrogram: tf.Tensor) -> list[tf.Tensor]:
        """Activations of each convolution, [batch, frames, bins, channels] each, for a result of `represent`."""
        activations = []
        for conv in self.convs:
            spectrogram = tf.nn.leaky_relu(conv(spectrogram), alpha=0.2)
            activations.append(spectrogram)
        return activations

    def outputs(self, activations: list[tf.Tensor]) -> tf.Tensor:
        """Computes the result of `call` from that of `activations`."""
        return self.judgement(tf.reshape(activations[-1], [-1, self.num_features]))

    def call(self, spectrogram: tf.Tensor, seed: tf.Tensor | None = None) -> tf.Tensor:
        """Computes score and class logits.

        Args:
            spectrogram: A result of `represent`.
            seed: Seed of `augment`, int32 [2]; None for no augmentation.

        Returns:
            float32 [batch, 1 + num_classes]: the score, higher for sounds that seem real, then the class logits.
        """
        return self.outputs(self.activations(spectrogram if seed is None else augment(spectrogram, seed)))

    def scores_and_logits(self, spectrogram: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Scores, float32 [batch], and class logits, float32 [batch, num_classes]; arguments as those of `call`."""
        outputs = self(spectrogram, seed=seed)
        return outputs[:, 0], outputs[:, 1:]

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"dim": self.dim, "num_classes": self.num_classes, "window": self.window}


def augment(spectrogram: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Shifts spectrograms in time and frequency, adds noise, and masks a stretch of time and a band.

    Real and generated sounds are augmented alike. The discriminator then does not memorise a small data set, and the
    generator does not learn to imitate the augmentation (Zhao et al. 2020, https://arxiv.org/abs/2006.10738). As in
    phase shuffle, shift and masks are the same for all rows of a batch; the noise is not.

    Args:
        spectrogram: [batch, frames, bins, 1].
        seed: int32 [2]; the same seed gives the same augmentation.

    Returns:
        Tensor of the same shape and dtype.
    """
    sizes = spectrogram.shape[1:3]
    starts = [
        random_draws.integer(random_draws.fold_in(seed, i), 0, 2 * shift + 1) for i, shift in enumerate(MAX_SHIFT)
    ]
    padded = tf.pad(spectrogram, [[0, 0], *([shift, shift] for shift in MAX_SHIFT), [0, 0]])
    shifted = window(padded, starts, sizes)
    level = NOISE * random_draws.uniform([], random_draws.fold_in(seed, 4))
    noise = level * replica_normal((tf.shape(spectrogram)[0], *sizes, 1), random_draws.fold_in(seed, 5))
    augmented = shifted + tf.cast(noise, shifted.dtype)
    for axis, (size, hole) in enumerate(zip(sizes, HOLE, strict=True)):
        # The hole may begin before the first place or end after the last, so that all are masked equally often.
        start = random_draws.integer(random_draws.fold_in(seed, 2 + axis), -hole, size)
        places = tf.range(size)
        kept = tf.cast((places < start) | (places >= start + hole), augmented.dtype)
        augmented *= tf.reshape(kept, [1, *(-1 if i == axis else 1 for i in range(2)), 1])
    return augmented
