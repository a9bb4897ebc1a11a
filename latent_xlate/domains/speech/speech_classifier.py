"""The classifier of spoken words, with which WaveGAN's inception score is computed."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE
from latent_xlate.domains.classifier import Classifier
from latent_xlate.modalities.audio_files import NUM_SAMPLES
from latent_xlate.modalities.mel_spectrograms import FRAME_STEP, MEL_BINS, log_mel_spectrogram

FRAMES = NUM_SAMPLES // FRAME_STEP
NUM_CONVOLUTIONS = 4


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
