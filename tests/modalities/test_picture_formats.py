"""Pictures of every format and kind, decoded in graph, against the pixels that were written and against Pillow."""

import io
import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from latent_xlate import checks
from latent_xlate.modalities import image_files
from tests.support import pictures

decode = tf.function(image_files.decode, input_signature=[tf.TensorSpec([], tf.string)], autograph=False)


def by_pillow(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(ImageOps.exif_transpose(picture).convert("RGBA"))


def difference(a, b) -> int:
    return np.abs(np.asarray(a).astype(int) - np.asarray(b)).max()


def test_pixels_of_every_kind_of_file_are_those_that_were_written():
    for name, content, pixels in pictures.everything():
        decoded = decode(content).numpy()
        assert decoded.shape == pixels.shape, name
        assert difference(decoded, pixels) <= ("jpeg" in name), name


def test_what_pillow_reads_it_reads_alike():
    # It knows neither pixels of 2 bits in a BMP, nor opacity in PNGs of 16 bits, nor masks but the usual ones.
    unknown = ("_2_", "_0_16", "_2_16_tRNS", "888_40", "888_56", "888_108", "888_124", "1010102", "large_frame")
    compared = 0
    for name, content, pixels in pictures.everything():
        if any(each in name for each in unknown):
            continue
        expected = by_pillow(content)
        opaque = pixels[..., 3:] > 0  # The colour of transparent pixels does not count.
        assert difference(expected * opaque, pixels * opaque) <= (2 if name.startswith("bmp_") else 1), name
        compared += 1
    assert compared > 150


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("big_endian", [False, True])
def test_orientation_is_followed_whatever_precedes_it(orientation, big_endian):
    content, stored = pictures.jpeg("RGB")
    segments = b"\xff\xfe\x00\x0fno Exif\0\0 here\xff" + b"\xff\xe1\x00\x0ahttp://x"[:12]
    noted = pictures.exif(orientation, big_endian)
    app1 = b"\xff\xe1" + struct.pack(">H", 2 + len(noted)) + noted
    other = b"\xff\xe1" + struct.pack(">H", 2 + len(noted)) + pictures.exif(5 if orientation != 5 else 1)
    turned = pictures.turned(stored, orientation)
    assert difference(decode(content[:2] + segments + app1 + content[2:]), turned) <= 1
    assert difference(decode(content[:2] + app1 + other + content[2:]), turned) <= 1
    # That of a smaller picture within the file is not the picture's own.
    preview = b"\xff\xe2" + struct.pack(">H", 4 + len(app1)) + b"\xff\xd8" + app1
    assert difference(decode(content[:2] + preview + content[2:]), stored) <= 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda exif: exif[:12],
        lambda exif: exif[:-14],
        lambda exif: exif[:6] + b"XX" + exif[8:],
        lambda exif: exif[:10] + b"\xff\xff\xff\xff" + exif[14:],
        lambda exif: exif.replace(b"\x12\x01\x03\x00", b"\x12\x01\x05\x00"),
        lambda exif: exif[:-8] + b"\x09\0" + exif[-6:],
    ],
)
def test_damaged_exif_data_count_as_none(damage):
    content, stored = pictures.jpeg("L")
    noted = damage(pictures.exif(6))
    assert (
        difference(decode(content[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(noted)) + noted + content[2:]), stored)
        <= 1
    )


def test_words_within_a_file_are_no_chunks():
    content, pixels = pictures.png(2, 8, extra=pictures.chunk(b"tEXt", b"Comment\0eXIf and tRNS"))
    assert difference(decode(content), pixels) == 0
    content, pixels = pictures.png(
        0, 1, extra=pictures.chunk(b"tEXt", b"C\0eXIf tRNS") + pictures.chunk(b"eXIf", pictures.exif(8)[6:])
    )
    assert difference(decode(content), pictures.turned(pixels, 8)) == 0


def test_inverted_cmyk_without_a_note_of_adobe_is_read_as_pillow_does():
    content, _ = pictures.jpeg("CMYK")
    start = content.index(b"\xff\xee")
    content = content[:start] + content[start + 16 :]
    assert b"Adobe" not in content
    assert difference(decode(content)[..., :3], by_pillow(content)[..., :3]) <= 1


@pytest.mark.parametrize("depth", [1, 4, 8, 16, 24, 32])
def test_bitmaps_with_bytes_at_their_end_or_without_the_last_padding(depth):
    content, pixels = pictures.bmp(depth)
    padding = -(pictures.SIZE[1] * depth // -8) % 4 and 4 - (-(pictures.SIZE[1] * depth // -8) % 4)
    # The first row that is shown is the last that is stored.
    for other in (content + b"more", content[: len(content) - padding]):
        assert difference(decode(other), pixels) == 0
    with pytest.raises(tf.errors.InvalidArgumentError):
        decode(content[: len(content) - padding - 1])


def test_bitmap_whose_opacity_is_all_zero_is_opaque():
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    content, pixels = pictures.bmp(32, 108, masks)
    start = len(content) - 4 * pixels[..., 0].size
    clear = bytes(0 if i % 4 == 3 else value for i, value in enumerate(content[start:]))
    assert difference(decode(content[:start] + clear), pictures.with_opacity(pixels[..., :3])) == 0


@pytest.mark.parametrize("compression", [1, 2, 4, 5, 100])
def test_compressed_bitmap_is_refused_with_the_way_out(compression):
    content, _ = pictures.bmp(8)
    with pytest.raises(tf.errors.InvalidArgumentError) as raised:
        decode(content[:30] + struct.pack("<I", compression) + content[34:])
    assert checks.sentence(raised.value) == "The BMP is compressed: save it as PNG"


def test_extensions_of_a_gif_are_passed_and_the_last_control_counts():
    comment = b"\x21\xfe" + b"\xffabc," * 0 + b"\x03a,!" + b"\xff" + bytes(range(255)) + b"\0"
    first_control = b"\x21\xf9\x04\x01\0\0\x07\0"
    content, pixels = pictures.gif(transparent=True, extra=comment + first_control + comment * 40)
    assert difference(decode(content), pixels) == 0
    assert difference(decode(content[:-1]), pixels) == 0  # Without the end of the file.


def test_gif_with_a_damaged_first_frame_is_refused():
    content, _ = pictures.gif()
    start = content.index(b"\x2c" + b"\0" * 4) + 11
    for damaged in (
        content[: start + 30],
        content[:start] + b"\x05\0\x10\x20\x30\x40\0" + content[start + 70 :],
        content[:start] + b"\0" + content[start:],
        content.replace(b"\xf7\0\0", b"\x77\0\0", 1),  # No palette.
        content.replace(b"\xf7\0\0", b"\xf0\0\0", 1),  # A palette of two colours.
    ):
        with pytest.raises(tf.errors.InvalidArgumentError):
            decode(damaged)
