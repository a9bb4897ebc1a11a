"""A discriminator of sounds by their spectrograms."""

from __future__ import annotations

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.domains.speech.spectrograms import FLOOR, log_spectrogram
from latent_xlate.randomness import replica_normal

NUM_CONVOLUTIONS = 5

MAX_SHIFT = (8, 2)
"""Frames and bins by which an augmented spectrogram is moved at most."""

HOLE = (24, 16)
"""Frames, and bins, that are cut out of it."""

NOISE = 0.15
"""Standard deviation of the noise that is laid on it at most."""


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class SpectrogramDiscriminator(keras.Model):
    """Strided convolutions over a logarithmic spectrogram: a score, and class logits beside it.

    For generators of half the rate: it heeds every other sample. A spectrogram shows what is heard at
    once, which a discriminator of waveforms has to learn first, and costs less.

    Example:
        discriminator = SpectrogramDiscriminator(num_classes=10)
        judgement = discriminator(discriminator.represent(x))  # x [batch, 16384, 1] -> [batch, 1 + 10]
    """

    def __init__(self, dim: int = 16, num_classes: int = 0, window: int = 256, **kwargs):
        """Makes the model; variables come with `build`.

        Args:
            dim: Channels after the first convolution; those after it have 2, 4, 8 and 16 times as many.
            num_classes: Number of class logits.
            window: Of the spectrogram, in samples at half the rate; the hop is a fourth.
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
        self.judgement = keras.layers.Dense(1 + num_classes, dtype="float32")

    def represent(self, x: tf.Tensor) -> tf.Tensor:
        """What is judged of sounds x, float32 [batch, 16384, 1]: float32 [batch, frames, bins, 1], about 0 to 1."""
        spectrogram = log_spectrogram(x[:, ::2, 0], self.window, overlap=4)
        return 1.0 - spectrogram[..., tf.newaxis] / tf.math.log(FLOOR)

    def build(self, input_shape=None):
        # Frames times bins are 8192 samples doubled, whatever the window.
        shape = (None, 8192 * 4 // self.window, self.window // 2, 1)
        for conv in self.convs:
            conv.build(shape)
            shape = conv.compute_output_shape(shape)
        self.num_features = shape[1] * shape[2] * shape[3]
        self.judgement.build((None, self.num_features))
        self.built = True

    def activations(self, spectrogram: tf.Tensor) -> list[tf.Tensor]:
        """What each convolution makes of a spectrogram: [batch, ...] each."""
        activations = []
        for conv in self.convs:
            spectrogram = tf.nn.leaky_relu(conv(spectrogram), alpha=0.2)
            activations.append(spectrogram)
        return activations

    def judge(self, activations: list[tf.Tensor]) -> tf.Tensor:
        """The judgement, as `call` returns it, of what has been given by `activations`."""
        return self.judgement(tf.reshape(activations[-1], [-1, self.num_features]))

    def call(self, spectrogram, seed=None):
        """Judges.

        Args:
            spectrogram: As `represent` gives it.
            seed: int32 [2], of an augmentation: see `augment`; None for none.

        Returns:
            float32 [batch, 1 + num_classes], a score, higher for what looks real, and class logits.
        """
        return self.judge(self.activations(spectrogram if seed is None else augment(spectrogram, seed)))

    def get_config(self):
        return super().get_config() | {"dim": self.dim, "num_classes": self.num_classes, "window": self.window}


def augment(spectrogram: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Moves spectrograms in time and frequency, lays noise on them, and cuts a stretch of time and a band out.

    Real and generated sounds alike, so that a discriminator does not learn few recordings by heart and
    the generator does not learn the augmentation (Zhao et al. 2020, https://arxiv.org/abs/2006.10738).
    As the phase shuffle does, it treats all of a batch alike, but for the noise.

    Args:
        spectrogram: [batch, frames, bins, 1].
        seed: int32 [2]; the same seed does the same.

    Returns:
        The same shape and dtype.
    """
    sizes = spectrogram.shape[1:3]
    starts = [
        tf.random.stateless_uniform([], tf.random.fold_in(seed, i), 0, 2 * shift + 1, tf.int32)
        for i, shift in enumerate(MAX_SHIFT)
    ]
    moved = tf.slice(
        tf.pad(spectrogram, [[0, 0], *([shift, shift] for shift in MAX_SHIFT), [0, 0]]),
        [0, *starts, 0],
        [-1, *sizes, -1],
    )
    level = tf.random.stateless_uniform([], tf.random.fold_in(seed, 4), 0.0, NOISE)
    noise = level * replica_normal((tf.shape(spectrogram)[0], *sizes, 1), tf.random.fold_in(seed, 5))
    moved += tf.cast(noise, moved.dtype)
    for axis, (size, hole) in enumerate(zip(sizes, HOLE, strict=True)):
        # It may begin before the first or end after the last, so that all are cut out equally often.
        start = tf.random.stateless_uniform([], tf.random.fold_in(seed, 2 + axis), -hole, size, tf.int32)
        places = tf.range(size)
        kept = tf.cast((places < start) | (places >= start + hole), moved.dtype)
        moved *= tf.reshape(kept, [1, *(-1 if i == axis else 1 for i in range(2)), 1])
    return moved
