"""The kinds of data that a model of one's own may be of, pictures and sounds: how they are read, written and shown."""

from __future__ import annotations

import abc
import os
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from latent_xlate import checks
from latent_xlate.data import image_folder, images, speech
from latent_xlate.data.class_folders import read_class_folders
from latent_xlate.data.labelled import Labelled
from latent_xlate.domains.domain import SOUND
from latent_xlate.domains.speech.speech_classifier import spectrogram_pictures
from latent_xlate.modalities import image_files, sound
from latent_xlate.modalities.audio import NUM_SAMPLES


class Medium(abc.ABC):
    """A kind of data. What its methods take and give is as in `Domain`, where it is not said.

    Attributes:
        file_suffix: Ending of the files that `write` gives.
        lowest: Least value of data; the largest is 1.
        invert: As in `Domain`.
    """

    file_suffix: str
    lowest: float
    invert: Any = None

    @abc.abstractmethod
    def check(self, x: np.ndarray) -> np.ndarray:
        """Returns a user's x as float32, or raises ValueError with what is wrong with it."""

    @abc.abstractmethod
    def read(self, files: tf.Tensor) -> tf.Tensor:
        """Decodes the bytes of files, in graph."""

    @abc.abstractmethod
    def write(self, x: tf.Tensor) -> tf.Tensor:
        """Encodes x as the bytes of files, in graph."""

    @abc.abstractmethod
    def pictures(self, x: tf.Tensor) -> tf.Tensor:
        """What figures show of data."""

    @abc.abstractmethod
    def load(self, dataset: str, split: str, data_dir: str | os.PathLike | None) -> Labelled:
        """Instances of a prepared data set."""

    @abc.abstractmethod
    def read_folder(self, folder: str | os.PathLike) -> dict[str, Any]:
        """The splits "train" and "test" of a folder of files, see `class_folders.read_class_folders`."""


class Pictures(Medium):
    """Pictures of one size, in [0, 1]."""

    file_suffix = ".png"
    lowest = 0.0

    def __init__(self, shape: tuple[int, ...], invert: str):
        """Takes their shape, (height, width, 1 or 3), and one of `image_files.INVERT`."""
        self.shape = shape
        self.invert: str = checks.known(invert, image_files.INVERT, "invert")

    def check(self, x: np.ndarray) -> np.ndarray:
        return checks.unit_images(x, self.shape)

    def read(self, files: tf.Tensor) -> tf.Tensor:
        return image_files.read_pictures(files, self.shape, self.invert)

    def write(self, x: tf.Tensor) -> tf.Tensor:
        return image_files.write_pictures(x)

    def pictures(self, x: tf.Tensor) -> tf.Tensor:
        return x

    def load(self, dataset: str, split: str, data_dir: str | os.PathLike | None) -> images.LabelledImages:
        return images.load(dataset, split, data_dir)

    def read_folder(self, folder: str | os.PathLike) -> dict[str, images.LabelledImages]:
        """Reads pictures as `read` does, and so as those that are translated later."""
        graph = tf.function(self.read, [tf.TensorSpec([None], tf.string)], autograph=False)

        def read(path: Path) -> np.ndarray:
            try:
                x = graph(tf.constant([path.read_bytes()]))[0]
            except tf.errors.InvalidArgumentError:
                raise ValueError(f"{path} cannot be read as an image: replace or remove it.") from None
            return np.round(x.numpy() * 255.0).astype(np.uint8)

        def make(contents: list[np.ndarray], labels: np.ndarray, names: tuple[str, ...]) -> images.LabelledImages:
            return images.LabelledImages(np.reshape(contents, (len(contents), *self.shape)), labels, names)

        return read_class_folders(folder, image_folder.ENDINGS, read, make, images.LabelledImages.noun)


class Sounds(Medium):
    """Slices of mono sound at 16 kHz, in [-1, 1]."""

    file_suffix = SOUND
    lowest = -1.0

    def check(self, x: np.ndarray) -> np.ndarray:
        return checks.unit_waveforms(x, NUM_SAMPLES)

    def read(self, files: tf.Tensor) -> tf.Tensor:
        signature = tf.TensorSpec((NUM_SAMPLES,), tf.float32)
        return tf.map_fn(lambda file: sound.read_wav(file, aligned=False), files, fn_output_signature=signature)

    def write(self, x: tf.Tensor) -> tf.Tensor:
        return sound.write_wav(x)

    def pictures(self, x: tf.Tensor) -> tf.Tensor:
        return spectrogram_pictures(x)

    def load(self, dataset: str, split: str, data_dir: str | os.PathLike | None) -> speech.LabelledSpeech:
        return speech.load(dataset, split, data_dir)

    def read_folder(self, folder: str | os.PathLike) -> dict[str, speech.LabelledSpeech]:
        return speech.read_speech_folder(folder)


def medium_of(shape: tuple[int, ...], invert: str) -> Medium:
    """The medium of data of a shape.

    Args:
        shape: (height, width, 1 or 3) of pictures, (NUM_SAMPLES,) of sounds.
        invert: Of pictures, one of `image_files.INVERT`.

    Raises:
        ValueError: Any other shape, or unknown `invert`.
    """
    if shape == (NUM_SAMPLES,):
        return Sounds()
    if len(shape) == 3 and shape[-1] in (1, 3):
        return Pictures(shape, invert)
    raise ValueError(
        f"Data of shape {list(shape)} are neither pictures (height, width, 1 or 3 channels) nor sounds "
        f"({NUM_SAMPLES} samples): say by data_shape what they are, of as many values."
    )
