"""Any folder of labelled images as data: one sub-folder for each class."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from latent_xlate.data.images import MAX_CLASSES, LabelledImages, reason, record_digests

FORMATS = ("PNG", "JPEG", "GIF", "BMP")
ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".bmp")

TEST_SHARE = 6
"""One in so many images of each class is a test image, where the folder itself has no such split."""


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
        folder: Holds `CLASS/*.png` (jpg, jpeg, gif, bmp), or `train/CLASS/*.png` and `test/CLASS/*.png`.
            Without these two, one in six images of each class is a test image, chosen by content.
            Hidden files, and files beside the class folders, are not read.
        image_size: Height and width to bring every image to.

    Returns:
        The splits "train" and "test": uint8 images [n, image_size, image_size, 1]; the classes are the
        names of the class folders, sorted.

    Raises:
        ValueError: Fewer than two class folders, or more than 256, or a file that is not an image.
    """
    folder = Path(folder)
    folders = {split: folder / split for split in ("train", "test")}
    if all(path.is_dir() for path in folders.values()):
        names = sorted({name for path in folders.values() for name in _class_folders(path)})
        _check_names(names, folder)
        return {split: _read_classes(path, names, image_size) for split, path in folders.items()}
    names = _class_folders(folder)
    _check_names(names, folder)
    return _split(_read_classes(folder, names, image_size))


def _class_folders(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _check_names(names: list[str], folder: Path) -> None:
    if not 2 <= len(names) <= MAX_CLASSES:
        raise ValueError(
            f"{folder} has {len(names) or 'no'} class folder{'s' * (len(names) != 1)}: expected 2 to {MAX_CLASSES}, "
            "each with its images (CLASS/*.png, or train/CLASS/*.png and test/CLASS/*.png)."
        )


def _read_classes(folder: Path, names: list[str], image_size: int) -> LabelledImages:
    images, labels = [], []
    for label, name in enumerate(names):
        files = sorted((folder / name).iterdir()) if (folder / name).is_dir() else []
        for path in files:
            if path.name.startswith("."):
                continue
            if not path.is_file() or path.suffix.lower() not in ENDINGS:
                raise ValueError(f"{path} is not an image ({', '.join(ENDINGS)}): move it out of the class folder.")
            images.append(read_image(path, image_size))
            labels.append(label)
    shape = (len(images), image_size, image_size, 1)
    return LabelledImages(np.reshape(images, shape).astype(np.uint8), np.array(labels, np.int64), tuple(names))


def _split(data: LabelledImages) -> dict[str, LabelledImages]:
    digests = record_digests(data.images, data.labels)
    test = np.zeros(len(data), bool)
    for label in range(len(data.class_names)):
        members = sorted(np.flatnonzero(data.labels == label), key=digests.__getitem__)
        test[members[: max(1, len(members) // TEST_SHARE)]] = True
    return {"train": data.take(~test), "test": data.take(test)}


def _grey(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16 bits a pixel, which Pillow would clip rather than scale.
        return Image.fromarray((np.asarray(picture) // 256).astype(np.uint8))
    if picture.has_transparency_data:
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture.convert("RGBA"))
    return picture.convert("L")
