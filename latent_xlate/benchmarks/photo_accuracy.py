"""Classes kept of digits in photos and in print, and which pictures are said to be unlike the training data."""

from __future__ import annotations

import collections
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from latent_xlate import checks, tables
from latent_xlate.batching import in_batches
from latent_xlate.benchmarks import photos
from latent_xlate.data import images
from latent_xlate.domains.novelty import NOVEL
from latent_xlate.evaluation.predictions import predictor
from latent_xlate.modalities import image_files
from latent_xlate.translator import Translator

FONTS = (
    *(f"DejaVu{face}{style}" for face in ("Sans", "SansMono") for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic", "BolIta")),
    *("cmr10", "cmb10", "cmss10", "cmtt10"),
)
"""Font files that come with Matplotlib and have digits."""

SEED = 2026

ENLARGED = 4
"""Factor by which the target's pictures are enlarged, so that they are framed as photos are."""

_NOISE_SHAPE = (64, 64, 3)


def benchmark(
    translator: str | os.PathLike,
    source: str,
    target: str,
    *,
    num_photos: int = 1000,
    prints_per_font: int = 50,
    data_dir: str | os.PathLike | None = None,
) -> dict[str, Any]:
    """Measures and prints how often digits in photos and in print keep their class, and what is flagged as no digit.

    Args:
        translator: A folder that `Translator.save` wrote.
        source: Name of its domain of digits, whose classes are 0 to 9 in order.
        target: Name of the domain to translate to, of other pictures, which are flagged if they are given as digits.
        num_photos: How many photos to make, each of another test image of MNIST.
        prints_per_font: How many pictures to make with each of `FONTS`, with the digits in turn.
        data_dir: Folder of TFDS data sets with `mnist` and the target's; None for the default.

    Returns:
        `unchanged`, the share of all test images that are read as they are from files, to half a level of 255;
        `photos`, and `printed` by the name of the font, with `instances`, `refused` (their number by sentence),
        `flagged` (the share whose novelty exceeds `novelty.NOVEL`), `read` and `translated` (shares of all instances
        that the judge of the source, or of the target, gives the right class), and `confused` (the number of instances
        by "class as class read"); and `unlike`, by kind of pictures, the shares of files that are flagged or refused.

    Raises:
        ValueError: The translator or the data set cannot be read.
    """
    reader = _Reader(Translator.load(translator), source, target)
    test = images.read_split("mnist", "test", data_dir)
    chosen = range(min(num_photos, len(test)))
    made = [photos.photo(test.content[i, ..., 0], [SEED, i]) for i in tqdm(chosen, "photos")]
    results: dict[str, Any] = {"unchanged": reader.unchanged(test.floats)}
    results |= {"photos": reader.measure(made, test.labels[: len(made)]), "printed": {}}
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for font in tqdm(FONTS, "fonts"):
        digits = np.arange(prints_per_font) % 10
        made = [photos.printed(str(digit), str(folder / f"{font}.ttf"), [SEED, i]) for i, digit in enumerate(digits)]
        results["printed"][font] = reader.measure(made, digits)
    noise = np.random.default_rng(SEED).integers(0, 256, (num_photos, *_NOISE_SHAPE), np.uint8).astype(np.float32) / 255
    others = reader.translator.domain(target).load_data("test", data_dir).take(slice(0, 10 * num_photos))
    large = others.take(slice(0, num_photos)).floats
    large = tf.image.resize(large, [ENLARGED * size for size in large.shape[1:3]], "bicubic").numpy().clip(0, 1)
    kinds = {
        "digits of the test set": test.floats,
        "pictures of the target": others.floats,
        f"the same, {ENLARGED} times as large": large,
        "noise": noise,
    }
    results["unlike"] = {kind: reader.unlike(x) for kind, x in kinds.items()}
    print(table(results))
    return results


class _Reader:
    """Reads, judges, translates and judges again."""

    def __init__(self, translator: Translator, source: str, target: str) -> None:
        self.translator, self.source, self.target = translator, source, target
        self.judges = [predictor(translator.domain(name), tf.identity) for name in (source, target)]

    def unchanged(self, x: np.ndarray) -> float:
        domain = self.translator.domain(self.source)
        read = in_batches(lambda batch: domain.read(domain.write(batch)), x, batch_size=domain.batch_size)
        return float(np.mean(np.abs(read - x).max(axis=(1, 2, 3)) < 0.5 / 255))

    def unlike(self, x: np.ndarray) -> float:
        """The share of pictures that are flagged or refused when they are read from files."""
        flagged = 0
        for content in image_files.write_pictures(tf.constant(x)).numpy():
            try:
                flagged += int(self._novel(self._read(content)[np.newaxis])[0])
            except tf.errors.InvalidArgumentError:
                flagged += 1
        return flagged / len(x)

    def _read(self, content: bytes) -> np.ndarray:
        return self.translator.domain(self.source).read(tf.constant([content]))[0].numpy()

    def _novel(self, x: np.ndarray) -> np.ndarray:
        return self.translator.novelty(x, self.source) > NOVEL

    def measure(self, contents: Sequence[bytes], labels: np.ndarray) -> dict[str, Any]:
        refused: collections.Counter[str] = collections.Counter()
        x, known = [], []
        for content, label in zip(contents, labels, strict=True):
            try:
                x.append(self._read(content))
                known.append(int(label))
            except tf.errors.InvalidArgumentError as error:
                refused[checks.sentence(error)] += 1
        read = np.reshape(x, (-1, *self.translator.domain(self.source).data_shape))
        classes = self.judges[0](read).classes
        translated = self.judges[1](self.translator.translate(read, self.source, self.target)).classes
        shared = self.translator.shared_classes
        is_kept = shared(np.array(known, np.int64), self.source) == shared(translated, self.target)
        confused = collections.Counter(f"{a} as {b}" for a, b in zip(known, classes, strict=True) if a != b)
        return {
            "instances": len(labels),
            "refused": dict(refused),
            "flagged": float(np.sum(self._novel(read)) / len(labels)),
            "read": float(np.sum(classes == known) / len(labels)),
            "translated": float(np.sum(is_kept) / len(labels)),
            "confused": dict(confused.most_common()),
        }


def table(results: Mapping[str, Any]) -> str:
    """Formats the results of `benchmark` as a Markdown table."""
    printed = results["printed"]
    shares = ("flagged", "read", "translated")
    mean = {key: float(np.mean([each[key] for each in printed.values()])) for key in shares}
    rows = [("photos", results["photos"]), *printed.items()]
    cells = [
        [
            name,
            str(each["instances"]),
            str(sum(each["refused"].values())),
            *(f"{each[key]:.3f}" for key in shares),
        ]
        for name, each in rows
    ]
    cells.append(["printed, mean", "", "", *(f"{mean[key]:.3f}" for key in shares)])
    unchanged = f"Test images of MNIST that are read unchanged: {results['unchanged']:.2%}"
    table = tables.markdown(["digits", "pictures", "refused", "flagged", "right as read", "right as translated"], cells)
    unlike = [[kind, f"{share:.4f}"] for kind, share in results["unlike"].items()]
    return "\n\n".join([unchanged, table, tables.markdown(["given as digits", "flagged or refused"], unlike)])
