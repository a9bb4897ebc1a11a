"""Classes kept of photos of handwritten digits and of printed digits, as they are read and as they are translated."""

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
from latent_xlate.evaluation.predictions import predictor
from latent_xlate.translator import Translator

FONTS = (
    *(f"DejaVu{face}{style}" for face in ("Sans", "SansMono") for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic", "BolIta")),
    *("cmr10", "cmb10", "cmss10", "cmtt10"),
)
"""Font files that come with Matplotlib and have digits."""

SEED = 2026


def benchmark(
    translator: str | os.PathLike,
    source: str,
    target: str,
    *,
    num_photos: int = 1000,
    prints_per_font: int = 50,
    data_dir: str | os.PathLike | None = None,
) -> dict[str, Any]:
    """Measures and prints how often digits in photos and in print keep their class.

    Args:
        translator: A folder that `Translator.save` wrote.
        source: Name of its domain of digits, whose classes are 0 to 9 in order.
        target: Name of the domain to translate to.
        num_photos: How many photos to make, each of another test image of MNIST.
        prints_per_font: How many pictures to make with each of `FONTS`, with the digits in turn.
        data_dir: Folder of TFDS data sets with `mnist`; None for the default.

    Returns:
        `unchanged`, the share of all test images that are read as they are from files, to half a level of 255;
        `photos`, and `printed` by the name of the font, with `instances`, `refused` (their number by sentence), `read`
        and `translated` (shares of all instances that the judge of the source, or of the target, gives the right
        class), and `confused` (the number of instances by "class as class read").

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

    def measure(self, contents: Sequence[bytes], labels: np.ndarray) -> dict[str, Any]:
        refused: collections.Counter[str] = collections.Counter()
        x, known = [], []
        for content, label in zip(contents, labels, strict=True):
            try:
                x.append(self.translator.domain(self.source).read(tf.constant([content]))[0].numpy())
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
            "read": float(np.sum(classes == known) / len(labels)),
            "translated": float(np.sum(is_kept) / len(labels)),
            "confused": dict(confused.most_common()),
        }


def table(results: Mapping[str, Any]) -> str:
    """Formats the results of `benchmark` as a Markdown table."""
    printed = results["printed"]
    mean = {key: float(np.mean([each[key] for each in printed.values()])) for key in ("read", "translated")}
    rows = [("photos", results["photos"]), *printed.items()]
    cells = [
        [
            name,
            str(each["instances"]),
            str(sum(each["refused"].values())),
            f"{each['read']:.3f}",
            f"{each['translated']:.3f}",
        ]
        for name, each in rows
    ]
    cells.append(["printed, mean", "", "", f"{mean['read']:.3f}", f"{mean['translated']:.3f}"])
    unchanged = f"Test images of MNIST that are read unchanged: {results['unchanged']:.2%}"
    table = tables.markdown(["digits", "pictures", "refused", "right as read", "right as translated"], cells)
    return f"{unchanged}\n\n{table}"
