"""Kinds of files that translation takes and gives: pictures and sounds."""

from __future__ import annotations

import abc
import io
from pathlib import Path

import numpy as np
import soundfile
import soxr
import tensorflow as tf
from PIL import Image

from latent_xlate import checks
from latent_xlate.domains.speech.speech_classifier import spectrogram_pictures
from latent_xlate.modalities import sound
from latent_xlate.modalities.audio import ENDINGS, NUM_SAMPLES, SAMPLE_RATE, SILENCE, read_samples


class FileKind(abc.ABC):
    """Files of one kind of data."""

    noun: str
    """What several are called."""

    suffixes: tuple[str, ...]
    """Endings of those that are read."""

    suffix: str
    """Ending of those that are written."""

    unreadable: str
    """What is said of one that the translator cannot read."""

    @abc.abstractmethod
    def read(self, path: Path) -> bytes:
        """A file's content, as a translator's signatures take it.

        Raises:
            OSError: It cannot be opened.
            ValueError: It is known to be unreadable; the message says why.
        """

    @abc.abstractmethod
    def check(self, x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """Returns a batch of data, each of `shape`, as float32, or raises ValueError with what is wrong with it."""

    @abc.abstractmethod
    def picture(self, content: bytes) -> np.ndarray:
        """What a grid shows of a file: float32 [height, width, 1 or 3] in [0, 1]."""

    @abc.abstractmethod
    def picture_of_array(self, x: np.ndarray) -> np.ndarray:
        """What a grid shows of one instance of data."""


class _Pictures(FileKind):
    noun = "pictures"
    suffixes = (".png", ".jpg", ".jpeg", ".gif", ".bmp")
    suffix = ".png"
    unreadable = "not a PNG, JPEG, GIF or BMP picture, or a damaged one"

    def read(self, path: Path) -> bytes:
        """A picture's bytes; of a GIF its first frame as PNG, for TensorFlow makes a GIF's transparency black."""
        content = path.read_bytes()
        if not content:
            raise ValueError("an empty file")
        if not content.startswith(b"GIF8"):
            return content
        png = io.BytesIO()
        try:
            with Image.open(io.BytesIO(content), formats=["GIF"]) as picture:
                picture.convert("RGBA").save(png, "PNG")
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
            return content  # The translator says of any damaged picture what it is.
        return png.getvalue()

    def check(self, x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        return checks.unit_images(x, shape)

    def picture(self, content: bytes) -> np.ndarray:
        """On white where it is transparent."""
        image = tf.io.decode_image(content, dtype=tf.float32, expand_animations=False).numpy()
        if image.shape[-1] in (1, 3):
            return image
        colour, opacity = image[..., :-1], image[..., -1:]
        return colour * opacity + (1.0 - opacity)

    def picture_of_array(self, x: np.ndarray) -> np.ndarray:
        return x


class _Sounds(FileKind):
    noun = "sounds"
    suffixes = ENDINGS
    suffix = ".wav"
    unreadable = "not a sound that the translator can read, or a silent one"

    def read(self, path: Path) -> bytes:
        """What a domain listens to of a file of any format, as WAV of 16 bits, which has the same samples if it was."""
        samples, rate = read_samples(path, sound.SECONDS_READ)
        lowest, highest = sound.RATES
        if not lowest <= rate <= highest:
            samples, rate = soxr.resample(samples, rate, SAMPLE_RATE), SAMPLE_RATE
        samples = samples / max(1.0, np.abs(samples).max())  # Floats may be louder than full scale.
        integers = np.clip(np.round(samples * 32768.0), -32768, 32767).astype(np.int16)
        wav = io.BytesIO()
        soundfile.write(wav, integers, rate, "PCM_16", format="WAV")
        return wav.getvalue()

    def check(self, x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        return checks.unit_waveforms(x, shape[0])

    def picture(self, content: bytes) -> np.ndarray:
        """The spectrogram of what was said, wherever it begins and however soft it is."""
        samples, rate = tf.audio.decode_wav(content)
        x = sound.resample(tf.reduce_mean(samples[: sound.SECONDS_READ * rate], axis=1), rate)
        x = sound.align(x) if tf.reduce_max(tf.abs(x)) > SILENCE else x[:NUM_SAMPLES]
        return self.picture_of_array(x.numpy())

    def picture_of_array(self, x: np.ndarray) -> np.ndarray:
        return spectrogram_pictures(x[np.newaxis])[0].numpy()


PICTURES, SOUNDS = _Pictures(), _Sounds()


def kind_of(shape: tf.TensorShape) -> FileKind:
    """The kind of the files of data whose batches are of `shape`: sounds are [batch, samples]."""
    return SOUNDS if shape.rank == 2 else PICTURES
