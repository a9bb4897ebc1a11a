"""Reading and writing of image files in graph, with a check against decompression bombs."""

from __future__ import annotations

import io

import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps

INVERT = ("auto", "never", "always")
"""Whether images are inverted, from dark on bright to bright on dark; "auto" inverts those with bright corners."""

LUMINANCE = (0.299, 0.587, 0.114)
"""Weights of red, green and blue. Unlike those of `tf.image.rgb_to_grayscale` they sum to 1: white stays white."""

MAX_PIXELS = 2**24
"""Largest number of pixels of an image, above that of common phone cameras; decoding takes about a gigabyte."""

MAX_GIF_BYTES = 2**18
"""Largest size of a GIF, in bytes. All its frames are decoded, and a byte may hold thousands of pixels."""

_HEADER = 26  # Number of bytes that hold the size in the headers of PNG, GIF and BMP.

_ORIENTATION = 0x0112
"""The EXIF tag of the camera's orientation; 1 means upright."""


def upright_png(content: bytes) -> bytes:
    """Converts files that TensorFlow would misread to PNG; any other content is returned unchanged.

    The first frame of a GIF becomes a PNG, since TensorFlow makes its transparency black. A JPEG with an EXIF
    orientation other than upright becomes a rotated PNG.

    Args:
        content: Content of a file, which may be damaged.
    """
    if not content.startswith((b"GIF8", b"\xff\xd8")):
        return content
    png = io.BytesIO()
    try:
        with Image.open(io.BytesIO(content), formats=["GIF", "JPEG"]) as picture:
            if picture.format == "GIF":
                picture.convert("RGBA").save(png, "PNG")
            elif picture.getexif().get(_ORIENTATION, 1) != 1:
                ImageOps.exif_transpose(picture).convert("RGB").save(png, "PNG")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return content  # Reading in graph reports damaged images.
    return png.getvalue() or content


def on_white(content: bytes) -> np.ndarray:
    """Decodes an image in its own size and colours, on white: float32 [height, width, 1 or 3], in [0, 1]."""
    image = _decode(tf.constant(content)).numpy()
    if image.shape[-1] in (1, 3):
        return image
    colour, opacity = image[..., :-1], image[..., -1:]
    return colour * opacity + (1.0 - opacity)


def read_pictures(files: tf.Tensor, shape: tuple[int, ...], invert: str) -> tf.Tensor:
    """Decodes PNG, JPEG, GIF (its first frame) or BMP files of any size and colour.

    Images are converted to the number of channels in `shape`, laid on a contrasting background if they are transparent,
    inverted according to `invert`, and scaled to fit with their proportions kept. TensorFlow decodes transparent pixels
    of a GIF as black; see `upright_png`.

    Args:
        files: string [batch].
        shape: (height, width, channels), with 1 or 3 channels.
        invert: One of `INVERT`.

    Returns:
        float32 [batch, *shape], in [0, 1].

    Raises:
        tf.errors.InvalidArgumentError: A file is no such image, or it is too large.
    """
    signature = tf.TensorSpec(shape, tf.float32)
    # The default of a graph is ten at once, and decoding a large image takes a gigabyte.
    at_once = 1 if tf.executing_eagerly() else 2
    return tf.map_fn(
        lambda file: _read_picture(file, shape, invert),
        files,
        parallel_iterations=at_once,
        fn_output_signature=signature,
    )


def _read_picture(file: tf.Tensor, shape: tuple[int, ...], invert: str) -> tf.Tensor:
    height, width, channels = shape
    colour, alpha = _colour_and_alpha(_decode(check_size(file)))
    if channels == 1:
        colour = tf.reduce_sum(colour * LUMINANCE, axis=-1, keepdims=True)
    opaque = tf.reduce_sum(colour * alpha) / tf.maximum(tf.reduce_sum(alpha) * channels, 1e-6)
    ground = tf.cast(opaque < 0.5, tf.float32)
    colour = colour * alpha + ground * (1.0 - alpha)
    # The margin makes a tie independent of rounding.
    dark_on_bright = tf.reduce_mean(_corners(colour)) > 0.5 + 1e-6 if invert == "auto" else invert == "always"
    colour = tf.where(dark_on_bright, 1.0 - colour, colour)
    size = tf.cast(tf.shape(colour)[:2], tf.float32)
    fitting = tf.round(size * tf.reduce_min([height, width] / size))
    scaled = tf.image.resize(colour, tf.maximum(tf.cast(fitting, tf.int32), 1), antialias=True)
    padded = tf.image.resize_with_crop_or_pad(scaled, height, width)
    return tf.ensure_shape(tf.clip_by_value(padded, 0.0, 1.0), shape)


def _decode(file: tf.Tensor) -> tf.Tensor:
    """Decodes an image file to pixels, float32 [height, width, 1 to 4], in [0, 1]."""
    # Decoding to float32 crashes the process on a BMP file that is stored from top to bottom.
    return tf.cast(tf.io.decode_image(file, expand_animations=False), tf.float32) / 255.0


def write_pictures(x: tf.Tensor) -> tf.Tensor:
    """Encodes images, [batch, height, width, channels] in [0, 1], as PNG files: string [batch]."""
    pixels = tf.cast(tf.round(tf.clip_by_value(x, 0.0, 1.0) * 255.0), tf.uint8)
    return tf.map_fn(tf.io.encode_png, pixels, fn_output_signature=tf.TensorSpec([], tf.string))


def _colour_and_alpha(image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Splits an image into RGB and opacity; its 1 to 4 channels are known only at run time."""
    channels = tf.shape(image)[-1]
    has_alpha = channels % 2 == 0
    alpha = tf.where(has_alpha, image[..., -1:], tf.ones_like(image[..., :1]))
    grey = tf.repeat(image[..., :1], 3, axis=-1)
    # Slicing past the end gives fewer channels, so grey images are padded before the choice.
    rgb = tf.concat([image, grey], axis=-1)[..., :3]
    return tf.where(channels <= 2, grey, rgb), alpha


def _corners(image: tf.Tensor) -> tf.Tensor:
    """Cuts out the corners, each a fourteenth of the image's height and width, at least one pixel."""
    size = tf.maximum(tf.shape(image)[:2] // 14, 1)
    top_and_bottom = tf.concat([image[: size[0]], image[-size[0] :]], axis=0)
    return tf.concat([top_and_bottom[:, : size[1]], top_and_bottom[:, -size[1] :]], axis=1)


def check_size(file: tf.Tensor) -> tf.Tensor:
    """Returns a file unchanged, string scalar, if it is an image that is small enough to decode.

    Args:
        file: string scalar.

    Raises:
        tf.errors.InvalidArgumentError: It is no PNG, JPEG, GIF or BMP file, has more than MAX_PIXELS pixels, or is a
            GIF of more than MAX_GIF_BYTES. (TensorFlow also decodes WebP and JPEG XL, whose size is not checked here.)
    """
    is_gif = tf.strings.substr(file, 0, 4) == b"GIF8"
    gif_bytes = tf.where(is_gif, tf.strings.length(file), 0)
    pixels = num_pixels(file)
    checks = [
        tf.debugging.assert_greater_equal(
            pixels, tf.constant(0, tf.int64), "The file is no PNG, JPEG, GIF or BMP picture."
        ),
        tf.debugging.assert_less_equal(
            pixels, tf.constant(MAX_PIXELS, tf.int64), f"The picture has more than {MAX_PIXELS} pixels."
        ),
        tf.debugging.assert_less_equal(gif_bytes, MAX_GIF_BYTES, f"The GIF is larger than {MAX_GIF_BYTES} bytes."),
    ]
    with tf.control_dependencies([check for check in checks if check is not None]):  # None in eager mode.
        return tf.identity(file)


def num_pixels(file: tf.Tensor) -> tf.Tensor:
    """Computes width times height from an image's header, int64 scalar; -1 for any other file."""
    head = tf.strings.substr(file, 0, _HEADER) + b"\0" * _HEADER  # Padding, so that no slice is too short.
    head = tf.cast(tf.ensure_shape(tf.io.decode_raw(head, tf.uint8)[:_HEADER], [_HEADER]), tf.int64)
    sizes = {
        b"\x89PNG": _number(head[16:20][::-1]) * _number(head[20:24][::-1]),
        b"GIF8": _number(head[6:8]) * _number(head[8:10]),
        b"BM": _number(head[18:22]) * _height(head[22:26]),
    }
    pixels = tf.constant(-1, tf.int64)
    for magic, size in sizes.items():
        pixels = tf.where(tf.strings.substr(file, 0, len(magic)) == magic, size, pixels)
    return tf.cond(tf.io.is_jpeg(file), lambda: _jpeg_pixels(file), lambda: pixels)


def _number(little_endian: tf.Tensor) -> tf.Tensor:
    number = tf.reduce_sum(little_endian * [256**i for i in range(little_endian.shape[0])])
    return tf.minimum(number, 2**31)  # The product of two such numbers does not overflow.


def _height(little_endian: tf.Tensor) -> tf.Tensor:
    """Decodes the height of a BMP file, which is negative if the file is stored from top to bottom."""
    return tf.abs(tf.cast(tf.bitcast(tf.cast(little_endian, tf.uint8), tf.int32), tf.int64))


def _jpeg_pixels(file: tf.Tensor) -> tf.Tensor:
    height, width, _ = tf.unstack(tf.io.extract_jpeg_shape(file, tf.int64), num=3)
    return height * width
