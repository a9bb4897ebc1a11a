"""The spectrogram by which words are told apart, whoever says them, however loud and through whatever microphone."""

from __future__ import annotations

import tensorflow as tf

from latent_xlate.modalities.audio_files import NUM_SAMPLES
from latent_xlate.modalities.mel_spectrograms import mel_spectrogram

FRAME_LENGTH = 512
FRAME_STEP = 256
NUM_BANDS = 40
HERTZ = (60.0, 3900.0)
"""Lowest and highest frequency. Recordings at 8 kHz have nothing above, so that all microphones look alike."""

FLOOR = 0.01
"""Magnitude relative to the loudest below which nothing is seen: -40 dB."""

SHAPE = (NUM_SAMPLES // FRAME_STEP, NUM_BANDS, 1)
"""Shape of a spectrogram: frames, bands, channels."""


def telephone_spectrogram(x: tf.Tensor) -> tf.Tensor:
    """Computes log-mel spectrograms of the band of a telephone, which do not depend on loudness.

    Frames of 32 ms, short enough to blur the pitch of most voices, start every 16 ms.

    Args:
        x: float32 [batch, NUM_SAMPLES], at 16 kHz.

    Returns:
        float32 [batch, *SHAPE], from 0 for what is `FLOOR` or softer to 1 for the loudest; 0 for silence.
    """
    mel = mel_spectrogram(x, FRAME_LENGTH, FRAME_STEP, NUM_BANDS, HERTZ)
    relative = tf.math.divide_no_nan(mel, tf.reduce_max(mel, axis=[1, 2], keepdims=True))
    return (1.0 - tf.math.log(relative + FLOOR) / tf.math.log(FLOOR))[..., tf.newaxis]
