"""Translation of files: pictures or arrays of the source domain in, those of the target out."""

from __future__ import annotations

import functools
import io
import os
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image, UnidentifiedImageError
from tqdm import tqdm

from latent_xlate import checks, training
from latent_xlate.domains.image_domain import INVERT, ImageDomain
from latent_xlate.evaluation import figures
from latent_xlate.serving.export import load_export, pair_signatures
from latent_xlate.translator import Translator

BATCH_SIZE = 64
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp")
ARRAYS_SUFFIX = ".npz"
GRID_COLUMNS = 10
GRID_FILE = "grid.png"

_MOST_IN_GRID = 5 * GRID_COLUMNS
_THUMBNAIL = (56, 56)


def translate_path(
    translator: str | os.PathLike,
    source: str,
    target: str,
    path: str | os.PathLike,
    output: str | os.PathLike,
    *,
    invert: str = "auto",
    sample: bool = False,
    seed: int = 0,
) -> int:
    """Translates a file, or every picture and npz file in a folder.

    Of pictures, PNG, JPEG, GIF or BMP of any size and colour, it writes `<name>.png` into `output`,
    and `grid.png` with the first of them, source above translation. Of an npz file, whose array `x`
    (or only array) is the source's data, float [n, *data_shape], it writes `<name>.npz` with `x`.

    Args:
        translator: A folder that `Translator.save` wrote, or a version that `export_translator` wrote.
        source: Name of the domain of the input.
        target: Name of the domain to translate to.
        path: The file or folder.
        output: Folder, made if it is not there.
        invert: Whether pictures are dark on bright: "auto", "never" or "always". An exported
            translator decides by itself.
        sample: Whether the shared latent is sampled; else it is its mean.
        seed: Of the sampling.

    Returns:
        How many files of a folder could not be translated; each is named on stderr.

    Raises:
        ValueError: No such translator, domain or input; nothing to translate; or a single file that
            cannot be read.
    """
    files = _inputs(Path(path))
    signatures = _signatures(translator, source, target, invert)
    suffix = "_sampled" if sample else ""
    pair, output = f"{source}_to_{target}", Path(output)
    failures: list[str] = []

    def seeds(first: int, count: int) -> dict[str, tf.Tensor]:
        rows = np.stack([np.full(count, seed), np.arange(first, first + count)], axis=1)
        return {"seed": tf.constant(rows, tf.int32)} if sample else {}

    shown: list[tuple[Path, bytes]] = []
    pictures = [file for file in files if file.suffix.lower() != ARRAYS_SUFFIX]
    names = _output_names(pictures)
    with tqdm(total=len(files), desc=f"{source} to {target}", unit="file") as bar:
        for start in range(0, len(pictures), BATCH_SIZE):
            batch = pictures[start : start + BATCH_SIZE]
            contents = [file.read_bytes() for file in batch]
            translated = _translate_bytes(
                lambda group, first: signatures[pair + suffix](
                    data_bytes=tf.constant(group), **seeds(first, len(group))
                )["data_bytes"].numpy(),
                contents,
                start,
            )
            for file, content in zip(batch, translated, strict=True):
                bar.update()
                if isinstance(content, str):
                    failures.append(f"{file}: {content}")
                    continue
                training.write_atomically(output / names[file], functools.partial(Path.write_bytes, data=content))
                shown.append((file, content))
        for file in (file for file in files if file.suffix.lower() == ARRAYS_SUFFIX):
            bar.update()
            try:
                x = _read_arrays(file, signatures[f"{pair}_arrays"])
            except ValueError as error:
                failures.append(f"{file}: {error}")
                continue
            parts = [
                signatures[f"{pair}_arrays{suffix}"](
                    x=tf.constant(x[i : i + BATCH_SIZE]), **seeds(i, len(x[i : i + BATCH_SIZE]))
                )["x"].numpy()
                for i in range(0, len(x), BATCH_SIZE)
            ]
            training.write_npz(output / f"{file.stem}{ARRAYS_SUFFIX}", {"x": np.concatenate(parts)})
    if failures and len(files) == 1:
        raise ValueError(failures[0])
    for failure in failures:
        print(f"Not translated: {failure}", file=sys.stderr)
    if shown:
        _draw_grid(output / GRID_FILE, shown[:_MOST_IN_GRID], source, target)
    return len(failures)


def _inputs(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise ValueError(f"There is no file or folder {path}.")
    files = sorted(p for p in path.iterdir() if p.suffix.lower() in (*IMAGE_SUFFIXES, ARRAYS_SUFFIX) and p.is_file())
    if not files:
        raise ValueError(f"{path} holds no file that ends in {', '.join((*IMAGE_SUFFIXES, ARRAYS_SUFFIX))}.")
    return files


def _output_names(pictures: Sequence[Path]) -> dict[Path, str]:
    """`<stem>.png`, or `<name>.png` where several have one stem or it is the grid's."""
    stems = [file.stem for file in pictures]
    return {
        file: f"{file.name if stems.count(file.stem) > 1 or f'{file.stem}.png' == GRID_FILE else file.stem}.png"
        for file in pictures
    }


def _signatures(folder: str | os.PathLike, source: str, target: str, invert: str) -> Any:
    checks.known(invert, INVERT, "invert")
    if (Path(folder) / "saved_model.pb").is_file():
        if invert != "auto":
            raise ValueError(f"An exported translator inverts by itself: leave invert at 'auto', not {invert!r}.")
        model = load_export(folder)
        names = {name.removesuffix("_latents") for name in model.signatures if name.endswith("_latents")}
        checks.known(f"{source}_to_{target}", names, "pair of domains")
        return _ModelSignatures(model)
    translator = Translator.load(folder)
    domain = translator.domain(source)
    translator.domain(target)
    if isinstance(domain, ImageDomain):
        domain.invert = invert
    return pair_signatures(translator, source, target)


class _ModelSignatures(dict):
    """A loaded model's signatures, which must outlive their use."""

    def __init__(self, model: Any):
        super().__init__(model.signatures)
        self.model = model


def _translate_bytes(
    translate: Callable[[list[bytes], int], np.ndarray], contents: list[bytes], first: int
) -> list[bytes | str]:
    """Translations, or what is wrong with a file; one bad file fails its batch, which then goes one by one."""
    try:
        return list(translate(contents, first))
    except tf.errors.InvalidArgumentError:
        if len(contents) > 1:
            return [
                result
                for i, content in enumerate(contents)
                for result in _translate_bytes(translate, [content], first + i)
            ]
        return ["an empty file." if not contents[0] else "not a PNG, JPEG, GIF or BMP picture, or a damaged one."]


def _read_arrays(file: Path, signature: Any) -> np.ndarray:
    try:
        with np.load(file, allow_pickle=False) as arrays:
            names = arrays.files
            if "x" not in names and len(names) != 1:
                raise ValueError(f"it holds {', '.join(names) or 'no array'}; name the one to translate 'x'.")
            x = arrays["x" if "x" in names else names[0]]
    except (OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"not an npz file, or a damaged one ({error}).") from None
    return checks.unit_images(x, tuple(signature.inputs[0].shape[1:]))


def _draw_grid(path: Path, shown: Sequence[tuple[Path, bytes]], source: str, target: str) -> None:
    rows, captions = [], []
    for start in range(0, len(shown), GRID_COLUMNS):
        row = shown[start : start + GRID_COLUMNS]
        blank = [np.ones((*_THUMBNAIL[::-1], 1), np.float32)] * (min(len(shown), GRID_COLUMNS) - len(row))
        rows += [[_thumbnail(p.read_bytes()) for p, _ in row] + blank, [_thumbnail(c) for _, c in row] + blank]
        captions += [source, target]
    figures.image_grid(path, [np.stack(row) for row in rows], captions)


def _thumbnail(content: bytes) -> np.ndarray:
    try:
        with Image.open(io.BytesIO(content)) as image:
            grey = image.convert("LA").convert("L").resize(_THUMBNAIL)
    except (UnidentifiedImageError, OSError):  # TensorFlow read it, Pillow does not.
        grey = Image.new("L", _THUMBNAIL)
    return np.asarray(grey, np.float32)[..., np.newaxis] / 255.0
