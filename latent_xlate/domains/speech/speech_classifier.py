"""The classifier of spoken words, with which WaveGAN's inception score is computed."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.domains.classifier import Classifier

SAMPLE_RATE = 16000
NUM_SAMPLES = 16384
FRAME_LENGTH = 1024
FRAME_STEP = 128
MEL_BINS = 128
MEL_HERTZ = (40.0, 7800.0)
LOG_OFFSET = 1e-6

FRAMES = NUM_SAMPLES // FRAME_STEP
NUM_CONVOLUTIONS = 4


def log_mel_spectrogram(x: tf.Tensor) -> tf.Tensor:
    """Logarithm of the magnitudes in mel bands.

    Frames of 64 ms under a Hann window, one every 8 ms, the last ones padded with silence; 128 bands
    from 40 to 7800 Hz; 1e-6 is added before the logarithm.

    Args:
        x: float32 [batch, 16384], samples at 16 kHz in [-1, 1].

    Returns:
        float32 [batch, 128 frames, 128 bands].
    """
    spectrogram = tf.abs(tf.signal.stft(tf.cast(x, tf.float32), FRAME_LENGTH, FRAME_STEP, pad_end=True))
    # In double precision as the original's: single precision misplaces the bands by 2e-5 of their height.
    mel = tf.signal.linear_to_mel_weight_matrix(
        MEL_BINS, FRAME_LENGTH // 2 + 1, SAMPLE_RATE, *MEL_HERTZ, dtype=tf.float64
    )
    return tf.math.log(tf.tensordot(spectrogram, tf.cast(mel, tf.float32), 1) + LOG_OFFSET)


def spectrogram_pictures(x: tf.Tensor) -> tf.Tensor:
    """Log-mel spectrograms to look at, low frequencies below.

    Args:
        x: float32 [batch, 16384], samples at 16 kHz in [-1, 1].

    Returns:
        float32 [batch, 128 bands, 128 frames, 1], in [0, 1].
    """
    spectrogram = tf.transpose(log_mel_spectrogram(x), [0, 2, 1])[:, ::-1, :, tf.newaxis]
    return tf.clip_by_value((spectrogram + 7.0) / 12.0, 0.0, 1.0)


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class SpeechClassifier(Classifier):
    """Classifies sounds by four convolutions over the log-mel spectrogram and an affine map.

    Each convolution, 5 by 5 with a ReLU, follows a batch norm (the first one over the mel bands) and precedes a 2 by 2
    max-pooling. The flattened result passes another batch norm. This is the architecture of the classifier that was
    released with WaveGAN (Donahue et al. 2018, section 5.1).

    Example:
        classifier = SpeechClassifier(num_classes=10)
        logits = classifier(x)  # x float32 [batch, 16384], in [-1, 1]
        features = classifier.features(x)
    """

    def __init__(self, num_classes: int = 10, filters: int = 128, **kwargs: Any):
        """Makes the layers; `build` makes their variables.

        Args:
            num_classes: Number of logits.
            filters: Number of filters of each convolution.
            **kwargs: Passed to `keras.Model`.
        """
        # Autocasting would round the samples in low precision, and the logarithm magnifies errors in quiet bands.
        super().__init__(num_classes, autocast=False, **kwargs)
        self.filters = filters
        dtype = self.dtype_policy
        self.norms = [
            keras.layers.BatchNormalization(axis=2, dtype="float32"),
            *(keras.layers.BatchNormalization(dtype=dtype) for _ in range(NUM_CONVOLUTIONS)),
        ]
        self.convs = [
            keras.layers.Conv2D(filters, 5, padding="same", activation="relu", dtype=dtype)
            for _ in range(NUM_CONVOLUTIONS)
        ]
        self.pool = keras.layers.MaxPooling2D(2, dtype=dtype)
        self.logits = keras.layers.Dense(num_classes, dtype="float32")

    @property
    def num_features(self) -> int:
        """Size of `features`: 8 by 8 places, which four poolings leave, times the filters."""
        return (FRAMES >> NUM_CONVOLUTIONS) * (MEL_BINS >> NUM_CONVOLUTIONS) * self.filters

    def build(self, input_shape: Any = None) -> None:
        shape = (None, FRAMES, MEL_BINS, 1)
        for norm, conv in zip(self.norms[:-1], self.convs, strict=True):
            norm.build(shape)
            conv.build(shape)
            shape = self.pool.compute_output_shape(conv.compute_output_shape(shape))
        self.norms[-1].build((None, self.num_features))
        self.logits.build((None, self.num_features))
        self.built = True

    def features(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        """The input of the final affine map.

        Args:
            x: float32 [batch, 16384], samples at 16 kHz in [-1, 1].
            training: Whether batch norm uses and records the statistics of the batch.

        Returns:
            float32 [batch, num_features].
        """
        h = log_mel_spectrogram(x)[..., tf.newaxis]
        for norm, conv in zip(self.norms[:-1], self.convs, strict=True):
            h = self.pool(conv(norm(h, training=training)))
        h = self.norms[-1](tf.reshape(h, [-1, self.num_features]), training=training)
        return tf.cast(h, tf.float32)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"filters": self.filters}
