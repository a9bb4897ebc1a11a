"""Sizes of pictures that another library wrote, and of such as lie about them."""

import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from latent_xlate import checks
from latent_xlate.modalities import image_files
from tests.support import tiny

decode = tf.function(image_files.decode, input_signature=[tf.TensorSpec([], tf.string)], autograph=False)


def picture(kind: str, width: int, height: int, mode: str = "L", **options) -> bytes:
    file = io.BytesIO()
    Image.new(mode, (width, height)).save(file, kind, **options)
    return file.getvalue()


def png_bomb(width: int, height: int) -> bytes:
    """A PNG of black pixels, a thousandth of their size."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes((1 + (width + 7) // 8) * height), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("PNG", {"mode": "RGBA"}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True, "mode": "RGB"}),
        ("GIF", {}),
        ("BMP", {}),
        ("BMP", {"mode": "RGB"}),
    ],
)
@pytest.mark.parametrize("size", [(1, 1), (7, 300), (300, 70)])
def test_size_is_that_which_was_written(kind, options, size):
    assert decode(picture(kind, *size, **options)).shape == (size[1], size[0], 4)


def test_bitmap_from_top_to_bottom_has_a_size():
    file = bytearray(picture("BMP", 5, 7))
    file[22:26] = struct.pack("<i", -7)
    assert decode(bytes(file)).shape == (7, 5, 4)


WEBP = picture("WEBP", 5, 5, "RGB")


@pytest.mark.parametrize("content", [b"B", b"GIF", b"\x89PN", b"\xff\xd8", b"RIFF" + bytes(100), b"no", WEBP])
def test_what_is_no_picture_of_the_four_kinds_is_refused(content):
    with pytest.raises(tf.errors.InvalidArgumentError) as raised:
        decode(content)
    assert checks.sentence(raised.value) == checks.BAD_PICTURE.rstrip(".")


def test_empty_file_is_said_to_be_empty():
    with pytest.raises(tf.errors.InvalidArgumentError) as raised:
        decode(b"")
    assert checks.sentence(raised.value) == "The picture is empty: the file has no bytes"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP"])
def test_a_file_cut_short_is_refused_wherever_it_is_cut(kind):
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 9), np.uint8)).save(file, kind)
    content = file.getvalue()
    for size in [*range(2, 70), len(content) // 2, len(content) - 20]:
        with pytest.raises(tf.errors.InvalidArgumentError) as raised:
            decode(content[:size])
        assert checks.sentence(raised.value) == checks.BAD_PICTURE.rstrip("."), size


@pytest.mark.parametrize("side", [4097, 30_000, 2**31 - 1, 2**32 - 1])
def test_bomb_is_refused_before_it_is_decoded(side):
    bomb = png_bomb(side, 4096) if side < 10_000 else picture("PNG", 1, 1)[:16] + struct.pack(">II", side, side)
    with pytest.raises(tf.errors.InvalidArgumentError, match="more than 16777216 pixels"):
        decode(bomb)


def test_gif_of_many_frames_is_refused():
    noise = [Image.fromarray(np.random.default_rng(i).integers(0, 256, (99, 99), np.uint8)) for i in range(40)]
    file = io.BytesIO()
    noise[0].save(file, "GIF", save_all=True, append_images=noise[1:])
    with pytest.raises(tf.errors.InvalidArgumentError, match="GIF is larger than 262144 bytes"):
        decode(file.getvalue())


def test_domain_reads_a_large_picture_and_refuses_a_larger_one():
    read = tf.function(tiny.image_domain().read, input_signature=[tf.TensorSpec([None], tf.string)])
    assert read([png_bomb(4096, 1024)]).shape == (1, 28, 28, 1)
    with pytest.raises(tf.errors.InvalidArgumentError, match="pixels"):
        read([png_bomb(4096, 4097)])
