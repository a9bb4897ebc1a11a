"""Log-mel spectrograms, the input of classifiers of speech and the pictures of sounds."""

from __future__ import annotations

import tensorflow as tf

from latent_xlate.modalities.audio_files import SAMPLE_RATE

FRAME_LENGTH = 1024
FRAME_STEP = 128
MEL_BINS = 128
MEL_HERTZ = (40.0, 7800.0)
LOG_OFFSET = 1e-6


def log_mel_spectrogram(x: tf.Tensor, sample_rate: int = SAMPLE_RATE) -> tf.Tensor:
    """Computes log-mel spectrograms.

    At 16 kHz frames of 64 ms under a Hann window start every 8 ms; the last ones are padded with silence. There are 128
    bands from 40 to 7800 Hz, and 1e-6 is added before the logarithm. At another rate frames have the same number of
    samples, and bands end at most at half the rate.

    Args:
        x: float32 [batch, samples], in [-1, 1].
        sample_rate: Samples per second.

    Returns:
        float32 [batch, samples / FRAME_STEP frames, MEL_BINS bands].
    """
    mel = mel_spectrogram(x, FRAME_LENGTH, FRAME_STEP, MEL_BINS, MEL_HERTZ, sample_rate)
    return tf.math.log(mel + LOG_OFFSET)


def mel_spectrogram(
    x: tf.Tensor,
    frame_length: int,
    frame_step: int,
    num_bands: int,
    hertz: tuple[float, float],
    sample_rate: int = SAMPLE_RATE,
) -> tf.Tensor:
    """Computes mel spectrograms, of magnitudes.

    Args:
        x: float32 [batch, samples], in [-1, 1].
        frame_length: Length of a frame under a Hann window, in samples, a power of two.
        frame_step: Samples between the beginnings of frames; the last ones are padded with silence.
        num_bands: Number of bands.
        hertz: Lowest and highest frequency; bands end at most at half the rate.
        sample_rate: Samples per second.

    Returns:
        float32 [batch, samples / frame_step frames, num_bands].
    """
    spectrogram = tf.abs(tf.signal.stft(tf.cast(x, tf.float32), frame_length, frame_step, pad_end=True))
    # Single precision would change the weights of the bands by 2e-5 of their maximum.
    lowest, highest = hertz
    mel = tf.signal.linear_to_mel_weight_matrix(
        num_bands, frame_length // 2 + 1, sample_rate, lowest, min(highest, sample_rate / 2), dtype=tf.float64
    )
    return tf.tensordot(spectrogram, tf.cast(mel, tf.float32), 1)


def spectrogram_pictures(x: tf.Tensor, sample_rate: int = SAMPLE_RATE) -> tf.Tensor:
    """Shows sounds as log-mel spectrograms with low frequencies at the bottom.

    Args:
        x: float32 [batch, samples], in [-1, 1].
        sample_rate: Samples per second.

    Returns:
        float32 [batch, MEL_BINS bands, samples / FRAME_STEP frames, 1], in [0, 1].
    """
    spectrogram = tf.transpose(log_mel_spectrogram(x, sample_rate), [0, 2, 1])[:, ::-1, :, tf.newaxis]
    return tf.clip_by_value((spectrogram + 7.0) / 12.0, 0.0, 1.0)
