"""Reading and writing of image files in graph."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from latent_xlate.modalities import bmp_files, exif, gif_files, jpeg_files, png_files
from latent_xlate.modalities import framing as framings
from latent_xlate.modalities.outlining import outlined
from latent_xlate.modalities.picture_limits import require

INVERT = ("auto", "never", "always")
"""Whether images are inverted, from dark on bright to bright on dark; "auto" inverts those with bright corners."""

LUMINANCE = (0.299, 0.587, 0.114)
"""Weights of red, green and blue. Unlike those of `tf.image.rgb_to_grayscale` they sum to 1: white stays white."""

EMPTY = "The picture is empty: the file has no bytes."

_FORMATS = (png_files, jpeg_files, gif_files, bmp_files)


def decode_file(content: bytes) -> np.ndarray:
    """Decodes an image in its own size and colours: uint8 [height, width, 4]; InvalidArgumentError as `decode`."""
    return _decode_in_graph()(tf.constant(content)).numpy()


def on_white(content: bytes) -> np.ndarray:
    """Decodes an image in its own size and colours, on white: float32 [height, width, 3], in [0, 1]."""
    image = decode_file(content) / np.float32(255)
    colour, opacity = image[..., :3], image[..., 3:]
    return colour * opacity + (1.0 - opacity)


def to_png(content: bytes) -> bytes:
    """Converts an image to an upright PNG file of its own size and colours; InvalidArgumentError as `decode`."""
    return tf.io.encode_png(_decode_in_graph()(tf.constant(content))).numpy()


def read_pictures(files: tf.Tensor, shape: tuple[int, ...], framing: str, invert: str) -> tf.Tensor:
    """Decodes PNG, JPEG, GIF (its first frame) or BMP files of any size and colour.

    Images are turned upright if their EXIF data say so, laid on a contrasting background if they are transparent,
    converted to the number of channels in `shape`, inverted according to `invert`, and framed.

    Args:
        files: string [batch].
        shape: (height, width, channels), with 1 or 3 channels.
        framing: One of `framing.FRAMINGS`.
        invert: One of `INVERT`. For the framing "ink", "auto" means that the ink is what differs from the ground.

    Returns:
        float32 [batch, *shape], in [0, 1].

    Raises:
        tf.errors.InvalidArgumentError: A file is no such image, or it is too large; or the framing is "ink" and there
            is no drawing in it, or several.
    """
    return _reader(tuple(shape), framing, invert)(files)


@functools.cache
def _reader(shape: tuple[int, ...], framing: str, invert: str) -> Callable[[tf.Tensor], tf.Tensor]:
    """A graph that reads pictures, which all graphs of a translator share."""
    read_picture = outlined(lambda file: _read_picture(file, shape, framing, invert), tf.TensorSpec([], tf.string))

    def read(files: tf.Tensor) -> tf.Tensor:
        return tf.map_fn(
            lambda file: read_picture(file)[0],
            files,
            parallel_iterations=2,  # The default is ten, and decoding a large image takes a gigabyte.
            fn_output_signature=tf.TensorSpec(shape, tf.float32),
        )

    return tf.function(read, [tf.TensorSpec([None], tf.string)], autograph=False)


@functools.cache
def _decode_in_graph() -> Callable[[tf.Tensor], tf.Tensor]:
    return tf.function(decode, [tf.TensorSpec([], tf.string)], autograph=False)


def _read_picture(file: tf.Tensor, shape: tuple[int, ...], framing: str, invert: str) -> tf.Tensor:
    image = decode(file)
    framed = {"letterbox": _letterbox, "stretch": _stretch, "ink": _ink}[framing](image, shape, invert)
    return tf.ensure_shape(tf.clip_by_value(framed, 0.0, 1.0), shape)


def _letterbox(image: tf.Tensor, shape: tuple[int, ...], invert: str) -> tf.Tensor:
    return framings.letterbox(_bright_on_dark(_opaque(image, shape[-1]), invert), shape)


def _stretch(image: tf.Tensor, shape: tuple[int, ...], invert: str) -> tf.Tensor:
    return framings.stretch(_bright_on_dark(_opaque(image, shape[-1]), invert), shape)


def _ink(image: tf.Tensor, shape: tuple[int, ...], invert: str) -> tf.Tensor:
    height, width, channels = shape
    is_as_large = tf.reduce_all(tf.shape(image)[:2] == [height, width])
    as_large = tf.cond(is_as_large, lambda: image, lambda: tf.zeros([height, width, 4], tf.uint8))
    x = _bright_on_dark(_opaque(tf.ensure_shape(as_large, [height, width, 4]), channels), invert)
    is_framed = is_as_large & framings.is_framed(x)
    return tf.cond(is_framed, lambda: x, lambda: framings.draw(_opaque(framings.reduced(image), 3), shape, invert))


def _opaque(image: tf.Tensor, channels: int) -> tf.Tensor:
    """Lays RGB and opacity, [height, width, 4] in [0, 255], on a contrast: float32 [height, width, channels]."""
    colour = tf.cast(image[..., :3], tf.float32) / 255.0
    if channels == 1:
        colour = tf.reduce_sum(colour * LUMINANCE, axis=-1, keepdims=True)
    opacity = image[..., 3:]
    return tf.cond(tf.reduce_min(opacity) < 255, lambda: _on_contrast(colour, opacity), lambda: colour)


def _bright_on_dark(colour: tf.Tensor, invert: str) -> tf.Tensor:
    # The margin makes a tie independent of rounding.
    dark_on_bright = tf.reduce_mean(_corners(colour)) > 0.5 + 1e-6 if invert == "auto" else invert == "always"
    return tf.where(dark_on_bright, 1.0 - colour, colour)


def _on_contrast(colour: tf.Tensor, opacity: tf.Tensor) -> tf.Tensor:
    """Lays a picture, [height, width, channels], on black if its opaque part is bright, else on white."""
    alpha = tf.cast(opacity, tf.float32) / 255.0
    channels = tf.cast(tf.shape(colour)[-1], tf.float32)
    brightness = tf.reduce_sum(colour * alpha) / tf.maximum(tf.reduce_sum(alpha) * channels, 1e-6)
    ground = tf.cast(brightness < 0.5, tf.float32)
    return colour * alpha + ground * (1.0 - alpha)


def write_pictures(x: tf.Tensor) -> tf.Tensor:
    """Encodes images, [batch, height, width, channels] in [0, 1], as PNG files: string [batch]."""
    pixels = tf.cast(tf.round(tf.clip_by_value(x, 0.0, 1.0) * 255.0), tf.uint8)
    return tf.map_fn(tf.io.encode_png, pixels, fn_output_signature=tf.TensorSpec([], tf.string))


def _corners(image: tf.Tensor) -> tf.Tensor:
    """Cuts out the corners, each a fourteenth of the image's height and width, at least one pixel."""
    size = tf.maximum(tf.shape(image)[:2] // 14, 1)
    top_and_bottom = tf.concat([image[: size[0]], image[-size[0] :]], axis=0)
    return tf.concat([top_and_bottom[:, : size[1]], top_and_bottom[:, -size[1] :]], axis=1)


def decode(file: tf.Tensor) -> tf.Tensor:
    """Decodes an image file in its own size, upright, to RGB and opacity: uint8 [height, width, 4].

    Args:
        file: string scalar.

    Raises:
        tf.errors.InvalidArgumentError: The file is no PNG, JPEG, GIF or BMP picture, it is damaged, or it is too large.
            Its size is checked before it is decoded.
    """
    with tf.control_dependencies(require(tf.strings.length(file) > 0, EMPTY)):
        file = tf.identity(file)
    is_kind = tf.strings.substr(file, 0, 2) == [kind.MAGIC[:2] for kind in _FORMATS]
    with tf.control_dependencies(require(tf.reduce_any(is_kind))):
        number = tf.argmax(is_kind, output_type=tf.int32)
    image, tiff = tf.switch_case(number, [functools.partial(kind.decode, file) for kind in _FORMATS])
    return tf.ensure_shape(exif.upright(tf.ensure_shape(image, [None, None, 4]), tiff), [None, None, 4])
