"""The functions of the page: reading inputs, translating, classifying and interpolating them."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from latent_xlate import checks
from latent_xlate.domains.domain import Domain
from latent_xlate.domains.latents_only import remark_on_pictures
from latent_xlate.latents.interpolation import interpolate
from latent_xlate.modalities.modality import Modality
from latent_xlate.serving.demo.examples import Examples, class_name, make_examples
from latent_xlate.serving.demo.models import Models
from latent_xlate.serving.demo.session import STEPS
from latent_xlate.translator import row_seeds

DRAWING = "data:image/png;base64,"
"""Prefix of the browser's drawings."""

_MOST_DRAWN_PIXELS = 2**20
_INK = 0.2
"""Smallest brightness, relative to the largest, of pixels that count as drawn."""


@dataclasses.dataclass(frozen=True)
class Shown:
    """An instance in the form in which it is shown.

    Attributes:
        picture: float32 [height, width, 1 or 3], in [0, 1]; of a sound its spectrogram.
        sound: The content of a WAV file; None for other kinds of data.
        class_name: Class with the highest probability; None if the domain has no classifier.
        probability: Probability of that class.
    """

    picture: np.ndarray
    sound: bytes | None
    class_name: str | None
    probability: float


class Player:
    """Computes everything that the page shows, given names of domains and latents, float32 [latent_dim] each.

    Attributes:
        names: Names of the domains.
        is_sampled: Whether translations can be sampled.
        examples: Examples by domain.
    """

    def __init__(self, models: Models):
        """Makes the examples, which takes seconds."""
        self._models = models
        self._graphs: dict[str, Callable] = {}
        self.names = list(models.domains)
        self.is_sampled = models.is_sampled
        self.examples: dict[str, Examples] = {
            name: make_examples(domain, models.folders.get(name)) for name, domain in models.domains.items()
        }

    @property
    def remarks(self) -> str:
        """Sentences on what cannot be shown as it is; "" for none."""
        return remark_on_pictures(self._models.domains.values())

    def modality(self, name: str) -> Modality:
        """The kind of a domain's data."""
        return self._domain(name).modality

    def reads_files(self, name: str) -> bool:
        """Whether a domain can encode data. If not, its examples are its only inputs."""
        return self._domain(name).has_encoder

    def example(self, name: str, index: int) -> np.ndarray:
        """The latent of an example; ValueError if there is no such example."""
        z = self.examples[checks.known(name, self.names, "domain")].z
        if not 0 <= index < len(z):
            raise ValueError(f"There is no example {index} of {name!r}.")
        return z[index]

    def read(self, name: str, path: str) -> tuple[np.ndarray, float]:
        """The latent of a file, and its novelty.

        Args:
            name: The domain to read it as.
            path: A picture or a sound in any format that `Modality.prepare` takes.

        Raises:
            OSError: It cannot be opened.
            ValueError: It cannot be read as the domain's data, or the domain has no encoder.
        """
        modality = self.modality(name)
        try:
            return self._encode(name, modality.prepare(Path(path)))
        except (ValueError, tf.errors.InvalidArgumentError) as error:
            raise ValueError(f"{Path(path).name} cannot be read: {checks.sentence(error)}.") from None

    def left_out(self, name: str, path: str) -> str:
        """What `read` leaves out of a file that it reads, see `Modality.left_out`."""
        modality = self.modality(name)
        return modality.left_out(modality.prepare(Path(path)))

    def read_drawing(self, name: str, drawing: str) -> tuple[np.ndarray, float]:
        """The latent of a drawing and its novelty.

        The drawing is moved and scaled to lie in its frame as the domain's examples lie in theirs.

        Args:
            name: A domain of pictures.
            drawing: A PNG, bright on dark, as a data URL.

        Raises:
            ValueError: The drawing cannot be read or is empty.
        """
        if not self.modality(name).is_drawn:
            raise ValueError(f"Domain {name!r} is not of pictures.")
        height, width = self._domain(name).data_shape[:2]
        framed = _frame(_decode_drawing(drawing), (height, width), self._extent(name))
        png = io.BytesIO()
        Image.fromarray(np.round(255 * framed).astype(np.uint8)).save(png, "PNG")
        return self._encode(name, png.getvalue())

    def _encode(self, name: str, content: bytes) -> tuple[np.ndarray, float]:
        domain = self._domain(name)
        if not domain.has_encoder:
            raise ValueError(f"domain {name!r} has no encoder, so that its examples are its only inputs")
        x = domain.read(tf.constant([content]))
        novelty = 0.0 if domain.novelty_scale is None else float(domain.novelty(x)[0])
        return domain.encode(x)[0][0].numpy(), novelty

    def _extent(self, name: str) -> float:
        """Median over the examples of the ratio of an object's longer side to that of its frame."""
        shares = []
        for shown in self.show(name, self.examples[name].z):
            image = shown.picture.mean(axis=-1)
            box = _box(image)
            shares.append(max((box[1] - box[0]) / image.shape[0], (box[3] - box[2]) / image.shape[1]))
        return float(np.median(shares)) if shares else 1.0

    def between(self, start: np.ndarray, end: np.ndarray, step: int) -> np.ndarray:
        """The latent at a step, 0 to STEPS, of the way from one input to another of the same domain."""
        return interpolate(start, end, STEPS + 1)[step].numpy()

    def translate(
        self, z: np.ndarray, source: str, target: str, num_samples: int, seed: int, temperature: float
    ) -> tuple[Shown, list[Shown]]:
        """Translates an input.

        Args:
            z: Latent of the source.
            source: Its domain.
            target: Domain to translate to.
            num_samples: Number of samples of the shared latent; there are none if translations cannot be sampled.
            seed: Seed of the sampling.
            temperature: How far samples go from the mean; at 0 they are the mean.

        Returns:
            The translation of the mean of the shared latent, and those of the samples.
        """
        translations = [self._models.translate_latents(z[np.newaxis], source, target, None)]
        if num_samples and self.is_sampled:
            rows = np.repeat(z[np.newaxis], num_samples, axis=0)
            seeds = row_seeds(seed, range(num_samples)) if temperature else None
            translations.append(self._models.translate_latents(rows, source, target, seeds, temperature))
        mean, *samples = self.show(target, np.concatenate(translations))
        return mean, samples

    def show(self, name: str, z: np.ndarray) -> list[Shown]:
        """Data of latents, float32 [n, latent_dim], judged."""
        domain = self._domain(name)
        pictures, probabilities, files = (tensor.numpy() for tensor in self._data(name)(tf.constant(z)))
        shown = []
        for row in range(len(z)):
            label = int(np.argmax(probabilities[row])) if domain.has_classifier else None
            shown.append(
                Shown(
                    pictures[row],
                    files[row] if domain.modality.is_played else None,
                    None if label is None else class_name(domain, label),
                    0.0 if label is None else float(probabilities[row, label]),
                )
            )
        return shown

    def _domain(self, name: str) -> Domain:
        checks.known(name, self.names, "domain")
        return self._models.domains[name]

    def _data(self, name: str) -> Callable:
        """Graph from latents to data, class probabilities, and contents of files."""
        domain = self._domain(name)

        def data(z: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            x = domain.decode(z)
            probabilities = (
                tf.nn.softmax(domain.classify(x)) if domain.has_classifier else tf.zeros([tf.shape(z)[0], 1])
            )
            return domain.pictures(x), probabilities, domain.write(x)

        if name not in self._graphs:
            signature = tf.TensorSpec([None, domain.latent_dim], tf.float32)
            self._graphs[name] = tf.function(data, input_signature=[signature], autograph=False)
        return self._graphs[name]


def _decode_drawing(drawing: str) -> np.ndarray:
    """The brightness of a drawing, float32 [height, width], in [0, 1]."""
    try:
        content = base64.b64decode(drawing.removeprefix(DRAWING), validate=True)
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            if image.width * image.height > _MOST_DRAWN_PIXELS:
                raise ValueError("too large")
            grey = np.asarray(image.convert("L"), np.float32) / 255
    except (AttributeError, OSError, SyntaxError, ValueError, binascii.Error, Image.DecompressionBombError):
        raise ValueError("The drawing cannot be read.") from None
    if np.max(grey) < _INK:
        raise ValueError("There is nothing in the drawing.")
    return grey


def _box(image: np.ndarray) -> tuple[int, int, int, int]:
    """Bounding box of the bright pixels of an image [height, width]: top, bottom, left and right."""
    bright = image >= _INK * max(float(image.max()), 1e-6)
    rows, columns = np.flatnonzero(bright.any(axis=1)), np.flatnonzero(bright.any(axis=0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


def _frame(image: np.ndarray, size: Sequence[int], extent: float) -> np.ndarray:
    """Scales the bright part of an image, and centres it in a frame by its centre of mass.

    Args:
        image: float32 [height, width].
        size: Height and width of the frame.
        extent: Ratio of the longer side of the bright part to that of the frame.

    Returns:
        float32 [*size], in [0, 1].
    """
    top, bottom, left, right = _box(image)
    drawn = image[top:bottom, left:right]
    scale = extent * min(size[0] / drawn.shape[0], size[1] / drawn.shape[1])
    shape = [max(1, min(round(scale * length), most)) for length, most in zip(drawn.shape, size, strict=True)]
    small = tf.image.resize(drawn[..., np.newaxis], shape, antialias=True)[..., 0].numpy()
    frame = np.zeros(size, np.float32)
    corner = []
    for axis, (length, most) in enumerate(zip(shape, size, strict=True)):
        mass = small.sum(axis=1 - axis)
        centre = float((mass * (np.arange(length) + 0.5)).sum() / max(mass.sum(), 1e-6))
        corner.append(int(np.clip(round(most / 2 - centre), 0, most - length)))
    frame[corner[0] : corner[0] + shape[0], corner[1] : corner[1] + shape[1]] = small
    return np.clip(frame, 0.0, 1.0)
