"""Sounds as a modality."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import tensorflow as tf

from latent_xlate import checks
from latent_xlate.modalities import audio_files, wav_faults, wav_files
from latent_xlate.modalities.audio_files import NUM_SAMPLES, SAMPLE_RATE
from latent_xlate.modalities.mel_spectrograms import spectrogram_pictures
from latent_xlate.modalities.modality import Modality, register

_LONGER = 1.05
"""A sound of more than so many times the length of a slice is said to be cut; less may be silence at its end."""


@register
@dataclasses.dataclass(frozen=True)
class Audio(Modality):
    """Slices of sound, in [-1, 1].

    Attributes:
        num_samples: Number of samples of a slice, of ten seconds at most.
        sample_rate: Samples per second.
        align: Whether the word is found in recordings when they are read, see `voice_activity`, and aligned, see
            `alignment`; otherwise a slice is the beginning of the file. Aligned sounds have one channel.
        channels: Number of channels. A file with another number of them has their average in each.
    """

    kind = "audio"
    noun = "sound"
    file_suffixes = audio_files.ENDINGS
    other_suffixes = (".webm", ".m4a", ".mp4", ".aac", ".3gp", ".amr", ".caf", ".mka", ".wma")
    file_suffix = ".wav"
    limits = (-1.0, 1.0)
    stored_dtype = np.int16
    full_scale = 32768.0
    is_played = True

    num_samples: int = NUM_SAMPLES
    sample_rate: int = SAMPLE_RATE
    align: bool = False
    channels: int = 1

    def __post_init__(self) -> None:
        """Checks the settings."""
        for name in ("num_samples", "sample_rate", "channels"):
            checks.at_least(getattr(self, name), 1, name)
        if self.num_samples > wav_faults.SECONDS_READ * self.sample_rate:
            seconds = self.num_samples / self.sample_rate
            raise ValueError(
                f"{self.num_samples} samples at {self.sample_rate} a second are {seconds:g} seconds of sound, of which "
                f"{wav_faults.SECONDS_READ} at most are read: is sample_rate right?"
            )
        if self.align and self.channels > 1:
            raise ValueError(f"Sounds of {self.channels} channels are not aligned: leave align out.")

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.num_samples,) if self.channels == 1 else (self.num_samples, self.channels)

    @classmethod
    def of_shape(cls, shape: Sequence[int]) -> Self | None:
        """Returns the modality of sounds at 16 kHz if the shape is (NUM_SAMPLES,), else None."""
        return cls() if tuple(shape) == (NUM_SAMPLES,) else None

    def check(self, x: np.ndarray) -> np.ndarray:
        return checks.unit_waveforms(x, self.shape)

    def prepare(self, path: Path) -> bytes:
        """Reads the beginning of a sound file of any format.

        WAV files that `read` takes are not changed, so that a file is the same x whoever reads it. Other formats,
        codecs and rates become WAV; what is no sound is left to `read` to refuse.
        """
        content, is_taken = wav_files.beginning(path)
        if is_taken:
            return content
        rates = wav_faults.RATES
        return audio_files.to_wav(path, wav_faults.SECONDS_READ, rates, self.sample_rate) or content

    def left_out(self, content: bytes) -> str:
        if self.align:
            word, other = wav_files.words(content)
            return f"only the word at {word:.1f} s is read, and not that at {other:.1f} s" if other >= 0 else ""
        seconds = self.num_samples / self.sample_rate
        is_long = wav_files.seconds_heard(content) > _LONGER * seconds
        return f"only its first {seconds:.3g} seconds are read" if is_long else ""

    def older_form(self, content: bytes) -> bytes:
        return wav_files.to_16_bits(content)

    def read(self, files: tf.Tensor) -> tf.Tensor:
        """Decodes WAV files; see `wav_files.read_wavs`."""
        return wav_files.read_wavs(files, self.align, self.num_samples, self.sample_rate, self.channels)

    def write(self, x: tf.Tensor) -> tf.Tensor:
        return wav_files.write_wav(x, self.sample_rate)

    def pictures(self, x: tf.Tensor) -> tf.Tensor:
        """Shows sounds as spectrograms with low frequencies at the bottom."""
        return spectrogram_pictures(x if self.channels == 1 else tf.reduce_mean(x, axis=2), self.sample_rate)

    def picture_of_file(self, content: bytes) -> np.ndarray:
        """Shows the spectrogram of a file's sound, aligned, so that its position and loudness do not matter."""
        x = wav_files.read_word(content, self.num_samples, self.sample_rate)
        return spectrogram_pictures(x[tf.newaxis], self.sample_rate)[0].numpy()

    def augmented(self, content: np.ndarray) -> list[np.ndarray]:
        """Returns all sounds at each of `audio_files.SPEEDS`, which sound like other voices."""
        return [audio_files.change_speed(content, speed) for speed in audio_files.SPEEDS]
