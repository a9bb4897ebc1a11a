"""Any folder of labelled images as data."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from latent_xlate.checks import reason
from latent_xlate.data.class_folders import read_class_folders
from latent_xlate.data.images import LabelledImages

FORMATS = ("PNG", "JPEG", "GIF", "BMP")
ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".bmp")


def read_image(path: str | os.PathLike, image_size: int = 28) -> np.ndarray:
    """Reads an image file of any size and colour as a small grey image.

    What is transparent counts as white, and of an animation the first picture is taken. The picture
    is stretched to a square. A grey picture that has the size already is not changed.

    Args:
        path: A PNG, JPEG, GIF or BMP file.
        image_size: Height and width of the result.

    Returns:
        uint8 [image_size, image_size, 1].

    Raises:
        ValueError: The file is missing, empty, truncated or no image.
    """
    try:
        if not Path(path).stat().st_size:
            raise ValueError("it is empty")
        with Image.open(path, formats=FORMATS) as picture:
            grey = _grey(ImageOps.exif_transpose(picture))
    # Pillow says SyntaxError of a broken PNG.
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} cannot be read as an image ({reason(error)}): replace or remove it.") from None
    return np.asarray(grey.resize((image_size, image_size), Image.Resampling.BILINEAR))[..., None]


def read_image_folder(folder: str | os.PathLike, image_size: int = 28) -> dict[str, LabelledImages]:
    """Reads a data set from a folder of labelled images.

    Args:
        folder: Holds `CLASS/*.png` (jpg, jpeg, gif, bmp), or `train/CLASS/*.png` and `test/CLASS/*.png`;
            see `class_folders.read_class_folders`.
        image_size: Height and width to bring every image to.

    Returns:
        The splits "train" and "test": uint8 images [n, image_size, image_size, 1]; the classes are the
        names of the class folders, sorted.

    Raises:
        ValueError: Fewer than two class folders, or more than 256, or a file that is not an image.
    """

    def make(images: list[np.ndarray], labels: np.ndarray, names: tuple[str, ...]) -> LabelledImages:
        shape = (len(images), image_size, image_size, 1)
        return LabelledImages(np.reshape(images, shape).astype(np.uint8), labels, names)

    return read_class_folders(folder, ENDINGS, lambda path: read_image(path, image_size), make, LabelledImages.noun)


def _grey(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16 bits a pixel, which Pillow would clip rather than scale.
        return Image.fromarray((np.asarray(picture) // 256).astype(np.uint8))
    if picture.has_transparency_data:
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture.convert("RGBA"))
    return picture.convert("L")
