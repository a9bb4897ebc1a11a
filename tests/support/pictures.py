"""Picture files of every format, colour type and depth, written byte by byte, with the pixels that they hold."""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

SIZE = (7, 9)  # Height and width: odd, so that rows need padding and the last byte is not full.
ORIENTATION = 0x0112
PNG_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}  # By colour type.
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def with_opacity(colours: np.ndarray, opacity: np.ndarray | int = 255) -> np.ndarray:
    """RGBA of grey or RGB, uint8 [height, width, 4]."""
    rgb = np.broadcast_to(colours, (*colours.shape[:2], 3))
    return np.concatenate([rgb, np.broadcast_to(opacity, (*colours.shape[:2], 1))], axis=-1).astype(np.uint8)


def _packed(values: np.ndarray, depth: int) -> np.ndarray:
    """Rows of numbers of `depth` bits, the first in the highest bits: uint8 [height, bytes]."""
    if depth == 16:
        return np.ascontiguousarray(values.astype(">u2")).view(np.uint8)
    bits = values[..., np.newaxis] >> np.arange(depth)[::-1] & 1
    return np.packbits(bits.reshape(len(values), -1).astype(np.uint8), axis=1)


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(
    colour_type: int, depth: int, transparent: bool = False, interlaced: bool = False, extra: bytes = b"", size=SIZE
) -> tuple[bytes, np.ndarray]:
    """A PNG of noise, and its pixels. `extra` are chunks before the pixels."""
    generator = np.random.default_rng(depth)
    channels = _PNG_CHANNELS[colour_type]
    palette = generator.integers(0, 256, (min(2**depth, 200), 3))
    most = len(palette) if colour_type == 3 else 2**depth
    values = generator.integers(0, most, (*size, channels))
    eight = values >> 8 if depth == 16 else values * 255 // (2**depth - 1)
    header = struct.pack(">IIBBBBB", size[1], size[0], depth, colour_type, 0, 0, interlaced)
    extra += chunk(b"PLTE", palette.astype(np.uint8).tobytes()) if colour_type == 3 else b""
    opacity = np.full((*size, 1), 255)
    if transparent and colour_type == 3:
        extra += chunk(b"tRNS", bytes([0, 100]))
        opacity = np.array([0, 100, *[255] * 254])[values]
    elif transparent:
        extra += chunk(b"tRNS", values[0, 0].astype(">u2").tobytes())
        opacity = 255 * (values != values[0, 0]).any(axis=-1, keepdims=True)
    elif colour_type in (4, 6):
        eight, opacity = eight[..., :-1], eight[..., -1:]
    colours = palette[values[..., 0]] if colour_type == 3 else eight
    passes = [values[y::rows, x::columns] for x, y, columns, rows in _ADAM7] if interlaced else [values]
    rows = [_packed(part.reshape(len(part), -1), depth) for part in passes if part.size]
    raw = b"".join(np.pad(part, ((0, 0), (1, 0))).tobytes() for part in rows)
    content = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + content, with_opacity(colours, opacity)


BMP_MASKS = {
    "565": (16, (0xF800, 0x07E0, 0x001F)),
    "555": (16, (0x7C00, 0x03E0, 0x001F)),
    "888": (32, (0xFF000000, 0xFF0000, 0xFF00)),
    "8888": (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
    "1010102": (32, (0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000)),
}


def bmp(
    depth: int, header: int = 40, masks: tuple[int, ...] = (), top_down: bool = False, num_colours: int = 0, size=SIZE
) -> tuple[bytes, np.ndarray]:
    """A BMP of noise, and its pixels. A mask for opacity needs a header of 56 bytes or more."""
    generator = np.random.default_rng(depth)
    palette = generator.integers(0, 256, (num_colours or 2**depth, 3)) if depth <= 8 else np.zeros((0, 3), int)
    most = len(palette) or 2 ** min(depth, 32)
    channels = 3 if depth == 24 else 1
    values = generator.integers(0, 256 if depth == 24 else most, (*size, channels))
    if depth <= 8:
        pixels = with_opacity(palette[values[..., 0]])
        rows = _packed(values[..., 0], depth)
    elif depth == 24:
        pixels = with_opacity(values[..., ::-1])
        rows = values.astype(np.uint8).reshape(len(values), -1)
    else:
        used = masks or ((0x7C00, 0x03E0, 0x001F) if depth == 16 else (0xFF0000, 0xFF00, 0xFF))
        pixels = np.concatenate([np.round(255 * (values & mask) / mask) for mask in used], axis=-1)
        pixels = pixels.astype(np.uint8) if len(used) == 4 else with_opacity(pixels)
        rows = np.ascontiguousarray(values[..., 0].astype(f"<u{depth // 8}")).view(np.uint8)
    rows = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))
    entries = b"".join(bytes(colour[::-1]) + b"\0" * (header != 12) for colour in palette.tolist())
    height, width = size
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, depth)
    else:
        compression = 3 if masks else 0
        sizes = (rows.size, 2835, 2835, num_colours, 0)
        info = struct.pack(
            "<IiiHHIIiiII", header, width, -height if top_down else height, 1, depth, compression, *sizes
        )
        if header > 40 or masks:
            info += struct.pack("<IIII", *(*masks, 0, 0, 0, 0)[:4])[: 16 if header >= 56 else 12]
        info = info.ljust(header, b"\0")
    start = 14 + len(info) + len(entries)
    content = info + entries + (rows if top_down else rows[::-1]).tobytes()
    return b"BM" + struct.pack("<IHHI", start + rows.size, 0, 0, start) + content, pixels


def _lzw(numbers: np.ndarray) -> bytes:
    """Data of a GIF's frame of 256 colours: codes of single pixels, and clearing before they get longer."""
    flat = numbers.ravel().tolist()
    codes = [code for start in range(0, len(flat), 200) for code in (256, *flat[start : start + 200])] + [257]
    bits = np.array([code >> bit & 1 for code in codes for bit in range(9)], np.uint8)
    data = np.packbits(bits, bitorder="little").tobytes()
    blocks = (data[start : start + 255] for start in range(0, len(data), 255))
    return b"\x08" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def gif(
    transparent: bool = False,
    interlaced: bool = False,
    own_palette: bool = False,
    margins: tuple[int, int, int, int] = (0, 0, 0, 0),
    extra: bytes = b"",
    size=SIZE,
) -> tuple[bytes, np.ndarray]:
    """A GIF of noise, and the pixels of its first frame; another frame follows.

    `margins` are pixels of the screen above, below, left and right of the frame; a negative one shows that the frame
    is larger than the screen. `extra` are extensions before the frame.
    """
    generator = np.random.default_rng(1)
    numbers = generator.integers(0, 256, size)
    palettes = generator.integers(0, 256, (2, 256, 3))
    top, bottom, left, right = margins
    height, width = size
    screen = struct.pack("<HHBBB", width + left + right, height + top + bottom, 0xF7, 0, 0)
    control = b"\x21\xf9\x04" + bytes([transparent, 0, 0, numbers[2, 3]]) + b"\0"
    order = np.concatenate([np.arange(height)[s::d] for s, d in ((0, 8), (4, 8), (2, 4), (1, 2))])
    flags = 0x40 * interlaced + 0x87 * own_palette
    frame = struct.pack("<BHHHHB", 0x2C, left, top, width, height, flags)
    frame += palettes[1].astype(np.uint8).tobytes() if own_palette else b""
    frame += _lzw(numbers[order] if interlaced else numbers)
    content = b"GIF89a" + screen + palettes[0].astype(np.uint8).tobytes() + extra + control + frame + frame + b"\x3b"
    palette = palettes[int(own_palette)]
    opacity = 255 * ((numbers != numbers[2, 3]) | (not transparent))
    pixels = with_opacity(palette[numbers], opacity[..., np.newaxis])
    free = with_opacity(palette[numbers[2, 3] if transparent else 0][np.newaxis, np.newaxis], 0 if transparent else 255)
    whole = np.tile(free, (height + top + max(bottom, 0), width + left + max(right, 0), 1))
    whole[top : top + height, left : left + width] = pixels
    return content, whole


def jpeg(mode: str, orientation: int = 1, size=(20, 30), **options) -> tuple[bytes, np.ndarray]:
    """A smooth JPEG, and its pixels as Pillow decodes them, upright."""
    small = np.random.default_rng(0).integers(0, 256, (4, 4, 4), np.uint8)
    image = Image.fromarray(small, "RGBA").resize(size[::-1], Image.Resampling.BICUBIC)
    image = Image.fromarray(np.asarray(image), "CMYK") if mode == "CMYK" else image.convert(mode)
    file = io.BytesIO()
    if orientation != 1:
        options["exif"] = exif(orientation)
    image.save(file, "JPEG", **options)
    with Image.open(file) as stored:
        return file.getvalue(), turned(with_opacity(np.asarray(stored.convert("RGB"))), orientation)


def exif(orientation: int, big_endian: bool = False) -> bytes:
    """EXIF data with two entries, as they follow "Exif" in a JPEG."""
    order = ">" if big_endian else "<"
    head = b"MM\0*" if big_endian else b"II*\0"
    entries = struct.pack(f"{order}HHIHH", 0x0100, 3, 1, 77, 0) + struct.pack(
        f"{order}HHIHH", ORIENTATION, 3, 1, orientation, 0
    )
    return b"Exif\0\0" + head + struct.pack(f"{order}IH", 8, 2) + entries + struct.pack(f"{order}I", 0)


def turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Pixels of an orientation, as stored, upright, as TIFF 6.0 defines it."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels[:, ::-1] if orientation in (2, 3, 6, 7) else pixels


def everything() -> Iterator[tuple[str, bytes, np.ndarray]]:
    """Name, content and pixels of files of all kinds."""
    for colour_type, depths in PNG_DEPTHS.items():
        for depth, transparent, interlaced in itertools.product(depths, (False, True), (False, True)):
            if not (transparent and colour_type >= 4):
                name = f"png_{colour_type}_{depth}{'_tRNS' * transparent}{'_interlaced' * interlaced}.png"
                yield name, *png(colour_type, depth, transparent, interlaced)
    for transparent, interlaced, own_palette in itertools.product((False, True), repeat=3):
        name = f"gif{'_transparent' * transparent}{'_interlaced' * interlaced}{'_own' * own_palette}.gif"
        yield name, *gif(transparent, interlaced, own_palette)
        yield f"small_{name}", *gif(transparent, interlaced, own_palette, margins=(2, 1, 0, 4))
    yield "large_frame.gif", *gif(margins=(0, -2, 1, -3))
    for header, depth, top_down in itertools.product((12, 40, 52, 56, 64, 108, 124), (1, 2, 4, 8, 16, 24, 32), (0, 1)):
        if not (header == 12 and (top_down or depth in (16, 32))):
            yield f"bmp_{depth}_{header}{'_top_down' * top_down}.bmp", *bmp(depth, header, top_down=bool(top_down))
    for (name, (depth, masks)), header in itertools.product(BMP_MASKS.items(), (40, 56, 108, 124)):
        if not (header == 40 and len(masks) == 4):
            yield f"bmp_{name}_{header}.bmp", *bmp(depth, header, masks)
    yield "bmp_few.bmp", *bmp(8, num_colours=5)
    for mode, progressive in itertools.product(("L", "RGB", "CMYK"), (False, True)):
        yield f"jpeg_{mode}{'_progressive' * progressive}.jpg", *jpeg(mode, progressive=progressive)
    for orientation in range(1, 9):
        yield f"jpeg_{orientation}.jpg", *jpeg("RGB", orientation)
        content, pixels = png(2, 8, extra=chunk(b"eXIf", exif(orientation, big_endian=True)[6:]))
        yield f"png_{orientation}.png", content, turned(pixels, orientation)
    for size in ((1, 1), (1, 40), (40, 1)):
        yield f"png_{size}.png", *png(6, 8, size=size)
        yield f"gif_{size}.gif", *gif(size=(max(size[0], 3), max(size[1], 4)))
        yield f"bmp_{size}.bmp", *bmp(4, size=size)
        yield f"jpeg_{size}.jpg", *jpeg("RGB", size=size)
