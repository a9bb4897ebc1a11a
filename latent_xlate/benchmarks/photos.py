"""Photos of handwritten digits, and printed digits, made by composition."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

FRAMES = ((480, 640), (640, 480), (600, 800), (768, 1024), (1024, 768), (900, 900))
"""Heights and widths of photos."""

SHARES = (0.2, 0.9)
"""Smallest and largest size of a digit, as shares of the shorter side of the frame."""

MOST_TURN = 15.0
"""Largest turn of a handwritten digit, in degrees."""

_INKS = ((25, 25, 30), (20, 35, 120), (60, 60, 65), (150, 25, 30), (15, 80, 60))
"""Colours of pens and pencils: black, blue, grey, red, green."""


def photo(digit: np.ndarray, seed: int | Sequence[int]) -> bytes:
    """Makes the photo of a digit on paper: light from one side, a shadow, blur, noise, and JPEG.

    Args:
        digit: uint8 [28, 28], bright on black, as in MNIST.
        seed: Seed of all that is random: place, size, turn, paper, pen, light, camera.

    Returns:
        Content of a JPEG file.
    """
    rng = np.random.default_rng(seed)
    shape = FRAMES[rng.integers(len(FRAMES))]
    strokes = _placed(_turned(digit, rng), shape, rng)
    strokes = (strokes * rng.uniform(0.7, 1.0))[..., None]
    ink = np.array(_INKS[rng.integers(len(_INKS))], np.float32) / 255
    scene = (_paper(shape, rng) * (1 - strokes) + ink * strokes) * _light(shape, rng)[..., None]
    picture = _picture(scene).filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 2.5)))
    noise = rng.standard_normal(scene.shape, np.float32) * rng.uniform(0.005, 0.02)
    return _encoded(_picture(np.asarray(picture, np.float32) / 255 + noise), "JPEG", quality=int(rng.integers(60, 96)))


def printed(character: str, font: str, seed: int | Sequence[int]) -> bytes:
    """Draws a character in one colour on another.

    Args:
        character: What is drawn.
        font: Path of a font file.
        seed: Seed of all that is random: place, size, colours.

    Returns:
        Content of a PNG file.
    """
    rng = np.random.default_rng(seed)
    height, width = (int(size) for size in rng.integers(120, 500, 2))
    strokes = _placed(_drawn(character, font), (height, width), rng)[..., None]
    ink = rng.uniform(0.0, 0.3, 3)
    ground = rng.uniform(0.7, 1.0, 3)
    if rng.random() < 0.5:
        ink, ground = ground, ink
    return _encoded(_picture(ground * (1 - strokes) + ink * strokes), "PNG")


def _turned(digit: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """A digit, enlarged to smooth strokes with sharp edges and turned: grey, cropped."""
    large = Image.fromarray(digit).resize((448, 448), Image.Resampling.BICUBIC)
    large = large.filter(ImageFilter.GaussianBlur(6))
    large = large.point(lambda value: min(255, max(0, (value - 90) * 5)))
    canvas = Image.new("L", (640, 640))
    canvas.paste(large, (96, 96))
    return _cropped(canvas.rotate(rng.uniform(-MOST_TURN, MOST_TURN), Image.Resampling.BICUBIC))


def _drawn(character: str, font: str) -> Image.Image:
    canvas = Image.new("L", (800, 800))
    ImageDraw.Draw(canvas).text((200, 150), character, 255, ImageFont.truetype(font, 400))
    return _cropped(canvas)


def _cropped(canvas: Image.Image) -> Image.Image:
    return canvas.crop(canvas.getbbox())


def _placed(strokes: Image.Image, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Scales strokes and places them anywhere within a frame: float [height, width], in [0, 1]."""
    height, width = shape
    side = rng.uniform(*SHARES) * min(shape)
    factor = side / max(strokes.size)
    size = [max(1, round(each * factor)) for each in strokes.size]
    canvas = Image.new("L", (width, height))
    canvas.paste(
        strokes.resize(size, Image.Resampling.LANCZOS),
        (int(rng.integers(0, width - size[0] + 1)), int(rng.integers(0, height - size[1] + 1))),
    )
    return np.asarray(canvas, np.float32) / 255


def _paper(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Paper with coarse and fine texture: [height, width, 3]."""
    colour = rng.uniform(0.78, 0.98) * np.array([1.0, rng.uniform(0.95, 1.0), rng.uniform(0.85, 1.0)])
    texture = np.ones(shape, np.float32)
    for cell in (2, 8, 60):
        coarse = rng.standard_normal([size // cell + 2 for size in shape], np.float32)
        enlarged = Image.fromarray(coarse).resize(shape[::-1], Image.Resampling.BICUBIC)
        texture += np.asarray(enlarged) * rng.uniform(0, 0.02)
    return colour.astype(np.float32) * texture[..., None]


def _light(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Light from one side, with the soft shadow of something beside the paper: [height, width], in (0, 1]."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    y, x = (each.astype(np.float32) / max(shape) for each in (y, x))
    angle = rng.uniform(0, 2 * np.pi)
    along = np.cos(angle) * x + np.sin(angle) * y
    along = (along - along.min()) / np.ptp(along)
    light = 1 - rng.uniform(0.2, 0.65) * along
    if rng.random() < 0.5:
        angle = rng.uniform(0, 2 * np.pi)
        across = np.cos(angle) * (x - rng.uniform(0.2, 0.8)) + np.sin(angle) * (y - rng.uniform(0.2, 0.6))
        light *= 1 - rng.uniform(0.1, 0.4) / (1 + np.exp(-across / rng.uniform(0.02, 0.1)))
    return light


def _picture(scene: np.ndarray) -> Image.Image:
    return Image.fromarray(np.round(255 * np.clip(scene, 0, 1)).astype(np.uint8))


def _encoded(picture: Image.Image, file_format: str, **options: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, file_format, **options)
    return file.getvalue()
